"""What the command itself says when the world is not as it should be."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from engine.cli import main

VERBS = sys.modules["engine.cli.main"]


def fails(error: Exception) -> object:
    def verb(name: str) -> object:
        raise error

    return verb


def test_a_package_that_is_not_installed_is_named_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VERBS, "import_module", fails(ModuleNotFoundError("no", name="uvicorn")))
    done = CliRunner().invoke(main, ["serve"])
    assert done.exit_code == 1
    assert done.output == 'Error: uvicorn is not installed: pip install "huiyin[serve]"\n'


def test_a_module_of_ours_that_is_missing_is_a_defect_and_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VERBS, "import_module", fails(ModuleNotFoundError("no", name="engine.nowhere")))
    assert isinstance(CliRunner().invoke(main, ["serve"]).exception, ModuleNotFoundError)


def test_a_reader_who_has_read_enough_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VERBS, "import_module", fails(BrokenPipeError(32, "Broken pipe")))
    assert "Broken pipe" not in CliRunner().invoke(main, ["serve"]).output
