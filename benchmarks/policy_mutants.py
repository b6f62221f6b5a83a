"""Mutants of the shipped plans: any one limit, rung, role, pause or guard broken must make a scenario fail.

`python -m benchmarks.policy_mutants --count 100 --seed 1`. A mutant that `check` refuses counts as noticed, too.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import NamedTuple

import yaml

from engine.sim import Runner, scenario_files

ROOT = Path(__file__).parents[1] / "policies"
TODAY = date(2026, 11, 1)
_LENGTH = re.compile(r"(\d+) ((?:working |calendar )?(?:second|minute|hour|day|week|month)s?)")


class Mutant(NamedTuple):
    file: Path
    line: int
    kind: str
    old: str
    new: str
    start: int
    end: int


def mutants(file: Path) -> Iterator[Mutant]:
    """Every limit made a half longer, every rung moved, every addressee and owner replaced, pauses and guards taken
    off.
    """
    text = file.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=yaml.BaseLoader)
    roles = [key.value for section, value in root.value if section.value == "roles" for key, _ in value.value]
    yield from _walk(file, text, root, (), roles)


def _walk(file: Path, text: str, node: yaml.Node, path: tuple[str, ...], roles: list[str]) -> Iterator[Mutant]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _walk(file, text, value, (*path, key.value), roles)
            if path[:1] == ("workflows",) and key.value in ("when", "after", "before", "other_than", "pauses"):
                yield _without(file, text, key, value, "pause" if key.value == "pauses" else "guard")
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _walk(file, text, item, path, roles)
    elif path:
        yield from _of_text(file, node, path, roles)


def _of_text(file: Path, node: yaml.ScalarNode, path: tuple[str, ...], roles: list[str]) -> Iterator[Mutant]:
    section, last = path[0], path[-1]
    length = _LENGTH.search(node.value)
    kind = ""
    new = ""
    if (section == "deadlines" and length and ("limit" in path)) or (
        section == "duties" and last == "within" and length
    ):
        kind, new = "limit", _longer(node.value, length)
    elif section == "escalations" and last == "at" and length:
        kind, new = "rung", _longer(node.value, length)
    elif section == "escalations" and last == "at" and node.value.endswith("%"):
        kind, new = "rung", f"{int(node.value[:-1]) - 7}%"
    elif section in ("escalations", "workflows", "deadlines", "duties") and last in ("notify", "owner", "by"):
        others = [role for role in roles if role != node.value]
        if others and (node.value in roles or node.value in ("owner", "assignee", "department")):
            kind, new = "role", others[len(node.value) % len(others)]
    if kind and new:
        start, end = node.start_mark.index, node.end_mark.index
        yield Mutant(file, node.start_mark.line + 1, kind, node.value, new, start, end)


def _longer(text: str, length: re.Match[str]) -> str:
    amount = int(length[1])
    return text.replace(length[0], f"{amount + max(1, amount // 2)} {length[2].rstrip('s')}s", 1)


def _without(file: Path, text: str, key: yaml.Node, value: yaml.Node, kind: str) -> Mutant:
    """The key and its value taken out, with the comma before or after it."""
    start, end = key.start_mark.index, value.end_mark.index
    while end < len(text) and text[end] in " ,":
        end += 1
    if text[end : end + 1] == "}" and text[:start].rstrip().endswith(","):
        start = text[:start].rstrip().rindex(",")
    return Mutant(
        file, key.start_mark.line + 1, kind, text[key.start_mark.index : value.end_mark.index], "", start, end
    )


def noticed(mutant: Mutant, copy: Path) -> bool:
    inside = copy / mutant.file.relative_to(ROOT)
    original = inside.read_text(encoding="utf-8")
    inside.write_text(original[: mutant.start] + mutant.new + original[mutant.end :], encoding="utf-8")
    runner = Runner(TODAY)
    try:
        return any(not runner.run(path).passed for path in scenario_files([copy]))
    finally:
        inside.write_text(original, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    files = [*sorted(ROOT.glob("*.yaml")), *sorted((ROOT / "sites").glob("*.yaml"))]
    everything = [mutant for file in files if file.name != "rules.yaml" for mutant in mutants(file)]
    chosen = Random(asked.seed).sample(everything, min(asked.count, len(everything)))
    alive = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "policies"
        shutil.copytree(ROOT, copy)
        for mutant in chosen:
            if not noticed(mutant, copy):
                alive += 1
                place = f"{mutant.file.relative_to(ROOT)}:{mutant.line}"
                print(f"SURVIVED {place} {mutant.kind}: {mutant.old!r} -> {mutant.new!r}", flush=True)
    print(f"{len(chosen)} of {len(everything)} mutants, {len(chosen) - alive} noticed, {alive} survived")


if __name__ == "__main__":
    main()
