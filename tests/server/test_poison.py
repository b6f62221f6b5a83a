"""One thing that is broken keeps nobody else: a damaged row, a policy that cannot be read any more, a text that cannot be
written. The others go on in the same round, and what is broken is told.
"""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from engine.notify import SENT, Secret, Webhook
from engine.notify.destinations import Endpoint
from engine.runtime import Entry, change_roster, index_of
from engine.server import Config
from engine.server.daemon import build
from engine.store import StoreError, revisions_of, verify
from tests.core.harness import HEAD, at
from tests.server.conftest import Clock, House, TestClient, problem
from tests.server.doors import GOOD

POLICY = (
    HEAD.replace("policy: test", "policy: garden")
    + """
facts: {matter: 事项}
categories: {matter: {title: 事项, workflow: flow, record: [(matter)]}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: desk}, done: {title: 完成, final: true}}
    moves: {finish: {title: 完成, from: todo, to: done}}
deadlines:
  finish: {title: 完成, of: matter, from: opened, until: finish, limit: 2 hours}
escalations:
  default: {due: {at: due, notify: owner, text: "{matter}超时"}}
"""
)
START = at("11-16 09:00")
HOUR = 3600
MANY = 20


class Channel:
    """Remembers what it was handed."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def __call__(self, letter, destination, *, addressee, now):
        self.texts[letter.data["ticket"]] = letter.text
        return SENT


@contextmanager
def garden(folder, now=START, sites=("garden",)):
    """A daemon that is started on a folder, without its threads."""
    hook = Webhook("hook", Endpoint("erp.example", 443, Secret("/")), (Secret(SECRET),))
    config = Config(
        folder / "data",
        tuple(folder / f"{site}.yaml" for site in sites),
        destinations={"hook": hook},
        routes={"*": dict.fromkeys(("console", ""), "hook")},
    )
    house = House(build(config, Clock(now), channel := Channel()), None)
    house.clock, house.channel = house.daemon.clock, channel
    house.service = house.daemon.engine.services.get("garden")
    try:
        yield house
    finally:
        house.client.close()
        house.daemon.database.close()


SECRET = "whsec_" + "A" * 43 + "="


def furnish(folder):
    """Tickets that are due in two hours; their ids."""
    write(folder, POLICY)
    with garden(folder) as house:
        change_roster(house.service, START, [Entry("小李", "desk"), Entry("老陈", "boss")])
        return opened(house, MANY)


def opened(house, many, site="garden"):
    desk = house.desk("小李", **{site: "desk"})
    answers = [
        desk.post("tickets", {"category": "matter", "facts": {"matter": "漏水"}}, site=site) for _ in range(many)
    ]
    return [answer.json()["ticket"]["ticket"] for answer in answers]


def write(folder, text, site="garden"):
    (folder / f"{site}.yaml").write_text(text, encoding="utf-8")


def damage(house, sql, *values):
    house.daemon.database.write(lambda connection: connection.execute(sql, values))


def breached(house):
    """The tickets whose breach is written down."""
    with house.daemon.database.read() as connection:
        rows = connection.execute("SELECT DISTINCT family FROM step WHERE body LIKE '%breached%'").fetchall()
    return {family for (family,) in rows}


def delivers(house):
    """One round of release; what is told late may wait some seconds for others."""
    house.daemon.postman.release(house.clock())
    house.clock.at += 5
    while leases := house.daemon.postman.claim(house.clock()):
        for lease in leases:
            house.daemon.postman.deliver(lease)


def metrics(house):
    token = house.token("", scopes="metrics:read", everywhere="")
    return house.client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text


def signed_in(house):
    page = TestClient(house.app, headers={"Accept-Language": "zh"}, raise_server_exceptions=False)
    page.post("/sign-in", data={"name": "lily", "password": GOOD})
    return page


def told(house):
    """What readiness, the auditor and metrics say."""
    house.daemon.auditor.look()
    parked = next(line for line in metrics(house).splitlines() if line.startswith("huiyin_families_parked{"))
    return float(parked.split()[1]), {trouble.what for trouble in house.daemon.auditor.troubles.values()}


@pytest.mark.parametrize(
    "how", ["body = '{'", "body = replace(body, '漏水', '漏电')", "hash = zeroblob(32)", "number = 7"],
    ids=["no JSON", "edited", "another hash", "another number"],
)  # fmt: skip
def test_a_damaged_step_keeps_no_other_ticket(how, tmp_path):
    first, *others = furnish(tmp_path)
    with garden(tmp_path) as house:
        damage(house, f"UPDATE step SET {how} WHERE family = ?", first)
        desk = house.desk("小李", garden="desk")
        house.clock.at += 3 * HOUR
        house.daemon.engine.tick()
        assert breached(house) == set(others)  # after one round
        assert house.service.parked.keys() == {first}
        delivers(house)
        assert house.channel.texts.keys() == set(others)
        assert told(house) == (1, {"unreadable", "damage", "overdue"})
        assert house.client.get("/readyz").status_code == 200
        listed = desk.get("tickets", site="garden")
        assert {row["ticket"] for row in listed.json()["tickets"]} == {first, *others}
        shown = desk.get(f"tickets/{first}", site="garden")
        assert (shown.status_code, shown.json()["code"]) == (503, "store")
        assert desk.post(f"tickets/{others[0]}/moves", {"move": "finish"}, site="garden").status_code == 200
        assert house.gate.defects.count == 0


def test_what_is_parked_stays_parked_until_it_could_be_brought_up_to_date(tmp_path, caplog):
    first, second, *others = furnish(tmp_path)
    with garden(tmp_path) as house:
        damage(house, "UPDATE step SET body = '[' || body WHERE family IN (?, ?)", first, second)
        house.clock.at += 3 * HOUR
        parked = []
        for _ in range(8):  # each twenty seconds
            house.clock.at += 20
            house.daemon.engine.tick()
            parked.append(set(house.service.parked))
        assert parked == [{first, second}] * 8
        assert caplog.text.count("a ticket cannot be brought up to date") == 2
        damage(house, "UPDATE step SET body = substr(body, 2) WHERE family = ?", first)
        for _ in range(3):
            house.clock.at += 20
            house.daemon.engine.tick()
        assert house.service.parked.keys() == {second}
        assert breached(house) == {first, *others}


def test_a_policy_that_cannot_be_read_any_more_keeps_no_ticket_of_another(tmp_path):
    old = furnish(tmp_path)
    write(tmp_path, POLICY.replace("2 hours", "1 hour"))
    with garden(tmp_path) as house:
        new = opened(house, 5)
        damage(house, "UPDATE revision SET files = replace(files, 'categories:', 'katzen:') WHERE number = 1")
    with garden(tmp_path, START + 3 * HOUR) as house:
        desk = house.desk("小李", garden="desk")
        house.daemon.engine.tick()
        assert breached(house) == set(new)  # after one round
        assert house.service.parked.keys() == set(old)
        delivers(house)
        assert house.channel.texts.keys() == set(new)
        assert told(house) == (MANY, {"damage", "unreadable", "overdue"})
        assert len(opened(house, 2)) == 2
        listed = desk.get("tickets", site="garden")
        assert listed.status_code == 200, listed.text
        assert {row["ticket"] for row in listed.json()["tickets"]} >= {*old, *new}
        policies = desk.get("policies", site="garden").json()["policies"]
        assert [(one["damaged"], one["layers"]) for one in policies] == [(True, []), (False, ["garden"])]
        shown = desk.get(f"tickets/{old[0]}", site="garden")
        assert (shown.status_code, shown.json()["code"]) == (503, "store")
        assert house.gate.defects.count == 0


def test_new_days_reach_all_sites_though_a_ticket_is_damaged(tmp_path):
    first, *others = furnish(tmp_path)
    write(tmp_path, POLICY.replace("policy: garden", "policy: harbour"), "harbour")
    with garden(tmp_path, sites=("garden", "harbour")) as house:
        damage(house, "UPDATE step SET body = '{' WHERE family = ?", first)
        days = {"edition": "power", "days": [{"date": "2026-11-18", "isOffDay": True, "name": "停电"}]}
        chief = house.as_(house.token("老陈", scopes="admin", everywhere="boss"))
        assert chief.call("POST", "/api/v1/days", json=days).json()["sites"] == ["garden", "harbour"]
        assert {service.site.edition for service in house.daemon.engine.services.values()} == {"power"}
        assert {house.service.store.load(one).root.edition for one in others} == {"power"}
        assert house.service.parked.keys() == {first}


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_ticket_that_cannot_be_looked_at_keeps_no_other_from_migrating(dry_run, tmp_path):
    first, *others = furnish(tmp_path)
    with garden(tmp_path) as house:
        damage(house, "UPDATE step SET body = '{' WHERE family = ?", first)
        write(tmp_path, POLICY.replace("2 hours", "3 hours"))
        house.daemon.reload("chief")
        version = house.service.site.plan.version
        boss = house.as_(house.token("老陈", scopes="admin", garden="boss"))
        done = boss.post("policies/migrate", {"to": version, "dry_run": dry_run}, site="garden").json()
        assert (done["migrated"], done["stayed"]) == (len(others), 1)
        (stuck,) = [one for one in done["changes"] if one["refused"]]
        assert (stuck["ticket"], stuck["refused"]["code"]) == (first, "unreadable")
        plans = {one: house.service.store.row(one).plan for one in others}
        assert set(plans.values()) == ({stuck["plan"]} if dry_run else {version})
        assert house.gate.defects.count == 0


PARTS = (
    POLICY.replace("flow, record: [(matter)]}}", "flow, record: [(matter)]}, task: {title: 协办, workflow: small}}")
    .replace("moves: {finish:", "moves: {involve: {title: 协办, from: todo, opens: task}, finish:")
    .replace(
        "deadlines:",
        """  small:
    title: 协办
    initial: begun
    states: {begun: {title: 待办, owner: desk}, over: {title: 完成, final: true}}
    moves: {end: {title: 完成, from: begun, to: over}}
