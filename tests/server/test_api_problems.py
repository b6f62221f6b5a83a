"""Every bad input gets a clear answer, and loses nothing."""

from __future__ import annotations

import json
import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.server.entry.rates import Limiter, Rate
from engine.store import StoreError
from tests.server.conftest import CANARIES, REPAIR, problem

OPENING = {"category": "repair", "facts": REPAIR}


@pytest.fixture(scope="module")
def desk(house):
    return house.desk("小李")


def sent(desk, body, **headers):
    named = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return desk.call("POST", "tickets", content=body, headers=named)


# ---- bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"category": "repair"', "malformed"),
        (b"{'category': 'repair'}", "malformed"),
        (b'{"category": "repair", "category": "repair"}', "duplicate_key"),
        (b'{"category": "repair", "facts": {"matter": "a", "matter": "b"}}', "duplicate_key"),
        (b'{"category": "repair", "facts": {"score": NaN}}', "number"),
        (b'{"category": "repair", "facts": {"score": -Infinity}}', "number"),
        (b'{"category": "repair", "facts": {"score": 1e999}}', "number"),
        (b'{"category": "repair", "facts": {"score": ' + b"9" * 5000 + b"}}", "number"),
        (b'{"category": "repair", "facts": {"matter": "\\ud800"}}', "not_utf8"),
        ('{"category": "报修"}'.encode("gbk"), "not_utf8"),
        (b'{"category": ' + b"[" * 40 + b"]" * 40 + b"}", "too_deep"),
        (b"[" * 100_000, "too_deep"),
    ],
)
def test_a_body_that_is_no_good_json_is_refused(desk, body, code):
    problem(sent(desk, body), 400, code)


def test_a_body_may_be_32_levels_deep(desk):
    problem(sent(desk, b'{"category": ' + b"[" * 31 + b"]" * 31 + b"}"), 422, "invalid")


def test_where_json_breaks_is_said_and_what_stands_there_is_not(desk):
    found = problem(sent(desk, ('{"name": "' + CANARIES["name"] + '",\n  oops}').encode()), 400, "malformed")
    assert (found["line"], found["column"]) == (2, 3)
    assert CANARIES["name"] not in json.dumps(found, ensure_ascii=False)


def test_a_body_of_more_than_a_megabyte_is_not_read(desk):
    large = json.dumps({"category": "repair", "facts": {"matter": "x" * (1 << 20)}}).encode()
    problem(sent(desk, large), 413, "too_large")
    problem(sent(desk, iter([large[:1000], large[1000:]])), 413, "too_large")
    problem(sent(desk, b"{}", Content_Length=str(2 << 20)), 413, "too_large")


def test_a_field_that_is_not_known_or_of_another_type_is_named(desk):
    found = problem(desk.post("tickets", {**OPENING, "level": 9}), 422, "invalid")
    assert found["errors"] == [{"where": ["body", "level"], "what": "extra_forbidden"}]
    found = problem(
        desk.post("tickets", {"category": CANARIES["name"] * 50, "facts": {"name": [CANARIES["name"]]}}), 422, "invalid"
    )
    assert CANARIES["name"] not in json.dumps(found, ensure_ascii=False)
    assert {one["where"][1] for one in found["errors"]} == {"category", "facts"}


def test_an_address_with_nothing_and_a_wrong_method_are_problems(desk):
    problem(desk.call("GET", "/api/v1/nothing"), 404, "not_found")
    answer = desk.call("PATCH", "/api/v1/sites/lakeside/tickets")
    problem(answer, 405, "method")
    assert answer.headers["X-Request-Id"]


# ---- refusals --------------------------------------------------------------------------------------------------------


def test_what_is_wrong_with_an_opening_is_said(desk):
    assert problem(desk.open("fire"), 409, "unknown")["about"] == "fire"
    assert problem(desk.open(facts={"matter": "漏水"}), 409, "missing")["about"] == "name"
    assert problem(desk.open(facts={**REPAIR, "fault": "fire"}), 409, "value")["about"] == "fault"
    assert problem(desk.open(facts={**REPAIR, "colour": "red"}), 409, "unknown")["about"] == "colour"
    problem(desk.open(facts={**REPAIR, "called_at": "soon"}), 409, "value")
    problem(desk.open(occurred_at="2027-01-01T00:00:00+08:00"), 409, "future")
    problem(desk.open(facts={**REPAIR, "score": "nan"}), 409, "value")


@pytest.mark.parametrize("blank", ["", " ", "\n", "\u3000", "\u200b"])
def test_what_is_blank_is_missing(house, desk, blank):
    ticket, lead = desk.ticket(), house.desk("小王")
    assert problem(desk.open(facts={**REPAIR, "matter": blank, "name": blank}), 409, "missing")["missing"] == [
        "name", "matter",
    ]  # fmt: skip
    assert desk.open(facts={**REPAIR, "called_at": blank}).status_code == 201, "nobody has to answer that"
    for move, given, missing in (
        ("note", {"text": blank}, "text"),
        ("excuse", {"deadline": "intake", "reason": blank}, "reason"),
        ("set_facts", {"reason": blank, "matter": "x"}, "reason"),
        ("set_facts", {"reason": "x"}, "facts"),
        ("set_facts", {"reason": "x", "fault": "leak", "matter": blank}, "matter"),
        ("correct", {"reason": "x", "evidence": blank}, "facts"),
    ):
        assert problem(lead.do(ticket, move, **given), 409, "missing")["missing"] == [missing]


