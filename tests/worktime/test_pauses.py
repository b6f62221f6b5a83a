"""Pauses: one formula for every kind of limit (SEMANTICS §7.3), and the five laws that follow from it."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.worktime import Clock, DayRule, Length, Unit, always
from tests.conftest import examples
from tests.worktime.tools import SHANGHAI, WEEK, at, calendar, due, limit, shown

law = settings(max_examples=examples(300), deadline=None)

TABLES = (
    calendar(),
    calendar({**WEEK, "sat": "09:00-12:00"}),
    calendar({"mon-fri": "22:00-06:00"}),
    calendar({"mon-sun": "20:00-04:00"}, "America/New_York"),
    always(SHANGHAI),
)
LENGTHS = (
    Length(86_400, Unit.SECONDS), Length(3_600, Unit.SECONDS), Length(14_400, Unit.WORKING_SECONDS),
    Length(27_000, Unit.WORKING_SECONDS), Length(1, Unit.WORKING_DAYS), Length(3, Unit.WORKING_DAYS),
    Length(1, Unit.SAME_DAY), Length(2, Unit.CALENDAR_DAYS), Length(1, Unit.MONTHS),
)  # fmt: skip

CLOCKS = st.builds(Clock, st.sampled_from(LENGTHS), st.sampled_from(TABLES), st.sampled_from(list(DayRule)))
#: Instants of the autumn of 2026, around the long holiday; often on a whole quarter of an hour, where the edges are.
INSTANTS = st.one_of(
    st.integers(at("2026-09-21 00:00"), at("2026-10-16 00:00")),
    st.integers(0, 25 * 96).map(lambda quarter: at("2026-09-21 00:00") + 900 * quarter),
)


@st.composite
def pauses(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    marks = sorted(set(draw(st.lists(INSTANTS, max_size=8))))
    return tuple((a, b) for a, b in zip(marks[::2], marks[1::2], strict=False))


def is_day(clock: Clock) -> bool:
    return clock.length.unit in (Unit.CALENDAR_DAYS, Unit.MONTHS)


@law
@given(CLOCKS, INSTANTS, pauses(), st.data())
def test_splitting_a_pause_changes_nothing(
    clock: Clock, start: int, spans: tuple[tuple[int, int], ...], data: st.DataObject
) -> None:
    split: list[tuple[int, int]] = []
    for begin, end in spans:
        cut = data.draw(st.integers(begin, end))
        split += [(begin, cut), (cut, end)] if begin < cut < end else [(begin, end)]
    assert clock.due(start, tuple(split)) == clock.due(start, spans)


@law
@given(CLOCKS, INSTANTS, pauses(), st.data())
def test_more_pause_is_never_an_earlier_due(
    clock: Clock, start: int, spans: tuple[tuple[int, int], ...], data: st.DataObject
) -> None:
    shorter = tuple(
        (a, b)
        for begin, end in spans
        for a, b in [sorted(data.draw(st.tuples(st.integers(begin, end), st.integers(begin, end))))]
        if a < b
    )
    assert clock.due(start, shorter).at <= clock.due(start, spans).at


def test_more_pause_is_never_an_earlier_due_of_calendar_days() -> None:
    """Ended on the holiday, a limit rolls to the close of Thursday 8 October; ended a week later, at that midnight."""
    clock, start = limit("2 calendar days", calendar()), at("2026-09-21 00:00")
    less, more = (
        clock.due(start, ((start, at(resumed)),)).at for resumed in ("2026-09-28 06:00:01", "2026-10-05 06:00:01")
    )
    assert less <= more


@pytest.mark.parametrize(("rule", "expected"), [("same time", "2026-11-21 10:00"), ("close", "2026-11-23 18:00")])
def test_a_day_paused_into_the_weekend_rolls_unless_the_time_of_day_is_kept(rule: str, expected: str) -> None:
    pause = ("2026-11-20 08:00", "2026-11-21 08:00")
    assert due("2026-11-19 10:00", "1 calendar day", calendar(), rule, pause) == expected


@law
@given(CLOCKS, INSTANTS, pauses())
def test_a_pause_after_the_due_changes_nothing(clock: Clock, start: int, spans: tuple[tuple[int, int], ...]) -> None:
    due = clock.due(start, spans)
    assert clock.due(start, (*(span for span in spans if span[1] <= due.at), (due.at + 1, due.at + 9_999))).at == due.at


@law
@given(CLOCKS, INSTANTS, pauses())
def test_the_due_never_lies_in_a_pause_nor_before_the_unpaused_due(
    clock: Clock, start: int, spans: tuple[tuple[int, int], ...]
) -> None:
    due = clock.due(start, spans).at
    assert not any(begin <= due < end for begin, end in spans)
    assert due >= clock.due(start).at


@law
@given(CLOCKS.filter(lambda clock: not is_day(clock)), INSTANTS, pauses())
def test_what_ran_until_the_due_is_the_limit(clock: Clock, start: int, spans: tuple[tuple[int, int], ...]) -> None:
    """Exactly, or a working day's share of a second more; nothing is left then, and something a second before."""
    due = clock.due(start, spans).at
    whole = clock.measured(start, clock.due(start).at)
    assert whole <= clock.measured(start, due, spans) < whole + 1
    assert clock.left(start, due, spans).amount == 0
    assert clock.measured(start, due, spans) + clock.left(start, due, spans).amount >= whole


