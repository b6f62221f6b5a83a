"""Tickets: opened, moved, shown, listed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query as Param
from fastapi import Response
from pydantic import Field

from engine.core import Family, Plan, Refusal, Step, Ticket
from engine.core.plan import MASK
from engine.policy import Words
from engine.runtime import Service, may_see
from engine.server import offers, present
from engine.server.api.route import (
    Body,
    Facts,
    IdempotencyKey,
    InstantText,
    Short,
    Text,
    as_texts,
    command_key,
    router,
)
from engine.server.auth import Caller, needs
from engine.server.commands import handle
from engine.server.entry.access_log import purpose_denial
from engine.server.entry.denials import denial
from engine.server.problems import SENTENCES, ProblemError, denied, no_category, refused
from engine.store import Cursor, Query

routes = router("tickets")
PAGE = 200


class Opening(Body):
    category: Short
    facts: Facts = Field(default_factory=dict)
    occurred_at: InstantText | None = None


class Acting(Body):
    """A move of the workflow or a standing one; what it asks for stands in `facts`: `reason`, `text`, `deadline` …"""

    move: Short
    facts: Facts = Field(default_factory=dict)
    assignee: Short | None = None
    occurred_at: InstantText | None = None
    expected_version: Annotated[int, Param(ge=0, le=2**53)] | None = None


@routes.post("/sites/{site}/tickets", status_code=201, summary="Open a ticket")
def open_ticket(
    site: str,
    body: Opening,
    response: Response,
    caller: Annotated[Caller, needs("ticket.open")],
    idempotency_key: IdempotencyKey = None,
) -> dict[str, Any]:
    """The site numbers it. The same `Idempotency-Key` with the same body is answered with the same ticket."""
    given = as_texts(body.facts) | {"category": body.category}
    if body.occurred_at is not None:
        given["occurred_at"] = body.occurred_at
    key = command_key(idempotency_key)
    service = caller.service
    plan = service.site.plan_at(caller.at)
    known = plan.categories.get(body.category)
    if known is not None and known.duty is not None:
        words = SENTENCES["duty"].format(what=Words(known.id, known.title))
        raise ProblemError(409, "duty", words, about=known.id, legal=[])
    request = caller.door.request(caller.at, "", caller.person, "open", given, caller.roles)
    if isinstance(request, Refusal):
        raise refused(request, service.site.plan)
    done = service.open(request._replace(key=key))
    if isinstance(done, Refusal):
        if done.code == "unknown" and done.detail == body.category not in plan.categories:
            raise no_category(plan, 409, "unknown", about=body.category, legal=[])
        raise refused(offers.whole(plan, None, request, done), plan)
    response.headers["Location"] = f"/api/v1/sites/{site}/tickets/{done.family.id}"
    return _done(service, done.family, done.family.root, done.step, caller.at)


@routes.post("/sites/{site}/tickets/{ticket:path}/moves", summary="Make a move")
def act(
    site: str,
    ticket: str,
    body: Acting,
    caller: Annotated[Caller, needs("ticket.act")],
    idempotency_key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Refused with 409: `code` says why, `legal` what is possible instead. With `expected_version`, the `version` that
    the caller saw, also when somebody else was quicker.
    """
    plan, _, one = caller.ticket(ticket)
    workflow = present.workflow_of(plan, one)
    given = as_texts(body.facts)
    given |= {"assignee": body.assignee} if body.assignee is not None else {}
    given |= {"occurred_at": body.occurred_at} if body.occurred_at is not None else {}
    key = command_key(idempotency_key)
    request = caller.door.request(caller.at, ticket, caller.person, body.move, given, caller.roles)
    if isinstance(request, Refusal):
        raise refused(_with_legal(request, caller, ticket), plan, workflow)
    done = handle(caller.service, request._replace(key=key), body.expected_version)
    if isinstance(done, Refusal):
        _, family, _ = caller.ticket(ticket)
        done = offers.whole(plan, family, request, done)
        raise refused(_with_legal(done, caller, ticket), plan, workflow)
    return _done(caller.service, done.family, done.family.tickets[ticket], done.step, caller.at)


def _with_legal(refusal: Refusal, caller: Caller, ticket: str) -> Refusal:
    """What is legal, to the one who asks: the core knows what leads on from here, whoever asks."""
    plan, family, one = caller.ticket(ticket)
    return refusal._replace(legal=offers.legal(plan, family, one, caller.actor(one), caller.at))


