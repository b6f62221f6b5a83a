"""A policy in one piece: the tree of all its layers, and for each value who said it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import NamedTuple

from engine.policy.diagnostics import Diagnostic
from engine.policy.nodes import Entry, List, Map, Node, Text, parse
from engine.policy.shapes import Path
from engine.policy.source import Source, Span
from engine.policy.text import read


class Touch(NamedTuple):
    """A layer that set, changed or removed a value, and where."""

    layer: str
    span: Span
    removed: bool = False


class Layer(NamedTuple):
    """One file of a policy. `below` names every layer it builds on."""

    name: str
    source: Source
    tree: Map
    below: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Every layer that touched a path, newest last; what came through `like` first."""

    touches: Mapping[Path, tuple[Touch, ...]] = field(default_factory=dict)
    likes: Mapping[str, str] = field(default_factory=dict)  #: workflow -> the one it is like

    def of(self, path: Path) -> tuple[Touch, ...]:
        own = self.touches.get(path, ())
        if len(path) > 2 and path[0] == "workflows" and (like := self.likes.get(str(path[1]))) is not None:
            return (*self.of(("workflows", like, *path[2:])), *own)
        return own


def read_document(path: FilePath, name: str | None = None) -> tuple[Document, tuple[Diagnostic, ...]]:
    """A file that is a document by itself, and what is wrong with its text. Raises OSError when there is none."""
    source, found = read(path, name)
    tree, syntax = parse(source)
    return Document(tree, (Layer(source.name, source, tree),), Provenance()), (*found, *syntax)


@dataclass(frozen=True, slots=True)
class Document:
    """The merged tree with its layers, bases first."""

    tree: Map
    layers: tuple[Layer, ...]
    provenance: Provenance

    def entry(self, path: Path) -> Entry | None:
        """The key and value at a path of keys."""
        node: Node | None = self.tree
        found = None
        for part in path:
            found = node.entries.get(str(part)) if isinstance(node, Map) else None
            node = found.value if found else None
        return found

    def key(self, path: Path) -> Span:
        """Where the key at a path stands; of what is not there, the nearest thing around it."""
        return self._nearest(path, keys=True)

    def span(self, path: Path) -> Span:
        """Where a value stands; for a map its key."""
        return self._nearest(path, keys=False)

    def _nearest(self, path: Path, *, keys: bool) -> Span:
        node: Node | None = self.tree
        span = self.tree.span._replace(end_line=self.tree.span.line, end_column=self.tree.span.column + 1)
        for part in path:
            if isinstance(node, Map) and (entry := node.entries.get(str(part))) is not None:
                node = entry.value
                span = node.span if isinstance(node, Text) and not keys else entry.key.span
            elif isinstance(node, List) and isinstance(part, int) and part < len(node.items):
                node = node.items[part]
                span = node.span
                if isinstance(node, Map) and node.entries:
                    span = next(iter(node.entries.values())).key.span
            else:
                break
        return span
