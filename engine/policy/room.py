"""Loading: a file, or a text, as a plan with everything that is to be said about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Final

from engine.core import Plan
from engine.policy.checks import check_plan
from engine.policy.checks.complete import complete
from engine.policy.compile import Desk, compile_plan
from engine.policy.diagnostics import Diagnostic, Report, failed, in_order
from engine.policy.document import Document, Layer, Provenance, read_document
from engine.policy.layers import gather, shown_name
from engine.policy.merge import merge
from engine.policy.nodes import Broken, Map
from engine.policy.schema.policy import Policy
from engine.policy.schema.scenario import Scenario
from engine.policy.schema.validate import validate
from engine.policy.shipped import shipped_policies
from engine.policy.source import Source
from engine.policy.suggest import meant
from engine.policy.text import decode, read
from engine.policy.words import Words

#: How many folders above a file a named policy is looked for.
ABOVE_MAX: Final = 6
FILES_MAX: Final = 300  # looked at for a name like one that is not there
ENDINGS: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a policy file says. `plan` is None when it has errors; `layers` are the files it is made of, bases first."""

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]
    provenance: Provenance
    document: Document
    layers: tuple[Layer, ...]
    layer: bool = False  #: `layer: true`: no plan of its own


@dataclass(frozen=True, slots=True)
class ScenarioDocument:
    """A scenario file: its typed reading, the tree with places, and what is wrong with it."""

    scenario: Scenario
    tree: Map
    source: Source
    diagnostics: tuple[Diagnostic, ...]
    document: Document


def load(
    path: Path, *, today: date | None = None, shelves: Sequence[Path] | None = None, name: str | None = None
) -> Loaded:
    """The plan of a policy file. `extends` is looked up beside the file, then on the shelves (the shipped policies).

    `today` is the day from which calendars are asked whether they know enough; without it they are not asked.
    """
    source, found = read(path, name)
    return _load(source, found, today, shelved(shelves))


def load_named(
    name: str, folder: Path, *, today: date | None = None, shelves: Sequence[Path] | None = None
) -> Loaded | None:
    """The policy that a file in `folder` means by a name: beside it, above it, or on the shelves; None if nowhere.

    Sites may stand in a folder `sites` of their own.
    """
    found = (place / f"{name}{ending}" for place in _places(folder, shelves) for ending in ENDINGS)
    path = next((path for path in found if path.is_file()), None)
    return None if path is None else load(path, today=today, shelves=shelves, name=shown_name(path))


def near_names(name: str, folder: Path) -> tuple[Words, ...]:
    """The help for a name that `load_named` does not find."""
    files = (path for place in _places(folder, None) if place.is_dir() for path in place.glob("*.y*ml"))
    return meant(name, sorted({path.stem for path in islice(files, FILES_MAX)}))


def _places(folder: Path, shelves: Sequence[Path] | None) -> Iterator[Path]:
    for above in (*islice((folder, *folder.resolve().parents), ABOVE_MAX), *shelved(shelves)):
        yield from (above, above / "sites")


def load_text(
    text: str, *, name: str = "policy.yaml", today: date | None = None, shelves: Sequence[Path] | None = None
) -> Loaded:
    """The plan of a text, as if it stood in a file of that name."""
    source, found = decode(text.encode("utf-8", "replace"), name)
    return _load(source, found, today, shelved(shelves))


def load_scenario_document(path: Path, *, name: str | None = None) -> ScenarioDocument:
    """A scenario file, read and checked against its schema; what it plays on is the rehearsal's business."""
    document, found = read_document(path, name)
    report = Report()
    report.extend(found)
    checked = validate(document, Scenario, report)
    return ScenarioDocument(checked.model, document.tree, document.tree.span.source, in_order(report), checked.document)


def shelved(shelves: Sequence[Path] | None) -> Sequence[Path]:
    """The folders in which a name is looked up after the file's own."""
    return [shipped_policies()] if shelves is None else shelves


def _load(source: Source, found: Sequence[Diagnostic], today: date | None, shelves: Sequence[Path]) -> Loaded:
    report = Report()
    report.extend(found)
    layers = gather(source, shelves, report)
    document = merge(layers, report)
    checked = validate(document, Policy, report)
    is_layer = bool(checked.model.layer)
    plan = None
    if not _unread(layers) and not report.full(source.name):
        desk = Desk(checked, report)
        if not is_layer:
            complete(desk)
        plan = compile_plan(desk)
        if not is_layer and not report.full(source.name):
            check_plan(desk, plan, today)
    diagnostics = in_order(report)
    whole = None if failed(diagnostics) or is_layer else plan
    return Loaded(whole, diagnostics, document.provenance, checked.document, layers, is_layer)


def _unread(layers: Sequence[Layer]) -> bool:
    """Whether a layer could not be read at all, or not found: then no name can be judged."""
    return any(not layer.tree.entries or isinstance(layer.tree.get("extends"), Broken) for layer in layers)


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of `policy` or `scenario` files."""
    from engine.policy.schema.export import json_schema as exported

    return exported(kind)
