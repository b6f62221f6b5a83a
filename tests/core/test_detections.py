"""Which tickets count for a detection."""

from __future__ import annotations

from dataclasses import replace

from engine.core import conditions as when
from engine.core import memberships
from engine.core import plan as p
from tests.core.small_site import PLAN, RULE, history


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
