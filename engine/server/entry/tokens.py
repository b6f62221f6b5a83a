"""API tokens: made for something, bound to sites and scopes, shown once, dead at once when revoked."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from sqlite3 import Connection
from typing import Final, NamedTuple

from engine.server.entry import secret
from engine.server.entry.access import Grants, Principal
from engine.server.entry.access_log import Call
from engine.server.entry.accounts import LANGUAGES, PERSON_MAX
from engine.server.entry.denials import Denial, denial
from engine.server.entry.grants import Known, token_denial
from engine.store import Database, StoreError
from engine.store.tables import access as rows
from engine.store.tables import access_log
from engine.store.tables.access import Token

LONGEST_DAYS: Final = 366
USED_EVERY: Final = 60  # seconds: `used_at` is that exact
NAME_MAX: Final = 100  # characters
ID: Final = re.compile(r"[0-9a-f]{8}")
FORM: Final = re.compile(rf"hy_({ID.pattern})_([\w-]{{43}})", re.ASCII)


class Purpose(NamedTuple):
    """What a token is made for: its name, who it acts as in the roster, what it may do where, and until when."""

    name: str
    scopes: frozenset[str]
    sites: Grants
    expires_at: int
    person: str = ""
    language: str = "zh"


class Made(NamedTuple):
    """A token with its text, which nobody sees again."""

    token: Token
    text: str


class Tokens:
    """The tokens of a file. `known` is asked for the sites there are and the roles of each."""

    def __init__(self, database: Database, known: Callable[[], Known]) -> None:
        self._database = database
        self._known = known

    def all(self) -> tuple[Token, ...]:
        """The oldest first, also those that are dead."""
        with self._database.read() as connection:
            return rows.tokens(connection)

    def make(self, call: Call, purpose: Purpose) -> Made | Denial:
        if wrong := _purpose_denial(purpose, call.at, self._known()):
            return wrong
        hidden = secrets.token_urlsafe(32)

        def run(connection: Connection) -> Made:
            token = _new(call, purpose, secret.hash_of(hidden))
            while not rows.put_token(connection, token):
                token = token._replace(id=_id())
            access_log.record(connection, call.entry("token.make", object=token.id))
            return Made(token, f"hy_{token.id}_{hidden}")

        return self._database.write(run)

    def revoke(self, call: Call, id: str) -> Denial | None:
        """It is dead with the next request. Again: it stays as it was."""

        def run(connection: Connection) -> Denial | None:
            if ID.fullmatch(id) is None or rows.token(connection, id) is None:
                return denial("token_not_found")
            if rows.revoke_token(connection, id, call.at):
                access_log.record(connection, call.entry("token.revoke", object=id))
            return None

        return self._database.write(run)

    def principal(self, text: str, at: int) -> Principal | Denial:
        """Who shows this token. Only to one who knows its secret it is said why it is dead."""
        match = FORM.fullmatch(text)
        if match is None:
            return denial("token_malformed")
        with self._database.read() as connection:
            token = rows.token(connection, match[1])
        if token is None or not secret.is_of(token.hash, match[2]):
            return denial("token_unknown")
        if token.revoked_at is not None:
            return denial("token_revoked")
        if at >= token.expires_at:
            return denial("token_expired")
        if token.used_at is None or at - token.used_at >= USED_EVERY:
            with suppress(StoreError):  # a full disk keeps nobody from reading
                self._database.write(lambda connection: rows.use_token(connection, token.id, at))
        return principal_of(token)


def principal_of(token: Token) -> Principal:
    return Principal("token", f"token:{token.id}", token.person, token.sites, token.scopes, token.language)


def _purpose_denial(purpose: Purpose, at: int, known: Known) -> Denial | None:
    if not 0 < len(purpose.name.strip()) <= NAME_MAX or not purpose.name.isprintable():
        return denial("token_name_invalid")
    if len(purpose.person) > PERSON_MAX or not purpose.person.isprintable():
        return denial("person_invalid")
    if purpose.language not in LANGUAGES:
        return denial("language_unknown")
    if not at < purpose.expires_at <= at + LONGEST_DAYS * 86400:
        return denial("token_expiry", days=LONGEST_DAYS)
    return token_denial(purpose.scopes, purpose.sites, known)


def _new(call: Call, purpose: Purpose, hash: bytes) -> Token:
    return Token(
        _id(),
        hash,
        purpose.name,
        purpose.person,
        purpose.language,
        purpose.scopes,
        purpose.sites,
        made_by=call.principal,
        created_at=call.at,
        expires_at=purpose.expires_at,
        revoked_at=None,
        used_at=None,
    )


def _id() -> str:
    return secrets.token_hex(4)
