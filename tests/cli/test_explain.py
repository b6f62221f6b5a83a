"""`huiyin explain`: the same instants and places as the engine and the files have, in words and as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.policy import shipped_policies

SITE = """\
policy: garden
title: 花园
extends: residential
calendars: {office: {hours: {sat: "09:00-12:00"}}}
deadlines:
  arrive: {limit: {urgent: {is: 45 minutes}}}
messaging: {quiet: {hours: 22:00-07:00}}
"""
SCENARIO = """\
scenario: 急修
policy: garden
people: {小李: front_desk, 老张: technician, 小赵: agent}
clocks: [arrive]
steps:
  - at: 2026-09-30 19:40
    by: 小李
    do: open
    with: {category: repair, name: 王女士, unit: 3-2-1101, phone: 13800000001, matter: 水管爆裂, fault: leak}
  - at: 19:46
    by: 小李
    do: dispatch
    with: {assignee: 老张}
  - at: 20:00
    by: 老张
    do: suspend
    with: {reason: 业主不在家}
  - at: 20:25
    by: 小赵
    do: resume
  - at: 21:00
    then: nothing
"""


@pytest.fixture(autouse=True)
def _site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("garden.yaml").write_text(SITE, encoding="utf-8")
    Path("story.yaml").write_text(SCENARIO, encoding="utf-8")


def explain(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["explain", *arguments, "--lang", "en"])
    assert result.exit_code == code, result.output
    return result.output


def answer(*arguments: str) -> Any:
    return json.loads(explain(*arguments, "--json"))


# ---- due ------------------------------------------------------------------------------------------------------------


def test_a_due_of_a_policy_names_row_place_and_days() -> None:
    """Three working days from before the holidays: the days off and the make-up day are told."""
    said = explain("due", "resolve", "--policy", "garden.yaml", "--category", "complaint", "--from", "2026-09-30 10:00")
    assert "due 2026-10-10 18:00" in said  # a make-up day has the hours of a weekday
    assert "deadlines.resolve.limit.general" in said
    assert "severity = general" in said
    assert "国庆节" in said
    assert "make-up day" in said
    assert re.search(r"residential\.yaml:\d+:\d+  3 working days", said)


def test_a_due_as_json_has_the_instants() -> None:
    """For machines: ISO 8601 with offset, the rule, its source, each layer that wrote the limit."""
    told = answer("due", "arrive", "--policy", "garden.yaml", "--from", "2026-09-30 19:46", "--fact", "urgency=urgent")
    assert told["due"] == "2026-09-30T20:31:00+08:00"
    assert told["rule"] == "deadlines.arrive.limit.urgent"
    assert told["source"] == ["A20"]
    assert [(one["layer"], one["text"]) for one in told["said_by"]] == [
        ("residential", "1 hour"),
        ("garden", "45 minutes"),
    ]
    assert told["said_by"][-1]["place"] == "garden.yaml:6:29"
    assert [rung["at"] for rung in told["rungs"]] == [
        "2026-09-30T20:22:00+08:00",
        "2026-09-30T20:31:00+08:00",
        "2026-09-30T21:01:00+08:00",
    ]
    assert told["rungs"][0]["tells"] == ["technician"]


def test_a_due_of_a_scenario_tells_its_pause() -> None:
    """What happened to the run, and the stretch that was not counted."""
    told = answer("due", "arrive", "--scenario", "story.yaml", "--at", "20:30")
    assert told["status"] == "running"
    assert told["due"] == "2026-09-30T20:56:00+08:00"
    assert [one["what"] for one in told["history"]] == [
        "started by dispatch, due 20:31",
        "paused, 31 minutes left",
        "resumed, due 20:56",
    ]
    assert any("paused" in line for line in told["counted"])
    assert told["rungs"][0]["tells"] == ["老张"]


def test_while_paused_the_due_is_that_of_a_resumption_now() -> None:
    """A paused limit has no due; the explanation says when it would be."""
    said = explain("due", "arrive", "--scenario", "story.yaml", "--at", "2026-09-30 20:10")
    assert "paused, due 2026-09-30 20:41 if it were resumed now" in said


def test_after_the_due_the_run_is_breached_and_the_rung_raised() -> None:
    """Played to the end, the raised rungs are marked."""
    told = answer("due", "arrive", "--scenario", "story.yaml")
    assert told["status"] == "breached"
    assert [rung["status"] for rung in told["rungs"]] == ["raised", "raised", "ahead"]
    assert told["rungs"][1]["tells"] == ["老张", "supervisor"]


def test_an_instant_limit_says_that_nothing_is_counted() -> None:
    """A promise is due at the instant that was promised."""
    said = explain(
        "due", "promise", "--policy", "garden", "--category", "complaint", "--from", "2026-09-30 19:46",
        "--fact", "promised_at=2026-10-09 12:00",
    )  # fmt: skip
    assert "due 2026-10-09 12:00" in said
    assert "the instant itself is the due" in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["promise", "--category", "complaint"], "promised_at is not set"),
        (["arrive", "--fact", "urgency=general"], "no row of its limit"),
    ],
)
def test_no_limit_is_an_answer_too(arguments: list[str], why: str) -> None:
    """Where no limit applies, the reason is told, and the command is fine."""
    assert why in explain("due", *arguments, "--policy", "garden", "--from", "2026-09-30 19:46")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["arrive"], "--scenario FILE"),
        (["arrive", "--policy", "garden", "--from", "19:46"], "write a date and a time"),
        (["resolve", "--policy", "garden", "--from", "2026-09-30 19:46"], "which category?"),
        (["arriv", "--policy", "garden", "--from", "2026-09-30 19:46"], "no deadline arriv"),
        (["arrive", "--policy", "nowhere", "--from", "2026-09-30 19:46"], "no policy file nowhere"),
        (["arrive", "--policy", "garden", "--from", "2026-09-30 19:46", "--fact", "urgency"], "write name=value"),
        (["arrive", "--policy", "garden", "--from", "2026-09-30 19:46", "--fact", "urgency=very"], "choose from"),
        (["arrive", "--policy", "garden", "--from", "2026-09-30 19:46", "--fact", "colour=red"], "no fact colour"),
        (["resolve", "--scenario", "story.yaml", "--at", "2026-09-30 19:41"], "no run of resolve"),
        (["arrive", "--scenario", "story.yaml", "--at", "2026-09-29 19:41"], "begins later"),
        (["arrive", "--scenario", "story.yaml", "--fact", "urgency=urgent"], "go with --policy"),
        (["arrive", "--policy", "complaint-response", "--from", "2026-09-30 19:46"], "is a layer"),
    ],
)
def test_a_question_that_cannot_be_answered_says_how_to_ask(arguments: list[str], hint: str) -> None:
    """A wrong command is exit code 2, with what is missing."""
    assert hint in explain("due", *arguments, code=2).replace("\n", " ")


def test_a_broken_policy_is_refused_with_its_mistakes() -> None:
    """What is wrong with a policy is printed as `check` prints it; exit code 1."""
    Path("garden.yaml").write_text(SITE + "colour: red\n", encoding="utf-8")
    assert "E102" in explain("due", "arrive", "--policy", "garden.yaml", "--from", "2026-09-30 19:46", code=1)


# ---- route ----------------------------------------------------------------------------------------------------------


def test_by_day_the_owner_himself_is_met_and_at_night_his_stand_in() -> None:
    """Who is there is asked of the calendars of the roles, instant by instant."""

    def owners(at: str) -> dict[str, list[str]]:
        told = answer("route", "--policy", "garden", "--category", "repair", "--at", at)
        return {state["state"]: state["owner"]["roles"] for state in told["states"]}

    assert owners("2026-09-30 10:00")["received"] == ["front_desk"]
    assert owners("2026-09-30 23:00")["received"] == ["front_desk", "supervisor", "site_manager"]
    assert owners("2026-09-30 23:00")["handling"] == ["technician"]


def test_a_rung_meets_who_is_there_at_its_own_instant() -> None:
    """The clock starts at night; its later rungs stand in office hours. Quiet hours hold back what is not loud."""
    told = answer(
        "route", "--policy", "garden", "--category", "repair", "--at", "2026-10-08 23:00", "--fact", "fault=leak"
    )
    rungs = {(one["deadline"], rung["what"]): rung for one in told["deadlines"] for rung in one["rungs"]}
    assert rungs["arrive", "due"]["note"] == "at night, too"
    assert rungs["contact", "due"]["note"] == "held back until 07:00"
    assert rungs["resolve", "half"]["at"] == "2026-10-09 11:00"
    assert rungs["resolve", "half"]["note"] is None
    assert told["notices"][0]["when"] == "dispatch"


def test_the_route_in_words() -> None:
    """An arrow leads to the stand-in."""
    said = explain("route", "--policy", "garden", "--category", "repair", "--at", "2026-09-30 23:00")
    assert "front_desk → supervisor → site_manager" in said


# ---- value ----------------------------------------------------------------------------------------------------------


def test_a_value_names_each_layer_that_wrote_it_newest_last() -> None:
    """With file, line and column, and what each of them said."""
    lines = explain("value", "deadlines.arrive.limit.urgent.is", "--policy", "garden").splitlines()
    assert lines[0] == "deadlines.arrive.limit.urgent.is: 45 minutes"
    assert re.fullmatch(r"  \S*residential\.yaml:\d+:\d+ +1 hour", lines[1])
    assert re.fullmatch(r"  garden\.yaml:6:29 +45 minutes", lines[2])


def test_of_an_entry_all_that_stands_in_it_is_listed() -> None:
    """The whole of a state, with what came through `like` from another workflow."""
    told = answer("value", "workflows.complaint.states.waiting", "--policy", "garden")
    values = {one["path"].rpartition(".")[2]: one for one in told}
    assert values["owner"]["value"] == "agent"
    assert [one["layer"] for one in values["owner"]["said_by"]] == ["handbook", "residential"]
    assert values["pauses"]["said_by"][0]["text"] == "all"


def test_what_was_taken_away_tells_who_did_it() -> None:
    """`null` is said by somebody, too."""
    Path("garden.yaml").write_text(SITE + "duties: {activity: null}\n", encoding="utf-8")
    told = answer("value", "duties.activity", "--policy", "garden")
    assert told[0]["value"] is None
    assert [(one["layer"], one["removed"]) for one in told[0]["said_by"]] == [("residential", False), ("garden", True)]


def test_a_path_that_is_not_there_is_met_with_the_nearest() -> None:
    """A misspelt path says what stands there instead."""
    assert "did you mean deadlines.arrive?" in explain("value", "deadlines.arive", "--policy", "garden", code=2)


def test_every_place_that_is_told_holds_what_it_says() -> None:
    """Line and column of each saying lead to the key that was written there."""
    told = answer("value", "deadlines", "--policy", "garden")
    shelf = shipped_policies()
    for one in told:
        for saying in one["said_by"]:
            file = Path(saying["file"]) if Path(saying["file"]).exists() else shelf / Path(saying["file"]).name
            line = file.read_text(encoding="utf-8").splitlines()[saying["line"] - 1]
            assert line[saying["column"] - 1 :].startswith(one["path"].rpartition(".")[2])
