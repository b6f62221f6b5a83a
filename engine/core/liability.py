"""Who answers for a finding: one table of the plan, asked about what was found, as a report and never as an event."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from engine.core import conditions as c
from engine.core import events as e
from engine.core.cases import History
from engine.core.conditions import Condition, Rule, Value
from engine.core.evolve import evolve
from engine.core.plan import OWNER, Party, Plan
from engine.core.shape import shape
from engine.core.ticket import Family, Run, Ticket
from engine.core.work import addresses, fact_of

#: Who held a role's post immediately before an instant; None if the roster knows nobody.
HoldsPost = Callable[[str, int], str | None]


class Finding(NamedTuple):
    """Something somebody may have to answer for. `name` is a deadline, a duty, a detection or a role; `at` seconds UTC.

    `owner` is who had to act, by address, as the breach wrote it down; `run` the key of the run that it is of.
    """

    kind: str  #: breach, detection, empty_post, nobody
    name: str
    at: int
    owner: e.Address = ""
    duty: bool = False
    run: str = ""


class Liable(NamedTuple):
    finding: Finding
    who: str  #: a person, or a role where the plan does not ask for a person or nobody is known
    rule: Rule


def findings(plan: Plan, ticket: Ticket, event: e.Event) -> Iterator[Finding]:
    """What an event of a ticket is a finding of. A detection is one only where a row of the table names it."""
    match event:
        case e.Breached():
            name = event.key.partition("#")[0]
            watch = shape(plan, ticket.category).watches.get(name)
            of_duty = watch is not None and watch.deadline.duty is not None
            yield Finding("breach", name, event.effective_at, event.owner, of_duty, event.key)
        case e.DetectionFired():
            yield Finding("detection", event.detection, event.effective_at)


def liable(plan: Plan, history: History, ticket: Ticket, finding: Finding, holds_post: HoldsPost) -> Liable | None:
    """Who answers, by today's facts (a good reason may be accepted later). A breach that is excused or was none has
    nobody.
    """
    if plan.liability is None:
        return None

    def view(name: str) -> Value | None:
        match name:
            case "finding":
                return finding.kind
            case "deadline":
                return finding.name if finding.kind == "breach" and not finding.duty else None
            case "duty":
                return finding.name if finding.kind == "breach" and finding.duty else None
            case "detection":
                return finding.name if finding.kind == "detection" else None
        return fact_of(plan, history.family, ticket, name)

    row = plan.liability.pick(view)
    if row is None or (finding.kind == "detection" and not (row.when is not None and _names_detection(row.when))):
        return None
    if any(run.key == finding.run and not _is_late(run, finding.at) for run in ticket.all_runs()):
        return None
    return Liable(finding, _who(plan, history, ticket, row.value, finding, holds_post), row.rule)


def _is_late(run: Run, at: int) -> bool:
    """Whether a run that was breached at an instant still counts as late since then."""
    return run.status in e.LATE and (run.due is None or run.due <= at)


def liable_of_site(plan: Plan, finding: Finding, holds_post: HoldsPost) -> Liable | None:
    """Who answers for a finding that is about no ticket: an empty post, a role in which nobody was there."""
    if plan.liability is None:
        return None
    row = plan.liability.pick(lambda name: finding.kind if name == "finding" else None)
    if row is None:
        return None
    role = finding.owner.partition(":")[2]
    who = holds_post(role, finding.at) if row.value == Party("word", "custodian") else None
    return Liable(finding, who or role, row.rule)


def _names_detection(condition: Condition) -> bool:
    match condition:
        case c.OneOf(fact="detection"):
            return True
        case c.All(parts=parts) | c.Any(parts=parts):
            return any(_names_detection(part) for part in parts)
    return False


def _who(plan: Plan, history: History, ticket: Ticket, party: Party, finding: Finding, holds_post: HoldsPost) -> str:
    """The party of the finding's instant, as the ticket stood immediately before it."""
    family = _before(history, ticket.id, finding.at)
    held = family.tickets[ticket.id]
    custodian = party == Party("word", "custodian")
    watch = shape(plan, held.category).watches.get(finding.name) if finding.kind == "breach" else None
    asked = OWNER if custodian else party
    found = addresses(plan, family, held, asked, watch and watch.deadline) if held.plan == ticket.plan else ()
    kind, _, name = (found[0] if found else finding.owner).partition(":")
    if custodian and kind in ("role", "leaver", "taker"):
        return (held.assignee if kind == "role" else None) or holds_post(name, finding.at) or name
    return name or kind


def _before(history: History, ticket: str, at: int) -> Family:
    """A family as it was when an instant came: intervals count as (from, to], so that who takes over in that very
    second did not hold it. A ticket that was not there yet is as it began.
    """
    family: Family | None = None
    for step in history.steps:
        if family is not None and ticket in family.tickets and step.at >= at:
            break
        family = evolve(family, step)
    assert family is not None
    return family
