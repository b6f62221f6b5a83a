"""Overlaps of rows: a witness is a ticket that fits both, and where there is one it is found."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.policy import Loaded, load_text

SHELF = [Path(__file__).parent / "data" / "shelf"]
FACTS = """
facts:
  grade: {title: 等级, values: {low: 低, mid: 中, high: 高}, default: low}
  loud:  {title: 吵, type: flag, default: no}
  heads: {title: 人数, type: number, default: 0}
"""

grades = st.sampled_from(["low", "mid", "high", "[low, mid]", "{not: mid}", "{not: [low, high]}"])
louds = st.sampled_from(["yes", "no", "set"])
heads = st.sampled_from(["at least 3", "at most 2", "over 3", "under 3", "3", "{not: 3}"])
whens = st.fixed_dictionaries({}, optional={"grade": grades, "loud": louds, "heads": heads}).filter(bool)


def loaded(rows: dict[str, dict[str, str]]) -> Loaded:
    table = ", ".join(
        f"{name}: {{when: {{{', '.join(f'{fact}: {test}' for fact, test in when.items())}}}, is: {hours} hours}}"
        for hours, (name, when) in enumerate(rows.items(), 1)
    )
    return load_text(
        f"policy: x\nextends: corner\n{FACTS}deadlines: {{finish: {{limit: {{{table}}}}}}}\n", shelves=SHELF
    )


@given(whens, whens)
def test_two_rows_overlap_exactly_when_a_ticket_fits_both(one: dict[str, str], other: dict[str, str]) -> None:
    together = [
        ticket
        for ticket in product(["low", "mid", "high"], [True, False], range(6))
        if _fits(one, ticket) and _fits(other, ticket)
    ]
    found = {diagnostic.code for diagnostic in loaded({"one": one, "other": other}).diagnostics}
    assert ("E302" in found) == bool(together)


def _fits(when: dict[str, str], ticket: tuple[Any, ...]) -> bool:
    """A plain reading of the grammar, to judge the compiled one by."""
    grade, loud, count = ticket
    answers = {
        "low": grade == "low", "mid": grade == "mid", "high": grade == "high", "[low, mid]": grade in ("low", "mid"),
        "{not: mid}": grade != "mid", "{not: [low, high]}": grade == "mid", "yes": loud, "no": not loud, "set": True,
        "at least 3": count >= 3, "at most 2": count <= 2, "over 3": count > 3, "under 3": count < 3, "3": count == 3,
        "{not: 3}": count != 3,
    }  # fmt: skip
    return all(answers[test] for test in when.values())


def test_a_witness_is_a_ticket_in_the_words_of_the_plan() -> None:
    (found,) = loaded({"one": {"grade": "high"}, "other": {"loud": "yes"}}).diagnostics
    assert found.notes[0].en == "witness: a ticket with grade: high, loud: yes"
    assert found.notes[0].zh == "例证：grade: high, loud: yes 的工单"
    assert found.helps[0].en == "say in “other” what `grade` is not to be, as in grade: {not: …}"


def test_a_witness_whose_value_no_row_names_says_that_there_is_one() -> None:
    (found,) = loaded({"one": {"breached": "set"}, "other": {"loud": "yes"}}).diagnostics
    assert found.notes[0].en == "witness: a ticket with breached: set, loud: yes"


def test_nights_and_weekdays_overlap_where_clocks_and_weeks_do() -> None:
    def overlap(one: dict[str, str], other: dict[str, str]) -> bool:
        return any(found.code == "E302" for found in loaded({"one": one, "other": other}).diagnostics)

    assert overlap({"time": "22:00-06:00"}, {"time": "05:00-09:00"})
    assert not overlap({"time": "22:00-06:00"}, {"time": "06:00-22:00"})
    assert overlap({"day": "mon-fri"}, {"day": "fri-sat"})
    assert not overlap({"day": "working"}, {"day": "off"})
    assert overlap({"day": "off"}, {"day": "sat-sun"})


def test_half_a_stretch_of_weekdays_is_not_its_first_day() -> None:
    assert [found.code for found in loaded({"one": {"day": "mon-"}}).diagnostics] == ["E103"]


def test_a_ticket_may_have_breached_several_deadlines() -> None:
    def found(one: str, other: str) -> set[str]:
        return {one.code for one in loaded({"one": {"breached": one}, "other": {"breached": other}}).diagnostics}

    assert found("set", "unset") == set()
    assert found("finish", "{not: finish}") == set()
    assert found("finish", "set") == {"E302"}
    both = load_text(
        "policy: x\nextends: corner\ndeadlines:\n  again: {title: 又一次, of: complaint, from: opened, until: finish, limit: "
        "{one: {when: {breached: finish}, is: 1 hour}, other: {when: {breached: again}, is: 2 hours}}}\n",
        shelves=SHELF,
    )
    assert [note.en for one in both.diagnostics for note in one.notes] == [
        "witness: a ticket with breached: again and finish"
    ]


def test_a_fact_that_nothing_gives_is_unset_for_a_category() -> None:
    """`grade` has no default here and nobody asks for it, so rows by grade cannot meet a ticket."""
    text = (
        "policy: x\nextends: corner\nfacts: {grade: {title: 等级, values: {low: 低, high: 高}}, loud: {title: 吵, type: flag, default: no}}\n"
        "deadlines: {finish: {limit: {one: {when: {grade: high}, is: 1 hour}, other: {when: {loud: yes}, is: 2 hours}}}}\n"
    )
    assert [found.code for found in load_text(text, shelves=SHELF).diagnostics] == ["W302"]
