"""Due dates that a city's own system set: Boston 311, first half of 2015 (see docs/how-to/backtest.md for the data)."""

from __future__ import annotations

import csv
import gzip
import os
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from tests.worktime.tools import calendar, limit

#: Type -> its limit, and how many tickets may differ (the city changed some targets by hand).
TYPES = {
    "Sticker Request": ("1 working day", 0),
    "Building Inspection Request": ("3 working days", 0),
    "CE Collection": ("1 working day", 5),
    "Empty Litter Basket": ("1 working day", 9),
    "General Comments For a Program or Policy": ("10 working days", 2),
    "Unsatisfactory Living Conditions": ("120 calendar days", 0),
    "Traffic Signal Repair": ("180 calendar days", 2),
}
SYSTEM_CHANGED = datetime(2015, 2, 17)  # noqa: DTZ001 - on the clocks of Boston, like all times of the file


@pytest.fixture(scope="module")
def tickets() -> dict[str, list[tuple[datetime, datetime]]]:
    """Opening and target of each ticket, by type."""
    folder = os.environ.get("HUIYIN_DATA")
    if folder is None:
        pytest.skip("HUIYIN_DATA is not set: the city's tickets are not here")
    found = defaultdict(list)
    with gzip.open(Path(folder) / "boston311_2015_h1.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            opened = _time(row["OPEN_DT"])
            if row["TARGET_DT"] and opened >= SYSTEM_CHANGED:
                found[row["TYPE"]].append((opened, _time(row["TARGET_DT"])))
    return found


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p")  # noqa: DTZ007


@pytest.mark.parametrize(("kind", "length", "differ"), [(kind, *row) for kind, row in TYPES.items()])
def test_targets_are_what_the_city_set(
    tickets: dict[str, list[tuple[datetime, datetime]]], kind: str, length: str, differ: int
) -> None:
    """To the minute: the city cuts off seconds. After-hours tickets begin at 8:30, and two changes of clock lie between."""
    boston = calendar({"mon-fri": "08:30-17:00"}, "America/New_York", holidays="US-MA")
    clock = limit(length, boston, "same time")
    rows = tickets[kind]
    wrong = [
        (opened, target)
        for opened, target in rows
        if abs(clock.due(boston.instant(opened)).at - boston.instant(target)) > 60
    ]
    assert len(rows) > 900
    assert len(wrong) <= differ, wrong[:3]
