"""One writer at a time, and one commit for all that wait.

There is no writer thread. Whoever finds nobody writing leads: he runs every job that waits, his own among them, in one
transaction, and hands out the results once it is committed. Jobs that come meanwhile wait for the next leader, the
first of them. So a single caller pays for no thread switch, and many callers share one fsync.

If a job of several fails, all that the transaction wrote is taken back, and each job runs again in one of its own:
savepoints between them would cost the many a third of their time, for the sake of what hardly ever happens.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, get_ident
from typing import Any, Final, Generic, TypeVar

from engine.store.protocol import StoreError

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

#: In place of a leading thread's id: nobody leads; the first of those who wait was woken to lead.
NOBODY, CHOSEN = -1, -2
#: Seconds for which a leader waits for those who shared the last transaction, as long as that takes them to be woken.
GATHER: Final = 0.002


class _Job(Generic[T]):
    __slots__ = ("done", "error", "result", "wake", "work")

    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.done = False
        self.result: T | None = None
        self.error: BaseException | None = None
        self.wake: Lock | None = None  #: held while somebody else leads

    def finish(self) -> None:
        self.done = True
        if self.wake is not None:
            self.wake.release()

    def answer(self) -> T:
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class Writer:
    """The only one who writes on a connection. The leader calls `before`, which may raise StoreError, ahead of each
    transaction, and `after_commit` behind it, before anybody is answered.
    """

    def __init__(
        self,
        name: str,
        connection: sqlite3.Connection,
        before: Callable[[], None],
        after_commit: Callable[[], None],
    ) -> None:
        self._name = name
        self._connection = connection
        self._before = before
        self._after_commit = after_commit
        self._gate = Lock()  # over the five below
        self._queue: list[_Job[Any]] = []
        self._leader = NOBODY
        self._closed = False
        self._shared = 1  #: jobs of the last transaction
        self._full: Lock | None = None  #: held while a leader waits for as many

    def write(self, work: Work[T], *, last: bool = False) -> T:
        """Run a job and return its result once it is committed. Raises what it raises, and StoreError. A job may be run
        twice: what it leaves behind beside the connection must be what its last run leaves. After the `last` none
        enters.
        """
        job = _Job(work)
        if self._enter(job, last):
            self._lead()
        else:
            assert job.wake is not None
            job.wake.acquire()
            if not job.done:
                self._lead()
        return job.answer()

    def close(self) -> None:
        """No job enters any more; those that wait are done first, and nobody uses the connection afterwards."""
        with suppress(StoreError):  # the world is against it: then those that waited know
            self.write(lambda _: None, last=True)

    def _enter(self, job: _Job[Any], last: bool) -> bool:
        """Whether the job's thread is to lead."""
        me = get_ident()
        with self._gate:
            if self._closed:
                raise StoreError("the store is closed", "数据库已关闭")
            assert self._leader != me, "a write inside a write would wait for itself"
            self._closed = last
            self._queue.append(job)
            if self._full is not None and len(self._queue) >= self._shared:
                self._full.release()
                self._full = None
            if self._leader == NOBODY:
                self._leader = me
                return True
            job.wake = Lock()
            job.wake.acquire()
            return False

    def _lead(self) -> None:
        self._gather()
        with self._gate:
            self._leader = get_ident()
            jobs, self._queue = self._queue, []
            self._shared = len(jobs)
        try:
            self._run(jobs)
            self._after_commit()
        finally:
            for job in jobs:
                job.finish()
            self._hand_over()

    def _gather(self) -> None:
        """Those who shared the last transaction were woken together: most of them come again at once, and share this
        one, too.
        """
        with self._gate:
            if len(self._queue) >= self._shared:
                return
            self._full = full = Lock()
            full.acquire()
        full.acquire(timeout=GATHER)
        with self._gate:
            self._full = None

    def _hand_over(self) -> None:
        with self._gate:
            first = self._queue[0] if self._queue else None
            self._leader = NOBODY if first is None else CHOSEN
        if first is not None:
            assert first.wake is not None
            first.wake.release()

    def _run(self, jobs: list[_Job[Any]]) -> None:
        """All of them in one transaction, or, if one fails, each in one of its own; if the world fails, all failed."""
        try:
            self._transact(jobs)
        except Exception as error:
            if len(jobs) == 1 or is_of_world(error):
                self._fail(jobs, error)
            else:
                for job in jobs:
                    self._run([job])
        except BaseException as error:
            self._fail(jobs, error)
            raise

    def _transact(self, jobs: list[_Job[Any]]) -> None:
        """Raises what one of them raises; then nothing was written."""
        self._before()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._do(job)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _do(self, job: _Job[Any]) -> None:
        job.result = job.work(self._connection)
        if isinstance(job.result, sqlite3.Cursor):  # it must not outlive its turn at the connection
            job.result.close()
            job.result = None
        if not self._connection.in_transaction:  # by a fault that the job kept to itself
            raise sqlite3.OperationalError("the transaction was rolled back")

    def _fail(self, jobs: list[_Job[Any]], error: BaseException) -> None:
        known = error
        if is_of_world(error):
            known = StoreError(f"{self._name}: nothing was written: {error}", f"{self._name}：未写入任何内容：{error}")
        for job in jobs:
            job.error = known


def is_of_world(error: BaseException) -> bool:
    """Whether it is a fault of disk, file or lock; SQLite's other errors are mistakes of the statement."""
    ours = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.NotSupportedError)
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, ours)
