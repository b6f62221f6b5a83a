"""What may be asked of one site's rows, whichever connection they are read on."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from heapq import merge
from typing import Any, Final, NamedTuple, TypeAlias

from engine.core import Family, Message, Period, Step, Timer, replay
from engine.store.cache import Cache, Kept
from engine.store.chain import GENESIS, link
from engine.store.codec import COMMAND, MESSAGE, SITE_EVENT, STEP, TEXTS
from engine.store.protocol import Answered, Cursor, Errand, Query, Row, SiteEvent, StoreError

TIMER: Final = 'fire, rank, "order", place, round, n, ordinal, ticket, key, kind, name, due'
ROW: Final = ", ".join(Row._fields)
#: Seconds UTC: between them every zone has a date for an instant.
FIRST: Final = -(10**10)
LAST: Final = 25 * 10**10
#: The values of a statement's parameters, by place or by name.
Values: TypeAlias = Sequence[Any] | Mapping[str, Any]


class Reads(ABC):
    """A Reader over SQL. A family is folded from its steps, each of which must be what its hash says."""

    def __init__(self, site: str, families: Cache) -> None:
        self.name = site
        self._cache = families

    @abstractmethod
    def _all(self, sql: str, values: Values) -> list[Any]:
        """All rows that a statement finds."""

    @abstractmethod
    def _each(self, sql: str, values: Values) -> Generator[Any, None, None]:
        """The same, one at a time, as far as they are wanted; to be closed."""

    def _one(self, sql: str, values: Values) -> Any:
        """The one row that a statement finds, or None."""
        found = self._all(sql, values)
        return found[0] if found else None

    # ---- histories --------------------------------------------------------------------------------------------------

    def load(self, ticket: str) -> Family | None:
        found = self._head(ticket)
        return self._folded(*found) if found is not None else None

    def _head(self, ticket: str) -> tuple[str, int, bytes] | None:
        """Root, count of steps and last hash of the family that a ticket belongs to."""
        found: tuple[str, int, bytes] | None = self._one(_HEAD, (self.name, ticket))
        return found

    def _folded(self, id: str, steps: int, head: bytes) -> Family:
        kept = self._cache.get(head)
        if kept is None:
            kept = Kept(replay(self._history(id, steps, head)))
            self._cache.put(head, kept)
        return kept.family

    def steps(self, family: str) -> tuple[Step, ...]:
        found = self._head(family)
        return self._history(*found) if found is not None and found[0] == family else ()

    def _history(self, family: str, steps: int, head: bytes) -> tuple[Step, ...]:
        """The first steps of a family, which must lead to the hash `head`."""
        bodies: list[bytes] = []
        last = GENESIS
        for number, body, hash in self._all(_STEPS, (self.name, family, steps)):
            last = link(last, self.name, family, len(bodies) + 1, body)
            if (number, hash) != (len(bodies) + 1, last):
                raise self._damaged(family, len(bodies) + 1, "is not what its hash says", "与其哈希不符")
            bodies.append(body)
        if len(bodies) != steps or last != head:
            said = (f"is missing: {steps} were written", f"缺失：共写入 {steps} 步")
            raise self._damaged(family, len(bodies) + 1, *said)
        return tuple(self._read(family, number, body) for number, body in enumerate(bodies, 1))

    def _read(self, family: str, number: int, body: bytes) -> Step:
        try:
            return STEP.loads(body.decode())
        except StoreError as error:
            raise self._damaged(family, number, str(error), error.zh) from None

    def _damaged(self, family: str, number: int, what: str, zh: str) -> StoreError:
        return StoreError(
            f"site {self.name}, family {family}: step {number} {what}",
            f"项目 {self.name}，工单 {family}：第 {number} 步已损坏（{zh}）",
        )

    def families(self, *, open_only: bool = False) -> Iterable[Family]:
        for id, steps, head in self._all(_OPEN_FAMILIES if open_only else _FAMILIES, (self.name,)):
            yield self._folded(id, steps, head)

    def roots(self, during: Collection[Period] | None = None) -> Sequence[str]:
        if during is None:
            return [id for id, *_ in self._all(_FAMILIES, (self.name,))]
        return [id for (id,) in self._all(_ROOTS_DURING, (self.name, json.dumps(list(during))))]

    # ---- what waits -------------------------------------------------------------------------------------------------

    def next_instant(self) -> int | None:
        found: int | None = self._all(_NEXT, (self.name,))[0][0]
        return found

    def due(self, until: int, limit: int) -> Sequence[str]:
        found: dict[str, None] = {}
        with (
            closing(self._each(_FIRING, (self.name, until))) as timers,
            closing(self._each(_STAMPED, (self.name, until))) as errands,
        ):
            for _, family in merge(timers, errands):
                found[family] = None
                if len(found) == limit:
                    break
        return list(found)

    def timers(self, family: str) -> tuple[Timer, ...]:
        return tuple(sorted(map(Timer._make, self._all(_TIMERS, (self.name, family)))))

    def errands(self, family: str, until: int) -> Sequence[Errand]:
        found = self._all(_ERRANDS, (self.name, family, until))
        return [Errand(at, key, COMMAND.loads(command)) for at, key, command in found]

    # ---- lists ------------------------------------------------------------------------------------------------------

    def rows(self, query: Query) -> Sequence[Row]:
        place = _PLACES[bool(query.open)]
        values = {**query._asdict(), "site": self.name}
        if query.after is not None:
            values |= {"at": self._instant(query.after, place), "after": query.after.ticket}
        return [_row(found) for found in self._all(_listing(query, place), values)]

    def _instant(self, after: Cursor, place: _Place) -> int:
        """By what the last row of a page stands in its list. One that no ticket can have: by what the table says."""
        at = NEVER if after.at is None else after.at
        if FIRST < at < LAST or at == NEVER:
            return at
        found = self._value(f"SELECT {place.key} FROM ticket WHERE site = ? AND ticket = ?", (self.name, after.ticket))
        return at if found is None else int(found)

    def row(self, ticket: str) -> Row | None:
        found = self._one(_ROW, (self.name, ticket))
        return _row(found) if found is not None else None

    # ---- commands, messages, patterns, marks ------------------------------------------------------------------------

    def answer(self, person: str, key: str) -> Answered | None:
        found = self._one(_ANSWER, (self.name, person, key))
        return Answered._make(found) if found is not None else None

    def messages(self) -> tuple[Message, ...]:
        return tuple(MESSAGE.loads(body) for (body,) in self._all(_MESSAGES, (self.name,)))

    def group(self, detection: str, member: str) -> str | None:
        found: str | None = self._value(_GROUP, (self.name, detection, member))
        return found

    def members(self, group: str) -> tuple[str, ...]:
        return tuple(ticket for (ticket,) in self._all(_MEMBERS, (self.name, group)))

    def site_events(self, kind: str | None = None, key: str | None = None) -> Sequence[SiteEvent]:
        if kind is not None and key is None:
            return self.site_events_of((kind,))
        found = self._all(_SITE_EVENTS if kind is None else _SITE_EVENTS_OF_KEY, (self.name, kind, key))
        return [SITE_EVENT.loads(body) for (body,) in found]

    def site_events_of(self, kinds: Collection[str]) -> Sequence[SiteEvent]:
        found = self._all(_SITE_EVENTS_OF_KINDS, (self.name, json.dumps(list(kinds))))
        return [SITE_EVENT.loads(body) for (body,) in found]

    def mark(self, name: str) -> int | None:
        found: int | None = self._value(_MARK, (self.name, name))
        return found

    def reference(self, fact: str, value: str) -> str | None:
        found: str | None = self._value(_REFERENCE, (self.name, fact, value))
        return found

    def reveal(self, reference: str) -> str | None:
        found: str | None = self._value(_REVEAL, (self.name, reference))
        return found

    def _value(self, sql: str, values: Values) -> Any:
        found = self._one(sql, values)
        return found[0] if found is not None else None


def _listing(query: Query, place: _Place) -> str:
    """The statement of a page. Its order is an index's; tickets found by what only few have are sorted."""
    conditions = [condition for name, condition in _CONDITIONS.items() if getattr(query, name) is not None]
    if query.open is not None:
        conditions.append("closed IS NULL" if query.open else "closed IS NOT NULL")
    if query.silent is not None:
        conditions.append("silent" if query.silent else "NOT silent")
    if query.overdue is not None:
        conditions.append("overdue > 0" if query.overdue else "overdue = 0")
    few = [name for name in _OF_FEW if getattr(query, name) is not None and (query.open or name == "link")]
    key = f"+{place.key}" if few else place.key
    if query.after is not None:
        conditions.append(f"{key} {place.beyond}= :at AND ({key} {place.beyond} :at OR ticket > :after)")
    where = " AND ".join(["site = :site", *conditions])
    index = _OF_FEW[few[0]] if few else ""
    return f"SELECT {ROW} FROM ticket {index} WHERE {where} ORDER BY {key} {place.direction}, ticket LIMIT :limit"


