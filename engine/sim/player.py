"""Playing a scenario: the unmodified service on a virtual clock, step by step, with everything that happened kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from engine.core import Family, History, Message, Plan, Refusal
from engine.core import Step as CoreStep
from engine.policy import Diagnostic, Span, Words, did_you_mean
from engine.runtime import (
    Door,
    Entry,
    Plans,
    Roster,
    Service,
    Site,
    VirtualClock,
    change_roster,
    import_value,
    permit_reveal,
    read_number,
)
from engine.sim.codes import diagnose
from engine.sim.names import GONE, TICKET, read_days
from engine.sim.projection import CLOCK_WORDS, SITE, Fact, last_said, of_message, of_site, of_step
from engine.sim.scenario import Expected, Scenario, Step
from engine.store import MemoryStore
from engine.worktime import CalendarError, OutOfTable

Key = tuple[str, str, str]
#: What of `with` names another ticket.
_TICKETS: Final = frozenset({"group", "into"})
OUTSIDE: Final = Words(
    "a limit that runs here has no end between 1990 and 2100: does its calendar ever open?",
    "这里起算的时限在 1990 至 2100 年之间没有到期时刻：日历开放吗？",
)


#: What may happen between two steps of a file; nobody lists more, and a clock of seconds would never end.
STEPS_MAX: Final = 10_000
ENDLESS: Final = Words(
    f"more than {STEPS_MAX} things happen before this step: does a clock or a repeat run every few seconds?",
    f"到这一步为止发生的事情超过 {STEPS_MAX} 件：是否有时限或重复提醒每隔几秒就触发？",
)


NAMED: Final = Words(
    "the engine's tickets are named where `then` first mentions them: then: {{{name}: {{state: todo}}}}",
    "系统开出的工单，由 `then` 里第一次提到它的键命名：then: {{{name}: {{state: todo}}}}",
)


class UnplayableError(Exception):
    """A step that cannot be played; `found` says where and why."""

    def __init__(self, found: Diagnostic) -> None:
        super().__init__(found.message.en)
        self.found = found


class Difference(NamedTuple):
    """One thing of a step that is not as the file says: missing, unexpected, or otherwise than expected."""

    step: int
    expected: Expected | None
    got: Fact | None


class Claim(NamedTuple):
    """What `finally` says otherwise than it ended, and where."""

    span: Span
    what: str
    expected: str
    got: str


@dataclass(slots=True)
class Played:
    """A step with what happened since the step before, by the names of the scenario."""

    step: Step
    got: dict[Key, Fact] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()


@dataclass(slots=True)
class Performance:
    """A scenario played to its end. `names` maps the engine's ticket ids to those of the file."""

    scenario: Scenario
    plan: Plan
    plays: list[Played]
    service: Service
    names: Mapping[str, str]
    log: list[tuple[Plan, Family, CoreStep]]
    problems: list[Claim] = field(default_factory=list)  #: what `finally` says otherwise

    @property
    def differences(self) -> list[Difference]:
        return [difference for played in self.plays for difference in played.differences]

    @property
    def passed(self) -> bool:
        return not self.differences and not self.problems

    def ticket(self, name: str) -> Family | None:
        ids = {scenario: engine for engine, scenario in self.names.items()}
        return self.service.store.load(ids.get(name, name))


def play(scenario: Scenario, plan: Plan, edition: str) -> Performance:
    """Play every step. Nothing is compared while playing: a wrong expectation never changes what happens."""
    return _Player(scenario, plan, edition).play()


