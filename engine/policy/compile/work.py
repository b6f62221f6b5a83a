"""Detections, liability, notices, messaging, privacy and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from engine.core import Table
from engine.core.conditions import ENGINE_FACTS
from engine.core.plan import PARTY_WORDS, Category, Detection, File, Messaging, Notice, Party, Privacy
from engine.policy.compile.clocks import categories_of
from engine.policy.compile.conditions import condition, table
from engine.policy.compile.desk import Desk
from engine.policy.compile.flow import Moments
from engine.policy.compile.people import settings
from engine.policy.schema import work
from engine.policy.shapes import Path

#: Channels that a site may use without declaring them.
CHANNELS: Final = ("console", "mail", "sms", "webhook", "wecom", "dingtalk", "feishu")
AUDIENCES: Final = ("staff", "reporter")


def detections(desk: Desk, categories: dict[str, Category]) -> dict[str, Detection]:
    found = {}
    for id, text in (desk.policy.detections or {}).items():
        path: Path = ("detections", id)
        found[id] = Detection(
            id=id,
            title=text.title or id,
            of=categories_of(desk, (*path, "of"), text.of, categories),
            same=desk.facts((*path, "same"), text.same),
            rule=desk.rule(path),
            when=condition(desk, (*path, "when"), text.when) if text.when is not None else None,
            different=desk.facts((*path, "different"), text.different),
            count=1 if text.count is None else text.count,
            within=text.within,
            set=settings(desk, (*path, "set"), text.set),
            link=text.link is not None,
            opens=desk.one("categories", (*path, "opens"), text.opens) if text.opens else None,
            notify=desk.parties((*path, "notify"), text.notify),
            text=text.text,
        )
    return found


def liability(desk: Desk) -> Table[Party] | None:
    def party(at: Path, row: work.PartyRow) -> Party | None:
        return None if row.is_ is None else desk.party((*at, "is"), row.is_)

    return table(desk, ("liability",), desk.policy.liability, party, finding=True)


def notices(desk: Desk, moments: Moments, categories: dict[str, Category]) -> dict[str, Notice]:
    for at, told in _texts(desk):
        _check_placeholders(desk, moments, at, told)
    found = {}
    for id, text in (desk.policy.notices or {}).items():
        path: Path = ("notices", id)
        found[id] = Notice(
            id=id,
            title=text.title or id,
            of=categories_of(desk, (*path, "of"), text.of, categories),
            on=moments.happenings_of((*path, "on"), text.on),
            to=desk.parties((*path, "to"), text.to),
            text=text.text or "",
            rule=desk.rule(path),
            when=condition(desk, (*path, "when"), text.when) if text.when is not None else None,
            via=_channels(desk, (*path, "via"), text.via),
            loud=text.quiet is not None,
        )
    return found


def _texts(desk: Desk) -> Iterator[tuple[Path, str | None]]:
    """Every text that is sent to somebody, with its place."""
    for id, notice in (desk.policy.notices or {}).items():
        yield ("notices", id, "text"), notice.text
    for id, detection in (desk.policy.detections or {}).items():
        yield ("detections", id, "text"), detection.text
    for id, rungs in (desk.policy.escalations or {}).items():
        for name, rung in rungs.items():
            yield ("escalations", id, name, "text"), rung.text


def _check_placeholders(desk: Desk, moments: Moments, path: Path, text: str | None) -> None:
    """`{fact}`, `{party}`, `{deadline.due}`, `{state}`, `{number}`."""
    for name in re.findall(r"\{([^{}]*)\}", text or ""):
        deadline, dot, due = name.partition(".")
        if dot and due == "due":
            desk.resolve("deadlines", path, deadline, moments.deadlines)
        else:
            desk.resolve(
                "facts",
                path,
                name,
                [*desk.ids("facts"), *sorted(ENGINE_FACTS), *sorted(PARTY_WORDS), *desk.ids("roles")],
            )


def _channels(desk: Desk, path: Path, names: tuple[str, ...] | None) -> tuple[str, ...]:
    known = [*desk.ids("messaging", "channels"), *CHANNELS]
    found = [desk.resolve("channels", (*path, index), name, known) for index, name in enumerate(names or ())]
    return tuple(name for name in found if name is not None)


def messaging(desk: Desk) -> Messaging | None:
    text = desk.policy.messaging
    if text is None:
        return None
    path: Path = ("messaging",)
    known = [*AUDIENCES, *desk.ids("roles")]
    via = {}
    for who, channels in (text.via or {}).items():
        desk.resolve("roles", (*path, "via", who), who, known)
        via[who] = _channels(desk, (*path, "via", who), channels)
    quiet = text.quiet
    return Messaging(
        rule=desk.rule(path),
        channels={id: channel.title or id for id, channel in (text.channels or {}).items()},
        via=via,
        quiet_hours=quiet.hours if quiet else None,
        quiet_for=desk.many("roles", (*path, "quiet", "for"), quiet.for_) if quiet else (),
        digest=quiet.digest if quiet else None,
    )


def privacy(desk: Desk) -> Privacy | None:
    text = desk.policy.privacy
    if text is None:
        return None
    path: Path = ("privacy",)
    personal = frozenset(desk.many("facts", (*path, "personal"), text.personal))
    never_by: set[str] = set()
    if text.equal is not None:
        at: Path = (*path, "equal", "never_by")
        for index, name in enumerate(text.equal.never_by or ()):
            if name == "personal":
                never_by |= personal
            else:
                known = [*desk.ids("facts"), "personal"]
                never_by.add(desk.resolve("facts", (*at, index), name, known) or name)
    return Privacy(
        rule=desk.rule(path),
        personal=personal,
        see=frozenset(desk.many("roles", (*path, "see"), text.see)),
        keep=text.keep,
        equal=desk.rule((*path, "equal")) if text.equal is not None else None,
        never_by=frozenset(never_by),
    )


def files(desk: Desk) -> dict[str, File]:
    found = {}
    for id, text in (desk.policy.files or {}).items():
        path: Path = ("files", id)
        per = desk.one("facts", (*path, "per"), text.per) if text.per else None
        holds = desk.many("facts", (*path, "holds"), text.holds)
        found[id] = File(id, text.title or id, per or "", holds, desk.rule(path))
    return found
