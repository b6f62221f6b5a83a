"""Folded families, kept by the hash of their history."""

from __future__ import annotations

from threading import Lock

from engine.core import Family


class Cache:
    """The families used last. A hash names one history for ever, so an entry can be useless but never wrong: what a
    rolled-back transaction left is not found again, and an older reader finds what it should.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: dict[bytes, Family] = {}
        self._lock = Lock()

    def get(self, head: bytes) -> Family | None:
        with self._lock:
            family = self._kept.pop(head, None)
            if family is not None:
                self._kept[head] = family  # now the youngest
            return family

    def put(self, head: bytes, family: Family, instead_of: bytes | None = None) -> None:
        with self._lock:
            if instead_of is not None:
                self._kept.pop(instead_of, None)
            self._kept[head] = family
            if len(self._kept) > self._size:
                del self._kept[next(iter(self._kept))]
