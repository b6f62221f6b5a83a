"""A site whose plan changes while its tickets are open, its duties run and its list of people stays as it was."""

from __future__ import annotations

import pytest

from engine.core import Refusal
from engine.runtime import Door, Engine, Entry, VirtualClock, change_roster
from engine.runtime import service as running_service
from engine.store import Database, Done, Query
from tests.core.harness import HEAD, at
from tests.runtime.running import BODY, START, open_ticket, prepared, root

ROUND = (
    BODY.replace("3 working days", "1 hour")
    + """
duties:
  round: {title: 巡查, every: day, at: "10:00", within: 1 hour, owner: desk}
"""
)
AHEAD = "effective: 2026-11-18\n"


@pytest.fixture
def site(monkeypatch, tmp_path):
    """An engine with one site; `restarted` is one on the same file, and `runs` lets time pass in it."""
    monkeypatch.setattr("engine.runtime.engine.restore", lambda revision: prepared(revision.files["test"], head=""))
    running = _Running(tmp_path / "huiyin.db")
    yield running
    running.stop()


class _Running:
    def __init__(self, path) -> None:
        self.path = path
        self.clock = VirtualClock(START)
        self.engine = self._start()

    def _start(self) -> Engine:
        return Engine(Database.open(self.path, self.clock), self.clock)

    def stop(self) -> None:
        self.engine.stop()
        self.engine.database.close()

    def restarted(self) -> None:
        self.stop()
        self.engine = self._start()
        self.engine.open_site("test")

    @property
    def service(self):
        return self.engine.services["test"]

    def applies(self, text, head=HEAD) -> None:
        self.engine.apply("test", prepared(text, head=head), "chief")

    def runs(self, until) -> None:
        self.clock.move(at(until))
        while self.engine.tick():
            pass
        assert not self.engine.beat.failing

    def asks(self, by, ticket, verb, **given):
        request = Door(self.service).request(self.clock(), ticket, by, verb, given)
        return request if isinstance(request, Refusal) else self.service.handle(request)

    def rounds(self):
        rows = self.service.store.rows(Query())
        return sorted(row.ticket for row in rows if row.ticket.startswith("round@"))


# ---- duties ----------------------------------------------------------------------------------------------------------


def test_a_duty_of_a_plan_applied_ahead_opens_from_its_day_on_and_stops_nothing_before(site):
    site.applies(BODY.replace("3 working days", "1 hour"))
    open_ticket(site.engine)
    site.applies(AHEAD + ROUND)
    site.runs("11-19 12:00")
    assert root(site.engine).runs["finish"].status == "breached"
    assert site.rounds() == ["round@2026-11-18T10:00", "round@2026-11-19T10:00"]


def test_a_duty_that_a_plan_applied_ahead_drops_opens_until_its_day(site):
    site.applies(ROUND)
    site.applies(AHEAD + BODY)
    site.runs("11-19 12:00")
    assert site.rounds() == ["round@2026-11-16T10:00", "round@2026-11-17T10:00"]


def test_a_plan_opens_no_duty_of_the_time_before_it_was_applied_also_after_a_start(site):
    site.applies(BODY)
    site.runs("11-16 12:00")
    site.applies(ROUND)
    site.restarted()
    site.runs("11-17 12:00")
    assert site.rounds() == ["round@2026-11-17T10:00"]


def test_a_report_goes_by_the_plan_in_force_though_one_applied_ahead_drops_it(site):
    figures = "figures: {amount: {title: 数量, of: matter, count: opened}}\n"
    weekly = "reports: {weekly: {title: 周报, every: week, on: tue, to: [boss], figures: [amount]}}\n"
    site.applies(BODY + figures + weekly)
    site.applies(AHEAD + BODY)
    site.runs("11-25 12:00")
    assert [event.data["report"] for event in site.service.store.site_events("reported")] == ["weekly"]


@pytest.fixture
def broken(site, monkeypatch):
    """The duty cannot be opened: an own mistake."""

    def system(what):
        raise KeyError(what)

    site.applies(ROUND)
    open_ticket(site.engine)
    with monkeypatch.context() as patch:
        patch.setattr(running_service, "system", system)
        site.runs("11-16 12:00")
    return site


