"""What the board works with: the daemon, who is signed in, in which language, and the templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine import __version__
from engine.policy import Words
from engine.runtime import Door, Service
from engine.server.auth import COOKIE, Gate, address_of
from engine.server.board.moments import Moments
from engine.server.board.web import SignInFirstError, TroubleError
from engine.server.board.words import LANGUAGES, WORDS, Lang
from engine.server.entry.access import Principal, allowed
from engine.server.entry.access_log import Call
from engine.server.entry.denials import Denial, denial
from engine.server.entry.sessions import SignedIn, form_denial
from engine.server.problems import request_id, spoken
from engine.store import StoreError

HERE: Final = Path(__file__).parent
#: The pages of residents, who have no account: nothing on them leads to where staff sign in.
RESIDENTS: Final = "/s/"
LANGUAGE_COOKIE: Final = "huiyin_language"


class Visit(NamedTuple):
    """Somebody looks at a page: who, when (seconds UTC), in which language."""

    request: Request
    at: int
    lang: Lang
    session: SignedIn | None

    @property
    def principal(self) -> Principal:
        assert self.session is not None, "a page that asks who it is let in nobody else"
        return self.session.principal

    @property
    def call(self) -> Call:
        """How the access log knows it."""
        who = self.session.principal.name if self.session is not None else ""
        return Call(self.at, who, address_of(self.request), request_id(self.request))


@dataclass(frozen=True, slots=True)
class Place:
    """A visit at a site where the visitor may do what the page is for."""

    visit: Visit
    name: str
    service: Service
    door: Door

    @property
    def moments(self) -> Moments:
        return Moments(self.service.site.zone, self.visit.at, self.visit.lang)

    @property
    def roles(self) -> frozenset[str]:
        """The roles that somebody may act in here: those of the roster, those he stands in for, those granted."""
        principal = self.visit.principal
        return self.service.site.roster.acting_roles(principal.person, self.visit.at) | principal.roles(self.name)


class Desk:
    """What pages of an application work with."""

    def __init__(self, gate: Gate, templates: Environment) -> None:
        self.gate = gate
        self.daemon = gate.daemon
        self.accounts = gate.accounts
        self.sessions = gate.sessions
        self.links = gate.links
        self.evidence = gate.daemon.evidence
        self._templates = templates

    # ---- who looks --------------------------------------------------------------------------------------------------

    def visit(self, request: Request) -> Visit:
        """Anybody's visit."""
        at = self.daemon.clock()
        reference = request.cookies.get(COOKIE)
        session = self.sessions.resume(reference, at) if reference else None
        known = session if isinstance(session, SignedIn) else None
        return Visit(request, at, language(request, known), known)

    def signed_in(self, request: Request) -> Visit:
        """The visit of somebody who is signed in. Raises SignInFirstError."""
        visit = self.visit(request)
        if visit.session is None:
            raise SignInFirstError(page_of(request), unsent=request.method != "GET")
        return visit

    def at(self, request: Request, site: str, action: str) -> Place:
        """A visit at a site, for an action that is allowed there. Raises SignInFirstError, TroubleError."""
        visit = self.signed_in(request)
        service = self.service(site) if visit.principal.knows(site) else None
        if service is None:
            raise TroubleError(404, WORDS["no_site"].format(site=site))
        if not allowed(visit.principal, action, site):
            raise self.denied(visit, action, site)
        return Place(visit, site, service, self.daemon.door(service))

    def denied(self, visit: Visit, action: str, site: str = "") -> TroubleError:
        """Somebody may not do this: what he is told; that he tried is written into the access log."""
        self.gate.log.record(visit.call.entry(action, site, outcome="denied"))
        return refused(denial("not_allowed"), 403)

    def service(self, site: str) -> Service | None:
        """What runs a site; None: there is none. Raises TroubleError: it could not be opened."""
        try:
            return self.daemon.engine.service(site)
        except StoreError:
            raise TroubleError(503, WORDS["site_shut"].format(site=site)) from None

    def note(self, place: Place, action: str, object: str = "", outcome: str = "done", purpose: str = "") -> None:
        """Write into the access log what was done, never with a value of a person."""
        self.gate.log.record(place.visit.call.entry(action, place.name, object, outcome, purpose))

    def check_form(self, visit: Visit, form: Mapping[str, str]) -> None:
        """A form is of the session it comes with. Raises TroubleError."""
        assert visit.session is not None
        if wrong := form_denial(visit.session, form.get("form", "")):
            raise refused(wrong, 403)

    def sites(self, principal: Principal) -> list[dict[str, str]]:
        """The sites that somebody may look at. One that could not be opened has no title."""
        engine = self.daemon.engine
        titles = {name: service.site.plan.title for name, service in engine.services.items()}
        known = sorted({**dict.fromkeys(engine.shut, ""), **titles}.items())
        return [{"name": name, "title": title} for name, title in known if allowed(principal, "ticket.list", name)]

    # ---- pages ------------------------------------------------------------------------------------------------------

    def page(self, visit: Visit, template: str, values: Mapping[str, Any], status: int = 200) -> Response:
        """A template filled in, for a visit outside of any site."""
        return HTMLResponse(self.html(visit, template, values), status)

    def page_at(self, place: Place, template: str, values: Mapping[str, Any], status: int = 200) -> Response:
        """A template filled in, for a visit at a site."""
        return HTMLResponse(self.html_at(place, template, values), status)

    def html_at(self, place: Place, template: str, values: Mapping[str, Any]) -> str:
        plan = place.service.site.plan
        around = {
            "site": {"name": place.name, "title": plan.title},
            "moments": place.moments,
            "may": {action: allowed(place.visit.principal, action, place.name) for action in ASKED},
        }
        return self.html(place.visit, template, {**around, **values})

    def html(self, visit: Visit, template: str, values: Mapping[str, Any]) -> str:
        principal = visit.session.principal if visit.session is not None else None
        around: dict[str, Any] = {
            "version": __version__,
            "lang": visit.lang,
            "now": visit.at,
            "path": visit.request.url.path,
            "here": visit.request.url,
            "principal": principal,
            "form_token": visit.session.form if visit.session is not None else "",
            "sites": self.sites(principal) if principal is not None else [],
            "site": None,
            "home": not visit.request.url.path.startswith(RESIDENTS),
            "may": {},
            "t": Say(visit.lang),
        }
        return self._templates.get_template(template).render({**around, **values})

    def trouble(self, request: Request, trouble: TroubleError) -> Response:
        try:
            visit = self.visit(request)
        except StoreError:  # who is signed in cannot be read either
            visit = Visit(request, self.daemon.clock(), language(request, None), None)
        values = {"status": trouble.status, "sentence": trouble.words.in_(visit.lang)}
        response = self.page(visit, "trouble.html", values, trouble.status)
        if trouble.wait:
            response.headers["Retry-After"] = str(trouble.wait)
        return response


