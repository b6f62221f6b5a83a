"""Telephone numbers as people write them, compared by their digits."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_NEXT_NUMBER: Final = re.compile(r"[/、,，;；]")
_BETWEEN_DIGITS: Final = re.compile(r"[\s().‐‑‒–—―-]")
_OUR_COUNTRY: Final = re.compile(r"\A(?:\+|00)86")


def numbers(phones: str) -> tuple[str, ...]:
    """The digits of each telephone number in a cell."""
    return tuple(digits(one) for one in _NEXT_NUMBER.split(phones) if one.strip())


def digits(phone: str) -> str:
    """A telephone number without what people write between its digits, without +86 and any other +."""
    plain = _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", phone))
    return _OUR_COUNTRY.sub("", plain).removeprefix("+")
