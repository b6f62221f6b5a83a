"""The command line: one module per verb family."""

from engine.cli.main import main

__all__ = ["main"]
