"""`huiyin people`: the lists of who works at a site and who lives there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.common import language_option

if TYPE_CHECKING:
    from engine.server import Daemon
    from engine.server.people import Imported

TEXTS = {
    "staff": (
        "{listed} people in the list; {come} came, {gone} left",
        "名单共 {listed} 人；新增 {come} 人，离开 {gone} 人",
    ),
    "customers": ("{listed} customers in the list", "名单共 {listed} 位客户"),
    "refused": ("nothing was taken: {count} mistakes", "没有导入：{count} 处错误"),
}


@click.group("people")
def command() -> None:
    """Lists of staff and customers."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", required=True, help="The site whose list it is.")
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), default="huiyin-data")
@click.option("--json", "as_json", is_flag=True)
@language_option
def import_command(file: Path, site: str, data: Path, as_json: bool, lang: str) -> None:
    """Take a list in CSV or XLSX, whole or not at all. The headings say whether it lists staff or customers."""
    from engine.runtime import read_file
    from engine.server.people import import_list

    with on_file(data, site) as daemon:
        done = import_list(daemon, site, file.name, read_file(file))
    if as_json:
        click.echo(json.dumps(_as_json(done), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_told(done, lang)), err=bool(done.mistakes))
    raise SystemExit(1 if done.mistakes else 0)


@contextmanager
def on_file(data: Path, site: str) -> Iterator[Daemon]:
    """The daemon's parts on its file, while no daemon runs: started for nobody, closed again."""
    from engine.server import open_file
    from engine.store import StoreError

    try:
        daemon = open_file(data)
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    try:
        if site not in daemon.engine.services:
            known = ", ".join(daemon.engine.services)
            raise click.ClickException(f"there is no site {site} in {data}; there are {known}")
        yield daemon
    finally:
        daemon.database.close()


def _told(done: Imported, lang: str) -> Iterator[str]:
    chinese = lang == "zh"
    for mistake in done.mistakes:
        yield mistake.said(lang)
    if done.mistakes:
        yield TEXTS["refused"][chinese].format(count=len(done.mistakes))
    else:
        yield TEXTS[done.kind][chinese].format(listed=done.listed, come=len(done.come), gone=len(done.gone))


def _as_json(done: Imported) -> dict[str, object]:
    return {**done._asdict(), "mistakes": [mistake.as_json() for mistake in done.mistakes]}
