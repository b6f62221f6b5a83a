"""The board: pages for desk and phone, rendered here, that work without JavaScript and load nothing from outside."""

from engine.server.board.app import add_board
from engine.server.board.web import astray

__all__ = ["add_board", "astray"]