class _Player:
    def __init__(self, scenario: Scenario, plan: Plan, edition: str) -> None:
        self.scenario = scenario
        self.plan = plan
        start = scenario.steps[0].at
        roster = Roster(Plans.of(plan), edition, tuple(_entries(scenario.people, 0)), complete=False)
        self.site = Site(roster.plans, roster, edition, scenario.duties, scenario.reports)
        self.clock = VirtualClock(start)
        self.store = MemoryStore()
        self.service = Service(self.site, self.store, start, self._hear)
        self.door = Door(self.service)
        self.fresh: list[Fact] = []
        self.heard_site = 0
        self.heard_before, self.span = 0, scenario.steps[0].span
        self.log: list[tuple[Plan, Family, CoreStep]] = []
        self.names: dict[str, str] = {}
        self.opening = {step.ticket for step in scenario.steps if step.verb == "open"}  # not by the engine

    def play(self) -> Performance:
        plays: list[Played] = []
        steps = self.scenario.steps
        for index, step in enumerate(steps):
            try:
                plays.append(self._play(index, step))
            except OutOfTable:
                raise UnplayableError(diagnose("E609", step.span, name="at", text=OUTSIDE)) from None
        self.log.sort(key=lambda told: told[2].at)  # families are brought up one by one
        return Performance(self.scenario, self.plan, plays, self.service, self.names, self.log)

    def _play(self, index: int, step: Step) -> Played:
        steps = self.scenario.steps
        self.span, self.heard_before = step.span, len(self.log)
        self.clock.move(step.at)
        if step.verb is not None:
            self._do(step)
        last_of_instant = index + 1 == len(steps) or steps[index + 1].at > step.at
        if step.verb is None or last_of_instant:
            self.service.advance(step.at)
        return self._played(index, step)

    def _do(self, step: Step) -> None:
        assert step.verb is not None
        if step.verb in SITE_COMMANDS:
            SITE_COMMANDS[step.verb](self, step)
            return
        self.service.catch_up(step.at)
        if not (step.refused or step.ticket in self.opening or self.store.load(self._id(step.ticket)) is not None):
            raise UnplayableError(self._no_ticket(step))
        given = {name: self._id(text) if name in _TICKETS else text for name, text in step.given.items()}
        request = self.door.request(step.at, self._id(step.ticket), step.by, step.verb, given)
        answer = request if isinstance(request, Refusal) else self.service.handle(request)
        if isinstance(answer, Refusal):
            self.fresh.append(_refused(step, answer))

    def _no_ticket(self, step: Step) -> Diagnostic:
        """A step about a ticket that nobody opened, or that the file has not named yet."""
        there = [self.names.get(id, id) for family in self.store.families() for id in family.tickets]
        found = diagnose("E606", step.spans.get("ticket", step.span), kind=TICKET, text=step.ticket)
        return found.helping(*did_you_mean(step.ticket, there), NAMED.format(name=step.ticket))

    def _id(self, name: str) -> str:
        """The engine's id of a ticket that the file names; a new ticket gets the file's name."""
        return next((id for id, known in self.names.items() if known == name), name)

    def _hear(self, plan: Plan, family: Family, step: CoreStep, messages: tuple[Message, ...]) -> None:
        if len(self.log) - self.heard_before > STEPS_MAX:
            raise UnplayableError(diagnose("E609", self.span, name="at", text=ENDLESS))
        self.log.append((plan, family, step))
        history = History(family, self.store.steps(family.id))
        self.fresh += of_step(plan, history, step, self.service.site.roster.holds_post)
        for message in messages:
            self.fresh += of_message(message)

    def _played(self, index: int, step: Step) -> Played:
        for event in self.store.site_events()[self.heard_site :]:
            self.fresh += of_site(event)
        self.heard_site = len(self.store.site_events())
        facts, self.fresh = self.fresh, []
        self._name_new_tickets(step, facts)
        named = [self._named(fact) for fact in facts]
        got = {key: fact for key, fact in last_said(named).items() if self._listed(fact)}
        return Played(step, got, tuple(compare(index, step, got)))

    def _name_new_tickets(self, step: Step, facts: list[Fact]) -> None:
        """Tickets that the engine opened are named by the keys under which the file first mentions them."""
        known = set(self.names.values()) | {other.ticket for other in self.scenario.steps}
        for fact in facts:
            if fact.word == "opened" and fact.about not in self.names:
                for wanted in step.then:
                    if wanted.word == "opened" and wanted.said == fact.said and wanted.about not in self.names.values():
                        self.names[fact.about] = wanted.about
                        break
        new = [f.ticket for f in facts if f.ticket not in self.names and f.ticket not in known and f.ticket != "site"]
        names = [w.ticket for w in step.then if w.ticket not in self.names.values() and w.ticket != "site"]
        free = [name for name in dict.fromkeys(names) if name not in self.opening]
        for id, name in zip(dict.fromkeys(new), free, strict=False):
            self.names[id] = name

    def _named(self, fact: Fact) -> Fact:
        about = self.names.get(fact.about, fact.about) if fact.word == "opened" else fact.about
        said = fact.said
        if fact.word == "linked" and isinstance(said, str):
            said = self.names.get(said, said)
        return fact._replace(ticket=self.names.get(fact.ticket, fact.ticket), about=about, said=said)

    def _listed(self, fact: Fact) -> bool:
        """`clocks` limits which deadlines must be listed; everything else is always strict."""
        clocks = self.scenario.clocks
        if clocks is None or fact.word not in (*CLOCK_WORDS, "liable"):
            return True
        name = fact.about.partition(".")[0]
        return name in clocks or not any(deadline.id == name for deadline in self.plan.deadlines)


