"""My account: everybody with one changes his own password."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from engine.policy import Words
from engine.server.auth import COOKIE
from engine.server.board.administration import administrator
from engine.server.board.desk import Desk, Visit
from engine.server.board.entrance import At, Form, let_in
from engine.server.board.web import PageRoute
from engine.server.board.words import WORDS
from engine.server.entry.denials import Denial

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/account")
def account(request: Request, desk: At, changed: bool = False) -> Response:
    return _page(desk, administrator(desk, request, "account.own"), changed=changed)


@router.post("/account")
def change(request: Request, desk: At, form: Form) -> Response:
    """Every session of the account ends; whoever changed it goes on in a new one."""
    visit = administrator(desk, request, "account.own")
    desk.check_form(visit, form)
    name, password = visit.principal.name, form.get("new", "")
    if password != form.get("again", ""):
        return _page(desk, visit, WORDS["password_differs"], 422)
    done = desk.accounts.change_password(visit.call, name, form.get("present", ""), password)
    if isinstance(done, Denial):
        return _page(desk, visit, done.words, done.status)
    found = desk.sessions.sign_in(visit.call, name, password, request.cookies.get(COOKIE))
    if isinstance(found, Denial):
        return RedirectResponse("/sign-in", 303)
    return let_in(desk, found, RedirectResponse("/account?changed=1", 303))


def _page(desk: Desk, visit: Visit, problem: Words | None = None, status: int = 200, changed: bool = False) -> Response:
    return desk.page(visit, "account.html", {"problem": problem, "changed": changed}, status)
