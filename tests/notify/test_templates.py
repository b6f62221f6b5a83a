"""Texts of policies are filled in by looking names up; nothing in them can run, and nothing stops them."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.notify import Rendered, fields, render
from engine.policy import load
from tests.policy.shipped import POLICIES

VALUES = {"matter": "电梯停运", "owner": "维修主管", "resolve.due": "9月30日 17:00", "reason": None, "手机": "•••"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "您反映的“{matter}”由{owner}负责，{resolve.due}前办结。",
            Rendered("您反映的“电梯停运”由维修主管负责，9月30日 17:00前办结。"),
        ),
        ("{手机}", Rendered("•••")),
        ("原因：{reason}", Rendered("原因：—")),
        ("{nobody} {owner.due}", Rendered("{nobody?} {owner.due?}", ("nobody", "owner.due"))),
        ("{owner.__class__}", Rendered("{owner.__class__?}", ("owner.__class__",))),
        ("{owner!r}{owner:>999999999}", Rendered("{owner!r?}{owner:>999999999?}", ("owner!r", "owner:>999999999"))),
        ("{owner[0]}{}{ owner }", Rendered("{owner[0]?}{?}{ owner ?}", ("owner[0]", "", " owner "))),
        ("{{owner}}", Rendered("{维修主管}")),
        ("{owner", Rendered("{owner")),
        ("}{", Rendered("}{")),
        ("没有", Rendered("没有")),
        ("%s %(owner)s $owner", Rendered("%s %(owner)s $owner")),
    ],
)
def test_a_text_is_filled_in(text: str, expected: Rendered) -> None:
    assert render(text, VALUES.__getitem__) == expected


def test_braces_in_a_value_stay_braces() -> None:
    assert render("{a}", {"a": "{b}", "b": "secret"}.__getitem__).text == "{b}"


def test_a_value_is_one_line_and_leaves_room_for_the_rest() -> None:
    filled = render("{a}，{b}前办结", {"a": "长\n" * 500_000, "b": "17:00"}.__getitem__).text
    assert "\n" not in filled
    assert filled.endswith("…，17:00前办结")


def test_a_text_has_at_most_4_kb() -> None:
    assert len(render("{a}" * 1_000, {"a": "长" * 1_000}.__getitem__).text.encode()) == 4_095


def test_what_is_no_name_is_never_looked_up() -> None:
    asked: list[str] = []

    def look(name: str) -> str:
        asked.append(name)
        return "x"

    render("{a!r} {a.b} {} {a:1} {a[0]} {" + "a" * 200 + "} {a.due.due} {a} {a.due}", look)
    assert asked == ["a", "a.due"]


@given(
    st.text(st.sampled_from("{}ab.due!:[]_ \n😀\ud800"), max_size=60), st.text(st.characters(codec=None), max_size=20)
)
def test_nothing_stops_a_text(template: str, value: str) -> None:
    done = render(template, lambda name: value)
    done.text.encode()
    assert "\x00" not in done.text


def test_the_policy_refuses_what_cannot_be_filled_in() -> None:
    """Whatever shape of field the check of a policy lets pass can be looked up here."""
    found = 0
    for path in (path for path in POLICIES if path.stem in ("industrial-park", "residential")):  # most of the texts
        plan = load(path).plan
        for text in _texts(plan) if plan is not None else ():
            names = fields(text)
            assert set(names) == {name for _, name, *_ in string.Formatter().parse(text) if name is not None}
            assert render(text, lambda name: "x").unknown == ()
            found += len(names)
    assert found > 20


def _texts(plan) -> list[str]:
    rungs = [rung.text for ladder in plan.ladders.values() for rung in ladder.rungs]
    rest = [one.text for part in (plan.notices, plan.detections) for one in part.values()]
    return [text for text in [*rungs, *rest] if text]
