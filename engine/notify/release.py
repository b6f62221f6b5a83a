"""Release: each committed message is handled once. It is held, told, suppressed or dropped, and that is written down.

What is decided here is who is told: by the people of the moment in which a message is first released, never changed
afterwards. When a letter leaves, and on which channel it gets through, is the postman's business.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from engine.core import Cause, Family, Message, Plan, Ticket, addresses
from engine.core.plan import OWNER
from engine.notify.limits import SHUT, not_before
from engine.notify.place import channels, give_up, mailbox, not_placed, place
from engine.notify.quiet import quiet_until
from engine.notify.relevance import is_critical, origin_of, rank, run_of, stale_reason, waits_for_answer
from engine.notify.world import REPORTER, Nobody, Person, Undeliverable, World
from engine.store import Database, SqliteStore
from engine.store.tables.deliveries import Deliveries, New
from engine.store.tables.outbox import Climbed, Finding, Outbox, Queued

log = logging.getLogger(__name__)

#: Messages handled in one transaction: few, so that nobody who writes waits for long.
BATCH: Final = 200
#: Findings that are told in one round: each may be a command to a ticket.
FINDINGS: Final = 50
#: Why a message waits that could not be handled: what was in its way may be gone in a minute.
AGAIN: Final = "it could not be handled at first"


class Known(NamedTuple):
    """A message and what it is about, as it stands now. `origin` is the plan by which it was written, `plan` the one
    that its ticket goes by, `owner` the role whose turn it is there, "" where that is none.
    """

    queued: Queued
    message: Message
    origin: Plan
    plan: Plan
    ticket: Ticket
    owner: str

    @property
    def loud(self) -> bool:
        return any(cause.loud for cause in self.message.causes)


class Release:
    """Handles the messages of all sites of a database."""

    def __init__(self, database: Database, world: World) -> None:
        self._database = database
        self._world = world
        self._failed: dict[int, int] = {}  #: when findings could not be told

    def sweep(self, now: int) -> int:
        """Handle one batch of what is new, or was held until now; how many there were. Again until there is none."""
        with self._database.read() as connection:  # the writer's would show messages whose tickets nobody can read yet
            queue = Outbox(connection).held(now, BATCH)
            queue += Outbox(connection).unseen(BATCH - len(queue))
        if queue:
            self._database.write(lambda c: self._batch(Outbox(c), Deliveries(c), queue, now))
        return len(queue)

    def tell_findings(self, now: int) -> None:
        """Tell the site what was found, some of it in each round, so that letters do not wait for it. What was told is
        forgotten after that, so a crash tells it again.
        """
        with self._database.read() as connection:
            findings = Outbox(connection).findings()
        ready = ((seq, one) for seq, one in findings if now >= self._failed.get(seq, 0) + SHUT)
        told: list[int] = []
        for seq, finding in islice(ready, FINDINGS):
            try:
                _tell(self._world, finding)
            except Exception as error:  # it stays, and the others are told
                log.error("finding %d waits: %s", seq, type(error).__name__)
                self._failed[seq] = now
            else:
                told.append(seq)
        if told:
            self._database.write(lambda connection: _forget(Outbox(connection), told))

    def _batch(self, outbox: Outbox, deliveries: Deliveries, queue: Sequence[Queued], now: int) -> None:
        desk, sites = _Desk(outbox, deliveries, self._world, now), frozenset(self._world.sites())
        for queued in queue:
            if outbox.is_settled(queued.seq):
                continue
            if queued.site not in sites:
                outbox.hold(queued.seq, now + SHUT, "its site cannot be opened")
                continue
            try:
                desk.handle(self._know(queued))
            except sqlite3.Error:
                raise  # the world's fault, not this message's: the whole batch waits
            except Exception as error:
                log.error("message %d cannot be handled: %s", queued.seq, type(error).__name__)
                desk.stumble(queued, f"it cannot be handled: {type(error).__name__}")

    def _know(self, queued: Queued) -> Known:
        message = queued.message()
        family = SqliteStore(self._database, queued.site).load(queued.ticket)
        if family is None:
            raise LookupError(queued.ticket)
        ticket = family.tickets[queued.ticket]
        origin = origin_of(self._world, queued.site, message, ticket)
        plan = self._world.plan(queued.site, ticket.plan)
        return Known(queued, message, origin, plan, ticket, _owner(plan, family, ticket))


class _Desk:
    """Handles one message after the other, in one transaction, at one instant."""

    def __init__(self, outbox: Outbox, deliveries: Deliveries, world: World, now: int) -> None:
        self._outbox = outbox
        self._deliveries = deliveries
        self._world = world
        self._now = now

    def stumble(self, queued: Queued, reason: str) -> None:
        """What cannot be handled is looked at once more, and then given up where everybody sees it."""
        if self._outbox.reason(queued.seq) != AGAIN:
            return self._outbox.hold(queued.seq, self._now + SHUT, AGAIN)
        self._outbox.settle(queued.seq, "dead", reason, self._now)
        self._note(queued, "", reason)
        return give_up(self._outbox, queued, "", self._now)

    def _note(self, queued: Queued, who: str, reason: str) -> None:
        """Show operators a message that nobody hears."""
        not_placed(self._deliveries, queued.id, _row(queued, self._now)._replace(person=who), "dead", reason)

    def handle(self, known: Known) -> None:
        seq, message = known.queued.seq, known.message
        if message.withheld:
            return self._outbox.settle(seq, "suppressed", message.withheld, self._now)
        reasons = [stale_reason(known.ticket, message, cause) for cause in message.causes]
        alive = [cause for cause, reason in zip(message.causes, reasons, strict=True) if not reason]
        if not alive:
            return self._outbox.settle(seq, "suppressed", reasons[0], self._now)
        climbs = [self._climb(known, cause) for cause in alive]
        overtaken = [climbed is not None and self._is_overtaken(climbed, known.loud) for climbed in climbs]
        if all(overtaken):
            return self._outbox.settle(seq, "dropped", "the rung it repeats is not told yet", self._now)
        told = [(cause, climbed) for cause, climbed, late in zip(alive, climbs, overtaken, strict=True) if not late]
        for climbed in (climbed for _, climbed in told if climbed is not None):
            self._outbox.climb(climbed)
        until, reason = self._hold(known, told)
        if until > self._now:
            return self._outbox.hold(seq, until, reason)
        return self._release(known, tuple(cause for cause, _ in told))

    # ---- when -------------------------------------------------------------------------------------------------------

    def _climb(self, known: Known, cause: Cause) -> Climbed | None:
        """Where a cause stands on its ladder, if it stands on one."""
        queued, message = known.queued, known.message
        run = run_of(known.ticket, message, cause) if cause.kind in ("rung", "repeat") else None
        if run is None:
            return None
        rung = cause.name.rpartition(".")[2]
        place = (queued.site, queued.ticket, run.key, queued.at, queued.seq, rung)
        return Climbed(*place, cause.kind == "repeat", message.to, queued.at)

    def _is_overtaken(self, climbed: Climbed, loud: bool) -> bool:
        """Whether the rung's own message still waits, so that a repeat of it would come before it."""
        return climbed.repeats and not loud and self._outbox.waiting_rung(climbed)

    def _hold(self, known: Known, told: Sequence[tuple[Cause, Climbed | None]]) -> tuple[int, str]:
        """Until when a message waits, and why: for the answer to the one before it, or for the end of quiet hours."""
        if known.loud:
            return 0, ""
        until = max((self._answer_time(known, *one) for one in told), default=0)
        if until > self._now:
            return until, "people have until then to answer"
        return quiet_until(known.origin, self._audience(known), self._now) or 0, "quiet hours"

    def _answer_time(self, known: Known, cause: Cause, climbed: Climbed | None) -> int:
        """Release of the message before it on the ladder, plus the time between their two instants."""
        if climbed is None:
            return 0
        run = run_of(known.ticket, known.message, cause)
        if run is None or not waits_for_answer(known.origin, known.plan, known.ticket, run, cause):
            return 0
        # one that still waits itself will be released at `look_at` or later: then this one is looked at again
        gates = [
            (one.released_at if one.released_at is not None else max(one.look_at or 0, self._now + 1))
            + climbed.at
            - one.stands_till
            for one in self._outbox.before(climbed)
        ]
        return max(gates, default=0)

    def _audience(self, known: Known) -> set[str]:
        kind, _, name = known.message.to.partition(":")
        if kind == REPORTER:
            return {REPORTER}
        return {"staff", name} if kind == "role" else {"staff", *(person.role for person in self._people(known))}

    # ---- who --------------------------------------------------------------------------------------------------------

    def _release(self, known: Known, causes: tuple[Cause, ...]) -> None:
        people = self._people_told(known, causes)
        if not people and all(cause.kind == "all-clear" for cause in causes):
            return self._outbox.settle(known.queued.seq, "suppressed", "nobody was told", self._now)
        reached = [self._place(known, causes, person) for person in people]
        self._outbox.settle(known.queued.seq, "released", "", self._now)
        if not people:
            self._note(known.queued, known.message.to, "nobody is there")
        if not any(reached):
            give_up(self._outbox, known.queued, known.message.to, self._now)
        return None

    def _place(self, known: Known, causes: tuple[Cause, ...], person: Person) -> bool:
        """Whether somebody is reached; who is not is written down all the same."""
        queued, origin, ticket = known.queued, known.origin, known.ticket
        new = _row(queued, self._now)._replace(
            person=person.id,
            role=person.role,
            mailbox=mailbox(person, queued.ticket),
            critical=is_critical(origin, ticket, causes),
            rank=max(rank(origin, ticket, cause) for cause in causes),
        )
        reached = place(self._deliveries, self._world, queued.id, new, channels(origin, causes, person.role))
        if not reached:
            not_placed(self._deliveries, queued.id, new, "suppressed", "no channel reaches this person")
        return reached

    def _people_told(self, known: Known, causes: tuple[Cause, ...]) -> list[Person]:
        """An all-clear is for those who were really told; what else there is, for those behind the address now."""
        found: dict[str, Person] = {}
        for cause in causes:
            if cause.kind == "all-clear":
                run = run_of(known.ticket, known.message, cause)
                place = (known.queued.site, known.queued.ticket, run.key if run is not None else "")
                told = (Person(*row) for row in self._outbox.told(*place, known.message.to))
                found.update((person.id, person) for person in told if person.id not in found)
        if any(cause.kind != "all-clear" for cause in causes):
            climbs = any(cause.kind in ("rung", "repeat") for cause in causes)
            found.update((person.id, person) for person in self._stand_ins(known, climbs) if person.id not in found)
        return list(found.values())

    def _stand_ins(self, known: Known, climbs: bool) -> Sequence[Person]:
        """Those behind the address; where that is nobody, the role whose turn it is for a person, the fallback for a
        role, in the end the last resort. Who is off duty hears of a rung, but not alone: somebody has to act.
        """
        found: list[Person] = []
        for role, people in self._who(known):
            found += people
            if any(person.there or not climbs for person in people):
                break
            if role and not people:
                self._find_nobody(known, role)
        return found

    def _who(self, known: Known) -> Iterator[tuple[str, Sequence[Person]]]:
        plan, now = known.origin, self._now
        kind, _, name = known.message.to.partition(":")
        role = name if name in plan.roles else ""
        yield role, self._people(known)
        if kind == REPORTER:
            return
        seen = {role}
        while True:
            role = (plan.roles[role].fallback if role in plan.roles else known.owner) or plan.last_resort
            if role in seen:
                role = plan.last_resort
            if role in seen:
                return
            seen.add(role)
            yield role, self._world.people(known.queued.site, f"role:{role}", known.queued.ticket, now)

    def _people(self, known: Known) -> Sequence[Person]:
        return self._world.people(known.queued.site, known.message.to, known.queued.ticket, self._now)

    def _find_nobody(self, known: Known, role: str) -> None:
        queued = known.queued
        self._outbox.find(Finding("nobody", queued.site, queued.ticket, known.message.id, role, "", "", self._now))


def _row(queued: Queued, now: int) -> New:
    """What all who are told have in common."""
    return New(
        kind="message",
        site=queued.site,
        message=queued.seq,
        ticket=queued.ticket,
        at=queued.at,
        person="",
        role="",
        mailbox="",
        critical=False,
        rank=0,
        next_at=not_before(queued.at, now),
        made_at=now,
    )


def _owner(plan: Plan, family: Family, ticket: Ticket) -> str:
    owners = addresses(plan, family, ticket, OWNER) if ticket.closed is None else ()
    kind, _, name = owners[0].partition(":") if owners else ("", "", "")
    return name if kind == "role" else ""


def _forget(outbox: Outbox, told: Iterable[int]) -> None:
    for seq in told:
        outbox.found(seq)


def _tell(world: World, found: Finding) -> None:
    if found.kind == "nobody":
        world.on_nobody(Nobody(found.site, found.ticket, found.message, found.who, found.at))
    else:
        world.on_undeliverable(
            Undeliverable(found.site, found.ticket, found.message, found.who, found.run, found.rung, found.at)
        )
