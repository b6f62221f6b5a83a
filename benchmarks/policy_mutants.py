"""Mutants of the shipped plans: any one limit, rung, role, pause or guard broken must make a scenario fail.

`python -m benchmarks.policy_mutants --count 100 --seed 1`; a count of 10000 takes every one. A mutant that `check`
refuses counts as noticed, too, and is told apart in the sum. `--part 1/2` and `--part 2/2` share the work between two
processes; `--only residential.yaml:8` takes those whose place and kind contain the text.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections import Counter
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
#: Words for parties whom a role may stand in for.
_WORDS = ("owner", "assignee", "department", "reporter", "first_contact", "custodian", "leaver", "taker", "parent")
#: Where a party stands, by section; `is` is that of a table.
_PARTIES = {
    "roles": ("fallback",),
    "facts": ("is", "default"),
    "workflows": ("owner", "by", "assign", "accountable"),
    "deadlines": ("owner",),
    "escalations": ("notify",),
    "detections": ("notify",),
    "liability": ("is",),
    "duties": ("owner",),
    "notices": ("to",),
}
#: What is left out as a whole, by section, and what it is. Not `quiet`: it holds back messages, and a scenario shows
#: what happened on the site.
_LEFT_OUT = {
    "roles": {"handover": "guard", "requires": "guard", "at_least": "guard"},
    "workflows": {
        "when": "guard",
        "after": "guard",
        "before": "guard",
        "other_than": "guard",
        "pauses": "pause",
        "then": "pause",
    },
    "escalations": {"when": "guard", "every": "rung"},
    "detections": {"different": "guard"},
}


class Mutant(NamedTuple):
    file: Path
    line: int
    kind: str
    old: str
    new: str
    start: int
    end: int

    def __str__(self) -> str:
        new = repr(self.new) if 0 < len(self.new) < 40 else "left out"
        return f"{self.file.relative_to(ROOT)}:{self.line} {self.kind}: {self.old!r} -> {new}"


class Plan:
    """A file with its positions, and the roles that may stand there instead of another."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.text = file.read_text(encoding="utf-8")
        self.root = yaml.compose(self.text, Loader=yaml.BaseLoader)
        self.roles: list[str] = []
        self.owners: set[str] = set()
        self.alike: set[yaml.Node] = set()
        for name in _ancestors(file.stem):
            tree = yaml.load(_path(name).read_text(encoding="utf-8"), yaml.BaseLoader)
            self.roles += [role for role in tree.get("roles", {}) if role not in self.roles]
            self.owners.update(_owners(tree))

    def mutants(self) -> Iterator[Mutant]:
        """Every limit made a half longer, every rung moved, every party replaced, conditions turned round, pauses and
        guards left out.
        """
        yield from self._walk(self.root, (), ())

    def _walk(self, node: yaml.Node, path: tuple[str, ...], beside: tuple[str, ...]) -> Iterator[Mutant]:
        if isinstance(node, yaml.MappingNode):
            self.alike.update(_alike(node))
            for pair in node.value:
                key, value = pair
                inner = (*path, key.value)
                kind = _LEFT_OUT.get(path[0], {}).get(key.value) if path else None
                if kind and len(path) > 1 and not (key.value == "every" and path[0] == "duties"):
                    yield self._without(node, pair, kind)
                if key.value == "when" and path[0] in ("deadlines", "escalations", "facts", "liability"):
                    yield from self._turned(value) if node not in self.alike else ()
                else:
                    yield from self._walk(value, inner, ())
        elif isinstance(node, yaml.SequenceNode):
            texts = tuple(item.value for item in node.value if isinstance(item, yaml.ScalarNode))
            if path[0] == "workflows" and path[-1] in ("after", "other_than") and len(node.value) > 1:
                for item in node.value:
                    yield self._item_out(node, item)
            for item in node.value:
                yield from self._walk(item, path, texts)
        elif path:
            yield from self._of_text(node, path, beside)

    def _of_text(self, node: yaml.ScalarNode, path: tuple[str, ...], beside: tuple[str, ...]) -> Iterator[Mutant]:
        section, last, value = path[0], path[-1], node.value
        length = _LENGTH.search(value)
        limit = (
            (section == "deadlines" and "limit" in path and last not in ("calendar", "source"))
            or (section in ("duties", "detections") and last == "within")
            or (section == "workflows" and (last in ("at_most", "before") or path[-2:] == ("at_most", "is")))
        )
        if limit and length:
            yield self._changed(node, "limit", _longer(value, length))
        elif limit and value == "same day":
            yield self._changed(node, "limit", "2 working days")
        elif limit and section == "deadlines":
            yield self._changed(node, "limit", f"1 hour after {value}")
        elif section == "escalations" and last in ("at", "every") and length:
            yield self._changed(node, "rung", _longer(value, length))
        elif section == "escalations" and last == "at" and value.endswith("%"):
            yield self._changed(node, "rung", f"{int(value[:-1]) - 7}%")
        elif section == "escalations" and last == "at":
            yield self._changed(node, "rung", "10 minutes after due")
        elif section == "escalations" and last == "times":
            yield self._changed(node, "rung", str(int(value) - 1))
        elif section == "detections" and last == "count":
            yield self._changed(node, "limit", str(int(value) + 1))
            yield self._changed(node, "limit", str(int(value) - 1))
        elif section == "roles" and last == "staff":
            yield self._changed(node, "role", re.sub(r"\d+", lambda found: str(int(found[0]) + 1), value, count=1))
        elif self._is_party(path, value):
            yield self._changed(node, "role", self._other(node, beside))

    def _is_party(self, path: tuple[str, ...], value: str) -> bool:
        if path != ("last_resort",) and path[-1] not in _PARTIES.get(path[0], ()):
            return False
        return value in self.roles or (value in _WORDS and path[0] != "facts")

    def _other(self, node: yaml.ScalarNode, beside: tuple[str, ...]) -> str:
        """A role that is another party: none that stands beside it, if possible one that owns nothing."""
        others = [role for role in self.roles if role != node.value and role not in beside]
        strangers = [role for role in others if role not in self.owners] or others
        return strangers[node.start_mark.line % len(strangers)]

    def _turned(self, condition: yaml.Node) -> Iterator[Mutant]:
        """Each value of a condition taken for the others."""
        for key, value in condition.value if isinstance(condition, yaml.MappingNode) else ():
            if isinstance(value, yaml.ScalarNode) and key.value not in ("time", "finding") and " " not in value.value:
                yield self._changed(value, "guard", f"{{not: {value.value}}}")
            elif isinstance(value, yaml.SequenceNode) and len(value.value) > 1:
                for item in value.value:
                    yield self._item_out(value, item)
            elif isinstance(value, yaml.MappingNode) and [one.value for one, _ in value.value] == ["not"]:
                yield self._changed(value, "guard", value.value[0][1].value)

    def _changed(self, node: yaml.Node, kind: str, new: str) -> Mutant:
        start, end = node.start_mark.index, node.end_mark.index
        old = self.text[start:end]
        return Mutant(self.file, node.start_mark.line + 1, kind, old, new, start, end)

    def _without(self, mapping: yaml.MappingNode, pair: tuple[yaml.Node, yaml.Node], kind: str) -> Mutant:
        """The pair taken out; `times` goes with its `every`."""
        kept = []
        for key, value in mapping.value:
            if key is not pair[0] and not (pair[0].value == "every" and key.value == "times"):
                kept.append(self.text[key.start_mark.index : value.end_mark.index].rstrip())
        start, end = mapping.start_mark.index, mapping.end_mark.index
        old = self.text[pair[0].start_mark.index : pair[1].end_mark.index].rstrip()
        line = pair[0].start_mark.line + 1
        if mapping.flow_style:
            return Mutant(self.file, line, kind, old, "{" + ", ".join(kept) + "}", start, end)
        if not kept:
            return Mutant(self.file, line, kind, old, "{}\n" + " " * _indent(self.text, end), start, end)
        start, end = pair[0].start_mark.index, pair[1].end_mark.index
        return Mutant(self.file, line, kind, old, "", start, end)

    def _item_out(self, sequence: yaml.SequenceNode, item: yaml.Node) -> Mutant:
        kept = [
            self.text[one.start_mark.index : one.end_mark.index].strip() for one in sequence.value if one is not item
        ]
        start, end = sequence.start_mark.index, sequence.end_mark.index
        new = "[" + ", ".join(kept) + "]"
        if not sequence.flow_style:
            new += "\n" + " " * _indent(self.text, end)
        old = self.text[item.start_mark.index : item.end_mark.index].strip()
        return Mutant(self.file, item.start_mark.line + 1, "guard", old, new, start, end)


