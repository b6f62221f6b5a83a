"""`huiyin explain`: why this instant, this person, this value, this mistake."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import click

from engine.cli.common import language_option
from engine.cli.errors import CallError

CODE: Final = re.compile(r"[YEWITPyewitp]\d{3}")


class Explain(click.Group):
    """A group with a command for each of its questions, and one for every code of a mistake."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if CODE.fullmatch(cmd_name):
            return _code_command(cmd_name.upper())
        return super().get_command(ctx, cmd_name)


@click.group("explain", cls=Explain, subcommand_metavar="due|route|value|CODE …")
def command() -> None:
    """Why this instant, this person, this value, this mistake.

    CODE is the code of a mistake, such as E201: what it means, why it hurts, wrong and right.
    """


def json_option(function: Any) -> Any:
    return click.option("--json", "as_json", is_flag=True, help="The answer for machines.")(function)


@command.command("due")
@click.argument("deadline")
@click.option("--scenario", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Play this file.")
@click.option("--at", help="With --scenario: play it to this instant; to its end if left out.")
@click.option("--ticket", help="With --scenario: the ticket, by its name there.")
@click.option("--policy", help="A policy, by file or name, instead of a scenario.")
@click.option("--from", "start", help="With --policy: when the clock starts, and the ticket is opened.")
@click.option("--category", help="With --policy: what kind of ticket it is.")
@click.option("--fact", "facts", multiple=True, metavar="NAME=VALUE", help="With --policy: what is known; repeatable.")
@json_option
@language_option
def due(
    deadline: str, scenario: Path | None, at: str | None, ticket: str | None, policy: str | None, start: str | None,
    category: str | None, facts: tuple[str, ...], as_json: bool, lang: str,
) -> None:  # fmt: skip
    """Why DEADLINE is due then: the row of the policy, what was counted, skipped and paused, its ladder."""
    from engine.cli import dues

    if scenario is not None and policy is None:
        if start is not None or facts or category is not None:
            raise CallError(
                "--from, --category and --fact go with --policy; a scenario knows them itself",
                "--from、--category 和 --fact 与 --policy 同用；场景自己有这些内容",
            )
        answer = dues.of_scenario(scenario, deadline, at, ticket, lang)
    elif policy is not None and scenario is None and start is not None:
        if at is not None or ticket is not None:
            raise CallError("--at and --ticket go with --scenario", "--at 和 --ticket 与 --scenario 同用")
        found = dues.of_policy(policy, deadline, category, start, facts, lang)
        if isinstance(found, str):
            click.echo(
                json.dumps({"deadline": deadline, "due": None, "why": found}, ensure_ascii=False) if as_json else found
            )
            return
        answer = found
    else:
        raise CallError(
            'say --scenario FILE --at "…", or --policy P --from "2026-09-30 21:05"',
            '请写 --scenario FILE --at "…"，或 --policy P --from "2026-09-30 21:05"',
        )
    if as_json:
        click.echo(json.dumps(dues.as_json(answer, lang), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(dues.lines(answer, lang)))


@command.command("route")
@click.option("--policy", required=True, help="A policy, by file or name.")
@click.option("--at", required=True, help='The instant at which it is asked: "2026-10-01 02:00".')
@click.option("--category", help="What kind of ticket it is.")
@click.option("--fact", "facts", multiple=True, metavar="NAME=VALUE", help="What is known of it; repeatable.")
@json_option
@language_option
def route(policy: str, at: str, category: str | None, facts: tuple[str, ...], as_json: bool, lang: str) -> None:
    """Who owns a ticket in each state, who is told at which rung and notice, and who stands in at that hour."""
    from engine.cli import routes

    answer = routes.route(policy, category, facts, at, lang)
    if as_json:
        click.echo(json.dumps(routes.as_json(answer, lang), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(routes.lines(answer, lang)))


@command.command("value")
@click.argument("path")
@click.option("--policy", required=True, help="A policy, by file or name.")
@json_option
@language_option
def value(path: str, policy: str, as_json: bool, lang: str) -> None:
    """Who said it: each layer that wrote PATH, newest last, with file, line and column.

    PATH is written with dots: deadlines.resolve.limit.major.is. Of an entry all that stands in it is listed.
    """
    from engine.cli import provenance
    from engine.cli.plans import load_policy

    loaded = load_policy(policy)
    parts = tuple(path.split("."))
    told = provenance.values(loaded, parts)
    if as_json:
        answer = [
            {"path": ".".join(leaf), "value": text, "said_by": [one.as_json() for one in said]}
            for leaf, text, said in told
        ]
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    for leaf, text, said in told:
        click.echo(f"{'.'.join(leaf)}: {'null' if text is None else text}")
        width = max((len(one.place) for one in said), default=0)
        for one in said:
            click.echo(f"  {one.place:<{width}}  {one.text}")


def _code_command(code: str) -> click.Command:
    @click.command(code)
    @json_option
    @language_option
    def page(as_json: bool, lang: str) -> None:
        """The page of a code."""
        from engine.cli import code_pages

        found = code_pages.page(code)
        if found is None:
            raise CallError(*code_pages.NO_CODE.format(code=code, near=code_pages.near(code)))
        click.echo(
            json.dumps(found.as_json(), ensure_ascii=False, indent=2) if as_json else found.text(lang), nl=as_json
        )

    return page
