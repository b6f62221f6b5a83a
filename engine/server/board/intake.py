"""Opening a ticket at the desk: what its category records, then what was promised and the resident's status link."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from engine.core import Refusal
from engine.runtime import Customer
from engine.server import offers, people, present
from engine.server.board.desk import Desk, Place
from engine.server.board.entrance import At, Form
from engine.server.board.forms import EMPTY, Filled, answer, field_view, fill, keep_files, keyed
from engine.server.board.web import PageRoute, TroubleError
from engine.server.board.words import WORDS

router = APIRouter(route_class=PageRoute, include_in_schema=False)
#: Earlier tickets of a customer that are shown beside the form.
EARLIER_MAX = 8


@router.get("/board/{site}/intake")
def choose(request: Request, desk: At, site: str) -> Response:
    place = desk.at(request, site, "ticket.open")
    plan = place.service.site.plan_at(place.visit.at)
    return desk.page_at(place, "categories.html", {"intakes": offers.intakes(plan)})


@router.get("/board/{site}/intake/{category}")
def fill_in(request: Request, desk: At, site: str, category: str, customer: str = "") -> Response:
    place = desk.at(request, site, "ticket.open")
    return _page(desk, place, category, EMPTY, customer=customer.strip())


@router.post("/board/{site}/intake/{category}")
def open_ticket(request: Request, desk: At, site: str, category: str, form: Form) -> Response:
    place = desk.at(request, site, "ticket.open")
    desk.check_form(place.visit, form)
    filled = keep_files(desk.evidence, place.service.site.plan.id, fill(category, form), form.files)
    if "find" in form:  # a customer is looked for: what was typed stays
        return _page(desk, place, category, filled, customer=form.get("customer", "").strip())
    if filled.problem is not None:
        return _page(desk, place, category, filled, 422)
    given = {**filled.typed, "category": category}
    principal = place.visit.principal
    command = place.door.request(place.visit.at, "", principal.person, "open", given, principal.roles(site))
    done = command if isinstance(command, Refusal) else place.service.open(keyed(command, filled))
    if isinstance(done, Refusal):
        plan = place.service.site.plan_at(place.visit.at)
        problem = answer(plan, offers.whole(plan, None, command, done))
        return _page(desk, place, category, filled._replace(problem=problem), 409)
    return RedirectResponse(f"/board/{site}/opened/{quote(done.family.id)}", 303)


@router.get("/board/{site}/opened/{ticket:path}")
def opened(request: Request, desk: At, site: str, ticket: str) -> Response:
    """What was promised just now."""
    place = desk.at(request, site, "ticket.show")
    return _opened(desk, place, ticket, "")


@router.post("/board/{site}/opened/{ticket:path}")
def make_link(request: Request, desk: At, site: str, ticket: str, form: Form) -> Response:
    """A status link for the resident: shown once, to be read out or sent."""
    place = desk.at(request, site, "ticket.link")
    desk.check_form(place.visit, form)
    if place.service.store.load(ticket) is None:
        raise TroubleError(404, WORDS["no_ticket"].format(ticket=ticket))
    code = desk.links.make(site, ticket, place.visit.at)
    desk.note(place, "ticket.link", ticket)
    base = desk.daemon.config.url or str(request.base_url).rstrip("/")
    return _opened(desk, place, ticket, f"{base}/s/{code}")


def _opened(desk: Desk, place: Place, ticket: str, link: str) -> Response:
    family = place.service.store.load(ticket)
    if family is None:
        raise TroubleError(404, WORDS["no_ticket"].format(ticket=ticket))
    one = family.tickets[ticket]
    plan = place.service.site.version(one.plan)
    runs = sorted((run for run in one.runs.values() if run.due is not None), key=lambda run: run.due or 0)
    values = {
        "shown": present.ticket(plan, family, one, place.visit.at),
        "promises": [{**present.run(plan, one, run, place.visit.at), "due_at": run.due} for run in runs],
        "link": link,
    }
    return desk.page_at(place, "opened.html", values)


def _page(desk: Desk, place: Place, category: str, filled: Filled, status: int = 200, customer: str = "") -> Response:
    plan = place.service.site.plan_at(place.visit.at)
    known = plan.categories.get(category)
    if known is None or known.duty is not None:
        raise TroubleError(404, WORDS["no_category"].format(category=category))
    shown = offers.intake(plan, category)
    roster = place.service.site.roster
    staff = {role: roster.holders(role, place.visit.at) for role in plan.roles}
    found = _customers(desk, place, customer) if customer else ()
    values: dict[str, Any] = {
        "intake": {**shown, "fields": [field_view(plan, field, staff) for field in shown["fields"]]},
        "filled": filled,
        "late_reports": plan.late_reports,
        "customer": customer,
        "found": found,
        "earlier": {one.unit: people.history(desk.daemon, place.name, "unit", one.unit, EARLIER_MAX) for one in found},
        "asks": {field["name"] for field in shown["fields"]},
        "key": filled.key or token_urlsafe(16),
    }
    return desk.page_at(place, "intake.html", values, status)


def _customers(desk: Desk, place: Place, text: str) -> tuple[Customer, ...]:
    """The customers that a desk looks for; that it looked is written down, what for is opening a ticket."""
    if not people.may_find(place.service, place.visit.principal, place.visit.at):
        raise desk.denied(place.visit, "customer.find", place.name)
    found = people.find_customers(desk.daemon, place.name, text)
    desk.note(place, "customer.find", f"{len(found)} found")
    return found
