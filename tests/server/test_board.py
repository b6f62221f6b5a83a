"""What the pages of the board promise: to browsers, to people, and to those whose data must not be seen."""

from __future__ import annotations

import asyncio
import csv
import re
import string
from fractions import Fraction
from html import unescape
from io import BytesIO, StringIO
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from openpyxl import load_workbook

from engine.core import FigureValue, Period, Rule, measures
from engine.core.events import Noted
from engine.core.plan import State, Workflow
from engine.policy import REASONS, Section, Table, promise
from engine.runtime import Door, Entry, change_roster
from engine.server import people
from engine.server.board import drawing, figures, forms, lines, lists
from engine.server.board.administration import read_grants
from engine.server.board.desk import HERE, make_templates
from engine.server.board.entrance import inside
from engine.server.board.moments import Moments
from engine.server.board.words import WORDS
from engine.server.entry.access_log import EVERYTHING
from engine.server.entry.accounts import Profile
from engine.server.live import Change, Live
from engine.store import Query, StoreError
from engine.store.tables.evidence import Evidence
from tests.server.conftest import CANARIES, CHINA, REPAIR, STAFF, START
from tests.server.doors import GOOD

PAGES = (
    "/sign-in", "/", "/board/lakeside", "/board/lakeside?show=closed", "/board/lakeside/intake",
    "/board/lakeside/intake/repair", "/board/lakeside/intake/complaint", "/board/lakeside/duties",
    "/board/lakeside/duties?span=week", "/board/lakeside/handover", "/board/lakeside/figures", "/board/lakeside/policy",
    "/board/cloud-park/handover", "/board/cloud-park/policy", "/wall/lakeside", "/board/nowhere", "/s/nothing",
    "/accounts", "/account", "/tokens", "/board/lakeside/people", "/board/lakeside/ticket/none", "/static/none", "/board/lakeside/figures?month=soon",
)  # fmt: skip


class Browser:
    """A browser without JavaScript: it follows, keeps cookies, and fills in the forms that a page has."""

    def __init__(self, house, name=None):
        from fastapi.testclient import TestClient

        self.client = TestClient(house.app, raise_server_exceptions=False)
        if name is not None:
            self.sign_in(name)

    def sign_in(self, name, password=GOOD):
        return self.client.post("/sign-in", data={"name": name, "password": password, "next": "/"})

    def get(self, path, **more):
        return self.client.get(path, **more)

    def post(self, page, path, /, **fields):
        """Send a form of a page; its hidden fields are as the page has them, unless named."""
        text = self.get(page).text
        token = re.search(r'name="form" value="(\w+)"', text)
        version = re.search(r'name="version" value="(\d+)"', text)
        hidden = {"form": token[1] if token else "", "version": version[1] if version else ""}
        return self.client.post(path, data={**hidden, **fields})

    def move(self, ticket, move, **answers):
        page = f"/board/lakeside/ticket/{quote(ticket)}"
        return self.post(page, page, move=move, **{f"f-{name}": value for name, value in answers.items()})

    def open(self, category="repair", facts=None):
        page = f"/board/lakeside/intake/{category}"
        answer = self.post(page, page, **{f"f-{name}": value for name, value in (facts or REPAIR).items()})
        assert answer.status_code == 200, text_of(answer)
        return re.search(r'class="big number">([^<]+)<', answer.text)[1]


def text_of(answer):
    return unescape(re.sub(r"<[^>]+>", " ", answer.text))


@pytest.fixture(scope="module")
def desk(house):
    house.account("li", "小李", lakeside="front_desk")
    return Browser(house, "li")


@pytest.fixture(scope="module")
def lead(house):
    house.account("wang", "小王", lakeside="supervisor")
    return Browser(house, "wang")


@pytest.fixture(scope="module")
def root(house):
    house.account("root", "陈经理", everywhere="admin site_manager")
    return Browser(house, "root")


# ---- what every page has ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_headers_and_nothing_inline(root, path):
    answer = root.get(path)
    assert answer.status_code < 500
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert "<style" not in answer.text
    assert not re.search(r"<[^>]+\s(style|on\w+)=", answer.text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", answer.text))
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', answer.text)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_in_both_languages(root, path, lang):
    answer = root.get(path + ("&" if "?" in path else "?") + f"lang={lang}")
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in answer.text
    assert answer.text.count("<h1") == 1
    assert '<main id="main"' in answer.text


def test_every_word_is_there_in_both_languages_with_the_same_places_to_fill_in():
    for name, words in WORDS.items():
        assert all(text.strip() for text in words), name
        places = [{field for _, field, _, _ in string.Formatter().parse(text) if field} for text in words]
        assert places[0] == places[1], name


def test_templates_ask_for_words_that_there_are():
    asked = {
        name
        for page in (HERE / "templates").glob("*.html")
        for name in re.findall(r"\bt\(\"(\w+)\"[),]", page.read_text("utf-8"))
    }
    assert asked
    assert asked <= set(WORDS)


def test_an_address_that_has_nothing_is_a_page_to_a_browser_and_json_to_a_program(root):
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for method, path, status in [
        ("GET", "/board/lakeside/nowhere", 404),
        ("GET", "/nowhere", 404),
        ("POST", "/board/lakeside", 405),
    ]:
        answer = root.client.request(method, path, headers=browser)
        assert answer.status_code == status
        assert 'class="button" href="/"' in answer.text
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        plain = root.client.request(method, path)
        assert (plain.status_code, plain.headers["content-type"]) == (status, "application/json")
    assert root.client.post("/board/lakeside", headers=browser).headers["allow"] == "GET, HEAD"
    assert root.get("/api/v1/nowhere", headers=browser).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("lang", "word"), [("zh", "前台"), ("en", "front desk")])
def test_a_dead_link_tells_a_resident_what_to_do_and_leads_to_no_sign_in(house, lang, word):
    answer = Browser(house).get(f"/s/nothing?lang={lang}")
    assert answer.status_code == 404
    assert word in text_of(answer)
    assert 'href="/"' not in answer.text
    assert "/sign-in" not in answer.text


def test_who_looks_for_a_customer_keeps_what_was_typed(house, desk):
    people.import_list(house.daemon, "lakeside", "units.csv", "房号,客户,电话\n3-2-1101,王女士,13800000101\n".encode())
    page = "/board/lakeside/intake/repair"
    known = len(house.daemon.engine.services["lakeside"].store.rows(Query()))
    answer = desk.post(page, page, find="yes", customer="0101", **{"f-matter": "水管漏水", "f-fault": "leak"})
    assert answer.status_code == 200
    assert "王女士" in answer.text
    assert "水管漏水" in answer.text
    assert re.search(r'value="leak" selected', answer.text)
    assert 'role="alert"' not in answer.text
    assert len(house.daemon.engine.services["lakeside"].store.rows(Query())) == known
    assert desk.get(page + "?customer=0101").text.count("王女士") >= 1


