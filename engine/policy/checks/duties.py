"""Duties: while one can be done, somebody of the role that owes it is there at some time."""

from __future__ import annotations

from typing import Final

from engine.core import Plan, timetable
from engine.core.plan import Duty, LengthLimit, Role
from engine.policy.compile.desk import Desk
from engine.policy.words import Words
from engine.worktime import Recurrence, Unit

FROM: Final = 1_767_571_200  # 2026-01-05: any day would do


def check(desk: Desk, plan: Plan) -> None:
    if desk.doubts("calendars"):
        return
    for duty in plan.duties.values():
        role = plan.roles.get(duty.owner.name) if duty.owner.kind == "role" else None
        if role is None or desk.doubts("duties", duty.id) or desk.doubts("roles", role.id):
            continue
        if _nobody_is_there(plan, duty, role):
            found = desk.say("W411", ("duties", duty.id, "owner"), duty=duty.title, role=role.title)
            desk.add(found.against(desk.span(("roles", role.id, "on_duty"))).helping(OTHERWISE))


def _nobody_is_there(plan: Plan, duty: Duty, role: Role) -> bool:
    """Whether all of a role is away from each beginning to its due. Of limits in days somebody is there on one."""
    shifts, edition = role.on_duty or (plan.calendar,), next(reversed(plan.editions))
    limit = duty.within
    if "always" in shifts or not isinstance(duty.every, Recurrence):
        return False
    if not isinstance(limit, LengthLimit) or limit.length.unit is not Unit.SECONDS:
        return False
    begins: tuple[int, ...] = ()
    for days in (15, 400):  # most often somebody is there soon; in a year and a month every duty comes round
        begins = duty.every.occurrences(timetable(plan, duty.calendar, edition), FROM, FROM + days * 86_400)
        for shift in shifts:
            if any(timetable(plan, shift, edition).intervals(at, at + limit.length.amount) for at in begins):
                return False
    return bool(begins)


OTHERWISE: Final = Words(
    "change when it comes round, or let a role that is there own it", "改变它到来的时间，或由在岗的角色负责"
)
