"""What the command itself says when the world is not as it should be."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.policy import shipped_policies

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


@pytest.mark.parametrize("verb", ["test", "simulate"])
@pytest.mark.parametrize(
    ("lang", "words"), [("en", "is a policy, and only scenarios are played"), ("zh", "是方案，不是情景")]
)
def test_a_policy_that_is_to_be_played_is_told_what_to_do_instead(verb: str, lang: str, words: str) -> None:
    policy = shipped_policies() / "sites" / "lakeside.yaml"
    done = CliRunner().invoke(main, [verb, str(policy), "--lang", lang])
    assert done.exit_code == 2
    assert words in done.output
    assert f"huiyin check {policy}" in done.output
    assert "E102" not in done.output
