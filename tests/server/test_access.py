"""Who may do what, as a table written by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.server.entry.access import ACTIONS, OF_A_ROLE, SCOPES, Principal, allowed


def account(**sites):
    return Principal("account", "x", "小李", granted(sites))


def token(scopes, **sites):
    return Principal("token", "token:x", "", granted(sites), frozenset(scopes.split()))


def granted(sites):
    return {site.replace("everywhere", "*"): frozenset(words.split()) for site, words in sites.items()}


PRINCIPALS = {
    "A": account(everywhere="admin"),
    "a": account(lakeside="admin"),
    "R": account(everywhere="agent"),
    "r": account(lakeside="agent"),
    "w": account(lakeside="wall"),
    "p": account(lakeside="people:write"),
    "n": account(),
    "T": token("admin", lakeside=""),
    "t": token("ticket:read ticket:write pii:reveal", lakeside="agent"),
    "o": token("outbox:manage policy:write figures:read", everywhere=""),
    "m": token("metrics:read audit:read", everywhere=""),
    "l": token("metrics:read audit:read", lakeside=""),
    "e": token("admin"),  # everything, but nowhere
    "f": token("", everywhere="admin wall agent"),  # a grant gives a token nothing
    "s": Principal("resident", "link:T1", sites=granted({"lakeside": ""}), ticket="T1"),
}

#: action, who may at lakeside, who may at riverside
MATRIX = """
ticket.list        A a R r T t      A R
ticket.show        A a R r T t      A R
ticket.open        A a R r T t      A R
ticket.act         A a R r T t      A R
ticket.link        A a R r T t      A R
evidence.show      A a R r T t      A R
evidence.add       A a R r T t      A R
pii.reveal         A a R r T t      A R
status.show        s                -
promise.show       A a R r T t      A R
duty.list          A a R r T t      A R
duty.excuse        A a T            A
roster.show        A a R r T t      A R
roster.change      A a T            A
handover.sign      A a R r T t      A R
customer.find      A a R r T t      A R
people.list        A a T            A
people.import      A a T p          A
erase.subject      A a T p          A
policy.show        A a R r T        A R
policy.apply       A a T o          A o
calendar.publish   A a T o          A o
figures.read       A a R r T o      A R o
figures.export     A a R r T o      A R o
figures.import     A a T            A
wall.show          A a R r w T      A R
outbox.list        A a T o          A o
outbox.retry       A a T o          A o
outbox.discard     A a T o          A o
audit.verify       A m              A m
audit.read         A m              A m
metrics.read       A m              A m
clock.accept       A                A
account.list       A                A
account.make       A                A
account.change     A                A
token.list         A                A
token.make         A                A
token.revoke       A                A
account.own        A a R r w p n    A a R r w p n
"""
ROWS = {
    action: (set(own.split()), set(other.replace("-", "").split()))
    for action, own, other in ((line[:19].strip(), line[19:36], line[36:]) for line in MATRIX.strip().splitlines())
}


@pytest.mark.parametrize("action", ROWS)
def test_an_action_is_allowed_to_exactly_these(action):
    for site, expected in zip(("lakeside", "riverside"), ROWS[action], strict=True):
        assert {letter for letter, who in PRINCIPALS.items() if allowed(who, action, site)} == expected, site


def test_every_action_has_a_row():
    assert set(ROWS) == set(ACTIONS)


@pytest.mark.parametrize("action", ["", "ticket.delete", "admin", "own", "status", "ticket:read"])
def test_what_is_not_in_the_table_is_allowed_to_nobody(action):
    assert not any(allowed(who, action, "lakeside") for who in PRINCIPALS.values())


def test_at_all_sites_only_what_is_granted_at_all_sites_counts():
    assert {letter for letter, who in PRINCIPALS.items() if allowed(who, "figures.read", "*")} == {"A", "R", "o"}
    assert {letter for letter, who in PRINCIPALS.items() if allowed(who, "ticket.list", "*")} == {"A", "R"}


def test_grants_at_a_site_and_everywhere_add_up():
    both = account(lakeside="outbox:manage", everywhere="agent")
    assert allowed(both, "outbox.retry", "lakeside")
    assert allowed(both, "ticket.act", "lakeside")
    assert not allowed(both, "outbox.retry", "riverside")


def test_roles_are_what_is_neither_a_scope_nor_the_wall():
    assert account(lakeside="agent wall admin people:write", everywhere="manager").roles("lakeside") == {
        "agent",
        "manager",
    }


@pytest.mark.parametrize("scope", sorted(SCOPES - {"admin"}))
def test_a_scope_granted_to_an_account_is_no_more_than_this_scope(scope):
    by_account = {action for action in ACTIONS if allowed(account(everywhere=scope), action, "lakeside")}
    by_token = {action for action in ACTIONS if allowed(token(scope, everywhere=""), action, "lakeside")}
    assert by_account == by_token | {"account.own"}
    assert by_token == {action for action, need in ACTIONS.items() if need.scope == scope}


def test_every_scope_is_good_for_something_and_a_role_is_no_administrator():
    assert {need.scope for need in ACTIONS.values()} >= SCOPES
    assert OF_A_ROLE.isdisjoint({"admin", "people:read", "people:write", "roster:write", "policy:write"})


def test_the_page_about_accounts_says_which_scope_is_good_for_what():
    page = (Path(__file__).parents[2] / "docs/how-to/accounts.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+:?\w+)` \| (.*`\w+\.\w+`.*) \|$", page, re.M)
    told = {scope: set(re.findall(r"`(\w+\.\w+)`", actions)) for scope, actions in rows}
    assert told == {scope: {a for a, need in ACTIONS.items() if need.scope == scope} for scope in SCOPES}
    assert {scope for scope, words in rows if "`*`" in words or "*:" in words} == {
        need.scope for need in ACTIONS.values() if need.deployment
    }
