"""A repair over the API, from the call to its close."""

from __future__ import annotations

import pytest

from tests.server.conftest import CANARIES, problem


def kinds(answer):
    return [event["kind"] for event in answer.json()["events"]]


def test_a_repair_is_opened_dispatched_done_and_closed(house):
    desk, technician = house.desk("小李"), house.desk("老张")
    opened = desk.open(key="call-1")
    assert opened.status_code == 201, opened.text
    ticket = opened.json()["ticket"]["ticket"]
    assert opened.headers["Location"] == f"/api/v1/sites/lakeside/tickets/{ticket}"
    assert ticket == "lakeside-1"
    house.pass_time(120)
    sent = desk.do(ticket, "dispatch", assignee="老张")
    assert sent.status_code == 200, sent.text
    assert sent.json()["ticket"]["assignee"] == "老张"
    due = {run["deadline"]["id"]: run["due"] for run in sent.json()["ticket"]["runs"]}
    assert due["arrive"] == "2026-09-30T10:47:00+08:00"
    house.pass_time(50 * 60)  # nobody comes within 45 minutes
    shown = desk.get(f"tickets/{ticket}").json()
    arrive = next(run for run in shown["runs"] if run["deadline"]["id"] == "arrive")
    assert arrive["status"] == "breached"
    assert arrive["place"]["file"].endswith("lakeside.yaml")
    assert shown["level"] >= 1
    late = technician.do(ticket, "arrive", occurred_at="2026-09-30T10:40:00+08:00")
    assert late.status_code == 200, late.text
    ended = {run["deadline"]["id"]: run["status"] for run in late.json()["ticket"]["ended"]}
    assert ended["arrive"] == "met"
    told = [event["kind"] for event in desk.get(f"tickets/{ticket}/timeline").json()["events"]]
    assert {"breached", "raised", "verdict_corrected"} <= set(told)


def test_why_facts_were_changed_is_told_in_the_timeline(house):
    desk = house.desk("小李")
    ticket = desk.ticket()
    done = house.desk("小王").do(ticket, "set_facts", matter="厨房漏水", reason="业主来电补充")
    assert done.status_code == 200, done.text
    told = [event["words"] for event in desk.get(f"tickets/{ticket}/timeline").json()["events"]]
    assert {"en": "reason: 业主来电补充", "zh": "理由：业主来电补充"} in told


def test_the_moves_that_are_offered_are_those_that_are_taken(house):
    desk = house.desk("小李")
    ticket = desk.ticket()
    offered = {move["move"]: move for move in desk.get(f"tickets/{ticket}/moves").json()["moves"]}
    assert "dispatch" in offered
    assert "arrive" not in offered
    assert next(field["name"] for field in offered["dispatch"]["fields"]) == "assignee"
    refused = problem(desk.do(ticket, "arrive"), 409, "state")
    assert "dispatch" in [move["move"] for move in refused["legal"]]
    assert {"move": "dispatch", "title": "派单"} in refused["legal"]
    assert house.desk("小杨").get(f"tickets/{ticket}/moves").json()["moves"] == []


@pytest.mark.parametrize("person", ["小李", "小王", "陈经理"])
def test_no_field_of_a_move_stands_there_twice(house, person):
    """Whoever sends the form says each thing once: a plan may have a fact `reason`, too."""
    ticket = house.desk("小李").ticket()
    for move in house.desk(person).get(f"tickets/{ticket}/moves").json()["moves"]:
        names = [field["name"] for field in move["fields"]]
        assert len(names) == len(set(names)), move["move"]


def test_facts_are_changed_as_far_as_the_ticket_has_to_do_with_them(house):
    desk = house.desk("小李")
    ticket = desk.ticket()
    offered = {move["move"]: move for move in desk.get(f"tickets/{ticket}/moves").json()["moves"]}
    names = {field["name"] for field in offered["set_facts"]["fields"]}
    assert {"reason", "matter", "place", "urgency", "outcome", "severity"} <= names
    assert names.isdisjoint({"addressee", "survey_score", "passed", "collector"})


def test_a_personal_value_is_nowhere_until_it_is_revealed(house):
    desk = house.desk("小李")
    ticket = desk.ticket()
    desk.do(ticket, "note", text=f"请联系{CANARIES['name']}")
    answers = [
        desk.get(f"tickets/{ticket}"),
        desk.get(f"tickets/{ticket}/timeline"),
        desk.get(f"tickets/{ticket}/moves"),
        desk.get("tickets"),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        for canary in (*CANARIES.values(), "pii:"):  # nor the reference that stands for it in histories
            assert canary not in answer.text
    facts = {fact["fact"]: fact["text"] for fact in answers[0].json()["facts"]}
    assert {facts[name] for name in CANARIES} == {"•••"}
