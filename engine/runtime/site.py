"""A site: its plan in its versions, its day data, its people. What the service needs beside the store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.core import Plan
from engine.runtime.directory import Changes, changed
from engine.runtime.editions import shipped_then
from engine.runtime.people import Entry, Handover, Roster
from engine.runtime.plans import Change, Plans
from engine.store import SiteEvent, StoreError
from engine.worktime import DayData, overlay

#: The kinds of events in a site's stream that change the site.
CHANGES: Final = ("staff_listed", "roster_changed", "handed_over", "calendar_shipped", "calendar_published")


@dataclass(frozen=True, slots=True)
class Site:
    """One property: its plan in its versions, and `edition`, the day data for new tickets.

    `duties` and `reports` name those that run here; None: all of the plan.
    """

    plans: Plans
    roster: Roster
    edition: str
    duties: frozenset[str] | None = None
    reports: frozenset[str] | None = None
    #: person -> channel of the plan, or `phone` -> reference of where to reach him
    addresses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: (person, role) -> when the roster named a newcomer in this role, who may begin later
    first_shown: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        return self.plans.newest

    @property
    def zone(self) -> ZoneInfo:
        return self.plan.zone

    def plan_at(self, at: int) -> Plan:
        """The version in force then: tickets and duties that open then go by it, and who is there is asked of it."""
        return self.plans.in_force(at)

    def version(self, version: str) -> Plan:
        """A plan by its version, as tickets are pinned to it. Raises StoreError: this release cannot read it."""
        plan = self.plans.get(version)
        if plan is None:
            raise StoreError(
                f"it goes by version {version} of the plan, which this release cannot read",
                f"它所按的方案版本 {version} 无法由本版本读取",
            )
        return plan

    def wording(self, version: str) -> Plan:
        """The plan by whose titles a list shows a ticket: its own, or today's where that cannot be read any more."""
        try:
            return self.version(version)
        except StoreError:
            return self.plan

    def after(self, events: Iterable[SiteEvent]) -> Site:
        """The site after what its stream says of people, day data and handovers. Raises CalendarError."""
        site = self
        for event in events:
            data = event.data
            match event.kind:
                case "staff_listed":
                    what = Changes(tuple(map(_entry, data["come"])), tuple(map(_entry, data["gone"])))
                    entries = changed(site.roster.entries, what, event.at)
                    if site.roster.complete:  # whom the first list names was there before anybody kept one
                        site = site._with_newcomers(event.at, what.come)
                    roster = replace(site.roster, entries=entries, complete=True)
                    site = replace(site, roster=roster, addresses=data["addresses"])
                case "roster_changed":
                    come = tuple(map(_entry, data["come"]))
                    site = site._with_newcomers(event.at, come)
                    site = replace(site, roster=site.roster.after(event.at, come, data["gone"]))
                case "handed_over":
                    site = replace(site, roster=site.roster.with_handover(Handover(**data)))
                case "calendar_shipped":
                    site = site._with_days(partial(_shipped, data), data["edition"])
                case "calendar_published":
                    site = site._with_days(partial(_published, data, site.edition), data["edition"])
        return site

    def newcomers(self, roles: Collection[str]) -> Iterator[tuple[str, int]]:
        """Who comes into one of these roles for the first time, and when: as the roster says today."""
        for (person, role), shown in self.first_shown.items():
            begins = (entry.since for entry in self.roster.entries if (entry.person, entry.role) == (person, role))
            if role in roles and (first := min(begins, default=None)) is not None:
                yield person, max(first, shown)

    def _with_newcomers(self, at: int, come: Iterable[Entry]) -> Site:
        known = {(entry.person, entry.role) for entry in self.roster.entries}
        new = {pair: at for entry in come if (pair := (entry.person, entry.role)) not in known}
        return replace(self, first_shown={**self.first_shown, **new})

    def with_newest(self, plan: Plan) -> Site:
        plans = self.plans.with_newest(plan)
        return replace(self, plans=plans, roster=replace(self.roster, plans=plans))

    def _with_days(self, change: Change, edition: str) -> Site:
        """Every version of the plan learns its new edition of day data, and the site goes by it."""
        plans = self.plans.after(change)
        return replace(self, plans=plans, edition=edition, roster=replace(self.roster, plans=plans, edition=edition))


def _shipped(data: Mapping[str, Any], plan: Plan) -> Plan:
    return _with_edition(plan, shipped_then(plan, data["edition"], data["codes"]))


def _published(data: Mapping[str, Any], below: str, plan: Plan) -> Plan:
    return _with_edition(plan, overlay(plan.editions[below], data["days"], data["edition"]))


def _with_edition(plan: Plan, days: DayData) -> Plan:
    return replace(plan, editions={**plan.editions, days.id: days})


def _entry(data: Sequence[Any]) -> Entry:
    person, role, shifts, since, until = data
    return Entry(person, role, tuple(shifts), since, until)
