"""Which tickets count for a detection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core import Membership, firings, memberships
from engine.core import conditions as when
from engine.core import plan as p
from engine.worktime import Length, Unit
from tests.core.harness import DAYS, plan_of
from tests.core.small_site import PLAN, RULE, at, history
from tests.runtime.running import BODY


def detection(id: str, of: str = "complaint", same: str = "unit", **more: object) -> p.Detection:
    return p.Detection(id, id, frozenset({of}), tuple(same.split()), RULE, **more)  # type: ignore[arg-type]


def test_a_ticket_counts_for_each_detection_of_its_kind_whose_condition_holds_and_whose_facts_it_has() -> None:
    """Whatever stands between them in the plan."""
    noise, dirt = (when.OneOf("topic", frozenset({topic})) for topic in ("noise", "dirt"))
    known = [
        detection("first"),
        detection("of another kind", of="enquiry"),
        detection("whose condition does not hold", when=dirt),
        detection("whose condition holds", when=noise),
        detection("of a fact that is not set", same="unit outcome"),
        detection("different in a fact that is not set", different=("outcome",)),
        detection("last", same="topic unit", different=("department",)),
    ]
    family = history("02 09:00 open unit=A1 topic=noise").family
    found = memberships(replace(PLAN, detections={one.id: one for one in known}), family, family.root)
    assert [(one.detection, one.bucket, one.differs) for one in found] == [
        ("first", ("A1",), ()),
        ("whose condition holds", ("A1",), ()),
        ("last", ("noise", "A1"), ("repairs",)),
    ]
    assert {(one.ticket, one.at) for one in found} == {("T1", family.root.opened)}


@pytest.mark.parametrize(
    ("within", "earliest"),
    [
        (Length(24 * 3600, Unit.SECONDS), "15 10:00"),
        (Length(1, Unit.CALENDAR_DAYS), "15 10:00"),
        (Length(1, Unit.WORKING_DAYS), "13 10:00"),
        (Length(7200, Unit.WORKING_SECONDS), "13 17:00"),
    ],
)
def test_an_opening_counts_as_long_as_no_more_than_the_window_has_passed_since(within: Length, earliest: str) -> None:
    """Seen from a Monday at ten; a working day ago was Friday at ten, and not the end of that day."""
    plan = plan_of(BODY)
    twice = detection("twice", count=2, within=within)
    for moved, fires in ((0, True), (-60, False)):
        pair = [Membership(at(day) + by, day, "twice", ("A1",)) for day, by in ((earliest, moved), ("16 10:00", 0))]
        assert bool(firings(plan, DAYS.id, twice, pair)) is fires
