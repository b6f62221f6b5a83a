"""Recurring work of a day, and a pile of it that is excused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import Query as Param

from engine.core import Plan, Refusal, Run
from engine.runtime import Occurrence, Service, openings
from engine.server import present
from engine.server.api.route import Body, InstantText, Reason, Short, read_at, router
from engine.server.auth import Caller, needs
from engine.store import Query, Row, StoreError, everything

routes = router("duties")
#: Days that calendars know.
FIRST = date(1990, 1, 2)
LAST = date(2100, 12, 30)


@routes.get("/sites/{site}/duties", summary="The duties of a day")
def duties(
    site: str,
    caller: Annotated[Caller, needs("duty.list")],
    day: Annotated[
        date | None, Param(description="Local to the site; today if there is none.", ge=FIRST, le=LAST)
    ] = None,
) -> dict[str, Any]:
    """What has opened and what will; an occurrence that has opened is a ticket."""
    service = caller.service
    zone = service.site.zone
    local = day or datetime.fromtimestamp(caller.at, zone).date()
    start = int(datetime.combine(local, time(), zone).timestamp())
    end = int(datetime.combine(local + timedelta(days=1), time(), zone).timestamp())
    found = sorted(openings(service.site, start, end))
    return {"day": local.isoformat(), "duties": [_shown(service, one) for one in found]}


def _shown(service: Service, one: Occurrence) -> dict[str, Any]:
    plan = service.site.plan_at(one.at)
    duty = plan.duties[one.id]
    row = service.store.row(one.ticket(service.site.zone))
    runs = _runs(service, row) if row is not None else ()
    return {
        "duty": present.named(duty.id, duty.title),
        "at": present.instant(one.at, service.site.zone),
        "post": _post(plan, one.post),
        "ticket": row.ticket if row is not None else None,
        "state": present.state(service.site.wording(row.plan), row.category, row.state) if row is not None else None,
        "assignee": row.assignee if row is not None else None,
        "closed": present.instant(row.closed, service.site.zone) if row is not None else None,
        "due": present.instant(max((run.due for run in runs if run.due), default=None), service.site.zone),
        "status": runs[-1].status if runs else None,
        **present.rule(plan, duty.rule),
    }


def _runs(service: Service, row: Row) -> Sequence[Run]:
    """Those of a ticket; none where a row of it is damaged, of which the index knows the rest."""
    try:
        family = service.store.load(row.ticket)
    except StoreError:
        return ()
    return tuple(family.tickets[row.ticket].all_runs()) if family is not None else ()


def _post(plan: Plan, post: str | None) -> dict[str, Any] | None:
    return present.named(post, plan.roles[post].title) if post is not None and post in plan.roles else None


class Excusing(Body):
    """Duties that opened before an instant and are still open; of one duty, or of all."""

    before: InstantText
    reason: Reason
    duty: Short | None = None


@routes.post("/sites/{site}/duties/excuse", summary="Excuse a pile of duties")
def excuse(site: str, body: Excusing, caller: Annotated[Caller, needs("duty.excuse")]) -> dict[str, Any]:
    """After a long downtime: one stroke, one reason. Each is excused as its own ticket says; those that do not allow it
    are named.
    """
    before = read_at(caller, body.before)
    excused: list[str] = []
    left: list[dict[str, str]] = []
    for row in list(_pile(caller.service, before, body.duty)):
        refusal = _excuse(caller, row, body.reason)
        if refusal is None:
            excused.append(row.ticket)
        else:
            left.append({"ticket": row.ticket, "code": refusal.code})
    caller.note("duty.excuse", f"{len(excused)} excused, {len(left)} left")
    return {"excused": excused, "left": left}


def _pile(service: Service, before: int, duty: str | None) -> Iterator[Row]:
    for category in service.site.plan.categories.values():
        if category.duty is not None and duty in (None, category.duty):
            rows = everything(service.store, Query(open=True, category=category.id))
            yield from (row for row in rows if row.opened < before)


def _excuse(caller: Caller, row: Row, reason: str) -> Refusal | None:
    try:
        duty = caller.service.site.version(row.plan).categories[row.category].duty
        given = {"deadline": duty or "", "reason": reason}
        request = caller.door.request(caller.at, row.ticket, caller.person, "excuse", given, caller.roles)
        done = request if isinstance(request, Refusal) else caller.service.handle(request)
    except StoreError:  # one that cannot be read keeps no other
        return Refusal("store", row.ticket)
    return done if isinstance(done, Refusal) else None
