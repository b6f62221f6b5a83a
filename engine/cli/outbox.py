"""`huiyin outbox`: messages on their way to people, and what to do about those that were given up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from engine.cli.remote import Where, api, remote_options
from engine.cli.ticket import site_option

TEXTS: Final = {
    "none": ("no messages", "没有消息"),
    "next": ("more: --after {seq}", "下一页：--after {seq}"),
    "retried": ("{count} sent again", "已重新发送 {count} 条"),
    "discarded": ("{count} given up", "已放弃 {count} 条"),
    "critical": ("critical", "紧急"),
}
STATES: Final = ("pending", "leased", "merged", "sent", "dead", "discarded", "suppressed")
messages_argument = click.argument("messages", nargs=-1, type=click.IntRange(1), required=True, metavar="NUMBER…")


@click.group("outbox")
def command() -> None:
    """Messages of a site: of a daemon (--url), or of its file while no daemon runs."""


@command.command("list")
@site_option
@click.option("--state", type=click.Choice(STATES), help="dead: given up.")
@click.option("--ticket")
@click.option("--person")
@click.option("--channel")
@click.option("--after", type=int, help="Where the page before ended.")
@click.option("--limit", type=click.IntRange(1, 200), default=100, show_default=True)
@remote_options
def list_command(where: Where, as_json: bool, site: str, **query: Any) -> None:
    """In the order in which they were made, each with its number; never with its text or address."""
    with api(where) as line:
        found = line.call("GET", f"/sites/{site}/outbox", query=query)
    click.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(found, where.lang)))


@command.command("retry")
@messages_argument
@site_option
@remote_options
def retry_command(where: Where, as_json: bool, site: str, messages: tuple[int, ...]) -> None:
    """Send again what was given up, by its whole schedule; it keeps its id."""
    with api(where) as line:
        done = line.call("POST", f"/sites/{site}/outbox/retry", {"messages": list(messages)})
    click.echo(json.dumps(done) if as_json else _say("retried", where.lang, count=done["retried"]))


@command.command("discard")
@messages_argument
@site_option
@click.option("--reason", required=True, help="Is kept with them.")
@remote_options
def discard_command(where: Where, as_json: bool, site: str, messages: tuple[int, ...], reason: str) -> None:
    """Give up what is pending or dead, for a reason."""
    with api(where) as line:
        done = line.call("POST", f"/sites/{site}/outbox/discard", {"messages": list(messages), "reason": reason})
    click.echo(json.dumps(done) if as_json else _say("discarded", where.lang, count=done["discarded"]))


def _lines(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    for one in found["messages"]:
        parts = [
            f"{one['seq']:>6}",
            one["at"][:16].replace("T", " "),
            one["state"],
            one["ticket"],
            one["person"],
            one["channel"],
            _say("critical", lang) if one["critical"] else "",
            one["reason"],
        ]
        yield "  ".join(filter(None, parts))
    if not found["messages"]:
        yield _say("none", lang)
    if found["next"]:
        yield _say("next", lang, seq=found["next"])


def _say(name: str, lang: str, **values: object) -> str:
    return TEXTS[name][lang == "zh"].format(**values)
