"""What a scenario names must be there: people, roles, shifts, clocks, tickets, and what site commands bring."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from engine.core import Plan
from engine.core.plan import STANDING_MOVES, Move
from engine.policy import Diagnostic, Span, Words, did_you_mean
from engine.runtime import read_number
from engine.sim.codes import diagnose
from engine.sim.scenario import Scenario, Step

REPORTER: Final = "reporter"
GONE: Final = "gone"
#: site command -> what it cannot do without, and what else it may bring; None: names of people.
SITE_COMMANDS: Final[Mapping[str, tuple[frozenset[str], frozenset[str]] | None]] = {
    "roster_changed": None,
    "engine_down": (frozenset(), frozenset()),
    "publish_calendar": (frozenset({"days"}), frozenset()),
    "reveal": (frozenset(), frozenset({"fact", "purpose"})),  # without them it is refused, and the file may say so
    "import_figure": (frozenset({"source", "value"}), frozenset()),
}

_PERSON: Final = Words("person", "人物")
_ROLE: Final = Words("role", "角色")
_SHIFT: Final = Words("shift", "班次")
_FACT: Final = Words("fact", "事实")
_DEADLINE: Final = Words("deadline", "时限")
_MOVE: Final = Words("move or command", "动作或命令")
TICKET: Final = Words("ticket", "工单")


class Titled(Protocol):
    """What has a title beside its id."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...


def check_names(scenario: Scenario, plan: Plan) -> Iterator[Diagnostic]:
    """Everything that a scenario names and that neither it nor its plan knows."""
    deadlines = {deadline.id for deadline in plan.deadlines}
    for person, text in scenario.people.items():
        yield from _holding(plan, text, person, scenario.people_spans[person])
    for kind, named, known, titled in (
        (_DEADLINE, scenario.clocks or (), deadlines, plan.deadlines),
        (Words("duty", "例行工作"), scenario.duties, plan.duties, plan.duties.values()),
        (Words("report", "报告"), scenario.reports, {*plan.reports, "rollout"}, plan.reports.values()),
    ):
        for name in sorted(named):
            yield from _known(kind, name, known, scenario.name_spans[name], titled)
    people = {*scenario.people, *(name for step in scenario.steps for name in _joining(step))}
    verbs = {"open", *STANDING_MOVES, *SITE_COMMANDS, *(m for flow in plan.workflows.values() for m in flow.moves)}
    for step in scenario.steps:
        if step.verb in SITE_COMMANDS:
            yield from _brought(step, plan, people)
        if step.verb is not None and not step.refused:
            own = {move.id: move for move in _own_moves(step, scenario, plan)}
            yield from _known(_MOVE, step.verb, dict.fromkeys([*own, *sorted(verbs)]), step.spans["do"], own.values())
            yield from _acting(step, people)
            if step.verb == "open" or step.verb in own:
                yield from _filled_in(step, plan)
    yield from _last(scenario, plan, deadlines)


