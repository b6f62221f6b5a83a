"""Figures of a period against their targets."""

from __future__ import annotations

from datetime import date, datetime, time
from fractions import Fraction
from typing import Annotated, Any, Final

from fastapi import Query as Param

from engine.core import FigureValue, Plan
from engine.server import present
from engine.server.api.duties import FIRST, LAST
from engine.server.api.route import router
from engine.server.auth import Caller, needs

routes = router("figures")
#: Tickets that cannot be read that an answer names.
NAMED: Final = 100


@routes.get("/sites/{site}/figures", summary="Figures of a period")
def figures(
    site: str,
    caller: Annotated[Caller, needs("figures.read")],
    day: Annotated[
        date | None, Param(description="A day of the period; today if there is none.", ge=FIRST, le=LAST)
    ] = None,
) -> dict[str, Any]:
    """Each figure of the plan, of its own period (day, week, month …) in which the day lies, by what is known now.
    `unread` are tickets whose history is damaged and that are missing in them: how many, and the first of them.
    """
    service = caller.service
    zone = service.site.zone
    at = caller.at if day is None else int(datetime.combine(day, time(12), zone).timestamp())
    known = caller.daemon.figures.of(service, at, caller.at)
    return {
        "as_of": present.instant(known.as_of, zone),
        "figures": [shown(known.plan, value) for value in known.values],
        "unread": {"count": len(known.unread), "tickets": known.unread[:NAMED]},
    }


def shown(plan: Plan, value: FigureValue) -> dict[str, Any]:
    """A figure's value. `exact` is the fraction that `value` rounds; a share is of 1, a time in seconds."""
    figure = plan.figures[value.figure]
    zone = plan.zone
    return {
        "figure": present.named(figure.id, figure.title),
        "per": figure.per,
        "start": present.instant(value.period.start, zone),
        "end": present.instant(value.period.end, zone),
        "unit": value.unit,
        "value": _number(value.value),
        "exact": str(value.value) if value.value is not None else None,
        "reason": value.reason,
        "n": value.n,
        "target": figure.target.text if figure.target is not None else None,
        "verdict": value.verdict,
        "left_out": dict(value.left_out),
        "marks": dict(value.marks),
        "companions": {name: _number(other) for name, other in value.companions.items()},
        **present.rule(plan, value.rule),
    }


def _number(value: Fraction | None) -> float | None:
    return float(value) if value is not None else None
