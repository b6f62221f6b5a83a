"""Personal values: who may see them, and what everybody else is shown instead."""

from __future__ import annotations

from engine.core import Family, Plan, Refusal, Ticket, addresses
from engine.core.plan import MASK, OWNER
from engine.runtime.service import Service


def may_see(plan: Plan, family: Family, ticket: Ticket, person: str, roles: frozenset[str]) -> bool:
    """Whether somebody may see the personal values of a ticket: by role, or as its assignee or owner."""
    privacy = plan.privacy
    if privacy is None or roles & privacy.see or person == ticket.assignee:
        return True
    owners = addresses(plan, family, ticket, OWNER)
    return any(owner == f"role:{role}" for role in roles for owner in owners) or f"person:{person}" in owners


def masked(plan: Plan, fact: str, text: str) -> str:
    """The text of a fact for a reader about whom nothing is known."""
    return MASK if fact in plan.personal else text


def permit_reveal(
    service: Service, at: int, ticket: str, by: str, fact: str, purpose: str, roles: frozenset[str] = frozenset()
) -> Refusal | None:
    """Somebody looks at a personal value: only who may see it, only for a purpose, and every look is logged.

    `roles` are those that somebody has besides the roster's.
    """
    family = service.store.load(ticket)
    if family is None:
        return Refusal("unknown", ticket)
    known = family.tickets[ticket]
    plan = service.site.version(known.plan)
    privacy = plan.privacy
    if privacy is None or fact not in privacy.personal or known.fact(fact) is None:
        return Refusal("unknown", fact)
    if not purpose:
        return Refusal("missing", "purpose")
    if not may_see(plan, family, known, by, service.site.roster.roles_of(by, at) | roles):
        return Refusal("by", by)
    service.record(at, "revealed", privacy.rule, {"ticket": ticket, "fact": fact, "by": by, "purpose": purpose})
    return None
