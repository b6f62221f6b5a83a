"""Deadlines and ladders."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.core import Rule
from engine.core.conditions import Row, Table
from engine.core.plan import (
    OWNER,
    Category,
    Deadline,
    InstantLimit,
    Ladder,
    LengthLimit,
    Limit,
    Party,
    Rung,
    RungAt,
    Workflow,
)
from engine.policy.compile.conditions import condition, table
from engine.policy.compile.desk import Desk
from engine.policy.compile.flow import Moments
from engine.policy.schema import clocks, flow
from engine.policy.schema.lengths import InstantText, length
from engine.policy.shapes import Path
from engine.worktime import DayRule, Length


def categories_of(
    desk: Desk, path: Path, names: Iterable[str] | None, categories: dict[str, Category], *also: str
) -> frozenset[str]:
    """`of`: categories by name, and `like WORKFLOW` for all whose workflow is that or made from it."""
    found: set[str] = set()
    for index, name in enumerate(names or ()):
        at = (*path, index)
        if like := re.fullmatch(r"like (\S+)", name):
            workflow = desk.one("workflows", at, like[1])
            found |= {id for id, one in categories.items() if workflow in _family(desk, one.workflow)}
        elif (category := desk.resolve("categories", at, name, [*desk.ids("categories"), *also])) is not None:
            found.add(category)
    if unusable := found - categories.keys() - {*also}:
        desk.doubt((*path, min(unusable)))
    return frozenset(found - unusable)


def _family(desk: Desk, workflow: str) -> set[str]:
    family, likes = set[str](), desk.document.provenance.likes
    while workflow and workflow not in family:
        family.add(workflow)
        workflow = likes.get(workflow, "")
    return family


def deadlines(desk: Desk, moments: Moments, categories: dict[str, Category]) -> list[Deadline]:
    found = [_deadline(desk, moments, id, text, categories) for id, text in (desk.policy.deadlines or {}).items()]
    return [deadline for deadline in found if deadline is not None]


def _deadline(
    desk: Desk, moments: Moments, id: str, text: clocks.Deadline, categories: dict[str, Category]
) -> Deadline | None:
    path: Path = ("deadlines", id)
    calendar = desk.calendar((*path, "calendar"), text.calendar)

    def limit(at: Path, row: clocks.LimitRow) -> Limit | None:
        is_path = (*at, "is") if len(at) > 3 else at
        return _limit(desk, moments, at, is_path, row, calendar, text.day_rule)

    deadline = Deadline(
        id=id,
        title=text.title or id,
        of=categories_of(desk, (*path, "of"), text.of, categories),
        starts=moments.happenings_of((*path, "from"), text.from_, times=True),
        until=moments.happenings_of((*path, "until"), text.until),
        void=moments.happenings_of((*path, "void"), text.void),
        limit=table(desk, (*path, "limit"), text.limit, limit) or Table(()),
        rule=desk.rule(path),
        owner=desk.party((*path, "owner"), text.owner) if text.owner else None,
        escalate=ladder_name(desk, (*path, "escalate"), text.escalate),
        changes=text.changes or "recompute",  # type: ignore[arg-type]
        then=_then(desk, path, text.then),
    )
    return deadline if text.of and text.from_ and text.until and text.limit else None


def _limit(
    desk: Desk,
    moments: Moments,
    at: Path,
    is_path: Path,
    row: clocks.LimitRow,
    calendar: str | None,
    day_rule: str | None,
) -> Limit | None:
    calendar = desk.calendar((*at, "calendar"), row.calendar) or calendar
    rule = row.day_rule or day_rule
    if row.is_ is None:
        return None
    if isinstance(row.is_, InstantText):
        instant = moments.instant(is_path, row.is_, calendar, DayRule(rule) if rule else None)
        return None if instant is None else InstantLimit(instant, row.at_least)
    if row.at_least is not None:
        desk.add(desk.say("E308", (*at, "at_least"), key=True))
    return length_limit(desk, row.is_, calendar, rule)


def length_limit(desk: Desk, some: Length, calendar: str | None = None, rule: str | None = None) -> LengthLimit:
    return LengthLimit(some, calendar or desk.policy.calendar or "always", DayRule(rule or "close"))


def _then(desk: Desk, path: Path, name: str | None) -> str | None:
    if name is None:
        return None
    every = {move for id in desk.ids("workflows") for move in desk.ids("workflows", id, "moves")}
    return desk.resolve("moves", (*path, "then"), name, every)


def ladder_name(desk: Desk, path: Path, name: str | None) -> str | None:
    """The ladder of what names none is `default`; `none` is none."""
    if name is None:
        return "default"
    if name == "none":
        return None
    return desk.resolve("escalations", path, name, [*desk.ids("escalations"), "default", "none"])


def caps(desk: Desk, workflows: dict[str, Workflow], categories: dict[str, Category]) -> list[Deadline]:
    """`at_most` of a state is a deadline named after the state."""
    found = []
    for flow_id, text in (desk.policy.workflows or {}).items():
        of = frozenset(id for id, category in categories.items() if category.workflow == flow_id)
        for id, state in (text.states or {}).items():
            if state.at_most is not None and state.at_most.is_ is not None and of and flow_id in workflows:
                found.append(_cap(desk, ("workflows", flow_id, "states", id, "at_most"), id, state, of))
    return found


def _cap(desk: Desk, path: Path, id: str, state: flow.State, of: frozenset[str]) -> Deadline:
    cap = state.at_most
    assert cap is not None
    rule = desk.rule(path)
    then = cap.then and desk.resolve("moves", (*path, "then"), cap.then, desk.ids(*(str(s) for s in path[:2]), "moves"))
    return Deadline(
        id=id,
        title=state.title or id,
        of=of,
        starts=frozenset({id}),
        until=frozenset({f"{id} left"}),  # a happening only the core knows: nobody can write a name with a space
        limit=Table((Row(rule, None, length_limit(desk, cap.is_)),)),
        rule=rule,
        escalate=ladder_name(desk, (*path, "escalate"), cap.escalate),
        then=then or None,
        cap_of=id,
    )


# ---- ladders ----


def ladders(desk: Desk) -> dict[str, Ladder]:
    found = {"default": _built_in(desk)}
    for id, rungs in (desk.policy.escalations or {}).items():
        path: Path = ("escalations", id)
        steps = (_rung(desk, (*path, name), name, rung) for name, rung in rungs.items() if rung.at is not None)
        found[id] = Ladder(id, tuple(steps), desk.rule(path))
    return found


def _built_in(desk: Desk) -> Ladder:
    """What serves where a plan has no ladder `default`: at due the owner, an hour later the last resort."""
    name = "escalations.default"
    last_resort = (Party("role", desk.policy.last_resort),) if desk.policy.last_resort else ()
    due = Rung("due", RungAt("due"), (OWNER,), Rule(f"{name}.due"))
    last = Rung("last", RungAt("due", offset=length("1 hour")), last_resort, Rule(f"{name}.last"))
    return Ladder("default", (due, last), Rule(name))


def _rung(desk: Desk, path: Path, id: str, text: clocks.Rung) -> Rung:
    return Rung(
        id=id,
        at=RungAt(text.at.kind, text.at.share, text.at.offset),  # type: ignore[arg-type]
        notify=desk.parties((*path, "notify"), text.notify),
        rule=desk.rule(path),
        every=text.every,
        times=text.times or 0,
        when=condition(desk, (*path, "when"), text.when) if text.when is not None else None,
        loud=text.quiet is not None,
        text=text.text,
    )