@law
@given(CLOCKS, INSTANTS, INSTANTS)
def test_pauses_add(clock: Clock, start: int, other: int) -> None:
    """Two pauses apart take as much of the measure as they take one by one."""
    spans = ((start + 3_600, start + 5_400), (start + 9_000, start + 12_600))
    ran = [clock.measured(start, max(other, start), some) for some in ((), spans[:1], spans[1:], spans)]
    assert ran[0] - ran[3] == (ran[0] - ran[1]) + (ran[0] - ran[2])


@law
@given(st.sampled_from(TABLES), INSTANTS, st.integers(1, 4), st.integers(1, 4), st.sampled_from(["close", "midnight"]))
def test_a_whole_working_day_paused_moves_the_due_by_one_working_day(
    table: object, start: int, days: int, paused: int, rule: str
) -> None:
    clock = Clock(Length(days, Unit.WORKING_DAYS), table, DayRule(rule))  # type: ignore[arg-type]
    longer = Clock(Length(days + 1, Unit.WORKING_DAYS), table, DayRule(rule))  # type: ignore[arg-type]
    day = clock.timetable.nth_working_day(clock.timetable.date_of(start), min(paused, days))
    opens = min(a for a, _ in clock.timetable.intervals(*around(clock, day)) if clock.timetable.date_of(a) == day)
    assert clock.due(start, ((opens, clock.timetable.close_of(day)),)).at == longer.due(start).at


def around(clock: Clock, day: object) -> tuple[int, int]:
    midnight = clock.timetable.midnight_of(day)  # type: ignore[arg-type]
    return midnight - 86_400, midnight


SHARES = st.integers(1, 99).map(lambda percent: Fraction(percent, 100))


@law
@given(CLOCKS, INSTANTS, pauses(), SHARES, SHARES)
def test_shares_of_a_limit_come_in_order_and_none_after_the_due(
    clock: Clock, start: int, spans: tuple[tuple[int, int], ...], one: Fraction, other: Fraction
) -> None:
    reached = [clock.reach(start, share, spans) for share in (*sorted((one, other)), Fraction(1))]
    assert all(a <= b for a, b in pairwise(reached))
    assert reached[-1] == clock.due(start, spans).at
    assert reached[0] >= start


@law
@given(CLOCKS, INSTANTS, pauses(), SHARES)
def test_at_a_share_of_a_limit_that_share_has_run_and_a_second_before_it_has_not(
    clock: Clock, start: int, spans: tuple[tuple[int, int], ...], share: Fraction
) -> None:
    whole = clock.measured(start, clock.due(start).at)
    reached = clock.reach(start, share, spans)
    assert clock.measured(start, reached, spans) >= whole * share
    paused = any(end == reached for _, end in spans)
    assert paused or reached == start or clock.measured(start, reached - 1, spans) < whole * share


@law
@given(CLOCKS, INSTANTS, INSTANTS, pauses())
def test_what_ran_and_what_is_left_are_the_whole(
    clock: Clock, start: int, now: int, spans: tuple[tuple[int, int], ...]
) -> None:
    whole = clock.measured(start, clock.due(start).at)
    ran = clock.measured(start, max(now, start), spans)
    assert clock.left(start, max(now, start), spans).amount == max(whole - ran, 0)


