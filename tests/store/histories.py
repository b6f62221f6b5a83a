"""Real steps for a store: a small plan, stories told on it, and what each step of them commits."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core import Family, Step, Timer, agenda, evolve, notices
from engine.store import Commit, Row
from tests.core.harness import Story, plan_of

PLAN = """
facts: {place: 地点, result: 结果}
categories:
  matter: {title: 事项, workflow: flow, record: [(place)]}
  piece: {title: 部分, workflow: part}
workflows:
  flow:
    title: 流程
    initial: new
    states:
      new: {title: 新, owner: desk}
      divided: {title: 分办中, owner: desk}
      closed: {title: 闭环, final: true}
    moves:
      split: {title: 分办, from: new, to: divided, opens: piece}
      finish_all: {title: 闭环, from: [new, divided], to: closed}
      reply: {title: 答复, from: open}
  part:
    title: 部分
    initial: todo
    states: {todo: {title: 待办, owner: boss}, done: {title: 完成, final: true}}
    moves: {finish: {title: 完成, from: todo, to: done}}
deadlines:
  answer: {title: 答复, of: matter, from: opened, until: reply, limit: 1 hour, escalate: up}
  close: {title: 闭环, of: matter, from: opened, until: finish_all, limit: 3 working days, escalate: none}
  piece: {title: 部分, of: piece, from: opened, until: finish, limit: 2 hours, escalate: none}
escalations:
  up:
    boss: {at: due, notify: boss}
    again: {at: 2 hours after due, notify: boss, every: 1 hour, times: 2}
notices:
  heard: {title: 收到, of: matter, on: opened, to: desk, text: 收到}
"""


def plan():
    return plan_of(PLAN)


def opened(ticket: str, when: str = "11-16 09:00", **facts: object) -> Story:
    return Story(plan(), ticket).open(when, **facts)


def long_story(ticket: str = "T1") -> Story:
    """One that breaches, climbs, repeats, splits and closes; text that has to be quoted stands in it."""
    story = opened(ticket, place="6 栋 “A” \\ ' \n\t 🏠")
    story.until("11-16 13:30").do("11-16 14:00", "split")
    return (
        story.do("11-16 15:00", "reply")
        .do("11-16 16:00", "finish", ticket=f"{ticket}.1")
        .do("11-16 17:00", "finish_all")
    )


def commits(story: Story, rows: bool = True) -> Iterator[Commit]:
    """What each step writes, one commit a step."""
    family: Family | None = None
    for step in story.steps:
        family = evolve(family, step)
        yield commit(family, (step,), rows)


def commit(family: Family, steps: tuple[Step, ...], rows: bool = True) -> Commit:
    timers = agenda(plan(), family)
    messages = notices(plan(), family, steps[-1])
    return Commit(family, steps, timers, messages, rows_of(family, timers) if rows else ())


def rows_of(family: Family, timers: tuple[Timer, ...] = ()) -> tuple[Row, ...]:
    waiting = {timer.ticket for timer in timers}
    return tuple(
        row(
            ticket.id,
            family=family.id,
            category=ticket.category,
            state=ticket.state,
            opened=ticket.opened,
            closed=ticket.closed,
            due=min((run.due for run in ticket.runs.values() if run.due is not None), default=None),
            overdue=sum(run.status == "breached" for run in ticket.runs.values()),
            silent=ticket.closed is None and ticket.id not in waiting,
            links=(f"place:{place}",) if (place := ticket.fact("place")) is not None else (),
        )
        for ticket in family.tickets.values()
    )


def row(ticket: str, **given: object) -> Row:
    return Row(
        **{
            "ticket": ticket,
            "family": ticket,
            "category": "matter",
            "state": "new",
            "owner": "role:desk",
            "assignee": None,
            "post": None,
            "opened": 0,
            "closed": None,
            "level": 0,
            "due": None,
            "overdue": 0,
            "paused": False,
            "silent": False,
            "plan": "p",
            **given,
        }
    )
