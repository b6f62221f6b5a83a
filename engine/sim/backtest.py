"""Backtest: last year's tickets under this plan, decided by the unmodified core and held against the dues of then.

Each ticket is opened alone: no roster, no detections, no messages. What a ticket was known by comes from a table; which
column is what says a mapping file.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from engine.core import Actor, Command, Family, Plan, Refusal, Run, Value, advance, clock, decide
from engine.core import commands as c
from engine.core.plan import LengthLimit, Move
from engine.policy import Diagnostic, Reading, TicketMapping, Words, failed, load
from engine.runtime import SYSTEM, Plans, Roster, Site, ValueProblemError, read_value
from engine.worktime import OutOfTable

Row = Mapping[str, str | None]

#: A due this much after ours is a slip of whoever set it, not another level. Days.
FAR_DAYS: Final = 366
MINUTES_MAX: Final = 600  # seconds between opening a form and saving it
HOUR: Final = 3600
_WATCH_EVERY: Final = 500  # rows

#: Why a due is another than the plan's, most telling first. The codes are stable.
KINDS: Final[dict[str, Words]] = {
    "before_opening": Words("the file's due lies before the opening", "文件中的到期时刻早于开单时刻"),
    "far_ahead": Words("the file's due lies more than a year after the plan's", "文件中的到期时刻比方案晚一年以上"),
    "no_limit": Words("the plan has no limit for it", "方案对此没有时限"),
    "day_of_change": Words("as by the other version, opened on the day it changed", "开单于版本更替当日，符合另一版本"),
    "other_version": Words("as by another version of the plan", "符合方案的另一版本"),
    "minutes_later": Words("up to 10 minutes later: saved after it was opened", "晚 10 分钟以内：开单之后才保存"),
    "minutes_earlier": Words(
        "up to 10 minutes earlier: the clock had begun before, or was cut to the minute",
        "早 10 分钟以内：开单之前已起算，或时刻只取到分",
    ),
    "holidays": Words("as if there were no holidays", "如同没有节假日"),
    "hour": Words("an hour apart: summer time", "相差一小时：夏令时"),
    "other_level": Words("as by another limit of the plan", "符合方案中的另一时限"),
    "other_days": Words("the right time of day, another number of days", "时刻相符，天数不同"),
    "unexplained": Words(
        "none of these: set by hand, or counted from another instant", "以上皆非：人工设定，或从别的时刻起算"
    ),
}
#: Why a row is listed. Those of the first group are not compared: they could not be read, or not be opened.
FLAWS: Final[dict[str, Words]] = {
    "cell": Words("a cell cannot be read", "单元格无法读取"),
    "twice": Words("the ticket stands in the file twice", "工单在文件中重复出现"),
    "refused": Words("the plan refuses to open it", "方案拒绝开单"),
    "before_opening": KINDS["before_opening"],
    "far_ahead": KINDS["far_ahead"],
    "move": Words("a move was left out", "有一个动作未执行"),
}
_SUSPECT: Final = ("before_opening", "far_ahead")


class FlawedRowError(Exception):
    """A row that cannot be replayed; says why."""

    def __init__(self, flaw: str, detail: Words) -> None:
        super().__init__(detail.en)
        self.flaw, self.detail = flaw, detail


class Case(NamedTuple):
    """A row as read: what is needed to open the ticket again. Instants are seconds UTC."""

    ticket: str
    opened: int
    texts: Mapping[str, str]  #: facts as they stand in the file
    category: str
    moves: tuple[tuple[int, str], ...]
    known: int | None  #: the due of then


class Dirty(NamedTuple):
    """A row to look at, by its line; `flaw` is a key of FLAWS."""

    line: int
    ticket: str
    flaw: str
    detail: Words


class Replayed(NamedTuple):
    """A ticket under the plan: the due it got, and how it ended; None where no run began."""

    due: int | None
    status: str | None
    left_out: tuple[Words, ...] = ()


Listener = Callable[[Row, Replayed, str | None], None]


@dataclass(slots=True)
class Group:
    """The rows of one type. `compared` have a due in the file; those equal within tolerance have no kind."""

    title: str
    tickets: int = 0
    compared: int = 0
    equal: int = 0
    extra: int = 0  #: the plan gives a due, the file has none
    kinds: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)  #: how the runs ended under the plan, `met`, `late` …

    @property
    def share(self) -> float | None:
        return self.equal / self.compared if self.compared else None

    @property
    def kept(self) -> float | None:
        """Of the tickets that were done, or are overdue, those done in time by the plan."""
        judged = sum(self.ends[status] for status in ("met", "late", "missed", "breached"))
        return self.ends["met"] / judged if judged else None

    def add(self, other: Group) -> None:
        self.tickets += other.tickets
        self.compared += other.compared
        self.equal += other.equal
        self.extra += other.extra
        self.kinds += other.kinds
        self.ends += other.ends


@dataclass(slots=True)
class Result:
    """What a backtest found."""

    tolerance: int
    rows: int = 0
    groups: dict[str, Group] = field(default_factory=dict)
    dirty: list[Dirty] = field(default_factory=list)

    def total(self) -> Group:
        whole = Group("")
        for group in self.groups.values():
            whole.add(group)
        return whole

    def in_order(self) -> list[Group]:
        """Largest first."""
        return sorted(self.groups.values(), key=lambda group: (-group.tickets, group.title))


class SameDayError(ValueError):
    """Two files would be in force from the same day on; `zh` says it in Chinese."""

    def __init__(self, one: Path, other: Path, since: date | None) -> None:
        when, zh = "without `effective`", "没有 `effective`"
        if since is not None:
            when, zh = f"effective {since}", f"自 {since} 起生效"
        super().__init__(f"{one} and {other} are both {when}: name the versions of one plan")
        self.zh = f"{one} 和 {other} 都{zh}：请指明同一方案的各个版本"


def load_versions(paths: Iterable[Path], today: date) -> tuple[tuple[Plan, ...], tuple[Diagnostic, ...]]:
    """The versions of a plan by effective date, oldest first; without plans, what is wrong with the files.

    Raises:
        SameDayError: two files would be in force from the same day on.
    """
    loaded = {path: load(path, today=today, name=str(path)) for path in paths}
    wrong = tuple(found for one in loaded.values() for found in one.diagnostics if found.severity == "error")
    plans = {path: one.plan for path, one in loaded.items() if one.plan is not None}
    if failed(wrong) or not plans:
        return (), wrong
    files: dict[date, Path] = {}
    for path, plan in plans.items():
        since = plan.effective or date.min
        if since in files:
            raise SameDayError(files[since], path, plan.effective)
        files[since] = path
    return tuple(plans[files[since]] for since in sorted(files)), ()


class Tickets:
    """A table of tickets in a file, `.csv` or `.csv.gz`. It is streamed: a row is read when it is asked for."""

    def __init__(self, path: Path, encoding: str) -> None:
        self.path = path
        self.encoding = encoding

    @property
    def size(self) -> int:
        """Bytes, as they lie on the disk."""
        return self.path.stat().st_size

    def columns(self) -> tuple[str, ...]:
        with self._open() as (table, _):
            return tuple(table.fieldnames or ())

    def rows(self, watch: Callable[[int], None] = lambda done: None) -> Iterator[tuple[int, Row]]:
        """Each row with its line. `watch` is told now and then how many bytes of the file are read."""
        with self._open() as (table, done):
            for number, row in enumerate(table):
                if number % _WATCH_EVERY == 0:
                    watch(done())
                yield table.line_num, row
            watch(done())

    @contextmanager
    def _open(self) -> Iterator[tuple[csv.DictReader[str], Callable[[], int]]]:
        with self.path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            plain = gzip.GzipFile(fileobj=raw) if zipped else raw
            with io.TextIOWrapper(plain, encoding=self.encoding, newline="") as text:
                yield csv.DictReader(text), raw.tell


def backtest(
    mapping: TicketMapping,
    plans: Sequence[Plan],
    rows: Iterable[tuple[int, Row]],
    tolerance: int = 60,
    listen: Listener = lambda row, replayed, kind: None,
) -> Result:
    """Every row opened under the version of its day, its due held against the one in the file.

    Args:
        rows: with the line each one ends on.
        tolerance: seconds that count as equal.
        listen: is told of every row that was replayed, and of the kind of its difference, if there is one.
    """
    desk = _Desk(mapping, tuple(plans), tolerance)
    result = Result(tolerance)
    seen: set[str] = set()
    for line, row in rows:
        result.rows += 1
        ticket = (row.get(mapping.ticket) or "").strip()
        try:
            case = desk.read(ticket, row)
            if ticket in seen:
                raise FlawedRowError("twice", FLAWS["twice"])
            seen.add(ticket)
            plan = desk.site.plan_at(case.opened)
            replayed = desk.replay(plan, case)
        except FlawedRowError as flawed:
            result.dirty.append(Dirty(line, ticket, flawed.flaw, flawed.detail))
            continue
        title = desk.title(plan, case)
        group = result.groups.get(title) or result.groups.setdefault(title, Group(title))
        kind = desk.compare(plan, case, replayed, group)
        listen(row, replayed, kind)
        if kind in _SUSPECT:
            result.dirty.append(Dirty(line, ticket, kind, desk.told(case, replayed)))
        result.dirty += [Dirty(line, ticket, "move", left_out) for left_out in replayed.left_out]
    return result


class _Desk:
    """Reads rows, replays them through the core, and says why a due differs."""

    def __init__(self, mapping: TicketMapping, plans: tuple[Plan, ...], tolerance: int) -> None:
        self.mapping = mapping
        self.tolerance = tolerance
        edition = list(plans[-1].editions)[-1]
        known = Plans.of(*plans)
        self.site = Site(known, Roster(known, edition), edition)
        self.actors = {plan.version: Actor(f"{SYSTEM}:backtest", frozenset({SYSTEM, *plan.roles})) for plan in plans}
        self.values: dict[tuple[str, str, str], Value] = {}
        self.without_holidays: dict[str, Plan] = {}

    # ---- a row as a case ----

    def read(self, ticket: str, row: Row) -> Case:
        mapping = self.mapping
        if not ticket:
            raise FlawedRowError("cell", _empty(mapping.ticket))
        if None in row.values() or None in row:
            raise FlawedRowError("cell", UNEVEN)
        opened = self._instant(row, mapping.opened)
        if opened is None:
            raise FlawedRowError("cell", _empty(mapping.opened))
        moves = ((self._instant(row, column), move) for move, column in mapping.moves.items())
        return Case(
            ticket,
            opened,
            {fact: text for fact, source in mapping.facts.items() if (text := _text(row, source))},
            mapping.category if isinstance(mapping.category, str) else _text(row, mapping.category),
            tuple(sorted((at, move) for at, move in moves if at is not None)),
            self._instant(row, mapping.due) if mapping.due is not None else None,
        )

    def _instant(self, row: Row, column: str) -> int | None:
        text = (row[column] or "").strip()
        if not text:
            return None
        try:
            return self.mapping.times.instant(text)
        except (ValueError, OverflowError):
            raise FlawedRowError("cell", _no_time(column, text, self.mapping.times.format)) from None

    def facts(self, plan: Plan, case: Case) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for fact, text in case.texts.items():
            key = (plan.version, fact, text)
            if key not in self.values:
                self.values[key] = self._value(plan, fact, text, case.opened)
            found[fact] = self.values[key]
        return found

    def _value(self, plan: Plan, fact: str, text: str, opened: int) -> Value:
        if plan.facts[fact].type == "time":
            try:
                return self.mapping.times.instant(text)
            except ValueError:
                raise FlawedRowError("cell", _no_time(fact, text, self.mapping.times.format)) from None
        roles = plan.role_names
        zone = self.site.zone
        try:
            return read_value(plan.facts[fact], text, zone, datetime.fromtimestamp(opened, zone), roles)
        except ValueProblemError:
            raise FlawedRowError("cell", NO_VALUE.format(fact=fact, text=text)) from None

    def title(self, plan: Plan, case: Case) -> str:
        """What a case is listed under: the fact that the mapping names, else its category."""
        by = self.mapping.by
        if by is None:
            return plan.categories[self._category(plan, case)].title
        value = self.facts(plan, case).get(by)
        return plan.facts[by].values.get(value, value) if isinstance(value, str) else str(value or "—")

    def _category(self, plan: Plan, case: Case) -> str:
        if case.category in plan.categories:
            return case.category
        for category in plan.categories.values():
            if category.title == case.category:
                return category.id
        raise FlawedRowError("cell", NO_VALUE.format(fact="category", text=case.category))

    # ---- the core ----

    def replay(self, plan: Plan, case: Case) -> Replayed:
        """The ticket opened and moved as it was then, by this plan."""
        family = self._opened(plan, case)
        first = self._first_run(family)
        left_out: list[Words] = []
        for at, move in case.moves:
            if case.opened - self.tolerance <= at < case.opened:
                at = case.opened  # one of the two was cut to the minute
            if at < family.at:
                left_out.append(TOO_EARLY.format(move=move))
                continue
            family = _advanced(plan, family, at - 1)
            outcome = decide(plan, family, self._command(plan, family, case, at, move))
            if isinstance(outcome, Refusal):
                left_out.append(REFUSED.format(move=move, code=outcome.code, detail=outcome.detail))
            else:
                family = outcome.family
                first = first or self._first_run(family)
        if self.mapping.as_of is not None and self.mapping.as_of > family.at:
            family = _advanced(plan, family, self.mapping.as_of)
        last = [run for run in family.root.all_runs() if run.deadline == self.mapping.deadline]
        return Replayed(first.due if first else None, last[-1].status if last else None, tuple(left_out))

    def _opened(self, plan: Plan, case: Case) -> Family:
        act = c.Open(self._category(plan, case), self.facts(plan, case), plan=plan.version, edition=self.site.edition)
        try:
            outcome = decide(plan, None, Command(case.ticket, self.actors[plan.version], case.opened, act))
        except OutOfTable:
            raise FlawedRowError("refused", OUTSIDE) from None
        if isinstance(outcome, Refusal):
            raise FlawedRowError("refused", REFUSED.format(move="open", code=outcome.code, detail=outcome.detail))
        return outcome.family

    def _command(self, plan: Plan, family: Family, case: Case, at: int, move: str) -> Command:
        known = _move(plan, family, move)
        act = c.Do(move, {}, "backtest" if known is not None and known.assign is not None else None)
        return Command(case.ticket, self.actors[plan.version], max(at, family.floor), act)

    def _first_run(self, family: Family) -> Run | None:
        return next((run for run in family.root.all_runs() if run.deadline == self.mapping.deadline), None)

    # ---- dues held against each other ----

    def compare(self, plan: Plan, case: Case, replayed: Replayed, group: Group) -> str | None:
        """Counts the case, and says of which kind the difference is, if there is one."""
        group.tickets += 1
        if replayed.status is not None:
            group.ends[replayed.status] += 1
        if case.known is None:
            group.extra += self.mapping.due is not None and replayed.due is not None
            return None
        group.compared += 1
        if self._equal(replayed.due, case.known):
            group.equal += 1
            return None
        kind = self._kind(plan, case, replayed.due, case.known)
        group.kinds[kind] += 1
        return kind

    def _equal(self, due: int | None, known: int) -> bool:
        return due is not None and abs(due - known) <= self.tolerance

    def _kind(self, plan: Plan, case: Case, due: int | None, known: int) -> str:
        """Why a due is another than ours: replayed under the same plan with one thing changed, as far as that goes."""
        if known < case.opened:
            return "before_opening"
        if due is not None and known - due > FAR_DAYS * 86_400:
            return "far_ahead"
        if any(self._equal(self._due_by(other, case), known) for other in self.site.plans if other is not plan):
            local = datetime.fromtimestamp(case.opened, self.site.zone).date()
            return "day_of_change" if local in {other.effective for other in self.site.plans} else "other_version"
        if due is None:
            return "no_limit"
        if abs(known - due) <= MINUTES_MAX:
            return "minutes_later" if known > due else "minutes_earlier"
        if self._equal(self._due_by(self._unfestive(plan), case), known):
            return "holidays"
        if self._equal(due + HOUR, known) or self._equal(due - HOUR, known):
            return "hour"
        if any(self._equal(other, known) for other in self._other_limits(case)):
            return "other_level"
        return "other_days" if self._same_time_of_day(known, (due, case.opened)) else "unexplained"

    def _due_by(self, plan: Plan, case: Case) -> int | None:
        try:
            return self.replay(plan, case).due
        except FlawedRowError:  # the other version knows no such value
            return None

    def _unfestive(self, plan: Plan) -> Plan:
        """The same plan in a year without holidays."""
        if plan.version not in self.without_holidays:
            specs = {id: replace(spec, holidays=()) for id, spec in plan.calendars.items()}
            self.without_holidays[plan.version] = replace(plan, calendars=specs)
        return self.without_holidays[plan.version]

    def _other_limits(self, case: Case) -> Iterator[int]:
        for plan in self.site.plans:
            for deadline in plan.deadlines:
                if deadline.id == self.mapping.deadline:
                    for row in deadline.limit.rows:
                        if isinstance(row.value, LengthLimit):
                            yield clock(plan, row.value, self.site.edition).due(case.opened).at

    def _same_time_of_day(self, known: int, others: Iterable[int]) -> bool:
        """Compared by the wall clock, round midnight."""
        shown = self._time_of_day(known)
        apart = [abs(shown - self._time_of_day(other)) for other in others]
        return any(min(gap, 86_400 - gap) <= self.tolerance for gap in apart)

    def _time_of_day(self, at: int) -> int:
        local = datetime.fromtimestamp(at, self.site.zone)
        return local.hour * 3600 + local.minute * 60 + local.second

    def told(self, case: Case, replayed: Replayed) -> Words:
        """A due that cannot be meant, in words."""
        assert case.known is not None
        zone = self.site.zone
        ours = NO_DUE if replayed.due is None else _shown(replayed.due, zone)
        return SUSPECT.format(opened=_shown(case.opened, zone), known=_shown(case.known, zone), ours=ours)


def _advanced(plan: Plan, family: Family, until: int) -> Family:
    outcomes = advance(plan, family, until)
    return outcomes[-1].family if outcomes else family


def _move(plan: Plan, family: Family, name: str) -> Move | None:
    return plan.workflow_of(family.root.category).moves.get(name)


def _text(row: Row, source: Reading) -> str:
    text = (row[source.column] or "").strip()
    return source.values.get(text, text)


def _shown(at: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _empty(column: str) -> Words:
    return Words(f"{column}: empty", f"{column}：空")


def _no_time(column: str, text: str, form: str) -> Words:
    return Words(f"{column}: “{text}” is no time of the form {form}", f"{column}：“{text}”不是 {form} 格式的时间")


UNEVEN: Final = Words("the row has not as many cells as the table has columns", "该行的单元格数与列数不同")
NO_VALUE: Final = Words("{fact}: “{text}” is no value of it", "{fact}：没有“{text}”这个值")
OUTSIDE: Final = Words("its time lies outside 1990 to 2100", "时间不在 1990 至 2100 年之间")
REFUSED: Final = Words("{move}: refused ({code} {detail})", "{move}：被拒绝（{code} {detail}）")
TOO_EARLY: Final = Words("{move}: before what came before it", "{move}：早于它之前的步骤")
NO_DUE: Final = Words("none", "无")
SUSPECT: Final = Words(
    "opened {opened}, due in the file {known}, by the plan {ours}",
    "开单 {opened}，文件中的到期时刻 {known}，按方案 {ours}",
)