deadlines:
  end: {title: 协办, of: task, from: opened, until: end, limit: 1 hour}""",
    )
)


def test_a_closed_part_for_which_the_newest_plan_has_no_place_stands_on_its_pages(tmp_path):
    write(tmp_path, PARTS)
    with garden(tmp_path) as house:
        change_roster(house.service, START, [Entry("小李", "desk"), Entry("老陈", "boss")])
        house.account("lily", garden="desk")
        desk, page = house.desk("小李", garden="desk"), signed_in(house)
        (ticket,) = opened(house, 1)
        for one, move in ((ticket, "involve"), (f"{ticket}.1", "end")):
            assert desk.post(f"tickets/{one}/moves", {"move": move}, site="garden").status_code == 200
        write(tmp_path, PARTS.replace("task", "errand").replace("end:", "ends:").replace("until: end,", "until: ends,"))
        house.daemon.reload("chief")
        chief = house.as_(house.token("老陈", scopes="admin", garden="boss"))
        to = house.service.site.plan.version
        assert chief.post("policies/migrate", {"to": to, "dry_run": False}, site="garden").json()["migrated"] == 1
        for one in (ticket, f"{ticket}.1"):
            assert "协办" in page.get(f"/board/garden/ticket/{one}").text
            for what in ("", "/timeline", "/moves"):
                assert desk.get(f"tickets/{one}{what}", site="garden").status_code == 200

        assert house.gate.defects.count == 0
        assert told(house) == (0, set())


FIGURES = """
figures:
  volume: {title: 受理量, of: matter, count: opened}
