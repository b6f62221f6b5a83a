"""Running a daemon until somebody stops it."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Collection, Mapping
from socket import socket
from threading import Thread

import uvicorn

from engine.runtime import monotonic
from engine.server.app import make_app
from engine.server.auth import Gate
from engine.server.config import channels_of, stray_routes
from engine.server.connections import Connection
from engine.server.daemon import Daemon, RefusedPolicyError
from engine.server.housekeeping import Housekeeping
from engine.server.interpreter import settle
from engine.server.live import Live
from engine.server.logs import log_to
from engine.server.place import take
from engine.server.systemd import Systemd

log = logging.getLogger(__name__)
#: Seconds that open requests and streams get to end.
GRACE = 5
#: Mistakes of a refused policy that the log names.
NAMED = 3


def run(daemon: Daemon) -> None:
    """Answer HTTP in this thread until SIGTERM or SIGINT; SIGHUP reads every policy anew. Exits with 2 where nobody can
    listen, before anything has run.
    """
    place = _place(daemon)
    app = make_app(daemon)
    settings = uvicorn.Config(
        app,
        http=Connection,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(daemon.config.proxies),
        forwarded_allow_ips=list(daemon.config.proxies),
        timeout_graceful_shutdown=GRACE,
    )
    log_to()
    systemd = Systemd(os.environ)
    daemon.engine.after_round = systemd.alive
    signal.signal(signal.SIGHUP, lambda number, frame: Thread(target=_reload, args=(daemon, systemd)).start())
    housekeeping = Housekeeping(daemon)
    daemon.start()
    for site, file in daemon.engine.refused.items():
        log.error("the policy of %s is refused, %s: huiyin check %s", site, _what_runs(daemon, site), file)
    for stray in stray_routes(daemon.config, _channels(daemon)):
        log.warning("%s", stray.en)
    housekeeping.start()
    settle()
    _greet(daemon, app.state.gate)
    try:
        _Server(settings, systemd, daemon.live).run([place])
    finally:
        housekeeping.stop()
        daemon.stop()
        systemd.close()


def _place(daemon: Daemon) -> socket:
    host, port = daemon.config.host, daemon.config.port
    try:
        return take(host, port)
    except OSError as error:
        daemon.database.close()
        mend = "stop what runs there, or give another address: --listen, or `listen` of the settings"
        print(f"Error: cannot listen at {host}:{port} ({error.strerror}): {mend}", file=sys.stderr)
        raise SystemExit(2) from None


class _Server(uvicorn.Server):
    """Tells systemd when it can be heard, and when it ends."""

    def __init__(self, settings: uvicorn.Config, systemd: Systemd, live: Live) -> None:
        super().__init__(settings)
        self._systemd = systemd
        self._live = live

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._systemd.ready()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._systemd.stopping()
        self._live.end()
        await super().shutdown(sockets)


def _channels(daemon: Daemon) -> Mapping[str, Collection[str]]:
    return {name: channels_of(service.site.plan) for name, service in daemon.engine.services.items()}


def _greet(daemon: Daemon, gate: Gate) -> None:
    """Where the board is, and, while nobody has an account, the code that makes the first one."""
    board = daemon.config.url or f"http://{daemon.config.host}:{daemon.config.port}"
    lines = [f"Huiyin 回音  {board}/"]
    code = gate.accounts.first_code(daemon.clock())
    if code is not None:
        lines.append(f"No account yet. Make the first one / 创建第一个账号: {board}/first  code 代码: {code}")
    print("\n".join(lines), file=sys.stderr, flush=True)


def _reload(daemon: Daemon, systemd: Systemd) -> None:
    """Read every policy anew; a bad one is refused and the one before runs on."""
    systemd.reloading(monotonic())
    for site, why in daemon.reload("SIGHUP").items():
        log.error("the policy of %s is refused, %s: %s", site, _what_runs(daemon, site), _mistakes(why))
    systemd.ready()


def _what_runs(daemon: Daemon, site: str) -> str:
    return "the one before runs on" if site in daemon.engine.services else "and the site does not run"


def _mistakes(why: Exception) -> str:
    """The places and codes of the first mistakes, and who tells all of them."""
    if not isinstance(why, RefusedPolicyError):
        return str(why)
    errors = [one for one in why.diagnostics if one.severity == "error"]
    said = [f"{one.primary.span} {one.code} {one.message.en}" for one in errors[:NAMED]]
    return "; ".join([*said, f"{len(errors)} in all: huiyin check {why.path}"])
