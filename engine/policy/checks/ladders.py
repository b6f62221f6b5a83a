"""Ladders: rungs one after the other, each of which can be reached."""

from __future__ import annotations

from typing import Final

from engine.core import Plan
from engine.core.plan import Ladder, LengthLimit, Rung
from engine.policy.compile.desk import Desk
from engine.policy.shapes import Path
from engine.policy.words import Words
from engine.worktime import Length, Unit


def check(desk: Desk, plan: Plan) -> None:
    for id, ladder in plan.ladders.items():
        path: Path = ("escalations", id)
        if id not in desk.ids("escalations") or desk.doubts(*path):
            continue
        _same_instant(desk, path, ladder)
        _never_reached(desk, plan, path, ladder)
        for rung in ladder.rungs:
            if (rung.every is None) != (rung.times == 0):
                lacking = "times" if rung.times == 0 else "every"
                what = f"escalations.{id}.{rung.id}"
                desk.add(desk.say("E104", (*path, rung.id), key=True, what=what, keys=f"`{lacking}`"))


def _same_instant(desk: Desk, path: Path, ladder: Ladder) -> None:
    """Rungs rise one by one; two at one instant are one, unless their conditions tell them apart."""
    seen: dict[object, Rung] = {}
    for rung in ladder.rungs:
        other = seen.setdefault(rung.at, rung)
        if other is not rung and rung.when is None and other.when is None:
            found = desk.say("E303", (*path, rung.id, "at"), rung=rung.id, other=other.id)
            desk.add(found.against(desk.span((*path, other.id, "at")), Words("the other", "另一级")))


def _never_reached(desk: Desk, plan: Plan, path: Path, ladder: Ladder) -> None:
    """A rung so long before the due that it lies before the start of every deadline of the ladder."""
    limits = [row.value for d in plan.deadlines if d.escalate == ladder.id for row in d.limit.rows]
    for rung in ladder.rungs:
        ahead = rung.at.offset
        if ahead is None or ahead.amount >= 0 or not limits:
            continue
        if all(isinstance(limit, LengthLimit) and _no_longer(limit.length, ahead) for limit in limits):
            desk.add(desk.say("W303", (*path, rung.id, "at"), rung=rung.id).helping(NEARER))


def _no_longer(limit: Length, ahead: Length) -> bool:
    """Whether a limit is certainly no longer than the time a rung comes before its due."""
    return limit.unit == ahead.unit and limit.unit != Unit.MONTHS and limit.amount <= -ahead.amount


NEARER: Final = Words(
    "bring it nearer to the due, or write a share such as `50%`", "离到期近一些，或写成 `50%` 这样的比例"
)