@law
@given(CLOCKS, INSTANTS, INSTANTS, pauses())
def test_a_limit_granted_anew_runs_to_that_measure(
    clock: Clock, start: int, now: int, spans: tuple[tuple[int, int], ...]
) -> None:
    """`granted` is how a due that was moved keeps running: granting what it has is granting nothing."""
    whole = clock.measured(start, clock.due(start).at)
    if clock.day_rule is DayRule.CLOSE and not is_day(clock):
        assert clock.due(start, spans, granted=whole).at == clock.due(start, spans).at


# ---- the five, by the hour ----

#: Example 3 of SEMANTICS: waiting for the owner.
WAITING = ((at("2026-10-08 14:30"), at("2026-10-09 10:30")),)
THURSDAY = "2026-10-08"  # the first working day after the holiday; the Saturday after it is worked


@pytest.mark.parametrize(
    ("pause", "length", "rule", "expected"),
    [
        (("2026-10-08 12:00", "2026-10-08 13:30"), "4 working hours", "close", "2026-10-08 15:30"),  # the noon break
        (("2026-10-08 11:00", "2026-10-08 14:00"), "4 working hours", "close", "2026-10-08 17:00"),
        (("2026-10-08 15:00", "2026-10-08 20:00"), "4 working hours", "close", "2026-10-09 09:30"),
        (("2026-10-08 15:30", "2026-10-09 10:00"), "4 working hours", "close", "2026-10-09 10:00"),  # at the very due
        (("2026-10-08 15:30:01", "2026-10-09 10:00"), "4 working hours", "close", "2026-10-08 15:30"),
        (("2026-10-07 00:00", "2026-10-08 12:00"), "4 working hours", "close", "2026-10-08 17:30"),  # begun before
        (("2026-10-08 20:00", "2026-10-09 08:00"), "24 hours", "close", "2026-10-09 22:00"),
        (("2026-10-08 11:00", "2026-10-08 14:00"), "1 working day", "close", "2026-10-09 18:00"),  # day of receipt
        (("2026-10-09 09:00", "2026-10-09 18:00"), "1 working day", "close", "2026-10-10 18:00"),
        (("2026-10-09 09:00", "2026-10-09 18:00"), "1 working day", "midnight", "2026-10-11 00:00"),
        (("2026-10-09 19:00", "2026-10-09 20:00"), "1 working day", "midnight", "2026-10-10 00:00"),
        (("2026-10-10 00:00", "2026-10-10 12:00"), "1 working day", "midnight", "2026-10-10 12:00"),
        (("2026-10-09 09:00", "2026-10-09 18:00"), "1 working day", "same time", "2026-10-10 10:00"),
        (("2026-10-08 16:00", "2026-10-08 17:00"), "same day", "close", "2026-10-09 10:00"),
        (("2026-10-09 00:00", "2026-10-10 00:00"), "2 calendar days", "close", "2026-10-12 18:00"),  # Sunday, rolls
    ],
)  # fmt: skip
def test_a_paused_limit_received_on_thursday_at_ten(
    pause: tuple[str, str], length: str, rule: str, expected: str
) -> None:
    assert due(f"{THURSDAY} 10:00", length, calendar(), rule, pause) == expected


def test_a_pause_that_begins_when_everything_is_used_up_ends_the_limit_at_its_end() -> None:
    """The limit is until midnight, its measure is used up at the close of the day: Monday's hours are not added."""
    night = ("2026-10-10 00:00", "2026-10-12 12:59:10")
    assert due("2026-10-08 10:00", "1 working day", calendar(), "midnight", night) == "2026-10-12 12:59:10"


def test_a_half_of_a_limit_is_not_reached_in_a_pause() -> None:
    clock = limit("4 working hours", calendar())
    start = at("2026-10-08 09:00")
    assert shown(clock.reach(start, Fraction(1, 2))) == "2026-10-08 11:00"
    assert (
        shown(clock.reach(start, Fraction(1, 2), ((at("2026-10-08 11:00"), at("2026-10-08 14:00")),)))
        == "2026-10-08 14:00"
    )
    assert shown(clock.reach(start, Fraction(3, 4))) == "2026-10-08 12:00"  # at the close, not after the break
