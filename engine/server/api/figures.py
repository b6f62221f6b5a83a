"""Figures of a period against their targets."""

from __future__ import annotations

from datetime import date, datetime, time
from fractions import Fraction
from typing import Annotated, Any, Final

from fastapi import Query as Param
from pydantic import Field

from engine.core import FigureValue, Plan
from engine.server import present
from engine.server.api.duties import FIRST, LAST
from engine.server.api.route import Body, InstantText, Short, read_at, router
from engine.server.auth import Caller, needs
from engine.server.event_words import target_words
from engine.server.figures import Known, bring
from engine.server.problems import SENTENCES, ProblemError

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
    as_known_at: Annotated[
        InstantText | None, Param(description="An instant that is over; by what is known now if there is none.")
    ] = None,
) -> dict[str, Any]:
    """Each figure of the plan, of its own period (day, week, month …) in which the day lies, by what is known now; with
    `as_known_at` as this answer was then, from what was recorded by then. `unread` are tickets whose history is damaged
    and that are missing in them: how many, and the first of them.
    """
    then = read_at(caller, as_known_at) if as_known_at is not None else None
    known = _known(caller, _start(caller, day) if day is not None else None, then)
    return {
        "as_of": present.instant(known.as_of, caller.service.site.zone),
        "figures": [shown(known.plan, value) for value in known.values],
        "unread": {"count": len(known.unread), "tickets": known.unread[:NAMED]},
    }


class Importing(Body):
    source: Short = Field(description="As the plan names it: `outside: call_centre`.")
    value: Short = Field(description="A number or a share.", examples=["96%", "4.5"])
    day: Annotated[date, Field(ge=FIRST, le=LAST, strict=False)] | None = Field(
        None, description="A day of the period that it is of; today if there is none."
    )


@routes.post("/sites/{site}/figures", summary="A value from elsewhere")
def post(site: str, body: Importing, caller: Annotated[Caller, needs("figures.import")]) -> dict[str, Any]:
    """A value for the figures that the plan takes from this source, in their periods (day, week, month …) in which the
    day lies. Sent again, the latest one counts.
    """
    within = _start(caller, body.day) if body.day is not None else caller.at
    if wrong := bring(caller.service, caller.at, body.source, body.value, within):
        raise ProblemError(422, "value", wrong)
    caller.note("figures.import", body.source)
    return {"source": body.source, "value": body.value}


def _start(caller: Caller, day: date) -> int:
    return int(datetime.combine(day, time(), caller.service.site.zone).timestamp())


def _known(caller: Caller, within: int | None, then: int | None) -> Known:
    """The figures of now or of then. Raises ProblemError."""
    figures = caller.daemon.figures
    if then is None:
        return figures.of(caller.service, caller.at if within is None else within, caller.at)
    if then > caller.at:
        raise ProblemError(422, "instant", SENTENCES["not_yet"])
    known = figures.as_known_at(caller.daemon.engine, caller.site, then if within is None else within, then)
    if known is None:
        raise ProblemError(422, "instant", SENTENCES["before_all"])
    return known


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
        "target_words": target_words(plan, figure.target)._asdict() if figure.target is not None else None,
        "verdict": value.verdict,
        "left_out": dict(value.left_out),
        "marks": dict(value.marks),
        "companions": {name: _number(other) for name, other in value.companions.items()},
        **present.rule(plan, value.rule),
    }


def _number(value: Fraction | None) -> float | None:
    return float(value) if value is not None else None
