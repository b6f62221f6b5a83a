"""`huiyin show`: the promise of every shipped plan in every format, and only what the plan says."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.core import conditions as c
from engine.policy import load_text, shipped_policies
from engine.policy.promises import promise, speaks_of, without_category

SITES = sorted(path.stem for path in (shipped_policies() / "sites").glob("*.yaml"))


def show(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["show", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_table_of_a_site_is_a_table(site: str, lang: str) -> None:
    """All rows of a Markdown table have as many cells as its head."""
    columns = 0
    for line in show(site, "--lang", lang).splitlines():
        if line.startswith("|"):
            count = len(re.findall(r"(?<!\\)\|", line))
            columns = columns or count
            assert count == columns, line
        else:
            columns = 0


def test_a_title_of_two_lines_or_with_a_bar_is_one_cell(tmp_path: Path) -> None:
    policy = tmp_path / "x.yaml"
    policy.write_text('policy: x\nextends: residential\ndeadlines: {resolve: {title: "办结\\n或 | 答复"}}\n', "utf-8")
    assert r"| `resolve` 办结 或 \| 答复 |" in show(str(policy))


@pytest.mark.parametrize("site", SITES)
def test_the_page_is_whole_and_asks_nobody(site: str) -> None:
    """HTML without scripts and without anything from elsewhere; every tag is closed."""
    page = show(site, "--format", "html", "--lang", "zh")
    assert "<script" not in page
    assert "http" not in page
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []


@pytest.mark.parametrize("site", SITES)
def test_a_drawing_names_only_its_own_states(site: str) -> None:
    """Every arrow of a drawing leads from a state to a state that is declared in it."""
    text = show(site, "--format", "mermaid", "--lang", "zh")
    assert text.startswith("stateDiagram-v2")
    states = set(re.findall(r'state ".*" as (\w+)', text))
    arrows = re.findall(r"^\s+(\S+) --> (\S+?)(?::|$)", text, re.M)
    assert arrows
    assert {name for arrow in arrows for name in arrow} <= states | {"[*]"}
    assert all(line.count(":") <= 1 for line in text.splitlines())


@pytest.mark.parametrize("other", [(), ("--format", "html"), ("--format", "mermaid", "--json")])
def test_one_workflow_alone_is_drawn_and_nothing_else_comes_of_it(other: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, ["show", "lakeside", "--workflow", "repair", *other])
    assert result.exit_code == 2
    assert "--format mermaid" in result.output


def test_one_workflow_alone_is_a_drawing_of_its_own() -> None:
    """`--workflow`, for a page in a handbook."""
    text = show("lakeside", "--format", "mermaid", "--workflow", "repair", "--lang", "en")
    assert "handling --> resolved: resolve (open_parts = 0)" in text
    assert "{" not in text


def test_a_limit_of_the_site_stands_in_the_table() -> None:
    """What the site changed is what people read."""
    assert "| 到场 `arrive` | 紧急程度 = 紧急 | 45分钟 |" in show("lakeside", "--lang", "zh")
    assert "| `arrive` 到场 | urgency = urgent | 45 minutes |" in show("lakeside", "--lang", "en")


def test_the_tables_for_machines_are_those_for_people() -> None:
    """`--json` gives the same sections."""
    sections = json.loads(show("lakeside", "--json", "--lang", "en"))
    titles = re.findall(r"^## (.*)$", show("lakeside", "--lang", "en"), re.M)
    assert [section["title"] for section in sections] == titles


def test_a_plan_of_fourteen_lines_has_a_short_promise() -> None:
    """Sections without content are left out."""
    loaded = load_text("""
policy: corner
title: 小店
timezone: Asia/Shanghai
calendar: always
last_resort: keeper
roles: {keeper: {title: 店主, on_duty: always}}
categories: {complaint: {title: 投诉, workflow: simple}}
workflows:
  simple:
    title: 投诉
    initial: todo
    states: {todo: {title: 处理中, owner: keeper}, done: {title: 已闭环, final: true}}
    moves: {finish: {title: 办结, from: todo, to: done}}
deadlines: {finish: {title: 办结, of: complaint, from: opened, until: finish, limit: 3 calendar days}}
""")
    assert loaded.plan is not None
    titles = [section.title for section in promise(loaded.plan, "zh")]
    assert titles == ["客户事项与承诺时限", "升级阶梯", "流程", "角色"]


REPAIR = c.OneOf("category", frozenset({"repair"}))
MAJOR = c.OneOf("severity", frozenset({"major"}))


@pytest.mark.parametrize(
    ("condition", "speaks", "rest"),
    [
        pytest.param(None, True, None, id="a rest row"),
        pytest.param(REPAIR, False, None, id="another category"),
        pytest.param(c.OneOf("category", frozenset({"complaint", "repair"})), True, None, id="one of two"),
        pytest.param(c.NoneOf("category", frozenset({"complaint"})), False, None, id="all others"),
        pytest.param(c.All((c.OneOf("category", frozenset({"complaint"})), MAJOR)), True, MAJOR, id="and more"),
        pytest.param(c.All((REPAIR, MAJOR)), False, MAJOR, id="another, and more"),
        pytest.param(c.Not(REPAIR), True, c.Not(REPAIR), id="not another"),
    ],
)
def test_rows_are_sorted_by_category(condition: c.Condition | None, speaks: bool, rest: c.Condition | None) -> None:
    """Under a category stand the rows that may speak of it, without saying its name again."""
    assert speaks_of(condition, "complaint") is speaks
    assert without_category(condition) == rest


class Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_folder_with_one_policy_is_that_policy(tmp_path: Path) -> None:
    """What `huiyin check FOLDER` takes, `show` takes; of several, one must be named."""
    (tmp_path / "garden.yaml").write_text("policy: garden\nextends: handbook\n", encoding="utf-8")
    assert show(str(tmp_path)) == show(str(tmp_path / "garden.yaml"))
    (tmp_path / "lake.yaml").write_text("policy: lake\nextends: handbook\n", encoding="utf-8")
    refused = CliRunner().invoke(main, ["show", str(tmp_path)])
    assert refused.exit_code == 2
    assert "there are 2 of them" in refused.output
