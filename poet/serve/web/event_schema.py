"""The events of a stream in JSON Schema, for openapi.json: what `poet.serve.web.events` writes.

`itemSchema` describes each event of a stream. OpenAPI 3.2 defines it; FastAPI writes it in descriptions of 3.1, too.
"""

from typing import Any

_WHOLE = {"type": "integer", "minimum": 0}
_PROBABILITY = {"type": "number", "minimum": 0, "maximum": 1}
_TEXT = {"type": "string"}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_SOURCE = _object(book=_TEXT, start=_WHOLE, end=_WHOLE, count=_WHOLE)

_EVENTS = [
    _object(
        type={"const": "token"},
        index=_WHOLE,
        token=_WHOLE,
        text=_TEXT,
        alternatives=_list(_object(token=_WHOLE, text=_TEXT, probability=_PROBABILITY)),
        probability=_PROBABILITY,
        start=_WHOLE,
        end=_WHOLE,
    ),
    _object(type={"const": "spans"}, spans=_list(_object(start=_WHOLE, end=_WHOLE, sources=_list(_SOURCE)))),
    _object(
        type={"const": "done"},
        reason={"enum": ["length", "stopped"]},
        tokens=_WHOLE,
        seconds={"type": "number", "minimum": 0},
    ),
    _object(type={"const": "error"}, message=_TEXT),
]


def _stream(data: dict[str, Any], **fields: dict[str, Any]) -> dict[str, Any]:
    event = {"type": "object", "properties": {"data": _TEXT | data, **fields}, "required": ["data", *fields]}
    return {"itemSchema": event}


# The stream of a text, and that of OpenAI's completions, whose last event is the word [DONE] in place of JSON.
WRITING = _stream(
    {"contentMediaType": "application/json", "contentSchema": {"anyOf": _EVENTS}},
    event={"enum": ["token", "spans", "done", "error"]},
)
COMPLETING = _stream({})
