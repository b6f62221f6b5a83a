"""Tables: at most one row speaks of any ticket, and where an answer is owed, one always does.

Two rows overlap when some ticket fits both. The facts they look at are finite, so tickets are tried out: every value
of a choice, numbers and times on both sides of each bound, and unset where the category lets a fact be unset. What is
found is a witness, and the rows are asked by the same code that will ask them about real tickets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, combinations, islice, product
from math import prod
from typing import Any, Final

from engine.core import Condition, Plan, Row, Table, Value, reads
from engine.core import conditions as c
from engine.core.plan import Category, Fact
from engine.policy.compile.desk import Desk
from engine.policy.shapes import Path
from engine.policy.suggest import meant
from engine.policy.words import Words

TRIALS_MAX: Final = 20_000  # of two rows; rows of a real plan need a few dozen
AND: Final = " and "  #: between the deadlines that a ticket breached
SOME: Final = "~"  #: a value that no row names

Ticket = Mapping[str, Value | None]


def check(desk: Desk, plan: Plan) -> None:
    for path, table, categories in tables_of(plan):
        if not desk.doubts(*path):
            _rest_rows(desk, path, table)
            _overlaps(desk, plan, path, table, categories)
            _hopeless(desk, plan, table, categories)
    liable = plan.liability
    if liable is not None and not desk.doubts("liability") and all(row.when is not None for row in liable.rows):
        desk.add(desk.say("E301", ("liability",), key=True).helping(OTHERWISE))


def tables_of(plan: Plan) -> Iterator[tuple[Path, Table[Any], frozenset[str]]]:
    """Every table of the plan, where it stands, and the categories whose tickets it is asked about."""
    every = frozenset(plan.categories)
    for fact in plan.facts.values():
        if fact.default is not None:
            yield ("facts", fact.id, "default"), fact.default, every
    for category in plan.categories.values():
        if category.guide is not None:
            yield ("categories", category.id, "guide"), category.guide, frozenset({category.id})
    for flow in plan.workflows.values():
        of = frozenset(one.id for one in plan.categories.values() if one.workflow == flow.id)
        for move in flow.moves.values():
            if move.guide is not None:
                yield ("workflows", flow.id, "moves", move.id, "guide"), move.guide, of
    for deadline in plan.deadlines:
        if deadline.cap_of is None and deadline.duty is None:
            yield ("deadlines", deadline.id, "limit"), deadline.limit, deadline.of
    if plan.liability is not None:
        yield ("liability",), plan.liability, every


def _rest_rows(desk: Desk, path: Path, table: Table[Any]) -> None:
    rest = [row for row in table.rows if row.when is None]
    for row in rest[1:]:
        found = desk.say("E309", _row_path(path, row), key=True, one=_name(rest[0]), other=_name(row))
        found = found.against(desk.key(_row_path(path, rest[0])), Words("so does this one", "这一行也是"))
        others = [_name(one) for one in table.rows if one is not row]
        desk.add(found.helping(*meant(_name(row), others), WHEN))


def _overlaps(desk: Desk, plan: Plan, path: Path, table: Table[Any], categories: frozenset[str]) -> None:
    for one, other in combinations([row for row in table.rows if row.when is not None], 2):
        witness = _witness(plan, categories, one.when, other.when)
        if witness is None or one.value == other.value:
            continue
        found = desk.say("E302", (*_row_path(path, other), "when"), key=True, one=_name(one), other=_name(other))
        found = found.against(desk.key((*_row_path(path, one), "when")), Words("this one, too", "这一行也是"))
        shown = _shown(witness)
        note = Words(f"witness: a ticket with {shown}", f"例证：{shown} 的工单")
        fact = next((name for name in reads(one.when) if name not in set(reads(other.when))), None)
        desk.add(found.noting(note).helping(_tell_apart(one, other, fact)))


def _hopeless(desk: Desk, plan: Plan, table: Table[Any], categories: frozenset[str]) -> None:
    """A row that no ticket fits."""
    for row in table.rows:
        if row.when is None or any(isinstance(part, c.Any | c.Not) for part in all_parts(row.when)):
            continue
        if _witness(plan, categories, row.when) is None:
            at = tuple(row.rule.path.split("."))
            desk.add(desk.say("W302", (*at, "when"), key=True, row=_name(row)))


def _row_path(path: Path, row: Row[Any]) -> Path:
    return (*path, _name(row)) if row.rule.path.count(".") >= len(path) else path


def _name(row: Row[Any]) -> str:
    return row.rule.path.rsplit(".", 1)[-1]


def _shown(ticket: Ticket) -> str:
    def text(value: Value | None) -> str:
        if value is None or value == SOME:
            return "unset" if value is None else "set"
        return ("yes" if value else "no") if isinstance(value, bool) else str(value)

    return ", ".join(f"{name}: {text(value)}" for name, value in ticket.items())


def _tell_apart(one: Row[Any], other: Row[Any], fact: str | None) -> Words:
    if fact is None:
        return Words("let their conditions exclude each other", "让两行的条件互相排斥")
    return Words(
        f"say in “{_name(other)}” what `{fact}` is not to be, as in {fact}: {{not: …}}",
        f"在“{_name(other)}”里写明 `{fact}` 不是什么，例如 {fact}: {{not: …}}",
    )


# ---- trying tickets out ----


def _witness(plan: Plan, categories: frozenset[str], *conditions: Condition | None) -> Ticket | None:
    """A ticket that all conditions hold for, None when there is none (or too many to try)."""
    facts = sorted({fact for condition in conditions for fact in reads(condition)})
    wheres = [None] if not categories else sorted(categories)
    for where in wheres if "category" in facts or _limited(plan, facts) else wheres[:1]:
        category = plan.categories.get(where) if where else None
        domains = {fact: _domain(plan, category, fact, conditions) for fact in facts}
        if prod(len(values) for values in domains.values()) > TRIALS_MAX:
            return None
        for values in product(*domains.values()):
            ticket = dict(zip(domains, values, strict=True))
            if not _can_be_found(ticket):
                continue
            view = _view(ticket, conditions)
            if all(condition is None or condition.holds(view) for condition in conditions):
                shown = {name: value for name, value in ticket.items() if not name.startswith("opened")}
                return {"category": where, **shown} if category is not None and len(categories) > 1 else shown
    return None


def _can_be_found(ticket: Ticket) -> bool:
    """Whether a finding can be like this: a breach is of a deadline or of a duty, a detection of neither."""
    about = {name for name in ("deadline", "duty", "detection") if ticket.get(name) is not None}
    fitting = {"breach": ({"deadline"}, {"duty"}, set()), "detection": ({"detection"}, set())}
    finding = ticket.get("finding")
    if not isinstance(finding, str):
        return len(about) <= 1
    return about in fitting.get(finding, (set(),))


def _limited(plan: Plan, facts: Iterable[str]) -> bool:
    """Whether it depends on the category what these facts can be."""
    return any(fact in plan.facts and plan.facts[fact].default is None for fact in facts)


def _domain(
    plan: Plan, category: Category | None, fact: str, conditions: Iterable[Condition | None]
) -> list[Value | None]:
    """The values worth trying."""
    match fact:
        case "category":
            return [category.id] if category is not None else list(plan.categories)
        case "time":
            return _clock_edges(conditions)
        case "day":
            return list[Value | None](range(14))
        case "breached":
            return _breaches(conditions)
        case "state":
            flows = [plan.workflows[category.workflow]] if category is not None else plan.workflows.values()
            return [state for flow in flows for state in flow.states]
    named = _named(fact, conditions)
    declared = plan.facts.get(fact)
    if declared is None:
        return [*sorted(named or {SOME}, key=str), *([None] if fact in c.FINDING_FACTS else [])]
    if category is not None and not _may_be_set(plan, category, fact):
        return [None]
    always = declared.default is not None and any(row.when is None for row in declared.default.rows)
    return [*sorted(_of_type(plan, declared, named), key=str), *([] if always else [None])]


def _clock_edges(conditions: Iterable[Condition | None]) -> list[Value | None]:
    """The seconds of the day at which a condition begins or ends to hold, and the ones before."""
    clocks = [part for one in conditions for part in all_parts(one) if isinstance(part, c.ClockTime)]
    edges = {edge for part in clocks for edge in (part.start, part.end)}
    return list[Value | None](sorted({(edge + step) % 86_400 for edge in edges for step in (-1, 0)}))


def _breaches(conditions: Iterable[Condition | None]) -> list[Value | None]:
    """What a ticket may have breached: nothing, or some of the named deadlines, or another."""
    parts = [part for one in conditions for part in all_parts(one) if isinstance(part, c.Breached)]
    names = [SOME, *sorted({str(name) for part in parts for name in part.deadlines})]
    some = chain.from_iterable(combinations(names, many) for many in range(1, len(names) + 1))
    return [None, *(AND.join(one) for one in islice(some, TRIALS_MAX))]


def _named(fact: str, conditions: Iterable[Condition | None]) -> set[Value]:
    """The values that conditions name, and the numbers next to them."""
    found: set[Value] = set()
    for part in (part for one in conditions for part in all_parts(one) if getattr(part, "fact", None) == fact):
        if isinstance(part, c.OneOf | c.NoneOf):
            found |= part.values
        elif isinstance(part, c.Between):
            found |= {bound for bound in (part.low, part.high) if bound is not None}
    numbers = [value for value in found if isinstance(value, int | float) and not isinstance(value, bool)]
    return found | {number + step for number in numbers for step in (-1, 1)}


def _of_type(plan: Plan, fact: Fact, named: set[Value]) -> set[Value]:
    match fact.type:
        case "choice":
            return set(fact.values)
        case "flag":
            return {True, False}
        case "role":
            return set(plan.roles)
        case "time" | "date":
            return {0, 1_000_000}  # near the opening, and far
        case "number" | "score":
            return named or {0}
    return named or {SOME}


def _may_be_set(plan: Plan, category: Category, fact: str) -> bool:
    """Whether anything gives a ticket of this category a value of the fact. Anybody may set facts, but a plan that asks
    nowhere does not mean it."""
    if plan.facts[fact].default is not None or any(item.fact == fact for item in category.record):
        return True
    flow = plan.workflows[category.workflow]
    if any(fact in move.set or any(item.fact == fact for item in move.ask) for move in flow.moves.values()):
        return True
    parents = {m.opens for f in plan.workflows.values() for m in f.moves.values()}
    return category.id in parents or any(fact in detection.set for detection in plan.detections.values())


def _view(ticket: Ticket, conditions: Iterable[Condition | None]) -> Any:
    """The ticket as conditions see it. Days run over two weeks, the second without work; nearness is 0 or far."""

    def view(name: str) -> Value | None:
        day = ticket.get("day")
        if name in ("weekday", "working_day") and isinstance(day, int):
            return day % 7 if name == "weekday" else day < 7
        if name.endswith(" breached"):
            return name.removesuffix(" breached") in str(ticket.get("breached")).split(AND)
        if name.startswith("opened "):
            return -1 if name.startswith("opened -") else 1
        return ticket.get(name)

    return view


def all_parts(condition: Condition | None) -> Iterator[Condition]:
    match condition:
        case None:
            return
        case c.All() | c.Any():
            yield condition
            for part in condition.parts:
                yield from all_parts(part)
        case c.Not():
            yield condition
            yield from all_parts(condition.part)
        case _:
            yield condition


WHEN: Final = Words("say with `when` for which tickets this row is", "用 `when` 写明这一行适用于哪些工单")
OTHERWISE: Final = Words(
    "add a row without `when`: otherwise: {is: owner}", "加一行不带 `when` 的：otherwise: {is: owner}"
)
