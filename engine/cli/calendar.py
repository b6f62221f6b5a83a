"""`huiyin calendar`: working time as a tool of its own, for one question or for many at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from engine.cli.common import language_option

if TYPE_CHECKING:
    from engine.worktime import Clock, DayData, DayRule, Length, Timetable

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
    options = (
        click.option("--calendar", "source", metavar="FILE", help="A calendar in YAML or JSON; FILE:ID for one of many."),
        click.option("--timezone", metavar="ZONE", help="IANA name, such as Asia/Shanghai."),
        click.option("--holidays", multiple=True, metavar="CODE|DATE", help="CN, US-MA, 2026-10-08 or none; repeatable."),
        click.option("--hours", multiple=True, metavar="DAYS=TIMES", help='"mon-fri=09:00-12:00, 13:30-18:00"; repeatable.'),
        click.option("--exception", "exceptions", multiple=True, metavar="DATE=TIMES", help="2026-10-08=closed; repeatable."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
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
    start: str | None, limit: str | None, day_rule: str | None, jsonl: bool, as_json: bool, lang: str, **named: Any
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
        answer = {"due": asked.local(asked.at), "provisional": asked.provisional}
        if as_json:
            click.echo(json.dumps({**answer, "explanation": asked.explanation(lang)}, ensure_ascii=False))
        else:
            click.echo("\n".join([_said(asked, lang), *asked.explanation(lang)]))


@command.command("between")
@click.argument("start", required=False)
@click.argument("end", required=False)
@calendar_options
@click.option("--jsonl", is_flag=True, help="One question a line from standard input, one answer a line.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@language_option
def between(start: str | None, end: str | None, jsonl: bool, as_json: bool, lang: str, **named: Any) -> None:
    """How much working time lies from START to END; negative when END lies before START.

    With --jsonl each line is {"id", "calendar", "start", "end"} and its answer {"id", "seconds"} or {"id", "error"}.
    """
    if jsonl:
        _none_beside_jsonl(start, end, *named.values())
        sys.exit(answer_lines(answer_between))
    if start is None or end is None:
        raise click.UsageError("say START and END, or --jsonl")
    with refusals(as_json):
        answer = answer_between({"calendar": _calendar(**named), "start": start, "end": end}, Calendars())
        if as_json:
            click.echo(json.dumps(answer))
        else:
            click.echo(_working(answer["seconds"], lang) + _marked(answer.get("provisional", False), lang))


@command.command("show")
@click.argument("period", metavar="YEAR|MONTH")
@calendar_options
@click.option("--json", "as_json", is_flag=True, help="Every day as JSON.")
@language_option
def show(period: str, as_json: bool, lang: str, **named: Any) -> None:
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


class Mistake(ValueError):
    """A question that cannot be answered, in words for whoever asked it."""


class Calendars:
    """Timetables by what their calendars say: each is compiled once, however many lines ask about it."""

    def __init__(self) -> None:
        self._timetables: dict[str, Timetable] = {}
        self._lengths: dict[str, Length] = {}

    def timetable(self, raw: object) -> Timetable:
        """The timetable of a calendar as it was read from JSON or YAML."""
        if not isinstance(raw, Mapping):
            raise Mistake("`calendar` is a mapping of timezone, holidays, hours and exceptions")
        key = json.dumps(raw)
        if key not in self._timetables:
            self._timetables[key] = _compile(raw)
        return self._timetables[key]

    def length(self, text: object) -> Length:
        if not isinstance(text, str):
            raise Mistake("`limit` is a text such as 3 working days")
        if text not in self._lengths:
            self._lengths[text] = _length(text)
        return self._lengths[text]


Answer = Callable[[Mapping[str, Any], Calendars], dict[str, Any]]


def answer_lines(answer: Answer) -> int:
    """Answer every line of standard input; 1 if any could not be answered. An empty line asks nothing."""
    calendars, failed = Calendars(), 0
    out = click.get_binary_stream("stdout")
    for line in click.get_binary_stream("stdin"):
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

    def local(self, at: int) -> str:
        return self.clock.timetable.local(at).isoformat()

    def explanation(self, lang: str) -> list[str]:
        return []


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
    return Asked(start, clock, clock.before(start, rule), clock.provisional(start))


def _day_rule(rule: object) -> DayRule | None:
    from engine.worktime import DayRule

    if rule is None:
        return None
    if rule not in RULES:
        raise Mistake(f"`day_rule` is {', '.join(RULES[:-1])} or {RULES[-1]}, not {json.dumps(rule, ensure_ascii=False)}")
    return DayRule(str(rule))


def _instant(question: Mapping[str, Any], key: str, table: Timetable) -> int:
    text = question.get(key)
    if not isinstance(text, str):
        raise Mistake(f"`{key}` is missing: an instant such as 2026-09-30T10:00, with or without an offset")
    try:
        return table.instant(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        raise Mistake(f"`{key}` is no instant such as 2026-09-30T10:00 or 2026-09-30T10:00:00+08:00: `{text}`") from None


def _length(text: str) -> Length:
    from engine.worktime import LengthError, parse_length

    try:
        return parse_length(text, negative=True)
    except LengthError as wrong:
        raise Mistake(f"{wrong}: {wrong.remedy}") from None


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
