"""The schema laid over a merged tree: every mistake a diagnostic at its own place, and the rest typed all the same.

What is wrong is mended if there is one confident reading, else left out, and the tree is read again: so one mistake
hides no other. What was left out is remembered as doubtful; later checks keep quiet where they would rest on it.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Generic, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.policy.diagnostics import Diagnostic, Report, diagnostic
from engine.policy.document import Document
from engine.policy.nodes import Broken, Entry, List, Map, Node, Null, Text
from engine.policy.schema.base import A_MAP, Part, told
from engine.policy.shapes import Path, dotted
from engine.policy.suggest import WORDS_MAX, did_you_mean, meant, narrow, nearest, shown
from engine.policy.words import Words

M = TypeVar("M", bound=Part)

PASSES_MAX: Final = 30  # each reveals what the mistakes of the one before had hidden


class Checked(NamedTuple, Generic[M]):
    """A document with its typed reading. `doubtful`: paths of what was mistaken and left out."""

    model: M
    document: Document
    doubtful: frozenset[Path]


def validate(document: Document, schema: type[M], report: Report) -> Checked[M]:
    """The typed reading of a document; whatever does not fit the schema is reported."""
    doubtful: set[Path] = set()
    tree = _without_broken(document.tree, (), doubtful)
    assert isinstance(tree, Map)
    for _ in range(PASSES_MAX):
        try:
            model = schema.model_validate(_plain(tree))
        except ValidationError as error:
            for detail in _deepest_first(error):
                tree = _answer(tree, document, schema, detail, doubtful, report)
            continue
        mended = Document(tree, document.layers, document.provenance)
        return Checked(model, mended, frozenset(doubtful))
    raise AssertionError("each pass removes what it complains about")


def _answer(
    tree: Map, document: Document, schema: type[Part], detail: ErrorDetails, doubtful: set[Path], report: Report
) -> Map:
    """Reports one mistake and gives the tree without it."""
    path = _own_path(tree, detail["loc"])
    if path in doubtful:  # what stands here now took the place of something reported already
        return _without(tree, path)
    where = Document(tree, document.layers, document.provenance)
    if detail["type"] == "extra_forbidden":
        return _unknown_key(tree, where, schema, path, doubtful, report)
    names = detail.get("ctx", {})
    if not detail["type"].startswith("E"):
        names = {"wanted": A_LIST if detail["type"] in ("tuple_type", "list_type") else A_MAP}
        found = diagnostic("E103", where.span(path), **names).helping(*_what_it_is(schema, path))
    else:
        found = _value_fault(detail["type"], where, path, names)
        if found.code == "E103":
            found = found.helping(*_what_it_is(schema, path))
    report.add(found)
    if detail["type"] == "E106" and (word := nearest(names["text"], names["words"])) is not None:
        corrected: Map = _edited(tree, path, lambda node: Text(word, node.span))
        return corrected
    doubtful.add(path)
    return _without(tree, path)


def _value_fault(code: str, where: Document, path: Path, names: Mapping[str, Any]) -> Diagnostic:
    span = where.span(path)
    match code:
        case "E106":
            found = diagnostic(code, span, text=names["text"], words=shown(names["words"], WORDS_MAX))
            return found.helping(*meant(names["text"], names["words"]))
        case "E107":
            found = diagnostic(code, span, text=names["text"], wanted=names["wanted"])
            examples = ", ".join(f"`{example}`" for example in names["examples"])
            found = found.helping(*narrow(names["text"]))
            return found.helping(Words(f"for example {examples}", f"例如 {examples}")) if examples else found
        case "E108":
            found = diagnostic(code, span, text=names["text"], reason=names["reason"])
            return found.helping(*narrow(names["text"]), names["remedy"])
    return diagnostic(code, span, **names)


def _unknown_key(
    tree: Map, where: Document, schema: type[Part], path: Path, doubtful: set[Path], report: Report
) -> Map:
    """A key that the schema does not have: most often a misspelt one, so it is read as that."""
    part = part_at(schema, path[:-1])
    assert part is not None
    entry = where.entry(path[:-1]) if len(path) > 1 else None
    holder = entry.value if entry else tree
    present = set(holder.entries) if isinstance(holder, Map) else set()
    keys = keys_of(part)
    found = diagnostic("E102", where.key(path), key=path[-1], where=_place_words(path[:-1]))
    free = [key for key in keys if key not in present]
    right = nearest(str(path[-1]), free)
    report.add(found.helping(*did_you_mean(str(path[-1]), free if right else keys, WORDS_MAX)))
    if right is not None:
        return _renamed(tree, path, right)
    doubtful.add(path)
    return _without(tree, path)


def _what_it_is(schema: type[Part], path: Path) -> tuple[Words, ...]:
    part = part_at(schema, path[:-1])
    return () if part is None else told(part, str(path[-1]))


def keys_of(part: type[Part]) -> list[str]:
    """The keys of a map as they are written."""
    return [field.alias or name for name, field in part.model_fields.items()]


def part_at(schema: Any, path: Path) -> type[Part] | None:
    """The model of the map at a path."""
    kind = schema
    for step in path:
        kind = _bare(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = next((f for name, f in kind.model_fields.items() if (f.alias or name) == step), None)
            if field is None:
                return None
            kind = field.annotation
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif get_origin(kind) is tuple:
            kind = get_args(kind)[0]
        else:
            return None
    kind = _bare(kind)
    if get_origin(kind) is dict:  # outcomes by ticket: one of them
        kind = _bare(get_args(kind)[1])
    return kind if isinstance(kind, type) and issubclass(kind, Part) else None


def _bare(kind: Any) -> Any:
    """A type without `| None` and without what is noted beside it."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return _bare(next(arg for arg in get_args(kind) if arg is not type(None)))
    return kind


