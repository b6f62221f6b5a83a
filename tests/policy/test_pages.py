"""Each code has a page; its wrong example has exactly that mistake, its right example none."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import engine.policy
from engine.policy import Diagnostic, load, render
from engine.policy.catalogue import TITLES

PAGES = Path(engine.policy.__file__).parent / "pages"

#: What no short text shows: bytes, sizes, several files.
WITHOUT_EXAMPLE = {"Y000", "Y010", "Y011", "E907", "I901"}
#: The day of the check, for what hangs on it.
DAYS = {"W402": date(2026, 11, 25)}


def example(code: str, name: str) -> str:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {name}\n\n```yaml\n(.*?)^```$", page, re.M | re.S)
    assert found is not None, f"{code} shows nothing {name}"
    return found[1]


def test_codes_and_pages_are_the_same() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == TITLES.keys()


@pytest.mark.parametrize("code", sorted(TITLES))
def test_a_page_speaks_both_languages(code: str) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert re.search(r"^## en\n\n[A-Z`].+", page, re.M)
    assert re.search(r"^## zh\n\n.*[\u4e00-\u9fff]", page, re.M)


def found_in(code: str, name: str, tmp_path: Path) -> tuple[Diagnostic, ...]:
    """What is wrong with an example, as a file garden.yaml."""
    path = tmp_path / "garden.yaml"
    path.write_text(example(code, name), encoding="utf-8")
    return load(path, today=DAYS.get(code)).diagnostics


@pytest.mark.parametrize("code", sorted(TITLES.keys() - WITHOUT_EXAMPLE))
def test_the_wrong_example_has_that_mistake_and_the_right_one_none(code: str, tmp_path: Path) -> None:
    wrong = found_in(code, "wrong", tmp_path)
    assert {found.code for found in wrong} == {code}, "\n" + render(wrong)
    right = found_in(code, "right", tmp_path)
    assert not right, "\n" + render(right)


@pytest.mark.parametrize("code", sorted(WITHOUT_EXAMPLE))
def test_what_no_text_shows_has_no_example_that_nobody_tries(code: str) -> None:
    assert "```" not in (PAGES / f"{code}.md").read_text(encoding="utf-8")
