"""What the access log says, what a status link gives, and that no secret stands in the file."""

from __future__ import annotations

import pytest

from engine.server.entry.access import ACTIONS, allowed
from engine.server.entry.access_log import PAGE, PURPOSES, Call, purpose_denial
from engine.server.entry.status_links import LASTS
from engine.server.entry.tokens import Purpose
from engine.store.tables.access_log import Filter
from tests.server.doors import GOOD, NOW, ROOT, code, doors


@pytest.fixture
def house(tmp_path):
    with doors(tmp_path / "huiyin.db") as house:
        yield house


def fill(house):
    for n, (principal, action, site, outcome) in enumerate(
        [
            ("lily", "pii.reveal", "lakeside", "done"),
            ("lily", "policy.apply", "lakeside", "refused"),
            ("ming", "pii.reveal", "riverside", "done"),
            ("ming", "outbox.retry", "riverside", "done"),
        ]
    ):
        call = Call(NOW + n, principal, "10.0.0.9", f"req-{n}")
        house.log.record(call.entry(action, site, f"T{n}", outcome, "contact"))


def test_an_entry_says_who_did_what_where_to_what_and_why(house):
    fill(house)
    assert house.log.records()[-1].entry == (
        NOW,
        "lily",
        "10.0.0.9",
        "pii.reveal",
        "lakeside",
        "T0",
        "done",
        "contact",
        "req-0",
    )


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({}, "T3 T2 T1 T0"),
        ({"principal": "lily"}, "T1 T0"),
        ({"action": "pii.reveal"}, "T2 T0"),
        ({"site": "riverside"}, "T3 T2"),
        ({"object": "T2"}, "T2"),
        ({"outcome": "refused"}, "T1"),
        ({"since": NOW + 1, "until": NOW + 3}, "T2 T1"),
        ({"limit": 2}, "T3 T2"),
        ({"before": 3}, "T1 T0"),
        ({"before": 3, "principal": "lily", "action": "pii.reveal"}, "T0"),
        ({"limit": 0}, "T3"),
    ],
)
def test_entries_are_found(house, filter, expected):
    fill(house)
    assert [record.entry.object for record in house.log.records(Filter(**filter))] == expected.split()


def test_pages_end(house):
    house.database.write(lambda c: c.executemany(
        "INSERT INTO access_log (at, principal, address, action, site, object, outcome, purpose, request)"
        " VALUES (?, '', '', '', '', '', '', '', '')",
        [(n,) for n in range(PAGE + 5)],
    ))  # fmt: skip
    first = house.log.records(Filter(limit=10**9))
    second = house.log.records(Filter(limit=10**9, before=first[-1].seq))
    assert (len(first), len(second)) == (PAGE, 5)
    assert first[-1].entry.at == second[0].entry.at + 1


def test_purging_takes_what_is_older_and_is_an_entry_itself(house):
    fill(house)
    assert sum(house.log.purge(ROOT._replace(at=NOW + 9), NOW + 2)) == 2
    assert [entry[1] for entry in house.logged()] == ["pii.reveal", "outbox.retry", "log.purge"]
    assert house.logged()[-1] == ("root", "log.purge", str(NOW + 2), "done")


def test_whatever_is_given_an_entry_is_one_line_that_can_be_stored(house):
    house.log.record(Call(NOW, "a\nb", "\ud800", "x" * 9999).entry("ticket.act", "\x00", "\u202e"))
    entry = house.log.records()[0].entry
    assert (entry.principal, entry.address, entry.site, entry.object, len(entry.request)) == ("a?b", "?", "?", "?", 200)


def test_a_purpose_is_one_of_the_list():
    assert purpose_denial("contact") is None
    wrong = purpose_denial("王女士 13800000000")
    assert code(wrong) == "purpose_unknown"
    assert "1380" not in wrong.words.en + wrong.words.zh
    assert all(words.en and words.zh for words in PURPOSES.values())


# ---- status links ----------------------------------------------------------------------------------------------------


def test_a_link_shows_the_status_of_its_ticket_and_nothing_else(house):
    who = house.links.principal(house.links.make("lakeside", "T7", NOW), NOW)
    assert (who.kind, who.name, who.person, who.ticket) == ("resident", "link:T7", "", "T7")
    assert {
        (site, action) for site in ("lakeside", "riverside", "*") for action in ACTIONS if allowed(who, action, site)
    } == {("lakeside", "status.show")}


def test_a_link_ends_at_its_instant(house):
    link = house.links.make("lakeside", "T7", NOW)
    assert house.links.principal(link, NOW + LASTS - 1)
    assert code(house.links.principal(link, NOW + LASTS)) == "link_ended"


def test_links_of_a_ticket_end_together_and_those_of_others_stay(house):
    mine = [house.links.make("lakeside", "T7", NOW) for _ in range(2)]
    others = [house.links.make("lakeside", "T8", NOW), house.links.make("riverside", "T7", NOW)]
    assert house.links.end("lakeside", "T7") == 2
    assert [code(house.links.principal(link, NOW)) for link in mine] == ["link_ended"] * 2
    assert [house.links.principal(link, NOW).ticket for link in others] == ["T8", "T7"]


@pytest.mark.parametrize("text", ["", "A" * 22, "\ud800", "T7"])
def test_another_text_is_no_link(house, text):
    house.links.make("lakeside", "T7", NOW)
    assert code(house.links.principal(text, NOW)) == "link_ended"


# ---- secrets ---------------------------------------------------------------------------------------------------------


def test_no_secret_stands_in_the_file(tmp_path):
    """Nor in its log, nor in what is left behind of it: passwords, codes, references, tokens and links."""
    path = tmp_path / "huiyin.db"
    with doors(path) as house:
        code = house.accounts.first_code(NOW)
        house.accounts.make_first(ROOT, code, "root", "王经理", GOOD)
        house.account(password="another good one")
        session = house.sign_in(password="another good one")
        house.sign_in("my password as name", "and my name as password")
        house.accounts.change_password(ROOT, "lily", "another good one", "a third good one")
        token = house.tokens.make(ROOT, Purpose("x", frozenset({"admin"}), {"*": frozenset()}, NOW + 60)).text
        link = house.links.make("lakeside", "T7", NOW)
        house.tokens.principal(token, NOW)
        secrets = [
            code, GOOD, "another good one", "a third good one", "my password as name", "and my name as password",
            session.reference, session.form, token, token.split("_", 2)[2], link,
        ]  # fmt: skip
        assert_clean(tmp_path, secrets)
    assert_clean(tmp_path, secrets)
    assert b"lily" in path.read_bytes()


def assert_clean(folder, secrets):
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert any(files.values())
    for name, content in files.items():
        for secret in secrets:
            assert secret.encode() not in content, (name, secret)
