"""Each file under data/err has one fault, is named after it, and says itself where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.policy import load, render
from tests.policy.expected import expected

DATA = Path(__file__).parent / "data"
FAULTS = sorted((DATA / "err").glob("*.yaml")) + sorted((DATA / "err").glob("*/site.yaml"))


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.stem if path.parent.name == "err" else path.parent.name) for path in FAULTS]
)
def test_a_fault_is_reported_where_it_stands_and_nothing_else(path: Path) -> None:
    loaded = load(path, shelves=[DATA / "shelf"])
    found = [
        (Path(one.primary.span.file).name, one.primary.span.line, one.primary.span.column, one.code)
        for one in loaded.diagnostics
    ]
    wanted = [fault for layer in loaded.layers if layer.source.path for fault in expected(layer.source.path)]
    assert sorted(found) == sorted(wanted), "\n" + render(loaded.diagnostics)