def test_an_unknown_ticket_and_an_unknown_site(house, desk):
    problem(desk.get("tickets/lakeside-9999"), 404, "no_ticket")
    problem(desk.do("lakeside-9999", "dispatch"), 404, "no_ticket")
    problem(house.as_(house.token(everywhere="")).post("tickets", OPENING, site="nowhere"), 404, "no_site")


def test_an_illegal_move_is_answered_with_the_legal_ones_in_the_language_of_the_caller(house, desk):
    ticket = desk.ticket()
    found = problem(desk.do(ticket, "satisfied"), 409, "state")
    assert found["detail"] == "当前状态不能进行：已登记"
    assert {"move": "dispatch", "title": "派单"} in found["legal"]
    english = house.desk("小李", language="en")
    assert problem(english.do(ticket, "satisfied"), 409, "state")["detail"] == "the move does not lead on from received"
    assert problem(desk.do(ticket, "no_such_move"), 409, "unknown")["legal"]
    assert problem(desk.do(ticket, "ack", deadline="intake"), 409, "missing")["legal"]
    problem(desk.do(ticket, "withdraw"), 409, "missing")


def test_who_may_not_is_told_who_may_by_the_titles_of_the_plan(house, desk):
    ticket = desk.ticket()
    refused = problem(house.desk("小杨").do(ticket, "urge"), 409, "by")
    assert (refused["about"], refused["detail"]) == ("小杨", "小杨 无权进行此操作，可由报事人、前台接待员进行")
    english = problem(house.desk("小杨", language="en").do(ticket, "urge"), 409, "by")
    assert english["detail"] == "小杨 may not do this here; who may: reporter, 前台接待员"


def test_a_call_that_names_a_language_is_answered_in_it_whatever_its_token_says(house):
    said = {
        named: house.desk("小李", language="zh")
        .get("tickets/none-1", headers={"Accept-Language": named})
        .json()["detail"]
        for named in ("en", "fr, zh;q=0.5", "fr")
    }
    assert said == {
        "en": "there is no such ticket at this site",
        "fr, zh;q=0.5": "本项目没有这个工单",
        "fr": "本项目没有这个工单",
    }


def test_a_request_without_anything_in_it_is_told_so(desk):
    found = problem(desk.call("POST", "tickets"), 422, "invalid")
    assert found["detail"] == "请求没有内容，请以 JSON 提交各字段"


def test_a_value_that_is_personal_is_not_repeated(house):
    plan = house.daemon.engine.services["lakeside"].site.plan
    assert "phone" in plan.privacy.personal
    found = problem(house.desk("小李").open(facts={**REPAIR, "phone": "王女士"}), 409, "value")
    assert found["about"] == "phone"
    assert found["detail"] == "取值有误：联系电话（只写数字，多个号码用 / 隔开）"


# ---- versions and keys -----------------------------------------------------------------------------------------------


def test_of_two_desks_that_act_on_one_ticket_the_second_is_told(house):
    lily, ming = house.desk("小李"), house.desk("小赵")
    ticket = lily.ticket()
    version = lily.get(f"tickets/{ticket}").json()["version"]
    assert lily.do(ticket, "urge", expected_version=version).status_code == 200
    found = problem(ming.do(ticket, "withdraw", reason="重复", expected_version=version), 409, "changed")
    assert found["version"] == version + 1
    assert ming.get(f"tickets/{ticket}").json()["state"]["id"] == "received"
    assert ming.do(ticket, "withdraw", reason="重复", expected_version=found["version"]).status_code == 200


def test_of_many_that_saw_the_same_version_one_is_let(house):
    desk = house.desk("小李")
    ticket = desk.ticket()
    version = desk.get(f"tickets/{ticket}").json()["version"]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: desk.do(ticket, "urge", expected_version=version).status_code, range(8)))
    assert sorted(found) == [200] + [409] * 7


def test_one_key_opens_one_ticket_however_often_it_comes_at_once(house):
    desk = house.desk("小赵")
    before = len(list(house.daemon.engine.services["lakeside"].store.families()))
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda n: desk.open(key="the-same"), range(100)))
    assert {answer.status_code for answer in found} == {201}
    assert len({answer.json()["ticket"]["ticket"] for answer in found}) == 1
    assert len(list(house.daemon.engine.services["lakeside"].store.families())) == before + 1


