"""Expected diagnostics written into the files themselves: `#    ^ E101` under a line, the caret under the place.

Carets count cells, so that they stand right under Chinese text in an editor; `#< E101` means the first column.
"""

from __future__ import annotations

import re
from pathlib import Path

from engine.policy.render import cells

Found = tuple[str, int, int, str]  # file, line, column, code


def expected(path: Path) -> list[Found]:
    """What a file says is wrong with it."""
    found: list[Found] = []
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        if not re.match(r"#(<|\s+\^) ", line):
            continue
        marked = number - 1
        while re.match(r"#(<|\s+\^) ", lines[marked - 1]):
            marked -= 1
        for mark in re.finditer(r"([<^]) ([A-Z]\d{3}(?:,[A-Z]\d{3})*)", line):
            column = 1 if mark[1] == "<" else _column(lines[marked - 1], mark.start())
            found += [(path.name, marked, column, code) for code in mark[2].split(",")]
    return sorted(found)


def _column(line: str, cell: int) -> int:
    """The column, from 1, of the character that begins at a cell of a line."""
    width = 0
    for index, character in enumerate(line):
        if width >= cell:
            return index + 1
        width += cells(character)
    return len(line) + 1
