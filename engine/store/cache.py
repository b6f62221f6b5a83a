"""Folded families, kept by the hash of their history."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any, NamedTuple

from engine.core import Family, Timer


class Kept(NamedTuple):
    """A family, and what the commit that made it left in the indexes: the slots of its timers, the columns of its rows.

    None: that is not known here.
    """

    family: Family
    timers: Mapping[Timer, int] | None = None
    rows: Mapping[str, tuple[Any, ...]] | None = None


class Cache:
    """The families used last. A hash names one history for ever, so an entry can be useless but never wrong: what a
    rolled-back transaction left is not found again, and an older reader finds what it should.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()  # the youngest last
        self._lock = Lock()

    def get(self, head: bytes) -> Kept | None:
        with self._lock:
            kept = self._kept.get(head)
            if kept is not None:
                self._kept.move_to_end(head)
            return kept

    def put(self, head: bytes, kept: Kept, instead_of: bytes | None = None) -> None:
        with self._lock:
            if instead_of is not None:
                self._kept.pop(instead_of, None)
            self._kept[head] = kept
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def forget_indexes(self, head: bytes) -> None:
        """Somebody wrote to the indexes of a family whose history stays as it is."""
        with self._lock:
            if (kept := self._kept.get(head)) is not None:
                self._kept[head] = Kept(kept.family)
