"""A stand-in that lets the core run while the real room is being built."""
from __future__ import annotations
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, time
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import NamedTuple, Mapping, Sequence, Any
from zoneinfo import ZoneInfo


class Unit(StrEnum):
    SECONDS = "seconds"; WORKING_SECONDS = "working seconds"; CALENDAR_DAYS = "calendar days"
    WORKING_DAYS = "working days"; MONTHS = "months"; SAME_DAY = "same day"

class DayRule(StrEnum):
    CLOSE = "close"; MIDNIGHT = "midnight"; SAME_TIME = "same time"

class Length(NamedTuple):
    amount: int
    unit: Unit

class LengthError(ValueError):
    reason = "not-a-length"; remedy = ""

_U = {"second": (1, Unit.SECONDS), "minute": (60, Unit.SECONDS), "hour": (3600, Unit.SECONDS), "working hour": (3600, Unit.WORKING_SECONDS), "working minute": (60, Unit.WORKING_SECONDS),
      "calendar day": (1, Unit.CALENDAR_DAYS), "working day": (1, Unit.WORKING_DAYS), "week": (7, Unit.CALENDAR_DAYS), "month": (1, Unit.MONTHS), "year": (12, Unit.MONTHS)}

def parse_length(text: str, negative: bool = False, zero: bool = False) -> Length:
    if text.strip() in ("same day", "当日"): return Length(1, Unit.SAME_DAY)
    parts = re.findall(r"(-?\d+)\s*([a-z ]+?)s?(?=\s*-?\d|$)", text.strip())
    tot = None
    for n, u in parts:
        if u not in _U: raise LengthError(text)
        k, unit = _U[u]
        if tot is not None and tot.unit != unit: raise LengthError(text)
        tot = Length((tot.amount if tot else 0) + int(n) * k, unit)
    if tot is None: raise LengthError(text)
    return tot

@dataclass(frozen=True)
class CalendarSpec:
    id: str
    timezone: str
    hours: Mapping[str, str] = field(default_factory=dict)
    holidays: tuple[str, ...] = ()
    exceptions: Mapping[str, str] = field(default_factory=dict)
    published_through: date | None = None
    also: tuple[str, ...] = ()

@dataclass(frozen=True)
class DayData:
    id: str
    off: frozenset = frozenset()
    makeup: frozenset = frozenset()
    published: date | None = None

def official_days(codes=("CN",), years=range(2020, 2028)) -> DayData:
    import holidays
    cn = holidays.China(years=years, expand=False)
    off, mk, pub = set(), set(), None
    mk = {d for d in cn.weekend_workdays} if hasattr(cn, "weekend_workdays") else set()
    off = set(cn.keys())
    return DayData("official", frozenset(off), frozenset(mk), date(2026, 12, 31))

_D = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
def _hours(spec):
    week = {i: () for i in range(7)}; order = []
    for k, v in spec.items():
        if k == "makeup": continue
        a, _, b = k.partition("-"); days = range(_D.index(a), _D.index(b or a) + 1)
        order.append((len(days), days, v))
    for _, days, v in sorted(order, key=lambda x: -x[0]):
        for d in days: week[d] = _iv(v)
    mk = _iv(spec["makeup"]) if "makeup" in spec else next((week[i] for i in range(7) if week[i]), ())
    return week, mk
def _iv(v):
    if v == "closed": return ()
    out = []
    for p in v.split(","):
        a, b = p.strip().split("-"); f = lambda s: sum(int(x) * y for x, y in zip(s.split(":"), (3600, 60)))
        a, b = f(a), f(b); out.append((a, b if b > a else b + 86400))
    return tuple(out)

class Due(NamedTuple):
    at: int
    provisional: bool = False

class Left(NamedTuple):
    amount: Fraction
    unit: Unit
    def __str__(self):
        if self.unit in (Unit.WORKING_DAYS,):
            w, r = divmod(self.amount, 1); return (f"{w} " if w or not r else "") + (f"{r} " if r else "") + "working days"
        return format_seconds(ceil(self.amount))

def format_left(left, lang="en"): return str(left)

