"""A site's policies over time: read whole or refused whole, written down with their texts, and read again from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from engine.core import Plan
from engine.policy import Diagnostic, Loaded, load
from engine.store import Revision


class Prepared(NamedTuple):
    """A policy read from files: its plan, None when it is refused; all that is to be said about it; its texts."""

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]
    files: Mapping[str, str]


def prepare(path: Path, today: date | None = None) -> Prepared:
    """Read a policy file and all it extends, in full, as `huiyin check` does on that day; nothing runs by it yet."""
    return _prepared(load(path, today=today))


def restore(revision: Revision) -> Prepared:
    """Read a policy again from the texts that were written down when it was applied."""
    with TemporaryDirectory(prefix="huiyin-") as folder:
        for name, text in revision.files.items():
            (Path(folder) / f"{name}.yaml").write_text(text, encoding="utf-8")
        own = list(revision.files)[-1]
        return _prepared(load(Path(folder) / f"{own}.yaml", name=f"{own}.yaml", shelves=()))


def _prepared(loaded: Loaded) -> Prepared:
    return Prepared(loaded.plan, loaded.diagnostics, {layer.name: layer.source.text for layer in loaded.layers})
