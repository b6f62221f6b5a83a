"""The service: load, decide, append. The daemon and the rehearsal run this same code with another clock and store."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import RLock
from typing import Any, TypeVar

from engine.core import (
    Command,
    Family,
    Message,
    Plan,
    Refusal,
    Rule,
    Step,
    Value,
)
from engine.core import commands as c
from engine.policy import Words
from engine.runtime.duties import Occurrence, occurrences
from engine.runtime.editions import lacks
from engine.runtime.figures import report
from engine.runtime.posts import EMPTY_POST, about_role, empty_posts
from engine.runtime.site import CHANGES, Site
from engine.runtime.turn import Turn, system
from engine.store import Done, Errand, Query, Store, StoreError, Transaction, everything

T = TypeVar("T")
log = logging.getLogger(__name__)
#: Is told of every step that was committed: plan, family after it, step, messages.
Listener = Callable[[Plan, Family, Step, tuple[Message, ...]], None]
#: Families that are brought up to date in one transaction.
BATCH = 100
#: Seconds for which duties, reports and empty posts are looked up in advance.
AHEAD = 3600
#: The mark up to which duties and reports were opened, and how many tickets were numbered.
OPENED = "opened"
NUMBERED = "numbered"
#: The kind of event in the site's stream that says which duty or report could not be opened.
UNOPENED = "unopened"


def said(error: Exception) -> Words:
    """A cause for strangers, who read readiness: the words of a defect may quote somebody."""
    name = type(error).__name__
    return Words(str(error), error.zh) if isinstance(error, StoreError) else Words(name, name)


def _find_empty(turn: Turn, one: Occurrence) -> None:
    found = about_role(turn.site, EMPTY_POST, one.id, one.at)
    if found is not None and not turn.tx.site_events(EMPTY_POST, one.key):
        turn.record(one.at, EMPTY_POST, *found, one.key)


def _nobody(plan: Plan, family: Family, step: Step, messages: tuple[Message, ...]) -> None:
    """The listener of a service that nobody watches."""


class Service:
    """Runs one site on a store. Instants are handed in; nothing here asks what time it is."""

    def __init__(self, site: Site, store: Store, start: int, listen: Listener = _nobody) -> None:
        """`start`: from when on duties and reports are opened, on a store that has none yet."""
        self._base = site
        self.site = site.after(store.site_events_of(CHANGES))
        self.store = store
        self._listen = listen
        opened = store.mark(OPENED)
        self._looked_until = self.start = start if opened is None else opened
        self._waiting: list[Occurrence] = []
        self._hands = RLock()  # over the two above: the loop and people who change the site both let time pass
        #: Duties and reports that could not be opened, and why: each is tried again by `retry`, also after a start.
        self.unopened: dict[Occurrence, str] = {
            Occurrence(**event.data): "it could not be opened before the start" for event in store.site_events(UNOPENED)
        }
        #: Families that could not be brought up to date, and why: time passes them by until `retry` can.
        self.parked: dict[str, str] = {}
        #: Another one after everything that is written of the site, before whoever wrote it is answered.
        self.changes = object()

    # ---- commands ---------------------------------------------------------------------------------------------------

    def handle(self, command: Command) -> Done | Refusal:
        """Apply what is due on the command's family before its instant, then the command, then what it causes on other
        families.

        A command with a key that took effect before is answered as it was then; refusals are not remembered.
        """
        return self.turn(lambda turn: turn.handle(command))

    def open(self, command: Command) -> Done | Refusal:
        """`handle` of an opening under the next number of the site, `lakeside-17`: a refused one, and one that is
        answered as before, takes none.
        """

        def work(turn: Turn) -> Done | Refusal:
            number = (turn.tx.mark(NUMBERED) or 0) + 1
            numbered = command._replace(ticket=f"{self.site.plan.id}-{number}")
            done = turn.handle(numbered)
            if isinstance(done, Done) and done.family.id == numbered.ticket:
                turn.tx.set_mark(NUMBERED, number)
            return done

        return self.turn(work)

    def turn(self, work: Callable[[Turn], T]) -> T:
        """Do one turn in a transaction, then what it sent to other families, each in one of its own."""
        result, turn = self._write(work)
        self._follow(turn)
        return result

    def _follow(self, turn: Turn) -> None:
        """Tell who listens what was written, and look after the families to which something was sent. Nothing that goes
        wrong there makes it untrue that it was written: the loop takes up what is left.
        """
        for told in turn.told:
            self._listen(*told)
        for family, at in turn.sent.items():
            with suppress(StoreError):
                self._catch_up([family], at - 1, at)

    def _write(self, work: Callable[[Turn], T]) -> tuple[T, Turn]:
        turn: Turn | None = None

        def whole(tx: Transaction) -> tuple[T, Turn]:
            nonlocal turn
            if turn is not None:  # the first run was taken back, with all that it and others made of the site
                self.site = self._base.after(tx.site_events_of(CHANGES))
            turn = Turn(tx, self.site)
            result = work(turn)
            turn.write_down()
            self.site = turn.site
            return result, turn

        try:
            result, turn = self.store.write(whole)
        except BaseException:
            if turn is not None and turn.site is not self._base:
                self.site = self._base.after(self.store.site_events_of(CHANGES))
            raise
        self.changes = object()
        return result, turn

    # ---- time -------------------------------------------------------------------------------------------------------

    def advance(self, until: int, most: int | None = None) -> bool:
        """Apply all that is due at or before `until`, an instant that is over. Duties and reports of an instant open
        after the timers of earlier ones and before those of its own, as commands do.

        With `most` it stops after about so many families; True when something is left.
        """
        with self._hands:
            while True:
                upcoming = self._next_occurrence(until)
                edge = until if upcoming is None else upcoming.at - 1
                while families := self._due(edge):
                    self._catch_up(families, edge, edge)
                    if most is not None and (most := most - len(families)) <= 0:
                        return True
                if upcoming is None:
                    return False
                self.open_occurrences(upcoming.at)

    def retry(self, until: int) -> None:
        """Try again what could not be brought up to date, or opened; what can be is parked no more."""
        with self._hands:
            for family in list(self.parked):
                self._catch_up([family], until, until)
            for one in list(self.unopened):
                self._try(one)

    def _due(self, until: int) -> list[str]:
        due = self.store.due(until, BATCH + len(self.parked))
        return [family for family in due if family not in self.parked]

    def _catch_up(self, families: Sequence[str], until: int, errands_until: int) -> None:
        """Bring families up to date together. One that cannot be, because a row of it is damaged or we are wrong about
        it, is parked, so that it does not keep the others.
        """
        try:
            _, turn = self._write(lambda turn: turn.catch_up(families, until, errands_until))
        except Exception as error:
            self.store.write(lambda tx: None)  # raises where the trouble is the store's, not the family's
            if len(families) == 1:
                self._park(families[0], error)
                return
            for family in families:
                self._catch_up([family], until, errands_until)
        else:
            for family in families:
                self.parked.pop(family, None)
            self._follow(turn)

    def _park(self, family: str, error: Exception) -> None:
        why = said(error).en
        if self.parked.get(family) != why:
            log.error("a ticket cannot be brought up to date", exc_info=error)
        self.parked[family] = why

    def catch_up(self, at: int) -> None:
        """Apply all that stands before a command of this instant, on every family; its duties and reports, too."""
        self.advance(at - 1)
        self.open_occurrences(at)

    def next_instant(self, until: int) -> int | None:
        """When something is due next by itself; duties and reports are looked for up to `until`."""
        with self._hands:
            upcoming = self._next_occurrence(until)
        return min((at for at in (upcoming and upcoming.at, self.store.next_instant()) if at is not None), default=None)

    def _next_occurrence(self, until: int) -> Occurrence | None:
        if until >= self._looked_until:
            ahead = until + AHEAD
            found = occurrences(self.site, self._looked_until, ahead)
            self._waiting = sorted([*self._waiting, *found], key=lambda one: (one.at, one.kind, one.id))
            self._looked_until = ahead
        return self._waiting[0] if self._waiting and self._waiting[0].at <= until else None

    def open_occurrences(self, at: int) -> None:
        """Open every duty and report of this instant or before."""
        with self._hands:
            opened = False
            while (one := self._next_occurrence(at)) is not None:
                self._try(one)
                self._waiting.pop(0)
                opened = True
            if opened:
                self.store.write(lambda tx: tx.set_mark(OPENED, at))

    def keep_place(self, at: int) -> None:
        """A start looks only for what comes due from `at` on, unless something before it still waits."""
        with self._hands:
            if self._next_occurrence(at - 1) is None:
                self.store.write(lambda tx: tx.set_mark(OPENED, at))

    def _try(self, one: Occurrence) -> None:
        """Open a duty or report. One that cannot be opened, because of damage or our mistake, is put down in the site's
        stream and tried again, so that it keeps nothing else.
        """
        try:
            opens = {"duty": self._open_duty, "report": self._report, EMPTY_POST: self._leave_empty}
            opens[one.kind](one)
        except Exception as error:
            self.store.write(lambda tx: None)  # raises where the trouble is the store's
            self._leave(one, error)
        else:
            self.unopened.pop(one, None)

    def _leave(self, one: Occurrence, error: Exception) -> None:
        why = said(error).en
        if self.unopened.get(one) != why:
            log.error("%s of %s cannot be opened", one.kind, one.id, exc_info=error)
        if not self.store.site_events(UNOPENED, one.key):
            self.record(one.at, UNOPENED, self.site.plan.rule, one._asdict(), one.key)
        self.unopened[one] = why

    def _open_duty(self, one: Occurrence) -> None:
        plan = self.site.plan_at(one.at)
        duty = plan.duties.get(one.id)
        if duty is None:  # it waited until a plan came that does not have it
            return
        act = c.Open(duty.category, {}, plan=plan.version, edition=self.site.edition, post=one.post)
        # an occurrence is opened once, however often the service was started: its ticket exists
        opening = Command(one.ticket(self.site.zone), system(duty.id), one.at, act)
        self.turn(lambda turn: turn.apply(opening))

    def _report(self, one: Occurrence) -> None:
        """A report falls due: its figures, computed from the events, go to whom the plan names."""
        key = f"{one.id}@{one.at}"
        if not self.store.site_events("reported", key):  # it is made once, however often the service was started
            made = report(self.site, self.store, one.id, one.at)
            if made is not None:
                self.record(one.at, "reported", made.rule, made.data, key)

    def _leave_empty(self, one: Occurrence) -> None:
        """A post that has to be held is empty from an instant on: a finding, written down once."""
        self.turn(lambda turn: _find_empty(turn, one))

    # ---- the site's own stream --------------------------------------------------------------------------------------

    def record(self, at: int, kind: str, rule: Rule, data: Mapping[str, Any], key: str = "") -> None:
        self.turn(lambda turn: turn.record(at, kind, rule, data, key))

    def dossier(self, file: str, per: Value) -> tuple[str, ...]:
        """The tickets in the dossier of one value, in order of opening."""
        return tuple(event.data["ticket"] for event in self.store.site_events("filed", f"{file}:{per}"))

    def change(self, at: int, work: Callable[[Turn], None]) -> None:
        """Do a turn that changes people, day data or the plan. What is due before it goes by the site as it was; what
        was looked up of later is looked up anew, also by a service that starts on this store. Posts that were held and
        are not any more are found at once.
        """

        def whole(turn: Turn) -> None:
            before = empty_posts(turn.site, at)
            work(turn)
            for role in sorted(empty_posts(turn.site, at) - before):
                _find_empty(turn, Occurrence(at, EMPTY_POST, role))
            turn.tx.set_mark(OPENED, at)

        with self._hands:
            self.advance(at - 1)
            self.turn(whole)
            self._waiting.clear()
            self._looked_until = at

    def could_not_be_told(self, at: int, ticket: str, run: str, rung: str, message: str) -> Done | Refusal:
        """Nobody whom a rung tells can be reached: the next rung is raised at once."""
        act = c.ReportDelivery(run, rung, "undeliverable")
        return self.handle(Command(ticket, system("delivery"), at, act, key=f"{message}/{run}/{rung}"))

    def adopt(self, at: int, plan: Plan) -> None:
        """Another version of the site's plan: new tickets go by the one in force, open ones keep theirs."""
        before = self._base
        try:
            self.change(at, lambda turn: self._adopt(turn, at, plan))
        except BaseException:
            self._base = before
            self.site = before.after(self.store.site_events_of(CHANGES))
            raise

    def _adopt(self, turn: Turn, at: int, plan: Plan) -> None:
        """Where nobody else writes: whoever comes after finds the new plan, and nobody puts back the one before."""
        self._base = self._base.with_newest(plan)
        turn.site = self._base.after(turn.tx.site_events_of(CHANGES))
        turn.record(at, "plan_published", plan.rule, {"plan": plan.version})

    def was_down(self, start: int, end: int) -> None:
        """The engine was not running in [start, end): what could not be told meanwhile is not late by that."""
        self.record(end, "engine_down", self.site.plan.rule, {"from": start, "to": end})

    def downtime(self, start: int, end: int) -> int:
        """Seconds of [start, end) in which the engine is known to have been down."""
        stretches = [(event.data["from"], event.data["to"]) for event in self.store.site_events("engine_down")]
        return sum(max(0, min(end, to) - max(start, since)) for since, to in stretches)

    def publish_calendar(self, at: int, edition: str, days: Mapping[str, Any]) -> None:
        """New day data: every open ticket gets it by a command, unless the site has it. Raises CalendarError, and then
        nothing has changed.
        """

        def work(turn: Turn) -> None:
            if lacks(turn.site, turn.tx, edition, days):  # asked where nobody else writes
                self._change_days(turn, at, [("calendar_published", {"edition": edition, "days": days})])

        self.change(at, work)

    def change_days(self, at: int, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """The same for several events of the site's stream at once; tickets go by the edition of the last."""
        self.change(at, lambda turn: self._change_days(turn, at, events))

    def _change_days(self, turn: Turn, at: int, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        for kind, data in events:
            turn.change_site(at, kind, self.site.plan.rule, data)
        act = c.ApplyCalendar(turn.site.edition)
        for row in everything(turn.tx, Query(open=True)):
            key = f"calendar/{act.edition}/{at}/{row.ticket}"
            turn.tx.send(Errand(at, key, Command(row.ticket, system("calendar"), at, act)), row.family)
            turn.sent[row.family] = at
