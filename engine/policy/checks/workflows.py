"""Workflows: every state can be reached, can be left towards an end, and somebody must act in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.core import Plan
from engine.core.plan import Deadline, Move, Party, State, Workflow
from engine.policy.compile.desk import Desk
from engine.policy.compile.flow import MERGED
from engine.policy.shapes import Path
from engine.policy.words import Words

ENGINE = Party("word", "engine")


def check(desk: Desk, plan: Plan) -> None:
    for id, workflow in plan.workflows.items():
        if id not in desk.ids("workflows") or id.startswith("duty "):
            continue
        path: Path = ("workflows", id)
        _engine_moves(desk, path, workflow)
        _pauses(desk, path, plan, workflow)
        _owners(desk, path, workflow)
        if not _doubtful(desk, path):
            reached = _reached(desk, path, workflow)
            _dead_ends(desk, path, workflow, reached)
            _orders(desk, path, workflow)
    for category in plan.categories.values():
        if category.duty is None and not _doubtful(desk, ("workflows", category.workflow)):
            _silent_states(desk, plan, category.id)
    for deadline in plan.deadlines:
        if deadline.then is not None:
            _then(desk, plan, deadline)


def _doubtful(desk: Desk, path: Path) -> bool:
    """Whether where its moves lead is uncertain, because one of them is."""
    return any(
        bad[: len(path)] == path[: len(bad)] and (len(bad) <= 4 or bad[4] in ("from", "to", "initial"))
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
    for name, move in workflow.moves.items():
        at = (*path, "moves", name)
        text = (desk.policy.workflows or {})[workflow.id].moves[name]
        if text.observed and not move.observed:
            desk.add(desk.say("E211", (*at, "observed"), move=move.title))


def _keys(desk: Desk, at: Path) -> tuple[str, ...]:
    entry = desk.document.entry(at)
    return tuple(getattr(entry.value, "entries", ())) if entry else ()


# ---- moves of the engine ----


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
        workflow = plan.workflows[plan.categories[category].workflow]
        move = workflow.moves.get(deadline.then or "")
        if move is None:
            if deadline.cap_of is None and not _doubtful(desk, ("workflows", workflow.id)):
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


# ---- order of moves ----


def _orders(desk: Desk, path: Path, workflow: Workflow) -> None:
    """A move that must come after another can come after it."""
    for name, move in workflow.moves.items():
        for index, (before, when) in enumerate(move.after):
            first = workflow.moves.get(before)
            if first is None or when is not None or _can_follow(workflow, first, move):
                continue
            desk.add(desk.say("E212", (*path, "moves", name, "after", index), move=move.title, before=first.title))


def _can_follow(workflow: Workflow, first: Move, move: Move) -> bool:
    """Whether some way through the states makes `first` and, in the same round, comes to where `move` is made."""
    after = {first.to} if first.to is not None else set(first.sources)
    steps = [
        (source, m.to) for m in workflow.moves.values() if m.to is not None and not m.rework for source in m.sources
    ]
    while more := {target for source, target in steps if source in after and target not in after}:
        after |= more
    return bool(after & move.sources)


# ---- no silent ticket ----


def _silent_states(desk: Desk, plan: Plan, category: str) -> None:
    """A state in which no deadline of a category can be running on any way there (DESIGN, law 8)."""
    workflow = plan.workflows[plan.categories[category].workflow]
    deadlines = [deadline for deadline in plan.deadlines if category in deadline.of]
    if any(bad[0] in ("deadlines", "facts") for bad in desk.doubtful):
        return
    for name in _silent(plan, workflow, deadlines):
        state: State = workflow.states[name]
        at: Path = ("workflows", workflow.id, "states", name)
        if state.unlimited is None and not desk.doubts(*at):
            found = desk.say("W204", at, key=True, state=state.title, category=plan.categories[category].title)
            desk.add(found.helping(LIMIT_IT))


def _silent(plan: Plan, workflow: Workflow, deadlines: list[Deadline]) -> list[str]:
    """The reachable states in which nothing runs: what may run in each is passed on along the moves till it settles."""
    times = {id for id, fact in plan.facts.items() if fact.type == "time"}
    may_run = {workflow.initial: _after(frozenset(), {"opened", workflow.initial} | times, deadlines)}
    frontier = [workflow.initial]
    while frontier:
        state = frontier.pop()
        for move in workflow.moves.values():
            if state not in move.sources:
                continue
            target = move.to or state
            happened = {move.id, *(() if target == state else (target,)), *({item.fact for item in move.ask} & times)}
            now = _after(may_run[state], happened, deadlines) | may_run.get(target, frozenset())
            if now != may_run.get(target):
                may_run[target] = now
                frontier.append(target)
    return [name for name, running in may_run.items() if not running and not workflow.states[name].final]


def _after(before: frozenset[str], happened: set[str], deadlines: list[Deadline]) -> frozenset[str]:
    """What may run after a step, if `before` may have run; a deadline that runs may be breached, one that ends met."""
    ended = {one.id for one in deadlines if (one.until | one.void) & happened}
    now = set(before) - ended
    moments = happened | {f"{id} met" for id in ended & before} | {f"{id} breached" for id in before}
    while more := {one.id for one in deadlines if one.starts & moments and one.id not in now}:
        now |= more
        moments |= {f"{id} breached" for id in more}
    return frozenset(now)


LEAD_THERE = Words("add a move to it, or take it away", "加一个通向它的动作，或者去掉它")
LEAD_OUT = Words("add a move towards a final state", "加一个通向终态的动作")
SAY_OWNER = Words("write owner: and a role", "写 owner: 和一个角色")
CAP_IT = Words(
    "write at_most: 7 calendar days, or unlimited: and the reason", "写 at_most: 7个自然日，或 unlimited: 和理由"
)
LIMIT_IT = Words(
    "let a deadline start before or here, or write unlimited: and the reason",
    "让某个时限在此前或此处起算，或写 unlimited: 和理由",
)
NEEDS_WHEN = Words("nothing says when it makes it: write `when`", "没有写明何时执行：请写 `when`")
NEEDS_TO = Words(
    "it stays where it is and would be made again and again: write `to`", "它不改变状态，会反复执行：请写 `to`"
)
