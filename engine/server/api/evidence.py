"""Files that prove something: sent, and looked at."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from engine.server.api.route import router
from engine.server.auth import Caller, needs
from engine.server.problems import SENTENCES, ProblemError, not_found, read_bounded
from engine.store.evidence import SIZE_MAX, Evidence

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
)
def add(
    site: str, caller: Annotated[Caller, needs("evidence.add")], data: Annotated[bytes, Depends(file_of)]
) -> dict[str, Any]:
    """A photo, letter or recording of at most 10 MB, as the body. `evidence` is what a move takes in a fact of type
    file; the same bytes again have the same.
    """
    if not data:
        raise ProblemError(422, "file_empty", SENTENCES["file_empty"])
    service = caller.service
    kept = _evidence(caller).keep(service.site.plan.id, data)
    if kept is None:
        raise ProblemError(415, "file_type", SENTENCES["file_type"])
    return {"evidence": kept.id, "type": kept.type, "size": kept.size}


@routes.get("/sites/{site}/evidence/{evidence}", summary="Look at a file", response_class=Response)
def look(site: str, evidence: str, caller: Annotated[Caller, needs("evidence.show")]) -> Response:
    """Served as what it is, to be looked at and never to be run."""
    found = _evidence(caller).read(caller.service.site.plan.id, evidence)
    if found is None:
        raise not_found("no_evidence")
    kept, data = found
    headers = {
        "Content-Disposition": f'inline; filename="{kept.id[:16]}.{_ENDINGS[kept.type]}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(data, media_type=kept.type, headers=headers)


def _evidence(caller: Caller) -> Evidence:
    return Evidence(caller.daemon.config.data / "evidence")


_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "video/mp4": "mp4",
    "audio/mp4": "m4a",
}
