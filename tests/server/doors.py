"""The doors of a file with two sites, for tests: accounts, sessions, tokens, links and the log, with cheap passwords."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from argon2 import Parameters, Type

from engine.server.entry.access_log import AccessLog, Call
from engine.server.entry.accounts import Accounts, Profile
from engine.server.entry.denials import Denial
from engine.server.entry.passwords import Passwords
from engine.server.entry.sessions import Sessions
from engine.server.entry.status_links import StatusLinks
from engine.server.entry.tokens import Tokens
from engine.store import Database

NOW = 1_794_800_000
CHEAP = Parameters(Type.ID, 19, 16, 32, time_cost=1, memory_cost=8, parallelism=1)
KNOWN = {"lakeside": frozenset({"agent", "manager"}), "riverside": frozenset({"agent"})}
GOOD = "correct horse 电池"
ROOT = Call(NOW, "root", "10.0.0.1", "req-1")


class Doors(NamedTuple):
    database: Database
    passwords: Passwords
    accounts: Accounts
    sessions: Sessions
    tokens: Tokens
    links: StatusLinks
    log: AccessLog

    def account(self, name="lily", sites=None, password=GOOD, at=NOW):
        made = self.accounts.make(ROOT._replace(at=at), name, profile(sites), password)
        assert not isinstance(made, Denial), made
        return made

    def sign_in(self, name="lily", password=GOOD, at=NOW, address="10.0.0.9", present=None):
        return self.sessions.sign_in(Call(at, "", address, "req-2"), name, password, present)

    def logged(self):
        """(principal, action, object, outcome), the oldest first."""
        return [(e.principal, e.action, e.object, e.outcome) for _, e in reversed(self.log.records())]


def profile(sites=None, person="小李", language="zh"):
    return Profile(person, sites if sites is not None else {"lakeside": frozenset({"agent"})}, language)


@contextmanager
def doors(path: Path) -> Iterator[Doors]:
    with Database.open(path, lambda: NOW, synchronous="NORMAL") as database:
        passwords = Passwords(CHEAP)
        yield Doors(
            database,
            passwords,
            Accounts(database, passwords, lambda: KNOWN),
            Sessions(database, passwords),
            Tokens(database, lambda: KNOWN),
            StatusLinks(database),
            AccessLog(database),
        )


def code(answer) -> str:
    """The code of a denial; anything else is no denial."""
    assert isinstance(answer, Denial), answer
    return answer.code
