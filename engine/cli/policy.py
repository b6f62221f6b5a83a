"""`huiyin policy`: which policies a site ran by, another one from now on, and open tickets on their way to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from engine.cli.errors import CallError, FailedError
from engine.cli.remote import Where, api, remote_options

TEXTS: Final = {
    "applied": ("{site} runs by revision {number} ({version}) from now on",
                "{site} 现在执行第 {number} 版（{version}）"),
    "open": ("{count} open tickets keep theirs: `huiyin policy migrate {site} --to {number} --dry-run`",
             "{count} 张未闭环工单仍按原版本：`huiyin policy migrate {site} --to {number} --dry-run`"),
    "same": ("{site} runs by it already", "{site} 已经在执行这个版本"),
    "kept": ("the one before runs on", "仍执行之前的版本"),
    "refused": ("the newest file of {site} has mistakes and was refused (`huiyin check` says why); the last below runs",
                "{site} 最新的方案文件有误，未被采用（用 `huiyin check` 查看）；仍执行下列最后一版"),
    "runs": ("runs", "执行中"),
    "moved": ("due {old} -> {new}", "到期 {old} → {new}"),
    "started": ("starts, due {new}", "开始计时，到期 {new}"),
    "ended": ("ends (was due {old})", "终止（原到期 {old}）"),
    "paused": ("paused", "挂起"),
    "no state": ("not migrated: the new version has no state {detail}; map it with --state {detail}=…",
                 "未迁移：新版本没有状态 {detail}；请用 --state {detail}=… 对应"),
    "no category": ("not migrated: the new version does not have its category", "未迁移：新版本没有这个类别"),
    "final": ("not migrated: state {detail} is final in one of the versions only; map it with --state {detail}=…",
              "未迁移：状态 {detail} 只在一个版本中是终态；请用 --state {detail}=… 对应"),
    "unreadable": ("not migrated: nobody can look at it: {detail}", "未迁移：无法查看这张工单：{detail}"),
    "would": ("{count} open tickets would migrate, dues of {moves} would change, {refused} would stay",
              "将迁移 {count} 张未闭环工单，其中 {moves} 张到期变化，{refused} 张不迁移"),
    "did": ("{count} open tickets migrated, dues of {moves} changed, {refused} stayed",
            "已迁移 {count} 张未闭环工单，其中 {moves} 张到期变化，{refused} 张未迁移"),
    "published": ("edition {edition} is published to {sites}", "日历版本 {edition} 已发布到 {sites}"),
}  # fmt: skip

MODES: Final = ("keep", "recompute", "restart")


@click.group("policy")
def command() -> None:
    """The policies of sites over time: apply, list, roll back, migrate open tickets, publish day data."""


@command.command("apply")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--why", default="", help="Written down with it.")
@remote_options
def apply_command(file: Path, why: str, where: Where, as_json: bool) -> None:
    """Run a site by a policy from now on, if it has no mistakes. Open tickets keep the version they were opened by.

    A daemon reads its own file of the site, and only if it says what FILE says.
    """
    from engine.policy import failed, render, render_json
    from engine.runtime import prepare, today

    plan, diagnostics, _ = prepare(file, today())
    if plan is None or failed(diagnostics):
        click.echo(render_json(diagnostics) if as_json else render(diagnostics, where.lang), err=not as_json)
        if not as_json:
            click.echo(_say("kept", where.lang), err=True)
        raise SystemExit(1)
    with api(where, (file,)) as line:
        done = line.call("POST", f"/sites/{plan.id}/policies/reload", {"why": why, "version": plan.version})
    _tell_applied(plan.id, done, as_json, where.lang)


@command.command("list")
@click.argument("site")
@remote_options
def list_command(site: str, where: Where, as_json: bool) -> None:
    """Every version that a site ran by, the newest last, with who applied it when, and why."""
    with api(where) as line:
        answer = line.call("GET", f"/sites/{site}/policies")
    found = answer["policies"]
    if answer["refused"]:
        click.echo(_say("refused", where.lang, site=site), err=True)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for one in found:
        runs = _say("runs", where.lang) if one is found[-1] else ""
        said = f"{one['number']:>4}  {one['version']}  {_instant(one['at'])}  {one['by']:<10}  {one['why']}  {runs}"
        click.echo(said.rstrip())


@command.command("rollback")
@click.argument("site")
@click.argument("number", type=click.IntRange(1))
@click.option("--why", default="", help="Written down with it.")
@remote_options
def rollback_command(site: str, number: int, why: str, where: Where, as_json: bool) -> None:
    """Run a site by an older revision again, as a new one."""
    with api(where) as line:
        done = line.call("POST", f"/sites/{site}/policies/rollback", {"number": number, "why": why})
    _tell_applied(site, done, as_json, where.lang)


@command.command("migrate")
@click.argument("site")
@click.option("--to", required=True, metavar="VERSION", help="Number or version of a revision, as `list` shows it.")
@click.option("--mode", "modes", multiple=True, metavar="[DEADLINE=]MODE",
              help="Of deadlines that both versions have, or of one: keep it, recompute (usual) from its start, "
                   "restart from now.")  # fmt: skip
@click.option("--state", "states", multiple=True, metavar="OLD=NEW", help="A state that the new version renamed.")
@click.option("--ticket", "tickets", multiple=True, metavar="ID", help="Only this one, and its parts.")
@click.option("--dry-run", is_flag=True, help="List what would change, and change nothing.")
@remote_options
def migrate_command(
    site: str,
    to: str,
    modes: Sequence[str],
    states: Sequence[str],
    tickets: Sequence[str],
    dry_run: bool,
    where: Where,
    as_json: bool,
) -> None:
    """Bring open tickets to another version, each whole or not at all. Lists those whose due dates change."""
    body = {**_modes(modes), "states": _states(states), "tickets": list(tickets) or None, "dry_run": dry_run}
    with api(where) as line:
        known = line.call("GET", f"/sites/{site}/policies")["policies"]
        version = next((one["version"] for one in known if str(one["number"]) == to), to)
        done = line.call("POST", f"/sites/{site}/policies/migrate", {"to": version, **body})
    if as_json:
        click.echo(json.dumps(done, ensure_ascii=False, indent=2))
    else:
        for said in (said for change in done["changes"] for said in _shown(change, where.lang)):
            click.echo(said)
        moves = len(done["changes"]) - done["stayed"]
        counts = {"count": done["migrated"], "moves": moves, "refused": done["stayed"]}
        click.echo(_say("would" if dry_run else "did", where.lang, **counts))
    raise SystemExit(1 if done["stayed"] else 0)


@command.command("days")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", help="Only this one; else all.")
@click.option("--edition", help="What to call it; else the file's name.")
@remote_options
def days_command(file: Path, site: str | None, edition: str | None, where: Where, as_json: bool) -> None:
    """Publish day data, such as next year's notice of days off: open tickets go by it from now on."""
    body = {**_days(file), "edition": edition or file.stem}
    with api(where) as line:
        done = line.call("POST", f"/sites/{site}/days" if site else "/days", body)
    if as_json:
        click.echo(json.dumps(done, ensure_ascii=False))
    else:
        click.echo(_say("published", where.lang, edition=done["edition"], sites=", ".join(done["sites"])))


