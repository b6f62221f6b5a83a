"""Facts: values worked out from others must end somewhere."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from engine.core import Plan, table_reads
from engine.policy.compile.desk import Desk
from engine.policy.words import Words


def check(desk: Desk, plan: Plan) -> None:
    _default_circles(desk, plan)
    _detections(desk, plan)


def _default_circles(desk: Desk, plan: Plan) -> None:
    graph = {id: set(table_reads(fact.default)) & plan.facts.keys() for id, fact in plan.facts.items()}
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            desk.add(desk.say("E315", ("facts", circle[0], "default"), key=True, circle=" → ".join(circle)))
            graph[circle[-1]] = set()
            graph[circle[0]] = set()
        else:
            return


def _detections(desk: Desk, plan: Plan) -> None:
    for id, detection in plan.detections.items():
        if detection.count > 1 and detection.within is None and not desk.doubts("detections", id):
            found = desk.say("E104", ("detections", id), key=True, what=f"detections.{id}", keys="`within`")
            desk.add(found.helping(Words("write within: 30 calendar days", "写 within: 30个自然日")))
