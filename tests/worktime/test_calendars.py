"""How a calendar is written, and everything that is wrong with one at once."""

from __future__ import annotations

from datetime import date

import pytest

from engine.worktime import (
    CalendarError,
    CalendarSpec,
    OutOfTable,
    Timetable,
    compile_calendar,
    official_days,
    parse_hours,
    read_calendar,
)
from tests.worktime.tools import SHANGHAI, WEEK, at, calendar, due, limit, shown


def openings(table: Timetable, day: str) -> str:
    """The openings of a date on its own clocks."""
    zone = table.zone.key
    begin = at(f"{day} 00:00", zone)
    spans = [
        span for span in table.intervals(begin, begin + 86_400) if table.date_of(span[0]) == date.fromisoformat(day)
    ]
    return ", ".join(f"{shown(a, zone)[11:]}-{shown(b, zone)[11:]}" for a, b in spans) or "closed"


MONDAY, SATURDAY = "2026-11-16", "2026-11-21"


@pytest.mark.parametrize(
    ("hours", "day", "expected"),
    [
        ({"mon-fri": "09:00-12:00, 13:30-18:00"}, MONDAY, "09:00-12:00, 13:30-18:00"),
        ({"mon-fri": "9:00-12:00,13:30-18:00"}, MONDAY, "09:00-12:00, 13:30-18:00"),
        ({"mon-fri": "13:30-18:00, 09:00-12:00"}, MONDAY, "09:00-12:00, 13:30-18:00"),
        ({"mon-fri": "09:00-18:00"}, SATURDAY, "closed"),
        ({"mon-sun": "09:00-18:00", "sat": "09:00-12:00"}, SATURDAY, "09:00-12:00"),  # the narrower entry wins
        ({"sat": "09:00-12:00", "mon-sun": "09:00-18:00"}, SATURDAY, "09:00-12:00"),  # wherever it stands
        ({"mon-sun": "09:00-18:00", "sat-sun": "closed"}, SATURDAY, "closed"),
        ({"sat-mon": "10:00-11:00"}, MONDAY, "10:00-11:00"),  # over the end of the week
        ({"mon-sun": "00:00-24:00"}, MONDAY, "00:00-00:00"),
        ({"mon-fri": "22:00-06:00"}, MONDAY, "22:00-06:00"),
        ({"mon-fri": "08:00-12:00, 22:00-06:00"}, MONDAY, "08:00-12:00, 22:00-06:00"),
    ],
)
def test_hours_of_a_day(hours: dict[str, str], day: str, expected: str) -> None:
    assert openings(calendar(hours), day) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-10-01", "closed"),  # a holiday
        ("2026-10-02", "09:00-12:00"),  # an exception over a holiday
        ("2026-10-09", "closed"),  # listed by the site
        ("2026-10-10", "10:00-16:00"),  # a make-up day
        ("2026-10-17", "closed"),  # a Saturday
        ("2026-10-24", "13:30-18:00"),  # a Saturday made into a working day by hand
        ("2026-12-31", "09:00-15:00"),  # a half day
    ],
)
def test_exception_over_make_up_day_over_holiday_over_weekday(day: str, expected: str) -> None:
    office = calendar(
        {"mon-fri": "09:00-18:00", "makeup": "10:00-16:00"},
        holidays=["CN", "2026-10-09"],
        exceptions={"2026-10-02": "09:00-12:00", "2026-10-24": "13:30-18:00", "2026-12-31": "09:00-15:00"},
    )
    assert openings(office, day) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-01-30", "09:00-18:00"),
        ("2026-01-31", "closed"),  # the first of the stretch
        ("2026-02-14", "closed"),  # a make-up day, over which an exception stands
        ("2026-02-20", "09:00-12:00"),  # a date is narrower than any stretch
        ("2026-02-24", "13:00-15:00"),  # and a short stretch than a long one, wherever it stands
        ("2026-03-01", "closed"),  # the last
        ("2026-03-02", "09:00-18:00"),
        ("2026-07-13", "closed"),  # a holiday
    ],
)
def test_a_stretch_is_all_of_its_dates_and_the_narrower_entry_wins(day: str, expected: str) -> None:
    school = calendar(
        {"mon-fri": "09:00-18:00"},
        holidays=["CN", "2026-07-11 to 2026-08-31"],
        exceptions={
            "2026-02-23 to 2026-02-24": "13:00-15:00",
            "2026-01-31 to 2026-03-01": "closed",
            "2026-02-20": "09:00-12:00",
        },
    )
    assert openings(school, day) == expected


