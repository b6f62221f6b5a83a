"""`huiyin test`: play scenario files, strictly."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.common import date_option, language_option
from engine.cli.errors import CallError
from engine.cli.plans import only_scenarios

if TYPE_CHECKING:
    from engine.sim import Failure
    from engine.worktime import Lang


@click.command("test")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--update", is_flag=True, help="Write what happened into the files, for review.")
@click.option("--coverage", is_flag=True, help="Which rules, rungs, moves and states the scenarios showed.")
@click.option("--all", "show_all", is_flag=True, help="The whole picture of each failure, equal steps too.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write a JUnit report to this file.")
@click.option("--json", "as_json", is_flag=True, help="Results for machines.")
@date_option
@language_option
def command(
    paths: tuple[Path, ...],
    update: bool,
    coverage: bool,
    show_all: bool,
    junit: Path | None,
    as_json: bool,
    today: date | None,
    lang: Lang,
) -> None:
    """Play scenario files: everything that happens must be listed. Exit 1 when one fails."""
    from engine.policy import as_json as as_object
    from engine.policy import render
    from engine.runtime import today as wall_today
    from engine.sim import Result, Runner, failure_lines, failures, scenario_files, update_file, write_junit
    from engine.sim import coverage as covered

    only_scenarios(paths, lang)
    files = list(scenario_files(paths))
    if not files:
        raise CallError(
            "no scenario files there: a scenario file has a line `scenario: …`",
            "那里没有场景文件：场景文件有一行 `scenario: …`",
        )
    runner = Runner(today or wall_today())
    results: list[Result] = []
    for file in files:
        result = runner.run(file)
        if update and result.performance is not None and not result.passed:
            update_file(result.performance, file)
            result = runner.run(file)
        results.append(result)
        if not as_json and not result.passed:
            if result.performance is None:
                click.echo(render(tuple(result.diagnostics), lang, color=sys.stdout.isatty()))
            else:
                for line in failure_lines(result, lang, show_all):
                    click.echo(line)
    passed = sum(result.passed for result in results)
    failed = len(results) - passed
    rules = covered((result.path, result.performance) for result in results if result.performance is not None)
    if as_json:
        answer: dict[str, object] = {
            "scenarios": [
                {
                    "file": result.path.as_posix(),
                    "title": result.performance.scenario.title if result.performance else "",
                    "passed": result.passed,
                    "differences": [_difference(one) for one in failures(result.performance)]
                    if result.performance
                    else None,
                    "mistakes": [as_object(one) for one in result.diagnostics],
                }
                for result in results
            ],
            "passed": passed,
            "failed": failed,
        }
        if coverage:
            answer["rules"] = {
                id: {"element": one.element, "scenarios": list(one.scenarios)} for id, one in rules.items()
            }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        if coverage:
            missing = [f"{id} ({one.element})" for id, one in rules.items() if not one.scenarios]
            click.echo(f"rules shown: {len(rules) - len(missing)} of {len(rules)}")
            for one in missing:
                click.echo(f"  never shown: {one}")
        click.echo(f"{passed} 个通过，{failed} 个失败" if lang == "zh" else f"{passed} passed, {failed} failed")
    if junit is not None:
        try:
            write_junit(results, junit)
        except OSError as fault:
            raise CallError(f"cannot write {junit}: {fault.strerror}", f"无法写入 {junit}：{fault.strerror}") from None
    sys.exit(1 if failed else 0)


def _difference(one: Failure) -> dict[str, object]:
    """For machines: where the scenario says otherwise than it came, what was expected there, and what was seen."""
    from engine.policy import as_json

    said = {name: {"en": words.en, "zh": words.zh} for name, words in (("expected", one.expected), ("got", one.got))}
    return as_json(one.found) | said
