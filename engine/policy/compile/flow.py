"""Workflows: states, moves, and the moments that they bring about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from engine.core import Condition
from engine.core.plan import OWNER, STANDING_MOVES, Instant, Move, Standing, State, Workflow
from engine.policy.compile.conditions import condition
from engine.policy.compile.desk import Desk
from engine.policy.compile.people import ANOTHER_ID, asked, settings, texts
from engine.policy.schema import flow
from engine.policy.schema.base import AskedItem
from engine.policy.schema.lengths import InstantText
from engine.policy.shapes import Path
from engine.policy.words import Words
from engine.worktime import DayRule

HAPPENS: Final = Words(
    "write a move, a state, or `breached` or `met` behind a deadline",
    "写动作、状态，或在时限后面写 `breached` 或 `met`",
)
EVERY_STATE: Final = Words("here it means every state that is not final", "在这里指所有未结束的状态")
MERGED: Final = "merged"

#: What a standing move may say: who and when, nothing that would make it another move.
STANDING_KEYS: Final = frozenset({"by", "when", "title", "source", "note"})


class Moments:
    """The names of all that can happen, for the whole plan and for each workflow."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.by_flow = {
            name: {"opened", *desk.ids("workflows", name, "states"), *desk.ids("workflows", name, "moves")}
            - STANDING_MOVES
            for name in desk.ids("workflows")
        }
        parts = (("workflows", flow, part) for flow in self.by_flow for part in ("states", "moves"))
        self.uncertain = any(path in desk.doubtful for path in (("workflows",), *parts))
        self.deadlines = {*desk.ids("deadlines"), *desk.ids("duties")}
        for text in (desk.policy.workflows or {}).values():
            self.deadlines |= {id for id, state in (text.states or {}).items() if state.at_most is not None}
        self.happenings = sorted({"opened"}.union(*self.by_flow.values()))
        self.times = [id for id, fact in (desk.policy.facts or {}).items() if fact.type == "time"]
        self.dates = [id for id, fact in (desk.policy.facts or {}).items() if fact.type == "date"]

    def happening(self, path: Path, text: str, *, times: bool = False) -> str | None:
        """Something that happens: for `from`, `until`, `void`, `on`; with `times` also a time fact."""
        name, _, event = text.rpartition(" ")
        if event in ("breached", "met"):
            return self._of_deadline(path, name, event)
        if event == "due" or (not times and text in self.times) or text in self.dates:
            self.desk.add(self.desk.say("E115", path, moment=text).helping(HAPPENS))
            self.desk.doubt(path)
            return None
        return self._known(path, text, [*self.happenings, *(self.times if times else ())])

    def happenings_of(self, path: Path, texts: Iterable[str] | None, *, times: bool = False) -> frozenset[str]:
        found = (self.happening((*path, index), text, times=times) for index, text in enumerate(texts or ()))
        return frozenset(name for name in found if name is not None)

    def instant(
        self, path: Path, text: InstantText, calendar: str | None = None, day_rule: DayRule | None = None
    ) -> Instant | None:
        """An instant: a happening, a time fact, the due of a deadline, or a date, which means its close of business;
        with a length before or after.
        """
        name, _, event = text.moment.rpartition(" ")
        if event in ("due", "breached", "met"):
            moment = self._of_deadline(path, name, event)
        else:
            moment = self._known(path, text.moment, [*self.happenings, *self.times, *self.dates])
        return None if moment is None else Instant(moment, text.offset, calendar, day_rule)

    def _known(self, path: Path, name: str, known: list[str]) -> str | None:
        """A moment; of one that is not known nothing is said where moves or states could not be read."""
        if self.uncertain and name not in known:
            self.desk.doubt(path)
            return None
        return self.desk.resolve("moments", path, name, known)

    def _of_deadline(self, path: Path, name: str, event: str) -> str | None:
        meant = self.desk.resolve("deadlines", path, name, self.deadlines)
        return None if meant is None else f"{meant} {event}"


def workflows(desk: Desk, moments: Moments) -> dict[str, Workflow]:
    found = {id: _workflow(desk, moments, id, text) for id, text in (desk.policy.workflows or {}).items()}
    return {id: workflow for id, workflow in found.items() if workflow is not None}


def _workflow(desk: Desk, moments: Moments, id: str, text: flow.Workflow) -> Workflow | None:
    path: Path = ("workflows", id)
    own_states, own_moves = desk.ids(*_words(path), "states"), desk.ids(*_words(path), "moves")
    for name in own_states:
        _check_state_name(desk, (*path, "states", name), name, path, own_moves)
    for name in own_moves:
        if name in ("opened", MERGED):
            desk.add(desk.say("E110", (*path, "moves", name), key=True, name=name).helping(ANOTHER_ID))
    states = {name: _state(desk, (*path, "states", name), name, state) for name, state in (text.states or {}).items()}
    moves: dict[str, Move] = {}
    standing: dict[str, Standing] = {}
    for name, move in (text.moves or {}).items():
        at = (*path, "moves", name)
        if name in STANDING_MOVES:
            standing[name] = _standing(desk, at, name, move)
        elif (compiled := _move(desk, moments, at, name, move, own_states, own_moves, states)) is not None:
            moves[name] = compiled
    initial = desk.resolve("states", (*path, "initial"), text.initial, own_states) if text.initial else None
    if text.like is not None:
        desk.one("workflows", (*path, "like"), text.like)
    if initial not in states:
        desk.doubt(path)
        initial = next(iter(states), None)
    if initial is None:
        return None
    states[MERGED] = State(MERGED, MERGED, desk.rule(path), final=True)
    return Workflow(
        id=id,
        title=text.title or id,
        initial=initial,
        states=states,
        moves=moves,
        rule=desk.rule(path),
        standing=standing,
        accountable=desk.party((*path, "accountable"), text.accountable) if text.accountable else None,
        like=_ancestors(desk, id),
    )


