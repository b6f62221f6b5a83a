"""What `huiyin --help` costs beside the import of click."""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from time import perf_counter

_ROUNDS = 9


def run() -> list[tuple[str, float, float, str]]:
    bare = [sys.executable, "-c", "import click"]
    ours = [sys.executable, "-m", "engine.cli", "--help"]
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(_ROUNDS):
        for name, command in (("bare", bare), ("ours", ours)):
            start = perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            times[name].append(perf_counter() - start)
            if name == "ours":
                assert "calendar" in done.stdout
    ratio = median(times["ours"]) / median(times["bare"])
    note = f"import click {median(times['bare']) * 1000:.0f} ms, huiyin --help {median(times['ours']) * 1000:.0f} ms"
    return [("huiyin --help against `import click`", -1.5, ratio, note)]
