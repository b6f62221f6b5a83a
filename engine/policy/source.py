"""Files as they were read, and the stretches of their text that everything later points to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One file. `name` is what people are shown; `path` is None for text that never was a file."""

    name: str
    text: str
    path: Path | None = None
    lines: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(self.text.split("\n")))

    def line(self, number: int) -> str:
        """The text of a line, counted from 1; empty beyond the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


class Span(NamedTuple):
    """A stretch of a source. Lines and columns count from 1, columns in characters; the end column is the one after."""

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def file(self) -> str:
        return self.source.name

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


def stretch(source: Source, offset: int, length: int = 1) -> Span:
    """The span of `length` characters from an offset into the source's text; never over the end of its line."""
    line = source.text.count("\n", 0, offset) + 1
    column = offset - (source.text.rfind("\n", 0, offset) + 1) + 1
    end = min(column + length, len(source.line(line)) + 1)
    return Span(source, line, column, line, max(end, column + 1))
