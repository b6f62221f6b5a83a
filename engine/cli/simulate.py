"""`huiyin simulate`: a scenario as a readable timeline."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.common import date_option, language_option
from engine.cli.plans import only_scenarios

if TYPE_CHECKING:
    from engine.worktime import Lang


@click.command("simulate")
@click.argument("scenario", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Every event, one object a line.")
@date_option
@language_option
def command(scenario: Path, as_json: bool, today: date | None, lang: Lang) -> None:
    """Play a scenario and print its timeline, whatever the file expects."""
    from engine.policy import render
    from engine.runtime import today as wall_today
    from engine.sim import Runner, event_lines, timeline

    only_scenarios([scenario], lang)
    result = Runner(today or wall_today()).run(scenario)
    if result.performance is None:
        click.echo(render(tuple(result.diagnostics), lang, color=sys.stdout.isatty()), err=True)
        sys.exit(1)
    if as_json:
        for line in event_lines(result.performance):
            click.echo(json.dumps(line, ensure_ascii=False))
    else:
        for text in timeline(result.performance, lang):
            click.echo(text)