def _indent(text: str, end: int) -> int:
    return end - (text.rfind("\n", 0, end) + 1)


def _path(name: str) -> Path:
    return next(path for path in (ROOT / f"{name}.yaml", ROOT / "sites" / f"{name}.yaml") if path.exists())


def _ancestors(name: str) -> list[str]:
    """The policy and all that it is laid over."""
    bases = yaml.load(_path(name).read_text(encoding="utf-8"), yaml.BaseLoader).get("extends", [])
    found = [name]
    for base in [bases] if isinstance(bases, str) else bases:
        found += [one for one in _ancestors(base) if one not in found]
    return found


def _owners(tree: object) -> Iterator[str]:
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if key == "owner" and isinstance(value, str):
            yield value
        yield from _owners(value)


def _alike(table: yaml.MappingNode) -> Iterator[yaml.Node]:
    """Rows with a condition that say what the row for the rest says: they differ in their rule only."""
    rows = [(row, {key.value: value.value for key, value in row.value}) for _, row in table.value if _is_map(row)]
    rest = [said["is"] for _, said in rows if "is" in said and "when" not in said]
    yield from (row for row, said in rows if "when" in said and said.get("is") in rest)


def _is_map(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode)


def _longer(text: str, length: re.Match[str]) -> str:
    amount = int(length[1])
    return text.replace(length[0], f"{amount + max(1, amount // 2)} {length[2].rstrip('s')}s", 1)


