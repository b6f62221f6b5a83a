"""A report printed earlier is printed again as it was, whatever came to be known since."""

from __future__ import annotations

import json
import re
from random import Random

import pytest

from engine.core import Command, commands
from engine.runtime import Entry, change_roster, prepare
from engine.server import figures as server_figures
from engine.server.figures import Figures
from engine.store.spans import note_spans
from tests.core.harness import HEAD, at
from tests.runtime.test_differential import DESK, Hands, begin, command, tape
from tests.runtime.test_service import PLAN
from tests.server.conftest import listening, problem
from tests.server.test_api_terminal import terminal
from tests.server.test_board import Browser

START = at("11-16 07:00")
OBSERVED = PLAN.replace(
    "finish: {title: 完成, from: todo, to: done}", "finish: {title: 完成, from: todo, to: done, observed: true}"
)
FIGURES = """
figures:
  timely: {title: 及时率, of: matter, on_time: finish, target: at least 95%}
  opened: {title: 受理量, of: matter, count: [opened], target: falling}
  still_open: {title: 在办, of: matter, count: open}
  busy: {title: 负荷, load: [desk], per: day}
"""
POLICY = f"{HEAD}late_reports: 30 minutes\n{OBSERVED}{FIGURES}"


class Printer:
    """A site with a clock, and its figures on paper."""

    def __init__(self, folder, text=POLICY, start=START):
        self.folder = folder
        self.clock = Hands(start)
        self.engine = begin(self.policy(text), folder, self.clock)
        self.service = self.engine.services["test"]
        change_roster(self.service, start, (Entry("desk", "desk"), Entry("boss", "boss")))
        self.opened = 0

    def policy(self, text):
        (self.folder / "test.yaml").write_text(text, encoding="utf-8")
        prepared = prepare(self.folder / "test.yaml")
        assert prepared.plan is not None, prepared.diagnostics
        return prepared

    def pass_time(self, seconds):
        self.clock.at += seconds
        while self.engine.tick():
            pass

    def do(self, ticket, act, occurred=None):
        done = self.service.handle(Command(ticket, DESK, self.clock.at, act, occurred_at=occurred))
        assert hasattr(done, "step"), done

    def open(self, ticket, occurred=None):
        act = commands.Open("matter", {"place": "A"}, "desk", self.service.site.plan.version, self.service.site.edition)
        self.do(ticket, act, occurred)

    def note_spans(self):
        list(note_spans(self.engine.database, "test"))

    def printed(self, within=None):
        now = self.clock.at
        self.clock.at += 1  # the second is over
        return Figures().of(self.service, now if within is None else within, now)

    def again(self, at, within=None):
        return Figures().as_known_at(self.engine, "test", at if within is None else within, at)


@pytest.fixture
def printer(tmp_path):
    return Printer(tmp_path)


def value(known, name):
    return next(one.value for one in known.values if one.figure == name)


def test_a_verdict_corrected_by_a_late_report_is_late_in_what_was_printed_before_it(printer):
    printer.open("T1")
    printer.pass_time(6 * 3600 + 300)  # `finish` was due after six hours
    paper = printer.printed()
    assert value(paper, "timely") == 0
    printer.do("T1", commands.Do("finish"), occurred=printer.clock.at - 600)
    now = printer.printed()
    assert value(now, "timely") == 1
    assert value(printer.again(paper.as_of), "timely") == 0
    assert printer.again(paper.as_of).values == paper.values
    assert printer.again(now.as_of).values == now.values


def test_what_was_known_at_an_instant_that_is_over_is_found_once(printer, monkeypatch):
    printer.open("T1")
    paper, figures, read = printer.printed(), Figures(), []
    found = server_figures.measured
    monkeypatch.setattr(server_figures, "measured", lambda *asked: read.append(asked) or found(*asked))

    def again(at):
        return figures.as_known_at(printer.engine, "test", paper.as_of, at).values

    assert again(paper.as_of) == again(paper.as_of) == paper.values
    assert len(read) == 1
    now = printer.clock.at  # the second is not over
    again(now)
    printer.open("T2")
    assert value(figures.as_known_at(printer.engine, "test", paper.as_of, now), "opened") == 2


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happened_since_all_that_was_printed_is_printed_again(tmp_path, seed):
    random, printer, papers = Random(seed), Printer(tmp_path), []
    for gap, what, number in tape(random) + tape(random) + tape(random):
        printer.pass_time(gap)
        printer.service.handle(command(printer.service, what, number, printer.opened, printer.clock.at))
        printer.opened += what == "open"
        if random.random() < 0.3:
            printer.note_spans()
        if random.random() < 0.3:
            within = printer.clock.at + random.randrange(-86400, 40 * 86400)
            papers.append((within, printer.printed(within)))
    printer.note_spans()
    for within, paper in papers:
        assert printer.again(paper.as_of, within)[1:] == paper[1:]


