"""What the file promises beside the protocol: several sites, readers, reopening, its lock and its schema."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from threading import Event, Thread

import pytest

from engine.core import Actor, Command, Membership, Rule, commands
from engine.runtime.turn import body_of
from engine.store import (
    Answered,
    ConflictError,
    Database,
    Errand,
    Query,
    Revision,
    SiteEvent,
    StoreError,
    keep_customers,
    migrate,
    revisions_of,
    schema,
    verify,
)
from engine.store.slices import forget_answers
from tests.store.histories import commits, long_story, opened, row

NOW = 1_794_800_000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "huiyin.db"


@pytest.fixture
def database(path):
    with Database.open(path, lambda: NOW, synchronous="NORMAL") as database:
        yield database


def everything(store, family="T1"):
    """All that a store answers, in full."""
    return repr(
        [
            store.load(family),
            store.steps(family),
            list(store.families()),
            store.rows(Query()),
            store.timers(family),
            store.next_instant(),
            store.due(NOW * 2, 99),
            store.errands(family, NOW * 2),
            store.answer("desk", "k"),
            store.group("rash", "T1"),
            store.members("G1"),
            list(store.site_events()),
            store.messages(),
            store.mark("alive"),
        ]
    )


def fill(store) -> None:
    def run(tx):
        for commit in list(commits(long_story("T1")))[:7]:
            tx.commit(commit)
        tx.commit(next(commits(opened("T2"))))
        tx.stamp(NOW)
        tx.send(Errand(5, "e", Command("T1", Actor("x", frozenset("ba")), 5, commands.Note("好"))), "T1")
        tx.remember("desk", "k", Answered("body", "T1", 3))
        tx.keep_group("rash", "T1", "G1")
        tx.add_member("G1", "T1")
        tx.join(Membership(5, "T1", "rash", ("6 栋",)))
        tx.record(SiteEvent(1, "filed", Rule("r"), {"n": (1, 2)}, "k"))
        tx.set_mark("alive", 7)

    store.write(run)


# ---- reopening and reading ------------------------------------------------------------------------------------------


def test_a_file_opened_again_answers_the_same_byte_for_byte(path):
    with Database.open(path, lambda: NOW) as database:
        store = database.site("lakeside")
        fill(store)
        reference = store.write(lambda tx: tx.seal("phone", "138"))
        before = everything(store)
    with Database.open(path, lambda: NOW) as database:
        store = database.site("lakeside")
        assert everything(store) == before
        assert store.reveal(reference) == "138"
        assert store.write(lambda tx: (tx.seal("phone", "138"), tx.stamp(0))) == (reference, NOW)
        last = list(commits(long_story("T1")))[7]
        store.write(lambda tx: tx.commit(last))
        assert store.load("T1") == last.family


def test_a_closed_file_is_one_file(path):
    with Database.open(path, lambda: NOW) as database:
        fill(database.site("lakeside"))
    assert sorted(found.name for found in path.parent.iterdir()) == ["huiyin.db", "huiyin.db.lock"]
    database.close()
    with pytest.raises(StoreError, match="closed"):
        database.site("lakeside")


def test_sites_know_nothing_of_each_other(database):
    one, other = database.site("lakeside"), database.site("cloud park")
    fill(one)
    empty = everything(database.site("never used"))
    assert everything(other) == empty
    fill(other)
    assert everything(other) == everything(one)
    assert one.write(lambda tx: tx.seal("phone", "138")) != other.write(lambda tx: tx.seal("phone", "138"))
    assert database.sites() == ("cloud park", "lakeside", "never used")


def test_what_happens_next_is_asked_over_all_sites(database):
    assert database.next_instant() is None
    for site, when in (("b", "11-16 10:00"), ("a", "11-16 09:00"), ("c", "11-16 11:00")):
        database.site(site).write(lambda tx, when=when: tx.commit(next(commits(opened("T1", when)))))
    store = database.site("a")
    assert database.next_instant() == ("a", store.next_instant())
    errand = Errand(5, "e", Command("T1", Actor("x"), 5, commands.Note("x")))
    database.site("c").write(lambda tx: tx.send(errand, "T1"))
    assert database.next_instant() == ("c", 5)


def test_who_reads_while_somebody_writes_sees_the_last_commit(database):
    store = database.site("lakeside")
    first, second, *_ = commits(long_story("T1"))
    store.write(lambda tx: tx.commit(first))
    inside, go_on = Event(), Event()

    def run(tx):
        tx.commit(second)
        tx.set_mark("seen", 1)
        assert tx.load("T1") == second.family
        inside.set()
        go_on.wait(5)

    writer = Thread(target=store.write, args=(run,))
    writer.start()
    inside.wait(5)
    assert store.load("T1") == first.family
    assert store.timers("T1") == first.timers
    assert store.steps("T1") == first.steps
    assert store.mark("seen") is None
    go_on.set()
    writer.join()
    assert (store.load("T1"), store.mark("seen")) == (second.family, 1)


def test_a_reader_cannot_write(database):
    with database.read() as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM site")


def test_a_read_that_is_given_up_half_way_frees_its_connection(database):
    store = database.site("lakeside")
    for ticket in "ABC":
        store.write(lambda tx, ticket=ticket: tx.commit(next(commits(opened(ticket)))))
    families = store.families()
    next(iter(families))
    assert store.due(NOW, 1)
    store.write(lambda tx: tx.commit(next(commits(opened("D")))))
    assert len(store.due(NOW, 9)) == 4


def test_tables_of_other_rooms_share_the_transaction_of_a_site(database):
    database.write(lambda connection: connection.execute("CREATE TABLE elsewhere (id INTEGER PRIMARY KEY, note TEXT)"))
    with pytest.raises(sqlite3.IntegrityError):
        database.write(lambda c: [c.execute("INSERT INTO elsewhere VALUES (1, ?)", (note,)) for note in "ab"])
    with database.read() as connection:
        assert connection.execute("SELECT * FROM elsewhere").fetchall() == []


def test_answers_are_forgotten_after_their_time(path):
    clock = iter(range(100, 200))
    with Database.open(path, lambda: next(clock)) as database:
        store = database.site("lakeside")
        for key in "abc":
            store.write(lambda tx, key=key: tx.remember("desk", key, Answered(key, "T1", 1)))
        assert sum(forget_answers(database, 102)) == 2
        assert [store.answer("desk", key) is None for key in "abc"] == [True, True, False]


def test_an_erased_value_is_nowhere_in_the_files(path):
    secret = "13800138000-very-personal"
    with Database.open(path, lambda: NOW) as database:
        store = database.site("lakeside")
        reference = store.write(lambda tx: tx.seal("phone", secret))
        assert any(secret.encode() in file.read_bytes() for file in path.parent.iterdir())
        store.write(lambda tx: tx.erase(reference))
        assert not any(secret.encode() in file.read_bytes() for file in path.parent.iterdir())


def test_a_list_of_customers_that_was_replaced_is_nowhere_in_the_files(path):
    with Database.open(path, lambda: NOW) as database:
        for list in ([("3-2-1101", "王女士", "13800000001", "")], [("3-2-1102", "李先生", "", "")]):
            database.site("park")  # a commit between, after which nothing is to be forgotten
            keep_customers(database, "park", list)
        kept = b"".join(file.read_bytes() for file in path.parent.iterdir())
        assert "李先生".encode() in kept
        assert "王女士".encode() not in kept


def test_what_a_killed_process_erased_is_gone_from_the_log_once_the_next_one_writes(path):
    """It died between its commit and the end of the log: the pages of before the erasure are still in there."""
    child = """
