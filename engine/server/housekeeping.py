"""What is done once a day: ended sessions, answers to commands of last week, half-written files of a killed daemon,
what was told long ago and old entries of the access log are thrown away; of tickets that are over it is noted which
figures can still ask for them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from threading import Event, Thread
from typing import Final

from engine.server.daemon import Daemon
from engine.server.entry.access_log import AccessLog, Call
from engine.server.entry.passwords import Passwords
from engine.server.entry.sessions import Sessions
from engine.store import Database, StoreError, forget_answers, forget_told, note_spans

log = logging.getLogger(__name__)
DAY: Final = 86_400  #: seconds
#: How long the answer to a keyed command is remembered (SEMANTICS §2.8).
ANSWERS_KEPT: Final = 7 * DAY
#: How long it is known who looked at what; the law asks for six months at least (网络安全法 21).
LOOKS_KEPT: Final = 400 * DAY
EVERY: Final = DAY


def tidy(daemon: Daemon) -> Iterator[None]:
    """One round, in short steps: others write between them, and whoever stops half-way goes on in the next round.

    What fails is said, keeps nothing else from being done, and is done in the next round: nothing depends on when.
    """
    for name, chore in _chores(daemon, daemon.clock()).items():
        try:
            for _ in chore:
                yield
        except Exception as error:
            log.error("%s wait: %s", name, error if isinstance(error, StoreError) else type(error).__name__)


def _chores(daemon: Daemon, now: int) -> Mapping[str, Iterator[object]]:
    database = daemon.database
    return {
        "answers": forget_answers(database, now - ANSWERS_KEPT),
        "files": _step(daemon.evidence.sweep),
        "sessions": _step(lambda: Sessions(database, Passwords()).sweep(now)),
        "looks": AccessLog(database).purge(Call(now, "housekeeping"), now - LOOKS_KEPT),
        "messages": forget_told(database, now - daemon.config.message_days * DAY),
        "spans": _spans(database),
    }


def _step(work: Callable[[], object]) -> Iterator[object]:
    yield work()


def _spans(database: Database) -> Iterator[None]:
    for site in database.sites():
        yield from note_spans(database, site)


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
            for _ in tidy(self._daemon):
                if self._stop.is_set():
                    return
            if self._stop.wait(EVERY):
                return
