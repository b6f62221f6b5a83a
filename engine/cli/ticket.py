"""`huiyin ticket`: the desk's commands from a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from engine.cli.errors import CallError
from engine.cli.remote import Api, Where, api, remote_options

TEXTS: Final = {
    "no state": ("there is no state {said}; there are: {there}", "没有状态 {said}；可用的有：{there}"),
    "no category": ("there is no category {said}; there are: {there}", "没有类别 {said}；可用的有：{there}"),
    "opened": ("opened {at}", "{at} 开单"),
    "owner": ("owner", "责任人"),
    "accountable": ("accountable", "负责"),
    "assignee": ("assignee", "经办人"),
    "version": ("version", "版本"),
    "due": ("due {due}", "{due} 到期"),
    "left": ("{left} left", "余 {left}"),
    "over": ("{left} over", "已超 {left}"),
    "paused": ("paused, {left} left", "暂停，余 {left}"),
    "overdue": ("OVERDUE", "超期"),
    "ended": ("ended", "已结束的时限"),
    "running": ("running", "进行中的时限"),
    "facts": ("facts", "事实"),
    "parts": ("parts", "分项"),
    "next": ("more: --after {cursor}", "下一页：--after {cursor}"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "none": ("no tickets", "没有工单"),
    "nothing": ("nothing may be done by you now", "您当前没有可进行的操作"),
    "fact": ("{text}: write NAME=VALUE", "{text}：请写 名称=值"),
}
site_option = click.option("--site", envvar="HUIYIN_SITE", required=True, help="The site; or HUIYIN_SITE.")
file_option = click.option(
    "--file",
    "files",
    multiple=True,
    metavar="NAME=PATH",
    help="A photo, letter or recording, for a fact that is a file.",
)
key_option = click.option("--key", help="The same key with the same command takes effect once.")
occurred_option = click.option("--occurred-at", help="A late report: when it was.")


@click.group("ticket")
def command() -> None:
    """Open, move, show and list tickets: of a daemon (--url), or of its file while no daemon runs."""


@command.command("open")
@click.argument("category")
@click.argument("facts", nargs=-1, metavar="NAME=VALUE…")
@site_option
@file_option
@occurred_option
@key_option
@remote_options
def open_command(
    where: Where,
    as_json: bool,
    site: str,
    category: str,
    facts: tuple[str, ...],
    files: tuple[str, ...],
    occurred_at: str | None,
    key: str | None,
) -> None:
    """Open a ticket of a CATEGORY; the site numbers it."""
    body: dict[str, Any] = {"category": category, "facts": _facts(facts, where.lang), "occurred_at": occurred_at}
    named = _files(files, where.lang)
    with api(where) as line:
        body["facts"] |= _sent(line, site, named)
        done = line.call("POST", f"/sites/{site}/tickets", body, key=key)
    _tell(done, as_json, _done(done, where.lang))


@command.command("do")
@click.argument("ticket")
@click.argument("move")
@click.argument("facts", nargs=-1, metavar="NAME=VALUE…")
@site_option
@file_option
@click.option("--assignee", help="The person a ticket is given to.")
@occurred_option
@click.option("--expected-version", type=int, help="Refuse if the ticket is no longer at this version.")
@key_option
@remote_options
def do_command(
    where: Where,
    as_json: bool,
    site: str,
    ticket: str,
    move: str,
    facts: tuple[str, ...],
    files: tuple[str, ...],
    assignee: str | None,
    occurred_at: str | None,
    expected_version: int | None,
    key: str | None,
) -> None:
    """Make a MOVE on a TICKET: one of its workflow, or a standing one such as note, ack or assign."""
    body: dict[str, Any] = {
        "move": move,
        "facts": _facts(facts, where.lang),
        "assignee": assignee,
        "occurred_at": occurred_at,
        "expected_version": expected_version,
    }
    named = _files(files, where.lang)
    with api(where) as line:
        body["facts"] |= _sent(line, site, named)
        done = line.call("POST", f"/sites/{site}/tickets/{ticket}/moves", body, key=key)
    _tell(done, as_json, _done(done, where.lang))


@command.command("show")
@click.argument("ticket")
@site_option
@remote_options
def show_command(where: Where, as_json: bool, site: str, ticket: str) -> None:
    """A ticket as it stands: facts, limits, parts."""
    with api(where) as line:
        found = line.call("GET", f"/sites/{site}/tickets/{ticket}")
    _tell(found, as_json, _ticket(found, where.lang))


@command.command("timeline")
@click.argument("ticket")
@site_option
@click.option("--purpose", help="Show the texts of notes, too, which is logged: contact, visit, verify …")
@remote_options
def timeline_command(where: Where, as_json: bool, site: str, ticket: str, purpose: str | None) -> None:
    """What happened, each event with the place of its rule."""
    with api(where) as line:
        found = line.call("GET", f"/sites/{site}/tickets/{ticket}/timeline", query={"purpose": purpose})
    _tell(found, as_json, _events(found["events"], where.lang))


@command.command("moves")
@click.argument("ticket")
@site_option
@remote_options
def moves_command(where: Where, as_json: bool, site: str, ticket: str) -> None:
    """What you may do on a TICKET now, with what each move asks for; what may be left out stands in brackets."""
    with api(where) as line:
        found = line.call("GET", f"/sites/{site}/tickets/{ticket}/moves")
    _tell(found, as_json, _moves(found["moves"], where.lang))


@command.command("list")
@site_option
@click.option("--open/--closed", "is_open", default=True, help="Those that are open, or those that are not.")
@click.option("--category")
@click.option("--state")
@click.option("--owner", help="An address: role:supervisor.")
@click.option("--assignee")
@click.option("--overdue", is_flag=True, default=None, help="Only those with a limit that is breached.")
@click.option("--after", help="Where the page before ended.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@remote_options
def list_command(where: Where, as_json: bool, site: str, is_open: bool, **query: Any) -> None:
    """Tickets: open ones by what is due first, closed ones the newest first."""
    query["open"] = str(is_open).lower()
    query["overdue"] = "true" if query["overdue"] else None
    with api(where) as line:
        found = line.call("GET", f"/sites/{site}/tickets", query=query)
        if not found["tickets"]:
            _there_is(line.call("GET", f"/sites/{site}"), query, where.lang)
    _tell(found, as_json, _rows(found, where.lang))


# ---- in words --------------------------------------------------------------------------------------------------------


def _there_is(site: Mapping[str, Any], query: Mapping[str, Any], lang: str) -> None:
    """A usage error where nothing was found because there is no such state or category."""
    states = {state["id"]: state for flow in site["workflows"] for state in flow["states"]}
    for asked, known in (("state", states), ("category", {one["id"]: one for one in site["categories"]})):
        name = query[asked]
        if name is not None and name not in known:
            there = ", ".join(f"{id}（{one['title']}）" if lang == "zh" else id for id, one in known.items())
            raise click.UsageError(_say(f"no {asked}", lang, said=name, there=there))


def _facts(given: Iterable[str], lang: str) -> dict[str, str]:
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(_say("fact", lang, text=each))
        found[name.strip()] = value
    return found


def _files(given: Iterable[str], lang: str) -> dict[str, bytes]:
    try:
        return {name: Path(path).read_bytes() for name, path in _facts(given, lang).items()}
    except OSError as error:
        raise CallError(
            f"{error.filename} cannot be read: {error.strerror}", f"无法读取 {error.filename}：{error.strerror}"
        ) from None


def _sent(line: Api, site: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """Files go first: a fact takes the name that each has at the site then."""
    return {name: line.call("POST", f"/sites/{site}/evidence", raw=data)["evidence"] for name, data in files.items()}


def _tell(found: Any, as_json: bool, lines: Iterable[str]) -> None:
    click.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else "\n".join(lines))


def _done(done: Mapping[str, Any], lang: str) -> Iterator[str]:
    yield _head(done["ticket"], lang)
    yield from (f"  {event['words'][lang]}" for event in done["events"])


def _ticket(one: Mapping[str, Any], lang: str) -> Iterator[str]:
    yield _head(one, lang)
    for name in ("owner", "accountable"):
        if one[name]:
            yield f"  {_say(name, lang)}: {', '.join(who[lang] for who in one[name])}"
    if one["assignee"]:
        yield f"  {_say('assignee', lang)}: {one['assignee']}"
    yield f"  {_say('version', lang)}: {one['version']}"
    yield from _section("facts", [_fact(fact, lang) for fact in one["facts"]], lang)
    yield from _section("running", [_run(run, lang) for run in one["runs"]], lang)
    yield from _section("ended", [_ended(run, lang) for run in one["ended"]], lang)
    parts = [
        f"{part['ticket']}  {_name(part['category'], lang)}  {_name(part['state'], lang)}" for part in one["parts"]
    ]
    yield from _section("parts", parts, lang)


def _fact(fact: Mapping[str, Any], lang: str) -> str:
    """By its titles in Chinese, which is the language of plans; by its ids in English."""
    if lang == "zh":
        value = fact["value"]
        return f"{fact['title']}: {_say('yes' if value else 'no', lang) if isinstance(value, bool) else fact['text']}"
    return f"{fact['fact']}: {fact['value'] if fact['type'] in ('choice', 'role') else fact['text']}"


def _ended(run: Mapping[str, Any], lang: str) -> str:
    from engine.policy import STATUSES

    return f"{_name(run['deadline'], lang)}: {STATUSES[run['status']].in_('zh' if lang == 'zh' else 'en')}"


def _section(name: str, lines: list[str], lang: str) -> Iterator[str]:
    if lines:
        yield f"  {_say(name, lang)}"
        yield from (f"    {line}" for line in lines)


def _head(one: Mapping[str, Any], lang: str) -> str:
    state, category = _name(one["state"], lang), _name(one["category"], lang)
    return f"{one['ticket']}  {category}  {state}  {_say('opened', lang, at=_clock(one['opened']))}"


def _run(run: Mapping[str, Any], lang: str) -> str:
    parts = [_name(run["deadline"], lang), run["limit"][lang]]
    if run["due"]:
        parts.append(_say("due", lang, due=_clock(run["due"])))
    left = run["left"]
    if left is not None:
        word = "paused" if left["seconds"] is None else "over" if left["seconds"] < 0 else "left"
        parts.append(_say(word, lang, left=left[lang]))
    if run["place"]:
        parts.append(f"{run['place']['file']}:{run['place']['line']}")
    return "  ".join(parts)


def _rows(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    for row in found["tickets"]:
        due = _say("due", lang, due=_clock(row["due"])) if row["due"] else ""
        late = _say("overdue", lang) if row["overdue"] else ""
        owner = row["assignee"] or (row["owner"][lang] if row["owner"] else "")
        parts = [row["ticket"], _name(row["category"], lang), _name(row["state"], lang), owner, due, late]
        yield "  ".join(filter(None, parts))
    if not found["tickets"]:
        yield _say("none", lang)
    if found["next"]:
        yield _say("next", lang, cursor=found["next"])


def _events(events: Iterable[Mapping[str, Any]], lang: str) -> Iterator[str]:
    for event in events:
        place = event["place"]
        where = f"  [{place['file']}:{place['line']}]" if place else ""
        note = f": {event['text']}" if event["text"] else ""
        yield f"{_clock(event['effective_at'])}  {event['actor'][lang]}  {event['words'][lang]}{note}{where}"


def _moves(moves: Iterable[Mapping[str, Any]], lang: str) -> Iterator[str]:
    moves = list(moves)
    for move in moves:
        asked = [f"[{each['name']}]" if each["optional"] else each["name"] for each in move["fields"]]
        yield f"{move['move']}  {move['title']}  {' '.join(asked)}".rstrip()
        yield from (f"    {row['text']}" for row in move["guide"])
    if not moves:
        yield _say("nothing", lang)


def _name(part: Mapping[str, Any], lang: str) -> str:
    return str(part["title"] if lang == "zh" else part["id"])


def _clock(instant: str) -> str:
    """An instant of the API, as people read it where the site is."""
    return instant[:16].replace("T", " ")


def _say(name: str, lang: str, **values: object) -> str:
    return TEXTS[name][lang == "zh"].format(**values)
