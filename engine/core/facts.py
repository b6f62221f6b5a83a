"""Line 1 of a step: facts stated, and the defaults that read them worked out again."""

from __future__ import annotations

from typing import Literal

from engine.core import events as e
from engine.core.commands import Given
from engine.core.conditions import Rule, Value
from engine.core.plan import Plan
from engine.core.shape import VOLATILE
from engine.core.ticket import Draft
from engine.core.work import Work


def set_facts(
    work: Work,
    ticket: Draft,
    given: dict[str, Value | None] | Given,
    now: int,
    rule: Rule,
    how: Literal["stated", "set", "corrected", "detected"],
    opening: bool = False,
) -> set[str]:
    """Line 1: facts stated, then the defaults that read them worked out again. Returns what is now different."""
    plan = work.plan
    if not given and not opening and not work.shape(ticket).restless:
        return set()
    changes = tuple(
        e.FactChange(name, ticket.stated.get(name), value, _fact_rule(plan, name, value))
        for name, value in given.items()
    )
    before = {change.fact: ticket.fact(change.fact) for change in changes}
    if changes:
        work.emit(e.FactsSet(ticket.id, now, rule, how, changes))
    changed = {name for name, old in before.items() if ticket.fact(name) != old}
    return changed | _defaults(work, ticket, now, rule, changed, opening)


def _defaults(work: Work, ticket: Draft, now: int, rule: Rule, changed: set[str], opening: bool) -> set[str]:
    different: set[str] = set()
    changes: list[e.FactChange] = []
    view = work.view(ticket)
    for fact, needs in work.shape(ticket).defaults:
        if not (opening or needs & changed or needs & different or needs & VOLATILE):
            continue
        assert fact.default is not None
        row = fact.default.pick(view)
        new: Value | None = row.value if row else None
        if fact.type == "time" and new == "opened":
            new = ticket.opened
        old = ticket.derived.get(fact.id)
        if new != old:
            seen = ticket.fact(fact.id)
            change = e.FactChange(fact.id, old, new, row.rule if row else fact.rule)
            changes.append(change)
            if new is None:
                ticket.derived.pop(fact.id)
            else:
                ticket.derived[fact.id] = new  # later defaults of this very pass read it; the event below says the same
            if ticket.fact(fact.id) != seen:
                different.add(fact.id)
    if changes:
        work.emit(e.FactsSet(ticket.id, now, rule, "default", tuple(changes)))
    return different


def _fact_rule(plan: Plan, name: str, value: Value | None) -> Rule:
    """A fact names its own rule; a personal one the rule that all are treated alike, whoever they are."""
    if plan.privacy is not None and name in plan.privacy.personal:
        return plan.privacy.equal or plan.privacy.rule
    fact = plan.facts[name]
    return fact.value_rules.get(value, fact.rule) if isinstance(value, str) else fact.rule
