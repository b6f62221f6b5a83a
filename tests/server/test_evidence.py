"""Evidence by the API: how much a site keeps, and what is left of it once its person is erased."""

from __future__ import annotations

import pytest

from engine.server.board import forms
from engine.store.tables.evidence import GB, Evidence
from tests.server.conftest import CANARIES, problem

PNG = b"\x89PNG\r\n\x1a\n"
SIGNATURE = PNG + b"signature of somebody"
COMPLAINT = {**CANARIES, "matter": "空调不冷", "topic": "facility", "place": "A 栋", "channel": "phone"}
#: How a complaint comes to be followed up.
WAY = [
    ("accept", {"promised_at": "2026-10-08 18:00"}),
    ("decide", {"action": "act", "reason": "压缩机故障"}),
    ("answer_phone", {"result": "明日更换压缩机"}),
    ("resolve", {"outcome": "solved", "result": "压缩机已更换"}),
]


class Park:
    """Cloud Park, to somebody who may do everything there."""

    def __init__(self, house):
        scopes = "ticket:read ticket:write people:write audit:read admin"
        self.root = house.as_(house.token("小王", scopes, everywhere="front_desk supervisor"))

    def call(self, method, path, **more):
        return self.root.call(method, path, site="cloud-park", **more)

    def do(self, ticket, move, facts):
        answer = self.call("POST", f"tickets/{ticket}/moves", json={"move": move, "facts": facts})
        assert answer.status_code == 200, answer.text

    def send(self, data):
        return self.call("POST", "evidence", content=data)

    def signed(self, file):
        """A complaint whose complainant signed that he is satisfied."""
        asked = {"category": "complaint", "facts": {**COMPLAINT, "service_quality": "fair"}}
        opened = self.call("POST", "tickets", json=asked)
        assert opened.status_code == 201, opened.text
        ticket = opened.json()["ticket"]["ticket"]
        for move, facts in WAY:
            self.do(ticket, move, facts)
        self.do(ticket, "satisfied", {"followup_by": "visit", "score": 90, "signature": file})
        return ticket

    def erase(self, ticket):
        return self.call("POST", "erasures", json={"ticket": ticket}).json()


@pytest.fixture
def park(new_house):
    return Park(new_house)


def test_the_files_of_who_is_erased_go_with_him_and_the_chain_stays_whole(park, new_house):
    file = park.send(SIGNATURE).json()["evidence"]
    other = park.send(PNG + b"somebody else").json()["evidence"]
    ticket = park.signed(file)
    assert park.erase(ticket)["files"] == 1
    assert problem(park.call("GET", f"evidence/{file}"), 410, "erased")["detail"].startswith("该文件已随")
    assert park.call("GET", f"evidence/{other}").status_code == 200
    assert park.root.call("GET", "/api/v1/audit/verify").json() == {"whole": True, "damages": []}
    timeline = park.call("GET", f"tickets/{ticket}/timeline").text
    assert file in timeline  # history keeps the hash, the content is nowhere
    for place in new_house.daemon.config.data.rglob("*"):
        assert not place.is_file() or b"signature of somebody" not in place.read_bytes(), place


def test_whoever_is_erased_again_has_nothing_left_to_erase(park):
    ticket = park.signed(park.send(SIGNATURE).json()["evidence"])
    assert [park.erase(ticket)["files"] for _ in range(2)] == [1, 0]


def test_a_fact_that_is_a_file_names_one_that_is_there(park, new_house):
    file = park.send(SIGNATURE).json()["evidence"]
    elsewhere = new_house.daemon.evidence.keep("lakeside", PNG + b"of another site").id
    ticket = park.signed(file)
    for nothing in ("已签字", "0" * 64, elsewhere):
        facts = {"signature": nothing, "reason": "补签"}
        answer = park.call("POST", f"tickets/{ticket}/moves", json={"move": "correct", "facts": facts})
        found = problem(answer, 409, "value")
        assert (found["about"], found["detail"]) == ("signature", "取值有误：业主签字（没有这个文件：请先上传）")
    park.erase(ticket)
    answer = park.call(
        "POST", f"tickets/{ticket}/moves", json={"move": "correct", "facts": {"signature": file, "reason": "补签"}}
    )
    problem(answer, 409, "value")


def test_a_site_that_has_all_its_files_is_told_who_gives_it_more(park, new_house):
    folder = new_house.daemon.config.data / "evidence"
    new_house.daemon.evidence = Evidence(folder, 100)
    first = PNG + b"a" * 80
    assert park.send(first).status_code == 201
    assert "evidence_gb" in problem(park.send(PNG + b"b" * 80), 507, "quota")["detail"]
    assert park.send(first).status_code == 201
    assert len([place for place in folder.rglob("*") if place.is_file()]) == 1


def test_a_form_with_a_file_too_much_comes_back_with_what_was_typed(tmp_path):
    evidence = Evidence(tmp_path, GB)
    evidence._sizes = {"park": GB}
    back = forms.keep_files(evidence, "park", forms.Filled("sign", {"result": "x"}), {"f-signature": SIGNATURE})
    assert back.typed == {"result": "x"}
    assert back.problem.field == "signature"
    assert "1 GB" in back.problem.words.en
