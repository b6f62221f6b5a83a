"""A ticket on trial: opened by the core from facts that somebody names, to ask the plan what would hold for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from engine.cli.errors import CallError
from engine.cli.plans import edition_of
from engine.core import Actor, Command, Family, Plan, Refusal, Run, Shape, Ticket, Value, Work, commands, decide
from engine.core.conditions import View
from engine.core.plan import OWNER, Deadline, Party, State
from engine.runtime import SYSTEM, ValueProblemError, read_instant, read_value

TICKET = "T1"


class Trial:
    """One ticket of a category at its opening. Nobody is asked for what is not known: facts may be missing."""

    def __init__(self, plan: Plan, category: str, facts: Iterable[str], at: int) -> None:
        values = read_facts(plan, facts, at)
        act = commands.Open(category, values, None, plan.version, edition_of(plan))
        outcome = decide(plan, None, Command(TICKET, Actor("explain", frozenset({SYSTEM})), at, act))
        if isinstance(outcome, Refusal):
            raise CallError(
                f"such a ticket cannot be opened: {outcome.code} {outcome.detail}",
                f"无法开这样的工单：{outcome.code} {outcome.detail}",
            )
        self.plan = plan
        self.family: Family = outcome.family
        self.ticket: Ticket = outcome.family.root
        self.work = Work(plan, self.family, at, Actor("explain", frozenset()))

    @property
    def view(self) -> View:
        return self.work.view(self.ticket)

    def run(self, deadline: Deadline) -> Run | None:
        """The run of a deadline that starts at the opening; None if it does not speak of such a ticket, or its instant
        is not known.
        """
        row, at = deadline.limit.pick(self.view), self.work.at
        due = self.work.due(self.ticket, row.value, at) if row is not None else None
        if row is None or due is None:
            return None
        name = deadline.id
        return Run(f"{name}#1.1", name, 1, 1, row.rule, row.value, at, at, due.at, due.provisional)


def states_of(found: Shape, deadline: Deadline) -> Iterator[State]:
    """The states in which a deadline starts: entered, or led to by a move that starts it; else the initial one."""
    flow = found.workflow
    for name in [*flow.moves, *flow.states]:
        if name in deadline.starts:
            to = flow.moves[name].to if name in flow.moves else name
            yield from (flow.states[state] for state in ([to] if to else sorted(flow.moves[name].sources)))
    yield flow.states[flow.initial]


def owner_of(found: Shape, deadline: Deadline) -> Party | None:
    """Who has to act on a deadline where no ticket says it: its own owner, else that of the state where it starts."""
    if deadline.owner is not None and deadline.owner != OWNER:
        return deadline.owner
    return next((state.owner for state in states_of(found, deadline) if state.owner is not None), None)


def read_facts(plan: Plan, given: Iterable[str], at: int) -> dict[str, Value]:
    """`--fact name=value`, each as the door would read it."""
    zone = plan.zone
    roles = plan.role_names
    values: dict[str, Value] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            raise CallError(f"--fact {text}: write name=value", f"--fact {text}：请写 name=value")
        if name not in plan.facts:
            raise CallError(
                f"--fact {text}: the plan has no fact {name}; it has {', '.join(plan.facts)}",
                f"--fact {text}：方案中没有事实 {name}；现有：{'、'.join(plan.facts)}",
            )
        try:
            values[name] = read_value(plan.facts[name], value.strip(), zone, datetime.fromtimestamp(at, zone), roles)
        except ValueProblemError as problem:
            raise CallError(f"--fact {text}: {problem}", f"--fact {text}：{problem.words.zh}") from None
    return values


def read_at(plan: Plan, text: str, option: str, reference: int | None = None) -> int:
    """An instant, local to the plan; a time alone is on the day of the reference."""
    zone = plan.zone
    if reference is None and len(text.strip()) < 11:
        raise CallError(
            f'{option} {text}: write a date and a time: "2026-09-30 19:46"',
            f'{option} {text}：请写日期和时间："2026-09-30 19:46"',
        )
    try:
        return read_instant(text, zone, datetime.fromtimestamp(reference or 0, zone), same_year=True)
    except ValueProblemError as problem:
        raise CallError(f"{option} {text}: {problem}", f"{option} {text}：{problem.words.zh}") from None


def the_category(plan: Plan, named: str | None, fitting: Iterable[str]) -> str:
    """The category that is asked about: as named, or the only one there is."""
    known = sorted(fitting)
    if named is None and len(known) == 1:
        return known[0]
    if named not in known:
        choice = f"--category {' | '.join(known)}"
        if named is None:
            raise CallError(f"which category? {choice}", f"哪个类别？{choice}")
        raise CallError(f"{named} is none of them: {choice}", f"{named} 不在其中：{choice}")
    return named
