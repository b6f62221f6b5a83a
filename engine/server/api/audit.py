"""What proves and what tells: the chain of the file, the access log, the clock."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query as Param

from engine.server.api.route import Body, Short, router
from engine.server.auth import Caller, needs
from engine.store import verify
from engine.store.tables.access_log import Filter

routes = router("audit")
Seconds = Annotated[int | None, Param(ge=0, le=2**53, description="Seconds UTC.")]


@routes.get("/audit/verify", summary="Verify the chain")
def verify_chain(caller: Annotated[Caller, needs("audit.verify")]) -> dict[str, Any]:
    """Whatever in the file is not as it was written: edited, missing, exchanged, put in. It reads all of it."""
    found = verify(caller.daemon.database)
    return {"whole": not found, "damages": [damage._asdict() for damage in found]}


@routes.get("/audit/log", summary="The access log")
def access_log(
    caller: Annotated[Caller, needs("audit.read")],
    principal: Short | None = None,
    action: Short | None = None,
    site: Annotated[Short | None, Param(alias="at_site")] = None,
    object: Short | None = None,
    outcome: Short | None = None,
    since: Seconds = None,
    until: Seconds = None,
    before: Annotated[int | None, Param(ge=0, le=2**53, description="`next` of the page before.")] = None,
    limit: Annotated[int, Param(ge=1, le=200)] = 100,
) -> dict[str, Any]:
    """Who did what from where, the newest first; `at` in seconds UTC."""
    found = caller.gate.log.records(Filter(principal, action, site, object, outcome, since, until, before, limit))
    entries = [{"seq": record.seq, **record.entry._asdict()} for record in found]
    return {"entries": entries, "next": found[-1].seq if len(found) == limit else None}


class Nothing(Body):
    """Nothing has to be said."""


@routes.get("/clock", summary="The clock")
def clock(caller: Annotated[Caller, needs("clock.accept")]) -> dict[str, Any]:
    """The instant that counts, and the seconds by which a clock that was set is not obeyed."""
    return {"at": caller.at, "held": caller.daemon.clock.held}


@routes.post("/clock/accept", summary="Accept a clock that was set")
def accept(body: Nothing, caller: Annotated[Caller, needs("clock.accept")]) -> dict[str, Any]:
    held = caller.daemon.clock.held
    caller.daemon.clock.accept()
    caller.note("clock.accept", f"{held} s")
    return {"at": caller.daemon.clock(), "accepted": held}
