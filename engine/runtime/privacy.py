"""Personal values: who may see them, and what everybody else is shown instead."""

from __future__ import annotations

from engine.core import Family, Plan, Ticket, addresses
from engine.core.plan import MASK, OWNER


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
