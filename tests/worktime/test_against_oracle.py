"""Every kind of limit, against a walk through the open minutes that shares nothing with the engine."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from engine.worktime import Clock, DayRule, Length, Timetable, Unit, compile_calendar, official_days, read_calendar
from tests.conftest import examples
from tests.worktime import oracle
from tests.worktime.sites import AWKWARD, random_calendar, random_instant, random_pauses

CASES, MANY = examples(3_000), 100_000
RULES = ("close", "midnight", "same time")

Case = Callable[[random.Random, oracle.Site, Timetable], tuple[object, object, str]]


@cache
def sites() -> tuple[tuple[oracle.Site, Timetable], ...]:
    """The awkward calendars and thirty random ones, each read twice: by the oracle and by the engine."""
    rng = random.Random(2026)
    raws = [*AWKWARD, *(random_calendar(rng) for _ in range(30))]
    data = official_days(("CN",))
    return tuple((oracle.Site(raw), compile_calendar(read_calendar("site", raw), data)) for raw in raws)


def limit(unit: Unit, amount: int, table: Timetable, rule: str = "close") -> Clock:
    return Clock(Length(amount, unit), table, DayRule(rule))


# ---- one case of each kind: what the engine says, what the oracle says, what was asked ------------------------------


def elapsed(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, seconds = random_instant(rng, site), rng.randint(1, 3 * 86_400)
    due = limit(Unit.SECONDS, seconds, table).due(start).at
    return due, oracle.elapsed(site, start, seconds), f"{start} + {seconds} s"


def elapsed_paused(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, seconds = random_instant(rng, site), rng.randint(1, 86_400)
    pauses = random_pauses(rng, start, start + seconds)
    due = limit(Unit.SECONDS, seconds, table).due(start, pauses).at
    return due, oracle.elapsed(site, start, seconds, pauses), f"{start} + {seconds} s, {pauses}"


def working_hours(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, seconds = random_instant(rng, site), _working_amount(rng, site)
    due = limit(Unit.WORKING_SECONDS, seconds, table).due(start).at
    return due, oracle.working_seconds(site, start, seconds), f"{start} + {seconds} working s"


def working_hours_backward(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    at, seconds = random_instant(rng, site), _working_amount(rng, site)
    got = limit(Unit.WORKING_SECONDS, seconds, table).before(at)
    return got, oracle.working_seconds_before(site, at, seconds), f"{seconds} working s before {at}"


def working_hours_paused(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, seconds = random_instant(rng, site), _working_amount(rng, site)
    pauses = random_pauses(rng, start, oracle.working_seconds(site, start, seconds))
    due = limit(Unit.WORKING_SECONDS, seconds, table).due(start, pauses).at
    return due, oracle.working_seconds(site, start, seconds, pauses), f"{start} + {seconds} working s, {pauses}"


def working_days(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, days, rule = random_instant(rng, site), rng.randint(1, 25), rng.choice(RULES)
    due = limit(Unit.WORKING_DAYS, days, table, rule).due(start).at
    return due, oracle.working_days(site, start, days, rule), f"{start} + {days} working days, {rule}"


def working_days_backward(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    at, days, rule = random_instant(rng, site), rng.randint(1, 25), rng.choice(RULES)
    got = limit(Unit.WORKING_DAYS, days, table).before(at, DayRule(rule))
    return got, oracle.working_days_before(site, at, days, rule), f"{days} working days before {at}, {rule}"


def working_days_paused(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, days, rule = random_instant(rng, site), rng.randint(1, 6), rng.choice(RULES)
    pauses = random_pauses(rng, start, oracle.working_days(site, start, days, rule))
    due = limit(Unit.WORKING_DAYS, days, table, rule).due(start, pauses).at
    return due, oracle.working_days(site, start, days, rule, pauses), f"{start} + {days} wd, {rule}, {pauses}"


def calendar_days(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, days, rule = random_instant(rng, site), rng.randint(1, 60), rng.choice(RULES)
    due = limit(Unit.CALENDAR_DAYS, days, table, rule).due(start).at
    return due, oracle.calendar_days(site, start, days, rule), f"{start} + {days} calendar days, {rule}"


def months(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, count, rule = random_instant(rng, site), rng.randint(1, 5), rng.choice(RULES)
    due = limit(Unit.MONTHS, count, table, rule).due(start).at
    return due, oracle.months(site, start, count, rule), f"{start} + {count} months, {rule}"


def calendar_days_backward(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    at, days, rule = random_instant(rng, site), rng.randint(1, 60), rng.choice(RULES)
    got = limit(Unit.CALENDAR_DAYS, days, table).before(at, DayRule(rule))
    return got, oracle.calendar_days_before(site, at, days, rule), f"{days} calendar days before {at}, {rule}"


def months_backward(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    at, count = random_instant(rng, site), rng.randint(1, 5)
    got = limit(Unit.MONTHS, count, table).before(at, DayRule.SAME_TIME)
    return got, oracle.months(site, at, -count, "same time"), f"{count} months before {at}"


def same_day(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, rule = random_instant(rng, site), rng.choice(RULES[:2])
    due = limit(Unit.SAME_DAY, 1, table, rule).due(start).at
    return due, oracle.same_day(site, start, rule), f"{start}, same day, {rule}"


def same_day_paused(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, rule = random_instant(rng, site), rng.choice(RULES[:2])
    pauses = random_pauses(rng, start, oracle.same_day(site, start, rule))
    due = limit(Unit.SAME_DAY, 1, table, rule).due(start, pauses).at
    return due, oracle.same_day(site, start, rule, pauses), f"{start}, same day, {rule}, {pauses}"


def between(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    a = random_instant(rng, site)
    b = a + rng.randint(-5 * 86_400, 5 * 86_400)
    return table.opening_between(a, b), oracle.between(site, a, b), f"{a} to {b}"


def share_of_elapsed(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, seconds, share = random_instant(rng, site), rng.randint(1, 86_400), Fraction(rng.randint(1, 99), 100)
    pauses = random_pauses(rng, start, start + seconds) if rng.random() < 0.5 else ()
    got = limit(Unit.SECONDS, seconds, table).reach(start, share, pauses)
    return got, oracle.share_of_elapsed(start, start + seconds, share, pauses), f"{share} of {seconds} s, {pauses}"


def share_of_working_hours(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, seconds, share = random_instant(rng, site), _working_amount(rng, site), Fraction(rng.randint(1, 99), 100)
    due = oracle.working_seconds(site, start, seconds)
    pauses = random_pauses(rng, start, due) if rng.random() < 0.5 else ()
    got = limit(Unit.WORKING_SECONDS, seconds, table).reach(start, share, pauses)
    return got, oracle.share_of_working_seconds(site, start, due, share, pauses), f"{share} of {seconds}, {pauses}"


def share_of_working_days(rng: random.Random, site: oracle.Site, table: Timetable) -> tuple[object, object, str]:
    start, days, share = random_instant(rng, site), rng.randint(1, 6), Fraction(rng.randint(1, 99), 100)
    rule = rng.choice(RULES)
    due = oracle.working_days(site, start, days, rule)
    pauses = random_pauses(rng, start, due) if rng.random() < 0.5 else ()
    got = limit(Unit.WORKING_DAYS, days, table, rule).reach(start, share, pauses)
    return (
        got,
        oracle.share_of_working_days(site, start, due, share, pauses),
        f"{share} of {days}, {rule}, {pauses}",
    )


def _working_amount(rng: random.Random, site: oracle.Site) -> int:
    """Some seconds, some hours, some that end exactly at an edge when the start stands on one."""
    return rng.choice([rng.randint(1, 3_600), rng.randint(1, 40 * 3_600), 60 * rng.randint(1, 1_200)])


KINDS: tuple[Case, ...] = (
    elapsed, elapsed_paused, working_hours, working_hours_backward, working_hours_paused, working_days,
    working_days_backward, working_days_paused, calendar_days, calendar_days_backward, months, months_backward,
    same_day, same_day_paused, between, share_of_elapsed, share_of_working_hours, share_of_working_days,
)  # fmt: skip


def compare(case: Case, count: int, seed: int) -> None:
    rng = random.Random(f"{case.__name__} {seed}")
    wrong: list[Any] = []
    for number in range(count):
        site, table = sites()[rng.randrange(len(sites()))]
        got, expected, asked = case(rng, site, table)
        if got != expected:
            wrong.append(f"case {number}: engine {got}, oracle {expected}: {asked} in {site.raw}")
    assert not wrong, f"{len(wrong)} of {count} differ, the first: {wrong[0]}"


@pytest.mark.parametrize("case", KINDS, ids=lambda case: case.__name__)
def test_the_engine_agrees_with_a_walk_through_the_minutes(case: Case) -> None:
    compare(case, CASES, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("case", KINDS, ids=lambda case: case.__name__)
def test_the_engine_agrees_with_a_walk_through_the_minutes_100_000_times(case: Case) -> None:
    compare(case, MANY, seed=2)
