"""Rows of accounts, sessions, tokens and status links: the SQL, and nothing that decides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from sqlite3 import Connection
from typing import NamedTuple, TypeAlias

from engine.store.protocol import StoreError

#: What is granted where: site -> words; the site `*` is all of them.
Grants: TypeAlias = Mapping[str, frozenset[str]]


class Account(NamedTuple):
    """`password` is what argon2id made of it."""

    name: str
    person: str
    language: str
    sites: Grants
    password: str
    disabled: bool
    created_at: int


class Token(NamedTuple):
    """An API token without its secret, of which `hash` is the SHA-256."""

    id: str
    hash: bytes
    name: str
    person: str
    language: str
    scopes: frozenset[str]
    sites: Grants
    made_by: str
    created_at: int
    expires_at: int
    revoked_at: int | None
    used_at: int | None


class Session(NamedTuple):
    account: str
    created_at: int
    seen_at: int


class StatusLink(NamedTuple):
    site: str
    ticket: str
    expires_at: int


# ---- accounts --------------------------------------------------------------------------------------------------------


def accounts(connection: Connection) -> tuple[Account, ...]:
    return tuple(_account(*row) for row in connection.execute(f"{_ACCOUNTS} ORDER BY name"))


def account(connection: Connection, name: str) -> Account | None:
    row = connection.execute(f"{_ACCOUNTS} WHERE name = ?", (name,)).fetchone()
    return _account(*row) if row is not None else None


def any_account(connection: Connection) -> bool:
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM account)").fetchone()[0])


def put_account(connection: Connection, account: Account) -> None:
    """Insert an account, or put it in the place of the one of its name."""
    connection.execute(
        """
        INSERT INTO account (name, person, language, sites, password, disabled, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET person = excluded.person, language = excluded.language,
            sites = excluded.sites, password = excluded.password, disabled = excluded.disabled
        """,
        account._replace(sites=_grants_text(account.sites)),  # type: ignore[arg-type]
    )


def replace_password(connection: Connection, name: str, old: str, new: str) -> None:
    """The same password hashed anew, unless it was changed meanwhile."""
    connection.execute("UPDATE account SET password = ? WHERE name = ? AND password = ?", (new, name, old))


def put_first_code(connection: Connection, hash: bytes, expires_at: int) -> None:
    """Any code before it is dead."""
    drop_first_code(connection)
    connection.execute("INSERT INTO first_code (hash, expires_at) VALUES (?, ?)", (hash, expires_at))


def first_code(connection: Connection) -> tuple[bytes, int] | None:
    """Its hash, and when it expires."""
    found: tuple[bytes, int] | None = connection.execute("SELECT hash, expires_at FROM first_code").fetchone()
    return found


def drop_first_code(connection: Connection) -> None:
    connection.execute("DELETE FROM first_code")


# ---- sessions --------------------------------------------------------------------------------------------------------


def put_session(connection: Connection, hash: bytes, account: str, at: int) -> None:
    connection.execute(
        "INSERT INTO session (hash, account, created_at, seen_at) VALUES (?, ?, ?, ?)", (hash, account, at, at)
    )


def session(connection: Connection, hash: bytes) -> Session | None:
    row = connection.execute("SELECT account, created_at, seen_at FROM session WHERE hash = ?", (hash,)).fetchone()
    return Session(*row) if row is not None else None


def see_session(connection: Connection, hash: bytes, at: int) -> None:
    connection.execute("UPDATE session SET seen_at = max(seen_at, ?) WHERE hash = ?", (at, hash))


def end_session(connection: Connection, hash: bytes) -> str | None:
    """The account whose session it was."""
    row = connection.execute("DELETE FROM session WHERE hash = ? RETURNING account", (hash,)).fetchone()
    return row[0] if row is not None else None


def end_sessions(connection: Connection, account: str) -> None:
    connection.execute("DELETE FROM session WHERE account = ?", (account,))


def failures(connection: Connection, subject: bytes) -> tuple[int, int]:
    """How many in a row, and the instant of the last."""
    row = connection.execute("SELECT count, at FROM failure WHERE subject = ?", (subject,)).fetchone()
    return row if row is not None else (0, 0)


def put_failures(connection: Connection, subject: bytes, count: int, at: int) -> None:
    connection.execute("INSERT OR REPLACE INTO failure (subject, count, at) VALUES (?, ?, ?)", (subject, count, at))


def forget_failures(connection: Connection, subject: bytes) -> None:
    connection.execute("DELETE FROM failure WHERE subject = ?", (subject,))


# ---- tokens ----------------------------------------------------------------------------------------------------------


def tokens(connection: Connection) -> tuple[Token, ...]:
    return tuple(_token(*row) for row in connection.execute(f"{_TOKENS} ORDER BY created_at, id"))


def token(connection: Connection, id: str) -> Token | None:
    row = connection.execute(f"{_TOKENS} WHERE id = ?", (id,)).fetchone()
    return _token(*row) if row is not None else None


def put_token(connection: Connection, token: Token) -> bool:
    """False if there is one of this id."""
    done = connection.execute(
        """
        INSERT INTO token (id, hash, name, person, language, scopes, sites, made_by, created_at, expires_at,
                           revoked_at, used_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO NOTHING
        """,
        token._replace(scopes=json.dumps(sorted(token.scopes)), sites=_grants_text(token.sites)),  # type: ignore[arg-type]
    )
    return done.rowcount == 1


def revoke_token(connection: Connection, id: str, at: int) -> bool:
    """False if there is none of this id that is not revoked."""
    done = connection.execute("UPDATE token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (at, id))
    return done.rowcount == 1


def use_token(connection: Connection, id: str, at: int) -> None:
    connection.execute("UPDATE token SET used_at = max(coalesce(used_at, ?), ?) WHERE id = ?", (at, at, id))


# ---- status links ----------------------------------------------------------------------------------------------------


def put_link(connection: Connection, hash: bytes, link: StatusLink) -> None:
    connection.execute("INSERT INTO status_link (hash, site, ticket, expires_at) VALUES (?, ?, ?, ?)", (hash, *link))


def link(connection: Connection, hash: bytes) -> StatusLink | None:
    row = connection.execute("SELECT site, ticket, expires_at FROM status_link WHERE hash = ?", (hash,)).fetchone()
    return StatusLink(*row) if row is not None else None


def end_links(connection: Connection, site: str, ticket: str) -> int:
    return connection.execute("DELETE FROM status_link WHERE site = ? AND ticket = ?", (site, ticket)).rowcount


# ---- tidying ---------------------------------------------------------------------------------------------------------


def sweep(connection: Connection, at: int, sessions_before: int, seen_before: int, failures_before: int) -> int:
    """Delete what is of no use any more at an instant; how many rows. Tokens stay: the log names them."""
    done = (
        connection.execute("DELETE FROM first_code WHERE expires_at <= ?", (at,)),
        connection.execute("DELETE FROM status_link WHERE expires_at <= ?", (at,)),
        connection.execute("DELETE FROM session WHERE created_at <= ? OR seen_at <= ?", (sessions_before, seen_before)),
        connection.execute("DELETE FROM failure WHERE at <= ?", (failures_before,)),
    )
    return sum(cursor.rowcount for cursor in done)


_ACCOUNTS = "SELECT name, person, language, sites, password, disabled, created_at FROM account"
_TOKENS = """
SELECT id, hash, name, person, language, scopes, sites, made_by, created_at, expires_at, revoked_at, used_at FROM token
"""


def _account(
    name: str, person: str, language: str, sites: str, password: str, disabled: int, created_at: int
) -> Account:
    return Account(name, person, language, _grants(sites), password, bool(disabled), created_at)


def _token(
    id: str, hash: bytes, name: str, person: str, language: str, scopes: str, sites: str, *rest: object
) -> Token:
    return Token(id, hash, name, person, language, _words(_json(scopes)), _grants(sites), *rest)  # type: ignore[arg-type]


def _grants(text: str) -> Grants:
    found = _json(text)
    if not isinstance(found, dict):
        raise _damaged()
    return {site: _words(words) for site, words in found.items()}


def _words(found: object) -> frozenset[str]:
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise _damaged()
    return frozenset(found)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _damaged() from None


def _damaged() -> StoreError:
    """Nobody is let in by such a row."""
    return StoreError("a row of an account or a token is damaged", "账号或令牌的一行数据已损坏")


def _grants_text(grants: Grants) -> str:
    return json.dumps({site: sorted(words) for site, words in grants.items()}, ensure_ascii=False, sort_keys=True)