def test_a_stretch_ends_after_it_begins_within_a_year_and_not_where_another_as_long_does() -> None:
    exceptions = {
        "2026-08-31 to 2026-07-11": "closed",
        "2026-01-01 to 2027-01-02": "closed",
        "2026-03-01 to 2026-03-03": "closed",
        "2026-03-03 to 2026-03-05": "closed",
    }
    holidays = ["2026-08-31 to", "2026-08-31 to 2026-07-11", "2026-07-11-2026-08-31"]
    assert problems({"timezone": SHANGHAI, "hours": WEEK, "holidays": holidays, "exceptions": exceptions}) == {
        **{f"holidays.{place}": "bad-holidays" for place in range(3)},
        "exceptions.2026-08-31 to 2026-07-11": "bad-date",
        "exceptions.2026-01-01 to 2027-01-02": "bad-date",
        "exceptions.2026-03-03 to 2026-03-05": "overlap",
    }


def test_none_works_through() -> None:
    assert openings(calendar(holidays="none"), "2026-10-01") == "09:00-12:00, 13:30-18:00"


def test_a_day_of_two_codes_is_off_in_both() -> None:
    joint = calendar(zone="America/New_York", holidays=["CN", "US-MA"])
    assert [openings(joint, day) for day in ("2026-10-01", "2026-04-20")] == ["closed", "closed"]


def test_open_only_where_all_are_open() -> None:
    """`also` cuts: the desk of a building that itself is open on weekdays from 8 to 10 and from 17 to 23."""
    china = official_days(("CN",))
    building = compile_calendar(
        CalendarSpec("building", SHANGHAI, {"mon-fri": "08:00-10:00, 17:00-23:00"}, ("2026-11-17",)), china
    )
    desk = compile_calendar(
        read_calendar("desk", {"timezone": SHANGHAI, "holidays": "CN", "hours": WEEK, "also": ["building"]}),
        china,
        {"building": building},
    )
    assert openings(desk, MONDAY) == "09:00-10:00, 17:00-18:00"
    assert openings(desk, "2026-11-17") == "closed"
    assert openings(desk, "2026-10-10") == "closed"  # made up for at the desk, but the building knows no make-up days
    assert due("2026-11-16 09:30", "2 working hours", desk) == "2026-11-18 09:30"
    assert due("2026-11-16 09:30", "1 working day", desk) == "2026-11-18 18:00"


def test_a_cut_of_two_zones() -> None:
    """Shanghai's morning is New York's evening: the hours that both have are few."""
    night = compile_calendar(CalendarSpec("ny", "America/New_York", {"mon-sun": "20:00-22:00"}), official_days(()))
    spec = CalendarSpec("both", SHANGHAI, {"mon-sun": "09:00-12:00"}, (), {}, None, ("ny",))
    both = compile_calendar(spec, official_days(()), {"ny": night})
    assert openings(both, "2026-11-16") == "09:00-11:00"
    assert openings(both, "2026-07-15") == "09:00-10:00"  # New York an hour nearer in summer


# ---- what never opens ----


@pytest.mark.parametrize("hours", [{}, {"mon-fri": "closed"}])
def test_a_calendar_that_never_opens_says_so(hours: dict[str, str]) -> None:
    assert calendar(hours, holidays="none").never_opens
    assert not calendar().never_opens


def test_two_calendars_may_never_be_open_together() -> None:
    nights = calendar({"mon-sun": "18:00-23:00"}, holidays="none")
    spec = read_calendar("both", {"timezone": SHANGHAI, "hours": {"mon-sun": "09:00-18:00"}, "also": ["nights"]})
    assert compile_calendar(spec, official_days(()), {"nights": nights}).never_opens


