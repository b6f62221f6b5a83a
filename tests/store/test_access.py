"""Rows of who may do what: they come back as they were put, and no more changes than was asked."""

from __future__ import annotations

import sqlite3

import pytest

from engine.store import Database
from engine.store.slices import forget_looks
from engine.store.tables import access, access_log
from engine.store.tables.access import Account, Session, StatusLink, Token

NOW = 1_794_800_000
LILY = Account(
    "lily", "小李", "zh", {"lakeside": frozenset({"agent", "desk"}), "*": frozenset()}, "$argon2", False, NOW
)
TOKEN = Token(
    "0a0b0c0d",
    b"h" * 32,
    "phones",
    "总机",
    "en",
    frozenset({"ticket:read"}),
    {"*": frozenset()},
    "root",
    NOW,
    NOW + 9,
    None,
    None,
)


@pytest.fixture
def database(tmp_path):
    with Database.open(tmp_path / "huiyin.db", lambda: NOW, synchronous="NORMAL") as database:
        yield database


@pytest.fixture
def write(database):
    return lambda work, *args: database.write(lambda connection: work(connection, *args))


def test_an_account_comes_back_as_it_was_put(write):
    assert not write(access.any_account)
    write(access.put_account, LILY)
    assert write(access.account, "lily") == LILY
    assert write(access.account, "ming") is None
    assert write(access.any_account)


def test_an_account_put_again_keeps_its_birth_and_its_sessions(write):
    write(access.put_account, LILY)
    write(access.put_session, b"s", "lily", NOW)
    changed = LILY._replace(person="小周", language="en", sites={}, password="$other", disabled=True)
    write(access.put_account, changed._replace(created_at=0))
    assert write(access.accounts) == (changed,)
    assert write(access.session, b"s") == Session("lily", NOW, NOW)


def test_a_password_hashed_anew_does_not_overwrite_a_new_password(write):
    write(access.put_account, LILY)
    write(access.replace_password, "lily", "$older", "$wrong")
    assert write(access.account, "lily").password == "$argon2"
    write(access.replace_password, "lily", "$argon2", "$renewed")
    assert write(access.account, "lily").password == "$renewed"


def test_there_is_one_first_code(write):
    write(access.put_first_code, b"a", 1)
    write(access.put_first_code, b"b", 2)
    assert write(access.first_code) == (b"b", 2)
    write(access.drop_first_code)
    assert write(access.first_code) is None


def test_a_session_is_of_an_account(write):
    with pytest.raises(sqlite3.IntegrityError):
        write(access.put_session, b"s", "ghost", NOW)


def test_a_session_is_seen_later_never_earlier(write):
    write(access.put_account, LILY)
    write(access.put_session, b"s", "lily", NOW)
    for at in (NOW + 5, NOW + 3):
        write(access.see_session, b"s", at)
    assert write(access.session, b"s") == Session("lily", NOW, NOW + 5)


def test_sessions_end_one_by_one_or_all_of_an_account(write):
    write(access.put_account, LILY)
    write(access.put_account, LILY._replace(name="ming"))
    for hash, name in ((b"1", "lily"), (b"2", "lily"), (b"3", "lily"), (b"4", "ming")):
        write(access.put_session, hash, name, NOW)
    assert write(access.end_session, b"1") == "lily"
    assert write(access.end_session, b"1") is None
    write(access.end_sessions, "lily")
    assert [write(access.session, hash) is not None for hash in (b"2", b"3", b"4")] == [False, False, True]


def test_failures_are_counted_by_subject(write):
    assert write(access.failures, b"x") == (0, 0)
    write(access.put_failures, b"x", 2, NOW)
    assert write(access.failures, b"x") == (2, NOW)
    write(access.forget_failures, b"x")
    assert write(access.failures, b"x") == (0, 0)


def test_a_token_comes_back_as_it_was_put_and_its_id_is_its_own(write):
    assert write(access.put_token, TOKEN)
    assert not write(access.put_token, TOKEN._replace(hash=b"other"))
    assert write(access.token, TOKEN.id) == TOKEN
    assert write(access.token, "ffffffff") is None
    write(access.put_token, TOKEN._replace(id="00000000", created_at=NOW + 1))
    assert [token.id for token in write(access.tokens)] == [TOKEN.id, "00000000"]


def test_a_token_is_revoked_once_and_used_later_never_earlier(write):
    write(access.put_token, TOKEN)
    assert write(access.revoke_token, TOKEN.id, NOW + 1)
    assert not write(access.revoke_token, TOKEN.id, NOW + 2)
    for at in (NOW + 5, NOW + 3):
        write(access.use_token, TOKEN.id, at)
    assert write(access.token, TOKEN.id) == TOKEN._replace(revoked_at=NOW + 1, used_at=NOW + 5)


def test_a_link_is_of_a_site_and_a_ticket(write):
    write(access.put_link, b"l", StatusLink("lakeside", "T1", NOW))
    assert write(access.link, b"l") == StatusLink("lakeside", "T1", NOW)
    assert write(access.end_links, "riverside", "T1") == 0
    assert write(access.end_links, "lakeside", "T1") == 1
    assert write(access.link, b"l") is None


def test_the_log_numbers_on_after_a_purge(database, write):
    entry = access_log.Entry(NOW, "lily", "::1", "sign_in")
    write(access_log.record, entry)
    assert sum(forget_looks(database, NOW + 1)) == 1
    write(access_log.record, entry)
    assert write(access_log.records, access_log.Filter()) == (access_log.Record(2, entry),)


@pytest.mark.parametrize(
    "filter", [access_log.Filter(), access_log.Filter(before=100), access_log.Filter(principal="lily")]
)
def test_a_page_of_the_log_is_read_without_sorting(database, filter):
    with database.read() as connection:
        steps = connection.execute(f"EXPLAIN QUERY PLAN {access_log._RECORDS}", filter._asdict()).fetchall()
    assert not any("TEMP B-TREE" in step[3] for step in steps)
