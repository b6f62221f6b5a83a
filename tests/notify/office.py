"""A site with people, a clock that a test sets, and channels that write down what they were handed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

from engine.core import Command, Plan, commands
from engine.notify import SENT, Console, Letter, Outcome, Person, Postman, Reader, Route, WeCom
from engine.notify.destinations import Endpoint, Secret
from engine.policy import load_text, render
from engine.runtime import Plans, Roster, Service, Site
from engine.store import Database, Done
from engine.store.codec import MESSAGE
from engine.store.tables.deliveries import Deliveries, Filter
from tests.core.harness import DAYS, DESK, at, local, with_days

#: The ladder of SEMANTICS, example 8: at the due, 2 hours after it, then every 4 hours.
PLAN = """
policy: test
title: 测试
timezone: Asia/Shanghai
calendar: office
last_resort: boss
calendars: {office: {title: 办公, holidays: CN, hours: {mon-fri: "09:00-12:00, 13:30-18:00"}}}
roles:
  desk: {title: 前台, on_duty: always}
  boss: {title: 经理, on_duty: always}
  supervisor: {title: 主管, on_duty: always, fallback: leader}
  leader: {title: 领导, on_duty: always}
facts:
  name: 姓名
  place: 地点
  anonymous: {title: 匿名, type: flag}
categories:
  matter: {title: 报修, workflow: flow, record: [(place), (name), (anonymous)]}
workflows:
  flow:
    title: 流程
    initial: todo
    states:
      todo: {title: 待办, owner: desk}
      done: {title: 完成, final: true}
    moves:
      arrive: {title: 到场, from: todo}
      finish: {title: 完成, from: todo, to: done}
deadlines:
  arrive: {title: 到场, of: matter, from: opened, until: arrive, limit: 1 hour}
  finish: {title: 完成, of: matter, from: opened, until: finish, limit: 30 calendar days, escalate: none}
escalations:
  default:
    due: {at: due, notify: supervisor}
    leader: {at: 2 hours after due, notify: leader, every: 4 hours, times: 5}
privacy: {personal: [name], see: [boss], keep: 1 year}
messaging: {via: {staff: [chat, mail], reporter: mail}, channels: {chat: {title: 群}}}
"""
QUIET = "messaging: {quiet: {hours: 22:00-07:00}}\n"

SITE = "园区"
ANYBODY = DESK._replace(roles=DESK.roles | {"supervisor", "leader", "system"})


@cache
def plan_of(text: str) -> Plan:
    loaded = load_text(text, name="office.yaml", today=date(2026, 6, 1))
    assert loaded.plan is not None, render(loaded.diagnostics, "en")
    return with_days(loaded.plan)


class Clock:
    def __init__(self) -> None:
        self.now = 0
        self.seconds = 0.0

    def set(self, when: str | int) -> int:
        self.now = at(when) if isinstance(when, str) else when
        return self.now


class Town:
    """The world that delivery asks. A person is reached where `reached` says; by default everywhere."""

    def __init__(self, plan) -> None:
        self.plans = {None: plan, plan.version: plan}
        self.open = [SITE]
        self.on_duty = {"supervisor": ["小王"], "leader": ["老李"], "boss": ["陈总"], "desk": ["小张"]}
        self.destinations = {"chat": Console("chat"), "mail": Console("mail"), "": Console("screen")}
        self.unreached: set[tuple[str, str]] = set()
        self.values: dict[str, str] = {}
        self.seen_by: set[str] = set()
        self.nobody: list[str] = []
        self.undeliverable: list[tuple[str, str]] = []

    def sites(self):
        return self.open

    def plan(self, site, version=None):
        return self.plans[version]

    def people(self, site, address, ticket, at):
        kind, _, name = address.partition(":")
        if kind == "role":
            return [Person(person, name) for person in self.on_duty.get(name, ())]
        return [Person("reporter", "reporter")] if kind == "reporter" else [Person(name, "")]

    def route(self, reader: Reader):
        if (reader.person, reader.channel) in self.unreached or reader.channel not in self.destinations:
            return None
        return Route(self.destinations[reader.channel], reader.person)

    def reveal(self, reader, reference):
        return self.values.get(reference) if reader.person in self.seen_by else None

    def link(self, site, ticket):
        return ""

    def status_link(self, reader):
        return ""

    def on_nobody(self, found):
        self.nobody.append(found.role)

    def on_undeliverable(self, found):
        self.undeliverable.append((found.ticket, found.rung))


class Post:
    """A recording channel: `says` is asked for the outcome of a letter at a destination."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, Letter]] = []
        self.says = lambda letter, destination: SENT

    def __call__(self, letter, destination, *, addressee, now) -> Outcome:
        outcome = self.says(letter, destination)
        if outcome.status == "sent":
            self.sent.append((destination.id, addressee, letter))
        return outcome


