"""Lists page by page: each page begins where the one before it ended, found by an index however deep it lies."""

from __future__ import annotations

from random import Random

import pytest

from engine.store import Cursor, Database, MemoryStore, Query
from engine.store.transaction import SqliteTransaction
from tests.store.histories import commits, opened, row

NOW = 1_794_800_000
QUERIES = (
    Query(),
    Query(open=True),
    Query(open=False),
    Query(open=True, category="piece"),
    Query(open=True, silent=True),
    Query(silent=False),
    Query(open=True, overdue=True, owner="role:desk"),
    Query(open=True, link="place:A"),
    Query(link="place:A"),
    Query(open=False, assignee="小王"),
    Query(open=True, assignee="小王"),
    Query(open=True, assignee="小王", post="desk", link="place:A"),
    Query(open=True, overdue=False),
    Query(post="desk"),
    Query(open=False, category="piece"),
)


@pytest.fixture
def database(tmp_path):
    with Database.open(tmp_path / "huiyin.db", lambda: NOW, synchronous="NORMAL") as database:
        yield database


def rows(random, count):
    """Many of one instant, many without a due."""
    for n in range(count):
        is_open = random.random() < 0.6
        yield row(
            f"T{n}",
            category=random.choice(["matter", "piece"]),
            assignee=random.choice([None, "小王"]),
            post=random.choice([None, "desk"]),
            opened=random.randrange(5),
            closed=None if is_open else 9,
            due=random.choice([None, *range(4)]) if is_open else None,
            overdue=random.randrange(2),
            silent=random.random() < 0.3,
            links=random.choice([(), ("place:A",), ("place:A", "place:B")]),
        )


def furnish(store, known):
    for one in known:
        (commit,) = commits(opened(one.ticket), rows=False)
        store.write(lambda tx, commit=commit, one=one: tx.commit(commit._replace(rows=(one,))))


def pages(store, query):
    found = []
    while page := store.rows(query):
        assert len(page) <= query.limit
        found += page
        query = query._replace(after=query.cursor(page[-1]))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_page_by_page_a_list_is_the_whole_list_in_both_stores(database, seed):
    random = Random(seed)
    known = list(rows(random, 40))
    stores = (MemoryStore(), database.site("park"))
    for store in stores:
        furnish(store, known)
    for query in QUERIES:
        whole = [store.rows(query._replace(limit=100)) for store in stores]
        assert list(whole[0]) == list(whole[1])
        for limit in (1, 3, 7):
            assert pages(stores[1], query._replace(limit=limit)) == list(whole[1]), query


@pytest.mark.parametrize("after", [None, Cursor(5, "T1")])
@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Query(open=True), "ticket_due (site=? AND <expr>"),
        (Query(open=True, category="piece", state="new", overdue=False), "ticket_due (site=? AND <expr>"),
        (Query(open=True, state="new", overdue=True), "ticket_overdue (site=? AND <expr>"),
        (Query(open=True, silent=True), "ticket_silent (site=? AND <expr>"),
        (Query(), "ticket_opened (site=? AND opened"),
        (Query(open=False, owner="role:desk"), "ticket_closed (site=? AND opened"),
        (Query(category="piece"), "ticket_category (site=? AND category=? AND opened"),
        (Query(open=False, assignee="小王"), "ticket_assignee (site=? AND assignee=? AND opened"),
        (Query(post="desk"), "ticket_post (site=? AND post=? AND opened"),
    ],
)
def test_a_page_is_found_by_an_index_however_deep_it_lies(database, query, index, after):
    steps = plan_of(database, query._replace(after=after))
    assert all(step.startswith("SEARCH ticket USING INDEX ticket_") for step in steps), steps
    if after is None:
        index = index.removesuffix(" AND <expr>").removesuffix(" AND opened")
    assert index in steps[-1]


@pytest.mark.parametrize("after", [None, Cursor(5, "T1")])
@pytest.mark.parametrize("what", ["assignee", "post"])
def test_what_few_open_tickets_have_is_found_without_the_others(database, what, after):
    steps = plan_of(database, Query(open=True, after=after, **{what: "小王"}))
    assert steps[0].startswith(f"SEARCH ticket USING INDEX ticket_{what} (site=? AND {what}=?"), steps


def test_the_tickets_of_a_link_are_found_by_the_link(database):
    steps = plan_of(database, Query(open=True, link="place:A", after=Cursor(5, "T1")))
    assert any("link USING PRIMARY KEY (site=? AND link=?" in step for step in steps), steps
    assert steps[0].startswith("SEARCH ticket USING PRIMARY KEY (site=? AND ticket=?)"), steps


def plan_of(database, query):
    """How the last statement of a page is carried out."""
    with database.read() as connection:
        said = []
        connection.set_trace_callback(said.append)
        reader = SqliteTransaction(connection, "park", database.families, database.clock, database.forget)
        reader.rows(query)
        connection.set_trace_callback(None)
        return [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {said[-1]}")]