# ---- the tree ----


def _plain(node: Node) -> Any:
    """A tree as the dictionaries, lists and texts that the schema reads."""
    if isinstance(node, Text):
        return node.value
    if isinstance(node, Map):
        return {key: _plain(entry.value) for key, entry in node.entries.items()}
    assert isinstance(node, List)
    return [_plain(item) for item in node.items]


def _without_broken(node: Node, path: Path, doubtful: set[Path]) -> Node | None:
    """The tree without what could not be read, and without a `null` that stands where nothing can be taken away."""
    if isinstance(node, Broken | Null):
        doubtful.add(path)
        return None
    if isinstance(node, Map):
        entries = {}
        for key, entry in node.entries.items():
            value = _without_broken(entry.value, (*path, key), doubtful)
            if value is not None:
                entries[key] = Entry(entry.key, value)
        return Map(entries, node.span)
    if isinstance(node, List):
        items = [_without_broken(item, (*path, index), doubtful) for index, item in enumerate(node.items)]
        return List(tuple(item for item in items if item is not None), node.span)
    return node


def _own_path(tree: Map, loc: tuple[int | str, ...]) -> Path:
    """The place in the file of what the schema complains about: without the steps that only the schema knows."""
    path: list[str | int] = []
    node: Node | None = tree
    for step in loc:
        if isinstance(node, Map) and str(step) in node.entries:
            node = node.entries[str(step)].value
        elif isinstance(node, List) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        elif step in ("", "[key]"):
            continue
        else:
            break
        path.append(step)
    return tuple(path)


def _deepest_first(error: ValidationError) -> list[ErrorDetails]:
    """Later and deeper mistakes first, so that taking one out does not move the others."""
    details = error.errors(include_url=False, include_input=False)
    return sorted(details, key=lambda detail: [(isinstance(s, int), s) for s in detail["loc"]], reverse=True)


def _edited(node: Node, path: Path, change: Callable[[Node], Node | None]) -> Any:
    """The tree with the node at a path changed, or taken out where the change gives None."""
    if not path:
        return change(node)
    step, rest = path[0], path[1:]
    if isinstance(node, Map):
        entry = node.entries[str(step)]
        value = _edited(entry.value, rest, change)
        entries = {**node.entries, str(step): Entry(entry.key, value)}
        if value is None:
            del entries[str(step)]
        return Map(entries, node.span)
    assert isinstance(node, List)
    assert isinstance(step, int)
    items = list(node.items)
    items[step] = _edited(items[step], rest, change)
    return List(tuple(item for item in items if item is not None), node.span)


def _without(tree: Map, path: Path) -> Map:
    rest: Map = _edited(tree, path, lambda node: None)
    return rest


def _renamed(tree: Map, path: Path, key: str) -> Map:
    def rename(node: Node) -> Node:
        assert isinstance(node, Map)
        renamed = {(key if name == path[-1] else name): entry for name, entry in node.entries.items()}
        return Map(renamed, node.span)

    new: Map = _edited(tree, path[:-1], rename)
    return new


def _place_words(path: Path) -> Words:
    """`deadlines.resolve`, or the head."""
    return Words(f"“{dotted(path)}”", f"“{dotted(path)}”") if path else Words("the head of the file", "文件开头")


A_LIST: Final = Words("a list", "列表")