class Office:
    """A service on a database file and a postman beside it, both without threads: a test says when something is done."""

    def __init__(self, path, text=PLAN, start="11-16 09:00") -> None:
        self.plan = plan_of(text)
        self.clock = Clock()
        self.clock.set(start)
        self.database = Database.open(path, lambda: self.clock.now, synchronous="NORMAL")
        self.town = Town(self.plan)
        self.post = Post()
        plans = Plans.of(self.plan)
        site = Site(plans, Roster(plans, DAYS.id, complete=False), DAYS.id)
        self.service = Service(site, self.database.site(SITE), self.clock.now)
        self.postman = self.new_postman()

    def new_postman(self, database=None) -> Postman:
        return Postman(
            database or self.database,
            self.town,
            self.post,
            now=lambda: self.clock.now,
            monotonic=lambda: self.clock.seconds,
        )

    # ---- history ----------------------------------------------------------------------------------------------------

    def open(self, ticket="T1", **facts):
        act = commands.Open("matter", facts, "desk", "", DAYS.id)
        self.do(act, ticket)

    def do(self, act, ticket="T1"):
        done = self.service.handle(Command(ticket, ANYBODY, self.clock.now, act))
        assert isinstance(done, Done), done

    def move(self, name, ticket="T1"):
        self.do(commands.Do(name, {}), ticket)

    def goes_to(self, when: str) -> None:
        """It is this time now; everything due before has happened."""
        now = self.clock.set(when)
        self.service.advance(now - 1)

    # ---- delivery ---------------------------------------------------------------------------------------------------

    def release(self) -> None:
        while self.postman.release(self.clock.now):
            pass
        self.postman.tend(self.clock.now)

    def deliver(self) -> int:
        """Hand over whatever may leave now."""
        count = 0
        while leases := self.postman.claim(self.clock.now):
            for lease in leases:
                self.postman.deliver(lease)
            count += len(leases)
        return count

    def works(self, when: str | None = None) -> list[tuple[str, str, Letter]]:
        """Everything that happens at an instant, and the letters that left then."""
        if when is not None:
            self.goes_to(when)
        before = len(self.post.sent)
        self.release()
        self.deliver()
        return self.post.sent[before:]

    def runs(self, seconds: int) -> None:
        """Let time pass, one second after the other."""
        for _ in range(seconds):
            self.clock.now += 1
            self.works()

    # ---- looking ----------------------------------------------------------------------------------------------------

    def rows(self, sql: str, *values):
        with self.database.read() as connection:
            return connection.execute(sql, values).fetchall()

    def fates(self) -> list[tuple[str, str, str]]:
        """Each message: its address, what became of it, and when it was released."""
        rows = self.rows("SELECT body, state, released_at FROM message JOIN outbox ON message = seq ORDER BY seq")
        return [(MESSAGE.loads(body).to, state, local(when)[6:] if when else "") for body, state, when in rows]

    def reasons(self) -> list[str]:
        return [reason for (reason,) in self.rows("SELECT reason FROM outbox ORDER BY message")]

    def deliveries(self, **query):
        with self.database.read() as connection:
            return Deliveries(connection).listed(Filter(**query))

    def told(self) -> list[str]:
        return [addressee for _, addressee, _ in self.post.sent]


def robot(id: str, rate: int | None = 20) -> WeCom:
    return replace(WeCom(id, Endpoint("robot.example", 443, Secret("/"))), rate=rate)
