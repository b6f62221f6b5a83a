"""Pages for those who do not sign in as staff: the wall of a site, and a resident's look at one ticket.

Neither shows anything that somebody typed: only numbers, names of the policy and instants.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from engine.core import Plan, Ticket
from engine.runtime import Service
from engine.server import present
from engine.server.access import Principal, allowed
from engine.server.board.desk import Desk, Place, Visit, refused
from engine.server.board.entrance import At
from engine.server.board.listing import Choice, Listing
from engine.server.board.moments import Moments
from engine.server.board.web import PageRoute, TroubleError
from engine.server.board.words import WORDS
from engine.server.denials import Denial
from engine.server.sessions import SignedIn
from engine.server.tokens import FORM

router = APIRouter(route_class=PageRoute, include_in_schema=False)
WALL_COOKIE: Final = "huiyin_wall"
WALL_LINES: Final = 12
#: Seconds after which a wall asks again by itself.
WALL_EVERY: Final = 20


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
    lines, _ = listing.page(Choice())
    values = {
        "lines": lines[:WALL_LINES],
        "counts": listing.counts(),
        "every": WALL_EVERY,
        "more": len(lines) - WALL_LINES,
    }
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
    return Place(Visit(request, visit.at, visit.lang, SignedIn(principal, "", "")), site, service)


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
    values = {"title": plan.title, "moments": moments, **standing(plan, one)}
    return desk.page(visit, "status.html", values)


def _linked(desk: Desk, found: Principal) -> tuple[Service, Ticket] | None:
    service = desk.service(next(iter(found.sites)))
    family = service.store.load(found.ticket) if service is not None else None
    return (service, family.tickets[found.ticket]) if service is not None and family is not None else None


def standing(plan: Plan, one: Ticket) -> dict[str, Any]:
    """The way of a ticket so far, and until when it is to be over by what runs now."""
    path = [{"state": present.state(plan, one.category, stay.state), "since": stay.since} for stay in one.path]
    dues = [run.due for run in one.runs.values() if run.due is not None]
    return {
        "number": one.id,
        "category": present.category(plan, one.category),
        "path": path,
        "opened": one.opened,
        "closed": one.closed,
        "until": max(dues) if dues and one.closed is None else None,
        "round": one.round,
    }
