"""Signing in, waiting after failures, and when a session ends: by instants."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.server.entry import tries
from engine.server.entry.access_log import Call
from engine.server.entry.denials import Denial
from engine.server.entry.passwords import STRANGERS, Passwords
from engine.server.entry.secret import hash_of
from engine.server.entry.sessions import IDLE, LONGEST, Sessions, form_denial
from engine.store.tables import access
from tests.server.doors import CHEAP, GOOD, NOW, ROOT, code, doors, profile

WRONG = "this is not the one"


@pytest.fixture
def house(tmp_path):
    with doors(tmp_path / "huiyin.db") as house:
        house.account()
        yield house


def is_in(house, session, at):
    return not isinstance(house.sessions.resume(session.reference, at), Denial)


# ---- signing in ------------------------------------------------------------------------------------------------------


def test_name_and_password_give_a_session_that_is_found_again(house):
    session = house.sign_in()
    assert house.sessions.resume(session.reference, NOW + 1) == session
    assert (session.principal.kind, session.principal.name, session.principal.person) == ("account", "lily", "小李")


def test_a_reference_has_128_bits_and_each_sign_in_its_own(house):
    references = {house.sign_in().reference for _ in range(3)}
    assert len(references) == 3
    assert {len(reference) for reference in references} == {22}


def test_signing_in_ends_the_session_that_the_browser_had(house):
    old = house.sign_in()
    other = house.sign_in()
    new = house.sign_in(present=old.reference)
    assert [is_in(house, session, NOW) for session in (old, other, new)] == [False, True, True]


def test_unknown_name_wrong_password_and_disabled_account_get_the_same_answer(house):
    house.account("gone")
    house.accounts.disable(ROOT, "gone")
    answers = {house.sign_in("ghost"), house.sign_in("lily", WRONG), house.sign_in("gone")}
    assert len(answers) == 1
    assert code(answers.pop()) == "sign_in_failed"


def test_a_disabled_account_that_signs_in_is_logged_as_a_failure(house):
    house.accounts.disable(ROOT, "lily")
    house.sign_in()
    assert house.logged()[-1] == ("lily", "sign_in", "", "failed")


def test_a_password_is_worked_on_for_an_unknown_name_too(house, monkeypatch):
    worked = []
    real = Passwords.is_right
    monkeypatch.setattr(
        Passwords, "is_right", lambda self, hash, given: (worked.append(hash), real(self, hash, given))[1]
    )
    house.sign_in("ghost")
    assert worked == [None]


def test_a_hash_of_another_cost_is_renewed_when_its_password_is_given(house):
    dearer = Passwords(replace(CHEAP, time_cost=2))
    sessions = Sessions(house.database, dearer)
    sessions.sign_in(Call(NOW), "lily", WRONG)
    assert dearer.is_old(house.accounts.find("lily").password)
    sessions.sign_in(Call(NOW), "lily", GOOD)
    renewed = house.accounts.find("lily").password
    assert not dearer.is_old(renewed)
    assert dearer.is_right(renewed, GOOD)


@pytest.mark.parametrize("name", ["", "\ud800", "x" * 100_000, "'; DROP TABLE account; --"])
def test_any_text_is_a_name_that_is_unknown(house, name):
    assert code(house.sign_in(name)) == "sign_in_failed"


# ---- waiting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (8, 240), (9, 480), (10, 900), (11, 900), (10**9, 900)],
)
def test_how_long_is_waited_after_so_many_failures(failures, seconds):
    assert tries.wait(failures, NOW, NOW) == seconds


@pytest.mark.parametrize(("later", "seconds"), [(0, 30), (1, 29), (29, 1), (30, 0), (tries.FORGOTTEN_AFTER, 0)])
def test_waiting_grows_shorter(later, seconds):
    assert tries.wait(5, NOW, NOW + later) == seconds


def test_a_clock_set_back_makes_nobody_wait_longer_than_what_is_set_back():
    assert tries.wait(5, NOW, NOW - 10) == 40


@pytest.mark.parametrize("name", ["lily", "ghost"])
def test_after_five_failures_also_the_right_password_waits(house, name):
    """An account that is there and one that is not answer alike, each try from another address."""
    for n in range(5):
        assert code(house.sign_in(name, WRONG, address=f"10.0.1.{n}")) == "sign_in_failed"
    waits = house.sign_in(name, at=NOW + 10, address="10.0.2.1")
    assert (waits.code, waits.wait) == ("sign_in_waits", 20)
    again = house.sign_in(name, at=NOW + 30, address="10.0.2.1")
    assert isinstance(again, Denial) == (name == "ghost")


def test_nobody_keeps_somebody_out_of_where_he_signed_in_before(house):
    house.sign_in("lily", address="10.0.3.1")
    for n in range(5):
        house.sign_in("lily", WRONG, address=f"10.0.1.{n}")
    assert house.sign_in("lily", at=NOW + 10, address="10.0.2.1").wait == 20
    assert not isinstance(house.sign_in("lily", at=NOW + 10, address="10.0.3.1"), Denial)


def test_where_somebody_signed_in_before_the_address_waits_as_everywhere(house):
    house.sign_in("lily", address="10.0.3.1")
    for _ in range(5):
        house.sign_in("lily", WRONG, at=NOW + 1, address="10.0.3.1")
    assert house.sign_in("lily", at=NOW + 11, address="10.0.3.1").wait == 20


def test_waiting_is_no_failure(house):
    for n in range(5):
        house.sign_in("lily", WRONG, address=f"10.0.1.{n}")
    for later in range(29):
        assert house.sign_in("lily", WRONG, at=NOW + later, address="10.0.2.1").wait == 30 - later
    assert not isinstance(house.sign_in(at=NOW + 30, address="10.0.2.1"), Denial)


def test_the_sixth_failure_doubles_the_wait(house):
    for n in range(5):
        house.sign_in("lily", WRONG, address=f"10.0.1.{n}")
    assert code(house.sign_in("lily", WRONG, at=NOW + 30, address="10.0.1.6")) == "sign_in_failed"
    assert house.sign_in("lily", GOOD, at=NOW + 31, address="10.0.1.7").wait == 59


def test_success_lets_an_account_start_anew(house):
    for n in range(4):
        house.sign_in("lily", WRONG, address=f"10.0.1.{n}")
    house.sign_in()
    for n in range(4):
        assert code(house.sign_in("lily", WRONG, address=f"10.0.1.{n}")) == "sign_in_failed"
    assert not isinstance(house.sign_in(), Denial)


def test_an_address_waits_whatever_names_it_tries(house):
    for n in range(5):
        house.sign_in(f"ghost{n}", WRONG)
    assert code(house.sign_in()) == "sign_in_waits"
    assert not isinstance(house.sign_in(address="10.0.0.10"), Denial)


def test_a_network_of_ipv6_is_one_address(house):
    for n in range(5):
        house.sign_in(f"ghost{n}", WRONG, address=f"2001:db8::{n + 1}")
    assert code(house.sign_in(address="2001:db8::99")) == "sign_in_waits"


def test_an_account_of_ones_own_does_not_free_the_address(house):
    for n in range(5):
        assert code(house.sign_in(f"ghost{n}", WRONG)) == "sign_in_failed"
        if n < 4:
            assert not isinstance(house.sign_in(), Denial)
    assert code(house.sign_in()) == "sign_in_waits"


def test_who_signs_in_makes_nobody_wait_beside_him_and_prolongs_no_failure(house):
    for n in range(5):
        house.sign_in(f"ghost{n}", WRONG)
    later = NOW + tries.FORGOTTEN_AFTER
    for at in (NOW + 30, NOW + 31, later - 1):
        assert not isinstance(house.sign_in(at=at), Denial)
    assert code(house.sign_in("ghost", WRONG, at=later)) == "sign_in_failed"
    assert not isinstance(house.sign_in(at=later), Denial)  # the hour has passed: that was the first


def test_a_guess_while_one_signs_in_is_counted_whoever_comes_first(house, monkeypatch):
    def meanwhile(self, hash, given):
        if given == GOOD:
            house.sign_in("ghost", WRONG)
        return given == GOOD

    for _ in range(4):
        with monkeypatch.context() as patch:
            patch.setattr(Passwords, "is_right", meanwhile)
            assert not isinstance(house.sign_in(), Denial)
    assert not isinstance(house.sign_in(), Denial)  # four guesses, and no more, are counted
    assert code(house.sign_in("ghost", WRONG, address="10.0.5.1")) == "sign_in_failed"
    assert code(house.sign_in("ghost6", WRONG)) == "sign_in_failed"
    assert code(house.sign_in()) == "sign_in_waits"


def test_many_who_sign_in_from_one_address_do_not_wait(house):
    assert not any(isinstance(house.sign_in(), Denial) for _ in range(20))


def test_a_crowd_at_the_door_takes_only_some_threads_and_counts_for_nobody(house, monkeypatch):
    """Each password is worked on for a while: those who wait for it must not keep everybody else waiting."""
    answers = []

    def meanwhile(self, hash, given):
        n = len(answers)
        answers.append(None)
        answers[n] = house.sign_in("lily", GOOD, address=f"10.0.3.{n}")
        return False

    monkeypatch.setattr(Passwords, "is_right", meanwhile)
    monkeypatch.setattr(tries, "FREE", 100)
    house.sign_in("lily", WRONG)
    monkeypatch.undo()
    assert len(answers) == STRANGERS
    assert (answers[-1].code, answers[-1].wait) == ("sign_in_waits", 3)
    assert not isinstance(house.sign_in(address="10.0.4.1", at=NOW + 3600), Denial)


def test_failures_are_forgotten_after_an_hour(house):
    for n in range(5):
        house.sign_in("lily", WRONG, address=f"10.0.1.{n}")
    later = NOW + tries.FORGOTTEN_AFTER
    assert code(house.sign_in("lily", WRONG, at=later)) == "sign_in_failed"
    assert not isinstance(house.sign_in(at=later), Denial)


def test_many_tries_at_once_are_no_way_around(house, monkeypatch):
    """Each is counted before its password is looked at."""
    answers = []

    def meanwhile(self, hash, given):
        if len(answers) < 7:
            answers.append(None)
            house.sign_in("lily", WRONG, address=f"10.0.1.{len(answers)}")
        else:
            answers.append(house.sign_in("lily", GOOD, address="10.0.2.1"))
        return False

    monkeypatch.setattr(Passwords, "is_right", meanwhile)
    house.sign_in("lily", WRONG, address="10.0.1.99")
    monkeypatch.undo()
    assert len(answers) == 5  # the sixth never came to a password
    assert code(house.sign_in()) == "sign_in_waits"


# ---- the end of a session --------------------------------------------------------------------------------------------


def test_a_session_ends_after_thirty_minutes_without_a_request(house):
    session = house.sign_in()
    assert is_in(house, session, NOW + IDLE - 1)
    assert is_in(house, session, NOW + 2 * IDLE - 2)
    assert not is_in(house, session, NOW + 3 * IDLE)


def test_a_session_ends_at_the_dot_of_thirty_minutes(house):
    assert not is_in(house, house.sign_in(), NOW + IDLE)


def test_a_session_ends_after_twelve_hours_however_busy(house):
    session = house.sign_in()
    for at in range(NOW, NOW + LONGEST, 600):
        assert is_in(house, session, at)
    assert not is_in(house, session, NOW + LONGEST)


def test_a_request_is_written_down_once_a_minute_at_most(house, monkeypatch):
    session = house.sign_in()
    writes = []
    real = house.database.write
    monkeypatch.setattr(house.database, "write", lambda work: (writes.append(1), real(work))[1])
    for second in range(121):
        assert is_in(house, session, NOW + second)
    assert len(writes) == 2


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda house, s: house.sessions.sign_out(ROOT, s.reference), id="signed out"),
        pytest.param(lambda house, s: house.accounts.disable(ROOT, "lily"), id="disabled"),
        pytest.param(lambda house, s: house.accounts.set_password(ROOT, "lily", "another good one"), id="reset"),
        pytest.param(lambda house, s: house.accounts.change_password(ROOT, "lily", GOOD, "another good one"), id="own"),
    ],
)
def test_a_session_ends_at_once_when(house, act):
    session = house.sign_in()
    act(house, session)
    assert not is_in(house, session, NOW)
    house.accounts.enable(ROOT, "lily")
    assert not is_in(house, session, NOW)


def test_a_session_stays_when_other_things_of_its_account_change(house):
    session = house.sign_in()
    house.accounts.change(ROOT, "lily", profile())
    assert is_in(house, session, NOW)


@pytest.mark.parametrize("reference", ["", "x", "\ud800", "A" * 22])
def test_any_other_text_is_no_session(house, reference):
    house.sign_in()
    assert code(house.sessions.resume(reference, NOW)) == "session_ended"


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda house: house.accounts.set_password(ROOT, "lily", "another good one"), id="password"),
        pytest.param(lambda house: house.accounts.disable(ROOT, "lily"), id="disabled"),
    ],
)
def test_an_account_that_changes_while_one_signs_in_lets_nobody_in(house, monkeypatch, act):
    real = Passwords.is_right

    def meanwhile(self, hash, given):
        right = real(self, hash, given)
        act(house)
        return right

    monkeypatch.setattr(Passwords, "is_right", meanwhile)
    assert code(house.sign_in()) == "sign_in_failed"


def test_a_disabled_account_has_no_session_however_it_came_by_one(house):
    house.accounts.disable(ROOT, "lily")
    house.database.write(lambda connection: access.put_session(connection, hash_of("found"), "lily", NOW))
    assert code(house.sessions.resume("found", NOW)) == "session_ended"


def test_sweeping_takes_what_is_over_and_nothing_else(house):
    old, busy = house.sign_in(), house.sign_in()
    later = NOW + IDLE
    house.sessions.resume(busy.reference, later - 1)
    link = house.links.make("lakeside", "T1", NOW)
    house.links.make("lakeside", "T2", NOW, lasts=60)
    assert house.sessions.sweep(later) == 2  # the old session, the link that expired
    assert is_in(house, busy, later)
    assert not is_in(house, old, NOW)
    assert not isinstance(house.links.principal(link, later), Denial)


# ---- forms -----------------------------------------------------------------------------------------------------------


def test_a_form_is_of_the_session_it_was_made_for(house):
    mine, other = house.sign_in(), house.sign_in()
    assert form_denial(mine, house.sessions.resume(mine.reference, NOW).form) is None
    for wrong in (other.form, "", mine.reference, "\ud800"):
        assert code(form_denial(mine, wrong)) == "form_stale"


# ---- the log ---------------------------------------------------------------------------------------------------------


def test_sign_ins_are_logged_good_and_bad_and_unknown_names_not_at_all(house):
    """Whoever types his password in place of his name must not find it in the log; nobody fills it by trying again."""
    session = house.sign_in()
    house.sign_in("lily", WRONG)
    house.sign_in("my secret password", WRONG)
    for n in range(9):
        house.sign_in("lily", WRONG, address=f"10.0.1.{n}")
    house.sessions.sign_out(ROOT, session.reference)
    entries = [entry for entry in house.logged() if entry[1].startswith("sign")]
    assert entries[:3] == [
        ("lily", "sign_in", "", "done"),
        ("lily", "sign_in", "", "failed"),
        ("", "sign_in", "", "failed"),
    ]
    assert entries[3:] == [("lily", "sign_in", "", "failed")] * 4 + [("lily", "sign_out", "", "done")]
