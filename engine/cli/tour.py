"""`make run`: a shipped site is checked, the shipped scenarios are played, and one of them is told as a timeline."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine import __version__
from engine.cli.common import default_language

if TYPE_CHECKING:
    from engine.policy import Loaded
    from engine.sim import Result
    from engine.worktime import Lang

SITE: Final = "lakeside"
#: The part of a file name by which the scenario to tell is found.
STORY: Final = "national-day"


def tour(today: date, lang: Lang) -> int:
    """The whole tour on standard output; 1 where a shipped file is not as it should be."""
    from engine.policy import load, shipped_policies
    from engine.sim import Runner, scenario_files

    shelf = shipped_policies()
    site = _near(shelf / "sites" / f"{SITE}.yaml")
    checked = load(site, today=today, name=str(site))
    click.echo(f"Huiyin 回音 {__version__}: {_words('promise', lang)}\n")
    _heading(1, "check", lang, f"check {site}")
    for line in _plan_lines(checked, lang):
        click.echo(f"   {line}")

    runner = Runner(today)
    results = [runner.run(_near(path)) for path in scenario_files([shelf / "scenarios"])]
    failed = [result for result in results if not result.passed]
    click.echo()
    _heading(2, "test", lang, f"test {_near(shelf / 'scenarios')}")
    click.echo(f"   {_words('played', lang).format(played=len(results), passed=len(results) - len(failed))}")
    for result in failed:
        click.echo(f"   FAIL {result.path}")

    story = next((result for result in results if STORY in result.path.stem and result.performance), None)
    if story is not None:
        _tell(story, lang)
    click.echo(f"\n{_words('next', lang)}")
    for command in _next_commands(site, story):
        click.echo(f"   {command}")
    return 1 if checked.plan is None or failed else 0


def _tell(story: Result, lang: Lang) -> None:
    from engine.sim import timeline

    assert story.performance is not None
    click.echo()
    _heading(3, "simulate", lang, f"simulate {story.path}")
    for line in timeline(story.performance, lang):
        click.echo(f"   {line}".rstrip())


def _plan_lines(checked: Loaded, lang: str) -> list[str]:
    """What the site's plan is made of, and what is wrong with it."""
    from engine.policy import render, summary

    lines = []
    if (plan := checked.plan) is not None:
        layers = " → ".join(layer.name for layer in checked.layers)
        counts = {
            "roles": plan.roles,
            "categories": plan.categories,
            "deadlines": plan.deadlines,
            "duties": plan.duties,
            "figures": plan.figures,
        }
        said = ", ".join(f"{len(what)} {_words(name, lang)}" for name, what in counts.items())
        lines = [f"{plan.title}: {layers}", said]
    errors = [one for one in checked.diagnostics if one.severity == "error"]
    return [*lines, *render(errors, lang).splitlines(), summary(checked.diagnostics, lang)]


def _next_commands(site: Path, story: Result | None) -> list[str]:
    huiyin = _program()
    commands = [f"{huiyin} show {site}", f"{huiyin} init my-site"]
    if story is None:
        return commands
    return [f'{huiyin} explain due arrive --scenario {story.path} --at "2026-09-30 20:30"', *commands]


def _heading(number: int, what: str, lang: str, command: str) -> None:
    click.echo(f"{number}. {_words(what, lang)}   $ huiyin {command}")


def _program() -> str:
    """How `huiyin` is called from here: by its name if the shell knows it, else by its place beside this Python."""
    beside = Path(sys.executable).parent / "huiyin"
    return "huiyin" if shutil.which("huiyin") or not beside.exists() else str(_near(beside))


def _near(path: Path) -> Path:
    """A path as seen from here, if it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _words(name: str, lang: str) -> str:
    from engine.policy import Words

    words: dict[str, Words] = {
        "promise": Words(
            "every matter has somebody who answers for it, every matter gets its answer.", "件件有着落，事事有回音。"
        ),
        "check": Words("A site is checked: everything that can be proved of its plan.", "检查一个项目的方案"),
        "test": Words("The shipped scenarios are played.", "推演随附的场景"),
        "simulate": Words("One of them, told.", "其中一个场景的时间线"),
        "played": Words("{played} played, {passed} as written", "推演 {played} 个，{passed} 个与所写一致"),
        "next": Words("Try next", "接下来可以试试"),
        "roles": Words("roles", "个角色"),
        "categories": Words("categories", "个类别"),
        "deadlines": Words("deadlines", "个时限"),
        "duties": Words("duties", "项例行工作"),
        "figures": Words("figures", "个指标"),
    }
    return words[name].in_(lang)


if __name__ == "__main__":
    from engine.runtime import today

    sys.exit(tour(today(), "zh" if default_language() == "zh" else "en"))
