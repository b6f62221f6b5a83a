"""The pages put together: every route of the board, and what they work with."""

from __future__ import annotations

from fastapi import FastAPI

from engine.server.board import entrance, intake, lists, tickets
from engine.server.board.desk import Desk
from engine.server.daemon import Daemon


def add_board(app: FastAPI, daemon: Daemon) -> None:
    """The pages, as routes of an application over this daemon."""
    app.state.desk = Desk(daemon)
    for pages in (entrance, lists, tickets, intake):
        app.include_router(pages.router)
