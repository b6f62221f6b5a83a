"""What a watchdog and a Prometheus read: states and counts, never a ticket or a person."""

from __future__ import annotations

from tests.server.conftest import CANARIES


def test_metrics_need_a_token_of_their_own(house):
    assert house.client.get("/metrics").status_code == 401
    desk = house.desk("小李", lakeside="front_desk")
    assert desk.call("GET", "/api/v1/../../metrics").status_code in (403, 404)


def test_metrics_name_sites_and_no_ticket(house):
    desk = house.desk("小李", lakeside="front_desk")
    ticket = desk.ticket()
    reader = house.token("", scopes="metrics:read", everywhere="")
    answer = house.client.get("/metrics", headers={"Authorization": f"Bearer {reader}"})
    assert answer.status_code == 200
    text = answer.text
    assert 'huiyin_policy_last_reload_successful{site="lakeside"} 1.0' in text
    assert 'huiyin_timer_lag_seconds{site="cloud-park"} 0.0' in text
    assert "huiyin_defects_total 0.0" in text
    assert ticket not in text
    assert not any(value in text for value in CANARIES.values())


def test_a_refused_policy_shows_as_zero(house):
    house.daemon.engine.refused["lakeside"] = "lakeside.yaml"
    reader = house.token("", scopes="metrics:read", everywhere="")
    answer = house.client.get("/metrics", headers={"Authorization": f"Bearer {reader}"})
    house.daemon.engine.refused.clear()
    assert 'huiyin_policy_last_reload_successful{site="lakeside"} 0.0' in answer.text


def test_it_is_ready_until_something_that_must_work_does_not(house):
    assert house.client.get("/livez").json() == {"status": "alive"}
    house.daemon.engine.tick()
    house.daemon.auditor.look()
    assert house.client.get("/readyz").status_code == 200
    house.clock.at += 60
    answer = house.client.get("/readyz")
    assert answer.status_code == 503
    assert [cause["what"] for cause in answer.json()["causes"]] == ["timers"]
    house.clock.held = 3600
    assert "clock" in [cause["what"] for cause in house.client.get("/readyz").json()["causes"]]
    house.clock.held = 0
    house.daemon.engine.tick()
    assert house.client.get("/readyz").status_code == 200
