"""Bytes become text, text becomes a tree, and every scalar remembers where it stood."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.policy import Map, Source, Text, load_text, nodes
from engine.policy.nodes import List, Node, Null, parse
from engine.policy.text import SIZE_MAX, decode, read


def codes(data: bytes) -> list[str]:
    return [found.code for found in decode(data, "x.yaml")[1]]


def test_a_byte_order_mark_and_windows_line_ends_are_nothing() -> None:
    source, found = decode("title: 小店\r\npolicy: x\r\n".encode("utf-8-sig"), "x.yaml")
    assert (source.text, found) == ("title: 小店\npolicy: x\n", ())


def test_gbk_is_named_and_read_on() -> None:
    source, found = decode("title: 小店".encode("gbk"), "x.yaml")
    assert source.text == "title: 小店"
    assert [one.code for one in found] == ["Y000"]
    assert "GBK" in found[0].message.zh
    assert "UTF-8" in found[0].helps[0].zh


def test_other_encodings_are_named() -> None:
    assert codes("title: 小店".encode("utf-16")) == ["Y000"]
    assert codes(b"\xff\xff\xff") == ["Y000"]


def test_control_characters_are_shown_by_number() -> None:
    _, (found,) = decode(b"title: a\x07b", "x.yaml")
    assert found.code == "Y011"
    assert "U+0007" in found.message.en
    assert found.primary.span.column == 9


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "big.yaml").write_bytes(b"#" * (SIZE_MAX + 1))
    source, found = read(tmp_path / "big.yaml")
    assert [one.code for one in found] == ["Y010"]
    assert source.text == ""


@pytest.mark.parametrize("text", ["a: " + "[" * 60 + "]" * 60, "a: [" + "b, " * 70_000 + "b]"], ids=["deep", "long"])
def test_depth_and_number_of_values_are_bounded(text: str) -> None:
    assert [one.code for one in load_text(text).diagnostics] == ["Y010"]


def tree(text: str) -> Map:
    found, diagnostics = parse(Source("x.yaml", text))
    assert not diagnostics
    return found


def test_every_scalar_is_text() -> None:
    read_as_text = tree("{a: 9:30, b: 0301, c: no, d: 3E2, e: 2026-10-01, f: 95%, g: 02112345670}")
    values = [value.value for _, value in read_as_text.entries.values() if isinstance(value, Text)]
    assert values == ["9:30", "0301", "no", "3E2", "2026-10-01", "95%", "02112345670"]


def test_only_the_bare_word_null_is_null() -> None:
    both = tree('{a: null, b: "null"}')
    assert isinstance(both.get("a"), Null)
    assert isinstance(both.get("b"), Text)


def test_places_count_characters_from_one() -> None:
    root = tree("标题: 小店\n角色: {店员: 甲}\n")
    title = root.entries["标题"]
    assert (title.key.span.line, title.key.span.column, title.key.span.end_column) == (1, 1, 3)
    assert (title.value.span.line, title.value.span.column, title.value.span.end_column) == (1, 5, 7)


def test_places_are_those_of_the_file_although_a_slip_was_mended() -> None:
    root, found = parse(Source("x.yaml", "roles:\n  clerk：{title：店员, staff: many}\n"))
    assert [one.code for one in found] == ["Y001", "Y001"]
    roles = root.get("roles")
    assert isinstance(roles, Map)
    clerk = roles.get("clerk")
    assert isinstance(clerk, Map)
    staff = clerk.get("staff")
    assert staff is not None
    assert Source("x", "  clerk：{title：店员, staff: many}").line(1)[staff.span.column - 1 :].startswith("many")


def test_prose_may_have_any_signs() -> None:
    text = "a: {title: 巡查（样板间、洽谈区），每日两次：上午、下午, b: “回音”计划, c: 【物业】您好}  # 注：好\nb: |\n  第一行：“好”\n  \t第二行\nc: '急修，投诉'\n"
    root, found = parse(Source("x.yaml", text))
    assert not found
    assert list(root.entries) == ["a", "b", "c"]


BLOCKS = """\
a:
  - b
  - c d
    e f
  -   g
h:
- i: j
  k: l
    - no item of l
m: "n" # o
p:
    - - q
      - r
