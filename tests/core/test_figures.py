"""Figures: what is counted, what is left out, and what it is held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import Command, Family, Refusal, Rule, Step, advance, decide
from engine.core import commands as c
from engine.core import conditions as when
from engine.core import plan as p
from engine.core.figures import FigureValue, History, Period, measure, period_of, periods
from engine.core.periods import compared_with
from engine.core.ticket import freeze, melt
from tests.core.small_site import (
    ALL,
    CASE,
    END,
    HOUR,
    NOVEMBER,
    OCTOBER,
    PLAN,
    act_of,
    at,
    count,
    figure,
    histories,
    history,
    rows,
    value,
)

SHANGHAI = "Asia/Shanghai"
ACCEPTED = "02 09:00 open; 02 09:00 accept;"  # resolve is due on 3 November at 09:00
RESOLVED = ACCEPTED + "03 09:00 resolve;"
SOLVED = ACCEPTED + "03 09:00 resolve outcome=solved;"

ON_TIME = figure(p.OnTime("resolve"))
SHARE = figure(p.Share(when.OneOf("outcome", frozenset({"solved"})), True))
WAIT = figure(p.AverageWait(frozenset({"opened"}), frozenset({"contact"})))
SCORE = figure(p.AverageFact("score"))
STILL_OPEN = figure(p.Count(frozenset(), open=True))


# ---- periods --------------------------------------------------------------------------------------------------------


@rows(
    "per instant start end",
    ("a day holds its first instant", "day", "04 00:00", "04 00:00", "05 00:00"),
    ("and its last minute", "day", "04 23:59", "04 00:00", "05 00:00"),
    ("a week begins on Monday", "week", "08 23:59", "02 00:00", "09 00:00"),
    ("a month", "month", "30 12:00", "01 00:00", "12-01 00:00"),
    ("December", "month", "12-31 23:59", "12-01 00:00", "2027-01-01 00:00"),
    ("a quarter", "quarter", "05-15 12:00", "04-01 00:00", "07-01 00:00"),
    ("the last quarter", "quarter", "12-01 00:00", "10-01 00:00", "2027-01-01 00:00"),
    ("a year", "year", "06-01 00:00", "01-01 00:00", "2027-01-01 00:00"),
)
def test_a_period_is_local_and_begins_at_midnight(per: Any, instant: str, start: str, end: str) -> None:
    assert period_of(per, at(instant), SHANGHAI) == (at(start), at(end))


@rows("month day length", ("spring", 3, 8, 23), ("autumn", 11, 1, 25), ("between", 6, 1, 24))
def test_a_day_on_which_clocks_change_has_another_length(month: int, day: int, length: int) -> None:
    noon = datetime(2026, month, day, 12, tzinfo=ZoneInfo("America/New_York"))
    start, end = period_of("day", int(noon.timestamp()), "America/New_York")
    assert end - start == length * HOUR


def test_periods_are_those_that_a_stretch_touches() -> None:
    assert list(periods("month", SHANGHAI, at("10-31 23:59"), at("12-01 00:00"))) == [OCTOBER, NOVEMBER]
    assert list(periods("month", SHANGHAI, at("10-31 23:59"), at("10-31 23:59"))) == []


@rows(
    "per against instant start",
    ("the month before", "month", "previous", "03-10 00:00", "02-01 00:00"),
    ("the same month last year", "month", "last year", "03-10 00:00", "2025-03-01 00:00"),
    ("the same quarter last year", "quarter", "last year", "03-10 00:00", "2025-01-01 00:00"),
    ("52 weeks earlier, a Monday again", "week", "last year", "03-10 00:00", "2025-03-10 00:00"),
    ("the same date", "day", "last year", "03-10 00:00", "2025-03-10 00:00"),
    ("of a leap day the 28th", "day", "last year", "2024-02-29 00:00", "2023-02-28 00:00"),
)
def test_what_a_period_is_compared_with(per: Any, against: Any, instant: str, start: str) -> None:
    found = compared_with(per, SHANGHAI, period_of(per, at(instant), SHANGHAI), against)
    assert found == period_of(per, at(start), SHANGHAI)
    assert found.start == at(start)


# ---- on time --------------------------------------------------------------------------------------------------------


@rows(
    "script share n left_out marks",
    ("done on the dot is met", "03 09:00 resolve", 1, 1, {}, {}),
    ("done after the due is late", "03 09:01 resolve", 0, 1, {}, {}),
    ("open and overdue counts as late", "", 0, 1, {}, {}),
    ("ended undone after the due is missed", "05 09:00 withdraw", 0, 1, {}, {}),
    ("ended undone before it has no verdict", "02 10:00 withdraw", None, 0, {"void": 1}, {}),
    ("excused before the due", "02 10:00 excuse", None, 0, {"excused": 1}, {}),
    ("excused after the due", "04 10:00 excuse", None, 0, {"excused": 1}, {}),
    ("excused when it was over", "04 09:00 resolve; 05 09:00 excuse", None, 0, {"excused": 1}, {}),
    ("the verdict that counts is the corrected one", "04 10:00 correct_met", 1, 1, {}, {}),
    ("also of a run that was over", "04 09:00 resolve; 05 09:00 correct_met", 1, 1, {}, {}),
    ("and when it is corrected against somebody", "02 10:00 resolve; 05 09:00 correct_late", 0, 1, {}, {}),
    ("found late, though it had no due", "02 10:00 suspend; 04 09:00 resolve; 05 09:00 correct_late", 0, 1, {}, {}),
    ("while paused it has no due", "02 10:00 suspend", None, 0, {"paused": 1}, {}),
    ("done while paused is met", "02 10:00 suspend; 10 09:00 resolve", 1, 1, {}, {}),
    ("on time only because extended", "02 10:00 extend extended=yes; 04 09:00 resolve", 1, 1, {}, {"extended": 1}),
    (
        "extended while paused",
        "02 10:00 suspend; 02 11:00 extend extended=yes; 02 12:00 resume; 04 09:00 resolve",
        *(1, 1, {}, {"extended": 1}),
    ),
    ("not extended", "02 10:00 extend extended=no; 03 09:00 resolve", 1, 1, {}, {}),
    (
        "each round is judged",
        "03 09:30 resolve; 03 10:00 dissatisfied; 03 11:00 resolve",
        *(Fraction(1, 2), 2, {}, {}),
    ),
)
def test_on_time(script: str, share: Any, n: int, left_out: Mapping[str, int], marks: Mapping[str, int]) -> None:
    found = value(ON_TIME, ACCEPTED + script)
    assert (found.value, found.n, found.left_out, found.marks) == (share, n, left_out, marks)
    assert (found.unit, found.reason) == ("share", "" if n else "nothing to count")


def test_a_shorter_limit_is_no_extension() -> None:
    shorter = "02 09:00 open extended=yes; 02 09:00 accept; 02 10:00 extend extended=no; 03 09:00 resolve"
    paused = (
        "02 09:00 open extended=yes; 02 09:00 accept; 02 10:00 suspend; 02 11:00 extend extended=no; 03 09:00 resolve"
    )
    assert [value(ON_TIME, script).marks for script in (shorter, paused)] == [{}, {}]


def test_what_is_not_yet_due_is_left_out_and_what_is_overdue_is_late_before_its_timer_is_applied() -> None:
    waiting = history(ACCEPTED, until=at("02 12:00"))
    ahead = value(ON_TIME, waiting, as_of=at("03 09:00"))
    assert (ahead.n, ahead.left_out) == (0, {"not yet due": 1})
    overdue = value(ON_TIME, waiting, as_of=at("03 09:01"))
    assert (overdue.value, overdue.n, overdue.companions["lateness"]) == (0, 1, 60)


def test_a_run_belongs_to_the_period_of_its_due() -> None:
    """Begun on 31 October, due on 1 November, done in December."""
    late = history("10-31 09:00 open; 10-31 09:00 accept; 12-02 09:00 resolve")
    assert [value(ON_TIME, late, period=month).n for month in (OCTOBER, NOVEMBER)] == [0, 1]


def test_without_a_due_it_belongs_to_where_it_ended_or_else_began() -> None:
    paused = "10-31 09:00 open; 10-31 09:00 accept; 10-31 10:00 suspend;"
    assert [value(ON_TIME, paused, period=month).left_out for month in (OCTOBER, NOVEMBER)] == [{"paused": 1}, {}]
    done = paused + "02 09:00 resolve"
    assert [value(ON_TIME, done, period=month).n for month in (OCTOBER, NOVEMBER)] == [0, 1]


def test_beside_it_stand_the_rate_with_the_excused_as_late_and_the_lateness() -> None:
    """Met, excused, an hour late, missed after three hours."""
    found = value(
        ON_TIME, RESOLVED, ACCEPTED + "04 10:00 excuse", ACCEPTED + "03 10:00 resolve", ACCEPTED + "03 12:00 withdraw"
    )
    assert found.value == Fraction(1, 3)
    assert found.companions == {"excused_as_late": Fraction(1, 4), "lateness": 2 * HOUR, "lateness_max": 3 * HOUR}


def test_a_due_that_awaits_final_day_data_is_counted_and_marked() -> None:
    one = history(ACCEPTED)
    ticket = melt(one.family.root)
    ticket.runs = {name: run._replace(provisional=True) for name, run in ticket.runs.items()}
    marked = History(one.family._replace(tickets={"T1": freeze(ticket)}), one.steps)
    assert (value(ON_TIME, marked).n, value(ON_TIME, marked).marks) == (1, {"provisional": 1})


def test_a_promise_kept_through_a_pause_is_not_judged_while_paused_and_marked_when_renewed() -> None:
    word = figure(p.OnTime("keep_word"))
    promised = "02 09:00 open; 02 09:00 accept promised_at=03_18:00;"
    assert value(word, promised + "02 10:00 suspend").left_out == {"paused": 1}
    renewed = value(word, promised + "02 11:00 promise promised_at=04_18:00; 04 18:00 resolve")
    assert (renewed.value, renewed.marks) == (1, {"extended": 1})


@rows(
    "script",
    ("without a due", "02 10:00 suspend; 04 09:00 resolve; 05 09:00 correct_late"),
    ("before its due", "03 08:00 resolve; 05 09:00 correct_late"),
)
def test_found_late_it_has_no_lateness_where_it_was_done(script: str) -> None:
    assert value(ON_TIME, ACCEPTED + script).companions == {"excused_as_late": 0}


@rows(
    "of n", ("one", "complaint", 1), ("two", "enquiry complaint", 2), ("none named is all", "", 2), ("no", "patrol", 0)
)
def test_only_the_categories_of_a_figure_count(of: str, n: int) -> None:
    both = histories(ACCEPTED, "02 09:00 open enquiry; 02 09:00 accept")
    assert value(figure(p.OnTime("resolve"), of), *both).n == n


def test_a_duty_is_on_time_by_the_deadline_that_is_its_own() -> None:
    found = value(figure(p.OnTime("patrol"), "patrol"), "02 09:00 open patrol; 02 09:30 finish", "03 09:00 open patrol")
    assert (found.value, found.n) == (Fraction(1, 2), 2)


# ---- share ----------------------------------------------------------------------------------------------------------


@rows(
    "script share n left_out",
    ("solved", SOLVED + "05 09:00 satisfied", 1, 1, {}),
    ("not solved", ACCEPTED + "03 09:00 resolve outcome=unsolvable; 05 09:00 satisfied", 0, 1, {}),
    ("withdrawn", ACCEPTED + "05 09:00 withdraw", None, 0, {"no outcome": 1}),
    ("not closed", SOLVED, None, 0, {}),
    ("closed after the period", SOLVED + "12-01 00:00 satisfied", None, 0, {}),
    ("closed in its last minute", SOLVED + "30 23:59 satisfied", 1, 1, {}),
    ("a reopening takes it back", SOLVED + "05 09:00 satisfied; 12-05 09:00 reopen", None, 0, {}),
    ("merged", ACCEPTED + "05 09:00 merge", None, 0, {"merged": 1}),
)
def test_share(script: str, share: Any, n: int, left_out: Mapping[str, int]) -> None:
    found = value(SHARE, script)
    assert (found.value, found.n, found.left_out) == (share, n, left_out)


def test_what_is_closed_again_counts_when_it_is_closed_again() -> None:
    again = (
        SOLVED + "05 09:00 satisfied; 12-05 09:00 reopen; 12-05 10:00 resolve outcome=unsolvable; 12-06 09:00 satisfied"
    )
    december = period_of("month", at("12-06 09:00"), SHANGHAI)
    assert [value(SHARE, again, period=month).n for month in (NOVEMBER, december)] == [0, 1]


def test_a_share_that_does_not_ask_for_the_outcome_counts_the_withdrawn_and_knows_rounds_and_repeats() -> None:
    once = when.All((when.Between("round", high=1), when.OneOf("repeats", frozenset({0}))))
    withdrawn = "02 09:00 open; 05 09:00 withdraw"
    two_rounds = RESOLVED + "03 10:00 dissatisfied; 04 09:00 resolve; 05 09:00 satisfied"
    repeated = "02 09:00 open; 02 09:00 detect; 03 09:00 withdraw"
    found = value(figure(p.Share(once, False)), withdrawn, two_rounds, repeated)
    assert (found.value, found.n) == (Fraction(1, 3), 3)


# ---- averages -------------------------------------------------------------------------------------------------------

GOOD = RESOLVED + "05 09:00 satisfied score=80;"
TWICE = RESOLVED + "05 09:00 dissatisfied score=40;"


@rows(
    "script mean n left_out beside",
    ("one answer", GOOD, 80, 1, {}, {"response_rate": 1, "dissatisfied": 0}),
    ("answered after the period", RESOLVED + "12-01 00:00 satisfied score=80", None, 0, {}, {}),
    (
        "only the last answer counts",
        TWICE + "06 09:00 resolve; 07 09:00 satisfied score=90",
        *(90, 1, {"earlier round": 1}, {"response_rate": 1, "dissatisfied": Fraction(1, 2)}),
    ),
    (
        "what is put right later is the last answer",
        TWICE + "06 09:00 resolve; 07 09:00 satisfied score=90; 12-07 09:00 correct score=60",
        *(60, 1, {"earlier round": 1}, {"response_rate": 1, "dissatisfied": Fraction(1, 2)}),
    ),
    (
        "even if it came after the period",
        TWICE + "06 09:00 resolve; 12-07 09:00 satisfied score=90",
        *(None, 0, {"earlier round": 1}, {"dissatisfied": 1}),
    ),
    ("the last until there is another", TWICE, 40, 1, {}, {"response_rate": 1, "dissatisfied": 1}),
    (
        "asked, not answered",
        RESOLVED + "05 09:00 satisfied",
        *(None, 0, {"no answer": 1}, {"response_rate": 0, "dissatisfied": 0}),
    ),
    (
        "asked again, not answered again",
        TWICE + "06 09:00 resolve; 07 09:00 satisfied",
        *(None, 0, {"earlier round": 1, "no answer": 1}, {"response_rate": 0, "dissatisfied": Fraction(1, 2)}),
    ),
    (
        "an answer put right counts when it was given",
        GOOD + "12-06 09:00 correct score=60",
        *(60, 1, {}, {"response_rate": 1, "dissatisfied": 0}),
    ),
    (
        "who is anonymous is not asked",
        "02 09:00 open anonymous=yes; 02 09:00 accept; 03 09:00 resolve; 05 09:00 archive",
        *(None, 0, {"anonymous": 1}, {}),
    ),
    (
        "who is anonymous and was asked has answered",
        "02 09:00 open anonymous=yes; 02 09:00 accept; 03 09:00 resolve; 05 09:00 satisfied score=80",
        *(80, 1, {}, {"response_rate": 1, "dissatisfied": 0}),
    ),
    ("who is anonymous and not closed was not left out", "02 09:00 open anonymous=yes", None, 0, {}, {}),
    ("not asked though known", RESOLVED + "05 09:00 archive", None, 0, {}, {}),
    ("merged", TWICE + "06 09:00 merge", None, 0, {"merged": 1}, {}),
)
def test_mean_score(
    script: str, mean: Any, n: int, left_out: Mapping[str, int], beside: Mapping[str, Fraction]
) -> None:
    found = value(SCORE, script)
    assert (found.value, found.n, found.left_out, found.companions) == (mean, n, left_out, beside)
    assert found.unit == "score"


def test_a_mean_is_exact() -> None:
    found = value(SCORE, GOOD, *[RESOLVED + "05 09:00 satisfied score=85"] * 2)
    assert (found.value, found.n) == (Fraction(250, 3), 3)


def test_the_response_rate_is_of_those_who_were_asked() -> None:
    found = value(SCORE, GOOD, GOOD, RESOLVED + "05 09:00 satisfied")
    assert (found.value, found.companions["response_rate"]) == (80, Fraction(2, 3))


def test_dissatisfied_stands_beside_only_where_the_dissatisfied_are_asked() -> None:
    found = value(figure(p.AverageFact("manners")), TWICE + "06 09:00 resolve; 07 09:00 satisfied manners=70")
    assert (found.value, found.companions) == (70, {"response_rate": 1})


PEOPLE = figure(p.AverageFact("people"), "")


@rows(
    "script mean left_out",
    ("asked at the opening, the first instant of the period", "01 00:00 open enquiry people=3", 3, {}),
    ("asked at the opening, not answered", "02 09:00 open enquiry", None, {"no answer": 1}),
    ("asked by nobody", "02 09:00 open; 03 09:00 set_facts people=4", 4, {}),
    ("the last that was said", "02 09:00 open; 03 09:00 set_facts people=4; 04 09:00 set_facts people=5", 5, {}),
    ("a part is asked on its own", ACCEPTED + "02 09:30 involve people=7; 02 10:00 set_facts people=1", 4, {}),
)
def test_the_mean_of_a_fact_that_no_move_asks(script: str, mean: int | None, left_out: Mapping[str, int]) -> None:
    found = value(PEOPLE, script)
    assert (found.value, found.unit, found.left_out) == (mean, "number", left_out)
    assert "dissatisfied" not in found.companions


def test_a_category_that_the_plan_no_longer_has_still_counts() -> None:
    plan = replace(PLAN, categories={})
    assert measure(plan, PEOPLE, histories("02 09:00 open enquiry people=3"), NOVEMBER, END).value == 3
    assert measure(plan, figure(p.Load(("desk",)), ""), histories("02 09:00 open"), SECOND, END, team).value == 0


def test_what_happens_to_a_part_does_not_happen_to_its_parent() -> None:
    both = ACCEPTED + "02 09:30 involve; 02 10:00 contact; 02 11:00 .1 contact; 02 12:00 .1 accept"
    assert [value(count("contact", of=of), both).n for of in ("complaint", "enquiry", "")] == [1, 1, 2]
    assert [value(replace(WAIT, of=frozenset({of})), both).value for of in ("complaint", "enquiry")] == [
        HOUR,
        HOUR * 3 / 2,
    ]


@rows(
    "script seconds waiting long left_out",
    ("to the first contact", "02 10:00 contact; 02 12:00 contact", HOUR, 0, 0, {}),
    ("still waiting", "", END - at("02 09:00"), 1, 1, {}),
    ("until it was closed without", "02 12:00 withdraw", 3 * HOUR, 0, 0, {}),
    ("72 hours are not over 72 hours", "05 09:00 contact", 72 * HOUR, 0, 0, {}),
    ("a minute more is", "05 09:01 contact", 72 * HOUR + 60, 0, 1, {}),
    ("merged", "05 09:00 merge", None, 0, 0, {"merged": 1}),
    (
        "pauses are not deducted",
        "02 10:00 accept; 02 11:00 suspend; 04 11:00 resume; 04 12:00 contact",
        *(51 * HOUR, 0, 0, {}),
    ),
    ("told late", "02 12:00 contact < 02 09:20", 20 * 60, 0, 0, {}),
)
def test_average_wait(script: str, seconds: Any, waiting: int, long: int, left_out: Mapping[str, int]) -> None:
    found = value(WAIT, "02 09:00 open;" + script)
    assert (found.value, found.left_out, found.unit) == (seconds, left_out, "seconds")
    assert (found.companions["waiting"], found.companions["over_72_hours"]) == (waiting, long)


def test_a_wait_that_ended_with_the_ticket_is_marked() -> None:
    assert value(WAIT, "02 09:00 open; 02 12:00 withdraw").marks == {"closed without": 1}


def test_median_and_maximum_stand_beside_the_average() -> None:
    found = value(WAIT, *(f"02 09:00 open; 02 {hour}:00 contact" for hour in (10, 11, 13, 17)))
    assert (found.value, found.n) == (15 * HOUR / 4, 4)
    assert (found.companions["median"], found.companions["maximum"]) == (3 * HOUR, 8 * HOUR)


def test_each_beginning_is_a_wait_and_ends_with_the_first_end_after_it() -> None:
    crossing = figure(p.AverageWait(frozenset({"transfer"}), frozenset({"contact"})))
    handed_on = "02 10:00 transfer department=desk; 02 12:00 transfer department=repairs; 02 13:00 contact"
    found = value(crossing, ACCEPTED + "02 09:30 contact;" + handed_on)
    assert (found.value, found.n) == (2 * HOUR, 2)


def test_what_ends_a_wait_may_begin_the_next() -> None:
    silence = figure(p.AverageWait(frozenset({"contact"}), frozenset({"contact", "closed", "withdrawn"})))
    found = value(silence, "02 09:00 open; 02 10:00 contact; 02 12:00 contact; 02 16:00 withdraw")
    assert (found.value, found.companions["maximum"]) == (3 * HOUR, 4 * HOUR)


def test_a_wait_may_begin_and_end_in_one_instant() -> None:
    handled = figure(p.AverageWait(frozenset({"opened"}), frozenset({"handling"})))
    assert (value(handled, ACCEPTED).value, value(handled, ACCEPTED).n) == (0, 1)


def test_a_move_and_the_state_it_leads_to_begin_one_wait() -> None:
    solving = figure(p.AverageWait(frozenset({"accept", "handling"}), frozenset({"resolve", "resolved"})))
    assert (value(solving, RESOLVED).value, value(solving, RESOLVED).n) == (24 * HOUR, 1)


def test_a_wait_that_began_with_a_breach_is_none_when_the_breach_was_none() -> None:
    explained = figure(p.AverageWait(frozenset({"resolve breached"}), frozenset({"contact"})))
    assert value(explained, ACCEPTED + "03 12:00 contact").value == 3 * HOUR
    assert value(explained, ACCEPTED + "03 12:00 contact; 03 13:00 correct_met").n == 0


def test_a_wait_may_begin_at_a_time_fact_even_one_that_comes_true_later() -> None:
    called = figure(p.AverageWait(frozenset({"called_at"}), frozenset({"contact"})))
    assert value(called, "02 09:00 open called_at=02_08:00; 02 10:00 contact").value == 2 * HOUR
    ahead = history("10-02 09:00 open called_at=02_09:00")
    assert value(called, ahead, as_of=at("02 12:00")).value == 3 * HOUR
    assert [value(called, ahead, as_of=at(now)).n for now in ("02 08:59", "02 09:00")] == [0, 1]
    assert value(WAIT, "01 00:00 open").n == 1


# ---- counts ---------------------------------------------------------------------------------------------------------


@rows(
    "moments script n left_out",
    ("in the first instant of the period", "opened", "01 00:00 open", 1, {}),
    ("the end does not belong to it", "opened", "12-01 00:00 open", 0, {}),
    ("moves", "contact", ACCEPTED + "03 09:00 contact; 04 09:00 contact", 2, {}),
    ("several names", "contact, accept", ACCEPTED + "03 09:00 contact", 2, {}),
    ("a state that was entered", "handling", ACCEPTED + "03 09:00 contact", 1, {}),
    ("a move and its state are one", "accept, handling", ACCEPTED, 1, {}),
    ("a breach", "resolve breached", ACCEPTED, 1, {}),
    ("a breach that was none", "resolve breached", ACCEPTED + "04 09:00 correct_met", 0, {"corrected": 1}),
    ("an excused breach", "resolve breached", ACCEPTED + "04 09:00 excuse", 0, {"excused": 1}),
    ("fulfilled", "resolve met", RESOLVED, 1, {}),
    ("fulfilled late", "resolve met", ACCEPTED + "04 09:00 resolve", 0, {}),
    ("found fulfilled", "resolve met", ACCEPTED + "04 09:00 correct_met", 1, {}),
    ("found late is late since its due", "resolve breached", RESOLVED + "12-04 09:00 correct_late", 1, {}),
    (
        "found late after all is once",
        "resolve breached",
        ACCEPTED + "04 10:00 correct_met; 05 10:00 correct_late",
        *(1, {"corrected": 1}),
    ),
    ("found not fulfilled", "resolve met", RESOLVED + "04 09:00 correct_late", 0, {"corrected": 1}),
    (
        "found fulfilled after all is once",
        "resolve met",
        RESOLVED + "04 09:00 correct_late; 05 09:00 correct_met",
        *(1, {"corrected": 1}),
    ),
    ("merged", "opened", "02 09:00 open; 02 10:00 merge", 0, {"merged": 1}),
    ("done in the period, told later", "contact", "30 09:00 open; 12-01 09:00 contact < 30 23:00", 1, {}),
    ("told in the period, done before", "contact", "10-30 09:00 open; 01 00:20 contact < 10-31 23:50", 0, {}),
)
def test_count(moments: str, script: str, n: int, left_out: Mapping[str, int]) -> None:
    found = value(count(moments), script)
    assert (found.value, found.n, found.left_out, found.unit) == (n, n, left_out, "number")


@rows(
    "name period n", ("fired", "again", NOVEMBER, 1), ("another", "burst", NOVEMBER, 0), ("then", "again", OCTOBER, 0)
)
def test_detections_are_counted_when_they_fired(name: str, period: Period, n: int) -> None:
    fired = figure(p.Count(frozenset(), frozenset({name})))
    assert value(fired, "02 09:00 open; 02 09:00 detect", period=period).n == n


@rows(
    "script still",
    ("opened in the last minute", "30 23:59 open", 1),
    ("opened later", "12-01 00:00 open", 0),
    ("opened long before", "09-01 09:00 open", 1),
    ("closed in the last minute", "02 09:00 open; 30 23:59 withdraw", 0),
    ("closed later", "02 09:00 open; 12-01 00:00 withdraw", 1),
    ("reopened in the period", SOLVED + "05 09:00 satisfied; 06 09:00 reopen", 1),
    ("reopened later", SOLVED + "05 09:00 satisfied; 12-06 09:00 reopen", 0),
    ("reopened, closed later", SOLVED + "05 09:00 satisfied; 06 09:00 reopen; 12-06 09:00 withdraw", 1),
    ("merged since", "02 09:00 open; 12-02 09:00 merge", 0),
)
def test_open_at_the_end_of_the_period(script: str, still: int) -> None:
    assert value(STILL_OPEN, script).value == still


def test_for_each_hundred_households() -> None:
    found = value(count("opened", each=(100, "households", None)), "02 09:00 open", "03 09:00 open")
    assert (found.value, found.n, found.companions) == (Fraction(200, 1268), 2, {"households": 1268})
    unknown = value(count("opened", each=(100, "lifts", None)), "02 09:00 open")
    assert (unknown.value, unknown.n, unknown.reason) == (None, 1, "no lifts")


# ---- people ---------------------------------------------------------------------------------------------------------


def team(role: str, start: int, end: int) -> Mapping[str, list[tuple[int, int]]]:
    """On 2 November from 8 to 18: two at the desk, one for repairs."""
    stretch = max(at("02 08:00"), start), min(at("02 18:00"), end)
    people = {"desk": ("a", "b"), "repairs": ("r",)}.get(role, ())
    return {person: [stretch] for person in people if stretch[0] < stretch[1]}


SECOND = period_of("day", at("02 12:00"), SHANGHAI)


def load(*given: History | str, roles: str = "desk", **more: Any) -> FigureValue:
    return value(figure(p.Load(tuple(roles.split())), ""), *given, period=SECOND, **{"roster": team, **more})


@rows(
    "roles scripts busy pile",
    ("nothing to do", "desk", [], 0, 0),
    ("one ticket takes one of two people", "desk", ["02 10:00 open"], 8, 8),
    ("two take both", "desk", ["02 10:00 open"] * 2, 16, 16),
    ("five take no more than both", "desk", ["02 10:00 open"] * 5, 16, 40),
    ("only time on duty counts", "desk", ["02 06:00 open"], 10, 10),
    ("also what lay there since the day before", "desk", ["01 06:00 open"], 10, 10),
    ("until it is closed", "desk", ["02 09:00 open; 02 11:00 withdraw"], 2, 2),
    ("what was closed before is nothing", "desk", ["01 09:00 open; 01 11:00 withdraw"], 0, 0),
    ("what another gets later is nothing yet", "repairs", ["02 09:00 open; 03 10:00 accept"], 0, 0),
    ("what is opened later is nothing yet", "desk", ["03 00:00 open"], 0, 0),
    ("what was handed on at midnight is nothing any more", "desk", ["01 09:00 open; 02 00:00 accept"], 0, 0),
    ("until it is another's", "desk", ["02 09:00 open; 02 10:00 accept"], 1, 1),
    ("whose it then is", "repairs", ["02 09:00 open; 02 10:00 accept"], 8, 8),
    ("transferred away", "repairs", [ACCEPTED + "02 10:00 transfer department=desk"], 1, 1),
    ("transferred here", "desk", [ACCEPTED + "02 10:00 transfer department=desk"], 8, 8),
    ("what waits for others is no work", "desk", [ACCEPTED + "02 10:00 suspend"], 0, 0),
    ("several roles", "desk repairs", ["02 09:00 open; 02 10:00 accept"], 9, 9),
)
def test_load(roles: str, scripts: list[str], busy: int, pile: int) -> None:
    staff = sum({"desk": 20, "repairs": 10}[name] for name in roles.split())
    found = load(*scripts, roles=roles)
    assert (found.value, found.companions["tickets_per_person"]) == (Fraction(busy, staff), Fraction(pile, staff))
    assert (found.unit, found.n) == ("share", len(scripts) if busy else 0)


def test_what_a_person_has_in_hand_is_the_load_of_the_role_he_is_on_duty_in() -> None:
    received = replace(CASE.states["received"], owner=p.Party("word", "first_contact"))
    flow = replace(CASE, states={**CASE.states, "received": received})
    plan = replace(PLAN, workflows={**PLAN.workflows, "case": flow})
    books = [history("02 09:00 open first_contact=r")]
    found = [measure(plan, figure(p.Load((name,)), ""), books, SECOND, END, team).n for name in ("desk", "repairs")]
    assert found == [0, 1]


def test_a_part_that_its_parents_owner_has_is_in_the_hands_of_whoever_that_is() -> None:
    received = replace(CASE.states["received"], owner=p.Party("word", "parent"))
    part = replace(CASE, id="part", states={**CASE.states, "received": received})
    enquiry = replace(PLAN.categories["enquiry"], workflow="part")
    plan = replace(PLAN, workflows={**PLAN.workflows, "part": part}, categories={**PLAN.categories, "enquiry": enquiry})
    books = [history(ACCEPTED + "02 10:00 involve; 02 12:00 transfer department=desk")]
    asked = figure(p.Load(("repairs",)), "enquiry")
    assert measure(plan, asked, books, SECOND, END, team).value == Fraction(2, 10)


def test_whoever_has_two_shifts_at_once_is_there_once() -> None:
    shifts = [("02 12:00", "02 20:00"), ("02 08:00", "02 18:00"), ("02 09:00", "02 10:00"), ("02 21:00", "02 21:00")]
    twice = {"a": [(at(start), at(end)) for start, end in shifts]}
    assert load("02 08:00 open; 02 11:00 withdraw", roster=lambda *_: twice).value == Fraction(3, 12)


def test_load_counts_what_is_past() -> None:
    noon = at("02 12:00")
    assert load(history("02 10:00 open", until=noon), as_of=noon).value == Fraction(2, 8)


def test_load_is_not_known_without_people() -> None:
    unknown = load("02 10:00 open", roster=None)
    assert (unknown.value, unknown.n, unknown.reason) == (None, 0, "no roster")
    nobody = load("02 10:00 open", roles="manager")
    assert (nobody.value, nobody.reason) == (None, "nobody on duty")


@rows(
    "role given customers reason beside",
    ("of a role", "desk", team, Fraction(3, 2), "", {"person": 2}),
    ("of all", None, team, 1, "", {"person": 3}),
    ("without a roster", "desk", None, None, "no roster", {}),
    ("with nobody there", "manager", team, None, "no person", {}),
)
def test_customers_for_each_person_on_duty(
    role: str | None, given: Callable[..., Any] | None, customers: Any, reason: str, beside: Mapping[str, int]
) -> None:
    served = count("opened", each=(1, "person", role), per="day")
    found = value(served, *["02 09:00 open"] * 3, period=SECOND, roster=given)
    assert (found.value, found.n, found.reason, found.companions) == (customers, 3, reason, beside)


def test_a_figure_from_elsewhere_is_what_was_imported() -> None:
    rings = figure(p.Outside("call_centre"), target=p.Target("at least", Fraction(95, 100), "at least 95%"))
    found = value(rings, outside={("call_centre", NOVEMBER): Fraction(97, 100)})
    assert (found.value, found.unit, found.verdict) == (Fraction(97, 100), "share", "met")
    assert (found.n, found.reason) == (1, "")
    missing = value(rings, outside={("call_centre", OCTOBER): Fraction(97, 100)})
    assert (missing.value, missing.n, missing.reason, missing.verdict) == (None, 0, "not imported", "unknown")


# ---- targets --------------------------------------------------------------------------------------------------------


@rows(
    "kind verdicts",
    ("at least", "at least", ["missed", "met", "met"]),
    ("at most", "at most", ["met", "met", "missed"]),
    ("under", "under", ["met", "missed", "missed"]),
    ("over", "over", ["missed", "missed", "met"]),
)
def test_one_two_and_three_against_a_target_of_two(kind: Any, verdicts: list[str]) -> None:
    two = count("opened", target=p.Target(kind, Fraction(2)))
    assert [value(two, *["02 09:00 open"] * n).verdict for n in (1, 2, 3)] == verdicts


def test_without_a_target_there_is_no_verdict_and_without_a_value_it_is_unknown() -> None:
    assert value(ON_TIME, ACCEPTED).verdict is None
    assert value(replace(ON_TIME, target=p.Target("at least", Fraction(95, 100)))).verdict == "unknown"


@rows(
    "kind before now verdict",
    ("fell", "falling", 2, 1, "met"),
    ("stayed where it should fall", "falling", 1, 1, "missed"),
    ("rose where it should fall", "falling", 1, 2, "missed"),
    ("rose", "rising", 1, 2, "met"),
    ("stayed where it should rise", "rising", 2, 2, "missed"),
)
def test_rising_and_falling_are_held_against_the_period_before(kind: Any, before: int, now: int, verdict: str) -> None:
    scripts = ["10-02 09:00 open"] * before + ["02 09:00 open"] * now
    found = value(count("opened", target=p.Target(kind)), *scripts)
    assert (found.verdict, found.companions) == (verdict, {"previous": before})


def test_what_can_rise_or_fall_no_further_is_good() -> None:
    assert value(count("opened", target=p.Target("falling")), "06-01 09:00 open").verdict == "met"
    october = "10-02 09:00 open; 10-02 10:00 accept; 10-03 09:00 resolve; 10-05 09:00 satisfied score=100"
    rising = replace(SCORE, target=p.Target("rising"))
    scores = [RESOLVED + f"05 09:00 satisfied score={score}" for score in (99, 100)]
    assert [value(rising, october, november).verdict for november in scores] == ["missed", "met"]
    solved = figure(p.Share(when.OneOf("category", frozenset({"complaint"})), False), target=p.Target("rising"))
    assert value(solved, october, scores[0]).verdict == "met"


def test_before_the_first_ticket_nothing_is_known() -> None:
    """That there was no complaint in October is no fact where the records begin in November."""
    found = value(count("opened", target=p.Target("falling")), "01 00:00 open")
    assert (found.verdict, found.companions) == ("unknown", {})
    assert value(count("opened", target=p.Target("falling"))).verdict == "unknown"


def test_against_last_year_stands_beside_and_decides_what_rising_is() -> None:
    scripts = ["2025-11-05 09:00 open"] + ["10-02 09:00 open"] * 3 + ["02 09:00 open"] * 2
    assert value(count("opened", against="last year"), *scripts).companions == {"last year": 1}
    assert value(count("opened", against="last year"), *scripts).verdict is None
    rising = [count("opened", against=against, target=p.Target("rising")) for against in ("last year", "previous")]
    assert [value(one, *scripts).verdict for one in rising] == ["met", "missed"]


def test_a_figure_names_its_rule_and_its_period() -> None:
    found = value(ON_TIME)
    assert (found.figure, found.rule, found.period) == ("it", Rule("figures.it", ("A01",)), NOVEMBER)


def test_a_history_that_goes_on_after_the_instant_asked_for_is_our_mistake() -> None:
    assert value(count("opened"), "02 09:00 open", as_of=at("02 09:00")).n == 1
    with pytest.raises(AssertionError):
        value(ON_TIME, "02 09:00 open", as_of=at("02 08:59"))


# ---- laws -----------------------------------------------------------------------------------------------------------

EVERYTHING = (
    ON_TIME,
    figure(p.OnTime("keep_word")),
    replace(SHARE, target=p.Target("rising")),
    WAIT,
    SCORE,
    count("opened, resolve breached, resolve met, dissatisfied", target=p.Target("falling")),
    STILL_OPEN,
    figure(p.Load(("desk", "repairs", "manager")), ""),
)
GIVEN = {
    "accept": "promised_at=10_09:00",
    "extend": "extended=yes",
    "transfer": "department=desk",
    "resolve": "outcome=solved",
    "satisfied": "score=90",
    "dissatisfied": "score=20",
}
BEGIN = at("10-30 00:00")
Script = tuple[list[tuple[int, c.Act]], list[int]]


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Commands of one ticket, hours after the end of October, and hours at which the engine looked meanwhile."""
    hour = draw(st.integers(0, 60))
    acts = [(hour, act_of("open"))]
    for _ in range(draw(st.integers(0, 12))):
        hour += draw(st.integers(0, 40))
        name = draw(st.sampled_from(["excuse", "correct_met", "merge", *CASE.moves]))
        acts.append((hour, act_of(name, *GIVEN.get(name, "").split())))
    return acts, draw(st.lists(st.integers(0, hour + 100), max_size=5))


