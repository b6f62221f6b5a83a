"""A real `huiyin serve`: a process of its own on loopback that can be killed and started again, its file made before."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread

from engine.runtime import change_roster, now
from engine.server import read_config
from engine.server.daemon import build
from engine.server.entry.access_log import Call
from engine.server.entry.denials import Denial
from engine.server.entry.tokens import Purpose, Tokens

ROOT = Path(__file__).parents[2]
SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
PATIENCE = 60  #: seconds after which a daemon that does not answer is a failure, however busy the machine is


class Served:
    """A daemon of the settings in a folder, as an operator would run it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> Path:
        return self.folder / "data" / "huiyin.db"

    def start(self) -> float:
        """Start it; the seconds until /readyz says that it is ready."""
        began = time.monotonic()
        line = [sys.executable, "-m", "engine.cli", "serve", "--config", str(self.folder / "huiyin.yaml")]
        environment = {**os.environ, "HOOK_SECRET": SECRET}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*line, "--listen", f"127.0.0.1:{self.port}"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        while not self.is_ready():
            assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
            assert time.monotonic() - began < PATIENCE, (self.folder / "log").read_text()[-3000:]
            time.sleep(0.02)
        return time.monotonic() - began

    def is_ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Status and text of an answer; 0 where nobody listens."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            try:
                connection.request("GET", path, headers=headers or {})
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except (OSError, HTTPException):
                return 0, ""

    def kill(self) -> None:
        """Whatever it does just now."""
        assert self.process is not None
        self.process.kill()
        assert self.process.wait() == -signal.SIGKILL

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)

    def memory(self) -> int:
        """Bytes that it holds."""
        assert self.process is not None
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def served(folder: Path):
    daemon = Served(folder)
    try:
        yield daemon
    finally:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()


def furnish(folder: Path, policy: str, hooks: dict[str, int], people, tokens) -> dict[str, str]:
    """Settings, a policy and a file with people and tokens in a folder; the texts of the tokens.

    `hooks`: channel -> port of a receiver. `people`: entries of the roster. `tokens`: person -> roles.
    """
    (folder / "site.yaml").write_text(policy, encoding="utf-8")
    settings: dict[str, object] = {"data": "data", "sites": ["site.yaml"]}
    if hooks:
        settings |= {"destinations": {name: _hook(port) for name, port in hooks.items()}}
        settings |= {"routes": {"*": {name: name for name in hooks}}}
    (folder / "huiyin.yaml").write_text(json.dumps(settings), encoding="utf-8")
    os.environ["HOOK_SECRET"] = SECRET
    daemon = build(read_config(folder / "huiyin.yaml"))
    try:
        (service,) = daemon.engine.services.values()
        change_roster(service, now(), people)
        made = Tokens(daemon.database, lambda: {"site": frozenset(service.site.plan.roles)})
        return {person: _token(made, person, roles) for person, roles in tokens.items()}
    finally:
        daemon.database.close()


def _hook(port: int) -> dict[str, object]:
    url, ports = f"http://127.0.0.1:{port}/", [str(port)]
    opened = {"allow": ["127.0.0.1/32"], "ports": ports, "insecure": "true"}
    return {"kind": "webhook", "url": url, "secrets": ["${env:HOOK_SECRET}"], **opened}


def _token(tokens: Tokens, person: str, roles: set[str]) -> str:
    scopes = frozenset({"ticket:read", "ticket:write"})
    made = tokens.make(Call(now(), "root"), Purpose(person, scopes, {"site": frozenset(roles)}, now() + 86400, person))
    assert not isinstance(made, Denial), made
    return made.text


class Hook:
    """A receiver of webhooks: which letter came in which life of the daemon, and with which body."""

    def __init__(self) -> None:
        self.life = 0
        self.bodies: dict[str, set[bytes]] = defaultdict(set)
        self.lives: dict[str, Counter[int]] = defaultdict(Counter)
        hook, gate = self, Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size, id = int(self.headers["content-length"]), self.headers["webhook-id"]
                body = self.rfile.read(size)
                if len(body) < size:  # whoever sent it was killed in the middle of it
                    return
                with gate:
                    hook.bodies[id].add(body)
                    hook.lives[id][hook.life] += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Not to the terminal."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Whoever sent it was killed meanwhile."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
