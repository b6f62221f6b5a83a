"""Figures are found once for all who ask, and anew as soon as something happens."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from engine.server import figures
from engine.server.figures import GOOD_FOR, KEPT, Figures
from engine.server.reports import made_reports
from tests.server.test_board import Browser, text_of


@pytest.fixture
def service(new_house):
    return new_house.daemon.engine.services["lakeside"]


@pytest.fixture
def folds(monkeypatch):
    """What was asked, each time histories were read."""
    found, read = [], figures.measured

    def counted(*asked):
        found.append(asked)
        return read(*asked)

    monkeypatch.setattr(figures, "measured", counted)
    return found


def test_a_site_at_which_nothing_happens_is_read_once(new_house, folds):
    manager = new_house.desk("陈经理")
    first = manager.get("figures").json()
    new_house.clock.at += GOOD_FOR - 1
    assert manager.get("figures").json() == first
    assert len(folds) == 1
    new_house.clock.at += 1
    assert manager.get("figures").json()["as_of"] > first["as_of"]
    assert len(folds) == 2


def test_who_just_opened_a_ticket_finds_it_in_the_figures(new_house, folds):
    desk = new_house.desk("小李")

    def volume():
        return next(one["n"] for one in desk.get("figures").json()["figures"] if one["figure"]["id"] == "still_open")

    before = volume()
    desk.ticket()
    assert volume() == before + 1


def test_a_storm_is_answered_by_one_reading(new_house, service, folds):
    known, start, answers = Figures(), Barrier(8), []

    def ask():
        start.wait()
        answers.append(known.of(service, new_house.clock(), new_house.clock()))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(folds) == 1
    assert all(answer is answers[0] for answer in answers)


def test_what_is_written_while_figures_are_found_is_not_missed(new_house, service, monkeypatch):
    known, read, now = Figures(), figures.measured, new_house.clock()

    def meanwhile(*asked):
        found = read(*asked)
        monkeypatch.setattr(figures, "measured", read)
        new_house.desk("小李").ticket()
        return found

    monkeypatch.setattr(figures, "measured", meanwhile)
    before, after = (known.of(service, now, now).values for _ in range(2))
    still_open = list(service.site.plan.figures).index("still_open")
    assert after[still_open].n == before[still_open].n + 1


def test_a_clock_that_was_set_back_finds_nothing_of_the_future(service, folds, new_house):
    known, now = Figures(), new_house.clock() + 3600
    known.of(service, now, now)
    assert known.of(service, now, now - 1).as_of == now - 1


def test_no_more_periods_are_remembered_than_somebody_looks_at(service, new_house):
    known, now = Figures(), new_house.clock()
    for month in range(KEPT + 5):
        known.of(service, now - month * 31 * 86400, now)
    assert len(known._shelves["lakeside"].found) <= KEPT


# ---- reports ---------------------------------------------------------------------------------------------------------


def test_a_report_that_fell_due_is_listed_with_its_figures_as_they_were_when_it_was_made(new_house):
    manager = new_house.desk("陈经理")
    new_house.desk("小李").ticket()
    assert manager.get("reports").json() == {"reports": [], "next": None}
    new_house.pass_time(15 * 86400)  # the first working day of October is its eighth
    all_made = manager.get("reports").json()["reports"]
    (made,) = (one for one in all_made if one["report"]["id"] == "monthly")
    assert made["at"] == "2026-10-08T09:00:00+08:00"
    assert [role["id"] for role in made["to"]] == ["supervisor", "site_manager"]
    numbers = {one["figure"]["id"]: (one["value"], one["unit"]) for one in made["figures"]}
    assert numbers["still_open"] == (1, "number")
    assert numbers["timely"] == (None, "share")
    new_house.desk("小李").ticket()
    assert manager.get("reports").json()["reports"] == all_made
    new_house.account("root", "陈经理", everywhere="site_manager")
    page = text_of(Browser(new_house, "root").get("/board/lakeside/figures"))
    assert "已生成的报告" in page
    assert "报送 客服主管、" in page
    assert "已生成的报告" not in text_of(
        Browser(new_house, "root").get("/board/lakeside/figures?known=2026-09-30T10:00:00")
    )


def test_reports_come_page_by_page(new_house):
    manager = new_house.desk("陈经理")
    new_house.pass_time(15 * 86400)
    made, pages, before = manager.get("reports").json(), [], {}
    while not pages or before["before"] is not None:
        page = manager.get("reports", params={"limit": 2, **before}).json()
        before = {"before": page["next"]}
        pages += page["reports"]
    assert pages == made["reports"]
    assert (len(pages), made["next"]) == (3, None)


def test_of_an_instant_before_those_reports_are_shown_that_were_made_by_then_however_many_came_since(service):
    for at in range(12):
        service.record(at, "reported", service.site.plan.rule, {"report": "monthly", "to": [], "figures": {}}, f"{at}")
    assert [(one.number, one.at) for one in made_reports(service, None, 2, until=4)] == [(5, 4), (4, 3)]
    assert [one.number for one in made_reports(service, None, 2)] == [12, 11]
    assert made_reports(service, 1, 2) == []
