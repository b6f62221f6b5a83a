"""The door: what people ask for becomes a command. Only here people are known, and a late report is let in or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core import Actor, Command, Plan, Refusal, Ticket, shape
from engine.core import commands as c
from engine.runtime.filled import Filled, UnreadableError
from engine.runtime.service import Service
from engine.runtime.standing import STANDING, act_of
from engine.runtime.turn import SYSTEM


def _any(text: str) -> bool:
    return True


class Door:
    """Turns requests for a site into commands, stamped with the instant they came in."""

    def __init__(self, service: Service, is_file: Callable[[str], bool] = _any) -> None:
        """`is_file`: whether a text names a file that was sent to the site; in a rehearsal, where none is, any does."""
        self.service = service
        self._is_file = is_file

    def request(
        self,
        at: int,
        ticket: str,
        by: str,
        verb: str,
        given: Mapping[str, str],
        roles: frozenset[str] = frozenset(),
    ) -> Command | Refusal:
        """A command by a person of the roster, or by the word `reporter`. `given` is what was filled in, as text.

        `roles` are those that somebody has besides the roster's: a machine that reports has no shifts.
        """
        try:
            command = self._read(at, ticket, by, verb, given)
        except UnreadableError as unreadable:
            return unreadable.refusal
        if isinstance(command, Refusal):
            return command
        return command._replace(actor=Actor(by, command.actor.roles | roles))

    def actor(self, at: int, ticket: Ticket | None, by: str, roles: frozenset[str] = frozenset()) -> Actor:
        """As whom `request` would let somebody act, for asking the core what he may do."""
        known = self._actor(by, at, ticket)
        return known._replace(roles=known.roles | roles)

    def _read(self, at: int, ticket: str, by: str, verb: str, given: Mapping[str, str]) -> Command | Refusal:
        filled = Filled(self.service, self._is_file, at, given)
        occurred = filled.occurred_at()
        if verb == "open":
            opening = self._opening(at, by, filled, occurred)
            late = self._is_late(self.service.site.version(opening.plan), at, occurred)
            return Command(ticket, self._actor(by, at, None), at, opening, occurred, late=late)
        family = self.service.store.load(ticket)
        known = family.tickets.get(ticket) if family is not None else None
        if known is None:
            return Refusal("unknown", ticket)
        plan = self.service.site.version(known.plan)
        act = act_of(verb, plan, known, filled) if verb in STANDING else _move(verb, plan, known, filled)
        late = self._is_late(plan, at, occurred)
        return Command(ticket, self._actor(by, at, known), at, act, occurred, late=late)

    def _is_late(self, plan: Plan, at: int, occurred: int | None) -> bool:
        """Whether something is told later than the plan accepts; what the engine was down counts against nobody."""
        return occurred is not None and at - occurred - self.service.downtime(occurred, at) > plan.late_reports

    def _opening(self, at: int, by: str, filled: Filled, occurred: int | None) -> c.Open:
        site = self.service.site
        plan = site.plan_at(at if occurred is None else occurred)
        facts = filled.facts(plan, {"category", "occurred_at"})
        return c.Open(filled.given.get("category", ""), facts, by, plan.version, site.edition)

    def _actor(self, by: str, at: int, ticket: Ticket | None) -> Actor:
        """Who somebody is now: his roles, those he stands in for, and his side of a handover."""
        if by == "reporter":
            return Actor(by, frozenset({"reporter"}))
        site = self.service.site
        roster, plan = site.roster, site.plans.get(ticket.plan) if ticket is not None else None
        roles = set(roster.acting_roles(by, at, plan)) - {SYSTEM, "engine", "parent"}
        if ticket is not None and ticket.post is not None:
            edge = ticket.opened
            if roster.leaver(ticket.post, edge) == by:
                roles.add("leaver")
            if roster.taker(ticket.post, edge, at) == by:
                roles.add("taker")
        return Actor(by, frozenset(roles))


def _move(verb: str, plan: Plan, ticket: Ticket, filled: Filled) -> c.Do:
    """A move of the ticket's workflow, or of none: the core refuses what it does not know."""
    move = shape(plan, ticket.category).workflow.moves.get(verb)
    qualified = filled.is_qualified(move.assign if move is not None else None)
    return c.Do(verb, filled.facts(plan, {"assignee", "occurred_at"}), filled.assignee(), qualified)
