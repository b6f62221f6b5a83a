"""The sites that a caller knows, and what each promises for given facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from engine.core import Actor, Command, Family, Plan, Refusal, Work, commands, decide, shape
from engine.runtime import SYSTEM
from engine.server import present
from engine.server.api.route import Body, Facts, InstantText, Short, as_texts, read_at, router
from engine.server.auth import Caller, needs
from engine.server.entry.access import allowed
from engine.server.event_words import limit_words
from engine.server.problems import no_category, refused

routes = router("sites")
#: Nobody is asked for what is not known.
ASKER = Actor("promise", frozenset({SYSTEM}))


@routes.get("/sites", summary="The sites of the caller")
def sites(caller: Annotated[Caller, needs("ticket.list", anywhere=True)]) -> dict[str, Any]:
    """`shut`: sites that could not be opened, and why; they are tried again every minute."""
    engine = caller.daemon.engine
    shown = [
        {"site": name, "title": service.site.plan.title, "timezone": service.site.plan.timezone}
        for name, service in sorted(engine.services.items())
        if allowed(caller.principal, "ticket.list", name)
    ]
    shut = [
        {"site": name, "why": why.en, "zh": why.zh}
        for name, why in sorted(engine.shut.items())
        if allowed(caller.principal, "ticket.list", name)
    ]
    return {"sites": shown, "shut": shut}


@routes.get("/sites/{site}", summary="A site")
def site(site: str, caller: Annotated[Caller, needs("ticket.list")]) -> dict[str, Any]:
    """Its plan, and what lists and forms need of it: roles, states, deadlines."""
    running = caller.service.site
    plan = running.plan
    return {
        "site": site,
        "title": plan.title,
        "timezone": plan.timezone,
        "now": present.instant(caller.at, running.zone),
        "plan": plan.version,
        "edition": running.edition,
        "last_resort": plan.last_resort,
        "roles": [present.named(role.id, role.title) for role in plan.roles.values()],
        "categories": [present.named(one.id, one.title) for one in plan.categories.values()],
        "workflows": [
            {
                **present.named(flow.id, flow.title),
                "states": [present.named(state.id, state.title) for state in flow.states.values()],
            }
            for flow in plan.workflows.values()
        ],
    }


class Asking(Body):
    category: Short
    facts: Facts = Field(default_factory=dict)
    at: InstantText | None = None


@routes.post("/sites/{site}/promises", summary="What would be promised")
def promises(site: str, body: Asking, caller: Annotated[Caller, needs("promise.show")]) -> dict[str, Any]:
    """The limits that a ticket with these facts would have, opened at `at` or now. Nothing is written; facts may be
    missing, and personal ones are never asked.
    """
    running = caller.service.site
    at = read_at(caller, body.at) if body.at is not None else caller.at
    plan = running.plan_at(at)
    if body.category not in plan.categories:
        raise no_category(plan)
    given = {name: text for name, text in as_texts(body.facts).items() if not present.is_personal(plan, name)}
    asked = caller.door.request(at, "", caller.person, "open", given | {"category": body.category})
    if isinstance(asked, Refusal):
        raise refused(asked, plan)
    assert isinstance(asked.act, commands.Open)
    act = asked.act._replace(plan=plan.version, edition=running.edition)
    outcome = decide(plan, None, Command("", ASKER, at, act))
    if isinstance(outcome, Refusal):
        raise refused(outcome, plan)
    return {
        "category": present.category(plan, body.category),
        "at": present.instant(at, running.zone),
        "plan": plan.version,
        "promises": list(_limits(plan, outcome.family, at)),
    }


def _limits(plan: Plan, family: Family, at: int) -> Iterator[dict[str, Any]]:
    """Each deadline that speaks of a ticket, running from its opening or not; `due` as if it started now."""
    ticket = family.root
    zone = plan.zone
    work = Work(plan, family, at, ASKER)
    view = work.view(ticket)
    for id, watch in shape(plan, ticket.category).watches.items():
        row = watch.deadline.limit.pick(view)
        if row is None:
            continue
        running = ticket.runs.get(id)
        due = work.due(ticket, row.value, at) if running is None else None
        yield {
            "deadline": present.named(id, watch.deadline.title),
            "runs": running is not None,
            "starts": sorted(watch.deadline.starts),
            "until": sorted(watch.deadline.until),
            "limit": limit_words(plan, row.value)._asdict(),
            "due": present.instant(running.due if running is not None else due and due.at, zone),
            "provisional": running.provisional if running is not None else due is not None and due.provisional,
            **present.rule(plan, row.rule),
        }
