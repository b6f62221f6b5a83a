"""Whatever is done to the file behind the engine's back is found and named."""

from __future__ import annotations

import re
import sqlite3

import pytest

from engine.core import Rule
from engine.store import Database, Revision, SiteEvent, StoreError, add_revision, verify
from tests.store.histories import commits, long_story, opened

STEPS = len(long_story().steps)


@pytest.fixture
def database(tmp_path):
    with Database.open(tmp_path / "huiyin.db", lambda: 1, synchronous="NORMAL") as database:
        fill(database)
        yield database


def fill(database: Database) -> None:
    """Two families step by step in turns, one more, three policies, and a stream of three events."""
    store = database.site("lakeside")
    for one, other in zip(commits(long_story("T1")), commits(long_story("T2")), strict=True):
        store.write(lambda tx, one=one, other=other: (tx.commit(one), tx.commit(other)))
    store.write(lambda tx: tx.commit(next(commits(opened("T3")))))
    for number in range(1, 4):
        files = {"lakeside": f"policy: lakeside  # {number}"}
        add_revision(database, Revision.of("lakeside", number, f"v{number}", number, "王工", "", files))
    for number in range(3):
        store.write(lambda tx, number=number: tx.record(SiteEvent(number, "filed", Rule("r"), {"n": number}, "k")))


def tamper(database: Database, *statements: str) -> None:
    with sqlite3.connect(database.path) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount, f"{statement} changed nothing"
    connection.close()


def found(database: Database) -> list[str]:
    return [str(damage) for damage in verify(database)]