import os, sys
from engine.store import Database
database = Database.open(sys.argv[1], lambda: 0)
store = database.site("park")
reference = store.write(lambda tx: tx.seal("telephone", "13900001111"))
database.forget = lambda: None
store.write(lambda tx: tx.erase(reference))
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", child, path], check=False)
    assert b"13900001111" in path.with_name(f"{path.name}-wal").read_bytes()
    with Database.open(path, lambda: NOW) as database:
        database.site("park")
        assert b"13900001111" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_an_erased_value_goes_once_an_old_reader_has_gone(path):
    secret = "13800138000-very-personal"
    with Database.open(path, lambda: NOW) as database:
        store = database.site("lakeside")
        reference = store.write(lambda tx: tx.seal("phone", secret))
        with database.read() as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT * FROM site").fetchall()
            store.write(lambda tx: tx.erase(reference))
            connection.execute("ROLLBACK")
        store.write(lambda tx: tx.set_mark("later", 1))
        assert not any(secret.encode() in file.read_bytes() for file in path.parent.iterdir())


# ---- the index of timers --------------------------------------------------------------------------------------------


def test_only_timers_that_differ_are_written(database):
    store = database.site("lakeside")
    first, second, *_ = commits(long_story("T1"))
    store.write(lambda tx: tx.commit(first))
    changes = []
    database.write(lambda connection: connection.set_trace_callback(changes.append))
    store.write(lambda tx: tx.commit(second))
    database.write(lambda connection: connection.set_trace_callback(None))
    kept = set(first.timers) & set(second.timers)
    assert kept
    timers = [change for change in changes if "timer" in change and not change.lstrip().startswith("SELECT")]
    assert len(timers) == len(set(first.timers) ^ set(second.timers))


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM timer",
        "DELETE FROM timer WHERE slot = 0",
        "UPDATE timer SET fire = fire + 7",
        'INSERT INTO timer SELECT site, family, slot + 50, fire - 9, rank, place, "order", round, n, ordinal, ticket, key, kind, name, due FROM timer',
        'INSERT INTO timer SELECT site, family, slot + 50, fire, rank, place, "order", round, n, ordinal, ticket, key, kind, name, due FROM timer',
        "UPDATE ticket SET state = 'closed', closed = 1",
        "DELETE FROM ticket",
        "DELETE FROM link",
    ],
)
def test_a_repair_mends_whatever_was_done_to_the_indexes(database, damage):
    store = database.site("lakeside")
    commit = next(commits(opened("T1", place="6 栋")))
    store.write(lambda tx: tx.commit(commit))
    before = everything(store), store.rows(Query(link="place:6 栋"))
    database.write(lambda connection: connection.execute(damage))
    assert (everything(store), store.rows(Query(link="place:6 栋"))) != before
    store.write(lambda tx: tx.repair("T1", commit.timers, commit.rows))
    assert (everything(store), store.rows(Query(link="place:6 栋"))) == before


