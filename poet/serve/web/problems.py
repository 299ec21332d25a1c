"""What is wrong with a request, as every address of the server answers it: in the shape of OpenAI's errors.

{"error": {"message": "...", "type": "invalid_request_error", "param": "temperature", "code": null}}
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from poet.terminal import printable

# The kind of error of each status. Others are requests that cannot be answered: "invalid_request_error".
TYPES = {401: "authentication_error", 429: "rate_limit_error", 500: "server_error", 503: "server_error"}

# The most characters of a message, some of which are the client's own.
LONGEST = 400


class ErrorBody(BaseModel):
    """One problem: what is wrong, of which kind, with which parameter."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorAnswer(BaseModel):
    """The answer to a request that the server refuses."""

    error: ErrorBody


class Problem(Exception):
    """A request that is refused with `status`; `headers` go with the answer."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.param, self.code, self.headers = status, param, code, dict(headers or {})
        self.message = message

    def content(self) -> dict[str, Any]:
        """The problem as JSON."""
        kind = TYPES.get(self.status, "invalid_request_error")
        message = printable(self.message[:LONGEST])
        return {"error": {"message": message, "type": kind, "param": self.param, "code": self.code}}

    def answer(self) -> Response:
        """The problem as an answer of HTTP."""
        # ASCII: whatever a message quotes, it is valid JSON of valid characters.
        content = json.dumps(self.content())
        return Response(content, self.status, headers=self.headers, media_type="application/json")


def busy(message: str, seconds: int) -> Problem:
    """The answer to a request that comes too early by `seconds`."""
    return Problem(503, message, code="busy", headers={"Retry-After": str(seconds)})


async def on_problem(request: Request, problem: Exception) -> Response:
    """The answer to a request that one of our own functions refuses."""
    assert isinstance(problem, Problem)
    return problem.answer()


async def on_http_exception(request: Request, problem: Exception) -> Response:
    """The answer to a request that Starlette or FastAPI refuses: an unknown address, a wrong method, no JSON."""
    assert isinstance(problem, HTTPException)
    return Problem(problem.status_code, str(problem.detail), headers=problem.headers).answer()


async def on_invalid(request: Request, problem: Exception) -> Response:
    """The answer to a request whose parameters or body do not fit their description."""
    assert isinstance(problem, RequestValidationError)
    return invalid(problem.errors()).answer()


def invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """The first of pydantic's `errors`, in one sentence.

    >>> invalid([{"loc": ("body", "settings", "top_k"), "msg": "Input should be less than 9", "input": 10}]).message
    'settings.top_k should be less than 9, got 10.'
    """
    first = errors[0]
    # The first part says where: in the body, or in the query.
    name = ".".join(str(part) for part in first["loc"][1:])
    message = str(first["msg"]).removeprefix("Value error, ").replace("Input should", "should")
    if first.get("type") == "json_invalid":
        return Problem(400, f"the body is no JSON: {first.get('ctx', {}).get('error', 'it cannot be read')}.")
    if first.get("type") == "missing":
        return Problem(400, f"{name or 'the body'} is missing.", param=name or None)
    if first.get("type") == "extra_forbidden":
        return Problem(400, f"{name!a} is no parameter of this address.", param=name)
    shown = ascii(first.get("input"))
    shown = shown if len(shown) <= 60 else f"{shown[:60]} ..."
    return Problem(400, f"{name or 'the body'} {message}, got {shown}.", param=name or None)
