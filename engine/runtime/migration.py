"""Open tickets on their way to another version of their plan: what would happen to each, and doing it.

A family is the unit: a ticket and its parts are on one version, so either all of them migrate or none does; only a part
that is closed may be left behind. What is on the version already is left alone, so a migration that was broken off is
taken up by asking for it again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from engine.core import Command, Family, Plan, Refusal, Ticket, advance, decide, shape
from engine.core import commands as c
from engine.runtime.service import Service, said
from engine.runtime.turn import Turn, system
from engine.store import HalfDoneError, Query, Row, StoreError, everything

log = logging.getLogger(__name__)
Mode: TypeAlias = Literal["keep", "recompute", "restart"]
#: Families that migrate in one transaction.
BATCH: Final = 50


@dataclass(frozen=True, slots=True)
class Migration:
    """Where to, and how. `to` is a version of the site's plan, `mode` what happens to a deadline that both versions
    have, `modes` the same for single ones; `states` maps states that the new version calls otherwise.
    """

    to: str
    mode: Mode = "recompute"
    modes: Mapping[str, Mode] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)


class DueChange(NamedTuple):
    """What becomes of one open deadline. Dues are seconds UTC; None: paused, or there is none."""

    deadline: str
    what: Literal["kept", "moved", "ended", "started"]
    old: int | None
    new: int | None
    mode: Mode | None = None  #: of a deadline that both versions have


class Change(NamedTuple):
    """What becomes of one open ticket; `refused`: it is not migrated, nor is any other of its family. With the code
    `unreadable` nobody could look at it: a row of it is damaged, or we are wrong about it.
    """

    ticket: str
    plan: str  #: the version it is on
    state: str
    new_state: str
    dues: tuple[DueChange, ...] = ()
    refused: Refusal | None = None

    @property
    def moves(self) -> bool:
        """Whether any due instant changes."""
        return any(due.what != "kept" for due in self.dues)


def preview(
    service: Service, migration: Migration, at: int, tickets: Iterable[str] | None = None
) -> tuple[Change, ...]:
    """What `migrate` would do to each open ticket, or to those of some families, if it were asked now.

    Nothing is written. Raises StoreError if the site never ran by that version.
    """
    found: list[Change] = []
    for id, rows in _families(service, migration, tickets).items():
        try:
            found += _foreseen(service, id, migration, at)
        except Exception as error:
            found += _unreadable(service, rows, error)
    return tuple(found)


def migrate(
    service: Service, migration: Migration, at: int, tickets: Iterable[str] | None = None
) -> tuple[Change, ...]:
    """Bring open tickets to another version, all or nothing for each family, and say what became of them.

    Raises StoreError if the site never ran by that version; HalfDoneError if the world refuses after some families.
    """
    families = list(_families(service, migration, tickets).items())
    found: list[Change] = []
    try:
        for start in range(0, len(families), BATCH):
            for change in _migrated(service, dict(families[start : start + BATCH]), migration, at):
                found.append(change)
    except StoreError as error:
        raise HalfDoneError(str(error), error.zh) if found else error from None
    return tuple(found)


def _families(service: Service, migration: Migration, tickets: Iterable[str] | None) -> dict[str, list[Row]]:
    """Families with an open ticket that is on another version, each with the rows of those. Raises StoreError."""
    if migration.to not in service.site.plans:
        site, to = service.site.plan.id, migration.to
        raise StoreError(f"{site} never ran by version {to}", f"{site} 从未执行过版本 {to}")
    service.site.version(migration.to)  # it can be read
    wanted = None if tickets is None else set(tickets)
    found: dict[str, list[Row]] = {}
    for row in everything(service.store, Query(open=True)):
        if row.plan != migration.to and (wanted is None or wanted & {row.ticket, row.family}):
            found.setdefault(row.family, []).append(row)
    return found


def _foreseen(service: Service, id: str, migration: Migration, at: int) -> list[Change]:
    family = service.store.load(id)
    if family is None:
        return []
    old, new = service.site.version(family.root.plan), service.site.version(migration.to)
    past = advance(old, family, at - 1)
    return _changes(old, new, past[-1].family if past else family, migration, at)


def _migrated(
    service: Service, families: Mapping[str, Sequence[Row]], migration: Migration, at: int
) -> Iterator[Change]:
    """Families in one transaction; where one of them cannot be looked at, each in one of its own."""
    try:
        yield from service.turn(lambda turn: _migrate(turn, families, migration, at))
    except Exception as error:
        for id, rows in families.items():
            if len(families) == 1:
                yield from _unreadable(service, rows, error)
            else:
                yield from _migrated(service, {id: rows}, migration, at)


def _unreadable(service: Service, rows: Iterable[Row], error: Exception) -> list[Change]:
    """It keeps nobody else. Raises StoreError where the trouble is the store's, not the family's."""
    service.store.write(lambda tx: None)
    if not isinstance(error, StoreError):
        log.error("a ticket cannot be migrated", exc_info=error)
    refusal = Refusal("unreadable", said(error).en)
    return [Change(row.ticket, row.plan, row.state, row.state, refused=refusal) for row in rows]


def _migrate(turn: Turn, families: Iterable[str], migration: Migration, at: int) -> list[Change]:
    found: list[Change] = []
    new, at = turn.site.version(migration.to), turn.tx.stamp(at)
    for id in families:
        turn.bring_up(id, at - 1, at)
        family = turn.load(id)
        assert family is not None
        old = turn.site.version(family.root.plan)
        changes = _changes(old, new, family, migration, at)
        found += changes
        if not any(change.refused for change in changes):
            for command in _commands(old, new, family, migration, at):
                turn.apply(command)  # a closed part for which the new version has no place is left behind
    return found


# ---- one family, in memory -------------------------------------------------------------------------------------------


def _commands(old: Plan, plan: Plan, family: Family, migration: Migration, at: int) -> Iterator[Command]:
    """For each ticket of a family the command that brings it to another version: what is closed comes along, so that
    the family goes by one plan.
    """
    for ticket in family.tickets.values():
        if ticket.plan != plan.version:
            act = c.Migrate(plan.version, migration.states, _modes(plan, ticket, migration), _added(old, plan, ticket))
            yield Command(ticket.id, system("migration"), max(at, family.floor), act)


def _modes(plan: Plan, ticket: Ticket, migration: Migration) -> Mapping[str, Mode]:
    return {name: migration.modes.get(name, migration.mode) for name in ticket.runs}


def _added(old: Plan, plan: Plan, ticket: Ticket) -> tuple[str, ...]:
    """The deadlines of a ticket's category that the version before did not have."""
    if ticket.closed is not None or ticket.category not in plan.categories:
        return ()
    before = shape(old, ticket.category).watches
    return tuple(name for name in shape(plan, ticket.category).watches if name not in before)