def format_seconds(s: int, lang="en") -> str:
    h, r = divmod(int(s), 3600); m, sec = divmod(r, 60)
    parts = [f"{n} {u}{'' if n == 1 else 's'}" for n, u in ((h, "hour"), (m, "minute"), (sec, "second")) if n]
    return " ".join(parts) or "0 seconds"

class Timetable:
    def __init__(self, id, zone, fn, published=None):
        self.id = id; self.zone = ZoneInfo(zone); self.published_through = published
        self.starts, self.ends, self.cum, self.dates, self.daylist = [], [], [0], [], []
        d = date(2003, 1, 1)
        while d < date(2032, 1, 1):
            iv = fn(d)
            if iv: self.daylist.append(d)
            for a, b in iv:
                s = int((datetime.combine(d, time(), self.zone) + timedelta(seconds=a)).timestamp()); e = int((datetime.combine(d, time(), self.zone) + timedelta(seconds=b)).timestamp())
                self.starts.append(s); self.ends.append(e); self.cum.append(self.cum[-1] + e - s); self.dates.append(d)
            d += timedelta(1)
        self.days = set(self.daylist)
    def local(self, at): return datetime.fromtimestamp(at, self.zone)
    def instant(self, naive): return int(naive.replace(tzinfo=self.zone).timestamp())
    def _m(self, at):
        i = bisect_right(self.starts, at) - 1
        if i < 0: return 0
        return self.cum[i] + min(at, self.ends[i]) - self.starts[i]
    def opening_between(self, a, b): return self._m(b) - self._m(a)
    def is_open(self, at):
        i = bisect_right(self.starts, at) - 1
        return i >= 0 and at < self.ends[i]
    def next_opening(self, at):
        return at if self.is_open(at) else self.starts[bisect_left(self.starts, at)]
    def at_measure(self, m):
        i = bisect_left(self.cum, m) - 1
        return self.starts[i] + ceil(m - self.cum[i])
    def date_of(self, at):
        i = bisect_right(self.starts, at) - 1
        if i >= 0 and at < self.ends[i]: return self.dates[i]
        return self.local(at).date()
    def is_working_day(self, d): return d in self.days
    def close_of(self, d):
        i = bisect_right(self.dates, d) - 1
        return self.ends[i]
    def midnight(self, d): return self.instant(datetime.combine(d + timedelta(1), time()))
    def intervals(self, a, b):
        return tuple((s, e) for s, e in zip(self.starts[max(0, bisect_right(self.starts, a) - 2):bisect_right(self.starts, b)], self.ends[max(0, bisect_right(self.starts, a) - 2):]) if e > a and s < b)
    def nth_day(self, d, n):
        i = bisect_right(self.daylist, d) if n > 0 else bisect_left(self.daylist, d)
        return self.daylist[i + n - 1] if n > 0 else self.daylist[i + n]
    def daym(self, at):
        # fractional working days measure
        i = bisect_right(self.starts, at) - 1
        d = self.dates[i]; k = bisect_left(self.daylist, d)
        lo = bisect_left(self.dates, d); hi = bisect_right(self.dates, d)
        return k + Fraction(sum(min(at, e) - s for s, e in zip(self.starts[lo:hi], self.ends[lo:hi]) if s <= at), self.cum[hi] - self.cum[lo])
    def at_daym(self, m):
        k = ceil(m) - 1; d = self.daylist[k]; fr = m - k
        lo = bisect_left(self.dates, d); hi = bisect_right(self.dates, d)
        return self.at_measure(self.cum[lo] + fr * (self.cum[hi] - self.cum[lo]))

def always(zone): return Timetable("always", zone, lambda d: ((0, 86400),))
def compile_calendar(spec, data, others={}):
    week, mk = _hours(spec.hours)
    def fn(d):
        iso = d.isoformat()
        if iso in spec.exceptions: return _iv(spec.exceptions[iso])
        if "CN" in spec.holidays:
            if d in data.makeup: return mk
            if d in data.off: return ()
        return week[d.weekday()]
    return Timetable(spec.id, spec.timezone, fn, data.published if spec.holidays else None)

