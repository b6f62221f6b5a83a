"""The desk at which a document becomes a plan: names are looked up here, and what is wrong is said at its own place."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from engine.core import Place, Rule
from engine.core.conditions import ENGINE_FACTS
from engine.core.plan import PARTY_WORDS, Party
from engine.policy.diagnostics import Diagnostic, Report, diagnostic
from engine.policy.document import Document, Touch
from engine.policy.nodes import List, Map, Node, Text
from engine.policy.schema.base import SEPARATOR
from engine.policy.schema.policy import Policy
from engine.policy.schema.validate import Checked
from engine.policy.shapes import Path, dotted
from engine.policy.source import Span
from engine.policy.suggest import did_you_mean, nearest
from engine.policy.words import NOTHING, Words

KINDS: Final[dict[str, Words]] = {
    "calendars": Words("calendar", "日历"),
    "roles": Words("role", "角色"),
    "facts": Words("fact", "事实"),
    "categories": Words("category", "类别"),
    "workflows": Words("workflow", "流程"),
    "states": Words("state", "状态"),
    "moves": Words("move", "动作"),
    "moments": Words("moment", "时刻"),
    "deadlines": Words("deadline", "时限"),
    "escalations": Words("ladder", "升级阶梯"),
    "detections": Words("detection", "识别"),
    "duties": Words("duty", "例行工作"),
    "figures": Words("figure", "指标"),
    "channels": Words("channel", "渠道"),
    "numbers": Words("number", "数量"),
    "parties": Words("party", "角色或当事人"),
}
#: The sections that a name of several homes may be of.
HOMES: Final = {"parties": ("roles", "facts"), "moments": ("workflows", "facts"), "deadlines": ("deadlines", "duties")}
STILL: Final = Words("still used here", "此处仍在使用")
KEEP: Final = Words(
    "keep it, or say in your own file what is to stand at these places instead",
    "保留它，或在自己的文件里改写这些地方",
)


class Desk:
    """The document being compiled, what is known of it, and what was found wrong."""

    def __init__(self, checked: Checked[Policy], report: Report) -> None:
        self.policy = checked.model
        self.document = checked.document
        self.report = report
        self.doubtful: set[Path] = set()
        self._around: dict[Path, dict[str, None]] = {}  # what is doubtful, by what it stands in
        for path in checked.doubtful:
            self.doubt(path)
        self._taken = _taken_away(checked.document)
        self.places: dict[str, Place] = {}
        self.sources: dict[str, tuple[str, ...]] = {}  #: path of an element -> the ids it names itself
        self.named: set[str] = set()  #: what anything refers to, whichever section it is of
        self._carried: dict[Path, tuple[str, ...]] = {}  # with those of the entries around

    # ---- mistakes ----

    def say(self, code: str, path: Path, label: Words = NOTHING, /, *, key: bool = False, **names: Any) -> Diagnostic:
        """A diagnostic at the value of a path, or at its key."""
        return diagnostic(code, self.key(path) if key else self.span(path), label, **names)

    def span(self, path: Path) -> Span:
        return self.document.span(path)

    def key(self, path: Path) -> Span:
        return self.document.key(path)

    def add(self, found: Diagnostic) -> None:
        self.report.add(found)

    def doubt(self, path: Path) -> None:
        """Something at this path was mistaken: later checks must not rest on it."""
        self.doubtful.add(path)
        for length in range(len(path)):
            inside = self._around.setdefault(path[:length], {})
            if length == len(path) - 1:
                inside[str(path[-1])] = None

    def doubts(self, *path: str | int) -> bool:
        """Whether anything at or below a path, or one of the things it stands in, was mistaken."""
        return path in self._around or any(path[: length + 1] in self.doubtful for length in range(len(path)))

    # ---- names ----

    def ids(self, *path: str) -> list[str]:
        """The ids of a section, those of broken entries too: nobody who names them is wrong."""
        entry = self.document.entry(path)
        home = entry.value if entry else self.document.tree if not path else None
        known = home.entries if isinstance(home, Map) else {}
        return list({**known, **self._around.get(path, {})})

    def resolve(self, kind: str, path: Path, name: str, known: Collection[str]) -> str | None:
        """The known name that is meant; an unknown one is reported, and read as the one it most resembles."""
        if name in known:
            self.named.add(name)
            return name
        if (kind,) in self.doubtful:  # the whole section could not be read
            return None
        if self.report.full(self.document.layers[-1].source.name):  # nobody reads that far
            self.doubt(path)
            return None
        if (gone := self._gone(kind, path, name)) is not None and gone.file != self.span(path).file:
            self.doubt(path)
            self.add(diagnostic("E908", gone, name=name).against(self.span(path), STILL).helping(KEEP))
            return None
        said = self.called(name, known, *self._homes(kind)) or name
        meant = nearest(said, known)
        found = self.say("E101", path, kind=KINDS[kind], name=name)
        if meant is not None and (home := self.document.entry((kind, meant))) is not None:
            found = found.against(home.key.span, Words(f"{KINDS[kind].en} {meant}", f"{KINDS[kind].zh} {meant}"))
        self.add(found.helping(*did_you_mean(said, known)))
        if meant is None:
            self.doubt(path)
        return meant

    def called(self, title: str, known: Collection[str], *homes: tuple[str, ...]) -> str | None:
        """The known name of what has this title: people write what they read."""
        for home in homes:
            for id in self.ids(*home):
                entry = self.document.entry((*home, id, "title"))
                if entry is not None and isinstance(entry.value, Text) and entry.value.value == title and id in known:
                    return id
        return None

    def _homes(self, kind: str) -> list[tuple[str, ...]]:
        """Where the names of a kind stand."""
        parts = {"states": ("states",), "moves": ("moves",), "moments": ("moves", "states")}.get(kind, ())
        inside = [("workflows", flow, part) for part in parts for flow in self.ids("workflows")]
        return [*((section,) for section in HOMES.get(kind, (kind,))), *inside]

    def _gone(self, kind: str, path: Path, name: str) -> Span | None:
        """Where a layer took away what a name means: a part of a section, or of the workflow that speaks of it."""
        for at, touch in self._taken.get(name, ()):
            if at[0] in HOMES.get(kind, (kind,)) or (at[2:3] == (kind,) and at[:2] == path[:2]):
                return touch.span
        return None

    def one(self, kind: str, path: Path, name: str) -> str | None:
        """A name of a section."""
        return self.resolve(kind, path, name, self.ids(kind))

    def many(self, kind: str, path: Path, names: Iterable[str] | None) -> tuple[str, ...]:
        """Names of a section; those that are not there are left out."""
        found = [self.one(kind, (*path, index), name) for index, name in enumerate(names or ())]
        return tuple(name for name in found if name is not None)

    def number(self, path: Path, name: str) -> None:
        """A key of `numbers`: that is a site's business, so a plan may wait for it."""
        known = self.ids("numbers")
        if nearest(name, known) is not None:
            self.resolve("numbers", path, name, known)
        else:
            self.add(self.say("I401", path, name=name))

    def calendar(self, path: Path, name: str | None) -> str | None:
        return None if name is None else self.resolve("calendars", path, name, ["always", *self.ids("calendars")])

    def party(self, path: Path, name: str) -> Party | None:
        """A role, a fact of type `role`, or one of the words for somebody."""
        roles = self.ids("roles")
        facts = [id for id, fact in (self.policy.facts or {}).items() if fact.type == "role"]
        kind = "roles" if ("roles",) in self.doubtful else "parties"
        meant = self.resolve(kind, path, name, [*roles, *facts, *sorted(PARTY_WORDS)])
        if meant is None:
            return None
        return Party("word" if meant in PARTY_WORDS else "role" if meant in roles else "fact", meant)

    def parties(self, path: Path, names: Iterable[str] | None) -> tuple[Party, ...]:
        found = [self.party((*path, index), name) for index, name in enumerate(names or ())]
        return tuple(party for party in found if party is not None)

    def facts(self, path: Path, names: Iterable[str] | None, *also: str) -> tuple[str, ...]:
        """Declared facts, or those of the engine."""
        known = [*self.ids("facts"), *sorted(ENGINE_FACTS), *also]
        found = [self.resolve("facts", (*path, index), name, known) for index, name in enumerate(names or ())]
        return tuple(name for name in found if name is not None)

    # ---- rules ----

    def rule(self, path: Path) -> Rule:
        """The path of an element with the source ids it carries, outermost first; remembers where it stands."""
        name = dotted(path)
        if name not in self.places:
            touches = self.document.provenance.of(path)
            span = touches[-1].span if touches else self.key(path)  # the layer that spoke of it last
            self.places[name] = Place(span.file, span.line, span.column)
            self.sources[name] = self._own_sources(path)
        return Rule(name, self._sources_of(path))

    def _sources_of(self, path: Path) -> tuple[str, ...]:
        if path not in self._carried:
            outer = self._sources_of(path[:-1]) if len(path) > 1 else ()
            self._carried[path] = (*outer, *(id for id in self._own_sources(path) if id not in outer))
        return self._carried[path]

    def _own_sources(self, path: Path) -> tuple[str, ...]:
        entry = self.document.entry(path)
        return _ids(entry.value.get("source")) if entry and isinstance(entry.value, Map) else ()


def _taken_away(document: Document) -> dict[str, list[tuple[Path, Touch]]]:
    """What layers took away and no later one brought back, by its name."""
    found: dict[str, list[tuple[Path, Touch]]] = {}
    for at, touches in document.provenance.touches.items():
        if touches[-1].removed:
            found.setdefault(str(at[-1]), []).append((at, touches[-1]))
    return found


def _ids(node: Node | None) -> tuple[str, ...]:
    """Those of a `source`; several may stand in one text."""
    items = node.items if isinstance(node, List) else (node,)
    return tuple(id for item in items if isinstance(item, Text) for id in SEPARATOR.split(item.value))
