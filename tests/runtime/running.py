"""A small site for tests of the engine: its policy as a release would read it, and tickets on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from engine.core import Command, commands
from engine.policy import load_text
from engine.runtime import Prepared
from engine.store import Done
from engine.worktime import CodeDays, DayData
from tests.core.harness import DESK, HEAD, at

BODY = """
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: desk}, done: {title: 完成, final: true}}
    moves: {finish: {title: 完成, from: todo, to: done}}
deadlines:
  finish: {title: 完成, of: matter, from: opened, until: finish, limit: 3 working days}
"""
START = at("11-16 09:00")


def prepared(text=BODY, package="holidays-1", off=(), head=HEAD):
    """A policy as a release with this package of holidays would read it."""
    loaded = load_text(head + text, name="test.yaml", today=date(2026, 6, 1))
    assert loaded.plan is not None, loaded.diagnostics
    named = dict.fromkeys(off, "")
    days = DayData(package, {"CN": CodeDays(named, {}, date(2026, 12, 31))})
    return Prepared(replace(loaded.plan, editions={package: days}), (), {"test": head + text})


def open_ticket(engine, id="T1"):
    site = engine.services["test"].site
    done = engine.services["test"].handle(
        Command(id, DESK, engine.clock(), commands.Open("matter", {}, "desk", site.plan.version, site.edition))
    )
    assert isinstance(done, Done)
    return done.family.root


def root(engine, id="T1"):
    return engine.services["test"].store.load(id).root
