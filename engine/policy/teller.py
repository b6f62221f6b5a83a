"""The parts of a plan in words: parties, moments, limits, conditions, rungs. English keeps the ids of the file,
Chinese says the titles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import cached_property
from typing import Final

from engine.core import conditions as c
from engine.core.conditions import Condition, Value
from engine.core.plan import (
    AverageFact,
    AverageWait,
    Count,
    Duty,
    Figure,
    Instant,
    InstantLimit,
    LengthLimit,
    Limit,
    Load,
    NewMember,
    OnTime,
    Outside,
    Party,
    Plan,
    Rung,
    Share,
    ShiftEdge,
    Staffing,
    Target,
)
from engine.policy.words import Words
from engine.worktime import DayRule, Lang, Length, LengthError, Recurrence, Unit, format_length, parse_length

PARTIES: Final = {
    "owner": Words("owner", "责任人"),
    "assignee": Words("assignee", "经办人"),
    "first_contact": Words("first contact", "首问责任人"),
    "reporter": Words("reporter", "报事人"),
    "custodian": Words("who holds the post", "当值人员"),
    "leaver": Words("who leaves the post", "交班人"),
    "taker": Words("who takes the post", "接班人"),
    "engine": Words("the engine", "系统"),
    "parent": Words("the parent ticket", "上级工单"),
}
#: Why a due moved.
CAUSES: Final = {
    "facts": Words("facts changed", "事实变更"),
    "instant": Words("its instant moved", "所依据的时刻变更"),
    "calendar": Words("new day data", "日历数据更新"),
    "migration": Words("another version of the plan", "方案换版"),
    "category": Words("another category", "类别变更"),
}
#: How a run of a deadline stands, or ended.
STATUSES: Final = {
    "running": Words("running", "计时中"),
    "paused": Words("paused", "暂停"),
    "breached": Words("breached, still owed", "已超期，仍须完成"),
    "met": Words("met", "按时完成"),
    "late": Words("late", "超期完成"),
    "missed": Words("missed", "未完成即结束"),
    "void": Words("void", "作废"),
    "excused": Words("excused", "免责"),
}
#: Why a figure has no value, and what it leaves out.
REASONS: Final = {
    "nothing to count": Words("nothing to count", "没有可计入的项"),
    "no roster": Words("no roster", "没有花名册"),
    "nobody on duty": Words("nobody on duty", "无人在岗"),
    "not imported": Words("not imported", "尚未导入"),
    "not yet due": Words("not yet due", "尚未到期"),
    "no outcome": Words("no outcome", "无办理结论"),
    "earlier round": Words("earlier rounds", "较早轮次"),
    "no answer": Words("no answer", "未答复"),
    "anonymous": Words("anonymous", "匿名"),
    "merged": Words("merged", "已合并"),
    "excused": Words("excused", "已免责"),
    "corrected": Words("corrected", "已更正"),
    "void": Words("ended without a verdict", "终止，不计判定"),
    "paused": Words("paused", "挂起中"),
}
FACTS: Final = {
    "category": "类别", "state": "状态", "number": "编号", "round": "轮次", "repeats": "重复次数",
    "promises": "承诺次数", "open_parts": "未完协办", "breached": "超期数", "time": "时间", "day": "日期",
    "hour": "时", "finding": "事由", "deadline": "时限", "duty": "例行工作", "detection": "识别",
}  # fmt: skip
FINDINGS: Final = {"breach": "超期", "detection": "识别", "empty_post": "空岗", "nobody": "无人可告知"}
TARGETS: Final = {
    "at least": "不低于", "at most": "不高于", "under": "低于", "over": "高于", "rising": "上升", "falling": "下降",
}  # fmt: skip
TIME_WORDS: Final = {
    "due": Words("due", "到期"), "breached": Words("breached", "超期"), "met": Words("met", "按时完成"),
}  # fmt: skip
DAY_RULES: Final = {
    DayRule.CLOSE: Words("until close", "至下班"),
    DayRule.MIDNIGHT: Words("until midnight", "至 24:00"),
    DayRule.SAME_TIME: Words("at the same time of day", "至同一时刻"),
}
PERIODS: Final = {
    "day": "每天", "working day": "每个工作日", "week": "每周", "month": "每月", "quarter": "每季度",
    "half year": "每半年", "year": "每年",
}  # fmt: skip
WEEKDAYS: Final = {
    "mon": "周一",
    "tue": "周二",
    "wed": "周三",
    "thu": "周四",
    "fri": "周五",
    "sat": "周六",
    "sun": "周日",
}
ENDS: Final = {"first": Words("first working day", "第一个工作日"), "last": Words("last working day", "最后一个工作日")}


class Teller:
    """Says the parts of one plan in one language."""

    def __init__(self, plan: Plan, lang: str) -> None:
        self.plan = plan
        self.zh = lang == "zh"
        self.lang: Lang = "zh" if self.zh else "en"

    @cached_property
    def _moments(self) -> dict[str, str]:
        """The titles of states and moves."""
        found: dict[str, str] = {}
        for workflow in self.plan.workflows.values():
            for state in workflow.states.values():
                found.setdefault(state.id, state.title)
            for move in workflow.moves.values():
                found.setdefault(move.id, move.title)
        return found

    @cached_property
    def _deadlines(self) -> dict[str, str]:
        return {deadline.id: deadline.title for deadline in self.plan.deadlines}

    def words(self, both: Words) -> str:
        return both.in_(self.lang)

    def name(self, id: str, title: str) -> str:
        """The id in English, the title in Chinese."""
        return title if self.zh and title else id

    def both(self, id: str, title: str) -> str:
        """Id and title: the first column of a table."""
        return f"{title} `{id}`" if self.zh else f"`{id}` {title}" if title != id else f"`{id}`"

    def list(self, texts: Iterable[str]) -> str:
        return ("、" if self.zh else ", ").join(texts)

    # ---- who ----

    def role(self, id: str) -> str:
        return self.name(id, self.plan.roles[id].title) if id in self.plan.roles else id

    def party(self, party: Party) -> str:
        if party.kind == "role":
            return self.role(party.name)
        if party.kind == "fact":
            return self.fact(party.name)
        return self.words(PARTIES[party.name])

    def parties(self, parties: Iterable[Party]) -> str:
        return self.list(self.party(party) for party in parties)

    def address(self, address: str) -> str:
        """`role:supervisor` as people say it."""
        kind, _, name = address.partition(":")
        if kind == "role":
            return self.role(name)
        return name or self.words(PARTIES.get(kind, Words(kind, kind)))

    def staff(self, staff: Staffing) -> str:
        if staff.per is not None:
            per, number = staff.per
            return f"每 {per} {self.counted(number)} {staff.low} 人" if self.zh else f"{staff.low} per {per} {number}"
        if staff.low == staff.high:
            return f"{staff.low} 人" if self.zh else str(staff.low)
        return f"{staff.low} 至 {staff.high} 人" if self.zh else f"{staff.low} to {staff.high}"

    def counted(self, number: str) -> str:
        """What a site counts, in Chinese: a key of `numbers`, which has no title."""
        return {"households": "户", "persons": "人", "people": "人"}.get(number, number)

    # ---- what is known ----

    def fact(self, id: str) -> str:
        if id in self.plan.facts:
            return self.name(id, self.plan.facts[id].title)
        return FACTS.get(id, id) if self.zh else id

    def value(self, fact: str, value: Value) -> str:
        if isinstance(value, bool):
            return ("是" if value else "否") if self.zh else ("yes" if value else "no")
        text = str(value)
        if not self.zh:
            return text
        plan = self.plan
        titles: Mapping[str, str] | None = {
            "finding": FINDINGS,
            "category": {id: one.title for id, one in plan.categories.items()},
            "deadline": self._deadlines,
            "state": self._moments,
            "duty": {id: one.title for id, one in plan.duties.items()},
            "detection": {id: one.title for id, one in plan.detections.items()},
        }.get(fact)
        if titles is None and fact in plan.facts:
            known = plan.facts[fact]
            titles = {id: one.title for id, one in plan.roles.items()} if known.type == "role" else known.values
        return (titles or {}).get(text, text)

    def condition(self, condition: Condition | None) -> str:
        """A condition as people read it; empty where there is none."""
        return "" if condition is None else self._condition(condition, top=True)

    def _condition(self, condition: Condition, top: bool = False) -> str:
        match condition:
            case c.OneOf(fact, values):
                return f"{self.fact(fact)} = {self._values(fact, values)}"
            case c.NoneOf(fact, values):
                return f"{self.fact(fact)} ≠ {self._values(fact, values)}"
            case c.IsSet(fact, wanted):
                said = ("已填" if wanted else "未填") if self.zh else ("is set" if wanted else "is not set")
                return f"{self.fact(fact)} {said}"
            case c.Between(fact, low, high, low_open, high_open):
                bounds = [f"{'>' if low_open else '≥'} {low:g}" if low is not None else ""]
                bounds.append(f"{'<' if high_open else '≤'} {high:g}" if high is not None else "")
                return f"{self.fact(fact)} {' '.join(filter(None, bounds))}"
            case c.ClockTime(start, end):
                return f"{self.fact('time')} {_clock(start)}-{_clock(end)}"
            case c.OpeningDay(working, weekdays):
                if working is not None:
                    return self.words(Words("working day", "工作日") if working else Words("day off", "休息日"))
                names = list(WEEKDAYS)
                days = [names[day] for day in sorted(weekdays)]
                return self.list(WEEKDAYS[day] if self.zh else day for day in days)
            case c.Within(fact, amount, unit):
                length = format_length(Length(amount, Unit(unit)), self.lang)
                return f"{self.fact(fact)} 在开单前后 {length}内" if self.zh else f"{fact} within {length} of opening"
            case c.Breached(deadlines):
                named = self.words(Words(" or ", "或")).join(
                    self.deadline(str(id)) for id in sorted(deadlines, key=str)
                )
                return f"{named or '有时限'}已超期" if self.zh else f"{named or 'any deadline'} breached"
            case c.All(parts):
                joined = ("且" if self.zh else " and ").join(self._condition(part) for part in parts)
                return joined if top or len(parts) < 2 else f"({joined})"
            case c.Any(parts):
                joined = ("或" if self.zh else " or ").join(self._condition(part) for part in parts)
                return joined if top or len(parts) < 2 else f"({joined})"
            case c.Not(part):
                return f"{'非' if self.zh else 'not '}({self._condition(part, top=True)})"

    def _values(self, fact: str, values: Iterable[Value]) -> str:
        return "/".join(sorted(self.value(fact, value) for value in values))

    # ---- when ----

    def moment(self, name: str) -> str:
        """A move, a state, `opened`, a time fact, `X due`, `X breached`, `X met`."""
        subject, _, what = name.rpartition(" ")
        if what in TIME_WORDS:
            return f"{self.deadline(subject)}{'' if self.zh else ' '}{self.words(TIME_WORDS[what])}"
        if not self.zh:
            return name
        if what == "left":
            return f"离开{self._moments.get(subject, subject)}"
        if name == "opened":
            return "开单"
        return self.plan.facts[name].title if name in self.plan.facts else self._moments.get(name, name)

    def moments(self, names: Iterable[str]) -> str:
        """In the order of the plan."""
        order = {name: place for place, name in enumerate(["opened", *self._moments, *self.plan.facts])}
        return self.list(self.moment(name) for name in sorted(names, key=lambda name: (order.get(name, 9_999), name)))

    def deadline(self, id: str) -> str:
        return self.name(id, self._deadlines.get(id, id))

    def length(self, length: Length) -> str:
        return format_length(length._replace(amount=abs(length.amount)), self.lang)

    def instant(self, instant: Instant) -> str:
        base = self.moment(instant.moment)
        if instant.offset is None or instant.offset.amount == 0:
            return base
        length, before = self.length(instant.offset), instant.offset.amount < 0
        if self.zh:
            return f"{base}{'前' if before else '后'}{length}"
        return f"{length} {'before' if before else 'after'} {base}"

    def limit(self, limit: Limit) -> str:
        """`3 working days`; the calendar and the end of the day only where they are not the usual ones."""
        if isinstance(limit, InstantLimit):
            text = self.instant(limit.instant)
            if limit.at_least is not None:
                text += (
                    f"（至少 {self.length(limit.at_least)}）"
                    if self.zh
                    else f" (at least {self.length(limit.at_least)})"
                )
            return text
        return self.length(limit.length) + self._calendar_note(limit)

    def _calendar_note(self, limit: LengthLimit) -> str:
        notes = []
        if limit.length.unit is not Unit.SECONDS:
            if limit.calendar != self.plan.calendar:
                notes.append(self.calendar(limit.calendar))
            if limit.day_rule is not DayRule.CLOSE and limit.length.unit is not Unit.WORKING_SECONDS:
                notes.append(self.words(DAY_RULES[limit.day_rule]))
        return (f"（{'，'.join(notes)}）" if self.zh else f" ({', '.join(notes)})") if notes else ""

    def calendar(self, id: str) -> str:
        return ("全天候" if self.zh else "always") if id == "always" else id

    # ---- ladders ----

    def rung_at(self, rung: Rung) -> str:
        at = rung.at
        if at.kind == "start":
            return "开始时" if self.zh else "at the start"
        if at.kind == "share":
            assert at.share is not None
            return f"{float(at.share * 100):g}%"
        if at.offset is None or at.offset.amount == 0:
            return "到期时" if self.zh else "at the due"
        length, before = self.length(at.offset), at.offset.amount < 0
        if self.zh:
            return f"到期{'前' if before else '后'}{length}"
        return f"{length} {'before' if before else 'after'} the due"

    def repeats(self, rung: Rung) -> str:
        if rung.every is None:
            return ""
        length = self.length(rung.every)
        return f"每 {length}一次，共 {rung.times} 次" if self.zh else f"every {length}, {rung.times} times"

    # ---- work that comes by itself ----

    def every(self, duty: Duty) -> str:
        match duty.every:
            case Recurrence():
                return self.recurrence(duty.every)
            case ShiftEdge(role, edge, offset):
                side = {"start": Words("start", "开始"), "end": Words("end", "结束")}[edge]
                if self.zh:
                    shift = f"{self.role(role)}每班{side.zh}"
                    return (
                        shift
                        if offset is None
                        else f"{shift}{'前' if offset.amount < 0 else '后'}{self.length(offset)}"
                    )
                away = "" if offset is None else f"{self.length(offset)} {'before' if offset.amount < 0 else 'after'} "
                return f"each shift of {self.role(role)}: {away}{side.en}"
            case NewMember(roles):
                named = self.list(self.role(role) for role in roles)
                return f"每位新任{named}" if self.zh else f"each new member of {named}"

    def recurrence(self, every: Recurrence) -> str:
        day = ""
        if every.every not in ("day", "working day"):
            on = every.on
            if isinstance(on, int):
                day = f" {on} 日" if self.zh else f" on day {on}"
            elif on in ENDS:
                day = ENDS[on].zh if self.zh else f" on the {ENDS[on].en}"
            else:
                day = f"（{WEEKDAYS[on]}）" if self.zh else f" on {on}"
        times = self.list(_clock(at) for at in every.at)
        said = PERIODS[every.every] if self.zh else f"every {every.every}"
        return f"{said}{day}{' ' + times if times and self.zh else ' at ' + times if times else ''}"

    # ---- figures ----

    def target(self, target: Target) -> str:
        """`at least 95%`, `under 72 hours`."""
        if not self.zh:
            return target.text
        bound = target.text.removeprefix(target.kind).strip()
        with suppress(LengthError):
            bound = self.length(parse_length(bound))
        return f"{TARGETS[target.kind]} {bound}".strip()

    def measure(self, figure: Figure) -> str:
        match figure.measure:
            case OnTime(deadline):
                known = self.plan.duties[deadline].title if deadline in self.plan.duties else None
                name = self.name(deadline, known) if known else self.deadline(deadline)
                return f"{name}按时率" if self.zh else f"share of {name} on time"
            case Share(condition):
                return f"占比：{self.condition(condition)}" if self.zh else f"share where {self.condition(condition)}"
            case AverageFact(fact):
                return f"平均{self.fact(fact)}" if self.zh else f"average {self.fact(fact)}"
            case AverageWait(start, until):
                a, b = self.moments(start), self.moments(until)
                return f"平均时长：{a} 至 {b}" if self.zh else f"average time from {a} to {b}"
            case Count(moments, detections, is_open):
                if is_open:
                    return "期末未闭环数" if self.zh else "how many are open at the end"
                found = [self.plan.detections[one].title if self.zh else one for one in sorted(detections)]
                named = self.list(filter(None, [self.moments(moments), *found]))
                return f"次数：{named}" if self.zh else f"how often: {named}"
            case Load(roles):
                named = self.list(self.role(role) for role in roles)
                return f"工作量：{named}" if self.zh else f"load of {named}"
            case Outside(source):
                return f"外部数据：{source}" if self.zh else f"from outside: {source}"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def number_text(value: Fraction, unit: str) -> str:
    """The value of a figure that is no time: `95%` of a share, `3`, `4.5`."""
    return f"{_rounded(value * 100)}%" if unit == "share" else _rounded(value)


def _rounded(value: Fraction) -> str:
    return f"{float(value):.1f}".removesuffix(".0")
