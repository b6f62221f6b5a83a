"""The working days of China against what the State Council published."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import pytest
from chinese_calendar.constants import holidays as notice_off

from engine.worktime import official_days
from tests.worktime.tools import calendar, due

EVERY_DAY = [date(2004, 1, 1) + timedelta(n) for n in range(8401)]

#: Two week-end days inside a holiday that the other package leaves out: 端午节 itself, and the Sunday before its Monday.
LEFT_OUT_THERE = {date(2012, 6, 23), date(2015, 6, 21)}


def test_the_8401_days_of_2004_to_2026_differ_from_chinesecalendar_in_one() -> None:
    """On 2005-12-31, a Saturday, people worked (国办发明电〔2005〕35号); the other package has it off."""
    office = calendar()
    assert EVERY_DAY[-1] == date(2026, 12, 31)
    differ = [day for day in EVERY_DAY if office.is_working_day(day) != chinese_calendar.is_workday(day)]
    assert differ == [date(2005, 12, 31)]
    assert office.is_working_day(date(2005, 12, 31))


def test_a_week_end_day_that_a_notice_names_is_off_for_those_who_work_on_week_ends() -> None:
    """元旦 2026 runs from Thursday 1 to Saturday 3 January: the Saturday is a holiday, not a Saturday."""
    gallery = calendar({"mon-sun": "09:00-18:00"})
    off = {day for day in EVERY_DAY if not gallery.is_working_day(day)}
    assert off == (set(notice_off) - {date(2005, 12, 31)}) | LEFT_OUT_THERE


def test_the_year_2026_is_the_notice_of_4_november_2025() -> None:
    china = official_days(("CN",)).codes["CN"]
    off = "01-01/01-03 02-15/02-23 04-04/04-06 05-01/05-05 06-19/06-21 09-25/09-27 10-01/10-07"
    days = {day for span in off.split() for day in EVERY_DAY if f"2026-{span[:5]}" <= str(day) <= f"2026-{span[6:]}"}
    assert {day for day in china.off if day.year == 2026} == days
    made_up = {f"{day:%m-%d}" for day in china.makeup if day.year == 2026}
    assert made_up == {"01-04", "02-14", "02-28", "05-09", "09-20", "10-10"}
    assert china.published_through == date(2026, 12, 31)


OFFICIAL = [
    ("2026-09-18", 3, "2026-09-22"),
    ("2026-09-30", 3, "2026-10-10"),
    ("2026-02-13", 7, "2026-03-02"),
    ("2026-01-03", 1, "2026-01-04"),
    ("2026-05-08", 1, "2026-05-09"),
]


@pytest.mark.parametrize(("event", "days", "last"), OFFICIAL)
def test_working_days_after_an_event(event: str, days: int, last: str) -> None:
    assert due(f"{event} 10:00", f"{days} working days", calendar()) == f"{last} 18:00"


@pytest.mark.parametrize(
    ("event", "days", "last"),
    [("2026-09-18", 3, "2026-09-23"), ("2026-09-30", 3, "2026-10-05"), ("2026-02-13", 7, "2026-02-24")],
)
def test_working_days_of_a_site_that_knows_no_holidays(event: str, days: int, last: str) -> None:
    assert due(f"{event} 10:00", f"{days} working days", calendar(holidays="none")) == f"{last} 18:00"


def test_a_make_up_day_has_the_hours_of_the_first_weekday_that_has_any() -> None:
    """Never the short Saturday's: 28 February 2026 is worked like a Monday."""
    office = calendar({"tue-fri": "09:00-12:00, 13:30-18:00", "sat": "09:00-12:00"})
    assert due("2026-02-27 17:00", "4 working hours", office) == "2026-02-28 12:00"
    assert due("2026-02-27 10:00", "1 working day", office) == "2026-02-28 18:00"


def test_a_make_up_day_has_the_hours_of_makeup_where_they_are_given() -> None:
    office = calendar({"mon-fri": "09:00-18:00", "makeup": "10:00-16:00"})
    assert due("2026-10-09 17:00", "3 working hours", office) == "2026-10-10 12:00"
    assert due("2026-10-09 10:00", "1 working day", office) == "2026-10-10 16:00"


def test_an_exception_stands_over_a_make_up_day_and_over_a_holiday() -> None:
    office = calendar(exceptions={"2026-10-10": "closed", "2026-10-03": "09:00-12:00"})
    assert due("2026-10-09 10:00", "1 working day", office) == "2026-10-12 18:00"
    assert due("2026-09-30 10:00", "1 working day", office) == "2026-10-03 12:00"


def test_a_make_up_day_stands_over_a_date_that_the_site_lists_as_a_holiday() -> None:
    office = calendar(holidays=["CN", "2026-10-10", "2026-10-12"])
    assert due("2026-10-09 10:00", "1 working day", office) == "2026-10-10 18:00"
    assert due("2026-10-10 10:00", "1 working day", office) == "2026-10-13 18:00"
