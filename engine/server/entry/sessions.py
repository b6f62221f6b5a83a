"""Signing in with a password, and the sessions of those who did."""

from __future__ import annotations

import hmac
from contextlib import suppress
from sqlite3 import Connection
from typing import Final, NamedTuple

from engine.server.entry import secret, tries
from engine.server.entry.access import Principal
from engine.server.entry.access_log import Call
from engine.server.entry.accounts import login, principal_of
from engine.server.entry.denials import Denial, denial
from engine.server.entry.passwords import Passwords
from engine.store import Database, StoreError
from engine.store.tables import access as rows
from engine.store.tables import access_log
from engine.store.tables.access import Account

IDLE: Final = 30 * 60  # seconds
LONGEST: Final = 12 * 3600
CROWD: Final = 3  # seconds to wait where too many sign in at once
SEEN_EVERY: Final = 60  # seconds: a session that idles may end so much earlier


class SignedIn(NamedTuple):
    """`reference` is the cookie: shown once, kept nowhere. `form` is what forms carry, so that no other site posts
    them.
    """

    principal: Principal
    reference: str
    form: str


class Sessions:
    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    def sign_in(self, call: Call, name: str, password: str, present: str | None = None) -> SignedIn | Denial:
        """A new session; the `present` one ends.

        A name that is not known, an account that is disabled and a wrong password get the same answer after the same
        time. A try counts as failed until it is known to be right, so that many at once are no way around waiting.
        """
        with self._passwords.stranger() as room:
            return self._try(call, name, password, present) if room else denial("sign_in_waits", CROWD)

    def _try(self, call: Call, name: str, password: str, present: str | None) -> SignedIn | Denial:
        name = login(name)
        begun = self._database.write(lambda connection: tries.begin(connection, name, call.address, call.at))
        if begun.wait:
            return denial("sign_in_waits", begun.wait)
        with self._database.read() as connection:
            account = rows.account(connection, name)
        right = self._passwords.is_right(account.password if account is not None else None, password)
        if account is None or account.disabled or not right:
            known = account.name if account is not None else ""
            self._log(call._replace(principal=known), "sign_in", "failed")
            return denial("sign_in_failed")
        return self._let_in(call, account, password, present, begun)

    def resume(self, reference: str, at: int) -> SignedIn | Denial:
        """Who has this session now."""
        hash = secret.hash_of(reference)
        with self._database.read() as connection:
            found = rows.session(connection, hash)
            account = rows.account(connection, found.account) if found is not None else None
        if found is None or account is None or account.disabled or _is_over(found, at):
            return denial("session_ended")
        if at - found.seen_at >= SEEN_EVERY:
            with suppress(StoreError):  # a full disk keeps nobody from reading
                self._database.write(lambda connection: rows.see_session(connection, hash, at))
        return _signed_in(account, reference)

    def sign_out(self, call: Call, reference: str) -> None:
        def run(connection: Connection) -> None:
            if (account := rows.end_session(connection, secret.hash_of(reference))) is not None:
                access_log.record(connection, call._replace(principal=account).entry("sign_out"))

        self._database.write(run)

    def sweep(self, at: int) -> int:
        """Delete sessions that are over, codes and links that expired, failures long ago; how many rows."""
        before = (at - LONGEST, at - IDLE, at - tries.FORGOTTEN_AFTER)
        return self._database.write(lambda connection: rows.sweep(connection, at, *before))

    def _let_in(
        self, call: Call, account: Account, password: str, present: str | None, begun: tries.Try
    ) -> SignedIn | Denial:
        reference = secret.reference()
        call = call._replace(principal=account.name)
        renewed = self._passwords.hash(password) if self._passwords.is_old(account.password) else None

        def run(connection: Connection) -> SignedIn | Denial:
            now = rows.account(connection, account.name)
            if now is None or now.disabled or now.password != account.password:
                return denial("sign_in_failed")
            if renewed is not None:
                rows.replace_password(connection, account.name, account.password, renewed)
            if present is not None:
                rows.end_session(connection, secret.hash_of(present))
            tries.succeed(connection, begun)
            rows.put_session(connection, secret.hash_of(reference), account.name, call.at)
            access_log.record(connection, call.entry("sign_in"))
            return _signed_in(now, reference)

        return self._database.write(run)

    def _log(self, call: Call, action: str, outcome: str) -> None:
        self._database.write(lambda connection: access_log.record(connection, call.entry(action, outcome=outcome)))


def form_denial(session: SignedIn, form: str) -> Denial | None:
    """Whether a form that came with a session was made for it."""
    same = hmac.compare_digest(session.form.encode(), form.encode(errors="replace"))
    return None if same else denial("form_stale")


def _is_over(session: rows.Session, at: int) -> bool:
    return at - session.created_at >= LONGEST or at - session.seen_at >= IDLE


def _signed_in(account: Account, reference: str) -> SignedIn:
    return SignedIn(principal_of(account), reference, secret.derived(reference, "form"))
