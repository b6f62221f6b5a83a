"""The Plan put together, section by section."""

from __future__ import annotations

import hashlib
import json

from engine.core import Plan
from engine.policy.compile import calendars, clocks, duties, figures, flow, people, work
from engine.policy.compile.desk import Desk
from engine.policy.nodes import List, Map, Node, Text


def compile_plan(desk: Desk) -> Plan:
    """The plan of a document.

    What is wrong is reported at the desk; what cannot be used is left out, so that the checks of the whole can still
    look at the rest. Only a plan without errors may be run.
    """
    policy = desk.policy
    people.ids(desk)
    people.reserved(desk)
    moments = flow.Moments(desk)
    categories = people.categories(desk)
    workflows = flow.workflows(desk, moments)
    categories = {id: category for id, category in categories.items() if category.workflow in workflows}
    recurring = duties.duties(desk, categories, workflows)
    deadlines = clocks.deadlines(desk, moments, categories)
    specs = calendars.calendars(desk)
    return Plan(
        id=policy.policy or "",
        title=policy.title or policy.policy or "",
        version=version(desk.document.tree),
        timezone=policy.timezone or "UTC",
        calendar=desk.calendar(("calendar",), policy.calendar) or "always",
        last_resort=(desk.one("roles", ("last_resort",), policy.last_resort) if policy.last_resort else None) or "",
        calendars=specs,
        roles=people.roles(desk),
        facts=people.facts(desk),
        categories={**categories, **recurring.categories},
        workflows={**workflows, **recurring.workflows},
        deadlines=(*deadlines, *clocks.caps(desk, workflows, categories), *recurring.deadlines),
        ladders=clocks.ladders(desk),
        rule=desk.rule(("policy",)),
        effective=policy.effective,
        late_reports=policy.late_reports.amount if policy.late_reports else 0,
        numbers=policy.numbers or {},
        detections=work.detections(desk, categories),
        liability=work.liability(desk),
        duties=recurring.duties,
        notices=work.notices(desk, moments, categories),
        messaging=work.messaging(desk),
        privacy=work.privacy(desk),
        files=work.files(desk),
        figures=figures.figures(desk, moments, {**categories, **recurring.categories}, recurring.duties),
        reports=figures.reports(desk),
        rollout=figures.rollout(desk),
        places=desk.places,
        editions=calendars.editions(specs.values()),
        sources=desk.sources,
    )


def version(tree: Map) -> str:
    """The hash of what a policy says, in its order, wherever it stands."""
    content = json.dumps(_content(tree), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _content(node: Node) -> object:
    if isinstance(node, Text):
        return node.value
    if isinstance(node, List):
        return [_content(item) for item in node.items]
    return [[key, _content(entry.value)] for key, entry in node.entries.items()] if isinstance(node, Map) else None
