"""What `finally` claims: clocks still running, verdicts, facts, figures."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from engine.core import Ticket
from engine.core import events as e
from engine.runtime import masked, show_value
from engine.sim.figures import figure_text
from engine.sim.player import Performance


def check_finally(performance: Performance) -> list[str]:
    """What is otherwise than `finally` says, a sentence each."""
    last = performance.scenario.last
    tickets = dict(_tickets(performance))
    several = len(tickets) > 1
    problems: list[str] = []
    if last.running is not None:
        running = sorted(
            f"{name}.{deadline}" if several else deadline
            for name, ticket in tickets.items()
            for deadline in ticket.runs
            if _listed(performance, deadline)
        )
        if sorted(last.running) != running:
            problems.append(f"running: expected [{', '.join(sorted(last.running))}], got [{', '.join(running)}]")
    for name, wanted in last.history.items():
        ticket_name, _, deadline = name.rpartition(".")
        ticket = tickets.get(ticket_name or next(iter(tickets), ""))
        got = verdicts(ticket, deadline) if ticket is not None else ()
        if got != wanted:
            problems.append(f"history {name}: expected [{', '.join(wanted)}], got [{', '.join(got)}]")
    for name, text in last.facts.items():
        ticket_name, _, fact = name.rpartition(".")
        ticket = tickets.get(ticket_name or next(iter(tickets), ""))
        value = ticket.fact(fact) if ticket is not None else None
        shown = "" if value is None else _show(performance, fact, value)
        if shown != text:
            wanted_text = masked(performance.plan, fact, text)
            problems.append(f"fact {name}: expected {wanted_text}, got {shown or 'nothing'}")
    if last.round is not None:
        first = next(iter(tickets.values()), None)
        got_round = str(first.round) if first is not None else ""
        if got_round != last.round:
            problems.append(f"round: expected {last.round}, got {got_round}")
    for name, wanted in last.alerts.items():
        told = _alerted(performance, name)
        if told != set(wanted):
            problems.append(f"alert {name}: expected [{', '.join(sorted(wanted))}], got [{', '.join(sorted(told))}]")
    for name, wanted in last.files.items():
        got = _dossier(performance, name, next(iter(tickets.values()), None))
        if got != wanted:
            problems.append(f"file {name}: expected [{', '.join(wanted)}], got [{', '.join(got)}]")
    problems += _figures(performance)
    return problems


def verdicts(ticket: Ticket, deadline: str) -> tuple[str, ...]:
    """How each run of a deadline stands or ended, in the order of their starts."""
    runs = sorted((run for run in ticket.all_runs() if run.deadline == deadline), key=lambda run: (run.round, run.n))
    return tuple(run.status for run in runs)


def _tickets(performance: Performance) -> Iterator[tuple[str, Ticket]]:
    for family in performance.service.store.families():
        for id, ticket in family.tickets.items():
            yield performance.names.get(id, id), ticket


def _listed(performance: Performance, deadline: str) -> bool:
    clocks = performance.scenario.clocks
    return clocks is None or deadline in clocks


def _show(performance: Performance, fact: str, value: object) -> str:
    plan = performance.plan
    text = show_value(plan.facts.get(fact), value, ZoneInfo(plan.timezone))  # type: ignore[arg-type]
    return masked(plan, fact, text)


def _alerted(performance: Performance, name: str) -> set[str]:
    """Whom a rung told when it was raised last, on whatever ticket: `deadline.rung`, or `T1.deadline.rung`."""
    told: set[str] = set()
    for _, _, step in performance.log:
        for event in step.events:
            if isinstance(event, e.Raised):
                rung = f"{event.key.partition('#')[0]}.{event.rung}"
                ticket = performance.names.get(event.ticket, event.ticket)
                if name in (rung, f"{ticket}.{rung}"):
                    told = {who.partition(":")[2] or who for who in event.told}
    return told


def _dossier(performance: Performance, name: str, ticket: Ticket | None) -> tuple[str, ...]:
    """The tickets in the dossier in which the scenario's first ticket stands."""
    file = performance.plan.files.get(name)
    per = ticket.fact(file.per) if file is not None and ticket is not None else None
    if per is None:
        return ()
    return tuple(performance.names.get(id, id) for id in performance.service.dossier(name, per))


def _figures(performance: Performance) -> list[str]:
    problems: list[str] = []
    for name, wanted in performance.scenario.last.figures.items():
        got = figure_text(performance, name)
        if got != wanted:
            problems.append(f"figure {name}: expected {wanted}, got {got}")
    return problems