def test_a_repair_takes_away_rows_that_nobody_derived(database):
    store = database.site("lakeside")
    commit = next(commits(opened("T1")))
    store.write(lambda tx: tx.commit(commit))
    store.write(lambda tx: tx.repair("T1", commit.timers, (*commit.rows, row("T9", family="T1", links=("a:b",)))))
    store.write(lambda tx: tx.repair("T1", commit.timers, commit.rows))
    assert store.rows(Query()) == list(commit.rows)
    assert store.rows(Query(link="a:b")) == []


# ---- the lock and the schema ----------------------------------------------------------------------------------------


def test_a_second_process_is_refused_by_name(path, database):
    script = (
        "import sys; from engine.store import Database, StoreError\n"
        "try: Database.open(sys.argv[1], lambda: 1)\n"
        "except StoreError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert said.stdout == f"{path} is in use by another process, which holds {path}.lock\n"


def test_a_file_is_free_again_when_opening_it_failed(path):
    path.write_bytes(b"no database at all, " * 100)
    for _ in range(2):
        with pytest.raises(StoreError, match="file is not a database"):
            Database.open(path, lambda: NOW)
    path.unlink()
    Database.open(path, lambda: NOW).close()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"nowhere/huiyin.db.lock cannot be opened"):
        Database.open(tmp_path / "nowhere" / "huiyin.db", lambda: NOW)


def test_a_database_of_something_else_is_refused_and_not_touched(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="something else"):
        Database.open(path, lambda: NOW)
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused(path):
    Database.open(path, lambda: NOW).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9000")
    connection.close()
    for run in (lambda: Database.open(path, lambda: NOW), lambda: migrate(path)):
        with pytest.raises(StoreError, match="the file has schema 9000, this version knows"):
            run()


def test_an_older_schema_waits_for_migrate(path, monkeypatch):
    with Database.open(path, lambda: NOW) as database:
        fill(database.site("lakeside"))
        before = everything(database.site("lakeside"))
    real = schema.migrations()
    added = schema.Migration(
        real[-1].number + 1, "9_more.sql", "CREATE TABLE more (x TEXT) STRICT; INSERT INTO more VALUES ('y')"
    )
    monkeypatch.setattr(schema, "migrations", lambda: (*real, added))
    with pytest.raises(StoreError, match="huiyin db migrate"):
        Database.open(path, lambda: NOW)
    assert migrate(path) == ("9_more.sql",)
    assert migrate(path) == ()
    with Database.open(path, lambda: NOW) as database:
        assert everything(database.site("lakeside")) == before