def _check_state_name(desk: Desk, at: Path, name: str, flow_path: Path, moves: list[str]) -> None:
    if name in (MERGED, "opened") or name in STANDING_MOVES:
        desk.add(desk.say("E110", at, key=True, name=name).helping(ANOTHER_ID))
        desk.doubt(at)
    if name in moves:
        twice = desk.say("E111", (*flow_path, "moves", name), key=True, name=name)
        desk.add(twice.against(desk.key(at), Words("the state", "状态")))


def _state(desk: Desk, path: Path, id: str, text: flow.State) -> State:
    pauses: frozenset[str] | Literal["all"] = frozenset()
    if text.pauses is not None:
        known = [*desk.ids("deadlines"), "all"]
        named = [desk.resolve("deadlines", (*path, "pauses", i), name, known) for i, name in enumerate(text.pauses)]
        pauses = "all" if "all" in named else frozenset(name for name in named if name is not None)
    owner = desk.party((*path, "owner"), text.owner) if text.owner else None
    final = bool(text.final)
    return State(id, text.title or id, desk.rule(path), owner, final, pauses, text.unlimited)


def _standing(desk: Desk, path: Path, id: str, text: flow.Move) -> Standing:
    for name, field in type(text).model_fields.items():
        key = field.alias or name
        if key not in STANDING_KEYS and getattr(text, name) is not None:
            desk.add(desk.say("E112", (*path, key), key=True, move=id, key_=key))
    when = condition(desk, (*path, "when"), text.when) if text.when is not None else None
    return Standing(id, desk.rule(path), desk.parties((*path, "by"), text.by), when)


def _move(
    desk: Desk,
    moments: Moments,
    path: Path,
    id: str,
    text: flow.Move,
    states: list[str],
    moves: list[str],
    compiled: dict[str, State],
) -> Move | None:
    sources = _sources(desk, path, text, states, compiled)
    to = desk.resolve("states", (*path, "to"), text.to, states) if text.to else None
    when = condition(desk, (*path, "when"), text.when) if text.when is not None else None
    after = _after(desk, (*path, "after"), text.after, moves)
    others = (
        desk.resolve("moves", (*path, "other_than", i), name, moves) for i, name in enumerate(text.other_than or ())
    )
    before = moments.instant((*path, "before"), text.before) if text.before is not None else None
    ask = asked(desk, (*path, "ask"), text.ask)
    if text.on_parts is not None:
        every_move = {move for flow_id in desk.ids("workflows") for move in desk.ids("workflows", flow_id, "moves")}
        desk.resolve("moves", (*path, "on_parts"), text.on_parts, every_move)
    if text.from_ is None or (text.to and to is None):
        desk.doubt(path)
    rework = bool(text.rework)
    return Move(
        id=id,
        title=text.title or id,
        rule=desk.rule(path),
        sources=sources,
        to=to if to in compiled else None,
        by=desk.parties((*path, "by"), text.by) or (OWNER,),
        ask=ask,
        set=settings(desk, (*path, "set"), text.set),
        when=when,
        after=after,
        before=before,
        other_than=tuple(name for name in others if name is not None),
        assign=desk.one("roles", (*path, "assign"), text.assign) if text.assign else None,
        opens=desk.one("categories", (*path, "opens"), text.opens) if text.opens else None,
        on_parts=text.on_parts,
        observed=_observed(text, sources, to, rework, compiled),
        rework=rework,
        guide=texts(desk, (*path, "guide"), text.guide),
    )


def _sources(desk: Desk, path: Path, text: flow.Move, states: list[str], compiled: dict[str, State]) -> frozenset[str]:
    found: set[str] = set()
    unfinished = {id for id, state in compiled.items() if not state.final}
    for index, name in enumerate(text.from_ or ()):
        at: Path = (*path, "from", index)
        if name == "open" and "open" in states and unfinished != {"open"}:
            twice = desk.say("E110", (*path[:2], "states", "open"), key=True, name=name)
            desk.add(twice.against(desk.span(at), EVERY_STATE).helping(ANOTHER_ID))
            desk.doubt(at)
        elif name == "open":
            found |= unfinished
        elif (state := desk.resolve("states", at, name, [*states, "open"])) is not None:
            found |= unfinished if state == "open" else {state}
    return frozenset(found & compiled.keys())


def _after(
    desk: Desk, path: Path, items: tuple[AskedItem, ...] | None, moves: list[str]
) -> tuple[tuple[str, Condition | None], ...]:
    found = []
    for index, item in enumerate(items or ()):
        at = (*path, index)
        name = desk.resolve("moves", at, item.name, moves)
        when = condition(desk, (*at, item.name), item.when) if item.when is not None else None
        if name is not None:
            found.append((name, when))
    return tuple(found)


def _observed(text: flow.Move, sources: frozenset[str], to: str | None, rework: bool, states: dict[str, State]) -> bool:
    """Without `to` a move is an observation; what pauses a clock or begins a round never is."""
    if rework or (to is not None and states[to].pauses if to in states else False):
        return False
    if to is not None and any(states[source].pauses for source in sources):
        return False
    return text.observed if text.observed is not None else to is None


def _ancestors(desk: Desk, id: str) -> tuple[str, ...]:
    likes, chain = desk.document.provenance.likes, list[str]()
    while (id := likes.get(id, "")) and id not in chain:
        chain.append(id)
    return tuple(chain)


def _words(path: Path) -> tuple[str, ...]:
    return tuple(str(step) for step in path)
