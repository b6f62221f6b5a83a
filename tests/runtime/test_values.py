"""What people write, as values: dates without a year, and instants that a clock does not have."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engine.runtime import ValueProblemError, read_instant

CHINA = ZoneInfo("Asia/Shanghai")


def instant(text):
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("written", "now", "meant"),
    [
        ("01-02 18:00", "2026-12-31 10:00", "2027-01-02 18:00"),  # a promise
        ("12-31 23:50", "2027-01-01 00:10", "2026-12-31 23:50"),  # a late report
        ("12-31 24:00", "2026-12-31 10:00", "2027-01-01 00:00"),
        ("03-01 09:00", "2026-08-25 09:00", "2026-03-01 09:00"),
        ("03-01 09:00", "2026-09-05 09:00", "2027-03-01 09:00"),
        ("02-29 09:00", "2027-11-01 09:00", "2028-02-29 09:00"),
        ("23:50", "2027-01-01 00:10", "2027-01-01 23:50"),
    ],
)
def test_a_date_without_its_year_is_the_nearest(written, now, meant):
    assert read_instant(written, CHINA, instant(now)) == instant(meant).timestamp()


def test_in_a_file_it_is_of_the_year_that_the_file_is_in():
    read = read_instant("01-02 18:00", CHINA, instant("2026-12-31 10:00"), same_year=True)
    assert read == instant("2026-01-02 18:00").timestamp()


@pytest.mark.parametrize("written", ["02-30 09:00", "13-01 09:00", "02-29 09:00"])
def test_a_day_that_there_is_not_is_said(written):
    with pytest.raises(ValueProblemError, match=f"there is no 2026-{written[:5]}"):
        read_instant(written, CHINA, instant("2026-06-01 09:00"))