def _days(file: Path) -> dict[str, Any]:
    """The year and the days of a notice; the files that publish them say more, such as its papers."""
    try:
        notice = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.ClickException(f"{file}: {error}") from None
    if not isinstance(notice, dict):
        raise FailedError(*(f'{file}{colon}{{"year": …, "days": […]}}' for colon in (": ", "：")))
    return {name: notice[name] for name in ("year", "days") if name in notice}


# ---- what is printed -------------------------------------------------------------------------------------------------


def _say(name: str, lang: str, **values: Any) -> str:
    return TEXTS[name][lang == "zh"].format(**values)


def _tell_applied(site: str, done: Mapping[str, Any], as_json: bool, lang: str) -> None:
    made = done["applied"]
    if as_json:
        click.echo(json.dumps(made, ensure_ascii=False))
    elif made is None:
        click.echo(_say("same", lang, site=site))
    else:
        click.echo(_say("applied", lang, site=site, number=made["number"], version=made["version"]))
        if done["older"]:
            click.echo(_say("open", lang, count=done["older"], site=site, number=made["number"]))


def _modes(given: Sequence[str]) -> dict[str, Any]:
    """The mode of all deadlines, and those of single ones; the last of several counts."""
    found: dict[str, Any] = {"mode": "recompute", "modes": {}}
    for each in given:
        name, is_one, mode = each.rpartition("=")
        if mode not in MODES or (is_one and not name):
            modes = ", ".join(MODES)
            raise CallError(
                f"--mode {each}: write {modes}, or DEADLINE=MODE", f"--mode {each}：请写 {modes}，或 时限=方式"
            )
        found.update({"modes": {**found["modes"], name: mode}} if is_one else {"mode": mode})
    return found


def _states(pairs: Sequence[str]) -> dict[str, str]:
    mapped = {}
    for pair in pairs:
        old, is_pair, new = pair.partition("=")
        if not (old and is_pair and new):
            raise CallError(f"--state {pair}: write OLD=NEW", f"--state {pair}：请写 OLD=NEW")
        mapped[old] = new
    return mapped


def _shown(change: Mapping[str, Any], lang: str) -> Iterator[str]:
    """A ticket whose dues change, or that stays."""
    if refused := change["refused"]:
        names: Mapping[str, str] = {"state": "no state", "final": "final", "unreadable": "unreadable"}
        why = _say(names.get(refused["code"], "no category"), lang, detail=refused["about"])
        yield f"{change['ticket']}  {why}"
        return
    old, new = change["state"], change["new_state"]
    yield f"{change['ticket']}  {old if old == new else f'{old} -> {new}'}"
    for due in change["dues"]:
        if due["what"] != "kept":
            old, new = (_instant(due[at]) if due[at] else _say("paused", lang) for at in ("old", "new"))
            yield f"  {due['deadline']:<16}  {_say(due['what'], lang, old=old, new=new)}"


def _instant(text: str) -> str:
    """`2026-11-16T17:00:00+08:00` as people write it."""
    return text[:16].replace("T", " ")
