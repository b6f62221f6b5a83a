"""Privacy: no rule looks at what is personal, and no table at what must make no difference."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core import Condition, Plan, reads
from engine.core import conditions as c
from engine.policy.checks.tables import all_parts, tables_of
from engine.policy.compile.desk import Desk
from engine.policy.shapes import Path


def check(desk: Desk, plan: Plan) -> None:
    if plan.privacy is None:
        return
    equal = desk.key(("privacy", "equal"))
    for _, table, _ in tables_of(plan):
        for row in table.rows:
            at: Path = (*tuple(row.rule.path.split(".")), "when")
            for fact in sorted(set(reads(row.when)) & plan.privacy.never_by):
                desk.add(desk.say("E311", (*at, fact), key=True, fact=fact).against(equal))
            if not set(reads(row.when)) & plan.privacy.never_by:
                _personal(desk, plan, at, row.when)
    for at, condition in _conditions(plan):
        _personal(desk, plan, at, condition)


def _personal(desk: Desk, plan: Plan, at: Path, condition: Condition | None) -> None:
    """A personal fact may be tested for `set`, nothing else."""
    for part in all_parts(condition):
        fact = getattr(part, "fact", None)
        if fact in plan.personal and not isinstance(part, c.IsSet):
            desk.add(desk.say("E312", (*at, fact), key=True, fact=fact).against(desk.span(("privacy", "personal"))))


def _conditions(plan: Plan) -> Iterator[tuple[Path, Condition | None]]:
    """Every condition outside tables."""
    for flow in plan.workflows.values():
        for move in flow.moves.values():
            yield (*tuple(move.rule.path.split(".")), "when"), move.when
    for ladder in plan.ladders.values():
        for rung in ladder.rungs:
            yield ("escalations", ladder.id, rung.id, "when"), rung.when
    for notice in plan.notices.values():
        yield ("notices", notice.id, "when"), notice.when
    for detection in plan.detections.values():
        yield ("detections", detection.id, "when"), detection.when
