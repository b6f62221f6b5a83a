"""When quiet hours end, at the edges of days, years and clocks."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engine.notify import quiet_until
from engine.notify.quiet import following
from tests.core.harness import at
from tests.notify.office import PLAN, plan_of

NIGHT = plan_of(PLAN.replace("messaging: {", "messaging: {quiet: {hours: 22:00-07:00}, "))
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("12-31 21:59:59", None),
        ("12-31 22:00:00", "2027-01-01 07:00"),
        ("12-31 23:59:59", "2027-01-01 07:00"),
        ("2027-01-01 00:00:00", "2027-01-01 07:00"),
        ("2027-01-01 06:59:59", "2027-01-01 07:00"),
        ("2027-01-01 07:00:00", None),
    ],
)
def test_quiet_hours_begin_at_their_start_and_end_before_their_end(now, until):
    found = quiet_until(NIGHT, {"staff"}, at(now))
    assert (found and datetime.fromtimestamp(found, NIGHT.zone).strftime("%Y-%m-%d %H:%M")) == until


def test_an_hour_that_the_clock_shows_twice_ends_quiet_hours_each_time():
    first, second = (datetime(2026, 10, 25, 2, 15, fold=fold, tzinfo=BERLIN).timestamp() for fold in (0, 1))
    half_past_two = 2 * 3600 + 30 * 60
    assert following(int(first), half_past_two, BERLIN) == first + 15 * 60
    assert following(int(second), half_past_two, BERLIN) == second + 15 * 60


def test_an_hour_that_the_clock_leaves_out_is_no_day_away():
    before = int(datetime(2026, 3, 29, 1, 0, tzinfo=BERLIN).timestamp())
    assert before < following(before, 2 * 3600 + 30 * 60, BERLIN) <= before + 2 * 3600
