"""The pages of the codes: what a mistake means, why it hurts, wrong and right. One file a code, both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final, NamedTuple

from engine.policy import Words

#: The packages that find mistakes, each with its pages.
ROOMS: Final = ("engine.policy", "engine.sim", "engine.runtime.lists")
PART: Final = re.compile(r"^## (en|zh|wrong|right)\n(.*?)(?=^## |\Z)", re.M | re.S)
FENCE: Final = re.compile(r"^```\w+\n(.*?)^```$", re.M | re.S)
NO_CODE: Final = Words(
    "there is no code {code}; those near it are {near}. Codes stand in square brackets in what check and test print",
    "没有编号 {code}；相近的有 {near}。编号写在 check 和 test 输出的方括号里",
)
HEADINGS: Final = {"wrong": Words("Wrong", "错误的写法"), "right": Words("Right", "正确的写法")}


class Page(NamedTuple):
    """One page. `wrong` and `right` are whole files; either may be missing where a text cannot show it."""

    code: str
    words: Words
    wrong: str | None
    right: str | None

    def text(self, lang: str) -> str:
        parts = [f"{self.code}: {self.words.in_(lang)}"]
        for name, example in (("wrong", self.wrong), ("right", self.right)):
            if example is not None:
                parts += [f"\n{HEADINGS[name].in_(lang)}\n", *(f"    {line}".rstrip() for line in example.splitlines())]
        return "\n".join(parts) + "\n"

    def as_json(self) -> dict[str, Any]:
        words = {"en": self.words.en, "zh": self.words.zh}
        return {"code": self.code, "words": words, "wrong": self.wrong, "right": self.right}


def page(code: str) -> Page | None:
    """The page of a code, None where there is none."""
    for room in ROOMS:
        file = files(room) / "pages" / f"{code}.md"
        if file.is_file():
            return read(code, file.read_text(encoding="utf-8"))
    return None


def read(code: str, text: str) -> Page:
    """A page from its Markdown: sections `en`, `zh`, `wrong`, `right`."""
    parts = {name: body.strip() for name, body in PART.findall(text)}
    return Page(code, Words(parts["en"], parts["zh"]), _example(parts.get("wrong")), _example(parts.get("right")))


def codes() -> Iterator[str]:
    """Every code that has a page."""
    for room in ROOMS:
        folder = files(room) / "pages"
        if folder.is_dir():
            yield from sorted(one.name.removesuffix(".md") for one in folder.iterdir() if one.name.endswith(".md"))


def near(code: str) -> str:
    """The codes that an unknown one may have meant: those that begin as it does, by two signs or by its letter."""
    known = sorted(codes())
    return ", ".join([one for one in known if one[:2] == code[:2]] or [one for one in known if one[0] == code[0]])


def _example(section: str | None) -> str | None:
    found = FENCE.search(section) if section is not None else None
    return found[1] if found is not None else None
