"""What a condition says of a ticket, as tables of views and answers."""

from __future__ import annotations

import pytest

from engine.core import Rule
from engine.core import conditions as c
from engine.core.shape import reads
from tests.core.harness import Story, plan_of

FACTS = {"severity": "major", "score": 60, "agitated": True, "risk": None, "time": 22 * 3600 + 30 * 60, "weekday": 5}
R = Rule("x")


def view(name: str):
    return FACTS.get(name)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (c.OneOf("severity", frozenset({"major"})), True),
        (c.OneOf("severity", frozenset({"general"})), False),
        (c.OneOf("unknown", frozenset({"major"})), False),
        (c.NoneOf("severity", frozenset({"general"})), True),
        (c.NoneOf("severity", frozenset({"major"})), False),
        (c.NoneOf("risk", frozenset({"legal"})), False),
        (c.IsSet("severity"), True),
        (c.IsSet("risk"), False),
        (c.IsSet("risk", wanted=False), True),
        (c.Between("score", low=60), True),
        (c.Between("score", low=60, low_open=True), False),
        (c.Between("score", high=60), True),
        (c.Between("score", high=60, high_open=True), False),
        (c.Between("score", low=61), False),
        (c.Between("score", high=59), False),
        (c.Between("severity", low=1), False),
        (c.Between("risk", low=1), False),
        (c.ClockTime(22 * 3600, 6 * 3600), True),
        (c.ClockTime(6 * 3600, 22 * 3600), False),
        (c.ClockTime(22 * 3600 + 30 * 60, 23 * 3600), True),
        (c.ClockTime(22 * 3600, 22 * 3600 + 30 * 60), False),
        (c.ClockTime(23 * 3600, 22 * 3600 + 30 * 60), False),
        (c.ClockTime(22 * 3600 + 30 * 60, 22 * 3600 + 30 * 60), False),
        (c.OpeningDay(weekdays=frozenset({5, 6})), True),
        (c.OpeningDay(weekdays=frozenset({0})), False),
        (c.All((c.IsSet("severity"), c.IsSet("score"))), True),
        (c.All((c.IsSet("severity"), c.IsSet("risk"))), False),
        (c.All(()), True),
        (c.Any((c.IsSet("risk"), c.IsSet("score"))), True),
        (c.Any((c.IsSet("risk"),)), False),
        (c.Any(()), False),
        (c.Not(c.IsSet("risk")), True),
    ],
)
def test_a_condition(condition, holds):
    assert condition.holds(view) is holds


def test_a_table_gives_the_row_that_holds_else_the_rest_else_nothing():
    major = c.Row(R, c.OneOf("severity", frozenset({"major"})), 1)
    general = c.Row(R, c.OneOf("severity", frozenset({"general"})), 2)
    rest = c.Row(R, None, 3)
    assert c.Table((rest, major)).pick(view) is major
    assert c.Table((general, rest)).pick(view) is rest
    assert c.Table((general,)).pick(view) is None


def test_what_a_condition_reads():
    condition = c.All(
        (c.Not(c.IsSet("a")), c.Any((c.Within("b", 1, "calendar days"), c.ClockTime(0, 1))), c.OpeningDay())
    )
    assert sorted(reads(condition)) == ["a", "b", "day", "time"]


NIGHT = """
facts: {meeting_at: {title: 会议, type: time}}
categories: {matter: {title: 事项, workflow: flow, record: [(meeting_at)]}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: desk}, done: {title: 完成, final: true}}
    moves: {finish: {title: 完成, from: todo, to: done}}
deadlines:
  finish:
    title: 完成
    of: matter
    from: opened
    until: finish
    escalate: none
    limit: LIMIT
"""


@pytest.mark.parametrize(
    ("when", "due"),
    [
        ("11-16 21:45", "11-16 22:45"),
        ("11-16 22:15", "11-16 22:45"),
        ("11-17 05:45", "11-17 06:15"),
        ("11-17 06:00", "11-17 07:00"),
    ],
)
def test_the_time_of_opening_counts_minutes(when, due):
    limit = "{night: {when: {time: 22:10-06:00}, is: 30 minutes}, others: {is: 1 hour}}"
    assert Story(plan_of(NIGHT.replace("LIMIT", limit))).open(when).due("finish") == due


@pytest.mark.parametrize(
    ("when", "due"),
    [
        pytest.param("11-16 10:00", "11-16 11:00", id="a Monday"),
        pytest.param("10-10 10:00", "10-10 11:00", id="a Saturday that works"),
        pytest.param("11-14 10:00", "11-14 12:00", id="an ordinary Saturday"),
        pytest.param("10-02 10:00", "10-02 12:00", id="National Day"),
    ],
)
def test_the_kind_of_day_of_opening(when, due):
    limit = "{work: {when: {day: working}, is: 1 hour}, off: {when: {day: off}, is: 2 hours}}"
    assert Story(plan_of(NIGHT.replace("LIMIT", limit))).open(when).due("finish") == due


@pytest.mark.parametrize(
    ("meeting", "due"),
    [
        pytest.param("11-17 10:00", "11-16 11:00", id="just within a day"),
        pytest.param("11-17 10:01", "11-16 12:00", id="a minute more than a day"),
        pytest.param("11-15 10:00", "11-16 11:00", id="a day ago"),
        pytest.param("11-15 09:59", "11-16 12:00", id="longer ago"),
    ],
)
def test_nearness_of_an_instant_to_the_opening(meeting, due):
    limit = "{near: {when: {meeting_at: within 1 calendar day}, is: 1 hour}, others: {is: 2 hours}}"
    assert Story(plan_of(NIGHT.replace("LIMIT", limit))).open("11-16 10:00", meeting_at=meeting).due("finish") == due
