"""Decisions: decide, evolve, agenda, notices. Values in, values out.

Four modules are vocabulary and open to all rooms: `plan`, `conditions`, `commands`, `events`. Everything else is asked
for here.
"""

from engine.core import commands, conditions, events, plan
from engine.core.agenda import Timer, agenda, agenda_after, is_overdue, is_quiet, rung_instant, shifted
from engine.core.cases import History
from engine.core.commands import Actor, Command, Refusal
from engine.core.conditions import Condition, Row, Rule, Table, Value, View
from engine.core.decide import ENGINE, Outcome, advance, decide, fire
from engine.core.detections import Firing, Membership, ended_unanswered, firings, memberships
from engine.core.events import LATE, Event, Step, kind
from engine.core.evolve import evolve, replay
from engine.core.figures import FigureValue, looked_at, measure, unit_of
from engine.core.guards import accepts
from engine.core.liability import Finding, HoldsPost, findings, liable, liable_of_site
from engine.core.notices import Cause, Message, notices
from engine.core.periods import Period, period_of
from engine.core.plan import Place, Plan
from engine.core.reports import looked_at_by, report
from engine.core.shape import Shape, clock, ladder, reads, shape, table_reads, timetable
from engine.core.spans import span
from engine.core.ticket import Family, Made, Run, Ticket
from engine.core.work import Work, addresses, fact_of

__all__ = [
    "ENGINE",
    "LATE",
    "Actor",
    "Cause",
    "Command",
    "Condition",
    "Event",
    "Family",
    "FigureValue",
    "Finding",
    "Firing",
    "History",
    "HoldsPost",
    "Made",
    "Membership",
    "Message",
    "Outcome",
    "Period",
    "Place",
    "Plan",
    "Refusal",
    "Row",
    "Rule",
    "Run",
    "Shape",
    "Step",
    "Table",
    "Ticket",
    "Timer",
    "Value",
    "View",
    "Work",
    "accepts",
    "addresses",
    "advance",
    "agenda",
    "agenda_after",
    "clock",
    "commands",
    "conditions",
    "decide",
    "ended_unanswered",
    "events",
    "evolve",
    "fact_of",
    "findings",
    "fire",
    "firings",
    "is_overdue",
    "is_quiet",
    "kind",
    "ladder",
    "liable",
    "liable_of_site",
    "looked_at",
    "looked_at_by",
    "measure",
    "memberships",
    "notices",
    "period_of",
    "plan",
    "reads",
    "replay",
    "report",
    "rung_instant",
    "shape",
    "shifted",
    "span",
    "table_reads",
    "timetable",
    "unit_of",
]
