"""Every code has a page in both languages; those of scenarios have a wrong example with exactly this mistake, and a right
one without any. (The examples of the policy's codes are tried in tests/policy.)
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.cli.code_pages import Page, codes, page
from engine.policy import load_scenario_document
from engine.policy.catalogue import TITLES as POLICY_CODES
from engine.runtime.lists.codes import TITLES as LIST_CODES
from engine.sim import Runner, mistakes
from engine.sim.codes import TITLES as SCENARIO_CODES

ALL = sorted({*POLICY_CODES, *SCENARIO_CODES, *LIST_CODES})
#: What no short text can show.
WITHOUT_EXAMPLE = {
    "E604": "the schema finds it first",
    "E605": "the schema finds it first",
}


def the_page(code: str) -> Page:
    found = page(code)
    assert found is not None, f"{code} has no page"
    return found


def said_of(text: str, tmp_path: Path) -> set[str]:
    """The codes of all that is wrong with a scenario, and of all that comes otherwise."""
    path = tmp_path / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_scenario_document(path).diagnostics == ()
    return {one.code for one in mistakes(Runner().run(path))}


def test_every_code_has_a_page_and_no_page_is_left_over() -> None:
    """A new code needs a page; a code that is gone takes its page along."""
    assert sorted(codes()) == ALL


@pytest.mark.parametrize("code", ALL)
def test_a_page_speaks_both_languages(code: str) -> None:
    """What it means, why it hurts, and what to do, in English and in Chinese."""
    found = the_page(code)
    assert len(found.words.en) > 40
    assert any("\u4e00" <= letter <= "\u9fff" for letter in found.words.zh)


@pytest.mark.parametrize("code", sorted(SCENARIO_CODES.keys() - WITHOUT_EXAMPLE.keys()))
def test_the_wrong_scenario_has_this_mistake_and_the_right_one_none(code: str, tmp_path: Path) -> None:
    """The examples of a page are true."""
    found = the_page(code)
    assert found.wrong is not None
    assert found.right is not None
    assert said_of(found.wrong, tmp_path) == {code}
    assert said_of(found.right, tmp_path) == set()


def test_explain_prints_a_page_in_either_language() -> None:
    """`huiyin explain CODE`; small letters will do."""
    english = CliRunner().invoke(main, ["explain", "e201", "--lang", "en"])
    chinese = CliRunner().invoke(main, ["explain", "E201", "--lang", "zh"])
    assert english.exit_code == chinese.exit_code == 0
    assert "Wrong" in english.output
    assert "错误的写法" in chinese.output


def test_explain_refuses_a_code_that_does_not_exist() -> None:
    """A wrong command is exit code 2, and says which codes stand near it."""
    english = CliRunner().invoke(main, ["explain", "E999", "--lang", "en"])
    chinese = CliRunner().invoke(main, ["explain", "p777", "--lang", "zh"])
    assert english.exit_code == chinese.exit_code == 2
    assert "those near it are E901, E902" in english.output
    assert "没有编号 P777；相近的有 P101" in chinese.output


def test_explain_knows_the_codes_of_lists_too() -> None:
    assert CliRunner().invoke(main, ["explain", "P208"]).exit_code == 0
