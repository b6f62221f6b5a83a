"""The auditor: derives again what the indexes should hold, mends what does not agree with the log, and says so.

Each look takes the families that changed since the one before, some of all open ones in turn, and those with a timer
that should have been applied; and it verifies some more of the chains. So within a day every family of a site with
100,000 open tickets was looked at, at the cost of a fraction of a second a minute.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from threading import Event, Thread
from typing import Final, NamedTuple

from engine.runtime.engine import PATIENCE, Engine
from engine.runtime.indexes import index_of, mend
from engine.runtime.service import Service, said
from engine.store import (
    StoreError,
    changed_since,
    last_entry,
    open_families,
    overdue_families,
    verified,
)

log = logging.getLogger(__name__)
#: Seconds between two looks, between two seals, and after which a timer should have been applied.
LOOK_EVERY: Final = 60
SEAL_EVERY: Final = 3600
OVERDUE: Final = 60
#: What one look takes: steps made since the one before, open families, families with a timer overdue, chains.
STEPS: Final = 2000
SWEEP: Final = 100
LATE: Final = 100
CHAINS: Final = 500


class Trouble(NamedTuple):
    """What the auditor found and cannot mend. `what`: `damage`, `unreadable`, `overdue`. No family: the site's stream;
    no site: the log of all.
    """

    what: str
    site: str
    family: str
    why: str


class Auditor:
    """Looks after the sites of an engine, in a thread of its own. `at`: when it last came through, seconds UTC."""

    def __init__(self, engine: Engine) -> None:
        self.at = engine.clock()
        self.troubles: dict[tuple[str, str, str], Trouble] = {}
        self.repaired: Counter[str] = Counter()  #: by site, since the start
        self._engine = engine
        self._entry = last_entry(engine.database)
        self._open = ("", 0)
        self._chain = ("", "")
        self._sealed = 0
        self._stop = Event()
        self._thread: Thread | None = None

    # ---- one look ---------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Once round. Raises StoreError when the world does not let it write."""
        database, now = self._engine.database, self._engine.clock()
        changed, entry = changed_since(database, self._entry, STEPS)
        some, sweep = open_families(database, self._open, SWEEP)
        late = [(site, family) for site, family, _ in overdue_families(database, now - OVERDUE, LATE)]
        for site, family in dict.fromkeys([*changed, *some, *late]):
            if site in self._engine.services:
                self._check(site, self._engine.services[site], family, now)
        self._entry, self._open = entry, sweep  # what was cut off is looked at again
        self._tell_overdue(now)
        self._verify(now)
        if now - self._sealed >= SEAL_EVERY:
            database.seal(now)
            self._sealed = now
        self.at = now

    def _check(self, site: str, service: Service, family: str, now: int) -> None:
        try:
            if not _agree(service, family):
                self.repaired[site] += service.store.write(lambda tx: mend(service.site, tx, family, now))
        except Exception as error:  # also where we are wrong about a family: it keeps no other from being looked at
            self._found(Trouble("unreadable", site, family, said(error).en), now, error)
        else:
            self.troubles.pop(("unreadable", site, family), None)

    def _tell_overdue(self, now: int) -> None:
        """Timers that a running loop passes over; where it is behind or fails, readiness says so."""
        beat = self._engine.beat
        runs = now - beat.at <= OVERDUE
        late = overdue_families(self._engine.database, now - OVERDUE, LATE) if runs else ()
        found = [
            Trouble("overdue", site, family, f"a timer is {now - fire} s overdue")
            for site, family, fire in late
            if site not in beat.behind and site not in beat.failing
        ]
        self._settle("overdue", {key for key in self.troubles if key[0] == "overdue"}, found, now)

    def _verify(self, now: int) -> None:
        families, damages, chain = verified(self._engine.database, self._chain, CHAINS)
        looked_at = {("damage", *place) for place in families}
        if chain == ("", ""):
            looked_at |= {key for key in self.troubles if key[0] == "damage" and not key[2]}
        found = {(one.site, one.family): Trouble("damage", one.site, one.family, str(one)) for one in reversed(damages)}
        self._settle("damage", looked_at, found.values(), now)
        self._chain = chain

    def _settle(self, what: str, looked_at: Iterable[tuple[str, str, str]], found: Iterable[Trouble], now: int) -> None:
        """Of what was looked at, what was not found again is over."""
        found = list(found)
        for key in set(looked_at) - {(what, one.site, one.family) for one in found}:
            self.troubles.pop(key, None)
        for one in found:
            self._found(one, now)

    def _found(self, trouble: Trouble, now: int, error: Exception | None = None) -> None:
        key = (trouble.what, trouble.site, trouble.family)
        if error is not None and not isinstance(error, StoreError) and key not in self.troubles:
            log.error("the auditor cannot look at a ticket", exc_info=error)
        if key not in self.troubles and trouble.site in self._engine.services:
            service = self._engine.services[trouble.site]
            service.record(now, "audit_found", service.site.plan.rule, trouble._asdict(), trouble.family)
        self.troubles[key] = trouble

    # ---- in a thread ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="auditor", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except Exception as error:  # its silence makes the daemon unready; what else it does goes on
                key = ("silent", "", "")
                self.troubles[key] = Trouble(*key, f"{type(error).__name__}: {error}")
            else:
                self.troubles.pop(("silent", "", ""), None)
            self._stop.wait(LOOK_EVERY)

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)


def _agree(service: Service, family: str) -> bool:
    """Whether the indexes of a family seem to hold what they should: while others write, only a guess."""
    try:
        return not index_of(service.site, service.store, family).wrong
    except Exception:
        return False
