"""Secrets that the daemon hands out: made at random, shown once, kept as their hash."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256


def reference() -> str:
    """128 bits, in 22 characters that stand in URLs and cookies as they are."""
    return secrets.token_urlsafe(16)


def hash_of(secret: str) -> bytes:
    """What is kept of a secret. It has so many bits that guessing is hopeless however fast the hash."""
    return sha256(secret.encode(errors="replace")).digest()


def is_of(hash: bytes, secret: str) -> bool:
    return hmac.compare_digest(hash, hash_of(secret))


def derived(secret: str, use: str) -> str:
    """Another secret, from which the first cannot be found."""
    return hmac.new(secret.encode(errors="replace"), use.encode(), sha256).hexdigest()
