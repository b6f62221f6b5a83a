"""`huiyin people`: the lists of who works at a site and who lives there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from engine.cli.remote import Where, api, remote_options

TEXTS: Final = {
    "staff": (
        "{listed} people in the list; {come} came, {gone} left",
        "名单共 {listed} 人；新增 {come} 人，离开 {gone} 人",
    ),
    "customers": ("{listed} customers in the list", "名单共 {listed} 位客户"),
}


@click.group("people")
def command() -> None:
    """Lists of staff and customers: of a daemon (--url), or of its file while no daemon runs."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", required=True, envvar="HUIYIN_SITE", help="The site whose list it is; or HUIYIN_SITE.")
@remote_options
def import_command(where: Where, as_json: bool, file: Path, site: str) -> None:
    """Take a list in CSV or XLSX, whole or not at all. The headings say whether it lists staff or customers."""
    from engine.runtime import read_file

    with api(where) as line:
        done = line.call("POST", f"/sites/{site}/lists", query={"name": file.name}, raw=read_file(file))
    if as_json:
        click.echo(json.dumps(done, ensure_ascii=False, indent=2))
        return
    counted = {**done, "come": len(done["come"]), "gone": len(done["gone"])}
    click.echo(TEXTS[done["kind"]][where.lang == "zh"].format(**counted))