def played(script: Script, id: str, *, looks: bool, until: int = END) -> History:
    """What those of the commands that are legal make of a ticket; a refused one leaves nothing."""
    acts, seen = script
    stops: list[tuple[int, int, c.Act | None]] = [(BEGIN + hour * HOUR, 1, act) for hour, act in acts]
    stops += [(BEGIN + hour * HOUR - 1, 0, None) for hour in seen if looks]
    family: Family | None = None
    steps: list[Step] = []
    for now, _, act in [*sorted(stops, key=lambda stop: stop[:2]), (until, 0, None)]:
        if family is not None:
            for passed in advance(PLAN, family, now - (act is not None)):
                steps.append(passed.step)
                family = passed.family
        if act is not None:
            done = decide(PLAN, family, Command(id, ALL, now, act))
            if not isinstance(done, Refusal):
                steps.append(done.step)
                family = done.family
    return History.of(steps)


@settings(max_examples=60, deadline=None)
@given(st.lists(scripts(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_figures_know_nothing_of_when_and_in_which_order_things_were_written(given: list[Script], random: Any) -> None:
    """I-18: any order of families, any looks of the engine on the way."""
    plain = [played(script, f"T{n}", looks=False) for n, script in enumerate(given)]
    other = [played(script, f"T{n}", looks=True) for n, script in enumerate(given)]
    random.shuffle(other)
    for asked in EVERYTHING:
        assert value(asked, *plain, roster=team) == value(asked, *other, roster=team)


@settings(max_examples=100, deadline=None)
@given(scripts())
def test_once_a_period_is_over_what_was_due_in_it_changes_only_by_excuses_and_corrections(script: Script) -> None:
    """I-18: as known when it ended, and weeks later."""
    acts = [one for one in script[0] if not isinstance(one[1], c.Excuse | c.CorrectVerdict)]
    whole = played((acts, []), "T1", looks=False)
    then = [step for step in whole.steps if step.at < OCTOBER.end]
    if then:
        known = value(ON_TIME, History.of(then), period=OCTOBER, as_of=OCTOBER.end)
        now = value(ON_TIME, whole, period=OCTOBER)
        assert (known.value, known.n) == (now.value, now.n)


def test_what_was_known_earlier_is_measured_by_handing_in_what_was_known_earlier() -> None:
    whole = history(ACCEPTED + "04 09:00 correct_met")
    earlier = History.of([step for step in whole.steps if step.at < at("04 00:00")])
    assert [value(ON_TIME, known).value for known in (earlier, whole)] == [0, 1]


def test_a_late_report_gives_the_figures_of_a_timely_one() -> None:
    """Resolved ten minutes before the due, told in time, or twenty minutes after it."""
    timely = ACCEPTED + "03 08:50 resolve outcome=solved; 04 09:00 satisfied"
    late = ACCEPTED + "03 09:20 resolve outcome=solved < 03 08:50; 04 09:00 satisfied"
    solving = figure(p.AverageWait(frozenset({"handling"}), frozenset({"resolved"})))
    breaches = count("resolve breached")
    for asked in (ON_TIME, SHARE, solving):
        assert value(asked, timely) == value(asked, late)
    assert (value(breaches, timely).n, value(breaches, late).n) == (0, 0)
    assert value(breaches, late).left_out == {"corrected": 1}
