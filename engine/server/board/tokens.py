"""Tokens for programs and terminals, at the board: who has one, a new one, and the end of one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from engine.policy import Words
from engine.server.board.administration import administrator, grants_text, read_grants, roles_of
from engine.server.board.desk import Desk, Visit
from engine.server.board.entrance import At, Form
from engine.server.board.web import PageRoute
from engine.server.entry.access import SCOPES
from engine.server.entry.denials import Denial
from engine.server.entry.tokens import LONGEST_DAYS, Made, Purpose
from engine.store.tables.access import Token

router = APIRouter(route_class=PageRoute, include_in_schema=False)
#: What a box for a scope is called in the form, before the scope.
SCOPE: Final = "scope-"


@router.get("/tokens")
def tokens(request: Request, desk: At) -> Response:
    return _page(desk, administrator(desk, request, "token.list"))


@router.post("/tokens")
def change(request: Request, desk: At, form: Form) -> Response:
    """Make a token, whose text is shown with this answer and never again; or revoke one."""
    making = form.get("what") == "make"
    visit = administrator(desk, request, "token.make" if making else "token.revoke")
    desk.check_form(visit, form)
    found = desk.gate.tokens
    done = found.make(visit.call, _purpose(form, visit.at)) if making else found.revoke(visit.call, form.get("id", ""))
    if isinstance(done, Denial):
        return _page(desk, visit, given=form, problem=done.words, status=done.status)
    return _page(desk, visit, made=done)


def _purpose(form: Mapping[str, str], at: int) -> Purpose:
    days = form.get("days", "")
    return Purpose(
        form.get("name", "").strip(),
        frozenset(name.removeprefix(SCOPE) for name in form if name.startswith(SCOPE)),
        read_grants(form.get("grants", "")),
        at + (int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0) * 86400,
        form.get("person", "").strip(),
        "en" if form.get("language") == "en" else "zh",
    )


def _page(
    desk: Desk,
    visit: Visit,
    given: Mapping[str, str] | None = None,
    problem: Words | None = None,
    made: Made | None = None,
    status: int = 200,
) -> Response:
    found = [_shown(one, visit.at) for one in desk.gate.tokens.all()]
    values = {
        "tokens": sorted(found, key=lambda one: bool(one["dead"])),
        "roles": roles_of(desk),
        "scopes": sorted(SCOPES),
        "longest": LONGEST_DAYS,
        "given": given or {},
        "problem": problem,
        "made": made,
    }
    return desk.page(visit, "tokens.html", values, status)


def _shown(one: Token, at: int) -> dict[str, Any]:
    dead = "token_revoked" if one.revoked_at is not None else "token_expired" if at >= one.expires_at else ""
    return {
        "id": one.id,
        "name": one.name,
        "person": one.person,
        "grants": grants_text(one.sites),
        "scopes": sorted(one.scopes),
        "made_by": one.made_by,
        "made": _day(one.created_at),
        "until": _day(one.expires_at),
        "used": _day(one.used_at) if one.used_at is not None else "",
        "dead": dead,
    }


def _day(at: int) -> str:
    """The date, UTC: a token belongs to no site."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()