#: The actions that pages ask about before they offer them.
ASKED: Final = (
    "ticket.open", "ticket.list", "duty.list", "handover.sign", "policy.show", "figures.read", "figures.export",
    "figures.import", "wall.show", "people.list", "people.import", "pii.reveal", "ticket.link", "evidence.add",
)  # fmt: skip


class Say:
    """The words of the catalogue in one language; a name that is not in it is a defect."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang

    def __call__(self, word: str, /, **values: Any) -> str:
        return WORDS[word].format(**values).in_(self.lang)

    def of(self, words: Words | Mapping[str, Any]) -> str:
        """Words that are not of the catalogue."""
        return words.in_(self.lang) if isinstance(words, Words) else str(words[self.lang])

    def name(self, part: Mapping[str, Any] | None) -> str:
        """A part of a plan, as `present` hands it: the title in Chinese, the id in English."""
        if part is None:
            return ""
        return (
            str(part["title"]) if self.lang == "zh" else str(part.get("id") or part.get("en") or "").replace("_", " ")
        )


def page_of(request: Request) -> str:
    """The page that is asked for; of a form that was sent, the page that it stands on."""
    if request.method == "GET":
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    _, _, page = request.headers.get("referer", "").partition(f"://{request.headers.get('host')}/")
    return f"/{page}"


def refused(found: Denial, status: int) -> TroubleError:
    return TroubleError(status, found.words, found.wait)


def language(request: Request, session: SignedIn | None) -> Lang:
    """That of the address, of this browser's choice, of the account, of the browser; else Chinese."""
    asked = [request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)]
    if session is not None:
        asked.append(session.principal.language)
    return next((lang for lang in (*asked, *spoken(request)) if lang in LANGUAGES), "zh")


def make_templates() -> Environment:
    """The templates of the board: escaped unless they say otherwise, and a name that is not there is a defect.

    All are read now: a newer version that is laid over a running one must not be shown with the older one's values.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.filters["tname"] = lambda part, say: say.name(part)
    for name in environment.list_templates():
        environment.get_template(name)
    return environment
