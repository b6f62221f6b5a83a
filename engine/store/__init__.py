"""Where families of tickets are kept: events, timers, messages, all or nothing."""

from engine.store.memory import MemoryStore
from engine.store.protocol import Commit, ConflictError, Done, SiteEvent, Store

__all__ = ["Commit", "ConflictError", "Done", "MemoryStore", "SiteEvent", "Store"]