def _row(columns: Sequence[Any]) -> Row:
    """A row as the table has it: no booleans, links as JSON. One that no ticket can have keeps no list from being
    shown: it is put in order in time, as any index that is wrong.
    """
    row = Row._make(columns)
    return row._replace(
        opened=_possible(row.opened),
        closed=None if row.closed is None else _possible(row.closed),
        due=None if row.due is None else _possible(row.due),
        paused=bool(row.paused),
        silent=bool(row.silent),
        links=_links(columns[-1]),
    )


def _possible(at: int) -> int:
    return min(max(at, FIRST), LAST)


def _links(text: str) -> tuple[str, ...]:
    try:
        return TEXTS.loads(text)
    except StoreError:
        return ()


_HEAD: Final = """
SELECT id, steps, head FROM family
WHERE site = ?1 AND id = ifnull((SELECT family FROM part WHERE site = ?1 AND ticket = ?2), ?2)
"""
_STEPS: Final = """
SELECT number, CAST(body AS BLOB), hash FROM step WHERE site = ? AND family = ? AND number <= ? ORDER BY number
"""
_FAMILIES: Final = "SELECT id, steps, head FROM family WHERE site = ? ORDER BY opened"
_OPEN_FAMILIES: Final = "SELECT id, steps, head FROM family WHERE site = ? AND open ORDER BY opened"
#: All but those whose span touches none of the periods; that of the first ticket of all says since when there are any.
_ROOTS_DURING: Final = """
SELECT id FROM family
LEFT JOIN span ON span.site = family.site AND span.family = family.id AND span.steps = family.steps
WHERE family.site = ?1 AND (
    span.steps IS NULL
    OR EXISTS (
        SELECT 1 FROM json_each(?2) WHERE start < json_extract(value, '$[1]') AND "end" > json_extract(value, '$[0]')
    )
    OR id = (SELECT family FROM ticket WHERE site = ?1 ORDER BY opened LIMIT 1)
)
ORDER BY opened
"""

