"""What somebody may do now: the moves of a ticket with what each asks for, and what a category records at its opening.

Whether a move is possible the core is asked itself: it decides on the family in memory, and what it decided is
forgotten. Facts that are asked for and not known yet stand in for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from math import inf
from typing import Any, Final

from engine.core import Actor, Command, Family, Plan, Refusal, Table, Ticket, Value, View, Work, decide, reads, shape
from engine.core import commands as c
from engine.core import conditions as k
from engine.core.plan import ASSIGNEE, OWNER, Asked, Category, Fact, Move
from engine.policy import Words
from engine.runtime import FIELDS, STANDING, VERDICTS, StandingMove
from engine.server.event_words import rung_words
from engine.server.present import Shown, category, instant, is_personal, named, rule, value_text, workflow_of

#: Refusals that say that somebody may not, or not now, whatever he fills in.
_CLOSED: Final = frozenset({"by", "closed", "state", "merged", "other_than", "before"})


def moves(plan: Plan, family: Family, one: Ticket, actor: Actor, now: int) -> list[Shown]:
    """The moves that this person may make on a ticket now: those of the workflow, the likeliest first, then those of
    every one.
    """
    probe = _Probe(plan, family, one, actor, max(now, family.floor))
    return [*probe.moves(), *probe.standing()]


def legal(plan: Plan, family: Family, one: Ticket, actor: Actor, now: int) -> tuple[str, ...]:
    """The moves of the workflow that this person may make on a ticket now, by their ids, in the same order."""
    return tuple(move.id for move in _Probe(plan, family, one, actor, max(now, family.floor)).possible())


def whole(plan: Plan, family: Family | None, command: Command | Refusal, refusal: Refusal) -> Refusal:
    """A refusal for something that is missing, about all that is: the core names the first, the door all it wants."""
    if refusal.code != "missing" or isinstance(command, Refusal):
        return refusal
    return refusal._replace(detail=", ".join(dict.fromkeys([refusal.detail, *_missing(plan, family, command)])))


def _missing(plan: Plan, family: Family | None, command: Command) -> Iterator[str]:
    """What is asked on a condition counts as far as what is known answers it."""
    act = command.act
    if isinstance(act, c.Open):
        known = plan.categories.get(act.category)
        yield from _unanswered(known.record if known is not None else (), act.facts, act.facts.get)
    elif isinstance(act, c.Do) and family is not None:
        one = family.tickets[command.ticket]
        move = workflow_of(plan, one).moves[act.move]
        view = Work(plan, family, command.at, command.actor).view(one, act.facts)
        yield from _unanswered(move.ask, act.facts, view)
        for item in plan.categories[move.opens].record if move.opens is not None else ():
            if not item.optional and view(item.fact) is None and plan.facts[item.fact].default is None:
                yield item.fact
        if move.assign is not None and act.assignee is None and one.assignee is None:
            yield "assignee"


def _unanswered(asked: Iterable[Asked], given: Mapping[str, Value], view: View) -> Iterator[str]:
    for item in asked:
        if not item.optional and item.fact not in given and (item.when is None or item.when.holds(view)):
            yield item.fact


def intake(plan: Plan, id: str) -> Shown:
    """What a category records when a ticket is opened. Raises KeyError: there is no such category."""
    known = plan.categories[id]
    return {
        "category": category(plan, id),
        "fields": [field(plan, item, item.when) for item in known.record],
        "guide": _all_rows(known.guide),
        **rule(plan, known.rule),
    }


def intakes(plan: Plan) -> list[Shown]:
    """The categories that people open, in order of the plan; those of duties open by themselves."""
    return [intake(plan, one.id) for one in plan.categories.values() if one.duty is None]


def condition(when: k.Condition | None) -> Shown | None:
    """A condition as a form can ask it of what was filled in; None: always."""
    match when:
        case None:
            return None
        case k.OneOf(fact, values):
            return {"fact": fact, "in": sorted(values, key=str)}
        case k.NoneOf(fact, values):
            return {"fact": fact, "not_in": sorted(values, key=str)}
        case k.IsSet(fact, wanted):
            return {"fact": fact, "set": wanted}
        case k.Between(fact, low, high, low_open, high_open):
            return {"fact": fact, "low": low, "high": high, "low_open": low_open, "high_open": high_open}
        case k.All(parts):
            return {"all": [condition(part) for part in parts]}
        case k.Any(parts):
            return {"any": [condition(part) for part in parts]}
        case k.Not(part):
            return {"not": condition(part)}
        case k.ClockTime(start, end):
            return {"time": [start, end]}
        case k.OpeningDay(working, weekdays):
            return {"working_day": working, "weekdays": sorted(weekdays)}
        case k.Within(fact, amount, unit):
            return {"fact": fact, "within": [amount, unit]}
        case k.Breached(deadlines):
            return {"breached": sorted(deadlines, key=str)}


def field(plan: Plan, item: Asked, when: k.Condition | None, value: Value | None = None) -> Shown:
    """A fact as a form asks for it. `when`: on what, among the fields of the same form, it depends."""
    fact = plan.facts[item.fact]
    personal = is_personal(plan, fact.id)
    zone = plan.zone
    known = None if value is None or personal else value
    if known is not None and fact.type == "time":
        shown: Value | None = instant(int(known), zone)
    else:
        shown = known
    return {
        "name": fact.id,
        "title": fact.title,
        "type": fact.type,
        "values": _values(plan, fact),
        "optional": item.optional,
        "personal": personal,
        "when": condition(when),
        "value": shown,
        "text": "" if known is None else value_text(plan, fact.id, known, zone),
        "has_default": fact.default is not None,
    }


def _values(plan: Plan, fact: Fact) -> list[Shown]:
    if fact.type == "role":
        return [named(role.id, role.title) for role in plan.roles.values()]
    return [named(id, title) for id, title in fact.values.items()]


def _all_rows(guide: Table[str] | None) -> list[Shown]:
    rows = guide.rows if guide is not None else ()
    return [{"when": condition(row.when), "text": row.value} for row in rows]


class _Probe:
    """Asks the core what would happen, for one person on one ticket."""

    def __init__(self, plan: Plan, family: Family, one: Ticket, actor: Actor, at: int) -> None:
        self.plan = plan
        self.family = family
        self.one = one
        self.actor = actor
        self.at = at
        self.view: View = Work(plan, family, at, actor).view(one)

    def refusal(self, act: c.Act) -> Refusal | None:
        found = decide(self.plan, self.family, Command(self.one.id, self.actor, self.at, act))
        return found if isinstance(found, Refusal) else None

    # ---- of the workflow ----

    def moves(self) -> Iterator[Shown]:
        return map(self.move, self.possible())

    def possible(self) -> list[Move]:
        """Those that may be made, in the order in which they are likely to be wanted."""
        moves = workflow_of(self.plan, self.one).moves.values()
        return sorted((move for move in moves if self.one.state in move.sources and self.may(move)), key=self.order)

    def order(self, move: Move) -> tuple[bool, bool, int, float]:
        """What sends back, suspends or gives up comes last, and before it what others than the owner may do, too.

        Of the rest first what only the person himself can do, then what a running deadline names, then what ends one by
        where it leads or makes the paused ones run; the nearest due first, and else as the plan has them.
        """
        named, led = self.dues(move.id), self.dues(move.to)
        resumes = move.to is not None and bool(workflow_of(self.plan, self.one).states[self.one.state].pauses)
        rank = 0 if move.by == (ASSIGNEE,) else 1 if named else 2 if led or resumes else 3
        return (
            self.retreats(move, asked=bool(named or led)),
            {OWNER, ASSIGNEE}.isdisjoint(move.by),
            rank,
            min(named or led, default=inf),
        )

    def dues(self, happening: str | None) -> list[int]:
        """When the running deadlines that a happening ends are due."""
        watches = shape(self.plan, self.one.category).ends.get(happening or "", ())
        runs = (self.one.runs.get(watch.deadline.id) for watch in watches)
        return [run.due for run in runs if run is not None and run.due is not None]

    def retreats(self, move: Move, asked: bool) -> bool:
        """Whether a move leads to a state that pauses, to an earlier one, or to an end that no deadline asks for."""
        states = workflow_of(self.plan, self.one).states
        if move.to is None or move.to == self.one.state:
            return False
        here, there = states[self.one.state], states[move.to]
        if there.pauses or (there.final and not asked):
            return True
        places = list(states)
        return not here.pauses and places.index(there.id) < places.index(here.id)

    def may(self, move: Move) -> bool:
        """Whether the move is possible with some of the facts it asks for."""
        given: dict[str, Value] = {}
        assignee = self.actor.person if move.assign is not None else None
        while (refusal := self.refusal(c.Do(move.id, given, assignee))) is not None:
            if refusal.code != "missing" or refusal.detail in given or refusal.detail not in self.plan.facts:
                return self.may_yet(move, refusal, {item.fact for item in self.asked(move)})
            given[refusal.detail] = _anything(self.plan, self.plan.facts[refusal.detail], self.at)
        return True

    def may_yet(self, move: Move, refusal: Refusal, asked: set[str]) -> bool:
        """Whether a refusal may go away with other facts: the core was shown some value, not the one to come."""
        match refusal.code:
            case "when":
                return not asked.isdisjoint(reads(move.when))
            case "after":
                return any(
                    earlier == refusal.detail and not asked.isdisjoint(reads(when)) for earlier, when in move.after
                )
        return refusal.code not in _CLOSED

    def move(self, move: Move) -> Shown:
        fields = list(self.fields(self.asked(move)))
        if move.assign is not None:
            holder = named(move.assign, self.plan.roles[move.assign].title)
            person = _person(FIELDS["assignee"], optional=self.one.assignee is not None, role=holder)
            fields = [person | {"value": self.one.assignee}, *fields]
        return {
            "move": move.id,
            **_title(Words(move.id, move.title)),
            "title": move.title,
            "standing": False,
            "to": named(move.to, workflow_of(self.plan, self.one).states[move.to].title) if move.to else None,
            "rework": move.rework,
            "late_report": move.observed,
            "opens": category(self.plan, move.opens) if move.opens is not None else None,
            "fields": fields,
            "guide": list(self.guide(move)),
            **rule(self.plan, move.rule),
        }

    def asked(self, move: Move) -> tuple[Asked, ...]:
        """What a move asks for, and what the record of the part that it opens asks for and the ticket does not know."""
        record = self.plan.categories[move.opens].record if move.opens is not None else ()
        of_move = {item.fact for item in move.ask}
        unknown = (item for item in record if item.fact not in of_move and self.view(item.fact) is None)
        return (*move.ask, *unknown)

    def fields(self, asked: tuple[Asked, ...]) -> Iterator[Shown]:
        """Those that may be asked: a condition is answered as far as what is known answers it."""
        names = {item.fact for item in asked}
        for item in asked:
            open_yet = item.when is not None and not names.isdisjoint(reads(item.when))
            if item.when is None or open_yet or item.when.holds(self.view):
                yield field(self.plan, item, item.when if open_yet else None, self.one.fact(item.fact))

    def guide(self, move: Move) -> Iterator[Shown]:
        if move.guide is None:
            return
        names = {item.fact for item in self.asked(move)}
        if all(names.isdisjoint(reads(row.when)) for row in move.guide.rows):
            row = move.guide.pick(self.view)
            yield from [{"when": None, "text": row.value}] if row is not None else []
            return
        yield from _all_rows(move.guide)

    # ---- standing ----

    def standing(self) -> Iterator[Shown]:
        workflow = workflow_of(self.plan, self.one)
        for name, move in STANDING.items():
            choices = list(self.choices(name))
            if not choices:
                continue
            listed = workflow.standing.get(name)
            yield {
                "move": name,
                **_title(move.title),
                "title": move.title.zh,
                "standing": True,
                "to": None,
                "rework": False,
                "late_report": name == "note",
                "opens": None,
                "fields": [*self.standing_fields(name, move, choices)],
                "guide": [],
                **rule(self.plan, listed.rule if listed is not None else workflow.rule),
            }

    def choices(self, name: str) -> Iterator[tuple[str, str]]:
        """For what the standing move may be made: (deadline, rung) where it is about those, else one empty pair."""
        match name:
            case "ack":
                yield from (
                    (run.deadline, rung)
                    for run in self.one.runs.values()
                    for rung in run.climb.raised
                    if self.lets(c.Ack(run.deadline, rung))
                )
            case "escalate":
                yield from ((id, "") for id in self.one.runs if self.lets(c.Escalate(id)))
            case "excuse":
                yield from (
                    (id, "")
                    for id in dict.fromkeys(run.deadline for run in self.one.all_runs())
                    if self.lets(c.Excuse(id, ""))
                )
            case "unlink":
                yield from [("", "")] if self.lets(c.Unlink("")) else []
            case _:
                yield from [("", "")] if self.lets_in_general(name) else []

    def lets(self, act: c.Act) -> bool:
        return self.refusal(act) is None

    def lets_in_general(self, name: str) -> bool:
        """Whether the person may make it at all; what he fills in is judged when he does."""
        acts: Mapping[str, c.Act] = {
            "note": c.Note(""),
            "assign": c.Assign(None, self.actor.person),
            "set_facts": c.SetFacts({}, ""),
            "correct": c.CorrectFacts({}, "", ""),
            "recategorise": c.Recategorise(""),
            "link": c.Link(""),
            "merge": c.Merge(""),
        }
        refusal = self.refusal(acts[name])
        return refusal is None or refusal.code not in _CLOSED | {"when"}

    def standing_fields(self, name: str, move: StandingMove, choices: list[tuple[str, str]]) -> Iterator[Shown]:
        for each in move.asks:
            title, optional = FIELDS[each], each in move.optional
            made = _person(title, optional) if each == "assignee" else _plain(each, title, optional)
            yield made | {"values": self.values(name, each, choices)}
        for id in self.facts_of(name):
            if id not in move.asks:  # what the move itself asks for has the name: a `reason`
                yield field(self.plan, Asked(id, optional=True), None, self.one.fact(id))

    def facts_of(self, name: str) -> list[str]:
        """The facts that a standing move sets: those that are known; new ones as far as the category and the moves of
        the ticket ask for them, or a category that it may become.
        """
        match name:
            case "correct":
                asked: set[str] = set()
            case "set_facts":
                workflow = workflow_of(self.plan, self.one)
                of_moves = (move.ask for move in workflow.moves.values())
                asked = _names(chain(self.plan.categories[self.one.category].record, *of_moves))
            case "recategorise":
                asked = _names(chain.from_iterable(one.record for one in self.others()))
            case _:
                return []
        return [id for id in self.plan.facts if id in asked or self.one.fact(id) is not None]

    def others(self) -> Iterator[Category]:
        """The categories that the ticket may become."""
        return (one for one in self.plan.categories.values() if one.duty is None and one.id != self.one.category)

    def values(self, name: str, each: str, choices: list[tuple[str, str]]) -> list[Shown]:
        match each:
            case "deadline":
                ids = [run.deadline for run in self.one.all_runs()] if name == "correct" else [id for id, _ in choices]
                titles = {deadline.id: deadline.title for deadline in self.plan.deadlines}
                return [named(id, titles.get(id, id)) for id in dict.fromkeys(ids)]
            case "rung":
                words = {(id, rung): rung_words(self.plan, self.one.category, id, rung) for id, rung in choices}
                return [named(rung, said.zh) | {"deadline": id, **said._asdict()} for (id, rung), said in words.items()]
            case "role":
                return [named(role.id, role.title) for role in self.plan.roles.values()]
            case "category":
                return [named(one.id, one.title) for one in self.others()]
            case "verdict":
                return [named(one, one) for one in VERDICTS]
        return []


def _names(asked: Iterable[Asked]) -> set[str]:
    return {item.fact for item in asked}


def _anything(plan: Plan, fact: Fact, at: int) -> Value:
    """Some value of a fact's type."""
    match fact.type:
        case "choice":
            return next(iter(fact.values))
        case "flag":
            return True
        case "number" | "score":
            return 1
        case "time":
            return at
        case "role":
            return next(iter(plan.roles))
    return "-"


def _title(words: Words) -> Shown:
    return {"en": words.en, "zh": words.zh}


def _plain(name: str, title: Words, optional: bool, type: str = "text") -> dict[str, Any]:
    return {
        "name": name,
        "title": title.zh,
        **_title(title),
        "type": type,
        "values": [],
        "optional": optional,
        "personal": name == "text",
        "when": None,
        "value": None,
        "text": "",
        "has_default": False,
    }


def _person(title: Words, optional: bool, role: Shown | None = None) -> dict[str, Any]:
    return _plain("assignee", title, optional, "person") | {"role": role}
