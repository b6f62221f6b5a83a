"""The service promise of a plan as a page: sections of tables and drawings. Pure: a Plan in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from engine.core import Rule
from engine.core import conditions as c
from engine.core.conditions import Condition, Row
from engine.core.plan import Asked, Category, Deadline, Duty, Limit, Move, Party, Plan, State, Workflow
from engine.policy.teller import PERIODS, TIME_WORDS, Teller
from engine.policy.words import Words


class Table(NamedTuple):
    """Columns that are empty in every row are left out when it is made."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    places: tuple[str, ...] = ()  #: of each row: where it stands, `residential.yaml:116`


class Edge(NamedTuple):
    """One or more moves from a state to another, or to itself."""

    source: str
    to: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A workflow: its states with titles and owners, and the moves between them."""

    id: str
    title: str
    initial: str
    states: tuple[tuple[str, str, str], ...]  #: id, title, owner
    finals: frozenset[str]
    edges: tuple[Edge, ...]
    anywhere: tuple[str, ...]  #: moves that may be made in every open state and lead nowhere else


class Section(NamedTuple):
    title: str
    parts: tuple[Part, ...]
    id: str = ""  #: what it is about, of those at the top: `ladders`


Part: TypeAlias = str | Table | Drawing | Section

SECTIONS: Final = {
    "categories": Words("What people bring, and what is promised", "客户事项与承诺时限"),
    "ladders": Words("Escalation", "升级阶梯"),
    "workflows": Words("Workflows", "流程"),
    "duties": Words("Recurring duties", "例行工作"),
    "notices": Words("Who is told", "通知"),
    "detections": Words("What is noticed across tickets", "跨工单识别"),
    "liability": Words("Who answers for what went wrong", "责任认定"),
    "figures": Words("Targets", "指标"),
    "reports": Words("Reports", "报告"),
    "roles": Words("Roles", "角色"),
    "calendars": Words("Calendars", "日历"),
}


def promise(plan: Plan, lang: str) -> tuple[Section, ...]:
    """Everything a plan promises, in the order in which people ask for it. Sections without content are left out."""
    page = _Page(plan, lang)
    made = {
        "categories": page.categories(),
        "ladders": page.ladders(),
        "workflows": tuple(
            page.drawing(workflow) for workflow in plan.workflows.values() if not page.is_duty(workflow)
        ),
        "duties": page.duties(),
        "notices": page.notices(),
        "detections": page.detections(),
        "liability": page.liability(),
        "figures": page.figures(),
        "reports": page.reports(),
        "roles": page.roles(),
        "calendars": page.calendars(),
    }
    return tuple(Section(SECTIONS[name].in_(lang), parts, name) for name, parts in made.items() if parts)


def drawings(plan: Plan, lang: str) -> tuple[Drawing, ...]:
    """Every workflow that an author wrote."""
    page = _Page(plan, lang)
    return tuple(page.drawing(workflow) for workflow in plan.workflows.values() if not page.is_duty(workflow))


def headline(plan: Plan, lang: str) -> str:
    """The line under the title."""
    teller = Teller(plan, lang)
    if lang == "zh":
        return (
            f"方案 {plan.id}，版本 {plan.version}，时区 {plan.timezone}，日历 {plan.calendar}，"
            f"最终责任人：{teller.role(plan.last_resort)}"
        )
    return (
        f"Policy {plan.id}, version {plan.version}, {plan.timezone}, calendar {plan.calendar}, "
        f"last resort: {teller.role(plan.last_resort)}"
    )


def speaks_of(condition: Condition | None, category: str) -> bool:
    """Whether a row with this condition may speak of a category at all."""
    match condition:
        case c.OneOf(fact="category", values=values):
            return category in values
        case c.NoneOf(fact="category", values=values):
            return category not in values
        case c.All(parts):
            return all(speaks_of(part, category) for part in parts)
        case c.Any(parts):
            return any(speaks_of(part, category) for part in parts)
        case c.Not(c.OneOf(fact="category", values=values)):
            return category not in values
    return True


def without_category(condition: Condition | None) -> Condition | None:
    """The rest of a condition where the category is known already."""
    match condition:
        case c.OneOf(fact="category") | c.NoneOf(fact="category"):
            return None
        case c.All(parts):
            rest = tuple(kept for part in parts if (kept := without_category(part)) is not None)
            return c.All(rest) if len(rest) > 1 else rest[0] if rest else None
    return condition


class _Page:
    def __init__(self, plan: Plan, lang: str) -> None:
        self.plan = plan
        self.zh = lang == "zh"
        self.tell = Teller(plan, lang)

    def say(self, en: str, zh: str) -> str:
        return zh if self.zh else en

    def table(self, head: Iterable[tuple[str, str]], rows: Iterable[Iterable[str]]) -> tuple[Table, ...]:
        """A table, or nothing where there are no rows."""
        columns = [self.say(*words) for words in head]
        lines = [tuple(row) for row in rows]
        kept = [place for place in range(len(columns)) if any(row[place] for row in lines)]
        if not lines:
            return ()
        return (Table(tuple(columns[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in lines)),)

    def is_duty(self, workflow: Workflow) -> bool:
        """The built-in workflow of a duty, which nobody wrote."""
        users = [category for category in self.plan.categories.values() if category.workflow == workflow.id]
        return bool(users) and all(category.duty is not None for category in users)

    def categories(self) -> tuple[Part, ...]:
        return tuple(self._category(one) for one in self.plan.categories.values() if one.duty is None)

    def _category(self, category: Category) -> Section:
        workflow = self.plan.workflows[category.workflow]
        happens = {"opened", *self.plan.facts, *workflow.states, *workflow.moves}
        happens |= {f"{state} left" for state in workflow.states}
        happens |= {f"{one.id} {what}" for one in self.plan.deadlines for what in TIME_WORDS if category.id in one.of}
        parts: list[Part] = []
        if category.record:
            parts.append(f"{self.say('Asked at opening: ', '登记：')}{self._asked(category.record)}")
        found = [
            (deadline, row, when)
            for deadline in self.plan.deadlines
            if category.id in deadline.of
            for row, when in self._rows(deadline, category.id)
        ]
        rows = [
            (
                self.tell.both(deadline.id, deadline.title),
                when,
                self.tell.limit(row.value),
                self.tell.moments(name for name in deadline.starts if name in happens),
                self.tell.moments(name for name in deadline.until if name in happens),
                self._ladder(deadline),
                " ".join(row.rule.sources),
            )
            for deadline, row, when in found
        ]
        head = (
            ("promise", "时限"), ("when", "适用"), ("limit", "期限"), ("starts", "起算"), ("done by", "完成于"),
            ("ladder", "升级"), ("source", "依据"),
        )  # fmt: skip
        places = tuple(self._place(row.rule) for _, row, _ in found)
        tables = tuple(table._replace(places=places) for table in self.table(head, rows))
        title = self.tell.both(category.id, category.title)
        flow = self.tell.name(workflow.id, workflow.title)
        return Section(f"{title}（{flow}）" if self.zh else f"{title} ({flow})", (*parts, *tables))

    def _place(self, rule: Rule) -> str:
        place = self.plan.places.get(rule.path)
        return f"{place.file}:{place.line}" if place is not None else ""

    def _rows(self, deadline: Deadline, category: str) -> Iterator[tuple[Row[Limit], str]]:
        """The rows that may speak of a category, with the condition that is left when it is known."""
        rows = [row for row in deadline.limit.rows if speaks_of(row.when, category)]
        others = [without_category(row.when) for row in rows if row.when is not None]
        for row in rows:
            if row.when is not None:
                yield row, self.tell.condition(without_category(row.when))
            elif None not in others:  # else a row takes the whole category, and nothing is left for the rest row
                yield row, self.say("otherwise", "其余") if others else ""

    def _asked(self, asked: Iterable[Asked]) -> str:
        said = []
        for item in asked:
            name = self.tell.fact(item.fact)
            name = f"({name})" if item.optional else name
            said.append(f"{name} [{self.tell.condition(item.when)}]" if item.when is not None else name)
        return self.tell.list(said)

    def _ladder(self, deadline: Deadline) -> str:
        return self.say("none", "无") if deadline.escalate is None else deadline.escalate

    def ladders(self) -> tuple[Part, ...]:
        rows = [
            (
                f"`{ladder.id}`" if place == 0 else "",
                f"`{rung.id}`",
                self.tell.rung_at(rung),
                self.tell.parties(rung.notify),
                self.tell.condition(rung.when),
                self.tell.repeats(rung),
                self.say("at night, too", "夜间照发") if rung.loud else "",
            )
            for ladder in self.plan.ladders.values()
            for place, rung in enumerate(ladder.rungs)
        ]
        head = (
            ("ladder", "阶梯"), ("rung", "级"), ("at", "时间"), ("tells", "通知"), ("when", "适用"),
            ("repeats", "重复"), ("quiet hours", "静默时段"),
        )  # fmt: skip
        return self.table(head, rows)

    def drawing(self, workflow: Workflow) -> Drawing:
        used = {state.id: state for state in workflow.states.values() if state.id != "merged"}
        opened = {state.id for state in used.values() if not state.final}
        anywhere = [move for move in workflow.moves.values() if move.to is None and opened <= move.sources]
        edges: dict[tuple[str, str], list[str]] = {}
        for move in workflow.moves.values():
            if move in anywhere and len(opened) > 1:
                continue
            for source in workflow.states:
                if source in move.sources and source in used:
                    edges.setdefault((source, move.to or source), []).append(self._move(move))
        return Drawing(
            workflow.id,
            workflow.title,
            workflow.initial,
            tuple((state.id, state.title, self._owner(state)) for state in used.values()),
            frozenset(state.id for state in used.values() if state.final),
            tuple(Edge(source, to, tuple(labels)) for (source, to), labels in edges.items()),
            tuple(self._move(move) for move in anywhere) if len(opened) > 1 else (),
        )

    def _move(self, move: Move) -> str:
        title = self.tell.name(move.id, move.title)
        marks = []
        if move.by == (Party("word", "engine"),):
            marks.append(self.say("engine", "系统"))
        if move.by == (Party("word", "parent"),):
            marks.append(self.say("parent", "上级工单"))
        if move.rework:
            marks.append(self.say("new round", "新一轮"))
        if move.when is not None:
            marks.append(self.tell.condition(move.when))
        if not marks:
            return title
        return f"{title}（{'，'.join(marks)}）" if self.zh else f"{title} ({', '.join(marks)})"

    def _owner(self, state: State) -> str:
        return self.tell.party(state.owner) if state.owner is not None else ""

    def duties(self) -> tuple[Part, ...]:
        rows = [
            (
                self.tell.both(duty.id, duty.title),
                self.tell.every(duty),
                self.tell.limit(duty.within) if duty.within is not None else "",
                self.tell.party(duty.owner),
                self.tell.list(duty.places),
                self._opens(duty),
                " ".join(duty.rule.sources),
            )
            for duty in self.plan.duties.values()
        ]
        head = (
            ("duty", "例行工作"), ("every", "频次"), ("within", "期限"), ("who", "责任人"), ("places", "逐项"),
            ("opens", "开出"), ("source", "依据"),
        )  # fmt: skip
        return self.table(head, rows)

    def _opens(self, duty: Duty) -> str:
        category = self.plan.categories.get(duty.category)
        return "" if category is None or category.duty is not None else self.tell.name(category.id, category.title)

    def notices(self) -> tuple[Part, ...]:
        rows = [
            (
                self.tell.both(notice.id, notice.title),
                self.tell.moments(notice.on),
                self.tell.parties(notice.to),
                self.tell.condition(notice.when),
                notice.text,
            )
            for notice in self.plan.notices.values()
        ]
        head = (("notice", "通知"), ("at", "时机"), ("tells", "对象"), ("when", "适用"), ("text", "内容"))
        return self.table(head, rows)

    def detections(self) -> tuple[Part, ...]:
        rows = [
            (
                self.tell.both(one.id, one.title),
                str(one.count),
                self.tell.list(self.tell.fact(fact) for fact in one.same),
                self.tell.length(one.within) if one.within is not None else "",
                self.tell.condition(one.when),
                self.tell.list(f"{self.tell.fact(fact)} = {self.tell.value(fact, v)}" for fact, v in one.set.items()),
                self.tell.name(one.opens, self.plan.categories[one.opens].title) if one.opens else "",
                self.tell.parties(one.notify),
            )
            for one in self.plan.detections.values()
        ]
        head = (
            ("noticed", "识别"), ("tickets", "件数"), ("same", "相同"), ("within", "期间"), ("when", "适用"),
            ("sets", "设为"), ("opens", "开出"), ("tells", "通知"),
        )  # fmt: skip
        return self.table(head, rows)

    def liability(self) -> tuple[Part, ...]:
        table = self.plan.liability
        rows = [
            (self.tell.condition(row.when) or self.say("otherwise", "其余"), self.tell.party(row.value))
            for row in (table.rows if table is not None else ())
        ]
        return self.table((("finding", "情形"), ("who", "责任人")), rows)

    def figures(self) -> tuple[Part, ...]:
        rows = [
            (
                self.tell.both(figure.id, figure.title),
                self.tell.list(sorted(self._category_names(figure.of))),
                self.tell.measure(figure),
                self.tell.target(figure.target) if figure.target is not None else "",
                self.say(figure.per, PERIODS[figure.per]),
                " ".join(figure.rule.sources),
            )
            for figure in self.plan.figures.values()
        ]
        head = (
            ("figure", "指标"), ("of", "范围"), ("measure", "度量"), ("target", "目标"), ("per", "周期"),
            ("source", "依据"),
        )  # fmt: skip
        return self.table(head, rows)

    def _category_names(self, ids: Iterable[str]) -> Iterator[str]:
        for id in ids:
            yield self.tell.name(id, self.plan.categories[id].title)

    def reports(self) -> tuple[Part, ...]:
        rows = [
            (
                self.tell.both(report.id, report.title),
                self.tell.recurrence(report.every),
                self.tell.parties(report.to),
                self.tell.list(self.tell.name(one, self.plan.figures[one].title) for one in report.figures),
                self.tell.list(self.tell.fact(fact) for fact in report.by),
            )
            for report in self.plan.reports.values()
        ]
        head = (("report", "报告"), ("every", "频次"), ("to", "对象"), ("figures", "指标"), ("by", "分组"))
        return self.table(head, rows)

    def roles(self) -> tuple[Part, ...]:
        plan = self.plan
        rows = [
            (
                self.tell.both(role.id, role.title),
                self.tell.staff(role.staff) if role.staff is not None else "",
                self.tell.list(self.tell.calendar(one) for one in role.on_duty or (plan.calendar,)),
                "" if role.id == plan.last_resort else self.tell.role(role.fallback or plan.last_resort),
                self.tell.name(role.requires, plan.duties[role.requires].title) if role.requires else "",
                str(role.at_least) if role.at_least else "",
            )
            for role in plan.roles.values()
        ]
        head = (
            ("role", "角色"), ("people", "人数"), ("on duty", "在岗"), ("stands in", "替补"),
            ("must have passed", "须先通过"), ("always there", "至少在岗"),
        )  # fmt: skip
        return self.table(head, rows)

    def calendars(self) -> tuple[Part, ...]:
        rows = [
            (
                f"`{spec.id}`",
                self.tell.list(f"{days} {hours}" for days, hours in spec.hours.items()),
                self.tell.list(spec.holidays),
                self.tell.list(f"{day} {hours}" for day, hours in spec.exceptions.items()),
                self.tell.list(spec.also),
            )
            for spec in self.plan.calendars.values()
        ]
        head = (
            ("calendar", "日历"), ("hours", "时间"), ("holidays", "节假日"), ("exceptions", "例外"),
            ("only where also open", "同时开放"),
        )  # fmt: skip
        return self.table(head, rows)
