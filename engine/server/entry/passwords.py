"""Passwords, kept as argon2id makes them, and what a good one is."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.profiles import RFC_9106_LOW_MEMORY

from engine.server.entry.denials import Denial, denial

LENGTH: Final = range(12, 129)  # characters
#: So many are worked on at once: each takes 64 MiB and a core for a while.
AT_ONCE: Final = 2
#: So many strangers may be tried or wait for it at once; the threads are for everybody.
STRANGERS: Final = 8


class Passwords:
    """`cost` is what one hash costs; hashes of another cost are renewed when their password is next given."""

    def __init__(self, cost: Parameters = RFC_9106_LOW_MEMORY) -> None:
        self._hasher = PasswordHasher.from_parameters(cost)
        self._gate = BoundedSemaphore(AT_ONCE)
        self._line = BoundedSemaphore(STRANGERS)
        self._nobodys = self._hasher.hash("nobody has this password")

    @contextmanager
    def stranger(self) -> Iterator[bool]:
        """Whether there is room for one more of whom nothing is known yet, and it while the context lasts."""
        room = self._line.acquire(blocking=False)
        try:
            yield room
        finally:
            if room:
                self._line.release()

    def hash(self, password: str) -> str:
        with self._gate:
            return self._hasher.hash(_bytes(password))

    def is_right(self, hash: str | None, password: str) -> bool:
        """Whether a hash is of a password. For None, an account that is not, it takes as long and is False."""
        with self._gate:
            try:
                self._hasher.verify(hash if hash is not None else self._nobodys, _bytes(password))
            except (Argon2Error, InvalidHashError):
                return False
        return hash is not None

    def is_old(self, hash: str) -> bool:
        """Whether a hash was made at another cost."""
        return self._hasher.check_needs_rehash(hash)


def password_denial(name: str, password: str) -> Denial | None:
    """What is wrong with a new password of an account."""
    try:
        text = unicodedata.normalize("NFKC", password)
        text.encode()
    except UnicodeEncodeError:
        return denial("password_unreadable")
    if len(text) < LENGTH.start:
        return denial("password_short", least=LENGTH.start)
    if len(text) >= LENGTH.stop:
        return denial("password_long", most=LENGTH.stop - 1)
    return denial("password_is_name") if text.casefold() == name.casefold() else None


def _bytes(password: str) -> bytes:
    """The same however a keyboard composes its characters. A very long one is cut: it is nobody's."""
    return unicodedata.normalize("NFKC", password[: 4 * LENGTH.stop]).encode(errors="replace")
