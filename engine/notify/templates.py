"""Texts of policies filled in: names in braces are looked up, and nothing else can happen."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from engine.notify.channels.wording import cut, plain

TEXT_BYTES_MAX: Final = 4_096
VALUE_BYTES_MAX: Final = 1_024  #: of one value, so that a long one does not push the rest of the sentence out
UNSET: Final = "—"

FIELD: Final = re.compile(r"\{([^{}]*)\}")  #: what the policy's check takes for a field
NAME: Final = re.compile(r"[\w-]{1,100}(?:\.due)?")

#: The value of a field, None where it is not set; `LookupError` where there is no such field.
Look = Callable[[str], str | None]


class Rendered(NamedTuple):
    """A text, and the fields that nobody knew: they stand in it as `{name?}`."""

    text: str
    unknown: tuple[str, ...] = ()


def render(template: str, look: Look) -> Rendered:
    """Fill `{name}` and `{name.due}` in. Values are not looked into again, so a resident's braces stay braces."""
    unknown: dict[str, None] = {}

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        try:
            value = look(name) if NAME.fullmatch(name) else unknown.setdefault(name)
        except LookupError:
            value = unknown.setdefault(name)
        if name in unknown:
            return f"{{{name}?}}"
        return UNSET if value is None else cut(" ".join(plain(value).split()), VALUE_BYTES_MAX)

    return Rendered(cut(plain(FIELD.sub(fill, template)), TEXT_BYTES_MAX), tuple(unknown))


def fields(template: str) -> tuple[str, ...]:
    """The names in braces, in their order."""
    return tuple(dict.fromkeys(FIELD.findall(template)))
