"""Deadlines: each can begin and end for every category it is of."""

from __future__ import annotations

from engine.core import Plan
from engine.core.plan import Deadline, Workflow
from engine.policy.compile.desk import Desk
from engine.policy.shapes import Path
from engine.policy.suggest import WORDS_MAX, shown
from engine.policy.words import Words


def check(desk: Desk, plan: Plan) -> None:
    for deadline in plan.deadlines:
        path: Path = ("deadlines", deadline.id)
        if deadline.cap_of is not None or deadline.duty is not None or desk.doubts(*path):
            continue
        for category in sorted(deadline.of):
            flow = plan.workflow_of(category)
            if not desk.doubts("workflows", flow.id):
                _begins_and_ends(desk, plan, path, deadline, category, flow)
        _same_name(desk, plan, path, deadline)


def _begins_and_ends(desk: Desk, plan: Plan, path: Path, deadline: Deadline, category: str, flow: Workflow) -> None:
    title = plan.categories[category].title
    names = shown([*flow.moves, *flow.states], WORDS_MAX)
    there = Words(f"moves and states of {flow.id}: {names}", f"流程 {flow.id} 的动作和状态：{names}")
    for code, key, moments in (("E305", "from", deadline.starts), ("E306", "until", deadline.until)):
        if not any(_can_happen(plan, flow, category, name) for name in moments):
            never = desk.say(code, (*path, key), key=True, deadline=deadline.title, category=title)
            desk.add(never.helping(there))
            return


def _can_happen(plan: Plan, flow: Workflow, category: str, name: str) -> bool:
    """Whether a moment can come about on a ticket of this category."""
    id, _, event = name.rpartition(" ")
    if event in ("breached", "met"):
        return any(one.id == id and category in one.of for one in plan.deadlines)
    return name == "opened" or name in flow.moves or name in flow.states or name in plan.facts


def _same_name(desk: Desk, plan: Plan, path: Path, deadline: Deadline) -> None:
    """A state with `at_most` has a deadline of its own name; no other deadline of the category may have it."""
    for other in plan.deadlines:
        if other.cap_of is not None and other.id == deadline.id and other.of & deadline.of:
            twice = desk.say("E111", path, key=True, name=deadline.id)
            cap: Path = tuple(other.rule.path.split("."))
            desk.add(twice.against(desk.key(cap), Words("the limit of this state", "这个状态的停留时限")))
            return
