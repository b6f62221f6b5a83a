"""Spans: what lies outside them, figures need not read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import History, Period, looked_at, span
from engine.core import commands as c
from engine.core import plan as p
from engine.core.figures import period_of
from tests.core.small_site import HOUR, PLAN, at, count, figure, history, value
from tests.core.test_figures import EVERYTHING, SHANGHAI, Script, played, scripts, team

CLOSED = "02 09:00 open; 02 09:00 accept; 02 10:00 resolve outcome=solved; 02 11:00 archive"


def read(known: list[History], during: tuple[Period, ...]) -> list[History]:
    """The histories that have to be read for figures of these periods: those that touch one, and the first of all."""
    first = min(known, key=lambda one: one.family.root.opened)
    spans = [(one, span(one)) for one in known]
    return [one for one, own in spans if one is first or own is None or any(own.touches(other) for other in during)]


#: As the small plan, but nothing is due long after everything is over.
BRIEF = replace(PLAN, deadlines=tuple(one for one in PLAN.deadlines if one.id != "whole"))
CALLED = figure(p.AverageWait(frozenset({"called_at"}), frozenset({"resolved"})))
BEGIN = at("10-10 00:00")
INSTANT = st.integers(BEGIN, at("12-20 00:00"))


@st.composite
def tapes(draw: st.DrawFn) -> Script:
    """Commands of a ticket about which somebody called at any time, from some hour of October or November on."""
    acts, looks = draw(scripts())
    wait = draw(st.integers(-400, 700))
    called: dict[str, Any] = draw(st.fixed_dictionaries({}, optional={"called_at": INSTANT}))
    opened = c.Open("complaint", called, None, "v1")
    ending = [(hour + wait, act) for hour, act in acts[1:]]
    if draw(st.booleans()):  # it is over in any case
        ending.append((max(hour for hour, _ in acts) + wait + 1, c.Merge("T0")))
    return [(acts[0][0] + wait, opened), *ending], [hour + wait for hour in looks]


@settings(max_examples=200, deadline=None)
@given(st.lists(tapes(), min_size=1, max_size=6), st.sampled_from(["day", "week", "month"]), st.data())
def test_figures_of_what_was_read_are_those_of_everything(tape: list[Script], per: Any, data: st.DataObject) -> None:
    with patch("tests.core.test_figures.PLAN", BRIEF):
        known = [played(script, f"T{n + 1}", looks=True) for n, script in enumerate(tape)]
    instants = [
        at for one in known for run in one.family.root.all_runs() for at in (run.due, run.done) if at is not None
    ]
    period = period_of(per, data.draw(st.one_of(INSTANT, st.sampled_from(instants or [BEGIN]))), SHANGHAI)
    for asked in (replace(one, per=per) for one in (*EVERYTHING, CALLED)):
        some = read(known, looked_at(PLAN, asked, period))
        assert value(asked, *some, period=period, roster=team) == value(asked, *known, period=period, roster=team)


def test_a_family_that_is_open_may_matter_at_any_time() -> None:
    assert span(history("02 09:00 open")) is None
    assert span(history("02 09:00 open; 02 10:00 accept; 02 11:00 involve; 02 12:00 withdraw")) is None


def test_a_span_has_every_instant_by_which_something_counts_though_it_lies_after_the_end() -> None:
    known = history(CLOSED)
    dues = {run.due for run in known.family.root.all_runs() if run.due is not None}
    assert at("03 09:00") in dues  # of resolve, which was done a day earlier
    assert span(known) == (at("02 09:00"), max(dues) + 1)


def test_a_time_fact_reaches_as_far_as_it_says_and_a_score_nowhere() -> None:
    early = span(history("02 09:00 open; 02 09:00 accept promised_at=01_09:00; 02 10:00 withdraw"))
    assert early is not None
    assert early.start == at("01 09:00")
    scored = span(history("02 09:00 open; 02 09:00 accept; 02 10:00 resolve; 02 11:00 satisfied score=90"))
    assert scored is not None
    assert scored.start == at("02 09:00")


def test_a_figure_that_is_compared_with_another_period_looks_at_both() -> None:
    november, october = Period(at("01 00:00"), at("12-01 00:00")), Period(at("10-01 00:00"), at("01 00:00"))
    rising: Callable[..., p.Figure] = lambda **more: count("opened", **more)  # noqa: E731
    assert looked_at(PLAN, figure(p.OnTime("resolve")), november) == (november,)
    assert looked_at(PLAN, rising(target=p.Target("rising")), november) == (november, october)
    assert len(looked_at(PLAN, rising(against="last year"), november)) == 2


def test_periods_touch_where_they_share_an_instant() -> None:
    noon = Period(12 * HOUR, 13 * HOUR)
    assert noon.touches(Period(0, 12 * HOUR + 1))
    assert not noon.touches(Period(0, 12 * HOUR))
    assert not noon.touches(Period(13 * HOUR, 14 * HOUR))
