"""Work that comes by itself: the duties of a day or a week, and the handover of each post, signed by both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from engine.core import Plan
from engine.core.plan import Duty, Role
from engine.runtime import Occurrence, openings
from engine.server import present
from engine.server.board.desk import Place
from engine.server.board.entrance import At
from engine.server.board.web import PageRoute
from engine.store import Query, Row, StoreError

router = APIRouter(route_class=PageRoute, include_in_schema=False)
SPANS: Final = {"day": 1, "week": 7}  # days
#: Handovers of a post that are shown.
HANDOVERS: Final = 6


@router.get("/board/{site}/duties")
def duties(request: Request, desk: At, site: str, span: str = "day") -> Response:
    place = desk.at(request, site, "duty.list")
    span = span if span in SPANS else "day"
    return desk.page_at(place, "duties.html", {"days": list(days(place, SPANS[span])), "span": span})


@router.get("/board/{site}/handover")
def handover(request: Request, desk: At, site: str) -> Response:
    place = desk.at(request, site, "handover.sign")
    roles = [role for role in place.service.site.plan.roles.values() if role.handover is not None]
    return desk.page_at(place, "handover.html", {"posts": [post(place, role) for role in roles]})


# ---- duties ----------------------------------------------------------------------------------------------------------


def days(place: Place, count: int) -> Iterator[dict[str, Any]]:
    """Today and the days after it, each with what comes due on it by itself."""
    zone = place.service.site.zone
    today = datetime.fromtimestamp(place.visit.at, zone).date()
    for ahead in range(count):
        day = today + timedelta(days=ahead)
        start, end = (int(datetime.combine(one, time(), zone).timestamp()) for one in (day, day + timedelta(days=1)))
        found = sorted(openings(place.service.site, start, end))
        yield {"at": start, "duties": [duty(place, one) for one in found]}


def duty(place: Place, one: Occurrence) -> dict[str, Any]:
    site = place.service.site
    plan = site.plan_at(one.at)
    known = plan.duties[one.id]
    row = place.service.store.row(one.ticket(site.zone))
    return {
        "at": one.at,
        "duty": present.named(known.id, known.title),
        "owner": _party(plan, known),
        "places": known.places,
        "ticket": row.ticket if row is not None else None,
        "state": present.state(site.wording(row.plan), row.category, row.state) if row is not None else None,
        "due": row.due if row is not None else None,
        "mark": _mark(place, row),
        "sources": known.rule.sources,
    }


def _mark(place: Place, row: Row | None) -> str:
    if row is None:
        return "ahead"
    if row.closed is None:
        return "breached" if row.overdue else "running"
    return "missed" if _is_missed(place, row) else "closed"


def _is_missed(place: Place, row: Row) -> bool:
    """Whether it ended undone; of one whose history is damaged that is not known."""
    try:
        family = place.service.store.load(row.ticket)
    except StoreError:
        return False
    return family is not None and any(run.status == "missed" for run in family.tickets[row.ticket].ended)


def _party(plan: Plan, known: Duty) -> dict[str, Any] | None:
    owner = plan.roles.get(known.owner.name)
    return present.named(owner.id, owner.title) if owner is not None else None


# ---- handover --------------------------------------------------------------------------------------------------------


def post(place: Place, role: Role) -> dict[str, Any]:
    """A post: who holds it now, and its last handovers."""
    site, store = place.service.site, place.service.store
    rows = store.rows(Query(category=role.handover, post=role.id, limit=HANDOVERS))
    return {
        "role": present.named(role.id, role.title),
        "holder": site.roster.holds_post(role.id, place.visit.at + 1),
        "handovers": [_handover(place, role, row) for row in sorted(rows, key=lambda row: -row.opened)],
    }


def _handover(place: Place, role: Role, row: Row) -> dict[str, Any]:
    """One of which a row is damaged, or whose plan cannot be read any more, is shown by what the index says."""
    site = place.service.site
    shown = {
        "ticket": row.ticket,
        "opened": row.opened,
        "state": present.state(site.wording(row.plan), row.category, row.state),
        "due": row.due,
        "mark": "closed" if row.closed is not None else "breached" if row.overdue else "running",
        "damaged": True,
    }
    try:
        family = place.service.store.load(row.ticket)
        assert family is not None, f"a row without a ticket: {row.ticket}"
        one = family.tickets[row.ticket]
        plan = site.version(one.plan)
    except StoreError:
        return shown
    signed = sorted(((made.at, made.person, move) for move, made in one.made.items()), key=lambda three: three[0])
    moves = present.workflow_of(plan, one).moves
    return {
        **shown,
        "opened": one.opened,
        "leaver": site.roster.leaver(role.id, one.opened),
        "taker": site.roster.taker(role.id, one.opened, place.visit.at if one.closed is None else None),
        "signed": [
            (at, person, present.named(move, moves[move].title)) for at, person, move in signed if move in moves
        ],
        "damaged": False,
    }
