"""Instants that the papers name (SEMANTICS §7), and the rules of each kind of limit by the hour."""

from __future__ import annotations

from fractions import Fraction

import pytest

from engine.worktime import Left, Unit, always
from tests.worktime.tools import SHANGHAI, WEEK, at, before, calendar, due, limit, shown

WAITING = (("2026-10-08 14:30", "2026-10-09 10:30"),)  # for the owner: two thirds of a working day


# ---- SEMANTICS ----


def test_example_3_without_the_pause() -> None:
    assert due("2026-09-30 10:00", "3 working days", calendar()) == "2026-10-10 18:00"


def test_example_3_waiting_two_thirds_of_a_day_moves_the_due_by_two_thirds_of_a_day() -> None:
    assert due("2026-09-30 10:00", "3 working days", calendar(), "close", *WAITING) == "2026-10-12 15:30"


@pytest.mark.parametrize(("pauses", "rung"), [(WAITING, "2026-10-10 10:15"), ((), "2026-10-09 14:15")])
def test_example_3_half_of_the_limit(pauses: tuple[tuple[str, str], ...], rung: str) -> None:
    clock = limit("3 working days", calendar())
    spans = tuple((at(begin), at(end)) for begin, end in pauses)
    assert shown(clock.reach(at("2026-09-30 10:00"), Fraction(1, 2), spans)) == rung


def test_example_4_by_severity() -> None:
    start, office = "2026-11-16 09:00", calendar()
    assert due(start, "3 working days", office) == "2026-11-19 18:00"
    assert due(start, "7 working days", office) == "2026-11-25 18:00"
    assert due(start, "24 hours", office) == "2026-11-17 09:00"
    assert due(start, "48 hours", office) == "2026-11-18 09:00"


def test_example_6_before_a_meeting() -> None:
    assert before("2026-11-16 15:00", "1 hour", calendar()) == "2026-11-16 14:00"
    assert before("2026-11-16 14:15", "1 hour", calendar()) == "2026-11-16 13:15"


def test_left_while_the_clock_of_example_3_stands() -> None:
    """It ran from 9:00 to 14:30 with its noon break: 4 of 7.5 hours of day 1."""
    left = limit("3 working days", calendar()).left(at("2026-09-30 10:00"), at("2026-10-09 10:30"), ((at("2026-10-08 14:30"), at("2026-10-09 10:30")),))  # fmt: skip
    assert left == Left(3 - Fraction(4, 1) / Fraction(15, 2), Unit.WORKING_DAYS)
    assert str(left) == "2 7/15 working days"


# ---- the table of DESIGN §5 ----

