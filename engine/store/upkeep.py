"""Looking after a file: schema, verification, backup, restore. What fails leaves everything as it was."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.store import chain, schema
from engine.store.chain import Damage
from engine.store.database import FILE_AND_LOG, Database, Lock, connect, restored
from engine.store.protocol import StoreError

PathLike = str | os.PathLike[str]


def migrate(path: PathLike) -> tuple[str, ...]:
    """Bring a file that nobody has open to the newest schema; the names of the migrations made. Raises StoreError."""
    path = existing(path)
    with _held(path), opened(path, "rw") as connection:
        return schema.migrate(connection)


def verify(database: Database) -> list[Damage]:
    """Whatever in an open file is not as it was written: steps and events edited, missing, exchanged, put in."""
    with database.read() as connection:
        return _damages(connection)


def verify_file(path: PathLike) -> list[Damage]:
    """The same of a file, whoever has it open and writes to it. Raises StoreError."""
    with opened(existing(path), "ro") as connection:
        schema.check_is_current(schema.version(connection))
        return _damages(connection)


def backup(database: Database, target: PathLike) -> None:
    """Copy a file while it is written to; the copy is one state of it, complete in one file and checked."""
    with database.read() as source:
        _copy(source, _free(target))


def backup_file(path: PathLike, target: PathLike) -> None:
    """The same of a file, whoever has it open and writes to it. Raises StoreError."""
    with opened(existing(path), "ro") as source:
        _copy(source, _free(target))


def restore(source: PathLike, path: PathLike) -> Path | None:
    """Put a backup in the place of a file that nobody has open. Returns where the file before it was moved to.

    Raises StoreError, and leaves everything as it is, if the file is in use or the backup is not whole.
    """
    source, path = existing(source), Path(path).resolve()
    with _held(path), opened(source, "ro") as connection:
        schema.check_not_newer(schema.check_is_made(schema.version(connection)), schema.migrations()[-1].number)
        if found := _damages(connection):
            zh = "；".join(damage.in_chinese() for damage in found)
            raise StoreError(f"{source} is damaged: {'; '.join(map(str, found))}", f"{source} 已损坏：{zh}")
        part = restored(path)
        part.unlink(missing_ok=True)
        _copy(connection, part)
        return _exchange(path, part)


def _exchange(path: Path, part: Path) -> Path | None:
    """Put a file in the place of one, which is moved aside. Whoever is killed on the way leaves no file of that name,
    and `part`: no daemon starts on that. The log goes after its file, for without it the file is an older one.
    """
    aside, moved = _aside(path), list[str]()
    try:
        for end in FILE_AND_LOG:
            if Path(f"{path}{end}").exists():
                Path(f"{path}{end}").rename(f"{aside}{end}")
                moved.append(end)
        part.rename(path)
        settle(path.parent)
    except OSError as error:
        for end in reversed(moved):
            Path(f"{aside}{end}").rename(f"{path}{end}")
        raise StoreError(f"{path} cannot be replaced: {error.strerror}", f"无法替换 {path}：{error.strerror}") from None
    return aside if moved else None


def _damages(connection: sqlite3.Connection) -> list[Damage]:
    """Those of the file itself, if there are any; else those of what is written in it."""
    connection.execute("BEGIN")
    try:
        said = [text for (text,) in connection.execute("PRAGMA integrity_check")]
        if said != ["ok"]:
            return [Damage("", "", 0, f"the file is damaged: {text}", f"文件已损坏：{text}") for text in said]
        return list(chain.damages(connection))
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _copy(source: sqlite3.Connection, target: Path) -> None:
    part = target.with_name(f"{target.name}.copying")
    try:
        _remove(part)
        part.touch(0o600)
        with opened(part, "rw") as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            (said,) = copy.execute("PRAGMA integrity_check").fetchone()
        if said != "ok":
            raise StoreError(f"the copy {part} is damaged: {said}", f"备份 {part} 已损坏：{said}")
        settle(part)
        part.rename(target)
        settle(target.parent)
    except OSError as error:
        raise StoreError(
            f"{target} cannot be written: {error.strerror}", f"无法写入 {target}：{error.strerror}"
        ) from None
    finally:
        with suppress(OSError):
            _remove(part)


def _remove(path: Path) -> None:
    for end in FILE_AND_LOG:
        Path(f"{path}{end}").unlink(missing_ok=True)


def _free(target: PathLike) -> Path:
    target = Path(target).resolve()
    if target.exists():
        raise StoreError(f"{target} exists: a backup overwrites nothing", f"{target} 已存在：备份不会覆盖任何文件")
    return target


def settle(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _aside(path: Path) -> Path:
    """A free name for the file that a restore replaces."""
    name, n = path.with_name(f"{path.name}.before-restore"), 1
    while any(Path(f"{name}{end}").exists() for end in FILE_AND_LOG):
        n += 1
        name = path.with_name(f"{path.name}.before-restore-{n}")
    return name


def existing(path: PathLike) -> Path:
    path = Path(path).resolve()
    if not path.is_file():
        raise StoreError(f"{path} is not a file", f"{path} 不是文件")
    return path


@contextmanager
def _held(path: Path) -> Iterator[None]:
    lock = Lock(path)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    try:
        connection = connect(path, mode, 5.0)
        try:
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from None
