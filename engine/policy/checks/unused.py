"""What a plan declares and uses nowhere is a leftover, or meant where another name stands."""

from __future__ import annotations

from typing import Final

from engine.core import Plan
from engine.policy.compile.desk import KINDS, Desk
from engine.policy.diagnostics import failed
from engine.policy.shapes import Path
from engine.policy.words import Words

#: Sections whose entries do nothing by themselves.
SECTIONS: Final[tuple[tuple[str, ...], ...]] = (
    ("calendars",),
    ("roles",),
    ("facts",),
    ("workflows",),
    ("escalations",),
    ("messaging", "channels"),
)


def check(desk: Desk, plan: Plan) -> None:
    if failed(desk.report):  # what is mistaken may be what was to use it
        return
    used = desk.named | _at_work(plan)
    for section in SECTIONS:
        for id in desk.ids(*section):
            if id not in used and _is_own(desk, (*section, id)):
                desk.add(desk.say("W116", (*section, id), key=True, kind=KINDS[section[-1]], name=id).helping(USE_IT))


def _at_work(plan: Plan) -> set[str]:
    """What needs no name: the ladder of whoever names none, a role that is counted, any role where people state one,
    and a fact that has a value by itself.
    """
    any_role = any(fact.type == "role" for fact in plan.facts.values())
    roles = {role.id for role in plan.roles.values() if any_role or role.at_least or role.staff}
    return {"default"} | roles | {fact.id for fact in plan.facts.values() if fact.default is not None}


def _is_own(desk: Desk, path: Path) -> bool:
    """Whether the plan itself brought it up: a layer declares for others, too."""
    touches = desk.document.provenance.of(path)
    return bool(touches) and touches[0].span.source is desk.document.layers[-1].source


USE_IT: Final = Words("name it where it is meant, or take it away", "在该用的地方写上它，或者去掉它")
