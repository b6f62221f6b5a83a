"""A played scenario as a timeline that a person likes to read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from wcwidth import wcswidth

from engine.sim.player import Performance, Played
from engine.sim.projection import Fact
from engine.sim.words import Speaker
from engine.worktime import Lang

_DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}


def timeline(performance: Performance, lang: Lang = "en") -> Iterator[str]:
    """One block a day, one line an instant: who did what, and what followed."""
    speaker = Speaker(performance.plan, lang)
    several = len({fact.ticket for played in performance.plays for fact in played.got.values()}) > 1
    day = ""
    yield performance.scenario.title
    for at, who, what, facts in _moments(performance):
        local = datetime.fromtimestamp(at, speaker.zone)
        heading = f"{local:%Y-%m-%d} {_DAYS[lang][local.weekday()]}"
        if heading != day:
            yield ""
            yield heading
            day = heading
        clock = f"{local:%H:%M}" + (f":{local:%S}" if local.second else "")
        mark = "!" if any(fact.word in ("breach", "refused") for fact in facts) else " "
        doing = _fit(f"{who} {what}".strip(), 24)
        yield f"  {clock:<8}{mark} {doing} {_say(speaker, facts, at, several)}".rstrip()


def _moments(performance: Performance) -> Iterator[tuple[int, str, str, list[Fact]]]:
    """Instants in order: first what happened by itself before a step, then the step with what followed at once."""
    for played in performance.plays:
        step = played.step
        earlier: dict[int, list[Fact]] = {}
        now: list[Fact] = []
        for fact in played.got.values():
            if fact.at < step.at and fact.word in (
                "breach",
                "rung",
                "repeated",
                "liable",
                "due",
                "opened",
                "made",
                "state",
                "reported",
            ):
                earlier.setdefault(fact.at, []).append(fact)
            else:
                now.append(fact)
        for at in sorted(earlier):
            yield at, "", "", earlier[at]
        if step.verb is not None or now:
            yield step.at, step.by, _verb(performance, played), now


def _verb(performance: Performance, played: Played) -> str:
    step = played.step
    if step.verb is None:
        return ""
    several = len({other.step.ticket for other in performance.plays}) > 1
    return f"{step.verb} {step.ticket}" if several else step.verb


def _say(speaker: Speaker, facts: list[Fact], at: int, several: bool) -> str:
    if not several:
        return speaker.line(facts, at)
    tickets: dict[str, list[Fact]] = {}
    for fact in facts:
        tickets.setdefault(fact.ticket, []).append(fact)
    return " | ".join(f"{ticket}: {speaker.line(some, at)}" for ticket, some in tickets.items())


def _fit(text: str, width: int) -> str:
    return text + " " * max(0, width - max(0, wcswidth(text)))
