"""Values from elsewhere, for figures that are not found from tickets: how many calls were taken in time."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from engine.core import Refusal, period_of, unit_of
from engine.core.plan import Outside, Plan
from engine.policy import Words
from engine.runtime.service import Service
from engine.runtime.turn import Turn

_NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,15})?%?", re.ASCII)
_A_SHARE: Final = Words("a share of at most 100% is wanted, such as 96%", "应为不超过 100% 的百分数，如 96%")


def sources_of(plan: Plan) -> tuple[str, ...]:
    """The sources from which figures of a plan come, each once."""
    measures = (figure.measure for figure in plan.figures.values())
    return tuple(dict.fromkeys(measure.source for measure in measures if isinstance(measure, Outside)))


def read_number(text: str) -> Fraction | None:
    """`96%`, `93.5%`, `12`; None where it is no such value."""
    if not _NUMBER.fullmatch(text):
        return None
    return Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)


def import_value(service: Service, at: int, source: str, value: Fraction, within: int) -> Refusal | None:
    """A value that comes at `at`, for each figure of this source in its period in which `within` lies; the latest one
    counts.
    """
    plan = service.site.plan
    figures = [
        one for one in plan.figures.values() if isinstance(one.measure, Outside) and one.measure.source == source
    ]
    if not figures:
        return Refusal("unknown", source)
    if not 0 <= value <= 1 and any(unit_of(plan, figure) == "share" for figure in figures):
        return Refusal("value", "value", why=_A_SHARE)

    def write(turn: Turn) -> None:
        for figure in figures:
            period = period_of(figure.per, within, plan.timezone)
            turn.record(at, "imported", figure.rule, {"source": source, "period": period, "value": value})

    service.turn(write)
    return None
