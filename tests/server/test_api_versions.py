"""Policies over time by the API: rolled back, and open tickets brought along."""

from __future__ import annotations

import dataclasses

import pytest

from engine.policy import shipped_policies
from tests.server.conftest import problem


@pytest.fixture
def chief(new_house, tmp_path):
    """Somebody who may do everything, at a site whose file quickened a limit after a ticket was opened."""
    shipped = (shipped_policies() / "sites" / "lakeside.yaml").read_text(encoding="utf-8")
    own = tmp_path / "lakeside.yaml"
    own.write_text(shipped.replace("45 minutes", "40 minutes"), encoding="utf-8")
    new_house.daemon.config = dataclasses.replace(new_house.daemon.config, sites=(own,))
    root = new_house.as_(new_house.token("小李", "ticket:read ticket:write policy:read policy:write", everywhere=""))
    root.opened = new_house.desk("小李").ticket()
    assert root.post("policies/reload").status_code == 200
    return root


def versions(chief):
    return [one["version"] for one in chief.get("policies").json()["policies"]]


def test_an_older_policy_is_applied_again(chief):
    first, second = versions(chief)
    answer = chief.post("policies/rollback", {"number": 1, "why": "太快"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["active"] == first
    assert answer.json()["applied"]["number"] == 3
    assert answer.json()["applied"]["why"] == "太快"
    assert versions(chief) == [first, second, first]
    assert chief.post("policies/rollback", {"number": 1}).json()["applied"] is None
    problem(chief.post("policies/rollback", {"number": 9}), 404, "no_revision")


def test_days_are_published_once_under_a_name(chief):
    days = {"edition": "停电", "days": [{"date": "2026-10-09", "isOffDay": True, "name": "停电"}]}
    assert chief.post("days", days).json() == {"edition": "停电", "sites": ["lakeside"]}
    assert chief.house.daemon.engine.services["lakeside"].site.edition == "停电"
    assert chief.post("days", days).status_code == 200  # a double click
    assert len(chief.house.daemon.engine.services["lakeside"].store.site_events("calendar_published")) == 1
    other = {**days, "days": [{"date": "2026-10-10", "isOffDay": True}]}
    (taken,) = problem(chief.post("days", other), 422, "days")["errors"]
    assert (taken["where"], taken["what"]) == (["edition"], "bad-days")
    assert taken["said"] == "lakeside has an edition 停电 already: choose another name"
    wrong = {"edition": "more", "days": [{"date": "2026-02-30", "isOffDay": True}]}
    assert problem(chief.post("days", wrong), 422, "days")["errors"][0]["where"] == ["days", "0"]
    problem(chief.post("days", days, site="nowhere"), 404, "no_site")
    problem(chief.post("days", {"edition": "more", "days": [{"date": "2026-02-28"}]}), 422, "invalid")


def test_days_go_to_all_sites_or_to_none(chief):
    days = {"edition": "停电", "days": [{"date": "2026-10-09", "isOffDay": True}]}
    sites = ["cloud-park", "lakeside"]
    assert sorted(chief.call("POST", "/api/v1/days", json=days).json()["sites"]) == sites
    only = {**days, "edition": "停水"}
    assert chief.post("days", only).status_code == 200
    other = {**only, "days": [{"date": "2026-10-10", "isOffDay": True}]}
    problem(chief.call("POST", "/api/v1/days", json=other), 422, "days")
    services = chief.house.daemon.engine.services
    assert [services[name].site.edition for name in sites] == ["停电", "停水"]


def test_a_file_that_says_something_else_than_was_meant_is_not_taken(chief):
    (own,) = chief.house.daemon.config.sites
    before = versions(chief)
    own.write_text(own.read_text(encoding="utf-8").replace("40 minutes", "35 minutes"), encoding="utf-8")
    found = problem(chief.post("policies/reload", {"version": before[-1]}), 409, "other_file")
    assert versions(chief) == before
    assert chief.post("policies/reload", {"version": found["version"]}).json()["older"] == 1
    assert versions(chief) == [*before, found["version"]]


def test_open_tickets_are_brought_along_after_a_look_at_what_would_change(chief):
    first, second = versions(chief)
    asked = {"to": second, "mode": "restart"}
    would = chief.post("policies/migrate", asked)
    assert would.status_code == 200, would.text
    assert (would.json()["migrated"], would.json()["stayed"]) == (1, 0)
    assert chief.get(f"tickets/{chief.opened}").json()["plan"] == first
    assert chief.post("policies/migrate", asked).json() == would.json()
    did = chief.post("policies/migrate", {**asked, "dry_run": False})
    assert did.json() == would.json()
    assert chief.post("policies/migrate", {**asked, "dry_run": False}).json()["migrated"] == 0
    problem(chief.post("policies/migrate", {"to": "nosuch"}), 404, "no_revision")
    problem(chief.post("policies/migrate", {"to": second, "mode": "guess"}), 422, "invalid")


def test_a_single_deadline_may_be_brought_along_in_another_way(chief):
    first = chief.get(f"tickets/{chief.opened}").json()["runs"][0]["deadline"]["id"]
    chief.house.clock.at += 60
    asked = {"to": versions(chief)[1], "mode": "keep", "modes": {first: "restart"}}
    (change,) = chief.post("policies/migrate", asked).json()["changes"]
    assert {due["deadline"]: due["mode"] for due in change["dues"] if due["what"] == "moved"} == {first: "restart"}
    wrong = chief.post("policies/migrate", {**asked, "modes": {"nosuch": "keep"}})
    assert problem(wrong, 422, "no_deadline")["about"] == "nosuch"