def test_a_key_is_of_one_body_and_of_one_person(house):
    desk, other = house.desk("小李"), house.desk("小赵")
    first = desk.open(key="k-1").json()["ticket"]["ticket"]
    problem(desk.open(facts={**REPAIR, "fault": "power"}, key="k-1"), 409, "key_reused")
    assert other.open(key="k-1").json()["ticket"]["ticket"] != first


def test_a_move_with_a_key_is_answered_again_whatever_the_version_is_now(house):
    desk = house.desk("小李")
    ticket = desk.ticket()
    version = desk.get(f"tickets/{ticket}").json()["version"]
    first = desk.do(ticket, "urge", key="u-1", expected_version=version)
    desk.do(ticket, "note", text="后来")
    again = desk.do(ticket, "urge", key="u-1", expected_version=version)
    assert again.status_code == 200
    assert again.json()["events"] == first.json()["events"]


def test_a_key_is_refused_where_it_would_mean_nothing(house, desk):
    headers = {"Idempotency-Key": "k"}
    problem(desk.post("promises", {"category": "repair"}, headers=headers), 400, "key_unsupported")
    for bad in ("", "x" * 201, "a\x7fb"):
        problem(desk.post("tickets", OPENING, headers={"Idempotency-Key": bad}), 400, "key")


# ---- the world -------------------------------------------------------------------------------------------------------


def test_who_asks_too_often_waits(house):
    token = house.token("小李")
    object.__setattr__(house.gate, "callers", Limiter(Rate(3, 1)))
    try:
        desk = house.as_(token)
        answers = [desk.get("tickets") for _ in range(5)]
        assert [answer.status_code for answer in answers[:3]] == [200] * 3
        problem(answers[-1], 429, "too_many_requests")
        assert answers[-1].headers["Retry-After"] == "1"
        assert house.desk("小赵").get("tickets").status_code == 200
    finally:
        object.__setattr__(house.gate, "callers", Limiter(Rate(10_000, 10_000)))


def test_a_full_disk_is_said_and_nothing_is_half_done(house, desk, monkeypatch):
    service = house.daemon.engine.services["lakeside"]
    before = {family.id: family.steps for family in service.store.families()}

    def full(work):
        raise StoreError("huiyin.db: database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(type(service.store), "write", lambda self, work: full(work))
        answer = desk.open()
    found = problem(answer, 503, "store")
    assert answer.headers["Retry-After"] == "5"
    assert "huiyin.db" not in json.dumps(found)
    assert {family.id: family.steps for family in service.store.families()} == before
    assert desk.open().status_code == 201


def test_a_damaged_row_is_found_and_said(new_house):
    desk = new_house.desk("小李")
    ticket, other = desk.ticket(), desk.ticket()
    with sqlite3.connect(new_house.daemon.database.path) as connection:
        connection.execute("UPDATE step SET body = replace(body, '漏水', '火灾') WHERE family = ?", (ticket,))
    connection.close()
    new_house.daemon.database.families._kept.clear()
    problem(desk.get(f"tickets/{ticket}"), 503, "store")
    assert desk.get(f"tickets/{other}").status_code == 200
    auditor = new_house.as_(new_house.token(scopes="audit:read", everywhere=""))
    found = auditor.call("GET", "/api/v1/audit/verify").json()
    assert not found["whole"]
    assert [damage["family"] for damage in found["damages"]] == [ticket]


def test_a_defect_is_counted_and_told_to_the_log_without_a_value(house, desk, monkeypatch, caplog):
    def broken(*_):
        raise KeyError(CANARIES["name"])

    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        patch.setattr("engine.server.present.ticket", broken)
        answer = desk.open()
    found = problem(answer, 500, "internal")
    assert house.gate.defects.count == 1
    assert found["instance"].rpartition(":")[2] == answer.headers["X-Request-Id"]
    assert answer.headers["X-Request-Id"] in caplog.text
    assert "KeyError" in caplog.text
    for canary in CANARIES.values():
        assert canary not in answer.text
        assert canary not in caplog.text
    house.gate.defects.count = 0


def test_nothing_personal_stands_in_answers_or_logs_of_a_day_of_mistakes(house, desk, caplog):
    with caplog.at_level(logging.DEBUG):
        ticket = desk.ticket()
        answers = [
            desk.open(facts={**REPAIR, "fault": "fire"}),
            desk.open(facts={**REPAIR, "extra": "x"}),
            desk.do(ticket, "set_facts", reason="更正", phone=CANARIES["phone"]),
            desk.do(ticket, "set_facts", reason="更正", name=CANARIES["name"], fault="fire"),
            desk.do(ticket, "dispatch", assignee="老张", unit=CANARIES["unit"]),
            desk.get("tickets"),
            desk.get(f"tickets/{ticket}"),
            desk.get(f"tickets/{ticket}/timeline"),
            desk.post(f"tickets/{ticket}/reveal", {"fact": CANARIES["name"], "purpose": "contact"}),
        ]
    for canary in (CANARIES["unit"], CANARIES["phone"]):
        assert all(canary not in answer.text for answer in answers)
        assert canary not in caplog.text
    assert house.gate.defects.count == 0
