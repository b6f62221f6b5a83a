"""The customers of a site: a list that is replaced whole, kept apart from histories."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection
from typing import TypeAlias

from engine.store.database import Database

#: unit, name, phone, note
CustomerRow: TypeAlias = tuple[str, str, str, str]


def keep_customers(database: Database, site: str, customers: Iterable[CustomerRow]) -> None:
    """Put a new list in place of the old one."""
    rows = [(site, line, *customer) for line, customer in enumerate(customers)]

    def keep(connection: Connection) -> None:
        connection.execute("DELETE FROM customer WHERE site = ?", (site,))
        connection.executemany("INSERT INTO customer VALUES (?, ?, ?, ?, ?, ?)", rows)
        database.forget()

    database.write(keep)


def customers_of(database: Database, site: str) -> tuple[CustomerRow, ...]:
    """The list, in its order."""
    with database.read() as connection:
        sql = "SELECT unit, name, phone, note FROM customer WHERE site = ? ORDER BY line"
        return tuple(connection.execute(sql, (site,)).fetchall())
