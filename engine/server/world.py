"""What delivery asks about the sites: who is there, where they are reached, what they may read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.core import Plan
from engine.notify import Console, Destination, Mail, Nobody, Person, Reader, Route, Undeliverable
from engine.runtime import Engine, Service, may_see, nobody_was_there
from engine.server.config import EVERY, Config
from engine.server.entry.status_links import StatusLinks

REPORTER = "reporter"


class World:
    """The answers of this moment, from the engine and the set-up of the deployment."""

    def __init__(self, engine: Engine, config: Config) -> None:
        self._engine = engine
        self._config = config
        self._links = StatusLinks(engine.database)
        #: Where everything goes until destinations are set up: to the console, for people to see what would be sent.
        self._console = None if config.destinations else Console("console")

    def sites(self) -> Iterable[str]:
        return tuple(self._engine.services)

    def plan(self, site: str, version: str | None = None) -> Plan:
        of = self._engine.services[site].site
        return of.plan if version is None else of.version(version)

    def people(self, site: str, address: str, ticket: str, at: int) -> Sequence[Person]:
        kind, _, name = address.partition(":")
        service = self._engine.services[site]
        match kind:
            case "role":
                return self._of_role(service, name, at)
            case "leaver" | "taker":
                person = self._beside(service, kind, name, ticket, at)
                return [Person(person, name)] if person is not None else []
            case "person":
                return self._himself(service, name, ticket, at)
        return [Person(REPORTER, REPORTER)]

    def _of_role(self, service: Service, role: str, at: int) -> Sequence[Person]:
        """Those on duty, of the last resort also those who are not. Where no list of staff was ever read, the role
        itself is told: somebody reads its channel.
        """
        roster = service.site.roster
        there = roster.on_duty(role, at)
        plan = roster.plan_of(role, at)
        if not there and plan is not None and role == plan.last_resort:
            there = roster.holders(role, at)
        if not there and plan is not None and not roster.nobody_there(role, at):
            return [Person(plan.roles[role].title, role)]
        return [Person(person, role) for person in there]

    def _himself(self, service: Service, person: str, ticket: str, at: int) -> Sequence[Person]:
        """Somebody who is named, on duty or not, as of the role whose turn it is, else of another one that he has;
        nobody, if he has left or is on leave.
        """
        roster = service.site.roster
        roles = roster.roles_of(person, at)
        if not roles:
            return [] if roster.complete or roster.knows(person) else [Person(person, "")]
        row = service.store.row(ticket)
        owner = row.owner.removeprefix("role:") if row is not None else ""
        there = any(person in roster.on_duty(role, at) for role in roles)
        return [Person(person, owner if owner in roles else min(roles), there)]

    def _beside(self, service: Service, side: str, post: str, ticket: str, at: int) -> str | None:
        family = service.store.load(ticket)
        if family is None:
            return None
        roster, edge = service.site.roster, family.tickets[ticket].opened
        return roster.leaver(post, edge) if side == "leaver" else roster.taker(post, edge, at)

    def route(self, reader: Reader) -> Route | None:
        if self._console is not None:
            return Route(self._console)
        destination = self._destination(reader.site, reader.channel)
        if destination is None:
            return None
        address = self._address(reader, destination)
        if isinstance(destination, Mail) and not address:
            return None
        return Route(destination, address)

    def _destination(self, site: str, channel: str) -> Destination | None:
        for routes in (self._config.routes.get(site, {}), self._config.routes.get(EVERY, {})):
            if (name := routes.get(channel, routes.get(EVERY))) is not None:
                return self._config.destinations[name]
        return None

    def _address(self, reader: Reader, destination: Destination) -> str:
        """Where this person is reached on this channel: from the list of staff, or from the ticket for who reported."""
        service = self._engine.services[reader.site]
        if reader.person == REPORTER:
            family = service.store.load(reader.ticket)
            reference = family.tickets[reader.ticket].fact(reader.channel) if family is not None else None
        else:
            known: Mapping[str, str] = service.site.addresses.get(reader.person, {})
            reference = known.get(reader.channel) or known.get(destination.kind)
        return (service.store.reveal(str(reference)) or "") if reference is not None else ""

    def reveal(self, reader: Reader, reference: str) -> str | None:
        """Only by mail, which one person reads: a group's robot and a console are read by many."""
        route = self.route(reader)
        service = self._engine.services[reader.site]
        family = service.store.load(reader.ticket)
        if route is None or family is None or not isinstance(route.destination, Mail):
            return None
        ticket = family.tickets[reader.ticket]
        plan = service.site.version(ticket.plan)
        if reader.person != REPORTER and not may_see(plan, family, ticket, reader.person, frozenset({reader.role})):
            return None
        return service.store.reveal(reference)

    def link(self, site: str, ticket: str) -> str:
        return f"{self._config.url}/board/{site}/ticket/{ticket}" if self._config.url else ""

    def status_link(self, reader: Reader) -> str:
        """A new one (rule B04), once it is known how people reach us. None on a console: its journal keeps what it is
        told.
        """
        route = self.route(reader) if self._config.url else None
        if route is None or isinstance(route.destination, Console):
            return ""
        return f"{self._config.url}/s/{self._links.make(reader.site, reader.ticket, self._engine.clock())}"

    def on_nobody(self, found: Nobody) -> None:
        nobody_was_there(self._engine.services[found.site], found.at, found.role, found.message)

    def on_undeliverable(self, found: Undeliverable) -> None:
        if found.rung:
            service = self._engine.services[found.site]
            service.could_not_be_told(found.at, found.ticket, found.run, found.rung, found.message)
