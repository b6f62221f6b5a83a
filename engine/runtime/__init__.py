"""The service around the core: load, decide, append; timers; the door; people."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from engine.runtime.clock import SteadyClock, VirtualClock, boottime, monotonic, now, today
from engine.runtime.directory import Changes, Leave, Staff, changed, changes, leavers
from engine.runtime.directory import entries as roster_entries
from engine.runtime.door import Door
from engine.runtime.duties import Occurrence, openings
from engine.runtime.editions import publish
from engine.runtime.figures import Histories, histories, imported, measured
from engine.runtime.listing import listed
from engine.runtime.lists import (
    MISTAKES_MAX,
    Customer,
    CustomerList,
    Mistake,
    StaffList,
    read_customers,
    read_file,
    read_staff,
    search,
)
from engine.runtime.migration import Change, DueChange, Migration, Mode, migrate, preview
from engine.runtime.outside import import_value, read_number, sources_of
from engine.runtime.people import Entry, Handover, Roster
from engine.runtime.plans import Plans
from engine.runtime.posts import EMPTY_POST, empty_posts, is_empty, role_findings
from engine.runtime.privacy import masked, may_see, permit_reveal
from engine.runtime.service import Service
from engine.runtime.site import Site
from engine.runtime.staffing import change_roster, list_staff, nobody_was_there
from engine.runtime.standing import FIELDS, STANDING, VERDICTS, StandingMove
from engine.runtime.turn import SYSTEM, Turn, system
from engine.runtime.values import ValueProblemError, read_instant, read_value, show_instant, show_value
from engine.store import Done

if TYPE_CHECKING:
    from engine.runtime.auditor import Auditor, Trouble
    from engine.runtime.engine import Beat, Engine, EngineClock
    from engine.runtime.indexes import index_of
    from engine.runtime.revisions import Prepared, prepare, restore

__all__ = [
    "EMPTY_POST",
    "FIELDS",
    "MISTAKES_MAX",
    "STANDING",
    "SYSTEM",
    "VERDICTS",
    "Auditor",
    "Beat",
    "Change",
    "Changes",
    "Customer",
    "CustomerList",
    "Done",
    "Door",
    "DueChange",
    "Engine",
    "EngineClock",
    "Entry",
    "Handover",
    "Histories",
    "Leave",
    "Migration",
    "Mistake",
    "Mode",
    "Occurrence",
    "Plans",
    "Prepared",
    "Roster",
    "Service",
    "Site",
    "Staff",
    "StaffList",
    "StandingMove",
    "SteadyClock",
    "Trouble",
    "Turn",
    "ValueProblemError",
    "VirtualClock",
    "boottime",
    "change_roster",
    "changed",
    "changes",
    "empty_posts",
    "histories",
    "import_value",
    "imported",
    "index_of",
    "is_empty",
    "leavers",
    "list_staff",
    "listed",
    "masked",
    "may_see",
    "measured",
    "migrate",
    "monotonic",
    "nobody_was_there",
    "now",
    "openings",
    "permit_reveal",
    "prepare",
    "preview",
    "publish",
    "read_customers",
    "read_file",
    "read_instant",
    "read_number",
    "read_staff",
    "read_value",
    "restore",
    "role_findings",
    "roster_entries",
    "search",
    "show_instant",
    "show_value",
    "sources_of",
    "system",
    "today",
]

#: What works on a database, by module: imported when asked for, since rehearsal needs none.
_ON_DATABASES = {
    "Auditor": "auditor",
    "index_of": "indexes",
    "Beat": "engine",
    "Engine": "engine",
    "EngineClock": "engine",
    "Prepared": "revisions",
    "prepare": "revisions",
    "Trouble": "auditor",
    "restore": "revisions",
}


def __getattr__(name: str) -> Any:
    if name in _ON_DATABASES:
        return getattr(import_module(f"engine.runtime.{_ON_DATABASES[name]}"), name)
    raise AttributeError(name)
