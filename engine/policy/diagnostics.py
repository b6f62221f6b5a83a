"""Diagnostics: the author's mistakes as values, each with a code, its places and a remedy, in two languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from engine.policy.catalogue import TITLES
from engine.policy.source import Span
from engine.policy.words import NOTHING, Words

Severity: TypeAlias = Literal["error", "warning", "info"]

#: The letter of a code says how bad it is: Y the text itself, E the plan, T a failed test, W a doubt, I a remark.
SEVERITIES: Final[dict[str, Severity]] = {"Y": "error", "E": "error", "T": "error", "W": "warning", "I": "info"}


class Label(NamedTuple):
    """A place and what is to be said there."""

    span: Span
    text: Words = NOTHING


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: `primary` is where to change something, `secondary` the other half of the contradiction."""

    code: str
    message: Words
    primary: Label
    secondary: tuple[Label, ...] = ()
    notes: tuple[Words, ...] = ()
    helps: tuple[Words, ...] = ()

    @property
    def severity(self) -> Severity:
        return SEVERITIES[self.code[0]]

    def noting(self, *notes: Words) -> Diagnostic:
        return replace(self, notes=self.notes + notes)

    def helping(self, *helps: Words) -> Diagnostic:
        return replace(self, helps=self.helps + helps)

    def against(self, span: Span, text: Words = NOTHING) -> Diagnostic:
        """The same, with a second place."""
        return replace(self, secondary=(*self.secondary, Label(span, text)))


def diagnostic(code: str, span: Span, label: Words = NOTHING, /, **names: Any) -> Diagnostic:
    """A diagnostic whose message is the catalogue's title of the code, filled in with `names`."""
    return Diagnostic(code, TITLES[code].format(**names), Label(span, label))


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each once, with every second place it has, by place: files in the order of their first mention, then lines,
    columns and codes.
    """
    unique: dict[object, Diagnostic] = {}
    for one in diagnostics:
        known = unique.setdefault(key := (one.code, str(one.primary.span), one.message), one)
        others = tuple(label for label in one.secondary if label not in known.secondary)
        unique[key] = replace(known, secondary=known.secondary + others)
    files: dict[str, int] = {}
    for found in unique.values():
        files.setdefault(found.primary.span.file, len(files))
    return tuple(sorted(unique.values(), key=lambda d: (files[d.primary.span.file], *_position(d))))


def failed(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them is an error."""
    return any(found.severity == "error" for found in diagnostics)


def as_json(found: Diagnostic) -> dict[str, Any]:
    """A diagnostic for machines."""
    return {
        "code": found.code,
        "severity": found.severity,
        "message": _both(found.message),
        **_label_json(found.primary),
        "related": [_label_json(label) for label in found.secondary],
        "notes": [_both(note) for note in found.notes],
        "helps": [_both(text) for text in found.helps],
    }


def _label_json(label: Label) -> dict[str, Any]:
    span = label.span
    where = {"file": span.file, "line": span.line, "column": span.column}
    return {**where, "end_line": span.end_line, "end_column": span.end_column, "label": _both(label.text)}


def _both(words: Words) -> Mapping[str, str]:
    return {"en": words.en, "zh": words.zh}


def _position(found: Diagnostic) -> tuple[int, int, str]:
    return found.primary.span.line, found.primary.span.column, found.code


class Report:
    """Collects what a stage finds, at most `LIMIT` per file: nobody reads the thousandth mistake."""

    LIMIT = 200

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []
        self._counts: dict[str, int] = {}

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._found)

    def add(self, found: Diagnostic) -> None:
        file = found.primary.span.file
        self._counts[file] = self._counts.get(file, 0) + 1
        if self._counts[file] <= self.LIMIT:
            self._found.append(found)

    def extend(self, found: Iterable[Diagnostic]) -> None:
        for one in found:
            self.add(one)

    def full(self, file: str) -> bool:
        return self._counts.get(file, 0) >= self.LIMIT
