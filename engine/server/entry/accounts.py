"""Accounts: the first one by a code from the console, the others by an administrator."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from sqlite3 import Connection
from typing import Final, NamedTuple

from engine.server.entry import secret, tries
from engine.server.entry.access import EVERYWHERE, Grants, Principal
from engine.server.entry.access_log import Call
from engine.server.entry.denials import Denial, denial
from engine.server.entry.grants import Known, account_denial
from engine.server.entry.passwords import Passwords, password_denial
from engine.store import Database
from engine.store.tables import access as rows
from engine.store.tables import access_log
from engine.store.tables.access import Account

CODE_LASTS: Final = 24 * 3600  # seconds
LANGUAGES: Final = ("zh", "en")
NAME: Final = re.compile(r"\w(?:[\w.@-]{0,62}\w)?")
PERSON_MAX: Final = 100  # characters
ADMINISTRATOR: Final[Grants] = {EVERYWHERE: frozenset({"admin"})}


class Profile(NamedTuple):
    """What an administrator says of an account; `person` is the name in the roster."""

    person: str
    sites: Grants
    language: str = "zh"


class Accounts:
    """The accounts of a file. `known` is asked for the sites there are and the roles of each."""

    def __init__(self, database: Database, passwords: Passwords, known: Callable[[], Known]) -> None:
        self._database = database
        self._passwords = passwords
        self._known = known

    def all(self) -> tuple[Account, ...]:
        with self._database.read() as connection:
            return rows.accounts(connection)

    def find(self, name: str) -> Account | None:
        with self._database.read() as connection:
            return rows.account(connection, login(name))

    # ---- the first one ----

    def first_code(self, at: int) -> str | None:
        """A new code to show on the console, if there is no account yet. Any code before it is dead."""
        code = secret.reference()

        def run(connection: Connection) -> str | None:
            if rows.any_account(connection):
                return None
            rows.put_first_code(connection, secret.hash_of(code), at + CODE_LASTS)
            return code

        return self._database.write(run)

    def make_first(
        self, call: Call, code: str, name: str, person: str, password: str, language: str = "zh"
    ) -> Account | Denial:
        """The first administrator, by the code of the console. A code that was right is dead afterwards."""
        with self._database.read() as connection:  # before a password is worked on for a stranger
            if wrong := _code_denial(connection, code, call.at):
                return wrong
        made = self._new(call.at, name, Profile(person, ADMINISTRATOR, language), password)
        if isinstance(made, Denial):
            return made

        def run(connection: Connection) -> Account | Denial:
            if wrong := _code_denial(connection, code, call.at):
                return wrong
            rows.drop_first_code(connection)
            return _put(connection, call._replace(principal=made.name), "account.make", made)

        return self._database.write(run)

    # ---- the others ----

    def make(self, call: Call, name: str, profile: Profile, password: str) -> Account | Denial:
        made = self._new(call.at, name, profile, password)
        if isinstance(made, Denial):
            return made

        def run(connection: Connection) -> Account | Denial:
            if rows.account(connection, made.name) is not None:
                return denial("name_taken", name=made.name)
            rows.drop_first_code(connection)
            return _put(connection, call, "account.make", made)

        return self._database.write(run)

    def change(self, call: Call, name: str, profile: Profile) -> Account | Denial:
        """Another person, language or grants; they hold from the next request on. What stays granted as it was is not
        asked about again: its site may be shut.
        """

        def changed(account: Account) -> Account | Denial:
            new = {site: granted for site, granted in profile.sites.items() if granted != account.sites.get(site)}
            wrong = profile_denial(profile._replace(sites=new), self._known())
            return wrong or account._replace(**profile._asdict())

        return self._update(call, "account.change", name, changed)

    def disable(self, call: Call, name: str) -> Account | Denial:
        """Its sessions end. The name stays taken: it stands in histories."""
        return self._update(call, "account.disable", name, lambda account: account._replace(disabled=True))

    def enable(self, call: Call, name: str) -> Account | Denial:
        return self._update(call, "account.enable", name, lambda account: account._replace(disabled=False))

    def set_password(self, call: Call, name: str, password: str) -> Account | Denial:
        """By an administrator. Its sessions end."""
        if wrong := password_denial(login(name), password):
            return wrong
        hash = self._passwords.hash(password)
        return self._update(call, "account.password", name, lambda account: account._replace(password=hash))

    def change_password(self, call: Call, name: str, present: str, password: str) -> Account | Denial:
        """By the one whose account it is. All of its sessions end, also the one that asks."""
        name = login(name)
        begun = self._database.write(lambda connection: tries.begin(connection, name, call.address, call.at))
        if begun.wait:
            return denial("sign_in_waits", begun.wait)
        account = self.find(name)
        if not self._passwords.is_right(account.password if account is not None else None, present):
            failed = call.entry(
                "account.password", object=account.name if account is not None else "", outcome="failed"
            )
            self._database.write(lambda connection: access_log.record(connection, failed))
            return denial("password_wrong")
        self._database.write(lambda connection: tries.succeed(connection, begun))
        return self.set_password(call, name, password)

    def _new(self, at: int, name: str, profile: Profile, password: str) -> Account | Denial:
        name = login(name)
        if NAME.fullmatch(name) is None:
            return denial("name_invalid")
        if wrong := profile_denial(profile, self._known()) or password_denial(name, password):
            return wrong
        hash = self._passwords.hash(password)
        return Account(name, profile.person, profile.language, profile.sites, hash, disabled=False, created_at=at)

    def _update(
        self, call: Call, action: str, name: str, change: Callable[[Account], Account | Denial]
    ) -> Account | Denial:
        def run(connection: Connection) -> Account | Denial:
            account = rows.account(connection, login(name))
            if account is None:
                return denial("account_unknown", name=name)
            changed = change(account)
            if isinstance(changed, Denial):
                return changed
            if is_administrator(account) and not is_administrator(changed) and _is_last(connection):
                return denial("last_administrator", name=account.name)
            if changed.disabled or changed.password != account.password:
                rows.end_sessions(connection, account.name)
            return _put(connection, call, action, changed)

        return self._database.write(run)


def login(name: str) -> str:
    """The name of an account as it is kept, however it was typed."""
    text = name.encode(errors="replace").decode()  # half a character is none that could be kept
    return unicodedata.normalize("NFKC", text).strip().casefold()


def principal_of(account: Account) -> Principal:
    return Principal("account", account.name, account.person, account.sites, language=account.language)


def is_administrator(account: Account) -> bool:
    """Whether an account may make others."""
    return not account.disabled and "admin" in account.sites.get(EVERYWHERE, ())


def profile_denial(profile: Profile, known: Known) -> Denial | None:
    if not 0 < len(profile.person.strip()) <= PERSON_MAX or not profile.person.isprintable():
        return denial("person_invalid")
    if profile.language not in LANGUAGES:
        return denial("language_unknown")
    return account_denial(profile.sites, known)


def _code_denial(connection: Connection, code: str, at: int) -> Denial | None:
    if rows.any_account(connection):
        return denial("accounts_exist")
    found = rows.first_code(connection)
    if found is None or not secret.is_of(found[0], code):
        return denial("code_wrong")
    return denial("code_expired") if at >= found[1] else None


def _is_last(connection: Connection) -> bool:
    return sum(is_administrator(account) for account in rows.accounts(connection)) == 1


def _put(connection: Connection, call: Call, action: str, account: Account) -> Account:
    rows.put_account(connection, account)
    access_log.record(connection, call.entry(action, object=account.name))
    return account
