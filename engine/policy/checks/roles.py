"""Roles: somebody is always there, nobody stands in for himself, and nobody is there twice."""

from __future__ import annotations

from typing import Final

from engine.core import Plan
from engine.core.plan import Role
from engine.policy.compile.desk import Desk
from engine.policy.words import Words


def check(desk: Desk, plan: Plan) -> None:
    _last_resort(desk, plan)
    _circles(desk, plan)
    _too_few(desk, plan)


def _last_resort(desk: Desk, plan: Plan) -> None:
    """The last resort is told when nobody else is there, so it must be there at any time."""
    role = plan.roles.get(plan.last_resort)
    if role is not None and role.on_duty != ("always",) and not desk.doubts("roles", role.id):
        at = ("roles", role.id, *(("on_duty",) if role.on_duty else ()))
        found = desk.say("E401", at, key=True, role=role.title)
        desk.add(found.against(desk.span(("last_resort",)), LAST_RESORT).helping(ALWAYS))


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
            found = desk.say("E406", ("roles", chain[-1], "fallback"), circle=" → ".join([*circle, follower]))
            desk.add(found.helping(BREAK))


def _too_few(desk: Desk, plan: Plan) -> None:
    """Nobody is there twice: more present at a time than the role has people is a post that must stay empty."""
    for role in plan.roles.values():
        most = _most(role, plan)
        if most is not None and role.at_least > most and not desk.doubts("roles", role.id):
            found = desk.say("W409", ("roles", role.id, "at_least"), role=role.title, least=role.at_least, most=most)
            desk.add(found.against(desk.span(("roles", role.id, "staff"))))


def _most(role: Role, plan: Plan) -> int | None:
    """How many people a role has at most; None where no file says it yet."""
    if role.staff is None or role.staff.per is None:
        return None if role.staff is None else role.staff.high
    per, number = role.staff.per
    return -(-role.staff.low * plan.numbers[number] // per) if number in plan.numbers else None  # rounded up


LAST_RESORT: Final = Words("named here", "在这里指定")
ALWAYS: Final = Words(
    "write `on_duty: always`, or name another role as `last_resort`",
    "写 `on_duty: always`，或把 `last_resort` 换成别的角色",
)
BREAK: Final = Words(
    "leave out one `fallback`: then the last resort stands in", "去掉其中一个 `fallback`：由最后兜底的角色替补"
)
