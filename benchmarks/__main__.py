"""`make bench`: goal and reached, peer and ours in one run, equal results asserted first."""

from __future__ import annotations

import sys
from importlib import import_module

SUITES = ("worktime", "core", "loader", "startup", "store", "daemon")


def main(names: list[str]) -> int:
    """Print a table of every suite named (all, if none is). Exit status 1 when a goal was not reached."""
    missed = 0
    print(f"{'what':<64} {'goal':>8} {'reached':>9}")
    for name in names or SUITES:
        for what, goal, reached, note in import_module(f"benchmarks.{name}").run():
            at_most = goal < 0  # a negative goal is an upper bound
            held = reached <= -goal if at_most else reached >= goal
            missed += not held
            sign = "≤" if at_most else "≥"
            print(f"{what:<64} {sign}{abs(goal):>7g} {reached:>9.3g}{'' if held else '  MISSED'}")
            if note:
                print(f"    {note}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
