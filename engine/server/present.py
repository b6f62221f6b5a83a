"""What API and board show: plans, tickets and histories as plain values that are JSON as they are.

Nothing here decides or reads anything. Personal values are masked unless they are handed in as revealed; instants are
ISO 8601 with the offset of the site. What somebody may do is in `offers`: moves of a ticket, intake of a category.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from engine.core import Family, Plan, Rule, Run, Step, Ticket, Value, addresses, clock, kind
from engine.core import events as e
from engine.core.plan import MASK, OWNER, LengthLimit, Party, Workflow
from engine.policy import PARTIES, Words
from engine.runtime import show_value
from engine.server.event_words import length_words, limit_words, rung_words, said
from engine.store import Row
from engine.worktime import format_left, render

#: A value that is JSON as it is.
Shown: TypeAlias = dict[str, Any]
#: Of the state that every workflow has, though nobody wrote it.
MERGED: Final = "已并入其他工单"
#: Of the built-in workflow of duties.
DUTY_STATES: Final[Mapping[str, str]] = MappingProxyType({"todo": "待办", "done": "已完成", "excused": "已免责"})
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


# ---- tickets ---------------------------------------------------------------------------------------------------------


def row(plan: Plan, one: Row) -> Shown:
    """A ticket in a list."""
    zone = plan.zone
    return {
        "ticket": one.ticket,
        "family": one.family,
        "category": category(plan, one.category),
        "state": state(plan, one.category, one.state),
        "owner": who(plan, one.owner) if one.owner else None,
        "assignee": one.assignee,
        "post": _post(plan, one.post),
        "opened": instant(one.opened, zone),
        "closed": instant(one.closed, zone),
        "level": one.level,
        "due": instant(one.due, zone),
        "overdue": one.overdue,
        "paused": one.paused,
        "silent": one.silent,
    }


def ticket(plan: Plan, family: Family, one: Ticket, now: int, revealed: Mapping[str, str] = NOTHING) -> Shown:
    """A whole ticket as it stands at `now` (seconds UTC). `revealed`: fact -> the personal value to show."""
    zone = plan.zone
    workflow = workflow_of(plan, one)
    return {
        "ticket": one.id,
        "family": family.id,
        "version": family.steps,
        "plan": one.plan,
        "edition": one.edition,
        "category": category(plan, one.category),
        "workflow": named(workflow.id, workflow.title),
        "state": state(plan, one.category, one.state),
        "round": one.round,
        "opened": instant(one.opened, zone),
        "closed": instant(one.closed, zone),
        "level": one.level,
        "owner": _parties(plan, family, one, OWNER),
        "accountable": _parties(plan, family, one, workflow.accountable or OWNER),
        "assignee": one.assignee,
        "first_contact": one.first_contact,
        "post": _post(plan, one.post),
        "facts": [_fact(plan, name, value, zone, revealed) for name, value in one.facts().items()],
        "runs": [run(plan, one, each, now) for each in one.runs.values()],
        "ended": [run(plan, one, each, now) for each in one.ended],
        "parent": one.ties.parent,
        "parts": [_part(plan, other, zone) for other in family.tickets.values() if other.ties.parent == one.id],
        "links": {
            "group": one.ties.group,
            "repeat_of": one.ties.repeat_of,
            "repeats": one.ties.repeats,
            "merged_into": one.ties.merged_into,
            "detected": [named(id, plan.detections[id].title) for id in one.ties.detected if id in plan.detections],
        },
    }


def run(plan: Plan, one: Ticket, each: Run, now: int) -> Shown:
    """A run of a deadline: what is left of it at `now`, or how it ended; and who said so."""
    zone = plan.zone
    late = each.done - each.due if each.status == "late" and each.done and each.due else None
    return {
        "key": each.key,
        "deadline": deadline(plan, each.deadline),
        "round": each.round,
        "status": each.status,
        "limit": limit_words(plan, each.limit)._asdict(),
        "start": instant(each.start, zone),
        "started_by": each.started_by,
        "due": instant(each.due, zone),
        "provisional": each.provisional,
        "left": _left(plan, one, each, now),
        "done": instant(each.done, zone),
        "ended_by": each.ended_by,
        "late_by": late,
        "rungs": [
            {
                "rung": rung,
                "words": rung_words(plan, one.category, each.deadline, rung)._asdict(),
                "at": instant(at, zone),
            }
            for rung, at in each.climb.raised.items()
        ],
        "acked": each.climb.acked,
        "exhausted": each.climb.exhausted,
        "told": [who(plan, address) for address in each.climb.told],
        **rule(plan, each.rule),
    }


def counted(plan: Plan, one: Ticket, each: Run, now: int, lang: str) -> list[str]:
    """Why a run is due then: the days and stretches that were counted, skipped and paused, a line each."""
    if not isinstance(each.limit, LengthLimit):
        return [limit_words(plan, each.limit).in_(lang)]
    hours = clock(plan, each.limit, one.edition)
    pauses = each.pauses if each.paused_from is None else (*each.pauses, (each.paused_from, max(now, each.paused_from)))
    stretches = hours.explain(each.start, pauses, each.granted)
    return list(render(stretches, hours.timetable, "zh" if lang == "zh" else "en"))


def _left(plan: Plan, one: Ticket, each: Run, now: int) -> Shown | None:
    """Seconds to the due, negative when it is over; of a paused length what will be left, in words."""
    if not each.open:
        return None
    if each.paused_from is not None and isinstance(each.limit, LengthLimit):
        rest = clock(plan, each.limit, one.edition).left(each.start, each.paused_from, each.pauses, each.granted)
        return {"seconds": None, "en": format_left(rest, "en"), "zh": format_left(rest, "zh")}
    if each.due is None:
        return None
    return {"seconds": each.due - now, **length_words(abs(each.due - now))._asdict()}


def _part(plan: Plan, other: Ticket, zone: ZoneInfo) -> Shown:
    return {
        "ticket": other.id,
        "category": category(plan, other.category),
        "state": state(plan, other.category, other.state),
        "assignee": other.assignee,
        "opened": instant(other.opened, zone),
        "closed": instant(other.closed, zone),
    }


def _fact(plan: Plan, name: str, value: Value, zone: ZoneInfo, revealed: Mapping[str, str]) -> Shown:
    known = plan.facts.get(name)
    if is_personal(plan, name):
        text = revealed.get(name, MASK)
        shown: Value = text
    else:
        text, shown = value_text(plan, name, value, zone), value
    return {
        "fact": name,
        "title": known.title if known is not None else name,
        "type": known.type if known is not None else "text",
        "personal": is_personal(plan, name),
        "value": instant(int(value), zone) if known is not None and known.type == "time" else shown,
        "text": text,
    }


# ---- histories -------------------------------------------------------------------------------------------------------


def _hidden(reference: str) -> str:
    return MASK


def timeline(
    plan: Plan, family: Family, steps: Iterable[Step], note: Callable[[str], str] = _hidden
) -> Iterator[Shown]:
    """Every event of a family in order, in words, with the rule behind it. `note` turns a note's reference into what
    the reader may see of it.
    """
    zone = plan.zone
    for step in steps:
        for place, event in enumerate(step.events):
            yield {
                "id": f"{step.number}.{place}",
                "step": step.number,
                "ticket": event.ticket,
                "at": instant(step.at, zone),
                "effective_at": instant(event.effective_at, zone),
                "actor": actor(step.actor.person)._asdict() | {"id": step.actor.person},
                "kind": kind(event),
                "words": said(plan, family, event, zone)._asdict(),
                "text": note(event.text) if isinstance(event, e.Noted) else None,
                **rule(plan, event.rule),
            }


def actor(person: str) -> Words:
    """Who made a step: a person by name, the reporter, or the engine and what it did it for."""
    name, _, what = person.partition(":")
    if name in ("engine", "system"):
        return Words(f"engine ({what})", f"系统（{what}）") if what else PARTIES["engine"]
    return PARTIES.get(person, Words(person, person))


# ---- parts of a plan -------------------------------------------------------------------------------------------------


def instant(at: int | None, zone: ZoneInfo) -> str | None:
    """ISO 8601 with the site's offset."""
    return None if at is None else datetime.fromtimestamp(at, zone).isoformat()


