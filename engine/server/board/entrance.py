"""Coming in and going out: signing in, the first administrator, choosing a site; and the files that pages load."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.datastructures import UploadFile

from engine.policy import Words
from engine.server.auth import COOKIE
from engine.server.board.desk import HERE, LANGUAGE_COOKIE, Desk, Visit, language, page_of
from engine.server.board.forms import typed
from engine.server.board.web import (
    FILES_MAX,
    FORM_MAX,
    FormRequest,
    PageRoute,
    SignInFirstError,
    TroubleError,
    inside,
)
from engine.server.board.words import LANGUAGES, WORDS
from engine.server.entry.accounts import is_administrator
from engine.server.entry.denials import Denial
from engine.server.entry.sessions import LONGEST, SignedIn

router = APIRouter(route_class=PageRoute, include_in_schema=False)
STATIC: Final[Mapping[str, str]] = {
    "board.css": "text/css; charset=utf-8",
    "board.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
YEAR: Final = 365 * 86400
#: Stands before the names of a form that was sent without a session, where it waits in the form to sign in.
KEPT: Final = "kept-"
#: In a form whose answers are kept so: the account that wrote them, to whom alone they are shown again.
WHO: Final = "who"
#: Bytes that such a form may have, so that signing in takes it beside its own.
KEPT_MAX: Final = FORM_MAX - (8 << 10)


def desk_of(request: Request) -> Desk:
    return Desk(request.app.state.gate, request.app.state.templates)


def told(request: Request, trouble: TroubleError) -> Response:
    """A trouble as a page."""
    return desk_of(request).trouble(request, trouble)


class Sent(dict[str, str]):
    """The texts of a form, of a name that comes twice the last; and its files that are not empty, with their names."""

    files: Mapping[str, bytes]
    names: Mapping[str, str]


At = Annotated[Desk, Depends(desk_of)]


async def filled_in(request: FormRequest, desk: At) -> Sent:
    """What was sent. Files are read only of somebody who is signed in. Raises SignInFirstError."""
    visit = await to_thread.run_sync(desk.visit, request)
    with_files = request.headers.get("content-type", "").startswith("multipart/")
    if with_files and visit.session is not None:
        request.most = FILES_MAX
    try:
        sent = await _read(request)
    except TroubleError:
        if with_files and visit.session is None:
            raise SignInFirstError(page_of(request), unsent=True) from None
        raise
    if visit.session is None and WHO in sent and (kept := _kept(request, sent)):
        raise SignInFirstError(page_of(request), page=_sign_in(desk, visit, page_of(request), kept=kept, status=403))
    return sent


async def _read(request: FormRequest) -> Sent:
    async with request.form(max_files=20, max_fields=200) as form:
        sent = Sent((name, value) for name, value in form.multi_items() if isinstance(value, str))
        uploads = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
        sent.files = {name: data for name, upload in uploads if (data := await upload.read())}
        sent.names = {name: upload.filename or "" for name, upload in uploads}
    return sent


def _kept(request: Request, sent: Sent) -> dict[str, str]:
    """The texts of a form and where it was sent, to wait in the form to sign in: they are written nowhere. Nothing, if
    they are too long for that.
    """
    kept = {f"{KEPT}{name}": value for name, value in sent.items() if name != "form"} | {"to": request.url.path}
    return kept if len(urlencode(kept)) <= KEPT_MAX else {}


Form = Annotated[Sent, Depends(filled_in)]


@router.get("/static/{name}")
def static(name: str) -> Response:
    if name not in STATIC:
        raise TroubleError(404, Words("there is no such file", "没有这个文件"))
    headers = {"Cache-Control": "public, max-age=3600"}
    return FileResponse(HERE / "static" / name, media_type=STATIC[name], headers=headers)


@router.get("/")
def home(request: Request, desk: At) -> Response:
    """To the only site there is, or to a choice."""
    visit = desk.signed_in(request)
    sites = desk.sites(visit.principal)
    if len(sites) == 1 and not _administers(desk, visit):
        return RedirectResponse(f"/board/{sites[0]['name']}", 303)
    return desk.page(visit, "sites.html", {"administers": _administers(desk, visit)})


def _administers(desk: Desk, visit: Visit) -> bool:
    account = desk.accounts.find(visit.principal.name)
    return account is not None and is_administrator(account)


@router.get("/sign-in")
def sign_in(request: Request, desk: At, next: str = "/", unsent: bool = False) -> Response:
    visit = desk.visit(request)
    if not desk.accounts.all():
        return RedirectResponse("/first", 303)
    return _sign_in(desk, visit, next, WORDS["unsent"] if unsent else None)


@router.post("/sign-in")
def signed_in(request: Request, desk: At, form: Form) -> Response:
    visit = desk.visit(request)
    name, next = form.get("name", ""), form.get("next", "/")
    kept = {field: value for field, value in form.items() if field.startswith(KEPT) or field == "to"}
    found = desk.sessions.sign_in(visit.call, name, form.get("password", ""), request.cookies.get(COOKIE))
    if isinstance(found, Denial):
        page = _sign_in(desk, visit, next, found.words, name, kept, 429 if found.wait else 403)
        if found.wait:
            page.headers["Retry-After"] = str(found.wait)
        return page
    if kept.get(KEPT + WHO) != found.principal.name:  # of nobody, or of somebody else
        return let_in(desk, found, RedirectResponse(inside(next), 303))
    sent = {field.removeprefix(KEPT): value for field, value in kept.items() if field.startswith(KEPT)}
    here = visit._replace(session=found, lang=language(request, found))
    values = {"to": inside(kept.get("to", "/")), "next": inside(next), "sent": sent, "typed": typed(sent).values()}
    return let_in(desk, found, desk.page(here, "kept.html", values))


def _sign_in(
    desk: Desk,
    visit: Visit,
    next: str,
    problem: Words | None = None,
    name: str = "",
    kept: Mapping[str, str] = MappingProxyType({}),
    status: int = 200,
) -> Response:
    """Where to sign in, then to go on to `next`; `kept`: a form that waits for that."""
    values = {"next": next, "name": name, "problem": problem, "kept": kept}
    return desk.page(visit, "sign_in.html", values, status)


@router.get("/first")
def first(request: Request, desk: At) -> Response:
    if desk.accounts.all():
        return RedirectResponse("/sign-in", 303)
    return desk.page(desk.visit(request), "first.html", {"given": {}, "problem": None})


@router.post("/first")
def make_first(request: Request, desk: At, form: Form) -> Response:
    visit = desk.visit(request)
    name, password = form.get("name", ""), form.get("password", "")
    person = form.get("person", "").strip() or name
    made = desk.accounts.make_first(visit.call, form.get("code", "").strip(), name, person, password, visit.lang)
    if isinstance(made, Denial):
        return desk.page(visit, "first.html", {"given": form, "problem": made.words}, 403)
    found = desk.sessions.sign_in(visit.call, name, password)
    return (
        RedirectResponse("/sign-in", 303)
        if isinstance(found, Denial)
        else let_in(desk, found, RedirectResponse("/", 303))
    )


@router.post("/sign-out")
def sign_out(request: Request, desk: At, form: Form) -> Response:
    visit = desk.signed_in(request)
    desk.check_form(visit, form)
    assert visit.session is not None
    desk.sessions.sign_out(visit.call, visit.session.reference)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


@router.get("/language/{lang}")
def speak(lang: str, next: str = "/") -> Response:
    """This browser reads another language from now on."""
    if lang not in LANGUAGES:
        raise TroubleError(404, WORDS["trouble"])
    response = RedirectResponse(inside(next), 303)
    response.set_cookie(LANGUAGE_COOKIE, lang, max_age=YEAR, path="/", samesite="lax", httponly=True)
    return response


def let_in(desk: Desk, found: SignedIn, response: Response) -> Response:
    response.set_cookie(
        COOKIE, found.reference, max_age=LONGEST, path="/", secure=desk.daemon.config.secure, httponly=True,
        samesite="lax",
    )  # fmt: skip
    return response
