"""A small plan written by hand, and histories on it from one line of text: `02 09:00 open; 02 10:00 accept`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.core import Actor, Command, Family, Outcome, Row, Rule, Step, Table, advance, decide
from engine.core import commands as c
from engine.core import conditions as when
from engine.core import plan as p
from engine.core.figures import FigureValue, History, Period, measure
from engine.worktime import DayRule, Length, Unit, parse_recurrence

ZONE = ZoneInfo("Asia/Shanghai")
HOUR = 3600
RULE = Rule("test")
#: Whoever asks may do anything, and leave out what a move asks for.
ALL = Actor("小陈", frozenset({"desk", "manager", "system", "parent"}))


def at(text: str) -> int:
    """`02 09:00` of November 2026 in Shanghai, `10-31 09:00` of another month, `2025-11-02 09:00` of another year."""
    text = {8: "2026-11-", 11: "2026-"}.get(len(text), "") + text
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE).timestamp())


NOVEMBER = Period(at("01 00:00"), at("12-01 00:00"))
OCTOBER = Period(at("10-01 00:00"), at("01 00:00"))
#: What is known reaches to here, unless a test says otherwise.
END = at("12-20 00:00")


def rows(names: str, *given: tuple[Any, ...]) -> pytest.MarkDecorator:
    """A table of cases; the first cell of a row says what it shows."""
    return pytest.mark.parametrize(names.split(), [pytest.param(*cells, id=title) for title, *cells in given])


# ---- the plan -------------------------------------------------------------------------------------------------------


def role(name: str) -> p.Party:
    return p.Party("role", name)


def always(value: Any) -> Table[Any]:
    return Table((Row(RULE, None, value),))


def hours(n: int) -> p.LengthLimit:
    return p.LengthLimit(Length(n * HOUR, Unit.SECONDS), "always", DayRule.CLOSE)


def state(id: str, owner: p.Party | None = None, **more: Any) -> p.State:
    return p.State(id, id, RULE, owner, **more)


def move(id: str, source: str, to: str | None = None, ask: str = "", **more: Any) -> p.Move:
    asked = tuple(p.Asked(name, False) for name in ask.split())
    return p.Move(id, id, RULE, frozenset(source.split()), to, (role("desk"),), asked, **more)


def flow(id: str, states: list[p.State], moves: list[p.Move]) -> p.Workflow:
    states = [*states, state("merged", final=True)]
    return p.Workflow(id, id, states[0].id, {s.id: s for s in states}, {m.id: m for m in moves}, RULE)


def deadline(id: str, of: str, starts: str, until: str, limit: Table[p.Limit], **more: Any) -> p.Deadline:
    names = [frozenset(words.split()) for words in (of, starts, until)]
    return p.Deadline(id, id, *names, limit, RULE, escalate=None, **more)


def fact(id: str, type: p.FactType = "text", values: str = "", **more: Any) -> p.Fact:
    return p.Fact(id, id, type, RULE, {name: name for name in values.split()}, **more)


CASE = flow(
    "case",
    [
        state("received", role("desk")),
        state("handling", p.Party("fact", "department")),
        state("waiting", role("desk"), pauses="all", unlimited="the owner decides"),
        state("resolved", role("manager")),
        state("closed", final=True),
        state("withdrawn", final=True),
    ],
    [
        move("accept", "received", "handling", "promised_at"),
        move("contact", "received handling", observed=True),
        move("transfer", "handling", None, "department"),
        move("involve", "handling", None, opens="enquiry"),
        move("extend", "handling waiting", None, "extended"),
        move("promise", "handling", None, "promised_at"),
        move("suspend", "handling", "waiting"),
        move("resume", "waiting", "handling"),
        move("resolve", "handling waiting", "resolved", "outcome", observed=True),
        move("satisfied", "resolved", "closed", "score manners"),
        move("dissatisfied", "resolved", "handling", "score", rework=True),
        move("archive", "resolved", "closed"),
        move("reopen", "closed", "handling", rework=True),
        move("withdraw", "received handling waiting resolved", "withdrawn"),
    ],
)
ROUND = flow(
    "round",
    [state("todo", role("desk")), state("done", final=True), state("excused", final=True)],
    [move("lobby", "todo", observed=True), move("garden", "todo", observed=True), move("finish", "todo", "done")],
)
EXTENDED = when.OneOf("extended", frozenset({True}))
LIMIT: Table[p.Limit] = Table((Row(RULE, EXTENDED, hours(48)), Row(RULE, when.Not(EXTENDED), hours(24))))
FACTS = (
    fact("topic", "choice", "noise dirt lift"),
    fact("unit"),
    fact("department", "role", default=always("repairs")),
    fact("extended", "flag"),
    fact("anonymous", "flag"),
    fact("promised_at", "time"),
    fact("called_at", "time"),
    fact("outcome", "choice", "solved unsolvable"),
    fact("score", "score"),
    fact("manners", "score"),
    fact("people", "number"),
)
PLAN = p.Plan(
    id="test",
    title="test",
    version="v1",
    timezone="Asia/Shanghai",
    calendar="always",
    last_resort="manager",
    calendars={},
    roles={name: p.Role(name, name, RULE) for name in ("desk", "repairs", "manager")},
    facts={fact.id: fact for fact in FACTS},
    categories={
        "enquiry": p.Category("enquiry", "enquiry", "case", RULE, record=(p.Asked("people", True),)),
        "complaint": p.Category("complaint", "complaint", "case", RULE),
        "patrol": p.Category("patrol", "patrol", "round", RULE, duty="patrol"),
    },
    workflows={"case": CASE, "round": ROUND},
    deadlines=(
        deadline("resolve", "complaint enquiry", "accept dissatisfied", "resolve", LIMIT),
        deadline("keep_word", "complaint", "accept", "resolve", always(p.InstantLimit(p.Instant("promised_at")))),
        deadline("whole", "complaint enquiry", "opened reopen", "closed withdrawn", always(hours(5000))),
        deadline("patrol_within", "patrol", "opened", "done", always(hours(1)), duty="patrol"),
    ),
    ladders={},
    numbers={"households": 1268},
    detections={"again": p.Detection("again", "again", frozenset({"complaint"}), ("unit",), RULE, link=True)},
    duties={
        "patrol": p.Duty(
            id="patrol",
            title="patrol",
            every=parse_recurrence("day"),
            within=hours(1),
            owner=role("desk"),
            category="patrol",
            calendar="always",
            rule=RULE,
            places=("lobby", "garden"),
        )
    },
)


def figure(kind: p.Measure, of: str = "complaint enquiry", id: str = "it", **more: Any) -> p.Figure:
    return p.Figure(id, id, frozenset(of.split()), kind, Rule("figures.it", ("A01",)), **more)


def count(moments: str, **more: Any) -> p.Figure:
    """`opened`, or several, parted by commas."""
    return figure(p.Count(frozenset(moments.split(", "))), **more)


# ---- histories ------------------------------------------------------------------------------------------------------

#: Acts that are not moves of the workflow.
ACTS: Mapping[str, c.Act] = {
    "excuse": c.Excuse("resolve", "storm"),
    "excuse_round": c.Excuse("patrol_within", "flood"),
    "correct_met": c.CorrectVerdict("resolve#1.1", "met", "photo", "was there"),
    "correct_late": c.CorrectVerdict("resolve#1.1", "late", "photo", "was not there"),
    "merge": c.Merge("T0"),
    "detect": c.Detected("again", ("T0", "T1"), True),
}


def act_of(name: str, *given: str) -> c.Act:
    """`open enquiry people=3`, `resolve outcome=solved`, `set_facts people=4`, or one of ACTS."""
    facts = {key: _value(text) for key, _, text in (word.partition("=") for word in given if "=" in word)}
    if name in ACTS:
        return ACTS[name]
    if name == "open":
        category = given[0] if given and "=" not in given[0] else "complaint"
        return c.Open(category, facts, facts.pop("first_contact", None), "v1")
    if name == "set_facts":
        return c.SetFacts(facts, "asked")
    if name == "correct":
        return c.CorrectFacts(facts, "tape", "misheard")
    if name == "assign":
        return c.Assign("desk", given[0])
    return c.Do(name, facts)


def _value(text: str) -> Any:
    if ":" in text:
        return at(text.replace("_", " "))
    return {"yes": True, "no": False}.get(text, int(text) if text.isdigit() else text)


def history(script: str, id: str = "T1", until: int = END) -> History:
    """What the commands of a script make of a ticket, with all timers applied up to `until`.

    `02 09:20 contact < 02 09:05`: reported at 09:20, done at 09:05. `02 09:30 .1 contact`: on its first part.
    """
    family: Family | None = None
    steps: list[Step] = []
    for line in filter(None, (line.strip() for line in script.split(";"))):
        text, _, occurred = line.partition(" < ")
        day, clock, name, *given = text.split()
        part = name if name.startswith(".") else ""
        if part:
            name, *given = given
        now = at(f"{day} {clock}")
        if family is not None:
            for passed in advance(PLAN, family, now - 1):
                steps.append(passed.step)
                family = passed.family
        command = Command(id + part, ALL, now, act_of(name, *given), at(occurred) if occurred else None)
        done = decide(PLAN, family, command)
        assert isinstance(done, Outcome), (line, done)
        steps.append(done.step)
        family = done.family
    assert family is not None
    for passed in advance(PLAN, family, until):
        steps.append(passed.step)
        family = passed.family
    found = History.of(steps)
    assert found.family == family
    return found


def histories(*scripts: str) -> list[History]:
    """One ticket each."""
    return [history(script, f"T{n}") for n, script in enumerate(scripts, 1)]


def value(
    asked: p.Figure, *given: History | str, period: Period = NOVEMBER, as_of: int = END, **more: Any
) -> FigureValue:
    """The figure of some histories, or of scripts."""
    known = [history(one, f"T{n}") if isinstance(one, str) else one for n, one in enumerate(given, 1)]
    return measure(PLAN, asked, known, period, as_of, **more)
