"""Rehearsal on a virtual clock: scenarios and backtests."""

from engine.sim.failure import failure_lines, first_difference
from engine.sim.logs import event_lines, write_junit
from engine.sim.player import Performance, play
from engine.sim.run import Result, Runner, is_scenario, scenario_files
from engine.sim.timeline import timeline
from engine.sim.update import update_file

__all__ = [
    "Performance",
    "Result",
    "Runner",
    "event_lines",
    "failure_lines",
    "first_difference",
    "is_scenario",
    "play",
    "scenario_files",
    "timeline",
    "update_file",
    "write_junit",
]
