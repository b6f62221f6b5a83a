"""The daily digest: tickets of which no ladder speaks any more are named to the last resort, once a day."""

from __future__ import annotations

import logging
import sqlite3
from datetime import date, datetime

from engine.core import Plan
from engine.notify.limits import SHUT
from engine.notify.place import channels, place
from engine.notify.quiet import digest_hour, quiet_until, time_of_day
from engine.notify.world import Person, World
from engine.store import Database, Query, SqliteStore
from engine.store.tables.deliveries import Deliveries, New
from engine.store.tables.outbox import Finding, Outbox

log = logging.getLogger(__name__)


class DailyDigest:
    """Makes the digests of all sites. That one was made is kept in the file; here only what need not be asked again."""

    def __init__(self, database: Database, world: World) -> None:
        self._database = database
        self._world = world
        self._made: dict[str, date] = {}
        self._failed: dict[str, int] = {}

    def make(self, now: int) -> None:
        """Make the digests whose hour has come. Its text is written when it is sent."""
        for site in self._world.sites():
            if now < self._failed.get(site, 0) + SHUT:
                continue
            try:
                self._make(site, now)
            except Exception as error:  # the others' are made, and this one is tried again
                log.error("the daily digest of site %s waits: %s", site, type(error).__name__)
                self._failed[site] = now

    def _make(self, site: str, now: int) -> None:
        plan = self._world.plan(site)
        day = datetime.fromtimestamp(now, plan.zone).date()
        if self._made.get(site) == day or time_of_day(plan, now) < digest_hour(plan):
            return
        if quiet_until(plan, {"staff", plan.last_resort}, now) is None:
            self._database.write(lambda connection: self._of_site(connection, site, day, now))
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
        who = (person.id, person.role, person.id)
        new = New("daily", site, None, "", now, *who, critical=False, rank=0, next_at=now, made_at=now)
        return place(rows, self._world, daily(now), new, channels(plan, (), person.role))


def daily(at: int) -> str:
    """The name of the digest made at an instant."""
    return f"daily/{at}"
