"""The server as an application of FastAPI: the page, what the page asks for, OpenAI's completions, and the figures."""

import functools
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import psutil
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from poet.serve.web import metrics as prometheus
from poet.serve.web.bodies import WriteRequest
from poet.serve.web.description import REFUSALS, describe
from poet.serve.web.desk import Desk
from poet.serve.web.event_schema import COMPLETING, WRITING
from poet.serve.web.events import MEDIA_TYPE, EventStream, unless_gone
from poet.serve.web.gate import Gate, GateMiddleware
from poet.serve.web.offer import Facts, Line, Offered, Passage
from poet.serve.web.openai_bodies import Completion, CompletionRequest, Model, ModelList, as_json
from poet.serve.web.problems import ErrorAnswer, Problem, on_http_exception, on_invalid, on_problem

# The version of the interface that openapi.json describes.
VERSION = "1"


class AllFacts(BaseModel):
    """What a page says of each model."""

    models: list[Facts]


class ModelHealth(BaseModel):
    """How much work the engine of a model has; `fault` says why it can do none."""

    running: int
    waiting: int
    tokens: int
    texts: int
    fault: str


class Health(BaseModel):
    """Whether the server answers: `status` is ok, ending or failed."""

    status: str
    models: dict[str, ModelHealth]


# What FastAPI takes as `responses`.
Responses = dict[int | str, dict[str, Any]]


def refusals(*statuses: int) -> Responses:
    """The refusals of an address for its description; those of the gate are everywhere."""
    return {
        status: {"model": ErrorAnswer, "description": REFUSALS[status]}
        for status in sorted({*statuses, 401, 405, 421, 503})
    }


def create_app(offers: Sequence[Offered], page: str, policy: str, gate: Gate) -> FastAPI:
    """The application that offers the models `offers`, of different names, the first by default.

    `page` is the HTML of its page, and `policy` what the page may do.
    """
    desk = Desk(offers={one.name: one for one in offers}, gate=gate)
    # The pages of FastAPI's documentation load scripts from elsewhere. A slash too many is another address.
    app = FastAPI(
        title="Poet",
        version=VERSION,
        summary="Models that write, and say from which books.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.desk = desk
    app.include_router(_page_router(desk, page, policy))
    app.include_router(_writing_router(desk))
    app.include_router(_openai_router(desk))
    app.include_router(_figures_router(desk))
    app.exception_handler(Problem)(on_problem)
    app.exception_handler(HTTPException)(on_http_exception)
    app.exception_handler(RequestValidationError)(on_invalid)
    has_token = bool(gate.token)
    described = functools.cache(lambda: describe(app, desk.offers, has_token=has_token))
    app.openapi = described  # type: ignore[method-assign]
    app.add_middleware(GateMiddleware, gate=gate, paths=described()["paths"] | {"/openapi.json": {"get"}})
    return app


def _page_router(desk: Desk, page: str, policy: str) -> APIRouter:
    router = APIRouter()
    # A policy inside of a page cannot say who may frame it.
    headers = {"Content-Security-Policy": f"{policy}; frame-ancestors 'none'"}

    @router.get("/", response_class=HTMLResponse, operation_id="page", responses=refusals())
    async def show_page() -> Response:
        """The page on which people write with the models."""
        return HTMLResponse(page, headers=headers)

    @router.get("/api/facts", operation_id="facts", responses=refusals())
    async def tell_facts() -> AllFacts:
        """What a page says of each model."""
        return AllFacts(models=[one.facts() for one in desk.offers.values()])

    # Not async: a book is decoded, which takes some milliseconds.
    @router.get("/api/passage", operation_id="passage", responses=refusals(400, 404))
    def show_passage(
        book: Annotated[str, Query(max_length=1000)],
        start: Annotated[int, Query(ge=0, le=2**31)],
        end: Annotated[int, Query(ge=0, le=2**31)],
        model: Annotated[str, Query(max_length=200)] = "",
    ) -> Passage:
        """A passage of a book with what stands around it; `start` and `end` count characters."""
        return desk.offer(model).passage(book, start, end)

    @router.get("/api/line", operation_id="line", responses=refusals(400, 404))
    def show_line(model: Annotated[str, Query(max_length=200)] = "") -> Line:
        """A line of a book, picked by chance, to begin a text with."""
        return desk.offer(model).line()

    return router


def _writing_router(desk: Desk) -> APIRouter:
    router = APIRouter()
    events: dict[str, Any] = {"content": {MEDIA_TYPE: WRITING}, "description": "The events of the text."}

    @router.post(
        "/api/write",
        operation_id="write",
        response_class=EventStream,
        status_code=200,
        responses={200: events, **refusals(400, 404, 408, 413, 415, 429)},
    )
    async def write(body: WriteRequest) -> EventStream:
        """Write a text: server-sent events of its tokens, of the passages that are in books, and of its end.

        The text ends, and its place is free, as soon as the client closes the connection.
        """
        return desk.write(body)

    return router


def _openai_router(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1")
    chunks = {MEDIA_TYPE: COMPLETING}

    @router.post(
        "/completions",
        operation_id="completions",
        response_model=Completion,
        responses={200: {"content": chunks}, **refusals(400, 404, 408, 413, 415, 429, 500)},
    )
    async def complete(body: CompletionRequest, request: Request) -> Response:
        """Write texts, as OpenAI's completions: all at once, or with `stream` as they are written."""
        completing = desk.complete(body)
        if body.stream:
            return EventStream(completing.stream(), completing.leave)
        try:
            answer = await unless_gone(request.receive, completing.whole())
        finally:
            completing.leave()
        return JSONResponse(as_json(answer) if answer else {})

    @router.get("/models", operation_id="models", responses=refusals())
    async def list_models() -> ModelList:
        """All models that the server offers."""
        return ModelList(data=[Model(id=name, created=desk.created) for name in desk.offers])

    @router.get("/models/{model}", operation_id="model", responses=refusals(404))
    async def show_model(model: str) -> Model:
        """One model that the server offers."""
        return Model(id=desk.offer(model).name, created=desk.created)

    return router


def _figures_router(desk: Desk) -> APIRouter:
    router = APIRouter()
    failed: Responses = {503: {"model": Health, "description": "The server is about to end, or an engine has failed."}}

    @router.get("/health", operation_id="health", response_model=Health, responses={**refusals(), **failed})
    async def tell_health() -> Response:
        """Whether the server answers, for whoever watches it: 200, or 503 where it cannot write."""
        status = desk.status()
        return JSONResponse({"status": status, "models": desk.figures()}, 200 if status == "ok" else 503)

    plain: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}

    @router.get("/metrics", operation_id="metrics", response_class=PlainTextResponse, responses={**plain, **refusals()})
    async def tell_metrics() -> Response:
        """The figures of the server, for Prometheus."""
        figures: Mapping[str, Mapping[str, Any]] = desk.figures()
        text = desk.gate.metrics.text(figures, psutil.Process().memory_info().rss)
        return Response(text, media_type=prometheus.CONTENT_TYPE)

    return router
