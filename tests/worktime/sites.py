"""Calendars and instants for the comparisons: some written to be awkward, the others at random from a seed."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.worktime.oracle import Site

AWKWARD: tuple[dict[str, Any], ...] = (
    {"timezone": "Asia/Shanghai", "holidays": "CN", "hours": {"mon-fri": "09:00-12:00, 13:30-18:00"}},
    {
        "timezone": "Asia/Shanghai",
        "holidays": ["CN", "2025-07-01", "2024-12-24"],
        "hours": {"mon-fri": "08:30-12:00, 13:30-17:30", "fri": "08:30-15:00", "makeup": "10:00-14:20"},
        "exceptions": {"2026-10-08": "closed", "2025-12-31": "09:00-15:00", "2026-05-02": "07:07-23:59"},
    },
    {"timezone": "Asia/Shanghai", "holidays": "CN", "hours": {"mon-fri": "22:00-06:00"}},
    {"timezone": "Asia/Shanghai", "holidays": "none", "hours": {"mon-sun": "09:00-18:00", "sat-sun": "09:00-20:00"}},
    {"timezone": "Asia/Shanghai", "holidays": "CN", "hours": {"mon-sun": "00:00-24:00"}},
    {"timezone": "America/New_York", "hours": {"mon-sun": "00:00-24:00"}, "exceptions": {"2025-11-02": "closed"}},
    {"timezone": "America/New_York", "hours": {"mon-sun": "20:00-04:00"}, "holidays": ["2025-07-04", "2024-12-25"]},
    {"timezone": "America/New_York", "hours": {"mon-fri": "08:00-17:00"}, "holidays": ["2025-07-04", "2024-12-25"]},
    {"timezone": "America/New_York", "hours": {"mon-sun": "01:30-02:30, 09:00-12:00"}},
    {"timezone": "Australia/Lord_Howe", "hours": {"mon-sat": "06:00-09:00, 10:01-10:02, 21:00-01:00"}},
    {"timezone": "Asia/Shanghai", "holidays": "CN", "hours": {"mon": "09:00-17:00", "sat-sun": "10:00-12:00"}},
)

_ZONES = ("Asia/Shanghai", "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Pacific/Auckland", "Asia/Kathmandu")
_FIRST, _LAST = date(2018, 1, 1), date(2026, 6, 30)  # every due stays inside the published years


def random_calendar(rng: random.Random) -> dict[str, Any]:
    hours = {"mon-fri": _hours(rng)}
    for key in rng.sample(["sat", "wed", "fri-sat", "sun", "makeup"], rng.randrange(3)):
        hours[key] = _hours(rng) if rng.random() < 0.8 or key == "makeup" else "closed"
    days = [(_FIRST + timedelta(rng.randrange(3200))).isoformat() for _ in range(60)]
    holidays = [*days[:30], *(["CN"] if rng.random() < 0.6 else [])]
    exceptions = {day: rng.choice(["closed", _hours(rng)]) for day in days[25:]}
    return {"timezone": rng.choice(_ZONES), "holidays": holidays, "hours": hours, "exceptions": exceptions}


def _hours(rng: random.Random) -> str:
    """One to three openings of a day, none reaching into the next day's earliest."""
    edges = sorted(rng.sample(range(4 * 60, 24 * 60, rng.choice([1, 15, 30])), 2 * rng.randint(1, 3)))
    return ", ".join(f"{_clock(a)}-{_clock(b)}" for a, b in zip(edges[::2], edges[1::2], strict=True))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def random_instant(rng: random.Random, site: Site) -> int:
    """Half of them anywhere, half within a second or a minute of an edge, an opening, a midnight or a clock change."""
    day = _FIRST + timedelta(rng.randrange((_LAST - _FIRST).days))
    if rng.random() < 0.5:
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + rng.randrange(86_400)
    if rng.random() < 0.1:
        day = rng.choice(CLOCK_CHANGES)
    edges = [edge for span in site.spans(day) for edge in span] + [site.midnight(day)]
    return rng.choice(edges) + rng.choice([-60, -1, 0, 0, 0, 1, 59, 60])


CLOCK_CHANGES = (date(2024, 3, 10), date(2024, 11, 3), date(2025, 3, 30), date(2025, 10, 26), date(2025, 4, 6))


def random_pauses(rng: random.Random, start: int, due: int) -> tuple[tuple[int, int], ...]:
    """Up to four pauses in order, some before the start, some behind the due, some touching another or an edge."""
    span = max(due - start, 3600)
    marks = [start + int(span * rng.uniform(-0.1, 1.3)) for _ in range(8)]
    marks[: rng.randrange(4)] = rng.sample([start, due, due, due - 1, due + 1], 3)[: rng.randrange(4)]
    marks = sorted(set(marks))
    pauses = [(a, b) for a, b in zip(marks[::2], marks[1::2], strict=False)]
    if len(pauses) > 1 and rng.random() < 0.3:
        pauses[0] = (pauses[0][0], pauses[1][0])  # one ends as the next begins
    return tuple(pauses[: rng.randint(1, 4)])
