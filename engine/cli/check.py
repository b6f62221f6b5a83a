"""`huiyin check`: every mistake of a policy, at its place, with a remedy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.common import date_option, language_option
from engine.cli.errors import CallError
from engine.cli.plans import policy_files

if TYPE_CHECKING:
    from engine.policy import Diagnostic


@click.command("check")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", help="How to print.")
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--strict", is_flag=True, help="Warnings fail, too.")
@date_option
@language_option
def command(paths: tuple[Path, ...], form: str, as_json: bool, strict: bool, today: date | None, lang: str) -> None:
    """Check policy files, and the ones in folders: everything at once. Layers are checked in what mixes them in."""
    from engine.policy import render, render_github, render_json, summary

    files = list(_policy_files(paths))
    if not files:
        raise CallError(
            "no policy files there: a policy file has a line `policy: …`",
            "那里没有方案文件：方案文件有一行 `policy: …`",
        )
    found = _check(files, today)
    match "json" if as_json else form:
        case "json":
            click.echo(render_json(found))
        case "github":
            click.echo(render_github(found, lang), nl=False)
        case _:
            if found:
                click.echo(render(found, lang, color=sys.stdout.isatty()))
            click.echo(f"{len(files)} 个文件：{summary(found, lang)}" if lang == "zh" else _said(files, summary(found)))
    worst = {one.severity for one in found}
    sys.exit(1 if "error" in worst or (strict and "warning" in worst) else 0)


def _check(files: list[Path], today: date | None) -> tuple[Diagnostic, ...]:
    """What is wrong in the files, each mistake once, also where several of them build on the same layer."""
    from engine.policy import in_order, load
    from engine.runtime import today as wall_today

    loaded = {path.resolve(): load(path, today=today or wall_today(), name=str(path)) for path in files}
    mixed_in = {
        layer.source.path.resolve() for one in loaded.values() for layer in one.layers[:-1] if layer.source.path
    }
    return in_order(
        found for path, one in loaded.items() if not (one.layer and path in mixed_in) for found in one.diagnostics
    )


def _policy_files(paths: tuple[Path, ...]) -> Iterator[Path]:
    """Files as named; of folders those that say `policy:` and are no scenario."""
    for path in paths:
        if path.is_file():
            yield path
            continue
        yield from policy_files(path)


def _said(files: list[Path], words: str) -> str:
    return f"{len(files)} file{'s' if len(files) > 1 else ''}: {words}"