def test_a_ticket_of_a_duty_does_not_say_its_title_for_its_state(new_house):
    new_house.account("root", "陈经理", everywhere="admin site_manager")
    new_house.pass_time(86400)
    lines = re.findall(r'<div class="state">([^<]*)<', Browser(new_house, "root").get("/board/cloud-park").text)
    assert "待办" in lines
    titles = {one.title for one in new_house.daemon.engine.services["cloud-park"].site.plan.duties.values()}
    assert not titles & set(lines)


def test_a_language_that_was_chosen_stays(house):
    browser = Browser(house)
    assert "登录" in browser.get("/sign-in", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).text
    assert "Sign in" in browser.get("/sign-in", headers={"Accept-Language": "en-GB"}).text
    assert "Sign in" in browser.get("/language/en?next=/sign-in").text
    assert "Sign in" in browser.get("/sign-in", headers={"Accept-Language": "zh"}).text


def test_texts_stand_out_from_what_is_behind_them_by_day_and_by_night():
    sheet = (HERE / "static" / "board.css").read_text("utf-8")
    tokens = [dict(re.findall(r"--([\w-]+): (#\w{6});", part)) for part in sheet.split("@media", 2)[:2]]
    assert all(len(colours) >= 15 for colours in tokens)
    for colours in tokens:
        pairs = [("ink", "paper"), ("ink", "card"), ("soft", "paper"), ("soft", "card"), ("accent-ink", "accent")]
        pairs += [
            (name, behind)
            for name in ("accent", "red", "amber", "blue", "violet")
            for behind in ("card", f"{name}-wash")
        ]
        for text, behind in [*pairs, ("card", "red")]:
            assert contrast(colours[text], colours[behind]) >= 4.5, (text, behind)


