"""`huiyin report`: the figures of a site against their targets, as known now or as they were printed before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Final

import click

from engine.cli.errors import CallError
from engine.cli.remote import Where, api, remote_options
from engine.cli.ticket import site_option

TEXTS: Final = {
    "head": ("{site}, as known at {at}", "{site}，截至 {at} 所知"),
    "none": ("the policy has no figures", "方案没有设指标"),
    "unread": ("{count} tickets are damaged and missing in it: {tickets}", "缺 {count} 张已损坏的工单：{tickets}"),
    "left": ("left out: {left}", "未计入：{left}"),
    "met": ("met", "达标"),
    "missed": ("missed", "未达标"),
    "unknown": ("not known", "未知"),
}


@click.command("report")
@site_option
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="A day of the periods; today if there is none.")
@click.option("--as-known-at", metavar="TIME", help="By what was recorded by then, as it was printed then.")
@click.option("--import", "brought", multiple=True, metavar="SOURCE=VALUE",
              help="First bring a value from elsewhere, of the periods of the day: call_centre=96%.")  # fmt: skip
@remote_options
def command(
    where: Where, as_json: bool, site: str, day: datetime | None, as_known_at: str | None, brought: Sequence[str]
) -> None:
    """Each figure of the plan, of its own period (day, week, month …) in which the day lies."""
    chosen = f"{day:%Y-%m-%d}" if day is not None else None
    values = dict(map(_brought, brought))
    query = {"day": chosen, "as_known_at": as_known_at}
    with api(where) as line:
        for source, value in values.items():
            line.call("POST", f"/sites/{site}/figures", {"source": source, "value": value, "day": chosen})
        found = line.call("GET", f"/sites/{site}/figures", query=query)
    shown = json.dumps(found, ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(site, found, where.lang))
    click.echo(shown)


def _brought(text: str) -> tuple[str, str]:
    source, equals, value = text.partition("=")
    if not source or not equals:
        raise CallError(
            f"--import {text}: write SOURCE=VALUE, such as call_centre=96%",
            f"--import {text}：请写 来源=值，如 call_centre=96%",
        )
    return source, value


def _lines(site: str, found: Mapping[str, Any], lang: str) -> Iterator[str]:
    yield _say("head", lang, site=site, at=found["as_of"].replace("T", " "))
    for one in found["figures"]:
        name = one["figure"]["title" if lang == "zh" else "id"]
        verdict = f"{one['target_words'][lang]}: {_say(one['verdict'], lang)}" if one["verdict"] else ""
        left = ", ".join(f"{_why(reason, lang)} {count}" for reason, count in one["left_out"].items())
        said = (name, _period(one), _value(one, lang), f"n={one['n']}", verdict, left and _say("left", lang, left=left))
        yield "  ".join(filter(None, said))
    if not found["figures"]:
        yield _say("none", lang)
    if count := found["unread"]["count"]:
        yield _say("unread", lang, count=count, tickets=", ".join(found["unread"]["tickets"]))


def _period(one: Mapping[str, Any]) -> str:
    """Its first day and its last one."""
    first, last = datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"]) - timedelta(seconds=1)
    return f"{first:%Y-%m-%d}" if first.date() == last.date() else f"{first:%Y-%m-%d} – {last:%Y-%m-%d}"


def _value(one: Mapping[str, Any], lang: str) -> str:
    """`95%`, `2 hours 5 minutes`, `3`; — and why where there is none."""
    from engine.policy import number_text
    from engine.worktime import format_seconds

    if one["exact"] is None:
        return f"— {_why(one['reason'], lang)}"
    exact = Fraction(one["exact"])
    if one["unit"] == "seconds":
        return format_seconds(int(exact), "zh" if lang == "zh" else "en")
    return number_text(exact, one["unit"])


def _why(reason: str, lang: str) -> str:
    from engine.policy import REASONS

    return REASONS[reason].in_(lang) if reason in REASONS else reason  # a newer daemon may know more


def _say(name: str, lang: str, **values: object) -> str:
    return TEXTS[name][lang == "zh"].format(**values)
