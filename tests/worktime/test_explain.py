"""Every due can be explained: what was counted, skipped and paused, without a gap."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings

from engine.worktime import Clock, Unit, render
from tests.worktime.test_pauses import CLOCKS, INSTANTS, WAITING, pauses
from tests.worktime.tools import at, calendar, limit


@settings(max_examples=200, deadline=None)
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


@settings(max_examples=200, deadline=None)
@given(CLOCKS, INSTANTS, pauses())
def test_what_is_counted_is_what_the_clock_measures(
    clock: Clock, start: int, spans: tuple[tuple[int, int], ...]
) -> None:
    if clock.length.unit in (Unit.CALENDAR_DAYS, Unit.MONTHS):
        return  # explained in days, measured in seconds
    way = clock.explain(start, spans)
    assert way[-1].total == clock.measured(start, way[-1].end, spans)


@settings(max_examples=50, deadline=None)
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


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["holiday 国庆节 (7 days)", "working day 2 of 3", "make-up day"]),
        ("zh", ["国庆节", "第2个工作日", "调休"]),
    ],
)
def test_an_explanation_in_words(lang: str, words: list[str]) -> None:
    office = calendar()
    lines = "\n".join(render(limit("3 working days", office).explain(at("2026-09-30 10:00")), office, lang))  # type: ignore[arg-type]
    assert all(word in lines for word in words)