reports:
  daily: {title: 日报, every: day, to: [boss], figures: [volume]}
"""


def test_figures_and_reports_are_found_from_what_can_be_read_and_say_what_could_not(tmp_path):
    write(tmp_path, POLICY + FIGURES)
    with garden(tmp_path) as house:
        change_roster(house.service, START, [Entry("小李", "desk"), Entry("老陈", "boss")])
        first, second, *_ = opened(house, 5)
        house.account("lily", garden="desk figures:read")
        desk, page = house.desk("小李", garden="desk"), signed_in(house)

        def figures():
            house.clock.at += 60
            answer = desk.get("figures", site="garden")
            assert answer.status_code == 200, answer.text
            (one,) = answer.json()["figures"]
            return one["n"], answer.json()["unread"]

        assert figures() == (5, {"count": 0, "tickets": []})
        assert "无法读取" not in page.get("/board/garden/figures").text
        house.daemon.engine.tick()
        damage(house, "UPDATE family SET head = zeroblob(32) WHERE id IN (?, ?)", first, second)
        assert figures() == (3, {"count": 2, "tickets": [first, second]})
        shown = page.get("/board/garden/figures")
        assert f"有 2 件工单无法读取，未计入：{first}、{second}" in shown.text
        assert "huiyin audit verify" in shown.text
        assert first in page.get("/board/garden/figures/2026-11.csv").text.splitlines()[-1]
        assert page.get("/board/garden/figures/2026-11.xlsx").status_code == 200
        assert 'huiyin_figures_unread{site="garden"} 2.0' in metrics(house)
        house.clock.at += 24 * HOUR
        house.daemon.engine.tick()
        assert not house.daemon.engine.beat.failing  # a report that falls due stops no timer of the others
        reports = house.service.store.site_events("reported")
        assert [report.data.get("unread", []) for report in reports] == [[], (first, second)]
        assert len(breached(house)) == 3
        assert house.gate.defects.count == 0


def test_a_store_that_cannot_be_read_makes_no_figures_of_nothing(tmp_path, monkeypatch):
    write(tmp_path, POLICY + FIGURES)
    with garden(tmp_path) as house:
        change_roster(house.service, START, [Entry("小李", "desk"), Entry("老陈", "boss")])
        opened(house, 2)
        desk = house.desk("小李", garden="desk")

        def fails(*_):
            raise StoreError("huiyin.db cannot be read: disk I/O error")

        monkeypatch.setattr(house.service.store, "steps", fails)
        monkeypatch.setattr(house.service.store, "site_events", fails)
        problem(desk.get("figures", site="garden"), 503, "store")


@pytest.mark.parametrize(
    "how",
    ["opened = 9e18", "due = -9e18", "due = 9e18, opened = -9e18", "closed = 9e18", "links = '{'", "category = 'x'"],
)
def test_a_row_that_no_ticket_can_have_keeps_no_list_from_being_shown(how, tmp_path):
    first, *others = furnish(tmp_path)
    with garden(tmp_path) as house:
        house.account("lily", garden="desk")
        damage(house, f"UPDATE ticket SET {how} WHERE ticket = ?", first)
        desk, page = house.desk("小李", garden="desk"), signed_in(house)
        seen, after = [], ""
        while after is not None:
            answer = desk.get(f"tickets?limit=7{after and f'&after={after}'}", site="garden")
            assert answer.status_code == 200, answer.text
            seen += [row["ticket"] for row in answer.json()["tickets"]]
            after = answer.json()["next"]
        assert sorted(seen) == sorted([first, *others])
        for shown in ("?show=closed", "?show=soon", "?show=overdue", "", f"?q={first}"):
            assert page.get(f"/board/garden{shown}").status_code == 200
        assert page.get(f"/board/garden/ticket/{first}").status_code == 200
        house.clock.at += 60
        house.daemon.auditor.look()
        assert not index_of(house.service.site, house.service.store, first).wrong
        assert house.gate.defects.count == 0


@pytest.mark.parametrize(
    ("how", "back", "said"),
    [
        ("replace(body, '{', '[{')", "replace(body, '[{', '{')", "SiteEvent cannot be read"),
        ("replace(body, 'gone', 'went')", "replace(body, 'went', 'gone')", "KeyError"),
    ],
    ids=["no JSON", "edited"],
)
def test_a_damaged_event_in_the_stream_of_a_site_keeps_only_that_site(how, back, said, tmp_path):
    both = ("garden", "harbour")
    for site in both:
        write(tmp_path, POLICY.replace("policy: garden", f"policy: {site}"), site)
    with garden(tmp_path, sites=both) as house:
        for service in house.daemon.engine.services.values():
            change_roster(service, START, [Entry("小李", "desk"), Entry("老陈", "boss")])
        own, others = opened(house, 3), opened(house, 3, "harbour")
        house.daemon.engine.tick()
        house.account("lily", garden="desk", harbour="desk")
        token = house.token("小李", garden="desk", harbour="desk")
        where = "WHERE site = 'garden' AND kind = 'roster_changed'"
        damage(house, f"UPDATE site_event SET body = {how} {where}")
    with garden(tmp_path, START + 3 * HOUR, both) as house:
        assert house.client.get("/readyz").status_code == 503  # before the first round, and after it
        house.daemon.engine.tick()
        assert breached(house) == set(others)
        delivers(house)
        assert house.channel.texts.keys() == set(others)
        (cause,) = house.client.get("/readyz").json()["causes"]
        assert cause["what"] == "site"
        assert cause["why"].startswith("garden: it cannot be opened: ")
        assert said in cause["why"]
        assert "huiyin audit verify" in cause["why"]
        desk = house.as_(token)
        problem(desk.get("tickets", site="garden"), 503, "store")
        problem(desk.post("tickets", {"category": "matter"}, site="garden"), 503, "store")
        assert desk.get("tickets", site="harbour").status_code == 200
        known = desk.get("/api/v1/sites").json()
        assert [one["site"] for one in known["sites"]] == ["harbour"]
        assert [one["site"] for one in known["shut"]] == ["garden"]
        assert known["shut"][0]["zh"].startswith("无法打开：")
        assert f"garden: {known['shut'][0]['why']}" == cause["why"]
        assert house.as_(house.token(harbour="desk")).get("/api/v1/sites").json()["shut"] == []
        assert 'huiyin_site_failing{site="garden"} 1.0' in metrics(house)
        page = signed_in(house)
        assert "未运行" in page.get("/").text
        assert page.get("/board/garden").status_code == 503
        assert "项目“garden”未能运行" in page.get("/board/garden").text
        assert page.get("/board/harbour").status_code == 200
        assert house.gate.defects.count == 0

        damage(house, f"UPDATE site_event SET body = {back} {where}")
        house.clock.at += 60
        house.daemon.engine.tick()
        assert house.client.get("/readyz").status_code == 200
        assert breached(house) == {*own, *others}
        assert page.get("/board/garden").status_code == 200
        service = house.daemon.engine.services["garden"]
        assert service.downtime(START, START + 4 * HOUR) >= 3 * HOUR - 60


def test_a_damaged_revision_keeps_its_tickets_and_the_newest_its_site(tmp_path):
    both = ("garden", "harbour")
    for site in both:
        write(tmp_path, POLICY.replace("policy: garden", f"policy: {site}"), site)
    with garden(tmp_path, sites=both) as house:
        change_roster(house.service, START, [Entry("小李", "desk"), Entry("老陈", "boss")])
        old = opened(house, 2)
    write(tmp_path, POLICY.replace("2 hours", "1 hour"))
    with garden(tmp_path, sites=both) as house:
        new = opened(house, 2)
        damage(house, "UPDATE revision SET files = '{' WHERE site = 'garden' AND number = 1")
    with garden(tmp_path, START + 3 * HOUR, both) as house:
        house.daemon.engine.tick()
        assert breached(house) == set(new)
        assert house.service.parked == dict.fromkeys(old, "revision 1 of garden is damaged")
        desk = house.desk("小李", garden="desk", harbour="desk")
        assert len(desk.get("tickets", site="garden").json()["tickets"]) == 4
        damage(house, "UPDATE revision SET files = '{' WHERE site = 'garden' AND number = 2")
    with garden(tmp_path, START + 4 * HOUR, both) as house:
        house.daemon.engine.tick()
        assert house.daemon.engine.services.keys() == {"harbour"}
        (cause,) = house.client.get("/readyz").json()["causes"]
        assert cause["why"].startswith("garden: it cannot be opened: revision 2 of garden is damaged")


def test_what_a_site_that_does_not_run_is_to_be_told_reaches_all_or_none(tmp_path):
    both = ("garden", "harbour")
    for site in both:
        write(tmp_path, POLICY.replace("policy: garden", f"policy: {site}"), site)
    with garden(tmp_path, sites=both) as house:
        damage(house, "UPDATE site_event SET body = '{' WHERE site = 'garden'")
    with garden(tmp_path, START + 60, both) as house:
        with pytest.raises(StoreError, match="garden does not run"):
            house.daemon.publish_days("power", {"days": [{"name": "停电", "date": "2026-11-17", "isOffDay": True}]})
        assert "power" not in house.daemon.engine.services["harbour"].site.plan.editions
        write(tmp_path, POLICY.replace("policy: garden", "policy: garden").replace("2 hours", "1 hour"))
        assert "garden does not run" in str(house.daemon.reload("chief")["garden"])
        assert [one.number for one in revisions_of(house.daemon.database, "garden")] == [1]


def test_a_text_that_cannot_be_written_keeps_no_other_letter(tmp_path):
    first, second, *others = furnish(tmp_path)
    with garden(tmp_path) as house:
        house.clock.at += 3 * HOUR
        house.daemon.engine.tick()
        damage(house, "UPDATE message SET body = '{' WHERE ticket = ?", first)
        wrong = "{nobody} {matter.__class__} {0} { {{matter}} }"
        damage(house, "UPDATE message SET body = replace(body, '{matter}超时', ?) WHERE ticket = ?", wrong, second)
        delivers(house)
        assert house.channel.texts.keys() == {second, *others}
        assert "{nobody?} {matter.__class__?} {0?} { {漏水} }" in house.channel.texts[second]
        house.clock.at += 60
        delivers(house)
        with house.daemon.database.read() as connection:
            dead = connection.execute(
                "SELECT ticket, state FROM outbox JOIN message ON seq = message WHERE state = 'dead'"
            )
            assert dead.fetchall() == [(first, "dead")]


def test_a_full_disk_is_told_loses_nothing_and_all_goes_on_when_there_is_room(tmp_path):
    tickets = furnish(tmp_path)
    with garden(tmp_path) as house:
        desk = house.desk("小李", garden="desk")
        room = "PRAGMA max_page_count"
        with house.daemon.database.read() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
        damage(house, f"{room} = {pages}")
        keys, refused = iter(range(1000)), None
        while refused is None:
            key = {"Idempotency-Key": f"k{next(keys)}"}
            body = {"category": "matter", "facts": {"matter": "漏水" * 200}}
            answer = desk.post("tickets", body, site="garden", headers=key)
            refused = answer if answer.status_code != 201 else None
        assert (refused.status_code, refused.json()["code"]) == (503, "store")
        house.clock.at += 3 * HOUR
        house.daemon.engine.tick()
        assert house.client.get("/readyz").status_code == 503
        damage(house, f"{room} = 1000000")
        house.clock.at += 60  # until what could not be done is tried again
        house.daemon.engine.tick()
        house.daemon.auditor.look()
        assert house.client.get("/readyz").status_code == 200
        again = desk.post("tickets", body, site="garden", headers=key)
        assert again.status_code == 201
        assert breached(house) >= set(tickets)
        assert verify(house.daemon.database) == []
        assert house.gate.defects.count == 0
