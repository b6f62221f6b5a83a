"""`huiyin calendar`: one question from a terminal, or many in lines of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli import main

ROOT = Path(__file__).parents[2]
OFFICE = {"timezone": "Asia/Shanghai", "holidays": "CN", "hours": {"mon-fri": "09:00-12:00, 13:30-18:00"}}
BOSTON = {"timezone": "America/New_York", "holidays": ["US-MA", "2026-11-27"], "hours": {"mon-fri": "08:30-17:00"}}


def huiyin(*words: str, stdin: str | bytes | None = None, lang: str = "C.UTF-8") -> Result:
    return CliRunner().invoke(main, ["calendar", *words], input=stdin, env={"LC_ALL": lang}, prog_name="huiyin")


def lines(verb: str, *questions: dict[str, Any] | str) -> tuple[list[dict[str, Any]], int]:
    """The answers to some lines, and the exit code."""
    asked = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in questions) + "\n"
    result = huiyin(verb, "--jsonl", stdin=asked)
    return [json.loads(line) for line in result.stdout.splitlines()], result.exit_code


def due(**question: Any) -> Any:
    """`due` of one line with the office's calendar, or the error."""
    (answer,), _ = lines("due", {"id": 1, "calendar": OFFICE, **question})
    return answer.get("due", answer.get("error"))


# ---- due, in lines ----


def test_an_answer_has_the_documented_form() -> None:
    question = {"id": "a", "calendar": OFFICE, "start": "2026-09-30T10:00:00+08:00", "limit": "3 working days"}
    assert lines("due", question) == ([{"id": "a", "due": "2026-10-10T18:00:00+08:00", "provisional": False}], 0)


@pytest.mark.parametrize(
    ("start", "limit", "rule", "expected"),
    [
        ("2026-09-30T10:00", "90 seconds", None, "2026-09-30T10:01:30+08:00"),
        ("2026-09-30T10:00", "24 hours", None, "2026-10-01T10:00:00+08:00"),
        ("2026-09-30T10:00", "3 working hours", "close", "2026-09-30T14:30:00+08:00"),
        ("2026-09-30T10:00", "3 working days", "midnight", "2026-10-11T00:00:00+08:00"),
        ("2026-09-30T10:00", "3 working days", "same time", "2026-10-10T10:00:00+08:00"),
        ("2026-09-30T10:00", "2 calendar days", None, "2026-10-08T18:00:00+08:00"),
        ("2026-09-30T10:00", "2 calendar days", "same time", "2026-10-02T10:00:00+08:00"),
        ("2026-09-30T10:00", "1 week", None, "2026-10-08T18:00:00+08:00"),
        ("2026-09-30T10:00", "1 month", None, "2026-10-30T18:00:00+08:00"),
        ("2026-09-30T10:00", "same day", None, "2026-09-30T18:00:00+08:00"),
        ("2026-09-30T10:00", "3个工作日", None, "2026-10-10T18:00:00+08:00"),
        # negative: backward; days at the same time, unless a rule is named
        ("2026-10-12T10:00", "-1 working days", None, "2026-10-10T10:00:00+08:00"),
        ("2026-10-12T10:00", "-1 working days", "close", "2026-10-10T18:00:00+08:00"),
        ("2026-10-12T10:00", "-1 calendar days", None, "2026-10-11T10:00:00+08:00"),
        ("2026-10-12T10:00", "-1 week", None, "2026-10-05T10:00:00+08:00"),
        ("2026-10-12T10:00", "-2 working hours", None, "2026-10-10T17:00:00+08:00"),
        ("2026-10-12T10:00", "-2 hours", None, "2026-10-12T08:00:00+08:00"),
    ],
)
def test_a_due(start: str, limit: str, rule: str | None, expected: str) -> None:
    assert due(start=start, limit=limit, day_rule=rule) == expected


@pytest.mark.parametrize(
    "start", ["2026-09-30T10:00", "2026-09-30 10:00:00", "2026-09-30T02:00:00Z", "2026-09-29T22:00-04:00", "20260930T1000"]
)  # fmt: skip
def test_a_start_without_offset_is_local_to_the_calendar(start: str) -> None:
    assert due(start=start, limit="1 hour") == "2026-09-30T11:00:00+08:00"


