"""Backup while it is written to, restore only what is whole and only where nobody is."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Event, Thread

import pytest

from engine.store import Database, StoreError, backup, in_use, migrate, restore, schema, upkeep, verify
from tests.store.histories import commits, long_story, opened


@pytest.fixture
def path(tmp_path):
    return tmp_path / "huiyin.db"


@pytest.fixture
def copy(tmp_path):
    return tmp_path / "copies" / "one.db"


@pytest.fixture
def database(path, copy):
    copy.parent.mkdir()
    with Database.open(path, lambda: 1, synchronous="NORMAL") as database:
        for commit in commits(long_story("T1")):
            database.site("lakeside").write(lambda tx, commit=commit: tx.commit(commit))
        yield database


def names(folder):
    return sorted(found.name for found in folder.iterdir())


def test_a_backup_is_one_file_that_opens_and_has_everything(database, copy):
    backup(database, copy)
    assert names(copy.parent) == ["one.db"]
    with Database.open(copy, lambda: 1) as copied:
        assert copied.site("lakeside").steps("T1") == database.site("lakeside").steps("T1")
        assert verify(copied) == []


def test_a_backup_made_while_others_write_is_one_state(database, copy):
    store, stop, started = database.site("lakeside"), Event(), Event()

    def run() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            commit = next(commits(opened(f"N{number}")))
            store.write(lambda tx, commit=commit, number=number: (tx.commit(commit), tx.set_mark("last", number)))
            started.set()

    writer = Thread(target=run)
    writer.start()
    started.wait(5)
    try:
        for number in range(3):
            target = copy.with_name(f"{number}.db")
            backup(database, target)
            with Database.open(target, lambda: 1) as copied:
                assert verify(copied) == []
                there = copied.site("lakeside")
                assert len(list(there.families())) == there.mark("last") + 1
    finally:
        stop.set()
        writer.join()


def test_a_backup_overwrites_nothing(database, copy):
    copy.write_text("precious")
    with pytest.raises(StoreError, match="overwrites nothing"):
        backup(database, copy)
    assert copy.read_text() == "precious"


def test_a_backup_that_fails_leaves_nothing_behind(database, tmp_path):
    with pytest.raises(StoreError, match="nowhere"):
        backup(database, tmp_path / "nowhere" / "one.db")
    assert not (tmp_path / "nowhere").exists()


def test_a_restored_file_has_what_the_backup_had_and_the_one_before_is_kept(database, path, copy):
    backup(database, copy)
    store = database.site("lakeside")
    store.write(lambda tx: tx.set_mark("later", 1))
    database.close()
    aside = restore(copy, path)
    with Database.open(path, lambda: 1) as restored:
        assert restored.site("lakeside").steps("T1")
        assert restored.site("lakeside").mark("later") is None
    with Database.open(aside, lambda: 1) as before:
        assert before.site("lakeside").mark("later") == 1
    again = restore(copy, path)
    assert again not in (None, aside)
    assert verify_file(again) == []


def verify_file(path):
    with Database.open(path, lambda: 1) as database:
        return verify(database)


def test_a_file_is_restored_where_none_was(database, copy, tmp_path):
    backup(database, copy)
    assert restore(copy, tmp_path / "new.db") is None
    assert verify_file(tmp_path / "new.db") == []


def test_a_file_in_use_is_not_overwritten(database, path, copy):
    backup(database, copy)
    before = names(path.parent)
    with pytest.raises(StoreError, match="in use by another process"):
        restore(copy, path)
    with pytest.raises(StoreError, match="in use by another process"):
        migrate(path)
    assert names(path.parent) == before


@pytest.mark.parametrize("damage", ["a row", "a page", "no database"])
def test_a_damaged_backup_is_not_restored_and_the_file_stays(database, path, copy, damage):
    backup(database, copy)
    database.close()
    if damage == "a row":
        with sqlite3.connect(copy) as connection:
            connection.execute("UPDATE step SET body = replace(body, 'boss', 'b0ss') WHERE number = 3")
        connection.close()
    elif damage == "a page":
        with copy.open("r+b") as file:
            file.seek(4096 * 3)
            file.write(b"\x00\xff" * 6000)
    else:
        copy.write_bytes(b"no database at all" * 500)
    before = path.read_bytes(), names(path.parent)
    with pytest.raises(StoreError, match=r"damaged|malformed|not a database"):
        restore(copy, path)
    assert (path.read_bytes(), names(path.parent)) == before


def test_all_damages_of_a_backup_are_named_at_once(database, path, copy):
    backup(database, copy)
    database.close()
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE step SET body = '[]' WHERE number IN (2, 4)")
    connection.close()
    with pytest.raises(StoreError, match=r"family T1, step 2: is not .*; .*family T1, step 4: is not "):
        restore(copy, path)


def test_a_backup_that_an_older_version_made_is_restored_and_then_migrated(path, copy, monkeypatch):
    old = schema.migrations()[:3]
    copy.parent.mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(schema, "migrations", lambda: old)
        Database.open(copy, lambda: 1).close()
    restore(copy, path)
    assert len(migrate(path)) == len(schema.migrations()) - 3


def test_a_backup_that_is_not_there_is_named(path, tmp_path):
    with pytest.raises(StoreError, match=r"gone.db is not a file"):
        restore(tmp_path / "gone.db", path)
    with pytest.raises(StoreError, match=r"huiyin.db is not a file"):
        migrate(path)


def test_a_backup_of_a_newer_version_is_refused(database, path, copy):
    backup(database, copy)
    with sqlite3.connect(copy) as connection:
        connection.execute("PRAGMA user_version = 9000")
    connection.close()
    database.close()
    with pytest.raises(StoreError, match="schema 9000"):
        restore(copy, path)
    assert verify_file(path) == []


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_who_is_killed_while_restoring_left_the_old_file_or_none_and_restores_again(database, path, copy, renames):
    backup(database, copy)
    database.site("lakeside").write(lambda tx: tx.set_mark("later", 1))
    killed_file(database, path)
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, renames)
        with pytest.raises(KeyboardInterrupt):
            restore(copy, path)
    if renames:
        with pytest.raises(StoreError, match="huiyin db restore"):
            Database.open(path, lambda: 1)
    else:
        with Database.open(path, lambda: 1) as old:
            assert old.site("lakeside").mark("later") == 1
    restore(copy, path)
    with Database.open(path, lambda: 1) as new:
        assert new.site("lakeside").mark("later") is None
        assert verify(new) == []


def test_a_restore_that_the_disk_refuses_puts_everything_back(database, path, copy, monkeypatch):
    backup(database, copy)
    database.site("lakeside").write(lambda tx: tx.set_mark("later", 1))
    killed_file(database, path)
    monkeypatch.setattr("engine.store.upkeep.settle", refuse_folder)
    with pytest.raises(StoreError, match="cannot be replaced: no more"):
        restore(copy, path)
    monkeypatch.undo()
    with Database.open(path, lambda: 1) as old:
        assert old.site("lakeside").mark("later") == 1


def test_a_file_that_vanished_is_not_begun_anew_over_its_log(database, path):
    database.site("lakeside").write(lambda tx: tx.set_mark("later", 1))
    killed_file(database, path)
    lost = path.rename(path.with_name("lost"))
    with pytest.raises(StoreError, match=r"is missing, but .*-wal is there"):
        Database.open(path, lambda: 1)
    lost.rename(path)
    with Database.open(path, lambda: 1) as found:
        assert found.site("lakeside").mark("later") == 1


def test_what_a_killed_copy_left_is_cleared(database, copy):
    left = [copy.with_name(f"{copy.name}.copying{end}") for end in ("", "-wal", "-shm")]
    for part in left:
        part.write_bytes(b"half")
    backup(database, copy)
    assert names(copy.parent) == [copy.name]


def test_a_backup_into_what_is_no_folder_says_so(database, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written: Not a directory"):
        backup(database, tmp_path / "file" / "one.db")


def test_an_empty_file_is_no_backup(database, path, copy):
    database.close()
    copy.touch()
    for use in (lambda: restore(copy, path), lambda: upkeep.verify_file(copy)):
        with pytest.raises(StoreError, match="empty"):
            use()


def test_who_asks_whether_a_file_is_in_use_leaves_no_lock_of_his_own(tmp_path):
    """It would belong to him, and the daemon could not open it."""
    assert not in_use(tmp_path / "huiyin.db")
    assert list(tmp_path.iterdir()) == []


def test_whether_a_file_is_in_use_is_not_said_where_its_lock_cannot_be_opened(path):
    path.with_name(f"{path.name}.lock").mkdir()
    assert not in_use(path)


def killed_file(database, path):
    """Close a database, and leave the file with its log as a killed process would."""
    kept = {end: Path(f"{path}{end}").read_bytes() for end in ("", "-wal")}
    assert kept["-wal"]
    database.close()
    for end, data in kept.items():
        Path(f"{path}{end}").write_bytes(data)


def kill_after(patch, renames):
    """Who exchanges files dies after as many names; those of the copy before that are not counted."""
    rename, done = Path.rename, []

    def dying(self, target):
        if not self.name.endswith(".copying"):
            if len(done) == renames:
                raise KeyboardInterrupt
            done.append(self)
        return rename(self, target)

    patch.setattr(Path, "rename", dying)


def refuse_folder(place):
    if any(place.glob("*.before-restore")):
        raise OSError(28, "no more")
