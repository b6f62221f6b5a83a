"""Scenario files that are mistaken or hostile: each mistake has a place and a code, none is a traceback, none hangs."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.sim import Runner

GOOD = """\
scenario: 急修
policy: residential
people: {小李: front_desk, 老张: technician}
clocks: [intake, arrive]
steps:
  - at: 2026-09-30 19:40
    by: 小李
    do: open
    with: {category: repair, name: 王女士, unit: 3-2-1101, phone: 13800000001, matter: 水管爆裂, fault: leak}
    then: {state: received, due: {intake: 19:50}}
  - at: 19:46
    by: 小李
    do: dispatch
    with: {assignee: 老张}
    then: {state: handling, met: [intake], due: {arrive: 20:46}, told: [reporter]}
"""
PEOPLE = "{小李: front_desk, 老张: technician}"
START = "2026-09-30 19:40"
DAYS = {"broken.json": "{", "list.json": "[1]", "odd.json": '{"days": 5}', "deep.json": "[" * 100_000}


def mistakes(text: str, tmp_path: Path) -> list[tuple[str, int]]:
    """The codes of what is wrong with a scenario, and their lines."""
    path = tmp_path / "story.yaml"
    path.write_text(text, encoding="utf-8")
    return [(one.code, one.primary.span.line) for one in Runner(date(2026, 10, 1)).run(path).diagnostics]


def command(verb: str, given: str) -> str:
    return f"{GOOD}  - at: 20:00\n    by: 小李\n    do: {verb}\n    with: {given}\n"


def test_the_good_one_has_no_mistakes(tmp_path):
    assert mistakes(GOOD, tmp_path) == []


@pytest.mark.parametrize(
    ("people", "code"),
    [
        ('{小李: front_desk, 老张: ""}', "E608"),
        ("{小李: front_desk, 老张: null}", "E608"),
        ("{小李: front_desk, 老张: technican}", "E606"),
        ("{小李: front_desk, 老张: technician night}", "E606"),
    ],
)
def test_a_person_has_a_role_of_the_plan_and_shifts_of_that_role(people, code, tmp_path):
    assert mistakes(GOOD.replace(PEOPLE, people), tmp_path) == [(code, 3)]


@pytest.mark.parametrize("head", ["scenario: x\n", "scenario: x\npolicy: residential\nsteps: []\n"])
def test_what_is_lacking_is_said(head, tmp_path):
    assert mistakes(head, tmp_path) == [("E608", 1)]


def test_a_step_needs_a_time_and_who_acts(tmp_path):
    assert mistakes(GOOD.replace(f"at: {START}\n    by", "by"), tmp_path) == [("E608", 6)]
    assert mistakes(GOOD.replace("19:46\n    by: 小李", "19:46"), tmp_path) == [("E608", 11)]


@pytest.mark.parametrize(
    "at",
    [
        "25:99",
        "19:40",
        "1800-01-01 10:00",
        "0001-01-01 00:00",
        "9999-12-31 23:59",
        "-0001-01-01 00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-02-30 10:00",
        "2026-09-30 19:40:30.5",
    ],
)
def test_a_time_that_is_none_is_refused_where_it_stands(at, tmp_path):
    assert mistakes(GOOD.replace(START, f'"{at}"'), tmp_path)[0] == ("E603", 6)


def test_midnight_at_the_end_of_a_day_is_that_of_the_next(tmp_path):
    text = GOOD.replace("19:46", "24:00").replace(
        "met: [intake], due: {arrive: 20:46}", "late: {intake: 4 hours 10 minutes}"
    )
    path = tmp_path / "story.yaml"
    path.write_text(text, encoding="utf-8")
    performance = Runner(date(2026, 10, 1)).run(path).performance
    assert performance is not None
    assert performance.plays[1].step.at - performance.plays[0].step.at == 4 * 3600 + 20 * 60


def test_who_acts_and_what_is_done_must_be_known_unless_a_refusal_is_expected(tmp_path):
    unknown = f"{GOOD}  - {{at: 20:00, by: 小王, do: arive}}\n"
    assert mistakes(unknown, tmp_path) == [("E606", 16), ("E606", 16)]
    assert mistakes(unknown.replace("arive", "arive, then: {refused: unknown arive}"), tmp_path) == []


def test_whom_a_ticket_is_given_to_must_be_known_and_update_does_not_write_it(tmp_path):
    """老章 instead of 老张 is a slip of the pen, not a story."""
    slip = GOOD.replace("assignee: 老张", "assignee: 老章")
    assert mistakes(slip, tmp_path) == [("E606", 14)]
    path = tmp_path / "story.yaml"
    assert CliRunner().invoke(main, ["test", str(path), "--update", "--at", "2026-10-01"]).exit_code == 1
    assert path.read_text(encoding="utf-8") == slip
    given = command("assign", "{assignee: 老章, reason: x}")
    assert mistakes(given, tmp_path) == [("E606", 19)]
    assert mistakes(f"{given}    then: {{refused: value assignee}}\n", tmp_path) == []


def remedies(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "story.yaml"
    path.write_text(text, encoding="utf-8")
    [one] = Runner(date(2026, 10, 1)).run(path).diagnostics
    return [help.en for help in one.helps]


def test_a_ticket_that_nobody_opened_is_a_mistake_and_update_does_not_write_it(tmp_path):
    """`refused: unknown D1` would be green for ever."""
    lost = f"{GOOD}  - {{at: 20:00, ticket: D1, by: 老张, do: arrive}}\n"
    assert mistakes(lost, tmp_path) == [("E606", 16)]
    path = tmp_path / "story.yaml"
    assert CliRunner().invoke(main, ["test", str(path), "--update", "--at", "2026-10-01"]).exit_code == 1
    assert path.read_text(encoding="utf-8") == lost
    assert mistakes(lost.replace("arrive}", "arrive, then: {refused: unknown D1}}"), tmp_path) == []


def test_a_ticket_of_a_duty_that_has_no_name_yet_is_told_with_how_it_gets_one(tmp_path):
    text = GOOD.replace("clocks:", "duties: [drill]\nclocks:").replace("2026-09-30", "2026-06-30")
    helps = remedies(f"{text}  - {{at: 2026-07-02 08:00, ticket: D1, by: 老张, do: finish}}\n", tmp_path)
    assert helps[0].startswith("there are: T1, drill@2026-07-01")
    assert "then: {D1: {state: todo}}" in helps[1]


def test_of_the_moves_there_are_those_of_the_ticket_come_first(tmp_path):
    [there] = remedies(f"{GOOD}  - {{at: 20:00, by: 老张, do: xyz}}\n", tmp_path)
    assert there.startswith("there are: answer_now, contact, ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("小李: front_desk", "小李: 前台接待员", "did you mean “front_desk”?"),
        ("category: repair", "category: 报修", "did you mean “repair”?"),
        ("matter: 水管爆裂", "mater: 水管爆裂", "did you mean “matter”?"),
        ("fault: leak", "故障类型: leak", "did you mean “fault”?"),
        ("do: dispatch", "do: 派单", "did you mean “dispatch”?"),
        ("[intake, arrive]", "[intake, 到场]", "did you mean “arrive”?"),
        ("policy: residential", "policy: residental", "did you mean “residential”?"),
    ],
)
def test_a_title_or_a_slip_where_an_id_belongs_is_told_with_the_id(old, new, said, tmp_path):
    assert remedies(GOOD.replace(old, new), tmp_path) == [said]


def test_a_state_that_two_workflows_call_differently_keeps_its_id_in_chinese(tmp_path):
    """The `todo` of one duty is not that of another; nor is a title in the file the state that has it."""
    text = GOOD.replace("clocks:", "duties: [drill]\nclocks:").replace("2026-09-30", "2026-06-30")
    path = tmp_path / "story.yaml"
    path.write_text(text.replace("state: handling", "state: 处理中") + "  - at: 2026-07-02 08:00\n", encoding="utf-8")
    answer = CliRunner().invoke(main, ["test", str(path), "--lang", "zh"]).output
    assert "应为：“处理中”；实际：处理中" in answer
    assert re.search(r"todo$", answer, re.M)


def test_a_time_that_goes_back_is_told_with_how_to_write_the_next_day(tmp_path):
    assert "as 10-01 08:00" in remedies(f"{GOOD}  - {{at: 00:10, by: 老张, do: arrive}}\n", tmp_path)[0]


@pytest.mark.parametrize("key", ["clocks", "duties", "reports"])
def test_a_misspelt_clock_duty_or_report_is_no_silent_pass(key, tmp_path):
    text = GOOD.replace("clocks: [intake, arrive]", f"{key}: [arive]")
    assert mistakes(text, tmp_path) == [("E606", 4)]


@pytest.mark.parametrize(
    "last",
    [
        "running: [arive]",
        "history: {T1.arive: [met]}",
        "facts: {fone: x}",
        "figures: {x: 1}",
        "alerts: {arive.due: []}",
    ],
)
def test_finally_names_what_there_is(last, tmp_path):
    assert mistakes(f"{GOOD}finally: {{{last}}}\n", tmp_path) == [("E606", 16)]


@pytest.mark.parametrize("given", ["{assignee: {a: b}}", "{assignee: null}", "{assignee: []}", '{assignee: ""}'])
def test_what_a_step_brings_is_text(given, tmp_path):
    assert mistakes(GOOD.replace("{assignee: 老张}", given), tmp_path) == [("E609", 14)]


def test_no_ticket_is_named_as_the_site(tmp_path):
    assert {code for code, _ in mistakes(GOOD.replace("    do:", "    ticket: site\n    do:"), tmp_path)} == {"E605"}


@pytest.mark.parametrize(
    ("verb", "given", "code"),
    [
        ("roster_changed", "{小孙: nosuch}", "E606"),
        ("roster_changed", "{小孙: technician nosuch}", "E606"),
        ("roster_changed", "{小王: gone}", "E606"),
        ("engine_down", "{a: b}", "E606"),
        ("publish_calendar", "{}", "E608"),
        ("publish_calendar", "{days: nosuch.json}", "E609"),
        ("publish_calendar", "{days: .}", "E609"),
        *[("publish_calendar", f"{{days: {name}}}", "E609") for name in DAYS],
        ("import_figure", "{source: call_centre}", "E608"),
        *[("import_figure", f"{{source: x, value: {value}}}", "E609") for value in ("foo", "1/0", "nan", "1e99999999")],
        ("reveal", "{fact: phone, why: x}", "E606"),
    ],
)
def test_a_site_command_brings_what_it_needs(verb, given, code, tmp_path):
    for name, text in DAYS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [found for found, line in mistakes(command(verb, given), tmp_path) if line >= 16] == [code]


@pytest.mark.parametrize("given", ["into: T1", "into: T7"])
def test_a_ticket_is_merged_into_another_that_is_there(given, tmp_path):
    text = GOOD.replace("技师", "").replace("老张: technician", "老张: technician, 老李: supervisor")
    path = tmp_path / "story.yaml"
    path.write_text(f"{text}  - {{at: 20:00, by: 老李, do: merge, with: {{{given}}}}}\n", encoding="utf-8")
    performance = Runner(date(2026, 10, 1)).run(path).performance
    assert performance is not None
    assert [(fact.word, fact.said) for fact in performance.plays[-1].got.values()] == [
        ("refused", f"unknown {given[6:]}")
    ]


def test_a_limit_that_ends_after_the_last_year_is_said(tmp_path):
    assert mistakes(GOOD.replace("2026-09-30", "2100-12-31"), tmp_path) == [("E609", 11)]


def test_a_repeat_of_every_second_over_a_year_does_not_hang(tmp_path):
    (tmp_path / "own.yaml").write_text(
        "policy: own\nextends: residential\ntitle: 小店\n"
        "escalations: {urgent: {higher: {every: 1 second, times: 30000000}}}\n",
        encoding="utf-8",
    )
    text = GOOD.replace("policy: residential", "policy: own") + "  - at: 2027-09-30 19:46\n"
    assert mistakes(text, tmp_path) == [("E609", 16)]


def test_a_policy_name_that_no_file_can_have_is_not_found(tmp_path):
    assert mistakes(GOOD.replace("residential", "a" * 5000), tmp_path) == [("E607", 2)]


def test_json_says_why_a_file_was_not_played(tmp_path):
    path = tmp_path / "story.yaml"
    path.write_text(GOOD.replace("clocks: [intake", "clocks: [intak"), encoding="utf-8")
    answer = CliRunner().invoke(main, ["test", str(path), "--json"])
    assert answer.exit_code == 1
    assert '"code": "E606"' in answer.output


WRONG = GOOD.replace("due: {intake: 19:50}", "due: {intake: 19:49}").replace("state: handling", "state: closed")


def test_results_for_machines_name_every_difference_with_its_place(tmp_path):
    """What was expected and seen, in JSON and in JUnit; `finally` too."""
    path = tmp_path / "story.yaml"
    path.write_text(f"{WRONG}finally: {{history: {{intake: [late]}}}}\n", encoding="utf-8")
    report = tmp_path / "report.xml"
    answer = CliRunner().invoke(main, ["test", str(path), "--json", "--junit", str(report), "--at", "2026-10-01"])
    (story,) = json.loads(answer.output)["scenarios"]
    places = [(one["code"], one["line"], one["column"]) for one in story["differences"]]
    assert places == [("T101", 10, 43), ("T101", 15, 19), ("T104", 16, 29)]
    said = [(one["expected"]["en"], one["got"]["en"]) for one in story["differences"]]
    assert said == [("intake due 19:49", "intake due 19:50"), ("closed", "handling"), ("[late]", "[met]")]
    (failure,) = ElementTree.parse(report).iter("failure")
    assert [line.rpartition("/")[2].split(": ")[0] for line in (failure.text or "").splitlines()] == [
        f"story.yaml:{line}:{column}" for _, line, column in places
    ]


def test_a_failure_is_told_in_chinese_too(tmp_path):
    path = tmp_path / "story.yaml"
    path.write_text(f"{WRONG}finally: {{history: {{intake: [late]}}}}\n", encoding="utf-8")
    answer = CliRunner().invoke(main, ["test", str(path), "--lang", "zh", "--all", "--at", "2026-10-01"])
    assert answer.output.startswith("失败  ")
    assert "结束时 history intake：应为 [late]；实际 [met]" in answer.output
    assert "FAIL" not in answer.output


def test_the_log_for_machines_has_lengths_and_instants_as_people_write_them(tmp_path):
    path = tmp_path / "story.yaml"
    path.write_text(GOOD, encoding="utf-8")
    lines = [
        json.loads(line) for line in CliRunner().invoke(main, ["simulate", str(path), "--json"]).output.splitlines()
    ]
    assert "10 minutes" in [line.get("limit") for line in lines]
    changes = [change for line in lines for change in line.get("changes", ())]
    assert {change["new"] for change in changes if change["fact"] == "called_at"} == {"2026-09-30 19:40"}


def test_a_personal_fact_is_masked_in_what_finally_says(tmp_path):
    path = tmp_path / "story.yaml"
    path.write_text(f"{GOOD}finally: {{facts: {{phone: 13800000002}}}}\n", encoding="utf-8")
    answer = CliRunner().invoke(main, ["test", str(path)])
    assert answer.exit_code == 1
    assert "13800000002" not in answer.output


FORMS = """\
scenario: 急修
policy: residential
people: {小李: front_desk, 老张: technician}
clocks: [intake, arrive]
steps:
  - {at: 2026-09-30 19:40, by: 小李, do: open, with: {category: repair, name: 王女士, unit: 3-2, phone: 110,
     matter: 水管, fault: leak}}  # opened
  - {at: 19:46, by: 小李, do: dispatch, with: {assignee: 老张}, then: {state: x}}  # dispatched
  # comes
  - by: 老张
    do: arrive
    at: 19:50  # at once

  - at: 20:00
    then:
      state: foo
      # not this

      met: [x]  # kept

  # the end
  - then: {state: foo,
      met: [x]}
    at: 20:10
finally: {running: []}
"""


def test_update_keeps_a_file_readable_however_its_steps_are_written(tmp_path):
    path = tmp_path / "story.yaml"
    path.write_text(FORMS, encoding="utf-8")
    answer = CliRunner().invoke(main, ["test", str(path), "--update", "--at", "2026-10-01"])
    assert answer.exit_code == 0, answer.output
    text = path.read_text(encoding="utf-8")
    for comment in ("# opened", "# dispatched", "# comes", "# at once", "# kept", "# the end"):
        assert comment in text
    assert "    then: {met: [arrive]}\n\n  - at: 20:00\n    then: nothing  # kept\n" in text


def test_a_report_that_cannot_be_written_is_a_wrong_command(tmp_path):
    path = tmp_path / "story.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert CliRunner().invoke(main, ["test", str(path), "--junit", str(tmp_path / "no" / "x.xml")]).exit_code == 2
