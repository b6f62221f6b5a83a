"""What is wrong with a call is said in the caller's language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.cli.serve import _settings

CALLS = [
    ("chekc policies", 2, "没有 'chekc' 这个命令。"),
    ("--foo", 2, "没有 '--foo' 这个选项。"),
    ("check --jsno", 2, "没有 '--jsno' 这个选项。是否想写 '--json'？"),
    ("check", 2, "缺少参数 'PATHS...'。"),
    ("check here.yaml", 2, "'PATHS...' 的值有误：'here.yaml' 不存在。"),
    ("check . --at tomorrow", 2, "'--at' 的值有误：'tomorrow' 不符合格式 '%Y-%m-%d'。"),
    ("check . --format odd", 2, "'--format' 的值有误：'odd' 不在可选值之内："),
    ("show residential --lang", 2, "选项 '--lang' 后面须有值。"),
    ("show residential --json=yes", 2, "选项 '--json' 后面不能有值。"),
    ("show residential park", 2, "多余的参数：park"),
    ("show nowhere", 2, "没有方案文件 nowhere"),
    ("test .", 2, "那里没有场景文件"),
    ("explain E999", 2, "没有编号 E999"),
    ("explain value timezne --policy residential", 2, "方案中没有 timezne；是否想写 timezone？"),
    ("explain due response", 2, "请写 --scenario FILE"),
    ("calendar due", 2, "请写 START 和 LIMIT，或用 --jsonl"),
    ("calendar show 20266", 2, "`20266` 不是年份"),
    ("init 9lives", 2, "“9lives”不能作为方案名"),
    ("serve nowhere", 2, "没有方案文件 nowhere"),
    ("serve --listen 80", 2, "--listen 80：请写 HOST:PORT"),
    ("ticket list --limit many", 2, "'--limit' 的值有误：'many' 不是整数。"),
]


@pytest.mark.parametrize(("call", "code", "said"), CALLS, ids=[call for call, _, _ in CALLS])
def test_a_wrong_call_is_answered_in_chinese(call, code, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner(env={"LC_ALL": "zh_CN.UTF-8"}).invoke(main, call.split())
    assert result.exit_code == code
    assert f"错误：{said}" in result.stderr
    assert not re.search(r"\b(?:Error|Usage|Invalid|Missing|Try|the|is|not)\b", result.stderr)


@pytest.mark.parametrize("named", ["park", "park.yaml"])
def test_the_daemon_takes_a_site_by_file_or_by_name(named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("park.yaml").write_text("policy: park")
    assert _settings(None, (Path(named),), None, None).sites == (Path("park.yaml"),)


@pytest.mark.parametrize("asked", [("--lang", "en"), ("--lang=en",)])
def test_the_call_itself_names_the_language_even_where_it_goes_wrong(asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner(env={"LC_ALL": "zh_CN.UTF-8"})
    assert "Error: No such option '--oops'" in runner.invoke(main, ["show", *asked, "--oops"]).stderr
    assert "错误：没有 '--oops' 这个选项。" in runner.invoke(main, ["show", "--lang", "zh", "--oops"]).stderr


def test_a_verb_without_its_command_prints_help_as_before():
    result = CliRunner(env={"LC_ALL": "zh_CN.UTF-8"}).invoke(main, ["calendar"])
    assert result.stderr.startswith("Usage: ")


def test_what_the_world_refuses_is_said_in_chinese_and_ends_with_1(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner(env={"LC_ALL": "zh_CN.UTF-8"})
    assert runner.invoke(main, ["init", "park"]).exit_code == 0
    again = runner.invoke(main, ["init", "park"])
    assert (again.exit_code, again.stderr.strip()) == (1, "错误：park/park.yaml 已存在，没有写入任何文件")
