"""Who owns a ticket, who is told, and who stands in, at an hour of a day: the paths by which a plan reaches people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from engine.cli.dues import columns, show_at
from engine.cli.plans import load_plan
from engine.cli.trial import Trial, owner_of, read_at, the_category
from engine.core import Plan, Run, ladder, rung_instant, shape, timetable
from engine.core.plan import Deadline, Notice, Party, Rung, State
from engine.notify import quiet_until
from engine.policy import Teller, Words
from engine.runtime import show_instant


class Reached(NamedTuple):
    """A party as it is met at an instant: the role behind it, and the roles that stand in because nobody is there.

    `roles` is the way: the role itself, then each stand-in, until one that is on duty. Without roles it is nobody the
    plan knows: the assignee once there is one, the reporter.
    """

    party: str
    roles: tuple[str, ...]
    there: bool

    def text(self, teller: Teller) -> str:
        if not self.roles:
            return self.party
        own = teller.role(self.roles[0])
        named = own if own == self.party else f"{self.party} = {own}"
        if len(self.roles) == 1:
            return named if self.there else named + OFF.in_(teller.lang)
        return f"{named} → {' → '.join(teller.role(role) for role in self.roles[1:])}"


class Told(NamedTuple):
    """Somebody is told: at a rung of a deadline, or by a notice."""

    what: str
    when: str
    at: int | None
    who: tuple[Reached, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    plan: Plan
    category: str
    at: int
    states: tuple[tuple[State, Reached], ...]
    deadlines: tuple[tuple[Deadline, str, int, tuple[Told, ...]], ...]  #: with limit and due if it started now
    notices: tuple[Told, ...]


OFF: Final = Words(" (nobody there)", "（无人在岗）")
HELD: Final = Words("held back until {}", "静默时段，{} 发出")
LOUD: Final = Words("at night, too", "夜间照发")


def route(named: str, category: str | None, facts: Iterable[str], at: str, lang: str) -> Answer:
    """The routes of a ticket that is opened at an instant, with every clock started then."""
    plan, _ = load_plan(named, lang)
    chosen = the_category(plan, category, (one.id for one in plan.categories.values() if one.duty is None))
    now = read_at(plan, at, "--at")
    return _Routes(plan, Trial(plan, chosen, facts, now), chosen, now, Teller(plan, lang)).answer()


class _Routes:
    def __init__(self, plan: Plan, trial: Trial, category: str, at: int, teller: Teller) -> None:
        self.plan = plan
        self.trial = trial
        self.category = category
        self.at = at
        self.teller = teller
        self.shape = shape(plan, category)

    def answer(self) -> Answer:
        flow = self.shape.workflow
        states = [
            (state, self.reach(state.owner, self.at)) for state in flow.states.values() if state.owner is not None
        ]
        return Answer(
            self.plan, self.category, self.at, tuple(states), tuple(self._deadlines()), tuple(self._notices())
        )

    def _deadlines(self) -> Iterator[tuple[Deadline, str, int, tuple[Told, ...]]]:
        trial, plan = self.trial, self.plan
        for watch in self.shape.watches.values():
            run = trial.run(watch.deadline)
            if run is None or run.due is None:
                continue
            found = ladder(plan, watch.deadline)
            rungs = found.rungs if found is not None else ()
            told = tuple(self._rung(run, rung, watch.deadline) for rung in rungs if self._applies(rung))
            yield watch.deadline, self.teller.limit(run.limit), run.due, told

    def _applies(self, rung: Rung) -> bool:
        return rung.when is None or rung.when.holds(self.trial.view)

    def _rung(self, run: Run, rung: Rung, deadline: Deadline) -> Told:
        at = run.start if rung.at.kind == "start" else rung_instant(self.plan, self.trial.ticket, run, rung)
        when = at if at is not None else self.at
        who = tuple(self.reach(self._owned(party, deadline), when, party) for party in rung.notify)
        return Told(rung.id, self.teller.rung_at(rung), at, who, self._night(when, rung.loud, who))

    def _owned(self, party: Party, deadline: Deadline) -> Party | None:
        """`owner` and `assignee` of a deadline: its own owner, else the owner of the state in which it runs."""
        if party.kind != "word" or party.name not in ("owner", "assignee"):
            return party
        return owner_of(self.shape, deadline)

    def _notices(self) -> Iterator[Told]:
        for notice in self.plan.notices.values():
            if self.category in notice.of and (notice.when is None or notice.when.holds(self.trial.view)):
                yield self._notice(notice)

    def _notice(self, notice: Notice) -> Told:
        flow = self.shape.workflow
        happens = {"opened", *flow.moves, *flow.states}
        on = self.teller.moments(name for name in notice.on if name in happens or " " in name)
        who = tuple(self.reach(party, self.at) for party in notice.to)
        return Told(
            self.teller.both(notice.id, notice.title).replace("`", ""),
            on,
            None,
            who,
            self._night(self.at, notice.loud, who),
        )

    # ---- who is there ----

    def reach(self, party: Party | None, at: int, asked: Party | None = None) -> Reached:
        """Who a party is at an instant, by the plan alone: people are in no plan."""
        named = self.teller.party(asked or party) if (asked or party) is not None else ""  # type: ignore[arg-type]
        role: str | None = None
        if party is not None and party.kind == "role":
            role = party.name
        elif party is not None and party.kind == "fact":
            value = self.trial.view(party.name)
            role = str(value) if value in self.plan.roles else None
        if role is None:
            return Reached(named, (), False)
        way = self._way(role, at)
        return Reached(named, way, self.there(way[-1], at))

    def _way(self, role: str, at: int) -> tuple[str, ...]:
        way = [role]
        while not self.there(way[-1], at) and way[-1] != self.plan.last_resort:
            following = self.plan.roles[way[-1]].fallback or self.plan.last_resort
            if following in way:
                break
            way.append(following)
        return tuple(way)

    def there(self, role: str, at: int) -> bool:
        """Whether a role is on duty at an instant."""
        edition = self.trial.ticket.edition
        shifts = self.plan.roles[role].on_duty or (self.plan.calendar,)
        return any(timetable(self.plan, shift, edition).is_open(at) for shift in shifts)

    def _night(self, at: int, loud: bool, who: Iterable[Reached]) -> str:
        """Whether quiet hours hold a message back, and until when."""
        named = {name for one in who for name in ((*one.roles[:1], "staff") if one.roles else ("reporter",))}
        until = quiet_until(self.plan, named, at)
        if until is None:
            return ""
        if loud:
            return LOUD.in_(self.teller.lang)
        return HELD.in_(self.teller.lang).format(show_instant(until, self.plan.zone)[11:16])


# ---- on paper -------------------------------------------------------------------------------------------------------


def lines(answer: Answer, lang: str) -> Iterator[str]:
    teller = Teller(answer.plan, lang)
    zh = lang == "zh"
    category = answer.plan.categories[answer.category]
    title = teller.both(category.id, category.title).replace("`", "")
    at = show_at(answer.plan, answer.at)
    yield f"{title}，{at}" if zh else f"{title}, {at}"
    yield ""
    yield "  各状态的责任人" if zh else "  who owns it in each state"
    rows = [(teller.both(state.id, state.title).replace("`", ""), who.text(teller)) for state, who in answer.states]
    yield from (f"    {line}" for line in columns(rows))
    yield ""
    yield "  各时限的升级（假定此刻起算）" if zh else "  who is told by each deadline, if it started now"
    for deadline, limit, due, told in answer.deadlines:
        name = teller.both(deadline.id, deadline.title).replace("`", "")
        ends = f"{show_at(answer.plan, due)} 到期" if zh else f"due {show_at(answer.plan, due)}"
        yield f"    {name}: {limit}, {ends}" if not zh else f"    {name}：{limit}，{ends}"
        yield from (f"      {line}" for line in columns([_row(answer.plan, one, teller) for one in told]))
    if answer.notices:
        yield ""
        yield "  通知" if zh else "  who is told by notices"
        yield from (
            f"    {line}"
            for line in columns(
                [_row(answer.plan, one, teller)[:2] + _row(answer.plan, one, teller)[3:] for one in answer.notices]
            )
        )


def _row(plan: Plan, told: Told, teller: Teller) -> tuple[str, ...]:
    at = show_at(plan, told.at) if told.at is not None else ""
    return told.what, told.when, at, teller.list(one.text(teller) for one in told.who), told.note


# ---- for machines ---------------------------------------------------------------------------------------------------


def as_json(answer: Answer, lang: str) -> dict[str, Any]:
    plan = answer.plan

    def told(one: Told) -> dict[str, Any]:
        at = show_at(plan, one.at) if one.at is not None else None
        return {
            "what": one.what,
            "when": one.when,
            "at": at,
            "tells": [who(x) for x in one.who],
            "note": one.note or None,
        }

    def who(one: Reached) -> dict[str, Any]:
        return {"party": one.party, "roles": list(one.roles), "on_duty": one.there}

    return {
        "category": answer.category,
        "at": show_at(plan, answer.at),
        "states": [
            {"state": state.id, "title": state.title, "owner": who(reached)} for state, reached in answer.states
        ],
        "deadlines": [
            {"deadline": one.id, "limit": limit, "due": show_at(plan, due), "rungs": [told(rung) for rung in rungs]}
            for one, limit, due, rungs in answer.deadlines
        ],
        "notices": [told(one) for one in answer.notices],
    }
