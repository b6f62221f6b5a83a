"""No silent ticket: in every state something runs whose end somebody is told of (DESIGN, law 8)."""

from __future__ import annotations

from engine.core import Plan
from engine.core.plan import Deadline, State, Workflow
from engine.policy.checks.workflows import doubtful
from engine.policy.compile.desk import Desk
from engine.policy.shapes import Path
from engine.policy.words import Words


def check(desk: Desk, plan: Plan) -> None:
    for category in plan.categories.values():
        if category.duty is None and not doubtful(desk, ("workflows", category.workflow)):
            _silent_states(desk, plan, category.id)


def _silent_states(desk: Desk, plan: Plan, category: str) -> None:
    """A state in which no deadline of a category can be running on any way there (DESIGN, law 8)."""
    workflow = plan.workflow_of(category)
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


LIMIT_IT = Words(
    "let a deadline start before or here, or write unlimited: and the reason",
    "让某个时限在此前或此处起算，或写 unlimited: 和理由",
)
