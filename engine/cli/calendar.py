"""`huiyin calendar`: working time as a tool of its own, for one question or for many at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from engine.cli.common import language_option

if TYPE_CHECKING:
    from engine.worktime import Clock, DayData, DayKind, DayRule, Lang, Length, Timetable

F = TypeVar("F", bound=Callable[..., Any])

#: What is asked about where nobody names a calendar: the office of the shipped handbook.
OFFICE: Final = {
    "timezone": "Asia/Shanghai",
    "holidays": "CN",
    "hours": {"mon-fri": "09:00-12:00, 13:30-18:00"},
}
RULES: Final = ("close", "midnight", "same time")


@click.group("calendar")
def command() -> None:
    """Working time: when a limit is over, how much lies between two instants, which days are worked.

    A calendar is a mapping of `timezone`, `holidays`, `hours` and `exceptions`; without one the office of the shipped
    handbook answers (Asia/Shanghai, CN, mon-fri 09:00-12:00 and 13:30-18:00).
    """


def calendar_options(function: F) -> F:
    for flag, metavar, words in reversed(
        (
            ("--calendar", "FILE", "A calendar in YAML or JSON; FILE:ID for one of its `calendars`."),
            ("--timezone", "ZONE", "IANA name, such as Asia/Shanghai."),
            ("--holidays", "CODE|DATE", "CN, US-MA, 2026-10-08 or none; may be given again."),
            ("--hours", "DAYS=TIMES", '"mon-fri=09:00-12:00, 13:30-18:00"; may be given again.'),
            ("--exception", "DATE=TIMES", "2026-10-08=closed; may be given again."),
        )
    ):
        function = click.option(flag, metavar=metavar, multiple=flag not in ("--calendar", "--timezone"), help=words)(
            function
        )
    return function


@command.command("due")
@click.argument("start", required=False)
@click.argument("limit", required=False)
@click.option("--day-rule", type=click.Choice(RULES), help="When the last day ends; close, and same time backward.")
@calendar_options
@click.option("--jsonl", is_flag=True, help="One question a line from standard input, one answer a line.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@language_option
def due(
    start: str | None, limit: str | None, day_rule: str | None, jsonl: bool, as_json: bool, lang: Lang, **named: Any
) -> None:
    """When LIMIT, counted from START, is over, and why.

    START is ISO 8601, without an offset local to the calendar: 2026-09-30T10:00. LIMIT says which days it means:
    "4 working hours", "3 working days", "2 calendar days", 3个工作日, "same day"; "-1 working days" counts backward
    (after a `--`, for it looks like an option).

    \b
    With --jsonl each line is
      {"id", "calendar": {…}, "start": "2026-09-30T10:00", "limit": "3 working days", "day_rule": "close"}
    and its answer
      {"id", "due": "2026-10-10T18:00:00+08:00", "provisional": false}   or   {"id", "error": "…"}
    """
    if jsonl:
        _none_beside_jsonl(start, limit, day_rule, *named.values())
        sys.exit(answer_lines(answer_due))
    if start is None or limit is None:
        raise click.UsageError("say START and LIMIT, or --jsonl")
    question = {"calendar": _calendar(**named), "start": start, "limit": limit, "day_rule": day_rule}
    with refusals(as_json):
        asked = read_due(question, Calendars())
        if as_json:
            answer = {"due": asked.local(asked.at), "provisional": asked.provisional, "explanation": asked.stretches()}
            click.echo(json.dumps(answer, ensure_ascii=False))
        else:
            click.echo(asked.local(asked.at) + _marked(asked.clock.timetable, asked.provisional, lang))
            for line in asked.explanation(lang):
                click.echo(f"  {line}")


@command.command("between")
@click.argument("start", required=False)
@click.argument("end", required=False)
@calendar_options
@click.option("--jsonl", is_flag=True, help="One question a line from standard input, one answer a line.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@language_option
def between(start: str | None, end: str | None, jsonl: bool, as_json: bool, lang: Lang, **named: Any) -> None:
    """How much working time lies from START to END; negative when END lies before START.

    With --jsonl each line is {"id", "calendar", "start", "end"} and its answer {"id", "seconds"} or {"id", "error"}.
    """
    if jsonl:
        _none_beside_jsonl(start, end, *named.values())
        sys.exit(answer_lines(answer_between))
    if start is None or end is None:
        raise click.UsageError("say START and END, or --jsonl")
    with refusals(as_json):
        calendars, raw = Calendars(), _calendar(**named)
        answer = answer_between({"calendar": raw, "start": start, "end": end}, calendars)
        if as_json:
            click.echo(json.dumps(answer))
        else:
            marked = _marked(calendars.timetable(raw), answer.get("provisional", False), lang)
            click.echo(_working(answer["seconds"], lang) + marked)


@command.command("show")
@click.argument("period", metavar="YEAR|MONTH")
@calendar_options
@click.option("--json", "as_json", is_flag=True, help="Every day as JSON.")
@language_option
def show(period: str, as_json: bool, lang: Lang, **named: Any) -> None:
    """The days of a YEAR (2026) or MONTH (2026-10): what is worked, what is off, what is made up for."""
    first, last = _period(period)
    with refusals(as_json):
        raw = _calendar(**named)
        table = Calendars().timetable(raw)
        days = [_day(table, day) for day in _days(first, last)]
        if as_json:
            click.echo(json.dumps(_shown_as_json(table, period, days), ensure_ascii=False))
        elif len(period) == 4:
            click.echo(_year(table, raw, days, lang))
        else:
            click.echo(_month(table, raw, days, lang))


# ---- many at once ----------------------------------------------------------------------------------------------------


_KEPT: Final = 500  # calendars; where each line brings its own, memory stays small


class QuestionError(ValueError):
    """A question that cannot be answered, in words for whoever asked it."""


class Calendars:
    """Timetables by what their calendars say: each is compiled once, however many lines ask about it."""

    def __init__(self) -> None:
        self._timetables: dict[str, Timetable] = {}
        self._lengths: dict[str, Length] = {}

    def timetable(self, raw: object) -> Timetable:
        """The timetable of a calendar as it was read from JSON or YAML."""
        if not isinstance(raw, Mapping):
            raise QuestionError("`calendar` is a mapping of timezone, holidays, hours and exceptions")
        key = json.dumps(raw)
        if key not in self._timetables:
            if len(self._timetables) == _KEPT:
                del self._timetables[next(iter(self._timetables))]
            self._timetables[key] = _compile(raw)
        return self._timetables[key]

    def length(self, text: object) -> Length:
        if not isinstance(text, str):
            raise QuestionError("`limit` is a text such as 3 working days")
        if text not in self._lengths:
            self._lengths[text] = _length(text)
        return self._lengths[text]


Answer = Callable[[Mapping[str, Any], Calendars], dict[str, Any]]


def answer_lines(answer: Answer) -> int:
    """Answer every line of standard input; 1 if any could not be answered. An empty line asks nothing."""
    calendars, failed = Calendars(), 0
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        reply = _answered(line, answer, calendars)
        failed |= "error" in reply
        out.write(_line(reply))
        out.flush()  # somebody may be waiting for this answer before asking on
    return failed


def _answered(line: bytes, answer: Answer, calendars: Calendars) -> dict[str, Any]:
    try:
        question = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as wrong:
        return {"id": None, "error": f"not JSON: {wrong}"}
    if not isinstance(question, dict):
        return {"id": None, "error": "each line is an object in braces"}
    try:
        return {"id": question.get("id"), **answer(question, calendars)}
    except (ValueError, OverflowError, RecursionError) as wrong:
        return {"id": question.get("id"), "error": _reason(wrong)}


def _line(reply: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(reply, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # half of a surrogate pair in the id: only an escape can say it
        return json.dumps(reply).encode() + b"\n"


def answer_due(question: Mapping[str, Any], calendars: Calendars) -> dict[str, Any]:
    asked = read_due(question, calendars)
    return {"due": asked.local(asked.at), "provisional": asked.provisional}


def answer_between(question: Mapping[str, Any], calendars: Calendars) -> dict[str, Any]:
    """Seconds; `provisional` only where it is true, for the plain answer has no such key."""
    from engine.worktime import OutOfTable

    table = calendars.timetable(question.get("calendar"))
    start, end = (_instant(question, key, table) for key in ("start", "end"))
    seconds = table.opening_between(start, end)
    if seconds == 0 and table.never_opens:
        raise OutOfTable
    answer: dict[str, Any] = {"seconds": seconds}
    if max(start, end) > table.horizon:
        answer["provisional"] = True
    return answer


# ---- one question ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for a due, read and answered."""

    start: int
    clock: Clock
    at: int
    provisional: bool
    backward: bool = False

    def local(self, at: int) -> str:
        return self.clock.timetable.local(at).isoformat()

    def explanation(self, lang: Lang) -> tuple[str, ...]:
        """Lines for people."""
        from engine.worktime import render

        if not self.backward:
            return render(self.clock.explain(self.start), self.clock.timetable, lang)
        said, words = _length_words(self.clock, lang), _WORDS[lang]
        open_time = _working(self.clock.timetable.opening_between(self.at, self.start), lang)
        return (words["backward"].format(limit=said, event=self.local(self.start), open=open_time),)

    def stretches(self) -> list[dict[str, Any]]:
        """The explanation as data; counted backward there is none."""
        if self.backward:
            return []
        return [
            {
                "start": self.local(one.start),
                "end": self.local(one.end),
                "kind": one.kind,
                "names": list(one.names),
                "counted": str(one.amount),
                "of": str(one.unit),
            }
            for one in self.clock.explain(self.start)
        ]