def test_what_was_open_in_a_report_is_open_in_it_though_it_is_long_over(printer):
    printer.open("T1")
    printer.pass_time(60)
    printer.open("T2")
    in_january = printer.clock.at + 60 * 86400
    paper = printer.printed(in_january)
    assert value(paper, "still_open") == 2
    printer.do("T2", commands.Do("finish"))
    printer.note_spans()
    assert printer.again(paper.as_of, in_january).values == paper.values


def test_since_when_anything_was_known_is_as_it_was(printer):
    printer.pass_time(600)
    printer.open("T1")
    printer.do("T1", commands.Do("finish"))
    printer.note_spans()
    in_january = printer.clock.at + 60 * 86400
    paper = printer.printed(in_january)
    assert paper.values[1].companions == {"previous": 0}  # of a month in which something could have been known
    printer.open("T0", occurred=START + 60)
    assert printer.again(paper.as_of, in_january).values == paper.values


def test_what_was_printed_goes_by_the_plan_and_the_people_of_then(printer):
    printer.open("T1")
    printer.pass_time(3600)
    paper = printer.printed()
    assert value(paper, "busy") > 0
    change_roster(printer.service, printer.clock.at, gone=("desk",))
    printer.engine.apply("test", printer.policy(POLICY.replace("at least 95%", "at least 80%")), "boss")
    now = printer.printed()
    assert now.plan.version != paper.plan.version
    again = printer.again(paper.as_of)
    assert again.plan.version == paper.plan.version
    assert again.values == paper.values


def test_before_a_site_ran_nothing_was_known_of_it(printer):
    assert printer.again(START - 1) is None
    assert printer.again(START) is not None


# ---- where they are asked for ----------------------------------------------------------------------------------------


def figures_of(answer, name="still_open"):
    return next(one for one in answer["figures"] if one["figure"]["id"] == name)


def test_the_api_prints_again_what_it_printed(new_house):
    desk = new_house.desk("小李")
    desk.ticket()
    before = desk.get("figures").json()
    new_house.pass_time(60)
    desk.ticket()
    assert figures_of(desk.get("figures").json())["n"] == figures_of(before)["n"] + 1
    assert desk.get("figures", params={"as_known_at": before["as_of"]}).json() == before


def test_what_is_not_over_yet_and_what_was_before_all_cannot_be_asked(new_house):
    desk = new_house.desk("小李")
    problem(desk.get("figures", params={"as_known_at": "2026-09-30 10:01"}), 422, "instant")
    problem(desk.get("figures", params={"as_known_at": "2026-09-30 09:59"}), 422, "instant")
    problem(desk.get("figures", params={"as_known_at": "soon"}), 422, "instant")


def test_the_page_and_its_files_are_printed_again(new_house):
    new_house.account("root", "陈经理", everywhere="admin site_manager")
    browser, desk = Browser(new_house, "root"), new_house.desk("小李")
    desk.ticket()
    address = "/board/lakeside/figures"
    page, file = browser.get(address).text, browser.get(f"{address}/2026-09.csv").text
    assert "截至 2026-09-30 10:00:00 所知" in page
    assert "截至 2026-09-30 10:00:00 所知" in file
    new_house.pass_time(60)
    desk.ticket()
    assert browser.get(f"{address}/2026-09.csv").text != file
    again = browser.get(f"{address}?month=2026-09&known=2026-09-30T10:00").text
    files = re.findall(rf'href="({address}/[^"]+)"', again)
    assert [name.partition("?")[2] for name in files] == ["known=2026-09-30T10:00:00"] * 2
    assert values_of(again) == values_of(page) != values_of(browser.get(address).text)
    assert browser.get(files[1]).text == file
    assert browser.get(files[0]).status_code == 200
    for known in ("soon", "2026-09-30T10:02", "2020-01-01T00:00"):
        assert browser.get(f"{address}?known={known}").status_code == 422


def values_of(page):
    return re.findall(r'<p class="value">([^<]*)<', page)


def test_a_report_at_the_terminal_is_printed_again(new_house):
    desk, env = new_house.desk("小李", scopes="ticket:write figures:read"), {"HUIYIN_SITE": "lakeside"}
    desk.ticket()
    with listening(new_house.app) as url:
        env |= {"HUIYIN_URL": url, "HUIYIN_TOKEN": desk.headers["Authorization"].removeprefix("Bearer ")}
        before = terminal("report", "--lang", "zh", **env).output
        assert "未闭环问题  2026-09-01 – 2026-09-30  1  n=1" in before
        new_house.pass_time(60)
        desk.ticket()
        assert "未闭环问题  2026-09-01 – 2026-09-30  2  n=2" in terminal("report", "--lang", "zh", **env).output
        assert terminal("report", "--as-known-at", "2026-09-30 10:00", "--lang", "zh", **env).output == before
        told = terminal("report", "--day", "2026-08-31", "--lang", "en", "--json", **env).output
        assert figures_of(json.loads(told))["end"] == "2026-09-01T00:00:00+08:00"
