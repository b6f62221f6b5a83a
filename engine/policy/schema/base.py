"""What all parts of the schema share: the base of every map, and the small texts that have a form of their own.

Nothing is required here: a layer may say as little as it likes. What the merged plan must have is marked by `must` and
asked for in checks/complete.py. Every field reads text; there are no unions, so a mistake has one message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Annotated, Any, Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.config import JsonDict
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from engine.policy.words import Words
from engine.worktime import Length, LengthError, Unit, parse_length

JsonShape: TypeAlias = dict[str, Any]
#: An editor reads YAML 1.2, where 301 is a number and true a boolean; here both are texts.
TEXT_SHAPE: Final[JsonShape] = {"type": ["string", "number", "boolean"]}


class Part(BaseModel):
    """A map with fixed keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), defer_build=True)


def key(zh: str, en: str, alias: str | None = None) -> Any:
    """A key that may be left out."""
    return Field(default=None, alias=alias, title=zh, description=f"{en} {zh}。")


def must(zh: str, en: str, alias: str | None = None) -> Any:
    """A key that a whole plan cannot do without."""
    return Field(
        default=None, alias=alias, title=f"{zh}（必填）", description=f"{en} {zh}。", json_schema_extra=REQUIRED
    )


REQUIRED: Final[JsonDict] = {"x-huiyin-required": True}


def fault(code: str, **names: Any) -> PydanticCustomError:
    """A mistake in a value: a code of the catalogue and the names that its message needs."""
    return PydanticCustomError(code, "", names)


def wrong(text: str, wanted: Words, *examples: str) -> PydanticCustomError:
    """`text` is not what is wanted here; the examples can be pasted."""
    return fault("E107", text=text, wanted=wanted, examples=examples)


def as_text(value: Any, wanted: Words) -> str:
    """The text of a scalar; a map or a list where a text belongs is a mistake."""
    if not isinstance(value, str):
        raise fault("E103", wanted=wanted)
    return value


class Reads:
    """How a value is read from what stands in the file, and how an editor is told about it."""

    def __init__(
        self, parse: Callable[[str], Any], wanted: Words, *examples: str, json: JsonShape | None = None
    ) -> None:
        self.parse = parse
        self.wanted = wanted
        self.json = json or {**TEXT_SHAPE, **({"examples": list(examples)} if examples else {})}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonShape:
        return dict(self.json)

    def read(self, value: Any) -> Any:
        return self.parse(as_text(value, self.wanted))


class OneOf(Reads):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        wanted = Words("one of " + ", ".join(words), "以下之一：" + "、".join(words))
        super().__init__(self._choose, wanted, json={"enum": list(words)})
        self.words = words

    def _choose(self, text: str) -> str:
        if text not in self.words:
            raise fault("E106", text=text, words=self.words)
        return text


# ---- plain texts and names ----

A_TEXT: Final = Words("a text", "一段文字")
A_NAME: Final = Words("a name", "一个名称")
A_MAP: Final = Words("keys and values", "键和值")


def _name(text: str) -> str:
    if not text.strip():
        raise wrong(text, A_NAME)
    return text


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _names(value: Any) -> tuple[Any, ...]:
    many = _one_or_many(value)
    if not isinstance(many, list):
        raise fault("E103", wanted=Words("a name or a list of names", "一个名称或名称的列表"))
    return tuple(many)


def _editable(item: dict[str, Any]) -> dict[str, Any]:
    """One, many, or an edit of what is inherited."""
    many = {"type": "array", "items": item}
    either = {"anyOf": [item, many]}
    edit = {"type": "object", "properties": {"add": either, "remove": either}, "additionalProperties": False}
    return {"anyOf": [item, many, edit]}


Text: TypeAlias = Annotated[str, Reads(str, A_TEXT)]
Name: TypeAlias = Annotated[str, Reads(_name, A_NAME)]
Names: TypeAlias = Annotated[tuple[Name, ...], BeforeValidator(_names), WithJsonSchema(_editable(TEXT_SHAPE))]


