"""Layers: what is under what, who said it, and what is left when something is taken away."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core import Plan
from engine.policy import Loaded, load

CORNER = (Path(__file__).parent / "data" / "shelf" / "corner.yaml").read_text(encoding="utf-8")


class Shelf:
    """Policies that are written for one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write(corner=CORNER)

    def write(self, **texts: str) -> None:
        for name, text in texts.items():
            path = self.folder / f"{name}.yaml"
            path.write_text(text if text.startswith("policy:") else f"policy: {name}\n{text}", encoding="utf-8")

    def load(self, name: str) -> Loaded:
        return load(self.folder / f"{name}.yaml", shelves=[])

    def plan(self, name: str) -> Plan:
        loaded = self.load(name)
        assert loaded.plan is not None, [str(found.message.en) for found in loaded.diagnostics]
        return loaded.plan


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_each_ancestor_counts_once_bases_first_own_file_last(shelf: Shelf) -> None:
    shelf.write(one="extends: corner\nlayer: true", two="extends: corner\nlayer: true", site="extends: [two, one]")
    assert [layer.name for layer in shelf.load("site").layers] == ["corner", "two", "one", "site"]


def test_maps_merge_texts_and_lists_replace(shelf: Shelf) -> None:
    shelf.write(
        base='extends: corner\nduties: {round: {title: 巡, every: day, at: "09:00", within: 1 hour, owner: keeper, places: [甲, 乙]}}',
        site="extends: base\nduties: {round: {places: [丙]}}",
    )
    duty = shelf.plan("site").duties["round"]
    assert (duty.title, duty.places) == ("巡", ("丙",))


def test_an_inherited_list_is_edited_by_add_and_remove(shelf: Shelf) -> None:
    shelf.write(
        base="extends: corner\nfacts: {a: 甲, b: 乙, c: 丙}\ncategories: {complaint: {record: [a, (b)]}}",
        site="extends: base\ncategories: {complaint: {record: {add: [c, b], remove: [a]}}}",
    )
    record = shelf.plan("site").categories["complaint"].record
    assert [(item.fact, item.optional) for item in record] == [("b", False), ("c", False)]


def test_null_takes_away_what_any_layer_or_like_brings(shelf: Shelf) -> None:
    shelf.write(
        base="extends: corner\nroles: {clerk: {title: 店员}}\nnumbers: {households: 3}",
        site="extends: base\nroles: {clerk: null}\nnumbers: null\n"
        "workflows: {other: {title: 别的, like: simple, moves: {finish: null, end: {title: 完, from: todo, to: done}}}}",
    )
    plan = shelf.plan("site")
    assert list(plan.roles) == ["keeper"]
    assert plan.numbers == {}
    assert list(plan.workflows["other"].moves) == ["end"]


def test_a_bare_text_is_the_title_and_keeps_the_rest(shelf: Shelf) -> None:
    shelf.write(
        base="extends: corner\nfacts: {phone: {title: 电话, type: phone}}", site="extends: base\nfacts: {phone: 手机}"
    )
    fact = shelf.plan("site").facts["phone"]
    assert (fact.title, fact.type) == ("手机", "phone")


def test_a_table_and_a_plain_value_replace_each_other(shelf: Shelf) -> None:
    shelf.write(
        table="extends: corner\ndeadlines: {finish: {limit: {night: {when: {time: 22:00-06:00}, is: 1 hour}, others: {is: 1 day}}}}".replace(
            "1 day}", "1 calendar day}"
        ),
        site="extends: table\ndeadlines: {finish: {limit: 2 hours}}",
    )
    assert len(shelf.plan("table").deadlines[0].limit.rows) == 2
    assert [row.rule.path for row in shelf.plan("site").deadlines[0].limit.rows] == ["deadlines.finish.limit"]


def test_conditions_of_a_row_merge_by_fact(shelf: Shelf) -> None:
    facts = "facts: {a: {title: 甲, type: flag, default: no}, b: {title: 乙, type: flag, default: no}}\n"
    shelf.write(
        base=f"extends: corner\n{facts}deadlines: {{finish: {{limit: {{one: {{when: {{a: yes}}, is: 1 hour}}}}}}}}",
        site="extends: base\ndeadlines: {finish: {limit: {one: {when: {b: yes}}}}}",
    )
    (row,) = shelf.plan("site").deadlines[0].limit.rows
    assert row.when is not None
    assert not row.when.holds({"a": True}.get)
    assert row.when.holds({"a": True, "b": True}.get)


