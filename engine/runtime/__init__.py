"""The service around the core: load, decide, append; timers; the door; people."""

from engine.runtime.clock import VirtualClock, now, today
from engine.runtime.door import Door
from engine.runtime.duties import Occurrence, occurrences
from engine.runtime.people import Entry, Handover, Roster
from engine.runtime.privacy import MASK, masked, may_see
from engine.runtime.service import Service
from engine.runtime.site import Site
from engine.runtime.turn import SYSTEM, system
from engine.runtime.values import ValueProblemError, read_instant, read_value, show_instant, show_value
from engine.store import Done

__all__ = [
    "MASK",
    "SYSTEM",
    "Done",
    "Door",
    "Entry",
    "Handover",
    "Occurrence",
    "Roster",
    "Service",
    "Site",
    "ValueProblemError",
    "VirtualClock",
    "masked",
    "may_see",
    "now",
    "occurrences",
    "read_instant",
    "read_value",
    "show_instant",
    "show_value",
    "system",
    "today",
]
