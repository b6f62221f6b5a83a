"""Where families of tickets are kept: events, timers, messages, all or nothing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from engine.store.memory import MemoryStore
from engine.store.protocol import (
    Answered,
    Commit,
    ConflictError,
    Cursor,
    Done,
    Errand,
    HalfDoneError,
    Query,
    Reader,
    Row,
    SiteEvent,
    Store,
    StoreError,
    Transaction,
    everything,
)

if TYPE_CHECKING:
    from engine.store.chain import Damage, Seal
    from engine.store.checkup import Checkup, check_up, gone_by, in_use
    from engine.store.cross_check import disagreements
    from engine.store.customers import CustomerRow, customers_of, keep_customers
    from engine.store.database import Database
    from engine.store.past import Past, as_known_at
    from engine.store.revisions import Revision, add_revision, revision_of, revisions_of
    from engine.store.slices import forget_answers, forget_looks
    from engine.store.spans import note_spans, wrong_spans
    from engine.store.sqlite import SqliteStore
    from engine.store.survey import changed_since, last_entry, newest_stamp, open_families, overdue_families, verified
    from engine.store.told import forget_told
    from engine.store.upkeep import backup, backup_file, migrate, restore, verify, verify_file

__all__ = [
    "Answered",
    "Checkup",
    "Commit",
    "ConflictError",
    "Cursor",
    "CustomerRow",
    "Damage",
    "Database",
    "Done",
    "Errand",
    "HalfDoneError",
    "MemoryStore",
    "Past",
    "Query",
    "Reader",
    "Revision",
    "Row",
    "Seal",
    "SiteEvent",
    "SqliteStore",
    "Store",
    "StoreError",
    "Transaction",
    "add_revision",
    "as_known_at",
    "backup",
    "backup_file",
    "changed_since",
    "check_up",
    "customers_of",
    "disagreements",
    "everything",
    "forget_answers",
    "forget_looks",
    "forget_told",
    "gone_by",
    "in_use",
    "keep_customers",
    "last_entry",
    "migrate",
    "newest_stamp",
    "note_spans",
    "open_families",
    "overdue_families",
    "restore",
    "revision_of",
    "revisions_of",
    "verified",
    "verify",
    "verify_file",
    "wrong_spans",
]

#: What works on the SQLite file, by module: imported when asked for, since most verbs need no database.
_ON_FILES = {
    "SqliteStore": "sqlite",
    "add_revision": "revisions",
    "as_known_at": "past",
    "backup": "upkeep",
    "backup_file": "upkeep",
    "changed_since": "survey",
    "check_up": "checkup",
    "Checkup": "checkup",
    "CustomerRow": "customers",
    "customers_of": "customers",
    "Damage": "chain",
    "Database": "database",
    "disagreements": "cross_check",
    "forget_answers": "slices",
    "forget_looks": "slices",
    "forget_told": "told",
    "gone_by": "checkup",
    "in_use": "checkup",
    "keep_customers": "customers",
    "last_entry": "survey",
    "migrate": "upkeep",
    "newest_stamp": "survey",
    "note_spans": "spans",
    "open_families": "survey",
    "overdue_families": "survey",
    "Past": "past",
    "restore": "upkeep",
    "Revision": "revisions",
    "revision_of": "revisions",
    "revisions_of": "revisions",
    "Seal": "chain",
    "verified": "survey",
    "verify": "upkeep",
    "verify_file": "upkeep",
    "wrong_spans": "spans",
}


def __getattr__(name: str) -> Any:
    if name in _ON_FILES:
        return getattr(import_module(f"engine.store.{_ON_FILES[name]}"), name)
    raise AttributeError(name)