def test_a_migration_enters_whole_or_not_at_all(path, monkeypatch):
    Database.open(path, lambda: NOW).close()
    real = schema.migrations()
    broken = schema.Migration(
        real[-1].number + 1, "9_broken.sql", "CREATE TABLE more (x TEXT); INSERT INTO nowhere VALUES (1)"
    )
    with monkeypatch.context() as patched:
        patched.setattr(schema, "migrations", lambda: (*real, broken))
        with pytest.raises(StoreError, match="no such table: nowhere"):
            migrate(path)
    with Database.open(path, lambda: NOW) as database, database.read() as connection:
        assert connection.execute("SELECT name FROM sqlite_schema WHERE name = 'more'").fetchall() == []


def test_policies_that_were_applied_before_they_had_a_hash_get_one(path, monkeypatch):
    first = schema.migrations()[:7]
    with monkeypatch.context() as patched:
        patched.setattr(schema, "migrations", lambda: first)
        with Database.open(path, lambda: NOW) as database:
            old = ("lakeside", 1, "v1", NOW, "王工", "", '{"湖畔": "policy: 湖畔"}')
            database.write(lambda c: c.execute("INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, ?)", old).rowcount)
    assert "0008_revision_hashes.sql" in migrate(path)
    with Database.open(path, lambda: NOW) as database:
        assert verify(database) == []
        assert revisions_of(database, "lakeside") == (Revision.of(*old[:-1], {"湖畔": "policy: 湖畔"}),)
        database.write(lambda c: c.execute("UPDATE revision SET why = '补' WHERE number = 1").rowcount)
        assert [str(damage) for damage in verify(database)] == [
            "site lakeside: policy revision 1 is not what its hash says"
        ]


def test_what_an_older_version_answered_to_a_key_is_compared_in_the_form_of_today(path, monkeypatch):
    before = (
        "('T1', 'Do', [('fault', 'leak')], {'move': 'go', 'assignee': None, 'qualified': True}, None)",
        "('T1', 'Escalate', (), {'deadline': 'arrive', 'if_rung': None}, None)",
        "('T1', 'Recategorise', [], {'category': 'enquiry', 'states': {}}, None)",
    )
    first = schema.migrations()[:9]
    with monkeypatch.context() as patched:
        patched.setattr(schema, "migrations", lambda: first)
        with Database.open(path, lambda: NOW) as database:
            store = database.site("lakeside")
            for key, body in enumerate(before):
                store.write(lambda tx, k=str(key), b=body: tx.remember("desk", k, Answered(b, "T1", 1)))
    migrate(path)
    acts = (commands.Do("go", {"fault": "leak"}), commands.Escalate("arrive"), commands.Recategorise("enquiry"))
    with Database.open(path, lambda: NOW) as database:
        found = [database.site("lakeside").answer("desk", str(key)) for key in range(len(before))]
    desk = Actor("desk", frozenset())
    assert [one.body for one in found if one] == [body_of(Command("T1", desk, NOW, act)) for act in acts]


def test_migrations_are_numbered_without_gaps():
    assert [migration.number for migration in schema.migrations()] == list(range(1, len(schema.migrations()) + 1))


def test_the_writer_is_set_up_to_keep_its_promises(path):
    with Database.open(path, lambda: NOW) as database:
        asked = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "mmap_size", "trusted_schema")
        found = database.write(lambda c: [c.execute(f"PRAGMA {name}").fetchone()[0] for name in asked])
        assert found == ["wal", 2, 1, 1, 0, 0]


def test_a_conflict_is_the_callers_and_the_store_goes_on(database):
    store = database.site("lakeside")
    commit = next(commits(opened("T1")))
    store.write(lambda tx: tx.commit(commit))
    with pytest.raises(ConflictError):
        store.write(lambda tx: tx.commit(commit))
    assert store.load("T1") == commit.family


def test_who_leaves_its_detections_is_found_without_looking_through_all_openings(database):
    said = []
    database.write(lambda c: c.set_trace_callback(said.append))
    database.site("lakeside").write(lambda tx: tx.leave("T1"))
    database.write(lambda c: c.set_trace_callback(None))
    (sql,) = (text for text in said if text.startswith("DELETE"))
    (step,) = database.fetch(f"EXPLAIN QUERY PLAN {sql}")
    assert "USING INDEX membership_ticket (site=? AND ticket=?)" in step[3]
