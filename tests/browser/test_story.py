"""The whole life of a ticket as people see it: on a desk, on a phone, on the wall, and by the resident's link."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone

import pytest

from engine.server import people
from engine.server.board import listing, outside
from engine.server.entry.access_log import Call
from engine.server.entry.accounts import Profile
from tests.browser.conftest import PHONE
from tests.server.doors import GOOD

pytestmark = pytest.mark.browser

CHINA = timezone(timedelta(hours=8))


def local(at):
    return datetime.fromtimestamp(at, CHINA).strftime("%Y-%m-%dT%H:%M:%S")


def test_a_ticket_from_the_call_to_the_answer(site, look):
    desk = look("li")
    assert "一切安好" in desk.text()
    desk.picture("01-quiet-board")

    # opened at the desk
    desk.go("/board/bridge/intake/repair")
    for name, text in {"name": "王女士", "unit": "3-2-1101", "phone": "13800000001", "matter": "厨房水管爆裂"}.items():
        desk.fill(f"f-{name}", text)
    desk.fill("f-fault", "leak")
    desk.picture("02-intake")
    desk.send(".intake-form button.main")
    ticket = desk.text(".big")
    assert "受理" in desk.text(".promises")
    desk.send("main form button")
    link = desk.text(".link a")
    desk.picture("03-promised")
    resident = look(None, PHONE)
    resident.driver.get(link)
    assert "已登记" in resident.text(".standing")

    # dispatched; another desk sees it without loading anything
    manager = look("chen")
    manager.go("/board/bridge")
    manager.wait(lambda: manager.one(".live").is_displayed())
    desk.go(f"/board/bridge/ticket/{ticket}")
    site.clock.at += 60
    desk.move("dispatch", assignee="老张")
    assert "处理中" in desk.text(".head")
    manager.wait(lambda: "老张" in manager.text(f'[data-ticket="{ticket}"]'))
    assert "还剩" in manager.text(f'[data-ticket="{ticket}"] .due')

    # breached on a short limit
    site.pass_time(62)
    row = f'[data-ticket="{ticket}"]'
    manager.wait(lambda: "已超期" in manager.text(row))
    assert "is-breached" in manager.attribute(row, "class")
    assert manager.text(".count.is-breached b") == "1"
    manager.picture("04-breached")

    # escalated
    site.pass_time(10 * 60)
    manager.go(f"/board/bridge/ticket/{ticket}")
    assert "已升级" in manager.text(".head")
    assert "告知项目经理" in manager.text(".history")
    assert re.search(r"escalations\.urgent\.higher\s+bridge\.yaml:\d+", manager.text(".history"))
    manager.picture("05-escalated")

    # reported late, from the phone: he had been there half a minute after he was sent
    phone = look("zhang", PHONE)
    phone.go(f"/board/bridge/ticket/{ticket}")
    phone.move("arrive", occurred_at=local(site.clock.at - 10 * 60 - 32))
    assert "补报" in phone.text(".history") or "发生于" in phone.text(".history")
    phone.click(".ended > summary")
    assert "按时完成" in phone.text(".ended")
    phone.picture("06-reported-late")
    site.pass_time(20 * 60)
    phone.go(f"/board/bridge/ticket/{ticket}")
    phone.move("resolve", outcome="solved", result="更换角阀")
    assert "已办结待回访" in phone.text(".head")

    # followed up, dissatisfied, worked on again
    agent = look("zhao")
    agent.go(f"/board/bridge/ticket/{ticket}")
    agent.move("dissatisfied", followup_by="phone", score="40", reason="仍有渗漏")
    assert "第 2 轮" in agent.text(".head")
    agent.picture("07-round-two")
    resident.driver.refresh()
    assert "第 2 次" in resident.text()
    site.pass_time(30)
    phone.go(f"/board/bridge/ticket/{ticket}")
    phone.move("arrive")
    site.pass_time(600)
    phone.go(f"/board/bridge/ticket/{ticket}")
    phone.move("resolve", outcome="solved", result="更换水管")

    # closed; who looked at it meanwhile is told that it changed
    manager.sign_in("chen")
    manager.go(f"/board/bridge/ticket/{ticket}")
    assert not manager.one("#changed a").is_displayed()
    agent.go(f"/board/bridge/ticket/{ticket}")
    agent.move("satisfied", followup_by="phone", score="95")
    assert "已闭环" in agent.text(".head")
    agent.picture("08-closed")
    resident.driver.refresh()
    assert "已闭环" in resident.text(".standing")
    resident.picture("09-resident")
    manager.wait(lambda: manager.one("#changed a").is_displayed())
    manager.go("/board/bridge")
    assert ticket not in manager.text("#tickets")
    for eyes in (desk, manager, phone, agent, resident):
        assert eyes.complaints() == []


def test_a_countdown_counts_and_a_line_that_is_new_comes_by_itself(site, look):
    eyes = look("li")
    eyes.go("/board/bridge")
    eyes.wait(lambda: eyes.one(".live").is_displayed())
    made = _opened(site)
    row = f'[data-ticket="{made}"]'
    eyes.wait(lambda: eyes.all(row))
    first = eyes.text(f"{row} .away")
    eyes.wait(lambda: eyes.text(f"{row} .away") != first)
    assert eyes.driver.execute_script("return document.getElementById('told').textContent").endswith(made)


def _opened(site, matter="装修备案"):
    from engine.runtime import Done, Door

    given = {"category": "enquiry", "name": "陈先生", "unit": "1-1-101", "phone": "13800000002", "matter": matter}
    done = site.service.open(Door(site.service).request(site.clock.at, "", "小李", "open", given))
    assert isinstance(done, Done)
    return done.family.id


def test_the_board_is_used_without_a_mouse(site, look):
    ticket = _opened(site)
    eyes = look("li")
    eyes.go("/board/bridge")
    from selenium.webdriver import ActionChains, Keys

    ActionChains(eyes.driver).send_keys(Keys.TAB, Keys.ENTER).perform()
    assert eyes.driver.switch_to.active_element.get_attribute("id") == "main"
    for _ in range(30):
        ActionChains(eyes.driver).send_keys(Keys.TAB).perform()
        focused = eyes.driver.switch_to.active_element
        if focused.get_attribute("class") == "whole":
            break
    ActionChains(eyes.driver).send_keys(Keys.ENTER).perform()
    eyes.wait(lambda: ticket in eyes.driver.current_url)


def test_what_depends_on_another_answer_is_asked_only_then(site, look):
    eyes = look("li")
    eyes.go("/board/bridge/intake/complaint")
    assert not eyes.one(".guide").is_displayed()
    eyes.fill("f-agitated", "yes")
    assert eyes.one(".guide").is_displayed()


def test_a_customer_who_was_found_is_filled_into_the_form(site, look):
    people.import_list(
        site.daemon, "bridge", "units.csv", "房号,客户,电话\n3-2-1101,王女士,138 0000 0101 / 0571-88880101\n".encode()
    )
    eyes = look("li")
    from selenium.webdriver.common.keys import Keys

    eyes.go("/board/bridge/intake/complaint")
    eyes.fill("f-matter", "楼上漏水")
    eyes.one("[name=customer]").send_keys("0101", Keys.ENTER)
    eyes.wait(lambda: eyes.one(".customer"))
    assert eyes.one("[name=f-matter]").get_property("value") == "楼上漏水"
    eyes.click(".customer button")
    filled = {name: eyes.one(f"[name=f-{name}]").get_property("value") for name in ("name", "unit", "phone")}
    assert filled == {"name": "王女士", "unit": "3-2-1101", "phone": "138 0000 0101"}


def test_a_customer_is_looked_for_above_the_form_on_a_phone_and_beside_it_at_a_desk(site, look):
    def places(eyes):
        eyes.go("/board/bridge/intake/repair")
        return eyes.one(".before").rect, eyes.one(".intake-form").rect

    search, form = places(look("li", PHONE))
    assert search["y"] + search["height"] <= form["y"]
    search, form = places(look("li"))
    assert search["x"] >= form["x"] + form["width"]
    assert search["y"] < form["y"] + form["height"]


def test_a_word_without_an_end_is_broken_on_a_phone(site, look):
    ticket = _opened(site, "NOISE" * 60)
    eyes = look("chen", PHONE)
    for page in ("", f"/ticket/{ticket}"):
        eyes.go(f"/board/bridge{page}")
        assert eyes.driver.execute_script("return document.documentElement.scrollWidth") == PHONE[0]


def test_all_that_a_wall_says_stands_on_its_screen(site, look):
    for _ in range(12):
        _opened(site)
    eyes = look("chen")
    eyes.go("/wall/bridge")
    assert "另有 2 项" in eyes.text()
    _assert_stands_on_its_screen(eyes)


def test_a_line_of_a_wall_is_one_line_whatever_its_words(site, look):
    for _ in range(12):
        _opened(site)
    site.pass_time(30 * 86400)
    eyes = look("chen")
    eyes.go("/language/en?next=/wall/bridge")
    assert "Nobody told any more" in eyes.text(".wall-lines")
    _assert_stands_on_its_screen(eyes)
    out = "return [...document.querySelectorAll('.wall-lines div')].filter(e => e.scrollWidth > e.clientWidth).length"
    assert eyes.driver.execute_script(out) == 0


def _assert_stands_on_its_screen(eyes):
    for size in ((1920, 1080), (1440, 900), (1366, 768)):
        eyes.resize(size)
        assert eyes.driver.execute_script("return document.documentElement.scrollHeight") == size[1]


def test_a_wall_says_when_it_cannot_be_read_anew_and_goes_on_by_itself(site, look, monkeypatch):
    monkeypatch.setattr(outside, "WALL_EVERY", 0.2)
    eyes = look("chen")
    eyes.go("/wall/bridge")
    made = _opened(site)
    eyes.wait(lambda: made in eyes.text(".wall-lines"))
    assert not eyes.one(".wall-top .live").is_displayed()
    eyes.connect(False)
    eyes.wait(lambda: eyes.one(".wall-top .live").is_displayed())
    assert made in eyes.text(".wall-lines")
    eyes.connect(True)
    eyes.wait(lambda: not eyes.one(".wall-top .live").is_displayed())


def test_a_line_and_the_counts_above_it_change_together_however_slow_the_counts_come(site, look, monkeypatch):
    def late(*asked):
        time.sleep(0.5)
        return counts(*asked)

    eyes = look("chen")
    eyes.go("/board/bridge")
    eyes.wait(lambda: eyes.one(".live").is_displayed())
    counts = listing.counts
    monkeypatch.setattr(listing, "counts", late)
    made = _opened(site)
    eyes.wait(lambda: eyes.one(f'[data-ticket="{made}"]'))
    assert eyes.one(".count b").text == "1"


def test_why_a_due_is_then_fits_its_card(site, look):
    _opened(site)
    eyes = look("chen", PHONE)
    eyes.go("/board/bridge/ticket/bridge-1")
    eyes.click(".why > summary")
    assert eyes.one(".counted").is_displayed()
    assert eyes.driver.execute_script("return document.documentElement.scrollWidth") == PHONE[0]
    out = "return [...document.querySelectorAll('.why *')].filter(e => e.scrollWidth > e.clientWidth && e.clientWidth).length"
    assert eyes.driver.execute_script(out) == 0


def test_every_page_fits_a_phone_and_its_targets_can_be_hit(site, look):
    _opened(site)
    eyes = look("chen")
    small = """
        return [...document.querySelectorAll('a, button, summary, input:not([type=hidden]), select')]
          .filter(e => e.checkVisibility() && !e.closest('.skip, p:not(.side p, .more), td, dd > a, .event, pre') && !e.matches('.whole, .skip'))
          .filter(e => e.getBoundingClientRect().height < 43.5)
          .map(e => e.outerHTML.slice(0, 120))
    """
    for page in ("", "/intake", "/duties", "/figures", "/policy", "/ticket/bridge-1", "/handover"):
        eyes.go(f"/board/bridge{page}")
        eyes.picture(f"page{page.replace('/', '-')}")
        eyes.resize(PHONE)
        assert eyes.driver.execute_script(small) == [], page
    eyes.go("/wall/bridge")
    eyes.picture("wall")
    assert eyes.complaints() == []


def test_a_page_that_answered_a_form_is_loaded_anew_without_sending_it_again(site, look):
    site.gate.accounts.make(Call(site.clock(), "root"), "admin", Profile("陈经理", {"*": frozenset({"admin"})}), GOOD)
    eyes = look("admin")
    eyes.go("/tokens")
    eyes.fill("name", "大屏")
    eyes.fill("grants", "bridge: front_desk")
    eyes.click("[name='scope-ticket:read']")
    eyes.send("main form button.main")
    assert eyes.text(".token")
    eyes.driver.refresh()
    assert not eyes.all(".token")
    assert [token.name for token in site.gate.tokens.all()] == ["大屏"]
