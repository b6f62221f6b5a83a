"""Files that prove something: sent, and looked at."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from engine.server.api.route import PROBLEM, router
from engine.server.auth import Caller, needs
from engine.server.problems import SENTENCES, ProblemError, not_found, read_bounded
from engine.store.tables.evidence import GB, SIZE_MAX, ErasedError, QuotaError

routes = router("evidence")
_BINARY = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}


async def file_of(request: Request) -> bytes:
    """The body as it is. Raises ProblemError: it is too large."""
    return await read_bounded(Request(request.scope, request.receive), SIZE_MAX)


@routes.post(
    "/sites/{site}/evidence",
    status_code=201,
    summary="Send a file",
    openapi_extra={"requestBody": {"required": True, **_BINARY}},
    responses={
        415: {"description": "A file of a type that is not kept.", "content": PROBLEM},
        507: {"description": "The site has no room for files left.", "content": PROBLEM},
    },
)
def add(
    site: str, caller: Annotated[Caller, needs("evidence.add")], data: Annotated[bytes, Depends(file_of)]
) -> dict[str, Any]:
    """A photo, letter or recording of at most 10 MB, as the body. `evidence` is what a move takes in a fact of type
    file; the same bytes again have the same.
    """
    if not data:
        raise ProblemError(422, "file_empty", SENTENCES["file_empty"])
    try:
        kept = caller.daemon.evidence.keep(caller.service.site.plan.id, data)
    except QuotaError as error:
        raise ProblemError(507, "quota", SENTENCES["quota"].format(quota=error.quota // GB)) from None
    if kept is None:
        raise ProblemError(415, "file_type", SENTENCES["file_type"])
    return {"evidence": kept.id, "type": kept.type, "size": kept.size}


@routes.get(
    "/sites/{site}/evidence/{evidence}",
    summary="Look at a file",
    response_class=Response,
    responses={410: {"description": "It was erased with the person to whom it belonged.", "content": PROBLEM}},
)
def look(site: str, evidence: str, caller: Annotated[Caller, needs("evidence.show")]) -> Response:
    """Served as what it is, to be looked at and never to be run."""
    try:
        found = caller.daemon.evidence.read(caller.service.site.plan.id, evidence)
    except ErasedError:
        raise ProblemError(410, "erased", SENTENCES["erased"]) from None
    if found is None:
        raise not_found("no_evidence")
    kept, data = found
    headers = {
        "Content-Disposition": f'inline; filename="{kept.id[:16]}.{_ENDINGS[kept.type]}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(data, media_type=kept.type, headers=headers)


_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "video/mp4": "mp4",
    "audio/mp4": "m4a",
}
