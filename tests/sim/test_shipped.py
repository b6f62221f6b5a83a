"""The shipped plans: clean, played, and every rule of the source plans shown by what really happened."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from engine.policy import load, render
from engine.sim import Runner, scenario_files
from engine.sim.coverage import coverage

POLICIES = Path(__file__).parents[2] / "policies"
PLANS = sorted(path for path in POLICIES.glob("*.yaml") if path.name != "rules.yaml")
SITES = sorted((POLICIES / "sites").glob("*.yaml"))
SCENARIOS = list(scenario_files([POLICIES]))
TODAY = date(2026, 11, 1)

#: The ids of the five source plans; what each says in our words stands in policies/rules.yaml.
COUNTS = {"A": 36, "B": 13, "C": 42, "D": 22, "E": 10}
RULES = [f"{plan}{number:02}" for plan, count in COUNTS.items() for number in range(1, count + 1)]


@pytest.fixture(scope="module")
def results():
    runner = Runner(TODAY)
    return [runner.run(path) for path in SCENARIOS]


@pytest.mark.parametrize("path", PLANS + SITES, ids=lambda path: path.stem)
def test_a_shipped_plan_is_clean(path):
    loaded = load(path, today=TODAY)
    errors = [found for found in loaded.diagnostics if found.severity == "error"]
    assert not errors, render(tuple(errors), "en")


def test_every_shipped_scenario_passes(results):
    failed = [result.path.name for result in results if not result.passed]
    assert len(results) >= 40
    assert not failed


def test_every_rule_of_the_source_plans_is_shown_by_an_event(results):
    shown = coverage((result.path, result.performance) for result in results if result.performance)
    assert [id for id in RULES if id not in shown] == [], "named by no element"
    assert [id for id in RULES if not shown[id].scenarios] == [], "shown by no scenario"
    assert len(RULES) == 123


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_a_plan_fits_three_hundred_lines(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 300
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("path", SITES, ids=lambda path: path.stem)
def test_a_site_fits_fifteen_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 15


def test_three_working_days_become_two_by_one_line(tmp_path):
    site = tmp_path / "terrace.yaml"
    site.write_text(
        "policy: terrace\ntitle: 山庭\nextends: residential\nnumbers: {households: 300}\n"
        "deadlines: {resolve: {limit: {general: {is: 2 working days}}}}\n",
        encoding="utf-8",
    )
    plan = load(site, today=TODAY).plan
    resolve = next(deadline for deadline in plan.deadlines if deadline.id == "resolve")
    general = next(row for row in resolve.limit.rows if row.rule.path.endswith(".general"))
    assert general.value.length.amount == 2
    assert Path(plan.places["deadlines.resolve.limit.general"].file).name in ("residential.yaml", "terrace.yaml")


def test_no_scenario_claims_nothing():
    for path in SCENARIOS:
        text = path.read_text(encoding="utf-8")
        steps = len(re.findall(r"^\s+- at:", text, re.MULTILINE))
        claims = len(re.findall(r"^\s+then:", text, re.MULTILINE))
        assert claims == steps, f"{path.name}: a step without `then`"
