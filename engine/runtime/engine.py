"""All sites of one database, and the loop that lets time pass for them."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from functools import cache, partial
from threading import Event, Lock, Thread
from typing import Final, NamedTuple, Protocol

from engine.core import Plan
from engine.policy import Words
from engine.runtime.clock import Watch
from engine.runtime.editions import take_up
from engine.runtime.people import Roster
from engine.runtime.plans import Plans
from engine.runtime.revisions import Prepared, restore
from engine.runtime.service import OPENED, Listener, Service, said
from engine.runtime.site import CHANGES, Site
from engine.store import (
    Database,
    HalfDoneError,
    Past,
    Revision,
    StoreError,
    add_revision,
    as_known_at,
    revision_of,
    revisions_of,
)

log = logging.getLogger(__name__)

#: Families that one site may have brought up to date before it is another site's turn.
SHARE: Final = 200
#: Seconds between two looks at what is due: an instant is a second.
LOOK: Final = 1.0
#: Seconds between two notes that the engine is alive, and between two tries of what could not be done.
ALIVE_EVERY: Final = 60
#: Seconds that work under way gets to come to an end when the engine stops; what is not committed then never was.
PATIENCE: Final = 5
#: The mark that says until when the engine is known to have run.
ALIVE: Final = "alive"
_NOT_OPENED: Final = Words(
    "it cannot be opened: {why}; `huiyin audit verify` tells what is damaged",
    "无法打开：{why}；损坏之处请用 `huiyin audit verify` 查看",
)


class EngineClock(Protocol):
    """Seconds UTC; `held` are those by which a clock that was set is not obeyed."""

    def __call__(self) -> int: ...

    @property
    def held(self) -> int: ...

    def accept(self) -> None: ...


class Beat(NamedTuple):
    """How the loop stands: when it last came round (seconds UTC), and what is still due or went wrong, by site."""

    at: int
    behind: Mapping[str, int]  #: site -> seconds since the earliest instant that should have been applied
    failing: Mapping[str, Words]  #: site -> why


class Engine:
    """Services by site. Sites are independent: what goes wrong at one does not keep the others."""

    def __init__(self, database: Database, clock: EngineClock, listen: Callable[[str], Listener] | None = None) -> None:
        self.database = database
        self.clock = clock
        self.services: dict[str, Service] = {}
        self.beat = Beat(clock(), {}, {})
        #: Sites whose policy file was refused, and the file: they run by the version before.
        self.refused: dict[str, str] = {}
        #: Sites that could not be opened, and why: they are tried again every minute.
        self.shut: dict[str, Words] = {}
        self.watch = Watch()
        #: Called after each round of the loop, in its thread.
        self.after_round: Callable[[Beat], None] = lambda beat: None
        self._listen = listen
        self._applying = Lock()
        self._alive: dict[str, int] = {}
        #: site -> since when nothing was done, as long as that is not written down
        self._down: dict[str, int] = {}
        self._tried = 0
        self._opened: deque[Service] = deque()
        self._stop = Event()
        self._threads: list[Thread] = []

    # ---- sites ------------------------------------------------------------------------------------------------------

    def service(self, name: str) -> Service | None:
        """The service of a site, None: there is no such site. Raises StoreError: it could not be opened."""
        service = self.services.get(name)
        if service is None and name in self.shut:
            why = self.shut[name]
            raise StoreError(f"{name} does not run: {why.en}", f"{name} 未运行：{why.zh}")
        return service

    def as_known_at(self, name: str, at: int) -> tuple[Site, Past] | None:
        """A site as it ran when the second `at` was over, with what was known then; None: it did not run yet. Raises
        StoreError: what it ran by cannot be read.
        """
        plans = self._plans(name, at)
        if not plans:
            return None
        past = as_known_at(self.database, name, at)
        return _site(plans).after(past.site_events_of(CHANGES)), past

    def open_site(self, name: str) -> None:
        """Run a site by the policies that were applied to it. One that cannot be opened keeps no other."""
        with self._applying:
            self._open_or_shut(name)

    def _open_or_shut(self, name: str) -> None:
        try:
            self._open(name)
        except Exception as error:
            why = _NOT_OPENED.format(why=said(error))
            if self.shut.get(name) != why:
                log.error("%s: %s", name, why.en, exc_info=not isinstance(error, StoreError))
            self.shut[name] = why
            self.beat = self.beat._replace(failing={**self.beat.failing, name: why})
        else:
            self.shut.pop(name, None)

    def _open(self, name: str) -> None:
        now, site, store = self.clock(), _site(self._plans(name)), self.database.site(name)
        if store.mark(OPENED) is None:  # what came due while the engine was down is made up from here on
            store.write(lambda tx: tx.set_mark(OPENED, now))
        listen = (self._listen(name),) if self._listen is not None else ()
        service = Service(site, store, now, *listen)
        alive = store.mark(ALIVE)
        if alive is not None and now - alive > ALIVE_EVERY:
            _note_down(service, alive, now)
        if not store.site_events("calendar_shipped"):
            take_up(service, now)
        self._opened.append(service)
        self.services[name] = service

    def _plans(self, name: str, until: int | None = None) -> Plans:
        """The versions of a site's plan; with `until` those that were applied by then."""
        applied = (one for one in revisions_of(self.database, name) if until is None or one.at <= until)
        newest = {one.version: one.number for one in applied}
        versions = sorted(newest, key=newest.__getitem__)
        return Plans({version: cache(partial(self._read, name, newest[version])) for version in versions})

    def _read(self, name: str, number: int) -> Plan | None:
        """The plan of a revision, once it is asked for. Raises StoreError: its texts cannot be read."""
        revision = revision_of(self.database, name, number)
        assert revision is not None
        plan, diagnostics, _ = restore(revision)
        if plan is not None and plan.version == revision.version:
            return plan
        why = next((f": {one.code} {one.message.en}" for one in diagnostics if one.severity == "error"), "")
        log.error("revision %d of %s is not understood by this version%s", number, name, why)
        return None

    def apply(self, name: str, prepared: Prepared, by: str, why: str = "") -> Revision | None:
        """Let a site run by a policy from now on; open tickets keep theirs. None: it does already.

        The policy has been read in full before; here it is written down, and then one pointer moves. One at a time.
        Raises StoreError: the site does not run; HalfDoneError: it is written down, and runs once it is applied again.
        """
        assert prepared.plan is not None, "a policy that is refused is not applied"
        with self._applying:
            if name in self.shut and any(True for _ in reversed(self._plans(name))):
                self.service(name)  # where none of them is understood, it is shut for want of this one
            self.refused.pop(name, None)
            return self._apply(name, prepared, prepared.plan, by, why)

    def rollback(self, name: str, number: int, by: str, why: str = "") -> Revision | None:
        """Apply an older revision of a site again, as a new one. None: the site runs by it. Raises StoreError."""
        found = revision_of(self.database, name, number)
        if found is None:
            raise StoreError(f"{name} has no revision {number}", f"{name} 没有第 {number} 版")
        prepared = restore(found)
        if prepared.plan is None:
            raise StoreError(
                f"revision {number} of {name} is no longer understood by this version",
                f"{name} 的第 {number} 版已不能被本版本理解",
            )
        return self.apply(name, prepared, by, why)

    def _apply(self, name: str, prepared: Prepared, plan: Plan, by: str, why: str) -> Revision | None:
        known, at = revisions_of(self.database, name), self.clock()
        revision = known[-1] if known else None
        is_new = revision is None or revision.version != plan.version
        if revision is None or is_new:
            revision = Revision.of(name, len(known) + 1, plan.version, at, by, why, prepared.files)
            add_revision(self.database, revision)
        service = self.services.get(name)
        if service is None:
            self._open_or_shut(name)
        elif service.site.plan.version != plan.version:  # also where the world refused just after it was written down
            # Read as after a start: its places name files, and no folders of this machine.
            try:
                service.adopt(at, restore(revision).plan or plan)
            except StoreError as error:
                raise HalfDoneError(str(error), error.zh) from None
            self._take_up(service)
            is_new = True
        return revision if is_new else None

    def _take_up(self, service: Service) -> None:
        """Go by the days of this release; what keeps a site from it is tried again every minute."""
        try:
            take_up(service, self.clock())
        except Exception as error:
            if not isinstance(error, StoreError):  # those readiness tells; the old days go on until it works
                log.exception("%s does not go by the days of this release", service.site.plan.id)
            self._opened.append(service)

    # ---- time -------------------------------------------------------------------------------------------------------

    def round(self) -> bool:
        """One round of the loop; if nothing was done for long before it, the sites were down as by a restart."""
        stood = self.watch.begins()
        if stood > ALIVE_EVERY:
            self._down = dict.fromkeys(self.services, self.clock() - stood) | self._down
        left = self.tick()
        self.watch.ends()
        return left

    def tick(self) -> bool:
        """Apply what is due at every site, a share each; True when something is left."""
        now = self.clock()
        self._try_again(now)
        behind: dict[str, int] = {}
        failing = dict(self.shut)
        for name, service in list(self.services.items()):
            try:
                if name in self._down:
                    _note_down(service, self._down[name], now)
                    del self._down[name]
                left = service.advance(now - 1, SHARE)
                if left:
                    behind[name] = now - 1 - (service.next_instant(now) or now)
                self._each_minute(name, service, now, left)
            except Exception as error:  # a defect at one site must not silence the others
                failing[name] = said(error)
                if not isinstance(error, StoreError):
                    log.exception("the loop fails at %s", name)
        self.beat = Beat(now, behind, failing)
        self.after_round(self.beat)
        return bool(behind)

    def _try_again(self, now: int) -> None:
        if now - self._tried >= ALIVE_EVERY:
            self._tried = now
            for name in list(self.shut):
                self.open_site(name)

    def _each_minute(self, name: str, service: Service, now: int, left: bool) -> None:
        if now - self._alive.get(name, 0) >= ALIVE_EVERY:
            service.store.write(lambda tx: tx.set_mark(ALIVE, now))
            if not left:  # else it would overtake what is still due before it
                service.retry(now - 1)
                service.keep_place(now)
            self._alive[name] = now

    def start(self) -> None:
        """Let time pass in a thread of its own; day data of another release reaches open tickets meanwhile."""
        self._threads = [
            Thread(target=self._run, name="timers", daemon=True),
            Thread(target=self._days, name="days", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            busy = self.round()
            self._stop.wait(0 if busy else LOOK)

    def _days(self) -> None:
        while not self._stop.is_set():
            for _ in range(len(self._opened)):
                self._take_up(self._opened.popleft())
            self._stop.wait(ALIVE_EVERY)

    def stop(self) -> None:
        """Finish the round and note until when the engine ran."""
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        now = self.clock()
        for service in self.services.values():
            service.store.write(lambda tx: tx.set_mark(ALIVE, now))


def _site(plans: Plans) -> Site:
    """A site before anything was said of its people and days."""
    edition = next(reversed(plans.newest.editions))
    return Site(plans, Roster(plans, edition, complete=False), edition)


def _note_down(service: Service, since: int, now: int) -> None:
    """Nothing was done until now: that is noted once, also if the engine is killed right after."""
    service.was_down(since, now)
    service.store.write(lambda tx: tx.set_mark(ALIVE, now))
