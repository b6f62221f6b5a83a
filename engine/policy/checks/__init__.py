"""What can be proved of a plan before it runs: one family of checks, one module.

A check reads the compiled plan and says at the desk what is wrong; where it would rest on something that is wrong
already, it keeps quiet. The order is that of the sections.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from engine.core import Plan
from engine.policy.checks import (
    calendars,
    deadlines,
    duties,
    engine_moves,
    facts,
    figures,
    ladders,
    privacy,
    roles,
    silence,
    tables,
    unused,
    workflows,
)
from engine.policy.compile.desk import Desk

CHECKS: Final = (
    calendars.check,
    roles.check,
    facts.check,
    workflows.check,
    engine_moves.check,
    silence.check,
    deadlines.check,
    ladders.check,
    tables.check,
    duties.check,
    privacy.check,
    figures.check,
    unused.check,
)


def check_plan(desk: Desk, plan: Plan, today: date | None) -> None:
    """All checks of the whole, and with a day at hand the one that asks how far calendars are known."""
    for check in CHECKS:
        check(desk, plan)
    if today is not None:
        calendars.check_horizon(desk, plan, today)
