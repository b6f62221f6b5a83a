"""How a file stands, seen from outside: who has it, which schema it has, how late it is in it, what goes on in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

from engine.store import schema
from engine.store.database import InUseError, Lock, lock_of
from engine.store.protocol import StoreError
from engine.store.revisions import COLUMNS, Revision
from engine.store.upkeep import existing, opened


class Checkup(NamedTuple):
    """`stamp`: the highest instant that anything in it was given, seconds UTC. `size`: bytes, with its log."""

    in_use: bool
    schema: int
    needed: int
    stamp: int
    size: int


def check_up(path: str | os.PathLike[str]) -> Checkup:
    """Look at a file without writing to it. Raises StoreError if there is none, or it is not ours."""
    path = existing(path)
    with opened(path, "ro") as connection:
        found = schema.version(connection)
        stamp = connection.execute("SELECT ifnull(max(stamp), 0) FROM site").fetchone()[0] if found else 0
    size = sum(part.stat().st_size for end in ("", "-wal") if (part := Path(f"{path}{end}")).exists())
    return Checkup(in_use(path), found, schema.migrations()[-1].number, stamp, size)


def gone_by(path: str | os.PathLike[str]) -> tuple[tuple[Revision, int], ...]:
    """The policies by which open tickets go, and how many go by each. Raises StoreError, also where the file is of an
    old schema.
    """
    with opened(existing(path), "ro") as connection:
        return tuple((Revision._make(columns), count) for *columns, count in connection.execute(_GONE_BY))


_GONE_BY: Final = f"""
SELECT {COLUMNS}, count FROM revision
JOIN (SELECT site, plan AS version, count(*) AS count FROM ticket WHERE closed IS NULL GROUP BY site, plan)
USING (site, version) GROUP BY site, version ORDER BY site, number
"""


def in_use(path: str | os.PathLike[str]) -> bool:
    """Whether a process has the file. Where that cannot be told, opening it says why. Whoever asks leaves nothing."""
    path = Path(path).resolve()
    try:
        if lock_of(path).exists():
            Lock(path).release()
    except InUseError:
        return True
    except (StoreError, OSError):
        return False
    return False
