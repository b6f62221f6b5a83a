"""Figures: what they measure is measured somewhere."""

from __future__ import annotations

from engine.core import Plan
from engine.core.plan import AverageFact, Count, Figure, OnTime
from engine.policy.compile.desk import Desk
from engine.policy.shapes import Path
from engine.policy.words import Words


def check(desk: Desk, plan: Plan) -> None:
    for id, figure in plan.figures.items():
        path: Path = ("figures", id)
        if desk.doubts(*path):
            continue
        lacking = _lacking(plan, figure)
        if lacking is not None:
            desk.add(desk.say("W501", path, lacking, key=True, figure=figure.title))


def _lacking(plan: Plan, figure: Figure) -> Words | None:
    """What is never there to be measured."""
    of = figure.of or frozenset(plan.categories)
    match figure.measure:
        case OnTime(deadline):
            if not any(one.id == deadline and one.of & of for one in plan.deadlines):
                return Words(f"deadline {deadline} is of none of these", f"时限 {deadline} 不适用于这些类别")
        case AverageFact(fact):
            if not any(fact in _asked(plan, category) for category in of):
                return Words(f"nothing asks for {fact} there", f"那里没有任何动作填写 {fact}")
        case Count(moments, detections, still_open):
            flows = [plan.workflow_of(one) for one in of]
            happen = {name for flow in flows for name in (*flow.moves, *flow.states)} | {"opened"}
            happen |= {f"{one.id} {event}" for one in plan.deadlines if one.of & of for event in ("breached", "met")}
            if not still_open and not detections and not moments & happen:
                return Words("none of these ever happens there", "这些在那里都不会发生")
    return None


def _asked(plan: Plan, category: str) -> set[str]:
    flow = plan.workflow_of(category)
    asked = {item.fact for item in plan.categories[category].record}
    for move in flow.moves.values():
        asked |= {item.fact for item in move.ask} | set(move.set)
    return asked | {id for id, fact in plan.facts.items() if fact.default is not None}