def named(id: str, title: str) -> Shown:
    return {"id": id, "title": title or id}


def category(plan: Plan, id: str) -> Shown:
    return named(id, plan.categories[id].title if id in plan.categories else id)


def role(plan: Plan, id: str) -> Shown:
    return named(id, plan.roles[id].title if id in plan.roles else id)


def workflow_of(plan: Plan, one: Ticket) -> Workflow:
    return plan.workflow_of(one.category)


def state(plan: Plan, category: str, id: str) -> Shown:
    known = plan.workflow_of(category).states.get(id) if category in plan.categories else None
    title = known.title if known is not None else id
    if id == title == "merged":
        title = MERGED
    if category in plan.duties and title == plan.duties[category].title:  # nobody wrote this workflow, nor its words
        title = DUTY_STATES.get(id, title)
    return {**named(id, title), "final": known is not None and known.final}


def deadline(plan: Plan, id: str) -> Shown:
    return named(id, next((one.title for one in plan.deadlines if one.id == id), id))


def who(plan: Plan, address: str) -> Shown:
    """`role:supervisor`, `person:小陈` or `reporter`, with what people call it."""
    what, _, name = address.partition(":")
    if what == "role":
        title = plan.roles[name].title if name in plan.roles else name
        return {"address": address, "role": name, "title": title, "en": name, "zh": title}
    if what == "person":
        return {"address": address, "person": name, "title": name, "en": name, "zh": name}
    words = PARTIES.get(what, Words(what, what))
    return {"address": address, "title": words.zh, **words._asdict()}


def rule(plan: Plan, rule: Rule) -> Shown:
    """The element of the policy behind something: its path, the ids of its sources, where it stands."""
    found = plan.places.get(rule.path)
    place = {"file": found.file, "line": found.line, "column": found.column} if found is not None else None
    return {"rule": rule.path, "sources": list(rule.sources), "place": place}


def is_personal(plan: Plan, fact: str) -> bool:
    return fact in plan.personal


def value_text(plan: Plan, name: str, value: Value, zone: ZoneInfo) -> str:
    """A value that is not personal, as people read it: titles of choices and roles, local time."""
    known = plan.facts.get(name)
    if known is not None and known.type == "choice":
        return known.values.get(str(value), str(value))
    if known is not None and known.type == "role" and value in plan.roles:
        return plan.roles[str(value)].title
    return show_value(known, value, zone)


def _post(plan: Plan, post: str | None) -> Shown | None:
    return None if post is None else role(plan, post)


def _parties(plan: Plan, family: Family, one: Ticket, party: Party) -> list[Shown]:
    if one.state not in workflow_of(plan, one).states:
        return []
    return [who(plan, address) for address in addresses(plan, family, one, party)]