def contrast(one, other):
    """By WCAG 2: 4.5 and more is enough for texts."""

    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(part * share for part, share in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_no_page_is_read_from_a_file_while_it_runs():
    """Who lays a newer version over a running one does not change what it shows."""
    templates = make_templates()
    templates.loader.searchpath.clear()
    names = [path.name for path in (HERE / "templates").iterdir()]
    assert len(names) > 15
    assert all(templates.get_template(name) for name in names)


# ---- coming in -------------------------------------------------------------------------------------------------------


def test_whoever_is_not_signed_in_comes_back_to_where_he_wanted_to_go(house, desk):
    browser = Browser(house)
    answer = browser.get("/board/lakeside?show=overdue")
    assert answer.url.path == "/sign-in"
    assert 'value="/board/lakeside?show=overdue"' in answer.text
    answer = browser.client.post("/sign-in", data={"name": "li", "password": GOOD, "next": "/board/lakeside?show=mine"})
    assert (answer.url.path, answer.status_code) == ("/board/lakeside", 200)


@pytest.mark.parametrize(
    "next", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1", "/\n/x"]
)
def test_signing_in_leads_to_no_other_site(next):
    assert inside(next) == "/"


def test_a_wrong_password_says_so_and_keeps_the_name(house, desk):
    answer = Browser(house).sign_in("li", "wrong password!")
    assert answer.status_code == 403
    assert 'value="li"' in answer.text
    assert "密码不正确" in answer.text or "password is wrong" in answer.text
    assert "wrong password!" not in answer.text


def test_the_first_start_makes_the_first_administrator(new_house):
    browser = Browser(new_house)
    assert browser.get("/").url.path == "/first"
    code = new_house.gate.accounts.first_code(new_house.clock())
    answer = browser.client.post("/first", data={"code": "wrong", "name": "chen", "password": GOOD})
    assert (answer.status_code, 'value="chen"' in answer.text) == (403, True)
    answer = browser.client.post("/first", data={"code": code, "name": "chen", "person": "陈经理", "password": GOOD})
    assert answer.status_code == 200
    assert "湖畔花园" in answer.text
    assert Browser(new_house).get("/first").url.path == "/sign-in"


def test_signing_out_ends_the_session(house, desk):
    browser = Browser(house, "li")
    kept = dict(browser.client.cookies)
    assert browser.post("/board/lakeside", "/sign-out").url.path == "/sign-in"
    again = Browser(house)
    again.client.cookies.update(kept)
    assert again.get("/board/lakeside").url.path == "/sign-in"


def test_a_form_of_another_site_or_session_is_not_taken(house, desk):
    ticket = desk.open()
    path = f"/board/lakeside/ticket/{ticket}"
    fields = {"move": "note", "f-text": "x"}
    assert desk.client.post(path, data=fields).status_code == 403
    assert desk.client.post(path, data={**fields, "form": "0" * 64}).status_code == 403
    for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = desk.client.post("/sign-in", data={"name": "li", "password": GOOD}, headers=header)
        assert (answer.status_code, "其他网站" in answer.text) == (403, True)


def test_a_site_that_nobody_granted_is_not_there(desk):
    assert desk.get("/board/cloud-park").status_code == 404
    assert "云谷" not in desk.get("/board/cloud-park").text


# ---- tickets ---------------------------------------------------------------------------------------------------------


def test_a_ticket_is_opened_at_the_desk_and_says_what_was_promised(desk):
    page = "/board/lakeside/intake/repair"
    answer = desk.post(page, page, **{f"f-{name}": value for name, value in REPAIR.items()})
    said = text_of(answer)
    assert "已开单" in said
    assert "受理" in said
    assert "10:10" in said
    assert "A16" in said


def test_a_form_of_intake_that_is_sent_twice_opens_one_ticket(desk):
    page = "/board/lakeside/intake/repair"
    form = {"key": re.search(r'name="key" value="([^"]+)"', desk.get(page).text)[1]}
    form |= {f"f-{name}": value for name, value in REPAIR.items()}
    first = desk.post(page, page, **form)
    assert "/opened/lakeside-" in str(first.url)
    assert desk.post(page, page, **form).url == first.url
    other = desk.post(page, page, **form | {"f-matter": "停电"})  # back, and another matter
    assert other.status_code == 200
    assert other.url != first.url


def test_an_opening_that_lacks_something_says_what_and_keeps_the_rest(desk):
    page = "/board/lakeside/intake/repair"
    answer = desk.post(page, page, **{"f-name": "王<b>女士", "f-matter": "漏水", "f-fault": "leak", "f-phone": "139"})
    assert answer.status_code == 409
    assert "房号" in re.search(r'class="wrong"[^>]*>([^<]+)<', answer.text)[1]
    assert text_of(answer).count("缺少：房号") == 1
    assert "autofocus" in answer.text
    english = text_of(desk.post(page, f"{page}?lang=en", **{"f-name": "x", "f-fault": "leak", "f-phone": "139"}))
    assert english.count("not given: unit, matter") == 1
    assert 'value="王&lt;b&gt;女士"' in answer.text
    assert re.search(r'<option value="leak" selected>', answer.text)


def test_a_move_is_made_with_the_fields_it_asks_for(house, desk):
    ticket = desk.open()
    page = desk.get(f"/board/lakeside/ticket/{ticket}").text
    assert 'id="m-dispatch-assignee"' in page
    assert '<option value="老张"></option>' in page
    answer = desk.move(ticket, "dispatch", assignee="老张")
    assert answer.status_code == 200
    assert "处理中" in text_of(answer)
    assert house.daemon.engine.services["lakeside"].store.load(ticket).root.assignee == "老张"


def test_a_refused_move_says_why_and_keeps_what_was_typed(desk, lead):
    ticket = desk.open("complaint", {**CANARIES, "happened_at": "2026-09-29T20:00", "place": "地库", "matter": "噪音",
                                     "topic": "security", "building": "3", "channel": "phone"})  # fmt: skip
    desk.move(ticket, "accept", severity="major")
    answer = lead.move(ticket, "answer", result="已与对方沟通过")
    assert answer.status_code == 409
    assert "召开专题会议" in text_of(answer)
    assert "已与对方沟通过" in answer.text  # though the move is not offered any more
    ticket = desk.open()
    answer = desk.move(ticket, "dispatch", urgency="general")
    assert "人员" in re.search(r'class="wrong"[^>]*>([^<]+)<', answer.text)[1]
    assert text_of(answer).count("缺少：人员") == 1
    assert 'id="move-dispatch" open' in answer.text
    assert '<option value="general" selected>' in answer.text


def test_a_move_that_is_not_ones_own_is_not_offered(desk, lead):
    ticket = desk.open()
    assert 'id="move-dispatch"' in desk.get(f"/board/lakeside/ticket/{ticket}").text
    assert 'id="move-dispatch"' not in lead.get(f"/board/lakeside/ticket/{ticket}").text
    answer = lead.move(ticket, "dispatch", assignee="老张")
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text


def test_two_desks_at_once_the_second_sees_what_the_first_did_and_loses_nothing(house, desk):
    house.account("zhao", "小赵", lakeside="front_desk")
    other = Browser(house, "zhao")
    ticket = desk.open()
    page = f"/board/lakeside/ticket/{ticket}"
    seen = re.search(r'name="version" value="(\d+)"', other.get(page).text)[1]
    desk.move(ticket, "dispatch", assignee="老张")
    answer = other.post(page, page, **{"move": "withdraw", "version": seen, "f-reason": "客户已自行解决"})
    assert answer.status_code == 409
    said = text_of(answer)
    assert "小李" in said
    assert "派单" in said
    assert "客户已自行解决" in answer.text
    assert other.post(page, page, **{"move": "withdraw", "f-reason": "客户已自行解决"}).status_code == 200


def test_what_a_timer_did_meanwhile_stands_in_nobodys_way(new_house):
    new_house.account("li", "小李", lakeside="front_desk")
    desk = Browser(new_house, "li")
    ticket = desk.open()
    page = f"/board/lakeside/ticket/{ticket}"
    seen = re.search(r'name="version" value="(\d+)"', desk.get(page).text)[1]
    new_house.pass_time(15 * 60)
    answer = desk.post(page, page, **{"move": "dispatch", "version": seen, "f-assignee": "老张"})
    assert answer.status_code == 200


def test_a_form_that_is_sent_twice_takes_effect_once(house, desk):
    ticket = desk.open()
    page = f"/board/lakeside/ticket/{ticket}"
    for _ in range(2):
        assert desk.post(page, page, move="urge", key="once").status_code == 200
    steps = house.daemon.engine.services["lakeside"].store.steps(ticket)
    assert sum(event.move == "urge" for step in steps for event in step.events if hasattr(event, "move")) == 1


def hidden(answer, move):
    """What the form of a move carries, as a page has it."""
    form = next(
        form for form in re.findall(r"<form.*?</form>", answer.text, re.S) if f'name="move" value="{move}"' in form
    )
    return dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', form))


def notes(house, ticket):
    """The texts of the notes of a ticket."""
    store = house.daemon.engine.services["lakeside"].store
    events = [event for step in store.steps(ticket) for event in step.events]
    return [store.reveal(event.text) for event in events if isinstance(event, Noted)]


def test_a_double_click_is_answered_as_the_first_and_the_form_that_comes_back_doubles_nothing(house, desk):
    ticket = desk.open()
    page = f"/board/lakeside/ticket/{ticket}"
    form = {**hidden(desk.get(page), "note"), "f-text": "一次"}
    answers = [desk.client.post(page, data=form, follow_redirects=False).status_code for _ in range(2)]
    assert answers == [303, 303]
    house.desk("小王").do(ticket, "note", text="其间")
    crossed = {**hidden(desk.get(page), "note"), "version": form["version"], "f-text": "两次"}
    back = desk.client.post(page, data=crossed)
    assert back.status_code == 409
    for form in (hidden(back, "note"), crossed):  # sent from where it came back, then from the page of before
        answer = desk.client.post(page, data={**form, "f-text": "两次"}, follow_redirects=False)
        assert answer.status_code == 303
    assert notes(house, ticket) == ["一次", "其间", "两次"]


def test_who_is_quicker_in_the_last_moment_is_not_written_over(house, desk, lead, monkeypatch):
    ticket = desk.open()
    desk.move(ticket, "dispatch", assignee="老张")
    page = f"/board/lakeside/ticket/{ticket}"
    form = {**hidden(lead.get(page), "assign"), "f-assignee": "小李"}
    request = Door.request

    def quicker(self, *asked):
        monkeypatch.undo()
        assert house.desk("小王").do(ticket, "assign", assignee="小赵").status_code == 200
        return request(self, *asked)

    monkeypatch.setattr(Door, "request", quicker)
    assert lead.client.post(page, data=form).status_code == 409
    assert house.daemon.engine.services["lakeside"].store.load(ticket).root.assignee == "小赵"


def test_a_text_is_kept_whole_or_comes_back_whole(house, desk):
    ticket = desk.open()
    page = f"/board/lakeside/ticket/{ticket}"
    fits = "\n".join(["一二三四五六七八九"] * 400)  # 3999 characters as a browser counts them
    form = {**hidden(desk.get(page), "note"), "f-text": fits.replace("\n", "\r\n")}
    assert desk.client.post(page, data=form, follow_redirects=False).status_code == 303
    assert notes(house, ticket) == [fits]
    answer = desk.client.post(page, data={**form, "f-text": fits + "\n十"})
    assert answer.status_code == 422
    assert "共 4001 字，最多 4000 字" in re.search(r'class="wrong"[^>]*>([^<]+)<', answer.text)[1]
    assert fits + "\n十</textarea>" in answer.text
    assert notes(house, ticket) == [fits]


def test_a_due_is_explained_with_its_rule(desk):
    ticket = desk.open()
    page = text_of(desk.get(f"/board/lakeside/ticket/{ticket}"))
    assert "为何此时到期" in page
    assert re.search(r"deadlines\.intake\.limit\.repair\s+residential\.yaml:\d+", page)


def test_what_breached_is_marked_in_words(new_house):
    new_house.account("li", "小李", lakeside="front_desk")
    desk = Browser(new_house, "li")
    ticket = desk.open()
    assert "计时中" in text_of(desk.get("/board/lakeside"))
    new_house.pass_time(9 * 60)
    assert "即将到期" in text_of(desk.get("/board/lakeside?show=soon"))
    new_house.pass_time(3 * 60)
    page = desk.get("/board/lakeside?show=overdue")
    assert ticket in page.text
    assert "已超期" in text_of(page)
    assert f'data-ticket="{ticket}"' in desk.get(f"/board/lakeside/rows/{ticket}?show=overdue").text
    assert f'data-ticket="{ticket}"' not in desk.get(f"/board/lakeside/rows/{ticket}?show=soon").text


def test_a_state_to_look_for_is_called_as_the_tickets_in_it_are(desk):
    page = desk.get("/board/lakeside").text
    assert re.search(r'<option value="todo">([^<]+)<', page)[1] == "待办"


def test_tickets_are_found_by_number_and_unit(house, desk):
    ticket = desk.open(facts={**REPAIR, "unit": "8-1-101"})
    for text in (ticket, ticket.rpartition("-")[2], "8-1-101"):
        assert f'data-ticket="{ticket}"' in desk.get("/board/lakeside", params={"q": text}).text
    assert 'class="ticket ' not in desk.get("/board/lakeside", params={"q": "8-1-999"}).text


def test_what_is_found_goes_on_page_by_page(desk, monkeypatch):
    monkeypatch.setattr("engine.server.board.listing.PAGE", 2)
    tickets = {desk.open(facts={**REPAIR, "unit": "8-1-102"}) for _ in range(5)}
    seen, page = [], "/board/lakeside?q=8-1-102"
    while page:
        text = desk.get(page).text
        seen += re.findall(r'data-ticket="([^"]+)"', text)
        more = re.search(r'class="button" href="([^"]+after=[^"]+)"', text)
        page = unescape(more[1]) if more and len(seen) < 9 else None
    assert sorted(seen) == sorted(tickets)


def test_a_damaged_ticket_still_stands_in_its_list(new_house, monkeypatch):
    new_house.account("li", "小李", lakeside="front_desk")
    desk = Browser(new_house, "li")
    ticket, other = desk.open(), desk.open()
    store = new_house.daemon.engine.services["lakeside"].store
    load = store.load

    def broken(name):
        if name == ticket:
            raise StoreError("a row is not what its hash says")
        return load(name)

    monkeypatch.setattr(store, "load", broken)
    page = desk.get("/board/lakeside")
    assert page.status_code == 200
    assert "数据损坏" in text_of(page)
    assert other in page.text
    assert desk.get(f"/board/lakeside/ticket/{ticket}").status_code == 503


# ---- personal data ---------------------------------------------------------------------------------------------------


def test_personal_values_stand_on_no_page_until_they_are_revealed(house, desk, root):
    ticket = desk.open()
    link = desk.post(f"/board/lakeside/opened/{ticket}", f"/board/lakeside/opened/{ticket}")
    code = re.search(r"/s/([\w-]+)", link.text)[1]
    pages = ["/board/lakeside", f"/board/lakeside/ticket/{ticket}", f"/board/lakeside/opened/{ticket}",
             f"/board/lakeside/rows/{ticket}", "/wall/lakeside", f"/s/{code}"]  # fmt: skip
    for page in pages:
        answer = root.get(page)
        assert answer.status_code == 200, page
        for value in CANARIES.values():
            assert value not in answer.text, page


def test_a_reveal_names_its_purpose_and_is_logged(house, desk):
    ticket = desk.open()
    page, reveal = f"/board/lakeside/ticket/{ticket}", f"/board/lakeside/reveal/{ticket}"
    assert desk.post(page, reveal, fact="phone", purpose="").status_code == 422
    answer = desk.post(page, reveal, fact="phone", purpose="contact")
    assert CANARIES["phone"] in answer.text
    assert CANARIES["name"] not in answer.text
    assert CANARIES["phone"] not in desk.get(page).text
    entry = house.gate.log.records(EVERYTHING)[0].entry
    assert (entry.action, entry.object, entry.purpose) == ("pii.reveal", ticket, "contact")


@pytest.mark.parametrize("files", [None, {"f-photo": ("leak.jpg", b"x" * 100_000)}])
def test_a_form_without_a_session_is_said_not_to_be_taken_and_its_page_comes_back(house, desk, files):
    browser, page = Browser(house), "/board/lakeside/intake/repair?customer=8-1"
    answer = browser.client.post(
        page.partition("?")[0], data={"form": "x"}, files=files, headers={"Referer": f"http://testserver{page}"}
    )
    assert WORDS["unsent"].zh in text_of(answer)
    assert f'name="next" value="{page}"' in answer.text
    away = browser.client.post("/accounts", headers={"Referer": "http://evil.example/accounts"})
    assert 'name="next" value="/"' in away.text
    assert WORDS["unsent"].zh not in text_of(browser.get(page))


def kept_form(answer):
    """The hidden fields of the form of a page."""
    return {
        name: unescape(value)
        for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)
    }


