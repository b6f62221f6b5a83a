"""The door: what people type becomes a command. Only here text is read, people are known, personal values marked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from engine.core import Actor, Command, Plan, Refusal, Ticket, Value, shape
from engine.core import commands as c
from engine.core.plan import STANDING_MOVES
from engine.policy import Words
from engine.runtime.service import Service
from engine.runtime.turn import SYSTEM, Secret
from engine.runtime.values import ValueProblemError, read_instant, read_value

#: What is not a fact in what a command brings.
_ENVELOPE = frozenset({"assignee", "occurred_at"})
#: What a standing move cannot do without.
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "assign": ("assignee",),
        "set_facts": ("reason",),
        "correct": ("reason",),
        "excuse": ("deadline", "reason"),
        "recategorise": ("category",),
        "ack": ("deadline", "rung"),
        "escalate": ("deadline",),
        "note": ("text",),
        "link": ("group",),
        "unlink": ("reason",),
        "merge": ("into",),
    }
)


_NOBODY: Final = Words("nobody of this name is on the list of staff", "花名册中没有此人")
_VERDICTS: Final = Words("met, late, missed or back", "请写 met、late、missed 或 back")


class UnreadableError(Exception):
    """A value that cannot be read; the refusal says which and why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


class Door:
    """Turns requests for a site into commands, stamped with the instant they came in."""

    def __init__(self, service: Service) -> None:
        self.service = service

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
        occurred = self._instant(given["occurred_at"], at) if "occurred_at" in given else None
        family = self.service.store.load(ticket)
        known = family.tickets.get(ticket) if family is not None else None
        if verb == "open":
            plan = self.service.site.plan_at(at if occurred is None else occurred)
            facts = self._facts(plan, {k: v for k, v in given.items() if k != "category"}, at)
            act: c.Act = c.Open(given.get("category", ""), facts, by, plan.version, self.service.site.edition)
            return Command(ticket, self._actor(by, at, None), at, act, occurred)
        if known is None:
            return Refusal("unknown", ticket)
        plan = self.service.site.version(known.plan)
        if occurred is not None and at - occurred - self.service.downtime(occurred, at) > plan.late_reports:
            return Refusal("late", "occurred_at")
        actor = self._actor(by, at, known)
        if verb in STANDING_MOVES:
            return Command(ticket, actor, at, self._standing(plan, known, verb, dict(given), at), occurred)
        move = shape(plan, known.category).workflow.moves.get(verb)
        assignee = self._known(given["assignee"]) if "assignee" in given else None
        qualified = assignee is None or self.service.qualified(assignee, move.assign if move else None)
        return Command(ticket, actor, at, c.Do(verb, self._facts(plan, given, at), assignee, qualified), occurred)

    def _actor(self, by: str, at: int, ticket: Ticket | None) -> Actor:
        """Who somebody is now: his roles, those he stands in for, and his side of a handover."""
        if by == "reporter":
            return Actor(by, frozenset({"reporter"}))
        roster = self.service.site.roster
        roles = set(roster.acting_roles(by, at)) - {SYSTEM, "engine", "parent"}
        if ticket is not None and ticket.post is not None and ticket.post in roster.plan.roles:
            edge = ticket.opened
            if roster.leaver(ticket.post, edge) == by:
                roles.add("leaver")
            if roster.taker(ticket.post, edge) == by:
                roles.add("taker")
        return Actor(by, frozenset(roles))

    def _known(self, person: str) -> str:
        """A person of the roster; where no list of staff was ever read, anybody."""
        roster = self.service.site.roster
        if roster.complete and not roster.knows(person):
            raise UnreadableError(Refusal("value", "assignee", why=_NOBODY))
        return person

    def _instant(self, text: str, at: int) -> int:
        zone = self.service.site.zone
        try:
            return read_instant(text, zone, datetime.fromtimestamp(at, zone))
        except ValueProblemError as problem:
            raise UnreadableError(Refusal("value", "occurred_at", why=problem.words)) from None

    def _facts(self, plan: Plan, given: Mapping[str, str], at: int) -> dict[str, Value]:
        zone = self.service.site.zone
        reference = datetime.fromtimestamp(at, zone)
        roles = {role.title: role.id for role in plan.roles.values()} | {role: role for role in plan.roles}
        values: dict[str, Value] = {}
        for name, text in given.items():
            if name in _ENVELOPE:
                continue
            fact = plan.facts.get(name)
            if fact is None:
                raise UnreadableError(Refusal("unknown", name))
            try:
                value = read_value(fact, text, zone, reference, roles)
            except ValueProblemError as problem:
                raise UnreadableError(Refusal("value", name, why=problem.words)) from None
            values[name] = Secret(value) if name in plan.personal else value
        return values

    def _standing(self, plan: Plan, ticket: Ticket, verb: str, given: dict[str, str], at: int) -> c.Act:
        needed = ("verdict", "reason") if verb == "correct" and "deadline" in given else _NEEDED[verb]
        if missing := [name for name in needed if name not in given]:
            raise UnreadableError(Refusal("missing", ", ".join(missing)))
        take = given.pop

        def other(name: str) -> str:
            """Another ticket, which must be there."""
            if (named := take(name)) == ticket.id or self.service.store.load(named) is None:
                raise UnreadableError(Refusal("unknown", named))
            return named

        given.pop("occurred_at", None)
        match verb:
            case "assign":
                person, role = self._known(take("assignee")), given.pop("role", None)
                if role is not None and role not in plan.roles:
                    raise UnreadableError(Refusal("unknown", role))
                return c.Assign(role, person, self.service.qualified(person, role))
            case "set_facts":
                reason = take("reason")
                return c.SetFacts(self._facts(plan, given, at), reason)
            case "correct" if "deadline" in given:
                name, verdict, reason = take("deadline"), take("verdict"), take("reason")
                runs = [run for run in ticket.all_runs() if name in (run.deadline, run.key)]
                key = runs[-1].key if runs else name
                if verdict not in ("met", "late", "missed", "back"):
                    raise UnreadableError(Refusal("value", "verdict", why=_VERDICTS))
                return c.CorrectVerdict(key, verdict, given.pop("evidence", reason), reason)  # type: ignore[arg-type]
            case "correct":
                reason = take("reason")
                evidence = given.pop("evidence", reason)
                return c.CorrectFacts(self._facts(plan, given, at), evidence, reason)
            case "excuse":
                return c.Excuse(take("deadline"), take("reason"))
            case "recategorise":
                category = take("category")
                return c.Recategorise(category, self._facts(plan, given, at))
            case "ack":
                return c.Ack(take("deadline"), take("rung"))
            case "escalate":
                return c.Escalate(take("deadline"), given.pop("if_rung", None))
            case "note":
                return c.Note(Secret(take("text")))
            case "link":
                return c.Link(other("group"))
            case "unlink":
                return c.Unlink(take("reason"))
            case "merge":
                return c.Merge(other("into"))
        raise AssertionError(verb)
