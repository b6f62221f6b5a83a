"""Decisions: decide, evolve, agenda, notices. Values in, values out."""

from engine.core import commands, conditions, events, plan
from engine.core.agenda import Timer, agenda, next_timer
from engine.core.commands import Actor, Command, Refusal
from engine.core.conditions import Condition, Row, Rule, Table, Value
from engine.core.decide import ENGINE, Outcome, advance, decide, fire
from engine.core.detections import Firing, Membership, firings, memberships
from engine.core.events import Event, Step, kind
from engine.core.evolve import evolve, replay
from engine.core.guards import accepts
from engine.core.notices import Cause, Message, notices
from engine.core.plan import Place, Plan
from engine.core.shape import clock, shape, timetable
from engine.core.ticket import Family, Run, Ticket

__all__ = [
    "ENGINE",
    "Actor",
    "Cause",
    "Command",
    "Condition",
    "Event",
    "Family",
    "Firing",
    "Membership",
    "Message",
    "Outcome",
    "Place",
    "Plan",
    "Refusal",
    "Row",
    "Rule",
    "Run",
    "Step",
    "Table",
    "Ticket",
    "Timer",
    "Value",
    "accepts",
    "advance",
    "agenda",
    "clock",
    "commands",
    "conditions",
    "decide",
    "events",
    "evolve",
    "fire",
    "firings",
    "kind",
    "memberships",
    "next_timer",
    "notices",
    "plan",
    "replay",
    "shape",
    "timetable",
]