class Trial:
    """A copy of the plans; the scenarios that noticed most so far are played first.

    The sites stand beside the plans in it: what a site is laid over is looked for beside it, then among the shipped.
    """

    def __init__(self, copy: Path) -> None:
        self.copy = copy
        shutil.copytree(ROOT, copy)
        for site in (copy / "sites").iterdir():
            site.rename(copy / site.name)
        self.scenarios: dict[Path, list[str]] = {}
        for path in scenario_files([copy]):
            policy = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)["policy"]
            local = path.parent / f"{policy}.yaml"
            self.scenarios[path] = [] if local.exists() else _ancestors(policy)
        self.noticing: Counter[tuple[Path, Path]] = Counter()

    def noticed_by(self, mutant: Mutant) -> str:
        """`check`, the name of a scenario, or nothing."""
        inside = self.copy / mutant.file.name
        original = inside.read_text(encoding="utf-8")
        text = original[: mutant.start] + mutant.new + original[mutant.end :]
        inside.write_text(text, encoding="utf-8")
        runner = Runner(TODAY)
        mine = [path for path, names in self.scenarios.items() if not names or mutant.file.stem in names]
        try:
            for path in sorted(mine, key=lambda one: -self.noticing[mutant.file, one]):
                result = runner.run(path)
                if not result.passed:
                    self.noticing[mutant.file, path] += 1
                    return path.stem if result.performance is not None else "check"
            return ""
        finally:
            inside.write_text(original, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="1/1", help="this part of so many, for several processes")
    parser.add_argument("--only", default="", help="those whose place and kind contain this")
    parser.add_argument("--list", action="store_true", help="print them, play nothing")
    asked = parser.parse_args()
    files = [*sorted(ROOT.glob("*.yaml")), *sorted((ROOT / "sites").glob("*.yaml"))]
    everything = [mutant for file in files if file.name != "rules.yaml" for mutant in Plan(file).mutants()]
    everything = [mutant for mutant in everything if asked.only in str(mutant)]
    part, parts = map(int, asked.part.split("/"))
    chosen = Random(asked.seed).sample(everything, min(asked.count, len(everything)))[part - 1 :: parts]
    if asked.list:
        print(*sorted(map(str, chosen)), sep="\n")
        return
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder) / "policies")
        for mutant in chosen:
            noticed = trial.noticed_by(mutant)
            seen["check" if noticed == "check" else "scenario" if noticed else "nothing"] += 1
            if not noticed:
                print(f"SURVIVED {mutant}", flush=True)
    print(
        f"{len(chosen)} of {len(everything)} mutants: {seen['scenario']} noticed by a scenario, "
        f"{seen['check']} by check, {seen['nothing']} survived"
    )


if __name__ == "__main__":
    main()
