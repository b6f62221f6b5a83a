"""The first administrator comes by a code; the others by him; nobody is left without one."""

from __future__ import annotations

import pytest

from engine.server.entry.access import allowed
from engine.server.entry.accounts import CODE_LASTS, LANGUAGES, login, principal_of
from engine.server.entry.denials import SENTENCES, STATUS, Denial, denial
from engine.server.entry.passwords import Passwords
from engine.store.tables import access
from tests.server.doors import CHEAP, GOOD, KNOWN, NOW, ROOT, code, doors, profile

EVERYWHERE = {"*": frozenset({"admin"})}


@pytest.fixture
def house(tmp_path):
    with doors(tmp_path / "huiyin.db") as house:
        yield house


def first(house, code, at=NOW, name="root"):
    return house.accounts.make_first(ROOT._replace(at=at, principal=""), code, name, "王经理", GOOD)


# ---- the first one ---------------------------------------------------------------------------------------------------


def test_the_code_of_the_console_makes_an_administrator_who_may_sign_in(house):
    made = first(house, house.accounts.first_code(NOW))
    assert made.sites == EVERYWHERE
    assert allowed(principal_of(made), "account.make", "*")
    assert house.sign_in("root").principal.person == "王经理"
    assert house.logged()[0] == ("root", "account.make", "root", "done")


def test_a_code_has_128_bits(house):
    codes = {house.accounts.first_code(NOW) for _ in range(5)}
    assert len(codes) == 5
    assert {len(code) for code in codes} == {22}  # base64url of 16 bytes


def test_a_code_is_good_for_a_day(house):
    shown = house.accounts.first_code(NOW)
    assert code(first(house, shown, NOW + CODE_LASTS)) == "code_expired"
    assert not isinstance(first(house, shown, NOW + CODE_LASTS - 1), Denial)


def test_a_code_is_good_once(house):
    shown = house.accounts.first_code(NOW)
    first(house, shown)
    assert code(first(house, shown, name="second")) == "accounts_exist"
    assert [account.name for account in house.accounts.all()] == ["root"]


def test_two_who_use_a_code_at_once_are_not_both_the_first(house, monkeypatch):
    shown, real, others = house.accounts.first_code(NOW), Passwords.hash, []

    def meanwhile(self, password):
        monkeypatch.undo()
        others.append(first(house, shown, name="quicker"))
        return real(self, password)

    monkeypatch.setattr(Passwords, "hash", meanwhile)
    assert code(first(house, shown)) == "accounts_exist"
    assert [account.name for account in house.accounts.all()] == ["quicker"]


def test_nothing_is_left_of_a_code_that_was_used(house):
    first(house, house.accounts.first_code(NOW))
    with house.database.read() as connection:
        assert access.first_code(connection) is None


def test_a_code_is_dead_when_an_account_was_made_otherwise(house):
    shown = house.accounts.first_code(NOW)
    house.account()
    assert code(first(house, shown)) == "accounts_exist"


def test_a_new_start_shows_a_new_code_and_the_old_one_is_dead(house):
    old = house.accounts.first_code(NOW)
    new = house.accounts.first_code(NOW + 1)
    assert code(first(house, old)) == "code_wrong"
    assert not isinstance(first(house, new), Denial)


def test_there_is_no_code_where_there_is_an_account(house):
    house.account()
    assert house.accounts.first_code(NOW) is None


def test_without_a_code_nobody_is_the_first(house):
    assert code(first(house, "")) == "code_wrong"
    house.accounts.first_code(NOW)
    assert code(first(house, "A" * 22)) == "code_wrong"
    assert code(first(house, "\ud800")) == "code_wrong"
    assert house.accounts.all() == ()


def test_a_mistake_does_not_use_the_code_up(house):
    shown = house.accounts.first_code(NOW)
    assert code(house.accounts.make_first(ROOT, shown, "root", "王经理", "short")) == "password_short"
    assert not isinstance(first(house, shown), Denial)


