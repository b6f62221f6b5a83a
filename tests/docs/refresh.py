"""`python -m tests.docs.refresh [PAGE…]` writes what commands print today below them, for review.

Outputs with a `…` are the author's choice of lines and are left as they are.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Folder, blocks, commands, is_run


def refresh(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lines = text.split("\n")
    shift = 0
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as monkeypatch:
        folder = Folder(Path(scratch), monkeypatch, chinese=".zh-CN" in page.suffixes)
        for block in blocks(text):
            if block.language == "yaml":
                try:
                    folder.load(block.body)
                except AssertionError as wrong:
                    print(f"{page.relative_to(ROOT)}:{block.line}: {wrong}")
            elif block.language == "console":
                for command in commands(block):
                    if not is_run(command.text):
                        continue
                    output = folder.run(command.text)
                    if any(line.rstrip().endswith("…") for line in command.output) or not command.output:
                        continue
                    trailing = len(command.output) - len("\n".join(command.output).rstrip("\n").split("\n"))
                    first = command.line + shift
                    last = first + len(command.output) - trailing
                    lines[first:last] = output
                    shift += len(output) - (last - first)
        monkeypatch.undo()
    page.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    for page in [Path(name).resolve() for name in sys.argv[1:]] or PAGES:
        refresh(page)
