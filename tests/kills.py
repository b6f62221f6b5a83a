"""How often the slow suites kill: `HUIYIN_KILLS` is the number over all of them, 500 if it is not set."""

from __future__ import annotations

import os
from typing import Final

_ALL: Final = int(os.environ.get("HUIYIN_KILLS", "500"))
#: The writer of a store, at random; an engine, at any statement; the whole daemon, under load.
STORE: Final = _ALL * 40 // 100
ENGINE: Final = _ALL * 48 // 100
DAEMON: Final = _ALL - STORE - ENGINE
