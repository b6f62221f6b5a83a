"""The API put together."""

from __future__ import annotations

from typing import Any, Final

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from engine.server.api import (
    accounts,
    audit,
    duties,
    evidence,
    figures,
    findings,
    lists,
    outbox,
    people,
    personal,
    policies,
    reports,
    sites,
    status,
    tickets,
)
from engine.server.api.route import HEADERS
from engine.server.auth import Gate, make_gate
from engine.server.daemon import Daemon
from engine.server.problems import answer, request_id

#: Calls that are worked on at once: those that write share commits.
THREADS: Final = 64
PARTS: Final = (
    sites,
    tickets,
    evidence,
    personal,
    status,
    people,
    lists,
    duties,
    findings,
    figures,
    reports,
    policies,
    outbox,
    accounts,
    audit,
)


def add_api(app: FastAPI, daemon: Daemon, gate: Gate | None = None) -> None:
    """The routes of the API, as those of an application over this daemon."""
    app.state.gate = gate or make_gate(daemon)
    for part in PARTS:
        app.include_router(part.routes)
    app.router.on_startup.append(_more_threads)
    app.add_exception_handler(HTTPException, astray)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]


async def _more_threads() -> None:
    to_thread.current_default_thread_limiter().total_tokens = THREADS


async def astray(request: Request, error: Exception) -> Response:
    """An address below the API that has nothing, or not with this method."""
    assert isinstance(error, HTTPException)
    if not request.url.path.startswith("/api/"):
        return await http_exception_handler(request, error)
    response = answer(request, error, request.app.state.gate.defects)
    response.headers.update({**HEADERS, "X-Request-Id": request_id(request)})
    return response


PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; sentences may change."},
        "detail": {"type": "string", "description": "In the caller's language."},
        "instance": {"type": "string", "description": "The number of the request, as the logs have it."},
        "about": {"type": "string", "description": "Of a refusal: which fact, move or person it is about."},
        "missing": {
            "type": "array",
            "items": {"type": "string"},
            "description": "All that is missing; `about` is the first.",
        },
        "legal": {
            "type": "array",
            "items": {"type": "object", "properties": {"move": {"type": "string"}, "title": {"type": "string"}}},
        },
        "version": {"type": "integer", "description": "Of a ticket that somebody else changed."},
    },
}


def openapi(app: FastAPI) -> dict[str, Any]:
    """What OpenAPI says of the API; the pages of the board are not part of it."""
    if app.openapi_schema is None:
        routes = [route for part in PARTS for route in part.routes.routes]
        found = get_openapi(title=app.title, version=app.version, routes=routes)
        schemas = found.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = PROBLEM
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        app.openapi_schema = found
    return app.openapi_schema
