"""Week-end days that a notice of the State Council counts into a holiday at its edge, which `holidays` does not list.

The package lists days moved and days of the festival itself. That is enough for a week of five days; a site that works
on Saturdays would open on the first or last day of a holiday: the notice for 2026 says 1 to 3 January (Saturday), 15
(Sunday) to 23 February, 4 (Saturday) to 6 April. Week-end days between two listed days need no table, and whether an
edge belongs to the holiday no rule can tell (2024: "6月10日放假，与周末连休"). From 2027 on a file of day data brings
these days with it, for it has the notice whole.
"""

from __future__ import annotations

from datetime import date
from typing import Final

_EDGES: Final = {
    2005: "05-07",
    2006: "02-04 05-06 05-07 10-07",
    2007: "02-24 10-06 10-07 12-30",
    2008: "04-05 04-06 05-03 06-07 09-13 10-04 10-05",
    2009: "01-03 01-31 05-02 05-03 05-30",
    2010: "01-02 01-03 04-03 04-04",
    2011: "04-03 04-30 06-04 09-10 09-11",
    2012: "01-28 04-29 06-24 10-06 10-07",
    2013: "04-06 09-21",
    2014: "05-03",
    2015: "01-03",
    2016: "02-07 02-13 06-11 09-17",
    2017: "04-02 05-28 10-07 10-08",
    2018: "04-07 04-29 10-06 10-07 12-30",
    2019: "02-09 02-10 04-06 04-07 05-04 06-08 06-09 09-14 09-15",
    2020: "06-27",
    2021: "01-02 01-03 04-03 06-12 06-13 09-19",
    2022: "02-05 02-06 04-03 04-30 06-04 06-05 12-31",
    2023: "01-21 04-29 04-30 06-24 12-30 12-31",
    2024: "02-17 04-06 05-04 05-05 09-15",
    2025: "04-05 04-06",
    2026: "01-03 02-15 04-04 06-20 06-21 09-26 09-27",
}

#: Checked against the package `chinesecalendar`, which holds the notices day by day.
EDGES: Final = frozenset(date.fromisoformat(f"{year}-{day}") for year, days in _EDGES.items() for day in days.split())
