"""Working time: calendars, make-up days 调休, lengths, recurrence. Knows dates, not tickets."""

from engine.worktime.calendars import CalendarSpec, DayKind, parse_hours, read_calendar
from engine.worktime.clock import Clock, DayRule, Due
from engine.worktime.days import CodeDays, DayData, is_code, official_days, overlay
from engine.worktime.explain import Stretch, render
from engine.worktime.lengths import (
    Lang,
    Left,
    Length,
    LengthError,
    Unit,
    format_left,
    format_length,
    format_seconds,
    parse_left,
    parse_length,
    parse_seconds,
)
from engine.worktime.problems import CalendarError, OutOfTable, Problem
from engine.worktime.recurrence import Every, Recurrence, RecurrenceError, parse_recurrence
from engine.worktime.runs import Pauses
from engine.worktime.timetable import Timetable, always, compile_calendar, shift_edges

__all__ = [
    "CalendarError",
    "CalendarSpec",
    "Clock",
    "CodeDays",
    "DayData",
    "DayKind",
    "DayRule",
    "Due",
    "Every",
    "Lang",
    "Left",
    "Length",
    "LengthError",
    "OutOfTable",
    "Pauses",
    "Problem",
    "Recurrence",
    "RecurrenceError",
    "Stretch",
    "Timetable",
    "Unit",
    "always",
    "compile_calendar",
    "format_left",
    "format_length",
    "format_seconds",
    "is_code",
    "official_days",
    "overlay",
    "parse_hours",
    "parse_left",
    "parse_length",
    "parse_recurrence",
    "parse_seconds",
    "read_calendar",
    "render",
    "shift_edges",
]
