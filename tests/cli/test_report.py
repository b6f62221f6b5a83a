"""`huiyin report` prints what a daemon elsewhere answered."""

from __future__ import annotations

import subprocess
import sys

ALONE = """
import sys
sys.modules["engine.server"] = None  # as where only the terminal is installed
from engine.cli.report import _lines
day = {"start": "2026-10-01T00:00:00+08:00", "end": "2026-11-01T00:00:00+08:00", "n": 3, "unit": "share"}
target = {"target_words": {"en": "at least 95%", "zh": "不低于 95%"}}
share = {"figure": {"id": "a", "title": "及时率"}, "exact": "19/20", "verdict": "met", "left_out": {"excused": 2, "x": 1}}
none = {"figure": {"id": "b", "title": "接听率"}, "exact": None, "reason": "not imported", "verdict": None, "left_out": {}}
figures = [{**day, **target, **share}, {**day, **target, **none}]
found = {"as_of": "2026-11-01T08:00:00+08:00", "figures": figures, "unread": {"count": 0, "tickets": []}}
print("\\n".join(_lines("garden", found, "zh")))
"""


def test_a_report_is_printed_where_no_daemon_is_installed_and_a_reason_of_a_newer_one_as_it_is():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        "garden，截至 2026-11-01 08:00:00+08:00 所知",
        "及时率  2026-10-01 – 2026-10-31  95%  n=3  不低于 95%: 达标  未计入：已免责 2, x 1",
        "接听率  2026-10-01 – 2026-10-31  — 尚未导入  n=3",
    ], done.stderr