s: 't'
"""


def test_lists_and_texts_may_stand_on_lines_of_their_own() -> None:
    text = BLOCKS.replace("    - no item of l\n", "    m\n")
    root, found = parse(Source("x.yaml", text))
    assert not found
    assert list(root.entries) == ["a", "h", "m", "p", "s"]


def test_a_section_that_slipped_into_another_is_not_missed() -> None:
    root, found = parse(Source("x.yaml", "roles:\n  clerk: {title: x}\n facts:\n  name: y\nnumbers: {z: 1}\n"))
    assert [(one.code, one.primary.span.line) for one in found] == [("Y007", 3)]
    assert set(root.entries) == {"roles", "facts", "numbers"}


def test_an_item_that_is_read_as_text_is_told() -> None:
    assert [(one.code, one.primary.span.line) for one in parse(Source("x.yaml", BLOCKS))[1]] == [("Y007", 9)]


def test_brackets_may_be_closed_on_lines_of_their_own() -> None:
    text = "a: {\n  b: [\n  c,\n  d\n  ],\n  e: f\n}\ng: {h: i,\nj: k}\n"
    root, found = parse(Source("x.yaml", text))
    assert not found
    assert list(root.entries) == ["a", "g"]


def test_a_bracket_that_is_never_closed_is_one_mistake() -> None:
    text = "a:\n  b: {c: [d, e  # f\n  g: {h: i}\nj: {k: l}\n"
    root, found = parse(Source("x.yaml", text))
    assert [(one.code, str(one.primary.span)) for one in found] == [("Y007", "x.yaml:2:6")]
    assert list(root.entries) == ["a", "j"]


def test_a_syntax_error_hides_only_its_own_section() -> None:
    text = "policy: x\nroles: {a: [b}\nfacts: {c: {type：flag}}\nnumbers: {d e: [}\n"
    found = {(one.code, one.primary.span.line) for one in parse(Source("x.yaml", text))[1]}
    assert found == {("Y001", 3), ("Y007", 2), ("Y007", 4)}


SLIPS = sorted(Path(__file__).parent.glob("data/err/*.yaml"))


@pytest.mark.parametrize("path", SLIPS, ids=lambda path: path.stem)
def test_without_libyaml_the_same_is_found(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, _ = read(path)
    root, found = parse(source)
    monkeypatch.setattr(nodes, "Parser", yaml.BaseLoader)
    again, found_again = parse(source)
    assert [(one.code, one.primary) for one in found_again] == [(one.code, one.primary) for one in found]
    assert again == root


words = st.text(st.sampled_from("ab小店0_"), min_size=1, max_size=6)
values = st.recursive(
    words, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=12
)


@given(st.dictionaries(words, values, min_size=1, max_size=4))
def test_a_tree_says_what_was_written_and_points_at_it(content: dict[str, object]) -> None:
    source = Source("x.yaml", flow(content))
    root, found = parse(source)
    assert not found
    assert plain(root) == content
    for text in scalars(root):
        assert source.line(text.span.line)[text.span.column - 1 : text.span.end_column - 1].strip('"') == text.value


prose = st.text(st.sampled_from("ab小0 .,#'\"[]{}"), min_size=1, max_size=12)
lines = st.recursive(
    prose, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(prose, inner, max_size=3), max_leaves=12
)


@given(st.dictionaries(words, lines, min_size=1, max_size=4))
def test_what_is_right_as_yaml_is_no_slip(content: dict[str, object]) -> None:
    text = yaml.safe_dump(content, default_flow_style=False, allow_unicode=True, width=20)
    root, found = parse(Source("x.yaml", text))
    assert not found, text
    assert plain(root) == content


def flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}": {flow(one)}' for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return f'"{value}"'


def plain(node: Node) -> object:
    if isinstance(node, Map):
        return {key: plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, List):
        return [plain(item) for item in node.items]
    assert isinstance(node, Text)
    return node.value


def scalars(node: Node) -> list[Text]:
    if isinstance(node, Map):
        return [text for entry in node.entries.values() for text in (entry.key, *scalars(entry.value))]
    return [text for item in node.items for text in scalars(item)] if isinstance(node, List) else [node]  # type: ignore[list-item]
