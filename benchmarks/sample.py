"""The small plan that the measurements run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from engine.core import Actor, Plan
from engine.policy import load_text
from engine.runtime import Plans, Roster, Service, Site
from engine.store import Database
from engine.worktime import official_days

PLAN = """
policy: bench
title: 测速
timezone: Asia/Shanghai
calendar: office
last_resort: desk
calendars: {office: {title: 办公, holidays: CN, hours: {mon-fri: "09:00-12:00, 13:30-18:00"}}}
roles: {desk: {title: 前台, on_duty: always}}
facts: {result: 结果, place: 地点}
categories: {matter: {title: 事项, workflow: flow, record: [(place)]}}
workflows:
  flow:
    title: 流程
    initial: new
    states:
      new: {title: 新, owner: desk, unlimited: measured with two clocks}
      handling: {title: 处理, owner: desk}
      resolved: {title: 待回访, owner: desk, unlimited: measured with two clocks}
      closed: {title: 闭环, final: true}
    moves:
      accept: {title: 受理, from: new, to: handling}
      contact: {title: 联系, from: handling}
      resolve: {title: 办结, from: handling, to: resolved}
      close: {title: 闭环, from: resolved, to: closed}
deadlines:
  answer: {title: 答复, of: matter, from: accept, until: resolve, limit: 8 working hours, escalate: none}
  resolve: {title: 办结, of: matter, from: accept, until: resolve, limit: 3 working days, escalate: none}
"""
DAYS = official_days(("CN",))
START = 1_790_000_000  # 2026-09-21
DESK = Actor("desk", frozenset({"desk"}))


def plan(text: str = PLAN) -> Plan:
    loaded = load_text(text)
    assert loaded.plan is not None, loaded.diagnostics
    return replace(loaded.plan, editions={DAYS.id: DAYS})


def service_on(database: Database, text: str = PLAN) -> Service:
    """A site that runs by the plan."""
    rules = plan(text)
    plans = Plans.of(rules)
    site = Site(plans, Roster(plans, DAYS.id, complete=False), DAYS.id)
    return Service(site, database.site("bench"), START)


@contextmanager
def serving(path: Path) -> Iterator[Service]:
    """The same on a file of its own, which is as safe as the daemon's."""
    with Database.open(path, lambda: 1) as database:
        yield service_on(database)
