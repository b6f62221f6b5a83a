"""`huiyin calendar`: working time as a tool of its own, for one question or for many at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from engine.cli.common import language_option
from engine.cli.errors import CallError

if TYPE_CHECKING:
    from engine.worktime import Lang

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
    from engine.cli.working_time import Calendars, answer_due, answer_lines, provisional_words, read_due

    if jsonl:
        _none_beside_jsonl(start, limit, day_rule, *named.values())
        sys.exit(answer_lines(answer_due))
    if start is None or limit is None:
        raise CallError("say START and LIMIT, or --jsonl", "请写 START 和 LIMIT，或用 --jsonl")
    question = {"calendar": _calendar(**named), "start": start, "limit": limit, "day_rule": day_rule}
    with refusals(as_json, lang):
        asked = read_due(question, Calendars())
        if as_json:
            answer = {"due": asked.local(asked.at), "provisional": asked.provisional, "explanation": asked.stretches()}
            click.echo(json.dumps(answer, ensure_ascii=False))
        else:
            click.echo(asked.local(asked.at) + provisional_words(asked.clock.timetable, asked.provisional, lang))
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
    from engine.cli.working_time import Calendars, answer_between, answer_lines, provisional_words, working

    if jsonl:
        _none_beside_jsonl(start, end, *named.values())
        sys.exit(answer_lines(answer_between))
    if start is None or end is None:
        raise CallError("say START and END, or --jsonl", "请写 START 和 END，或用 --jsonl")
    with refusals(as_json, lang):
        calendars, raw = Calendars(), _calendar(**named)
        answer = answer_between({"calendar": raw, "start": start, "end": end}, calendars)
        if as_json:
            click.echo(json.dumps(answer))
        else:
            marked = provisional_words(calendars.timetable(raw), answer.get("provisional", False), lang)
            click.echo(working(answer["seconds"], lang) + marked)


@command.command("show")
@click.argument("period", metavar="YEAR|MONTH")
@calendar_options
@click.option("--json", "as_json", is_flag=True, help="Every day as JSON.")
@language_option
def show(period: str, as_json: bool, lang: Lang, **named: Any) -> None:
    """The days of a YEAR (2026) or MONTH (2026-10): what is worked, what is off, what is made up for."""
    from engine.cli.wall_calendar import as_data, days_of, month, period_of, year
    from engine.cli.working_time import Calendars

    try:
        first, last = period_of(period)
    except ValueError:
        raise CallError(
            f"`{period}` is no year such as 2026 and no month such as 2026-10 (1990 to 2100)",
            f"`{period}` 不是年份（如 2026），也不是月份（如 2026-10）；范围 1990 至 2100",
        ) from None
    with refusals(as_json, lang):
        raw = _calendar(**named)
        table = Calendars().timetable(raw)
        days = days_of(table, first, last)
        if as_json:
            click.echo(json.dumps(as_data(table, period, days), ensure_ascii=False))
        else:
            leaf = month if "-" in period else year
            click.echo(leaf(table, raw, days, lang))


# ---- from a terminal -------------------------------------------------------------------------------------------------


@contextmanager
def refusals(as_json: bool, lang: Lang) -> Iterator[None]:
    """A question that has no answer ends in its reason and exit code 1."""
    from engine.cli.working_time import reason

    try:
        yield
    except (ValueError, OverflowError) as wrong:
        if as_json:
            click.echo(json.dumps({"error": reason(wrong)}, ensure_ascii=False))
        else:
            click.echo(f"{'错误：' if lang == 'zh' else 'Error: '}{reason(wrong, lang)}", err=True)
        sys.exit(1)


def _none_beside_jsonl(*named: object) -> None:
    if any(named):
        raise CallError(
            "--jsonl reads everything from standard input: leave out START, LIMIT and the calendar",
            "--jsonl 从标准输入读取全部内容：请不要再写 START、LIMIT 和日历",
        )


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
    stated, beside = raw.get("exceptions", {}), _pairs("--exception", exception)
    named = {
        "timezone": timezone,
        "holidays": list(holidays),
        "hours": _pairs("--hours", hours),
        "exceptions": {**stated, **beside} if beside and isinstance(stated, dict) else None,
    }
    return {**raw, **{key: value for key, value in named.items() if value}}


def _pairs(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise CallError(
                f"{option} is written DAY=TIMES, such as mon-fri=09:00-18:00, not `{text}`",
                f"{option} 应写作 DAY=TIMES，例如 mon-fri=09:00-18:00，而不是 `{text}`",
            )
    return {key.strip(): value.strip() for key, _, value in (text.partition("=") for text in texts)}


def _from_file(source: str) -> dict[str, Any]:
    """A calendar that is the whole file, or the one of an id among its `calendars`; every scalar is text."""
    import yaml

    name, _, id = source.rpartition(":") if not Path(source).exists() and ":" in source else (source, "", "")
    try:
        read = yaml.load(Path(name).read_text(encoding="utf-8"), yaml.BaseLoader)
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError) as wrong:
        why = wrong.strerror if isinstance(wrong, OSError) else wrong
        raise CallError(f"cannot read {name}: {why}", f"无法读取 {name}：{why}") from None
    found = read
    for key in ("calendars", id) if id else ():
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        if id:
            raise CallError(f"{name} has no calendar `{id}`", f"{name} 中没有日历 `{id}`")
        raise CallError(f"{name} is no calendar: it has no keys", f"{name} 不是日历：没有任何键")
    return {"timezone": read["timezone"], **found} if id and "timezone" in read else found
