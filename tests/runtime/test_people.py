"""Who is there: people listed ahead, people who go with something ahead of them, and who takes a post."""

from __future__ import annotations

import pytest

from engine.runtime import Entry, Plans, Roster, Service, Site, Staff, change_roster, list_staff
from engine.runtime.staffing import is_qualified
from engine.store import MemoryStore, Query
from tests.core.harness import HEAD, at
from tests.runtime.running import BODY, prepared

START = at("11-16 09:00")
MONDAY = at("11-23 09:00")
TRAINED = HEAD.replace("desk: {title: 前台,", "desk: {title: 前台, requires: training,")
TRAINING = """
facts: {passed: {title: 合格, type: flag}}
duties:
  training: {title: 培训, every: new member of desk, within: 1 week, owner: boss, ask: [passed]}
"""
SHIFTS = HEAD.replace(
    "calendars: {",
    "calendars: {early: {title: 早班, hours: {mon-sun: '07:00-15:00'}}, late: {title: 晚班, hours: {mon-sun: '15:00-23:00'}}, ",
)
CHIEF = Staff("陈", ("boss",))


@pytest.fixture
def service():
    (edition,) = (plan := prepared(BODY + TRAINING, head=TRAINED).plan).editions
    plans = Plans.of(plan)
    return Service(Site(plans, Roster(plans, edition, complete=False), edition), MemoryStore(), START)


def trained(service):
    return [(row.post, row.opened) for row in service.store.rows(Query(category="training"))]


# ---- newcomers -------------------------------------------------------------------------------------------------------


def test_who_is_listed_ahead_is_a_newcomer_on_the_day_he_begins(service):
    list_staff(service, START, [CHIEF])
    list_staff(service, START + 60, [CHIEF, Staff("小新", ("desk",), since=MONDAY)])
    service.advance(MONDAY - 1)
    assert trained(service) == []
    service.advance(MONDAY + 60)
    list_staff(service, MONDAY + 120, [CHIEF, Staff("小新", ("desk",), since=MONDAY)])
    assert trained(service) == [("小新", MONDAY)]


def test_who_comes_ahead_by_a_change_of_the_roster_is_a_newcomer_when_he_begins(service):
    change_roster(service, START, [Entry("小新", "desk", since=MONDAY)])
    assert trained(service) == []
    service.advance(MONDAY)
    assert trained(service) == [("小新", MONDAY)]


def test_a_newcomer_who_begins_another_day_or_never_is_one_on_that_day_or_never(service):
    list_staff(service, START, [CHIEF])
    both = [CHIEF, Staff("小新", ("desk",), since=MONDAY), Staff("小钱", ("desk",), since=MONDAY)]
    list_staff(service, START + 60, both)
    list_staff(service, START + 120, [CHIEF, Staff("小新", ("desk",), since=MONDAY + 86400)])
    service.advance(MONDAY + 7 * 86400)
    assert trained(service) == [("小新", MONDAY + 86400)]


def test_a_newcomer_is_welcomed_by_a_service_that_starts_after_he_was_listed(service):
    list_staff(service, START, [CHIEF])
    list_staff(service, START + 60, [CHIEF, Staff("小新", ("desk",), since=MONDAY)])
    site = Site(
        service.site.plans, Roster(service.site.plans, service.site.edition, complete=False), service.site.edition
    )
    again = Service(site, service.store, START)
    again.advance(MONDAY)
    assert trained(again) == [("小新", MONDAY)]


def test_whoever_has_not_begun_or_not_passed_is_not_qualified(service):
    list_staff(service, START, [CHIEF, Staff("小李", ("desk",))])
    list_staff(service, START + 60, [CHIEF, Staff("小李", ("desk",)), Staff("小新", ("desk",), since=MONDAY)])
    assert not is_qualified(service, START + 120, "小新", "desk")
    service.advance(MONDAY)
    assert not is_qualified(service, MONDAY + 60, "小新", "desk")
    assert is_qualified(service, MONDAY + 60, "小李", "desk")


# ---- entries ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def roster():
    (edition,) = (plan := prepared(BODY, head=SHIFTS).plan).editions
    return Roster(Plans.of(plan), edition)


def test_who_goes_has_no_role_whatever_end_or_beginning_his_entries_have(roster):
    ahead = (Entry("小李", "desk", since=START, until=MONDAY), Entry("小李", "desk", since=MONDAY + 86400))
    gone = roster.after(START, ahead, ()).after(START + 60, (), ["小李"])
    assert gone.entries == (ahead[0]._replace(until=START + 60),)


def test_a_new_entry_takes_the_place_of_one_that_has_an_end_and_of_what_was_ahead(roster):
    ahead = (Entry("小李", "desk", ("early",), until=MONDAY), Entry("小李", "desk", ("early",), since=MONDAY + 86400))
    changed = roster.after(0, ahead, ()).after(START, [Entry("小李", "desk", ("late",), since=START)], ())
    assert changed.entries == (ahead[0]._replace(until=START), Entry("小李", "desk", ("late",), since=START))


def test_what_begins_after_a_new_entry_is_over_stays(roster):
    later = Entry("小李", "desk", ("early",), since=MONDAY)
    changed = roster.after(0, [later, Entry("小李", "desk", ("late",), since=START, until=MONDAY)], ())
    assert changed.on_duty("desk", at("11-16 16:00")) == changed.on_duty("desk", at("11-23 10:00")) == ("小李",)


def test_whoever_stands_in_for_the_taker_of_a_post_takes_it(roster):
    edge = at("11-16 15:00")
    manned = roster.after(0, [Entry("早", "desk", ("early",)), Entry("晚", "desk", ("late",))], ())
    ill = manned.after(edge + 60, [Entry("替", "desk", ("late",), since=edge + 60)], ["晚"])
    assert (ill.leaver("desk", edge), ill.taker("desk", edge), ill.taker("desk", edge, edge + 120)) == (
        "早",
        "晚",
        "替",
    )
