"""Who may do what now: every reason for which a move is refused, and the list of what is legal."""

from __future__ import annotations

from typing import Final

from transitions import MachineError

from engine.core.commands import Actor, Given, Refusal
from engine.core.conditions import Value
from engine.core.plan import ASSIGNEE, OWNER, Asked, Fact, Move, Party
from engine.core.shape import Shape
from engine.core.ticket import Ticket
from engine.core.work import Work

_ENGINE: Final = Party("word", "engine")
_PARENT: Final = Party("word", "parent")


class Cursor:
    """Where a ticket stands while the machine is walked; the only model a machine ever sees, and never added to it."""

    __slots__ = ("_place",)

    def __init__(self, state: str) -> None:
        self._place = state


def walk(shape: Shape, move: str, state: str) -> str | None:
    """The state to which a move leads from here; None where the machine has no such way.

    The machine has no conditions and no callbacks, so what it said once for a move and a state it will always say.
    """
    way = (move, state)
    if way not in shape.ways:
        shape.ways[way] = _trigger(shape, move, state)
    return shape.ways[way]


def _trigger(shape: Shape, move: str, state: str) -> str | None:
    event = shape.machine.events.get(move)
    if event is None or state not in shape.workflow.states:  # a state of a plan, or of a category, before this one
        return None
    cursor = Cursor(state)
    try:
        event.trigger(cursor)
    except MachineError:
        return None
    return cursor._place


def legal_moves(work: Work, ticket: Ticket) -> tuple[str, ...]:
    """The moves that lead on from here, in order of the plan, but those that only the engine or a parent may make."""
    shape = work.shape(ticket)
    return tuple(
        move.id
        for move in shape.workflow.moves.values()
        if ticket.state in move.sources and not set(move.by) <= {_ENGINE, _PARENT}
    )


def refuse_move(
    work: Work, ticket: Ticket, move: Move, given: Given, assignee: str | None, qualified: bool, now: int
) -> Refusal | None:
    """The first reason against a move that leads on from where the ticket stood at `now`, or None."""
    if not any(is_party(work, ticket, party, work.actor) for party in move.by):
        return not_theirs(work, ticket, move.by)
    problem = _problem(work, ticket, move, given, assignee, qualified, now)
    return Refusal(*problem, legal_moves(work, ticket)) if problem is not None else None


def _problem(
    work: Work, ticket: Ticket, move: Move, given: Given, assignee: str | None, qualified: bool, now: int
) -> tuple[str, str] | None:
    if (given or move.ask or move.opens) and (
        problem := refuse_facts(work, ticket, move.ask, given, _child_record(work, move))
    ):
        return problem
    if problem := _guard(work, ticket, move, given, now):
        return problem
    if move.assign is not None and assignee is None and ticket.assignee is None:
        return "missing", "assignee"
    if assignee is not None and move.assign is None:
        return "unknown", "assignee"
    return None if qualified else ("unqualified", assignee or "")


def not_theirs(work: Work, ticket: Ticket, parties: tuple[Party, ...]) -> Refusal:
    """The actor is none of those who may. Who is one as a person is named by the plan's word for him."""
    known = [party for party in parties if party != _PARENT]
    whose = [
        address.removeprefix("role:") if address.startswith("role:") else party.name
        for party in known
        for address in work.addresses(ticket, party)
    ]
    words = [party.name for party in parties if party.kind == "word"]
    return Refusal("by", work.actor.person, legal_moves(work, ticket), whose=tuple(dict.fromkeys(whose or words)))


def _guard(work: Work, ticket: Ticket, move: Move, given: Given, now: int) -> tuple[str, str] | None:
    if move.when is not None and not move.when.holds(work.view(ticket, given)):
        return "when", move.id
    for earlier, condition in move.after:
        made = ticket.made.get(earlier)
        asked = condition is None or condition.holds(work.view(ticket, given))
        if asked and (made is None or made.round != ticket.round):
            return "after", earlier
    if move.before is not None:
        limit = work.instant(ticket, move.before)
        if limit is not None and now > limit:
            return "before", move.before.moment
    for other in move.other_than:
        if other in ticket.made and ticket.made[other].person == work.actor.person:
            return "other_than", other
    return None


def refuse_facts(
    work: Work,
    ticket: Ticket | None,
    asked: tuple[Asked, ...],
    given: Given,
    offered: tuple[Asked, ...] = (),
    any_fact: bool = False,
) -> tuple[str, str] | None:
    """What is wrong with the facts a command brings: one that is missing, not asked for, or not of its type.

    `offered` is the record of a child ticket, whose facts the parent's own stand in for. `any_fact`: an opening may
    state whatever the plan declares.
    """
    facts = work.plan.facts
    view = work.view(ticket, given) if ticket is not None else (lambda name: given.get(name))
    nobody_to_ask = "system" in work.actor.roles
    for item in asked:
        wanted = not nobody_to_ask and not item.optional and item.fact not in given
        if wanted and (item.when is None or item.when.holds(view)):
            return "missing", item.fact
    for item in offered:
        if not item.optional and view(item.fact) is None and facts[item.fact].default is None:
            return "missing", item.fact
    known = {item.fact for item in (*asked, *offered)}
    for name, value in given.items():
        if name not in facts or not (any_fact or name in known):
            return "unknown", name
        if not accepts(facts[name], value, work.plan.roles):
            return "value", name
    return None


def _child_record(work: Work, move: Move) -> tuple[Asked, ...]:
    return work.plan.categories[move.opens].record if move.opens is not None else ()


def accepts(fact: Fact, value: Value, roles: object = ()) -> bool:
    """Whether a value is of a fact's type. The door has read text into values; this is the last look."""
    match fact.type:
        case "choice":
            return value in fact.values
        case "flag":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "score":
            return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100
        case "time":
            return isinstance(value, int) and not isinstance(value, bool)
        case "role":
            return isinstance(value, str) and value in roles  # type: ignore[operator]
        case _:
            return isinstance(value, str)


def is_party(work: Work, ticket: Ticket, party: Party, actor: Actor) -> bool:
    """Whether somebody is the party now: by the roles the door found, or as the very person."""
    if party == OWNER:  # by far the most common
        owner = work.shape(ticket).workflow.states[ticket.state].owner
        if owner is not None and owner.kind == "role":
            return owner.name in actor.roles
    if party.name in ("engine", "parent") and party.kind == "word":
        return party.name in actor.roles
    if party == ASSIGNEE and ticket.assignee is not None:
        return actor.person == ticket.assignee
    for address in work.addresses(ticket, party):
        what, _, name = address.partition(":")
        if what == "person":
            if actor.person == name:
                return True
        elif (name if what == "role" else what) in actor.roles:
            return True
    return False
