"""The layers of a policy laid over one another by key, remembering who said what.

Maps merge by key; texts and lists replace; `null` takes away; `{add, remove}` edits an inherited list. A table over a
plain value, or a plain value over a table, replaces it: nobody could see which rows of a value he never wrote remain.
Only `source` adds up, for an element that two layers shaped serves the rules of both.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from engine.policy.diagnostics import Report, diagnostic
from engine.policy.document import Document, Layer, Provenance, Touch
from engine.policy.nodes import Broken, Entry, List, Map, Node, Null, Text, broken_at
from engine.policy.shapes import LISTS, Path, dotted, short_form
from engine.policy.source import Source, Span
from engine.policy.suggest import did_you_mean, nearest
from engine.policy.words import Words

LIKES_MAX: Final = 20  # workflows made from one another

#: Keys of the head that speak of one file only; no layer hands them down.
OWN: Final = frozenset({"policy", "extends", "layer"})


def merge(layers: tuple[Layer, ...], report: Report) -> Document:
    """All layers in one tree."""
    merger = _Merger(report, whole=not any(isinstance(layer.tree.get("extends"), Broken) for layer in layers))
    tree = Map({}, layers[-1].tree.span)
    for layer in layers:
        tree = merger.lay(layer, tree, last=layer is layers[-1])
    merger.report_conflicts()
    tree, likes = merger.apply_likes(tree)
    return Document(Map(tree.entries, layers[-1].tree.span), layers, Provenance(merger.touches, likes))


class _Merger:
    """Lays one layer over the tree of those before it, and keeps what happened to each path."""

    def __init__(self, report: Report, *, whole: bool) -> None:
        self.report = report
        self.whole = whole  # else a layer is lacking, and what an edit does not find may be there
        self.touches: dict[Path, tuple[Touch, ...]] = {}
        self.cut: set[Path] = set()  # taken away inside a workflow: `like` must not bring it back
        self.conflicts: dict[Path, tuple[Touch, Touch]] = {}
        self.circle: set[str] = set()  # workflows that are like each other
        self.layer = Layer("", Source("", ""), Map({}, Span(Source("", ""), 1, 1, 1, 1)))

    def lay(self, layer: Layer, tree: Map, *, last: bool) -> Map:
        self.layer = layer
        own = {key: entry for key, entry in layer.tree.entries.items() if last or key not in OWN}
        return self._map(tree, Map(own, layer.tree.span), ())

    # ---- one value over another ----

    def _map(self, lower: Map | None, upper: Map, path: Path) -> Map:
        entries = dict(lower.entries) if lower else {}
        for key, (name, value) in upper.entries.items():
            at = (*path, key)
            under = entries.get(key)
            if isinstance(value, Broken):
                entries.setdefault(key, Entry(name, value))
            elif isinstance(value, Null):
                self._take_away(entries, name, at)
            else:
                merged = self._value(under.value if under else None, self._spelled_out(value, at), at, name)
                entries[key] = Entry(
                    under.key if under and isinstance(under.value, Map) and isinstance(merged, Map) else name, merged
                )
        return Map(entries, (lower or upper).span)

    def _value(self, lower: Node | None, upper: Node, at: Path, name: Text) -> Node:
        if isinstance(upper, Map) and at[-1] in LISTS and _is_edit(upper) and not _entries(lower):
            self._touch(at, name.span)
            return self._edited(lower, upper, at)
        if isinstance(upper, Map) and (lower is None or isinstance(lower, Map)):
            self._touch(at, name.span)
            return self._map(lower, upper, at)
        if at[-1] == "source" and lower is not None:
            self._touch(at, name.span)
            return _both_sources(lower, upper)
        if lower is not None and not isinstance(lower, Broken):
            self._weigh(lower, upper, at, name.span)
        self._touch(at, name.span)
        return self._map(None, upper, at) if isinstance(upper, Map) else upper

    def _take_away(self, entries: dict[str, Entry], name: Text, at: Path) -> None:
        in_workflow = at[0] == "workflows" and len(at) > 2
        if entries.pop(name.value, None) is None and not in_workflow:
            self._missed("E901", name.span, list(entries), name=name.value)
            return
        if in_workflow:
            self.cut.add(at)
        self._settle(at)
        self._touch(at, name.span, removed=True)

    def _missed(self, code: str, span: Span, known: Collection[str] = (), **names: str) -> None:
        """What an edit wants to change is not there."""
        if self.whole:
            helps = did_you_mean(names["name"], known) if known else ()
            self.report.add(diagnostic(code, span, **names).helping(*helps))

    def _edited(self, lower: Node | None, edit: Map, at: Path) -> Node:
        """An inherited list with items added and removed; an edit that waits for `like` is kept as it is."""
        if isinstance(lower, Map) and _is_edit(lower):
            both = {
                key: Entry(entry.key, List(tuple(_items(entry.value)), entry.value.span))
                for key, entry in lower.entries.items()
            }
            for key, entry in edit.entries.items():
                before = _items(both[key].value) if key in both else []
                both[key] = Entry(entry.key, List((*before, *_items(entry.value)), entry.value.span))
            return Map(both, edit.span)
        if lower is None and at[0] == "workflows":
            return edit
        if lower is None or isinstance(lower, Broken):
            if lower is None:
                self._missed("E905", edit.span, key=dotted(at))
            return List(tuple(_items(edit.get("add"))), edit.span)
        items = _items(lower)
        for item in _items(edit.get("remove")):
            kept = [one for one in items if _item_name(one) != _item_name(item)]
            if len(kept) == len(items) and not isinstance(item, Broken):
                self._missed("E901", item.span, [_item_name(one) for one in items], name=_item_name(item))
            items = kept
        for item in _items(edit.get("add")):
            names = [_item_name(one) for one in items]
            if _item_name(item) in names:
                items[names.index(_item_name(item))] = item
            else:
                items.append(item)
        return List(tuple(items), edit.span)

    def _spelled_out(self, value: Node, at: Path) -> Node:
        """A short form as the map that it is short for."""
        if isinstance(value, Text) and (key := short_form(at)) is not None:
            return Map({key: Entry(Text(key, value.span), value)}, value.span)
        return value

    # ---- who said what ----

    def _weigh(self, lower: Node, upper: Node, at: Path, span: Span) -> None:
        """An override that changes nothing, or that disagrees with a layer beside it."""
        before = self.touches.get(at, ())
        if not before or at[-1] == "note":
            return
        same = _plain(lower) == _plain(upper)
        if before[-1].layer in self.layer.below or before[-1].layer == self.layer.name:
            self._settle(at)
            if same:
                idle = diagnostic("W901", span, path=dotted(at))
                self.report.add(idle.against(before[-1].span, Words("inherited from here", "继承自这里")))
        elif not same:
            self.conflicts[at] = (before[-1], Touch(self.layer.name, span))

    def _settle(self, at: Path) -> None:
        self.conflicts = {path: two for path, two in self.conflicts.items() if path[: len(at)] != at}

    def _touch(self, at: Path, span: Span, *, removed: bool = False) -> None:
        if at in self.conflicts and self.conflicts[at][1].span != span:
            self._settle(at)
        self.touches[at] = (*self.touches.get(at, ()), Touch(self.layer.name, span, removed))

    def report_conflicts(self) -> None:
        for path, (one, other) in self.conflicts.items():
            found = diagnostic("I901", other.span, path=dotted(path), winner=other.layer, loser=one.layer)
            self.report.add(
                found.against(one.span, Words(f"“{one.layer}” says it so", f"“{one.layer}”这样写")).helping(
                    Words("write the value you want in your own file", "在自己的文件里写下要用的值，即可定夺")
                )
            )

    # ---- like ----

    def apply_likes(self, tree: Map) -> tuple[Map, dict[str, str]]:
        """Every workflow written out in full."""
        section = tree.get("workflows")
        if not isinstance(section, Map):
            return tree, {}
        likes = {
            name: like.value
            for name, (_, flow) in section.entries.items()
            if isinstance(flow, Map) and isinstance(like := flow.get("like"), Text)
        }
        full: dict[str, Map] = {}
        for name in section.entries:
            self._full_workflow(name, section, likes, full, ())
        written = {key: Entry(entry.key, full.get(key, entry.value)) for key, entry in section.entries.items()}
        entries = {**tree.entries, "workflows": Entry(tree.entries["workflows"].key, Map(written, section.span))}
        return Map(entries, tree.span), likes

    def _full_workflow(
        self, name: str, section: Map, likes: dict[str, str], full: dict[str, Map], chain: tuple[str, ...]
    ) -> Map | None:
        own = section.get(name)
        if name in full or not isinstance(own, Map):
            return full.get(name)
        base = None
        if name in likes:
            like = own.entries["like"].value
            if len(chain) >= LIKES_MAX:
                self.report.add(diagnostic("E907", like.span, limit=LIKES_MAX))
                likes.pop(name)
            elif likes[name] in (*chain, name):
                self.report.add(diagnostic("E207", like.span, circle=" → ".join([*chain, name, likes[name]])))
                likes.pop(name)
                self.circle |= {*chain, name}
            else:
                target = likes[name] if likes[name] in section.entries else nearest(likes[name], section.entries)
                base = self._full_workflow(target or "", section, likes, full, (*chain, name))
        path: Path = ("workflows", name)
        inherited = Map({k: e for k, e in base.entries.items() if k != "like"}, base.span) if base else None
        written = self._like(inherited, own, path)
        full[name] = broken_at(written, "like") if name in self.circle else written
        return full[name]

    def _like(self, lower: Map | None, own: Map, path: Path) -> Map:
        entries = {key: entry for key, entry in lower.entries.items() if (*path, key) not in self.cut} if lower else {}
        for at in self.cut:
            if at[:-1] == path and at[-1] not in (lower.entries if lower else {}) and len(self.touches[at]) == 1:
                self._missed("E901", self.touches[at][-1].span, list(entries), name=str(at[-1]))
        for key, (name, value) in own.entries.items():
            at = (*path, key)
            under = entries[key].value if key in entries else None
            if isinstance(value, Map) and at[-1] in LISTS and _is_edit(value) and not isinstance(under, Map):
                if under is None:
                    self._missed("E905", value.span, key=dotted(at))
                value = self._edited(under or List((), value.span), value, at)
            elif isinstance(value, Map):
                value = self._like(under if isinstance(under, Map) else None, value, at)
            elif key == "source" and under is not None:
                value = _both_sources(under, value)
            entries[key] = Entry(name, value)
        return Map(entries, own.span)


def _is_edit(node: Node | None) -> bool:
    """`{add: […], remove: […]}`."""
    return isinstance(node, Map) and bool(node.entries) and node.entries.keys() <= {"add", "remove"}


def _entries(node: Node | None) -> bool:
    return isinstance(node, Map) and not _is_edit(node)


def _items(node: Node | None) -> list[Node]:
    if isinstance(node, List):
        return list(node.items)
    return [] if node is None or isinstance(node, Broken) else [node]


def _both_sources(lower: Node, upper: Node) -> List:
    """The rules an element comes from add up: what a layer changes still serves the rule it changes."""
    items = _items(lower)
    said = {_plain(item) for item in items if isinstance(item, Text)}
    return List((*items, *(item for item in _items(upper) if _plain(item) not in said)), upper.span)


def _item_name(node: Node) -> str:
    """`a`, `(a)` and `a: {…}` are all about a."""
    if isinstance(node, Text):
        return node.value.removeprefix("(").removesuffix(")").strip()
    return next(iter(node.entries), "") if isinstance(node, Map) else ""


def _plain(node: Node) -> object:
    """What a node says, without places."""
    if isinstance(node, Text):
        return node.value
    if isinstance(node, List):
        return [_plain(item) for item in node.items]
    return {key: _plain(entry.value) for key, entry in node.entries.items()} if isinstance(node, Map) else None