def sent_without_a_session(desk, path="/board/lakeside/intake/repair", **more):
    """What a browser is answered that sends the form of a page after its session ended; the form."""
    form = kept_form(desk.get(path)) | {"f-name": "王“女士”", "f-unit": "1-1", "f-matter": "漏水 <b>"} | more
    desk.client.cookies.clear()
    return desk.client.post(path, data=form, headers={"Referer": f"http://testserver{path}"}), form


def test_what_was_typed_before_the_session_ended_is_sent_after_signing_in(new_house):
    new_house.account("ming", "小李", lakeside="front_desk")
    desk = Browser(new_house, "ming")
    answer, _ = sent_without_a_session(desk, **{"f-phone": CANARIES["phone"], "f-fault": "leak"})
    assert answer.status_code == 403
    assert WORDS["kept_here"].zh in text_of(answer)
    wrong = desk.client.post("/sign-in", data={**kept_form(answer), "name": "ming", "password": "not this one"})
    back = desk.client.post("/sign-in", data={**kept_form(wrong), "name": "ming", "password": GOOD})
    assert WORDS["kept_title"].zh in text_of(back)
    assert "王“女士”" in text_of(back)
    assert "漏水 <b>" in unescape(back.text)
    assert "漏水 <b>" not in back.text
    form = kept_form(back)
    assert GOOD not in back.text
    looked = desk.client.post("/board/lakeside/intake/repair", data={**form, "find": "yes"})
    assert 'value="leak" selected' in looked.text
    done = desk.client.post("/board/lakeside/intake/repair", data=form)
    assert done.url.path.startswith("/board/lakeside/opened/")
    again = desk.client.post("/board/lakeside/intake/repair", data=form)
    assert again.url == done.url  # the same form, sent twice


