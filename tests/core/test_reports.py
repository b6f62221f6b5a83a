"""Reports: which periods, which parts, and which figure is the weakest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from engine.core import Command, Outcome, Rule, decide
from engine.core import plan as p
from engine.core.commands import Open
from engine.core.figures import FigureValue, Period, just_ended, period_of
from engine.core.reports import report
from engine.worktime import parse_recurrence
from tests.core.small_site import (
    ALL,
    END,
    NOVEMBER,
    OCTOBER,
    PLAN,
    RULE,
    always,
    at,
    count,
    fact,
    figure,
    histories,
    history,
    role,
    rows,
)
from tests.core.test_figures import ACCEPTED, SCORE, SOLVED, team

FIRST = at("12-01 00:00")


def monthly(*figures: p.Figure, by: str = "", lowest: bool = False) -> tuple[p.Plan, p.Report]:
    """A plan with one report of these figures."""
    names = tuple(one.id for one in figures)
    every = parse_recurrence("month")
    asked = p.Report(
        "monthly", "", every, (role("manager"),), names, Rule("reports.monthly"), tuple(by.split()), lowest
    )
    return replace(PLAN, figures={one.id: one for one in figures}, reports={"monthly": asked}), asked


def parts(asked: p.Figure, by: str, *scripts: str, **more: Any) -> list[tuple[Any, Any, int]]:
    """Value, figure and n of each part, in November."""
    plan, which = monthly(asked, by=by)
    found = report(plan, which, histories(*scripts), FIRST, END, **more)
    return [(part.value, part.figure.value, part.figure.n) for part in found.lines[0].by[by]]


def test_a_report_is_of_the_periods_that_just_ended() -> None:
    """At midnight of the first the month is over; a second earlier the one before is the last that was."""
    plan, which = monthly(count("opened", id="month"), count("opened", id="day", per="day"))
    known = [history(f"{day} 09:00 open", day, until=FIRST - 60) for day in ("10-31", "29", "30")]
    found = report(plan, which, known, FIRST)
    last_day = period_of("day", at("30 09:00"), PLAN.timezone)
    assert [line.figure.period for line in found.lines] == [NOVEMBER, last_day]
    assert [line.figure.value for line in found.lines] == [2, 1]
    assert (found.report, found.rule, found.at, found.weakest) == ("monthly", which.rule, FIRST, None)
    assert report(plan, which, known, FIRST - 1).lines[0].figure.period == OCTOBER
    assert just_ended("month", FIRST - 1, PLAN.timezone) == OCTOBER


def test_a_default_that_only_a_report_reads_is_worked_out() -> None:
    """For the tickets that the report is about, and for no others."""
    area = fact("area", default=always("north"))
    for of, value in (("", "north"), ("complaint", "north"), ("enquiry", None)):
        plan, _ = monthly(count("opened", of=of), by="area")
        plan = replace(plan, facts={**plan.facts, "area": area})
        opened = decide(plan, None, Command("T1", ALL, at("02 09:00"), Open("complaint", {}, None, "v1")))
        assert isinstance(opened, Outcome)
        assert opened.family.root.fact("area") == value, of


def test_a_report_printed_again_uses_what_is_known_now() -> None:
    plan, which = monthly(count("resolve breached"))
    corrected = histories(ACCEPTED + "12-05 09:00 correct_met")
    assert report(plan, which, corrected, FIRST, as_of=END).lines[0].figure.value == 0


@rows(
    "by scripts expected",
    (
        "a choice, in the order of the plan, those without last",
        "topic",
        ["02 09:00 open topic=lift", "02 09:00 open topic=noise", "02 09:00 open", "02 09:00 open topic=lift"],
        [("noise", 1), ("lift", 2), (None, 1)],
    ),
    (
        "a text, sorted",
        "unit",
        ["02 09:00 open unit=B-2", "02 09:00 open unit=A-1", "02 09:00 open unit=B-2"],
        [("A-1", 1), ("B-2", 2)],
    ),
    (
        "the category, in the order of the plan",
        "category",
        ["02 09:00 open enquiry", "02 09:00 open complaint", "02 09:00 open enquiry"],
        [("enquiry", 2), ("complaint", 1)],
    ),
    (
        "the local hour of the opening",
        "hour",
        ["02 14:59 open", "03 09:00 open", "05 14:00 open"],
        [(9, 1), (14, 2)],
    ),
    (
        "a role, in the order of the plan",
        "department",
        ["02 09:00 open department=repairs", "02 09:00 open department=desk", "03 09:00 open department=repairs"],
        [("desk", 1), ("repairs", 2)],
    ),
    (
        "who has it, or had it last",
        "role",
        ["02 09:00 open", ACCEPTED, SOLVED + "05 09:00 satisfied", ACCEPTED + "02 10:00 withdraw"],
        [("desk", 1), ("repairs", 2), ("manager", 1)],
    ),
    ("who does it", "assignee", ["02 09:00 open; 02 09:00 assign 小李", "02 09:00 open"], [("小李", 1), (None, 1)]),
    ("nothing is said of what does not occur", "topic", ["10-02 09:00 open topic=lift"], []),
)
def test_a_figure_is_split(by: str, scripts: list[str], expected: list[tuple[Any, int]]) -> None:
    assert parts(count("opened"), by, *scripts) == [(name, n, n) for name, n in expected]


def test_each_name_splits_on_its_own_and_the_whole_stays_beside() -> None:
    plan, which = monthly(count("opened"), by="topic category")
    line = report(
        plan, which, histories("02 09:00 open topic=lift", "02 09:00 open enquiry topic=lift"), FIRST, END
    ).lines[0]
    assert line.figure.value == 2
    assert {name: [part.value for part in found] for name, found in line.by.items()} == {
        "topic": ["lift"],
        "category": ["enquiry", "complaint"],
    }


def test_a_part_that_vanished_since_the_period_before_is_still_shown() -> None:
    assert parts(count("opened", against="previous"), "topic", "10-02 09:00 open topic=lift") == [("lift", 0, 0)]


PATROLS = (
    "02 09:30 lobby; 02 09:40 garden; 02 09:50 finish",
    "02 09:30 lobby; 02 11:30 lobby; 02 12:00 garden; 02 12:01 finish",
    "02 11:00 lobby",
    "",
    "02 10:00 lobby; 02 10:00 finish",
)


def test_a_place_of_a_round_is_on_time_if_it_was_first_ticked_by_the_due() -> None:
    """Rounds of 09:00, an hour each. One place is ticked in time and again later; one is never ticked."""
    scripts = [f"02 09:00 open patrol; {script}" for script in PATROLS]
    assert parts(figure(p.OnTime("patrol"), "patrol"), "place", *scripts) == [
        ("garden", Fraction(1, 5), 5),
        ("lobby", Fraction(3, 5), 5),
    ]
    assert parts(count("opened", of="patrol"), "place", *scripts) == [("garden", 2, 2), ("lobby", 4, 4)]


def test_an_excused_round_is_excused_at_every_place() -> None:
    excused = "02 09:00 open patrol; 02 09:10 lobby; 02 12:00 excuse_round"
    assert parts(figure(p.OnTime("patrol"), "patrol"), "place", excused) == [("garden", None, 0), ("lobby", None, 0)]


def test_load_is_split_by_its_roles() -> None:
    assert parts(figure(p.Load(("repairs", "desk")), ""), "role", "02 09:00 open; 02 10:00 accept", roster=team) == [
        ("repairs", Fraction(8, 10), 1),
        ("desk", Fraction(1, 20), 1),
    ]


def test_what_comes_from_elsewhere_is_not_split() -> None:
    imported = {("call_centre", NOVEMBER): Fraction(97, 100)}
    assert parts(figure(p.Outside("call_centre")), "topic", "02 09:00 open", outside=imported) == []


@rows("by", ("by role", "role"), ("by place", "place"))
def test_a_category_that_the_plan_no_longer_has_is_without_a_value(by: str) -> None:
    plan, which = monthly(count("opened", of=""), by=by)
    found = report(replace(plan, categories={}), which, histories("02 09:00 open"), FIRST, END)
    assert [(part.value, part.figure.n) for part in found.lines[0].by[by]] == [(None, 1)]


@rows(
    "given targets weakest",
    ("the lowest score", {"a": (80, "score"), "b": (79, "score")}, {}, "b"),
    ("of equals the first", {"b": (80, "score"), "a": (80, "score")}, {}, "b"),
    ("scores and shares compare", {"a": (80, "score"), "b": (Fraction(3, 4), "share")}, {}, "b"),
    ("full marks are 100 and 1", {"b": (Fraction(3, 4), "share"), "a": (75, "score")}, {}, "b"),
    ("where less is better", {"a": (80, "score"), "b": (Fraction(1, 4), "share")}, {"b": "at most"}, "b"),
    ("little is not the weakest", {"a": (70, "score"), "b": (Fraction(1, 4), "share")}, {"b": "under"}, "a"),
    ("a plain number has no full marks", {"a": (80, "score"), "b": (0, "number")}, {}, "a"),
    ("without a value it is no candidate", {"a": (None, "score"), "b": (99, "score")}, {}, "b"),
    ("no candidate at all", {"a": (None, "score")}, {}, None),
)
def test_the_weakest_is_named(
    monkeypatch: pytest.MonkeyPatch, given: Mapping[str, Any], targets: Mapping[str, Any], weakest: str | None
) -> None:
    def as_given(books: object, asked: p.Figure, period: Period) -> FigureValue:
        number, unit = given[asked.id]
        return FigureValue(asked.id, RULE, period, None if number is None else Fraction(number), unit, 1)

    monkeypatch.setattr("engine.core.reports.evaluate", as_given)
    figures = [replace(SCORE, id=id, target=p.Target(targets[id]) if id in targets else None) for id in given]
    plan, which = monthly(*figures, lowest=True)
    assert report(plan, which, [], FIRST).weakest == weakest
    assert report(plan, replace(which, lowest=False), [], FIRST).weakest is None
