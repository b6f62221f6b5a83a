"""What `finally` claims: clocks still running, verdicts, facts, figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.core import Plan, Ticket
from engine.core import events as e
from engine.runtime import masked, show_value
from engine.sim.figures import figure_text
from engine.sim.player import Claim, Performance


def check_finally(performance: Performance) -> list[Claim]:
    """Everything that is otherwise than `finally` says; personal values are masked."""
    last = performance.scenario.last
    return [
        Claim(
            last.spans.get(f"{section}.{name}", last.spans[section]),
            f"{section} {name}".strip(),
            _told(performance, section, name, wanted),
            _told(performance, section, name, got),
        )
        for section, name, wanted, got in _claims(performance)
        if wanted != got
    ]


def _claims(performance: Performance) -> Iterator[tuple[str, str, str, str]]:
    """Section, name, what is expected and what there is, as texts."""
    last = performance.scenario.last
    tickets = dict(_tickets(performance))
    first = next(iter(tickets.values()), None)
    if last.running is not None:
        yield "running", "", _list(sorted(last.running)), _list(sorted(_running(performance, tickets)))
    for name, wanted in last.history.items():
        ticket, deadline = _named(name, tickets, first)
        yield "history", name, _list(wanted), _list(verdicts(ticket, deadline) if ticket is not None else ())
    for name, text in last.facts.items():
        ticket, fact = _named(name, tickets, first)
        value = ticket.fact(fact) if ticket is not None else None
        yield "facts", name, text, "" if value is None else _show(performance.plan, fact, value)
    if last.round is not None:
        yield "round", "", last.round, str(first.round) if first is not None else ""
    for name, wanted in last.alerts.items():
        yield "alerts", name, _list(sorted(wanted)), _list(sorted(_alerted(performance, name)))
    for name, wanted in last.files.items():
        yield "files", name, _list(wanted), _list(_dossier(performance, name, first))
    for name, text in last.figures.items():
        yield "figures", name, text, figure_text(performance, name)


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


def _running(performance: Performance, tickets: Mapping[str, Ticket]) -> Iterator[str]:
    """The deadlines still open; of several tickets each with the name of its own."""
    for name, ticket in tickets.items():
        for deadline in ticket.runs:
            if _listed(performance, deadline):
                yield f"{name}.{deadline}" if len(tickets) > 1 else deadline


def _named(name: str, tickets: Mapping[str, Ticket], first: Ticket | None) -> tuple[Ticket | None, str]:
    """`T2.arrive`: a ticket and what of it; without a ticket it is the first one's."""
    ticket, _, about = name.rpartition(".")
    return (tickets.get(ticket) if ticket else first), about


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"


def _show(plan: Plan, fact: str, value: object) -> str:
    """A fact as files and reports say it: a personal one is masked, and claimed so."""
    return masked(plan, fact, show_value(plan.facts.get(fact), value, plan.zone))  # type: ignore[arg-type]


def _told(performance: Performance, section: str, name: str, text: str) -> str:
    """What a report may say of a claim: a personal value is masked."""
    if not text:
        return "-"
    return masked(performance.plan, name.rpartition(".")[2], text) if section == "facts" else text


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
