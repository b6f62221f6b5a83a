"""What comes by itself: when duties open, reports fall due and posts are left empty, derived from plan, day data and
roster.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple

from engine.core import Plan, shifted, timetable
from engine.core.plan import Duty, NewMember, Report, ShiftEdge
from engine.runtime.posts import EMPTY_POST, left_empty
from engine.runtime.site import Site
from engine.worktime import DayRule, Every, Length, Recurrence, Timetable, Unit

DAY: Final = 86_400
#: The id of the report that compares a pilot with the time before it.
ROLLOUT: Final = "rollout"


class Occurrence(NamedTuple):
    """One opening of a duty, one report due, or one post left empty. Its identity is what and when; `post` of a duty is
    a role for shifts, else empty.
    """

    at: int
    kind: str  #: "duty", "report" or "empty_post"
    id: str
    post: str | None = None

    @property
    def key(self) -> str:
        """What tells it from every other one in the site's stream."""
        return f"{self.kind}/{self.id}@{self.at}" + (f":{self.post}" if self.post is not None else "")

    def ticket(self, zone: tzinfo) -> str:
        """Of a duty: the ticket that it is, once it has opened."""
        post = f":{self.post}" if self.post is not None else ""
        return f"{self.id}@{datetime.fromtimestamp(self.at, zone):%Y-%m-%dT%H:%M}{post}"


def occurrences(site: Site, start: int, end: int) -> Iterator[Occurrence]:
    """Everything that comes due in [start, end), unordered; each by the plan in force at its instant."""
    yield from openings(site, start, end)
    for plan, since, until in site.plans.stretches(start, end):
        for report in plan.reports.values():
            if site.reports is None or report.id in site.reports:
                yield from _of_report(site, plan, report, since, until)
        yield from (Occurrence(at, EMPTY_POST, role) for role, at in left_empty(site, plan, since, until))
    at = pilot_over(site)
    if at is not None and start <= at < end and (site.reports is None or ROLLOUT in site.reports):
        yield Occurrence(at, "report", ROLLOUT)


def openings(site: Site, start: int, end: int) -> Iterator[Occurrence]:
    """Of these the openings of duties alone, as a page of the day shows them."""
    for plan, since, until in site.plans.stretches(start, end):
        for duty in plan.duties.values():
            if site.duties is None or duty.id in site.duties:
                yield from _of_duty(site, plan, duty, since, until)


def pilot_over(site: Site) -> int | None:
    """The first instant after the pilot of a new plan, when before and after are compared; None where there is none."""
    rollout = site.plan.rollout
    if rollout is None or rollout.pilot_until is None or site.plan.id not in rollout.pilot_sites:
        return None
    return int(datetime.combine(rollout.pilot_until + timedelta(days=1), time(), site.zone).timestamp())


def _of_duty(site: Site, plan: Plan, duty: Duty, start: int, end: int) -> Iterator[Occurrence]:
    match duty.every:
        case NewMember(roles):
            for person, at in site.newcomers(roles):
                if start <= at < end:
                    yield Occurrence(at, "duty", duty.id, person)
        case ShiftEdge(role):
            for at in sorted(set(_beside_shifts(site, plan, duty, duty.every, start, end))):
                yield Occurrence(at, "duty", duty.id, role)
        case recurrence:
            table = timetable(plan, duty.calendar, site.edition)
            for at in recurrence.occurrences(table, start, end):
                yield Occurrence(at, "duty", duty.id)


def _beside_shifts(site: Site, plan: Plan, duty: Duty, every: ShiftEdge, start: int, end: int) -> Iterator[int]:
    reach = DAY + (_reach(every.offset) if every.offset is not None else 0)
    for shift in site.roster.shifts(every.role, start):
        for opens, closes in timetable(plan, shift, site.edition).intervals(start - reach, end + reach):
            at = opens if every.edge == "start" else closes
            if every.offset is not None:
                at = shifted(every.offset, at, plan, duty.calendar, site.edition, DayRule.SAME_TIME)
            if start <= at < end:
                yield at


def _reach(offset: Length) -> int:
    """No shift further off than this is so much time away: seconds. In 31 days no calendar stays shut."""
    amount = abs(offset.amount)
    if offset.unit is Unit.SECONDS:
        return amount
    return 31 * DAY * (1 + (amount // 3600 if offset.unit is Unit.WORKING_SECONDS else amount))


def _of_report(site: Site, plan: Plan, report: Report, start: int, end: int) -> Iterator[Occurrence]:
    table = timetable(plan, report.calendar or plan.calendar, site.edition)
    instants = report.every.occurrences(table, start, end)
    if report.every.every is Every.DAY:
        instants = (*instants, *_on_days_off(report.every, table, start, end))
    for at in instants:
        yield Occurrence(at, "report", report.id)


def _on_days_off(every: Recurrence, table: Timetable, start: int, end: int) -> Iterator[int]:
    """A report of each day needs nobody to be there: without those on days off, some days would stand in none."""
    if table.usual_opening is not None:
        for at in every._replace(at=(table.usual_opening,)).occurrences(table, start, end):
            if not table.is_working_day(table.local(at).date()):
                yield at
