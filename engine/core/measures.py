"""The measures of figures: what is counted, what is left out and why, by effective instants alone (SEMANTICS §14)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from statistics import median
from typing import Final, NamedTuple

from engine.core import events as e
from engine.core.cases import Books, Case, Happening
from engine.core.conditions import Value
from engine.core.periods import Period
from engine.core.plan import AverageFact, AverageWait, Count, Figure, Load, OnTime, Outside, Plan, Share
from engine.core.ticket import Run
from engine.core.workload import load

#: Waits longer than this are counted beside every average wait (rule B02). Seconds.
LONG_WAIT: Final = 72 * 3600


class Found(NamedTuple):
    """What a measure found, before it is held against anything."""

    value: Fraction | None
    n: int
    left_out: Mapping[str, int] = {}
    marks: Mapping[str, int] = {}
    companions: Mapping[str, Fraction] = {}
    reason: str = ""


def find(books: Books, figure: Figure, period: Period) -> Found:
    """The measure of a figure. A family whose last step lies before the period had nothing happen in it."""
    match figure.measure:
        case OnTime():
            return _on_time(books, figure, figure.measure, period)
        case Share():
            return _share(books, figure, figure.measure, period)
        case AverageFact():
            return _average_fact(books, figure, figure.measure.fact, period)
        case AverageWait():
            return _average_wait(books, figure, figure.measure, period)
        case Count():
            return _each(books, figure, period, _count(books, figure, figure.measure, period))
        case Load(roles):
            return _load(books, figure, roles, period)
        case Outside(source):
            value = books.outside.get((source, period))
            return Found(value, int(value is not None), reason="" if value is not None else "not imported")


def counts_at(run: Run) -> int:
    """The instant by which a run belongs to a period: its due; without one (met, void or excused while paused, or still
    paused) when it ended, else when it began."""
    return next(at for at in (run.due, run.done, run.start) if at is not None)


def deadline_names(plan: Plan, name: str) -> frozenset[str]:
    """The deadline of that id, and those that are a duty's of that id."""
    return frozenset({name, *(deadline.id for deadline in plan.deadlines if deadline.duty == name)})


def _on_time(books: Books, figure: Figure, asked: OnTime, period: Period) -> Found:
    """met / (met + late + missed + breached), by due. Overdue is late, whether its timer was applied already or not."""
    names = deadline_names(books.plan, asked.deadline)
    left, marks, met, late = Counter[str](), Counter[str](), 0, 0
    lateness: list[Fraction] = []
    for case in books.of(figure):
        for run in case.ticket.all_runs():
            if run.deadline not in names or counts_at(run) not in period:
                continue
            if run.status in ("excused", "void", "paused"):
                left[run.status] += 1
                continue
            if run.status == "running" and run.due is not None and run.due >= books.as_of:
                left["not yet due"] += 1
                continue
            marks["provisional"] += run.provisional
            marks["extended"] += run.key in case.extended
            if run.status == "met":
                met += 1
                continue
            late += 1
            done = books.as_of if run.done is None else run.done
            if run.due is not None and done > run.due:  # found late, it may have been done before
                lateness.append(Fraction(done - run.due))
    return Found(
        ratio(met, met + late),
        met + late,
        left,
        marks,
        known(
            excused_as_late=ratio(met, met + late + left["excused"]),
            lateness=mean(lateness),
            lateness_max=max(lateness, default=None),
        ),
    )


def _share(books: Books, figure: Figure, asked: Share, period: Period) -> Found:
    """Of those closed in the period and still closed, the ones for which the condition holds by what is known now."""
    left, n, held = Counter[str](), 0, 0
    for case in books.of(figure):
        ticket = case.ticket
        if ticket.closed is None or ticket.closed not in period:
            continue
        if ticket.ties.merged_into is not None:
            left["merged"] += 1
        elif asked.of_outcome and ticket.fact("outcome") is None:
            left["no outcome"] += 1
        else:
            n += 1
            held += asked.condition.holds(partial(case.fact, books.plan))
    return Found(ratio(held, n), n, left)


class Answer(NamedTuple):
    """A fact was asked for at `at` (seconds UTC). `again`: by a move that began another round."""

    at: int
    value: Value | None
    again: bool


def _asking(plan: Plan, case: Case, fact: str) -> Mapping[str, bool]:
    """The moves that ask for the fact (`opened` where the record does), and whether each begins another round."""
    category = plan.categories.get(case.ticket.category)
    if category is None:
        return {}
    moves = plan.workflows[category.workflow].moves.values()
    found = {move.id: move.rework for move in moves if any(item.fact == fact for item in move.ask)}
    return {"opened": False, **found} if any(item.fact == fact for item in category.record) else found


def _answers(case: Case, fact: str, asking: Mapping[str, bool]) -> list[Answer]:
    """Each time the fact was asked for, with the value it has now: what was stated then, or put right before the next
    time. Where nobody asks for it, when it was first stated."""
    found: list[Answer] = []
    for step in case.history.steps:
        asked: Answer | None = None
        stated: Answer | None = None
        for event in step.events:
            if event.ticket != case.ticket.id:
                continue
            match event:
                case e.FactsSet() if event.how != "default":
                    for change in event.changes:
                        if change.fact == fact:
                            stated = Answer(event.effective_at, change.new, False)
                case e.Opened() if "opened" in asking:
                    asked = Answer(event.effective_at, None, asking["opened"])
                case e.Moved(testimony=False) if event.move in asking:
                    asked = Answer(event.effective_at, None, asking[event.move])
        if asked is not None:
            found.append(asked if stated is None else asked._replace(value=stated.value))
        elif stated is not None:
            found[-1:] = [found[-1]._replace(value=stated.value) if found else stated]
    return found


