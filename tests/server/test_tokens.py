"""API tokens: shown once, bound, ending."""

from __future__ import annotations

import re

import pytest

from engine.server.entry.access import allowed
from engine.server.entry.denials import Denial
from engine.server.entry.tokens import LONGEST_DAYS, Purpose
from tests.server.doors import NOW, ROOT, code, doors

PURPOSE = Purpose(
    "the telephone system",
    frozenset({"ticket:read", "ticket:write"}),
    {"lakeside": frozenset({"agent"})},
    NOW + 86400,
    person="总机",
    language="en",
)


@pytest.fixture
def house(tmp_path):
    with doors(tmp_path / "huiyin.db") as house:
        yield house


def test_a_token_is_who_it_was_made_for(house):
    made = house.tokens.make(ROOT, PURPOSE)
    who = house.tokens.principal(made.text, NOW)
    assert (who.kind, who.name, who.person, who.language) == ("token", f"token:{made.token.id}", "总机", "en")
    assert who.roles("lakeside") == {"agent"}
    assert allowed(who, "ticket.open", "lakeside")
    assert not allowed(who, "ticket.open", "riverside")
    assert not allowed(who, "figures.read", "lakeside")


def test_a_token_looks_like_a_token_and_has_256_bits(house):
    made = [house.tokens.make(ROOT, PURPOSE) for _ in range(3)]
    assert len({one.text for one in made}) == 3
    assert all(re.fullmatch(r"hy_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", one.text) for one in made)


def test_its_secret_is_told_once(house):
    made = house.tokens.make(ROOT, PURPOSE)
    assert made.text.split("_", 2)[2] not in repr(house.tokens.all())
    assert house.tokens.all()[0].hash != made.text.split("_", 2)[2].encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "token_malformed", id="nothing"),
        pytest.param("hy_{id}", "token_malformed", id="no secret"),
        pytest.param("{text} ", "token_malformed", id="more"),
        pytest.param("{text}\n", "token_malformed", id="a line end"),
        pytest.param("HY_{id}_{secret}", "token_malformed", id="capitals"),
        pytest.param("hy_00000000_{secret}", "token_unknown", id="another id"),
        pytest.param("hy_{id}_" + "A" * 43, "token_unknown", id="another secret"),
        pytest.param("hy_{id}_{hash}", "token_malformed", id="its hash"),
        pytest.param("hy_{id}_" + "é" * 43, "token_malformed", id="other letters"),
    ],
)
def test_another_text_is_no_token(house, text, expected):
    made = house.tokens.make(ROOT, PURPOSE)
    secret = made.text.split("_", 2)[2]
    given = text.format(text=made.text, id=made.token.id, secret=secret, hash=made.token.hash.hex())
    assert code(house.tokens.principal(given, NOW)) == expected


def test_a_token_expires_at_its_instant(house):
    made = house.tokens.make(ROOT, PURPOSE)
    assert not isinstance(house.tokens.principal(made.text, PURPOSE.expires_at - 1), Denial)
    assert code(house.tokens.principal(made.text, PURPOSE.expires_at)) == "token_expired"


def test_a_token_is_dead_at_once_when_revoked(house):
    made, other = house.tokens.make(ROOT, PURPOSE), house.tokens.make(ROOT, PURPOSE)
    assert house.tokens.revoke(ROOT, made.token.id) is None
    assert code(house.tokens.principal(made.text, NOW)) == "token_revoked"
    assert not isinstance(house.tokens.principal(other.text, NOW), Denial)


def test_revoking_again_changes_nothing(house):
    made = house.tokens.make(ROOT, PURPOSE)
    house.tokens.revoke(ROOT, made.token.id)
    house.tokens.revoke(ROOT._replace(at=NOW + 9), made.token.id)
    assert house.tokens.all()[0].revoked_at == NOW
    assert [entry[1] for entry in house.logged()] == ["token.make", "token.revoke"]


@pytest.mark.parametrize("id", ["00000000", "", "\ud800"])
def test_what_is_not_there_cannot_be_revoked(house, id):
    assert code(house.tokens.revoke(ROOT, id)) == "token_not_found"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"name": ""}, "token_name_invalid", id="no name"),
        pytest.param({"name": "a\x00"}, "token_name_invalid", id="name with NUL"),
        pytest.param({"name": "x" * 101}, "token_name_invalid", id="long name"),
        pytest.param({"person": "\ud800"}, "person_invalid", id="person no text"),
        pytest.param({"language": "fr"}, "language_unknown", id="language"),
        pytest.param({"expires_at": NOW}, "token_expiry", id="expired when made"),
        pytest.param({"expires_at": NOW + LONGEST_DAYS * 86400 + 1}, "token_expiry", id="too long"),
        pytest.param({"scopes": frozenset()}, "scope_missing", id="no scope"),
        pytest.param({"scopes": frozenset({"ticket:delete"})}, "scope_unknown", id="scope"),
        pytest.param({"sites": {}}, "site_missing", id="no site"),
        pytest.param({"sites": {"seaside": frozenset()}}, "site_unknown", id="site"),
        pytest.param({"sites": {"lakeside": frozenset({"admin"})}}, "grant_unknown", id="admin is a scope"),
        pytest.param({"sites": {"riverside": frozenset({"manager"})}}, "grant_unknown", id="role of another site"),
        pytest.param({"scopes": frozenset({"ticket:read", "audit:read"})}, "grant_everywhere", id="at one site only"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_made(house, changes, expected):
    wrong = house.tokens.make(ROOT, PURPOSE._replace(**changes))
    assert code(wrong) == expected
    assert "{" not in wrong.words.en + wrong.words.zh
    assert house.tokens.all() == ()


def test_a_token_may_last_366_days(house):
    made = house.tokens.make(ROOT, PURPOSE._replace(expires_at=NOW + 366 * 86400))
    assert made.token.expires_at == NOW + 366 * 86400


def test_its_last_use_is_kept_to_the_minute(house):
    made = house.tokens.make(ROOT, PURPOSE)
    assert house.tokens.all()[0].used_at is None
    for second, expected in ((0, 0), (59, 0), (60, 60), (61, 60), (0, 60)):
        house.tokens.principal(made.text, NOW + second)
        assert house.tokens.all()[0].used_at == NOW + expected


def test_a_token_that_is_dead_is_not_used(house):
    made = house.tokens.make(ROOT, PURPOSE)
    house.tokens.principal(made.text, PURPOSE.expires_at)
    assert house.tokens.all()[0].used_at is None


def test_an_id_that_is_taken_is_not_given_again(house, monkeypatch):
    ids = iter(["aaaaaaaa", "aaaaaaaa", "aaaaaaaa", "bbbbbbbb"])
    monkeypatch.setattr("engine.server.entry.tokens.secrets.token_hex", lambda _: next(ids))
    made = [house.tokens.make(ROOT, PURPOSE) for _ in range(2)]
    assert [one.token.id for one in made] == ["aaaaaaaa", "bbbbbbbb"]
    assert not any(isinstance(house.tokens.principal(one.text, NOW), Denial) for one in made)
