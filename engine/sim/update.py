"""`--update`: what happened, written into the scenario file; everything else of the file stays as it is."""

from __future__ import annotations

from pathlib import Path

from engine.sim.player import Performance, Played
from engine.sim.scenario import in_braces
from engine.sim.words import as_yaml


def update_file(performance: Performance, path: Path) -> None:
    """Rewrite the `then` of every step that differs. Comments outside of them are kept."""
    lines = path.read_text(encoding="utf-8").split("\n")
    zone = performance.plan.zone
    for played in reversed(performance.plays):
        if played.differences:
            _rewrite(lines, played, as_yaml(played.got.values(), zone, played.step.at))
    path.write_text("\n".join(lines), encoding="utf-8")


def _rewrite(lines: list[str], played: Played, text: str) -> None:
    """Puts the text in place of what stands under `then`, or behind a step that has none."""
    step = played.step
    last, column = step.ends[0] - 1, step.ends[1] - 1
    behind = lines[last][column:]
    whole = step.item_span
    assert whole is not None
    if step.then_span is not None:
        first = step.then_span.line - 1
        before = lines[first][: step.then_span.column - 1]
        lines[first : last + 1] = [f"{before}then: {text}{behind}"]
    elif in_braces(whole, "\n".join(lines)):
        inside = lines[last][: column - 1].rstrip().rstrip(",")
        lines[last] = f"{inside}, then: {text}}}{behind}"
    else:
        lines.insert(last + 1, f"{' ' * (whole.column - 1)}then: {text}")