def test_sources_of_layers_add_up(shelf: Shelf) -> None:
    shelf.write(
        base="extends: corner\ndeadlines: {finish: {source: A1}}",
        site="extends: base\ndeadlines: {finish: {source: [B2, A1]}}",
    )
    assert shelf.plan("site").deadlines[0].rule.sources == ("A1", "B2")


def test_every_layer_that_touched_a_value_is_known_newest_last(shelf: Shelf) -> None:
    shelf.write(
        base="extends: corner\ndeadlines: {finish: {limit: 2 calendar days}}",
        site="extends: base\n\ndeadlines:\n  finish: {limit: 1 calendar day}",
    )
    touches = shelf.load("site").provenance.of(("deadlines", "finish", "limit"))
    assert [(touch.layer, touch.span.line) for touch in touches] == [("corner", 14), ("base", 3), ("site", 5)]


def test_what_came_through_like_is_known_too(shelf: Shelf) -> None:
    shelf.write(site="extends: corner\nworkflows: {other: {title: 别的, like: simple, moves: {finish: {title: 完}}}}")
    touches = shelf.load("site").provenance.of(("workflows", "other", "moves", "finish", "title"))
    assert [touch.layer for touch in touches] == ["corner", "site"]


def test_places_keep_the_order_of_first_definition_base_first(shelf: Shelf) -> None:
    shelf.write(
        base="extends: corner\nroles: {clerk: {title: 店员}}",
        site="extends: base\nroles: {porter: {title: 门卫}, keeper: {title: 掌柜}}",
    )
    plan = shelf.plan("site")
    assert list(plan.roles) == ["keeper", "clerk", "porter"]
    assert plan.places["roles.keeper"].file.endswith("site.yaml"), "the layer that spoke of it last"
    assert plan.places["roles.clerk"].file.endswith("base.yaml")


def test_the_version_is_of_what_is_said_not_where(shelf: Shelf) -> None:
    shelf.write(
        one="extends: corner\nroles: {clerk: {title: 店员}}",
        two="policy: one\n# the same\nextends:   corner\nroles:\n  clerk:\n    title: 店员\n",
    )
    (shelf.folder / "again").mkdir()
    (shelf.folder / "again" / "one.yaml").write_text(
        (shelf.folder / "two.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    again = load(shelf.folder / "again" / "one.yaml", shelves=[shelf.folder]).plan
    assert again is not None
    assert shelf.plan("one").version == again.version
    shelf.write(three="policy: one\nextends: corner\nroles: {clerk: {title: 店长}}")
    (shelf.folder / "again" / "one.yaml").write_text(
        (shelf.folder / "three.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    changed = load(shelf.folder / "again" / "one.yaml", shelves=[shelf.folder]).plan
    assert changed is not None
    assert changed.version != again.version


def test_too_many_layers_are_refused(shelf: Shelf) -> None:
    shelf.write(l0="extends: corner", **{f"l{n}": f"extends: l{n - 1}" for n in range(1, 60)})
    assert "E907" in {found.code for found in shelf.load("l59").diagnostics}


def test_what_is_taken_away_and_still_used_is_said_once_where_it_was_taken_away(shelf: Shelf) -> None:
    shelf.write(
        base="extends: corner\nroles: {guard: {title: 保安}, chief: {title: 队长, fallback: guard}}\n"
        "facts: {helper: {title: 帮手, type: role, default: guard}}",
        site="extends: base\nroles: {guard: null}",
    )
    (found,) = [one for one in shelf.load("site").diagnostics if one.severity == "error"]
    assert (found.code, Path(found.primary.span.file).name, found.primary.span.line) == ("E908", "site.yaml", 3)
    assert {(Path(label.span.file).name, label.span.line) for label in found.secondary} == {
        ("base.yaml", 3),
        ("base.yaml", 4),
    }
    shelf.write(
        more="extends: site\nroles: {guard: {title: 又有保安}}",
        own="extends: corner\nroles: {keeper: null, chief: {title: 队长, fallback: keeper}}",
    )
    assert shelf.load("more").plan is not None
    codes = [one.code for one in shelf.load("own").diagnostics if one.primary.span.line == 3]
    assert "E101" in codes
