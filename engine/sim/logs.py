"""The event log of a played scenario for machines, with personal values masked; and JUnit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from engine.core import Plan, kind
from engine.core import events as e
from engine.core.plan import MASK
from engine.policy import Teller
from engine.runtime import show_instant
from engine.sim.failure import mistakes, placed
from engine.sim.player import Performance
from engine.sim.run import Result

_INSTANTS = frozenset({"effective_at", "due", "old", "new", "computed", "start"})


def event_lines(performance: Performance) -> Iterator[dict[str, Any]]:
    """One object an event, in order; instants local, `rule` the element and the ids of its sources."""
    for plan, _, step in performance.log:
        zone = plan.zone
        for event in step.events:
            line: dict[str, Any] = {
                "at": show_instant(step.at, zone),
                "effective_at": show_instant(event.effective_at, zone),
                "ticket": performance.names.get(event.ticket, event.ticket),
                "event": kind(event),
                "rule": event.rule.path,
                "source": list(event.rule.sources),
                "cause": step.cause,
                "actor": step.actor.person,
                "plan": step.plan,
            }
            yield line | dict(_details(plan, event))


def _details(plan: Plan, event: e.Event) -> Iterator[tuple[str, Any]]:
    zone = plan.zone
    for name, value in event._asdict().items():
        if name in ("ticket", "effective_at", "rule", "plan"):
            continue
        if name in _INSTANTS and isinstance(value, int):
            yield name, show_instant(value, zone)
        elif name == "changes":
            yield name, [_change(plan, change) for change in value]
        elif name == "limit":
            yield name, Teller(plan, "en").limit(value)
        elif isinstance(value, tuple):
            yield name, list(value)
        elif value is None or isinstance(value, str | int | float | bool):
            yield name, value
        else:
            yield name, str(value)


def _change(plan: Plan, change: e.FactChange) -> dict[str, Any]:
    personal = change.fact in plan.personal
    known = plan.facts.get(change.fact)
    old, new = (
        MASK if personal and value is not None
        else show_instant(value, plan.zone) if known is not None and known.type == "time" and isinstance(value, int)
        else value
        for value in (change.old, change.new)
    )  # fmt: skip
    return {"fact": change.fact, "old": old, "new": new, "rule": change.rule.path, "source": list(change.rule.sources)}


def write_junit(results: Iterable[Result], path: Path) -> None:
    """One test case a scenario file, whose failure lists all that is wrong: most readers take one failure a case."""
    results = list(results)
    suite = ElementTree.Element(
        "testsuite", name="huiyin", tests=str(len(results)), failures=str(sum(not result.passed for result in results))
    )
    for result in results:
        title = result.performance.scenario.title if result.performance else result.path.name
        case = ElementTree.SubElement(suite, "testcase", classname=result.path.as_posix(), name=title)
        if found := [] if result.passed else list(mistakes(result)):
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            failure = ElementTree.SubElement(
                case, "failure", type=found[0].code, message=f"{found[0].message.en}{more}"
            )
            failure.text = "\n".join(placed(one) for one in found)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
