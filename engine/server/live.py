"""What changed, for those who watch: one short word a change, to every browser that looks at the site."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Lock
from typing import NamedTuple

#: Changes that wait for a watcher; one who is slower looks at everything anew.
WAITING_MAX = 100
#: Streams of one account at once: it may be that of a whole desk.
STREAMS_MAX = 60


class Change(NamedTuple):
    """A ticket of a site changed; an empty ticket: many did."""

    site: str
    ticket: str


class Live:
    """Told from any thread; watched from the loop of the server."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._watchers: dict[asyncio.Queue[Change | None], tuple[str, str, asyncio.AbstractEventLoop]] = {}

    def tell(self, site: str, ticket: str) -> None:
        with self._lock:
            watchers = [(queue, loop) for queue, (of, _, loop) in self._watchers.items() if of == site]
        for queue, loop in watchers:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_put, queue, Change(site, ticket))

    def end(self) -> None:
        """Nobody watches any longer: the server stops."""
        with self._lock:
            watchers = [(queue, loop) for queue, (_, _, loop) in self._watchers.items()]
        for queue, loop in watchers:
            loop.call_soon_threadsafe(_put, queue, None)

    def has_enough(self, who: str) -> bool:
        """Whether an account watches so often already that it gets no more."""
        with self._lock:
            return sum(known == who for _, known, _ in self._watchers.values()) >= STREAMS_MAX

    @asynccontextmanager
    async def watch(self, site: str, who: str) -> AsyncIterator[asyncio.Queue[Change | None]]:
        """Changes, as they come; None: there are no more."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue(WAITING_MAX)
        with self._lock:
            self._watchers[queue] = (site, who, asyncio.get_running_loop())
        try:
            yield queue
        finally:
            with self._lock:
                self._watchers.pop(queue, None)


def _put(queue: asyncio.Queue[Change | None], change: Change | None) -> None:
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        change = change and Change(change.site, "")
    queue.put_nowait(change)
