"""One SQLite file for all sites: its lock, its connections, its only writer."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote

from engine.store import schema
from engine.store.cache import Cache
from engine.store.chain import Seal, seal
from engine.store.protocol import StoreError
from engine.store.sqlite import SqliteStore
from engine.store.writer import Work, Writer

T = TypeVar("T")
#: The writer brings the log into the file once it has this many pages (8 MB); readers never do.
WAL_PAGES: Final = 2048
READERS_KEPT: Final = 8
#: What a file consists of, by the ends of their names; only the first is there while nobody has it open.
FILE_AND_LOG: Final = ("", "-wal", "-shm")
#: Families in memory, some 6 kB each. Once more of them than this breach together, each is read anew when its turn
#: comes, which doubles what it costs.
FAMILIES_KEPT: Final = 20_000


class Database:
    """An open file, which no other process may open. `clock` is asked for `recorded_at` only, seconds UTC."""

    def __init__(
        self, path: Path, lock: Lock, writer: sqlite3.Connection, clock: Callable[[], int], busy_timeout: float
    ) -> None:
        self.path = path
        self.clock = clock
        self._place = str(path)  # asked for at each write: of a Path it takes three times as long
        self._file = _identity(self._place)
        self.families = Cache(FAMILIES_KEPT)
        self._lock = lock
        self._connection = writer
        self._writer = Writer(path.name, writer, self._check_in_place, self._after_commit)
        self._readers: deque[sqlite3.Connection] = deque()
        self._closed = False
        self._must_forget = True  # a process that was killed may have left in the log what was erased
        self._busy_ms = int(busy_timeout * 1000)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        clock: Callable[[], int],
        *,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        busy_timeout: float = 5.0,
    ) -> Database:
        """Open a file, made with the newest schema if there is none. Raises StoreError: in use, older, newer, damaged.

        `NORMAL` may lose the last commits when the machine loses power, nothing when the process dies; `busy_timeout`
        (seconds) is how long a write waits for somebody who locked the file from outside.
        """
        path = Path(path).resolve()
        lock = Lock(path)
        try:
            check_not_torn(path)
            path.touch(0o600)  # what a new file is; those beside it are as the file is
            connection = connect(path, "rw", busy_timeout)
            try:
                prepare(connection, synchronous)
            except BaseException:
                connection.close()
                raise
        except (sqlite3.Error, OSError) as error:
            lock.release()
            raise StoreError(f"{path} cannot be opened: {error}", f"无法打开 {path}：{error}") from None
        except BaseException:
            lock.release()
            raise
        return cls(path, lock, connection, clock, busy_timeout)

    def site(self, name: str) -> SqliteStore:
        """The store of one site."""
        self.write(lambda connection: connection.execute("INSERT OR IGNORE INTO site (name) VALUES (?)", (name,)))
        return SqliteStore(self, name)

    def sites(self) -> tuple[str, ...]:
        with self.read() as connection:
            return tuple(name for (name,) in connection.execute("SELECT name FROM site ORDER BY name"))

    def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction and return what it returns, once it is on the disk.

        It may share the transaction with others; when it raises, what it wrote is taken back alone. Raises StoreError
        if the disk is full, fails, or the file is locked, moved or replaced from outside: then nothing was written.
        """
        return self._writer.write(work)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that can only read, and sees the last commit. Several may be out at once."""
        connection = self._take_reader()
        try:
            yield connection
        except sqlite3.DatabaseError as error:
            raise self._unreadable(error) from error
        finally:
            self._give_back(connection)

    def fetch(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """All rows that one query finds in the last commit."""
        connection = self._take_reader()
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._unreadable(error) from error
        finally:
            self._give_back(connection)

    def _unreadable(self, error: sqlite3.Error) -> StoreError:
        return StoreError(f"{self.path.name} cannot be read: {error}", f"无法读取 {self.path.name}：{error}")

    def _take_reader(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError("the store is closed", "数据库已关闭")
        try:
            return self._readers.pop()
        except IndexError:
            return self._new_reader()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed or len(self._readers) >= READERS_KEPT:
            connection.close()
        else:
            self._readers.append(connection)

    def _new_reader(self) -> sqlite3.Connection:
        self._check_in_place()
        try:
            connection = connect(self.path, "ro", 5.0)
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
        except sqlite3.Error as error:
            raise self._unreadable(error) from None
        return connection

    def _check_in_place(self) -> None:
        """Raises StoreError where the name is another file's now: what is written here would be found by nobody."""
        if _identity(self._place) != self._file:
            raise StoreError(
                f"{self.path} was moved or replaced while it was open: put it back, or start the daemon again",
                f"{self.path} 在使用中被移动或替换：请把它放回，或重新启动守护进程",
            )

    def next_instant(self) -> tuple[str, int] | None:
        """The site at which something happens first, and when."""
        with self.read() as connection:
            found: tuple[str, int] | None = connection.execute(_NEXT).fetchone()
        return found

    def seal(self, at: int) -> Seal | None:
        """Seal all that was written since the last seal; None if nothing was. Its hash is worth keeping elsewhere."""
        return self.write(lambda connection: seal(connection, at))

    def forget(self) -> None:
        """Something was erased: the log, which still has it, goes as soon as nobody reads it any more."""
        self._must_forget = True

    def close(self) -> None:
        """Finish what waits, bring the log into the file, let others have it. Again: no effect."""
        if self._closed:
            return
        self._writer.close()
        self._closed = True
        while self._readers:
            self._readers.pop().close()
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()
        self._lock.release()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _after_commit(self) -> None:
        """Drop the log if it has something that was erased; if somebody still reads it, after the next commit."""
        if not self._must_forget:
            return
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA busy_timeout = 0")
            try:
                busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                self._must_forget = bool(busy)
            finally:
                self._connection.execute(f"PRAGMA busy_timeout = {self._busy_ms}")


