"""Running a daemon until somebody stops it."""

from __future__ import annotations

import signal
import sys
from threading import Thread

import uvicorn

from engine.server.app import make_app
from engine.server.daemon import Daemon, RefusedPolicyError

#: Seconds that open requests and streams get to end.
GRACE = 5


def run(daemon: Daemon) -> None:
    """Answer HTTP in this thread until SIGTERM or SIGINT; SIGHUP reads every policy anew."""
    settings = uvicorn.Config(
        make_app(daemon),
        host=daemon.config.host,
        port=daemon.config.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(daemon.config.proxies),
        forwarded_allow_ips=list(daemon.config.proxies),
        timeout_graceful_shutdown=GRACE,
    )
    signal.signal(signal.SIGHUP, lambda number, frame: _reload(daemon))
    daemon.start()
    print(f"Huiyin 回音: http://{daemon.config.host}:{daemon.config.port}/", file=sys.stderr, flush=True)
    try:
        uvicorn.Server(settings).run()
    finally:
        daemon.stop()


def _reload(daemon: Daemon) -> None:
    """Read every policy anew; a bad one is refused and the one before runs on."""

    def reload() -> None:
        for path in daemon.config.sites:
            try:
                daemon.apply(path, "SIGHUP")
            except (RefusedPolicyError, OSError) as error:
                daemon.engine.refused[path.stem] = str(error)

    Thread(target=reload, name="reload").start()
