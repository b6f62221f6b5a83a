"""When duties come round."""

from __future__ import annotations

from datetime import date

import pytest

from engine.runtime import Plans, Roster, Site
from engine.runtime.duties import occurrences, openings
from tests.core.harness import HEAD, at, local
from tests.runtime.running import BODY, prepared

NIGHTS = HEAD.replace("calendars: {", "calendars: {night: {title: 夜班, hours: {mon-sun: '22:00-06:00'}}, ").replace(
    "roles:", "roles:\n  guard: {title: 门岗, on_duty: night}"
)


@pytest.mark.parametrize(
    ("away", "openings"),
    [
        ("25 minutes before start", ["11-16 21:35", "11-17 21:35"]),
        ("60 hours before start", ["11-16 10:00", "11-17 10:00"]),
        ("2 calendar days before start", ["11-16 22:00", "11-17 22:00"]),
        ("30 working hours after end", ["11-19 18:00", "11-20 18:00"]),
    ],
)
def test_a_duty_comes_round_as_far_from_each_shift_as_it_says_whatever_it_is_counted_in(away, openings):
    duty = f"duties:\n  hand: {{title: 交班, every: shift of guard, at: {away}, within: 1 hour, owner: boss}}\n"
    (edition,) = (plan := prepared(BODY + duty, head=NIGHTS).plan).editions
    site = Site(Plans.of(plan), Roster(Plans.of(plan), edition), edition)
    start = at(f"{openings[0][:5]} 00:00")
    assert [local(one.at) for one in sorted(occurrences(site, start, start + 2 * 86_400))] == openings


def test_the_openings_of_a_day_are_found_without_its_reports_and_without_asking_who_is_there():
    class Unasked(Roster):
        def on_duty(self, role, at):
            raise AssertionError("a page of the day shows no empty posts")

    duty = "duties:\n  look: {title: 巡查, every: day, at: ['08:00'], within: 1 hour, owner: boss}\n"
    held = NIGHTS.replace("on_duty: night}", "on_duty: night, at_least: 1}")
    (edition,) = (plan := prepared(BODY + duty + DAILY.replace("EVERY", "day"), head=held).plan).editions
    site = Site(Plans.of(plan), Unasked(Plans.of(plan), edition), edition)
    start = at("11-16 00:00")
    assert [(one.id, local(one.at)) for one in openings(site, start, start + 86_400)] == [("look", "11-16 08:00")]


DAILY = """
figures: {seen: {title: 受理, of: matter, count: opened, per: day}}
reports: {daily: {title: 日报, every: EVERY, to: [boss], figures: [seen]}}
"""


def reports(every, first, days):
    (edition,) = (plan := prepared(BODY + DAILY.replace("EVERY", every), off=[date(2026, 11, 18)]).plan).editions
    site = Site(Plans.of(plan), Roster(Plans.of(plan), edition), edition)
    start = at(f"{first} 00:00")
    return [local(one.at) for one in sorted(occurrences(site, start, start + days * 86_400))]


def test_a_report_of_every_day_is_made_on_days_off_too_so_that_each_day_stands_in_one():
    days = ["11-18 09:00", "11-19 09:00", "11-20 09:00", "11-21 09:00", "11-22 09:00", "11-23 09:00"]
    assert reports("day", "11-18", 6) == days  # a holiday, a week-end
    assert reports("working day", "11-18", 6) == ["11-19 09:00", "11-20 09:00", "11-23 09:00"]
