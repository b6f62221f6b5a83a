"""A scenario file as values: who acts, what is done when, what must have happened. Every part knows its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from engine.policy import Diagnostic, Entry, List, Map, Node, Source, Span, Text, Words
from engine.runtime import ValueProblemError, read_instant
from engine.sim.codes import diagnose
from engine.sim.projection import LISTS, SINGLE, SITE, WORDS, At, Lasting
from engine.worktime import LengthError, parse_seconds

FIRST: Final = "T1"
#: Words of `then` that speak of the site.
SITE_WORDS: Final = ("staffing", "empty_post", "reported", "revealed")
A_TEXT: Final = Words("a text or a list of texts is needed", "应当是文字，或文字的列表")
_THE_FIRST: Final = Words(
    "the first step needs a date and a time: write 2026-10-08 18:00", "第一步须写日期和时间：2026-10-08 18:00"
)
_WITH_DATE: Final = Words(
    "a time alone is on the day of the step before: write the date, too, as 10-01 08:00",
    "只写时间就是上一步那一天的：请连日期一起写，如 10-01 08:00",
)
_INSTANTS: Final = frozenset({"due", "breach", "rung", "repeated"})


class Expected(NamedTuple):
    """One thing that must have happened, and where the file says so."""

    ticket: str
    word: str
    about: str
    said: str | At | Lasting
    span: Span


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `at` is seconds UTC. `verb` is None where time passes; `then` is None where nothing is claimed."""

    at: int
    span: Span
    ticket: str
    by: str
    verb: str | None
    given: Mapping[str, str]
    given_spans: Mapping[str, Span]
    given_keys: Mapping[str, Span]
    then: tuple[Expected, ...]
    then_span: Span | None
    spans: Mapping[str, Span] = field(default_factory=dict)  #: of `ticket`, `by` and `do`
    item_span: Span | None = None  #: of the whole step, from its first key
    ends: tuple[int, int] = (0, 0)  #: line and column behind what stands under `then`; without it, behind the step

    @property
    def refused(self) -> bool:
        """Whether it expects to be refused; such a step may name what is not there."""
        return any(expected.word == "refused" for expected in self.then)


