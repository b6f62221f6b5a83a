"""Pages for those who do not sign in as staff: the wall of a site, and a resident's look at one ticket.

Neither shows anything that somebody typed: only numbers, names of the policy and instants.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from engine.core import Plan, Ticket, shape
from engine.core.plan import Deadline, InstantLimit, Workflow
from engine.runtime import Service
from engine.server import present
from engine.server.board.desk import Desk, Place, Visit, refused
from engine.server.board.entrance import At
from engine.server.board.listing import Choice, Listing
from engine.server.board.moments import Moments
from engine.server.board.web import PageRoute, TroubleError
from engine.server.board.words import WORDS
from engine.server.entry.access import Principal, allowed
from engine.server.entry.denials import Denial
from engine.server.entry.sessions import SignedIn
from engine.server.entry.tokens import FORM
from engine.server.residents import goes_on_as

router = APIRouter(route_class=PageRoute, include_in_schema=False)
WALL_COOKIE: Final = "huiyin_wall"
WALL_LINES: Final = 10
#: Seconds after which a wall asks again by itself.
WALL_EVERY: Final = 20
#: Kinds of states in which nothing more is promised.
OVER: Final = frozenset({"done", "closed"})


@router.get("/wall/{site}")
def wall(request: Request, desk: At, site: str, token: str = "") -> Response:
    """For a screen that hangs where anybody sees it. A token that is shown once in the address moves into a cookie."""
    if FORM.fullmatch(token):
        response = RedirectResponse(f"/wall/{quote(site)}", 303)
        secure = desk.daemon.config.secure
        response.set_cookie(
            WALL_COOKIE, token, max_age=366 * 86400, path=f"/wall/{quote(site)}", secure=secure, httponly=True,
            samesite="strict",
        )  # fmt: skip
        return response
    place = _hung(desk, request, site)
    listing = Listing(place, desk.daemon)
    lines, counts = listing.page(Choice())[0][:WALL_LINES], listing.counts()
    values = {"lines": lines, "counts": counts, "every": WALL_EVERY, "more": counts.open - len(lines)}
    return desk.page_at(place, "wall.html", values)


def _hung(desk: Desk, request: Request, site: str) -> Place:
    """The wall's own token, or whoever is signed in. Raises TroubleError, SignInFirstError."""
    if (text := request.cookies.get(WALL_COOKIE)) is None:
        return desk.at(request, site, "wall.show")
    visit = desk.visit(request)
    principal = desk.gate.tokens.principal(text, visit.at)
    service = desk.service(site)
    if isinstance(principal, Denial):
        raise refused(principal, 403)
    if service is None or not allowed(principal, "wall.show", site):
        raise TroubleError(403, WORDS["no_wall"])
    return Place(
        Visit(request, visit.at, visit.lang, SignedIn(principal, "", "")), site, service, desk.daemon.door(service)
    )


# ---- a resident ------------------------------------------------------------------------------------------------------


@router.get("/s/{code}")
def status(request: Request, desk: At, code: str) -> Response:
    """How one ticket stands, for whoever has the link."""
    visit = desk.visit(request)._replace(session=None)
    found = desk.links.principal(code, visit.at)
    linked = _linked(desk, found) if isinstance(found, Principal) else None
    if linked is None:
        return desk.page(visit, "ended.html", {}, 404)
    service, one = linked
    plan = service.site.version(one.plan)
    moments = Moments(service.site.zone, visit.at, visit.lang)
    other = goes_on_as(service, one)
    into = standing(service.site.version(other.plan), other, visit.at) if other is not None else None
    values = {"title": plan.title, "moments": moments, "own": standing(plan, one, visit.at), "into": into}
    return desk.page(visit, "status.html", values)


def _linked(desk: Desk, found: Principal) -> tuple[Service, Ticket] | None:
    service = desk.service(next(iter(found.sites)))
    family = service.store.load(found.ticket) if service is not None else None
    return (service, family.tickets[found.ticket]) if service is not None and family is not None else None


def standing(plan: Plan, one: Ticket, now: int) -> dict[str, Any]:
    """What is true for a resident: the way so far, and until it is done by when it was promised to be.

    Clocks that only the house goes by, a report or a call back, are none of it.
    """
    flow = present.workflow_of(plan, one)
    way = [
        {"state": present.state(plan, one.category, stay.state), "kind": _kind(flow, stay.state), "since": stay.since}
        for stay in one.path
    ]
    kind = _kind(flow, one.state)
    until = _promised(plan, flow, one) if kind not in OVER else None
    return {
        "number": one.id,
        "category": present.category(plan, one.category),
        "way": way,
        "kind": kind,
        "closed": one.closed,
        "until": until,
        "late": until is not None and until <= now,
        "asked_yet": kind == "done" and one.state in _asked(flow),
        "round": one.round,
    }


def _kind(flow: Workflow, id: str) -> str:
    """What kind of state one is, for who does not know the workflow."""
    state = flow.states.get(id)
    if state is None:  # of the category that the ticket had
        return "working"
    if state.final:
        return "closed"
    if id in _done(flow):
        return "done"
    return "received" if id == flow.initial else "waiting" if state.pauses else "working"


def _asked(flow: Workflow) -> set[str]:
    """States in which the work is done, and whoever brought the matter is asked whether it is: a move leads from there
    to rework.
    """
    return {source for move in flow.moves.values() if move.rework for source in move.sources} - {flow.initial}


def _done(flow: Workflow) -> set[str]:
    """The open states that a ticket comes to by one of those only."""
    asked = _asked(flow)
    working, ahead = {flow.initial}, [flow.initial]
    while ahead:
        source = ahead.pop()
        led = {move.to for move in flow.moves.values() if move.to is not None and source in move.sources}
        ahead += (new := led - asked - working)
        working |= new
    return {state.id for state in flow.states.values() if not state.final and asked} - working


def _promised(plan: Plan, flow: Workflow, one: Ticket) -> int | None:
    """The due of what runs until the ticket is done and until nothing else; the nearest where there are several. What
    was promised for this ticket goes before what is promised for all.
    """
    watches = shape(plan, one.category).watches
    promises = [
        (not (isinstance(run.limit, InstantLimit) and run.limit.instant.moment in plan.facts), run.due)
        for run in one.runs.values()
        if run.due is not None and run.deadline in watches and _is_promise(flow, watches[run.deadline].deadline)
    ]
    return min(promises)[1] if promises else None


def _is_promise(flow: Workflow, deadline: Deadline) -> bool:
    """Whether a deadline ends by nothing but states that a matter is over in, or moves that lead there."""
    led = {name: flow.moves[name].to if name in flow.moves else name for name in deadline.until}
    reached = [to for name, to in led.items() if name in flow.moves or to in flow.states]
    return deadline.cap_of is None and bool(reached) and all(to and _kind(flow, to) in OVER for to in reached)
