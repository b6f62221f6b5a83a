"""A scenario is the event log filtered into words: this is the filter, for runner, --update and simulate alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final, NamedTuple

from engine.core import History, HoldsPost, Message, Plan, Step, Ticket, Value, findings, liable
from engine.core import events as e
from engine.runtime import SYSTEM
from engine.store import SiteEvent


class At(int):
    """An instant, seconds UTC."""


class Lasting(int):
    """A length of time in seconds."""


class Fact(NamedTuple):
    """One thing that happened, in the words of a scenario: on which ticket, which word, about what, and what of it.

    `at` is when it happened and `rule` what it comes from; neither takes part in comparisons.
    """

    ticket: str
    word: str
    about: str
    said: str | At | Lasting
    at: int
    rule: str = ""
    sources: tuple[str, ...] = ()


#: The words in the order in which people read them. Those of clocks are limited by `clocks:`.
CLOCK_WORDS: Final = (
    "met",
    "late",
    "void",
    "missed",
    "excused",
    "corrected",
    "breach",
    "rung",
    "repeated",
    "due",
    "paused",
)
WORDS: Final = (
    "guided",
    "state",
    "round",
    *CLOCK_WORDS,
    "made",
    "facts",
    "detected",
    "linked",
    "opened",
    "told",
    "liable",
    "refused",
)
#: Words that list names rather than say something of each.
LISTS: Final = frozenset({"guided", "met", "void", "missed", "excused", "made", "detected", "told", "reported"})
#: Words that say one thing of the ticket itself.
SINGLE: Final = frozenset({"state", "round", "linked", "refused"})
SITE: Final = "site"


def of_step(plan: Plan, history: History, step: Step, holds_post: HoldsPost) -> Iterator[Fact]:
    """What a step did, told in words. `history` is that of its family, which is the one after it."""
    family = history.family
    for event in step.events:
        ticket = family.tickets[event.ticket]
        rule, sources = event.rule
        if isinstance(event, e.Opened) and event.origin is not None:
            yield Fact(event.origin, "opened", ticket.id, event.category, event.effective_at, rule, sources)
        for word, about, said in _of_event(plan, ticket, event):
            yield Fact(ticket.id, word, about, said, event.effective_at, rule, sources)
        for finding in findings(plan, ticket, event):
            found = liable(plan, history, ticket, finding, holds_post)
            if found is not None:
                yield Fact(ticket.id, "liable", finding.name, found.who, finding.at, *found.rule)


def _of_event(plan: Plan, ticket: Ticket, event: e.Event) -> Iterator[tuple[str, str, str | At | Lasting]]:
    match event:
        case e.Opened():
            yield "state", "", event.state
        case e.Guided():
            yield "guided", event.rule.path.rpartition(".")[2], ""
        case e.Moved():
            if event.by == "engine":
                yield "made", event.move, ""
            if event.to != event.source and not event.testimony:
                yield "state", "", event.to
        case e.Merged():
            yield "state", "", "merged"
        case e.Recategorised() | e.Migrated():
            yield "state", "", event.state
        case e.RoundBegun():
            yield "round", "", str(event.round)
        case e.RunStarted() if event.due is not None:
            yield "due", event.deadline, At(event.due)
        case e.DueMoved() if event.new is not None:
            yield "due", _name(event.key), At(event.new)
        case e.DueMoved() if event.left is not None:
            yield "paused", _name(event.key), event.left
        case e.RunResumed():
            yield "due", _name(event.key), At(event.due)
        case e.RunPaused():
            yield "paused", _name(event.key), event.left
        case e.Breached():
            yield "breach", _name(event.key), At(event.effective_at)
        case e.RunEnded(status="late"):
            assert event.due is not None
            yield "late", _name(event.key), Lasting(event.effective_at - event.due)
        case e.RunEnded():
            yield event.status, _name(event.key), ""
        case e.VerdictCorrected():
            yield "corrected", _name(event.key), event.new
        case e.Raised():
            yield "rung", f"{_name(event.key)}.{event.rung}", At(event.effective_at)
        case e.Repeated():
            yield "repeated", f"{_name(event.key)}.{event.rung}", At(event.effective_at)
        case e.FactsSet(how="detected"):
            for change in event.changes:
                yield "facts", change.fact, _plain(change.new)
        case e.DetectionFired():
            yield "detected", event.detection, ""
        case e.Linked(how="repeat_of" | "group"):
            yield "linked", "", event.to
        case e.PartOpened():
            yield "opened", event.part, event.category


def of_message(message: Message) -> Iterator[Fact]:
    """Whom notices and detections told. A rung implies its own `notify`; an all-clear follows from an end."""
    if message.withheld:
        return
    for cause in message.causes:
        if cause.kind in ("notice", "detection"):
            who = message.to.partition(":")[2] or message.to
            rule, sources = cause.rule
            yield Fact(message.ticket, "told", who, "", message.at, rule, sources)


def of_site(event: SiteEvent) -> Iterator[Fact]:
    """What happened to the site, under the key `site`."""
    rule, sources = event.rule
    match event.kind:
        case "staff_counted" if not event.data["low"] <= event.data["there"] <= event.data["high"]:
            data = event.data
            wanted = str(data["low"]) if data["low"] == data["high"] else f"{data['low']} to {data['high']}"
            yield Fact(SITE, "staffing", data["role"], f"{data['there']} of {wanted}", event.at, rule, sources)
        case "empty_post":
            yield Fact(SITE, "empty_post", event.data["role"], event.data["who"], event.at, rule, sources)
        case "reported":
            yield Fact(SITE, "reported", event.data["report"], "", event.at, rule, sources)
        case "revealed":
            yield Fact(SITE, "revealed", event.data["fact"], event.data["by"], event.at, rule, sources)


def _name(key: str) -> str:
    return key.partition("#")[0]


def _plain(value: Value | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def last_said(facts: Iterable[Fact]) -> dict[tuple[str, str, str], Fact]:
    """What a step's facts come to: of several states or dues of one thing the last holds, and a clock that stopped
    has no due.

    Repeats of one rung are told apart by their instants.
    """
    told: dict[tuple[str, str, str], Fact] = {}
    for fact in facts:
        key = (fact.ticket, fact.word, fact.about)
        if fact.word == "repeated":
            key = (fact.ticket, fact.word, f"{fact.about} {int(fact.said)}")
        if fact.word == "paused":
            told.pop((fact.ticket, "due", fact.about), None)
        if fact.word == "due":
            told.pop((fact.ticket, "paused", fact.about), None)
        told[key] = fact
    return told


def share(value: Fraction) -> str:
    """`95%`, `66.7%`."""
    percent = value * 100
    return f"{int(percent)}%" if percent.denominator == 1 else f"{float(percent):.1f}%"


__all__ = ["SITE", "SYSTEM", "WORDS", "At", "Fact", "Lasting", "last_said", "of_message", "of_site", "of_step", "share"]
