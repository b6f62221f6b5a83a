"""Lists of people: taken whole or not at all, and looked up at the desk."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request

from engine.server import people
from engine.server.api.route import router
from engine.server.auth import Caller, needs
from engine.server.problems import SENTENCES, ProblemError, read_bounded

routes = router("people")
LIST_MAX = 1 << 20  #: bytes
_BINARY = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}


async def list_of(request: Request) -> bytes:
    """The body as it is. Raises ProblemError: it is too large."""
    return await read_bounded(Request(request.scope, request.receive), LIST_MAX)


@routes.post(
    "/sites/{site}/lists",
    summary="Import a list of staff or customers",
    openapi_extra={"requestBody": {"required": True, **_BINARY}},
)
def take(
    site: str,
    caller: Annotated[Caller, needs("people.import")],
    data: Annotated[bytes, Depends(list_of)],
    name: Annotated[str, Query(max_length=200)] = "list.csv",
) -> dict[str, Any]:
    """A CSV or XLSX file as the body; its headings say whom it lists. With one mistake nothing is taken, and 422 names
    all of them, the first 200; `more`: there may be others.
    """
    done = people.import_list(caller.daemon, caller.service.site.plan.id, name, data)
    caller.note("people.import", done.kind, "refused" if done.mistakes else "done")
    if done.mistakes:
        mistakes = [{**one.as_json(), "said": one.said(caller.principal.language)} for one in done.mistakes]
        raise ProblemError(422, "list", SENTENCES["list"], mistakes=mistakes, more=done.more)
    return {"kind": done.kind, "listed": done.listed, "come": list(done.come), "gone": list(done.gone)}


@routes.get("/sites/{site}/customers", summary="Find a customer by unit or telephone number")
def find(
    site: str,
    caller: Annotated[Caller, needs("customer.find")],
    q: Annotated[str, Query(min_length=2, max_length=60)],
) -> dict[str, Any]:
    """Who lives or works there, and the tickets of that unit, the newest first. Each look is logged."""
    if not people.may_find(caller.service, caller.principal, caller.at):
        raise ProblemError(409, "by", SENTENCES["customers"])
    found = people.find_customers(caller.daemon, site, q)
    caller.note("customer.find", f"{len(found)} found")
    tickets = {one.unit: list(people.history(caller.daemon, site, "unit", one.unit)) for one in found}
    return {
        "customers": [
            {"unit": one.unit, "name": one.name, "phone": one.phone, "note": one.note, "tickets": tickets[one.unit]}
            for one in found
        ]
    }
