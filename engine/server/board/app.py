"""The pages put together: every route of the board, and what they work with."""

from __future__ import annotations

from fastapi import FastAPI

from engine.server.board import (
    administration,
    duties,
    entrance,
    figures,
    intake,
    lists,
    outside,
    own,
    policies,
    tickets,
    tokens,
)
from engine.server.board.desk import make_templates


def add_board(app: FastAPI) -> None:
    """The pages, as routes of an application that has a gate (engine.server.auth)."""
    app.state.templates = make_templates()
    app.state.told = entrance.told
    for pages in (entrance, lists, tickets, intake, duties, figures, policies, outside, administration, tokens, own):
        app.include_router(pages.router)
