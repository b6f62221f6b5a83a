"""Clocks that change: New York on 2026-03-08 (2:00 becomes 3:00) and 2026-11-01 (2:00 becomes 1:00 again)."""

from __future__ import annotations

from datetime import datetime

import pytest

from engine.worktime import Timetable
from tests.worktime.tools import at, before, calendar, due, limit, shown

NEW_YORK = "America/New_York"
SHOP = {"mon-sun": "09:00-17:00"}
CLOCK_ROUND = {"mon-sun": "00:00-24:00"}
NIGHT = {"mon-sun": "22:00-06:00"}


def office(hours: dict[str, str]) -> Timetable:
    return calendar(hours, NEW_YORK)


@pytest.mark.parametrize(
    ("start", "length", "rule", "hours", "expected"),
    [
        # elapsed time is elapsed: a day of 23 hours is over an hour later on the clock, one of 25 an hour earlier
        ("2026-03-07 12:00", "24 hours", "close", SHOP, "2026-03-08 13:00"),
        ("2026-10-31 12:00", "24 hours", "close", SHOP, "2026-11-01 11:00"),
        ("2026-03-08 01:30", "1 hour", "close", SHOP, "2026-03-08 03:30"),
        # round the clock, working time is elapsed time
        ("2026-03-07 12:00", "24 working hours", "close", CLOCK_ROUND, "2026-03-08 13:00"),
        ("2026-10-31 12:00", "24 working hours", "close", CLOCK_ROUND, "2026-11-01 11:00"),
        ("2026-03-08 00:00", "23 working hours", "close", CLOCK_ROUND, "2026-03-09 00:00"),
        ("2026-11-01 00:00", "25 working hours", "close", CLOCK_ROUND, "2026-11-02 00:00"),
        # the same wall clock for days
        ("2026-03-07 12:00", "1 calendar day", "same time", SHOP, "2026-03-08 12:00"),
        ("2026-10-31 12:00", "1 calendar day", "same time", SHOP, "2026-11-01 12:00"),
        ("2026-03-07 12:00", "1 working day", "same time", SHOP, "2026-03-08 12:00"),
        ("2026-03-07 12:00", "1 working day", "close", SHOP, "2026-03-08 17:00"),
        ("2026-10-31 12:00", "1 working day", "midnight", SHOP, "2026-11-02 00:00"),
        # a time that the clock skips is the first instant after
        ("2026-03-07 02:30", "1 calendar day", "same time", SHOP, "2026-03-08 03:00"),
        ("2026-02-08 02:30", "1 month", "same time", SHOP, "2026-03-08 03:00"),
        # the night shift has seven hours, and nine
        ("2026-03-07 22:00", "7 working hours", "close", NIGHT, "2026-03-08 06:00"),
        ("2026-03-07 22:00", "8 working hours", "close", NIGHT, "2026-03-08 23:00"),
        ("2026-10-31 22:00", "9 working hours", "close", NIGHT, "2026-11-01 06:00"),
        ("2026-11-01 03:00", "1 working hour", "close", NIGHT, "2026-11-01 04:00"),
    ],
)
def test_a_limit_over_a_change_of_the_clock(
    start: str, length: str, rule: str, hours: dict[str, str], expected: str
) -> None:
    assert due(start, length, office(hours), rule) == expected


def test_a_time_that_comes_twice_is_its_first() -> None:
    clock = limit("1 calendar day", office(SHOP), "same time")
    assert clock.due(at("2026-10-31 01:30", NEW_YORK)).at == at("2026-11-01 01:30", NEW_YORK, fold=0)


def test_each_of_the_two_half_past_ones_is_a_start_of_its_own() -> None:
    clock = limit("1 hour", office(SHOP))
    first, second = (at("2026-11-01 01:30", NEW_YORK, fold) for fold in (0, 1))
    assert second - first == 3600
    assert clock.due(first).at == second
    assert shown(clock.due(second).at, NEW_YORK) == "2026-11-01 02:30"


@pytest.mark.parametrize(
    ("event", "length", "expected"),
    [
        ("2026-03-08 13:00", "24 hours", "2026-03-07 12:00"),
        ("2026-11-01 11:00", "24 hours", "2026-10-31 12:00"),
        ("2026-03-08 12:00", "1 calendar day", "2026-03-07 12:00"),
        ("2026-03-09 02:30", "1 calendar day", "2026-03-08 03:00"),
    ],
)
def test_backward_is_as_exact_as_forward(event: str, length: str, expected: str) -> None:
    assert before(event, length, office(SHOP)) == expected


def test_an_opening_whose_edge_falls_into_the_gap_begins_after_it() -> None:
    """02:30-04:00 on the day without 2:30 is one hour; on the day with two 1:30 both are inside 01:30-02:30."""
    odd = office({"mon-sun": "02:30-04:00"})
    assert odd.opening_between(at("2026-03-08 00:00", NEW_YORK), at("2026-03-09 00:00", NEW_YORK)) == 3600
    twice = office({"mon-sun": "01:30-02:30"})
    assert twice.opening_between(at("2026-11-01 00:00", NEW_YORK), at("2026-11-02 00:00", NEW_YORK)) == 7200


@pytest.mark.parametrize(
    ("zone", "start", "expected"),
    [
        ("Europe/Berlin", "2026-03-28 12:00", "2026-03-29 13:00"),
        ("Pacific/Auckland", "2026-04-04 12:00", "2026-04-05 11:00"),
        ("Australia/Lord_Howe", "2026-04-04 12:00", "2026-04-05 11:30"),  # half an hour
        ("Asia/Shanghai", "2026-03-28 12:00", "2026-03-29 12:00"),
        ("Asia/Kathmandu", "2026-03-28 12:00", "2026-03-29 12:00"),
    ],
)
def test_zones_change_their_clocks_in_their_own_ways(zone: str, start: str, expected: str) -> None:
    assert due(start, "24 hours", calendar(SHOP, zone)) == expected


def test_china_had_summer_time_until_1991() -> None:
    assert due("1991-04-13 12:00", "24 hours", calendar(SHOP, holidays="none")) == "1991-04-14 13:00"


def test_a_local_time_becomes_an_instant_and_back() -> None:
    shop = office(SHOP)
    assert shop.instant(datetime(2026, 3, 8, 2, 30)) == at("2026-03-08 03:00", NEW_YORK)  # noqa: DTZ001
    assert shop.instant(datetime(2026, 11, 1, 1, 30)) == at("2026-11-01 01:30", NEW_YORK)  # noqa: DTZ001
    assert shop.local(at("2026-11-01 01:30", NEW_YORK, fold=1)).isoformat() == "2026-11-01T01:30:00-05:00"
