"""Duties: when they come round, and the category, workflow and deadline that are built in for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from pydantic_core import PydanticCustomError

from engine.core import Table
from engine.core.conditions import Row
from engine.core.plan import (
    OWNER,
    Category,
    Deadline,
    Duty,
    Limit,
    Move,
    NewMember,
    Party,
    ShiftEdge,
    State,
    Workflow,
)
from engine.policy.compile.clocks import ladder_name, length_limit
from engine.policy.compile.desk import Desk
from engine.policy.compile.flow import MERGED
from engine.policy.compile.people import asked
from engine.policy.schema import work
from engine.policy.schema.lengths import InstantText, back, length
from engine.policy.shapes import Path
from engine.policy.suggest import narrow
from engine.policy.words import Words
from engine.worktime import Every, Length, Recurrence, RecurrenceError, parse_recurrence

SHIFT: Final = re.compile(r"shift of (\S+)")
NEW_MEMBER: Final = re.compile(r"new member of (.+)")
SHIFT_AT: Final = re.compile(r"(?:(?P<length>.+) (?P<side>before|after) )?(?P<edge>start|end)")


class Duties(NamedTuple):
    """Duties with what is built in for those that open no category of their own."""

    duties: dict[str, Duty]
    categories: dict[str, Category]
    workflows: dict[str, Workflow]
    deadlines: list[Deadline]


def duties(desk: Desk, categories: Mapping[str, Category], workflows: Mapping[str, Workflow]) -> Duties:
    made = Duties({}, {}, {}, [])
    for id, text in (desk.policy.duties or {}).items():
        path: Path = ("duties", id)
        every = _every(desk, path, text)
        calendar = desk.calendar((*path, "calendar"), text.calendar) or desk.policy.calendar or "always"
        owner = desk.party((*path, "owner"), text.owner) if text.owner else None
        within = _within(desk, path, text.within, calendar)
        escalate = ladder_name(desk, (*path, "escalate"), text.escalate)
        if text.opens:
            category = desk.one("categories", (*path, "opens"), text.opens)
            if category is None or category not in categories:
                continue
            workflow = workflows.get(categories[category].workflow)
            owner = owner or (workflow.states[workflow.initial].owner if workflow else None) or OWNER
            made.categories.setdefault(category, _of_duty(categories[category], id))
        else:
            category = id
            _build_in(desk, path, text, owner or OWNER, within, escalate, made)
        if every is not None:
            places = text.places or ()
            made.duties[id] = Duty(
                id, text.title or id, every, within, owner or OWNER, category, calendar, desk.rule(path), places
            )
    return made


def _of_duty(category: Category, duty: str) -> Category:
    return Category(
        category.id, category.title, category.workflow, category.rule, category.record, category.guide, duty
    )


def _build_in(
    desk: Desk, path: Path, text: work.Duty, owner: Party, within: Limit | None, escalate: str | None, made: Duties
) -> None:
    """The tickets of a duty: todo, then done; each place a move of its own that comes before. All may be told late:
    what was done while the engine was down was done.
    """
    id, rule, flow = str(path[-1]), desk.rule(path), f"duty {path[-1]}"
    if id in desk.ids("categories"):
        twice = desk.say("E111", path, key=True, name=id)
        desk.add(twice.against(desk.key(("categories", id)), Words("the category", "类别")))
    title = text.title or id
    todo = frozenset({"todo"})
    places = {
        place: Move(place, place, desk.rule((*path, "places")), todo, observed=True) for place in text.places or ()
    }
    ask, after = asked(desk, (*path, "ask"), text.ask), tuple((place, None) for place in places)
    finish = Move("finish", title, rule, todo, "done", ask=ask, after=after, observed=True)
    states = {
        "todo": State("todo", title, rule, owner),
        "done": State("done", title, rule, final=True),
        "excused": State("excused", title, rule, final=True),
        MERGED: State(MERGED, MERGED, rule, final=True),
    }
    made.categories[id] = Category(id, title, flow, rule, duty=id)
    made.workflows[flow] = Workflow(flow, title, "todo", states, {**places, "finish": finish}, rule)
    if within is not None:
        of, opened, done = frozenset({id}), frozenset({"opened"}), frozenset({"done"})
        limit = Table((Row(desk.rule((*path, "within")), None, within),))
        made.deadlines.append(
            Deadline(id, title, of, opened, done, limit, rule, owner=owner, escalate=escalate, duty=id)
        )


def _within(desk: Desk, path: Path, text: Length | InstantText | None, calendar: str) -> Limit | None:
    if text is None:
        return None
    at: Path = (*path, "within")
    if isinstance(text, InstantText):
        desk.add(desk.say("E103", at, wanted=Words("a length", "时长")))
        desk.doubt(at)
        return None
    return length_limit(desk, text, calendar)


def _every(desk: Desk, path: Path, text: work.Duty) -> Recurrence | ShiftEdge | NewMember | None:
    if text.every is None:
        return None
    if shift := SHIFT.fullmatch(text.every):
        role = desk.one("roles", (*path, "every"), shift[1])
        return _shift_edge(desk, path, role or shift[1], text.at)
    if members := NEW_MEMBER.fullmatch(text.every):
        roles = (desk.one("roles", (*path, "every"), role) for role in re.split(r"[ ,]+", members[1]))
        return NewMember(tuple(role for role in roles if role is not None))
    return recurrence(desk, path, text.every, text.on, text.at or ())


def recurrence(desk: Desk, path: Path, every: str, on: str | None, at: tuple[str, ...] = ()) -> Recurrence | None:
    """`every`, `on`, `at` of a duty or a report."""
    try:
        return parse_recurrence(every, on, at)
    except RecurrenceError as error:
        place: Path = (*path, error.key)
        text = {"every": every, "on": on or "", "at": ", ".join(at)}[error.key]
        found = desk.say("E404", place, text=text, reason=PERIODS.get(error.reason, NO_PERIOD))
        desk.add(found.helping(*narrow(text), _how_often(error.key, every)))
        desk.doubt(path)
        return None


def _how_often(key: str, every: str) -> Words:
    """What can be written there."""
    if key == "every":
        return EVERY
    if key == "at":
        return AT
    if every.endswith("day"):
        return Words(f"leave out `on`: every {every} has no day to choose", f"去掉 `on`：{every} 没有可选的日子")
    return ON.format(days=Words("mon to sun", "mon 到 sun") if every == "week" else Words("1 to 31", "1 到 31"))


EVERY: Final = Words(
    f"write {', '.join(Every)}, shift of ROLE or new member of ROLE",
    f"写 {', '.join(Every)}、shift of 角色或 new member of 角色",
)
ON: Final = Words("write {days}, first or last [working day]", "写 {days}、first 或 last [working day]")
AT: Final = Words("write it as 09:00, several as [09:00, 16:00]", "写成 09:00，多个写成 [09:00, 16:00]")
NO_PERIOD: Final = Words("this says no period", "这里没有说明周期")
PERIODS: Final[dict[str, Words]] = {
    "unknown-day": Words("this is no day of the period", "这不是周期里的某一天"),
    "day-not-here": Words("this period has no such day", "这个周期没有这样的一天"),
    "bad-time": Words("this is no time of day", "这不是一天里的时刻"),
}


def _shift_edge(desk: Desk, path: Path, role: str, at: tuple[str, ...] | None) -> ShiftEdge | None:
    text = at[0] if at and len(at) == 1 else "start" if at is None else ""
    parts = SHIFT_AT.fullmatch(text)
    if parts is None:
        wanted = Words("start, end, or a length before or after one of them", "start、end，或其前后的时长")
        found = desk.say("E107", (*path, "at"), text=", ".join(at or ()), wanted=wanted)
        desk.add(found.helping(Words("for example `25 minutes before start`", "例如 `25 minutes before start`")))
        desk.doubt(path)
        return None
    offset = None
    if parts["length"]:
        try:
            offset = length(parts["length"])
            offset = back(offset) if parts["side"] == "before" else offset
        except PydanticCustomError as error:
            names = error.context or {}
            found = desk.say("E108", (*path, "at"), text=parts["length"], reason=names["reason"])
            desk.add(found.helping(names["remedy"]))
            return None
    return ShiftEdge(role, "start" if parts["edge"] == "start" else "end", offset)
