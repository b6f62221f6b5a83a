"""The address at which a daemon is heard."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket


def take(host: str, port: int) -> socket:
    """An address, taken; nobody is heard there yet. Raises OSError: it is another program's, or not of this machine."""
    place = socket(AF_INET6 if ":" in host else AF_INET)
    place.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        place.bind((host, port))
    except OSError:
        place.close()
        raise
    return place
