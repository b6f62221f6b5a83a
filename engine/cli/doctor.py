"""`huiyin doctor`: what would go wrong with a daemon here, each with its remedy."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal, NamedTuple
from zoneinfo import TZPATH

import click

from engine.cli.files import NAME, data_option

#: SQLite before this may lose what a checkpoint raced with, when several connections write.
SQLITE: Final = (3, 51, 3)
SPACE: Final = 1 << 30  #: bytes that should be free
ZONES_AGE: Final = 2  #: years after which time zones are taken for old
MARKS: Final = {"ok": "✓", "warn": "!", "bad": "✗"}


class Line(NamedTuple):
    """What was looked at, how it is, and what to do about it, in English and Chinese."""

    what: str
    status: Literal["ok", "warn", "bad"]
    said: str
    remedy: tuple[str, str] = ("", "")


@click.command("doctor")
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Settings of the daemon.")
@click.option("--strict", is_flag=True, help="Warnings fail, too.")
@data_option
def command(config: Path | None, strict: bool, data: Path, as_json: bool, lang: str) -> None:
    """Look at versions, data folder, database, clock and settings. Exit 1 if something keeps a daemon from running."""
    from engine.runtime import now, today

    if config is not None:
        data = _data_of(config) or data
    lines = [*_versions(today()), *_folder(data), *_database(data, now()), *_settings(config)]
    if as_json:
        click.echo(json.dumps([one._asdict() for one in lines], ensure_ascii=False, indent=2))
    else:
        for one in lines:
            click.echo(f"{MARKS[one.status]} {one.what:<10}  {one.said}")
            if one.remedy[lang == "zh"]:
                click.echo(f"  {'→':<10}  {one.remedy[lang == 'zh']}")
    found = {one.status for one in lines}
    raise SystemExit(1 if "bad" in found or (strict and "warn" in found) else 0)


def _versions(day: date) -> Iterator[Line]:
    old = sqlite3.sqlite_version_info < SQLITE
    remedy = (
        "3.51.3 mends a rare loss when a log is reset; Huiyin's only writer avoids it, so let no other program write",
        "3.51.3 修复了重置日志时罕见的数据丢失；本程序只有一个写入者，不受影响，但不要让其他程序写这个文件",
    )
    yield Line("sqlite", "warn" if old else "ok", sqlite3.sqlite_version, remedy if old else ("", ""))
    zones = _zones()
    old = not zones[:4].isdecimal() or day.year - int(zones[:4]) >= ZONES_AGE
    remedy = ("update the package tzdata of the system, or of Python", "请更新系统或 Python 的 tzdata")
    yield Line("time zones", "warn" if old else "ok", zones, remedy if old else ("", ""))
    yield _days(day)


def _zones() -> str:
    """The version of the time zones that are used: of the system, else of the package."""
    for folder in TZPATH:
        if (file := Path(folder) / "tzdata.zi").is_file():
            with file.open(encoding="utf-8") as lines:
                return lines.readline().removeprefix("# version").strip()
    return version("tzdata")


def _days(day: date) -> Line:
    from engine.worktime import official_days

    through = official_days(("CN",)).codes["CN"].published_through
    said = f"CN through {through}"
    if through is None or (through - day).days > 31:
        return Line("days off", "ok", said)
    remedy = (
        "update the package `holidays`, or publish the notice yourself: `huiyin policy days FILE`",
        "请更新 holidays 包，或自行发布放假通知：`huiyin policy days 文件`",
    )
    return Line("days off", "warn", said, remedy)


def _folder(data: Path) -> Iterator[Line]:
    if not data.is_dir():
        yield Line("data", "warn", f"{data} is not there", ("`huiyin serve` makes it", "`huiyin serve` 会创建"))
        return
    mode, mine = data.stat().st_mode & 0o777, data.stat().st_uid == os.geteuid()
    said = f"{data} {mode:o}"
    if not mine or not os.access(data, os.W_OK):
        remedy = ("run as the user whom the folder belongs to", "请用该文件夹的所有者运行")
        yield Line("data", "bad", said, remedy)
    elif mode & 0o077:
        yield Line(
            "data", "warn", said, (f"others may look in: chmod 700 {data}", f"其他用户可以读取：chmod 700 {data}")
        )
    else:
        yield Line("data", "ok", said)
    free = shutil.disk_usage(data).free
    remedy = ("make room: when the disk is full, nothing is accepted", "请清理磁盘：磁盘写满后不再受理任何操作")
    yield Line("disk", "ok" if free >= SPACE else "bad", f"{free >> 20} MB free", remedy if free < SPACE else ("", ""))


def _database(data: Path, now: int) -> Iterator[Line]:
    from engine.store import StoreError, check_up

    if not (data / NAME).is_file():
        return
    try:
        found = check_up(data / NAME)
    except StoreError as error:
        remedy = (
            "see `huiyin db verify`; a backup is put back by `huiyin db restore`",
            "请运行 `huiyin db verify`，或用 `huiyin db restore` 恢复备份",
        )
        yield Line("database", "bad", str(error), remedy)
        return
    said = f"{found.size >> 20} MB, schema {found.schema} of {found.needed}"
    if found.schema == found.needed:
        yield Line("database", "ok", said)
    elif found.schema > found.needed:
        remedy = (
            "a newer version wrote it: install that one, or put back a backup of before by `huiyin db restore`",
            "由更新的版本写入：请安装该版本，或用 `huiyin db restore` 恢复升级前的备份",
        )
        yield Line("database", "bad", said, remedy)
    else:
        remedy = ("back it up, then `huiyin db migrate`", "先备份，再运行 `huiyin db migrate`")
        yield Line("database", "bad", said, remedy)
    yield Line("daemon", "ok", "runs" if found.in_use else "does not run")
    if found.stamp > now:
        remedy = (
            "set the clock: until then nothing new gets an instant of its own",
            "请校准时钟：在此之前新操作的时间都停在原处",
        )
        yield Line("clock", "bad", f"{found.stamp - now} s behind what is written", remedy)
    else:
        yield Line("clock", "ok", "not behind what is written")


def _settings(config: Path | None) -> Iterator[Line]:
    from engine.policy import failed, load
    from engine.server import ConfigError, read_config
    from engine.server.config import channels_of, stray_routes

    if config is None:
        return
    try:
        settings = read_config(config)
    except (ConfigError, OSError) as error:
        yield Line("settings", "bad", str(error))
        return
    yield Line("settings", "ok", str(config))
    channels = {}
    for path in settings.sites:
        remedy = (f"huiyin check {path}", f"huiyin check {path}")
        loaded = load(path)
        if loaded.plan is None or failed(loaded.diagnostics):
            yield Line("policy", "bad", f"{path} has mistakes", remedy)
        else:
            channels[path.stem] = channels_of(loaded.plan)
            yield Line("policy", "ok", str(path))
    remedy = ("mend the name in the settings, or in the policy", "请更正设置或政策中的名称")
    for stray in stray_routes(settings, channels):
        yield Line("routes", "warn", stray, remedy)


def _data_of(config: Path) -> Path | None:
    from engine.server import ConfigError, read_config

    try:
        return read_config(config).data
    except (ConfigError, OSError):
        return None
