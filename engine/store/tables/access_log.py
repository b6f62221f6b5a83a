"""Rows of the access log: who did what from where, for which purpose, and whether he was let."""

from __future__ import annotations

from sqlite3 import Connection
from typing import NamedTuple


class Entry(NamedTuple):
    """`principal` is an account, `token:<id>` or empty; `object` an id, never a value of a person."""

    at: int
    principal: str
    address: str
    action: str
    site: str = ""
    object: str = ""
    outcome: str = "done"
    purpose: str = ""
    request: str = ""


class Record(NamedTuple):
    seq: int
    entry: Entry


class Filter(NamedTuple):
    """Which entries; what is None is not asked. `before` is the `seq` that the page before ended with."""

    principal: str | None = None
    action: str | None = None
    site: str | None = None
    object: str | None = None
    outcome: str | None = None
    since: int | None = None
    until: int | None = None
    before: int | None = None
    limit: int = 100


def record(connection: Connection, entry: Entry) -> None:
    connection.execute(
        """
        INSERT INTO access_log (at, principal, address, action, site, object, outcome, purpose, request)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        entry,
    )


def records(connection: Connection, filter: Filter) -> tuple[Record, ...]:
    """The newest first."""
    rows = connection.execute(_RECORDS, filter._asdict())
    return tuple(Record(seq, Entry(*rest)) for seq, *rest in rows)


def has_signed_in(connection: Connection, principal: str, address: str) -> bool:
    """Whether an account signed in from an address, as far as its last entries say."""
    return connection.execute(_SIGNED_IN, (principal, address)).fetchone() is not None


_SIGNED_IN = """
SELECT 1 FROM (
    SELECT address, action, outcome FROM access_log WHERE principal = ? ORDER BY seq DESC LIMIT 500
) WHERE address = ? AND action = 'sign_in' AND outcome = 'done'
"""
_RECORDS = """
SELECT seq, at, principal, address, action, site, object, outcome, purpose, request FROM access_log
WHERE (:principal IS NULL OR principal = :principal)
  AND (:action IS NULL OR action = :action)
  AND (:site IS NULL OR site = :site)
  AND (:object IS NULL OR object = :object)
  AND (:outcome IS NULL OR outcome = :outcome)
  AND (:since IS NULL OR at >= :since)
  AND (:until IS NULL OR at < :until)
  AND (:before IS NULL OR seq < :before)
ORDER BY seq DESC LIMIT :limit
"""