def test_a_due_beyond_the_published_days_is_marked() -> None:
    answers, code = lines("due", {"id": 1, "calendar": OFFICE, "start": "2026-12-30T10:00", "limit": "3 working days"})
    assert (answers, code) == ([{"id": 1, "due": "2027-01-05T18:00:00+08:00", "provisional": True}], 0)
    back = {"id": 2, "calendar": OFFICE, "start": "2027-01-05T10:00", "limit": "-3 working days"}
    assert lines("due", back)[0][0]["provisional"]


def test_holidays_are_a_code_a_list_of_dates_or_both() -> None:
    for holidays, expected in [
        ("US-MA", "2026-11-27T17:00:00-05:00"),
        (["2026-11-26", "2026-11-27"], "2026-11-30T17:00:00-05:00"),
        (["US-MA", "2026-11-27"], "2026-11-30T17:00:00-05:00"),
        ("none", "2026-11-26T17:00:00-05:00"),
        ([], "2026-11-26T17:00:00-05:00"),
    ]:
        calendar = {**BOSTON, "holidays": holidays}
        assert due(calendar=calendar, start="2026-11-25T10:00", limit="1 working day") == expected


def test_exceptions_close_a_day_and_open_one() -> None:
    calendar = {**OFFICE, "exceptions": {"2026-10-08": "closed", "2026-10-11": "09:00-15:00"}}
    assert due(calendar=calendar, start="2026-09-30T10:00", limit="3 working days") == "2026-10-11T15:00:00+08:00"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"limit": "3 days"}, "`3 calendar days`"),
        ({"limit": 3}, "limit"),
        ({"limit": None}, "limit"),
        ({"limit": "0 hours"}, "0 hours"),
        ({"start": "yesterday"}, "yesterday"),
        ({"start": None}, "start"),
        ({"start": "2026-02-30T10:00"}, "2026-02-30"),
        ({"start": "9999-12-31T23:00"}, ""),
        ({"day_rule": "noon"}, "noon"),
        ({"day_rule": ["close"]}, "day_rule"),
        ({"calendar": None}, "calendar"),
        ({"calendar": {**OFFICE, "timezone": "Mars/Base"}}, "Mars/Base"),
        ({"calendar": {"hours": {}}}, "timezone"),
        ({"calendar": {**OFFICE, "holidays": "ZZ"}}, "ZZ"),
        ({"calendar": {**OFFICE, "holiday": "CN"}}, "holiday"),
        ({"calendar": {**OFFICE, "hours": {}, "holidays": "none"}, "limit": "1 working hour"}, "ever open"),
    ],
)
def test_a_line_that_cannot_be_answered_says_why_and_the_run_goes_on(question: dict[str, Any], words: str) -> None:
    good = {"id": "good", "calendar": OFFICE, "start": "2026-09-30T10:00", "limit": "1 hour"}
    answers, code = lines("due", {**good, "id": "bad", **question}, good)
    assert code == 1
    assert list(answers[0]) == ["id", "error"]
    assert answers[0]["id"] == "bad"
    assert words in answers[0]["error"]
    assert answers[1] == {"id": "good", "due": "2026-09-30T11:00:00+08:00", "provisional": False}


@pytest.mark.parametrize("line", ["{", "[1]", "3", "null", '"text"', '{"id": 1', "[" * 100_000])
def test_a_line_that_is_no_object_has_no_id(line: str) -> None:
    answers, code = lines("due", line, {"id": 1, "calendar": OFFICE, "start": "2026-09-30T10:00", "limit": "1 hour"})
    assert code == 1
    assert answers[0]["id"] is None
    assert "due" in answers[1]


def test_all_mistakes_of_a_calendar_stand_in_one_answer() -> None:
    wrong = {"timezone": "Mars/Base", "holidays": ["ZZ"], "hours": {"funday": "9-18"}}
    error = due(calendar=wrong, start="2026-09-30T10:00", limit="1 hour")
    assert all(word in error for word in ("Mars/Base", "ZZ", "funday", "9-18"))


