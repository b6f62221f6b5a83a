"""`huiyin serve`: the daemon."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.common import language_option
from engine.cli.errors import CallError, FailedError

if TYPE_CHECKING:
    from engine.server import Config


@click.command("serve")
@click.argument("sites", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of settings.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of the database.")
@click.option("--listen", metavar="HOST:PORT", help="Where to be heard, such as 127.0.0.1:8080.")
@language_option
def command(sites: tuple[Path, ...], config: Path | None, data: Path | None, listen: str | None, lang: str) -> None:
    """Run sites day and night: those named, else those of the settings, else the shipped ones to look at."""
    from engine.policy import render
    from engine.server import RefusedPolicyError, build, run
    from engine.store import StoreError

    settings = _settings(config, sites, data, listen)
    try:
        daemon = build(settings)
    except RefusedPolicyError as refused:
        click.echo(render(refused.diagnostics, "zh" if lang == "zh" else "en"), err=True)
        raise SystemExit(1) from None
    except StoreError as error:
        raise FailedError(str(error), error.zh) from None
    run(daemon)


def _settings(config: Path | None, sites: tuple[Path, ...], data: Path | None, listen: str | None) -> Config:
    from engine.server import Config, ConfigError, parse_listen, read_config, shipped_sites

    try:
        settings = read_config(config) if config else Config(Path("huiyin-data"), shipped_sites())
    except ConfigError as error:
        raise FailedError(error.words.en, error.words.zh) from None
    if sites:
        settings = replace(settings, sites=tuple(map(_policy_file, sites)))
    if data or "HUIYIN_DIR" in os.environ:
        settings = replace(settings, data=data or Path(os.environ["HUIYIN_DIR"]))
    if listen:
        place = parse_listen(listen)
        if place is None:
            raise CallError(
                f"--listen {listen}: write HOST:PORT, such as 127.0.0.1:8080",
                f"--listen {listen}：请写 HOST:PORT，例如 127.0.0.1:8080",
            )
        settings = replace(settings, host=place[0], port=place[1])
    return settings


def _policy_file(named: Path) -> Path:
    """A policy as everywhere: by its file, or by its name where that lies here."""
    there = (named, *(Path(f"{named}{end}") for end in (".yaml", ".yml")))
    found = next((file for file in there if file.is_file()), None)
    if found is None:
        raise CallError(f"there is no policy file {named}", f"没有方案文件 {named}")
    return found
