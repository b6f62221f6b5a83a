"""Tries of passwords: after some that failed in a row, an account and an address wait longer and longer."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final, NamedTuple, TypeAlias

from engine.server.entry import secret
from engine.server.entry.rates import holder
from engine.store.tables import access as rows
from engine.store.tables.access_log import has_signed_in

FREE: Final = 5  #: so many may fail before anybody waits
FIRST_WAIT: Final = 30  # seconds; doubled with each failure more
LONGEST_WAIT: Final = 15 * 60
FORGOTTEN_AFTER: Final = 3600  # seconds without a failure
Failures: TypeAlias = tuple[int, int]  #: how many in a row, and the instant of the last


class Try(NamedTuple):
    """A try that counts as failed until it succeeds; `wait`: seconds, if it came too early and nothing was counted."""

    wait: int
    name: bytes
    address: bytes
    before: Failures
    counted: Failures


def begin(connection: Connection, name: str, address: str, at: int) -> Try:
    """Count a try as failed until it succeeds, so that many at once are no way around waiting.

    A name is counted whether there is such an account or not: nobody learns which there are. Where its holder signed in
    before, only the address waits: else anybody could keep him out by trying his name from elsewhere.
    """
    subjects = (secret.hash_of(f"account {name}"), secret.hash_of(f"address {holder(address)}"))
    by_name, by_address = (rows.failures(connection, subject) for subject in subjects)
    seconds = wait(*by_address, at)
    if (longer := wait(*by_name, at)) > seconds and not has_signed_in(connection, name, address):
        seconds = longer
    counted = _one_more(by_address, at)
    if not seconds:
        rows.put_failures(connection, subjects[0], *_one_more(by_name, at))
        rows.put_failures(connection, subjects[1], *counted)
    return Try(seconds, *subjects, before=by_address, counted=counted)


def succeed(connection: Connection, one: Try) -> None:
    """The password was right: the account starts anew. Of the address only this try is taken back, for whoever has an
    account of his own could else guess at others' without end: it stands as before, unless somebody tried meanwhile.
    """
    rows.forget_failures(connection, one.name)
    count, last_at = rows.failures(connection, one.address)
    count, last_at = one.before if (count, last_at) == one.counted else (count - 1, last_at)
    rows.forget_failures(connection, one.address)
    if count > 0:
        rows.put_failures(connection, one.address, count, last_at)


def _one_more(failures: Failures, at: int) -> Failures:
    count, last_at = failures
    return (count + 1 if at - last_at < FORGOTTEN_AFTER else 1), at


def wait(count: int, last_at: int, at: int) -> int:
    """Seconds to wait at an instant, after so many failures of which the last was at `last_at`."""
    if count < FREE or at - last_at >= FORGOTTEN_AFTER:
        return 0
    length = min(FIRST_WAIT << min(count - FREE, 10), LONGEST_WAIT)
    return max(0, last_at + length - at)
