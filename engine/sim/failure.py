"""Why a scenario failed: the first difference, its cause in the policy, the whole picture, the next command."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

from wcwidth import wcswidth

from engine.core.plan import Place
from engine.policy import Diagnostic, Words, render
from engine.runtime import show_instant
from engine.sim.codes import diagnose
from engine.sim.player import Difference, Performance, Played
from engine.sim.projection import At, Fact, Lasting
from engine.sim.run import Result
from engine.sim.scenario import Expected
from engine.sim.words import Speaker
from engine.worktime import Lang

#: Columns of the two halves of the picture.
_WIDTH = 46
FAILED: Final = Words("FAIL", "失败")
TIME: Final = Words("time", "时间")
EXPECTED: Final = Words("expected", "应为")
GOT: Final = Words("got", "实际")
FIRST: Final = Words("first difference", "第一处不同")
LATER: Final = Words(
    "{later} later steps differ too; they may follow from the first", "后面还有 {later} 步不同，可能由此引起"
)
WHY: Final = Words("why:", "为什么：")
RIGHT: Final = Words("ok? ", "没问题？")
UPDATE: Final = Words("writes what happened into the file for review", "把实际经过写入文件，供审阅")


class Failure(NamedTuple):
    """One thing that is not as the file says: where, and what was expected and seen there."""

    found: Diagnostic
    expected: Words
    got: Words


def failures(performance: Performance) -> Iterator[Failure]:
    """Everything that is not as the file says, in the order of its steps; then what `finally` says otherwise."""
    for difference in performance.differences:
        yield _failure(performance, difference)
    for claim in performance.problems:
        found = diagnose("T104", claim.span, what=claim.what, expected=claim.expected, got=claim.got)
        yield Failure(found, Words(claim.expected, claim.expected), Words(claim.got, claim.got))


def mistakes(result: Result) -> Iterator[Diagnostic]:
    """All that is wrong with a scenario: why it could not be played, or what came otherwise."""
    if result.performance is None:
        yield from result.diagnostics
    else:
        yield from (failure.found for failure in failures(result.performance))


def _failure(performance: Performance, difference: Difference) -> Failure:
    """A difference: at the line of the scenario, with the rule of the policy behind it."""
    played = performance.plays[difference.step]
    speaker, chinese = Speaker(performance.plan), Speaker(performance.plan, "zh")
    span = difference.expected.span if difference.expected else (played.step.then_span or played.step.span)
    code = "T101" if difference.expected and difference.got else "T102" if difference.expected else "T103"
    expected = _expected_words(difference.expected, speaker, chinese, played)
    got = _got_words(difference.got, speaker, chinese, played)
    found = diagnose(
        code, span, got if difference.got else Words("this did not happen", "没有发生"), expected=expected, got=got
    )
    place, rule = _cause(performance, difference)
    if place is not None:
        where = f"{rule}, {place.file}:{place.line}:{place.column}"
        found = found.noting(Words(f"the rule behind it: {where}", f"依据：{where}"))
    if nearby := _nearby(performance, difference, speaker):
        found = found.noting(Words(f"it happened, but at {nearby}", f"发生了，但时间是 {nearby}"))
    return Failure(found, expected, got)


def _expected_words(expected: Expected | None, speaker: Speaker, chinese: Speaker, played: Played) -> Words:
    if expected is None:
        return Words("nothing of the kind", "没有这一项")
    fact = Fact(expected.ticket, expected.word, expected.about, expected.said, played.step.at)
    return Words(speaker.say(fact, played.step.at), chinese.say(fact, played.step.at))


def _got_words(got: Fact | None, speaker: Speaker, chinese: Speaker, played: Played) -> Words:
    if got is None:
        return Words("nothing of the kind", "没有这一项")
    return Words(speaker.say(got, played.step.at), chinese.say(got, played.step.at))


def _cause(performance: Performance, difference: Difference) -> tuple[Place | None, str]:
    """The element of the plan that made it happen, or that should have."""
    places = performance.plan.places
    candidates = [difference.got.rule] if difference.got else []
    if difference.expected is not None:
        name, _, rung = difference.expected.about.partition(".")
        candidates += [f"deadlines.{name}", f"detections.{name}", f"roles.{name}"]
        for deadline in performance.plan.deadlines:
            if deadline.id == name and deadline.escalate is not None and rung:
                candidates.insert(0, f"escalations.{deadline.escalate}.{rung}")
    for path in candidates:
        if path in places:
            return places[path], path
    return None, ""


def _nearby(performance: Performance, difference: Difference, speaker: Speaker) -> str:
    """When what was expected happened, where that was in another step."""
    if difference.expected is None or difference.got is not None:
        return ""
    wanted = difference.expected
    for played in performance.plays:
        for fact in played.got.values():
            if (fact.ticket, fact.word, fact.about) == (wanted.ticket, wanted.word, wanted.about):
                return show_instant(fact.at, speaker.zone)
    return ""


def picture(performance: Performance, lang: Lang = "en") -> Iterator[str]:
    """Every step, expected beside got; equal steps are one `=`."""
    speaker = Speaker(performance.plan, lang)
    first = performance.differences[0].step if performance.differences else -1
    yield f"  {_fit(TIME.in_(lang), 12)} {_fit(EXPECTED.in_(lang), _WIDTH)} {GOT.in_(lang)}"
    for index, played in enumerate(performance.plays):
        when = show_instant(played.step.at, speaker.zone)[5:]
        wanted = [_plain(expected) for expected in played.step.then]
        if not played.differences:
            yield f"  {when:<12} {_fit(_cut(speaker.line(wanted, played.step.at) or '-'), _WIDTH)} ="
            continue
        mark = f"   <== {FIRST.in_(lang)}" if index == first else ""
        left = [_with_time(speaker, fact, played.step.at) for fact in wanted]
        right = [_with_time(speaker, fact, played.step.at) for fact in played.got.values()]
        for row, (a, b) in enumerate(
            zip_longest([x for x in left if x not in right], [x for x in right if x not in left], fillvalue="")
        ):
            start = when if row == 0 else ""
            yield f"  {start:<12} {_fit(_cut(a), _WIDTH)} {_cut(b)}{mark if row == 0 else ''}".rstrip()


def _with_time(speaker: Speaker, fact: Fact, reference: int) -> str:
    """What a word says; of a breach or a rung also when, for that may be all that differs."""
    text = speaker.say(fact, reference)
    return f"{text} {speaker.said(fact, reference)}" if fact.word in ("breach", "rung", "repeated") else text


def _plain(expected: Expected) -> Fact:
    at = int(expected.said) if isinstance(expected.said, At | Lasting) else 0
    return Fact(expected.ticket, expected.word, expected.about, expected.said, at)


def _cut(text: str) -> str:
    if wcswidth(text) <= _WIDTH:
        return text
    kept = ""
    for letter in text:
        if wcswidth(kept + letter) > _WIDTH - 1:
            break
        kept += letter
    return kept + "…"


def _fit(text: str, width: int) -> str:
    return text + " " * max(0, width - max(0, wcswidth(text)))


def next_commands(performance: Performance, path: Path, lang: Lang) -> Iterator[str]:
    """What to type next."""
    difference = performance.differences[0]
    at = show_instant(performance.plays[difference.step].step.at, Speaker(performance.plan).zone)
    what = difference.expected or difference.got
    assert what is not None
    about = what.about.partition(".")[0]
    several = len({fact.ticket for played in performance.plays for fact in played.got.values()}) > 1
    ticket = f" --ticket {what.ticket}" if several else ""
    if any(deadline.id == about for deadline in performance.plan.deadlines):
        yield f'  {WHY.in_(lang)} huiyin explain due {about} --scenario {path}{ticket} --at "{at}"'
    else:
        yield f"  {WHY.in_(lang)} huiyin simulate {path}"
    yield f"  {RIGHT.in_(lang)} huiyin test {path} --update     {UPDATE.in_(lang)}"


def placed(found: Diagnostic, lang: Lang = "en") -> str:
    """`file:line:column: code: message`, as editors and build servers read it; no line of the file is shown."""
    span = found.primary.span
    return f"{span.file}:{span.line}:{span.column}: {found.code}: {found.message.in_(lang)}"


def failure_lines(result: Result, lang: Lang, show_all: bool) -> Iterator[str]:
    """The whole report of a failed scenario."""
    performance = result.performance
    assert performance is not None
    yield f"{FAILED.in_(lang)}  {result.path}   {performance.scenario.title}"
    yield ""
    found = [failure.found for failure in failures(performance)]
    if performance.differences:
        yield render(found[:1], lang)
        yield from picture(performance, lang)
        later = len({difference.step for difference in performance.differences}) - 1
        if later:
            yield f"  {LATER.format(later=later).in_(lang)}"
        yield ""
        yield from next_commands(performance, result.path, lang)
        yield ""
    if not performance.differences or show_all:
        yield from (placed(one, lang) for one in found[len(performance.differences) :])
