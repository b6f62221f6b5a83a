"""Who may do what: a principal, and one table of what each action needs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

#: site -> words granted there; the site `*` is all of them.
Grants: TypeAlias = Mapping[str, frozenset[str]]
NOWHERE: Final[Grants] = MappingProxyType({})
EVERYWHERE: Final = "*"


class Principal(NamedTuple):
    """Who asks. `name` stands in logs, `person` in the roster.

    What is granted at a site is, to an account, a role of its policy, `admin`, `wall` or a scope by its name; to a
    token its roles, while `scopes` bounds what it may do where it has a site at all.
    """

    kind: Literal["account", "token", "resident"]
    name: str
    person: str = ""
    sites: Grants = NOWHERE
    scopes: frozenset[str] = frozenset()
    language: str = "zh"  #: `en` or `zh`
    ticket: str = ""  #: a resident's only one: its status is shown, whatever ticket the request may name

    def roles(self, site: str) -> frozenset[str]:
        """The roles granted at a site."""
        return self.granted(site) - SCOPES - WORDS

    def granted(self, site: str) -> frozenset[str]:
        return self.sites.get(site, _NOTHING) | self.sites.get(EVERYWHERE, _NOTHING)

    def knows(self, site: str) -> bool:
        return site in self.sites or EVERYWHERE in self.sites


class Need(NamedTuple):
    """The scope that an action needs: at the site it is done at, or for the deployment, which is `*`."""

    scope: str
    deployment: bool = False


def allowed(principal: Principal, action: str, site: str) -> bool:
    """Whether somebody may do something at a site. What is not in the table is allowed to nobody.

    Which moves a ticket takes from whom, and whose personal values somebody sees, the site's policy says after that.
    """
    need = ACTIONS.get(action)
    if need is None:
        return False
    scopes = scopes_at(principal, EVERYWHERE if need.deployment else site)
    return need.scope in scopes or ("admin" in scopes and need.scope in SCOPES)


def scopes_at(principal: Principal, site: str) -> frozenset[str]:
    """What somebody may do at a site, or at `*`, in scopes."""
    match principal.kind:
        case "account":
            return _of_account(principal.granted(site)) | {OWN}
        case "token":
            return principal.scopes if principal.knows(site) else _NOTHING
        case "resident":
            return frozenset({STATUS}) if principal.knows(site) else _NOTHING


def _of_account(granted: frozenset[str]) -> frozenset[str]:
    scopes = granted & SCOPES
    if "wall" in granted:
        scopes |= {"wall:read"}
    if granted - SCOPES - WORDS:
        scopes |= OF_A_ROLE
    return scopes


#: What a token may be made for. `admin` is everything.
SCOPES: Final = frozenset(
    {
        "ticket:read",
        "ticket:write",
        "policy:read",
        "policy:write",
        "roster:write",
        "people:read",
        "people:write",
        "outbox:manage",
        "audit:read",
        "pii:reveal",
        "figures:read",
        "figures:write",
        "metrics:read",
        "wall:read",
        "admin",
    }
)
#: What may be granted to an account and is neither a role nor a scope.
WORDS: Final = frozenset({"wall"})
#: What whoever has a role at a site may do there.
OF_A_ROLE: Final = frozenset({"ticket:read", "ticket:write", "policy:read", "figures:read", "wall:read", "pii:reveal"})
# Two that nobody can be granted, and `admin` does not include:
OWN: Final = "own"  #: an account's
STATUS: Final = "status"  #: a status link's

#: action -> what it needs.
ACTIONS: Final[Mapping[str, Need]] = MappingProxyType(
    {
        "ticket.list": Need("ticket:read"),
        "ticket.show": Need("ticket:read"),
        "ticket.open": Need("ticket:write"),
        "ticket.act": Need("ticket:write"),
        "ticket.link": Need("ticket:write"),
        "evidence.show": Need("ticket:read"),
        "evidence.add": Need("ticket:write"),
        "pii.reveal": Need("pii:reveal"),
        "status.show": Need(STATUS),
        "promise.show": Need("ticket:read"),
        "duty.list": Need("ticket:read"),
        "duty.excuse": Need("roster:write"),
        "roster.show": Need("ticket:read"),
        "roster.change": Need("roster:write"),
        "handover.sign": Need("ticket:write"),
        "customer.find": Need("ticket:write"),
        "people.list": Need("people:read"),
        "people.import": Need("people:write"),
        "erase.subject": Need("people:write"),
        "policy.show": Need("policy:read"),
        "policy.apply": Need("policy:write"),
        "calendar.publish": Need("policy:write"),
        "figures.read": Need("figures:read"),
        "figures.export": Need("figures:read"),
        "figures.import": Need("figures:write"),
        "wall.show": Need("wall:read"),
        "outbox.list": Need("outbox:manage"),
        "outbox.retry": Need("outbox:manage"),
        "outbox.discard": Need("outbox:manage"),
        "audit.verify": Need("audit:read", deployment=True),
        "audit.read": Need("audit:read", deployment=True),
        "metrics.read": Need("metrics:read", deployment=True),
        "clock.accept": Need("admin", deployment=True),
        "account.list": Need("admin", deployment=True),
        "account.make": Need("admin", deployment=True),
        "account.change": Need("admin", deployment=True),
        "token.list": Need("admin", deployment=True),
        "token.make": Need("admin", deployment=True),
        "token.revoke": Need("admin", deployment=True),
        "account.own": Need(OWN),
    }
)
_NOTHING: Final[frozenset[str]] = frozenset()
