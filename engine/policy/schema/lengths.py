"""How lengths, instants, limits and the places of rungs are written."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Final, NamedTuple, TypeAlias

from engine.policy.schema.base import Reads, fault, wrong
from engine.policy.words import Words
from engine.worktime import Length, LengthError, Unit, parse_length

A_LENGTH: Final = Words("a length", "时长")


class InstantText(NamedTuple):
    """`[LENGTH before|after] MOMENT`; the offset is negative for before."""

    moment: str
    offset: Length | None = None


#: Why a text is no length, by the reasons that worktime gives.
NO_LENGTH: Final[dict[str, Words]] = {
    "bare-days": Words("calendar days or working days?", "是自然日还是工作日？"),
    "unknown-unit": Words("this unit is not known", "不认识这个单位"),
    "mixed-units": Words("its units do not add up", "这些单位不能相加"),
    "fraction": Words("a length is a whole number of its unit", "时长必须是整数"),
    "numeral": Words("write the number in digits", "数字请用阿拉伯数字"),
    "negative": Words("a length cannot be negative here", "这里的时长不能是负数"),
    "zero": Words("a length of nothing", "时长不能为零"),
    "too-long": Words("longer than a century", "超过一百年"),
}
NOT_A_LENGTH: Final = Words("this is no length", "这不是时长")
NOT_BACK: Final = Words("`same day` is a limit and cannot be counted back", "`same day` 是期限，不能往回算")
HOW_TO_WRITE: Final = Words(
    "write 30 minutes, 4 working hours, 3 working days, 2 calendar days", "写成 30分钟、4工作小时、3个工作日、2个自然日"
)

#: Where other words than an example say what to write.
REMEDIES: Final[dict[str, str]] = {
    "negative": "去掉负号",
    "zero": "至少写 `1 second`",
    "too-long": "写短一些的时长",
    "mixed-units": "只用一种单位，或小时在前、分钟在后",
}


def length(text: str, *, zero: bool = False) -> Length:
    try:
        return parse_length(text, zero=zero)
    except LengthError as error:
        reason = NO_LENGTH.get(error.reason, NOT_A_LENGTH)
        raise fault("E108", text=text, reason=reason, remedy=_remedy(error)) from None


def _remedy(error: LengthError) -> Words:
    """What to write instead: the same examples in both languages."""
    *some, last = re.findall("`[^`]+`", error.remedy) or [""]
    examples = f"{'、'.join(some)}或{last}" if some else last
    zh = REMEDIES.get(error.reason) or (f"写成 {examples}" if examples else HOW_TO_WRITE.zh)
    return Words(error.remedy or HOW_TO_WRITE.en, zh)


def elapsed(text: str) -> Length:
    """A length round the clock; it may be nothing."""
    found = length(text, zero=True)
    if found.unit is not Unit.SECONDS:
        raise wrong(text, Words("a length in minutes or hours", "以分钟或小时计的时长"), "30 minutes")
    return found


def back(some: Length) -> Length:
    """The same length the other way; the same day has none."""
    if some.unit is Unit.SAME_DAY:
        raise fault("E108", text="same day", reason=NOT_BACK, remedy=HOW_TO_WRITE)
    return some._replace(amount=-some.amount)


def window(text: str) -> Length:
    """A length that is counted back from the newest of several tickets."""
    found = length(text)
    back(found)  # it can be
    return found


MOMENT: Final = re.compile(r"\w[\w-]*(?: (?:due|breached|met))?")
OFFSET: Final = re.compile(r"(?P<length>.+?) (?P<side>before|after) (?P<moment>.+)")


def instant(text: str) -> InstantText:
    offset = None
    if (parts := OFFSET.fullmatch(text)) is not None:
        offset, text = length(parts["length"]), parts["moment"]
        offset = back(offset) if parts["side"] == "before" else offset
    if not MOMENT.fullmatch(text):
        raise wrong(
            text, Words("a moment", "时刻的名称"), "opened", "1 calendar day before meeting_start", "resolve due"
        )
    return InstantText(text, offset)


def limit(text: str) -> Length | InstantText:
    """A length, `same day`, or an instant of the ticket."""
    if OFFSET.fullmatch(text) or (
        re.fullmatch(r"[^\W\d]\w*(?: (?:due|breached|met))?", text) and not _reads_as_length(text)
    ):
        return instant(text)
    return length(text)


#: `二十四小时` is a length in words, `三方确认` may be a state.
SPELT: Final = re.compile(
    r"(?:[一二两三四五六七八九十百半]+个?半?(?:工作|自然)?(?:小时|分钟?|刻钟|天|日|周|星期|月|年))+"
)


def _reads_as_length(text: str) -> bool:
    try:
        parse_length(text)
    except LengthError:
        return SPELT.fullmatch(text) is not None
    return True


class RungText(NamedTuple):
    """`start`, `80%`, `due`, `2 hours after due`."""

    kind: str
    share: Fraction | None = None
    offset: Length | None = None


def _rung(text: str) -> RungText:
    if text in ("start", "due"):
        return RungText(text)
    if (share := re.fullmatch(r"(\d{1,3}(?:\.\d+)?)%", text)) and 0 < Fraction(share[1]) < 100:
        return RungText("share", Fraction(share[1]) / 100)
    if (parts := OFFSET.fullmatch(text)) and parts["moment"] == "due":
        offset = length(parts["length"])
        return RungText("due", None, back(offset) if parts["side"] == "before" else offset)
    raise wrong(
        text,
        Words("the place of a rung", "升级的时点"),
        "start",
        "80%",
        "2 hours before due",
        "due",
        "4 hours after due",
    )


WindowText: TypeAlias = Annotated[Length, Reads(window, A_LENGTH, "30 minutes", "3 working days", "3个工作日")]
LengthText: TypeAlias = Annotated[Length, Reads(length, A_LENGTH, "30 minutes", "3 working days", "3个工作日")]
LateText: TypeAlias = Annotated[Length, Reads(elapsed, A_LENGTH, "0 minutes", "30 minutes")]
Instant: TypeAlias = Annotated[
    InstantText, Reads(instant, Words("an instant", "时刻"), "2 working days after opened", "handle due")
]
LimitText: TypeAlias = Annotated[
    Length | InstantText,
    Reads(limit, Words("a limit", "时限"), "24 hours", "3 working days", "same day", "promised_at"),
]
RungAtText: TypeAlias = Annotated[RungText, Reads(_rung, Words("the place of a rung", "升级的时点"), "80%", "due")]
