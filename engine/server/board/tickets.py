"""The page of a ticket: how it stands, why each due is due then, what this person may do, and what happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from secrets import token_urlsafe
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from engine.core import Command, Family, Plan, Refusal, Run, Step, Ticket, agenda, evolve, notices, shape
from engine.core.plan import MASK
from engine.policy import PARTIES, Words
from engine.runtime import listed, may_see, permit_reveal
from engine.server import offers, present
from engine.server.board.desk import Desk, Place
from engine.server.board.entrance import At, Form
from engine.server.board.forms import EMPTY, Answer, Filled, answer, field_view, fill, keep_files, keyed
from engine.server.board.lines import is_warned, line
from engine.server.board.web import PageRoute, TroubleError
from engine.server.board.words import WORDS
from engine.server.commands import handle
from engine.server.entry.access_log import PURPOSES, purpose_denial
from engine.server.event_words import rung_words
from engine.store import StoreError

router = APIRouter(route_class=PageRoute, include_in_schema=False)
#: What stands for the texts of all notes where a fact is named.
NOTES: Final = "notes"
#: Standing moves that stand behind a fold: they are needed seldom.
SELDOM: Final = frozenset({"set_facts", "recategorise", "link", "unlink", "merge", "excuse", "correct"})


@router.get("/board/{site}/ticket/{ticket:path}")
def show(request: Request, desk: At, site: str, ticket: str) -> Response:
    place = desk.at(request, site, "ticket.show")
    return _page(desk, place, ticket, EMPTY)


@router.post("/board/{site}/ticket/{ticket:path}")
def act(request: Request, desk: At, site: str, ticket: str, form: Form) -> Response:
    """A move. What is refused, or crosses with what somebody else did, comes back as it was typed."""
    place = desk.at(request, site, "ticket.act")
    desk.check_form(place.visit, form)
    filled = keep_files(desk.evidence, place.service.site.plan.id, fill(form.get("move", ""), form), form.files)
    if filled.problem is not None:
        return _page(desk, place, ticket, filled, 422)
    _found(place, ticket)
    seen, principal = _version(form), place.visit.principal
    command = place.door.request(
        place.visit.at, ticket, principal.person, filled.name, filled.typed, principal.roles(site)
    )
    done = (
        command
        if isinstance(command, Refusal)
        else handle(place.service, keyed(command, filled), seen, timers_count=False)
    )
    if isinstance(done, Refusal):
        return _page(desk, place, ticket, _refused(place, ticket, filled, command, done, seen), 409)
    return RedirectResponse(f"/board/{site}/ticket/{quote(ticket)}", 303)


def _version(form: Mapping[str, str]) -> int | None:
    """The version of its family that a form was made for, if it says one that can be."""
    text = form.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _refused(
    place: Place, ticket: str, filled: Filled, command: Command | Refusal, refusal: Refusal, seen: int | None
) -> Filled:
    """A form that was not taken, with what is wrong with it, or what others did meanwhile."""
    family, one = _found(place, ticket)
    if refusal.code == "changed" and seen is not None:
        return filled._replace(changed=_meanwhile(place, family, seen))
    plan = _plan(place, one)
    return filled._replace(
        problem=answer(plan, offers.whole(plan, family, command, refusal), present.workflow_of(plan, one))
    )


@router.post("/board/{site}/reveal/{ticket:path}")
def reveal(request: Request, desk: At, site: str, ticket: str, form: Form) -> Response:
    """A personal value is shown once, on this page only, to who may see it; for what purpose is written down."""
    place = desk.at(request, site, "pii.reveal")
    desk.check_form(place.visit, form)
    family, one = _found(place, ticket)
    fact, purpose = form.get("fact", ""), form.get("purpose", "")
    if wrong := purpose_denial(purpose):
        return _page(desk, place, ticket, Filled("reveal", {"fact": fact}, Answer(wrong.words)), 422)
    refusal = _look(place, family, one, fact, purpose)
    desk.note(place, "pii.reveal", ticket, "denied" if refusal is not None else "done", purpose)
    if refusal is not None:
        problem = answer(_plan(place, one), refusal)
        return _page(desk, place, ticket, Filled("reveal", {"fact": fact}, problem), 403)
    value = place.service.store.reveal(str(one.fact(fact))) or WORDS["erased"].in_(place.visit.lang)
    return _page(desk, place, ticket, EMPTY, revealed={fact: value})


def _look(place: Place, family: Family, one: Ticket, fact: str, purpose: str) -> Refusal | None:
    """Whether somebody may look at a personal value, or at the notes."""
    principal, now = place.visit.principal, place.visit.at
    if fact != NOTES:
        return permit_reveal(place.service, now, one.id, principal.person, fact, purpose, principal.roles(place.name))
    roles = place.service.site.roster.roles_of(principal.person, now) | principal.roles(place.name)
    return None if may_see(_plan(place, one), family, one, principal.person, roles) else Refusal("by", principal.person)


def _found(place: Place, ticket: str) -> tuple[Family, Ticket]:
    try:
        family = place.service.store.load(ticket)
    except StoreError:
        raise TroubleError(503, WORDS["damaged"].format(ticket=ticket)) from None
    if family is None:
        raise TroubleError(404, WORDS["no_ticket"].format(ticket=ticket))
    return family, family.tickets[ticket]


def _plan(place: Place, one: Ticket) -> Plan:
    return place.service.site.version(one.plan)


def _meanwhile(place: Place, family: Family, seen: int) -> tuple[str, ...]:
    """What people did to a family after the version that a form was made for; what timers did keeps nobody."""
    steps = [step for step in place.service.store.steps(family.id)[seen:] if step.cause == "command"]
    plan = _plan(place, family.root)
    lang = place.visit.lang
    return tuple(
        f"{place.moments.clock(step.at)} {present.actor(step.actor.person).in_(lang)}：{entry['words'][lang]}"
        for step in steps
        for entry in present.timeline(plan, family, [step])
    )


# ---- the page --------------------------------------------------------------------------------------------------------


def _page(
    desk: Desk,
    place: Place,
    ticket: str,
    filled: Filled,
    status: int = 200,
    revealed: Mapping[str, str] = present.NOTHING,
) -> Response:
    family, one = _found(place, ticket)
    return desk.page_at(place, "ticket.html", view(place, family, one, filled, revealed), status)


def view(place: Place, family: Family, one: Ticket, filled: Filled, revealed: Mapping[str, str]) -> dict[str, Any]:
    plan, goes_by, now = _plan(place, one), _plan(place, family.root), place.visit.at
    principal = place.visit.principal
    roster = place.service.site.roster
    nobody = lambda role: role in plan.roles and roster.nobody_there(role, now)  # noqa: E731
    row = next(row for row in listed(goes_by, family, agenda(goes_by, family)) if row.ticket == one.id)
    actor = place.door.actor(now, one, principal.person, principal.roles(place.name))
    people = {role: roster.holders(role, now) for role in plan.roles}
    moves = [_move(plan, move, people) for move in offers.moves(plan, family, one, actor, now)]
    steps = list(history(place, family, NOTES in revealed))
    return {
        "line": line(plan, row, family, now, nobody),
        "shown": present.ticket(plan, family, one, now, revealed),
        "runs": [_run(plan, one, run, place) for run in sorted(one.runs.values(), key=lambda run: run.due or now)],
        "ended": [_run(plan, one, run, place) for run in reversed(one.ended)],
        "moves": [move for move in moves if not move["standing"]],
        "standing": [move for move in moves if move["standing"] and move["move"] not in SELDOM],
        "seldom": [move for move in moves if move["move"] in SELDOM],
        "filled": filled,
        "key": filled.key or token_urlsafe(16),
        "steps": steps,
        "has_notes": any(event["kind"] == "noted" for step in steps for event in step["events"]),
        "notes_shown": NOTES in revealed,
        "may_see": may_see(plan, family, one, principal.person, actor.roles),
        "sides": _sides(place, plan, one),
        "purposes": PURPOSES,
        "late_reports": plan.late_reports,
    }


def _sides(place: Place, plan: Plan, one: Ticket) -> list[tuple[Words, str]]:
    """Of a handover, who leaves the post and who takes it; empty where the roster names nobody."""
    if one.post is None or one.post not in plan.roles or one.category != plan.roles[one.post].handover:
        return []
    roster = place.service.site.roster
    now = place.visit.at if one.closed is None else None
    people = {"leaver": roster.leaver(one.post, one.opened), "taker": roster.taker(one.post, one.opened, now)}
    return [(PARTIES[side], person or "") for side, person in people.items()]


def _move(plan: Plan, move: Mapping[str, Any], people: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    return {**move, "fields": [field_view(plan, field, people) for field in move["fields"]]}


def _run(plan: Plan, one: Ticket, run: Run, place: Place) -> dict[str, Any]:
    """A run with why it is due then, and the rungs of its ladder."""
    warned = is_warned(plan, one, run, place.visit.at)
    watch = shape(plan, one.category).watches.get(run.deadline)
    return {
        **present.run(plan, one, run, place.visit.at),
        "due_at": run.due,
        "done_at": run.done,
        "mark": "warned" if warned else run.status,
        "counted": present.counted(plan, one, run, place.visit.at, place.visit.lang),
        "ladder": watch.deadline.escalate if watch is not None else None,
        "raised": [(rung_words(plan, one.category, run.deadline, rung), at) for rung, at in run.climb.raised.items()],
    }


def history(place: Place, family: Family, notes: bool = False) -> Iterator[dict[str, Any]]:
    """The steps of a family, the newest first: who, when, each event with its rule, and who was told."""
    steps = place.service.store.steps(family.id)
    told = _told(place, steps)
    plan = _plan(place, family.root)
    entries: dict[int, list[dict[str, Any]]] = {}
    vault = place.service.store
    note = (lambda reference: vault.reveal(reference) or MASK) if notes else (lambda _: MASK)
    for entry in present.timeline(plan, family, steps, note):
        entries.setdefault(entry["step"], []).append({**entry, "effective": _seconds(entry["effective_at"])})
    for step in reversed(steps):
        yield {
            "at": step.at,
            "actor": present.actor(step.actor.person),
            "by_timer": step.cause != "command",
            "events": entries.get(step.number, []),
            "told": told[step.number],
        }


def _told(place: Place, steps: Sequence[Step]) -> dict[int, list[dict[str, Any]]]:
    """step -> which notices went to whom, worked out anew from the events; of rungs the events say it themselves."""
    found: dict[int, list[dict[str, Any]]] = {}
    family: Family | None = None
    for step in steps:
        family = evolve(family, step)
        plan = place.service.site.version(step.plan)
        found[step.number] = [
            {
                "who": present.who(plan, message.to),
                "causes": [present.named(name, plan.notices[name].title) for name in names],
                "withheld": message.withheld,
            }
            for message in notices(plan, family, step)
            if (names := [cause.name for cause in message.causes if cause.kind == "notice"])
        ]
    return found


def _seconds(iso: str) -> int:
    return int(datetime.fromisoformat(iso).timestamp())