def test_what_somebody_typed_is_not_shown_to_who_signs_in_after_him(new_house):
    new_house.account("ming", "小李", lakeside="front_desk")
    new_house.account("hong", "小赵", lakeside="front_desk")
    answer, _ = sent_without_a_session(Browser(new_house, "ming"))
    other = Browser(new_house).client.post("/sign-in", data={**kept_form(answer), "name": "hong", "password": GOOD})
    assert other.url.path == "/board/lakeside/intake/repair"
    assert "王“女士”" not in unescape(other.text)


def test_a_form_that_is_too_long_to_wait_is_said_not_to_be_taken(new_house):
    new_house.account("ming", "小李", lakeside="front_desk")
    answer, _ = sent_without_a_session(Browser(new_house, "ming"), **{"f-matter": "水" * 7000})
    assert WORDS["unsent"].zh in text_of(answer)


def test_a_form_with_passwords_does_not_wait(new_house):
    new_house.account("ming", "小李", lakeside="front_desk")
    answer, _ = sent_without_a_session(Browser(new_house, "ming"), "/account", present=GOOD, password="another good 1")
    assert WORDS["unsent"].zh in text_of(answer)
    assert "another good 1" not in answer.text


def test_the_page_of_an_opening_keeps_its_session_alive(desk):
    assert 'data-events="/board/lakeside/events"' in desk.get("/board/lakeside/intake/repair").text


def test_everybody_changes_his_own_password_and_sessions_elsewhere_end(new_house):
    new_house.account("ming", "小明", lakeside="front_desk")
    here, elsewhere = Browser(new_house, "ming"), Browser(new_house, "ming")
    new = "battery staple 马"

    def change(present, again=new, **more):
        return here.post("/account", "/account", present=present, new=new, again=again, **more)

    assert here.post("/account", "/account", form="0" * 64, present=GOOD, new=new, again=new).status_code == 403
    assert (change(GOOD, again=GOOD).status_code, change(new).status_code) == (422, 403)
    assert 'role="status"' in change(GOOD).text
    assert here.get("/board/lakeside").url.path == "/board/lakeside"
    assert elsewhere.get("/board/lakeside").url.path == "/sign-in"
    logged = [record.entry for record in new_house.gate.log.records(EVERYTHING)]
    assert [(e.principal, e.object, e.outcome) for e in logged if e.action == "account.password"] == [
        ("ming", "ming", "done"), ("ming", "ming", "failed"),
    ]  # fmt: skip
    assert [change(GOOD).status_code for _ in range(6)] == [403] * 4 + [429] * 2


@pytest.mark.parametrize(
    ("page", "action", "site"),
    [("/board/lakeside/people", "people.list", "lakeside"), ("/accounts", "account.list", "")],
)
def test_who_is_not_let_in_is_in_the_access_log(house, desk, page, action, site):
    assert desk.get(page).status_code == 403
    entry = house.gate.log.records(EVERYTHING)[0].entry
    assert (entry.principal, entry.action, entry.site, entry.outcome) == ("li", action, site, "denied")


def test_a_note_is_read_for_a_purpose(desk):
    ticket = desk.open()
    desk.move(ticket, "note", text="客户电话 13700000000")
    page = f"/board/lakeside/ticket/{ticket}"
    assert "13700000000" not in desk.get(page).text
    assert "13700000000" in desk.post(page, f"/board/lakeside/reveal/{ticket}", fact="notes", purpose="contact").text


def test_the_wall_has_no_moves_no_names_and_nothing_that_somebody_typed(house, desk):
    desk.move(desk.open(), "dispatch", assignee="老张")
    change_roster(
        house.daemon.engine.services["lakeside"], house.clock(), [Entry("小新", "front_desk")]
    )  # a duty of his
    house.account("wall", "大屏", lakeside="wall")
    answer = Browser(house, "wall").get("/wall/lakeside")
    assert answer.status_code == 200
    assert "<form" not in answer.text
    assert "<a " not in answer.text.replace('<a class="skip"', "")
    for text in (REPAIR["matter"], "小新", *STAFF):
        assert text not in answer.text
    assert Browser(house, "wall").get("/board/lakeside").status_code == 403


def test_a_wall_says_how_many_more_there_are(new_house, monkeypatch):
    monkeypatch.setattr("engine.server.board.listing.PAGE", 10)
    for _ in range(13):
        new_house.desk("小李").open()
    new_house.account("wall", "大屏", lakeside="wall")
    assert WORDS["and_more"].format(n=3).zh in text_of(Browser(new_house, "wall").get("/wall/lakeside"))


def test_a_wall_is_hung_with_a_token_of_its_own(house):
    token = house.token(scopes="wall:read")
    browser = Browser(house)
    answer = browser.get(f"/wall/lakeside?token={token}")
    assert (answer.status_code, answer.url.query) == (200, b"")
    assert browser.get("/wall/lakeside").status_code == 200
    assert browser.get("/board/lakeside").url.path == "/sign-in"
    assert Browser(house).get(f"/wall/lakeside?token={house.token(scopes='figures:read')}").status_code == 403


def test_a_resident_sees_how_his_ticket_stands(desk, house):
    ticket = desk.open()
    page = f"/board/lakeside/opened/{ticket}"
    code = re.search(r"/s/([\w-]+)", desk.post(page, page).text)[1]
    answer = Browser(house).get(f"/s/{code}")
    assert "已登记" in text_of(answer)
    assert f"/language/en?next=/s/{code}" in answer.text
    assert "退出" not in text_of(answer)
    assert Browser(house).get("/s/" + "x" * 22).status_code == 404


def test_a_resident_whose_ticket_was_merged_is_told_where_his_matter_goes_on(house, desk):
    tickets = []
    for _ in range(3):
        tickets.append(desk.open())
        house.clock.at += 60
    oldest, older, ticket = tickets
    lead = house.desk("小王")
    code = lead.post(f"tickets/{ticket}/link").json()["code"]
    for one, into in ((ticket, older), (older, oldest)):
        assert lead.do(one, "merge", into=into).status_code == 200
    lead.do(oldest, "set_facts", reason="查明", matter="金丝雀")
    said = text_of(Browser(house).get(f"/s/{code}?lang=zh"))
    assert f"您反映的事项已并入工单 {oldest}，现为：已登记" in said
    assert "已并入其他工单" in said
    assert "merged" not in said
    assert f"goes on as ticket {oldest}: 已登记 taken down" in " ".join(
        text_of(Browser(house).get(f"/s/{code}?lang=en")).split()
    )
    answer = house.client.get(f"/api/v1/status/{code}").json()
    assert (answer["state"]["title"], answer["goes_on_as"]["ticket"]) == ("已并入其他工单", oldest)
    assert "金丝雀" not in f"{said}{answer}"
    assert "已并入其他工单" in text_of(desk.get(f"/board/lakeside/ticket/{ticket}"))