def _changes(old: Plan, plan: Plan, family: Family, migration: Migration, at: int) -> list[Change]:
    """What becomes of a family's open tickets. One that is refused keeps the others from migrating, as does the root;
    a closed part is left behind.
    """
    after, refused = family, {}
    for command in _commands(old, plan, family, migration, at):
        ticket = family.tickets[command.ticket]
        outcome = decide(plan, after, command)
        if not isinstance(outcome, Refusal):
            after = outcome.family
        elif ticket.closed is None or ticket is family.root:
            refused[ticket.id] = outcome
    if refused:
        blame = next(iter(refused.values()))
        return [
            Change(one.id, one.plan, one.state, one.state, refused=refused.get(one.id, blame))
            for one in family.tickets.values()
            if one.closed is None or one.id in refused
        ]
    return [
        _change(one, after.tickets[one.id], migration)
        for one in family.tickets.values()
        if one.closed is None and one.plan != plan.version
    ]


def _change(before: Ticket, after: Ticket, migration: Migration) -> Change:
    dues = [_due(before, after, name, migration) for name in dict.fromkeys([*before.runs, *after.runs])]
    return Change(before.id, before.plan, before.state, after.state, tuple(dues))


def _due(before: Ticket, after: Ticket, name: str, migration: Migration) -> DueChange:
    was, now = before.runs.get(name), after.runs.get(name)
    mode = migration.modes.get(name, migration.mode)
    if was is None:
        return DueChange(name, "started", None, now.due if now is not None else None)
    if now is None or now.key != was.key:
        return DueChange(name, "ended", was.due, None)
    same = now.due == was.due and (now.due is not None or (now.start, now.limit) == (was.start, was.limit))
    return DueChange(name, "kept" if same else "moved", was.due, now.due, mode)
