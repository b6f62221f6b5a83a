"""One turn at the store: what a command or the passing of time does to families, and what that causes on others.

A turn is a unit of work. Families are brought up to an instant, decided on and followed up in memory; `write_down` puts
all of it into the transaction at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from engine.core import (
    Actor,
    Command,
    Family,
    Made,
    Message,
    Outcome,
    Plan,
    Refusal,
    Rule,
    Step,
    Ticket,
    Timer,
    Value,
    agenda,
    agenda_after,
    decide,
    ended_unanswered,
    fire,
    firings,
    is_quiet,
    memberships,
    notices,
    replay,
)
from engine.core import commands as c
from engine.core import events as e
from engine.core.plan import OWNER, Detection, Move, Party, State
from engine.runtime.indexes import mend
from engine.runtime.listing import listed
from engine.runtime.people import Handover
from engine.runtime.site import Site
from engine.store import Answered, Commit, Done, Errand, SiteEvent, Transaction

SYSTEM = "system"
#: Steps after which a turn that only lets time pass is written down.
STEPS_MAX = 500
PARENT = Actor("parent", frozenset({SYSTEM, "parent"}))


def system(what: str) -> Actor:
    """The actor of what nobody typed: a duty that opens, a detection that fires."""
    return Actor(f"{SYSTEM}:{what}", frozenset({SYSTEM}))


class Secret(str):
    """A personal value as somebody gave it: a command from outside may bring it, no history ever holds it."""

    __slots__ = ()


class Said(int):
    """An instant as it was read by the clock, with what it was read from: `23:50` is another one tomorrow."""

    text: str

    def __new__(cls, instant: int, text: str) -> Said:
        said = super().__new__(cls, instant)
        said.text = text
        return said


class Told(NamedTuple):
    """A step that was committed, for whoever listens: the plan it was decided by, the family after it, its messages."""

    plan: Plan
    family: Family
    step: Step
    messages: tuple[Message, ...]


class Turn:
    """What is read and made in one transaction of one site."""

    def __init__(self, tx: Transaction, site: Site) -> None:
        self.tx = tx
        self.site = site
        self.told: list[Told] = []
        #: Families to which errands were sent: they are looked after once this turn is written.
        self.sent: dict[str, int] = {}
        self._families: dict[str, Family] = {}
        self._agendas: dict[str, tuple[Plan, Family, tuple[Timer, ...]]] = {}

    # ---- commands ---------------------------------------------------------------------------------------------------

    def handle(self, command: Command) -> Done | Refusal:
        """A command from outside. Its personal values are in the vault afterwards, unless it is refused."""
        sealed, new = self._sealed(command)
        done = self._handle(sealed)
        if isinstance(done, Refusal):
            for reference in new:
                self.tx.erase(reference)
        return done

    def _sealed(self, command: Command) -> tuple[Command, list[str]]:
        """The command with references in place of personal values, and those of them that were not there before."""
        act = command.act
        given = {"note": act.text} if isinstance(act, c.Note) else _facts(act)
        secrets = {name: value for name, value in given.items() if isinstance(value, Secret)}
        if not secrets:
            return command, []
        new = [name for name, value in secrets.items() if self.tx.reference(name, value) is None]
        kept = {name: self.tx.seal(name, value) for name, value in secrets.items()}
        changed = {"text": kept["note"]} if isinstance(act, c.Note) else {"facts": {**given, **kept}}
        return command._replace(act=act._replace(**changed)), [kept[name] for name in new]

    def _handle(self, command: Command) -> Done | Refusal:
        """Stamped, answered once per key, after all that is due before it on its family."""
        person, key = command.actor.person, command.key
        if key is not None and (known := self.tx.answer(person, key)) is not None:
            return self._answered(known) if _is_same(known, command) else Refusal("key_reused", key)
        command = command._replace(at=self.tx.stamp(command.at))
        if (family := self.load(command.ticket)) is not None:
            self.bring_up(family.id, command.at - 1, command.at)
        done = self.apply(command)
        if key is not None and isinstance(done, Done):
            self.tx.remember(person, key, Answered(body_of(command), done.family.id, done.step.number))
        return done

    def _answered(self, known: Answered) -> Done:
        steps = self.tx.steps(known.family)[: known.step]
        return Done(steps[-1], replay(steps))

    def apply(self, command: Command) -> Done | Refusal:
        """Decide on a command whose instant has come, and follow up what it did."""
        family = self.load(command.ticket)
        if isinstance(command.act, c.Open):
            if family is not None:
                return Refusal("exists", command.ticket)
        elif family is None:
            return Refusal("unknown", command.ticket)
        elif isinstance(command.act, c.Merge) and (refusal := self._refuse_merge(family, command.ticket, command.act)):
            return refusal
        else:
            command = command._replace(at=max(command.at, family.floor))
        plan = self._plan_for(command, family)
        outcome = decide(plan, family, command, self.site.edition)
        if isinstance(outcome, Refusal):
            return outcome
        self._take(plan, outcome)
        self._follow(plan, outcome)
        return Done(outcome.step, outcome.family)

    def _refuse_merge(self, family: Family, ticket: str, act: c.Merge) -> Refusal | None:
        """Always into an older ticket, and one that goes on (SEMANTICS §12): so no two end in each other."""
        known, into = family.tickets[ticket], self.load(act.into)
        if into is None:
            return Refusal("unknown", act.into)
        older = into.tickets[act.into]
        if older.closed is not None:
            return Refusal("closed", older.id)
        return Refusal("younger", older.id) if (older.opened, older.id) > (known.opened, known.id) else None

    def load(self, ticket: str) -> Family | None:
        """A family as it stands in this turn."""
        for family in self._families.values():
            if ticket in family.tickets:
                return family
        return self.tx.load(ticket)

    def _plan_for(self, command: Command, family: Family | None) -> Plan:
        if isinstance(command.act, c.Open):
            return self.site.plan_at(command.at if command.occurred_at is None else command.occurred_at)
        if isinstance(command.act, c.Migrate):
            return self.site.version(command.act.plan)
        assert family is not None
        ticket = family.tickets.get(command.ticket, family.root)
        return self.site.version(family.root.plan if ticket.closed is None else ticket.plan)

    def _take(self, plan: Plan, outcome: Outcome) -> None:
        self._families[outcome.family.id] = outcome.family
        messages = notices(plan, outcome.family, outcome.step)
        self.told.append(Told(plan, outcome.family, outcome.step, messages))

    # ---- time -------------------------------------------------------------------------------------------------------

    def catch_up(self, families: Iterable[str], until: int, errands_until: int) -> None:
        """`bring_up` for families by the way; a turn that grows too long leaves the rest for the next one."""
        for family in families:
            made = len(self.told)
            if made < STEPS_MAX:
                self.bring_up(family, until, errands_until, STEPS_MAX)
                if len(self.told) == made:  # nothing was due after all: the index must not say so again and again
                    mend(self.site, self.tx, family, until)

    def bring_up(self, family: str, until: int, errands_until: int, most: int | None = None) -> None:
        """Do the errands stamped at or before `errands_until`, each after the timers before it, then the timers due at
        or before `until`; with `most` only until so many steps were made.
        """
        while errands := self.tx.errands(family, errands_until):
            for errand in errands:
                self._fire(family, errand.at - 1, None)
                self.apply(errand.command._replace(at=errand.at))
                self.tx.done(errand)
        self._fire(family, until, most)

    def _fire(self, id: str, until: int, most: int | None) -> None:
        family = self._families.get(id) or self.tx.load(id)
        assert family is not None
        plan = self.site.version(family.root.plan)
        if is_quiet(plan, family, until):
            return
        while (timers := self._agenda(plan, family)) and timers[0].fire <= until:
            if most is not None and len(self.told) >= most:
                return
            outcome = fire(plan, family, timers[0])
            self._take(plan, outcome)
            self._follow(plan, outcome)
            family = outcome.family

    def _agenda(self, plan: Plan, family: Family) -> tuple[Timer, ...]:
        """The agenda of a family as it stands; what the turn knows of it before is not asked again."""
        known = self._agendas.get(family.id)
        if known is None or known[0] is not plan:
            timers = agenda(plan, family)
        elif known[1] is family:
            return known[2]
        else:
            timers = agenda_after(plan, family, *known[1:])
        self._agendas[family.id] = (plan, family, timers)
        return timers

    # ---- what one family causes on others ---------------------------------------------------------------------------

    def _follow(self, plan: Plan, outcome: Outcome) -> None:
        family, step = outcome.family, outcome.step
        for event in step.events:
            if isinstance(event, e.Opened):
                self._file(plan, family.tickets[event.ticket], event.effective_at)
            unanswered = isinstance(event, e.Closed) and ended_unanswered(plan, family.tickets[event.ticket])
            reopened = isinstance(event, e.Moved) and _is_reopening(plan, family.tickets[event.ticket], event)
            if unanswered or reopened or isinstance(event, e.Recategorised | e.Merged):
                self.tx.leave(event.ticket)
            if reopened or isinstance(event, e.Opened | e.Recategorised):
                of_group = isinstance(event, e.Opened) and event.origin is not None
                self._detect(plan, family, family.tickets[event.ticket], step.at, of_group)
            if isinstance(event, e.Closed):
                self._handed_over(plan, family.tickets[event.ticket])
        for send in outcome.sends:
            for member in self.tx.members(send.group):
                act = c.PartMove(send.move, send.group)
                self.send(f"{send.group}/{step.number}/{send.move}/{member}", Command(member, PARENT, step.at, act))

    def send(self, key: str, command: Command) -> None:
        """Put a command into the inbox of another family, or of one's own: it is done after this turn."""
        family = self.load(command.ticket)
        assert family is not None
        self.tx.send(Errand(command.at, key, command), family.id)
        self.sent[family.id] = max(command.at, self.sent.get(family.id, 0))

    def _file(self, plan: Plan, ticket: Ticket, at: int) -> None:
        """A ticket enters the dossiers of whom it is about: the customer's file has the history of its tickets."""
        for file in plan.files.values():
            about = ticket.fact(file.per)
            if about is not None:
                holds = {name: value for name in file.holds if (value := ticket.fact(name)) is not None}
                data = {"file": file.id, "per": about, "ticket": ticket.id, "holds": holds}
                self.record(at, "filed", file.rule, data, f"{file.id}:{about}")

    def _detect(self, plan: Plan, family: Family, ticket: Ticket, at: int, of_group: bool) -> None:
        """Judge the buckets of an opening afresh. What stands before it there fires or not as it did without it. The
        ticket of a group is no member where groups are made: a group would make the next one.
        """
        for membership in memberships(plan, family, ticket):
            detection = plan.detections[membership.detection]
            if of_group and detection.opens is not None:
                continue
            found = firings(plan, self.site.edition, detection, self.tx.join(membership))
            fresh = [
                firing
                for firing in found
                if firing.at >= membership.at and not self.tx.fired(detection.id, membership.bucket, firing.ticket)
            ]
            told = {firing.group for firing in found if firing not in fresh}
            for firing in fresh:
                stamp = max(at, firing.at)
                kin = [other.ticket for other in reversed(found) if other.group == firing.group]
                group, is_over = self._group_of(detection, (*firing.members, *kin))
                first = is_over or (group is None and firing.group not in told)
                told.add(firing.group)
                act = c.Detected(detection.id, firing.members, first)
                key = f"detected/{detection.id}/{firing.group}/{firing.ticket}"
                self.send(key, Command(firing.ticket, system(detection.id), stamp, act))
                if detection.opens is not None:
                    group = group or self._open_group(plan, detection.id, detection.opens, firing.ticket, stamp)
                    self._gather(detection.id, group, firing.members, stamp)

    def _group_of(self, detection: Detection, tickets: Iterable[str]) -> tuple[str | None, bool]:
        """The open group that a firing opening joins, by tickets that may be in one: the oldest of its window, else the
        newest that it is connected with. And whether all those are over, so that it begins another.
        """
        is_over = False
        for ticket in dict.fromkeys(tickets) if detection.opens is not None else ():
            group = self.tx.group(detection.id, ticket)
            if group is not None and self._is_open(group):
                return group, False
            is_over = is_over or group is not None
        return None, is_over

    def _is_open(self, id: str) -> bool:
        family = self.load(id)
        return family is not None and family.root.closed is None

    def _open_group(self, plan: Plan, detection: str, category: str, newest: str, at: int) -> str:
        """The ticket of a group begins with what is known of the opening that fired."""
        family = self.load(newest)
        assert family is not None
        source = family.tickets[newest]
        facts = {
            item.fact: value
            for item in plan.categories[category].record
            if (value := source.fact(item.fact)) is not None
        }
        group = f"{detection}:{newest}"
        act = c.Open(category, facts, plan=plan.version, edition=self.site.edition, origin=newest)
        self.apply(Command(group, system(detection), at, act))
        return group

    def _gather(self, detection: str, group: str, members: Sequence[str], at: int) -> None:
        """Tickets become members of a group, unless its ticket was over at once."""
        is_open = self._is_open(group)
        for member in members:
            self.tx.keep_group(detection, member, group)
            if is_open and self.tx.add_member(group, member):
                self.send(f"joined/{group}/{member}", Command(member, system(detection), at, c.Joined(group)))

    def _handed_over(self, plan: Plan, ticket: Ticket) -> None:
        """A signed handover passes its post from the leaver to the taker."""
        for role in plan.roles.values():
            if role.handover == ticket.category and ticket.post == role.id and ticket.closed is not None:
                leaver, taker = _signature(plan, ticket, "leaver"), _signature(plan, ticket, "taker")
                if leaver is not None and taker is not None and taker.at == ticket.closed:
                    handover = Handover(ticket.closed, role.id, leaver.person, taker.person)
                    self.change_site(ticket.closed, "handed_over", role.rule, handover._asdict(), ticket.id)

    def record(self, at: int, kind: str, rule: Rule, data: Mapping[str, Any], key: str = "") -> None:
        """Write to the site's own stream."""
        self.tx.record(SiteEvent(at, kind, rule, data, key))

    def change_site(self, at: int, kind: str, rule: Rule, data: Mapping[str, Any], key: str = "") -> None:
        """Write to the site's own stream what changes the site itself, and go on with the changed one."""
        event = SiteEvent(at, kind, rule, data, key)
        self.site = self.site.after([event])
        self.tx.record(event)

    # ---- the end of a turn ------------------------------------------------------------------------------------------

    def write_down(self) -> None:
        """Put what happened into the transaction: a family's steps at once, and the indexes after the last of them."""
        made: dict[str, list[Told]] = {}
        for told in self.told:
            made.setdefault(told.family.id, []).append(told)
        for family_id, tolds in made.items():
            family = self._families[family_id]
            plan = self.site.version(family.root.plan)
            timers = self._agenda(plan, family)
            messages = tuple(message for told in tolds for message in told.messages)
            steps = tuple(told.step for told in tolds)
            self.tx.commit(Commit(family, steps, timers, messages, listed(plan, family, timers)))


