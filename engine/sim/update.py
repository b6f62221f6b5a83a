"""`--update`: what happened, written into the scenario file; everything else of the file stays as it is."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.sim.player import Performance, Played
from engine.sim.words import as_yaml

_THEN = re.compile(r"^(\s*)then:")


def update_file(performance: Performance, path: Path) -> None:
    """Rewrite the `then` of every step that differs. Comments outside of them are kept."""
    lines = path.read_text(encoding="utf-8").split("\n")
    zone = ZoneInfo(performance.plan.timezone)
    for played in reversed(performance.plays):
        if played.differences:
            _rewrite(lines, played, zone)
    path.write_text("\n".join(lines), encoding="utf-8")


def _rewrite(lines: list[str], played: Played, zone: ZoneInfo) -> None:
    text = as_yaml(played.got.values(), zone, played.step.at)
    if played.step.then_span is None:
        # `at` stands on the step's first line; `then` goes behind its last one, under the `a` of `at`.
        indent = " " * (played.step.span.column - len("at: ") - 1)
        lines.insert(_end_of(lines, played.step.span.line, len(indent) - 1), f"{indent}then: {text}")
        return
    start = played.step.then_span.line - 1
    indent = " " * (played.step.then_span.column - 1)
    end = _end_of(lines, start + 1, len(indent))
    lines[start:end] = [f"{indent}then: {text}"]


def _end_of(lines: list[str], line: int, indent: int) -> int:
    """The first line at or after `line` that no longer belongs to a block indented deeper than `indent`."""
    while line < len(lines) and lines[line].strip() and len(lines[line]) - len(lines[line].lstrip()) > indent:
        line += 1
    return line
