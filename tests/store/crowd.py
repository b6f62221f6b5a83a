"""Writes that wait for each other until they share one transaction."""

from __future__ import annotations

from threading import Event, Thread

from engine.store import Database


class Crowd:
    """Jobs of several threads that all wait while a first one holds the writer, so that they are one batch."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.answers: dict[str, object] = {}
        self._inside, self._go_on = Event(), Event()
        self._threads = [Thread(target=database.write, args=(self._hold,))]
        self._threads[0].start()
        self._inside.wait(5)

    def _hold(self, _) -> None:
        self._inside.set()
        self._go_on.wait(5)

    def add(self, name: str, work, write=None) -> None:
        def run() -> None:
            try:
                self.answers[name] = (write or self.database.write)(work)
            except Exception as error:
                self.answers[name] = error

        waiting = len(self.database._writer._queue)
        self._threads.append(Thread(target=run))
        self._threads[-1].start()
        while len(self.database._writer._queue) == waiting:
            pass

    def go(self) -> dict[str, object]:
        self._go_on.set()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()
        return self.answers