def test_an_id_comes_back_as_it_was() -> None:
    ids = [7, "七", None, 1.5, ["a", {"b": 1}], True, "\ud800"]
    questions = [{"id": one, "calendar": OFFICE, "start": "2026-09-30T10:00", "limit": "1 hour"} for one in ids]
    assert [answer["id"] for answer in lines("due", *questions)[0]] == ids


def test_empty_lines_and_a_byte_order_mark_are_no_questions() -> None:
    question = json.dumps({"id": 1, "calendar": OFFICE, "start": "2026-09-30T10:00", "limit": "1 hour"})
    result = huiyin("due", "--jsonl", stdin=f"\ufeff{question}\n\n   \n".encode())
    assert (len(result.stdout.splitlines()), result.exit_code) == (1, 0)
    assert huiyin("due", "--jsonl", stdin="").stdout == ""


def test_bytes_that_are_no_utf_8_fail_on_their_line_only() -> None:
    question = json.dumps({"id": 1, "calendar": OFFICE, "start": "2026-09-30T10:00", "limit": "1 hour"})
    result = huiyin("due", "--jsonl", stdin=b'{"id": "\xff"}\n' + question.encode())
    assert [list(json.loads(line)) for line in result.stdout.splitlines()] == [
        ["id", "error"],
        ["id", "due", "provisional"],
    ]


def test_a_calendar_is_compiled_once_for_all_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    import engine.cli.working_time as questions

    compiled: list[object] = []
    compile_once = questions._compile
    monkeypatch.setattr(questions, "_compile", lambda raw: compiled.append(raw) or compile_once(raw))  # type: ignore[func-returns-value]
    question = {"calendar": OFFICE, "start": "2026-09-30T10:00", "limit": "1 working hour"}
    answers, _ = lines("due", *({"id": n, **question} for n in range(50)), {"id": 50, **question, "calendar": BOSTON})
    assert (len(answers), len(compiled)) == (51, 2)


# ---- between, in lines ----


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("2026-09-30T10:00", "2026-10-08T10:00", 27_000),
        ("2026-10-08T10:00", "2026-09-30T10:00", -27_000),
        ("2026-10-08T10:00", "2026-10-08T10:00", 0),
        ("2026-09-30T02:00Z", "2026-09-30T11:00:01+08:00", 3_601),
    ],
)
def test_seconds_between(start: str, end: str, seconds: int) -> None:
    assert lines("between", {"id": 1, "calendar": OFFICE, "start": start, "end": end}) == (
        [{"id": 1, "seconds": seconds}],
        0,
    )


def test_between_beyond_the_published_days_is_marked() -> None:
    question = {"id": 1, "calendar": OFFICE, "start": "2026-12-31T10:00", "end": "2027-01-05T10:00"}
    assert lines("between", question)[0][0]["provisional"] is True


def test_a_bad_line_of_between() -> None:
    never = {**OFFICE, "hours": {}, "holidays": "none"}
    asked = {"start": "2026-09-30T10:00", "end": "2026-10-08T10:00"}
    answers, code = lines(
        "between", {"id": 1, "calendar": OFFICE, "start": "2026-09-30T10:00"}, {"id": 2, "calendar": never, **asked}
    )
    assert code == 1
    assert [list(answer) for answer in answers] == [["id", "error"], ["id", "error"]]


# ---- one question ----


def test_a_due_is_explained() -> None:
    shown = huiyin("due", "2026-09-30T10:00", "3 working days")
    assert shown.exit_code == 0
    first, *why = shown.stdout.splitlines()
    assert first == "2026-10-10T18:00:00+08:00"
    assert any("国庆节" in line and "7 days" in line for line in why)
    assert any("make-up day" in line for line in why)


def test_a_provisional_due_says_so_in_its_first_line() -> None:
    assert "provisional" in huiyin("due", "2026-12-30T10:00", "3 working days").stdout.splitlines()[0]
    assert "暂定" in huiyin("due", "2026-12-30T10:00", "3 working days", "--lang", "zh").stdout.splitlines()[0]


def test_the_language_follows_the_locale() -> None:
    english, chinese = (
        huiyin("due", "2026-09-30T10:00", "1 hour", lang=lang).stdout for lang in ("en_US", "zh_CN.UTF-8")
    )
    assert "start" in english
    assert "起点" in chinese


