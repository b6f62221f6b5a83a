"""A daemon that was down tells the same story as one that was not: histories, the site's stream and figures are the same
to the byte, and what could not be told meanwhile comes as one digest, not as a storm.
"""

from __future__ import annotations

import shutil
from collections import Counter
from random import Random

import pytest

from engine.core import Refusal, measure, period_of
from engine.notify import SENT, Console
from engine.policy import shipped_policies
from engine.runtime import Door, Entry, change_roster, histories, imported
from engine.server import Config
from engine.server.daemon import build
from engine.store import Done
from tests.core.harness import at
from tests.server.conftest import Clock

#: A Friday before a make-up Saturday; a report of the month comes on the first working day of the next one.
START, END = at("10-09 08:00"), at("11-02 12:00")
#: What a daemon writes into the site's stream of itself and of its messages.
DAEMON_ONLY = {"engine_down", "plan_published", "calendar_shipped", "nobody"}
HOUR, DAY = 3600, 86400
DOWN = {
    "half a minute": (at("10-10 08:59:45"), 30),
    "an hour": (at("10-10 08:30"), HOUR),
    "a day": (at("10-09 15:00"), DAY),
    "three days": (at("10-09 15:00"), 3 * DAY),
}
STAFF = {
    "小李": "front_desk",
    "小陈": "agent",
    "小王": "supervisor",
    "老张": "technician",
    "小周": "sales",
    "赵工": "engineering",
    "钱经理": "site_manager",
    "孙总": "leader",
}
VALUES = {
    "matter": "水管漏水",
    "unit": "3-1-102",
    "name": "钱女士",
    "phone": "13800000000",
    "place": "大堂",
    "happened_at": "2026-10-09 08:00",
    "reason": "缺配件",
    "result": "已修好",
    "promised_at": "2026-10-12 18:00",
    "visit_at": "2026-10-10 10:00",
    "assignee": "老张",
    "score": "3",
    "demand": "尽快处理",
}


class Channel:
    """Takes every letter."""

    def __call__(self, letter, destination, *, addressee, now):
        return SENT


def furnish(folder, site):
    """The file that every run begins with: the people are there, and personal values have the names that they keep."""
    daemon = begin(folder, site, START)
    service = daemon.engine.services[site]
    roles = service.site.plan.roles
    change_roster(service, START, [Entry(person, role) for person, role in STAFF.items() if role in roles])
    privacy = service.site.plan.privacy
    for fact in sorted(privacy.personal & set(VALUES)) if privacy is not None else ():
        service.store.write(lambda tx, fact=fact: tx.seal(fact, VALUES[fact]))
    daemon.database.close()


def begin(folder, site, now):
    robot = {"robot": Console("robot")}
    routes = {
        "*": dict.fromkeys(("wecom", "dingtalk", "feishu", "mail", "sms", "phone", "app", "console", ""), "robot")
    }
    path = shipped_policies() / "sites" / f"{site}.yaml"
    return build(Config(folder, (path,), destinations=robot, routes=routes), Clock(now), Channel())


def tape(random, down):
    """What people do over the weekend, but while the daemon is down: instants, a number, a verb."""
    instants = sorted(random.sample(range(START, START + 4 * DAY), 120))
    verbs = (
        "open",
        "open",
        "dispatch",
        "accept",
        "acknowledge",
        "arrive",
        "suspend",
        "resume",
        "resolve",
        "dissatisfied",
    )
    made = [(instant, random.randrange(99), random.choice(verbs)) for instant in instants]
    return [one for one in made if not down[0] <= one[0] <= sum(down)]


def play(folder, site, story, down, end):
    """A daemon that lives through the story, and is down once; what it tells, and the letters about what passed then."""
    daemon = begin(folder, site, START)
    letters = Counter()
    instants = sorted({*(instant for instant, *_ in story), *range(START, end, HOUR), end})
    doings = {instant: (number, verb) for instant, number, verb in story}
    since, until = (down[0], sum(down)) if down is not None else (0, 0)
    opened = 0
    for instant in instants:
        if since <= instant < until:
            continue
        if since and instant >= until:  # it is started again
            daemon.database.close()
            daemon = begin(folder, site, until)
            work(daemon)
            letters, since = letters_since(daemon, until), 0
        daemon.clock.at = instant
        work(daemon)
        if instant in doings:
            opened += act(daemon.engine.services[site], instant, opened, *doings[instant])
    told = tell(daemon.engine.services[site], end)
    daemon.database.close()
    return told, letters


