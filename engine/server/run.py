"""Running a daemon until somebody stops it."""

from __future__ import annotations

import signal
import sys
from threading import Thread

import uvicorn

from engine.server.accounts import Accounts
from engine.server.app import make_app
from engine.server.daemon import Daemon, RefusedPolicyError
from engine.server.housekeeping import Housekeeping
from engine.server.logs import log_to
from engine.server.passwords import Passwords

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
    log_to()
    signal.signal(signal.SIGHUP, lambda number, frame: _reload(daemon))
    housekeeping = Housekeeping(daemon)
    daemon.start()
    housekeeping.start()
    _greet(daemon)
    try:
        uvicorn.Server(settings).run()
    finally:
        housekeeping.stop()
        daemon.stop()


def _greet(daemon: Daemon) -> None:
    """Where the board is, and, while nobody has an account, the code that makes the first one."""
    board = daemon.config.url or f"http://{daemon.config.host}:{daemon.config.port}"
    lines = [f"Huiyin 回音  {board}/"]
    roles = {name: frozenset(service.site.plan.roles) for name, service in daemon.engine.services.items()}
    code = Accounts(daemon.database, Passwords(), lambda: roles).first_code(daemon.clock())
    if code is not None:
        lines.append(f"No account yet. Make the first one / 创建第一个账号: {board}/first  code 代码: {code}")
    print("\n".join(lines), file=sys.stderr, flush=True)


def _reload(daemon: Daemon) -> None:
    """Read every policy anew; a bad one is refused and the one before runs on."""

    def reload() -> None:
        for path in daemon.config.sites:
            try:
                daemon.apply(path, "SIGHUP")
            except (RefusedPolicyError, OSError) as error:
                daemon.engine.refused[path.stem] = str(error)

    Thread(target=reload, name="reload").start()
