"""A post that has to be held and is left empty is found when it is, once, by the passing of time alone."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from engine.runtime import Entry, Plans, Roster, Service, Site, Staff, change_roster, list_staff
from engine.runtime.posts import EMPTY_POST, is_empty
from engine.store import MemoryStore
from tests.core.harness import at
from tests.runtime.running import BODY, prepared
from tests.runtime.test_people import SHIFTS

HELD = SHIFTS.replace(
    "desk: {title: 前台, on_duty: always}", "desk: {title: 前台, on_duty: [early, late], at_least: 1}"
)
BOSS = Staff("陈", ("boss",))
EARLY, LATE = Staff("早", ("desk",), ("early",)), Staff("晚", ("desk",), ("late",))
MORNING = at("11-16 06:00")


def begin(store, start=MORNING, head=HELD):
    plan = prepared(BODY, head=head).plan
    (edition,) = plan.editions
    return Service(Site(Plans.of(plan), Roster(Plans.of(plan), edition, complete=False), edition), store, start)


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def service(store):
    return begin(store)


def found(service):
    return [event.at for event in service.store.site_events(EMPTY_POST)]


def test_a_shift_to_which_nobody_comes_is_found_when_it_begins(service):
    list_staff(service, MORNING, [BOSS, EARLY])
    service.advance(at("11-16 14:59"))
    assert found(service) == []
    service.advance(at("11-16 15:00"))
    assert found(service) == [at("11-16 15:00")]
    (event,) = service.store.site_events(EMPTY_POST)
    assert (event.data["role"], event.rule.path) == ("desk", "roles.desk")
    service.advance(at("11-18 06:00"))
    assert found(service) == [at("11-16 15:00"), at("11-17 15:00")]


def test_what_was_empty_during_a_downtime_is_found_after_it_once(store, service):
    list_staff(service, MORNING, [BOSS, EARLY])
    for _ in range(2):
        begin(store, at("11-18 06:00")).advance(at("11-18 06:00"))
        assert found(service) == [at("11-16 15:00"), at("11-17 15:00")]


def test_who_is_listed_for_half_a_shift_leaves_the_other_half_empty(service):
    noon = at("11-16 12:00")
    list_staff(service, MORNING, [BOSS, LATE, replace(EARLY, until=noon)])
    service.advance(at("11-16 11:00"))  # it looks an hour ahead
    service.advance(at("11-16 23:00"))
    assert found(service) == [noon]


def test_each_gap_in_a_shift_is_found_however_often_the_roster_changes_in_it(service):
    list_staff(service, MORNING, [BOSS, EARLY, LATE])
    change_roster(service, at("11-16 12:00"), gone=["早"])
    change_roster(service, at("11-16 12:10"), [Entry("陈二", "boss")])
    assert found(service) == [at("11-16 12:00")]
    change_roster(service, at("11-16 12:20"), [Entry("替", "desk", ("early",))])
    change_roster(service, at("11-16 12:40"), gone=["替"])
    assert found(service) == [at("11-16 12:00"), at("11-16 12:40")]


def test_a_list_on_which_nobody_holds_the_post_finds_it_empty_at_once(service):
    list_staff(service, at("11-16 10:00"), [BOSS])
    assert found(service) == [at("11-16 10:00")]


def test_a_plan_that_begins_to_ask_for_somebody_finds_the_post_empty_at_once(store):
    service = begin(store, head=SHIFTS)
    list_staff(service, MORNING, [BOSS])
    service.advance(at("11-16 10:00"))
    assert found(service) == []
    service.adopt(at("11-16 10:00"), prepared(BODY, head=HELD).plan)
    assert found(service) == [at("11-16 10:00")]


def test_a_roster_that_is_not_complete_does_not_count(store):
    service = begin(store, head=HELD.replace("at_least: 1", "at_least: 2"))
    change_roster(service, MORNING, [Entry("早", "desk", ("early",))])
    service.advance(at("11-16 14:59"))
    assert found(service) == []
    change_roster(service, at("11-17 08:00"), gone=["早"])
    assert found(service) == [at("11-17 08:00")]


def test_a_roster_that_is_not_complete_says_nothing_of_a_shift_on_which_it_names_nobody(service):
    change_roster(service, MORNING, [Entry("早", "desk", ("early",), since=MORNING)])
    service.advance(at("11-17 06:00"))
    assert found(service) == []
    change_roster(service, at("11-17 08:00"), gone=["早"])
    assert found(service) == [at("11-17 08:00")]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_roster_says_and_whenever_time_passes_the_same_is_found(seed):
    """By the minute: a gap begins where it is empty and was not, or where a shift does."""
    random = Random(seed)
    minutes = range(MORNING, MORNING + 2 * 86400, 60)
    entries = [
        Entry(f"P{n}", "desk", random.choice([(), ("early",), ("late",)]), *sorted(random.sample(minutes, 2)))
        for n in range(random.randrange(1, 8))
    ]
    store = MemoryStore()
    service = begin(store, head=HELD.replace("at_least: 1", f"at_least: {random.randrange(1, 3)}"))
    list_staff(service, MORNING, [BOSS])
    change_roster(service, MORNING, entries)
    for moment in sorted(random.sample(minutes, 3)):
        service.advance(moment)
        if random.random() < 0.5:
            service = Service(service._base, store, moment)
    service.advance(minutes[-1])
    edges = {at(f"11-{day} {clock}") for day in (16, 17, 18) for clock in ("07:00", "15:00")}
    wanted = [
        minute
        for minute in minutes
        if is_empty(service.site, "desk", minute)
        and (minute in edges or not is_empty(service.site, "desk", minute - 60))
    ]
    assert found(service) == wanted
