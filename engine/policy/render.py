"""Diagnostics on paper: framed lines of the author's own file, with carets that stand right under Chinese text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from wcwidth import wcwidth

from engine.policy.diagnostics import Diagnostic, Label, as_json
from engine.policy.source import Span
from engine.policy.words import Words

WIDTH_MAX: Final = 100  # cells of a quoted line; what is longer is cut around the place that matters
MARGIN: Final = 24  # cells kept before the place when a line is cut

SEVERITY_WORDS: Final = {
    "error": Words("error", "错误"),
    "warning": Words("warning", "警告"),
    "info": Words("note", "提示"),
}
COLORS: Final = {"error": "31", "warning": "33", "info": "36"}
ARROWS: Final = ("-->", ":::")


def render(diagnostics: Iterable[Diagnostic], lang: str = "en", *, color: bool = False) -> str:
    """All of them, framed, with an empty line between."""
    return "\n".join("\n".join(_framed(found, lang, color)) + "\n" for found in diagnostics)


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """One JSON list, both languages."""
    return json.dumps([as_json(found) for found in diagnostics], ensure_ascii=False, indent=2)


def render_github(diagnostics: Iterable[Diagnostic], lang: str = "en") -> str:
    """Annotations of a GitHub workflow, one line each."""
    return "".join(f"{_annotation(found, lang)}\n" for found in diagnostics)


def summary(diagnostics: Iterable[Diagnostic], lang: str = "en") -> str:
    """`3 errors, 1 warning`."""
    found = list(diagnostics)
    counts = {severity: sum(1 for one in found if one.severity == severity) for severity in SEVERITY_WORDS}
    if lang == "zh":
        return "，".join(f"{n} 个{SEVERITY_WORDS[name].zh}" for name, n in counts.items() if n) or "没有发现问题"
    said = (f"{n} {SEVERITY_WORDS[name].en}{'s' if n > 1 else ''}" for name, n in counts.items() if n)
    return ", ".join(said) or "no mistakes found"


# ---- frames ----


def _framed(found: Diagnostic, lang: str, color: bool) -> Iterator[str]:
    paint = _painter(found.severity, color)
    severity = SEVERITY_WORDS[found.severity].in_(lang)
    colon = "：" if lang == "zh" else ": "
    yield paint(f"{severity}[{found.code}]") + f"{colon}{found.message.in_(lang)}"
    labels = (found.primary, *found.secondary)
    gutter = max(len(str(label.span.line)) for label in labels)
    for label in labels:
        yield from _frame(label, label is found.primary, gutter, lang, paint)
    for note in found.notes:
        yield f" {' ' * gutter} = {'说明：' if lang == 'zh' else 'note: '}{note.in_(lang)}"
    for text in found.helps:
        yield f" {' ' * gutter} = {'建议：' if lang == 'zh' else 'help: '}{text.in_(lang)}"


def _frame(label: Label, primary: bool, gutter: int, lang: str, paint: Callable[[str], str]) -> Iterator[str]:
    span = label.span
    line, before, width = _clipped(span)
    sign = "^" if primary else "-"
    under = sign * max(1, width)
    text = label.text.in_(lang)
    yield f"  {ARROWS[0] if primary else ARROWS[1]} {span}"
    yield f" {span.line:>{gutter}} | {line}".rstrip()
    yield f" {' ' * gutter} | {' ' * before}{paint(under) if primary else under}{' ' + text if text else ''}"


def _clipped(span: Span) -> tuple[str, int, int]:
    """The quoted line, cut to fit; the cells before the place, and the cells it takes."""
    line = span.source.line(span.line).replace("\t", " ")
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    marked = line[start : max(end, start + 1)]
    head, tail = line[:start], line[start + len(marked) :]
    if cells(line) > WIDTH_MAX:
        head = _last(head, max(MARGIN, WIDTH_MAX - cells(marked) - cells(tail)))
        tail = _first(tail, max(0, WIDTH_MAX - cells(head) - cells(marked)))
    return head + marked + tail, cells(head), cells(marked)


def cells(text: str) -> int:
    """The width of a text on a terminal; a Chinese character takes two cells."""
    return sum(max(0, wcwidth(character)) for character in text)


def _first(text: str, width: int) -> str:
    if cells(text) <= width:
        return text
    kept = ""
    while text and cells(kept) + 1 < width:
        kept, text = kept + text[0], text[1:]
    return f"{kept}…"


def _last(text: str, width: int) -> str:
    if cells(text) <= width:
        return text
    kept = ""
    while text and cells(kept) + 1 < width:
        kept, text = text[-1] + kept, text[:-1]
    return f"…{kept}"


def _painter(severity: str, color: bool) -> Callable[[str], str]:
    return (lambda text: f"\x1b[1;{COLORS[severity]}m{text}\x1b[0m") if color else (lambda text: text)


# ---- annotations ----

GITHUB: Final = {"error": "error", "warning": "warning", "info": "notice"}


def _annotation(found: Diagnostic, lang: str) -> str:
    span = found.primary.span
    where: dict[str, Any] = {"file": span.file, "line": span.line, "col": span.column, "endLine": span.end_line}
    if span.end_line == span.line:
        where["endColumn"] = span.end_column
    places = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in {**where, "title": found.code}.items())
    parts = [found.message, *found.notes, *found.helps]
    return f"::{GITHUB[found.severity]} {places}::{_escaped(chr(10).join(part.in_(lang) for part in parts))}"


def _escaped(text: str, also: str = "") -> str:
    for sign in "%\r\n" + also:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
