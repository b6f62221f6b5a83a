"""The parts of a daemon, put together: which clock, which store, which channels. Nothing else is decided here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.core import Family, Message, Plan, Step
from engine.policy import Diagnostic, failed
from engine.runtime import Engine, EngineClock, Prepared, SteadyClock, prepare
from engine.server.config import Config
from engine.server.live import Live
from engine.store import Database, Revision


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

    def apply(self, path: Path, by: str, why: str = "") -> Revision | None:
        """Read a site's policy anew and run by it; None: it is the one that runs. Raises RefusedPolicyError."""
        return self.adopt(path, prepare(path), by, why)

    def adopt(self, path: Path, prepared: Prepared, by: str, why: str) -> Revision | None:
        if prepared.plan is None or failed(prepared.diagnostics):
            raise RefusedPolicyError(path, prepared.diagnostics)
        return self.engine.apply(prepared.plan.id, prepared, by, why)

    def start(self) -> None:
        self.engine.start()

    def stop(self) -> None:
        self.engine.stop()
        self.database.close()


def build(config: Config, clock: EngineClock | None = None) -> Daemon:
    """Open the database, take up the sites. A policy with mistakes keeps the version that ran before; a site that never
    ran raises RefusedPolicyError.
    """
    config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock = clock or SteadyClock()
    live = Live()
    database = Database.open(config.database, clock)
    engine = Engine(database, clock, lambda site: _Ear(site, live))
    daemon = Daemon(config, clock, database, engine, live)
    try:
        for path in config.sites:
            _take_up(daemon, path)
    except BaseException:
        database.close()
        raise
    return daemon


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

    def __init__(self, site: str, live: Live) -> None:
        self._site = site
        self._live = live

    def __call__(self, plan: Plan, family: Family, step: Step, messages: tuple[Message, ...]) -> None:
        self._live.tell(self._site, family.id)
