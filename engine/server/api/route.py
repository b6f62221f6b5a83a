"""How the API answers: strict bodies, problems for everything that goes wrong, headers on every answer."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StringConstraints

from engine.core import Value
from engine.runtime import ValueProblemError, read_instant
from engine.server.auth import Caller, Gate
from engine.server.problems import SENTENCES, ProblemError, StrictRequest, answer, request_id

HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Body(BaseModel):
    """What is sent; a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ApiRoute(APIRoute):
    """A route whose troubles are problems, and whose answers carry the number of the request."""

    @property
    def takes_key(self) -> bool:
        """Whether a call is a command to a ticket, which takes effect once per key."""
        return any(param.name == "idempotency_key" for param in self.dependant.header_params)

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            gate: Gate = request.app.state.gate
            try:
                gate.hold_back(request)
                if request.method == "POST" and "idempotency-key" in request.headers and not self.takes_key:
                    raise ProblemError(400, "key_unsupported", SENTENCES["key_unsupported"])
                response = await handle(request)
            except Exception as error:
                response = answer(request, error, gate.defects)
            response.headers["X-Request-Id"] = request_id(request)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return handler


PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": what, "content": PROBLEM}
    for status, what in {
        400: "The request cannot be read.",
        401: "Nobody is known by what was shown.",
        403: "Not allowed to this caller.",
        404: "There is no such thing here.",
        409: "Refused: `code`, `about`, and the `legal` moves.",
        413: "Too large.",
        422: "Something in the request is wrong.",
        429: "Too many requests; see Retry-After.",
        500: "A mistake of ours; the log has its cause under `instance`.",
        503: "Not possible now; see Retry-After.",
    }.items()
}


def router(tag: str) -> APIRouter:
    """Routes of one part of the API."""
    return APIRouter(prefix="/api/v1", tags=[tag], route_class=ApiRoute, responses=RESPONSES)


# ---- what requests are made of ---------------------------------------------------------------------------------------

Text = Annotated[str, StringConstraints(max_length=4000, strict=True)]
#: Why something is done; who reads it later has to be told something.
Reason = Annotated[str, StringConstraints(min_length=1, max_length=4000, strict=True, strip_whitespace=True)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200, strict=True)]
Whole = Annotated[StrictInt, Field(ge=-(2**53), le=2**53)]
#: Facts as JSON has them; texts are read as the board reads them: `18:00`, `yes`, a title of a choice.
Facts = Annotated[
    dict[Annotated[str, StringConstraints(max_length=100)], Text | StrictBool | Whole | StrictFloat],
    Field(max_length=200, examples=[{"matter": "水管漏水", "fault": "leak"}]),
]
#: ISO 8601 with an offset, or local to the site: `2026-10-08 18:00`.
InstantText = Annotated[str, StringConstraints(max_length=40, strict=True)]


def as_texts(facts: dict[str, Any]) -> dict[str, str]:
    """Facts as a form would bring them."""
    return {name: _as_text(value) for name, value in facts.items()}


def _as_text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def read_at(caller: Caller, text: str) -> int:
    """An instant at the site of a call. Raises ProblemError."""
    zone = caller.service.site.zone
    try:
        return read_instant(text, zone, datetime.fromtimestamp(caller.at, zone))
    except ValueProblemError:
        raise ProblemError(422, "instant", SENTENCES["instant"]) from None


IdempotencyKey = Annotated[
    str | None, Header(description="The same key with the same body takes effect once.", max_length=1000)
]


def command_key(idempotency_key: str | None) -> str | None:
    if idempotency_key is None:
        return None
    if not 0 < len(idempotency_key) <= 200 or not (idempotency_key.isascii() and idempotency_key.isprintable()):
        raise ProblemError(400, "key", SENTENCES["key"])
    return idempotency_key
