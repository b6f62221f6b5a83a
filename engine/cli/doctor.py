"""`huiyin doctor`: what would go wrong with a daemon here, each with its remedy."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from zoneinfo import TZPATH

import click

from engine.cli.files import NAME, data_option
from engine.policy import Words

if TYPE_CHECKING:
    from engine.policy import Diagnostic
    from engine.server import Config, ConfigError
    from engine.store import Revision

NOTHING: Final = Words("", "")
#: SQLite before this may lose what a checkpoint raced with, when several connections write.
SQLITE: Final = (3, 51, 3)
SPACE: Final = 1 << 30  #: bytes that should be free
SEVERAL: Final = 3  #: mistakes of one policy that are told
ZONES_AGE: Final = 2  #: years after which time zones are taken for old
MARKS: Final = {"ok": "✓", "warn": "!", "bad": "✗"}


class Line(NamedTuple):
    """What was looked at, how it is, and what to do about it."""

    what: str
    status: Literal["ok", "warn", "bad"]
    said: Words
    remedy: Words = NOTHING


@click.command("doctor")
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Settings of the daemon.")
@click.option("--strict", is_flag=True, help="Warnings fail, too.")
@data_option
def command(config: Path | None, strict: bool, data: Path, as_json: bool, lang: str) -> None:
    """Look at versions, data folder, database, clock and settings. Exit 1 if something keeps a daemon from running."""
    from engine.runtime import today

    settings = _read(config) if config is not None else None
    if settings is None:
        place: Path | None = data
    else:  # known though something else in them may be wrong
        place = None if isinstance(settings, OSError) else settings.data
    lines = [*_versions(today()), *(_kept(place) if place is not None else ()), *_settings(config, settings)]
    if as_json:
        told = [{**one._asdict(), "said": one.said.in_(lang), "remedy": one.remedy.in_(lang)} for one in lines]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for one in lines:
            click.echo(f"{MARKS[one.status]} {one.what:<10}  {one.said.in_(lang)}")
            if remedy := one.remedy.in_(lang):
                click.echo(f"  {'→':<10}  {remedy}")
    found = {one.status for one in lines}
    raise SystemExit(1 if "bad" in found or (strict and "warn" in found) else 0)


def _same(text: object) -> Words:
    """What is said the same in every language."""
    return Words(str(text), str(text))


# ---- versions --------------------------------------------------------------------------------------------------------


def _versions(day: date) -> Iterator[Line]:
    old = sqlite3.sqlite_version_info < SQLITE
    remedy = Words(
        "3.51.3 mends a rare loss when a log is reset; Huiyin's only writer avoids it, so let no other program write",
        "3.51.3 修复了重置日志时罕见的数据丢失；本程序只有一个写入者，不受影响，但不要让其他程序写这个文件",
    )
    yield Line("sqlite", "warn" if old else "ok", _same(sqlite3.sqlite_version), remedy if old else NOTHING)
    zones = _zones()
    old = not zones[:4].isdecimal() or day.year - int(zones[:4]) >= ZONES_AGE
    remedy = Words("update the package tzdata of the system, or of Python", "请更新系统或 Python 的 tzdata")
    yield Line("time zones", "warn" if old else "ok", _same(zones), remedy if old else NOTHING)
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
    said = Words(f"CN through {through}", f"中国，公布至 {through}")
    if through is None or (through - day).days > 31:
        return Line("days off", "ok", said)
    remedy = Words(
        "update the package `holidays`, or publish the notice yourself: `huiyin policy days FILE`",
        "请更新 holidays 包，或自行发布放假通知：`huiyin policy days 文件`",
    )
    return Line("days off", "warn", said, remedy)


# ---- what is kept ----------------------------------------------------------------------------------------------------


def _kept(data: Path) -> Iterator[Line]:
    """The data folder, the disk that it is on, and the database."""
    from engine.runtime import now

    if not data.is_dir():
        yield _absent(data)
        return
    lines = list(_folder(data))
    yield from lines
    yield _disk(data)
    if all(line.status != "bad" for line in lines):  # what may not be read is not taken for damaged
        yield from _database(data, now())


def _absent(data: Path) -> Line:
    """A folder that a daemon makes when it starts, if it may."""
    said = Words(f"{data} is not there", f"{data} 不存在")
    there = next(folder for folder in data.absolute().parents if folder.is_dir())
    if os.access(there, os.W_OK):
        return Line("data", "warn", said, Words("`huiyin serve` makes it", "`huiyin serve` 会创建"))
    remedy = Words(
        f"nor may it be made in {there}: make it, and give it to the user who runs the daemon",
        f"也无权在 {there} 中创建：请创建该文件夹，并归运行守护进程的用户所有",
    )
    return Line("data", "bad", said, remedy)


def _folder(data: Path) -> Iterator[Line]:
    mode, mine = data.stat().st_mode & 0o777, data.stat().st_uid == os.geteuid()
    said = _same(f"{data} {mode:o}")
    if not mine or not os.access(data, os.W_OK):
        remedy = Words("run as the user whom the folder belongs to", "请用该文件夹的所有者运行")
        yield Line("data", "bad", said, remedy)
        return
    for path in [*(data / f"{NAME}{end}" for end in ("", "-wal", "-shm", ".lock")), data / "evidence"]:
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            owner = path.owner()
            whose = Words(f"{path} belongs to {owner}", f"{path} 属于 {owner}")
            yield Line("data", "bad", whose, _same(f"chown -R {data.owner()}: {path}"))
    if mode & 0o077:
        remedy = Words(f"others may look in: chmod 700 {data}", f"其他用户可以读取：chmod 700 {data}")
        yield Line("data", "warn", said, remedy)
    else:
        yield Line("data", "ok", said)


def _disk(data: Path) -> Line:
    free = shutil.disk_usage(data).free
    said = Words(f"{free >> 20} MB free", f"剩余 {free >> 20} MB")
    remedy = Words("make room: when the disk is full, nothing is accepted", "请清理磁盘：磁盘写满后不再受理任何操作")
    return Line("disk", "ok", said) if free >= SPACE else Line("disk", "bad", said, remedy)


def _database(data: Path, now: int) -> Iterator[Line]:
    from engine.store import StoreError, check_up

    if not (data / NAME).is_file():
        return
    try:
        found = check_up(data / NAME)
    except StoreError as error:
        remedy = Words(
            "see `huiyin db verify`; a backup is put back by `huiyin db restore`",
            "请运行 `huiyin db verify`，或用 `huiyin db restore` 恢复备份",
        )
        yield Line("database", "bad", Words(str(error), error.zh), remedy)
        return
    said = Words(
        f"{found.size >> 20} MB, schema {found.schema} of {found.needed}",
        f"{found.size >> 20} MB，结构版本 {found.schema}/{found.needed}",
    )
    if found.schema == found.needed:
        yield Line("database", "ok", said)
    elif found.schema > found.needed:
        remedy = Words(
            "a newer version wrote it: install that one, or put back a backup of before by `huiyin db restore`",
            "由更新的版本写入：请安装该版本，或用 `huiyin db restore` 恢复升级前的备份",
        )
        yield Line("database", "bad", said, remedy)
    else:
        remedy = Words("back it up, then `huiyin db migrate`", "先备份，再运行 `huiyin db migrate`")
        yield Line("database", "bad", said, remedy)
    yield from _gone_by(data)
    yield Line("daemon", "ok", Words("runs", "正在运行") if found.in_use else _STANDS)
    if found.stamp > now:
        remedy = Words(
            "set the clock: until then nothing new gets an instant of its own",
            "请校准时钟：在此之前新操作的时间都停在原处",
        )
        behind = found.stamp - now
        yield Line("clock", "bad", Words(f"{behind} s behind what is written", f"比已写入的记录慢 {behind} 秒"), remedy)
    else:
        yield Line("clock", "ok", Words("not behind what is written", "不早于已写入的记录"))


def _gone_by(data: Path) -> Iterator[Line]:
    """The policies that open tickets go by and this version does not understand: those tickets would stand still."""
    from engine.runtime import restore
    from engine.store import StoreError, gone_by

    with suppress(StoreError):  # of an old schema: they are looked at once it is migrated
        for revision, tickets in gone_by(data / NAME):
            if not revision.is_whole:
                continue  # `huiyin audit verify` tells what is damaged
            plan, diagnostics, _ = restore(revision)
            if plan is None or plan.version != revision.version:
                yield _not_understood(revision, tickets, diagnostics)


def _not_understood(revision: Revision, tickets: int, diagnostics: Iterable[Diagnostic]) -> Line:
    wrong = [one for one in diagnostics if one.severity == "error"]
    said = Words(
        "revision {n} of {site}, by which {tickets} open tickets go, is not understood: {why}",
        "{site} 的第 {n} 版（{tickets} 张未结工单按它执行）无法理解：{why}",
    )
    remedy = Words(
        "go on with the version before; there apply a policy that both understand, and `huiyin policy migrate`{how}",
        "请先用升级前的版本继续运行：应用两个版本都能理解的政策，并用 `huiyin policy migrate` 迁移这些工单{how}",
    )
    why = _several(_mistake(one) for one in wrong) if wrong else _READ_OTHERWISE
    helps = _several(words for one in wrong for words in one.helps)
    how = Words(". To mend it: {helps}", "。改法：{helps}").format(helps=helps) if helps != NOTHING else NOTHING
    told = said.format(n=revision.number, site=revision.site, tickets=tickets, why=why)
    return Line("revision", "bad", told, remedy.format(how=how))


def _mistake(one: Diagnostic) -> Words:
    at = f"{one.primary.span} [{one.code}]"
    return Words(f"{at} {one.message.en}", f"{at} {one.message.zh}")


def _several(words: Iterable[Words]) -> Words:
    each = tuple(dict.fromkeys(words))
    more = len(each) - SEVERAL
    shown = [*each[:SEVERAL], *([Words(f"and {more} more", f"另有 {more} 处")] if more > 0 else ())]
    return Words("; ".join(one.en for one in shown), "；".join(one.zh for one in shown))


_READ_OTHERWISE: Final = Words("it is read otherwise than before", "读出的内容与升级前不同")
_STANDS: Final = Words("does not run", "未运行")

# ---- settings --------------------------------------------------------------------------------------------------------


def _read(config: Path) -> Config | ConfigError | OSError:
    from engine.server import ConfigError, read_config

    try:
        return read_config(config)
    except (ConfigError, OSError) as error:
        return error


def _settings(config: Path | None, settings: Config | ConfigError | OSError | None) -> Iterator[Line]:
    from engine.server.config import stray_routes

    if settings is None:
        return
    if isinstance(settings, Exception):
        said = _same(settings) if isinstance(settings, OSError) else settings.words
        remedy = Words(
            "mend the file; variables of the service are seen as the install guide starts the doctor",
            "请更正该文件；服务的环境变量按安装说明启动 doctor 才能读到",
        )
        yield Line("settings", "bad", said, remedy)
        return
    yield Line("settings", "ok", _same(config))
    yield from _address(settings)
    channels: dict[str, Collection[str]] = {}
    for path in settings.sites:
        yield _policy(path, channels)
    remedy = Words("mend the name in the settings, or in the policy", "请更正设置或政策中的名称")
    for stray in stray_routes(settings, channels):
        yield Line("routes", "warn", stray, remedy)


def _address(settings: Config) -> Iterator[Line]:
    """Where a daemon would be heard, if none runs yet."""
    from engine.server.place import take
    from engine.store import in_use

    if settings.database.is_file() and in_use(settings.database):
        return
    said = _same(f"{settings.host}:{settings.port}")
    try:
        take(settings.host, settings.port).close()
    except OSError as error:
        remedy = Words(
            f"{error.strerror}: stop what runs there, or give another address as `listen`",
            f"{error.strerror}：请停止占用者，或用 `listen` 指定其他地址",
        )
        yield Line("address", "bad", said, remedy)
    else:
        yield Line("address", "ok", said)


def _policy(path: Path, channels: dict[str, Collection[str]]) -> Line:
    """Whether a site's policy can be run; if so, its channels are put to the others."""
    from engine.policy import failed, load
    from engine.server.config import channels_of

    try:
        loaded = load(path)
    except OSError as error:
        remedy = Words(
            f"{error.strerror}: the user who runs the daemon must be able to read it",
            f"{error.strerror}：运行守护进程的用户必须能读取它",
        )
        return Line("policy", "bad", _same(path), remedy)
    if loaded.plan is None or failed(loaded.diagnostics):
        said = Words(f"{path} has mistakes", f"{path} 有错误")
        return Line("policy", "bad", said, _same(f"huiyin check {path}"))
    channels[path.stem] = channels_of(loaded.plan)
    return Line("policy", "ok", _same(path))
