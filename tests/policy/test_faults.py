"""Each file under data/err has one fault, is named after it, and says itself where it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from engine.policy import load, render
from tests.policy.expected import Found, expected

DATA = Path(__file__).parent / "data"
FAULTS = sorted((DATA / "err").glob("*.yaml")) + sorted((DATA / "err").glob("*/site.yaml"))


@cache
def found_and_wanted(path: Path) -> tuple[list[Found], list[Found], str]:
    """What is reported of a file and its layers, what they say should be, and the report for people."""
    loaded = load(path, shelves=[DATA / "shelf"])
    spans = [(one.primary.span, one.code) for one in loaded.diagnostics]
    found = [(Path(span.file).name, span.line, span.column, code) for span, code in spans]
    wanted = [fault for layer in loaded.layers if layer.source.path for fault in expected(layer.source.path)]
    return sorted(found), sorted(wanted), render(loaded.diagnostics)


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(DATA / "err"))) for path in FAULTS])
def test_a_fault_is_reported_where_it_stands_and_nothing_else(path: Path) -> None:
    found, wanted, report = found_and_wanted(path)
    assert found == wanted, f"\n{report}"


def test_two_dozen_mistakes_in_two_layers_are_all_reported_in_one_run() -> None:
    """At line and column of the right file, and none of them is a consequence of another."""
    found, wanted, report = found_and_wanted(DATA / "twenty" / "site.yaml")
    assert len(wanted) >= 20
    assert {file for file, *_ in wanted} == {"base.yaml", "site.yaml"}
    assert found == wanted, f"\n{report}"
