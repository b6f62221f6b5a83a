"""Workflows: every state can be reached, can be left towards an end, and somebody must act in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.core import Plan
from engine.core.plan import Move, Workflow
from engine.policy.compile.desk import Desk
from engine.policy.compile.flow import MERGED
from engine.policy.shapes import Path
from engine.policy.words import Words


def check(desk: Desk, plan: Plan) -> None:
    for id, workflow in plan.workflows.items():
        if id not in desk.ids("workflows"):  # built in
            continue
        path: Path = ("workflows", id)
        _pauses(desk, path, plan, workflow)
        _late_reports(desk, path, workflow)
        _owners(desk, path, workflow)
        if not doubtful(desk, path):
            reached = _reached(desk, path, workflow)
            _dead_ends(desk, path, workflow, reached)
            _orders(desk, path, workflow)


def doubtful(desk: Desk, path: Path) -> bool:
    """Whether where its moves lead is uncertain, because one of them is."""
    return any(
        bad[: len(path)] == path[: len(bad)] and (len(bad) <= 4 or bad[4] in ("from", "to", "initial", "final"))
        for bad in desk.doubtful
    )


def _edges(workflow: Workflow) -> Iterable[tuple[str, str]]:
    for move in workflow.moves.values():
        if move.to is not None:
            yield from ((source, move.to) for source in move.sources)


def _reached(desk: Desk, path: Path, workflow: Workflow) -> Mapping[str, tuple[str, ...]]:
    """Each reachable state with the shortest way to it; the others are reported."""
    ways: dict[str, tuple[str, ...]] = {workflow.initial: (workflow.initial,)}
    edges = list(_edges(workflow))
    frontier = [workflow.initial]
    while frontier:
        here = frontier.pop(0)
        for source, target in edges:
            if source == here and target not in ways:
                ways[target] = (*ways[here], target)
                frontier.append(target)
    for name, state in workflow.states.items():
        if name not in ways and name != MERGED:
            label = Words(f"no move leads here from {workflow.initial}", f"从 {workflow.initial} 出发没有动作通向这里")
            desk.add(desk.say("E201", (*path, "states", name), label, key=True, state=state.title).helping(LEAD_THERE))
    return ways


def _dead_ends(desk: Desk, path: Path, workflow: Workflow, ways: Mapping[str, tuple[str, ...]]) -> None:
    ending = {name for name, state in workflow.states.items() if state.final}
    edges = list(_edges(workflow))
    while more := {source for source, target in edges if target in ending and source not in ending}:
        ending |= more
    for name, way in ways.items():
        if name not in ending:
            found = desk.say("E202", (*path, "states", name), key=True, state=workflow.states[name].title)
            steps = " → ".join(workflow.states[step].title for step in way)
            desk.add(
                found.noting(Words(f"a ticket gets here by: {steps}", f"工单这样到这里：{steps}")).helping(LEAD_OUT)
            )


def _owners(desk: Desk, path: Path, workflow: Workflow) -> None:
    texts = (desk.policy.workflows or {})[workflow.id].states
    for name, state in workflow.states.items():
        at: Path = (*path, "states", name)
        if not state.final and texts[name].owner is None and not desk.doubts(*at):
            desk.add(desk.say("E203", at, key=True, state=state.title).helping(SAY_OWNER))


def _pauses(desk: Desk, path: Path, plan: Plan, workflow: Workflow) -> None:
    """A state that stops clocks says for how long."""
    capped = {d.cap_of for d in plan.deadlines if d.cap_of and d.rule.path.startswith(f"workflows.{workflow.id}.")}
    for name, state in workflow.states.items():
        at: Path = (*path, "states", name)
        limited = name in capped or state.unlimited is not None or "at_most" in _keys(desk, at)
        if state.pauses and not limited and not desk.doubts(*at, "at_most"):
            desk.add(desk.say("E206", (*at, "pauses"), key=True, state=state.title).helping(CAP_IT))


def _late_reports(desk: Desk, path: Path, workflow: Workflow) -> None:
    """What may be reported late can be: by the nature of the move, and by the plan."""
    texts = (desk.policy.workflows or {})[workflow.id].moves
    for name, move in workflow.moves.items():
        at: Path = (*path, "moves", name, "observed")
        if texts[name].observed and not move.observed:
            desk.add(desk.say("E211", at, move=move.title))
        elif texts[name].observed and desk.policy.late_reports is None and not desk.doubts("late_reports"):
            desk.add(desk.say("W213", at, move=move.title).helping(HOW_LATE))


def _keys(desk: Desk, at: Path) -> tuple[str, ...]:
    entry = desk.document.entry(at)
    return tuple(getattr(entry.value, "entries", ())) if entry else ()


def _orders(desk: Desk, path: Path, workflow: Workflow) -> None:
    """A move that must come after another can come after it."""
    for name, move in workflow.moves.items():
        for index, (before, when) in enumerate(move.after):
            first = workflow.moves.get(before)
            if first is None or when is not None or _can_follow(workflow, first, move):
                continue
            never = desk.say("E212", (*path, "moves", name, "after", index), move=move.title, before=first.title)
            desk.add(never.helping(BEFORE))


def _can_follow(workflow: Workflow, first: Move, move: Move) -> bool:
    """Whether some way through the states makes `first` and, in the same round, comes to where `move` is made."""
    after = {first.to} if first.to is not None else set(first.sources)
    steps = [
        (source, m.to) for m in workflow.moves.values() if m.to is not None and not m.rework for source in m.sources
    ]
    while more := {target for source, target in steps if source in after and target not in after}:
        after |= more
    return bool(after & move.sources)


BEFORE = Words(
    "`after` names moves that are made earlier in the round: take it out, or let it be made on the way here",
    "`after` 写的是本轮中先做的动作：去掉它，或让它在到达这里之前可以做",
)
LEAD_THERE = Words("add a move to it, or take it away", "加一个通向它的动作，或者去掉它")
LEAD_OUT = Words("add a move towards a final state", "加一个通向终态的动作")
SAY_OWNER = Words("write owner: and a role", "写 owner: 和一个角色")
HOW_LATE = Words("write late_reports: 30 minutes beside `timezone`", "在 `timezone` 旁写 late_reports: 30分钟")
CAP_IT = Words(
    "write at_most: 7 calendar days, or unlimited: and the reason", "写 at_most: 7个自然日，或 unlimited: 和理由"
)
