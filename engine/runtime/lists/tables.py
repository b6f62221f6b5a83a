"""Tables of people: which column of a file is what, under headings in either language; every row knows its line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from engine.policy import Words, did_you_mean
from engine.runtime.lists.codes import Mistake, Place, mistake
from engine.runtime.lists.sheets import Line, NoTableError, read_lines

NOBODY: Final = Words("nobody stands below its headings", "列名下面没有人")
CELL_MAX: Final = 200  #: characters
TITLES_MAX: Final = 10  #: lines such as “Staff of Lakeside, October” that may stand above the headings


class Column(NamedTuple):
    """A column that a list may have. `also`: other headings under which people keep it."""

    id: str
    title: Words
    also: tuple[str, ...] = ()
    required: bool = False


class Row(NamedTuple):
    """One row: column id -> text, empty cells left out. `line` counts from 1, as editors and Excel do."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """What was read. `headings`: column id -> heading as the file has it. No rows where the table cannot be used."""

    name: str
    headings: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    mistakes: tuple[Mistake, ...] = ()

    def place(self, row: Row, column: str) -> Place:
        return Place(self.name, row.line, self.headings.get(column, column))


def read_table(name: str, data: bytes, columns: Sequence[Column]) -> Table:
    """The table in a file, whatever its encoding and separator; `name` is what people are shown."""
    known = {_folded(heading): column for column in columns for heading in (column.id, *column.title, *column.also)}
    try:
        lines = list(read_lines(data, lambda heading: _folded(heading) in known))
    except NoTableError as fault:
        return Table(name, mistakes=(mistake(fault.code, Place(name, fault.line), text=fault.text),))
    head = _head(lines, known)
    if not lines[head + 1 :] and _known(lines[head][1], known):  # taken at its word, it would send everybody away
        return Table(name, mistakes=(mistake("P101", Place(name), text=NOBODY),))
    return _table(name, lines[head], lines[head + 1 :], columns, known)


_ASIDE: Final = re.compile(r"[\s_*-]|\([^()]*\)$")


def _folded(heading: str) -> str:
    """`姓 名`, `Leave_From`, `电话（必填）*` as `姓名`, `leavefrom`, `电话`."""
    return _ASIDE.sub("", unicodedata.normalize("NFKC", heading).strip(" *")).casefold()


def _head(lines: Sequence[Line], known: Collection[str]) -> int:
    """Which line has the headings: that with the most known ones, the first of these."""
    above = range(min(TITLES_MAX, len(lines)))
    return max(above, key=lambda at: (_known(lines[at][1], known), -at))


def _known(cells: Iterable[str], known: Collection[str]) -> int:
    return sum(_folded(cell) in known for cell in cells)


class _Heading(NamedTuple):
    """A heading as the file has it, and the column that it means: None where nothing is kept of it."""

    text: str = ""
    column: str | None = None


def _table(
    name: str, head: Line, lines: Iterable[Line], columns: Sequence[Column], known: Mapping[str, Column]
) -> Table:
    if not _known(head[1], known):  # no headings at all: what stands there are people, whom a mistake does not quote
        return Table(name, mistakes=tuple(_missing(name, head[0], columns, ())))
    headings: dict[str, str] = {}
    order: list[_Heading] = []
    mistakes: list[Mistake] = []
    for text in head[1]:
        place, column = Place(name, head[0], text), known.get(_folded(text))
        order.append(_Heading(text, column.id if column is not None else None))
        if not _printable(text):
            mistakes.append(mistake("P107", Place(name, head[0]), limit=CELL_MAX))
        elif column is None:
            mistakes += [_unknown(place, text, columns)] if text else []
        elif column.id in headings:
            mistakes.append(mistake("P105", place, column=text, other=headings[column.id]))
        else:
            headings[column.id] = text
    missing = list(_missing(name, head[0], columns, headings))
    mistakes += missing
    rows = [_row(name, line, order, mistakes) for line in lines] if not missing else []
    return Table(name, headings, tuple(row for row in rows if row.cells), tuple(mistakes))


def _missing(name: str, line: int, columns: Iterable[Column], headings: Collection[str]) -> Iterator[Mistake]:
    first = Words("headings stand in the first row", "列名写在第一行")
    for column in columns:
        if column.required and column.id not in headings:
            yield mistake("P103", Place(name, line), column=column.title).helping(first)


def _unknown(place: Place, heading: str, columns: Sequence[Column]) -> Mistake:
    names = [text for column in columns for text in column.title]
    delete = Words("or delete the column: nothing of it would be kept", "或删掉这一列：它不会被保存")
    return mistake("P104", place, column=heading).helping(*did_you_mean(heading, names), delete)


def _row(name: str, line: Line, order: Sequence[_Heading], mistakes: list[Mistake]) -> Row:
    """A row by column ids; what is wrong with a cell is added to the mistakes."""
    found: dict[str, str] = {}
    for at, text in enumerate(line[1]):
        heading = order[at] if at < len(order) else _Heading()
        if text and not heading.text:
            mistakes.append(mistake("P106", Place(name, line[0])))
        elif text and heading.column is not None and not _printable(text):
            mistakes.append(mistake("P107", Place(name, line[0], heading.text), limit=CELL_MAX))
            found[heading.column] = ""  # it is filled in, only not so that it could be shown
        elif text and heading.column is not None:
            found.setdefault(heading.column, text)
    return Row(line[0], found)


def _printable(text: str) -> bool:
    return len(text) <= CELL_MAX and not any(unicodedata.category(sign) in ("Cc", "Cf") for sign in text)
