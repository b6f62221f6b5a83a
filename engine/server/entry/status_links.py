"""Status links: whoever has one sees how one ticket stands, without personal data (rule B04)."""

from __future__ import annotations

from typing import Final

from engine.server.entry import secret
from engine.server.entry.access import Principal
from engine.server.entry.denials import Denial, denial
from engine.store import Database
from engine.store.tables import access as rows
from engine.store.tables.access import StatusLink

LASTS: Final = 90 * 86400  # seconds


class StatusLinks:
    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, site: str, ticket: str, at: int, lasts: int = LASTS) -> str:
        """The secret part of a new link; those before it stay good."""
        reference = secret.reference()
        link = StatusLink(site, ticket, at + lasts)
        self._database.write(lambda connection: rows.put_link(connection, secret.hash_of(reference), link))
        return reference

    def principal(self, reference: str, at: int) -> Principal | Denial:
        """Who has this link: a resident of whom nothing is known but the ticket."""
        with self._database.read() as connection:
            link = rows.link(connection, secret.hash_of(reference))
        if link is None or at >= link.expires_at:
            return denial("link_ended")
        return Principal("resident", f"link:{link.ticket}", sites={link.site: frozenset()}, ticket=link.ticket)

    def end(self, site: str, ticket: str) -> int:
        """All links of a ticket are dead at once; how many there were."""
        return self._database.write(lambda connection: rows.end_links(connection, site, ticket))
