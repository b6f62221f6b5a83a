"""The service: load, decide, append. The daemon and the rehearsal run this same code with another clock and store."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from fractions import Fraction
from threading import RLock
from typing import Any, NamedTuple, TypeVar

from engine.core import (
    Command,
    Family,
    Finding,
    History,
    Message,
    Period,
    Plan,
    Refusal,
    Rule,
    Step,
    Value,
    liable_of_site,
    looked_at,
    looked_at_by,
    measure,
    period_of,
    replay,
    timetable,
)
from engine.core import commands as c
from engine.core import report as compute_report
from engine.core.plan import NewMember, Outside
from engine.runtime.directory import Changes, Staff, changes
from engine.runtime.directory import entries as roster_entries
from engine.runtime.duties import ROLLOUT, Occurrence, occurrences
from engine.runtime.people import Entry, required_staff
from engine.runtime.privacy import may_see
from engine.runtime.site import CHANGES, Site
from engine.runtime.turn import Turn, system
from engine.store import Done, Errand, Query, Row, Store, StoreError, Transaction, everything

T = TypeVar("T")
log = logging.getLogger(__name__)
#: Is told of every step that was committed: plan, family after it, step, messages.
Listener = Callable[[Plan, Family, Step, tuple[Message, ...]], None]
#: Families that are brought up to date in one transaction.
BATCH = 100
#: Seconds for which duties and reports are looked up in advance.
AHEAD = 3600
#: The mark up to which duties and reports were opened, and how many tickets were numbered.
OPENED = "opened"
NUMBERED = "numbered"


def _nobody(plan: Plan, family: Family, step: Step, messages: tuple[Message, ...]) -> None:
    """The listener of a service that nobody watches."""


def _carrying(rule: Rule, sources: Iterable[str]) -> Rule:
    """The rule with the ids of the figures that were computed for it."""
    return Rule(rule.path, tuple(dict.fromkeys((*rule.sources, *sources))))


class Histories(NamedTuple):
    """What figures are found from, and the families that are missing in it: they cannot be read."""

    read: Sequence[History]
    unread: tuple[str, ...]


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
        """Tell who listens what was written, and look after the families to which something was sent."""
        for told in turn.told:
            self._listen(*told)
        for family, at in turn.sent.items():
            self.turn(lambda turn, id=family, until=at: turn.bring_up(id, until - 1, until))  # type: ignore[misc]

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
                    self._catch_up(families, edge)
                    if most is not None and (most := most - len(families)) <= 0:
                        return True
                if upcoming is None:
                    return False
                self.open_occurrences(upcoming.at)

    def retry(self, until: int) -> None:
        """Try again what could not be brought up to date; what can be is parked no more."""
        with self._hands:
            for family in list(self.parked):
                self._catch_up([family], until)

    def _due(self, until: int) -> list[str]:
        due = self.store.due(until, BATCH + len(self.parked))
        return [family for family in due if family not in self.parked]

    def _catch_up(self, families: Sequence[str], until: int) -> None:
        """Bring families up to date together. One that cannot be, because a row of it is damaged or we are wrong about
        it, is parked, so that it does not keep the others.
        """
        try:
            _, turn = self._write(lambda turn: turn.catch_up(families, until))
        except Exception as error:
            self.store.write(lambda tx: None)  # raises where the trouble is the store's, not the family's
            if len(families) == 1:
                self._park(families[0], error)
                return
            for family in families:
                self._catch_up([family], until)
        else:
            for family in families:
                self.parked.pop(family, None)
            self._follow(turn)

    def _park(self, family: str, error: Exception) -> None:
        why = str(error) if isinstance(error, StoreError) else type(error).__name__
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
                if one.kind == "duty":
                    self.open_duty(one)
                else:
                    self.report(one.id, one.at)
                self._waiting.pop(0)
                opened = True
            if opened:
                self.store.write(lambda tx: tx.set_mark(OPENED, at))

    def open_duty(self, one: Occurrence) -> None:
        plan = self.site.plan_at(one.at)
        duty = plan.duties[one.id]
        act = c.Open(duty.category, {}, plan=plan.version, edition=self.site.edition, post=one.post)
        # an occurrence is opened once, however often the service was started: its ticket exists
        opening = Command(one.ticket(self.site.zone), system(duty.id), one.at, act)
        self.turn(lambda turn: turn.apply(opening))

    def report(self, id: str, at: int) -> None:
        """A report falls due: its figures, computed from the events, go to whom the plan names."""
        if self.store.site_events("reported", f"{id}@{at}"):
            return  # a report is made once, however often the service was started
        if id == ROLLOUT:
            self._compare_rollout(at)
            return
        report = replace(self.site.plan.reports[id], by=())  # its parts are for who reads them, and are not recorded
        histories = self.histories(at, looked_at_by(self.site.plan, report, at))
        value = compute_report(
            self.site.plan,
            report,
            histories.read,
            at,
            roster=self.site.roster.times_on_duty,
            outside=self.imported(),
        )
        figures = {line.figure.figure: line.figure.value for line in value.lines}
        sources = [id for line in value.lines for id in line.figure.rule.sources]
        data: dict[str, Any] = {
            "report": id,
            "to": [party.name for party in report.to],
            "figures": figures,
            "weakest": value.weakest,
        }
        data |= {"unread": histories.unread} if histories.unread else {}
        self.record(at, "reported", _carrying(report.rule, sources), data, f"{id}@{at}")

    def _compare_rollout(self, at: int) -> None:
        """The figures of the pilot beside those of as long a time before it."""
        plan, zone = self.site.plan, self.site.zone
        rollout = plan.rollout
        assert rollout is not None
        assert rollout.pilot_from is not None
        begin = int(datetime.combine(rollout.pilot_from, time(), zone).timestamp())
        periods = {"before": Period(begin - (at - begin), begin), "pilot": Period(begin, at)}
        asked = [(plan.figures[name], period) for name in rollout.compare for period in periods.values()]
        during = {period for figure, one in asked for period in looked_at(plan, figure, one)}
        histories, imported = self.histories(at, during), self.imported()
        figures: dict[str, Any] = {}
        for name in rollout.compare:
            for when, period in periods.items():
                roster = self.site.roster.times_on_duty
                value = measure(plan, plan.figures[name], histories.read, period, at, roster, imported)
                figures[f"{name} {when}"] = value.value
        sources = [id for name in rollout.compare for id in plan.figures[name].rule.sources]
        data: dict[str, Any] = {"report": ROLLOUT, "to": [], "figures": figures}
        data |= {"unread": histories.unread} if histories.unread else {}
        self.record(at, "reported", _carrying(rollout.rule, sources), data, f"{ROLLOUT}@{at}")

    def histories(self, at: int, during: Collection[Period] | None = None) -> Histories:
        """What was known of every family just before an instant: a report made late is the same report. With `during`,
        of every family in which a figure that looks at these periods could find something.
        """
        found: list[History] = []
        unread: list[str] = []
        for id in self.store.roots(during):
            try:
                family, steps = self.store.load(id), self.store.steps(id)
            except StoreError:
                self.store.mark(OPENED)  # raises where the trouble is the store's, not the family's
                unread.append(id)
                continue
            assert family is not None
            if family.at >= at:
                steps = tuple(step for step in steps if step.at < at)
                family = replay(steps) if steps else family
            if steps:
                found.append(History(family, steps))
        return Histories(found, tuple(unread))

    def import_value(self, at: int, source: str, value: Fraction) -> Refusal | None:
        """A value from elsewhere for the figures that come from this source, in the periods in which `at` lies."""
        figures = [
            f for f in self.site.plan.figures.values() if isinstance(f.measure, Outside) and f.measure.source == source
        ]
        if not figures:
            return Refusal("unknown", source)
        for figure in figures:
            period = period_of(figure.per, at, self.site.plan.timezone)
            self.record(at, "imported", figure.rule, {"source": source, "period": period, "value": value})
        return None

    def imported(self) -> Mapping[tuple[str, Period], Fraction]:
        """What was imported, the latest value of each source and period."""
        events = self.store.site_events("imported")
        return {(event.data["source"], Period(*event.data["period"])): event.data["value"] for event in events}

    # ---- the site's own stream --------------------------------------------------------------------------------------

    def record(self, at: int, kind: str, rule: Rule, data: Mapping[str, Any], key: str = "") -> None:
        self.turn(lambda turn: turn.record(at, kind, rule, data, key))

    def dossier(self, file: str, per: Value) -> tuple[str, ...]:
        """The tickets in the dossier of one value, in order of opening."""
        return tuple(event.data["ticket"] for event in self.store.site_events("filed", f"{file}:{per}"))

    def roster_changed(self, at: int, entries: Iterable[Entry] = (), gone: Iterable[str] = ()) -> None:
        """People come and go. Whoever is new in a role opens the duties of new members; staffing is counted anew."""
        come, gone = tuple(entries), tuple(gone)
        known = self.site.roster.entries
        data = {"come": [tuple(entry) for entry in come], "gone": list(gone)}
        self._change_people(at, "roster_changed", data)
        self._welcome(at, [entry for entry in come if entry.person not in gone], known)

    def list_staff(self, at: int, staff: Sequence[Staff]) -> Changes:
        """The roster is what a list says, from `at` on; the same list again changes nothing."""
        known = self.site.roster.entries
        what = changes(known, roster_entries(self.site.plan, staff), at)
        reach = {one.person: {"phone": one.phone, **one.addresses} for one in staff}

        def sealed(tx: Transaction) -> dict[str, dict[str, str]]:
            return {who: {via: tx.seal(via, to) for via, to in where.items() if to} for who, where in reach.items()}

        addresses = self.store.write(sealed)
        if what != Changes((), ()) or addresses != self.site.addresses or not self.site.roster.complete:
            data = {"come": [tuple(entry) for entry in what.come], "gone": [tuple(entry) for entry in what.gone]}
            begun = self.site.roster.complete
            self._change_people(at, "staff_listed", {**data, "addresses": addresses})
            # whom the first list names was there before anybody kept a list, and is nobody's newcomer
            self._welcome(at, [entry for entry in what.come if begun and entry.since <= at], known)
        return what

    def _change_people(self, at: int, kind: str, data: Mapping[str, Any]) -> None:
        self.advance(at - 1)
        self.turn(lambda turn: turn.change_site(at, kind, self.site.plan.rule, data))
        self._look_anew(at)

    def _welcome(self, at: int, come: Iterable[Entry], known: Iterable[Entry]) -> None:
        """Open the duties of those who are new in a role, and count."""
        before = {(entry.person, entry.role) for entry in known}
        for entry in come:
            for duty in self.site.plan.duties.values():
                runs = self.site.duties is None or duty.id in self.site.duties
                new = (entry.person, entry.role) not in before
                if new and runs and isinstance(duty.every, NewMember) and entry.role in duty.every.roles:
                    self.open_duty(Occurrence(at, "duty", duty.id, entry.person))
        self.count_staff(at)

    def _look_anew(self, at: int) -> None:
        """What was looked up ahead may no longer be so: people, day data or plan changed."""
        with self._hands:
            self._waiting = [one for one in self._waiting if one.at <= at]
            self._looked_until = min(self._looked_until, at + 1)

    def count_staff(self, at: int) -> None:
        """How many people each role has against what the plan says, and posts that are empty though they must be
        held.
        """
        plan, roster = self.site.plan, self.site.roster
        for role in plan.roles.values():
            bounds = required_staff(plan, role)
            if bounds is not None:
                there = len(roster.holders(role.id, at))
                data = {"role": role.id, "there": there, "low": bounds[0], "high": bounds[1]}
                self.record(at, "staff_counted", role.rule, data)
            open_now = any(timetable(plan, shift, self.site.edition).is_open(at) for shift in roster.shifts(role.id))
            if role.at_least and open_now and len(roster.on_duty(role.id, at)) < role.at_least:
                self._find(at, Finding("empty_post", role.id, at, f"role:{role.id}"), role.rule)

    def nobody_was_there(self, at: int, role: str, message: str) -> None:
        """Nobody of a role could be told of a message: a finding, written down once."""
        key = f"{message}/{role}"
        if not self.store.site_events("nobody", key):
            self._find(at, Finding("nobody", role, at, f"role:{role}"), self.site.plan.roles[role].rule, key)

    def could_not_be_told(self, at: int, ticket: str, run: str, rung: str, message: str) -> Done | Refusal:
        """Nobody whom a rung tells can be reached: the next rung is raised at once."""
        act = c.ReportDelivery(run, rung, "undeliverable")
        return self.handle(Command(ticket, system("delivery"), at, act, key=f"{message}/{run}/{rung}"))

    def _find(self, at: int, finding: Finding, rule: Rule, key: str = "") -> None:
        """A finding about the site: who answers for it is asked at once, and both are written down."""
        found = liable_of_site(self.site.plan, finding, self.site.roster.holds_post)
        sources = (*rule.sources, *(found.rule.sources if found is not None else ()))
        data = {"role": finding.name, "who": found.who if found is not None else ""}
        self.record(at, finding.kind, Rule(rule.path, tuple(dict.fromkeys(sources))), data, key)

    def reveal(
        self, at: int, ticket: str, by: str, fact: str, purpose: str, roles: frozenset[str] = frozenset()
    ) -> Refusal | None:
        """Somebody looks at a personal value: only who may see it, only for a purpose, and every look is logged.

        `roles` are those that somebody has besides the roster's.
        """
        family = self.store.load(ticket)
        if family is None:
            return Refusal("unknown", ticket)
        known = family.tickets[ticket]
        plan = self.site.version(known.plan)
        privacy = plan.privacy
        if privacy is None or fact not in privacy.personal or known.fact(fact) is None:
            return Refusal("unknown", fact)
        if not purpose:
            return Refusal("missing", "purpose")
        if not may_see(plan, family, known, by, self.site.roster.roles_of(by, at) | roles):
            return Refusal("by", by)
        self.record(at, "revealed", privacy.rule, {"ticket": ticket, "fact": fact, "by": by, "purpose": purpose})
        return None

    def adopt(self, at: int, plan: Plan) -> None:
        """Another version of the site's plan: new tickets go by the one in force, open ones keep theirs."""
        self.advance(at - 1)
        self.turn(lambda turn: self._adopt(turn, at, plan))
        self._look_anew(at)

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
        """New day data: every open ticket gets it by a command. Raises CalendarError, and then nothing has changed."""
        self.change_days(at, [("calendar_published", {"edition": edition, "days": days})])

    def change_days(self, at: int, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """The same for several events of the site's stream at once; tickets go by the edition of the last."""
        self.advance(at - 1)
        self.turn(lambda turn: self._change_days(turn, at, events))
        self._look_anew(at)

    def _change_days(self, turn: Turn, at: int, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        for kind, data in events:
            turn.change_site(at, kind, self.site.plan.rule, data)
        act = c.ApplyCalendar(turn.site.edition)
        for row in everything(turn.tx, Query(open=True)):
            key = f"calendar/{act.edition}/{at}/{row.ticket}"
            turn.tx.send(Errand(at, key, Command(row.ticket, system("calendar"), at, act)), row.family)
            turn.sent[row.family] = at

    def qualified(self, person: str, role: str | None) -> bool:
        """Whether a person has passed what a role requires before being assigned; who was there from the start has."""
        required = self.site.plan.roles[role].requires if role is not None else None
        if required is None:
            return True
        category = self.site.plan.duties[required].category
        found = self.store.rows(Query(category=category, post=person))
        return all(row.closed is not None and self._passed(row) for row in found)

    def _passed(self, row: Row) -> bool:
        family = self.store.load(row.ticket)
        return family is not None and family.tickets[row.ticket].fact("passed") is not False
