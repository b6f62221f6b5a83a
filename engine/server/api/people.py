"""Who is there: the roster, and handovers of posts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Query as Param
from pydantic import AfterValidator, Field

from engine.core import Refusal, commands
from engine.runtime import Entry, Service, change_roster, is_empty
from engine.server import present
from engine.server.api.route import (
    Body,
    Facts,
    IdempotencyKey,
    InstantText,
    Short,
    as_texts,
    command_key,
    read_at,
    router,
)
from engine.server.auth import Caller, needs
from engine.server.problems import SENTENCES, ProblemError, not_found, refused
from engine.store import Query

routes = router("people")
#: Signed handovers that are shown of a role.
SHOWN = 20


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("a name is one line that can be shown")
    return name


class Coming(Body):
    """A person in a role, on some of its shifts (none named: all), from `since` (now) until `until` (open end)."""

    person: Annotated[Short, AfterValidator(_printable)]
    role: Short
    shifts: Annotated[list[Short], Field(max_length=20)] = Field(default_factory=list)
    since: InstantText | None = None
    until: InstantText | None = None


class RosterChange(Body):
    come: Annotated[list[Coming], Field(max_length=500)] = Field(default_factory=list)
    gone: Annotated[list[Short], Field(max_length=500)] = Field(default_factory=list)


@routes.get("/sites/{site}/roster", summary="Who is there")
def roster(
    site: str,
    caller: Annotated[Caller, needs("roster.show")],
    at: Annotated[InstantText | None, Param(description="An instant; now if there is none.")] = None,
) -> dict[str, Any]:
    """Of each role who is on duty, who holds it at all, who answers for its post, and whether it is `empty`: fewer are
    there than have to be, `at_least`; and the entries of the list, each with what of its role and shifts the plan in
    force does not know: `outdated`.
    """
    service = caller.service
    instant = read_at(caller, at) if at is not None else caller.at
    return {
        "at": present.instant(instant, service.site.zone),
        "complete": service.site.roster.complete,
        "roles": list(_manned(service, instant)),
        "entries": [_entry(service, entry, instant) for entry in service.site.roster.entries],
    }


def _manned(service: Service, at: int) -> Iterator[dict[str, Any]]:
    known = service.site.roster
    for role in service.site.plan_at(at).roles.values():
        yield {
            **present.named(role.id, role.title),
            "on_duty": list(known.on_duty(role.id, at)),
            "holders": list(known.holders(role.id, at)),
            "post_held_by": known.holds_post(role.id, at) if role.handover is not None else None,
            "shifts": list(known.shifts(role.id, at)),
            "at_least": role.at_least,
            "empty": is_empty(service.site, role.id, at),
        }


def _entry(service: Service, entry: Entry, at: int) -> dict[str, Any]:
    zone = service.site.zone
    since = present.instant(entry.since, zone) if entry.since else None
    return {
        **entry._asdict(),
        "shifts": list(entry.shifts),
        "since": since,
        "until": present.instant(entry.until, zone),
        "outdated": list(service.site.roster.outdated(entry, at)),
    }


@routes.post("/sites/{site}/roster", summary="Change the roster")
def change(site: str, body: RosterChange, caller: Annotated[Caller, needs("roster.change")]) -> dict[str, Any]:
    """People come and go, from now on. An entry takes the place of the person's running one in the same role."""
    known = caller.service.site.roster.knows
    if strangers := [str(place) for place, person in enumerate(body.gone) if not known(person)]:
        errors = [{"where": ["gone", place], "what": "unknown"} for place in strangers]
        raise ProblemError(422, "no_person", SENTENCES["no_person"], errors=errors)
    entries = [_read(caller, coming) for coming in body.come]
    change_roster(caller.service, caller.at, entries, body.gone)
    caller.note("roster.change", f"{len(entries)} come, {len(body.gone)} gone")
    return roster(site, caller)


def _read(caller: Caller, coming: Coming) -> Entry:
    since = read_at(caller, coming.since) if coming.since is not None else caller.at
    begins, site = max(since, caller.at), caller.service.site
    if coming.role not in site.plan_at(begins).roles:
        raise ProblemError(422, "no_role", SENTENCES["no_such_role"].format(role=coming.role))
    shifts = site.roster.shifts(coming.role, begins)
    if not set(coming.shifts) <= set(shifts):
        raise ProblemError(422, "no_shift", SENTENCES["no_shift"].format(known=", ".join(shifts)))
    until = read_at(caller, coming.until) if coming.until is not None else None
    if until is not None and until <= since:
        raise ProblemError(422, "instant", SENTENCES["ends_before"])
    return Entry(coming.person, coming.role, tuple(coming.shifts), since, until)


class Handing(Body):
    role: Short
    facts: Facts = Field(default_factory=dict)


@routes.get("/sites/{site}/handovers", summary="Posts and their handovers")
def handovers(site: str, caller: Annotated[Caller, needs("roster.show")]) -> dict[str, Any]:
    """A handover is a ticket of the role's category; signing it is a move, by who leaves and by who takes the post."""
    return {"posts": list(_posts(caller.service, caller.at))}


def _posts(service: Service, at: int) -> Iterator[dict[str, Any]]:
    site = service.site
    for role in site.plan.roles.values():
        if role.handover is None:
            continue
        waiting = service.store.rows(Query(open=True, category=role.handover, post=role.id))
        signed = [one for one in site.roster.handovers if one.role == role.id][-SHOWN:]
        yield {
            **present.named(role.id, role.title),
            "category": present.category(site.plan, role.handover),
            "held_by": site.roster.holds_post(role.id, at),
            "waiting": [present.row(site.wording(row.plan), row) for row in waiting],
            "signed": [
                {"at": present.instant(one.at, site.zone), "leaver": one.leaver, "taker": one.taker} for one in signed
            ],
        }


@routes.post("/sites/{site}/handovers", status_code=201, summary="Begin a handover")
def begin(
    site: str,
    body: Handing,
    caller: Annotated[Caller, needs("handover.sign")],
    idempotency_key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Open the ticket of a handover at once, where the plan does not open it by itself."""
    service = caller.service
    plan = service.site.plan
    role = plan.roles.get(body.role)
    if role is None or role.handover is None:
        raise not_found("no_role")
    key = command_key(idempotency_key)
    given = as_texts(body.facts) | {"category": role.handover}
    request = caller.door.request(caller.at, "", caller.person, "open", given, caller.roles)
    if isinstance(request, Refusal):
        raise refused(request, plan)
    assert isinstance(request.act, commands.Open)
    done = service.open(request._replace(key=key, act=request.act._replace(post=role.id)))
    if isinstance(done, Refusal):
        raise refused(done, plan)
    return {"ticket": present.ticket(plan, done.family, done.family.root, caller.at)}