class Clock(NamedTuple):
    length: Length
    timetable: Timetable
    day_rule: DayRule = DayRule.CLOSE
    def _prov(self, at):
        p = self.timetable.published_through
        return p is not None and self.length.unit != Unit.SECONDS and self.timetable.local(at).date() > p
    def _due0(self, start):
        t, (n, u) = self.timetable, self.length
        if u == Unit.SECONDS: return start + n
        if u == Unit.WORKING_SECONDS: return t.at_measure(t._m(start) + n)
        if u == Unit.SAME_DAY:
            d = t.date_of(start)
            if not t.is_working_day(d) or start > t.close_of(d): d = t.nth_day(d, 1)
            return t.close_of(d) if self.day_rule != DayRule.MIDNIGHT else t.midnight(d)
        d = t.date_of(start)
        if self.day_rule == DayRule.SAME_TIME:
            if u == Unit.WORKING_DAYS:
                s = t.next_opening(start); d = t.nth_day(t.date_of(s), n); lt = t.local(s)
                return min(t.instant(datetime.combine(d, lt.time())), t.close_of(d))
            lt = t.local(start)
            return t.instant(datetime.combine(lt.date() + timedelta(n), lt.time()))
        if u == Unit.WORKING_DAYS: d = t.nth_day(d, n)
        else:
            d = d + timedelta(n) if u == Unit.CALENDAR_DAYS else d
            if not t.is_working_day(d): d = t.nth_day(d, 1)
        return t.close_of(d) if self.day_rule == DayRule.CLOSE else t.midnight(d)
    def _mm(self, start):
        t, u = self.timetable, self.length.unit
        if u in (Unit.WORKING_SECONDS, Unit.SAME_DAY): return t._m, t.at_measure
        if u == Unit.WORKING_DAYS:
            first = t.nth_day(t.date_of(start), 1); lo = t.starts[bisect_left(t.dates, first)]
            return (lambda x: t.daym(max(x, lo))), t.at_daym
        return (lambda x: x), (lambda m: ceil(m))
    def measured(self, start, at, pauses=()):
        m, _ = self._mm(start)
        return Fraction(m(at) - m(start)) - sum(Fraction(m(min(b, at)) - m(max(a, start))) for a, b in pauses if a < at and b > start)
    def _reach(self, start, target, pauses):
        m, inv = self._mm(start); base = m(start)
        acc = Fraction(0); cur = start
        for a, b in pauses:
            if b <= cur: continue
            seg = Fraction(m(max(a, cur)) - m(cur))
            if acc + seg > target or (acc + seg == target and inv(m(cur) + target - acc) < a): return inv(m(cur) + (target - acc))
            acc += seg; cur = max(b, cur)
        if acc == target: return cur
        return max(cur, inv(m(cur) + (target - acc)))
    def due(self, start, pauses=(), granted=None):
        due0 = self._due0(start)
        if not pauses and granted is None: return Due(due0, self._prov(due0))
        L = granted if granted is not None else self.measured(start, due0)
        at = self._reach(start, L, pauses)
        return Due(at, self._prov(at))
    def before(self, at, day_rule=None):
        t, (n, u) = self.timetable, self.length
        if u == Unit.SECONDS: return at - n
        if u == Unit.WORKING_SECONDS: return t.at_measure(t._m(at) - n)
        d = t.local(at).date()
        if u == Unit.CALENDAR_DAYS: return t.instant(datetime.combine(d - timedelta(n), t.local(at).time()))
        return t.close_of(t.nth_day(d, -n))
    def reach(self, start, share, pauses=(), granted=None):
        L = granted if granted is not None else self.measured(start, self._due0(start))
        return self._reach(start, L * share, pauses)
    def left(self, start, now, pauses=(), granted=None):
        L = granted if granted is not None else self.measured(start, self._due0(start))
        return Left(L - self.measured(start, now, pauses), self.length.unit)

class Recurrence(NamedTuple):
    every: str
    on: str | None = None
    at: tuple[str, ...] = ()
    def occurrences(self, table, a, b): return ()
def parse_recurrence(every, on=None, at=()): return Recurrence(every, on, tuple(at))

def parse_seconds(text): return parse_length(text).amount
def overlay(data, document, id): return data
class CalendarError(ValueError): problems = ()
class RecurrenceError(ValueError): reason = ""
def format_length(l, lang="en"): return str(l)