@dataclass(frozen=True, slots=True)
class Finally:
    running: tuple[str, ...] | None = None
    history: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    alerts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    round: str | None = None
    spans: Mapping[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole file. `clocks`, `duties`, `reports` are None where the file does not speak of them."""

    source: Source
    title: str
    policy: str
    policy_span: Span
    steps: tuple[Step, ...]
    last: Finally
    people: Mapping[str, str] = field(default_factory=dict)
    people_spans: Mapping[str, Span] = field(default_factory=dict)
    name_spans: Mapping[str, Span] = field(default_factory=dict)  #: of `clocks`, `duties`, `reports`
    shows: tuple[str, ...] = ()
    clocks: frozenset[str] | None = None
    duties: frozenset[str] = frozenset()
    reports: frozenset[str] = frozenset()


class Reader:
    """Reads a positioned tree into a Scenario and collects every mistake on the way. Times are local to `zone`."""

    def __init__(self, source: Source, tree: Map, zone: ZoneInfo) -> None:
        self.source = source
        self.tree = tree
        self.zone = zone
        self.found: list[Diagnostic] = []

    def read(self) -> Scenario:
        steps: list[Step] = []
        closed: int | None = None
        listed = self.tree.get("steps")
        for item in listed.items if isinstance(listed, List) else ():
            if isinstance(item, Map):
                step = self._step(item, steps[-1].at if steps else None)
                if steps and step.at < steps[-1].at:
                    self.found.append(diagnose("E601", step.span, text=self._show(step.at)).helping(_WITH_DATE))
                elif step.verb is not None and closed is not None and step.at <= closed:
                    self._wrong("E602", step.span, text=self._show(step.at))
                if step.verb is None:
                    closed = step.at
                steps.append(step)
        people = self.tree.get("people")
        policy = self.tree.entries.get("policy")
        return Scenario(
            source=self.source,
            title=_text(self.tree.get("scenario")),
            policy=_text(self.tree.get("policy")),
            policy_span=policy.value.span if policy else self.tree.span,
            steps=tuple(steps),
            last=self._finally(steps[-1].at if steps else 0),
            people=_texts(people),
            people_spans={name: entry.key.span for name, entry in _entries(people).items()},
            name_spans={
                item.value: item.span
                for key in ("clocks", "duties", "reports")
                for item in _texts_of(self.tree.get(key))
            },
            shows=_names(self.tree.get("shows")),
            clocks=frozenset(_names(self.tree.get("clocks"))) if "clocks" in self.tree.entries else None,
            duties=frozenset(_names(self.tree.get("duties"))),
            reports=frozenset(_names(self.tree.get("reports"))),
        )

    def _step(self, item: Map, before: int | None) -> Step:
        at_node = item.get("at")
        span = at_node.span if at_node is not None else item.span
        at = self._instant(at_node, before)
        then = item.entries.get("then")
        ticket = _text(item.get("ticket")) or FIRST
        if ticket == SITE:
            self._wrong("E605", item.entries["ticket"].value.span, text=ticket)
        given = item.get("with")
        for name, entry in _entries(given).items():
            items = entry.value.items if isinstance(entry.value, List) else (entry.value,)
            if not items or not all(isinstance(one, Text) and one.value for one in items):
                self.found.append(diagnose("E609", entry.key.span, name=name, text=A_TEXT))
        return Step(
            at=at,
            span=span,
            ticket=ticket,
            by=_text(item.get("by")),
            verb=_text(item.get("do")) or None,
            given=_texts(given),
            given_spans={name: entry.value.span for name, entry in _entries(given).items()},
            given_keys={name: entry.key.span for name, entry in _entries(given).items()},
            then=tuple(self._then(then.value, ticket, at)) if then is not None else (),
            then_span=then.key.span if then is not None else None,
            spans={name: item.entries[name].value.span for name in ("ticket", "by", "do") if name in item.entries},
            item_span=item.span,
            ends=end_of(then.value if then is not None else item, self.source.text),
        )

    def _instant(self, node: Node | None, before: int | None) -> int:
        text = _text(node)
        reference = datetime.fromtimestamp(before or 0, self.zone)
        try:
            if before is None and text and len(text.strip()) < len("2026-9-3 9:0"):
                raise ValueProblemError(*_THE_FIRST)
            return read_instant(text, self.zone, reference, same_year=True)
        except ValueProblemError as problem:
            if node is not None:
                self._wrong("E603", node.span, text=problem.words)
            return before or 0

    def _then(self, node: Node, ticket: str, at: int) -> list[Expected]:
        if isinstance(node, Text) and node.value == "nothing":
            return []
        if not isinstance(node, Map):
            self._wrong("E604", node.span)
            return []
        words = {*WORDS, *SITE_WORDS}
        if node.entries and not words & node.entries.keys():
            found: list[Expected] = []
            for name, entry in node.entries.items():
                if isinstance(entry.value, Map):
                    found += self._outcome(entry.value, name, at)
                elif _text(entry.value) != "nothing":
                    self._wrong("E605", entry.key.span, text=name)
            return found
        return self._outcome(node, ticket, at)

    def _outcome(self, node: Map, ticket: str, at: int) -> list[Expected]:
        found: list[Expected] = []
        for word, entry in node.entries.items():
            where = SITE if word in SITE_WORDS else ticket
            if word not in WORDS and word not in SITE_WORDS:
                self._wrong("E605", entry.key.span, text=word)
            elif word in SINGLE:
                found.append(Expected(where, word, "", _text(entry.value), entry.value.span))
            elif isinstance(entry.value, Map):
                for about, inner in entry.value.entries.items():
                    found += self._said(where, word, about, inner.value, at)
            else:
                for item in entry.value.items if isinstance(entry.value, List) else (entry.value,):
                    found.append(Expected(where, word, _text(item), "", item.span))
        return found

    def _said(self, ticket: str, word: str, about: str, node: Node, at: int) -> list[Expected]:
        if isinstance(node, List):
            return [one for item in node.items for one in self._said(ticket, word, about, item, at)]
        text, span = _text(node), node.span
        said: str | At | Lasting = text
        try:
            if word in _INSTANTS:
                said = At(read_instant(text, self.zone, datetime.fromtimestamp(at, self.zone), same_year=True))
            elif word == "late":
                said = Lasting(parse_seconds(text))
        except ValueProblemError as problem:
            self._wrong("E603", span, text=problem.words)
            return []
        except LengthError as problem:
            self._wrong("E603", span, text=Words(str(problem), f"“{text}”不是时长"))
            return []
        if word in LISTS:
            self._wrong("E605", span, text=word)
            return []
        return [Expected(ticket, word, about, said, span)]

    def _finally(self, at: int) -> Finally:
        node = self.tree.get("finally")
        if not isinstance(node, Map):
            return Finally()
        history = node.get("history")
        return Finally(
            running=_names(node.get("running")) if "running" in node.entries else None,
            history={name: _names(entry.value) for name, entry in _entries(history).items()},
            facts=_texts(node.get("facts")),
            figures=_texts(node.get("figures")),
            alerts={name: _names(entry.value) for name, entry in _entries(node.get("alerts")).items()},
            files={name: _names(entry.value) for name, entry in _entries(node.get("files")).items()},
            round=_text(node.get("round")) or None,
            spans={
                **{name: entry.key.span for name, entry in node.entries.items()},
                **{
                    f"{section}.{name}": entry.value.span
                    for section in ("history", "facts", "figures", "alerts", "files")
                    for name, entry in _entries(node.get(section)).items()
                },
            },
        )

    def _show(self, at: int) -> str:
        return f"{datetime.fromtimestamp(at, self.zone):%Y-%m-%d %H:%M}"

    def _wrong(self, code: str, span: Span, text: str | Words = "") -> None:
        self.found.append(diagnose(code, span, text=text))


def lacking(tree: Map) -> Iterator[Diagnostic]:
    """What a scenario cannot do without: its name, its policy, steps, and the time of each."""
    steps = tree.get("steps")
    listed = steps.items if isinstance(steps, List) else ()
    missing = [name for name in ("scenario", "policy") if not _text(tree.get(name))]
    if keys := ", ".join(f"`{name}`" for name in (*missing, *([] if listed else ["steps"]))):
        start = tree.span._replace(end_line=tree.span.line, end_column=tree.span.column + 1)
        yield diagnose("E608", start, what="scenario", keys=keys)
    for number, item in enumerate(listed):
        if isinstance(item, Map) and not _text(item.get("at")):
            yield diagnose("E608", item.span, what=f"steps.{number}", keys="`at`")


def end_of(node: Node, text: str) -> tuple[int, int]:
    """Line and column behind a value, without the comments and empty lines that follow it."""
    inner = [entry.value for entry in node.entries.values()] if isinstance(node, Map) else []
    inner = list(node.items) if isinstance(node, List) else inner
    if not inner or in_braces(node.span, text):
        return node.span.end_line, node.span.end_column
    return end_of(inner[-1], text)


def in_braces(span: Span, text: str) -> bool:
    """Whether a map or list is written as `{…}` or `[…]`."""
    return text.split("\n")[span.line - 1][span.column - 1 :].startswith(("{", "["))


def _texts_of(node: Node | None) -> Iterator[Text]:
    yield from (item for item in (node.items if isinstance(node, List) else (node,)) if isinstance(item, Text))


def _text(node: Node | None) -> str:
    return node.value if isinstance(node, Text) else ""


def _texts(node: Node | None) -> dict[str, str]:
    """Entries whose values are texts; a list of names is joined, as `places: [a, b]`."""
    return {
        name: "、".join(_names(entry.value)) if isinstance(entry.value, List) else _text(entry.value)
        for name, entry in _entries(node).items()
    }


def _entries(node: Node | None) -> Mapping[str, Entry]:
    return node.entries if isinstance(node, Map) else {}


def _names(node: Node | None) -> tuple[str, ...]:
    if isinstance(node, List):
        return tuple(_text(item) for item in node.items)
    return (_text(node),) if isinstance(node, Text) else ()
