"""How a diagnostic looks: framed, the caret right under its token, in two languages, for people and for machines."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from engine.policy import load_text, render, render_github, render_json, summary
from engine.policy.render import cells
from tests.policy.test_faults import FAULTS
from tests.policy.test_faults import found_and_wanted as _found

SHELF = [Path(__file__).parent / "data" / "shelf"]
WRONG = "policy: x\nextends: corner\nroles: {店员: {title: 店员小李, fallback: 值班掌櫃}, 值班掌柜: {title: 掌柜}}\n"


def test_a_diagnostic_is_framed_with_the_caret_under_the_token() -> None:
    assert render(load_text(WRONG, name="x.yaml", shelves=SHELF).diagnostics) == (
        "error[E101]: there is no role “值班掌櫃”\n"
        "  --> x.yaml:3:37\n"
        " 3 | roles: {店员: {title: 店员小李, fallback: 值班掌櫃}, 值班掌柜: {title: 掌柜}}\n"
        "   |                                           ^^^^^^^^\n"
        "  ::: x.yaml:3:44\n"
        " 3 | roles: {店员: {title: 店员小李, fallback: 值班掌櫃}, 值班掌柜: {title: 掌柜}}\n"
        "   |                                                      -------- role 值班掌柜\n"
        "   = help: did you mean “值班掌柜”?\n"
    )


def test_the_same_in_chinese() -> None:
    lines = render(load_text(WRONG, name="x.yaml", shelves=SHELF).diagnostics, "zh").split("\n")
    assert lines[0] == "错误[E101]：没有名为“值班掌櫃”的角色"
    assert lines[-2] == "   = 建议：您是否指“值班掌柜”？"


@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.stem)
def test_carets_stand_under_their_token_in_every_fault(path: Path) -> None:
    """By cells, as a terminal draws them; and no line is wider than a screen."""
    lines = _found(path)[2].split("\n")
    for line, under in itertools.pairwise(lines):
        if under.lstrip().startswith("| ") and set(under.split("|")[1].split()[0]) <= {"^", "-"}:
            quoted, marks = line.split("| ", 1)[1] if "| " in line else "", under.split("| ", 1)[1]
            start = len(marks) - len(marks.lstrip())
            assert any(cells(quoted[:index]) == start for index in range(len(quoted) + 1)), under
            assert cells(quoted) <= 130


def test_a_long_line_is_cut_around_the_place() -> None:
    text = f'policy: x\nextends: corner\nroles: {{a: {{note: "{"长" * 100}", title: 甲, fallback: bbb, note2: "{"长" * 100}"}}}}\n'
    shown = render(load_text(text, name="x.yaml", shelves=SHELF).diagnostics)
    assert all(cells(line) < 120 for line in shown.split("\n"))
    assert shown.count("…") >= 2


def test_json_has_both_languages_and_all_places() -> None:
    (found,) = json.loads(render_json(load_text(WRONG, name="x.yaml", shelves=SHELF).diagnostics))
    assert (found["code"], found["severity"], found["file"], found["line"], found["column"], found["end_column"]) == (
        "E101", "error", "x.yaml", 3, 37, 41,
    )  # fmt: skip
    assert found["message"] == {"en": "there is no role “值班掌櫃”", "zh": "没有名为“值班掌櫃”的角色"}
    assert found["related"][0]["column"] == 44


def test_github_annotations_escape_what_they_must() -> None:
    text = render_github(load_text(WRONG, name="a,b:c.yaml", shelves=SHELF).diagnostics)
    assert text == (
        "::error file=a%2Cb%3Ac.yaml,line=3,col=37,endLine=3,endColumn=41,title=E101::"
        "there is no role “值班掌櫃”%0Adid you mean “值班掌柜”?\n"
    )


def test_a_summary_counts() -> None:
    diagnostics = load_text(WRONG, shelves=SHELF).diagnostics
    assert summary(diagnostics) == "1 error"
    assert summary(diagnostics, "zh") == "1 个错误"
    assert summary(()) == "no mistakes found"
