"""Every due can be explained: what was counted, skipped and paused, without a gap."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from textwrap import dedent

import pytest
from hypothesis import given, settings

from engine.worktime import Clock, Lang, Unit, render
from tests.conftest import examples
from tests.worktime.test_pauses import CLOCKS, INSTANTS, WAITING, pauses
from tests.worktime.tools import at, calendar, limit


@settings(max_examples=examples(200), deadline=None)
@given(CLOCKS, INSTANTS, pauses())
def test_the_pieces_lead_from_the_start_to_the_due_without_a_gap(
    clock: Clock, start: int, spans: tuple[tuple[int, int], ...]
) -> None:
    way = clock.explain(start, spans)
    due = clock.due(start, spans)
    assert way[0].start == start
    assert (way[-1].kind, way[-1].start, way[-1].end, way[-1].provisional) == ("due", due.at, due.at, due.provisional)
    assert all(one.end == other.start for one, other in pairwise(way))
    assert way[-1].total == sum(one.amount for one in way)


@settings(max_examples=examples(200), deadline=None)
@given(CLOCKS, INSTANTS, pauses())
def test_what_is_counted_is_what_the_clock_measures(
    clock: Clock, start: int, spans: tuple[tuple[int, int], ...]
) -> None:
    if clock.length.unit in (Unit.CALENDAR_DAYS, Unit.MONTHS):
        return  # explained in days, measured in seconds
    way = clock.explain(start, spans)
    assert way[-1].total == clock.measured(start, way[-1].end, spans)


@settings(max_examples=examples(50), deadline=None)
@given(CLOCKS, INSTANTS, pauses())
def test_an_explanation_has_a_line_for_each_piece_in_both_languages(
    clock: Clock, start: int, spans: tuple[tuple[int, int], ...]
) -> None:
    way = clock.explain(start, spans)
    assert [len(render(way, clock.timetable, lang)) for lang in ("en", "zh")] == [len(way) + 1] * 2


def test_example_3_in_pieces() -> None:
    way = limit("3 working days", calendar()).explain(at("2026-09-30 10:00"), WAITING)
    kinds = [(one.kind, one.first_on.day, one.last_on.day) for one in way]
    assert kinds == [
        ("receipt", 30, 30),
        ("holiday", 1, 7),
        ("counted", 8, 8),
        ("paused", 8, 9),
        ("counted", 9, 9),
        ("makeup", 10, 10),
        ("weekend", 11, 11),
        ("counted", 12, 12),
        ("due", 12, 12),
    ]
    assert [str(one.amount) for one in way if one.amount] == ["8/15", "4/5", "1", "2/3"]
    assert way[1].names == ("国庆节",)


def test_a_due_at_24_o_clock_lies_on_the_day_that_it_ends() -> None:
    way = limit("1 working day", calendar(), "midnight").explain(at("2026-11-16 10:00"))
    assert (way[-1].first_on, way[-1].last_on) == (date(2026, 11, 17), date(2026, 11, 17))


IN_WORDS = [
    ("3 working days", "2026-09-30 10:00", "en", [("2026-10-08 14:00", "2026-10-09 10:30")], """
        2026-09-30 Wed 10:00                         start
        2026-09-30 Wed                               the day of receipt does not count
        2026-10-01 Thu … 2026-10-07 Wed              holiday 国庆节 (7 days)
        2026-10-08 Thu                               7/15 working day counted, so far 7/15 working day of 3 working days
        2026-10-08 Thu 14:00 … 2026-10-09 Fri 10:30  paused
        2026-10-09 Fri                               4/5 working day counted, so far 1 4/15 working days of 3 working days
        2026-10-10 Sat                               1 working day counted, so far 2 4/15 working days of 3 working days, make-up day 国庆节调休
        2026-10-11 Sun                               days off
        2026-10-12 Mon                               11/15 working day counted, so far 3 working days of 3 working days
        2026-10-12 Mon 16:00                         due, 294 hours later on the clock"""),
    ("2 working days", "2026-11-17 10:00", "zh", [], """
        2026-11-17 周二 10:00  起点
        2026-11-17 周二        收到当日不计
        2026-11-18 周三        本处安排休息
        2026-11-19 周四        第1个工作日，共2个
        2026-11-20 周五        第2个工作日，共2个
        2026-11-20 周五 18:00  到期，历时80小时"""),
    ("1 working day", "2027-01-29 10:00", "en", [], """
        2027-01-29 Fri 10:00             start
        2027-01-29 Fri                   the day of receipt does not count
        2027-01-30 Sat … 2027-01-31 Sun  days off (2 days)
        2027-02-01 Mon                   working day 1 of 1
        2027-02-01 Mon 18:00             due, 80 hours later on the clock; provisional: the days beyond are not published yet"""),
    ("6 working hours", "2026-11-16 11:00", "en", [], """
        2026-11-16 Mon 11:00  start
        2026-11-16 Mon        5 working hours 30 minutes counted, so far 5 working hours 30 minutes of 6 working hours
        2026-11-17 Tue        30 working minutes counted, so far 6 working hours of 6 working hours
        2026-11-17 Tue 09:30  due, 22 hours 30 minutes later on the clock"""),
    ("same day", "2026-11-16 19:00", "zh", [], """
        2026-11-16 周一 19:00  起点
        2026-11-16 周一        非营业时间，不计
        2026-11-17 周二        计7个工作小时30分钟，累计7个工作小时30分钟，共7个工作小时30分钟
        2026-11-17 周二 18:00  到期，历时23小时"""),
    ("3 calendar days", "2026-09-29 10:00", "en", [], """
        2026-09-29 Tue 10:00             start
        2026-09-29 Tue                   the day of receipt does not count
        2026-09-30 Wed … 2026-10-01 Thu  2 calendar days counted
        2026-10-02 Fri … 2026-10-07 Wed  holiday 国庆节 (6 days)
        2026-10-08 Thu                   the last day was off: the end moves to this working day
        2026-10-08 Thu 18:00             due, 224 hours later on the clock"""),
    ("1 month", "2026-11-16 09:00", "en", [], """
        2026-11-16 Mon 09:00             start
        2026-11-16 Mon                   the day of receipt does not count
        2026-11-17 Tue … 2026-12-16 Wed  29 3/4 calendar days counted
        2026-12-16 Wed 18:00             due, 729 hours later on the clock"""),
    ("90 minutes", "2026-11-16 17:00:30", "en", [("2026-11-16 17:30", "2026-11-16 17:40")], """
        2026-11-16 Mon 17:00:30                         start
        2026-11-16 Mon 17:00:30 … 2026-11-16 Mon 17:30  29 minutes 30 seconds counted, round the clock
        2026-11-16 Mon 17:30 … 2026-11-16 Mon 17:40     paused
        2026-11-16 Mon 17:40 … 2026-11-16 Mon 18:40:30  1 hour 30 seconds counted, round the clock
        2026-11-16 Mon 18:40:30                         due, 1 hour 40 minutes later on the clock"""),
]  # fmt: skip


@pytest.mark.parametrize(("length", "start", "lang", "spans", "lines"), IN_WORDS)
def test_the_whole_way_in_words(length: str, start: str, lang: Lang, spans: list[tuple[str, str]], lines: str) -> None:
    office = calendar(exceptions={"2026-11-18": "closed"})
    way = limit(length, office).explain(at(start), tuple((at(begin), at(end)) for begin, end in spans))
    assert "\n".join(render(way, office, lang)) == dedent(lines).strip()
