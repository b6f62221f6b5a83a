"""`huiyin policy`: which policies a site ran by, another one from now on, and open tickets on their way to it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from engine.cli.files import data_option, parts_on

if TYPE_CHECKING:
    from engine.runtime import Change, DueChange, Mode, Service
    from engine.server import Daemon
    from engine.store import Revision

TEXTS: Final = {
    "applied": ("{site} runs by revision {number} ({version}) from now on",
                "{site} 现在执行第 {number} 版（{version}）"),
    "open": ("{count} open tickets keep theirs: `huiyin policy migrate {site} --to {number} --dry-run`",
             "{count} 张未闭环工单仍按原版本：`huiyin policy migrate {site} --to {number} --dry-run`"),
    "same": ("{site} runs by it already", "{site} 已经在执行这个版本"),
    "kept": ("the one before runs on", "仍执行之前的版本"),
    "runs": ("runs", "执行中"),
    "tickets": ("{count} open", "未闭环 {count} 张"),
    "moved": ("due {old} -> {new}", "到期 {old} → {new}"),
    "started": ("starts, due {new}", "开始计时，到期 {new}"),
    "ended": ("ends (was due {old})", "终止（原到期 {old}）"),
    "paused": ("paused", "挂起"),
    "no state": ("not migrated: the new version has no state {detail}; map it with --state {detail}=…",
                 "未迁移：新版本没有状态 {detail}；请用 --state {detail}=… 对应"),
    "no category": ("not migrated: the new version does not have its category", "未迁移：新版本没有这个类别"),
    "closed": ("not migrated: it is closed, and parts of it are open", "未迁移：主工单已闭环，仍有未闭环的分项"),
    "would": ("{count} open tickets would migrate, dues of {moves} would change, {refused} would stay",
              "将迁移 {count} 张未闭环工单，其中 {moves} 张到期变化，{refused} 张不迁移"),
    "did": ("{count} open tickets migrated, dues of {moves} changed, {refused} stayed",
            "已迁移 {count} 张未闭环工单，其中 {moves} 张到期变化，{refused} 张未迁移"),
    "published": ("edition {edition} is published to {sites}", "日历版本 {edition} 已发布到 {sites}"),
}  # fmt: skip


@click.group("policy")
def command() -> None:
    """The policies of sites over time: apply, list, roll back, migrate open tickets, publish day data."""


@command.command("apply")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--why", default="", help="Written down with it.")
@data_option
def apply_command(file: Path, why: str, data: Path, as_json: bool, lang: str) -> None:
    """Run a site by a policy from now on, if it has no mistakes. Open tickets keep the version they were opened by."""
    from engine.policy import render, render_json
    from engine.server import RefusedPolicyError

    with parts_on(data, lang) as daemon:
        try:
            made = daemon.apply(file, getuser(), why)
        except RefusedPolicyError as refused:
            text = render_json(refused.diagnostics) if as_json else render(refused.diagnostics, lang)
            click.echo(text, err=not as_json)
            if not as_json:
                click.echo(_say("kept", lang), err=True)
            raise SystemExit(1) from None
        _tell_applied(daemon, file.stem, made, as_json, lang)


@command.command("list")
@click.argument("site")
@data_option
def list_command(site: str, data: Path, as_json: bool, lang: str) -> None:
    """Every version that a site ran by, the newest last, and how many open tickets are on each."""
    from engine.runtime import show_instant
    from engine.store import revisions_of

    with parts_on(data, lang, site) as daemon:
        service = daemon.engine.services[site]
        found, on = revisions_of(daemon.database, site), _open_tickets(service)
    newest = {revision.version: revision.number for revision in found}
    rows = [
        {
            **_revision(one),
            "open": on[one.version] if newest[one.version] == one.number else 0,
            "runs": one is found[-1],
        }
        for one in found
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        marks = [_say("runs", lang)] if row["runs"] else []
        marks += [_say("tickets", lang, count=row["open"])] if row["open"] else []
        when = show_instant(row["at"], service.site.zone)
        line = f"{row['number']:>4}  {row['version']}  {when}  {row['by']:<10}  {row['why']}  {', '.join(marks)}"
        click.echo(line.rstrip())


@command.command("rollback")
@click.argument("site")
@click.argument("number", type=int)
@click.option("--why", default="", help="Written down with it.")
@data_option
def rollback_command(site: str, number: int, why: str, data: Path, as_json: bool, lang: str) -> None:
    """Run a site by an older revision again, as a new one."""
    with parts_on(data, lang, site) as daemon:
        made = daemon.engine.rollback(site, number, getuser(), why)
        _tell_applied(daemon, site, made, as_json, lang)


@command.command("migrate")
@click.argument("site")
@click.option("--to", required=True, metavar="VERSION", help="Number or version of a revision, as `list` shows it.")
@click.option("--mode", type=click.Choice(["keep", "recompute", "restart"]), default="recompute", show_default=True,
              help="Of deadlines that both versions have: as it is, from its start, from now.")  # fmt: skip
@click.option(
    "--state", "states", multiple=True, metavar="OLD=NEW", help="A state that the new version calls otherwise."
)
@click.option("--ticket", "tickets", multiple=True, metavar="ID", help="Only this one, and its parts.")
@click.option("--dry-run", is_flag=True, help="List what would change, and change nothing.")
@data_option
def migrate_command(
    site: str,
    to: str,
    mode: Mode,
    states: Sequence[str],
    tickets: Sequence[str],
    dry_run: bool,
    data: Path,
    as_json: bool,
    lang: str,
) -> None:
    """Bring open tickets to another version, each whole or not at all. Lists those whose due dates change."""
    from engine.runtime import Migration, migrate, preview

    mapped = _states(states)
    with parts_on(data, lang, site) as daemon:
        service, now = daemon.engine.services[site], daemon.clock()
        migration = Migration(_version(daemon, site, to), mode, states=mapped)
        changes = (preview if dry_run else migrate)(service, migration, now, tickets or None)
    if as_json:
        click.echo(json.dumps([_change(one) for one in changes], ensure_ascii=False, indent=2))
    else:
        for change in changes:
            click.echo(
                "\n".join(_shown(change, service.site.zone, lang)), nl=change.moves or change.refused is not None
            )
        counts = {
            "count": sum(one.refused is None for one in changes),
            "moves": sum(one.moves for one in changes),
            "refused": sum(one.refused is not None for one in changes),
        }
        click.echo(_say("would" if dry_run else "did", lang, **counts))
    raise SystemExit(1 if any(one.refused for one in changes) else 0)


@command.command("days")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", help="Only this one; else all.")
@click.option("--edition", help="What to call it; else the file's name.")
@data_option
def days_command(file: Path, site: str | None, edition: str | None, data: Path, as_json: bool, lang: str) -> None:
    """Publish day data, such as next year's notice of days off: open tickets go by it from now on."""
    from engine.worktime import CalendarError

    with parts_on(data, lang, site) as daemon:
        try:
            sites = daemon.publish_days(edition or file.stem, json.loads(file.read_text(encoding="utf-8")), site)
        except (CalendarError, ValueError) as error:
            raise click.ClickException(f"{file}: {error}") from None
    if as_json:
        click.echo(json.dumps({"edition": edition or file.stem, "sites": sites}, ensure_ascii=False))
    else:
        click.echo(_say("published", lang, edition=edition or file.stem, sites=", ".join(sites)))