@pytest.mark.parametrize("length", ["1 working second", "1 working day", "same day", "1 calendar day", "1 month"])
def test_a_search_for_working_time_is_bounded(length: str) -> None:
    with pytest.raises(OutOfTable):
        limit(length, calendar({}, holidays="none")).due(at("2026-10-08 10:00"))


def test_a_calendar_that_opens_on_one_day_of_the_century_is_found_there() -> None:
    rare = calendar({}, holidays="none", exceptions={"2071-05-05": "09:00-10:00"})
    assert due("2026-10-08 10:00", "30 working minutes", rare) == "2071-05-05 09:30"
    assert not rare.never_opens


@pytest.mark.parametrize("day", ["1990-01-01", "2100-12-31"])
def test_a_calendar_that_opens_on_the_first_day_or_on_the_last_opens(day: str) -> None:
    assert not calendar({}, holidays="none", exceptions={day: "00:00-00:01"}).never_opens


# ---- what is wrong ----


def problems(raw: dict[str, object]) -> dict[str, str]:
    """Path and reason of everything wrong in a calendar."""
    with pytest.raises(CalendarError) as caught:
        compile_calendar(read_calendar("site", raw), official_days(("CN",)))
    return {".".join(problem.path): problem.reason for problem in caught.value.problems}


def test_everything_wrong_in_a_calendar_is_said_at_once() -> None:
    assert problems(
        {
            "timezone": "Asia/Beijing",
            "holidays": ["CN", "ZZ", "2026-02-30", "sundays"],
            "hours": {
                "mon-fri": "9-18",
                "mon-": "09:00-18:00",
                "funday": "09:00-18:00",
                "sat": "09:00-12:00, 11:00-13:00",
            },
            "exceptions": {"2026-13-01": "closed", "2026-10-08": "25:00-26:00"},
            "also": ["building"],
        }
    ) == {
        "timezone": "bad-zone",
        "holidays.1": "unknown-holidays",
        "holidays.2": "bad-holidays",
        "holidays.3": "bad-holidays",
        "hours.mon-fri": "bad-hours",
        "hours.mon-": "bad-weekday",
        "hours.funday": "bad-weekday",
        "hours.sat": "bad-hours",
        "exceptions.2026-13-01": "bad-date",
        "exceptions.2026-10-08": "bad-hours",
        "also.0": "unknown-calendar",
    }


def test_keys_of_the_wrong_form_are_said_at_once() -> None:
    wrong = {"zone": SHANGHAI, "hours": ["09:00-18:00"], "holidays": {"CN": True}, "exceptions": {"2026-10-08": None}}
    assert problems(wrong) == {
        "zone": "unknown-key",
        "timezone": "missing",
        "hours": "not-text",
        "holidays": "not-text",
        "exceptions": "not-text",
    }


def test_none_stands_alone() -> None:
    wrong = {"timezone": SHANGHAI, "hours": WEEK, "holidays": ["none", "2026-10-09"]}
    assert problems(wrong) == {"holidays.0": "bad-holidays"}


def test_two_entries_of_equal_width_for_one_day_contradict_each_other() -> None:
    both = {"mon-wed": "09:00-12:00", "wed-fri": "13:00-18:00"}
    assert problems({"timezone": SHANGHAI, "hours": both}) == {"hours.wed-fri": "overlap"}


@pytest.mark.parametrize(
    "text",
    ["", "9-18", "09:00", "09:00-09:00", "09:60-10:00", "24:00-06:00", "09:00-12:00; 13:00-18:00", "09:00-12:00, ",
     "08:00-12:00, 11:59-13:00", "20:00-10:00, 09:00-12:00", "９:00-18:00", "09:00-24:01"],
)  # fmt: skip
def test_hours_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_hours(text)


def test_two_nights_of_which_one_opens_before_the_other_closes_share_the_time_without_counting_it_twice() -> None:
    """Friday's shift ends at 06:00; an exception opens the Saturday at 05:00: seven hours, not eight."""
    night = calendar({"mon-fri": "23:00-06:00"}, holidays="none", exceptions={SATURDAY: "05:00-06:30"})
    assert night.opening_between(at("2026-11-20 12:00"), at("2026-11-21 12:00")) == 7 * 3600 + 1800
