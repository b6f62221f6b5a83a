"""Whom a message reaches: persons by the list of staff, of the plan of the moment and of the ticket's own."""

from __future__ import annotations

import pytest

from engine.core import Command, commands
from engine.notify import SENT, Postman
from engine.runtime import Engine, Entry, VirtualClock, change_roster
from engine.server.config import Config
from engine.server.people import import_list
from engine.server.world import World
from engine.store import Database, Done
from engine.store.tables.deliveries import Deliveries, Filter
from tests.core.harness import DESK, HEAD, at
from tests.runtime.running import START, open_ticket, prepared

FIXERS = HEAD.replace("  boss:", "  fixer: {title: 维修, on_duty: always, fallback: desk}\n  boss:")
BODY = """
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: fixer}, done: {title: 完成, final: true}}
    moves: {give: {title: 派工, from: todo, assign: fixer}, finish: {title: 完成, from: todo, to: done}}
deadlines:
  finish: {title: 完成, of: matter, from: opened, until: finish, limit: 1 hour, escalate: ladder}
escalations: {ladder: {due: {at: due, notify: assignee}}}
messaging: {via: {fixer: mobile, staff: group}, channels: {mobile: {title: 手机}, group: {title: 群}}, quiet: QUIET}
""".replace("QUIET", '{hours: "22:00-07:00", for: [fixer]}')
ANYBODY = DESK._replace(roles=DESK.roles | {"fixer"})
STAFF = [Entry("老张", "fixer"), Entry("老李", "fixer"), Entry("小王", "desk"), Entry("陈", "boss")]


@pytest.fixture
def office(monkeypatch, tmp_path):
    monkeypatch.setattr("engine.runtime.engine.restore", lambda revision: prepared(revision.files["test"], head=""))
    clock = VirtualClock(START)
    office = _Office(Engine(Database.open(tmp_path / "huiyin.db", clock), clock), tmp_path)
    yield office
    office.engine.database.close()


class _Office:
    def __init__(self, engine, path) -> None:
        self.engine, self.clock = engine, engine.clock
        channel = lambda letter, destination, *, addressee, now: SENT  # noqa: E731
        world = World(engine, Config(path, ()))
        self.postman = Postman(engine.database, world, channel, now=engine.clock, monotonic=lambda: 0.0)
        engine.apply("test", prepared(BODY, head=FIXERS), "chief")
        change_roster(self.service, START, STAFF)

    @property
    def service(self):
        return self.engine.services["test"]

    def gives(self, person, when="11-16 09:00") -> None:
        """A ticket is opened and given to somebody."""
        self.engine.clock.move(at(when))
        open_ticket(self.engine)
        done = self.service.handle(Command("T1", ANYBODY, self.engine.clock(), commands.Do("give", {}, person)))
        assert isinstance(done, Done)

    def tells(self, when) -> list[tuple[str, str]]:
        """Who has been told by then, and on which channel."""
        self.engine.clock.move(at(when))
        while self.engine.tick():
            pass
        while self.postman.release(self.engine.clock()):
            pass
        self.postman.tend(self.engine.clock())
        with self.engine.database.read() as connection:
            return [
                (one.person, one.channel) for one in Deliveries(connection).listed(Filter()) if one.kind == "message"
            ]

    def nobody(self) -> list[str]:
        return [event.data["role"] for event in self.service.store.site_events("nobody")]


def test_who_is_given_a_ticket_is_told_of_it_by_the_channel_of_his_role(office):
    office.gives("老张")
    assert office.tells("11-16 10:01") == [("老张", "mobile")]


def test_who_is_given_a_ticket_is_left_in_peace_in_the_quiet_hours_of_his_role(office):
    office.gives("老张", "11-16 22:00")
    assert office.tells("11-16 23:01") == []
    assert office.tells("11-17 07:00") == [("老张", "mobile")]


def test_where_who_was_given_a_ticket_has_left_the_others_of_its_role_are_told(office):
    office.gives("老张")
    change_roster(office.service, START + 60, gone=["老张"])
    assert office.tells("11-16 10:01") == [("老李", "mobile")]


def test_where_nobody_of_that_role_is_left_either_its_fallback_is_told_and_that_is_a_finding(office):
    office.gives("老张")
    change_roster(office.service, START + 60, gone=["老张", "老李"])
    assert office.tells("11-16 10:01") == [("小王", "group")]
    assert office.nobody() == ["fixer"]


SHIFTS = FIXERS.replace("维修, on_duty: always", "维修, on_duty: [days, nights]").replace(
    "calendars: {",
    'calendars: {days: {title: 白班, holidays: none, hours: {mon-sun: "08:00-18:00"}}, '
    'nights: {title: 夜班, holidays: none, hours: {mon-sun: "18:00-08:00"}}, ',
)


@pytest.mark.parametrize(
    ("listed", "told", "nobody"),
    [
        ([Entry("老李", "fixer", ("nights",))], [("老张", "mobile"), ("老李", "mobile")], []),
        ([Entry("老李", "fixer", ("days",))], [("老张", "mobile"), ("小王", "group")], ["fixer"]),
    ],
)
def test_who_is_off_duty_does_not_hear_of_a_rung_alone(office, listed, told, nobody):
    office.engine.apply("test", prepared(BODY, head=SHIFTS), "chief")
    change_roster(office.service, START + 60, [Entry("老张", "fixer", ("days",)), *listed])
    office.gives("老张", "11-16 17:30")
    assert sorted(office.tells("11-16 18:31")) == sorted(told)
    assert office.nobody() == nobody


@pytest.mark.parametrize(("listed", "told"), [("mender", [("小王", "group")]), ("fixer", [("老李", "mobile")])])
def test_a_role_that_a_plan_renames_is_told_by_who_is_listed_in_it_else_its_fallback(office, listed, told):
    office.gives("老张")
    office.engine.apply(
        "test", prepared(BODY.replace("fixer", "mender"), head=FIXERS.replace("fixer", "mender")), "chief"
    )
    change_roster(office.service, START + 60, [Entry("老李", listed)], gone=["老张", "老李"])
    assert office.tells("11-16 10:01") == told
    assert office.nobody() == (["fixer"] if listed == "mender" else [])


# ---- lists -----------------------------------------------------------------------------------------------------------


def test_todays_list_is_read_by_the_plan_in_force_though_one_applied_ahead_renames_its_roles(office):
    renamed = FIXERS.replace("fixer", "mender").replace("title: 维修", "title: 修理")
    office.engine.apply(
        "test", prepared("effective: 2026-12-01" + BODY.replace("fixer", "mender"), head=renamed), "chief"
    )
    listed = import_list(office, "test", "staff.csv", "姓名,角色\n老张,维修\n小王,前台\n陈,经理\n".encode())
    assert (listed.mistakes, listed.listed) == ((), 3)
    assert office.service.site.roster.on_duty("fixer", START + 60) == ("老张",)