# ---- what is printed -------------------------------------------------------------------------------------------------


def _say(name: str, lang: str, **values: Any) -> str:
    return TEXTS[name][lang == "zh"].format(**values)


def _tell_applied(daemon: Daemon, site: str, made: Revision | None, as_json: bool, lang: str) -> None:
    if as_json:
        click.echo(json.dumps(_revision(made) if made is not None else None, ensure_ascii=False))
    elif made is None:
        click.echo(_say("same", lang, site=site))
    else:
        click.echo(_say("applied", lang, site=site, number=made.number, version=made.version))
        on = _open_tickets(daemon.engine.services[site])
        if left := on.total() - on[made.version]:
            click.echo(_say("open", lang, count=left, site=site, number=made.number))


def _revision(one: Revision) -> dict[str, Any]:
    return {name: value for name, value in one._asdict().items() if name != "files"}


def _open_tickets(service: Service) -> Counter[str]:
    """How many open tickets are on each version."""
    from engine.runtime import everything
    from engine.store import Query

    return Counter(row.plan for row in everything(service.store, Query(open=True)))


def _version(daemon: Daemon, site: str, to: str) -> str:
    """The version that a revision's number means; a version as it is."""
    from engine.store import revisions_of

    found = (one.version for one in revisions_of(daemon.database, site) if str(one.number) == to)
    return next(found, to)


def _states(pairs: Sequence[str]) -> dict[str, str]:
    mapped = {}
    for pair in pairs:
        old, is_pair, new = pair.partition("=")
        if not (old and is_pair and new):
            raise click.UsageError(f"--state {pair}: write OLD=NEW")
        mapped[old] = new
    return mapped


def _change(one: Change) -> dict[str, Any]:
    refused = one.refused._asdict() if one.refused is not None else None
    return {**one._asdict(), "dues": [due._asdict() for due in one.dues], "refused": refused}


def _shown(change: Change, zone: ZoneInfo, lang: str) -> Iterator[str]:
    """A ticket whose dues change, or that stays; nothing of the others."""
    if change.refused is not None:
        names: Mapping[str, str] = {"state": "no state", "closed": "closed"}
        why = _say(names.get(change.refused.code, "no category"), lang, detail=change.refused.detail)
        yield f"{change.ticket}  {why}"
    elif change.moves:
        state = change.state if change.state == change.new_state else f"{change.state} -> {change.new_state}"
        yield f"{change.ticket}  {state}"
        yield from (f"  {due.deadline:<16}  {_due(due, zone, lang)}" for due in change.dues if due.what != "kept")


def _due(due: DueChange, zone: ZoneInfo, lang: str) -> str:
    from engine.runtime import show_instant

    old, new = (_say("paused", lang) if at is None else show_instant(at, zone) for at in (due.old, due.new))
    return _say(due.what, lang, old=old, new=new)