def compare(index: int, step: Step, got: Mapping[Key, Fact]) -> Iterable[Difference]:
    """What differs between what a step's file says and what happened, earliest first."""
    wanted = {_key(expected): expected for expected in step.then}
    found = [Difference(index, wanted.get(key), fact) for key, fact in got.items() if not _same(wanted.get(key), fact)]
    found += [Difference(index, expected, None) for key, expected in wanted.items() if key not in got]
    return sorted(found, key=lambda one: (one.got.at if one.got else step.at, one.got is None))


def _key(expected: Expected) -> Key:
    if expected.word == "repeated":
        return (expected.ticket, expected.word, f"{expected.about} {expected.said}")
    return (expected.ticket, expected.word, expected.about)


def _same(expected: Expected | None, fact: Fact) -> bool:
    return expected is not None and expected.said == fact.said


def _entries(people: Mapping[str, str], since: int) -> Iterable[Entry]:
    """`小陈: front_desk desk_early`: a person, the role, and the shifts where the role has several."""
    for person, text in people.items():
        role, *shifts = text.split()
        yield Entry(person, role, tuple(shifts), since)


# ---- site commands
# ----------------------------------------------------------------------------------------------------


def _roster_changed(player: _Player, step: Step) -> None:
    """`with` names people and their new roles; the word `gone` takes a person off the roster."""
    gone = [person for person, text in step.given.items() if text == GONE]
    come = {person: text for person, text in step.given.items() if text != GONE}
    change_roster(player.service, step.at, _entries(come, step.at), gone)


def _engine_down(player: _Player, step: Step) -> None:
    """The engine is down and comes back as a new one from its store; history must not show it."""
    old = player.service
    player.service = Service(player.site, player.store, old.start, player._hear)
    player.door = Door(player.service)


def _publish_calendar(player: _Player, step: Step) -> None:
    """New day data arrives: `with: {days: FILE}`, a file beside the scenario."""
    document = read_days(step, (player.scenario.source.path or Path()).parent)
    if isinstance(document, Diagnostic):
        raise UnplayableError(document)
    try:
        player.service.publish_calendar(step.at, step.given["days"], document)
    except CalendarError as problem:
        said = Words(str(problem), str(problem))
        raise UnplayableError(diagnose("E609", step.given_spans["days"], name="days", text=said)) from None
    player.plan = player.service.site.plan


def _reveal(player: _Player, step: Step) -> None:
    """Somebody looks at a personal fact, for a purpose; it is logged, or refused."""
    fact, purpose = step.given.get("fact", ""), step.given.get("purpose", "")
    refusal = permit_reveal(player.service, step.at, player._id(step.ticket), step.by, fact, purpose)
    if refusal is not None:
        player.fresh.append(_refused(step, refusal))


def _refused(step: Step, refusal: Refusal) -> Fact:
    return Fact(step.ticket, "refused", "", f"{refusal.code} {refusal.detail}".strip(), step.at)


def _import_figure(player: _Player, step: Step) -> None:
    """A value from elsewhere arrives: `with: {source: call_centre, value: 96%}`."""
    value, source = read_number(step.given.get("value", "")), step.given.get("source", "")
    if value is None:
        refusal: Refusal | None = Refusal("value", "value")
    else:
        refusal = import_value(player.service, step.at, source, value, step.at)
    if refusal is not None:
        player.fresh.append(Fact(SITE, "refused", "", f"{refusal.code} {refusal.detail}", step.at))


SITE_COMMANDS = {
    "import_figure": _import_figure,
    "roster_changed": _roster_changed,
    "engine_down": _engine_down,
    "publish_calendar": _publish_calendar,
    "reveal": _reveal,
}
