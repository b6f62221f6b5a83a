"""What a timetable says about an instant and about a date."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from threading import Event, Thread
from typing import Any

import holidays
import pytest

from engine.worktime import DayRule, OutOfTable, always, shift_edges, timetable
from engine.worktime.tables import Table, TableEnds, build
from tests.worktime import oracle
from tests.worktime.sites import random_instant
from tests.worktime.test_against_oracle import sites
from tests.worktime.tools import at, calendar, limit, shown

NIGHTS = {"mon-fri": "22:00-06:00"}
DAY = timedelta(days=1)

# Thu 8 Oct 2026 is the first working day after the holidays of National Day.
INSTANTS = [
    ("2026-10-07 10:00", False, "2026-10-08 09:00"),
    ("2026-10-08 08:59:59", False, "2026-10-08 09:00"),
    ("2026-10-08 09:00", True, "2026-10-08 09:00"),
    ("2026-10-08 11:59:59", True, "2026-10-08 11:59:59"),
    ("2026-10-08 12:00", False, "2026-10-08 13:30"),
    ("2026-10-08 18:00", False, "2026-10-09 09:00"),
    ("2026-10-10 18:00", False, "2026-10-12 09:00"),
]


@pytest.mark.parametrize(("instant", "is_open", "opening"), INSTANTS)
def test_an_opening_has_its_first_instant_and_not_its_last(instant: str, is_open: bool, opening: str) -> None:
    office = calendar()
    assert office.is_open(at(instant)) is is_open
    assert shown(office.next_opening(at(instant))) == opening


DATES = [
    ("2026-09-30", "working", "", "2026-09-30 18:00", "2026-09-30 09:00"),
    ("2026-10-01", "holiday", "国庆节", "2026-10-08 18:00", "2026-10-08 09:00"),
    ("2026-10-10", "makeup", "国庆节调休", "2026-10-10 18:00", "2026-10-10 09:00"),
    ("2026-10-11", "weekend", "", "2026-10-12 18:00", "2026-10-12 09:00"),
    ("2026-12-31", "exception", "", "2026-12-31 15:00", "2026-12-31 09:00"),
    ("2026-11-02", "exception", "", "2026-11-03 18:00", "2026-11-03 09:00"),
]


@pytest.mark.parametrize(("day", "kind", "name", "close", "opening"), DATES)
def test_a_date_has_a_kind_and_a_close_of_business_which_rolls(
    day: str, kind: str, name: str, close: str, opening: str
) -> None:
    office = calendar(exceptions={"2026-12-31": "09:00-12:00, 13:30-15:00", "2026-11-02": "closed"})
    on = date.fromisoformat(day)
    assert office.day_kind(on) == (kind, name)
    assert office.is_working_day(on) is close.startswith(day)
    assert (shown(office.close_of(on)), shown(office.opening_of(on))) == (close, opening)


def test_the_date_of_an_instant_is_that_of_the_opening_it_lies_in() -> None:
    nights = calendar(NIGHTS)
    dates = {text: str(nights.date_of(at(text))) for text in ("2026-11-03 05:59:59", "2026-11-03 06:00")}
    assert dates == {"2026-11-03 05:59:59": "2026-11-02", "2026-11-03 06:00": "2026-11-03"}
    assert shown(nights.close_of(date(2026, 11, 2))) == "2026-11-03 06:00"


def test_the_openings_that_touch_a_span_are_whole() -> None:
    noon, end = at("2026-10-08 11:00"), at("2026-10-08 13:30")
    morning, afternoon = (
        (at(f"2026-10-08 {a}"), at(f"2026-10-08 {b}")) for a, b in (("09:00", "12:00"), ("13:30", "18:00"))
    )
    assert calendar().intervals(noon, end) == (morning,)
    assert calendar().intervals(noon, end + 1) == (morning, afternoon)
    assert calendar().intervals(morning[1], end) == ()
    assert calendar().intervals(noon, noon) == ()


def test_edges_are_where_it_opens_or_closes() -> None:
    edges = calendar().edges(at("2026-10-08 12:00"), at("2026-10-09 09:00"))
    assert [shown(edge) for edge in edges] == ["2026-10-08 12:00", "2026-10-08 13:30", "2026-10-08 18:00"]


def test_what_is_open_without_a_break_has_no_edges_but_the_openings_of_each_day() -> None:
    round_the_clock, span = always("Asia/Shanghai"), (at("2026-10-08 12:00"), at("2026-10-10 12:00"))
    assert round_the_clock.edges(*span) == ()
    assert len(round_the_clock.intervals(*span)) == 3


def test_shifts_are_those_that_begin_in_the_span() -> None:
    shifts = shift_edges(
        calendar({"mon-fri": "06:00-14:00, 14:00-22:00"}), at("2026-10-08 06:00"), at("2026-10-09 06:00")
    )
    assert [(shown(start)[5:], shown(end)[5:]) for start, end in shifts] == [
        ("10-08 06:00", "10-08 14:00"),
        ("10-08 14:00", "10-08 22:00"),
    ]
    assert shift_edges(calendar(), at("2026-10-08 09:00:01"), at("2026-10-08 13:30")) == ()


@pytest.mark.parametrize("seed", range(3))
def test_the_point_questions_agree_with_a_look_at_the_openings_of_the_days_around(seed: int) -> None:
    rng = random.Random(f"points {seed}")
    for _ in range(1_500):
        site, table = sites()[rng.randrange(len(sites()))]
        instant = random_instant(rng, site)
        around = [span for n in (-1, 0, 1) for span in site.spans(site.shown(instant).date() + n * DAY)]
        said = f"{site.raw} at {instant}"
        assert table.is_open(instant) == any(opens <= instant < closes for opens, closes in around), said
        assert table.next_opening(instant) == oracle.next_opening(site, instant), said
        assert table.date_of(instant) == site.date_of(instant), said


def test_the_nth_working_day_is_that_of_holidays_for_every_day_of_2004_to_2026() -> None:
    """`get_nth_working_day` of the package that the days come from, -30 to 30 days, asked on every third day."""
    china, office = holidays.China(years=range(2003, 2028)), calendar()
    for number in range(0, 8_401, 3):
        day = date(2004, 1, 1) + number * DAY
        for n in {number % 61 - 30, 1, -1, 0}:
            assert office.nth_working_day(day, n) == china.get_nth_working_day(day, n), (day, n)


def test_an_aware_local_time_plus_opening_time() -> None:
    office = calendar()
    start = office.local(at("2026-09-30 17:00"))
    assert office.add_opening(start, 2 * 3600) == office.local(at("2026-10-08 10:00"))
    assert office.add_opening(start.astimezone(UTC), 3600).isoformat() == "2026-09-30T18:00:00+08:00"
    with pytest.raises(ValueError, match="without zone"):
        office.add_opening(datetime(2026, 9, 30, 17), 3600)  # noqa: DTZ001


def test_an_answer_far_from_the_table_at_hand_is_the_same_as_asked_first() -> None:
    """The table grows as it is asked, forward and backward; what it says does not depend on the order."""
    near, far = at("2026-10-08 10:00"), at("1995-10-09 10:00")
    grown, fresh = calendar(), calendar()
    assert grown.opening_between(near, near + 86_400) == 27_000
    assert grown.next_opening(far) == fresh.next_opening(far)
    assert grown.opening_between(far, near) == fresh.opening_between(far, near) == -fresh.opening_between(near, far)
    assert str(grown.nth_working_day(date(2026, 10, 8), 9_000)) == str(
        calendar().nth_working_day(date(2026, 10, 8), 9_000)
    )


def test_an_aware_datetime_is_taken_at_its_word_to_the_second() -> None:
    office = calendar()
    assert shown(office.instant(datetime(2026, 11, 16, 1, 0, 0, 999_999, UTC))) == "2026-11-16 09:00"
    assert shown(office.instant(datetime(2026, 11, 16, 9, 0, 0, 999_999))) == "2026-11-16 09:00"  # noqa: DTZ001


def test_the_half_of_a_long_limit_lies_where_half_the_limit_ends() -> None:
    """However far beyond the table at hand."""
    start = at("2026-11-16 10:00")
    half = limit("20000 working hours", calendar()).reach(start, Fraction(1, 2))
    assert half == limit("10000 working hours", calendar()).due(start).at


@pytest.mark.parametrize("instant", [0, at("1989-12-31 23:59:59"), at("2101-01-01 00:00")])
def test_what_lies_outside_the_years_of_the_tables_is_refused(instant: int) -> None:
    with pytest.raises(OutOfTable):
        calendar().is_open(instant)


ONCE = calendar({}, holidays="none", exceptions={"2026-10-09": "22:00-02:00"})


@pytest.mark.parametrize(
    ("instant", "is_open", "day", "before"),
    [
        ("2026-10-09 21:59:59", False, "2026-10-09", 0),
        ("2026-10-09 22:00", True, "2026-10-09", 0),
        ("2026-10-09 23:00", True, "2026-10-09", 3600),
        ("2026-10-10 01:59:59", True, "2026-10-09", 4 * 3600 - 1),
        ("2026-10-10 02:00", False, "2026-10-10", 4 * 3600),
    ],
)
def test_what_opens_but_once_is_open_then(instant: str, is_open: bool, day: str, before: int) -> None:
    """There is no opening before it and none after it to fall back on."""
    assert ONCE.is_open(at(instant)) is is_open
    assert str(ONCE.date_of(at(instant))) == day
    assert ONCE.opening_between(at("2026-10-09 00:00"), at(instant)) == before


def test_what_opens_but_once_has_one_working_day() -> None:
    day = date(2026, 10, 9)
    assert [ONCE.nth_working_day(day + n * DAY, -n) for n in (-1, 0, 1)] == [day] * 3
    assert shown(ONCE.opening_of(day - DAY)) == shown(ONCE.next_opening(at("2026-10-01 00:00"))) == "2026-10-09 22:00"
    assert shown(ONCE.close_of(day - DAY)) == "2026-10-10 02:00"
    assert shown(limit("1 working day", ONCE).reach(at("2026-10-08 10:00"), Fraction(1, 2))) == "2026-10-10 00:00"
    day_before = limit("1 calendar day", ONCE).before(at("2026-10-12 10:00"), DayRule.CLOSE)
    assert shown(day_before) == "2026-10-10 02:00"
    for beyond in (lambda: ONCE.nth_working_day(day, 1), lambda: ONCE.nth_working_day(day, -1)):
        with pytest.raises(OutOfTable):
            beyond()


# ---- several threads ----


def test_what_one_thread_asked_about_another_does_not_take_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of 2030 is begun first and ready last, and has 2000 in it, too."""
    office, begun, other, tables = calendar(), Event(), Event(), []

    def slow(*arguments: Any) -> Table:
        tables.append(build(*arguments))
        if len(tables) == 1:
            begun.set()
            other.wait(0.05)
        return tables[-1]

    monkeypatch.setattr(timetable, "build", slow)
    thread = Thread(target=office.is_open, args=(at("2030-06-03 10:00"),))
    thread.start()
    begun.wait()
    assert office.is_open(at("2000-06-01 10:00"))
    other.set()
    thread.join()
    asked = len(tables)
    assert office.opening_between(at("2000-06-01 10:00"), at("2030-06-03 10:00")) > 0
    assert len(tables) == asked


def test_a_search_goes_on_in_the_table_that_another_thread_made_longer() -> None:
    office, end = calendar(), at("2100-12-30 10:00")

    def ask(table: Table) -> Table:
        if not table.lo <= end < table.hi:
            office.opening_between(at("1990-01-04 10:00"), end)
            raise TableEnds
        return table

    assert office.search(at("2026-11-16 10:00"), ask).lo <= end