def test_a_due_in_json_has_its_explanation() -> None:
    answer = json.loads(huiyin("due", "2026-09-30T10:00", "3 working days", "--json").stdout)
    assert (answer["due"], answer["provisional"]) == ("2026-10-10T18:00:00+08:00", False)
    kinds = [one["kind"] for one in answer["explanation"]]
    assert kinds == ["receipt", "holiday", "counted", "counted", "makeup", "due"]


def test_backward_from_a_terminal() -> None:
    shown = huiyin("due", "2026-10-12T10:00", "--", "-1 working days")
    assert shown.stdout.splitlines()[0] == "2026-10-10T10:00:00+08:00"
    assert "1 working day before 2026-10-12T10:00:00+08:00" in shown.stdout


def test_options_make_a_calendar() -> None:
    options = ["--timezone", "America/New_York", "--hours", "mon-fri=08:30-17:00", "--holidays", "US-MA"]
    shown = huiyin("due", "2026-11-25T10:00", "1 working day", *options, "--exception", "2026-11-27=closed")
    assert shown.stdout.splitlines()[0] == "2026-11-30T17:00:00-05:00"


@pytest.mark.parametrize("name", ["calendar.yaml", "calendar.json"])
def test_a_calendar_from_a_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    yaml = "timezone: America/New_York\nholidays: [US-MA, 2026-11-27]\nhours: {mon-fri: 08:30-17:00}\n"
    file.write_text(yaml if name.endswith("yaml") else json.dumps(BOSTON), encoding="utf-8")
    shown = huiyin("due", "2026-11-25T10:00", "1 working day", "--calendar", str(file))
    assert shown.stdout.splitlines()[0] == "2026-11-30T17:00:00-05:00"


def test_one_calendar_of_many_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(
        "timezone: Asia/Shanghai\ncalendars:\n  desk: {title: 前台, hours: {mon-sun: 09:00-18:00}}\n", "utf-8"
    )
    shown = huiyin("due", "2026-10-01T17:00", "2 working hours", "--calendar", f"{file}:desk")
    assert shown.stdout.splitlines()[0] == "2026-10-02T10:00:00+08:00"
    assert huiyin("due", "2026-10-01T17:00", "1 hour", "--calendar", f"{file}:other").exit_code == 2


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [("calendars: [desk]", 2, "has no calendar `desk`"), ("calendars:", 2, "has no calendar `desk`"),
     ("calendars: {desk: {timezone: UTC, exceptions: [2026-10-08]}}", 1, "`exceptions` maps days to texts"),
     ("calendars: {desk: {timezone: UTC, exceptions: }}", 1, "`exceptions` maps days to texts"),
     ("[" * 5000, 2, "cannot read")],
)  # fmt: skip
@pytest.mark.parametrize("beside", [(), ("--exception", "2026-10-09=closed")])
def test_a_file_that_is_no_calendar_is_refused(
    tmp_path: Path, beside: tuple[str, ...], text: str, code: int, said: str
) -> None:
    """Also where an exception is said beside one that the file has in no form at all."""
    file = tmp_path / "plan.yaml"
    file.write_text(text, "utf-8")
    refused = huiyin("due", "2026-10-01T17:00", "1 hour", "--calendar", f"{file}:desk", *beside)
    assert (refused.exit_code, refused.stdout) == (code, "")
    assert said in refused.stderr


def test_between_from_a_terminal() -> None:
    assert huiyin("between", "2026-09-30T10:00", "2026-10-08T10:00").stdout == "7 working hours 30 minutes\n"
    assert huiyin("between", "2026-10-08T10:00", "2026-09-30T10:00").stdout == "-7 working hours 30 minutes\n"
    assert huiyin("between", "2026-09-30T10:00", "2026-10-08T10:00", "--json").stdout == '{"seconds": 27000}\n'


@pytest.mark.parametrize("words", [("due", "2026-09-30T10:00", "3 days"), ("between", "now", "2026-10-08T10:00")])
def test_what_cannot_be_answered_ends_with_1(words: tuple[str, ...]) -> None:
    refused = huiyin(*words)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr
    assert list(json.loads(huiyin(*words, "--json").stdout)) == ["error"]


