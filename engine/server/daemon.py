"""The parts of a daemon, put together: which clock, which store, which channels. Nothing else is decided here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from engine.core import Family, Message, Plan, Step
from engine.notify import Postman, Wire, send
from engine.policy import Diagnostic, failed
from engine.runtime import Engine, EngineClock, Prepared, SteadyClock, monotonic, prepare
from engine.server.config import Config
from engine.server.live import Live
from engine.server.world import World
from engine.store import Database, Revision, StoreError


class RefusedPolicyError(Exception):
    """A policy with mistakes: nothing has changed, what ran goes on."""

    def __init__(self, path: Path, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(f"{path} has mistakes")
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

    def apply(self, path: Path, by: str, why: str = "") -> Revision | None:
        """Read a site's policy anew and run by it; None: it is the one that runs. Raises RefusedPolicyError."""
        return self.adopt(path, prepare(path), by, why)

    def adopt(self, path: Path, prepared: Prepared, by: str, why: str) -> Revision | None:
        if prepared.plan is None or failed(prepared.diagnostics):
            raise RefusedPolicyError(path, prepared.diagnostics)
        return self.engine.apply(prepared.plan.id, prepared, by, why)

    def start(self) -> None:
        self.engine.start()
        self.postman.start()

    def stop(self) -> None:
        self.postman.stop()
        self.engine.stop()
        self.database.close()


def build(config: Config, clock: EngineClock | None = None, wire: Wire | None = None) -> Daemon:
    """Open the database, take up the sites. A policy with mistakes keeps the version that ran before; a site that never
    ran raises RefusedPolicyError.
    """
    daemon = _put_together(config, clock, wire)
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
        raise StoreError(f"there is no database in {data}")
    daemon = _put_together(config, clock, None)
    try:
        for name in daemon.database.sites():
            daemon.engine.open_site(name)
    except BaseException:
        daemon.database.close()
        raise
    return daemon


def _put_together(config: Config, clock: EngineClock | None, wire: Wire | None) -> Daemon:
    config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock, live = clock or SteadyClock(), Live()
    database = Database.open(config.database, clock)
    engine = Engine(database, clock, lambda site: _Ear(site, live, lambda: postman.wake()))
    channel = partial(send, wire=wire or Wire(monotonic))
    postman = Postman(database, World(engine, config), channel, now=clock, monotonic=monotonic)
    return Daemon(config, clock, database, engine, live, postman)


def _take_up(daemon: Daemon, path: Path) -> None:
    try:
        daemon.apply(path, "start")
    except RefusedPolicyError:
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
