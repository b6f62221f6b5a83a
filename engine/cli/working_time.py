"""Questions about working time, as they stand in lines of JSON or on a command line, and their answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.worktime import (
    CalendarError,
    Clock,
    DayData,
    DayRule,
    Lang,
    Length,
    LengthError,
    OutOfTable,
    Timetable,
    Unit,
    compile_calendar,
    format_length,
    is_code,
    official_days,
    parse_length,
    read_calendar,
    render,
)

_KEPT: Final = 500  # calendars; where each line brings its own, memory stays small


class QuestionError(ValueError):
    """A question that cannot be answered, in words for whoever asked it; lines of JSON are answered in English."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.chinese = chinese


class Calendars:
    """Timetables by what their calendars say: each is compiled once, however many lines ask about it."""

    def __init__(self) -> None:
        self._timetables: dict[str, Timetable] = {}
        self._lengths: dict[str, Length] = {}

    def timetable(self, raw: object) -> Timetable:
        """The timetable of a calendar as it was read from JSON or YAML."""
        if not isinstance(raw, Mapping):
            raise QuestionError(
                "`calendar` is a mapping of timezone, holidays, hours and exceptions",
                "`calendar` 由 timezone、holidays、hours、exceptions 组成",
            )
        key = json.dumps(raw)
        if key not in self._timetables:
            if len(self._timetables) == _KEPT:
                del self._timetables[next(iter(self._timetables))]
            self._timetables[key] = _compile(raw)
        return self._timetables[key]

    def length(self, text: object) -> Length:
        if not isinstance(text, str):
            raise QuestionError("`limit` is a text such as 3 working days", "`limit` 是文字，如：3个工作日")
        if text not in self._lengths:
            self._lengths[text] = _length(text)
        return self._lengths[text]


# ---- many at once ----------------------------------------------------------------------------------------------------

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
        return {"id": question.get("id"), "error": reason(wrong)}


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
        if not self.backward:
            return render(self.clock.explain(self.start), self.clock.timetable, lang)
        said = format_length(self.clock.length, lang)
        open_time = working(self.clock.timetable.opening_between(self.at, self.start), lang)
        event = self.local(self.start)
        if lang == "zh":
            return (f"{event}之前{said}；其间{open_time}",)
        return (f"{said} before {event}; {open_time} lie between",)

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
    if rule is None:
        return None
    if rule not in list(DayRule):
        known, said = ", ".join(DayRule), json.dumps(rule, ensure_ascii=False)
        raise QuestionError(f"`day_rule` is one of {known}, not {said}", f"`day_rule` 是 {known} 之一，而不是 {said}")
    return DayRule(str(rule))


def _instant(question: Mapping[str, Any], key: str, table: Timetable) -> int:
    text = question.get(key)
    if not isinstance(text, str):
        example = "2026-09-30T10:00"
        raise QuestionError(f"`{key}` is missing: an instant such as {example}", f"缺少 `{key}`：如 {example}")
    try:
        return table.instant(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        example = "2026-09-30T10:00 or 2026-09-30T10:00:00+08:00"
        raise QuestionError(
            f"`{key}` is no instant such as {example}: `{text}`",
            f"`{key}` 不是时刻：`{text}`；请写成 {example.replace('or', '或')}",
        ) from None


#: What is wrong with a length, by its reason.
_NO_LENGTH: Final = {
    "bare-days": "没有说明是工作日还是自然日",
    "unknown-unit": "的单位不认识",
    "mixed-units": "的单位不能相加",
    "fraction": "带有小数或分数",
    "numeral": "的数字请用阿拉伯数字写",
    "zero": "没有长度",
    "too-long": "超过一百年",
}


def _length(text: str) -> Length:
    try:
        return parse_length(text, negative=True)
    except LengthError as wrong:
        chinese = (
            f"`{text}` {_NO_LENGTH.get(wrong.reason, '不是时间长度')}：如 3个工作日、2个自然日、4个工作小时、72小时"
        )
        raise QuestionError(f"{wrong}: {wrong.remedy}", chinese) from None


def _compile(raw: Mapping[str, Any]) -> Timetable:
    spec = read_calendar("calendar", raw)
    return compile_calendar(spec, _day_data(spec.holidays))


def _day_data(holidays: tuple[str, ...]) -> DayData:
    """The official days of the codes among the names; unknown codes are left for `compile_calendar` to report."""
    known = []
    for code in filter(is_code, holidays):
        try:
            official_days((code,))
        except CalendarError:
            continue
        known.append(code)
    return official_days(tuple(known))


def reason(wrong: Exception, lang: Lang = "en") -> str:
    if isinstance(wrong, OutOfTable):
        never = (
            "no such working time between 1990 and 2100: does the calendar ever open?",
            "1990年至2100年间没有这样的工作时间：日历开放吗？",
        )
        return never[lang == "zh"]
    if isinstance(wrong, QuestionError) and lang == "zh":
        return wrong.chinese
    return str(wrong) or "out of range"


def working(seconds: int, lang: Lang) -> str:
    """Opening time in words: `7 working hours 30 minutes`."""
    return format_length(Length(seconds, Unit.WORKING_SECONDS), lang)


def provisional_words(table: Timetable, provisional: bool, lang: Lang) -> str:
    """What stands behind an answer that hangs on days not yet published; nothing behind others."""
    if not provisional:
        return ""
    through = table.published_through
    if lang == "zh":
        return f"（暂定：{through}之后的放假安排尚未公布）"
    return f" (provisional: days beyond {through} are not published yet)"
