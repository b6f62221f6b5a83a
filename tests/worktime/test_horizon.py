"""What is not published yet is never answered in silence."""

from __future__ import annotations

from datetime import date

import pytest

from engine.worktime import Clock, compile_calendar, official_days, overlay, read_calendar
from tests.worktime.tools import SHANGHAI, WEEK, at, calendar, limit, shown

LAST_DAY = [("2026-12-30 10:00", "1 working day", "2026-12-31 18:00"), ("2026-12-31 10:00", "same day", "2026-12-31 18:00")]  # fmt: skip
BEYOND = [
    ("2026-12-30 10:00", "3 working days", "close"),
    ("2026-12-31 10:00", "1 working day", "same time"),
    ("2026-12-31 17:00", "2 working hours", "close"),
    ("2026-12-31 19:00", "same day", "close"),
    ("2026-12-31 10:00", "2 calendar days", "close"),
    ("2026-12-31 10:00", "1 calendar day", "midnight"),
    ("2026-12-01 10:00", "1 month", "close"),
    ("2030-05-06 10:00", "1 working hour", "close"),
]


@pytest.mark.parametrize(("start", "length", "expected"), LAST_DAY)
def test_a_due_on_the_last_published_day_is_final(start: str, length: str, expected: str) -> None:
    due = limit(length, calendar()).due(at(start))
    assert (shown(due.at), due.provisional) == (expected, False)


@pytest.mark.parametrize(("start", "length", "rule"), BEYOND)
def test_a_due_beyond_the_published_days_is_provisional(start: str, length: str, rule: str) -> None:
    assert limit(length, calendar(), rule).due(at(start)).provisional


def test_midnight_of_the_last_published_day_is_still_published() -> None:
    due = limit("1 working day", calendar(), "midnight").due(at("2026-12-30 10:00"))
    assert (shown(due.at), due.provisional) == ("2027-01-01 00:00", False)


def test_the_night_shift_of_the_last_published_day_ends_on_the_day_after_and_is_published() -> None:
    night = calendar({"mon-fri": "22:00-06:00"})
    assert not limit("8 working hours", night).due(at("2026-12-31 20:00")).provisional
    assert limit("9 working hours", night).due(at("2026-12-31 20:00")).provisional


@pytest.mark.parametrize(
    ("length", "rule"), [("48 hours", "close"), ("2 calendar days", "same time"), ("1 month", "same time")]
)
def test_what_does_not_hang_on_the_calendar_is_final_however_far_it_lies(length: str, rule: str) -> None:
    assert not limit(length, calendar(), rule).due(at("2026-12-31 10:00")).provisional


def test_a_pause_that_pushes_a_due_beyond_makes_it_provisional() -> None:
    clock, start = limit("1 working day", calendar()), at("2026-12-30 10:00")
    assert not clock.due(start).provisional
    assert clock.due(start, ((at("2026-12-31 10:00"), at("2026-12-31 15:00")),)).provisional


def test_counted_backward_from_beyond_the_horizon_the_answer_hangs_on_unpublished_days() -> None:
    clock = limit("3 working days", calendar())
    assert clock.provisional(at("2027-01-05 10:00"))
    assert not clock.provisional(at("2026-12-31 10:00"))


def test_without_official_holidays_there_is_no_horizon() -> None:
    for holidays in ("none", ["2026-10-01"]):
        office = calendar(holidays=holidays)
        assert office.published_through is None
        assert not limit("3 working days", office).due(at("2031-05-05 10:00")).provisional


def test_an_author_may_say_how_far_he_knows_the_days() -> None:
    office = calendar(holidays=["2026-10-01"], published_through="2026-10-31")
    assert not limit("1 working day", office).due(at("2026-10-29 10:00")).provisional
    assert limit("1 working day", office).due(at("2026-10-31 10:00")).provisional


def test_a_calendar_knows_no_further_than_the_one_it_is_cut_with() -> None:
    china = calendar()
    spec = read_calendar("both", {"timezone": SHANGHAI, "hours": WEEK, "also": ["china"]})
    both = compile_calendar(spec, official_days(()), {"china": china})
    assert both.published_through == china.published_through
    assert Clock(limit("1 working day", both).length, both).due(at("2026-12-31 10:00")).provisional


def test_the_notice_of_a_year_moves_the_horizon_and_makes_dues_final() -> None:
    """Before: 5 January 2027 by guess. After the (invented) notice, which has the 4th off and the 9th worked: the 6th."""
    notice = {
        "year": 2027,
        "days": [
            {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
            {"name": "元旦", "date": "2027-01-04", "isOffDay": True},
            {"name": "元旦", "date": "2027-01-09", "isOffDay": False},
        ],
    }
    data = overlay(official_days(("CN",)), notice, id="cn-2027")
    spec = read_calendar("office", {"timezone": SHANGHAI, "holidays": "CN", "hours": WEEK})
    office = compile_calendar(spec, data)
    assert office.published_through == date(2027, 12, 31)
    due = limit("3 working days", office).due(at("2026-12-30 10:00"))
    assert (shown(due.at), due.provisional) == ("2027-01-06 18:00", False)
    assert office.is_working_day(date(2027, 1, 9))
