"""The HTTP face of a daemon: API, board and health, as one application."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from engine import __version__
from engine.server import health, metrics
from engine.server.api import add_api
from engine.server.api import astray as astray_call
from engine.server.board import add_board
from engine.server.board import astray as astray_page
from engine.server.daemon import Daemon
from engine.server.heads import Heads


def make_app(daemon: Daemon) -> FastAPI:
    """Routes over a daemon that is built; starting and stopping it is the caller's."""
    app = FastAPI(
        title="Huiyin 回音", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False
    )  # a redirect would go to the host that the caller names
    app.add_middleware(Heads)
    app.state.daemon = daemon
    app.include_router(health.router)
    app.include_router(metrics.router)
    add_api(app, daemon)
    add_board(app)
    app.add_exception_handler(HTTPException, _astray)
    return app


async def _astray(request: Request, error: Exception) -> Response:
    """An address that has nothing: a page to a browser, JSON to a program."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        error.headers = {"Allow": ", ".join(_methods(request))}
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return await astray_call(request, error)
    return await astray_page(request, error)


def _methods(request: Request) -> Iterator[str]:
    """All that an address takes; the router names those of the first route that it finds."""
    asked = {"type": "http", "path": request.url.path, "root_path": "", "headers": []}
    for method in ("GET", "POST", "PUT", "DELETE"):
        routes = request.app.router.routes
        if any(route.matches({**asked, "method": method})[0] is Match.FULL for route in routes):
            yield from ("GET", "HEAD") if method == "GET" else (method,)