def _asked_item(item: Any) -> dict[str, Any]:
    if isinstance(item, str):
        optional = item.startswith("(") and item.endswith(")")
        return {"name": item[1:-1].strip() if optional else item, "optional": optional}
    if isinstance(item, dict) and len(item) == 1:
        ((name, when),) = item.items()
        return {"name": name, "when": when}
    raise fault("E103", wanted=Words("a name, (a name), or name: {fact: value}", "名称、(名称) 或 名称: {事实: 值}"))


class Condition(Reads):
    """A map, read by conditions.py, which knows the facts."""

    def __init__(self) -> None:
        super().__init__(str, Words("a condition {fact: value}", "条件 {事实: 值}"), json={"type": "object"})

    def read(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise fault("E103", wanted=self.wanted)
        return value


When: TypeAlias = Annotated[dict[str, Any], Condition()]


class AskedItem(Part):
    """`a`, `(b)` or `c: {fact: value}` in `ask`, `record`, `after`."""

    name: Name
    optional: bool = False
    when: When | None = None


Asked: TypeAlias = Annotated[
    tuple[Annotated[AskedItem, BeforeValidator(_asked_item)], ...],
    BeforeValidator(_names),
    WithJsonSchema(_editable({"anyOf": [{"type": "string"}, {"type": "object", "maxProperties": 1}]})),
]


# ---- numbers, flags, dates ----

YES: Final = frozenset({"yes", "true", "是"})
NO: Final = frozenset({"no", "false", "否"})


def yes_or_no(text: str) -> bool:
    if text in YES or text in NO:
        return text in YES
    raise fault("E106", text=text, words=("yes", "no"))


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise wrong(text, Words("a whole number", "整数"), "3")
    return int(text)


def _date(text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise wrong(text, Words("a date", "日期"), "2026-10-01")


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise wrong(text, Words("a time zone of the IANA list", "IANA 时区"), "Asia/Shanghai") from None
    return text


YesNo: TypeAlias = Annotated[
    bool, Reads(yes_or_no, Words("yes or no", "yes 或 no"), json={"enum": [*YES, *NO, True, False]})
]
Whole: TypeAlias = Annotated[int, Reads(_whole, Words("a whole number", "整数"), "3")]
Date: TypeAlias = Annotated[date, Reads(_date, Words("a date", "日期"), "2026-10-01")]
Zone: TypeAlias = Annotated[str, Reads(_zone, Words("a time zone", "时区"), "Asia/Shanghai")]


# ---- lengths, instants, limits ----

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
HOW_TO_WRITE: Final = Words(
    "write 30 minutes, 4 working hours, 3 working days, 2 calendar days", "写成 30分钟、4工作小时、3个工作日、2个自然日"
)


def length(text: str, *, zero: bool = False) -> Length:
    try:
        return parse_length(text, zero=zero)
    except LengthError as error:
        remedy = Words(error.remedy, HOW_TO_WRITE.zh) if error.remedy else HOW_TO_WRITE
        raise fault("E108", text=text, reason=NO_LENGTH.get(error.reason, NOT_A_LENGTH), remedy=remedy) from None


def elapsed(text: str) -> Length:
    """A length round the clock; it may be nothing."""
    found = length(text, zero=True)
    if found.unit is not Unit.SECONDS:
        raise wrong(text, Words("a length in minutes or hours", "以分钟或小时计的时长"), "30 minutes")
    return found


def back(some: Length) -> Length:
    """The same length the other way."""
    return some._replace(amount=-some.amount)


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


def _reads_as_length(text: str) -> bool:
    try:
        parse_length(text)
    except LengthError:
        return False
    return True


LengthText: TypeAlias = Annotated[Length, Reads(length, A_LENGTH, "30 minutes", "3 working days", "3个工作日")]
LateText: TypeAlias = Annotated[Length, Reads(elapsed, A_LENGTH, "0 minutes", "30 minutes")]
Instant: TypeAlias = Annotated[
    InstantText, Reads(instant, Words("an instant", "时刻"), "2 working days after opened", "handle due")
]
LimitText: TypeAlias = Annotated[
    Length | InstantText,
    Reads(limit, Words("a limit", "时限"), "24 hours", "3 working days", "same day", "promised_at"),
]


# ---- entries, and values that may be tables ----


class Noted(Part):
    """An entry with the two keys that every entry may have."""

    source: Names | None = key("出处条款", "Rule ids of the source plan; they travel to events and messages.")
    note: Text | None = key("给下一位编写者的备注", "For the next author; no effect.")


def rows(value: Any) -> Any:
    """A plain value as the table of one row without a name."""
    return {"": {"is": value}} if isinstance(value, str) else value


class Row(Noted):
    when: When | None = key("满足条件时", "The row holds when all of these do; without it, it takes the rest.")


class TextRow(Row):
    is_: Text = must("取值", "The value of this row.", alias="is")


def _table(row: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [TEXT_SHAPE, {"type": "object", "additionalProperties": row}]})


TextRows: TypeAlias = Annotated[dict[str, TextRow], BeforeValidator(rows)]


# ---- small grammars ----


class StaffText(NamedTuple):
    """`1`, `2 to 3`, `1 per 500 households`."""

    low: int
    high: int
    per: tuple[int, str] | None = None


class TargetText(NamedTuple):
    """`at least 95%`, `under 72 hours`, `falling`."""

    kind: str
    value: Fraction | None
    length: Length | None
    text: str


class EachText(NamedTuple):
    """`100 households`, `1 person of front_desk`."""

    amount: int
    unit: str
    role: str | None = None


class RungText(NamedTuple):
    """`start`, `80%`, `due`, `2 hours after due`."""

    kind: str
    share: Fraction | None = None
    offset: Length | None = None


def _staff(text: str) -> StaffText:
    if parts := re.fullmatch(r"(\d+)", text):
        return StaffText(int(parts[1]), int(parts[1]))
    if (parts := re.fullmatch(r"(\d+) to (\d+)", text)) and int(parts[1]) <= int(parts[2]):
        return StaffText(int(parts[1]), int(parts[2]))
    if (parts := re.fullmatch(r"(\d+) per (\d+) (\w+)", text)) and int(parts[2]) > 0:
        return StaffText(int(parts[1]), int(parts[1]), (int(parts[2]), parts[3]))
    raise wrong(text, Words("a number of people", "人数"), "1", "2 to 3", "1 per 500 households")


def _target(text: str) -> TargetText:
    if text in ("rising", "falling"):
        return TargetText(text, None, None, text)
    parts = re.fullmatch(r"(at least|at most|under|over) (.+)", text)
    if parts is None:
        raise wrong(text, Words("a target", "目标"), "at least 95%", "at most 3", "under 72 hours", "rising")
    kind, amount = parts[1], parts[2]
    if number := re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", amount):
        return TargetText(kind, Fraction(number[1]) / (100 if number[2] else 1), None, text)
    return TargetText(kind, None, elapsed(amount), text)


def _each(text: str) -> EachText:
    if parts := re.fullmatch(r"([1-9]\d*) (\w+)(?: of (\w+))?", text):
        return EachText(int(parts[1]), parts[2], parts[3])
    raise wrong(text, Words("a quantity", "数量"), "100 households", "1 person of front_desk")


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


Staff: TypeAlias = Annotated[StaffText, Reads(_staff, Words("a number of people", "人数"), "1", "2 to 3")]
TargetOf: TypeAlias = Annotated[TargetText, Reads(_target, Words("a target", "目标"), "at least 95%", "rising")]
Each: TypeAlias = Annotated[EachText, Reads(_each, Words("a quantity", "数量"), "100 households")]
RungAtText: TypeAlias = Annotated[RungText, Reads(_rung, Words("the place of a rung", "升级的时点"), "80%", "due")]