@pytest.mark.parametrize(
    "words",
    [("due",), ("due", "2026-09-30T10:00"), ("due", "2026-09-30", "1 hour", "--jsonl"), ("due", "--jsonl", "--holidays", "CN"),
     ("between", "2026-09-30"), ("show",), ("show", "october"), ("show", "2026-13"), ("show", "1066"),
     ("due", "2026-09-30", "1 hour", "--hours", "9-18"), ("due", "2026-09-30", "1 hour", "--calendar", "missing.yaml")],
)  # fmt: skip
def test_wrong_use_ends_with_2(words: tuple[str, ...]) -> None:
    assert huiyin(*words).exit_code == 2


def test_a_refusal_in_chinese() -> None:
    assert "工作日还是自然日" in huiyin("due", "2026-09-30T10:00", "3天", "--lang", "zh").stderr
    assert "时刻" in huiyin("due", "昨天", "3个工作日", "--lang", "zh").stderr


# ---- show ----


def test_a_month_with_its_holidays_and_make_up_days_marked() -> None:
    shown = huiyin("show", "2026-10", "--exception", "2026-10-30=closed").stdout
    assert shown.splitlines()[0] == "October 2026 · Asia/Shanghai · CN · published through 2026-12-31"
    assert "    5*    6*    7*    8     9    10+   11-\n" in shown
    assert "* holiday: 1-7 国庆节\n" in shown
    assert "+ make-up day: 10 国庆节调休\n" in shown
    assert "! set by the site: 30 closed\n" in shown
    assert shown.endswith("17 working days, 127 hours 30 minutes open\n")


def test_a_month_in_chinese() -> None:
    shown = huiyin("show", "2026-10", "--lang", "zh").stdout
    assert shown.splitlines()[0] == "2026年10月 · Asia/Shanghai · CN · 已公布至2026-12-31"
    assert "* 节假日：1-7 国庆节\n" in shown
    assert shown.endswith("18个工作日，开放135小时\n")


def test_a_year_has_248_working_days() -> None:
    shown = huiyin("show", "2026").stdout
    assert "248 working days" in shown
    february = next(line for line in shown.splitlines() if line.startswith("February"))
    assert "*15-23 春节" in february
    assert "+14 春节调休; 28 春节调休" in february


def test_what_is_not_published_is_not_shown_in_silence() -> None:
    assert "provisional" in huiyin("show", "2027-01").stdout
    assert "暂定" in huiyin("show", "2027", "--lang", "zh").stdout
    assert "provisional" not in huiyin("show", "2026-12").stdout


def test_a_month_in_json() -> None:
    shown = json.loads(huiyin("show", "2026-10", "--json").stdout)
    assert (shown["working_days"], shown["seconds"], shown["published_through"]) == (18, 486_000, "2026-12-31")
    assert shown["days"][9] == {
        "date": "2026-10-10", "kind": "makeup", "name": "国庆节调休", "open": [["09:00", "12:00"], ["13:30", "18:00"]],
    }  # fmt: skip


# ---- as a program ----


def test_help_imports_neither_the_calendars_nor_their_data() -> None:
    look = "import sys; from engine.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(shown.stdout.splitlines()[-1].split())
    assert not {"engine.worktime", "holidays", "yaml", "pydantic", "engine.cli.calendar"} & loaded


def test_each_line_is_answered_before_the_next_is_asked() -> None:
    """Another program may keep it running and ask as it goes."""
    question = json.dumps({"id": 1, "calendar": OFFICE, "start": "2026-09-30T10:00", "limit": "1 hour"}) + "\n"
    command = [sys.executable, str(ROOT / "cli.py"), "calendar", "due", "--jsonl"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for _ in range(2):
            running.stdin.write(question)
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["due"] == "2026-09-30T11:00:00+08:00"
        running.stdin.close()
        assert running.wait(timeout=10) == 0


def test_a_limit_that_says_no_days_is_an_error_with_its_mend() -> None:
    refused = huiyin("due", "2026-09-30T10:00", "3 days")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: `3 days` does not say which days: write `3 calendar days`")
    assert huiyin("due", "2026-09-30T10:00", "3 days", lang="zh_CN.UTF-8").stderr.startswith("错误：")
