"""A ticket as lists show it, derived from plan and family."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from engine.core import Family, Plan, Ticket, Timer, addresses
from engine.core.plan import OWNER
from engine.store import Row


def listed(plan: Plan, family: Family, timers: Iterable[Timer]) -> tuple[Row, ...]:
    """The rows of a family's tickets, the root first, by the plan that those of them go by that are open. `timers` is
    the family's agenda.
    """
    waiting = {(timer.ticket, timer.key) for timer in timers}
    return tuple(_row(plan, family, ticket, waiting) for ticket in family.tickets.values())


def _row(plan: Plan, family: Family, ticket: Ticket, waiting: Collection[tuple[str, str]]) -> Row:
    runs = ticket.runs.values()
    owners = addresses(plan, family, ticket, OWNER) if ticket.closed is None else ()  # its plan may lack what is over
    return Row(
        ticket=ticket.id,
        family=family.id,
        category=ticket.category,
        state=ticket.state,
        owner=owners[0] if owners else "",
        assignee=ticket.assignee,
        post=ticket.post,
        opened=ticket.opened,
        closed=ticket.closed,
        level=ticket.level,
        due=min((run.due for run in runs if run.due is not None), default=None),
        overdue=sum(run.status == "breached" for run in runs),
        paused=any(run.status == "paused" for run in runs),
        silent=_is_silent(plan, ticket, waiting),
        plan=ticket.plan,
        links=tuple(f"{name}:{value}" for name in _filed(plan) if (value := ticket.fact(name)) is not None),
    )


def _is_silent(plan: Plan, ticket: Ticket, waiting: Collection[tuple[str, str]]) -> bool:
    """Whether a limit is overdue and its ladder says nothing more, or nothing waits at all (SEMANTICS §9.5, law 8)."""
    if ticket.closed is not None:
        return False
    if any(run.status == "breached" and (ticket.id, run.key) not in waiting for run in ticket.runs.values()):
        return True
    state = plan.workflow_of(ticket.category).states.get(ticket.state)
    return not any(of == ticket.id for of, _ in waiting) and not (state is not None and state.unlimited)


def _filed(plan: Plan) -> tuple[str, ...]:
    """The facts by whose values tickets are filed."""
    return tuple(dict.fromkeys(file.per for file in plan.files.values()))
