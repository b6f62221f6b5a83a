"""`huiyin db`: the file that everything is in: its schema, copies of it, whether it is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click

from engine.cli.audit import tell
from engine.cli.files import NAME, data_option, said

TEXTS: Final = {
    "migrated": ("{file} was brought up to date: {names}", "{file} 已升级：{names}"),
    "current": ("{file} is up to date", "{file} 已是最新"),
    "copied": ("{file} was copied to {target}, {size} bytes, and checked",
               "{file} 已备份到 {target}，{size} 字节，并已校验"),
    "restored": ("{file} is what {source} was", "{file} 已恢复为 {source}"),
    "aside": ("what it was before lies in {aside}", "原来的文件在 {aside}"),
}  # fmt: skip


@click.group("db")
def command() -> None:
    """The database file."""


@command.command("migrate")
@data_option
def migrate_command(data: Path, as_json: bool, lang: str) -> None:
    """Bring the file to the schema of this version, whole or not at all. Stop the daemon and make a backup before."""
    from engine.store import migrate

    with said():
        names = migrate(data / NAME)
    name = "migrated" if names else "current"
    _tell({"migrations": names}, as_json, _say(name, lang, file=data / NAME, names=", ".join(names)))


@command.command("backup")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@data_option
def backup_command(target: Path, data: Path, as_json: bool, lang: str) -> None:
    """Copy the file, also while a daemon writes to it. The copy is one state of it, complete and checked."""
    from engine.store import backup_file

    with said():
        backup_file(data / NAME, target)
    size = target.stat().st_size
    _tell(
        {"target": str(target), "size": size}, as_json, _say("copied", lang, file=data / NAME, target=target, size=size)
    )


@command.command("restore")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
def restore_command(source: Path, data: Path, as_json: bool, lang: str) -> None:
    """Put a backup in the place of the file, if the backup is whole and no daemon runs. The file is moved aside."""
    from engine.store import restore

    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with said():
        aside = restore(source, data / NAME)
    lines = [_say("restored", lang, file=data / NAME, source=source)]
    lines += [_say("aside", lang, aside=aside)] if aside is not None else []
    _tell({"aside": str(aside) if aside is not None else None}, as_json, *lines)


@command.command("verify")
@data_option
def verify_command(data: Path, as_json: bool, lang: str) -> None:
    """Whether the file and all that is written in it are whole: the same as `huiyin audit verify`."""
    from engine.store import verify_file

    with said():
        damages = verify_file(data / NAME)
    tell(damages, [], as_json, lang)


def _say(name: str, lang: str, **values: Any) -> str:
    return TEXTS[name][lang == "zh"].format(**values)


def _tell(value: dict[str, Any], as_json: bool, *lines: str) -> None:
    click.echo(json.dumps(value, ensure_ascii=False) if as_json else "\n".join(lines))
