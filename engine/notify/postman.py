"""The postman: releases what was committed, takes what may leave, hands it to channels, writes down what came of it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Final, Protocol, TypeVar
from uuid import uuid4

from engine.notify import limits
from engine.notify.claim import claim
from engine.notify.destinations import Destination
from engine.notify.digest import DailyDigest
from engine.notify.finish import Finish
from engine.notify.letter import Letter, Outcome, refused, retry
from engine.notify.release import Release
from engine.notify.world import Reader, World
from engine.notify.writing import Lang, Writer, Written
from engine.store import Database, StoreError
from engine.store.tables.deliveries import Deliveries, Delivery

T = TypeVar("T")
log = logging.getLogger(__name__)

#: Seconds between two looks where nobody calls, and how long `stop` waits for letters under way.
IDLE: Final = 1.0
#: Seconds between two rounds, in which the disk is others': when thousands of tickets breach, their timers come first.
REST: Final = 0.2
STOP: Final = 9.0


class Channel(Protocol):
    """Hands a letter over: `send`, with its wire."""

    def __call__(self, letter: Letter, destination: Destination, *, addressee: str, now: int) -> Outcome: ...


class Lease:
    """A letter that is ours until `trusted_till`, on a clock that only runs forward."""

    def __init__(self, row: Delivery, trusted_till: float) -> None:
        self.row = row
        self.trusted_till = trusted_till
        self.begun = False


class Postman:
    """Delivers the messages of a database. `now` gives seconds UTC, `monotonic` seconds that only run forward."""

    def __init__(
        self,
        database: Database,
        world: World,
        channel: Channel,
        *,
        now: Callable[[], int],
        monotonic: Callable[[], float],
        lang: Lang = "zh",
    ) -> None:
        self.owner = uuid4().hex  #: of this start of this daemon
        self._database = database
        self._world = world
        self._channel = channel
        self._now = now
        self._monotonic = monotonic
        self._release = Release(database, world)
        self._daily = DailyDigest(database, world)
        self._writer = Writer(database, world, lang)
        self._finish = Finish(database, world)
        self._wake = Event()
        self._stop = Event()
        self._gate = Lock()  # over the leases under way, and the counts
        self._under_way: dict[int, Lease] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._letters: SimpleQueue[Lease | None] = SimpleQueue()
        self._threads: list[Thread] = []

    def counts(self) -> dict[tuple[str, str], int]:
        """Letters since the start by channel and outcome: sent, retry, refused, disabled, fenced."""
        with self._gate:
            return dict(self._counts)

    # ---- one round, without any thread ------------------------------------------------------------------------------

    def release(self, now: int) -> bool:
        """Handle a batch of messages; whether there may be more."""
        return self._release.sweep(now) > 0

    def tend(self, now: int) -> None:
        """What else is due: daily digests, letters that waited for too long, findings that the site is told."""
        self._guarded(lambda: self._daily.make(now))
        self._guarded(lambda: self._finish.lose_patience(now))
        self._guarded(lambda: self._release.tell_findings(now))

    def claim(self, now: int) -> list[Lease]:
        """Take the letters that may leave now, as many as there are threads free for them."""
        started = self._monotonic()
        with self._database.read() as connection:
            if not Deliveries(connection).any_due(now):
                return []
        with self._gate:
            busy = Counter(lease.row.destination for lease in self._under_way.values())
        free = limits.THREADS - busy.total()
        if free <= 0:
            return []
        taken = self._database.write(lambda c: claim(Deliveries(c), self.owner, now, free, busy))
        leases = [Lease(row, started + limits.LEASE - limits.MARGIN) for row in taken]
        with self._gate:
            self._under_way.update((lease.row.seq, lease) for lease in leases)
        return leases

    def deliver(self, lease: Lease) -> None:
        """Write a letter, hand it over, write down what came of it."""
        try:
            self._deliver(lease)
        finally:
            with self._gate:
                self._under_way.pop(lease.row.seq, None)
            self._wake.set()

    def _deliver(self, lease: Lease) -> None:
        row = lease.row
        if row.site not in self._world.sites():
            self._finish.wait(row, "its site cannot be opened", self._now())
            return
        try:
            written = self._writer.write(row)
        except Exception as error:  # whatever is wrong with one letter stops no other
            self._finish.park(row, f"it cannot be written: {type(error).__name__}", self._now())
            return
        self._finish.leave_out(written.stale, written.broken, self._now())
        if written.letter is None:
            self._nothing_to_tell(row, written)
            return
        with self._gate:
            lease.begun = not self._stop.is_set() and self._monotonic() < lease.trusted_till
        if lease.begun:
            outcome = self._hand_over(written.letter, row)
            done = self._finish.end(row, outcome, self._now())
            with self._gate:
                self._counts[row.channel, outcome.status if done else "fenced"] += 1
        else:
            self._finish.give_back(row, self._now(), begun=False)

    def _nothing_to_tell(self, row: Delivery, written: Written) -> None:
        """Of a letter its own message decides; of a digest any part that cannot be written."""
        stale = dict(written.stale)
        if written.broken and row.seq not in stale:
            self._finish.park(row, written.broken[0][1], self._now())
        else:
            self._finish.suppress(row, stale.get(row.seq) or next(iter(stale.values()), "nothing to tell"), self._now())

    def _hand_over(self, letter: Letter, row: Delivery) -> Outcome:
        try:
            route = self._world.route(Reader(row.site, row.ticket, row.person, row.role, row.channel))
            if route is None:
                return refused("the person has no address there any more")
            with self._database.read() as connection:
                standing = Deliveries(connection).standing(route.destination.id)
            if standing is not None and standing.disabled:
                return refused(standing.disabled)
            return self._channel(letter, route.destination, addressee=route.addressee, now=self._now())
        except Exception as error:  # a fault of ours on the way: the letter is tried again
            return retry(f"it could not be handed over: {type(error).__name__}")

    # ---- threads ----------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Something was committed."""
        self._wake.set()

    def start(self) -> None:
        """Begin to deliver. What others had leased is taken up at once: whoever has the file open is alone."""
        self._database.write(lambda connection: self._begin(Deliveries(connection)))
        self._threads = [Thread(target=self._work, name=f"letters-{n}", daemon=True) for n in range(limits.THREADS)]
        self._threads.append(Thread(target=self._run, name="postman", daemon=True))
        for thread in self._threads:
            thread.start()

    def _begin(self, rows: Deliveries) -> None:
        rows.reclaim(self.owner, self._now())
        rows.enable_all()

    def stop(self) -> None:
        """Take nothing more, wait for letters under way, give back the leases of those that take too long."""
        self._stop.set()
        self._wake.set()
        for _ in range(limits.THREADS):
            self._letters.put(None)
        end = self._monotonic() + STOP
        for thread in self._threads:
            thread.join(max(0.0, end - self._monotonic()))
        with self._gate:
            left = list(self._under_way.values())
        for lease in left:
            self._finish.give_back(lease.row, self._now(), begun=lease.begun)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            more = self._guarded(lambda: self.release(self._now()))
            for lease in self._guarded(lambda: self.claim(self._now())) or ():
                self._letters.put(lease)
            self.tend(self._now())
            self._stop.wait(REST)
            if not more:
                self._wake.wait(IDLE)

    def _guarded(self, work: Callable[[], T]) -> T | None:
        """Whatever fails, the disk that is full among it: it was not written, and is done in a later round."""
        try:
            return work()
        except Exception as error:
            log.error("delivery waits: %s", error if isinstance(error, StoreError) else type(error).__name__)
            return None

    def _work(self) -> None:
        while (lease := self._letters.get()) is not None:
            self._guarded(partial(self.deliver, lease))  # if it fails, the lease runs out, and it is taken again
