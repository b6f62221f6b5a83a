"""The layers of a policy: `extends` followed, each ancestor once, bases first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path as FilePath
from typing import Final

from engine.policy.diagnostics import Report, diagnostic
from engine.policy.document import Layer
from engine.policy.nodes import List, Node, Text, broken_at, parse
from engine.policy.source import Source
from engine.policy.suggest import did_you_mean, nearest
from engine.policy.text import read
from engine.policy.words import Words

LAYERS_MAX: Final = 40
NAME: Final = re.compile(r"[\w-]+")


def gather(source: Source, shelves: Iterable[FilePath], report: Report) -> tuple[Layer, ...]:
    """The file and all it extends: bases first, the file last."""
    return _Gatherer(tuple(shelves), report).layers(source)


class _Gatherer:
    """Follows `extends` depth first. `open` is the chain of files being followed, to name a circle."""

    def __init__(self, shelves: tuple[FilePath, ...], report: Report) -> None:
        self.shelves = shelves
        self.report = report
        self.done: dict[str, Layer] = {}
        self.open: list[str] = []
        self.circular = False

    def layers(self, source: Source) -> tuple[Layer, ...]:
        self._follow(source, source.path.stem if source.path else "")
        layers = tuple(self.done.values())
        if not self.circular or any("extends" not in layer.tree.entries for layer in layers):
            return layers
        # nothing but a circle: what it should build on lacks
        return tuple(layer._replace(tree=broken_at(layer.tree, "extends")) for layer in layers)

    def _follow(self, source: Source, name: str) -> None:
        tree, found = parse(source)
        self.report.extend(found)
        own = tree.get("policy")
        name = name or (own.value if isinstance(own, Text) else source.name)
        if source.path is not None and isinstance(own, Text) and own.value != source.path.stem:
            misnamed = diagnostic("E906", own.span, policy=own.value, file=source.path.name)
            self.report.add(misnamed.helping(RENAME.format(stem=source.path.stem, policy=own.value)))
        self.open.append(name)
        below: set[str] = set()
        for base in _names(tree.get("extends")):
            if base.value in self.open:
                self._circle(base)
            elif self._reach(base, source):
                below |= {base.value, *self.done[base.value].below}
            else:
                tree = broken_at(tree, "extends")
        self.open.pop()
        self.done[name] = Layer(name, source, tree, frozenset(below))

    def _circle(self, base: Text) -> None:
        """Reported and left out: all layers of a circle are there, so what else is wrong in them can be told, too."""
        self.circular = True
        circle = " → ".join([*self.open[self.open.index(base.value) :], base.value])
        self.report.add(diagnostic("E903", base.span, circle=circle))

    def _reach(self, base: Text, source: Source) -> bool:
        """Whether the named layer is there, followed by now."""
        if base.value not in self.done:
            path = self._find(base, source)
            if path is not None and len(self.done) + len(self.open) >= LAYERS_MAX:
                self.report.add(diagnostic("E907", base.span, limit=LAYERS_MAX))
            elif path is not None:
                read_source, found = read(path, _beside(source, path))
                self.report.extend(found)
                self._follow(read_source, base.value)
        return base.value in self.done

    def _find(self, base: Text, source: Source) -> FilePath | None:
        """The file of a base; a name that is not there is reported, and read as the one it most resembles."""
        folders = [*([source.path.parent] if source.path else []), *self.shelves]
        if (found := _named(base.value, folders)) is not None:
            return found
        known = {path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.y*ml")} - {*self.open}
        name = FilePath(base.value).stem  # people write `hotel.yaml`, too
        missing = diagnostic("E904", base.span, policy=base.value)
        above = () if name in known else _above(name, source)
        self.report.add(missing.helping(*(above or did_you_mean(name, sorted(known)))))
        return _named(nearest(name, known) or "", folders)


def _above(name: str, source: Source) -> tuple[Words, ...]:
    """The help for a base that lies above the file, where a scenario's policy is looked for."""
    above = islice(source.path.resolve().parent.parents, ABOVE_MAX) if source.path else ()
    path = next((path for folder in above if (path := _named(name, [folder])) is not None), None)
    return () if path is None else (BESIDE.format(path=shown_name(path)),)


def _named(name: str, folders: Iterable[FilePath]) -> FilePath | None:
    paths = (folder / f"{name}{ending}" for folder in folders for ending in (".yaml", ".yml"))
    return next((path for path in paths if path.is_file()), None) if NAME.fullmatch(name) else None


def _beside(source: Source, path: FilePath) -> str:
    """The name to show for a base: relative as the name of the file that extends it, where it lies beside it."""
    if source.path is not None and path.parent == source.path.parent:
        return str(FilePath(source.name).parent / path.name)
    return shown_name(path)


ABOVE_MAX: Final = 6
BESIDE: Final = Words(
    "{path} is not looked at: what a file extends stands beside it, or is shipped",
    "不会读取 {path}：被继承的方案要与文件放在同一文件夹，或是自带的",
)
RENAME: Final = Words(
    "write `policy: {stem}`, or name the file {policy}.yaml", "写 `policy: {stem}`，或把文件改名为 {policy}.yaml"
)


def shown_name(path: FilePath) -> str:
    """A path as people are shown it: from where they stand, if it lies below."""
    try:
        return str(path.resolve().relative_to(FilePath.cwd()))
    except ValueError:
        return str(path)


def _names(node: Node | None) -> list[Text]:
    items = node.items if isinstance(node, List) else [node]
    return [item for item in items if isinstance(item, Text)]