def _average_fact(books: Books, figure: Figure, fact: str, period: Period) -> Found:
    """The mean of what was answered last on each ticket, if that was in the period. Who is anonymous is not asked.

    Beside it, where an answer might have begun another round: how many of all answers did.
    """
    left, values, rounds, again = Counter[str](), list[Fraction](), 0, 0
    may_begin_again = False
    for case in books.of(figure):
        if case.history.family.at < period.start:
            continue
        ticket = case.ticket
        asking = _asking(books.plan, case, fact)
        answers = _answers(case, fact, asking)
        here = [answer for answer in answers if answer.at in period]
        if ticket.ties.merged_into is not None:
            left["merged"] += len(here)
            continue
        if not answers and ticket.closed is not None and ticket.closed in period:
            left["anonymous"] += ticket.fact("anonymous") is True
        rounds += len(here)
        may_begin_again |= bool(here) and any(asking.values())
        again += sum(answer.again for answer in here)
        for answer in here:
            if answer is not answers[-1]:
                left["earlier round"] += 1
            elif isinstance(answer.value, int | float) and not isinstance(answer.value, bool):
                values.append(Fraction(str(answer.value)))
            else:
                left["no answer"] += 1
    companions = known(
        response_rate=ratio(len(values), len(values) + left["no answer"]),
        dissatisfied=ratio(again, rounds) if may_begin_again else None,
    )
    return Found(mean(values), len(values), left, companions=companions)


def _average_wait(books: Books, figure: Figure, asked: AverageWait, period: Period) -> Found:
    """Elapsed seconds from each `start` in the period to the first `until` after it; without one, until the ticket was
    closed, else until `as_of`. Pauses are not deducted."""
    times = [name for name in asked.start if name in books.plan.facts and books.plan.facts[name].type == "time"]
    left, marks, waits = Counter[str](), Counter[str](), list[Fraction]()
    for case in books.of(figure):
        ticket = case.ticket
        if case.history.family.at < period.start and not times:
            continue
        starts = [one for one in case.happened(asked.start, period) if one.standing == "counts"]
        for name in times:
            value = ticket.fact(name)
            if isinstance(value, int) and value in period and value <= books.as_of:
                starts.append(Happening(value, -1, name))
        if ticket.ties.merged_into is not None:
            left["merged"] += len(starts)
            continue
        ends = [one for one in case.happenings if one.name in asked.until and one.standing == "counts"]
        for start in starts:
            end = min((one.at for one in ends if (one.at, one.order) > (start.at, start.order)), default=None)
            if end is None:
                marks["waiting" if ticket.closed is None else "closed without"] += 1
                end = books.as_of if ticket.closed is None else max(ticket.closed, start.at)
            waits.append(Fraction(end - start.at))
    companions = {
        "waiting": Fraction(marks["waiting"]),
        "over_72_hours": Fraction(sum(wait > LONG_WAIT for wait in waits)),
    }
    if waits:
        companions |= {"median": median(waits), "maximum": max(waits)}
    return Found(mean(waits), len(waits), left, marks, companions)


def _count(books: Books, figure: Figure, asked: Count, period: Period) -> Found:
    """How often it happened, or was detected, in the period; what was taken back later does not count. And what is open
    at its end."""
    left, n = Counter[str](), 0
    for case in books.of(figure):
        merged = case.ticket.ties.merged_into is not None
        seen = ["counts"] if asked.open and case.open_at_end(period) else []
        if case.history.family.at >= period.start:
            seen += [one.standing for one in case.happened(asked.moments, period)]
            seen += [
                "counts"
                for event in case.events()
                if isinstance(event, e.DetectionFired) and event.detection in asked.detections
                if event.effective_at in period
            ]
        for standing in seen:
            if merged:
                left["merged"] += 1
            elif standing != "counts":
                left[standing] += 1
            else:
                n += 1
    return Found(Fraction(n), n, left)


def _each(books: Books, figure: Figure, period: Period, found: Found) -> Found:
    """A count for each so many households, or for each person of a role who was on duty in the period."""
    if figure.each is None or found.value is None:
        return found
    amount, unit, role = figure.each
    size: int | None
    if unit == "person":
        if books.roster is None:
            return found._replace(value=None, reason="no roster")
        end = min(period.end, books.as_of)
        roles = books.plan.roles if role is None else (role,)
        size = len({person for one in roles for person in books.roster(one, period.start, end)})
    else:
        size = books.plan.numbers.get(unit)
    if not size:
        return found._replace(value=None, reason=f"no {unit}")
    return found._replace(value=found.value * amount / size, companions={**found.companions, unit: Fraction(size)})


def _load(books: Books, figure: Figure, roles: tuple[str, ...], period: Period) -> Found:
    """See `engine.core.workload`; only the part of the period that is past counts."""
    if books.roster is None:
        return Found(None, 0, reason="no roster")
    tickets = [(case.history.steps, case.ticket) for case in books.of(figure)]
    found = load(books.plan, tickets, roles, period.start, min(period.end, books.as_of), books.roster)
    if not found.on_duty:
        return Found(None, found.tickets, reason="nobody on duty")
    return Found(
        Fraction(found.busy, found.on_duty),
        found.tickets,
        companions={"tickets_per_person": Fraction(found.held, found.on_duty)},
    )


def ratio(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def mean(values: Sequence[Fraction]) -> Fraction | None:
    return sum(values, Fraction(0)) / len(values) if values else None


def known(**values: Fraction | None) -> dict[str, Fraction]:
    return {name: value for name, value in values.items() if value is not None}
