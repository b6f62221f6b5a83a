"""Why a limit is due then: the row of the policy and who wrote it, what was counted, and the rungs of its ladder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from engine.cli.errors import CallError
from engine.cli.plans import edition_of, load_plan, refuse
from engine.cli.provenance import Saying, sayings_of_rule
from engine.cli.trial import Trial, owner_of, read_at, the_category
from engine.core import (
    Actor,
    Family,
    Plan,
    Run,
    Ticket,
    Work,
    addresses,
    clock,
    is_overdue,
    ladder,
    reads,
    rung_instant,
    shape,
    timetable,
)
from engine.core import events as e
from engine.core.conditions import Row
from engine.core.plan import Deadline, LengthLimit, Limit, Party, Rung
from engine.policy import CAUSES, STATUSES, Loaded, Teller, Words
from engine.runtime import show_instant, show_value
from engine.worktime import DayRule, Unit, format_left, format_seconds, parse_left, render

if TYPE_CHECKING:
    from engine.sim import Performance


class Happening(NamedTuple):
    """Something that a run went through, in words."""

    at: int
    text: str


class Rise(NamedTuple):
    """A rung with its instant: raised already, skipped, or still to come; None where nobody can know yet."""

    rung: Rung
    at: int | None
    tells: tuple[str, ...]
    status: str  #: raised | skipped | not for this | ahead | over


@dataclass(frozen=True, slots=True)
class Answer:
    """All that is known of one run, or of one that would start."""

    plan: Plan
    ticket: Ticket
    name: str  #: of the ticket, as the scenario calls it; empty for one on trial
    deadline: Deadline
    run: Run
    due: int | None
    at: int  #: the instant at which it is asked
    sayings: tuple[Saying, ...]  #: who wrote the limit, newest last
    facts: tuple[tuple[str, str], ...]  #: what the row looked at
    when: str
    counted: tuple[str, ...]
    steps: tuple[Rise, ...]
    history: tuple[Happening, ...] = ()


def of_scenario(path: Path, deadline: str, at: str | None, ticket: str | None, lang: str) -> Answer:
    """A deadline of a scenario, played to an instant (to its end, if none is named)."""
    from engine.policy import load_named

    performance, now = _played(path, at, lang)
    names = performance.names
    found = [
        (family, one, run)
        for family in performance.service.store.families()
        for one in family.tickets.values()
        for run in one.all_runs()
        if run.deadline == deadline and ticket in (None, names.get(one.id, one.id))
    ]
    if not found:
        until = show_at(performance.plan, now)
        raise _no_run(performance.service.store.families(), deadline, ticket, until)
    family, one, run = max(found, key=lambda three: (three[2].open, three[2].start))
    loaded = load_named(performance.scenario.policy, path.parent)
    assert loaded is not None
    steps = [(plan, step) for plan, known, step in performance.log if known.id == family.id]
    plan = steps[-1][0]  # with the newest day data that reached the ticket
    teller = Teller(plan, lang)
    events = [event for _, step in steps for event in step.events if event.ticket == one.id]
    told = {event.rung: event.told for event in events if isinstance(event, e.Raised) and event.key == run.key}
    answer = _answer(plan, loaded, family, one, run, now, lang, trial=False)
    rungs = tuple(
        rise._replace(tells=tuple(teller.address(who) for who in told[rise.rung.id])) if rise.rung.id in told else rise
        for rise in answer.steps
    )
    history = tuple(_history(teller, run.key, events))
    return replace(answer, name=names.get(one.id, one.id), steps=rungs, history=history)


def _played(path: Path, at: str | None, lang: str) -> tuple[Performance, int]:
    """A scenario played to an instant, timers of it included."""
    from engine.sim import Result, Runner, UnplayableError, play

    result = Result(path)
    scenario, plan = Runner().load(path, result)
    if scenario is None or plan is None:
        refuse(result.diagnostics, lang)
    now = scenario.steps[-1].at if at is None else read_at(plan, at, "--at", scenario.steps[0].at)
    if now < scenario.steps[0].at:
        raise CallError(f"--at {at}: the scenario begins later", f"--at {at}：场景在此之后才开始")
    steps = tuple(step for step in scenario.steps if step.at <= now)
    pause = replace(steps[-1], at=now, verb=None, given={}, given_spans={}, then=(), then_span=None)
    try:
        return play(replace(scenario, steps=(*steps, pause)), plan, edition_of(plan)), now
    except UnplayableError as problem:
        refuse([problem.found], lang)


def of_policy(
    named: str, deadline: str, category: str | None, start: str, facts: Iterable[str], lang: str
) -> Answer | str:
    """A deadline that would start at an instant for a ticket with these facts, opened then; or why there is none."""
    plan, loaded = load_plan(named, lang)
    fitting = {one for known in plan.deadlines if known.id == deadline for one in known.of}
    if not fitting:
        known = ", ".join(dict.fromkeys(one.id for one in plan.deadlines))
        raise CallError(
            f"the plan has no deadline {deadline}; it has {known}", f"方案中没有时限 {deadline}；现有：{known}"
        )
    chosen = the_category(plan, category, fitting)
    at = read_at(plan, start, "--from")
    trial = Trial(plan, chosen, facts, at)
    asked = shape(plan, chosen).watches[deadline].deadline
    run = trial.run(asked)
    if run is None:
        return _nothing_due(plan, asked.limit.pick(trial.view), lang)
    return _answer(plan, loaded, trial.family, trial.ticket, run, at, lang, trial=True)


def _nothing_due(plan: Plan, row: Row[Limit] | None, lang: str) -> str:
    if row is not None:
        words = Words("its instant is not known: {limit} is not set", "不知道到期时刻：{limit}尚未填写")
        return words.in_(lang).format(limit=Teller(plan, lang).limit(row.value))
    return Words("no row of its limit speaks of such a ticket: it gets none", "没有一行适用于这样的工单：不计时").in_(
        lang
    )


def _no_run(families: Iterable[Family], deadline: str, ticket: str | None, at: str) -> CallError:
    known = dict.fromkeys(
        run.deadline for family in families for one in family.tickets.values() for run in one.all_runs()
    )
    of, de = (f" of {ticket}", f"{ticket} 的") if ticket is not None else ("", "")
    return CallError(
        f"until {at} there was no run of {deadline}{of}; there were runs of {', '.join(known) or 'nothing'}",
        f"截至 {at} 没有{de} {deadline}；有过：{', '.join(known) or '无'}",
    )


def _answer(
    plan: Plan, loaded: Loaded, family: Family, ticket: Ticket, run: Run, at: int, lang: str, trial: bool
) -> Answer:
    teller = Teller(plan, lang)
    deadline = shape(plan, ticket.category).watches[run.deadline].deadline
    row = next((row for row in deadline.limit.rows if row.rule == run.rule), None)
    condition = row.when if row is not None else None
    asked = [name for name in dict.fromkeys(reads(condition)) if name in plan.facts]
    facts = tuple((teller.fact(name), _shown(teller, ticket, name)) for name in asked)
    pauses = run.pauses if run.paused_from is None else (*run.pauses, (run.paused_from, max(at, run.paused_from)))
    due = run.due
    counted: tuple[str, ...] = ()
    if isinstance(run.limit, LengthLimit):
        hours = clock(plan, run.limit, ticket.edition)
        counted = render(hours.explain(run.start, pauses, run.granted), hours.timetable, teller.lang)
        due = hours.due(run.start, pauses, run.granted).at if due is None else due
    steps = tuple(_steps(plan, family, ticket, run._replace(due=due), deadline, teller, trial))
    sayings = sayings_of_rule(loaded, run.rule.path)
    when = teller.condition(condition)
    return Answer(plan, ticket, "", deadline, run, due, at, sayings, facts, when, counted, steps)


def _shown(teller: Teller, ticket: Ticket, fact: str) -> str:
    value = ticket.fact(fact)
    if value is None:
        return "未填" if teller.zh else "not set"
    if isinstance(value, str | bool):
        return teller.value(fact, value)

    return show_value(teller.plan.facts[fact], value, teller.plan.zone)


def _steps(
    plan: Plan, family: Family, ticket: Ticket, run: Run, deadline: Deadline, teller: Teller, trial: bool
) -> Iterator[Rise]:
    """The rungs in the order of the ladder. What stands at or before the start was never to be raised."""
    found = ladder(plan, deadline)
    view = Work(plan, family, family.at, Actor("explain")).view(ticket)

    def tells(party: Party) -> list[str]:
        if trial and party.kind == "word" and party.name in ("owner", "assignee"):
            acting = owner_of(shape(plan, ticket.category), deadline)
            party = acting if acting is not None else party
        known = [teller.address(one) for one in addresses(plan, family, ticket, party, deadline)]
        return known or [teller.party(party)]

    for rung in found.rungs if found is not None else ():
        told = tuple(dict.fromkeys(who for party in rung.notify for who in tells(party)))
        if rung.id in run.climb.raised:
            yield Rise(rung, run.climb.raised[rung.id], told, "raised")
            continue
        when = run.start if rung.at.kind == "start" else rung_instant(plan, ticket, run, rung) if run.due else None
        skipped = rung.id in run.climb.skipped or (when is not None and when <= run.start and not is_overdue(rung))
        if skipped:
            yield Rise(rung, when, told, "skipped")
        elif rung.when is not None and not rung.when.holds(view):
            yield Rise(rung, when, told, "not for this")
        else:
            yield Rise(rung, when, told, "ahead" if run.open else "over")


def _history(teller: Teller, key: str, events: Iterable[e.Event]) -> Iterator[Happening]:
    """What a run went through: started, moved, paused, resumed, breached, ended."""
    zone = timetable(teller.plan, "always", edition_of(teller.plan)).zone
    zh = teller.zh

    def show(at: int | None, near: int) -> str:
        return "" if at is None else show_instant(at, zone, near)

    for event in events:
        if getattr(event, "key", None) != key:
            continue
        at = event.effective_at
        match event:
            case e.RunStarted():
                by = teller.moment(event.started_by)
                yield Happening(
                    at,
                    f"“{by}”起算，{show(event.due, at)} 到期" if zh else f"started by {by}, due {show(event.due, at)}",
                )
            case e.DueMoved():
                new = show(event.new, at) or (format_left(parse_left(event.left), teller.lang) if event.left else "")
                cause = CAUSES[event.cause].in_(teller.lang)
                clamped = event.computed is not None and event.new is not None and event.new != event.computed
                note = CLAMPED.in_(teller.lang).format(show(event.computed, at)) if clamped else ""
                yield Happening(at, f"{cause}：改为 {new}{note}" if zh else f"moved to {new}: {cause}{note}")
            case e.RunPaused():
                left = format_left(parse_left(event.left), teller.lang) if event.left else ""
                left = f"余{left}" if zh else f"{left} left"
                yield Happening(at, f"暂停，{left}" if zh else f"paused, {left}")
            case e.RunResumed():
                yield Happening(
                    at, f"恢复计时，{show(event.due, at)} 到期" if zh else f"resumed, due {show(event.due, at)}"
                )
            case e.Breached():
                yield Happening(at, "超期" if zh else "breached")
            case e.RunEnded():
                cause = teller.moment(event.cause)
                late = event.status == "late" and event.due is not None
                by = f" {format_seconds(at - event.due, teller.lang)}" if late and event.due is not None else ""
                verdict = STATUSES[event.status].in_(teller.lang)
                yield Happening(at, f"{verdict}{by}：{cause}" if zh else f"{verdict}{by and ' by'}{by}: {cause}")
            case e.VerdictCorrected():
                yield Happening(at, f"更正为{STATUSES[event.new].zh}" if zh else f"corrected to {event.new}")


CLAMPED: Final = Words(
    " (worked out as {}, but nobody is made late by surprise)", "（计算结果为 {}，但不会让人突然超期）"
)
STEPS: Final = {
    "raised": Words("raised", "已升级"),
    "skipped": Words("skipped", "略过"),
    "ahead": Words("", ""),
    "over": Words("not reached", "未到"),
    "not for this": Words("not for this ticket", "不适用于这张工单"),
}


# ---- on paper -------------------------------------------------------------------------------------------------------


def lines(answer: Answer, lang: str) -> Iterator[str]:
    """The whole explanation for people."""
    teller = Teller(answer.plan, lang)
    plan, run, zh = answer.plan, answer.run, lang == "zh"
    yield _heading(answer, teller)
    yield ""
    yield from _labelled("期限" if zh else "limit", _limit_lines(answer, teller))
    row = f"{run.rule.path}{'，适用条件：' if zh else ', when '}{answer.when}" if answer.when else run.rule.path
    yield from _labelled("条目" if zh else "row", [row])
    if answer.facts:
        said = teller.list(f"{name} = {value}" for name, value in answer.facts)
        yield from _labelled("事实" if zh else "facts", [said])
    if run.rule.sources:
        yield from _labelled("依据" if zh else "source", [" ".join(run.rule.sources)])
    yield from _labelled("计时" if zh else "counted", _calendar_lines(plan, run.limit, teller))
    if answer.history:
        yield ""
        yield "  经过" if zh else "  what happened"
        yield from (f"    {show_at(plan, one.at)}  {one.text}" for one in answer.history)
    if answer.counted:
        yield ""
        yield "  逐段计算" if zh else "  how it was counted"
        yield from (f"    {line}" for line in answer.counted)
    yield from _ladder_lines(answer, teller)


def _heading(answer: Answer, teller: Teller) -> str:
    category = answer.plan.categories[answer.ticket.category]
    what = teller.both(answer.deadline.id, answer.deadline.title).replace("`", "")
    of = teller.both(category.id, category.title).replace("`", "")
    due = show_at(answer.plan, answer.due) if answer.due is not None else "?"
    provisional = ("（暂定）" if teller.zh else " (provisional)") if answer.run.provisional else ""
    if not answer.name:
        start = show_at(answer.plan, answer.run.start)
        if teller.zh:
            return f"{what}（{of}），{start} 起算：{due} 到期{provisional}"
        return f"{what} of a {of}, from {start}: due {due}{provisional}"
    status = STATUSES[answer.run.status].in_(teller.lang)
    now = show_at(answer.plan, answer.at)
    if answer.run.status == "paused":
        due = f"若此刻恢复则 {due}" if teller.zh else f"{due} if it were resumed now"
    if teller.zh:
        return f"{answer.name} 的{what}（{of}），第 {answer.run.round} 轮，{now}：{status}，{due} 到期{provisional}"
    return f"{what} of {answer.name} ({of}), round {answer.run.round}, at {now}: {status}, due {due}{provisional}"


def _limit_lines(answer: Answer, teller: Teller) -> Iterator[str]:
    yield teller.limit(answer.run.limit)
    width = max((len(saying.place) for saying in answer.sayings), default=0)
    for saying in reversed(answer.sayings):
        over = saying is not answer.sayings[-1]
        note = ("（已被覆盖）" if teller.zh else "  (overridden)") if over else ""
        yield f"  {saying.place:<{width}}  {saying.text}{note}"


def _calendar_lines(plan: Plan, limit: Limit, teller: Teller) -> Iterator[str]:
    zh = teller.zh
    if not isinstance(limit, LengthLimit):
        yield "以该时刻为准，不另计时" if zh else "not at all: the instant itself is the due, and moves with it"
        return
    if limit.length.unit is Unit.SECONDS:
        yield "每一秒，昼夜不停，节假日照算" if zh else "every second, through nights and holidays"
        return
    spec = plan.calendars.get(limit.calendar)
    if spec is None:
        yield "全天候日历" if zh else "in the calendar always"
        return
    hours = "; ".join(f"{days} {text}" for days, text in spec.hours.items())
    place = plan.places.get(f"calendars.{spec.id}")
    where = f"   {place.file}:{place.line}:{place.column}" if place is not None else ""
    holidays = ", ".join(spec.holidays) or "none"
    yield (f"日历 {spec.id}：{hours}；节假日 {holidays}{where}" if zh
           else f"in calendar {spec.id}: {hours}; holidays {holidays}{where}")  # fmt: skip
    if limit.length.unit is not Unit.WORKING_SECONDS:
        ends = {
            DayRule.CLOSE: Words("the last day ends at the close of business", "最后一天到下班为止"),
            DayRule.MIDNIGHT: Words("the last day ends at midnight", "最后一天到 24:00 为止"),
            DayRule.SAME_TIME: Words("it ends at the time of day at which it began", "到最后一天的同一时刻为止"),
        }
        yield ends[limit.day_rule].in_(teller.lang)


def _ladder_lines(answer: Answer, teller: Teller) -> Iterator[str]:
    plan, zh = answer.plan, teller.zh
    if answer.deadline.escalate is None:
        return
    found = plan.ladders[answer.deadline.escalate]
    place = plan.places.get(found.rule.path)
    where = f"   {place.file}:{place.line}:{place.column}" if place is not None else ""
    yield ""
    yield f"  升级阶梯 {found.id}{where}" if zh else f"  ladder {found.id}{where}"
    rows = []
    for step in answer.steps:
        at = show_at(plan, step.at) if step.at is not None else ""
        extra = [STEPS[step.status].in_(teller.lang), teller.repeats(step.rung), teller.condition(step.rung.when)]
        said = ("，" if zh else ", ").join(one for one in extra if one)
        rows.append((step.rung.id, teller.rung_at(step.rung), at, teller.list(step.tells), said))
    yield from (f"    {line}" for line in columns(rows))


def _labelled(label: str, content: Iterable[str]) -> Iterator[str]:
    for place, line in enumerate(content):
        yield f"  {pad(label if place == 0 else '', 9)} {line}"


def columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows in columns by the width of their signs on a terminal."""
    widths = [max(width(row[place]) for row in rows) for place in range(len(rows[0]))] if rows else []
    for row in rows:
        yield "  ".join(pad(cell, widths[place]) for place, cell in enumerate(row)).rstrip()