_NEXT: Final = """
SELECT min(at) FROM (
    SELECT min(fire) AS at FROM timer WHERE site = ?1
    UNION ALL
    SELECT min(at) FROM inbox WHERE site = ?1 AND NOT done
)
"""
_FIRING: Final = "SELECT fire, family FROM timer WHERE site = ? AND fire <= ? ORDER BY fire, family"
_STAMPED: Final = "SELECT at, family FROM inbox WHERE site = ? AND at <= ? AND NOT done ORDER BY at, family"
_TIMERS: Final = f"SELECT {TIMER} FROM timer WHERE site = ? AND family = ?"
_ERRANDS: Final = """
SELECT at, key, command FROM inbox WHERE site = ? AND family = ? AND at <= ? AND NOT done ORDER BY at, key
"""


#: Stands for the due of what is never due.
NEVER: Final = 9223372036854775807


class _Place(NamedTuple):
    """How tickets of a list are ordered, as an index has it, and how what comes later compares."""

    key: str
    direction: str
    beyond: str


#: By whether only open tickets are listed.
_PLACES: Final = {
    True: _Place(f"ifnull(due, {NEVER})", "ASC", ">"),
    False: _Place("opened", "DESC", "<"),
}
_CONDITIONS: Final = {
    "category": "category = :category",
    "state": "state = :state",
    "owner": "owner = :owner",
    "assignee": "assignee = :assignee",
    "post": "post = :post",
    "link": "ticket IN (SELECT ticket FROM link WHERE site = :site AND link = :link)",
}
#: What only few open tickets have, and how they are found; to read all would seem as cheap.
_OF_FEW: Final = {"link": "", "assignee": "INDEXED BY ticket_assignee", "post": "INDEXED BY ticket_post"}
_ROW: Final = f"SELECT {ROW} FROM ticket WHERE site = ? AND ticket = ?"

_ANSWER: Final = "SELECT body, family, step FROM answer WHERE site = ? AND person = ? AND key = ?"
_MESSAGES: Final = "SELECT body FROM message WHERE site = ? ORDER BY seq"
_GROUP: Final = 'SELECT ticket FROM "group" WHERE site = ? AND detection = ? AND first = ?'
_MEMBERS: Final = 'SELECT ticket FROM member WHERE site = ? AND "group" = ? ORDER BY seq'
_SITE_EVENTS: Final = """
SELECT body FROM site_event WHERE site = ?1 AND ?2 IS NULL AND (?3 IS NULL OR key = ?3) ORDER BY number
"""
_SITE_EVENTS_OF_KINDS: Final = """
SELECT body FROM site_event WHERE site = ? AND kind IN (SELECT value FROM json_each(?))
ORDER BY +number  -- not by its index: that would be to look through the whole stream
"""
_SITE_EVENTS_OF_KEY: Final = "SELECT body FROM site_event WHERE site = ? AND kind = ? AND key = ? ORDER BY number"
_MARK: Final = "SELECT at FROM mark WHERE site = ? AND name = ?"
_REFERENCE: Final = "SELECT reference FROM vault WHERE site = ? AND fact = ? AND value = ?"
_REVEAL: Final = "SELECT value FROM vault WHERE site = ? AND reference = ?"
