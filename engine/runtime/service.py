"""The service: load, decide, append. The daemon and the rehearsal run this same code with another clock and store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, time
from fractions import Fraction
from typing import Any

from engine.core import (
    Actor,
    Command,
    Family,
    Finding,
    History,
    Message,
    Outcome,
    Period,
    Plan,
    Refusal,
    Rule,
    Step,
    Ticket,
    Value,
    agenda,
    decide,
    fire,
    firings,
    liable_of_site,
    measure,
    memberships,
    notices,
    period_of,
    timetable,
)
from engine.core import commands as c
from engine.core import events as e
from engine.core import report as compute_report
from engine.core.plan import NewMember, Outside
from engine.runtime.duties import ROLLOUT, Occurrence, occurrences
from engine.runtime.people import Entry, Handover, required_staff
from engine.runtime.privacy import may_see
from engine.runtime.site import Site
from engine.store import Commit, Done, SiteEvent, Store

SYSTEM = "system"


def system(what: str) -> Actor:
    """The actor of what nobody typed: a duty that opens, a detection that fires."""
    return Actor(f"{SYSTEM}:{what}", frozenset({SYSTEM}))


#: Is told of every step that was committed: plan, family after it, step, messages.
Listener = Callable[[Plan, Family, Step, tuple[Message, ...]], None]


def _nobody(plan: Plan, family: Family, step: Step, messages: tuple[Message, ...]) -> None:
    """The listener of a service that nobody watches."""


def _carrying(rule: Rule, sources: Iterable[str]) -> Rule:
    """The rule with the ids of the figures that were computed for it."""
    return Rule(rule.path, tuple(dict.fromkeys((*rule.sources, *sources))))


class Service:
    """Runs one site on a store. Instants are handed in; nothing here asks what time it is."""

    def __init__(self, site: Site, store: Store, start: int, listen: Listener = _nobody) -> None:
        self.site = site
        self.store = store
        self._listen = listen
        #: Duties and reports are opened from here on; what the store knows already is not opened again.
        self.start = start
        self._waiting: list[Occurrence] = []
        self._looked_until = start

    # ---- commands ---------------------------------------------------------------------------------------------------

    def handle(self, command: Command) -> Done | Refusal:
        """Apply what is due before the command's instant, then the command, then what it causes on other families.

        A command with a key that took effect before is answered as it was then; refusals are not remembered.
        """
        if command.key is not None and (known := self.store.answer(command.actor.person, command.key)) is not None:
            same = known[0]._replace(at=0, actor=command.actor) == command._replace(at=0)
            return known[1] if same else Refusal("key_reused", command.key)
        command = command._replace(at=self.store.stamp(command.at))
        self.advance(command.at - 1)
        self._open_occurrences(command.at)
        done = self._apply(command)
        if command.key is not None and isinstance(done, Done):
            self.store.remember(command, done)
        return done

    def _apply(self, command: Command) -> Done | Refusal:
        family = self.store.load(command.ticket)
        if family is None and not isinstance(command.act, c.Open):
            return Refusal("unknown", command.ticket)
        plan = self._plan_for(command, family)
        at = max(command.at, family.floor) if family is not None else command.at
        if isinstance(command.act, c.Open):
            family = None
        if at != command.at:
            command = command._replace(at=at)
        outcome = decide(plan, family, command)
        if isinstance(outcome, Refusal):
            return outcome
        self._commit(plan, outcome)
        self._follow(plan, outcome)
        after = self.store.load(command.ticket)
        assert after is not None
        return Done(outcome.step, after)

    def _plan_for(self, command: Command, family: Family | None) -> Plan:
        if isinstance(command.act, c.Open):
            return self.site.plan_at(command.at if command.occurred_at is None else command.occurred_at)
        if isinstance(command.act, c.Migrate):
            return self.site.version(command.act.plan)
        assert family is not None
        return self.site.version(family.root.plan)

    def _commit(self, plan: Plan, outcome: Outcome) -> None:
        family, step = outcome.family, outcome.step
        messages = notices(plan, family, step)
        self.store.commit(Commit(family, step, agenda(plan, family), messages))
        self._listen(plan, family, step, messages)

    # ---- what one family causes on others
    # -----------------------------------------------------------------------------

    def _follow(self, plan: Plan, outcome: Outcome) -> None:
        for event in outcome.step.events:
            if isinstance(event, e.Opened):
                self._file(plan, outcome.family.tickets[event.ticket], event.effective_at)
            if isinstance(event, e.Opened | e.Recategorised):
                self._detect(plan, outcome.family, outcome.family.tickets[event.ticket], outcome.step.at)
            if isinstance(event, e.Closed):
                self._handed_over(plan, outcome.family.tickets[event.ticket])
        for send in outcome.sends:
            for member in self.store.members(send.group):
                act = c.PartMove(send.move, send.group)
                self._apply(Command(member, Actor("parent", frozenset({SYSTEM, "parent"})), outcome.step.at, act))

    def _file(self, plan: Plan, ticket: Ticket, at: int) -> None:
        """A ticket enters the dossiers of whom it is about: the customer's file has the history of its tickets."""
        for file in plan.files.values():
            about = ticket.fact(file.per)
            if about is not None:
                holds = {name: value for name in file.holds if (value := ticket.fact(name)) is not None}
                self.record(
                    at, "filed", file.rule, {"file": file.id, "per": about, "ticket": ticket.id, "holds": holds}
                )

    def dossier(self, file: str, per: Value) -> tuple[str, ...]:
        """The tickets in the dossier of one value, in order of opening."""
        return tuple(
            event.data["ticket"]
            for event in self.store.site_events()
            if event.kind == "filed" and (event.data["file"], event.data["per"]) == (file, per)
        )

    def _detect(self, plan: Plan, family: Family, ticket: Ticket, at: int) -> None:
        for membership in memberships(plan, family, ticket):
            detection = plan.detections[membership.detection]
            bucket = self.store.join(membership)
            for firing in firings(plan, self.site.edition, detection, bucket):
                if self.store.fired(detection.id, membership.bucket, firing.ticket):
                    continue
                over = self._group_is_over(detection.id, firing.group)
                act = c.Detected(detection.id, firing.members, firing.first or over)
                self._apply(Command(firing.ticket, system(detection.id), max(at, firing.at), act))
                if over:  # a second wave: the group's ticket is closed, so this opening begins a group of its own
                    self.store.keep_group(detection.id, firing.group, None)
                if detection.opens is not None:
                    self._gather(plan, detection.id, detection.opens, firing.group, firing.members, max(at, firing.at))

    def _group_is_over(self, detection: str, first: str) -> bool:
        group = self.store.group(detection, first)
        family = self.store.load(group) if group is not None else None
        return family is not None and family.root.closed is not None

    def _gather(self, plan: Plan, detection: str, category: str, first: str, members: Sequence[str], at: int) -> None:
        """The ticket of a group: opened once, joined by every member while it is open."""
        group = self.store.group(detection, first)
        if group is None:
            newest = members[-1]  # the ticket that fired: the first of a group, or of its second wave
            group = f"{detection}:{newest}"
            family = self.store.load(newest)
            assert family is not None
            source = family.tickets[newest]
            facts = {
                item.fact: value
                for item in plan.categories[category].record
                if (value := source.fact(item.fact)) is not None
            }
            act = c.Open(category, facts, plan=plan.version, edition=self.site.edition, origin=newest)
            self._apply(Command(group, system(detection), at, act))
            self.store.keep_group(detection, first, group)
        parent = self.store.load(group)
        if parent is None or parent.root.closed is not None:
            return
        for member in members:
            if self.store.add_member(group, member):
                self._apply(Command(member, system(detection), at, c.Joined(group)))

    def _handed_over(self, plan: Plan, ticket: Ticket) -> None:
        """A signed handover passes its post from the leaver to the taker."""
        for role in plan.roles.values():
            if role.handover == ticket.category and ticket.post == role.id and ticket.closed is not None:
                made = ticket.made.values()
                people = [record.person for record in sorted(made, key=lambda record: record.at)]
                if len(people) >= 2:
                    handover = Handover(ticket.closed, role.id, people[0], people[-1])
                    self._replace_roster(self.site.roster.with_handover(handover))

    # ---- time -------------------------------------------------------------------------------------------------------

    def advance(self, until: int) -> None:
        """Apply all that is due at or before `until`, an instant that is over, in order of instants.

        At one instant duties and reports open first, as commands do; timers come last.
        """
        while True:
            timer = self.store.next_timer()
            upcoming = self._next_occurrence(until)
            if upcoming is not None and (timer is None or upcoming.at <= timer.fire):
                self._open_occurrences(upcoming.at)
            elif timer is not None and timer.fire <= until:
                family = self.store.load(timer.ticket)
                assert family is not None
                plan = self.site.version(family.root.plan)
                outcome = fire(plan, family, timer)
                self._commit(plan, outcome)
                self._follow(plan, outcome)
            else:
                return

    def _next_occurrence(self, until: int) -> Occurrence | None:
        if until >= self._looked_until:
            found = occurrences(self.site, self._looked_until, until + 1)
            self._waiting = sorted([*self._waiting, *found], key=lambda one: (one.at, one.kind, one.id))
            self._looked_until = until + 1
        return self._waiting[0] if self._waiting and self._waiting[0].at <= until else None

    def _open_occurrences(self, at: int) -> None:
        """Open every duty and report of this instant or before."""
        while (one := self._next_occurrence(at)) is not None:
            self._waiting.pop(0)
            if one.kind == "duty":
                self.open_duty(one)
            else:
                self.report(one.id, one.at)

    def open_duty(self, one: Occurrence) -> None:
        plan = self.site.plan_at(one.at)
        duty = plan.duties[one.id]
        local = datetime.fromtimestamp(one.at, self.site.zone)
        suffix = f":{one.post}" if one.post is not None else ""
        ticket = f"{duty.id}@{local:%Y-%m-%dT%H:%M}{suffix}"
        if self.store.load(ticket) is not None:
            return  # an occurrence is opened once, however often the service was started
        act = c.Open(duty.category, {}, plan=plan.version, edition=self.site.edition, post=one.post)
        self._apply(Command(ticket, system(duty.id), one.at, act))

    def report(self, id: str, at: int) -> None:
        """A report falls due: its figures, computed from the events, go to whom the plan names."""
        known = {(event.at, event.data["report"]) for event in self.store.site_events() if event.kind == "reported"}
        if (at, id) in known:
            return  # a report is made once, however often the service was started
        if id == ROLLOUT:
            self._compare_rollout(at)
            return
        report = self.site.plan.reports[id]
        value = compute_report(
            self.site.plan,
            report,
            self._histories(),
            at,
            roster=self.site.roster.times_on_duty,
            outside=self.imported(),
        )
        figures = {line.figure.figure: line.figure.value for line in value.lines}
        sources = [id for line in value.lines for id in line.figure.rule.sources]
        data = {"report": id, "to": [party.name for party in report.to], "figures": figures, "weakest": value.weakest}
        self.record(at, "reported", _carrying(report.rule, sources), data)

    def _compare_rollout(self, at: int) -> None:
        """The figures of the pilot beside those of as long a time before it."""
        plan, zone = self.site.plan, self.site.zone
        rollout = plan.rollout
        assert rollout is not None
        assert rollout.pilot_from is not None
        begin = int(datetime.combine(rollout.pilot_from, time(), zone).timestamp())
        periods = {"before": Period(begin - (at - begin), begin), "pilot": Period(begin, at)}
        figures: dict[str, Any] = {}
        for name in rollout.compare:
            for when, period in periods.items():
                roster = self.site.roster.times_on_duty
                value = measure(plan, plan.figures[name], self._histories(), period, at, roster, self.imported())
                figures[f"{name} {when}"] = value.value
        sources = [id for name in rollout.compare for id in plan.figures[name].rule.sources]
        self.record(at, "reported", _carrying(rollout.rule, sources), {"report": ROLLOUT, "to": [], "figures": figures})

    def _histories(self) -> list[History]:
        return [History(family, self.store.steps(family.id)) for family in self.store.families()]

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
        return {
            (event.data["source"], event.data["period"]): event.data["value"]
            for event in self.store.site_events()
            if event.kind == "imported"
        }

    # ---- the site's own stream
    # ----------------------------------------------------------------------------------------

    def record(self, at: int, kind: str, rule: Rule, data: Mapping[str, Any]) -> None:
        self.store.record(SiteEvent(at, kind, rule, data))

    def _replace_roster(self, roster: Any) -> None:
        self.site = Site(self.site.plans, roster, self.site.edition, self.site.duties, self.site.reports)

    def roster_changed(self, at: int, entries: Iterable[Entry] = (), gone: Iterable[str] = ()) -> None:
        """People come and go. Whoever is new in a role opens the duties of new members; staffing is counted anew."""
        self.advance(at - 1)
        plan = self.site.plan
        roster = self.site.roster
        for person in gone:
            roster = roster.without(person, at)
        for entry in entries:
            new = entry.role not in {known.role for known in roster.entries if known.person == entry.person}
            roster = roster.with_entry(entry)
            self._replace_roster(roster)
            for duty in plan.duties.values():
                runs = self.site.duties is None or duty.id in self.site.duties
                if new and runs and isinstance(duty.every, NewMember) and entry.role in duty.every.roles:
                    self.open_duty(Occurrence(at, "duty", duty.id, entry.person))
        self._replace_roster(roster)
        self.count_staff(at)

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

    def _find(self, at: int, finding: Finding, rule: Rule) -> None:
        """A finding about the site: who answers for it is asked at once, and both are written down."""
        found = liable_of_site(self.site.plan, finding, self.site.roster.holds_post)
        sources = (*rule.sources, *(found.rule.sources if found is not None else ()))
        data = {"role": finding.name, "who": found.who if found is not None else ""}
        self.record(at, finding.kind, Rule(rule.path, tuple(dict.fromkeys(sources))), data)

    def reveal(self, at: int, ticket: str, by: str, fact: str, purpose: str) -> Refusal | None:
        """Somebody looks at a personal value: only who may see it, only for a purpose, and every look is logged."""
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
        if not may_see(plan, family, known, by, self.site.roster.roles_of(by, at)):
            return Refusal("by", by)
        self.record(at, "revealed", privacy.rule, {"ticket": ticket, "fact": fact, "by": by, "purpose": purpose})
        return None

    def publish_calendar(self, at: int, edition: str, plans: tuple[Plan, ...]) -> None:
        """New day data: every open ticket gets it by a command."""
        self.advance(at - 1)
        self.site = self.site.with_edition(edition, plans)
        self.record(at, "calendar_published", plans[-1].rule, {"edition": edition})
        for family in list(self.store.families()):
            for ticket in family.tickets.values():
                if ticket.closed is None:
                    self._apply(Command(ticket.id, system("calendar"), at, c.ApplyCalendar(edition)))

    def qualified(self, person: str, role: str | None) -> bool:
        """Whether a person has passed what a role requires before being assigned; who was there from the start has."""
        required = self.site.plan.roles[role].requires if role is not None else None
        if required is None:
            return True
        category = self.site.plan.duties[required].category
        found = [
            ticket
            for family in self.store.families()
            for ticket in family.tickets.values()
            if ticket.category == category and ticket.post == person
        ]
        return all(ticket.closed is not None and ticket.fact("passed") is not False for ticket in found)