T1 = "site = 'lakeside' AND family = 'T1'"
SWAP = (
    f"UPDATE step SET number = -1 WHERE {T1} AND number = 3",
    f"UPDATE step SET number = 3 WHERE {T1} AND number = 4",
    f"UPDATE step SET number = 4 WHERE {T1} AND number = -1",
)
INSERT = (
    "INSERT INTO step (site, family, number, at, recorded_at, body, hash) "
    f"SELECT site, family, {STEPS + 1}, at, 1, body, hash FROM step WHERE {T1} AND number = {STEPS}"
)
NOT = "is not what its hash says, or does not follow the one before it"
TAMPERED = {
    "a body edited": (
        [f"UPDATE step SET body = replace(body, 'boss', 'b0ss') WHERE {T1} AND number = 3"],
        [f"T1, step 3: {NOT}"],
    ),
    "a body that is no JSON any more": (
        [f"UPDATE step SET body = '[3' WHERE {T1} AND number = 3"],
        [f"T1, step 3: {NOT}"],
    ),
    "a body that is no text any more": (
        [f"UPDATE step SET body = CAST(x'5bff' AS TEXT) WHERE {T1} AND number = 3"],
        [f"T1, step 3: {NOT}"],
    ),
    "a body of the same length": (
        [f"UPDATE step SET body = replace(body, '1', '2') WHERE {T1} AND number = 1"],
        [f"T1, step 1: {NOT}"],
    ),
    "an instant edited": (
        [f"UPDATE step SET at = at + 1 WHERE {T1} AND number = 3"],
        ["T1, step 3: has other columns"],
    ),
    "a hash edited": (
        [f"UPDATE step SET hash = zeroblob(32) WHERE {T1} AND number = 3"],
        [f"T1, step 3: {NOT}", f"T1, step 4: {NOT}"],
    ),
    "the first step deleted": (
        [f"DELETE FROM step WHERE {T1} AND number = 1"],
        ["T1, step 1: is missing", "entry 1: is missing"],
    ),
    "a middle step deleted": (
        [f"DELETE FROM step WHERE {T1} AND number = 4"],
        ["T1, step 4: is missing", "entry 7: is missing"],
    ),
    "two middle steps deleted": (
        [f"DELETE FROM step WHERE {T1} AND number IN (4, 5)"],
        ["T1, step 4: is missing, up to 5", "entry 7: is missing", "entry 9: is missing"],
    ),
    "the last step deleted": ([f"DELETE FROM step WHERE {T1} AND number = {STEPS}"], [f"T1, step {STEPS}: is missing"]),
    "the last step of all deleted, with its family": (
        ["DELETE FROM step WHERE family = 'T3'", "DELETE FROM family WHERE id = 'T3'"],
        [f"entry {2 * STEPS + 1}: is missing"],
    ),
    "a whole family deleted": (
        ["DELETE FROM step WHERE family = 'T2'", "DELETE FROM family WHERE id = 'T2'"],
        ["entry 2: is missing", f"entry {2 * STEPS}: is missing"],
    ),
    "all steps of a family deleted": (
        ["DELETE FROM step WHERE family = 'T2'"],
        ["family T2, step 1: is missing, with all after"],
    ),
    "the head of a family deleted": (
        ["DELETE FROM family WHERE id = 'T3'"],
        ["T3, step 1: is the last one of a history whose head"],
    ),
    "a step taken back, head and all": (
        [
            f"DELETE FROM step WHERE {T1} AND number = {STEPS}",
            f"UPDATE family SET steps = steps - 1, head = (SELECT hash FROM step WHERE {T1} AND number = {STEPS - 1}) WHERE id = 'T1'",
        ],
        [f"entry {2 * STEPS - 1}: is missing"],
    ),
    "the head of a family exchanged": (
        ["UPDATE family SET head = zeroblob(32) WHERE id = 'T1'"],
        [f"T1, step {STEPS}: is not the one"],
    ),
    "two steps swapped": (SWAP, [f"T1, step 3: {NOT}", f"T1, step 4: {NOT}"]),
    "a step put in": ([INSERT], [f"T1, step {STEPS + 1}: {NOT}", f"T1, step {STEPS + 1}: was put in"]),
    "a step moved to another family": (
        [f"UPDATE step SET family = 'T9' WHERE {T1} AND number = {STEPS}"],
        [f"T1, step {STEPS}: is missing", "T9, step 1: is missing"],
    ),
    "a step moved to another site": (
        ["UPDATE step SET site = 'x' WHERE family = 'T3'"],
        ["x, family T3, step 1", "T3, step 1: is missing"],
    ),
    "an event of the site edited": (
        ["UPDATE site_event SET body = '[]' WHERE number = 2"],
        [f"lakeside, event 2: {NOT}"],
    ),
    "an event of the site filed elsewhere": (
        ["UPDATE site_event SET key = 'x' WHERE number = 2"],
        ["event 2: has other columns"],
    ),
    "an event of the site deleted": (["DELETE FROM site_event WHERE number = 2"], ["lakeside, event 2: is missing"]),
    "the last event of the site deleted": (
        ["DELETE FROM site_event WHERE number = 3"],
        ["lakeside, event 3: is missing"],
    ),
    "a text of a policy edited": (
        ["UPDATE revision SET files = replace(files, 'policy', 'polizy') WHERE number = 2"],
        ["site lakeside: policy revision 2 is not what its hash says"],
    ),
    "a text of a policy that is no text any more": (
        ["UPDATE revision SET files = CAST(x'7bff7d' AS TEXT) WHERE number = 1"],
        ["site lakeside: policy revision 1 is not what its hash says"],
    ),
    "who applied a policy edited": (
        ["UPDATE revision SET by = '李工' WHERE number = 3"],
        ["site lakeside: policy revision 3 is not what its hash says"],
    ),
    "policies deleted": (
        ["DELETE FROM revision WHERE number < 3"],
        ["site lakeside: policy revision 1 is missing, up to 2"],
    ),
    "all events of the site deleted": (["DELETE FROM site_event"], ["lakeside, event 1: is missing, with all after"]),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_tampered_with_is_found_and_named(database, name):
    statements, wanted = TAMPERED[name]
    assert found(database) == []
    tamper(database, *statements)
    said = found(database)
    for place in wanted:
        assert any(place in line for line in said), said
    assert not [damage.zh for damage in verify(database) if re.search("[a-z]", damage.zh)]


def test_nothing_is_found_in_a_file_that_nobody_touched(database):
    database.seal(1)
    assert found(database) == []


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["DELETE FROM step WHERE family = 'T2'", "DELETE FROM family WHERE id = 'T2'"], id="deleted"),
        pytest.param(
            [
                "UPDATE step SET seq = -1 WHERE seq = 3",
                "UPDATE step SET seq = 3 WHERE seq = 4",
                "UPDATE step SET seq = 4 WHERE seq = -1",
            ],
            id="reordered",
        ),
        pytest.param(["UPDATE seal SET until = until - 1 WHERE number = 1"], id="the seal edited"),
    ],
)
def test_a_seal_does_not_fit_what_was_exchanged_under_it(database, statements):
    assert database.seal(1) is not None
    tamper(database, *statements)
    assert any("seal 1 does not fit the entries from here" in line for line in found(database))


