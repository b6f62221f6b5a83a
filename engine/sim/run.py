"""Finding scenario files, loading what they play on, and playing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from engine.core import Plan
from engine.policy import Diagnostic, Text, failed, load_named, load_scenario_document, near_names
from engine.sim.codes import diagnose
from engine.sim.finals import check_finally
from engine.sim.names import check_names
from engine.sim.player import Performance, UnplayableError, play
from engine.sim.scenario import Reader, Scenario, lacking


@dataclass(slots=True)
class Result:
    """One file: its performance, or the diagnostics for which it could not be played."""

    path: Path
    performance: Performance | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return self.performance is not None and self.performance.passed


def scenario_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and in folders every YAML file that begins as a scenario does."""
    for path in paths:
        if path.is_dir():
            for inside in sorted(path.rglob("*.yaml")):
                if is_scenario(inside):
                    yield inside
        else:
            yield path


def is_scenario(path: Path) -> bool:
    head = path.read_bytes()[:2000].decode("utf-8", errors="replace")
    return any(line.startswith("scenario:") for line in head.splitlines())


class Runner:
    """Plays scenario files; a plan that several of them play on is loaded once."""

    def __init__(self, today: date | None = None) -> None:
        self.today = today
        self._plans: dict[tuple[str, Path], tuple[Plan | None, tuple[Diagnostic, ...]]] = {}

    def run(self, path: Path) -> Result:
        result = Result(path)
        scenario, plan = self.load(path, result)
        if scenario is None or plan is None:
            return result
        try:
            performance = play(scenario, plan, next(reversed(plan.editions)))
        except UnplayableError as problem:
            result.diagnostics.append(problem.found)
            return result
        performance.problems += check_finally(performance)
        result.performance = performance
        return result

    def load(self, path: Path, result: Result) -> tuple[Scenario | None, Plan | None]:
        """The scenario and its plan; what is wrong with either goes to the result's diagnostics."""
        document = load_scenario_document(path)
        source, tree = document.source, document.tree
        result.diagnostics += document.diagnostics
        if not failed(result.diagnostics):
            result.diagnostics += lacking(tree)
        node = tree.get("policy")
        name = node.value if isinstance(node, Text) else ""
        if failed(result.diagnostics) or not name:
            return None, None
        key = (name, path.parent)
        if key not in self._plans:
            try:
                loaded = load_named(name, path.parent, today=self.today)
            except OSError:  # no file can have such a name
                loaded = None
            self._plans[key] = (loaded.plan, loaded.diagnostics) if loaded is not None else (None, ())
            if loaded is None:
                assert node is not None
                result.diagnostics.append(
                    diagnose("E607", node.span, text=name).helping(*near_names(name, path.parent))
                )
        plan, diagnostics = self._plans[key]
        result.diagnostics += [one for one in diagnostics if one.severity == "error"]
        if plan is None:
            return None, None
        reader = Reader(source, tree, plan.zone)
        scenario = reader.read()
        result.diagnostics += reader.found or check_names(scenario, plan)
        if failed(result.diagnostics):
            return None, plan
        return scenario, plan
