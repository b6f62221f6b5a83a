"""The access log: sign-ins, refusals, reveals, exports, and changes to who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, NamedTuple

from engine.policy import Words
from engine.server.entry.denials import Denial, denial
from engine.store import Database, forget_looks
from engine.store.tables import access_log as rows

#: Why somebody looks at a personal value. A list, so that nobody writes a name or a number into the log.
PURPOSES: Final = MappingProxyType(
    {
        "contact": Words("to contact the resident about this ticket", "就本工单联系业主"),
        "visit": Words("to find the place of a visit", "上门服务"),
        "verify": Words("to verify who somebody is", "核实身份"),
        "dispute": Words("to settle a dispute or a claim", "处理争议或索赔"),
        "subject": Words("asked for by the person concerned", "当事人本人要求"),
        "authority": Words("asked for by an authority", "主管部门依法要求"),
    }
)
EVERYTHING: Final = rows.Filter()
PAGE: Final = 200  #: entries at once
TEXT_MAX: Final = 200  #: characters of one value


class Call(NamedTuple):
    """One call of the daemon: when (seconds UTC), by whom, from which address, under which number."""

    at: int
    principal: str = ""
    address: str = ""
    request: str = ""

    def entry(
        self,
        action: str,
        site: str = "",
        object: str = "",
        outcome: str = "done",
        purpose: str = "",
    ) -> rows.Entry:
        """What the log says of it. `object` is the id of something that was found, never what somebody typed."""
        assert not purpose or purpose in PURPOSES, "a purpose is asked for by purpose_denial first"
        values = (self.principal, self.address, action, site, object, outcome, purpose, self.request)
        return rows.Entry(self.at, *(_plain(value) for value in values))


class AccessLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, entry: rows.Entry) -> None:
        self._database.write(lambda connection: rows.record(connection, entry))

    def records(self, filter: rows.Filter = EVERYTHING) -> tuple[rows.Record, ...]:
        """The newest first, a page at a time."""
        limit = min(max(filter.limit, 1), PAGE)
        with self._database.read() as connection:
            return rows.records(connection, filter._replace(limit=limit))

    def purge(self, call: Call, before: int) -> Iterator[int]:
        """Delete the entries before an instant, some in each step; how many. That it is done is an entry itself."""
        self.record(call.entry("log.purge", object=str(before)))
        yield from forget_looks(self._database, before)


def purpose_denial(purpose: str) -> Denial | None:
    """Every reveal names its purpose."""
    return None if purpose in PURPOSES else denial("purpose_unknown", known=", ".join(PURPOSES))


def _plain(text: str) -> str:
    """On one line, storable, and not long."""
    return "".join(c if c.isprintable() else "?" for c in text[:TEXT_MAX])