def read_days(step: Step, beside: Path) -> Mapping[str, Any] | Diagnostic:
    """The day data that `publish_calendar` brings, from a file beside the scenario."""
    name = step.given["days"]
    try:
        document = json.loads((beside / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as fault:
        why = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
        return _unfit(step, "days", Words(f"{name} cannot be read: {why}", f"{name} 读不出来：{why}"))
    if not isinstance(document, dict):
        return _unfit(step, "days", Words(f"{name} is no day data", f"{name} 不是节假日数据"))
    return document


def _own_moves(step: Step, scenario: Scenario, plan: Plan) -> Iterator[Move]:
    """The moves of the step's ticket by its category; of one that the engine opens, those of the duties that run."""
    named = {other.ticket: other.given.get("category", "") for other in scenario.steps if other.verb == "open"}
    duties = (plan.duties[id].category for id in sorted(scenario.duties) if id in plan.duties)
    for category in [named[step.ticket]] if step.ticket in named else duties:
        if category in plan.categories:
            yield from plan.workflow_of(category).moves.values()


def _filled_in(step: Step, plan: Plan) -> Iterator[Diagnostic]:
    """The category and the facts that a step gives."""
    if step.verb == "open" and (category := step.given.get("category")) is not None:
        known = plan.categories
        yield from _known(Words("category", "类别"), category, known, step.given_spans["category"], known.values())
    for name in step.given.keys() - {"category" if step.verb == "open" else "assignee", "occurred_at"}:
        yield from _known(_FACT, name, plan.facts, step.given_keys[name], plan.facts.values())


def _acting(step: Step, people: Collection[str]) -> Iterator[Diagnostic]:
    """Who does it, and who gets it."""
    verb = step.verb or ""
    if verb not in SITE_COMMANDS or verb == "reveal":
        if not step.by:
            yield diagnose("E608", step.span, what=verb, keys="`by`")
        elif step.by != REPORTER:
            yield from _known(_PERSON, step.by, people, step.spans["by"])
        if verb not in SITE_COMMANDS and "assignee" in step.given:
            yield from _known(_PERSON, step.given["assignee"], people, step.given_spans["assignee"])


def _brought(step: Step, plan: Plan, people: Collection[str]) -> Iterator[Diagnostic]:
    """What a site command brings."""
    verb = step.verb or ""
    if verb == "roster_changed":
        for person, text in step.given.items():
            if text == GONE:
                yield from _known(_PERSON, person, people, step.given_spans[person])
            else:
                yield from _holding(plan, text, person, step.given_spans[person])
    elif (keys := SITE_COMMANDS.get(verb)) is not None:
        needed, more = keys
        for name in step.given.keys() - needed - more:
            yield from _known(Words("argument", "参数"), name, needed | more, step.given_spans[name])
        if lacking := ", ".join(f"`{name}`" for name in sorted(needed - step.given.keys())):
            yield diagnose("E608", step.span, what=verb, keys=lacking)
        if verb == "import_figure" and "value" in step.given and read_number(step.given["value"]) is None:
            yield _unfit(step, "value", Words("write `96%` or a number", "请写 `96%` 或数字"))


def _last(scenario: Scenario, plan: Plan, deadlines: Collection[str]) -> Iterator[Diagnostic]:
    """`finally`: a name with a ticket before it, as `T1.arrive`, is looked up without it."""
    last = scenario.last
    rungs = {name: name.rpartition(".")[0].rpartition(".")[2] or name for name in last.alerts}
    for section, kind, named, known in (
        ("running", _DEADLINE, {name: _tail(name) for name in last.running or ()}, deadlines),
        ("history", _DEADLINE, {name: _tail(name) for name in last.history}, deadlines),
        ("facts", _FACT, {name: _tail(name) for name in last.facts}, plan.facts),
        ("figures", Words("figure", "指标"), {name: name for name in last.figures}, plan.figures),
        ("files", Words("file", "档案"), {name: name for name in last.files}, plan.files),
        ("alerts", _DEADLINE, rungs, {*deadlines, *plan.duties}),
    ):
        for name, looked_up in named.items():
            span = last.spans.get(f"{section}.{name}", last.spans.get(section))
            yield from _known(kind, looked_up, known, span or scenario.policy_span)


def _tail(name: str) -> str:
    return name.rpartition(".")[2]


def _holding(plan: Plan, text: str, person: str, span: Span) -> Iterator[Diagnostic]:
    """`front_desk desk_early`: a role of the plan, and shifts of that role."""
    role, *shifts = text.split() or [""]
    if role not in plan.roles:
        if not role:
            yield diagnose("E608", span, what=person, keys=Words("a role", "角色"))
        else:
            yield from _known(_ROLE, role, plan.roles, span, plan.roles.values())
        return
    for shift in shifts:
        yield from _known(_SHIFT, shift, plan.roles[role].on_duty or (plan.calendar,), span)


def _joining(step: Step) -> Iterator[str]:
    if step.verb == "roster_changed":
        yield from (person for person, text in step.given.items() if text != GONE)


def _known(
    kind: Words, name: str, known: Collection[str], span: Span, titled: Iterable[Titled] = ()
) -> Iterator[Diagnostic]:
    """Whether a name is known; people also write the title of what they mean."""
    if name not in known:
        meant = next((one.id for one in titled if one.title == name), name)
        yield diagnose("E606", span, kind=kind, text=name).helping(*did_you_mean(meant, known))


def _unfit(step: Step, name: str, why: Words) -> Diagnostic:
    return diagnose("E609", step.given_spans.get(name, step.span), name=name, text=why)
