"""`huiyin token`: who else may speak to the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import click

from engine.cli.remote import Where, api, remote_options

TEXTS: Final = {
    "once": ("shown once, kept nowhere:", "仅显示这一次，系统不保存："),
    "until": ("until {day}", "有效期至 {day}"),
    "revoked": ("revoked", "已撤销"),
    "expired": ("expired", "已过期"),
    "dead": ("{id} is revoked", "{id} 已撤销"),
    "none": ("no tokens", "没有令牌"),
    "grant": ("--site {text}: write SITE or SITE=ROLE,ROLE", "--site {text}：请写 项目 或 项目=角色,角色"),
}
DAY: Final = 86_400


@click.group("token")
def command() -> None:
    """Tokens for machines and terminals: of a daemon (--url), or of its file while no daemon runs."""


@command.command("make")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True, help="ticket:read, ticket:write, figures:read, admin …"
)
@click.option("--site", "sites", multiple=True, required=True, help="SITE or SITE=ROLE,ROLE; * is all of them.")
@click.option("--person", default="", help="Who it acts as in the roster.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it is good.")
@remote_options
def make_command(
    where: Where,
    as_json: bool,
    name: str,
    scopes: tuple[str, ...],
    sites: tuple[str, ...],
    person: str,
    days: int,
) -> None:
    """Make a token; NAME says what it is for. Its text is shown once."""
    with api(where) as line:
        now = line.call("GET", "/clock")["at"]
        body = {
            "name": name,
            "scopes": list(scopes),
            "sites": dict(_grant(text, where.lang) for text in sites),
            "expires_at": now + days * DAY,
            "person": person,
            "language": where.lang,
        }
        made = line.call("POST", "/tokens", body)
    if as_json:
        click.echo(json.dumps(made, ensure_ascii=False, indent=2))
        return
    click.echo(_line(made, now, where.lang), err=True)
    click.echo(_say("once", where.lang), err=True)
    click.echo(made["text"])


@command.command("list")
@remote_options
def list_command(where: Where, as_json: bool) -> None:
    """All tokens that were ever made, without their secrets."""
    with api(where) as line:
        now = line.call("GET", "/clock")["at"]
        found = line.call("GET", "/tokens")["tokens"]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    click.echo("\n".join(_line(one, now, where.lang) for one in found) or _say("none", where.lang))


@command.command("revoke")
@click.argument("id")
@remote_options
def revoke_command(where: Where, as_json: bool, id: str) -> None:
    """A token is dead with the next request. ID is the 8 characters after hy_."""
    with api(where) as line:
        line.call("DELETE", f"/tokens/{id}")
    click.echo(json.dumps({"revoked": id}) if as_json else _say("dead", where.lang, id=id))


def _grant(text: str, lang: str) -> tuple[str, list[str]]:
    """`lakeside=agent,front_desk` as site and roles."""
    site, equals, roles = text.partition("=")
    if not site or (equals and not roles):
        raise click.UsageError(_say("grant", lang, text=text))
    return site, [role.strip() for role in roles.split(",") if role.strip()]


def _line(one: Mapping[str, Any], now: int, lang: str) -> str:
    day = datetime.fromtimestamp(one["expires_at"], UTC).date().isoformat()
    sites = " ".join(f"{site}={','.join(roles)}" if roles else site for site, roles in one["sites"].items())
    if one["revoked_at"] is not None:
        state = _say("revoked", lang)
    else:
        state = _say("expired", lang) if one["expires_at"] <= now else _say("until", lang, day=day)
    parts = [one["id"], one["name"], one["person"], sites, " ".join(one["scopes"]), state]
    return "  ".join(filter(None, parts))


def _say(name: str, lang: str, **values: object) -> str:
    return TEXTS[name][lang == "zh"].format(**values)
