"""The API from a terminal: over HTTP to a daemon, or in this process on the file while no daemon has it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar

import click

from engine.cli.common import language_option
from engine.cli.files import NAME, parts_on

if TYPE_CHECKING:
    from fastapi import FastAPI

    from engine.server import Daemon

F = TypeVar("F", bound=Callable[..., Any])
#: Seconds after which a daemon that says nothing is given up, and the most bytes that it may say.
TIMEOUT: Final = 30
ANSWER_MAX: Final = 16 << 20
TEXTS: Final = {
    "unreachable": ("{url} cannot be reached: {why}", "无法连接 {url}：{why}"),
    "token": ("{url} asks who you are: put a token into HUIYIN_TOKEN", "{url} 需要令牌：请设置 HUIYIN_TOKEN"),
    "address": ("--url {url}: write http://HOST:PORT or https://HOST", "--url {url}：请写 http://主机:端口 或 https://主机"),
    "foreign": ("{url} answered {status}, and not as an API of Huiyin does", "{url} 返回 {status}，不像回音的接口"),
    "legal": ("possible now: {moves}", "当前可进行：{moves}"),
    "in use": ("a daemon runs on {data}. Ask it: HUIYIN_TOKEN=hy_… huiyin {verb} … --url http://HOST:PORT, or stop it "
               "first",
               "{data} 上有守护进程在运行。请改用：HUIYIN_TOKEN=hy_… huiyin {verb} … --url http://主机:端口，或先停止它"),
    "reload": ("Without a token: systemctl reload huiyin (SIGHUP) has it read the files of all its sites anew",
               "没有令牌时：systemctl reload huiyin（SIGHUP）会让它重新读取全部方案文件"),
}  # fmt: skip


def text(name: str, lang: str, **values: object) -> str:
    return TEXTS[name][lang == "zh"].format(**values)


class Where(NamedTuple):
    """Whom a verb speaks to: a daemon by its address, else the file in a folder; there, as whom in the roster."""

    url: str
    data: Path
    person: str
    roles: tuple[str, ...]
    lang: str


class Line(Protocol):
    """One who answers calls of the API."""

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]: ...


def remote_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--url`, `--data`, `--as`, `--role`, `--json`, `--lang`; the verb gets `where` and `as_json`."""

    def verb(url: str, data: Path, acting: str, roles: tuple[str, ...], as_json: bool, lang: str, **rest: Any) -> Any:
        return function(where=Where(url.rstrip("/"), data, acting, roles, lang), as_json=as_json, **rest)

    options = (
        click.option("--url", envvar="HUIYIN_URL", default="", help="A daemon; HUIYIN_TOKEN says who you are."),
        click.option(
            "--data",
            type=click.Path(file_okay=False, path_type=Path),
            default=lambda: Path(os.environ.get("HUIYIN_DIR", "huiyin-data")),
            help="Without a daemon: folder of the database.",
        ),
        click.option("--as", "acting", default=getuser, help="Without a daemon: your name in the roster."),
        click.option("--role", "roles", multiple=True, help="Without a daemon: a role besides those of the roster."),
        click.option("--json", "as_json", is_flag=True, help="For machines."),
        language_option,
    )
    verb.__name__, verb.__doc__ = function.__name__, function.__doc__
    verb.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
    decorated: Callable[..., Any] = verb
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


