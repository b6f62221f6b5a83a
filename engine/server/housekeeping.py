"""What is done once a day: ended sessions, answers to commands of last week, half-written files of a killed daemon,
what was told long ago and old entries of the access log are thrown away; of tickets that are over it is noted which
figures can still ask for them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from threading import Event, Thread
from typing import Final

from engine.server.daemon import Daemon
from engine.server.entry.access_log import AccessLog, Call
from engine.server.entry.passwords import Passwords
from engine.server.entry.sessions import Sessions
from engine.store import StoreError, forget_answers, forget_told, note_spans

log = logging.getLogger(__name__)
DAY: Final = 86_400  #: seconds
#: How long the answer to a keyed command is remembered (SEMANTICS §2.8).
ANSWERS_KEPT: Final = 7 * DAY
#: How long it is known who looked at what; the law asks for six months at least (网络安全法 21).
LOOKS_KEPT: Final = 400 * DAY
EVERY: Final = DAY


def tidy(daemon: Daemon) -> Iterator[int | None]:
    """One round, in short steps: others write between them, and whoever stops half-way goes on in the next round.

    Raises StoreError when the world does not let it; nothing depends on when it is done.
    """
    now = daemon.clock()
    yield from forget_answers(daemon.database, now - ANSWERS_KEPT)
    daemon.evidence.sweep()
    yield None
    yield Sessions(daemon.database, Passwords()).sweep(now)
    yield from AccessLog(daemon.database).purge(Call(now, "housekeeping"), now - LOOKS_KEPT)
    yield from forget_told(daemon.database, now - daemon.config.message_days * DAY)
    for site in daemon.database.sites():
        yield from note_spans(daemon.database, site)


class Housekeeping:
    """A round at the start and one a day, in a thread of its own."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._stop = Event()
        self._thread = Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                for _ in tidy(self._daemon):
                    if self._stop.is_set():
                        return
            except Exception as error:  # whatever it is, the next round does it
                log.error("housekeeping waits: %s", error if isinstance(error, StoreError) else type(error).__name__)
            if self._stop.wait(EVERY):
                return
