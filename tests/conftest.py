"""Random tests are the same for everybody; `HUIYIN_SEARCH=20 make test ARGS=tests/core` looks in new places, 20 times as long."""

from __future__ import annotations

import os

from hypothesis import settings

SEARCH = int(os.environ.get("HUIYIN_SEARCH", "0"))
QUICK = bool(os.environ.get("HUIYIN_QUICK"))  # for mutants, of which hundreds are tried


def examples(usual: int) -> int:
    """How many examples a random test looks at."""
    return usual * SEARCH if SEARCH else usual // 4 if QUICK else usual


settings.register_profile("same", derandomize=True)
settings.register_profile("search", derandomize=False)
settings.load_profile("search" if SEARCH else "same")
