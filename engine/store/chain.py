"""The hash chain: each step carries the hash of all before it in its family, so nobody rewrites history unseen."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

#: What the first hash of a chain is linked to.
GENESIS: Final = bytes(32)


def link(before: bytes, site: str, chain: str, number: int, body: str) -> bytes:
    """The hash of an entry, which stands for everything up to it. `chain` is a family, or empty: the site's stream."""
    return sha256(before + f"{site}\0{chain}\0{number}\0{body}".encode()).digest()
