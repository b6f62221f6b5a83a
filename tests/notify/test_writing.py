"""What letters say: of the ticket as it stands, in the words of the plan by which they were written."""

from __future__ import annotations

import pytest

from engine.core import Plan
from engine.core.conditions import ENGINE_FACTS
from engine.core.plan import PARTY_WORDS
from engine.runtime import Migration, migrate
from engine.store import StoreError
from tests.notify.office import PLAN, Office, plan_of

NIGHT = PLAN.replace("messaging: {", "messaging: {quiet: {hours: 22:00-07:00}, ")
NOTICE = 'notices: {hello: {title: 告知, of: matter, on: arrive, to: boss, text: "<{%s}>"}}\n'


def goes_over_to(office: Office, text: str) -> None:
    """The site's tickets go by another version of the plan from now on."""
    plan = plan_of(text)
    office.town.plans |= {None: plan, plan.version: plan}
    office.service.adopt(office.clock.now, plan)
    (change,) = migrate(office.service, Migration(plan.version), office.clock.now)
    assert not change.refused


def told_in_the_morning(office: Office) -> list[tuple[str, str]]:
    office.works("11-17 07:00")
    office.runs(3)
    return [(letter.subject, letter.text) for _, _, letter in office.post.sent]


# ---- a plan that changed meanwhile ----------------------------------------------------------------------------------


def test_a_notice_that_the_plan_has_no_more_is_told_in_the_words_it_came_with(make):
    notice = NOTICE % "place"
    office = make(NIGHT + notice, start="11-16 22:30")
    office.open(place="6栋")
    office.move("arrive")
    office.works()
    goes_over_to(office, NIGHT.replace("  place: 地点\n", "").replace("(place), ", ""))
    assert told_in_the_morning(office) == [("报修 T1：告知", "<6栋>")]


def test_a_rung_that_the_plan_has_no_more_is_told_in_the_words_it_came_with(make):
    office = make(NIGHT, start="11-16 21:30")
    office.open()
    office.works("11-16 22:31")
    fewer = NIGHT.replace("    due: {at: due, notify: supervisor}\n", "").replace("到场, of", "前往, of")
    goes_over_to(office, fewer)
    assert told_in_the_morning(office) == [("报修 T1：到场", "“到场”已于11-16 22:30到期，尚未完成。")]


def test_the_all_clear_of_a_deadline_that_a_migration_took_away_calls_it_by_its_title(make):
    office = make(PLAN)
    office.open()
    office.works("11-16 10:01")
    goes_over_to(
        office, PLAN.replace("  arrive: {title: 到场, of: matter, from: opened, until: arrive, limit: 1 hour}\n", "")
    )
    told = [(letter.subject, letter.text) for _, _, letter in office.works("11-16 10:02")]
    assert told == [("报修 T1：到场", "“到场”的提醒已解除。")]


def test_a_letter_whose_plan_cannot_be_read_any_more_says_what_the_ticket_goes_by(make):
    office = make(NIGHT + NOTICE % "place", start="11-16 22:30")
    office.open(place="6栋")
    office.move("arrive")
    office.works()
    goes_over_to(office, NIGHT + (NOTICE % "place").replace("hello", "bye"))
    office.town.plan = lambda site, version=None: readable(office, version)
    assert told_in_the_morning(office) == [("报修 T1：hello", "<6栋>")]


def readable(office: Office, version: str | None) -> Plan:
    """The version that the site goes by now; the one before can be read no more."""
    if version == office.plan.version:
        raise StoreError("which this release cannot read")
    return office.town.plans[version]


# ---- what a text may name -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ENGINE_FACTS | PARTY_WORDS))
def test_whatever_a_text_may_name_is_filled_in(make, name):
    office = make(PLAN + NOTICE % name)
    office.open()
    office.move("arrive")
    ((_, _, letter),) = office.works("11-16 09:05")
    assert letter.text == {
        "assignee": "<前台>",
        "first_contact": "<desk>",
        "owner": "<前台>",
        "custodian": "<前台>",
        "reporter": "<报事人>",
        "category": "<报修>",
        "state": "<待办>",
        "number": "<T1>",
        "round": "<1>",
        "repeats": "<0>",
        "promises": "<0>",
        "open_parts": "<0>",
        "time": "<09:00>",
        "day": "<11-16>",
        "hour": "<9>",
    }.get(name, "<—>")


@pytest.mark.parametrize(("start", "due"), [("11-20 09:00", "<12-21 18:00>"), ("12-20 09:00", "<2027-01-19 18:00>")])
def test_an_instant_of_another_year_says_so(make, start, due):
    office = make(PLAN + NOTICE % "finish.due", start=start)
    office.open()
    office.move("arrive")
    ((_, _, letter),) = office.works()
    assert letter.text == due