def test_a_resident_is_told_the_promise_until_it_is_done_and_no_clock_of_the_house(new_house):
    new_house.account("root", "陈经理", everywhere="admin site_manager front_desk")
    browser, desk, lead = Browser(new_house, "root"), new_house.desk("小李"), new_house.desk("小王")
    ticket = desk.ticket("enquiry", {**CANARIES, "matter": "水压低"})
    page = f"/board/lakeside/opened/{ticket}"
    code = re.search(r"/s/([\w-]+)", browser.post(page, page).text)[1]
    status = lambda lang: text_of(Browser(new_house).get(f"/s/{code}?lang={lang}"))  # noqa: E731
    assert "前办结" not in status("zh")
    assert "taken down" in status("en")
    taken = desk.do(ticket, "accept", department="supervisor")
    assert taken.status_code == 200, taken.text
    explained = lead.do(ticket, "explain", reason="待查", promised_at="2026-10-02 18:00")
    assert explained.status_code == 200, explained.text
    assert "预计 10-02 周五 18:00 前办结" in status("zh")
    assert "being worked on" in status("en")
    new_house.pass_time(3 * 86400)
    assert "原定 10-02 周五 18:00 前办结，尚未办结" in status("zh")
    done = lead.do(ticket, "resolve", outcome="solved", result="好了")
    assert done.status_code == 200, done.text
    page = status("zh")
    assert ("前办结" in page, "会与您联系回访" in page) == (False, True)
    assert "We will ask you" in status("en")
    called = new_house.desk("小王", lakeside="agent").do(ticket, "satisfied", followup_by="phone", score=5)
    assert called.status_code == 200, called.text
    page = status("en")
    assert ("closed" in page, "We will ask you" in page) == (True, False)


# ---- duties, figures, policy -----------------------------------------------------------------------------------------


def test_duties_of_today_stand_with_their_tickets(root, house):
    page = text_of(root.get("/board/cloud-park/duties"))
    assert "打印机与休息室巡检补充" in page
    assert "15:30" in page


def test_a_damaged_duty_keeps_its_place_among_those_of_its_day(new_house):
    new_house.account("root", "陈经理", everywhere="admin")
    new_house.pass_time(15 * 86400 + 3 * 3600)
    browser = Browser(new_house, "root")
    before = browser.get("/board/lakeside/duties").text
    damage = "UPDATE family SET head = zeroblob(32) WHERE id = 'training@2026-10-15T09:00'"
    new_house.daemon.database.write(lambda connection: connection.execute(damage))
    page = browser.get("/board/lakeside/duties")
    assert page.status_code == 200
    assert "/ticket/training%402026-10-15T09%3A00" in before
    assert "/ticket/training%402026-10-15T09%3A00" in page.text


def test_a_handover_says_who_leaves_and_who_takes(new_house):
    new_house.account("root", "陈经理", everywhere="admin")
    new_house.pass_time(60)
    people = [Entry("小陈", "front_desk", ("desk_early",)), Entry("小周", "front_desk", ("desk_late",))]
    change_roster(new_house.daemon.engine.services["cloud-park"], new_house.clock(), people, ["小李", "小赵"])
    new_house.pass_time(4 * 3600)
    page = text_of(Browser(new_house, "root").get("/board/cloud-park/handover"))
    assert "待交班签字" in page
    assert "尚未签字" in page
    ticket = "/board/cloud-park/ticket/handover@2026-09-30T13:00:front_desk"
    head = text_of(Browser(new_house, "root").get(ticket)).partition("可办理")[0]
    assert "交班人 小陈 接班人 小周" in " ".join(head.split())


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE family SET head = zeroblob(32) WHERE id = ?",
        "UPDATE ticket SET opened = 9e18, due = -9e18 WHERE ticket = ?",
        "UPDATE ticket SET plan = 'gone', links = '{' WHERE ticket = ?",
    ],
    ids=["its history", "instants of its row", "its plan and links"],
)
def test_a_damaged_handover_keeps_its_place_among_those_of_its_post(damage, new_house):
    new_house.account("root", "陈经理", everywhere="admin")
    new_house.pass_time(14 * 3600)
    browser = Browser(new_house, "root")
    tickets = re.findall(r"/board/cloud-park/ticket/[^\"]+", browser.get("/board/cloud-park/handover").text)
    first = unquote(tickets[-1].rpartition("/")[2])
    new_house.daemon.database.write(lambda connection: connection.execute(damage, (first,)))
    page = browser.get("/board/cloud-park/handover")
    assert page.status_code == 200
    found = re.findall(r"/board/cloud-park/ticket/[^\"]+", page.text)
    assert sorted(found) == sorted(tickets)
    assert len(found) > 1
    assert text_of(page).count("数据损坏") == ("family" in damage)
    assert "尚未签字" in text_of(page)


def test_figures_come_as_files_that_hold_no_formula(root):
    sheet = load_workbook(BytesIO(root.get("/board/lakeside/figures/2026-09.xlsx").content)).active
    rows = list(csv.reader(StringIO(root.get("/board/lakeside/figures/2026-09.csv").content.decode("utf-8-sig"))))
    assert [cell.value for cell in sheet[1]] == rows[0]
    assert len(rows) == sheet.max_row > 5
    assert root.get("/board/lakeside/figures?month=2026-13").status_code == 404


def test_figures_of_a_spreadsheet_are_numbers_with_their_unit():
    """What can be drawn: a share of 1 shown in percent, lengths in hours, the rest as it is."""
    period = Period(0, 1)

    def value(number, unit):
        return FigureValue("x", Rule("x", ()), period, number, unit, 1)

    assert figures.numbered(value(Fraction(19, 20), "share")) == (0.95, "share")
    assert figures.numbered(value(Fraction(5400), "seconds")) == (1.5, "hours")
    assert figures.numbered(value(Fraction(4), "number")) == (4, "")
    assert figures.numbered(value(None, "share")) == (None, "share")


def test_whatever_a_figure_leaves_out_is_said_in_the_language_of_the_reader():
    reasons = set(re.findall(r'left\["([^"]+)"\]', Path(measures.__file__).read_text(encoding="utf-8")))
    assert reasons > {"merged", "no outcome"}
    for reason in (*reasons, "void", "paused", "corrected"):
        assert reason in REASONS, reason


