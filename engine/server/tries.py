"""Tries of passwords: after some that failed in a row, an account and an address wait longer and longer."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final

from engine.server import secret
from engine.server.rates import holder
from engine.store import access as rows

FREE: Final = 5  #: so many may fail before anybody waits
FIRST_WAIT: Final = 30  # seconds; doubled with each failure more
LONGEST_WAIT: Final = 15 * 60
FORGOTTEN_AFTER: Final = 3600  # seconds without a failure


def begin(connection: Connection, name: str, address: str, at: int) -> int:
    """Count a try as failed until it succeeds, so that many at once are no way around waiting.

    Returns the seconds to wait if it is too early; then nothing is counted. A name is counted whether there is such an
    account or not: nobody learns which there are.
    """
    subjects = (_by_name(name), _by_address(address))
    found = [rows.failures(connection, subject) for subject in subjects]
    if seconds := max(wait(count, last_at, at) for count, last_at in found):
        return seconds
    for subject, (count, last_at) in zip(subjects, found, strict=True):
        now = count + 1 if at - last_at < FORGOTTEN_AFTER else 1
        rows.put_failures(connection, subject, now, at)
    return 0


def succeed(connection: Connection, name: str, address: str) -> None:
    """The password was right: the account starts anew. Of the address only this try is taken back, for whoever has an
    account of his own could else guess at others' without end.
    """
    rows.forget_failures(connection, _by_name(name))
    rows.take_back_failure(connection, _by_address(address))


def wait(count: int, last_at: int, at: int) -> int:
    """Seconds to wait at an instant, after so many failures of which the last was at `last_at`."""
    if count < FREE or at - last_at >= FORGOTTEN_AFTER:
        return 0
    length = min(FIRST_WAIT << min(count - FREE, 10), LONGEST_WAIT)
    return max(0, last_at + length - at)


def _by_name(name: str) -> bytes:
    return secret.hash_of(f"account {name}")


def _by_address(address: str) -> bytes:
    return secret.hash_of(f"address {holder(address)}")
