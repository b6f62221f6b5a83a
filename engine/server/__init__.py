"""The daemon: sites on a database, heard over HTTP, watched on a board, told to people."""

from engine.server.config import Config, ConfigError, parse_listen, read_config, shipped_sites
from engine.server.daemon import Daemon, RefusedPolicyError, build, open_file
from engine.server.run import run

__all__ = [
    "Config",
    "ConfigError",
    "Daemon",
    "RefusedPolicyError",
    "build",
    "open_file",
    "parse_listen",
    "read_config",
    "run",
    "shipped_sites",
]
