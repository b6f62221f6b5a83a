"""What a policy says arrives in the plan as values."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from engine.core import Plan
from engine.core.conditions import All, ClockTime, OneOf
from engine.core.plan import Asked, InstantLimit, LengthLimit, NewMember, Party, ShiftEdge
from engine.policy import load, load_text, render, shipped_policies
from engine.worktime import DayRule, Length, Unit
from tests.policy.shipped import POLICIES

SHELF = [Path(__file__).parent / "data" / "shelf"]
OWNER = Party("word", "owner")


def plan(text: str) -> Plan:
    loaded = load_text(f"policy: x\nextends: corner\n{text}\n", shelves=SHELF)
    assert loaded.plan is not None, "\n" + render(loaded.diagnostics)
    return loaded.plan


def test_the_shortest_plan_stands_alone() -> None:
    corner = load(SHELF[0] / "corner.yaml").plan
    assert corner is not None
    assert list(corner.workflows["simple"].states) == ["todo", "done", "merged"]
    (finish,) = corner.deadlines
    assert (finish.starts, finish.until, finish.escalate) == ({"opened"}, {"finish"}, "default")
    assert finish.limit.rows[0].value == LengthLimit(Length(3, Unit.CALENDAR_DAYS), "always", DayRule.CLOSE)
    due, last = corner.ladders["default"].rungs
    assert (due.notify, last.notify, last.at.offset) == (
        (OWNER,),
        (Party("role", "keeper"),),
        Length(3600, Unit.SECONDS),
    )
    assert corner.places["deadlines.finish"].line == 14


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_shipped_policies_have_no_mistakes(path: Path) -> None:
    loaded = load(path)
    assert {found.code for found in loaded.diagnostics} <= {"I401"}, "\n" + render(loaded.diagnostics)
    assert (loaded.plan is None) == loaded.layer


def test_a_plan_holds_plain_values_only() -> None:
    """Nothing of the reader hangs on what the core gets: exact texts, no nodes, no models."""
    loaded = load(shipped_policies() / "sites" / "cloud-park.yaml")
    assert loaded.plan is not None
    for value in _values(loaded.plan):
        assert not type(value).__module__.startswith(("engine.policy", "pydantic", "yaml")), value
        assert (
            not isinstance(value, str)
            or type(value) in (str, Unit, DayRule)
            or type(value).__module__.startswith("engine")
        )


def _values(value: Any) -> list[Any]:
    if is_dataclass(value):
        return [
            value,
            *(
                one
                for field in fields(value)
                if field.name != "editions"
                for one in _values(getattr(value, field.name))
            ),
        ]
    if isinstance(value, dict):
        return [one for pair in value.items() for part in pair for one in _values(part)]
    if isinstance(value, list | tuple | set | frozenset):
        return [value, *(one for part in value for one in _values(part))]
    return [value]


def test_asked_facts_may_be_left_out_or_wait_for_a_condition() -> None:
    record = (
        plan(
            "facts: {a: 甲, b: 乙, c: {title: 丙, type: flag, default: no}}\ncategories: {complaint: {record: [(a), b: {c: yes}]}}"
        )
        .categories["complaint"]
        .record
    )
    assert record == (Asked("a", True), Asked("b", False, OneOf("c", frozenset({True}))))


def test_all_entries_of_a_condition_must_hold() -> None:
    found = plan(
        "facts: {a: {title: 甲, type: flag}}\nworkflows: {simple: {moves: {finish: {when: {a: yes, state: todo}}}}}"
    )
    when = found.workflows["simple"].moves["finish"].when
    assert when == All((OneOf("a", frozenset({True})), OneOf("state", frozenset({"todo"}))))


def test_limits_are_lengths_or_instants() -> None:
    found = plan(
        "facts: {meeting: {title: 会议, type: time}}\ncategories: {complaint: {record: [meeting]}}\n"
        "deadlines:\n"
        "  prepare: {title: 备, of: complaint, from: opened, until: finish, limit: {one: {is: 1 hour before meeting, at_least: 15 minutes}}}\n"
        "  promise: {title: 诺, of: complaint, from: opened, until: finish, limit: 当日, day_rule: midnight}\n"
    )
    _, prepare, promise = found.deadlines
    limit = prepare.limit.rows[0].value
    assert isinstance(limit, InstantLimit)
    assert (limit.instant.moment, limit.instant.offset, limit.at_least) == (
        "meeting", Length(-3600, Unit.SECONDS), Length(900, Unit.SECONDS),
    )  # fmt: skip
    assert promise.limit.rows[0].value == LengthLimit(Length(1, Unit.SAME_DAY), "always", DayRule.MIDNIGHT)


def test_at_most_is_a_deadline_named_after_its_state() -> None:
    found = plan(
        "workflows: {simple: {states: {waiting: {title: 等, owner: keeper, pauses: all, at_most: {is: 7 calendar days, then: back}}}, "
        "moves: {wait: {title: 等待, from: todo, to: waiting}, back: {title: 回, from: waiting, to: todo}}}}"
    )
    cap = found.deadlines[-1]
    assert (cap.id, cap.cap_of, cap.then, cap.of) == ("waiting", "waiting", "back", {"complaint"})
    assert cap.rule.path == "workflows.simple.states.waiting.at_most"
    simple = found.workflows["simple"]
    assert simple.states["waiting"].pauses == "all"
    assert not simple.moves["wait"].observed


def test_moves_without_target_are_observations() -> None:
    moves = (
        plan(
            "workflows: {simple: {moves: {call: {title: 联系, from: open}, again: {title: 返工, from: todo, rework: yes}}}}"
        )
        .workflows["simple"]
        .moves
    )
    assert (moves["call"].observed, moves["finish"].observed, moves["again"].observed) == (True, False, False)
    assert moves["call"].sources == {"todo"}


def test_a_duty_brings_its_own_category_workflow_and_deadline() -> None:
    found = plan(
        'duties: {round: {title: 巡查, every: day, at: ["09:00", "15:00"], within: 1 hour, owner: keeper, places: [大厅, 车库]}}'
    )
    duty, category = found.duties["round"], found.categories["round"]
    flow = found.workflows[category.workflow]
    assert (duty.category, category.duty, duty.owner) == ("round", "round", Party("role", "keeper"))
    assert list(flow.states) == ["todo", "done", "excused", "merged"]
    assert flow.moves["finish"].after == (("大厅", None), ("车库", None))
    assert (found.deadlines[-1].id, found.deadlines[-1].duty, found.deadlines[-1].until) == ("round", "round", {"done"})


def test_duties_come_with_shifts_and_new_members() -> None:
    duties = plan(
        "duties:\n"
        "  hand: {title: 交接, every: shift of keeper, at: 25 minutes before end, within: 15 minutes, owner: keeper}\n"
        "  learn: {title: 培训, every: new member of keeper, within: 7 calendar days, owner: keeper}\n"
    ).duties
    assert duties["hand"].every == ShiftEdge("keeper", "end", Length(-1500, Unit.SECONDS))
    assert duties["learn"].every == NewMember(("keeper",))


def test_like_names_all_that_was_made_from_a_workflow() -> None:
    found = plan(
        "workflows: {other: {title: 别的, like: simple}}\ncategories: {request: {title: 请求, workflow: other}}\n"
        "deadlines: {finish: {of: like simple}}"
    )
    assert found.deadlines[0].of == {"complaint", "request"}
    assert found.workflows["other"].like == ("simple",)


def test_rungs_and_targets_are_exact_numbers() -> None:
    found = plan(
        "escalations: {loud: {half: {at: 12.5%, notify: owner}, due: {at: due, notify: keeper, quiet: ignore}}}\n"
        "figures: {kept: {title: 率, on_time: finish, target: at least 95%}, wait: {title: 等, average: {from: opened, until: finish}, target: under 72 hours}}"
    )
    half, due = found.ladders["loud"].rungs
    assert (half.at.share, due.loud) == (Fraction(1, 8), True)
    targets = [figure.target.value for figure in found.figures.values() if figure.target]
    assert targets == [Fraction(19, 20), Fraction(72 * 3600)]


def test_rules_carry_the_sources_around_them_outermost_first() -> None:
    found = plan(
        "deadlines: {finish: {source: A1, limit: {night: {when: {time: 22:00-06:00}, is: 1 hour, source: [B2, B3]}}}}"
    )
    assert found.deadlines[0].limit.rows[0].rule == ("deadlines.finish.limit.night", ("A1", "B2", "B3"))


def test_several_sources_may_stand_in_one_text_as_people_write_them() -> None:
    found = plan('deadlines: {finish: {source: "A32, B01、C04", limit: 1 hour}}')
    assert found.deadlines[0].rule.sources == ("A32", "B01", "C04")


def test_quiet_hours_are_from_one_time_of_day_until_another() -> None:
    messaging = plan('messaging: {quiet: {hours: "9:30 - 24:00", digest: "8:05"}}').messaging
    assert messaging is not None
    assert (messaging.quiet_hours, messaging.digest) == (ClockTime(34_200, 86_400), 29_100)
    assert messaging.quiet_hours.includes(86_399)
    assert not messaging.quiet_hours.includes(34_199)


@pytest.mark.parametrize(
    ("key", "text", "en", "zh"),
    [
        ("hours", "22:75-07:00", "hours of the day, from and until", "一天里的时段（从几点到几点）"),
        ("hours", "25:00-07:00", "hours of the day, from and until", "一天里的时段（从几点到几点）"),
        ("hours", "22:00-24:30", "hours of the day, from and until", "一天里的时段（从几点到几点）"),
        ("hours", "24:00-07:00", "hours of the day, from and until", "一天里的时段（从几点到几点）"),
        ("hours", "22:00", "hours of the day, from and until", "一天里的时段（从几点到几点）"),
        ("hours", "22:00-22:00", "hours of the day, from and until", "一天里的时段（从几点到几点）"),
        ("hours", "00:00-24:00", "hours that leave a part of the day", "只占一天一部分的时段"),
        ("digest", "8:75", "a time of day", "一天里的时刻"),
        ("digest", "24:00", "a time of day", "一天里的时刻"),
        ("digest", "8", "a time of day", "一天里的时刻"),
        ("digest", "", "a time of day", "一天里的时刻"),
    ],
)
def test_quiet_hours_that_are_none_are_refused(key: str, text: str, en: str, zh: str) -> None:
    [one] = load_text(
        f'policy: x\nextends: corner\nmessaging: {{quiet: {{{key}: "{text}"}}}}\n', shelves=SHELF
    ).diagnostics
    example = {"hours": "22:00-07:00", "digest": "08:30"}[key]
    assert (one.code, one.message.en, one.message.zh) == ("E107", f"“{text}” is not {en}", f"“{text}”不是{zh}")
    assert [(help.en, help.zh) for help in one.helps] == [(f"for example `{example}`", f"例如 `{example}`")]


@pytest.mark.parametrize("hours", ["22:75-07:00", "22:00-24:30", "22:00-22:00", "night"])
def test_a_condition_on_the_time_reads_hours_as_quiet_hours_do(hours: str) -> None:
    limit = f'{{night: {{when: {{time: "{hours}"}}, is: 1 hour}}, others: {{is: 2 hours}}}}'
    found = load_text(
        f"policy: x\nextends: corner\ndeadlines: {{finish: {{limit: {limit}}}}}\n", shelves=SHELF
    ).diagnostics
    assert [one.code for one in found] == ["E103"]


def test_a_layer_alone_is_no_plan() -> None:
    loaded = load_text("policy: x\nlayer: true\nextends: corner\n", shelves=SHELF)
    assert (loaded.plan, loaded.diagnostics, loaded.layer) == (None, (), True)


def test_what_to_write_instead_of_a_length_is_as_exact_in_chinese() -> None:
    def remedy(text: str) -> str:
        limit = f"deadlines: {{follow_up: {{limit: {{others: {{is: {text}}}}}}}}}"
        found = load_text(f"policy: garden\nextends: handbook\n{limit}\n").diagnostics
        return next(one.helps[0].zh for one in found if one.code == "E108")

    assert remedy("3 days") == "写成 `3 calendar days`、`3 working days`或`72 hours`"
    assert remedy("3天") == "写成 `3个自然日`、`3个工作日`或`72小时`"
    assert remedy("0 hours") == "至少写 `1 second`"


@pytest.mark.parametrize(
    "text",
    [
        "detections: {many: {title: 多, of: complaint, count: 3, within: same day}}",
        "deadlines: {finish: {limit: {others: {is: same day before opened}}}}",
        "workflows: {simple: {moves: {finish: {before: 当天 before opened}}}}",
        "escalations: {default: {soon: {at: same day before due, notify: keeper}}}",
        "duties: {hand: {title: 交接, every: shift of keeper, at: same day before end, within: 1 hour, owner: keeper}}",
    ],
    ids=["a detection", "a limit", "a move", "a rung", "a shift"],
)
def test_the_same_day_is_no_length_to_count_back(text: str) -> None:
    """A plan that had one failed at the first ticket."""
    found = load_text(f"policy: x\nextends: corner\n{text}\n", shelves=SHELF).diagnostics
    assert [(one.code, one.message.en.partition(": ")[2]) for one in found] == [
        ("E108", "`same day` is a limit and cannot be counted back")
    ]
