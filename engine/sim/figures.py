"""Figures at the end of a scenario: of the period in which its last step lies, as a file writes them."""

from __future__ import annotations

from fractions import Fraction

from engine.core import FigureValue, period_of
from engine.runtime import measured
from engine.sim.player import Performance
from engine.sim.projection import share
from engine.worktime import format_seconds


def figure_value(performance: Performance, name: str) -> FigureValue | None:
    """A figure of the plan over everything the scenario did; None if the plan has no such figure."""
    plan = performance.plan
    figure = plan.figures.get(name)
    if figure is None:
        return None
    service, as_of = performance.service, performance.scenario.steps[-1].at
    asked = [(figure, period_of(figure.per, as_of, plan.timezone))]
    return measured(service.site, service.store, plan, asked, as_of, as_of + 1).values[0]


def figure_text(performance: Performance, name: str) -> str:
    """`95%`, `2 hours 5 minutes`, `3`; `none` where there is nothing to count."""
    value = figure_value(performance, name)
    if value is None:
        return "no such figure"
    return said(value)


def said(value: FigureValue) -> str:
    if value.value is None:
        return "none"
    if value.unit == "share":
        return share(value.value)
    if value.unit == "seconds":
        return format_seconds(round(value.value))
    return _number(value.value)


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.2f}"
