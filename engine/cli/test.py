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
    from collections.abc import Iterator, Mapping, Sequence

    from engine.policy import Words
    from engine.sim import Failure, Result, Runner, Shown
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
    from engine.runtime import today as wall_today
    from engine.sim import Runner, write_junit
    from engine.sim import coverage as covered

    results = []
    for result in _played(Runner(today or wall_today()), _files(paths, lang), update):
        results.append(result)
        if not (as_json or result.passed):
            _print_failure(result, lang, show_all)
    shown = covered((result.path, result.performance) for result in results if result.performance is not None)
    rules = shown if coverage else None
    if as_json:
        click.echo(json.dumps(_as_json(results, rules), ensure_ascii=False, indent=2))
    else:
        for line in _summary(results, rules):
            click.echo(line.in_(lang))
    if junit is not None:
        try:
            write_junit(results, junit)
        except OSError as fault:
            raise CallError(f"cannot write {junit}: {fault.strerror}", f"无法写入 {junit}：{fault.strerror}") from None
    sys.exit(0 if all(result.passed for result in results) else 1)


def _files(paths: tuple[Path, ...], lang: Lang) -> list[Path]:
    from engine.sim import scenario_files

    only_scenarios(paths, lang)
    files = list(scenario_files(paths))
    if not files:
        raise CallError(
            "no scenario files there: a scenario file has a line `scenario: …`",
            "那里没有场景文件：场景文件有一行 `scenario: …`",
        )
    return files


def _played(runner: Runner, files: list[Path], update: bool) -> Iterator[Result]:
    """Each file as it was played; with `update`, as it is played after what happened was written into it."""
    from engine.sim import update_file

    for file in files:
        result = runner.run(file)
        if update and result.performance is not None and not result.passed:
            update_file(result.performance, file)
            result = runner.run(file)
        yield result


def _print_failure(result: Result, lang: Lang, show_all: bool) -> None:
    from engine.policy import render
    from engine.sim import failure_lines

    if result.performance is None:
        click.echo(render(tuple(result.diagnostics), lang, color=sys.stdout.isatty()))
    else:
        for line in failure_lines(result, lang, show_all):
            click.echo(line)


def _summary(results: Sequence[Result], rules: Mapping[str, Shown] | None) -> Iterator[Words]:
    from engine.policy import Words

    if rules is not None:
        missing = [f"{id} ({one.element})" for id, one in rules.items() if not one.scenarios]
        count = f"{len(rules) - len(missing)}", f"{len(rules)}"
        yield Words("rules shown: {} of {}".format(*count), "{1} 条规则中已演示 {0} 条".format(*count))
        for one in missing:
            yield Words(f"  never shown: {one}", f"  从未演示：{one}")
    passed = sum(result.passed for result in results)
    failed = len(results) - passed
    yield Words(f"{passed} passed, {failed} failed", f"{passed} 个通过，{failed} 个失败")


def _as_json(results: Sequence[Result], rules: Mapping[str, Shown] | None) -> dict[str, object]:
    passed = sum(result.passed for result in results)
    answer = {"scenarios": [_result(one) for one in results], "passed": passed, "failed": len(results) - passed}
    if rules is None:
        return answer
    shown = {id: {"element": one.element, "scenarios": list(one.scenarios)} for id, one in rules.items()}
    return {**answer, "rules": shown}


def _result(result: Result) -> dict[str, object]:
    from engine.policy import as_json
    from engine.sim import failures

    played = result.performance
    return {
        "file": result.path.as_posix(),
        "title": played.scenario.title if played is not None else "",
        "passed": result.passed,
        "differences": [_difference(one) for one in failures(played)] if played is not None else None,
        "mistakes": [as_json(one) for one in result.diagnostics],
    }


def _difference(one: Failure) -> dict[str, object]:
    """For machines: where the scenario says otherwise than it came, what was expected there, and what was seen."""
    from engine.policy import as_json

    said = {name: {"en": words.en, "zh": words.zh} for name, words in (("expected", one.expected), ("got", one.got))}
    return as_json(one.found) | said
