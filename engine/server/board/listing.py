"""Which tickets a list shows: what somebody chose, asked of the store."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice, takewhile
from typing import Final, NamedTuple
from urllib.parse import urlencode

from engine.core import Family, agenda
from engine.runtime import listed
from engine.server import people
from engine.server.board.desk import Place
from engine.server.board.lines import Counts, Line, counts, is_shown, line
from engine.server.daemon import Daemon
from engine.store import Cursor, Query, Row, StoreError, everything

PAGE: Final = 60  #: tickets at once
COUNTED_MAX: Final = 3000  #: open tickets that are counted
SEARCH_MAX: Final = 64  #: characters


class Choice(NamedTuple):
    """What somebody chose to see; empty: everything that is open."""

    show: str = ""  #: mine, overdue, soon, escalated, silent, nobody, closed
    category: str = ""
    state: str = ""
    q: str = ""
    after: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Choice:
        chosen = cls(*(query.get(name, "")[:SEARCH_MAX].strip() for name in cls._fields))
        return chosen._replace(after=query.get("after", ""))

    def with_(self, **changes: str) -> str:
        """The query of an address with something else chosen; of a new choice the first page is shown."""
        chosen = self._replace(**{"after": "", **changes})
        return urlencode({name: value for name, value in chosen._asdict().items() if value})


class Listing:
    """The lists of one visit at a site."""

    def __init__(self, place: Place, daemon: Daemon) -> None:
        self._daemon = daemon
        self._place = place
        self._service = place.service
        self._now = place.visit.at
        self._roles = place.roles
        self._person = place.visit.principal.person
        self.nobody = cache(lambda role: self._roster.nobody_there(role, self._now))
        self._plan = self._service.site.plan
        self._roster = self._service.site.roster

    def page(self, choice: Choice) -> tuple[list[Line], str]:
        """The lines of a page, and where the next one goes on; empty: this is the last."""
        rows = list(islice(self._rows(choice), PAGE + 1))
        lines = [self.line(row) for row in rows[:PAGE]]
        return lines, _query(choice).cursor(rows[PAGE - 1]).text if len(rows) > PAGE else ""

    def family(self, family: str, choice: Choice) -> list[Line]:
        """Those lines of a family that the choice shows."""
        try:
            known = self._service.store.load(family)
            rows = self._listed(known) if known is not None else ()
        except StoreError:
            return []
        return [self.line(row) for row in rows if self._fits(row, choice)]

    def line(self, row: Row) -> Line:
        """A ticket of which a row is damaged, or whose plan cannot be read any more, still stands in its list, by what
        the index says.
        """
        site = self._service.site
        try:
            plan, family = site.version(row.plan), self._service.store.load(row.ticket)
        except StoreError:
            plan, family = site.wording(row.plan), None
        return line(plan, row, family, self._now, self.nobody)

    def counts(self) -> Counts:
        rows = list(islice(everything(self._service.store, Query(open=True)), COUNTED_MAX + 1))
        found = counts(rows[:COUNTED_MAX], self._now, self.nobody, self.is_mine)
        return found._replace(more=len(rows) > COUNTED_MAX)

    def is_mine(self, row: Row) -> bool:
        """Whether somebody, or a role of his, has to act."""
        kind, _, name = row.owner.partition(":")
        return row.assignee == self._person or (kind == "role" and name in self._roles) or name == self._person

    def _rows(self, choice: Choice) -> Iterator[Row]:
        if choice.q:
            yield from self._found_after(choice.q, Cursor.read(choice.after))
            return
        yield from (row for row in everything(self._service.store, _query(choice)) if self._fits(row, choice))

    def _listed(self, family: Family) -> tuple[Row, ...]:
        plan = self._service.site.version(family.root.plan)
        return listed(plan, family, agenda(plan, family))

    def _fits(self, row: Row, choice: Choice) -> bool:
        """Whether a choice shows a ticket. A search shows what it finds, closed or not."""
        if choice.q:
            return False  # what was looked for does not change by what happens
        if (choice.category and row.category != choice.category) or (choice.state and row.state != choice.state):
            return False
        return (row.closed is not None) is (choice.show == "closed") and is_shown(
            row, choice.show, self._now, self.nobody, self.is_mine
        )

    # ---- search ------------------------------------------------------------------------------------------------------

    def _found_after(self, text: str, after: Cursor | None) -> Iterator[Row]:
        """All that is found, or what is found after the last of a page."""
        found = self._found(text)
        if after is not None:
            deque(takewhile(lambda row: row.ticket != after.ticket, found), maxlen=0)
        yield from found

    def _found(self, text: str) -> Iterator[Row]:
        """By number; else the tickets of a unit, or of the customers of a telephone number."""
        tickets = [name for name in (text, f"{self._plan.id}-{text}") if self._service.store.load(name) is not None]
        may_find = people.may_find(self._service, self._place.visit.principal, self._now)
        for ticket in tickets[:1] or (self._of_customers(text) if may_find else []):
            family = self._service.store.load(ticket)
            if family is not None:
                yield from (row for row in self._listed(family) if row.ticket == ticket)

    def _of_customers(self, text: str) -> list[str]:
        customers = people.find_customers(self._daemon, self._place.name, text)
        found: dict[str, None] = {}
        for fact in dict.fromkeys(file.per for file in self._plan.files.values()):
            values = [text, *(one.unit for one in customers if fact == "unit")]
            for value in dict.fromkeys(values):
                found.update(dict.fromkeys(people.history(self._daemon, self._place.name, fact, value)))
        return list(found)


def _query(choice: Choice) -> Query:
    """What the store is asked for; an address that somebody wrote leads to the first page."""
    return Query(
        open=choice.show != "closed",
        category=choice.category or None,
        state=choice.state or None,
        overdue=True if choice.show == "overdue" else None,
        silent=True if choice.show == "silent" else None,
        after=Cursor.read(choice.after),
    )
