"""openapi.json: what FastAPI says of the server, and what depends on the models that it offers."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from poet.serve.web.offer import Offered

# One line for each of the addresses' refusals.
REFUSALS = {
    400: "The request has something that cannot be meant.",
    401: "The server has a token, and the request does not.",
    404: "There is no such model, book or passage.",
    405: "The address does not know the method.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    421: "The server does not answer for this host.",
    429: "The client asks too often.",
    500: "The engine failed.",
    503: "All places are taken, or the server is about to end.",
}


def describe(app: FastAPI, offers: Mapping[str, Offered], *, has_token: bool) -> dict[str, Any]:
    """The description of `app` with the names of the models, and the limits that they set."""
    described = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    for path in described["paths"].values():
        for operation in path.values():
            # FastAPI's own refusal; ours are of 400.
            operation["responses"].pop("422", None)
            for status, response in operation["responses"].items():
                for content in response["content"].values():
                    # What FastAPI adds to it would be a description of the whole stream.
                    if "itemSchema" in content:
                        content.pop("schema", None)
                if int(status) >= 400:
                    # FastAPI thinks that an address whose answer is a stream or a page also refuses with one.
                    (content,) = response["content"].values()
                    response["content"] = {"application/json": content}
            if has_token and operation["operationId"] not in {"health", "page"}:
                operation["security"] = [{"bearer": []}]
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "model":
                    # In a query, no name means the first model.
                    first = [""] if parameter["in"] == "query" else []
                    parameter["schema"] = {"type": "string", "enum": [*first, *offers]}
    schemas = described["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _add_models(schemas, offers)
    if has_token:
        described["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    return described


def _add_models(schemas: dict[str, Any], offers: Mapping[str, Offered]) -> None:
    """Put the names of the models, their smallest vocabulary and what they can trace into the bodies' `schemas`."""
    write, completion = schemas["WriteRequest"]["properties"], schemas["CompletionRequest"]["properties"]
    completion["model"] = {"type": "string", "enum": list(offers)}
    write["model"] = {"type": "string", "enum": ["", *offers], "default": ""}
    smallest = min(one.poet.trained.model.vocab_size for one in offers.values())
    pair = write["forced"]["items"]
    first, token = pair["prefixItems"]
    write["forced"]["items"] = pair | {"prefixItems": [first, token | {"maximum": smallest - 1}]}
    # Without an index, nothing says what a copy is.
    if not any(one.poet.index for one in offers.values()):
        for properties in (schemas["Settings"]["properties"], completion):
            properties["max_copy"] = {"type": "integer", "const": 0, "default": 0}
