"""Random histories through both stores: whatever is asked in between, they answer equally."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import Actor, Command, Membership, Rule, commands
from engine.store import Answered, ConflictError, Cursor, Database, Errand, MemoryStore, Query, SiteEvent
from tests.conftest import examples
from tests.store.histories import commits, long_story, opened

TICKETS = ("A", "B", "C")
KEYS = st.sampled_from("xyz")
TICKET = st.sampled_from(TICKETS)
SMALL = st.integers(0, 5)


@cache
def history(ticket: str):
    story = long_story(ticket) if ticket != "B" else opened(ticket, place="6 栋").until("11-16 12:30")
    return tuple(commits(story))


def errand(ticket: str, key: str, at: int) -> Errand:
    return Errand(at, key, Command(ticket, Actor("x"), at, commands.Note("好")))


#: A deed is a function from a transaction to an answer, the same for both stores.
DEEDS = st.one_of(
    st.tuples(TICKET, st.integers(0, 9)).map(
        lambda t: lambda tx: tx.commit(history(t[0])[min(t[1], len(history(t[0])) - 1)])
    ),
    st.sampled_from(TICKETS).map(lambda t: lambda tx: follow(tx, t)),
    st.sampled_from(TICKETS).map(lambda t: lambda tx: follow(tx, t)),
    SMALL.map(lambda now: lambda tx: tx.stamp(now)),
    st.tuples(TICKET, KEYS, SMALL).map(lambda t: lambda tx: tx.send(errand(*t), t[0])),
    st.tuples(TICKET, SMALL).map(lambda t: lambda tx: finish(tx, *t)),
    st.tuples(KEYS, SMALL).map(lambda t: lambda tx: tx.remember("desk", t[0], Answered("b", "A", t[1]))),
    st.tuples(TICKET, KEYS, SMALL).map(lambda t: lambda tx: sorted(tx.join(Membership(t[2], t[0], "rash", (t[1],))))),
    st.tuples(TICKET, KEYS).map(lambda t: lambda tx: tx.fired("rash", (t[1],), t[0])),
    st.tuples(KEYS, TICKET).map(lambda t: lambda tx: tx.keep_group("rash", *t)),
    TICKET.map(lambda id: lambda tx: tx.leave(id)),
    st.tuples(KEYS, TICKET).map(lambda t: lambda tx: tx.add_member(*t)),
    st.tuples(KEYS, SMALL).map(lambda t: lambda tx: tx.record(SiteEvent(t[1], t[0], Rule("r"), {"n": (t[1],)}, t[0]))),
    st.tuples(KEYS, SMALL).map(lambda t: lambda tx: tx.set_mark(*t)),
    st.tuples(KEYS, KEYS).map(lambda t: lambda tx: tx.reveal(tx.seal(*t))),
    st.tuples(KEYS, KEYS).map(lambda t: lambda tx: tx.erase(tx.seal(*t))),
)


def follow(tx, ticket: str) -> None:
    """The next step of a family."""
    family = tx.load(ticket)
    done = family.steps if family is not None else 0
    if done < len(history(ticket)):
        tx.commit(history(ticket)[done])


def finish(tx, ticket: str, until: int) -> int:
    found = tx.errands(ticket, until) if tx.load(ticket) is not None else ()
    for one in found:
        tx.done(one)
    return len(found)


class GivenUpError(Exception):
    pass


def done(store, deeds, gives_up: bool):
    def work(tx):
        answers = [deed(tx) for deed in deeds]
        if gives_up:
            raise GivenUpError
        return answers, seen(tx)

    try:
        return store.write(work)
    except (ConflictError, GivenUpError) as error:
        return type(error)


def seen(store) -> object:
    """Everything that can be asked."""
    orders = (
        Query(),
        Query(open=True),
        Query(open=False),
        Query(link="place:6 栋"),
        Query(limit=1, after=Cursor(1_794_800_000, "A")),
    )
    return (
        [(store.load(ticket), store.steps(ticket), store.timers(ticket)) for ticket in (*TICKETS, "A.1")],
        [list(store.errands(ticket, until)) for ticket in TICKETS for until in (2, 9)],
        sorted(family.id for family in store.families(open_only=True)),
        [family.id for family in store.families()],
        [list(store.rows(query)) for query in orders],
        store.next_instant(),
        [sorted(store.due(until, 9)) for until in (0, 3, 2_000_000_000)],
        [(store.answer("desk", key), store.group("rash", key), store.members(key), store.mark(key)) for key in "xyz"],
        [list(store.site_events(*of)) for of in ((), ("x",), ("y", "y"), ("x", "z"))],
        store.messages(),
    )


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.tuples(st.lists(DEEDS, min_size=1, max_size=4), st.booleans().map(bool)), max_size=12))
def test_both_stores_answer_equally_whatever_is_done_to_them(turns):
    memory = MemoryStore()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "huiyin.db")
        with Database.open(path, lambda: 1, synchronous="NORMAL") as database:
            store = database.site("lakeside")
            for deeds, gives_up in turns:
                assert done(store, deeds, gives_up) == done(memory, deeds, gives_up)
                assert seen(store) == seen(memory)
        with Database.open(path, lambda: 1, synchronous="NORMAL") as database:
            assert seen(database.site("lakeside")) == seen(memory)
