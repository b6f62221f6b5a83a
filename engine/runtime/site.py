"""A site: its plan in its versions, its day data, its people. What the service needs beside the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.core import Plan
from engine.runtime.directory import Changes, changed
from engine.runtime.editions import shipped_then
from engine.runtime.people import Entry, Handover, Roster
from engine.store import SiteEvent, StoreError
from engine.worktime import DayData, overlay

#: The kinds of events in a site's stream that change the site.
CHANGES: Final = ("staff_listed", "roster_changed", "handed_over", "calendar_shipped", "calendar_published")


@dataclass(frozen=True, slots=True)
class Site:
    """One property. `plans` are its versions in order of their effective dates; `edition` the day data for new tickets.

    `duties` and `reports` name those that run here; None: all of the plan.
    """

    plans: tuple[Plan, ...]
    roster: Roster
    edition: str
    duties: frozenset[str] | None = None
    reports: frozenset[str] | None = None
    #: person -> channel of the plan, or `phone` -> reference of where to reach him
    addresses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        return self.plans[-1]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.plan.timezone)

    def plan_at(self, at: int) -> Plan:
        """The version in force for a ticket that opens then: the latest whose effective date has come.

        A version that is being rolled out is in force here once everybody takes it, and before that for a pilot site
        while the pilot runs.
        """
        day = datetime.fromtimestamp(at, self.zone).date()
        fitting = [plan for plan in self.plans if (plan.effective or date.min) <= day and self._rolled_out(plan, day)]
        return fitting[-1] if fitting else self.plans[0]

    def _rolled_out(self, plan: Plan, day: date) -> bool:
        rollout = plan.rollout
        if rollout is None or (rollout.all_from is not None and rollout.all_from <= day):
            return True
        pilot = rollout.pilot_from is not None and rollout.pilot_from <= day
        return plan.id in rollout.pilot_sites and pilot and (rollout.pilot_until is None or day <= rollout.pilot_until)

    def version(self, version: str) -> Plan:
        """A plan by its version, as tickets are pinned to it. Raises StoreError: this release cannot read it."""
        for plan in reversed(self.plans):
            if plan.version == version:
                return plan
        raise StoreError(f"it goes by version {version} of the plan, which this release cannot read")

    def wording(self, version: str) -> Plan:
        """The plan by whose titles a list shows a ticket: its own, or today's where that cannot be read any more."""
        return next((plan for plan in reversed(self.plans) if plan.version == version), self.plan)

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
                    site = site._with_editions(
                        {plan.version: shipped_then(plan, data["edition"], data["codes"]) for plan in site.plans}
                    )
                case "calendar_published":
                    site = site._with_editions(
                        {
                            plan.version: overlay(plan.editions[site.edition], data["days"], data["edition"])
                            for plan in site.plans
                        }
                    )
        return site

    def with_plans(self, plans: tuple[Plan, ...]) -> Site:
        return replace(self, plans=plans, roster=replace(self.roster, plan=plans[-1]))

    def _with_editions(self, known: Mapping[str, DayData]) -> Site:
        """Every version of the plan learns its new edition of day data, and the site goes by it."""
        plans = tuple(
            replace(plan, editions={**plan.editions, known[plan.version].id: known[plan.version]})
            for plan in self.plans
        )
        edition = known[self.plan.version].id
        return replace(self, plans=plans, edition=edition, roster=replace(self.roster, plan=plans[-1], edition=edition))


def _entry(data: Sequence[Any]) -> Entry:
    person, role, shifts, since, until = data
    return Entry(person, role, tuple(shifts), since, until)
