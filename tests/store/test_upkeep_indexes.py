"""An index that does not agree with its table is damage: what is looked up by it would be missing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from engine.store import schema, verify_file


def test_an_index_that_lacks_a_row_of_its_table_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        schema.migrate(connection)
        connection.execute("CREATE TABLE thing (name TEXT)")
        connection.execute("CREATE INDEX thing_name ON thing (name)")
        row = connection.execute("SELECT * FROM sqlite_schema WHERE name = 'thing_name'").fetchone()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_schema WHERE name = 'thing_name'")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO thing VALUES ('one')")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", row)
    assert any("thing_name" in str(damage) for damage in verify_file(path))
