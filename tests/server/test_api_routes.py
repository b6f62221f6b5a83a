"""What each part of the API answers."""

from __future__ import annotations

import dataclasses
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from urllib.parse import quote

import httpx
import pytest

from engine.policy import shipped_policies
from engine.runtime import STANDING, Entry, change_roster
from engine.server.api.app import THREADS
from tests.server.conftest import CANARIES, CHINA, REPAIR, listening, problem
from tests.server.doors import GOOD

ADMIN = "ticket:read ticket:write pii:reveal policy:read policy:write figures:read roster:write people:write audit:read admin"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


@pytest.fixture(scope="module")
def desk(house):
    return house.desk("小李")


@pytest.fixture(scope="module")
def root(house):
    return house.as_(house.token("小王", ADMIN, everywhere=""))


# ---- lists -----------------------------------------------------------------------------------------------------------


def test_a_list_goes_on_where_the_page_before_ended(house, desk):
    tickets = {desk.ticket() for _ in range(7)}
    seen, after = [], None
    while True:
        page = desk.get(
            "tickets", params={"open": "true", "category": "repair", "limit": 3} | ({"after": after} if after else {})
        )
        seen += [row["ticket"] for row in page.json()["tickets"]]
        after = page.json()["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen))
    assert tickets <= set(seen)
    problem(desk.get("tickets", params={"after": "lakeside-1"}), 400, "page")
    problem(desk.get("tickets", params={"limit": 201}), 422, "invalid")


def test_a_ticket_whose_id_has_a_slash_is_shown_and_moved_like_any_other(new_house):
    root = new_house.as_(new_house.token("小王", ADMIN, everywhere=""))
    root.post("roster", {"come": [{"person": "张三/李四", "role": "technician"}]})
    (found,) = root.get("tickets", params={"category": "induction", "post": "张三/李四"}).json()["tickets"]
    ticket = quote(found["ticket"], safe="")
    assert root.get(f"tickets/{ticket}").json()["ticket"] == found["ticket"]
    for more in ("moves", "timeline"):
        assert root.get(f"tickets/{ticket}/{more}").status_code == 200
    assert root.post(f"tickets/{ticket}/link").status_code == 201
    assert root.do(ticket, "finish", passed=True).status_code == 200
    problem(root.get("tickets/none/of/these"), 404, "no_ticket")


def test_a_list_is_filtered(house, desk):
    ticket = desk.ticket()
    desk.do(ticket, "withdraw", reason="已自行解决")
    closed = desk.get("tickets", params={"open": "false", "state": "withdrawn"}).json()["tickets"]
    assert ticket in [row["ticket"] for row in closed]
    assert all(row["state"] == {"id": "withdrawn", "title": "已撤诉", "final": True} for row in closed)
    by_owner = desk.get("tickets", params={"owner": "role:front_desk", "overdue": "false"}).json()["tickets"]
    assert all(row["owner"]["role"] == "front_desk" for row in by_owner)


def test_the_sites_are_those_of_the_caller(house, desk, root):
    assert [site["site"] for site in desk.call("GET", "/api/v1/sites").json()["sites"]] == ["lakeside"]
    assert {site["site"] for site in root.call("GET", "/api/v1/sites").json()["sites"]} == {"lakeside", "cloud-park"}
    assert desk.get("").json()["title"] == "湖畔花园"


def test_what_a_category_records_is_said_with_its_guidance(desk):
    complaint = desk.get("categories/complaint").json()
    assert {"agitated", "matter"} <= {field["name"] for field in complaint["fields"]}
    assert complaint["guide"][0]["when"] == {"fact": "agitated", "in": [True]}
    problem(desk.get("categories/nothing"), 404, "no_category")


def test_who_opens_what_is_no_category_is_told_which_there_are(house, desk):
    for asked in (
        desk.post("tickets", {"category": "repairs"}),
        house.desk("小李", language="en").post("tickets", {"category": "repairs"}),
    ):
        assert "repair" in problem(asked, 409, "unknown")["detail"]
        assert "induction" not in asked.json()["detail"]  # which opens by itself
    assert "complaint" in problem(desk.get("categories/nothing"), 404, "no_category")["detail"]
    assert (
        "没有或不需要"
        in problem(desk.post("tickets", {"category": "repair", "facts": {**REPAIR, "no_such": "x"}}), 409, "unknown")[
            "detail"
        ]
    )


def test_all_that_is_missing_is_named_at_once(desk):
    """Not only the first of it; what depends on another answer counts once that is given."""
    names = problem(desk.post("tickets", {"category": "repair"}), 409, "missing")["missing"]
    assert {"matter", "phone", "unit", "fault"} <= set(names)
    given = {"matter": "漏水", "phone": "13800000001"}
    some = problem(desk.post("tickets", {"category": "repair", "facts": given}), 409, "missing")
    assert some["missing"] == [name for name in names if name not in given]
    assert some["about"] == some["missing"][0]
    assert all(title in some["detail"] for title in ("房号", "故障"))
    act = f"tickets/{desk.ticket()}/moves"
    assert problem(desk.post(act, {"move": "excuse"}), 409, "missing")["missing"] == ["deadline", "reason"]
    corrected = {"move": "correct", "facts": {"deadline": "x"}}
    assert problem(desk.post(act, corrected), 409, "missing")["missing"] == ["verdict", "reason"]
    corrected["facts"] = {"verdict": "met", "reason": "写错了"}
    assert problem(desk.post(act, corrected), 409, "missing")["missing"] == ["deadline"], "a verdict is some deadline's"


def test_a_ticket_is_merged_into_an_older_one_that_goes_on(house, desk, root):
    older, younger, youngest = (desk.ticket() for _ in range(3))

    def merge(ticket, into):
        return root.post(f"tickets/{ticket}/moves", {"move": "merge", "facts": {"into": into}})

    assert problem(merge(older, younger), 409, "younger")["about"] == younger
    assert merge(younger, older).status_code == 200
    assert problem(merge(youngest, younger), 409, "closed")["about"] == younger
    assert problem(merge(older, older), 409, "unknown")


def test_a_merge_that_was_made_is_answered_again_though_the_older_ticket_is_closed_by_now(new_house):
    root = new_house.as_(new_house.token(lakeside="front_desk supervisor site_manager"))
    older, younger = root.ticket(), root.ticket()
    merged = root.do(younger, "merge", key="m1", into=older)
    assert merged.status_code == 200, merged.text
    assert root.do(older, "withdraw", reason="自行处理").status_code == 200
    assert root.do(younger, "merge", key="m1", into=older).json() == merged.json()


def test_a_late_report_that_was_taken_is_answered_again_though_it_came_too_late_by_now(new_house):
    desk = new_house.desk("小李")
    ticket = desk.ticket()
    desk.do(ticket, "dispatch", assignee="老张")
    new_house.pass_time(60)
    then = datetime.fromtimestamp(new_house.clock.at, CHINA).isoformat()
    new_house.pass_time(29 * 60)
    arrived = {"key": "k1", "occurred_at": then}
    first = new_house.desk("老张").do(ticket, "arrive", **arrived)
    assert first.status_code == 200
    new_house.pass_time(5 * 60)
    again = new_house.desk("老张").do(ticket, "arrive", **arrived)
    assert (again.status_code, again.json()["events"]) == (200, first.json()["events"])
    late = problem(new_house.desk("老张").do(ticket, "arrive", **(arrived | {"key": "k2"})), 409, "late")
    assert late["detail"] == "已超过补报期限：实际发生时间；方案允许 30分钟"


@pytest.mark.parametrize("move", ["note", "ack", "assign", "excuse"])
def test_what_a_move_does_not_ask_for_is_not_swallowed(desk, move):
    asked = {"text": "x", "deadline": "answer", "rung": "level_1", "assignee": "desk", "reason": "x"}
    given = {name: asked[name] for name in STANDING[move].asks if name in asked}
    act = f"tickets/{desk.ticket()}/moves"
    found = problem(desk.post(act, {"move": move, "facts": given | {"noted_by": "x"}}), 409, "unknown")
    assert found["about"] == "noted_by"


def test_a_refusal_names_the_moves_that_the_asker_may_make(house, desk):
    ticket = desk.ticket()
    by = {}
    for name, who in {"desk": desk, "lead": house.desk("小王"), "nobody": house.desk("小杨")}.items():
        found = problem(who.post(f"tickets/{ticket}/moves", {"move": "nonsense"}), 409, "unknown")
        offered = who.get(f"tickets/{ticket}/moves").json()["moves"]
        by[name] = [one["move"] for one in found["legal"]]
        assert by[name] == [one["move"] for one in offered if not one["standing"]]
    assert by["desk"]
    assert by["nobody"] == []


def offered(who, ticket, site="lakeside"):
    moves = who.get(f"tickets/{quote(ticket)}/moves", site=site).json()["moves"]
    return [one["title"] for one in moves if not one["standing"]]


def test_the_moves_stand_in_the_order_in_which_they_are_wanted(new_house):
    """First the person's own by the nearest due, then what deadlines ask for; what sends back or suspends last."""
    desk, technician = new_house.desk("小李"), new_house.desk("老张")
    ticket = desk.ticket()
    assert desk.do(ticket, "dispatch", assignee="老张").status_code == 200
    titles = offered(technician, ticket)
    assert titles[:3] == ["联系客户", "到场", "接单"]
    assert titles.index("反馈进展") < titles.index("办结") < titles.index("转办")
    assert titles[-2:] == ["退单", "挂起"]
    assert offered(desk, ticket)[-1] == "撤诉"
    assert technician.do(ticket, "contact", visit_at="2026-09-30 11:00").status_code == 200
    assert offered(technician, ticket)[0] == "到场"
    assert technician.do(ticket, "suspend", reason="等客户").status_code == 200
    assert offered(new_house.desk("小王", lakeside="agent"), ticket)[0] == "恢复"


def test_whoever_takes_a_post_is_asked_to_sign_before_he_may_refuse(new_house):
    people = [Entry("小陈", "front_desk", ("desk_early",)), Entry("小周", "front_desk", ("desk_late",))]
    new_house.pass_time(60)
    change_roster(new_house.daemon.engine.services["cloud-park"], new_house.clock(), people, ["小李", "小赵"])
    new_house.pass_time(3 * 3600)
    leaver, taker = new_house.desk("小陈", everywhere=""), new_house.desk("小周", everywhere="")
    path = f"tickets/{quote('handover@2026-09-30T13:00:front_desk')}/moves"
    signed = leaver.post(path, {"move": "sign_off", "facts": {"open_matters": "无"}}, site="cloud-park")
    assert signed.status_code == 200, signed.text
    assert offered(taker, "handover@2026-09-30T13:00:front_desk", "cloud-park") == ["接班签字", "拒绝接班"]


def test_a_post_passes_from_who_signed_off_to_who_took_over_and_not_to_who_refused(new_house):
    people = [Entry("小陈", "front_desk", ("desk_early",)), Entry("小周", "front_desk", ("desk_late",))]
    service = new_house.daemon.engine.services["cloud-park"]
    change_roster(service, new_house.clock(), people, ["小李", "小赵"])
    new_house.pass_time(3 * 3600 + 60)
    ticket = quote("handover@2026-09-30T13:00:front_desk")

    def sign(person, move, **facts):
        new_house.pass_time(60)
        done = new_house.desk(person, everywhere="").post(
            f"tickets/{ticket}/moves", {"move": move, "facts": facts}, site="cloud-park"
        )
        assert done.status_code == 200, done.text

    sign("小陈", "sign_off", open_matters="无")
    sign("小周", "refuse", reason="有一件未写明")
    sign("小陈", "sign_off", open_matters="一件")
    assert service.site.roster.handovers == ()
    sign("小周", "take_over")
    assert [(one.leaver, one.taker) for one in service.site.roster.handovers] == [("小陈", "小周")]


def test_a_rung_is_said_by_when_it_is_reached(new_house):
    """It has no title: Chinese says its instant, English its id and its instant."""
    desk = new_house.desk("小李")
    ticket = desk.ticket()
    new_house.pass_time(3 * 3600)
    runs = [run for run in desk.get(f"tickets/{ticket}").json()["runs"] if run["rungs"]]
    said = {rung["rung"]: rung["words"] for run in runs for rung in run["rungs"]}
    assert said
    assert all(words["en"].startswith(f"{id} (") and id not in words["zh"] for id, words in said.items())
    assert any("到期" in words["zh"] for words in said.values())
    raised = [
        event["words"] for event in desk.get(f"tickets/{ticket}/timeline").json()["events"] if event["kind"] == "raised"
    ]
    assert any(words["zh"] in event["zh"] for event in raised for words in said.values())
    moves = new_house.desk("小王").get(f"tickets/{ticket}/moves").json()["moves"]
    for ack in (move for move in moves if move["move"] == "ack"):
        (rungs,) = [field["values"] for field in ack["fields"] if field["name"] == "rung"]
        assert {one["title"] for one in rungs} <= {words["zh"] for words in said.values()}


# ---- promises --------------------------------------------------------------------------------------------------------


def test_what_would_be_promised_is_told_and_nothing_is_written(house, desk):
    before = len(desk.get("tickets").json()["tickets"])
    asked = {"category": "repair", "facts": {"fault": "leak", **CANARIES}, "at": "2026-09-30 19:46"}
    told = desk.post("promises", asked)
    assert told.status_code == 200, told.text
    found = {one["deadline"]["id"]: one for one in told.json()["promises"]}
    assert found["intake"]["runs"]
    assert found["intake"]["due"] == "2026-09-30T19:56:00+08:00"
    assert found["arrive"]["limit"]["en"] == "45 minutes"
    assert found["arrive"]["place"]["file"].endswith("lakeside.yaml")
    assert "arrive" not in {
        one["deadline"]["id"]
        for one in desk.post("promises", {"category": "repair", "facts": {"fault": "other"}}).json()["promises"]
    }
    assert len(desk.get("tickets").json()["tickets"]) == before
    problem(desk.post("promises", {"category": "nothing"}), 404, "no_category")
    problem(desk.post("promises", {"category": "repair", "facts": {"fault": "fire"}}), 409, "value")


# ---- people ----------------------------------------------------------------------------------------------------------


def test_the_roster_says_who_is_there_and_takes_changes(house, root):
    now = {role["id"]: role for role in root.get("roster").json()["roles"]}
    assert now["front_desk"]["holders"] == ["小李", "小赵"]
    wrong = problem(root.post("roster", {"gone": ["小赵", "小兆"]}), 422, "no_person")
    assert [one["where"] for one in wrong["errors"]] == [["gone", "1"]]
    changed = root.post("roster", {"come": [{"person": "小钱", "role": "front_desk"}], "gone": ["小赵"]})
    assert changed.status_code == 200, changed.text
    then = {role["id"]: role for role in changed.json()["roles"]}
    assert then["front_desk"]["holders"] == ["小李", "小钱"]
    problem(root.post("roster", {"come": [{"person": "x", "role": "pilot"}]}), 422, "no_role")
    problem(root.post("roster", {"come": [{"person": "x", "role": "agent", "shifts": ["moon"]}]}), 422, "no_shift")
    backward = {"person": "x", "role": "agent", "since": "2026-10-02 08:00", "until": "2026-10-01 08:00"}
    problem(root.post("roster", {"come": [backward]}), 422, "instant")


def test_a_handover_is_a_ticket_of_its_role(house, root):
    posts = {post["id"]: post for post in root.get("handovers", site="cloud-park").json()["posts"]}
    role = next(iter(posts))
    record = root.get(f"categories/{posts[role]['category']['id']}", site="cloud-park").json()["fields"]
    facts = {
        field["name"]: 1 if field["type"] in ("number", "score") else "yes" for field in record if not field["optional"]
    }
    begun = root.post("handovers", {"role": role, "facts": facts}, site="cloud-park")
    assert begun.status_code == 201, begun.text
    assert begun.json()["ticket"]["post"]["id"] == role
    posts = {post["id"]: post for post in root.get("handovers", site="cloud-park").json()["posts"]}
    assert begun.json()["ticket"]["ticket"] in [row["ticket"] for row in posts[role]["waiting"]]
    problem(root.post("handovers", {"role": "supervisor"}), 404, "no_role")


# ---- duties and figures ----------------------------------------------------------------------------------------------


def test_the_duties_of_a_day_are_those_that_opened_and_those_to_come(new_house):
    root = new_house.as_(new_house.token("陈经理", ADMIN, everywhere=""))
    new_house.pass_time(15 * 86400 + 3 * 3600)
    today = root.get("duties").json()
    assert today["day"] == "2026-10-15"
    training = next(one for one in today["duties"] if one["duty"]["id"] == "training")
    assert training["ticket"] == "training@2026-10-15T09:00"
    assert training["status"] == "running"
    later = root.get("duties", params={"day": "2026-10-20"}).json()["duties"]
    assert [(one["duty"]["id"], one["ticket"]) for one in later if one["duty"]["id"] == "survey"] == [("survey", None)]
    problem(root.post("duties/excuse", {"before": "2026-10-16 00:00", "reason": " "}), 422, "invalid")
    done = root.post("duties/excuse", {"before": "2026-10-16 00:00", "reason": "停机三日", "duty": "training"})
    assert done.json() == {"excused": ["training@2026-10-15T09:00"], "left": []}
    assert root.get("tickets/training@2026-10-15T09:00").json()["state"]["id"] == "excused"


def test_a_damaged_duty_keeps_no_other_of_its_day(new_house):
    root = new_house.as_(new_house.token("陈经理", ADMIN, everywhere=""))
    new_house.pass_time(15 * 86400 + 3 * 3600)
    before = root.get("duties").json()["duties"]
    damage = "UPDATE family SET head = zeroblob(32) WHERE id = 'training@2026-10-15T09:00'"
    new_house.daemon.database.write(lambda connection: connection.execute(damage))
    after = root.get("duties").json()["duties"]
    assert [one["ticket"] for one in after] == [one["ticket"] for one in before]
    done = root.post("duties/excuse", {"before": "2026-10-16 00:00", "reason": "停机三日"}).json()
    assert done["left"] == [{"ticket": "training@2026-10-15T09:00", "code": "store"}]
    assert done["excused"]


def test_figures_are_of_the_period_of_a_day(house, desk):
    found = {one["figure"]["id"]: one for one in desk.get("figures").json()["figures"]}
    assert found["timely"]["target"] == "at least 95%"
    assert found["timely"]["start"] == "2026-09-01T00:00:00+08:00"
    assert found["still_open"]["n"] >= 1
    other = {one["figure"]["id"]: one for one in desk.get("figures", params={"day": "2026-10-08"}).json()["figures"]}
    assert other["timely"]["start"] == "2026-10-01T00:00:00+08:00"
    problem(desk.get("figures", params={"day": "yesterday"}), 422, "invalid")


# ---- policies --------------------------------------------------------------------------------------------------------


def test_the_policies_of_a_site_are_listed_and_the_one_that_runs_is_shown(desk):
    listed = desk.get("policies").json()
    active = desk.get("policies/active").json()
    assert [one["version"] for one in listed["policies"]] == [active["version"]] == [listed["active"]]
    assert active["layers"][-1] == "lakeside"
    assert active["refused"] is None


def test_a_policy_with_mistakes_is_refused_and_what_ran_goes_on(new_house, tmp_path):
    shipped = shipped_policies() / "sites" / "lakeside.yaml"
    own = tmp_path / "lakeside.yaml"
    new_house.daemon.config = dataclasses.replace(new_house.daemon.config, sites=(own,))
    root = new_house.as_(new_house.token("小王", ADMIN, everywhere=""))
    before = root.get("policies/active").json()["version"]
    own.write_text(shipped.read_text(encoding="utf-8").replace("45 minutes", "45 minuets"), encoding="utf-8")
    found = problem(root.post("policies/reload"), 422, "policy")
    assert found["diagnostics"][0]["severity"] == "error"
    active = root.get("policies/active").json()
    assert active["version"] == before
    assert active["refused"]["file"] == "lakeside.yaml"
    assert active["refused"]["diagnostics"]
    own.write_text(shipped.read_text(encoding="utf-8").replace("45 minutes", "40 minutes"), encoding="utf-8")
    applied = root.post("policies/reload", {"why": "更快"})
    assert applied.json()["applied"]["number"] == 2
    assert root.get("policies/active").json()["refused"] is None
    assert root.post("policies/reload").json()["applied"] is None


# ---- personal data ---------------------------------------------------------------------------------------------------


def test_a_personal_value_is_revealed_for_a_purpose_to_who_may_see_it(house, desk, root):
    ticket = desk.ticket()
    asked = {"fact": "phone", "purpose": "contact"}
    assert desk.post(f"tickets/{ticket}/reveal", asked).json()["value"] == CANARIES["phone"]
    problem(desk.post(f"tickets/{ticket}/reveal", {"fact": "phone", "purpose": "curiosity"}), 422, "purpose_unknown")
    problem(desk.post(f"tickets/{ticket}/reveal", {"fact": "matter", "purpose": "contact"}), 409, "unknown")
    problem(house.desk("小杨").post(f"tickets/{ticket}/reveal", asked), 403, "not_allowed")
    log = root.call("GET", "/api/v1/audit/log", params={"action": "pii.reveal", "object": ticket}).json()["entries"]
    assert [(one["outcome"], one["purpose"]) for one in log if one["outcome"] == "done"] == [("done", "contact")]
    assert log[0]["outcome"] == "denied"


def test_the_text_of_a_note_is_read_for_a_purpose(house, desk):
    ticket = desk.ticket()
    desk.do(ticket, "note", text=f"{CANARIES['name']}不在家")
    masked = desk.get(f"tickets/{ticket}/timeline").json()["events"]
    assert [event["text"] for event in masked if event["kind"] == "noted"] == ["•••"]
    shown = desk.get(f"tickets/{ticket}/timeline", params={"purpose": "visit"}).json()["events"]
    assert [event["text"] for event in shown if event["kind"] == "noted"] == [f"{CANARIES['name']}不在家"]
    problem(house.desk("小杨").get(f"tickets/{ticket}/timeline", params={"purpose": "visit"}), 403, "not_allowed")


def test_who_is_erased_is_gone_and_the_chain_stays_whole(new_house):
    root = new_house.as_(new_house.token("小王", ADMIN, everywhere=""))
    ticket = root.ticket()
    root.do(ticket, "note", text=f"{CANARIES['name']}来过")
    assert root.post("erasures", {"ticket": ticket}).json()["erased"] == 4
    answer = root.post(f"tickets/{ticket}/reveal", {"fact": "phone", "purpose": "subject"})
    assert answer.json()["value"] is None
    assert root.call("GET", "/api/v1/audit/verify").json() == {"whole": True, "damages": []}
    new_house.daemon.database.close()
    for file in new_house.daemon.config.data.iterdir():
        if file.is_file():
            for canary in CANARIES.values():
                assert canary.encode() not in file.read_bytes(), file.name


def test_the_tickets_of_a_duty_open_by_themselves_and_not_by_hand(desk):
    refused = problem(desk.open("induction", facts={"name": "新人"}), 409, "duty")
    assert refused["detail"] == "“入职培训与考核”是例行工作，到时自动开单"
    assert "induction" not in [one["category"]["id"] for one in desk.get("categories").json()["categories"]]


# ---- evidence --------------------------------------------------------------------------------------------------------


def test_a_file_is_kept_by_what_is_in_it_and_served_as_what_it_is(house, desk, root):
    sent = desk.call("POST", "evidence", content=PNG)
    assert sent.status_code == 201, sent.text
    id = hashlib.sha256(PNG).hexdigest()
    assert sent.json() == {"evidence": id, "type": "image/png", "size": len(PNG)}
    assert desk.call("POST", "evidence", content=PNG).json()["evidence"] == id
    got = desk.get(f"evidence/{id}")
    assert got.content == PNG
    assert got.headers["Content-Type"] == "image/png"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    problem(root.get(f"evidence/{id}", site="cloud-park"), 404, "no_evidence")
    problem(desk.get("evidence/..%2F..%2Fhuiyin.db"), 404, "not_found")
    problem(desk.get("evidence/x"), 404, "no_evidence")


@pytest.mark.parametrize("start", [b"<html><script>", b"<svg xmlns=", b"GIF89a", b"MZ", b"\0\0\0\x18ftypqt  "])
def test_a_file_of_another_type_is_not_kept(desk, start):
    problem(
        desk.call("POST", "evidence", content=start + b"\0" * 50, headers={"Content-Type": "image/png"}),
        415,
        "file_type",
    )


def test_a_file_that_is_too_large_or_empty_is_not_kept(desk):
    problem(desk.call("POST", "evidence", content=PNG + b"\0" * (10 << 20)), 413, "too_large")
    problem(desk.call("POST", "evidence", content=iter([PNG, b"\0" * (10 << 20)])), 413, "too_large")
    problem(desk.call("POST", "evidence", content=b""), 422, "file_empty")


def test_a_file_that_was_altered_is_not_served(house, desk):
    data = b"%PDF-1.7 \xe8\xaf\x81\xe6\x8d\xae"
    id = desk.call("POST", "evidence", content=data).json()["evidence"]
    (house.daemon.config.data / "evidence" / "lakeside" / id[:2] / id).write_bytes(data + b"!")
    answer = desk.get(f"evidence/{id}")
    problem(answer, 503, "store")
    assert answer.headers["Retry-After"]


# ---- status links ----------------------------------------------------------------------------------------------------


def test_a_resident_sees_how_his_ticket_stands_and_nothing_else(house, desk):
    ticket = desk.ticket()
    made = desk.post(f"tickets/{ticket}/link").json()
    assert made["url"].endswith(f"/s/{made['code']}")
    resident = house.as_(None)
    seen = resident.call("GET", f"/api/v1/status/{made['code']}")
    assert seen.json()["ticket"] == ticket
    assert seen.json()["state"]["title"] == "已登记"
    for canary in (*CANARIES.values(), "小李"):
        assert canary not in seen.text
    problem(
        resident.get(f"tickets/{ticket}", headers={"Authorization": f"Bearer {made['code']}"}), 401, "token_malformed"
    )
    problem(resident.call("GET", "/api/v1/status/nonsense"), 404, "link_ended")
    assert desk.call("DELETE", f"tickets/{ticket}/link").status_code == 204
    problem(resident.call("GET", f"/api/v1/status/{made['code']}"), 404, "link_ended")


# ---- messages --------------------------------------------------------------------------------------------------------


def test_messages_are_listed_given_up_and_sent_again(new_house):
    operator = new_house.as_(new_house.token("小王", f"{ADMIN} outbox:manage", everywhere=""))
    operator.ticket()
    operator.ticket()
    new_house.pass_time(3600)
    while new_house.daemon.postman.release(new_house.clock()):
        pass
    found = operator.get("outbox").json()["messages"]
    assert found
    assert {one["state"] for one in found} <= {"pending", "merged"}
    seq = next(one["seq"] for one in found if one["state"] == "pending")
    assert operator.post("outbox/discard", {"messages": [seq], "reason": "演练"}).json() == {"discarded": 1}
    dead = operator.get("outbox", params={"state": "discarded"}).json()["messages"]
    assert [(one["seq"], one["reason"]) for one in dead if one["seq"] == seq] == [(seq, "演练")]
    assert operator.post("outbox/retry", {"messages": [seq]}).json() == {"retried": 1}
    said = problem(operator.post("outbox/retry", {"messages": [seq]}), 409, "not_given_up")["detail"]
    assert said.endswith(f"消息 {seq} 的状态为 pending")
    problem(operator.post("outbox/retry", {"messages": [seq]}, site="cloud-park"), 404, "no_message")
    problem(operator.post("outbox/retry", {"messages": []}), 422, "invalid")
    assert operator.get("outbox", params={"limit": 1}).json()["next"]
    for canary in CANARIES.values():
        assert canary not in operator.get("outbox").text


# ---- the daemon itself -----------------------------------------------------------------------------------------------


def test_a_clock_that_was_set_is_accepted(house, root):
    house.clock.held = 900
    assert root.call("GET", "/api/v1/clock").json()["held"] == 900
    assert root.call("POST", "/api/v1/clock/accept", json={}).json()["accepted"] == 900
    assert house.clock.held == 0


def test_accounts_are_made_changed_and_disabled(house, root):
    make = {"name": "Ming", "person": "小明", "password": GOOD, "sites": {"lakeside": ["front_desk"]}}
    made = root.call("POST", "/api/v1/accounts", json=make)
    assert made.status_code == 201, made.text
    assert made.json()["name"] == "ming"
    assert GOOD not in made.text
    assert "argon2" not in root.call("GET", "/api/v1/accounts").text
    problem(root.call("POST", "/api/v1/accounts", json=make), 409, "name_taken")
    problem(
        root.call("POST", "/api/v1/accounts", json={**make, "name": "x", "password": "short"}), 422, "password_short"
    )
    off = {"person": "小明", "sites": {}, "disabled": True}
    assert root.call("PUT", "/api/v1/accounts/ming", json=off).json()["disabled"] is True
    problem(root.call("PUT", "/api/v1/accounts/nobody", json=off), 404, "account_unknown")


def test_tokens_are_made_and_their_secret_is_shown_once(house, root):
    make = {
        "name": "电话系统",
        "scopes": ["ticket:write"],
        "sites": {"lakeside": []},
        "expires_at": house.clock() + 86400,
    }
    made = root.call("POST", "/api/v1/tokens", json=make)
    assert made.status_code == 201, made.text
    assert house.as_(made.json()["text"]).ticket()
    listed = root.call("GET", "/api/v1/tokens")
    assert made.json()["text"][12:] not in listed.text
    assert made.json()["id"] in [one["id"] for one in listed.json()["tokens"]]
    problem(root.call("POST", "/api/v1/tokens", json={**make, "scopes": ["everything"]}), 422, "scope_unknown")
    problem(root.call("POST", "/api/v1/tokens", json={**make, "expires_at": 1}), 422, "token_expiry")
    problem(root.call("DELETE", "/api/v1/tokens/00000000"), 404, "token_not_found")


def test_as_many_calls_are_worked_on_at_once_as_share_a_commit(new_house):
    with listening(new_house.app) as url, httpx.Client(base_url=url, headers=new_house.desk("小李").headers) as client:
        assert client.get("/api/v1/sites").status_code == 200
        barrier = Barrier(THREADS)
        store = new_house.daemon.engine.services["lakeside"].store
        plain = store.rows

        def together(query):
            barrier.wait(20)
            return plain(query)

        store.rows = together
        with ThreadPoolExecutor(THREADS) as pool:
            found = list(
                pool.map(lambda n: client.get("/api/v1/sites/lakeside/tickets", timeout=30).status_code, range(THREADS))
            )
    assert found == [200] * THREADS