def pad(text: str, cells: int) -> str:
    return text + " " * max(0, cells - width(text))


def width(text: str) -> int:
    from wcwidth import wcswidth

    return max(0, wcswidth(text))


def show_at(plan: Plan, at: int) -> str:
    local = datetime.fromtimestamp(at, timetable(plan, "always", edition_of(plan)).zone)
    return f"{local:%Y-%m-%d %H:%M}" + (f":{local:%S}" if local.second else "")


# ---- for machines ---------------------------------------------------------------------------------------------------


def as_json(answer: Answer, lang: str) -> dict[str, Any]:
    plan, run, teller = answer.plan, answer.run, Teller(answer.plan, lang)

    def iso(at: int | None) -> str | None:
        zone = timetable(plan, "always", edition_of(plan)).zone
        return None if at is None else datetime.fromtimestamp(at, zone).isoformat()

    return {
        "deadline": answer.deadline.id,
        "title": answer.deadline.title,
        "category": answer.ticket.category,
        "ticket": answer.name or None,
        "round": run.round,
        "status": run.status if answer.name else None,
        "start": iso(run.start),
        "due": iso(answer.due),
        "provisional": run.provisional,
        "limit": teller.limit(run.limit),
        "rule": run.rule.path,
        "source": list(run.rule.sources),
        "when": answer.when or None,
        "facts": dict(answer.facts),
        "said_by": [saying.as_json() for saying in answer.sayings],
        "counted": list(answer.counted),
        "history": [{"at": iso(one.at), "what": one.text} for one in answer.history],
        "ladder": answer.deadline.escalate,
        "rungs": [
            {
                "rung": step.rung.id,
                "at": iso(step.at),
                "tells": list(step.tells),
                "status": step.status,
                "when": teller.condition(step.rung.when) or None,
            }
            for step in answer.steps
        ],
    }