def _done(service: Service, family: Family, one: Ticket, step: Step, now: int) -> dict[str, Any]:
    plan = service.site.version(one.plan)
    return {
        "ticket": present.ticket(plan, family, one, now),
        "events": list(present.timeline(plan, family, [step])),
    }


@routes.get("/sites/{site}/tickets", summary="List tickets")
def list_tickets(
    site: str,
    caller: Annotated[Caller, needs("ticket.list")],
    open: bool | None = None,
    category: Short | None = None,
    state: Short | None = None,
    owner: Annotated[Short | None, Param(description="An address: `role:supervisor`.")] = None,
    assignee: Short | None = None,
    post: Short | None = None,
    overdue: bool | None = None,
    silent: bool | None = None,
    after: Annotated[Text | None, Param(description="`next` of the page before.")] = None,
    limit: Annotated[int, Param(ge=1, le=PAGE)] = 50,
) -> dict[str, Any]:
    """Open ones by what is due first, else the newest first; `next` is where the next page goes on, null at the end."""
    service = caller.service
    cursor = Cursor.read(after) if after is not None else None
    if after is not None and cursor is None:
        raise ProblemError(400, "page", SENTENCES["page"])
    query = Query(open, category, state, owner, assignee, post, overdue, silent, None, cursor, limit + 1)
    rows = service.store.rows(query)
    shown = [present.row(service.site.wording(row.plan), row) for row in rows[:limit]]
    return {"tickets": shown, "next": query.cursor(rows[limit - 1]).text if len(rows) > limit else None}


@routes.get("/sites/{site}/tickets/{ticket:path}/timeline", summary="What happened to a ticket")
def timeline(
    site: str,
    ticket: str,
    caller: Annotated[Caller, needs("ticket.show")],
    purpose: Annotated[Text | None, Param(description="Show the texts of notes, too, which is logged.")] = None,
) -> dict[str, Any]:
    """Every event of the ticket and its parts, with the rule, file and line behind it."""
    plan, family, _ = caller.ticket(ticket)
    steps = caller.service.store.steps(family.id)
    if purpose is None:
        return {"family": family.id, "events": list(present.timeline(plan, family, steps))}
    _may_look(caller, plan, family, ticket, purpose)
    vault = caller.service.store
    events = present.timeline(plan, family, steps, lambda reference: vault.reveal(reference) or MASK)
    return {"family": family.id, "events": list(events)}


def _may_look(caller: Caller, plan: Plan, family: Family, ticket: str, purpose: str) -> None:
    """Somebody looks at personal texts: only who may see them, for a purpose, and it is logged."""
    if wrong := purpose_denial(purpose):
        raise denied(wrong)
    roles = caller.service.site.roster.roles_of(caller.person, caller.at) | caller.roles
    if not may_see(plan, family, family.tickets[ticket], caller.person, roles):
        caller.note("pii.reveal", ticket, "denied")
        raise denied(denial("not_allowed"))
    caller.note("pii.reveal", ticket, purpose=purpose)


@routes.get("/sites/{site}/tickets/{ticket:path}/moves", summary="What the caller may do now")
def moves(site: str, ticket: str, caller: Annotated[Caller, needs("ticket.show")]) -> dict[str, Any]:
    """The moves that the policy lets this caller make now, each with the fields it asks for."""
    plan, family, one = caller.ticket(ticket)
    found = offers.moves(plan, family, one, caller.actor(one), caller.at)
    return {"ticket": ticket, "version": family.steps, "moves": found}


# After those above: the id of a ticket may have slashes, if the name has for whom a duty opened.
@routes.get("/sites/{site}/tickets/{ticket:path}", summary="Show a ticket")
def show(site: str, ticket: str, caller: Annotated[Caller, needs("ticket.show")]) -> dict[str, Any]:
    """As it stands now, personal values masked. `version` is what `expected_version` of a move is compared with."""
    plan, family, one = caller.ticket(ticket)
    return present.ticket(plan, family, one, caller.at)


@routes.get("/sites/{site}/categories", summary="What people bring")
def categories(site: str, caller: Annotated[Caller, needs("ticket.list")]) -> dict[str, Any]:
    """The categories that are opened by people, with what each records."""
    return {"categories": offers.intakes(caller.service.site.plan)}


@routes.get("/sites/{site}/categories/{category}", summary="What a category records")
def category(site: str, category: str, caller: Annotated[Caller, needs("ticket.list")]) -> dict[str, Any]:
    plan = caller.service.site.plan
    if category not in plan.categories:
        raise no_category(plan)
    return offers.intake(plan, category)
