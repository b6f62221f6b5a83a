"""Why a limit is due then: the stretches between start and due, counted, skipped or paused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal, NamedTuple
from unicodedata import east_asian_width

from engine.worktime.lengths import Lang, Left, Unit, format_left, format_seconds
from engine.worktime.timetable import Timetable

Kind = Literal["counted", "receipt", "closed", "weekend", "holiday", "makeup", "exception", "rolled", "paused", "due"]


class Stretch(NamedTuple):
    """An uninterrupted piece of the way from start to due. The pieces have no gap between them; the last is the due.

    Kinds: `counted`; `makeup` (counted, on a make-up day); `receipt` (the day of receipt, which does not count for
    days); `closed` (a working day outside its hours); `weekend`, `holiday`, `exception` (days off); `rolled` (the
    working day that a last day off rolls to); `paused`; `due` (of no length).
    """

    start: int
    end: int
    kind: Kind
    first_on: date  #: the dates it lies on, as the calendar counts them
    last_on: date
    names: tuple[str, ...] = ()  #: of holidays, and of what a make-up day makes up for
    amount: Fraction = Fraction(0)  #: counted in this stretch
    total: Fraction = Fraction(0)  #: counted from the start to its end
    unit: Unit = Unit.SECONDS  #: of both: seconds, working seconds, calendar days or working days
    provisional: bool = False  #: of the due: it hangs on days that are not published yet


def explained(
    timetable: Timetable,
    unit: Unit,
    start: int,
    pauses: Sequence[tuple[int, int]],
    due: tuple[int, bool],
    day_one: date,
    last_day: date | None,
) -> tuple[Stretch, ...]:
    """The way from start to due.

    Args:
        due: the instant, and whether it is provisional.
        day_one: for limits in days, the first date that counts.
        last_day: for calendar days, the date on which the limit ends unless that is a day off; None: it never rolls.
    """
    way: list[Stretch] = []
    for piece in _pieces(timetable, unit, start, pauses, due[0], day_one, last_day):
        so_far = way[-1].total if way else Fraction(0)
        piece = piece._replace(total=so_far + piece.amount)
        if way and _joins(way[-1], piece):
            way[-1] = _joined(way[-1], piece)
        else:
            way.append(piece)
    day = timetable.date_of(max(due[0] - 1, start))
    total = way[-1].total if way else Fraction(0)
    return (*way, Stretch(due[0], due[0], "due", day, day, (), Fraction(0), total, _COUNTS[unit], due[1]))


def render(stretches: Sequence[Stretch], timetable: Timetable, lang: Lang = "en") -> tuple[str, ...]:
    """The explanation in lines for people, in the calendar's zone."""
    say = _WORDS[lang]
    start, due = stretches[0].start, stretches[-1]
    rows = [(_stamp(timetable, start, lang), say["start"])]
    rows += [(_when(timetable, stretch, lang), _what(stretch, due.total, lang)) for stretch in stretches[:-1]]
    later = say["later"].format(format_seconds(due.end - start, lang))
    rows.append(
        (_stamp(timetable, due.end, lang), say["due"] + later + (say["provisional"] if due.provisional else ""))
    )
    width = max(_width(when) for when, _ in rows)
    return tuple(f"{when}{' ' * (width - _width(when))}  {what}" for when, what in rows)


