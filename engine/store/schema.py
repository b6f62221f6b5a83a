"""The schema of the file, as numbered migrations, which enter all together or not at all."""

from __future__ import annotations

import sqlite3
from importlib.resources import files
from typing import Final, NamedTuple

from engine.store.chain import hash_of
from engine.store.protocol import StoreError

#: `Huiy`: says that a SQLite file is ours.
APPLICATION_ID: Final = 0x48756979


class Migration(NamedTuple):
    number: int
    name: str
    sql: str


def migrations() -> tuple[Migration, ...]:
    """All there are, in order: `sql/0001_initial.sql` is number 1."""
    found = sorted(item.name for item in (files("engine.store") / "sql").iterdir() if item.name.endswith(".sql"))
    return tuple(Migration(int(name[:4]), name, _text(name)) for name in found)


def _text(name: str) -> str:
    return (files("engine.store") / "sql" / name).read_text(encoding="utf-8")


def version(connection: sqlite3.Connection) -> int:
    """Number of the last migration of a file; 0: it is empty. Raises StoreError if it is not ours."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    mark: int = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if mark != APPLICATION_ID and not empty:
        raise StoreError("the file is a database of something else", "该文件是其他程序的数据库")
    return found


def migrate(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Bring the schema up to what this version needs; the names of the migrations made. Raises StoreError if it is
    newer.

    All of them are one transaction: who is killed on the way finds the file as it was, and a new file empty.
    """
    at = version(connection)
    known = migrations()
    check_not_newer(at, known[-1].number)
    todo = [migration for migration in known if migration.number > at]
    if todo:
        _apply(connection, todo)
    return tuple(migration.name for migration in todo)


def _apply(connection: sqlite3.Connection, todo: list[Migration]) -> None:
    marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {todo[-1].number};"
    script = "\n;\n".join(one.sql for one in todo)
    connection.create_function("hash_of", -1, hash_of, deterministic=True)
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\n;\n{marks} COMMIT;")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def check_is_made(at: int) -> int:
    """Raises StoreError if a file is empty, or nothing of ours."""
    if at == 0:
        raise StoreError("the file is empty", "该文件是空的")
    return at


def check_is_current(at: int) -> None:
    """Raises StoreError if a file's schema is not the one that this version works with."""
    needed = migrations()[-1].number
    check_not_newer(check_is_made(at), needed)
    if at < needed:
        raise StoreError(
            f"the file has schema {at}, this version needs {needed}: back it up, then `huiyin db migrate`",
            f"文件的结构版本是 {at}，本版本需要 {needed}：请先备份，再运行 `huiyin db migrate`",
        )


def check_not_newer(at: int, known: int) -> None:
    if at > known:
        raise StoreError(
            f"the file has schema {at}, this version knows {known}: a newer version wrote it; run that one",
            f"文件的结构版本是 {at}，本版本只认识到 {known}：它由更新的版本写入，请运行那个版本",
        )
