"""Rehearsal on a virtual clock: scenarios and backtests."""

from engine.sim.backtest import FLAWS, KINDS, Dirty, Group, SameDayError, Tickets, backtest, load_versions
from engine.sim.backtest import Result as BacktestResult
from engine.sim.coverage import Shown, coverage
from engine.sim.failure import Failure, failure_lines, failures, mistakes
from engine.sim.logs import event_lines, write_junit
from engine.sim.player import Performance, UnplayableError, play
from engine.sim.run import Result, Runner, is_scenario, scenario_files
from engine.sim.timeline import timeline
from engine.sim.update import update_file

__all__ = [
    "FLAWS",
    "KINDS",
    "BacktestResult",
    "Dirty",
    "Failure",
    "Group",
    "Performance",
    "Result",
    "Runner",
    "SameDayError",
    "Shown",
    "Tickets",
    "UnplayableError",
    "backtest",
    "coverage",
    "event_lines",
    "failure_lines",
    "failures",
    "is_scenario",
    "load_versions",
    "mistakes",
    "play",
    "scenario_files",
    "timeline",
    "update_file",
    "write_junit",
]
