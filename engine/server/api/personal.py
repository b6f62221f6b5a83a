"""Personal values: looked at for a purpose, erased for good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from engine.core import Plan, Step
from engine.core import events as e
from engine.runtime import permit_reveal
from engine.server import present
from engine.server.api.route import Body, Short, router
from engine.server.auth import Caller, needs
from engine.server.entry.access_log import purpose_denial
from engine.server.entry.denials import denial
from engine.server.problems import denied, refused
from engine.store import Transaction

routes = router("personal data")


class Revealing(Body):
    """`purpose` is one of contact, visit, verify, dispute, subject, authority."""

    fact: Short
    purpose: Short


@routes.post("/sites/{site}/tickets/{ticket:path}/reveal", summary="Look at a personal value")
def reveal(site: str, ticket: str, body: Revealing, caller: Annotated[Caller, needs("pii.reveal")]) -> dict[str, Any]:
    """Only who may see it by the plan, and every look is logged with its purpose. null: it was erased."""
    if wrong := purpose_denial(body.purpose):
        raise denied(wrong)
    plan, _, one = caller.ticket(ticket)
    service = caller.service
    refusal = permit_reveal(service, caller.at, ticket, caller.person, body.fact, body.purpose, caller.roles)
    caller.note("pii.reveal", ticket, "denied" if refusal is not None else "done", body.purpose)
    if refusal is not None:
        raise denied(denial("not_allowed")) if refusal.code == "by" else refused(refusal, plan)
    return {"ticket": ticket, "fact": body.fact, "value": service.store.reveal(str(one.fact(body.fact)))}


class Erasing(Body):
    """The ticket of the person who is to be forgotten."""

    ticket: Short


@routes.post("/sites/{site}/erasures", summary="Erase a subject")
def erase(site: str, body: Erasing, caller: Annotated[Caller, needs("erase.subject")]) -> dict[str, Any]:
    """Delete the personal values of a ticket and its parts and the content of its files, those of earlier days and the
    texts of notes, too. Other tickets with the same value or file lose it as well; histories keep references to
    nothing, and stay whole. Who asks again finishes what was broken off.
    """
    plan, family, _ = caller.ticket(body.ticket)
    service = caller.service
    steps = service.store.steps(family.id)
    references = set(_references(plan, steps))
    # before the vault, which knows the files that personal facts name
    files = {service.store.reveal(value) or value for value in _values(steps)}
    gone = sum(caller.daemon.evidence.erase(service.site.plan.id, file) for file in files)

    def forget(tx: Transaction) -> None:
        for reference in references:
            tx.erase(reference)

    service.store.write(forget)
    caller.note("erase.subject", family.id)
    return {"ticket": family.id, "erased": len(references), "files": gone}


def _references(plan: Plan, steps: tuple[Step, ...]) -> Iterator[str]:
    """Whatever of the vault the history of a family has ever referred to."""
    for step in steps:
        for event in step.events:
            if isinstance(event, e.Noted):
                yield event.text
            elif isinstance(event, e.FactsSet):
                changes = [change for change in event.changes if present.is_personal(plan, change.fact)]
                yield from (str(value) for change in changes for value in (change.old, change.new) if value is not None)


def _values(steps: tuple[Step, ...]) -> Iterator[str]:
    """Every value that a fact of a family ever had: whichever of them names a file, whatever type the fact has now."""
    events = (event for step in steps for event in step.events if isinstance(event, e.FactsSet))
    for change in (change for event in events for change in event.changes):
        yield from (value for value in (change.old, change.new) if isinstance(value, str))
