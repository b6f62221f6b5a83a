"""Interleaved timing: variants take turns in one process, so that a noisy machine is noisy for all of them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median
from time import perf_counter


def rates(variants: dict[str, Callable[[], int]], rounds: int = 7) -> dict[str, float]:
    """Operations a second of each variant, the median of several rounds; a variant returns how many it did."""
    seen: dict[str, list[float]] = {name: [] for name in variants}
    for run in variants.values():
        run()
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, run in variants.items():
                start = perf_counter()
                done = run()
                seen[name].append(done / (perf_counter() - start))
    finally:
        gc.enable()
    return {name: median(values) for name, values in seen.items()}
