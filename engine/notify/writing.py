"""Letters written at the moment in which they are sent: from references, for one reader, of what is still news."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, NamedTuple

from engine.core import LATE, Cause, Family, Plan, Run, Ticket, Value, addresses, fact_of
from engine.core.plan import MASK, PARTY_WORDS, Party
from engine.notify.letter import Letter
from engine.notify.relevance import deadline_id, deadline_of, origin_of, rank, stale_reason
from engine.notify.templates import UNSET, render
from engine.notify.world import REPORTER, Reader, World
from engine.policy import Words
from engine.store import Database, Query, SqliteStore, StoreError, everything
from engine.store.tables.deliveries import Deliveries, Delivery

#: Messages that a digest tells one by one; of the others it says how many there are.
SHOWN: Final = 20

SOON: Final = Words("{deadline} is due at {due}.", "“{deadline}”将于{due}到期。")
OVERDUE: Final = Words("{deadline} was due at {due} and is not done.", "“{deadline}”已于{due}到期，尚未完成。")
AGAIN: Final = Words("Reminder: ", "再次提醒：")
CLEAR: Final = Words("{deadline}: nothing more is to be done about it.", "“{deadline}”的提醒已解除。")
SUBJECT: Final = Words("{category} {ticket}: {title}", "{category} {ticket}：{title}")
DUE: Final = Words("due {due}", "{due} 到期")
READER: Final = Words("{person} ({role})", "{person}（{role}）")
WHO_REPORTED: Final = Words("who reported it", "报事人")
DIGEST: Final = Words("{count} messages in one", "{count} 条消息汇总")
MORE: Final = Words("and {count} more, on the board", "另有 {count} 条，请看工作台")
DAILY: Final = Words("{count} tickets that nobody is reminded of any more", "{count} 个不再提醒的未结工单")
AND: Final = Words(", ", "、")
FLAG: Final = {True: Words("yes", "是"), False: Words("no", "否")}

Lang = Literal["en", "zh"]


class Written(NamedTuple):
    """A letter; None where nothing is left to tell. Rows left out, each with the reason: `stale` ones are no news any
    more, `broken` ones cannot be written.
    """

    letter: Letter | None
    stale: tuple[tuple[int, str], ...] = ()
    broken: tuple[tuple[int, str], ...] = ()


class News(NamedTuple):
    """What one row has to tell. `origin` is the plan by whose words it was written, `plan` the one that its ticket goes
    by: what happened may be called otherwise by now, or be no more.
    """

    row: Delivery
    origin: Plan
    plan: Plan
    family: Family
    ticket: Ticket
    causes: tuple[Cause, ...]


class Told(NamedTuple):
    """The same in words."""

    row: Delivery
    causes: tuple[Cause, ...]
    subject: str
    texts: tuple[str, ...]
    due: int | None  #: the first of those that it speaks of


class Writer:
    """Writes letters of all sites, in one language."""

    def __init__(self, database: Database, world: World, lang: Lang) -> None:
        self._database = database
        self._world = world
        self._lang = lang

    def write(self, row: Delivery) -> Written:
        """The letter of a row, as things stand now."""
        if row.kind == "daily":
            return Written(self._daily(row))
        told: list[Told] = []
        stale: list[tuple[int, str]] = []
        broken: list[tuple[int, str]] = []
        parts = self._parts(row)
        for part in parts:
            if len(told) == SHOWN:
                break
            try:
                one = self._tell(part)
            except Exception as error:  # whatever is wrong with one part, the others are told
                broken.append((part.seq, f"it cannot be written: {type(error).__name__}"))
                continue
            if isinstance(one, Told):
                told.append(one)
            else:
                stale.append((part.seq, one))
        rest = len(parts) - len(told) - len(stale) - len(broken)
        return Written(self._letter(row, told, rest) if told else None, tuple(stale), tuple(broken))

    def _parts(self, row: Delivery) -> list[Delivery]:
        """What a letter tells: its own message, and those that are merged into it."""
        with self._database.read() as connection:
            return [*([row] if row.kind == "message" else []), *Deliveries(connection).members(row.id)]

    def _tell(self, row: Delivery) -> Told | str:
        """What a row has to tell; else why it is no news any more."""
        assert row.message is not None
        with self._database.read() as connection:
            message = Deliveries(connection).message(row.message).message()
        family = SqliteStore(self._database, row.site).load(row.ticket)
        if family is None:
            raise LookupError("there is no such ticket")
        ticket = family.tickets[row.ticket]
        reasons = [stale_reason(ticket, message, cause) for cause in message.causes]
        causes = tuple(cause for cause, reason in zip(message.causes, reasons, strict=True) if not reason)
        if not causes:
            return reasons[0]
        origin = origin_of(self._world, row.site, message, ticket)
        news = News(row, origin, self._world.plan(row.site, ticket.plan), family, ticket, causes)
        return Told(row, causes, self._subject(news), tuple(self._texts(news)), _due(news))

    # ---- letters ----------------------------------------------------------------------------------------------------

    def _letter(self, row: Delivery, told: Sequence[Told], rest: int) -> Letter:
        if row.kind == "digest" and len(told) + rest > 1:
            return self._digest(row, told, rest)
        ticket, plan = told[0].row.ticket, self._world.plan(row.site)
        causes = [{"kind": cause.kind, "name": cause.name} for one in told for cause in one.causes]
        due = min((one.due for one in told if one.due is not None), default=None)
        data = {
            "type": "message",
            "site": row.site,
            "ticket": ticket,
            "causes": causes,
            "due": datetime.fromtimestamp(due, plan.zone).isoformat() if due is not None else None,
        }
        text = _texts(told)
        left = local(plan, due, told[0].row.at) if due is not None else ""
        letter = Letter(row.id, told[0].row.at, told[0].subject, text, self._link(row, ticket), row.critical, data)
        return self._addressed(replace(letter, due=self._say(DUE, due=left) if left not in text else ""), row)

    def _link(self, row: Delivery, ticket: str) -> str:
        """The board is for staff; who reported sees how his matter stands (rule B04)."""
        if row.role != REPORTER:
            return self._world.link(row.site, ticket)
        return self._world.status_link(Reader(row.site, ticket, row.person, row.role, row.channel))

    def _addressed(self, letter: Letter, row: Delivery) -> Letter:
        """The same, to a reader who is named."""
        roles = self._world.plan(row.site).roles
        title = roles[row.role].title if row.role in roles else ""
        reader = row.person if title in ("", row.person) else self._say(READER, person=row.person, role=title)
        if row.role == REPORTER:
            reader = self._say(WHO_REPORTED)
        to = {"person": row.person, "role": row.role}
        return replace(letter, reader=reader, data={**letter.data, "to": to, "link": letter.link})

    def _digest(self, row: Delivery, told: Sequence[Told], rest: int) -> Letter:
        """Many messages in one, the highest rung first."""
        tickets: dict[str, list[Told]] = {}
        for one in told:
            tickets.setdefault(one.row.ticket, []).append(one)
        lines = [f"{parts[0].subject}\n{_texts(parts)}" for parts in tickets.values()]
        data = {"type": "digest", "site": row.site, "tickets": list(tickets), "more": rest}
        subject = self._say(DIGEST, count=len(told) + rest)
        link = self._link(row, told[0].row.ticket if row.role == REPORTER else "")
        return self._list(row, subject, lines, rest, data, link)

    def _daily(self, row: Delivery) -> Letter | None:
        """All tickets of a site that are open and of which no ladder speaks any more; None where there is none."""
        plan = self._world.plan(row.site)
        silent = list(everything(SqliteStore(self._database, row.site), Query(open=True, silent=True)))
        shown, rest = silent[:SHOWN], max(0, len(silent) - SHOWN)
        titles = {id: category.title for id, category in plan.categories.items()}
        lines = [f"{titles.get(one.category, one.category)} {one.ticket}" for one in shown]
        data = {"type": "daily", "site": row.site, "tickets": [one.ticket for one in shown], "more": rest}
        if not silent:
            return None
        return self._list(row, self._say(DAILY, count=len(silent)), lines, rest, data, self._link(row, ""))

    def _list(
        self, row: Delivery, subject: str, lines: list[str], rest: int, data: Mapping[str, object], link: str
    ) -> Letter:
        more = [self._say(MORE, count=rest)] if rest else []
        letter = Letter(row.id, row.at, subject, "\n".join([*lines, *more]), link, row.critical, data)
        return self._addressed(letter, row)

    # ---- words ------------------------------------------------------------------------------------------------------

    def _subject(self, news: News) -> str:
        category = news.plan.categories[news.ticket.category].title
        highest = max(news.causes, key=lambda cause: rank(news.origin, news.ticket, cause))
        title = self._title(news, highest)
        if title == category:  # of a duty, whose ticket and limit are called alike
            return f"{category} {news.ticket.id}"
        return self._say(SUBJECT, category=category, ticket=news.ticket.id, title=title)

    def _texts(self, news: News) -> Iterator[str]:
        look = Fields(news, self._world, self._lang)
        for cause in sorted(news.causes, key=lambda cause: -rank(news.origin, news.ticket, cause)):
            text = render(cause.text, look).text if cause.text is not None else self._standard(news, cause)
            yield self._say(AGAIN) + text if cause.kind == "repeat" else text

    def _standard(self, news: News, cause: Cause) -> str:
        """What is said where the plan has no words of its own."""
        if cause.kind not in ("rung", "repeat", "all-clear"):
            return self._title(news, cause)
        words = CLEAR if cause.kind == "all-clear" else OVERDUE if rank(news.origin, news.ticket, cause) else SOON
        run = last_run(news.ticket, deadline_id(cause))
        due = local(news.plan, run.due, news.row.at) if run is not None and run.due is not None else UNSET
        return self._say(words, deadline=self._title(news, cause), due=due)

    def _title(self, news: News, cause: Cause) -> str:
        """What a cause is called by the plan it came from; its id where that plan is lost."""
        if cause.kind == "notice":
            notice = news.origin.notices.get(cause.name)
            return notice.title if notice is not None else cause.name
        if cause.kind == "detection":
            detection = news.origin.detections.get(cause.name)
            return detection.title if detection is not None else cause.name
        id = deadline_id(cause)
        found = (deadline_of(plan, news.ticket, id) for plan in self._plans(news))
        return next((deadline.title for deadline in found if deadline is not None), id)

    def _plans(self, news: News) -> Iterator[Plan]:
        """The plan that something came from, then those by which its ticket went before: an all-clear may tell the end
        of what a migration took away.
        """
        yield news.origin
        steps = SqliteStore(self._database, news.row.site).steps(news.family.id)
        for version in dict.fromkeys(step.plan for step in reversed(steps)):
            with suppress(StoreError):
                yield self._world.plan(news.row.site, version)

    def _say(self, words: Words, **names: object) -> str:
        return words.in_(self._lang).format(**names)


def _texts(told: Iterable[Told]) -> str:
    """Each sentence once."""
    return "\n".join(dict.fromkeys(text for one in told for text in one.texts))


def _due(news: News) -> int | None:
    """The first due of which a rung speaks."""
    rungs = (cause for cause in news.causes if cause.kind in ("rung", "repeat"))
    runs = (last_run(news.ticket, deadline_id(cause)) for cause in rungs)
    return min((run.due for run in runs if run is not None and run.due is not None), default=None)


def _deadline_title(plan: Plan, ticket: Ticket, id: str) -> str:
    deadline = deadline_of(plan, ticket, id)
    return deadline.title if deadline is not None else id


class Fields:
    """The fields of a text, for one reader: facts, parties, dues, state, number."""

    def __init__(self, news: News, world: World, lang: Lang) -> None:
        self._news, self._world, self._lang = news, world, lang

    def __call__(self, name: str) -> str | None:
        """Raises LookupError for a name that means nothing."""
        origin, ticket = self._news.origin, self._news.ticket
        deadline, dot, due = name.partition(".")
        if dot and due == "due":
            run = last_run(ticket, deadline)
            return local(origin, run.due, self._news.row.at) if run is not None and run.due is not None else None
        if name in origin.facts:
            return self._fact(name)
        if name in origin.roles:
            return origin.roles[name].title
        if name in PARTY_WORDS:
            return self._party(name)
        return self._own()[name]

    def _own(self) -> Mapping[str, str | None]:
        """What the engine itself knows of a ticket."""
        plan, ticket = self._news.plan, self._news.ticket
        category = plan.categories[ticket.category]
        state = plan.workflows[category.workflow].states.get(ticket.state)
        parts = fact_of(plan, self._news.family, ticket, "open_parts")
        day, time = local(plan, ticket.opened, self._news.row.at).split()
        late = dict.fromkeys(run.deadline for run in ticket.all_runs() if run.status in LATE)
        return {
            "number": ticket.id,
            "category": category.title,
            "state": state.title if state is not None else ticket.state,
            "round": str(ticket.round),
            "repeats": str(ticket.ties.repeats),
            "promises": str(ticket.promises),
            "open_parts": str(parts),
            "breached": AND.in_(self._lang).join(_deadline_title(plan, ticket, id) for id in late) or None,
            "time": time,
            "day": day,
            "hour": str(int(time[:2])),
        }

    def _fact(self, name: str) -> str | None:
        origin, value = self._news.origin, self._news.ticket.fact(name)
        if value is None:
            return None
        if name in origin.personal or name in self._news.plan.personal:
            row = self._news.row
            reader = Reader(row.site, row.ticket, row.person, row.role, row.channel)
            return self._world.reveal(reader, str(value)) or MASK
        if origin.facts[name].type == "time" and isinstance(value, int):
            return local(origin, value, self._news.row.at)
        return shown(origin, name, value, self._lang)

    def _party(self, word: str) -> str | None:
        plan, family, ticket = self._news.plan, self._news.family, self._news.ticket
        found = addresses(plan, family, ticket, Party("word", word))
        return AND.in_(self._lang).join(name for address in found for name in self._names(address)) or None

    def _names(self, address: str) -> Iterable[str]:
        """A party as people call it: the title of a role, a person himself."""
        kind, _, who = address.partition(":")
        if kind == REPORTER:
            return [WHO_REPORTED.in_(self._lang)]
        if kind in ("leaver", "taker"):  # a ticket that hands no post over has none
            row, post = self._news.row, self._news.ticket.post
            return [one.id for one in self._world.people(row.site, address, row.ticket, row.at)] if post else []
        roles = self._news.plan.roles if kind == "role" else {}
        return [roles[who].title if who in roles else who]


def shown(plan: Plan, fact: str, value: Value, lang: Lang) -> str:
    """A fact as people read it, but for an instant."""
    declared = plan.facts[fact]
    if isinstance(value, bool):
        return FLAG[value].in_(lang)
    if declared.type == "role" and value in plan.roles:
        return plan.roles[str(value)].title
    return declared.values.get(str(value), str(value))


def local(plan: Plan, at: int, seen: int) -> str:
    """An instant as people of the site read it; with its year, if that is not the year in which it is seen."""
    there, year = datetime.fromtimestamp(at, plan.zone), datetime.fromtimestamp(seen, plan.zone).year
    return f"{there:%m-%d %H:%M}" if there.year == year else f"{there:%Y-%m-%d %H:%M}"


def last_run(ticket: Ticket, deadline: str) -> Run | None:
    """The run of a deadline that is open, or was the last."""
    runs = (run for run in ticket.all_runs() if run.deadline == deadline)
    return max(runs, key=lambda run: (run.round, run.n), default=None)
