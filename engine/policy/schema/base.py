"""What all parts of the schema share: the base of every map, and the small texts that have a form of their own.

Nothing is required here: a layer may say as little as it likes. What the merged plan must have is marked by `must` and
asked for in checks/complete.py. Every field reads text; there are no unions, so a mistake has one message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final, TypeAlias
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


def told(part: type[Part], key: str) -> tuple[Words, ...]:
    """What a key is for, as an editor shows it; nothing of a key that the part does not have."""
    for name, field in part.model_fields.items():
        if key == (field.alias or name) and field.title and field.description:
            zh = field.title.removesuffix("（必填）")
            return (Words(f"`{key}`: {field.description.removesuffix(f' {zh}。')}", f"`{key}`：{zh}"),)
    return ()


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


class OrText:
    """A map for which a plain text may stand; `spell_out` says what the text is short for."""

    def __init__(self, spell_out: Callable[[str], Any]) -> None:
        self.spell_out = spell_out

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonShape:
        return {"anyOf": [TEXT_SHAPE, handler(schema)]}

    def read(self, value: Any) -> Any:
        return self.spell_out(value) if isinstance(value, str) else value


# ---- plain texts and names ----

A_TEXT: Final = Words("a text", "一段文字")
A_NAME: Final = Words("a name", "一个名称")
A_MAP: Final = Words("keys and values", "键和值")


ONE_NAME: Final = Words("one name; several stand in brackets", "单个名称；多个名称要写在方括号里")
SEPARATOR: Final = re.compile(r"\s*[,，、;；]\s*")


def _name(text: str) -> str:
    if not text.strip():
        raise wrong(text, A_NAME)
    return text


def _names(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str):
        if len(several := SEPARATOR.split(value)) > 1:
            raise wrong(value, ONE_NAME, f"[{', '.join(several)}]")
        return (value,)
    if not isinstance(value, list):
        raise fault("E103", wanted=Words("a name or a list of names", "一个名称或名称的列表"))
    return tuple(value)


def _sources(value: Any) -> tuple[Any, ...]:
    """Ids of rules; several may also stand in one text."""
    return _names(SEPARATOR.split(value) if isinstance(value, str) else value)


def _editable(item: dict[str, Any]) -> dict[str, Any]:
    """One, many, or an edit of what is inherited."""
    many = {"type": "array", "items": item}
    either = {"anyOf": [item, many]}
    edit = {"type": "object", "properties": {"add": either, "remove": either}, "additionalProperties": False}
    return {"anyOf": [item, many, edit]}


Text: TypeAlias = Annotated[str, Reads(str, A_TEXT)]
Name: TypeAlias = Annotated[str, Reads(_name, A_NAME)]
Names: TypeAlias = Annotated[tuple[Name, ...], BeforeValidator(_names), WithJsonSchema(_editable(TEXT_SHAPE))]
Sources: TypeAlias = Annotated[tuple[Name, ...], BeforeValidator(_sources), WithJsonSchema(_editable(TEXT_SHAPE))]


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

YES: Final = frozenset({"yes", "Yes", "YES", "true", "True", "TRUE", "是"})
NO: Final = frozenset({"no", "No", "NO", "false", "False", "FALSE", "否"})


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


# ---- entries, and values that may be tables ----


class Noted(Part):
    """An entry with the two keys that every entry may have."""

    source: Sources | None = key("出处条款", "Rule ids of the source plan; they travel to events and messages.")
    note: Text | None = key("给下一位编写者的备注", "For the next author; no effect.")


#: A plain value is a table of one row without a name; a title is short for what has no more to say.
PLAIN_VALUE: Final = OrText(lambda text: {"": {"is": text}})
TITLE: Final = OrText(lambda text: {"title": text})


class Row(Noted):
    when: When | None = key("满足条件时", "The row holds when all of these do; without it, it takes the rest.")


class TextRow(Row):
    is_: Text = must("取值", "The value of this row.", alias="is")


TextRows: TypeAlias = Annotated[dict[str, TextRow], PLAIN_VALUE]
