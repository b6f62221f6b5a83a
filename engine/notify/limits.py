"""How often, how long, how many: the numbers of delivery. Seconds, unless a name says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from engine.notify.destinations import Console, DingTalk, Feishu, Mail, WeCom

# ---- tries ----------------------------------------------------------------------------------------------------------

#: Waits between the tries of one letter. After the last one the channel is given up, and the next one is tried.
CRITICAL: Final = (5, 15, 45, 120, 300)
NORMAL: Final = (5, 60, 300, 1_800, 7_200)
#: As Standard Webhooks propose; a program that is down for a night still hears of it.
WEBHOOK: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
JITTER: Final = 0.2  #: of a webhook's wait, either way, so that what failed together does not come back together

#: Failures in a row after which a destination is left alone: 30 seconds, then twice as long, up to ten minutes.
FAILURES_MAX: Final = 5
PAUSE: Final = 30
PAUSE_MAX: Final = 600

# ---- leases ---------------------------------------------------------------------------------------------------------

LEASE: Final = 45
#: A letter is handed over only while its lease lasts this much longer: a send takes 15 seconds at most.
MARGIN: Final = 20
#: How long what a site has to tell waits before it is looked at again, while the site cannot be opened.
SHUT: Final = 60
THREADS: Final = 8
THREADS_PER_DESTINATION: Final = 2

# ---- how many -------------------------------------------------------------------------------------------------------

#: Instants are whole seconds, so a minute that is never short has one more.
MINUTE: Final = 61
RESERVE: Final = 4  #: one in so many letters of a destination's rate is kept for critical ones
PERSON_RATE: Final = 10  #: letters a minute that a person gets
#: So many a minute come one by one. What is more is gathered into digests, `SPACING` apart: never more than
#: SINGLES + 60 / SPACING < PERSON_RATE in a minute.
SINGLES: Final = 3
GATHER: Final = 2
SPACING: Final = 12
#: Letters at a destination among which those are sought whose reader had not too much; each reader has a few.
LOOKED_AT: Final = 1000
#: What is told later than this was held back, or the engine was down: two of them make a digest.
LATE: Final = 600
#: Kinds of destinations that people read. A program gets each message by itself.
FOR_PEOPLE: Final = frozenset({Console.kind, DingTalk.kind, Feishu.kind, Mail.kind, WeCom.kind})


def not_before(at: int, now: int) -> int:
    """When a new message may leave: at once, or a little later where others may wait that it shall come with."""
    return now + GATHER if now - at > LATE else now


def wait(kind: str, critical: bool, id: str, tries: int) -> int | None:
    """How long a letter waits after so many failed tries; None: this channel is given up."""
    schedule = schedule_of(kind, critical)
    if tries > len(schedule):
        return None
    seconds = schedule[tries - 1]
    if kind in FOR_PEOPLE:
        return seconds
    share = sha256(f"{id}/{tries}".encode()).digest()[0] / 255  # from 0 to 1, the same however often it is asked
    return round(seconds * (1 - JITTER + 2 * JITTER * share))


def patience(kind: str, critical: bool) -> int:
    """How long a channel is tried at most, where a pause of its destination keeps the tries from being used up."""
    return sum(schedule_of(kind, critical))


def schedule_of(kind: str, critical: bool) -> Sequence[int]:
    if kind not in FOR_PEOPLE:
        return WEBHOOK
    return CRITICAL if critical else NORMAL


def pause(pauses: int) -> int:
    """How long a destination is left alone after so many pauses in a row."""
    return min(PAUSE << min(pauses, 10), PAUSE_MAX)


def budget(rate: int | None, critical: bool) -> int | None:
    """Letters a minute that may go to a destination; None: as many as there are."""
    if rate is None:
        return None
    return rate if critical else max(rate - max(rate // RESERVE, 1), 1) if rate > 1 else rate