FORWARD = [
    # elapsed: through nights and holidays
    ("2026-09-30 17:30", "30 minutes", "close", "2026-09-30 18:00"),
    ("2026-09-30 20:00", "24 hours", "close", "2026-10-01 20:00"),
    # working hours: at once, or at the next opening; a budget that ends at closing is due at closing
    ("2026-09-30 10:00", "2 working hours", "close", "2026-09-30 12:00"),
    ("2026-09-30 10:00", "3 working hours", "close", "2026-09-30 14:30"),
    ("2026-09-30 12:30", "30 working minutes", "close", "2026-09-30 14:00"),
    ("2026-09-30 17:00", "1 working hour", "close", "2026-09-30 18:00"),
    ("2026-09-30 17:00:01", "1 working hour", "close", "2026-10-08 09:00:01"),
    ("2026-09-30 18:00", "1 working hour", "close", "2026-10-08 10:00"),
    ("2026-10-03 23:59:59", "8 working hours", "close", "2026-10-09 09:30"),
    # working days: the day of receipt does not count, not even its first second
    ("2026-10-08 00:00", "1 working day", "close", "2026-10-09 18:00"),
    ("2026-10-08 23:59", "1 working day", "close", "2026-10-09 18:00"),
    ("2026-10-08 10:00", "1 working day", "midnight", "2026-10-10 00:00"),
    ("2026-10-08 10:00", "1 working day", "same time", "2026-10-09 10:00"),
    ("2026-10-08 12:30", "1 working day", "same time", "2026-10-09 13:30"),  # the break rolls to its end
    ("2026-10-08 19:00", "1 working day", "same time", "2026-10-10 09:00"),  # first to Friday's opening
    ("2026-10-03 10:00", "1 working day", "same time", "2026-10-09 09:00"),
    # calendar days: the next day is day 1, a last day off rolls
    ("2026-10-08 10:00", "2 calendar days", "close", "2026-10-10 18:00"),
    ("2026-10-08 10:00", "3 calendar days", "close", "2026-10-12 18:00"),
    ("2026-10-08 10:00", "3 calendar days", "midnight", "2026-10-13 00:00"),
    ("2026-10-08 10:00", "3 calendar days", "same time", "2026-10-11 10:00"),
    ("2026-09-25 10:00", "1 week", "close", "2026-10-08 18:00"),
    # months: the same day, else the last (民法典 Art. 202)
    ("2026-08-31 10:00", "1 month", "close", "2026-09-30 18:00"),
    ("2025-12-31 10:00", "2 months", "close", "2026-02-28 18:00"),
    ("2024-02-29 10:00", "1 year", "close", "2025-02-28 18:00"),
    ("2026-09-01 10:00", "1 month", "close", "2026-10-08 18:00"),
    ("2026-09-01 10:00", "1 month", "same time", "2026-10-01 10:00"),
    # same day
    ("2026-10-08 10:00", "same day", "close", "2026-10-08 18:00"),
    ("2026-10-08 07:00", "same day", "close", "2026-10-08 18:00"),
    ("2026-10-08 12:30", "same day", "close", "2026-10-08 18:00"),
    ("2026-10-08 17:59:59", "same day", "close", "2026-10-08 18:00"),
    ("2026-10-08 18:00", "same day", "close", "2026-10-09 18:00"),  # a limit of no time would be no limit
    ("2026-10-08 18:00:01", "same day", "close", "2026-10-09 18:00"),
    ("2026-10-03 10:00", "same day", "close", "2026-10-08 18:00"),
    ("2026-10-08 10:00", "same day", "midnight", "2026-10-09 00:00"),
]


@pytest.mark.parametrize(("start", "length", "rule", "expected"), FORWARD)
def test_a_limit_is_due(start: str, length: str, rule: str, expected: str) -> None:
    assert due(start, length, calendar(), rule) == expected


BACKWARD = [
    ("2026-10-08 09:00", "24 hours", None, "2026-10-07 09:00"),
    ("2026-10-08 14:30", "3 working hours", None, "2026-10-08 10:00"),
    ("2026-10-08 10:00", "1 working hour", None, "2026-10-08 09:00"),  # ends at the opening, not at the close before
    ("2026-10-08 09:30", "1 working hour", None, "2026-09-30 17:30"),
    ("2026-10-12 10:00", "1 working day", None, "2026-10-10 18:00"),
    ("2026-10-12 10:00", "1 working day", "same time", "2026-10-10 10:00"),
    ("2026-10-12 10:00", "1 working day", "midnight", "2026-10-11 00:00"),
    ("2026-10-11 10:00", "1 working day", None, "2026-10-10 18:00"),
    ("2026-10-12 10:00", "1 calendar day", None, "2026-10-11 10:00"),
    ("2026-10-12 10:00", "1 calendar day", "close", "2026-10-10 18:00"),  # never towards the event
    ("2026-10-12 10:00", "1 calendar day", "midnight", "2026-10-11 00:00"),
    ("2026-03-31 10:00", "1 month", None, "2026-02-28 10:00"),
    ("2026-01-15 10:00", "1 month", None, "2025-12-15 10:00"),
]


@pytest.mark.parametrize(("event", "length", "rule", "expected"), BACKWARD)
def test_a_limit_lies_before_an_event(event: str, length: str, rule: str | None, expected: str) -> None:
    assert before(event, length, calendar(), rule) == expected


