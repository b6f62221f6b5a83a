"""Lengths of time as people write them, in English and in Chinese."""

from __future__ import annotations

import re
from enum import StrEnum
from fractions import Fraction
from typing import Final, Literal, NamedTuple, NoReturn

Lang = Literal["en", "zh"]


class Unit(StrEnum):
    """What a length counts. Weeks are seven calendar days, years twelve months, hours 3600 seconds."""

    SECONDS = "seconds"  #: elapsed, round the clock
    WORKING_SECONDS = "working seconds"  #: seconds in which the calendar is open
    CALENDAR_DAYS = "calendar days"
    WORKING_DAYS = "working days"
    MONTHS = "months"
    SAME_DAY = "same day"  #: the amount is always 1


class Length(NamedTuple):
    """A length of time. A negative amount counts backward."""

    amount: int
    unit: Unit


class Left(NamedTuple):
    """How much of a limit is still to run, in the limit's own measure; of working days it may be a fraction."""

    amount: Fraction
    unit: Unit  #: SECONDS, WORKING_SECONDS or WORKING_DAYS

    def __str__(self) -> str:
        return format_left(self)


class LengthError(ValueError):
    """A text that is no length. The words of `reason` are stable, so that another room can say it in its own way:

    `not-a-length`, `unknown-unit`, `bare-days` (calendar or working?), `mixed-units`, `fraction`, `numeral` (三 for 3),
    `negative`, `zero`, `too-long`.
    """

    def __init__(self, reason: str, text: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.text = text  #: what the author wrote
        self.remedy = remedy  #: what to write instead, in English


_HOUR: Final = 3600  # seconds
_MINUTE: Final = 60

#: What a unit's name means. `working` before hours, minutes and seconds is read apart, for it governs what follows.
_ENGLISH: Final[dict[str, tuple[int, Unit]]] = {
    "second": (1, Unit.SECONDS),
    "minute": (_MINUTE, Unit.SECONDS),
    "hour": (_HOUR, Unit.SECONDS),
    "working second": (1, Unit.WORKING_SECONDS),
    "working minute": (_MINUTE, Unit.WORKING_SECONDS),
    "working hour": (_HOUR, Unit.WORKING_SECONDS),
    "calendar day": (1, Unit.CALENDAR_DAYS),
    "week": (7, Unit.CALENDAR_DAYS),
    "calendar week": (7, Unit.CALENDAR_DAYS),
    "working day": (1, Unit.WORKING_DAYS),
    "working week": (5, Unit.WORKING_DAYS),  # five working days, also where Saturdays are worked
    "month": (1, Unit.MONTHS),
    "calendar month": (1, Unit.MONTHS),
    "year": (12, Unit.MONTHS),
}
_CHINESE: Final[dict[str, tuple[int, Unit]]] = {
    "秒": (1, Unit.SECONDS),
    "秒钟": (1, Unit.SECONDS),
    "分": (_MINUTE, Unit.SECONDS),
    "分钟": (_MINUTE, Unit.SECONDS),
    "小时": (_HOUR, Unit.SECONDS),
    "工作秒": (1, Unit.WORKING_SECONDS),
    "工作分钟": (_MINUTE, Unit.WORKING_SECONDS),
    "工作小时": (_HOUR, Unit.WORKING_SECONDS),
    "工作时": (_HOUR, Unit.WORKING_SECONDS),
    "自然日": (1, Unit.CALENDAR_DAYS),
    "日历日": (1, Unit.CALENDAR_DAYS),
    "日历天": (1, Unit.CALENDAR_DAYS),
    "周": (7, Unit.CALENDAR_DAYS),
    "星期": (7, Unit.CALENDAR_DAYS),
    "工作日": (1, Unit.WORKING_DAYS),
    "工作周": (5, Unit.WORKING_DAYS),
    "月": (1, Unit.MONTHS),
    "年": (12, Unit.MONTHS),
}
_SAME_DAY: Final = frozenset({"same day", "the same day", "当日", "当天"})
_BARE_DAYS: Final = frozenset({"day", "d", "天", "日"})

#: Units that people write and that we do not take, with what they probably mean.
_MEANT: Final[dict[str, str]] = {
    "s": "seconds", "sec": "seconds", "m": "minutes", "min": "minutes", "mins": "minutes", "h": "hours", "hr": "hours",
    "hrs": "hours", "w": "weeks", "wd": "working days", "wh": "working hours",
    "business day": "working days", "workday": "working days", "work day": "working days", "weekday": "working days",
    "business hour": "working hours", "work hour": "working hours", "working month": "months",
    "natural day": "calendar days", "钟头": "小时", "个钟": "小时", "工时": "工作小时", "礼拜": "周",
    "工作天": "工作日", "自然天": "自然日", "公历日": "自然日",
}  # fmt: skip

#: Nothing is promised for longer than a century; a longer amount is a slip of the keyboard.
_MOST: Final[dict[Unit, int]] = {
    Unit.SECONDS: 36_600 * 86_400,
    Unit.WORKING_SECONDS: 36_600 * 86_400,
    Unit.CALENDAR_DAYS: 36_600,
    Unit.WORKING_DAYS: 36_600,
    Unit.MONTHS: 1_200,
}

_PART: Final = re.compile(r"([0-9]+)\s*([^\W\d_]+(?:\s+[^\W\d_]+)*)(?:\s*,)?\s*")


def parse_length(text: str, *, negative: bool = False, zero: bool = False) -> Length:
    """`4 working hours`, `1 hour 30 minutes`, `3个工作日`, `当日` as a length.

    In a compound the unit of the first part governs: `4 working hours 5 minutes` are 245 working minutes.

    Args:
        negative: whether `-2 calendar days` is allowed.
        zero: whether `0 minutes` is allowed.

    Raises:
        LengthError: it is none; `reason` and `remedy` say why and what to write.
    """
    said = text.strip().lower()
    if said in _SAME_DAY:
        return Length(1, Unit.SAME_DAY)
    sign = 1
    if said[:1] in ("-", "\N{MINUS SIGN}"):
        sign, said = -1, said[1:].lstrip()
        if not negative:
            _refuse("negative", text, "counts backward, which has no meaning here", "leave out the minus sign")
    length = _sum(text, _parts(text, said))
    if length.amount == 0 and not zero:
        _refuse("zero", text, "lasts no time at all", "write a length of at least `1 second`")
    if length.amount > _MOST[length.unit]:
        _refuse("too-long", text, "is more than a hundred years", "write a shorter length")
    return Length(sign * length.amount, length.unit)


def format_length(length: Length, lang: Lang = "en") -> str:
    """The length in the words that `parse_length` reads back: `90 seconds` is `1 minute 30 seconds`."""
    amount, unit = length
    match unit:
        case Unit.SAME_DAY:
            return "same day" if lang == "en" else "当日"
        case Unit.SECONDS:
            return format_seconds(amount, lang)
        case Unit.WORKING_SECONDS:
            return _clock_words(amount, lang, working=True)
        case _:
            return _counted(amount, _DAY_WORDS[unit], lang)


def format_seconds(seconds: int, lang: Lang = "en") -> str:
    """Elapsed seconds in hours, minutes and seconds: `14 hours 49 minutes`, `14小时49分钟`, `0 seconds`."""
    return _clock_words(seconds, lang, working=False)


def parse_seconds(text: str) -> int:
    """What `format_seconds` writes, as seconds; zero and negative amounts, too.

    Raises:
        LengthError: no length, or not one of elapsed hours, minutes, seconds.
    """
    length = parse_length(text, negative=True, zero=True)
    if length.unit is not Unit.SECONDS:
        _refuse("mixed-units", text, "is not in hours, minutes and seconds", "write it as `26 hours 30 minutes`")
    return length.amount


def format_left(left: Left, lang: Lang = "en") -> str:
    """What is left, exactly: `23 hours 46 minutes`, `4 working hours 5 minutes`, `2 1/3 working days`."""
    if left.unit is Unit.WORKING_DAYS:
        return _day_fraction(left.amount, lang)
    # A limit of seconds has whole seconds left, unless it was given a share of something; nothing is cut off.
    seconds = -(-left.amount.numerator // left.amount.denominator)
    return _clock_words(seconds, lang, working=left.unit is Unit.WORKING_SECONDS)


def parse_left(text: str) -> Left:
    """What `format_left` writes, read back exactly.

    Raises:
        LengthError: nothing that can be left of a limit.
    """
    said = text.strip().lower()
    for pattern in _LEFT_DAYS:
        if found := pattern.fullmatch(said):
            whole, top, bottom = (int(part or 0) for part in found.groups())
            return Left(Fraction(whole) + (Fraction(top, bottom) if bottom else 0), Unit.WORKING_DAYS)
    length = parse_length(text, zero=True)
    if length.unit not in (Unit.SECONDS, Unit.WORKING_SECONDS):
        _refuse("mixed-units", text, "is not what can be left of a limit", "write hours, working hours or working days")
    return Left(Fraction(length.amount), length.unit)


# ---- reading --------------------------------------------------------------------------------------------------------


def _parts(text: str, said: str) -> list[tuple[int, int, Unit]]:
    """Each part as (amount, factor, unit), in the order written."""
    parts: list[tuple[int, int, Unit]] = []
    at = 0
    while at < len(said):
        found = _PART.match(said, at)
        if found is None:
            _no_length(text, said)
        amount, name = found.groups()
        if len(amount) > 12:
            _refuse("too-long", text, "is more than a hundred years", "write a shorter length")
        parts.append((int(amount), *_unit(text, amount, name)))
        at = found.end()
    if not parts or said.endswith((",", " and")):
        _no_length(text, said)
    return parts


def _unit(text: str, amount: str, name: str) -> tuple[int, Unit]:
    name = re.sub(r"\s+", " ", name).removesuffix(" and").removeprefix("个")
    single = name.removesuffix("s") if name.isascii() and len(name) > 1 else name
    found = _ENGLISH.get(single) or _CHINESE.get(name)
    if found is None:
        _refuse_unit(text, amount, name, single)
    return found


def _refuse_unit(text: str, amount: str, name: str, single: str) -> NoReturn:
    if single in _BARE_DAYS:
        _refuse(
            "bare-days",
            text,
            "does not say which days",
            f"write `{amount} calendar days`, `{amount} working days` or `{int(amount) * 24} hours`"
            if name.isascii()
            else f"write `{amount}个自然日`, `{amount}个工作日` or `{int(amount) * 24}小时`",
        )
    meant = _MEANT.get(name) or _MEANT.get(single)
    known = "seconds, minutes, hours, working hours, working days, calendar days, weeks or months"
    remedy = f"`{amount}{' ' if meant.isascii() else '个'}{meant}`" if meant else f"the amount in {known}"
    _refuse("unknown-unit", text, f"has the unknown unit `{name}`", f"write {remedy}")


def _sum(text: str, parts: list[tuple[int, int, Unit]]) -> Length:
    amount, before, unit = parts[0]
    total = amount * before
    for amount, factor, own in parts[1:]:
        governed = own is unit or (own is Unit.SECONDS and unit is Unit.WORKING_SECONDS)
        if not governed or factor >= before:
            _refuse("mixed-units", text, "mixes units that do not add up", "write one unit, or hours before minutes")
        total += amount * factor
        before = factor
    return Length(total, unit)


def _no_length(text: str, said: str) -> NoReturn:
    if re.search(r"[0-9]\s*[.,/]\s*[0-9]|半|half", said):
        _refuse("fraction", text, "has a fraction", "write whole units: `90 minutes`, `1小时30分钟`")
    if re.match(r"[一二两三四五六七八九十百]", said):
        _refuse("numeral", text, "has its number in words", "write the number in digits: `3个工作日`")
    _refuse(
        "not-a-length", text, "is not a length of time", "write a number and a unit: `4 working hours`, `3个工作日`"
    )


def _refuse(reason: str, text: str, what: str, remedy: str) -> NoReturn:
    raise LengthError(reason, text, f"`{text.strip()}` {what}", remedy)


# ---- writing --------------------------------------------------------------------------------------------------------

_DAY_WORDS: Final[dict[Unit, tuple[str, str]]] = {
    Unit.CALENDAR_DAYS: ("calendar day", "个自然日"),
    Unit.WORKING_DAYS: ("working day", "个工作日"),
    Unit.MONTHS: ("month", "个月"),
}
_CLOCK_WORDS: Final = ((_HOUR, "hour", "小时"), (_MINUTE, "minute", "分钟"), (1, "second", "秒"))

_LEFT_DAYS: Final = (
    re.compile(r"(?=[0-9])(?:([0-9]+)(?: |$))?(?:([0-9]+)/([1-9][0-9]*) )?working days?"),
    re.compile(r"(?=[0-9])(?:([0-9]+)又?)?(?:(?<![0-9])([0-9]+)/([1-9][0-9]*))?个工作日"),
)


def _clock_words(seconds: int, lang: Lang, *, working: bool) -> str:
    """Hours, minutes, seconds; the word `working` stands once, before the first unit."""
    sign, rest = ("-", -seconds) if seconds < 0 else ("", seconds)
    words: list[str] = []
    for size, english, chinese in _CLOCK_WORDS:
        count, rest = divmod(rest, size)
        if count or (size == 1 and not words):
            marked = working and not words
            name = (f"working {english}" if marked else english, f"个工作{chinese}" if marked else chinese)
            words.append(_counted(count, name, lang))
    return sign + (" " if lang == "en" else "").join(words)


def _counted(count: int, name: tuple[str, str], lang: Lang) -> str:
    if lang == "zh":
        return f"{count}{name[1]}"
    return f"{count} {name[0]}" if abs(count) == 1 else f"{count} {name[0]}s"


def _day_fraction(amount: Fraction, lang: Lang) -> str:
    whole, rest = divmod(amount, 1)
    if lang == "zh":
        return f"{whole}又{rest}个工作日" if whole and rest else f"{rest or whole}个工作日"
    number = f"{whole} {rest}" if whole and rest else f"{rest or whole}"
    return f"{number} working day{'' if amount <= 1 and amount else 's'}"
