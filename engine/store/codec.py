"""Values as JSON text and back, derived from their type annotations: what is stored is what the types say.

A NamedTuple or dataclass is a list of its fields; where several classes may stand, the name of the class in snake case
comes first. A fraction is `n/d`, a set a sorted list, a map an object. A list may lack fields at its end that have a
default: so one may be added, and what was written before still reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from engine.core import Command, Message, Period, Step
from engine.store.protocol import SiteEvent, StoreError

T = TypeVar("T")
#: One direction for one type; None where JSON's own value is the value.
Turn = Callable[[Any], Any] | None


class Codec(Generic[T]):
    """Writes values of one type as compact text, the same text for the same value, and reads them again."""

    def __init__(self, annotation: Any) -> None:
        self._name = getattr(annotation, "__name__", str(annotation))
        self._encode, self._decode = _turns(annotation)

    def dumps(self, value: T) -> str:
        return _dumps(self._encode(value) if self._encode is not None else value)

    def loads(self, text: str) -> T:
        """Raises StoreError, saying where, if the text is no such value: damaged, or of a newer version."""
        try:
            plain = json.loads(text)
            value: T = self._decode(plain) if self._decode is not None else plain
        except (_StrangeError, ValueError, TypeError, ArithmeticError) as error:
            raise StoreError(f"{self._name} cannot be read: {error}", f"无法读取 {self._name}：{error}") from None
        return value


_dumps = json.JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")).encode


class _StrangeError(Exception):
    """Something stands where nothing of the kind may; the text says where, inside out."""


class _Pair(NamedTuple):
    encode: Turn
    decode: Turn


_AS_IS: Final = _Pair(None, None)


@cache
def _turns(annotation: Any) -> _Pair:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return _Pair(_encode_any, _decode_any)
    if annotation in (str, int, float, bool, NoneType) or origin is Literal:
        return _AS_IS
    if annotation is Fraction:
        return _Pair(_encode_fraction, _decode_fraction)
    if origin in (Union, UnionType):
        return _union(arguments)
    if origin is tuple:
        return _array(arguments[0]) if arguments[1:] == (...,) else _fixed(arguments)
    if origin is frozenset and arguments == (str,):
        return _Pair(sorted, _decode_set)
    if origin is Mapping and arguments[0] is str:
        return _object(arguments[1])
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return _Pair(None, annotation)
    if _is_record(annotation):
        return _record(annotation)
    raise TypeError(f"the store has no form for {annotation}")


# ---- records and unions ---------------------------------------------------------------------------------------------


def _is_record(annotation: Any) -> bool:
    return isinstance(annotation, type) and (is_dataclass(annotation) or hasattr(annotation, "_fields"))


class _Form(NamedTuple):
    """How a record is laid out: the turns of its fields by place, and the defaults of the last ones."""

    names: tuple[str, ...]
    encoded: tuple[tuple[int, Callable[[Any], Any]], ...]
    decoded: tuple[tuple[int, Callable[[Any], Any]], ...]
    defaults: tuple[Any, ...]


@cache
def _form(cls: Any) -> _Form:
    hints = get_type_hints(cls)
    names = tuple(field.name for field in fields(cls)) if is_dataclass(cls) else cls._fields
    pairs = [_turns(hints[name]) for name in names]
    encoded = tuple((i, pair.encode) for i, pair in enumerate(pairs) if pair.encode is not None)
    decoded = tuple((i, pair.decode) for i, pair in enumerate(pairs) if pair.decode is not None)
    return _Form(names, encoded, decoded, _defaults(cls))


def _defaults(cls: Any) -> tuple[Any, ...]:
    if not is_dataclass(cls):
        return tuple(cls._field_defaults.values())
    given = (
        field.default_factory() if field.default_factory is not MISSING else field.default for field in fields(cls)
    )
    return tuple(default for default in given if default is not MISSING)


def _record(cls: Any) -> _Pair:
    """A record standing alone, without its name. JSON writes a named tuple as the list it is."""
    plain = hasattr(cls, "_fields") and not _form(cls).encoded
    return _Pair(None if plain else _record_encoder(cls, ()), _record_decoder(cls, 0))


def _record_encoder(cls: Any, head: tuple[str, ...]) -> Callable[[Any], Any]:
    names, encoded, _, _ = _form(cls)
    values = _same if hasattr(cls, "_fields") else _getter(names)
    skip = len(head)

    def encode_plain(record: Any) -> Any:
        return (*head, *values(record))

    def encode(record: Any) -> Any:
        items = [*head, *values(record)]
        for index, turn in encoded:
            items[index + skip] = turn(items[index + skip])
        return items

    return encode if encoded else encode_plain


def _same(record: Any) -> Any:
    return record


def _getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """The fields of a dataclass, as a tuple also when there is one."""
    if len(names) == 1:
        return lambda record: (getattr(record, names[0]),)
    return attrgetter(*names)


def _record_decoder(cls: Any, skip: int) -> Callable[[Any], Any]:
    names, _, decoded, defaults = _form(cls)
    size, required = len(names), len(names) - len(defaults)
    after = [None] * required + list(defaults)
    make = cls._make if hasattr(cls, "_fields") else lambda items: cls(*items)

    def decode(items: Any) -> Any:
        if type(items) is not list:
            raise _StrangeError(f"{cls.__name__} is no list")
        if skip:
            items = items[skip:]
        count = len(items)
        if not required <= count <= size:
            why = "too few" if count < required else "written by a newer version?"
            raise _StrangeError(f"{cls.__name__} has {count} fields: {why}")
        index = 0
        try:
            for index, turn in decoded:
                if index >= count:
                    break
                items[index] = turn(items[index])
        except (_StrangeError, ValueError, TypeError) as error:
            raise _StrangeError(f"{cls.__name__}.{names[index]}: {error}") from None
        return make(items + after[count:] if count < size else items)

    return decode


def _union(members: tuple[Any, ...]) -> _Pair:
    classes = [member for member in members if _is_record(member)]
    others = [member for member in members if member is not NoneType and member not in classes]
    if not classes and all(_turns(other) == _AS_IS for other in others):
        return _AS_IS
    if len(classes) + len(others) == 1:
        return _Pair(*(_optional(turn) for turn in _turns((classes + others)[0])))
    if others or NoneType in members:
        raise TypeError(f"the store has no form for {members}")
    return _tagged(classes)


def _optional(turn: Turn) -> Turn:
    return None if turn is None else lambda value: None if value is None else turn(value)


def _tagged(classes: list[Any]) -> _Pair:
    encoders = {cls: _record_encoder(cls, (_tag(cls),)) for cls in classes}
    decoders = {_tag(cls): _record_decoder(cls, 1) for cls in classes}

    def encode(value: Any) -> Any:
        return encoders[type(value)](value)

    def decode(items: Any) -> Any:
        if type(items) is not list or not items or type(items[0]) is not str:
            raise _StrangeError("no name of a class")
        found = decoders.get(items[0])
        if found is None:
            raise _StrangeError(f"`{items[0]}` is unknown: written by a newer version?")
        return found(items)

    return _Pair(encode, decode)


def _tag(cls: type) -> str:
    """`RunStarted` -> `run_started`."""
    return "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("_")


# ---- collections ----------------------------------------------------------------------------------------------------


def _array(item: Any) -> _Pair:
    encode, decode = _turns(item)

    def encode_each(values: Any) -> list[Any]:
        return [encode(value) for value in values]  # type: ignore[misc]

    def decode_each(values: Any) -> tuple[Any, ...]:
        return tuple([decode(value) for value in _list(values)])  # type: ignore[misc]

    return _Pair(encode_each if encode else None, decode_each if decode else _decode_tuple)


def _fixed(items: tuple[Any, ...]) -> _Pair:
    pairs = [_turns(item) for item in items]
    if any(pair != _AS_IS for pair in pairs):
        raise TypeError(f"the store has no form for a tuple of {items}")

    def decode(values: Any) -> tuple[Any, ...]:
        if len(_list(values)) != len(items):
            raise _StrangeError(f"{len(values)} values instead of {len(items)}")
        return tuple(values)

    return _Pair(None, decode)


def _object(item: Any) -> _Pair:
    encode, decode = _turns(item)

    def encode_object(values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: encode(value) for key, value in values.items()} if encode else dict(values)

    def decode_object(values: Any) -> dict[str, Any]:
        if type(values) is not dict:
            raise _StrangeError("no object")
        return {key: decode(value) for key, value in values.items()} if decode else values

    return _Pair(encode_object, decode_object)


def _list(values: Any) -> list[Any]:
    if type(values) is not list:
        raise _StrangeError("no list")
    return values


def _decode_tuple(values: Any) -> tuple[Any, ...]:
    return tuple(_list(values))


def _decode_set(values: Any) -> frozenset[str]:
    return frozenset(_list(values))


def _encode_fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _decode_fraction(text: Any) -> Fraction:
    if type(text) is not str:
        raise _StrangeError("no fraction")
    numerator, _, denominator = text.partition("/")
    return Fraction(int(numerator), int(denominator))


# ---- anything: what a site event carries ----------------------------------------------------------------------------

_FRACTION, _TUPLE, _PERIOD, _PAIRS = "$fraction", "$tuple", "$period", "$pairs"


def _encode_any(value: Any) -> Any:
    """Lists and objects as they are; what JSON has no word for is an object with one key that says what it is."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Fraction):
        return {_FRACTION: _encode_fraction(value)}
    if isinstance(value, Period):
        return {_PERIOD: list(value)}
    if isinstance(value, tuple):
        return {_TUPLE: [_encode_any(item) for item in value]}
    if isinstance(value, list):
        return [_encode_any(item) for item in value]
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _encode_any(item) for key, item in value.items()}
        return {_PAIRS: [[_encode_any(key), _encode_any(item)] for key, item in value.items()]}
    raise TypeError(f"a site event cannot hold {type(value).__name__}")