def test_the_same_day_has_no_day_before_it() -> None:
    with pytest.raises(ValueError, match="backward"):
        before("2026-11-16 15:00", "same day", calendar())


# ---- night shifts, half days ----

NIGHT = {"mon-fri": "22:00-06:00"}


@pytest.mark.parametrize(
    ("start", "length", "rule", "expected"),
    [
        ("2026-10-13 03:00", "1 working hour", "close", "2026-10-13 04:00"),
        ("2026-10-13 03:00", "4 working hours", "close", "2026-10-13 23:00"),
        ("2026-10-13 03:00", "1 working day", "close", "2026-10-14 06:00"),  # received on Monday, in Monday's shift
        ("2026-10-13 12:00", "1 working day", "close", "2026-10-15 06:00"),  # received on Tuesday
        ("2026-10-13 03:00", "1 working day", "same time", "2026-10-14 03:00"),
        ("2026-10-13 23:00", "1 working day", "same time", "2026-10-14 23:00"),
        ("2026-10-13 03:00", "same day", "close", "2026-10-13 06:00"),
        ("2026-10-13 06:00", "same day", "close", "2026-10-14 06:00"),
        ("2026-10-17 03:00", "1 working hour", "close", "2026-10-17 04:00"),  # Saturday, but Friday's shift
        ("2026-10-17 07:00", "1 working hour", "close", "2026-10-19 23:00"),
    ],
)
def test_a_night_shift_belongs_to_the_date_on_which_it_opens(start: str, length: str, rule: str, expected: str) -> None:
    assert due(start, length, calendar(NIGHT), rule) == expected


def test_same_day_until_midnight_in_the_small_hours_of_a_night_shift_is_the_next_day() -> None:
    """Its date is over: a due must not lie before its start."""
    assert due("2026-10-13 03:00", "same day", calendar(NIGHT), "midnight") == "2026-10-14 00:00"


def test_the_last_night_before_a_holiday_is_worked_to_its_end() -> None:
    night = calendar(NIGHT)
    assert due("2026-10-01 05:00", "1 working hour", night) == "2026-10-01 06:00"
    assert due("2026-10-01 05:00", "2 working hours", night) == "2026-10-08 23:00"


def test_a_half_day_closes_early() -> None:
    lakeside = calendar({**WEEK, "sat": "09:00-12:00"}, exceptions={"2026-12-31": "09:00-15:00"})
    assert due("2026-10-16 10:00", "1 working day", lakeside) == "2026-10-17 12:00"
    assert due("2026-10-16 15:00", "1 working day", lakeside, "same time") == "2026-10-17 12:00"
    assert due("2026-10-16 17:00", "5 working hours", lakeside) == "2026-10-19 10:00"
    assert due("2026-12-30 16:00", "1 working day", lakeside, "same time") == "2026-12-31 15:00"
    assert due("2026-12-31 10:00", "same day", lakeside) == "2026-12-31 15:00"


def test_round_the_clock_every_day_is_a_working_day_until_midnight() -> None:
    guard = always(SHANGHAI)
    assert due("2026-10-01 10:00", "1 working day", guard) == "2026-10-03 00:00"
    assert due("2026-10-01 10:00", "24 working hours", guard) == "2026-10-02 10:00"


# ---- between ----


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("2026-09-30 10:00", "2026-10-08 10:00", 27_000),
        ("2026-10-08 10:00", "2026-09-30 10:00", -27_000),
        ("2026-10-08 12:00", "2026-10-08 13:30", 0),
        ("2026-10-08 11:59:59", "2026-10-08 13:30:01", 2),
        ("2026-10-01 00:00", "2026-10-08 00:00", 0),
    ],
)
def test_opening_seconds_between(start: str, end: str, seconds: int) -> None:
    assert calendar().opening_between(at(start), at(end)) == seconds
