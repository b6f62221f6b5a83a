"""The daily digest: tickets of which no ladder speaks any more are named to the last resort, once a day."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime, time
from typing import Final

from engine.core import Plan
from engine.notify.place import channels, place
from engine.notify.quiet import clock_time, quiet_until
from engine.notify.world import Person, World
from engine.store import Database, Query, SqliteStore
from engine.store.tables.deliveries import Deliveries, New
from engine.store.tables.outbox import Finding, Outbox

#: When it comes where the plan names no hour; in quiet hours it waits for their end.
MORNING: Final = time(8)


class DailyDigest:
    """Makes the digests of all sites. That one was made is kept in the file; here only what need not be asked again."""

    def __init__(self, database: Database, world: World) -> None:
        self._database = database
        self._world = world
        self._made: dict[str, date] = {}

    def make(self, now: int) -> None:
        """Make the digests whose hour has come. Its text is written when it is sent."""
        for site in self._world.sites():
            plan = self._world.plan(site)
            local = datetime.fromtimestamp(now, plan.zone)
            day = local.date()
            if self._made.get(site) == day or local.time() < hour(plan):
                continue
            if quiet_until(plan, {"staff", plan.last_resort}, now) is None:
                self._database.write(lambda c, site=site, day=day: self._of_site(c, site, day, now))  # type: ignore[misc]
                self._made[site] = day

    def _of_site(self, connection: sqlite3.Connection, site: str, day: date, now: int) -> None:
        outbox, rows = Outbox(connection), Deliveries(connection)
        if not outbox.begin_digest(site, day.isoformat()):
            return
        if not SqliteStore(self._database, site).rows(Query(open=True, silent=True, limit=1)):
            return
        plan = self._world.plan(site)
        people = self._world.people(site, f"role:{plan.last_resort}", "", now)
        told = [self._tell(rows, plan, site, person, now) for person in people]
        if not any(told):
            outbox.find(Finding("nobody", site, "", daily(now), plan.last_resort, "", "", now))

    def _tell(self, rows: Deliveries, plan: Plan, site: str, person: Person, now: int) -> bool:
        new = New("daily", site, None, "", now, *person, person.id, critical=False, rank=0, next_at=now, made_at=now)
        return place(rows, self._world, daily(now), new, channels(plan, (), person.role))


def daily(at: int) -> str:
    """The name of the digest made at an instant."""
    return f"daily/{at}"


def hour(plan: Plan) -> time:
    digest = plan.messaging.digest if plan.messaging is not None else None
    return MORNING if digest is None else clock_time(digest)
