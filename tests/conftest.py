"""Random tests are the same for everybody; `HUIYIN_SEARCH=20 make test ARGS=tests/core` looks in new places, 20 times as long."""

from __future__ import annotations

import os

from hypothesis import settings

SEARCH = int(os.environ.get("HUIYIN_SEARCH", "0"))

settings.register_profile("same", derandomize=True)
settings.register_profile("search", derandomize=False)
settings.load_profile("search" if SEARCH else "same")
