"""Commands to tickets as API and board hand them on: one that took effect before is answered as it was then, and who
acts on what he saw is told when somebody was quicker.
"""

from __future__ import annotations

from engine.core import Command, Family, Refusal
from engine.runtime import Service, Turn
from engine.store import Done


def handle(service: Service, command: Command, seen: int | None, *, timers_count: bool = True) -> Done | Refusal:
    """A command that is refused as `changed` if its family has other steps than the `seen` ones that its sender saw;
    None: he does not say. Without `timers_count` only what people did since then is in his way.
    """

    def work(turn: Turn) -> Done | Refusal:
        family = turn.load(command.ticket)
        answered = command.key is not None and turn.tx.answer(command.actor.person, command.key) is not None
        if seen is not None and family is not None and not answered and _has_changed(turn, family, seen, timers_count):
            return Refusal("changed", str(family.steps))
        return turn.handle(command)

    return service.turn(work)


def _has_changed(turn: Turn, family: Family, seen: int, timers_count: bool) -> bool:
    if family.steps == seen or timers_count:
        return family.steps != seen
    return any(step.cause == "command" for step in turn.tx.steps(family.id)[seen:])