def test_a_history_rewritten_with_all_its_hashes_still_breaks_the_seal(database, tmp_path):
    database.seal(1)
    with Database.open(tmp_path / "other.db", lambda: 1, synchronous="NORMAL") as other:
        store = other.site("lakeside")
        forged = next(commits(opened("T3", "11-16 08:00")))
        store.write(lambda tx: tx.commit(forged))
        with other.read() as connection:
            at, body, hash = connection.execute("SELECT at, body, hash FROM step").fetchone()
    with sqlite3.connect(database.path) as connection:
        connection.execute("UPDATE step SET at = ?, body = ?, hash = ? WHERE family = 'T3'", (at, body, hash))
        connection.execute("UPDATE family SET head = ? WHERE id = 'T3'", (hash,))
    connection.close()
    assert found(database) == [f"entry 1: seal 1 does not fit the entries from here to {2 * STEPS + 1}"]


def test_seals_follow_each_other_and_a_missing_one_is_named(database):
    store = database.site("lakeside")
    first = database.seal(1)
    assert database.seal(2) is None, "nothing new to seal"
    store.write(lambda tx: tx.record(SiteEvent(9, "filed", Rule("r"), {}, "k")))
    second = database.seal(3)
    assert (first.number, second.number, second.until) == (1, 2, first.until)
    assert found(database) == []
    tamper(database, "DELETE FROM seal WHERE number = 2")
    assert any("its seal, number 2, is missing" in line for line in found(database))
    tamper(database, "DELETE FROM seal WHERE number = 1")
    assert any("its seal, number 1, is missing" in line for line in found(database))


def test_a_sealed_event_that_was_taken_back_head_and_all_is_named(database):
    database.seal(1)
    tamper(
        database,
        "DELETE FROM site_event WHERE number = 3",
        "UPDATE site SET events = 2, head = (SELECT hash FROM site_event WHERE number = 2)",
    )
    assert found(database) == ["site lakeside, event 3: is not the one under seal 1"]


@pytest.mark.parametrize(
    ("change", "step", "says", "zh"),
    [
        ("SET body = replace(body, 'boss', 'b0ss')", 3, "is not what its hash says", "与其哈希不符"),
        ("SET body = CAST(x'5bff' AS TEXT)", 3, "is not what its hash says", "与其哈希不符"),
        ("SET number = 99", 3, "is not what its hash says", "与其哈希不符"),
        ("SET number = 99", STEPS, "is missing", f"缺失：共写入 {STEPS} 步"),
    ],
)
def test_a_damaged_row_stops_its_family_only_and_is_named(tmp_path, change, step, says, zh):
    path = tmp_path / "huiyin.db"
    with Database.open(path, lambda: 1, synchronous="NORMAL") as database:
        fill(database)
        tamper(database, f"UPDATE step {change} WHERE {T1} AND number = {step}")
    with Database.open(path, lambda: 1) as database:
        store = database.site("lakeside")
        for read in (store.load, store.steps):
            with pytest.raises(StoreError, match=f"site lakeside, family T1: step {step} {says}") as caught:
                read("T1")
            assert caught.value.zh == f"项目 lakeside，工单 T1：第 {step} 步已损坏（{zh}）"
        assert store.load("T2") is not None
        second = list(commits(opened("T3").do("11-16 09:30", "reply")))[1]
        store.write(lambda tx: tx.commit(second))
        assert store.load("T3") == second.family


def test_a_step_of_a_newer_version_is_refused_by_name(tmp_path):
    from engine.store.chain import GENESIS, link

    body = '[1,5,"command",["x"],"p",[["teleported","T1",5,["r"]]]]'
    with Database.open(tmp_path / "huiyin.db", lambda: 1) as database:
        store = database.site("a")
        hash = link(GENESIS, "a", "T1", 1, body.encode())
        database.write(
            lambda connection: (
                connection.execute("INSERT INTO step VALUES (1, 'a', 'T1', 1, 5, 1, ?, ?)", (body, hash)),
                connection.execute("INSERT INTO family VALUES ('a', 'T1', 1, 1, ?, 1)", (hash,)),
            )
        )
        with pytest.raises(
            StoreError, match=r"family T1: step 1 .*`teleported` is unknown: written by a newer version"
        ):
            store.load("T1")
        assert found(database) == []
