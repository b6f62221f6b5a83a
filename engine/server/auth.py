"""Who calls the API, and whether he is let: tokens, sessions of the board, status links, and how fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from engine.core import Actor, Family, Plan, Ticket
from engine.runtime import Door, Service, monotonic
from engine.server.daemon import Daemon
from engine.server.entry import secret
from engine.server.entry.access import Principal, allowed
from engine.server.entry.access_log import AccessLog, Call
from engine.server.entry.accounts import Accounts
from engine.server.entry.denials import Denial, denial
from engine.server.entry.passwords import Passwords
from engine.server.entry.rates import Limiter, Rate, holder
from engine.server.entry.sessions import Sessions, SignedIn, form_denial
from engine.server.entry.status_links import StatusLinks
from engine.server.entry.tokens import Tokens
from engine.server.problems import SENTENCES, Defects, ProblemError, asked_language, denied, not_found, request_id

COOKIE: Final = "huiyin"
CSRF_HEADER: Final = "X-CSRF-Token"
#: Methods that change nothing.
SAFE: Final = frozenset({"GET", "HEAD"})
#: Of whoever shows one credential, and of all who come from one address.
PER_CALLER: Final = Rate(burst=600, per_second=200)
PER_ADDRESS: Final = Rate(burst=2000, per_second=600)

_bearer = HTTPBearer(auto_error=False, description="A token, as `huiyin token make` shows it once.")
_cookie = APIKeyCookie(
    name=COOKIE, auto_error=False, description="A session of the board; what changes something needs X-CSRF-Token, too."
)


@dataclass(frozen=True, slots=True)
class Gate:
    """What the API asks about callers; made once for an application."""

    daemon: Daemon
    accounts: Accounts
    sessions: Sessions
    tokens: Tokens
    links: StatusLinks
    log: AccessLog
    defects: Defects
    callers: Limiter
    addresses: Limiter
    who: Callable[[str, int], Principal | Denial]  #: shows this token at this instant
    tick: Callable[[], float] = monotonic

    def hold_back(self, request: Request) -> None:
        """Count a request against its credential and its address. Raises ProblemError: there were too many."""
        shown = request.headers.get("authorization") or request.cookies.get(COOKIE) or ""
        at = self.tick()
        wait = self.addresses.wait(holder(address_of(request)), at)
        if shown:
            wait = max(wait, self.callers.wait(secret.hash_of(shown).hex(), at))
        if wait:
            raise denied(denial("too_many_requests", wait))


def make_gate(daemon: Daemon, passwords: Passwords | None = None) -> Gate:
    passwords = passwords or Passwords()

    def known() -> Mapping[str, frozenset[str]]:
        return {name: frozenset(service.site.plan.roles) for name, service in daemon.engine.services.items()}

    tokens = Tokens(daemon.database, known)
    return Gate(
        daemon,
        Accounts(daemon.database, passwords, known),
        Sessions(daemon.database, passwords),
        tokens,
        StatusLinks(daemon.database),
        AccessLog(daemon.database),
        Defects(),
        Limiter(PER_CALLER),
        Limiter(PER_ADDRESS),
        tokens.principal,
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """One call that is let: who, when (seconds UTC), for which site."""

    gate: Gate
    principal: Principal
    call: Call
    site: str = ""

    @property
    def daemon(self) -> Daemon:
        return self.gate.daemon

    @property
    def at(self) -> int:
        return self.call.at

    @property
    def service(self) -> Service:
        """The site that was called. Raises ProblemError; StoreError: it does not run."""
        service = self.daemon.engine.service(self.site)
        if service is None:
            raise not_found("no_site")
        return service

    @property
    def person(self) -> str:
        """As whom somebody acts: his name in the roster, else that of the token."""
        return self.principal.person or self.principal.name

    @property
    def roles(self) -> frozenset[str]:
        return self.principal.roles(self.site)

    @property
    def door(self) -> Door:
        return self.daemon.door(self.service)

    def actor(self, ticket: Ticket | None) -> Actor:
        return self.door.actor(self.at, ticket, self.person, self.roles)

    def ticket(self, id: str) -> tuple[Plan, Family, Ticket]:
        """A ticket with its family, and the plan it goes by. Raises ProblemError."""
        family = self.service.store.load(id)
        if family is None:
            raise not_found("no_ticket")
        one = family.tickets[id]
        return self.service.site.version(one.plan), family, one

    def note(self, action: str, object: str = "", outcome: str = "done", purpose: str = "") -> None:
        """Write into the access log what was done, never with a value of a person."""
        self.gate.log.record(self.call.entry(action, self.site, object, outcome, purpose))


class Needs:
    """A dependency: whoever calls may do this action, at the site of the path; with `anywhere`, at some site. Raises
    ProblemError: 401, 403.
    """

    def __init__(self, action: str, anywhere: bool = False) -> None:
        self.action = action
        self.anywhere = anywhere

    def __call__(
        self,
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        cookie: Annotated[str | None, Depends(_cookie)],
    ) -> Caller:
        gate: Gate = request.app.state.gate
        call = Call(gate.daemon.clock(), address=address_of(request), request=request_id(request))
        principal = _principal(gate, request, call.at, bearer, cookie)
        engine = gate.daemon.engine
        sites = [*engine.services, *engine.shut] if self.anywhere else [str(request.path_params.get("site", ""))]
        site = next((site for site in sites if allowed(principal, self.action, site)), next(iter(sites), ""))
        return let_in(gate, request, call._replace(principal=principal.name), principal, self.action, site)


def needs(action: str, anywhere: bool = False) -> Any:
    """What every route has: `caller: Annotated[Caller, needs("ticket.open")]`."""
    return Depends(Needs(action, anywhere))


def let_in(gate: Gate, request: Request, call: Call, principal: Principal, action: str, site: str) -> Caller:
    """The caller, if the action is allowed to him at a site. Raises ProblemError."""
    # a program that names a language wants it now; a browser names one each time, and its user has chosen his
    named = asked_language(request) if "authorization" in request.headers else None
    request.state.language = named or principal.language
    if not allowed(principal, action, site):
        known = site if site in gate.daemon.engine.services else ""
        Caller(gate, principal, call, known).note(action, outcome="denied")
        raise denied(denial("not_allowed"))
    return Caller(gate, principal, call, site)


def is_foreign(request: Request) -> bool:
    """Whether another site had a browser send this."""
    said = request.headers.get("sec-fetch-site")  # of browsers that say so no page can change it
    if said is not None:
        return said not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")


def address_of(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _principal(
    gate: Gate, request: Request, at: int, bearer: HTTPAuthorizationCredentials | None, cookie: str | None
) -> Principal:
    if bearer is not None:
        return _let(gate.who(bearer.credentials, at))
    if request.headers.get("authorization") or not cookie:
        raise ProblemError(401, "sign_in", SENTENCES["sign_in"])
    session = gate.sessions.resume(cookie, at)
    if isinstance(session, Denial):
        raise denied(session)
    if request.method not in SAFE:
        _check_form(request, session)
    return session.principal


def _let(found: Principal | Denial) -> Principal:
    if isinstance(found, Denial):
        raise denied(found)
    return found


def _check_form(request: Request, session: SignedIn) -> None:
    """A browser sends its cookie with whatever page asks for it: only our own know what goes into the header."""
    if is_foreign(request):
        raise ProblemError(403, "foreign", SENTENCES["foreign"])
    if wrong := form_denial(session, request.headers.get(CSRF_HEADER, "")):
        raise denied(wrong)
