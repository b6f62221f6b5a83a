"""Who said it: each layer that wrote a value of a policy, with its place and its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from engine.cli.errors import CallError
from engine.policy import Entry, List, Loaded, Map, Node, Null, Text


class Saying(NamedTuple):
    """A layer, the place at which it speaks of a value, and what it says there."""

    layer: str
    file: str
    line: int
    column: int
    text: str
    removed: bool = False

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def as_json(self) -> dict[str, Any]:
        return {**self._asdict(), "place": self.place}


def sayings(loaded: Loaded, path: tuple[str, ...]) -> tuple[Saying, ...]:
    """Every layer that touched a path, newest last."""
    trees = {layer.source.name: layer.tree for layer in loaded.layers}
    found = []
    for touch in loaded.provenance.of(path):
        span = touch.span
        entry = _entry_at(trees[span.file], span.line, span.column)
        text = plain(entry.value) if entry is not None else ""
        found.append(Saying(touch.layer, span.file, span.line, span.column, text, touch.removed))
    return tuple(found)


def sayings_of_rule(loaded: Loaded, rule: str) -> tuple[Saying, ...]:
    """Those of the value behind an element: of its `is`, of its `limit`, else of itself."""
    path = tuple(rule.split("."))
    for tail in (("is",), ("limit",), ("at_most", "is"), ("within",), ()):
        if found := sayings(loaded, (*path, *tail)):
            return found
    return ()


def values(loaded: Loaded, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], str | None, tuple[Saying, ...]]]:
    """Each value at or below a path with who said it; None for one that was taken away."""
    said = sayings(loaded, path)
    if said and said[-1].removed:
        return [(path, None, said)]
    return [(leaf, plain(node), sayings(loaded, leaf)) for leaf, node in leaves(entry(loaded, path).value, path)]


def entry(loaded: Loaded, path: tuple[str, ...]) -> Entry:
    """What stands at a path of the merged policy; a usage error with the nearest name where nothing does."""
    node: Node | None = loaded.document.tree
    found: Entry | None = None
    for place, part in enumerate(path):
        known = node.entries if isinstance(node, Map) else {}
        found = known.get(part)
        if found is None:
            raise _nothing_there(path[:place], part, known)
        node = found.value
    assert found is not None
    return found


def _nothing_there(here: Sequence[str], part: str, known: Iterable[str]) -> CallError:
    near = get_close_matches(part, list(known), 1)
    path = ".".join([*here, *near])
    did_you, or_this = (f"did you mean {path}? ", f"是否想写 {path}？") if near else ("", "")
    where = ".".join(here)
    return CallError(
        f"{where or 'the policy'} has no {part}; {did_you}it has: {', '.join(known) or 'no entries'}",
        f"{where or '方案'}中没有 {part}；{or_this}现有：{'、'.join(known) or '无'}",
    )


def leaves(node: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every value below a path that is no map."""
    if isinstance(node, Map) and node.entries:
        for key, inner in node.entries.items():
            yield from leaves(inner.value, (*path, key))
    else:
        yield path, node


def plain(node: Node) -> str:
    """A value in one line, as YAML writes it."""
    match node:
        case Text():
            return node.value
        case List():
            return f"[{', '.join(plain(item) for item in node.items)}]"
        case Map():
            return f"{{{', '.join(f'{key}: {plain(inner.value)}' for key, inner in node.entries.items())}}}"
        case Null():
            return "null"
    return ""


def _entry_at(node: Node, line: int, column: int) -> Entry | None:
    """The entry whose key stands at a place."""
    if isinstance(node, Map):
        for known in node.entries.values():
            if (known.key.span.line, known.key.span.column) == (line, column):
                return known
            if (found := _entry_at(known.value, line, column)) is not None:
                return found
    elif isinstance(node, List):
        for item in node.items:
            if (found := _entry_at(item, line, column)) is not None:
                return found
    return None