def test_a_duty_that_cannot_be_opened_keeps_no_timer_and_opens_when_it_can_at_its_own_instant(broken):
    assert root(broken.engine).runs["finish"].status == "breached"
    assert [(one.id, why) for one, why in broken.service.unopened.items()] == [("round", "KeyError")]
    broken.runs("11-16 12:02")
    assert broken.service.unopened == {}
    (row,) = broken.service.store.rows(Query(category="round"))
    assert row.opened == at("11-16 10:00")


def test_a_duty_that_could_not_be_opened_opens_after_a_start(broken):
    broken.runs("11-17 12:00")
    broken.restarted()
    broken.runs("11-17 12:01")
    assert broken.rounds() == ["round@2026-11-16T10:00", "round@2026-11-17T10:00"]


def test_a_duty_that_no_plan_has_any_more_is_not_waited_for(broken):
    broken.applies(BODY)
    broken.runs("11-16 12:02")
    assert (broken.service.unopened, broken.rounds()) == ({}, [])


# ---- people ----------------------------------------------------------------------------------------------------------

SHIFTS = HEAD.replace("calendars: {", "calendars: {early: {title: 早班, hours: {mon-sun: '07:00-15:00'}}, ").replace(
    "{title: 前台, on_duty: always}", "{title: 前台, on_duty: [early, office]}"
)


def test_a_shift_that_a_plan_renames_goes_on_as_it_was_for_who_is_listed_on_it(site):
    site.applies(BODY, SHIFTS)
    change_roster(site.service, START, [Entry("小李", "desk", ("early",)), Entry("陈", "boss")])
    open_ticket(site.engine)
    site.clock.move(at("11-16 10:00"))
    site.applies(BODY, SHIFTS.replace("early", "morning"))
    roster = site.service.site.roster
    assert (roster.on_duty("desk", at("11-16 14:00")), roster.on_duty("desk", at("11-16 16:00"))) == (("小李",), ())
    assert roster.outdated(roster.entries[0], site.clock()) == ("early",)
    assert isinstance(site.asks("小李", "T1", "finish"), Done)


def test_a_shift_that_nobody_knows_is_never(site):
    site.applies(BODY, SHIFTS)
    change_roster(site.service, START, [Entry("小李", "desk", ("dawn",)), Entry("陈", "boss")])
    roster = site.service.site.roster
    assert (roster.on_duty("desk", START), roster.times_on_duty("desk", START, START + 86400)) == ((), {})
    assert "desk" in roster.acting_roles("陈", START)


RENAMED = HEAD.replace("  desk:", "  counter:"), BODY.replace("owner: desk", "owner: counter")


def test_whoever_is_listed_in_a_role_that_a_plan_renames_acts_on_its_tickets(site):
    site.applies(BODY)
    change_roster(site.service, START, [Entry("小李", "desk"), Entry("陈", "boss")])
    open_ticket(site.engine)
    site.applies(RENAMED[1], RENAMED[0])
    assert site.service.site.roster.on_duty("desk", START + 60) == ("小李",)
    assert isinstance(site.asks("小李", "T1", "assign", assignee="小李"), Done)
    assert isinstance(site.asks("小李", "T1", "finish"), Done)


def test_where_nobody_has_the_role_of_an_old_ticket_any_more_its_stand_in_acts(site):
    site.applies(BODY)
    open_ticket(site.engine)
    site.applies(RENAMED[1], RENAMED[0])
    change_roster(site.service, START, [Entry("小李", "counter"), Entry("陈", "boss")])
    roster, old = site.service.site.roster, site.service.site.version(root(site.engine).plan)
    assert roster.nobody_there("desk", START) is False  # the list is not complete: others may hold it
    change_roster(site.service, START + 60, [Entry("小王", "desk")])
    change_roster(site.service, START + 120, gone=["小王"])
    roster = site.service.site.roster
    assert "desk" not in roster.acting_roles("陈", START + 180)
    assert "desk" in roster.acting_roles("陈", START + 180, old)
