"""How a daemon wants Python's interpreter: for many values that live long and refer to nobody who refers to them."""

from __future__ import annotations

import gc
from typing import Final

#: New objects after which those in circles are looked for, and how often older ones are looked at again. The usual 700
#: cost a third of the time in which ten thousand tickets breach; rubbish in circles is rare here, and small.
THRESHOLDS: Final = (50_000, 20, 20)


def settle() -> None:
    """Called once all that stays has been made: plans, routes, pages."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