def test_shares_of_a_spreadsheet_are_shown_in_percent(new_house):
    new_house.account("root", "陈经理", everywhere="admin site_manager")
    desk = new_house.desk("小李")
    desk.do(desk.ticket(), "dispatch", assignee="老张")
    new_house.pass_time(3600)
    sheet = load_workbook(
        BytesIO(Browser(new_house, "root").get("/board/lakeside/figures/2026-09.xlsx").content)
    ).active
    values = [(row[2].value, row[2].number_format, row[3].value) for row in sheet.iter_rows(min_row=2)]
    numbers = [one for one in values if one[0] is not None]
    assert numbers
    assert all(isinstance(number, int | float) for number, _, _ in numbers)
    assert {form for _, form, unit in values if unit == "比例"} == {"0.0%"}
    assert {form for _, form, unit in values if unit != "比例"} == {"General"}


def test_cells_that_begin_like_a_formula_are_quoted():
    cells = ["=1+1", "+49", "-x", "@a", "\tx", "plain", 7, ""]
    assert list(figures.quoted(cells)) == ["'=1+1", "'+49", "'-x", "'@a", "'\tx", "plain", 7, ""]


def test_a_policy_is_shown_with_promises_and_drawings(root):
    answer = root.get("/board/lakeside/policy")
    assert answer.text.count("<svg viewBox") > 4
    said = text_of(answer)
    assert "2个工作日" in said
    assert "residential.yaml" in said
    assert "每 500 户 1 人" in said
    assert ("系统启动时" in said, "start" in said.split()) == (True, False)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_of_a_policy_says_what_the_terminal_shows(house, root, lang):
    said = "".join(text_of(root.get(f"/board/lakeside/policy?lang={lang}")).split())

    def texts(part):
        match part:
            case str():
                return [part]
            case Section():
                return [part.title, *(text for one in part.parts for text in texts(one))]
            case Table():
                return [*part.head, *(cell for row in part.rows for cell in row)]
        return [part.title]

    plan = house.daemon.engine.services["lakeside"].site.plan
    shown = [text for section in promise(plan, lang) for text in texts(section)]
    assert len(shown) > 500
    assert [text for text in shown if "".join(text.replace("`", "").split()) not in said] == []


# ---- administration --------------------------------------------------------------------------------------------------


def test_lines_of_one_site_add_up_to_what_is_granted_there():
    granted = read_grants("lakeside: agent，front_desk\n\n*：wall\nlakeside：supervisor")
    assert granted == {"lakeside": {"agent", "front_desk", "supervisor"}, "*": {"wall"}}


def test_an_administrator_makes_an_account_whose_password_is_shown_once(house, root):
    fields = {"what": "make", "name": "sun", "person": "小孙", "grants": "lakeside：front_desk"}
    answer = root.post("/accounts", "/accounts", **fields)
    password = re.search(r'class="big number">([^<]+)<', answer.text)[1]
    assert house.gate.accounts.find("sun").sites == {"lakeside": frozenset({"front_desk"})}
    assert Browser(house).sign_in("sun", password).url.path == "/board/lakeside"
    assert password not in root.get("/accounts").text
    answer = root.post("/accounts", "/accounts", **{**fields, "name": "other", "grants": "lakeside: king"})
    assert "king" in text_of(answer)
    answer = root.post("/accounts", "/accounts", **{**fields, "name": "other", "grants": "lakeside: audit:read"})
    assert "请在 * 授予" in text_of(answer)
    assert house.gate.accounts.find("other") is None
    root.post("/accounts", "/accounts", what="disable", name="sun")
    assert Browser(house).sign_in("sun", password).status_code == 403


def test_a_person_whom_no_list_of_staff_has_is_a_hint_and_no_refusal(house, root):
    fields = {"what": "make", "grants": "lakeside: front_desk"}
    hint = WORDS["person_unlisted"].format(person="小禾").zh
    assert hint in text_of(root.post("/accounts", "/accounts", name="he", person="小禾", **fields))
    assert house.gate.accounts.find("he") is not None
    known = root.post("/accounts", "/accounts", name="hé", person="小李", **fields)
    assert WORDS["person_unlisted"].format(person="小李").zh not in text_of(known)


def test_an_administrator_makes_a_token_that_is_shown_once_and_revokes_it(house, root):
    fields = {"what": "make", "name": "电话系统", "person": "小李", "days": "30", "grants": "lakeside：front_desk"}
    answer = root.post("/tokens", "/tokens", **fields, **{"scope-ticket:read": "yes", "scope-ticket:write": "yes"})
    text = re.search(r'class="number token">([^<]+)<', answer.text)[1]
    assert text not in root.get("/tokens").text
    telephone = house.as_(text)
    assert telephone.get("tickets").status_code == 200
    assert telephone.get("policies").status_code == 403
    (made,) = [one for one in house.gate.tokens.all() if one.id == text[3:11]]
    assert (made.person, made.sites, made.expires_at) == (
        "小李",
        {"lakeside": frozenset({"front_desk"})},
        house.clock() + 30 * 86400,
    )
    assert (made.made_by, made.language) == ("root", "zh")
    assert root.post("/tokens", "/tokens", what="revoke", id=made.id).status_code == 200
    assert "token_revoked" in telephone.get("tickets").text
    log = [record.entry for record in house.gate.log.records(EVERYTHING) if record.entry.object == made.id]
    assert sorted((entry.action, entry.principal) for entry in log) == [
        ("token.make", "root"),
        ("token.revoke", "root"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": "367"},
        {"days": "0"},
        {"days": "x"},
        {"name": ""},
        {"grants": "nowhere: x"},
        {"grants": ""},
        {"scope-admin": None},
    ],
)
def test_a_token_that_cannot_be_is_not_made_and_what_was_typed_stays(house, root, wrong):
    fields = {"what": "make", "name": "电话系统", "days": "30", "grants": "lakeside", "scope-admin": "yes", **wrong}
    known = house.gate.tokens.all()
    answer = root.post("/tokens", "/tokens", **{name: value for name, value in fields.items() if value is not None})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert f'name="days" type="number" min="1" max="366" value="{fields["days"]}"' in answer.text
    assert house.gate.tokens.all() == known


#: Who is let by an administrator's page: of the deployment, of this site alone. Nobody else is.
ADMINISTRATION = """
GET   /accounts                 deployment
POST  /accounts                 deployment
GET   /tokens                   deployment
POST  /tokens                   deployment
GET   /board/lakeside/people    deployment site
POST  /board/lakeside/people    deployment site
"""


@pytest.mark.parametrize("row", ADMINISTRATION.strip().splitlines(), ids=lambda row: " ".join(row.split()[:2]))
def test_an_administrators_page_lets_in_those_of_its_row_and_nobody_else(house, desk, root, row):
    method, path, *let = row.split()
    if house.gate.accounts.find("local") is None:
        house.account("local", "小王", lakeside="admin")
    there = {"deployment": root, "site": Browser(house, "local"), "": desk}
    for name, browser in there.items():
        token = re.search(r'name="form" value="(\w+)"', browser.get("/").text)[1]
        wrong = {"what": "nothing", "form": token, "name": "nobody", "id": "00000000"}
        answer = browser.client.request(method, path, data=wrong if method == "POST" else None)
        assert (answer.status_code != 403) is (name in let), (name, answer.status_code)
        if method == "POST":
            assert browser.client.post(path, data={**wrong, "form": "0"}).status_code == 403
    nobody = Browser(house)
    assert nobody.client.request(method, path, follow_redirects=False).headers["location"].startswith("/sign-in")