# ---- the others ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "password", "expected"),
    [
        pytest.param("", {}, GOOD, "name_invalid", id="no name"),
        pytest.param("a b", {}, GOOD, "name_invalid", id="space"),
        pytest.param("token:1", {}, GOOD, "name_invalid", id="looks like a token in the log"),
        pytest.param(".x", {}, GOOD, "name_invalid", id="begins with a dot"),
        pytest.param("x" * 65, {}, GOOD, "name_invalid", id="long name"),
        pytest.param("\ud800", {}, GOOD, "name_invalid", id="no text"),
        pytest.param("LILY", {}, GOOD, "name_taken", id="taken, in other letters"),
        pytest.param("ｌｉｌｙ", {}, GOOD, "name_taken", id="taken, full width"),
        pytest.param("ming", {}, "x" * 11, "password_short", id="short"),
        pytest.param("ming", {}, "x" * 129, "password_long", id="long"),
        pytest.param("ming", {}, "x" * 12 + "\ud800", "password_unreadable", id="no text in password"),
        pytest.param("administrator", {}, "Administrator", "password_is_name", id="the name"),
        pytest.param("ming", {"person": " "}, GOOD, "person_invalid", id="no person"),
        pytest.param("ming", {"person": "a\nb"}, GOOD, "person_invalid", id="person on two lines"),
        pytest.param("ming", {"person": "\ud800"}, GOOD, "person_invalid", id="person no text"),
        pytest.param("ming", {"language": "fr"}, GOOD, "language_unknown", id="language"),
        pytest.param("ming", {"sites": {"seaside": frozenset()}}, GOOD, "site_unknown", id="site"),
        pytest.param(
            "ming", {"sites": {"riverside": frozenset({"manager"})}}, GOOD, "grant_unknown", id="role of another"
        ),
        pytest.param("ming", {"sites": {"lakeside": frozenset()}}, GOOD, "grant_empty", id="nothing at a site"),
        pytest.param("ming", {"sites": {"*": frozenset()}}, GOOD, "grant_empty", id="nothing anywhere"),
        *(
            pytest.param(
                "ming", {"sites": {"lakeside": frozenset({"agent", scope})}}, GOOD, "grant_everywhere", id=scope
            )
            for scope in ("audit:read", "metrics:read")
        ),
        pytest.param("ming", {"sites": {"*": frozenset({"king"})}}, GOOD, "grant_unknown", id="role of none"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_made(house, name, changes, password, expected):
    house.account()
    wrong = house.accounts.make(ROOT, name, profile()._replace(**changes), password)
    assert code(wrong) == expected
    assert "{" not in wrong.words.en + wrong.words.zh
    assert [account.name for account in house.accounts.all()] == ["lily"]


@pytest.mark.parametrize("name", ["li", "李明", "li.ming@park-1", "9"])
def test_names_are_words_of_any_language(house, name):
    assert house.account(name).name == name


def test_whatever_can_be_granted_may_be(house):
    sites = {
        "lakeside": frozenset({"agent", "manager", "people:write", "admin"}),
        "*": frozenset({"wall", "manager", "audit:read"}),
    }
    assert house.account(sites=sites).sites == sites
    assert house.accounts.find("Lily ").sites == sites


def test_an_unknown_site_is_answered_with_those_there_are(house):
    wrong = house.accounts.make(ROOT, "ming", profile({"seaside": frozenset()}), GOOD)
    assert wrong.words.en == "there is no site “seaside”; there are: *, lakeside, riverside"


def test_a_change_holds_for_sessions_that_run(house):
    house.account()
    session = house.sign_in()
    house.accounts.change(ROOT, "lily", profile({"riverside": frozenset({"agent"})}, "小周", "en"))
    now = house.sessions.resume(session.reference, NOW).principal
    assert (now.person, now.language) == ("小周", "en")
    assert allowed(now, "ticket.list", "riverside")
    assert not allowed(now, "ticket.list", "lakeside")


def test_what_stays_granted_at_a_site_that_does_not_run_keeps_no_other_change(house, monkeypatch):
    granted = {"lakeside": frozenset({"agent"}), "riverside": frozenset({"agent"})}
    house.account(sites=granted)
    monkeypatch.delitem(KNOWN, "riverside")
    assert house.accounts.change(ROOT, "lily", profile(granted, "小周")).person == "小周"
    more = {**granted, "riverside": frozenset({"agent", "manager"})}
    assert code(house.accounts.change(ROOT, "lily", profile(more))) == "site_unknown"
    less = house.accounts.change(ROOT, "lily", profile({"lakeside": frozenset({"agent"})}))
    assert less.sites.keys() == {"lakeside"}
    assert code(house.accounts.change(ROOT, "lily", profile(granted))) == "site_unknown"


@pytest.mark.parametrize("act", ["change", "disable", "enable", "set_password", "change_password"])
def test_an_account_that_is_not_there_is_not_changed(house, act):
    more = {"change": [profile()], "set_password": [GOOD], "change_password": [GOOD, GOOD]}
    expected = "password_wrong" if act == "change_password" else "account_unknown"
    assert code(getattr(house.accounts, act)(ROOT, "ghost", *more.get(act, []))) == expected


def test_the_last_administrator_stays(house):
    house.account("root", EVERYWHERE)
    house.account("site", {"lakeside": frozenset({"admin"})})
    assert code(house.accounts.disable(ROOT, "root")) == "last_administrator"
    assert code(house.accounts.change(ROOT, "root", profile())) == "last_administrator"
    house.account("other", EVERYWHERE)
    assert house.accounts.disable(ROOT, "root").disabled
    assert code(house.accounts.disable(ROOT, "other")) == "last_administrator"
    house.accounts.enable(ROOT, "root")
    assert house.accounts.disable(ROOT, "other").disabled


def test_each_change_is_logged_with_the_account_it_is_of(house):
    house.account()
    house.accounts.change(ROOT, "lily", profile())
    house.accounts.set_password(ROOT, "lily", "another good one")
    house.accounts.change_password(ROOT, "lily", "wrong", "another good one 2")
    house.accounts.disable(ROOT, "lily")
    house.accounts.enable(ROOT, "lily")
    assert [(action, outcome) for _, action, object, outcome in house.logged() if object == "lily"] == [
        ("account.make", "done"),
        ("account.change", "done"),
        ("account.password", "done"),
        ("account.password", "failed"),
        ("account.disable", "done"),
        ("account.enable", "done"),
    ]


# ---- passwords -------------------------------------------------------------------------------------------------------


def test_the_cost_is_that_of_rfc_9106_for_little_memory():
    assert Passwords().hash(GOOD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_password_is_the_same_however_its_characters_are_composed():
    passwords = Passwords(CHEAP)
    assert passwords.is_right(passwords.hash("caf\u00e9 caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301 cafe\u0301")


def test_no_password_is_right_for_nobody():
    assert not Passwords(CHEAP).is_right(None, "nobody has this password")


@pytest.mark.parametrize("given", ["", GOOD + " ", GOOD.upper(), "\ud800", "x" * 100_000])
def test_another_password_is_wrong(given):
    passwords = Passwords(CHEAP)
    assert not passwords.is_right(passwords.hash(GOOD), given)


def test_a_hash_that_is_none_is_of_no_password():
    assert not Passwords(CHEAP).is_right("damaged", GOOD)


def test_one_changes_his_own_password_by_the_present_one(house):
    house.account()
    assert code(house.accounts.change_password(ROOT, "lily", "wrong", "another good one")) == "password_wrong"
    assert code(house.accounts.change_password(ROOT, "lily", GOOD, "short")) == "password_short"
    assert not isinstance(house.accounts.change_password(ROOT, "lily", GOOD, "another good one"), Denial)
    assert code(house.sign_in()) == "sign_in_failed"
    assert not isinstance(house.sign_in(password="another good one"), Denial)


def test_whoever_found_a_session_open_cannot_guess_the_password_at_leisure(house):
    house.account()
    for _ in range(5):
        assert code(house.accounts.change_password(ROOT, "lily", "wrong", "another good one")) == "password_wrong"
    assert code(house.accounts.change_password(ROOT, "lily", GOOD, "another good one")) == "sign_in_waits"


def test_a_present_password_that_was_right_is_no_failure(house):
    house.account()
    for n in range(6):
        changed = house.accounts.change_password(
            ROOT, "lily", f"good one number {n - 1}" if n else GOOD, f"good one number {n}"
        )
        assert not isinstance(changed, Denial)


# ---- what is said ----------------------------------------------------------------------------------------------------


def test_every_denial_is_said_in_both_languages_with_the_same_names():
    for key, words in SENTENCES.items():
        assert words.en, key
        assert words.zh, key
        names = [{part.split("}")[0] for part in text.split("{")[1:]} for text in words]
        assert names[0] == names[1], key
    assert set(LANGUAGES) == {"en", "zh"}


def test_every_denial_has_a_number_of_http():
    assert set(SENTENCES) >= set(STATUS)
    assert (denial("sign_in_failed").status, denial("name_invalid").status) == (401, 422)


def test_what_somebody_typed_is_said_again_so_that_it_can_be_sent():
    assert (
        denial("scope_unknown", word="\ud800{x}", known="")
        .words.en.encode()
        .startswith(b"there is no scope \xe2\x80\x9c?{x}")
    )


def test_a_denial_to_wait_says_how_long():
    assert denial("too_many_requests", 7).words.en.endswith("7 seconds")


def test_a_login_is_one_however_it_is_typed():
    assert login(" ＬＩＬＹ ") == "lily"
