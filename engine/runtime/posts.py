"""Posts that have to be held: when one is left empty, derived from plan, day data and roster, and who answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from engine.core import Finding, Plan, Rule, liable_of_site, timetable
from engine.runtime.site import Site
from engine.store import Reader, SiteEvent
from engine.worktime import Timetable

#: The kinds of events in a site's stream that somebody answers for: a post left empty, a role in which nobody was.
EMPTY_POST: Final = "empty_post"
FINDINGS: Final = (EMPTY_POST, "nobody")


class Found(NamedTuple):
    """What the site's stream says of a finding about a role."""

    rule: Rule
    data: Mapping[str, Any]


def left_empty(site: Site, plan: Plan, start: int, end: int) -> Iterator[tuple[str, int]]:
    """Each role and instant in [start, end) at which too few are there from then on, where a plan is in force: nobody
    comes when a shift begins, or somebody goes in the middle of it. Once for each shift, and for each gap in it.
    """
    for role in plan.roles.values():
        if role.at_least:
            for at in sorted(set(_edges(site, plan, role.id, start, end))):
                if is_empty(site, role.id, at) and (not is_empty(site, role.id, at - 1) or _opens(site, role.id, at)):
                    yield role.id, at


def is_empty(site: Site, role: str, at: int) -> bool:
    """Whether fewer of a role are there at an instant than have to be in every minute of its shifts. A roster that is
    not complete cannot tell how many are there, only that nobody is.
    """
    known = site.plan_at(at).roles.get(role)
    if known is None or not known.at_least:
        return False
    if len(site.roster.on_duty(role, at)) >= (known.at_least if site.roster.complete else 1):
        return False
    return any(shift.is_open(at) for shift in _shifts(site, role, at))


def empty_posts(site: Site, at: int) -> frozenset[str]:
    """The roles of which too few are there at an instant."""
    return frozenset(role for role in site.plan_at(at).roles if is_empty(site, role, at))


def role_findings(store: Reader, start: int, end: int, kinds: Collection[str] = FINDINGS) -> list[SiteEvent]:
    """What was found of roles in [start, end), each with who answers for it."""
    found = (event for event in store.site_events_of(kinds) if start <= event.at < end)
    return sorted(found, key=lambda event: event.at)


def about_role(site: Site, kind: str, role: str, at: int) -> Found | None:
    """A finding about a role, with who answers for it. None: no plan ever knew the role."""
    plan = site.roster.plan_of(role, at)
    if plan is None:
        return None
    found = liable_of_site(plan, Finding(kind, role, at, f"role:{role}"), site.roster.holds_post)
    rule = plan.roles[role].rule
    sources = dict.fromkeys((*rule.sources, *(found.rule.sources if found is not None else ())))
    return Found(Rule(rule.path, tuple(sources)), {"role": role, "who": found.who if found is not None else ""})


def _edges(site: Site, plan: Plan, role: str, start: int, end: int) -> Iterator[int]:
    """When the plan comes into force, the shifts of a role begin, and somebody of it may go."""
    yield start
    for shift in site.roster.shifts(role, start):
        yield from timetable(plan, shift, site.edition).edges(start, end)
    for stretches in site.roster.times_on_duty(role, start, end).values():
        yield from (until for _, until in stretches if start <= until < end)


def _opens(site: Site, role: str, at: int) -> bool:
    return any(shift.is_open(at) and not shift.is_open(at - 1) for shift in _shifts(site, role, at))


def _shifts(site: Site, role: str, at: int) -> Iterator[Timetable]:
    """The shifts in which the roster says who is there: one that is not complete says nothing of a shift on which it
    never names anybody.
    """
    roster, plan = site.roster, site.plan_at(at)
    named = [entry.shifts for entry in roster.entries if entry.role == role]
    for shift in roster.shifts(role, at):
        if roster.complete or any(not shifts or shift in shifts for shifts in named):
            yield timetable(plan, shift, site.edition)