def _width(text: str) -> int:
    """How many columns a text takes: a Chinese character two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


# ---- the pieces -----------------------------------------------------------------------------------------------------

_OFF: Final = ("weekend", "holiday", "exception")
_COUNTS: Final = {
    Unit.SECONDS: Unit.SECONDS,
    Unit.CALENDAR_DAYS: Unit.CALENDAR_DAYS,
    Unit.MONTHS: Unit.CALENDAR_DAYS,
    Unit.WORKING_SECONDS: Unit.WORKING_SECONDS,
    Unit.SAME_DAY: Unit.WORKING_SECONDS,
    Unit.WORKING_DAYS: Unit.WORKING_DAYS,
}


def _pieces(
    timetable: Timetable,
    unit: Unit,
    start: int,
    pauses: Sequence[tuple[int, int]],
    due: int,
    day_one: date,
    last_day: date | None,
) -> Iterator[Stretch]:
    """The way cut wherever something changes: at midnight, at an opening's edge, at a pause's."""
    cuts = {start, due, *(at for pause in pauses for at in pause)}
    if unit is not Unit.SECONDS:
        cuts.update(_midnights(timetable, start, due), timetable.edges(start, due))
    inside = sorted(at for at in cuts if start <= at <= due)
    for begin, end in pairwise(inside):
        day = timetable.date_of(begin)
        kind, name = timetable.day_kind(day)
        piece = Stretch(begin, end, "counted", day, day, unit=_COUNTS[unit])
        if any(pause <= begin < resume for pause, resume in pauses):
            yield piece._replace(kind="paused")
        elif unit is Unit.SECONDS:
            yield piece._replace(amount=Fraction(end - begin))
        elif unit in (Unit.CALENDAR_DAYS, Unit.MONTHS):
            yield _calendar_piece(timetable, piece, day_one, last_day)
        elif not timetable.is_working_day(day):
            off: Kind = "holiday" if kind == "holiday" else "exception" if kind == "exception" else "weekend"
            yield piece._replace(kind=off, names=(name,) if name else ())
        elif day < day_one and unit is Unit.WORKING_DAYS:
            yield piece._replace(kind="receipt")
        elif not timetable.is_open(begin):
            yield piece._replace(kind="closed")
        else:
            whole = _opening_seconds(timetable, day) if unit is Unit.WORKING_DAYS else 1
            made_up: Kind = "makeup" if kind == "makeup" else "counted"
            yield piece._replace(kind=made_up, names=(name,) if name else (), amount=Fraction(end - begin, whole))


def _calendar_piece(timetable: Timetable, piece: Stretch, day_one: date, last_day: date | None) -> Stretch:
    """Calendar days all count, whatever they are; only behind a last day off comes the roll."""
    day = piece.first_on
    if day < day_one:
        return piece._replace(kind="receipt")
    if last_day is not None and day >= last_day and not timetable.is_working_day(last_day):
        kind, name = timetable.day_kind(day)
        if timetable.is_working_day(day):
            return piece._replace(kind="rolled")
        return piece._replace(kind="holiday" if kind == "holiday" else "weekend", names=(name,) if name else ())
    length = timetable.midnight_of(day) - timetable.midnight_of(day - timedelta(days=1))
    return piece._replace(amount=Fraction(piece.end - piece.start, length))


def _joins(last: Stretch, piece: Stretch) -> bool:
    """Whether two neighbours are one stretch: of days off however named, of one working day with its noon break."""
    if last.kind in _OFF and piece.kind in _OFF:
        return True
    if piece.unit in (Unit.SECONDS, Unit.CALENDAR_DAYS) or last.kind in ("paused", "receipt"):
        return last.kind == piece.kind
    day = ("counted", "makeup", "closed")
    return last.first_on == piece.first_on and last.kind in day and piece.kind in day


def _joined(last: Stretch, piece: Stretch) -> Stretch:
    kind = next(
        k for k in ("holiday", "exception", "weekend", "makeup", "counted", last.kind) if k in (last.kind, piece.kind)
    )
    names = last.names + tuple(name for name in piece.names if name not in last.names)
    return piece._replace(
        start=last.start, kind=kind, first_on=last.first_on, names=names, amount=last.amount + piece.amount
    )


def _midnights(timetable: Timetable, start: int, end: int) -> Iterator[int]:
    day = timetable.local(start).date()
    while (at := timetable.midnight_of(day)) < end:
        yield at
        day += timedelta(days=1)


def _opening_seconds(timetable: Timetable, day: date) -> int:
    noon = timetable.instant(datetime(day.year, day.month, day.day, 12))  # noqa: DTZ001
    near = timetable.intervals(noon - 2 * 86_400, noon + 2 * 86_400)
    return sum(closes - opens for opens, closes in near if timetable.date_of(opens) == day)


# ---- in words -------------------------------------------------------------------------------------------------------

_WORDS: Final[dict[Lang, dict[str, str]]] = {
    "en": {
        "start": "start",
        "due": "due",
        "later": ", {} later on the clock",
        "provisional": "; provisional: the days beyond are not published yet",
        "receipt": "the day of receipt does not count",
        "closed": "closed: outside opening hours",
        "weekend": "days off{names}{days}",
        "holiday": "holiday{names}{days}",
        "exception": "closed by the site{names}{days}",
        "paused": "paused",
        "rolled": "the last day was off: the end moves to this working day",
        "day": "working day {total} of {all}",
        "part": "{amount} counted, so far {total} of {all}",
        "seconds": "{amount} counted, round the clock",
        "working": "{amount} counted, so far {total} of {all}",
        "calendar": "{amount} counted",
        "makeup": ", make-up day{names}",
    },
    "zh": {
        "start": "起点",
        "due": "到期",
        "later": "，历时{}",
        "provisional": "；暂定：其后的放假安排尚未公布",
        "receipt": "收到当日不计",
        "closed": "非营业时间，不计",
        "weekend": "休息日{names}{days}",
        "holiday": "{names}放假{days}",
        "exception": "本处安排休息{names}{days}",
        "paused": "暂停",
        "rolled": "最后一日为休息日，顺延至本工作日",
        "day": "第{total}个工作日，共{all}个",
        "part": "计{amount}，累计{total}，共{all}",
        "seconds": "计{amount}，昼夜连续",
        "working": "计{amount}，累计{total}，共{all}",
        "calendar": "计{amount}",
        "makeup": "，{names}上班",
    },
}
_WEEKDAYS: Final[dict[Lang, str]] = {"en": "Mon Tue Wed Thu Fri Sat Sun", "zh": "周一 周二 周三 周四 周五 周六 周日"}


def _what(stretch: Stretch, all: Fraction, lang: Lang) -> str:
    say = _WORDS[lang]
    names = (
        (" " if lang == "en" else "") + ("、" if lang == "zh" else ", ").join(stretch.names) if stretch.names else ""
    )
    if stretch.kind not in ("counted", "makeup"):
        count = (stretch.last_on - stretch.first_on).days + 1
        days = "" if count == 1 else f" ({count} days)" if lang == "en" else f"（{count}天）"
        return say[stretch.kind].format(names=names, days=days)
    whole_day = stretch.unit is Unit.WORKING_DAYS and stretch.amount == 1
    if whole_day and stretch.total.denominator == 1 and all.denominator == 1:
        said = say["day"].format(total=stretch.total, all=all)
    else:
        key = {Unit.SECONDS: "seconds", Unit.CALENDAR_DAYS: "calendar", Unit.WORKING_DAYS: "part"}.get(
            stretch.unit, "working"
        )
        amounts = (_amount(value, stretch.unit, lang) for value in (stretch.amount, stretch.total, all))
        said = say[key].format(**dict(zip(("amount", "total", "all"), amounts, strict=True)))
    return said + (say["makeup"].format(names=names) if stretch.kind == "makeup" else "")


def _amount(value: Fraction, unit: Unit, lang: Lang) -> str:
    if unit is not Unit.CALENDAR_DAYS:
        return format_left(Left(value, unit), lang)
    return format_left(Left(value, Unit.WORKING_DAYS), lang).replace("working", "calendar").replace("工作日", "自然日")


def _when(timetable: Timetable, stretch: Stretch, lang: Lang) -> str:
    if stretch.kind == "paused" or stretch.unit is Unit.SECONDS:
        return f"{_stamp(timetable, stretch.start, lang)} … {_stamp(timetable, stretch.end, lang)}"
    if stretch.first_on == stretch.last_on:
        return _date(stretch.first_on, lang)
    return f"{_date(stretch.first_on, lang)} … {_date(stretch.last_on, lang)}"


def _stamp(timetable: Timetable, at: int, lang: Lang) -> str:
    local = timetable.local(at)
    return f"{_date(local.date(), lang)} {local:%H:%M:%S}".removesuffix(":00")


def _date(day: date, lang: Lang) -> str:
    return f"{day} {_WEEKDAYS[lang].split()[day.weekday()]}"
