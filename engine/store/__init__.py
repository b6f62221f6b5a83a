"""Where families of tickets are kept: events, timers, messages, all or nothing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from engine.store.memory import MemoryStore
from engine.store.protocol import (
    Answered,
    Commit,
    ConflictError,
    Done,
    Errand,
    Query,
    Reader,
    Row,
    SiteEvent,
    Store,
    StoreError,
    Transaction,
)

if TYPE_CHECKING:
    from engine.store.chain import Damage, Seal
    from engine.store.customers import CustomerRow, customers_of, forget_customer, keep_customers
    from engine.store.database import Database
    from engine.store.revisions import Revision, add_revision, revisions_of
    from engine.store.survey import changed_since, last_entry, open_families, overdue_families, verified
    from engine.store.upkeep import backup, migrate, restore, verify

__all__ = [
    "Answered",
    "Commit",
    "ConflictError",
    "CustomerRow",
    "Damage",
    "Database",
    "Done",
    "Errand",
    "MemoryStore",
    "Query",
    "Reader",
    "Revision",
    "Row",
    "Seal",
    "SiteEvent",
    "Store",
    "StoreError",
    "Transaction",
    "add_revision",
    "backup",
    "changed_since",
    "customers_of",
    "forget_customer",
    "keep_customers",
    "last_entry",
    "migrate",
    "open_families",
    "overdue_families",
    "restore",
    "revisions_of",
    "verified",
    "verify",
]

#: What works on the SQLite file, by module: imported when asked for, since most verbs need no database.
_ON_FILES = {
    "verified": "survey",
    "overdue_families": "survey",
    "open_families": "survey",
    "last_entry": "survey",
    "changed_since": "survey",
    "CustomerRow": "customers",
    "customers_of": "customers",
    "forget_customer": "customers",
    "keep_customers": "customers",
    "Damage": "chain",
    "Database": "database",
    "Revision": "revisions",
    "Seal": "chain",
    "add_revision": "revisions",
    "backup": "upkeep",
    "migrate": "upkeep",
    "restore": "upkeep",
    "revisions_of": "revisions",
    "verify": "upkeep",
}


def __getattr__(name: str) -> Any:
    if name in _ON_FILES:
        return getattr(import_module(f"engine.store.{_ON_FILES[name]}"), name)
    raise AttributeError(name)