def _signature(plan: Plan, ticket: Ticket, side: str) -> Made | None:
    """The last move of one side of a handover that brought it on; what sends it back, a refusal, is no signature."""
    workflow = plan.workflow_of(ticket.category)
    places = {state: place for place, state in enumerate(workflow.states)}
    signed = [
        ticket.made[move.id]
        for move in workflow.moves.values()
        if move.id in ticket.made and move.to is not None
        for source in move.sources
        if places[move.to] > places[source] and _is_of(side, move, workflow.states[source])
    ]
    return max(signed, key=lambda made: made.at, default=None)


def _is_of(side: str, move: Move, source: State) -> bool:
    parties = [source.owner if party == OWNER else party for party in move.by]
    return Party("word", side) in parties


def _is_reopening(plan: Plan, ticket: Ticket, moved: e.Moved) -> bool:
    """Whether a ticket that had ended before an answer goes on: it is a member of its detections again."""
    states = plan.workflow_of(ticket.category).states
    return states[moved.source].final and not states[moved.to].final and ended_unanswered(plan, ticket)


def body_of(command: Command, *, as_read: bool = False) -> str:
    """What makes a command the same command: all but when it came, as whom, and what only the door adds. An instant is
    the same if it is said the same, however it is read by now; `as_read`: as older versions compared it.
    """
    act, ticket = command.act, command.ticket
    if isinstance(act, c.Open):  # who repeats an opening does not know the number it was given
        ticket, act = "", act._replace(plan="", edition="")

    def said(value: Value | None) -> Value | None:
        return value.text if isinstance(value, Said) and not as_read else value

    facts = [(name, said(value)) for name, value in sorted(_facts(act).items())]
    rest = {name: value for name, value in act._asdict().items() if name not in ("facts", "qualified")}
    return repr((ticket, type(act).__name__, facts, rest, said(command.occurred_at)))


def _is_same(known: Answered, command: Command) -> bool:
    return known.body in (body_of(command), body_of(command, as_read=True))


def _facts(act: c.Act) -> Mapping[str, Value | None]:
    return act.facts if isinstance(act, c.WithFacts) else {}
