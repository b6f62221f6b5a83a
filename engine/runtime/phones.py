"""Telephone numbers as people write them, compared by their digits."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from engine.policy import Words

_NEXT_NUMBER: Final = re.compile(r"[/、,，;；]")
_BETWEEN_DIGITS: Final = re.compile(
    r"(?<=\d)\s*(?:(?:转接?|分机号?|ext(?:ension)?\.?|[x#])[\s:]*)+(?=\d)|[\s().‐‑‒–—―-]", re.IGNORECASE
)
_OUR_COUNTRY: Final = re.compile(r"\A(?:\+|00)86")


A_PHONE: Final = Words(
    "write digits only, several numbers as 0571-88880000 / 13800000000", "只写数字，多个号码用 / 隔开"
)
_DIGITS: Final = range(3, 21)  #: of a telephone number, from 110 to a number with an extension


def are_phones(text: str) -> bool:
    """Digits, with spaces, dashes, brackets, + and 转 or ext. between them; several are divided by `/`."""
    found = numbers(text)
    return bool(found) and all(one.isdecimal() and len(one) in _DIGITS for one in found)


def numbers(phones: str) -> tuple[str, ...]:
    """The digits of each telephone number in a cell."""
    return tuple(digits(one) for one in _NEXT_NUMBER.split(phones) if one.strip())


def digits(phone: str) -> str:
    """A telephone number without what people write between its digits, without +86 and any other +."""
    plain = _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", phone))
    return _OUR_COUNTRY.sub("", plain).removeprefix("+")
