"""Moves that the engine makes: they are never refused, reach nobody else, and come to an end."""

from __future__ import annotations

from engine.core import Plan
from engine.core.plan import Deadline, Move, Party, Workflow
from engine.policy.checks.workflows import doubtful
from engine.policy.compile.desk import Desk
from engine.policy.shapes import Path
from engine.policy.words import Words

ENGINE = Party("word", "engine")


def check(desk: Desk, plan: Plan) -> None:
    for id, workflow in plan.workflows.items():
        if id in desk.ids("workflows"):
            _engine_moves(desk, ("workflows", id), workflow)
    for deadline in plan.deadlines:
        if deadline.then is not None:
            _then(desk, plan, deadline)


def _engine_moves(desk: Desk, path: Path, workflow: Workflow) -> None:
    made = {name: move for name, move in workflow.moves.items() if ENGINE in move.by}
    for name, move in made.items():
        at: Path = (*path, "moves", name)
        problem = _cannot_be_made(move) or (NEEDS_WHEN if move.when is None else NEEDS_TO if move.to is None else None)
        if problem is not None and not desk.doubts(*at):
            desk.add(desk.say("E209", at, key=True, move=move.title, problem=problem))
    edges = [(source, move.to) for move in made.values() for source in move.sources if move.to is not None]
    circle = _circle(edges)
    if circle:
        first = next(name for name, move in made.items() if move.to == circle[1] and circle[0] in move.sources)
        titles = " → ".join(workflow.states[name].title for name in circle)
        desk.add(desk.say("E208", (*path, "moves", first), key=True, circle=titles))


def _cannot_be_made(move: Move) -> Words | None:
    """Why the engine could be refused a move."""
    if any(not item.optional for item in move.ask):
        return Words("it asks for a fact that nobody would fill in", "它要求填写事实，而没有人来填")
    if move.assign is not None:
        return Words("it names an assignee, which only a person does", "它要指派人员，只有人才能指派")
    if move.other_than:
        return Words("it asks who made another move", "它要求由另一个人来做")
    return None


def _then(desk: Desk, plan: Plan, deadline: Deadline) -> None:
    """What the engine does at a due must never be refused, nor reach another family."""
    path = tuple(deadline.rule.path.split("."))
    for category in sorted(deadline.of):
        workflow = plan.workflow_of(category)
        move = workflow.moves.get(deadline.then or "")
        if move is None:
            if deadline.cap_of is None and not doubtful(desk, ("workflows", workflow.id)):
                desk.add(
                    desk.say(
                        "E210",
                        (*path, "then"),
                        move=deadline.then,
                        problem=Words(f"{category} has no such move", f"{category} 没有这个动作"),
                    )
                )
            return
        problem = _cannot_be_made(move)
        if problem is None and (move.when is not None or move.after or move.before is not None):
            problem = Words("it has a condition that may not hold then", "它有条件，到时不一定满足")
        if problem is None and move.on_parts is not None:
            problem = Words("it reaches other tickets", "它会牵动别的工单")
        if problem is None and deadline.cap_of is not None and deadline.cap_of not in move.sources:
            problem = Words("it cannot be made in this state", "在这个状态不能做这个动作")
        if problem is not None:
            desk.add(desk.say("E210", (*path, "then"), move=move.title, problem=problem))
            return


def _circle(edges: list[tuple[str, str]]) -> list[str]:
    """States around which the engine would run for ever."""
    for start, _ in edges:
        ways, frontier = {start: [start]}, [start]
        while frontier:
            here = frontier.pop()
            for source, target in edges:
                if source == here and target == start:
                    return [*ways[here], start]
                if source == here and target not in ways:
                    ways[target] = [*ways[here], target]
                    frontier.append(target)
    return []


NEEDS_WHEN = Words("nothing says when it makes it: write `when`", "没有写明何时执行：请写 `when`")
NEEDS_TO = Words(
    "it stays where it is and would be made again and again: write `to`", "它不改变状态，会反复执行：请写 `to`"
)
