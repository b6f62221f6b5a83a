"""A mapping file: which column of a table of old tickets is what, so that they can be opened under a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator

from engine.core import Plan
from engine.policy.diagnostics import Diagnostic, Report, diagnostic, failed, in_order
from engine.policy.document import Document, read_document
from engine.policy.schema.base import REQUIRED, Name, Part, Reads, Text, Zone, key, must, wrong
from engine.policy.schema.validate import validate
from engine.policy.shapes import Path
from engine.policy.suggest import did_you_mean
from engine.policy.words import Words
from engine.worktime import Timetable, always

ISO: Final = "ISO"


# ---- what stands in the file ----


def _named(keyword: str) -> BeforeValidator:
    """A plain text as the map with this key."""
    return BeforeValidator(lambda value: {keyword: value} if isinstance(value, str) else value)


class ColumnText(Part):
    """A column; `values` says what its texts mean where they are neither ids nor titles."""

    column: Name = must("列名", "The heading of the column.")
    values: dict[str, Text] | None = key("列中的文字对应的值", "What a text of the column means.")


class CategoryText(Part):
    is_: Name | None = key("类别", "One category for all tickets.", alias="is")
    column: Name | None = key("列名", "The column that names the category.")
    values: dict[str, Text] | None = key("列中的文字对应的类别", "What a text of the column means.")


class ShiftedText(Part):
    """Time stamps that somebody converted by mistake: read as local to `read_as`, then shown in `then`."""

    read_as: Zone = must("先按此时区读取", "The zone the column is read as.")
    then: Zone = must("再换算到此时区", "The zone whose wall clock is the right one.")


class TimesText(Part):
    format: Text | None = key("时间格式", "`ISO`, or the letters of strptime: %Y-%m-%d %H:%M:%S.")
    timezone: Zone | None = key("时区", "The zone of times without an offset; the policy's if left out.")
    shifted: ShiftedText | None = key("时间戳的换算更正", "Undoes a wrong conversion.")


def _when(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise wrong(text, A_TIME, "2016-01-12 22:22") from None
    if when.tzinfo is not None:
        raise wrong(text, A_TIME, "2016-01-12 22:22")
    return when


A_TIME: Final = Words("a date and a time", "日期和时间")
AN_INSTANT: Final = Reads(_when, A_TIME, "2016-01-12 22:22")
Column: TypeAlias = Annotated[ColumnText, _named("column")]


class MappingText(Part):
    """A mapping file."""

    mapping: Name = must("名称", "What the file is called.")
    title: Text | None = key("标题", "What people read.")
    note: Text | None = key("备注", "For the next author; no effect.")
    encoding: Name | None = key("文件编码", "Of the tickets, such as gbk; UTF-8 if left out.")
    times: TimesText | None = key("时间", "How the columns with times are read.")
    ticket: Name = must("工单号所在的列", "The column with the number of the ticket.")
    category: Annotated[CategoryText, _named("is")] = must("类别", "A category, or the column that names it.")
    opened: Name = must("开单时刻所在的列", "The column with the instant of opening.")
    facts: dict[str, Column] | None = key("事实", "Facts of the policy, and their columns.")
    moves: dict[str, Name] | None = key("动作", "Moves of the policy, and the columns with their instants.")
    deadline: Name = must("时限", "The deadline of the policy that is looked at.")
    due: Name | None = key("当时的到期时刻所在的列", "The column with the due instants of then, to compare with.")
    as_of: Annotated[datetime, AN_INSTANT] | None = key("数据截止时刻", "What is open is judged at this local time.")
    by: Name | None = key("按哪个事实分组", "The fact that the result is split by; the category if left out.")


# ---- what it means ----


@dataclass(frozen=True, slots=True)
class Times:
    """How a text of a column is an instant. Seconds UTC."""

    wall_clock: Timetable  #: of the zone that times without an offset are local to
    format: str = ISO
    read_as: ZoneInfo | None = None
    then: ZoneInfo | None = None

    def instant(self, text: str) -> int:
        """Raises ValueError where the text has another form."""
        iso = self.format == ISO
        when = datetime.fromisoformat(text) if iso else datetime.strptime(text, self.format)  # noqa: DTZ007 - see below
        if self.read_as is not None:
            when = when.replace(tzinfo=self.read_as).astimezone(self.then).replace(tzinfo=None)
        return self.wall_clock.instant(when)


class Reading(NamedTuple):
    """A column, and what its texts mean where they are no ids or titles."""

    column: str
    values: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class TicketMapping:
    """Which column is what. `category` names the one category of all tickets, or its column."""

    times: Times
    ticket: str
    opened: str
    category: str | Reading
    deadline: str
    facts: Mapping[str, Reading] = field(default_factory=dict)
    moves: Mapping[str, str] = field(default_factory=dict)
    due: str | None = None
    as_of: int | None = None  #: seconds UTC
    by: str | None = None
    encoding: str = "utf-8-sig"

    def columns(self) -> Iterator[str]:
        yield from (self.ticket, self.opened)
        if isinstance(self.category, Reading):
            yield self.category.column
        yield from (source.column for source in self.facts.values())
        yield from self.moves.values()
        if self.due is not None:
            yield self.due


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A mapping file as read: what it says, and all that is wrong with it."""

    document: Document
    mapping: TicketMapping | None
    diagnostics: tuple[Diagnostic, ...]

    def unknown_columns(self, known: Sequence[str]) -> tuple[Diagnostic, ...]:
        """What the file says of columns that the tickets do not have."""
        assert self.mapping is not None
        return tuple(
            diagnostic("E101", self._span_of(column), kind=COLUMN, name=column).helping(*did_you_mean(column, known))
            for column in dict.fromkeys(self.mapping.columns())
            if column not in known
        )

    def _span_of(self, column: str) -> Any:
        return next(self.document.span(path) for path, text in _texts(self.document.tree) if text == column)


