"""Work that comes round: on which days, at which times."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.worktime import RecurrenceError, Timetable, parse_recurrence
from tests.worktime.tools import at, calendar, shown

OFFICE = calendar()
NEW_YORK = calendar({"mon-fri": "09:00-17:00"}, "America/New_York")


def comes(every: str, on: str | None, times: Sequence[str], table: Timetable, start: str, end: str) -> list[str]:
    zone = table.zone.key
    recurrence = parse_recurrence(every, on, times)
    return [shown(one, zone) for one in recurrence.occurrences(table, at(start, zone), at(end, zone))]


TABLE = [
    # month, on a day that is off: to the next working day
    ("month", "15", ["09:00"], "2026-01-01 00:00", "2026-04-01 00:00", ["2026-01-15 09:00", "2026-02-24 09:00", "2026-03-16 09:00"]),
    ("month", "31", ["09:00"], "2026-03-01 00:00", "2026-05-01 00:00", ["2026-03-31 09:00", "2026-04-30 09:00"]),
    ("month", "1", ["09:00"], "2026-10-01 00:00", "2026-10-31 00:00", ["2026-10-08 09:00"]),
    ("month", None, [], "2026-10-01 00:00", "2026-12-02 00:00", ["2026-10-08 09:00", "2026-11-02 09:00", "2026-12-01 09:00"]),
    # the last working day: the one before
    ("month", "last working day", ["16:00"], "2026-01-01 00:00", "2026-04-01 00:00", ["2026-01-30 16:00", "2026-02-28 16:00", "2026-03-31 16:00"]),
    ("month", "last", ["16:00"], "2026-05-01 00:00", "2026-06-01 00:00", ["2026-05-29 16:00"]),
    # quarters, half years, years
    ("quarter", "first working day", ["09:00"], "2026-01-01 00:00", "2027-01-01 00:00", ["2026-01-04 09:00", "2026-04-01 09:00", "2026-07-01 09:00", "2026-10-08 09:00"]),
    ("half year", "first", ["09:00"], "2026-01-01 00:00", "2027-01-01 00:00", ["2026-01-04 09:00", "2026-07-01 09:00"]),
    ("half year", "last working day", ["09:00"], "2026-01-01 00:00", "2027-01-01 00:00", ["2026-06-30 09:00", "2026-12-31 09:00"]),
    ("year", "last day", ["09:00"], "2025-06-01 00:00", "2027-01-01 00:00", ["2025-12-31 09:00", "2026-12-31 09:00"]),
    ("year", None, ["09:00"], "2026-01-01 00:00", "2027-01-01 00:00", ["2026-01-04 09:00"]),
    # weeks
    ("week", None, [], "2026-10-05 00:00", "2026-10-20 00:00", ["2026-10-08 09:00", "2026-10-12 09:00", "2026-10-19 09:00"]),
    ("week", "fri", ["17:00"], "2026-09-28 00:00", "2026-10-17 00:00", ["2026-09-28 17:00", "2026-10-08 17:00", "2026-10-09 17:00", "2026-10-16 17:00"]),
    ("week", "sat", ["10:00"], "2026-10-05 00:00", "2026-10-20 00:00", ["2026-10-08 10:00", "2026-10-10 10:00", "2026-10-19 10:00"]),
    ("week", "last", ["10:00"], "2026-10-05 00:00", "2026-10-20 00:00", ["2026-10-10 10:00", "2026-10-16 10:00"]),
    # days
    ("working day", None, [], "2026-09-30 00:00", "2026-10-11 00:00", ["2026-09-30 09:00", "2026-10-08 09:00", "2026-10-09 09:00", "2026-10-10 09:00"]),
    ("day", None, ["08:00"], "2026-09-30 12:00", "2026-10-03 12:00", ["2026-10-01 08:00", "2026-10-02 08:00", "2026-10-03 08:00"]),
    ("day", None, [], "2026-09-30 00:00", "2026-10-09 00:00", ["2026-09-30 09:00", "2026-10-08 09:00"]),
    # several times a day, in order and each once
    ("working day", None, ["15:00", "09:30", "15:00"], "2026-10-08 00:00", "2026-10-09 12:00", ["2026-10-08 09:30", "2026-10-08 15:00", "2026-10-09 09:30"]),
]  # fmt: skip


@pytest.mark.parametrize(("every", "on", "times", "start", "end", "expected"), TABLE)
def test_it_comes_round(
    every: str, on: str | None, times: list[str], start: str, end: str, expected: list[str]
) -> None:
    assert comes(every, on, times, OFFICE, start, end) == expected


def test_the_end_of_the_span_does_not_belong_to_it() -> None:
    span = ("2026-10-08 09:00", "2026-10-09 09:00")
    assert comes("working day", None, ["09:00"], OFFICE, *span) == ["2026-10-08 09:00"]
    assert comes("day", None, ["09:00"], OFFICE, "2026-10-08 09:00", "2026-10-08 09:00") == []


@pytest.mark.parametrize(
    ("times", "start", "end", "expected"),
    [
        (["02:30"], "2026-03-07 00:00", "2026-03-10 00:00", ["2026-03-07 02:30", "2026-03-08 03:00", "2026-03-09 02:30"]),
        (["01:30"], "2026-10-31 00:00", "2026-11-03 00:00", ["2026-10-31 01:30", "2026-11-01 01:30", "2026-11-02 01:30"]),
        (["02:15", "02:45"], "2026-03-08 00:00", "2026-03-09 00:00", ["2026-03-08 03:00"]),  # both fall to one instant
    ],
)  # fmt: skip
def test_a_time_that_does_not_exist_is_the_first_after_it_and_one_that_comes_twice_the_first(
    times: list[str], start: str, end: str, expected: list[str]
) -> None:
    assert comes("day", None, times, NEW_YORK, start, end) == expected


def test_the_twice_coming_time_is_the_earlier_instant() -> None:
    zone = "America/New_York"
    found = parse_recurrence("day", None, ["01:30"]).occurrences(
        NEW_YORK, at("2026-11-01 00:00", zone), at("2026-11-02 00:00", zone)
    )
    assert found == (at("2026-11-01 01:30", zone, fold=0),)


def test_a_week_day_rolls_over_a_whole_week_off() -> None:
    """Friday 2 October 2026 lies in the holiday: its work is done on Thursday the 8th, before that of the 9th."""
    assert comes("week", "fri", [], OFFICE, "2026-10-01 00:00", "2026-10-10 00:00") == [
        "2026-10-08 09:00",
        "2026-10-09 09:00",
    ]


def test_two_periods_that_roll_to_one_day_come_once() -> None:
    rare = calendar({}, holidays="none", exceptions={"2026-10-30": "09:00-10:00", "2027-03-01": "09:00-10:00"})
    assert comes("week", "mon", [], rare, "2026-10-01 00:00", "2026-11-02 00:00") == ["2026-10-30 09:00"]


def test_the_shift_of_last_night_is_not_todays_opening() -> None:
    night = calendar({"mon-fri": "22:00-06:00"})
    assert comes("working day", None, [], night, "2026-10-13 00:00", "2026-10-14 00:00") == ["2026-10-13 22:00"]


RECURRENCES = [("week", "wed", ["10:00"]), ("month", "15", []), ("month", "last", ["16:00"]), ("quarter", None, []), ("day", None, ["00:00", "23:59"]), ("working day", None, [])]  # fmt: skip
SPANS = st.lists(st.integers(at("2025-01-01 00:00"), at("2026-12-31 00:00")), min_size=3, max_size=3).map(sorted)


@settings(deadline=None)
@given(st.sampled_from(RECURRENCES), SPANS)
def test_two_halves_of_a_span_have_what_the_whole_has(
    case: tuple[str, str | None, list[str]], marks: list[int]
) -> None:
    """So nothing is missed and nothing comes twice, however often somebody looks."""
    recurrence, (a, b, c) = parse_recurrence(*case), marks
    halves = recurrence.occurrences(OFFICE, a, b) + recurrence.occurrences(OFFICE, b, c)
    assert halves == recurrence.occurrences(OFFICE, a, c)


@pytest.mark.parametrize(
    ("every", "on", "times", "key", "reason"),
    [
        ("fortnight", None, [], "every", "unknown-period"),
        ("day", "mon", [], "on", "day-not-here"),
        ("working day", "first", [], "on", "day-not-here"),
        ("week", "15", [], "on", "day-not-here"),
        ("month", "mon", [], "on", "day-not-here"),
        ("month", "32", [], "on", "day-not-here"),
        ("month", "0", [], "on", "day-not-here"),
        ("month", "someday", [], "on", "unknown-day"),
        ("month", None, ["9"], "at", "bad-time"),
        ("month", None, ["24:00"], "at", "bad-time"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_key(
    every: str, on: str | None, times: list[str], key: str, reason: str
) -> None:
    with pytest.raises(RecurrenceError) as caught:
        parse_recurrence(every, on, times)
    assert caught.value.key == key
    assert caught.value.remedy
    assert caught.value.reason == reason
