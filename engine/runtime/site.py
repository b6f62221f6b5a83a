"""A site: its plan in its versions, its day data, its people. What the service needs beside the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
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

    @property
    def plan(self) -> Plan:
        return self.plans.newest

    @property
    def zone(self) -> ZoneInfo:
        return self.plan.zone

    def plan_at(self, at: int) -> Plan:
        """The version in force for a ticket that opens then: the latest whose effective date has come.

        A version that is being rolled out is in force here once everybody takes it, and before that for a pilot site
        while the pilot runs.
        """
        day = datetime.fromtimestamp(at, self.zone).date()
        fitting = (p for p in reversed(self.plans) if (p.effective or date.min) <= day and self._rolled_out(p, day))
        return next(fitting, None) or next(iter(self.plans))

    def _rolled_out(self, plan: Plan, day: date) -> bool:
        rollout = plan.rollout
        if rollout is None or (rollout.all_from is not None and rollout.all_from <= day):
            return True
        pilot = rollout.pilot_from is not None and rollout.pilot_from <= day
        return plan.id in rollout.pilot_sites and pilot and (rollout.pilot_until is None or day <= rollout.pilot_until)

    def version(self, version: str) -> Plan:
        """A plan by its version, as tickets are pinned to it. Raises StoreError: this release cannot read it."""
        plan = self.plans.get(version)
        if plan is None:
            raise StoreError(f"it goes by version {version} of the plan, which this release cannot read")
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
                    roster = replace(site.roster, entries=entries, complete=True)
                    site = replace(site, roster=roster, addresses=data["addresses"])
                case "roster_changed":
                    site = replace(site, roster=site.roster.after(event.at, map(_entry, data["come"]), data["gone"]))
                case "handed_over":
                    site = replace(site, roster=site.roster.with_handover(Handover(**data)))
                case "calendar_shipped":
                    site = site._with_days(partial(_shipped, data), data["edition"])
                case "calendar_published":
                    site = site._with_days(partial(_published, data, site.edition), data["edition"])
        return site

    def with_newest(self, plan: Plan) -> Site:
        return replace(self, plans=self.plans.with_newest(plan), roster=replace(self.roster, plan=plan))

    def _with_days(self, change: Change, edition: str) -> Site:
        """Every version of the plan learns its new edition of day data, and the site goes by it."""
        plans = self.plans.after(change)
        return replace(
            self, plans=plans, edition=edition, roster=replace(self.roster, plan=plans.newest, edition=edition)
        )


def _shipped(data: Mapping[str, Any], plan: Plan) -> Plan:
    return _with_edition(plan, shipped_then(plan, data["edition"], data["codes"]))


def _published(data: Mapping[str, Any], below: str, plan: Plan) -> Plan:
    return _with_edition(plan, overlay(plan.editions[below], data["days"], data["edition"]))


def _with_edition(plan: Plan, days: DayData) -> Plan:
    return replace(plan, editions={**plan.editions, days.id: days})


def _entry(data: Sequence[Any]) -> Entry:
    person, role, shifts, since, until = data
    return Entry(person, role, tuple(shifts), since, until)