def work(daemon):
    """All that is due, and the letters about it, for as long as letters come."""
    while daemon.engine.tick():
        pass
    now = daemon.clock()
    for moment in range(now, now + 30):
        while daemon.postman.release(moment):
            pass
        while leases := daemon.postman.claim(moment):
            for lease in leases:
                daemon.postman.deliver(lease)
        with daemon.database.read() as connection:
            if connection.execute("SELECT 1 FROM delivery WHERE next_at <= ?", (now + 30,)).fetchone() is None:
                return


def act(service, instant, opened, number, verb):
    """Somebody tries something; whether a ticket was opened. What is not possible is refused, here as there."""
    plan = service.site.plan
    if verb == "open":
        categories = [one for one in ("repair", "complaint", "enquiry", "visit") if one in plan.categories]
        category = plan.categories[categories[number % len(categories)]]
        given = filled(plan, category.record) | {"category": category.id}
        return isinstance(asked(service, instant, f"T{opened + 1}", "小李", verb, given), Done)
    ticket = f"T{1 + number % max(opened, 1)}"
    if (family := service.store.load(ticket)) is not None:
        move = plan.workflows[plan.categories[family.root.category].workflow].moves.get(verb)
        if move is not None:
            given = filled(plan, move.ask) | ({"assignee": "老张"} if move.assign else {})
            asked(service, instant, ticket, "老张" if verb in ("acknowledge", "arrive") else "小王", verb, given)
    return False


def filled(plan, wanted):
    """Something for each fact that is asked, the first of its choices where it has some."""
    choices = {item.fact: next(iter(plan.facts[item.fact].values), None) for item in wanted}
    return {fact: choice or VALUES[fact] for fact, choice in choices.items() if choice or fact in VALUES}


def asked(service, instant, ticket, by, verb, given):
    made = Door(service).request(instant, ticket, by, verb, given)
    return made if isinstance(made, Refusal) else service.handle(made)


def letters_since(daemon, until):
    """How many letters each person got from an instant on; the reporter of a ticket is somebody else each time."""
    with daemon.database.read() as connection:
        rows = connection.execute(
            "SELECT delivery.mailbox FROM attempt JOIN delivery ON delivery = seq"
            " WHERE started_at >= ? AND person <> 'reporter'",
            (until,),
        ).fetchall()
    return Counter(rows)


def tell(service, end):
    store, plan = service.store, service.site.plan
    known = histories(service.store, end).read
    months = [period_of("month", instant, plan.timezone) for instant in (START, END)]
    return {
        "histories": {family.id: store.steps(family.id) for family in store.families()},
        "stream": sorted(str(event) for event in store.site_events() if event.kind not in DAEMON_ONLY),
        "figures": [
            str(measure(plan, figure, known, month, end, service.site.roster.times_on_duty, imported(service.store)))
            for figure in plan.figures.values()
            for month in months
        ],
    }


def compare(tmp_path, site, seed, name, end):
    """A downtime against none, over the same story; what both tell, and the letters about the pile."""
    furnish(tmp_path / "base", site)
    story = tape(Random(seed), DOWN[name])

    def run(place, down):
        shutil.copytree(tmp_path / "base", tmp_path / place)
        return play(tmp_path / place, site, story, down, end)

    usual, _ = run("undisturbed", None)
    told, letters = run("down", DOWN[name])
    assert len(usual["histories"]) > 5
    for what, expected in usual.items():
        assert told[what] == expected, what
    assert max(letters.values(), default=0) <= 2, letters
    return usual, letters


def test_a_day_of_downtime_changes_no_history_and_makes_one_digest_each(tmp_path):
    _, letters = compare(tmp_path, "riverside", 1, "a day", at("10-10 20:00"))
    assert letters


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", ["half a minute", "an hour", "three days"])
@pytest.mark.parametrize("site", ["lakeside", "riverside"])
def test_downtimes_over_a_make_up_weekend_change_no_byte_of_histories_and_reports(site, name, seed, tmp_path, capsys):
    usual, letters = compare(tmp_path, site, seed, name, END)
    reports = sum("kind='reported'" in event for event in usual["stream"])
    with capsys.disabled():
        steps, most = sum(map(len, usual["histories"].values())), max(letters.values(), default=0)
        print(
            f"\n{site}, {name}: {steps} steps and {reports} reports are the same, {most} letters for somebody at most"
        )
    assert reports