def read_due(question: Mapping[str, Any], calendars: Calendars) -> Asked:
    from engine.worktime import Clock, DayRule, Unit

    table = calendars.timetable(question.get("calendar"))
    length = calendars.length(question.get("limit"))
    start = _instant(question, "start", table)
    days = length.unit not in (Unit.SECONDS, Unit.WORKING_SECONDS)
    backward = length.amount < 0
    rule = _day_rule(question.get("day_rule")) or (DayRule.SAME_TIME if backward and days else DayRule.CLOSE)
    if not backward:
        clock = Clock(length, table, rule)
        return Asked(start, clock, *clock.due(start))
    clock = Clock(length._replace(amount=-length.amount), table, rule)
    return Asked(start, clock, clock.before(start, rule), clock.provisional(start), backward=True)


def _day_rule(rule: object) -> DayRule | None:
    from engine.worktime import DayRule

    if rule is None:
        return None
    if rule not in RULES:
        raise QuestionError(
            f"`day_rule` is {', '.join(RULES[:-1])} or {RULES[-1]}, not {json.dumps(rule, ensure_ascii=False)}"
        )
    return DayRule(str(rule))


def _instant(question: Mapping[str, Any], key: str, table: Timetable) -> int:
    text = question.get(key)
    if not isinstance(text, str):
        raise QuestionError(f"`{key}` is missing: an instant such as 2026-09-30T10:00, with or without an offset")
    try:
        return table.instant(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        raise QuestionError(
            f"`{key}` is no instant such as 2026-09-30T10:00 or 2026-09-30T10:00:00+08:00: `{text}`"
        ) from None


def _length(text: str) -> Length:
    from engine.worktime import LengthError, parse_length

    try:
        return parse_length(text, negative=True)
    except LengthError as wrong:
        raise QuestionError(f"{wrong}: {wrong.remedy}") from None


def _compile(raw: Mapping[str, Any]) -> Timetable:
    from engine.worktime import compile_calendar, read_calendar

    spec = read_calendar("calendar", raw)
    return compile_calendar(spec, _day_data(spec.holidays))


def _day_data(holidays: tuple[str, ...]) -> DayData:
    """The official days of the codes among the names; unknown codes are left for `compile_calendar` to report."""
    from engine.worktime import CalendarError, is_code, official_days

    known = []
    for code in filter(is_code, holidays):
        try:
            official_days((code,))
        except CalendarError:
            continue
        known.append(code)
    return official_days(tuple(known))


def _reason(wrong: Exception) -> str:
    from engine.worktime import OutOfTable

    if isinstance(wrong, OutOfTable):
        return "no such working time between 1990 and 2100: does the calendar ever open?"
    return str(wrong) or "out of range"


# ---- one question from a terminal ------------------------------------------------------------------------------------


@contextmanager
def refusals(as_json: bool) -> Iterator[None]:
    """A question that has no answer ends in its reason and exit code 1."""
    try:
        yield
    except (ValueError, OverflowError) as wrong:
        if as_json:
            click.echo(json.dumps({"error": _reason(wrong)}, ensure_ascii=False))
        else:
            click.echo(_reason(wrong), err=True)
        sys.exit(1)


def _none_beside_jsonl(*named: object) -> None:
    if any(named):
        raise click.UsageError("--jsonl reads everything from standard input: leave out START, LIMIT and the calendar")


def _calendar(
    calendar: str | None,
    timezone: str | None,
    holidays: tuple[str, ...],
    hours: tuple[str, ...],
    exception: tuple[str, ...],
) -> dict[str, Any]:
    """The calendar that the options name: a file, or the office, and what is said beside it."""
    raw: dict[str, Any] = _from_file(calendar) if calendar else dict(OFFICE)
    if timezone and not calendar:
        raw["holidays"] = "none"  # the office's holidays are those of its own country
    named = {
        "timezone": timezone,
        "holidays": list(holidays),
        "hours": _pairs("--hours", hours),
        "exceptions": {**raw.get("exceptions", {}), **_pairs("--exception", exception)},
    }
    return {**raw, **{key: value for key, value in named.items() if value}}


def _pairs(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise click.UsageError(f"{option} is written DAY=TIMES, such as mon-fri=09:00-18:00, not `{text}`")
    return {key.strip(): value.strip() for key, _, value in (text.partition("=") for text in texts)}


def _from_file(source: str) -> dict[str, Any]:
    """A calendar that is the whole file, or the one of an id among its `calendars`; every scalar is text."""
    import yaml

    name, _, id = source.rpartition(":") if not Path(source).exists() and ":" in source else (source, "", "")
    try:
        read = yaml.load(Path(name).read_text(encoding="utf-8"), yaml.BaseLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as wrong:
        raise click.UsageError(f"cannot read {name}: {wrong}") from None
    found = read.get("calendars", {}).get(id) if id and isinstance(read, dict) else read
    if not isinstance(found, dict):
        raise click.UsageError(f"{name} has no calendar `{id}`" if id else f"{name} is no calendar: it has no keys")
    return {"timezone": read["timezone"], **found} if id and "timezone" in read else found


_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "provisional": " (provisional: days beyond {through} are not published yet)",
        "backward": "{limit} before {event}; {open} lie between",
        "published": "published through {through}",
        "ahead": "provisional: the days after {through} are not published yet",
        "days": "{days} working days, {open} open",
        "holiday": "holiday",
        "makeup": "make-up day",
        "exception": "set by the site",
        "weekend": "day off",
        "month": "{name} {year}",
        "closed": "closed",
    },
    "zh": {
        "provisional": "（暂定：{through}之后的放假安排尚未公布）",
        "backward": "{event}之前{limit}；其间{open}",
        "published": "已公布至{through}",
        "ahead": "暂定：{through}之后的放假安排尚未公布",
        "days": "{days}个工作日，开放{open}",
        "holiday": "节假日",
        "makeup": "调休上班",
        "exception": "本处安排",
        "weekend": "休息日",
        "month": "{year}年{month}月",
        "closed": "休息",
    },
}
_WEEKDAYS: Final = {"en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "zh": tuple("一二三四五六日")}
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MARKS: Final = {"holiday": "*", "makeup": "+", "exception": "!", "weekend": "-"}


def _marked(table: Timetable, provisional: bool, lang: Lang) -> str:
    return _WORDS[lang]["provisional"].format(through=table.published_through) if provisional else ""


def _working(seconds: int, lang: Lang) -> str:
    from engine.worktime import Length, Unit, format_length

    return format_length(Length(seconds, Unit.WORKING_SECONDS), lang)


def _length_words(clock: Clock, lang: Lang) -> str:
    from engine.worktime import format_length

    return format_length(clock.length, lang)


# ---- the days of a period --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Day:
    """A date in a calendar: what it is, and when it opens (local times)."""

    date: date
    kind: DayKind
    openings: tuple[tuple[str, str], ...]
    seconds: int


def _period(text: str) -> tuple[date, date]:
    year, _, month = text.partition("-")
    try:
        first = date(int(year), int(month) if month else 1, 1)
        if not (len(year) == 4 and (not month or len(month) == 2) and 1990 <= first.year <= 2100):
            raise ValueError
    except ValueError:
        raise click.UsageError(
            f"`{text}` is no year such as 2026 and no month such as 2026-10 (1990 to 2100)"
        ) from None
    following = (first + timedelta(days=32)).replace(day=1) if month else date(first.year + 1, 1, 1)
    return first, following - timedelta(days=1)


def _days(first: date, last: date) -> Iterator[date]:
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def _day(table: Timetable, day: date) -> Day:
    begins = table.midnight_of(day - timedelta(days=1))
    openings = [
        (opens, closes)
        for opens, closes in table.intervals(begins, table.midnight_of(day))
        if table.date_of(opens) == day
    ]
    local = tuple((f"{table.local(opens):%H:%M}", f"{table.local(closes):%H:%M}") for opens, closes in openings)
    return Day(day, table.day_kind(day), local, sum(closes - opens for opens, closes in openings))


def _shown_as_json(table: Timetable, period: str, days: list[Day]) -> dict[str, Any]:
    through = table.published_through
    return {
        "period": period,
        "timezone": str(table.zone),
        "published_through": through.isoformat() if through else None,
        "working_days": sum(day.seconds > 0 for day in days),
        "seconds": sum(day.seconds for day in days),
        "days": [
            {"date": day.date.isoformat(), "kind": day.kind.kind, "name": day.kind.name, "open": day.openings}
            for day in days
        ],
    }


def _head(table: Timetable, raw: Mapping[str, Any], title: str, lang: Lang) -> str:
    listed = raw.get("holidays") or "none"
    names = [listed] if isinstance(listed, str) else [str(name) for name in listed]
    through = table.published_through
    published = [_WORDS[lang]["published"].format(through=through)] if through else []
    return " · ".join([title, str(table.zone), ", ".join(names), *published])


def _tail(table: Timetable, days: list[Day], lang: Lang) -> list[str]:
    words, through = _WORDS[lang], table.published_through
    seconds = sum(day.seconds for day in days)
    lines = [words["days"].format(days=sum(day.seconds > 0 for day in days), open=_hours(seconds, lang))]
    if through and days[-1].date > through:
        lines.append(words["ahead"].format(through=through))
    return lines


def _hours(seconds: int, lang: Lang) -> str:
    from engine.worktime import format_seconds

    return format_seconds(seconds, lang)


def _month(table: Timetable, raw: Mapping[str, Any], days: list[Day], lang: Lang) -> str:
    """A leaf of a wall calendar, with marks behind the numbers and what they mean below."""
    words, first = _WORDS[lang], days[0].date
    title = words["month"].format(name=_MONTHS[first.month - 1], year=first.year, month=first.month)
    cells = ["      "] * first.weekday() + [f"{day.date.day:>5}{_MARKS.get(day.kind.kind, ' ')}" for day in days]
    weeks = ["".join(cells[at : at + 7]).rstrip() for at in range(0, len(cells), 7)]
    gap = "   " if lang == "en" else "    "  # a Chinese character is two columns wide
    names = "".join(gap + name for name in _WEEKDAYS[lang])
    legend = []
    for kind, mark in _MARKS.items():
        if listed := _listed([day for day in days if day.kind.kind == kind], kind, lang):
            legend.append(f"{mark} {words[kind]}{listed}")
    return "\n".join([_head(table, raw, title, lang), "", names, *weeks, "", *legend, *_tail(table, days, lang)])


def _listed(days: list[Day], kind: str, lang: Lang) -> str | None:
    """The days of one mark, those of one name together: `: 1-7 国庆节`; nothing to say of plain days off."""
    if not days:
        return None
    if kind == "weekend":
        return ""
    runs: list[list[Day]] = []
    for day in days:
        said = _said_of(day, lang)
        if runs and _said_of(runs[-1][-1], lang) == said and day.date - runs[-1][-1].date == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return (": " if lang == "en" else "：") + "; ".join(
        f"{run[0].date.day}{f'-{run[-1].date.day}' if len(run) > 1 else ''} {_said_of(run[0], lang)}".rstrip()
        for run in runs
    )


def _said_of(day: Day, lang: Lang) -> str:
    if day.kind.kind == "exception":
        return ", ".join(f"{opens}-{closes}" for opens, closes in day.openings) or _WORDS[lang]["closed"]
    return day.kind.name


def _year(table: Timetable, raw: Mapping[str, Any], days: list[Day], lang: Lang) -> str:
    """One line a month: working days, opening time, and every day that is not as its weekday says."""
    rows = []
    for month in range(1, 13):
        of_month = [day for day in days if day.date.month == month]
        name = f"{_MONTHS[month - 1]:<9}" if lang == "en" else f"{month:>2}月"
        marked = [
            f"{mark}{listed.removeprefix(':').removeprefix('：')}".replace(f"{mark} ", mark)
            for kind, mark in _MARKS.items()
            if (listed := _listed([day for day in of_month if day.kind.kind == kind], kind, lang))
        ]
        tail = _tail(table, of_month, lang)[0]
        rows.append(f"{name}  {tail:<38}  {'  '.join(marked)}".rstrip())
    legend = "  ".join(f"{mark} {_WORDS[lang][kind]}" for kind, mark in _MARKS.items() if kind != "weekend")
    head = _head(table, raw, str(days[0].date.year), lang)
    return "\n".join([head, "", *rows, "", legend, *_tail(table, days, lang)])
