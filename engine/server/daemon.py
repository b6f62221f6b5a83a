"""The parts of a daemon, put together: which clock, which store, which channels. Nothing else is decided here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final

from engine.core import Family, Message, Plan, Step
from engine.notify import Channel, Postman, Wire, send
from engine.policy import Diagnostic, failed
from engine.runtime import (
    Auditor,
    Door,
    Engine,
    EngineClock,
    Prepared,
    Service,
    SteadyClock,
    monotonic,
    prepare,
    publish,
)
from engine.server.config import Config
from engine.server.figures import Figures
from engine.server.live import Live
from engine.server.world import World
from engine.store import Database, Revision, StoreError, revisions_of
from engine.store.tables.evidence import GB, Evidence

#: The mark that says which revision a site's file was when it was last read.
FILE: Final = "file"


class RefusedPolicyError(Exception):
    """A policy with mistakes: nothing has changed, what ran goes on."""

    def __init__(self, path: Path, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(f"{path} has mistakes")
        self.path = path
        self.diagnostics = diagnostics


@dataclass(slots=True)
class Daemon:
    """Everything that runs, for those who ask: pages, API, command line."""

    config: Config
    clock: EngineClock
    database: Database
    engine: Engine
    live: Live
    postman: Postman
    auditor: Auditor
    evidence: Evidence
    figures: Figures = field(default_factory=Figures)
    reading: Lock = field(default_factory=Lock)

    def apply(self, path: Path, by: str, why: str = "") -> Revision | None:
        """Read a site's policy anew and run by it; None: it is the one that runs. Raises RefusedPolicyError."""
        return self.adopt(path, prepare(path, self.today), by, why)

    def adopt(self, path: Path, prepared: Prepared, by: str, why: str) -> Revision | None:
        return self.engine.apply(_sound(path, prepared).id, prepared, by, why)

    def door(self, service: Service) -> Door:
        """The door of one of its sites: a file that somebody names is one that was sent there."""
        return Door(service, partial(self.evidence.holds, service.site.plan.id))

    @property
    def today(self) -> date:
        """The civil date by the daemon's clock, UTC."""
        return datetime.fromtimestamp(self.clock(), UTC).date()

    def reload(self, by: str) -> Mapping[str, Exception]:
        """Read the file of every site anew, all of them before any site changes. Why which were refused, by site: those
        run on as before.
        """
        with self.reading:
            found = [(path, _prepared(path, self.today)) for path in self.config.sites]
            refused: dict[str, Exception] = {}
            for path, prepared in found:
                try:
                    if isinstance(prepared, OSError):
                        raise prepared
                    self.take(path, prepared, by)
                except (RefusedPolicyError, StoreError, OSError) as error:
                    refused[path.stem] = error
                    self.engine.refused[path.stem] = str(path)
            return refused

    def take(self, path: Path, prepared: Prepared, by: str) -> Revision | None:
        """Run by what a site's file says, if it says something new since it was last read: what was applied meanwhile,
        or rolled back, stays. Raises RefusedPolicyError, StoreError.
        """
        site, plan = path.stem, _sound(path, prepared)
        store, known = self.database.site(site), revisions_of(self.database, site)
        seen = store.mark(FILE)
        later = known[seen - 1 :] if seen is not None else ()
        if any(revision.version == plan.version for revision in later):
            revision = None
            self.engine.refused.pop(site, None)
            if site not in self.engine.services:
                self.engine.open_site(site)
        else:
            revision = self.engine.apply(site, prepared, by)
        number = max(one.number for one in revisions_of(self.database, site) if one.version == plan.version)
        if number != seen:
            store.write(lambda tx: tx.set_mark(FILE, number))
        return revision

    def publish_days(self, edition: str, days: Mapping[str, Any], site: str | None = None) -> tuple[str, ...]:
        """Publish day data to a site, or to all; to which. Raises CalendarError; StoreError: one does not run."""
        names = (*self.engine.services, *self.engine.shut) if site is None else (site,)
        services = [service for name in names if (service := self.engine.service(name)) is not None]
        publish(services, self.clock(), edition, days)
        return names

    def start(self) -> None:
        self.engine.start()
        self.postman.start()
        self.auditor.start()

    def stop(self) -> None:
        self.auditor.stop()
        self.postman.stop()
        self.engine.stop()
        self.database.close()


def build(config: Config, clock: EngineClock | None = None, channel: Channel | None = None) -> Daemon:
    """Open the database, take up the sites. A policy with mistakes, or that cannot be read, keeps the version that ran
    before; a site that never ran raises RefusedPolicyError or OSError; one that cannot be opened is shut, and the
    others run.
    """
    daemon = _put_together(config, clock, channel)
    try:
        for path in config.sites:
            _take_up(daemon, path)
    except BaseException:
        daemon.database.close()
        raise
    return daemon


def open_file(data: Path, clock: EngineClock | None = None) -> Daemon:
    """The parts on an existing file, for a verb that needs no daemon: every site as it was applied, nothing started.

    Raises StoreError: there is none, or a daemon holds it.
    """
    config = Config(data, ())
    if not config.database.is_file():
        raise StoreError(
            f"there is no database in {data}: `huiyin serve` makes it when it starts for the first time",
            f"{data} 中没有数据库：huiyin serve 首次启动时建立",
        )
    daemon = _put_together(config, clock, None)
    try:
        for name in daemon.database.sites():
            daemon.engine.open_site(name)
    except BaseException:
        daemon.database.close()
        raise
    return daemon


def _put_together(config: Config, clock: EngineClock | None, channel: Channel | None) -> Daemon:
    config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock, live = clock or SteadyClock(), Live()
    database = Database.open(config.database, clock)
    engine = Engine(database, clock, lambda site: _Ear(site, live, lambda: postman.wake()))
    channel = channel or partial(send, wire=Wire(monotonic))
    postman = Postman(database, World(engine, config), channel, now=clock, monotonic=monotonic, lang=config.lang)
    evidence = Evidence(config.data / "evidence", config.evidence_gb * GB)
    return Daemon(config, clock, database, engine, live, postman, Auditor(engine), evidence)


def _prepared(path: Path, today: date) -> Prepared | OSError:
    try:
        return prepare(path, today)
    except OSError as error:
        return error


def _sound(path: Path, prepared: Prepared) -> Plan:
    if prepared.plan is None or failed(prepared.diagnostics):
        raise RefusedPolicyError(path, prepared.diagnostics)
    return prepared.plan


def _take_up(daemon: Daemon, path: Path) -> None:
    try:
        daemon.take(path, prepare(path, daemon.today), "start")
    except (RefusedPolicyError, OSError):
        if path.stem not in daemon.database.sites():
            raise
        daemon.engine.open_site(path.stem)
        daemon.engine.refused[path.stem] = str(path)


class _Ear:
    """Hears the steps of one site."""

    def __init__(self, site: str, live: Live, wake: Callable[[], None]) -> None:
        self._site = site
        self._live = live
        self._wake = wake

    def __call__(self, plan: Plan, family: Family, step: Step, messages: tuple[Message, ...]) -> None:
        self._live.tell(self._site, family.id)
        if messages:
            self._wake()
