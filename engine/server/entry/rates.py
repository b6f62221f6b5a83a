"""How fast somebody may ask: a bucket for each, which fills at a steady pace."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from math import ceil
from threading import Lock
from typing import Final, NamedTuple

#: Of so many the buckets are kept; whoever has not asked longest starts with a full one again.
SUBJECTS_KEPT: Final = 10_000


class Rate(NamedTuple):
    """So many at once, and so many a second in the long run."""

    burst: int
    per_second: float


class Bucket(NamedTuple):
    level: float
    at: float


def take(rate: Rate, bucket: Bucket | None, at: float) -> tuple[Bucket, int]:
    """The bucket after one more request at `at` (seconds), and the seconds to wait if it was too many: 0 lets it pass.

    A clock that runs backwards fills nothing.
    """
    level, since = bucket if bucket is not None else (float(rate.burst), at)
    level = min(rate.burst, level + max(0.0, at - since) * rate.per_second)
    since = max(at, since)
    if level >= 1:
        return Bucket(level - 1, since), 0
    return Bucket(level, since), max(1, ceil((1 - level) / rate.per_second))


class Limiter:
    """The buckets of principals and addresses, in memory."""

    def __init__(self, rate: Rate, kept: int = SUBJECTS_KEPT) -> None:
        self._rate = rate
        self._kept = kept
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._gate = Lock()

    def wait(self, subject: str, at: float) -> int:
        """Take one for a subject; the seconds it has to wait, or 0."""
        with self._gate:
            self._buckets[subject], seconds = take(self._rate, self._buckets.get(subject), at)
            self._buckets.move_to_end(subject)
            if len(self._buckets) > self._kept:
                self._buckets.popitem(last=False)
        return seconds


def holder(address: str) -> str:
    """Whoever has an address, as far as limits go: of IPv6 somebody has a whole /64, and would never run out."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Address(int(found) >> 64 << 64))
