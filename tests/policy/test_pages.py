"""Each code has a page; its wrong example has exactly that mistake, its right example none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import engine.policy
from engine.policy import load_text, render
from engine.policy.catalogue import TITLES

PAGES = Path(engine.policy.__file__).parent / "pages"

#: What a single text cannot show: bytes, sizes, names of files, several files, the day of the check.
NEED_MORE = {"Y000", "Y010", "Y011", "E903", "E906", "E907", "I901", "W402"}


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


@pytest.mark.parametrize("code", sorted(TITLES.keys() - NEED_MORE))
def test_the_wrong_example_has_that_mistake_and_the_right_one_none(code: str) -> None:
    wrong = load_text(example(code, "wrong"), name="wrong.yaml").diagnostics
    assert {found.code for found in wrong} == {code}, "\n" + render(wrong)
    right = load_text(example(code, "right"), name="right.yaml").diagnostics
    assert not right, "\n" + render(right)
