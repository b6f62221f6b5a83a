"""Roles: somebody is always there, and nobody stands in for himself."""

from __future__ import annotations

from engine.core import Plan
from engine.policy.compile.desk import Desk


def check(desk: Desk, plan: Plan) -> None:
    _last_resort(desk, plan)
    _circles(desk, plan)


def _last_resort(desk: Desk, plan: Plan) -> None:
    """The last resort is told when nobody else is there, so it must be there at any time."""
    role = plan.roles.get(plan.last_resort)
    if role is not None and role.on_duty != ("always",) and not desk.doubts("roles", role.id):
        at = ("roles", role.id, *(("on_duty",) if role.on_duty else ()))
        found = desk.say("E401", at, key=True, role=role.title)
        desk.add(found.against(desk.span(("last_resort",))))


def _circles(desk: Desk, plan: Plan) -> None:
    """A chain of stand-ins ends at somebody."""
    reported: set[str] = set()
    for start in plan.roles:
        chain = [start]
        while (follower := plan.roles[chain[-1]].fallback) in plan.roles and follower not in chain:
            chain.append(follower or "")
        if follower in chain and follower is not None and not reported & set(chain):
            circle = chain[chain.index(follower) :]
            reported |= set(circle)
            desk.add(desk.say("E406", ("roles", chain[-1], "fallback"), circle=" → ".join([*circle, follower])))