def _identity(path: str) -> tuple[int, int] | None:
    """Which file has a name; None: none has."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def restored(path: Path) -> Path:
    """The name of a backup that is about to take the place of a file."""
    return path.with_name(f"{path.name}.restored")


def check_not_torn(path: Path) -> None:
    """Raises StoreError if there is no file though one was: SQLite would throw its log away and begin anew."""
    begun = path.exists() and path.stat().st_size > 0
    left = [part for part in (Path(f"{path}-wal"), restored(path)) if part.exists() and part.stat().st_size > 0]
    if left and not begun:
        raise StoreError(
            f"{path} is missing, but {left[0]} is there: put it back, or finish what was begun by `huiyin db restore`",
            f"{path} 不见了，但 {left[0]} 还在：请把它放回，或再次运行 `huiyin db restore` 完成恢复",
        )


def lock_of(path: Path) -> Path:
    """Where the lock of a file lies, once anybody had it."""
    return path.with_name(f"{path.name}.lock")


class InUseError(StoreError):
    """Another process has the file."""


class Lock:
    """Holds `<path>.lock` while a process has the file. Raises InUseError if another one does, else StoreError."""

    def __init__(self, path: Path) -> None:
        place = lock_of(path)
        try:
            self._file = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"{place} cannot be opened: {error.strerror}", f"无法打开 {place}：{error.strerror}"
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise InUseError(
                f"{path} is in use by another process, which holds {place}",
                f"{path} 正被另一个进程使用（它持有 {place}）",
            ) from None

    def release(self) -> None:
        os.close(self._file)


def connect(path: Path, mode: str, busy_timeout: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=busy_timeout,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA mmap_size = 0")
    _read_schema(connection)
    return connection


def _read_schema(connection: sqlite3.Connection) -> None:
    """Raises sqlite3.Error if it is damaged: SQLite quotes it, even where it is no text any more."""
    try:
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        connection.close()
        raise error if isinstance(error, sqlite3.Error) else sqlite3.DatabaseError("malformed schema") from None


def prepare(connection: sqlite3.Connection, synchronous: str) -> None:
    """Make a connection the writer's; the schema is made in an empty file, and is the newest afterwards."""
    at = schema.version(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
    if at == 0:
        schema.migrate(connection)
    else:
        schema.check_is_current(at)


_NEXT: Final = """
SELECT site, at FROM (
    SELECT name AS site, (SELECT min(fire) FROM timer WHERE timer.site = site.name) AS at FROM site
    UNION ALL
    SELECT name, (SELECT min(at) FROM inbox WHERE inbox.site = site.name AND NOT done) FROM site
)
WHERE at IS NOT NULL ORDER BY at, site LIMIT 1
"""