def test_a_list_of_people_is_taken_in_whole_or_refused_with_its_mistakes(new_house):
    new_house.account("root", "陈经理", everywhere="admin")
    root = Browser(new_house, "root")
    page = "/board/lakeside/people"
    token = re.search(r'name="form" value="(\w+)"', root.get(page).text)[1]

    def send(text, name="staff.csv"):
        return root.client.post(page, data={"form": token}, files={"list": (name, text.encode())})

    boundary = {"Content-Type": "multipart/form-data; boundary=x"}  # as a browser sends a choice of nothing
    nothing = f'--x\r\nContent-Disposition: form-data; name="form"\r\n\r\n{token}\r\n--x\r\nContent-Disposition: form-data; name="list"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n'
    answer = root.client.post(page, content=nothing, headers=boundary)
    assert (answer.status_code, "请先选择文件" in answer.text, "P101" in answer.text) == (422, True, False)
    assert "P101" in send("").text
    answer = send("person,role\n小李,frontdesk\n")
    assert answer.status_code == 422
    assert "staff.csv:2:role: P202" in text_of(answer)
    assert "front_desk" in text_of(answer)
    answer = send("person,role\n小钱,front_desk\n")
    assert answer.status_code == 200
    assert "小钱" in text_of(answer)


# ---- the parts -------------------------------------------------------------------------------------------------------


def test_lengths_are_said_in_two_units():
    now = Moments(CHINA, START, "zh")
    assert now.length(59) == "0 分 59 秒"
    assert now.length(3 * 3600 + 5 * 60) == "3 小时 05 分"
    assert now.length(86400 + 7200) == "1 天 02 小时"
    assert now.away(START - 60) == "已超 1 分 00 秒"
    assert now.clock(START + 3600) == "11:00"
    assert now.clock(START + 86400) == "10-01 周四 10:00"
    assert Moments(CHINA, START, "en").clock(START - 400 * 86400) == "2025-08-26 Tue 10:00"


def test_what_is_counted_at_the_top(house, desk):
    rows = house.daemon.engine.services["lakeside"].store.rows(Query(open=True))
    found = lines.counts(rows, house.clock(), lambda role: role == "front_desk", lambda row: row.level == 0)
    assert found.open == len(rows)
    assert found.nobody == sum(row.owner == "role:front_desk" for row in rows)


def test_states_stand_in_columns_after_those_that_lead_to_them(house):
    plan = house.daemon.engine.services["lakeside"].site.plan
    flow = drawing.flow_of(plan.workflows["repair"], lambda id, title: id)
    assert drawing.columns_of(flow) == [["received"], ["handling"], ["waiting", "resolved"], ["closed", "withdrawn"]]
    assert "arrive" in flow.stays["handling"]


def test_no_box_of_a_drawing_covers_another(house):
    for service in house.daemon.engine.services.values():
        for workflow in service.site.plan.workflows.values():
            assert isinstance(workflow, Workflow)
            picture = drawing.draw(workflow, lambda id, title: title, _owner)
            for one in picture.boxes:
                assert one.x + one.width <= picture.width
                assert one.y + one.height <= picture.height
                for other in picture.boxes:
                    apart = one.x + one.width <= other.x or other.x + other.width <= one.x
                    apart |= one.y + one.height <= other.y or other.y + other.height <= one.y
                    assert one is other or apart


def _owner(state: State) -> str:
    return state.owner.name if state.owner is not None else ""


def test_a_file_is_kept_by_its_number_and_one_of_another_type_is_a_problem_of_its_field(tmp_path):
    evidence = Evidence(tmp_path, 1 << 20)
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
    kept = forms.keep_files(evidence, "lakeside", forms.Filled("sign"), {"f-signature": png})
    assert kept.problem is None
    assert evidence.read("lakeside", kept.typed["signature"])[1] == png
    refused = forms.keep_files(evidence, "lakeside", forms.Filled("sign", {"result": "x"}), {"f-signature": b"<svg>"})
    assert refused.problem.field == "signature"
    assert refused.typed == {"result": "x"}


def test_a_stream_tells_what_changes():
    async def listen():
        live = Live()
        stream = lists.stream(live, "lakeside", "lily", lambda: True)
        first = await anext(stream)
        live.tell("riverside", "other-1")
        live.tell("lakeside", "lakeside-1")
        second = await asyncio.wait_for(anext(stream), 2)
        await stream.aclose()
        return first, second

    assert asyncio.run(listen()) == ("retry: 3000\n\n", lists.told(Change("lakeside", "lakeside-1")))


def test_every_stream_ends_with_the_server():
    async def listen():
        live = Live()
        streams = [lists.stream(live, site, "lily", lambda: True) for site in ("lakeside", "riverside")]
        for stream in streams:
            await anext(stream)
        live.end()
        return [[part async for part in stream] for stream in streams]

    assert asyncio.run(asyncio.wait_for(listen(), 5)) == [[], []]


def test_a_stream_ends_with_the_session():
    async def listen():
        answers = iter([True, False])
        stream = lists.stream(Live(), "lakeside", "lily", lambda: next(answers), pulse=0.01)
        return [part async for part in stream]

    assert asyncio.run(listen()) == ["retry: 3000\n\n", ": still here\n\n", "event: end\ndata: {}\n\n"]


def test_a_page_that_outlived_its_session_is_told_so_where_it_listens(house):
    answer = house.client.get("/board/lakeside/events")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.text == lists.END


def test_an_account_without_a_site_is_told_so(house):
    house.gate.accounts.make(house_call(house), "nobody", Profile("无", {}), GOOD)
    assert "还没有任何项目" in Browser(house, "nobody").get("/").text


def house_call(house):
    from engine.server.entry.access_log import Call

    return Call(house.clock(), "root")


def test_where_somebody_is_stands_in_the_menu_on_the_pages_below_too(desk):
    for page, part in ((f"ticket/{desk.open()}", ""), ("intake/repair", "/intake"), ("handover", "/duties")):
        text = desk.get(f"/board/lakeside/{page}").text
        assert re.findall(r'<a href="([^"]+)" aria-current="true">', text) == [f"/board/lakeside{part}"], page


def test_a_list_of_closed_tickets_says_so(desk):
    assert '<h1 id="list-title">已结束</h1>' in desk.get("/board/lakeside?show=closed").text
    assert '<h1 id="list-title">在办工单</h1>' in desk.get("/board/lakeside").text