class Api:
    """Calls, and what they are answered."""

    def __init__(self, line: Line, where: Where) -> None:
        self._line = line
        self._where = where

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        key: str | None = None,
        raw: bytes | None = None,
    ) -> Any:
        """The answer as JSON. A problem is said in a line, with the moves that are possible, and ends with 1."""
        from urllib.parse import quote, urlencode

        asked = {name: value for name, value in (query or {}).items() if value is not None}
        address = f"/api/v1{quote(path)}" + (f"?{urlencode(asked)}" if asked else "")
        headers = {"Accept-Language": self._where.lang}
        data = b""
        if body is not None:
            data = json.dumps({k: v for k, v in body.items() if v is not None}, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        if raw is not None:
            data = raw
            headers["Content-Type"] = "application/octet-stream"
        if key is not None:
            headers["Idempotency-Key"] = key
        status, said = self._line.send(method, address, headers, data)
        return self._read(status, said)

    def _read(self, status: int, said: bytes) -> Any:
        url = self._where.url or str(self._where.data)
        try:
            found = json.loads(said) if said else None
        except ValueError:
            found = said
        if 200 <= status < 300 and not isinstance(found, bytes):
            return found
        if not isinstance(found, dict) or "code" not in found:
            raise click.ClickException(text("foreign", self._where.lang, url=url, status=status))
        if found["code"] == "sign_in":
            raise click.ClickException(text("token", self._where.lang, url=url))
        lines = [one["said"] for one in found.get("mistakes", ())]
        lines += [_place(one, self._where.lang) for one in found.get("diagnostics", ())]
        lines += [f"{'.'.join(one['where'])}: {one['said']}" for one in found.get("errors", ()) if "said" in one]
        lines.append(f"{found['code']}: {found['detail']}")
        if found.get("legal"):
            moves = ", ".join(f"{one['move']} {one['title']}" for one in found["legal"])
            lines.append(text("legal", self._where.lang, moves=moves))
        raise click.ClickException("\n".join(lines))


def _place(one: Mapping[str, Any], lang: str) -> str:
    """A diagnostic of a file that lies elsewhere."""
    return f"{one['file']}:{one['line']}: {one['code']} {one['message']['zh' if lang == 'zh' else 'en']}"


@contextmanager
def api(where: Where, sites: tuple[Path, ...] = ()) -> Iterator[Api]:
    """The API of a daemon, or of the file: there these are the files of policies that its settings would name."""
    if where.url:
        if not where.url.startswith(("http://", "https://")):
            raise click.UsageError(text("address", where.lang, url=where.url))
        yield Api(_Http(where), where)
        return
    from engine.store import in_use

    if where.data.is_dir() and in_use(where.data / NAME):
        _, _, verb = click.get_current_context().command_path.partition(" ")
        how = [text("in use", where.lang, data=where.data, verb=verb), *([text("reload", where.lang)] if sites else [])]
        raise click.ClickException("\n".join(how))
    with parts_on(where.data, where.lang) as daemon:
        daemon.config = replace(daemon.config, sites=sites)
        while daemon.engine.tick():  # what came due while nobody looked
            pass
        yield Api(_File(daemon, where), where)


class _Http:
    """A daemon over HTTP: no redirects, no proxies of the environment."""

    def __init__(self, where: Where) -> None:
        self._where = where

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        from http.client import HTTPException
        from urllib.error import HTTPError, URLError
        from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

        class Stay(HTTPRedirectHandler):
            def redirect_request(self, *_: Any) -> None:
                return None

        token = os.environ.get("HUIYIN_TOKEN", "").strip()
        shown = {"Authorization": f"Bearer {token}"} if token else {}
        asked = Request(self._where.url + path, body or None, {**headers, **shown}, method=method)
        try:
            with build_opener(Stay, ProxyHandler({})).open(asked, timeout=TIMEOUT) as answer:
                return answer.status, answer.read(ANSWER_MAX)
        except HTTPError as error:
            with error:
                return error.code, error.read(ANSWER_MAX)
        except (URLError, HTTPException, OSError, ValueError) as error:
            why = getattr(error, "reason", None) or error
            raise click.ClickException(text("unreachable", self._where.lang, url=self._where.url, why=why)) from None


class _File:
    """The same API in this process: who can open the file may do everything, and acts as he says he is."""

    def __init__(self, daemon: Daemon, where: Where) -> None:
        from fastapi import FastAPI

        from engine.server.api import add_api
        from engine.server.auth import make_gate
        from engine.server.entry.access import Principal

        language = "zh" if where.lang == "zh" else "en"
        name = f"file:{getuser()}"
        grants = {"*": frozenset(where.roles)}
        owner = Principal("token", name, where.person, grants, frozenset({"admin"}), language)
        self._app = FastAPI()
        add_api(self._app, daemon, replace(make_gate(daemon), who=lambda text, at: owner))

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        import asyncio

        return asyncio.run(_ask(self._app, method, path, {**headers, "Authorization": "Bearer file"}, body))


async def _ask(app: FastAPI, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """One request to an application in this process."""
    from urllib.parse import unquote

    address, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(address),
        "raw_path": address.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("file", 0),
        "server": ("file", 0),
    }
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    await app(scope, receive, send)
    return said[0]["status"], b"".join(message.get("body", b"") for message in said)
