"""Conditions that only time makes true, played through."""

from __future__ import annotations

from datetime import date

import pytest

from engine.sim import Runner, timeline

PLAN = """\
policy: shop
title: 小店
timezone: Asia/Shanghai
calendar: always
last_resort: keeper
roles: {keeper: {title: 店主, on_duty: always}}
facts:
  record:
    title: 记录
    values: {late: 曾超期, fine: 正常}
    default: {late: {when: CONDITION, is: late}, otherwise: {is: fine}}
categories: {matter: {title: 事项, workflow: flow, record: [(record)]}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 处理中, owner: keeper}, done: {title: 已闭环, final: true}}
    moves:
      arrive: {title: 到场, from: todo}
      apologise: {title: 致歉, from: todo, when: CONDITION}
      finish: {title: 办结, from: todo, to: done}
deadlines:
  arrive: {title: 到场, of: matter, from: opened, until: arrive, limit: 1 hour, escalate: none}
  finish: {title: 办结, of: matter, from: opened, until: finish, limit: 3 hours, escalate: none}
"""
STORY = """\
scenario: 超期
policy: shop
people: {老王: keeper}
clocks: []
steps:
  - {at: 2026-11-16 09:00, by: 老王, do: open, with: {category: matter}, then: {state: todo}}
  - {at: 09:30, by: 老王, do: apologise, then: BEFORE}
  - {at: 10:30, by: 老王, do: apologise, then: SINCE}
  - {at: 10:40, by: 老王, do: arrive, then: nothing}
  - {at: 10:50, by: 老王, do: apologise, then: SINCE}
finally: {facts: {record: RECORD}}
"""
NO, YES = "{refused: when apologise}", "nothing"


@pytest.mark.parametrize(
    ("condition", "before", "since"),
    [
        ("{breached: arrive}", NO, YES),
        ("{breached: [finish, arrive]}", NO, YES),
        ("{breached: set}", NO, YES),
        ("{breached: finish}", NO, NO),
        ("{breached: unset}", YES, NO),
        ("{breached: {not: arrive}}", YES, NO),
        ("{breached: {not: finish}}", YES, YES),
    ],
)
def test_what_was_breached_is_asked_by_its_name_and_stays_so_when_it_is_done_late(condition, before, since, tmp_path):
    story = (
        STORY.replace("BEFORE", before).replace("SINCE", since).replace("RECORD", "late" if since == YES else "fine")
    )
    (tmp_path / "shop.yaml").write_text(PLAN.replace("CONDITION", condition), encoding="utf-8")
    (tmp_path / "story.yaml").write_text(story, encoding="utf-8")
    result = Runner(date(2026, 10, 1)).run(tmp_path / "story.yaml")
    assert result.passed, (result.diagnostics, result.performance and result.performance.differences)


HURRY = PLAN.replace("CONDITION", "{breached: arrive}").replace(
    "finish: {title: 办结, from: todo, to: done}",
    "finish: {title: 办结, from: todo, to: done}\n"
    "      give_up: {title: 关闭, from: todo, to: done, by: engine, when: {breached: [arrive]}}",
)


def test_a_breach_is_what_an_engine_move_waits_for_and_stands_at_its_own_time(tmp_path):
    (tmp_path / "shop.yaml").write_text(HURRY, encoding="utf-8")
    steps = STORY[: STORY.index("  - {at: 09:30")] + "  - {at: 10:30, then: {state: done, made: [give_up]}}\n"
    (tmp_path / "story.yaml").write_text(steps, encoding="utf-8")
    result = Runner(date(2026, 10, 1)).run(tmp_path / "story.yaml")
    assert result.passed, (result.diagnostics, result.performance and result.performance.differences)
    (line,) = (line for line in timeline(result.performance) if "give_up" in line)
    assert line.strip().startswith("10:00")