def _decode_any(value: Any) -> Any:
    if type(value) is list:
        return [_decode_any(item) for item in value]
    if type(value) is not dict:
        return value
    if len(value) == 1 and (tag := next(iter(value))).startswith("$"):
        if tag not in _TAGGED:
            raise _StrangeError(f"`{tag}` is unknown: written by a newer version?")
        return _TAGGED[tag](value[tag])
    return {key: _decode_any(item) for key, item in value.items()}


_TAGGED: Final[Mapping[str, Callable[[Any], Any]]] = {
    _FRACTION: _decode_fraction,
    _TUPLE: lambda items: tuple(_decode_any(item) for item in _list(items)),
    _PERIOD: lambda items: Period._make(_list(items)),
    _PAIRS: lambda items: {_decode_any(key): _decode_any(item) for key, item in _list(items)},
}

# ---- what the store keeps as text -----------------------------------------------------------------------------------

STEP: Final = Codec[Step](Step)
COMMAND: Final = Codec[Command](Command)
MESSAGE: Final = Codec[Message](Message)
SITE_EVENT: Final = Codec[SiteEvent](SiteEvent)
VALUES: Final = Codec[tuple[str | int | float | bool, ...]](tuple[str | int | float | bool, ...])
TEXTS: Final = Codec[tuple[str, ...]](tuple[str, ...])
