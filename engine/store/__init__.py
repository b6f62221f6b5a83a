"""Where families of tickets are kept: events, timers, messages, all or nothing."""

from engine.store.memory import MemoryStore
from engine.store.protocol import Commit, ConflictError, SiteEvent, Store

__all__ = ["Commit", "ConflictError", "MemoryStore", "SiteEvent", "Store"]
