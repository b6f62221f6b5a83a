"""What an administrator does at the board: accounts and what they are granted, the lists of a site's people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from engine.policy import Words
from engine.server import people
from engine.server.board.desk import Desk, Place, Visit
from engine.server.board.entrance import At, Form
from engine.server.board.web import PageRoute
from engine.server.entry.access import SCOPES, Grants, allowed
from engine.server.entry.access import WORDS as GRANTED_WORDS
from engine.server.entry.accounts import Profile
from engine.server.entry.denials import Denial
from engine.store.tables.access import Account

router = APIRouter(route_class=PageRoute, include_in_schema=False)
#: What stands in the address of the list of people for a file that was sent.
FILE = "list"


@router.get("/accounts")
def accounts(request: Request, desk: At) -> Response:
    return _page(desk, administrator(desk, request, "account.list"))


@router.post("/accounts")
def change(request: Request, desk: At, form: Form) -> Response:
    """Make an account, change one, let it in no longer, or give it a new password."""
    what = form.get("what", "")
    visit = administrator(desk, request, "account.make" if what == "make" else "account.change")
    desk.check_form(visit, form)
    name, password = form.get("name", ""), token_urlsafe(12)
    match what:
        case "make":
            done = desk.accounts.make(visit.call, name, _profile(form), password)
        case "change":
            done = desk.accounts.change(visit.call, name, _profile(form))
        case "password":
            done = desk.accounts.set_password(visit.call, name, password)
        case "disable":
            done = desk.accounts.disable(visit.call, name)
        case _:
            done = desk.accounts.enable(visit.call, name)
    if isinstance(done, Denial):
        return _page(desk, visit, given=form, problem=done.words, status=done.status)
    shown = (done.name, password) if what in ("make", "password") else None
    unlisted = what in ("make", "change") and _is_unlisted(desk, done)
    return _page(desk, visit, made=shown, unlisted=done.person if unlisted else "")


def _is_unlisted(desk: Desk, account: Account) -> bool:
    """Whether there is a list of staff where something is granted, and none has the person: often a typo."""
    services = desk.daemon.engine.services
    rosters = [one.site.roster for name, one in services.items() if {name, "*"} & account.sites.keys()]
    return any(roster.entries for roster in rosters) and not any(roster.knows(account.person) for roster in rosters)


def administrator(desk: Desk, request: Request, action: str) -> Visit:
    """The visit of somebody who may do this for the deployment. Raises SignInFirstError, TroubleError."""
    visit = desk.signed_in(request)
    if not allowed(visit.principal, action, "*"):
        raise desk.denied(visit, action)
    return visit


def _profile(form: Mapping[str, str]) -> Profile:
    language = "en" if form.get("language") == "en" else "zh"
    return Profile(form.get("person", "").strip(), read_grants(form.get("grants", "")), language)


def read_grants(text: str) -> Grants:
    """`lakeside: front_desk supervisor`, a line for each site; `*` is all of them. Lines of one site add up."""
    grants: dict[str, frozenset[str]] = {}
    for line in filter(str.strip, text.splitlines()):
        site, _, words = line.replace("：", ":").partition(":")
        grants[site.strip()] = grants.get(site.strip(), frozenset()) | set(re.split("[,，、\\s]+", words)) - {""}
    return grants


def grants_text(sites: Grants) -> str:
    return "\n".join(f"{site}: {' '.join(sorted(words))}" for site, words in sites.items())


def _page(
    desk: Desk,
    visit: Visit,
    given: Mapping[str, str] | None = None,
    problem: Words | None = None,
    made: tuple[str, str] | None = None,
    unlisted: str = "",
    status: int = 200,
) -> Response:
    values = {
        "accounts": [_shown(account) for account in desk.accounts.all()],
        "roles": roles_of(desk),
        "scopes": sorted(SCOPES | GRANTED_WORDS),
        "given": given or {},
        "problem": problem,
        "made": made,
        "unlisted": unlisted,
    }
    return desk.page(visit, "accounts.html", values, status)


def roles_of(desk: Desk) -> dict[str, list[dict[str, str]]]:
    """What can be granted by name, at each site."""
    return {
        name: [{"id": role.id, "title": role.title} for role in service.site.plan.roles.values()]
        for name, service in sorted(desk.daemon.engine.services.items())
    }


def _shown(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "person": account.person,
        "language": account.language,
        "grants": grants_text(account.sites),
        "disabled": account.disabled,
    }


# ---- people ----------------------------------------------------------------------------------------------------------


@router.get("/board/{site}/people")
def roster(request: Request, desk: At, site: str) -> Response:
    place = desk.at(request, site, "people.list")
    return _people(desk, place)


@router.post("/board/{site}/people")
def take_list(request: Request, desk: At, site: str, form: Form) -> Response:
    """A list of staff or of customers: taken whole, or refused with every mistake and its place."""
    place = desk.at(request, site, "people.import")
    desk.check_form(place.visit, form)
    if not form.names.get(FILE):
        return _people(desk, place, unchosen=True, status=422)
    imported = people.import_list(desk.daemon, site, form.names[FILE], form.files.get(FILE, b""))
    desk.note(place, "people.import", imported.kind, "refused" if imported.mistakes else "done")
    return _people(desk, place, imported, status=422 if imported.mistakes else 200)


def _people(
    desk: Desk, place: Place, imported: people.Imported | None = None, *, unchosen: bool = False, status: int = 200
) -> Response:
    """Who is in which role, and what became of a list; `unchosen`: none was handed in."""
    values = {"entries": _entries(desk, place.name), "imported": imported, "unchosen": unchosen}
    return desk.page_at(place, "people.html", values, status)


def _entries(desk: Desk, site: str) -> list[dict[str, Any]]:
    """Roles of the plan in force, and those that people still have of one before."""
    known, now = desk.daemon.engine.services[site].site, desk.daemon.clock()
    roles = dict.fromkeys([*known.plan_at(now).roles, *known.roster.roles_held(now)])
    plans = {role: known.roster.plan_of(role, now) for role in roles}
    return [
        {"role": {"id": role, "title": plan.roles[role].title}, "people": known.roster.holders(role, now)}
        for role, plan in plans.items()
        if plan is not None
    ]
