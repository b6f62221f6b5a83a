"""The positioned tree: YAML in which every scalar is text and remembers where it stood.

Built from the parser's events, so an alias is refused where it is written and never expanded, and depth and number of
nodes are bounded while reading. `null` is the only word with a meaning of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import yaml

from engine.policy.diagnostics import Diagnostic, Report, diagnostic
from engine.policy.scan import Mended, scan
from engine.policy.shapes import SECTIONS
from engine.policy.source import Source, Span
from engine.policy.syntax import complaint, lines_of, section_of, without
from engine.policy.words import Words

DEPTH_MAX: Final = 40
NODES_MAX: Final = 60_000
SYNTAX_ERRORS_MAX: Final = 10

Parser: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml where there is one


class Text(NamedTuple):
    """A scalar as it was written."""

    value: str
    span: Span
    quoted: bool = False


class Null(NamedTuple):
    """The word null: takes away what a lower layer brings."""

    span: Span


class Broken(NamedTuple):
    """Something already reported; whoever meets it says nothing more about it."""

    span: Span


class Entry(NamedTuple):
    """A key and what stands under it."""

    key: Text
    value: Node


class Map(NamedTuple):
    """Entries by the text of their keys, in the order of the file."""

    entries: Mapping[str, Entry]
    span: Span

    def get(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return None if entry is None else entry.value


class List(NamedTuple):
    items: tuple[Node, ...]
    span: Span


Node: TypeAlias = Text | Null | Broken | Map | List


def broken_at(tree: Map, key: str) -> Map:
    """The map with a key whose value could not be used."""
    entry = tree.entries[key]
    return Map({**tree.entries, key: Entry(entry.key, Broken(entry.value.span))}, tree.span)


def parse(source: Source) -> tuple[Map, tuple[Diagnostic, ...]]:
    """The tree of a source and all that is wrong with it as YAML; on a syntax error, of the sections around it."""
    mended = scan(source)
    report = Report()
    report.extend(mended.found)
    slips = {found.primary.span.line for found in mended.found}
    text = mended.text
    broken: list[Entry] = []
    for _ in range(SYNTAX_ERRORS_MAX):
        builder = _Builder(source, mended, report)
        try:
            root = builder.document(text)
        except yaml.MarkedYAMLError as error:
            first, last = section_of(text, error)
            if not slips & lines_of(error):  # else it follows from a slip already reported
                report.add(complaint(source, mended, error))
            broken.extend(_broken_keys(source, text, first, last))
            text = without(text, first, last)
            continue
        if not isinstance(root, Map):
            if not isinstance(root, Broken):
                report.add(diagnostic("E103", root.span, wanted=Words("keys and values", "键和值")))
            root = Map({}, root.span)
        return Map({**root.entries, **{e.key.value: e for e in broken}}, root.span), tuple(report)
    return Map({e.key.value: e for e in broken}, _whole(source)), tuple(report)


class _Builder:
    """Builds the tree from events. Inside one call it is a recursive descent whose depth is bounded."""

    def __init__(self, source: Source, mended: Mended, report: Report) -> None:
        self.source = source
        self.mended = mended
        self.report = report
        self.left = NODES_MAX
        self.events: Any = None

    def document(self, text: str) -> Node:
        self.events = Parser(text)
        try:
            next_event = self.events.get_event
            next_event()  # stream start
            if type(next_event()) is yaml.StreamEndEvent:
                return self._found("Y013", _whole(self.source))
            root = self._node(next_event(), 0)
            if not isinstance(root, Broken):
                next_event()  # document end
                if type(second := next_event()) is not yaml.StreamEndEvent:
                    self._found("Y014", self._span(second))
            return root
        except _TooBig as big:
            return self._found("Y010", big.span, limit=big.limit)
        finally:
            self.events.dispose()

    def _node(self, event: Any, depth: int) -> Node:
        self.left -= 1
        if self.left < 0:
            raise _TooBig(self._span(event), Words(f"{NODES_MAX} values", f"{NODES_MAX} 个值"))
        if depth > DEPTH_MAX:
            raise _TooBig(self._span(event), Words(f"{DEPTH_MAX} levels", f"{DEPTH_MAX} 层"))
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self._found("Y009", self._span(event), what=ALIAS)
        if event.anchor is not None:
            self._found("Y009", self._opening(event), what=ANCHOR)
        if event.tag is not None:
            self._found("Y009", self._opening(event), what=TAG)
        if kind is yaml.ScalarEvent:
            return self._scalar(event)
        if kind is yaml.MappingStartEvent:
            return self._map(event, depth)
        return self._list(event, depth)

    def _scalar(self, event: Any) -> Node:
        span, quoted = self._span(event), bool(event.style)
        if quoted:
            return Text(event.value, span, True)
        if event.value in ("", "~", "Null", "NULL"):
            return self._found("Y012", span, text=event.value)
        return Null(span) if event.value == "null" else Text(event.value, span)

    def _list(self, start: Any, depth: int) -> Node:
        items: list[Node] = []
        next_event = self.events.get_event
        while type(event := next_event()) is not yaml.SequenceEndEvent:
            items.append(self._node(event, depth + 1))
        return List(tuple(items), self._span(start, event))

    def _map(self, start: Any, depth: int) -> Node:
        entries: dict[str, Entry] = {}
        next_event = self.events.get_event
        while type(event := next_event()) is not yaml.MappingEndEvent:
            key = self._key(event, depth)
            value_event = next_event()
            if key is not None and type(value_event) is yaml.ScalarEvent and not value_event.value:
                if self._is_mended(key):  # a text with a colon that was reported: it was to be no key
                    continue
                value: Node = self._empty(key, value_event)
            else:
                value = self._node(value_event, depth + 1)
            if key is None:
                continue
            if (first := entries.get(key.value)) is not None:
                twice = diagnostic("Y008", key.span, SECOND, key=key.value)
                self.report.add(twice.against(first.key.span, FIRST))
                if isinstance(value, Map) and isinstance(first.value, Map):  # what only the second says is read on with
                    both = Map({**value.entries, **first.value.entries}, first.value.span)
                    entries[key.value] = Entry(first.key, both)
                continue
            entries[key.value] = Entry(key, value)
        return Map(entries, self._span(start, event))

    def _key(self, event: Any, depth: int) -> Text | None:
        """The key, None when it cannot be one."""
        if type(event) is yaml.ScalarEvent and event.value == "<<" and not event.style:
            self._found("Y009", self._span(event), what=MERGE)
            return None
        node = self._node(event, depth + 1)
        if isinstance(node, Null):
            return Text("null", node.span)
        if isinstance(node, Text):
            return node
        if not isinstance(node, Broken):
            self._found("Y015", node.span)
        return None

    def _is_mended(self, key: Text) -> bool:
        span = key.span
        slips = (found.primary.span for found in self.mended.found if found.code == "Y006")
        return any(slip.line == span.line and span.column <= slip.column < span.end_column for slip in slips)

    def _empty(self, key: Text, event: Any) -> Node:
        """`key:` with nothing behind it."""
        if event.style:
            return Text("", self._span(event), True)
        if event.anchor is not None or event.tag is not None:
            return self._node(event, 0)
        found = diagnostic("Y012", key.span, text=key.value)
        several = self.source.line(key.span.end_line)[key.span.end_column - 1 :].lstrip()[:1] != ":"
        self._add(found.helping(SEVERAL) if several else found)
        return Broken(key.span)

    def _found(self, code: str, span: Span, **names: Any) -> Broken:
        self._add(diagnostic(code, span, **names))
        return Broken(span)

    def _add(self, found: Diagnostic) -> None:
        if not self.report.full(self.source.name):
            self.report.add(found)

    def _span(self, start: Any, end: Any = None) -> Span:
        first, last = start.start_mark, (end or start).end_mark
        line, column, end_line, end_column = first.line, first.column, last.line, last.column
        if self.mended.inserted:
            column, end_column = self.mended.column(line, column), self.mended.column(end_line, end_column)
        return Span(self.source, line + 1, column + 1, end_line + 1, end_column + 1)

    def _opening(self, event: Any) -> Span:
        """The anchor or tag in front of a value."""
        span = self._span(event)
        word = re.compile(r"\S*").match(self.source.line(span.line), span.column - 1)
        return span._replace(end_line=span.line, end_column=span.column + max(1, len(word[0]) if word else 1))


class _TooBig(Exception):  # noqa: N818 - it never leaves the room
    def __init__(self, span: Span, limit: Words) -> None:
        self.span, self.limit = span, limit


def _broken_keys(source: Source, text: str, first: int, last: int) -> Iterator[Entry]:
    """The section that cannot be read still has its name, and so has one that slipped into it: nobody misses them."""
    for line, said in enumerate(text.split("\n")[first : last + 1], first):
        key = re.match(r"\s*([\w-]+)\s*:", said)
        if key is not None and (line == first or (key.start(1) == 1 and key[1] in SECTIONS)):
            span = Span(source, line + 1, key.start(1) + 1, line + 1, key.end(1) + 1)
            yield Entry(Text(key[1], span), Broken(span))


def _whole(source: Source) -> Span:
    return Span(source, 1, 1, 1, len(source.line(1)) + 1)


ALIAS: Final = Words("an alias (`*name`)", "别名（`*名称`）")
ANCHOR: Final = Words("an anchor (`&name`)", "锚点（`&名称`）")
TAG: Final = Words("a tag (`!name`)", "标签（`!名称`）")
MERGE: Final = Words("a merge key (`<<`)", "合并键（`<<`）")
SEVERAL: Final = Words(
    'a text with a comma stands in quotes, several values in brackets: "a, b" or [a, b]',
    '含逗号的文字要加引号，多个值要写在方括号里："a, b" 或 [a, b]',
)
FIRST: Final = Words("first here", "第一次在这里")
SECOND: Final = Words("and again here", "这里又写了一次")
