"""Status links: a resident sees how a ticket stands, without an account and without personal data (rule B04)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from engine.core import Plan, Ticket
from engine.server import present
from engine.server.api.audit import Nothing
from engine.server.api.route import router
from engine.server.auth import Caller, Gate, address_of, let_in, needs
from engine.server.entry.access_log import Call
from engine.server.entry.denials import Denial
from engine.server.problems import denied, request_id
from engine.server.residents import goes_on_as

routes = router("status")


@routes.post("/sites/{site}/tickets/{ticket:path}/link", status_code=201, summary="Make a status link")
def make_link(site: str, ticket: str, body: Nothing, caller: Annotated[Caller, needs("ticket.link")]) -> dict[str, Any]:
    """`code` is shown here and never again; it is good for 90 days."""
    caller.ticket(ticket)
    code = caller.gate.links.make(site, ticket, caller.at)
    caller.note("ticket.link", ticket)
    return {"code": code, "url": f"{caller.daemon.config.url}/s/{code}"}


@routes.delete("/sites/{site}/tickets/{ticket:path}/link", status_code=204, summary="End the status links")
def end_links(site: str, ticket: str, caller: Annotated[Caller, needs("ticket.link")]) -> Response:
    """All links of the ticket are dead at once."""
    caller.ticket(ticket)
    caller.gate.links.end(site, ticket)
    caller.note("ticket.link", ticket, "ended")
    return Response(status_code=204)


class ByLink:
    """A dependency: whoever has a link, and nothing else."""

    action = "status.show"

    def __call__(self, request: Request, code: str) -> Caller:
        gate: Gate = request.app.state.gate
        at = gate.daemon.clock()
        principal = gate.links.principal(code, at)
        if isinstance(principal, Denial):
            raise denied(principal)
        call = Call(at, principal.name, address_of(request), request_id(request))
        return let_in(gate, request, call, principal, self.action, next(iter(principal.sites)))


@routes.get("/status/{code}", summary="How a ticket stands")
def status(code: str, caller: Annotated[Caller, Depends(ByLink())]) -> dict[str, Any]:
    """What a resident may know: which matter, where it stands, what was promised; `goes_on_as` says the same of the
    ticket that took this one in.
    """
    plan, _, one = caller.ticket(caller.principal.ticket)
    other = goes_on_as(caller.service, one)
    into = shown(caller.service.site.version(other.plan), other, caller.at) if other is not None else None
    return {**shown(plan, one, caller.at), "goes_on_as": into}


def shown(plan: Plan, one: Ticket, now: int) -> dict[str, Any]:
    """A ticket without anything about persons."""
    zone = plan.zone
    open_runs = [run for run in one.runs.values() if run.due is not None]
    return {
        "ticket": one.id,
        "title": plan.title,
        "category": present.category(plan, one.category),
        "state": present.state(plan, one.category, one.state),
        "opened": present.instant(one.opened, zone),
        "closed": present.instant(one.closed, zone),
        "path": [
            {**present.state(plan, one.category, stay.state), "since": present.instant(stay.since, zone)}
            for stay in one.path
        ],
        "promises": [
            {
                "deadline": present.deadline(plan, run.deadline),
                "due": present.instant(run.due, zone),
                "status": run.status,
            }
            for run in sorted(open_runs, key=lambda run: run.due or 0)
        ],
        "now": present.instant(now, zone),
    }
