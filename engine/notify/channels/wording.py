"""Texts made harmless and short: what a resident wrote must not call everybody, draw links or break a message."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

#: Control characters but the line break, and those that turn the direction of writing round.
UNSEEN: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
EVERYBODY: Final = re.compile(r"(?<![@＠])[@＠]++(?=all|everyone|所有人|全体)", re.IGNORECASE)
URL: Final = re.compile(r"[a-z][a-z0-9+.-]{0,15}://\S*", re.IGNORECASE)
#: Robots know no escape, so what means something in their Markdown is written in its full width.
MARKS: Final = str.maketrans("[]<>*`|\\", "［］＜＞＊｀｜＼")
HEADING: Final = re.compile(r"^([ \u3000]*)#", re.MULTILINE)
LINK_SIGNS: Final = "/:?#@!$&'*+,;=%[]~"  #: what stays as it is in a link: no bracket that would end it
MEMBER: Final = re.compile(r"(?!all$|everyone$|.*@all)\w[\w.@-]{0,63}", re.ASCII | re.IGNORECASE)


def plain(text: str) -> str:
    """The text without what is not seen; a lone half of a character becomes `?`."""
    return UNSEEN.sub(" ", text.replace("\r\n", "\n")).encode("utf-8", "replace").decode()


def harmless(text: str, link: str = "") -> str:
    """Plain text that calls nobody and links only to the host of `link`, our own."""
    own = "://".join(urlsplit(link)[:2]) if link else None

    def url(found: re.Match[str]) -> str:
        return found[0] if own and (found[0] + "/").startswith(own + "/") else found[0].replace("://", "：//")

    return URL.sub(url, EVERYBODY.sub("", plain(text)))


def unmarked(text: str, link: str = "") -> str:
    """Harmless text that is no Markdown."""
    return HEADING.sub(r"\1＃", harmless(text, link).translate(MARKS))


def cut(text: str, bytes_max: int) -> str:
    """As much of a text as fits into so many bytes of UTF-8, with an ellipsis where some is missing."""
    data = text.encode()
    if len(data) <= bytes_max:
        return text
    return data[: max(0, bytes_max - len("…".encode()))].decode(errors="ignore") + "…"


def linked(label: str, link: str) -> str:
    """A link in Markdown; nothing where there is none."""
    return f"[{label}]({quote(link, safe=LINK_SIGNS)})" if link else ""


def member(addressee: str) -> str:
    """The id of a member to mention, "" where it is none."""
    return addressee if MEMBER.fullmatch(addressee) else ""