def load_mapping(path: FilePath, plans: Sequence[Plan]) -> MappingFile:
    """A mapping file for tickets under the versions of a plan, with every mistake at its place."""
    document, found = read_document(path)
    report = Report()
    report.extend(found)
    checked = validate(document, MappingText, report)
    text, document = checked.model, checked.document
    _complete(text, document, checked.doubtful, report)
    for plan in plans[-1:]:
        _resolve(text, plan, document, report)
    diagnostics = in_order(report)
    return MappingFile(document, None if failed(diagnostics) else _meaning(text, plans[-1]), diagnostics)


def _complete(
    part: Part, document: Document, doubtful: frozenset[Path], report: Report, path: tuple[str, ...] = ()
) -> None:
    """Reports what a map lacks that cannot do without; what was mistaken and left out has been reported already."""
    lacking = [name for name, field in _fields(part) if field.json_schema_extra == REQUIRED and _lacks(part, name)]
    if isinstance(part, CategoryText) and part.is_ is None and part.column is None:
        lacking = ["column"]
    if keys := ", ".join(f"`{name}`" for name in lacking if (*path, name) not in doubtful):
        report.add(diagnostic("E104", document.key(path), what=".".join(path) or "mapping", keys=keys))
    for name, _ in _fields(part):
        value = getattr(part, name)
        inside = value.items() if isinstance(value, dict) else [("", value)]
        for id, one in inside:
            if isinstance(one, Part):
                _complete(one, document, doubtful, report, (*path, name, id) if id else (*path, name))


def _fields(part: Part) -> Iterable[tuple[str, Any]]:
    return type(part).model_fields.items()


def _lacks(part: Part, name: str) -> bool:
    return getattr(part, name) is None


def _resolve(text: MappingText, plan: Plan, document: Document, report: Report) -> None:
    """Every name that must be one of the plan."""
    moves = {move for workflow in plan.workflows.values() for move in workflow.moves}
    deadlines = [deadline.id for deadline in plan.deadlines]
    asked: list[tuple[tuple[str, ...], Words, str | None, Iterable[str]]] = [
        *((("facts", name), FACT, name, plan.facts) for name in text.facts or ()),
        *((("moves", name), MOVE, name, moves) for name in text.moves or ()),
        (("category",), CATEGORY, text.category.is_ if text.category else None, plan.categories),
        (("deadline",), DEADLINE, text.deadline, deadlines),
        (("by",), FACT, text.by, plan.facts),
    ]
    for path, kind, name, known in asked:
        if name is not None and name not in known:
            where = document.key(path) if path[-1] == name else document.span(path)
            report.add(diagnostic("E101", where, kind=kind, name=name).helping(*did_you_mean(name, list(known))))


def _meaning(text: MappingText, plan: Plan) -> TicketMapping:
    times = text.times or TimesText()
    shifted = times.shifted
    wall_clock = always(times.timezone or plan.timezone)
    return TicketMapping(
        times=Times(
            wall_clock,
            times.format or ISO,
            ZoneInfo(shifted.read_as) if shifted else None,
            ZoneInfo(shifted.then) if shifted else None,
        ),
        ticket=text.ticket,
        opened=text.opened,
        category=Reading(text.category.column, text.category.values or {})
        if text.category.column
        else text.category.is_ or "",
        facts={name: Reading(one.column, one.values or {}) for name, one in (text.facts or {}).items()},
        moves=text.moves or {},
        deadline=text.deadline,
        due=text.due,
        as_of=wall_clock.instant(text.as_of) if text.as_of else None,
        by=text.by,
        encoding=text.encoding or "utf-8-sig",
    )


def _texts(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text of a tree, and where it stands."""
    for name, entry in node.entries.items():
        if hasattr(entry.value, "entries"):
            yield from _texts(entry.value, (*path, name))
        elif hasattr(entry.value, "value"):
            yield (*path, name), entry.value.value


COLUMN: Final = Words("column", "列")
FACT: Final = Words("fact", "事实")
MOVE: Final = Words("move", "动作")
CATEGORY: Final = Words("category", "类别")
DEADLINE: Final = Words("deadline", "时限")
