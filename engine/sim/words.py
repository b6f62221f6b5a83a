"""What happened, as people read it in a line: used by the timeline, the failure report and --update."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from engine.core import Plan
from engine.runtime import show_instant
from engine.sim.projection import LISTS, WORDS, At, Fact, Lasting
from engine.worktime import Lang, format_seconds

#: word -> (English, Chinese); `{about}` and `{said}` are filled in.
_PHRASES = {
    "guided": ("guidance: {about}", "提示：{about}"),
    "state": ("{said}", "{said}"),
    "round": ("round {said}", "第 {said} 轮"),
    "met": ("{about} met", "{about}按时"),
    "late": ("{about} late by {said}", "{about}迟 {said}"),
    "void": ("{about} void", "{about}作废"),
    "missed": ("{about} missed", "{about}未完成"),
    "excused": ("{about} excused", "{about}免责"),
    "corrected": ("{about} corrected to {said}", "{about}更正为 {said}"),
    "breach": ("{about} BREACHED", "{about}超期"),
    "rung": ("rung {about}", "升级 {about}"),
    "repeated": ("again {about}", "再次提醒 {about}"),
    "due": ("{about} due {said}", "{about} {said} 到期"),
    "paused": ("{about} paused, {said} left", "{about}暂停，余 {said}"),
    "made": ("engine: {about}", "系统：{about}"),
    "facts": ("{about} = {said}", "{about} = {said}"),
    "detected": ("detected {about}", "识别 {about}"),
    "linked": ("linked to {said}", "关联 {said}"),
    "opened": ("opened {about} ({said})", "开出 {about}（{said}）"),
    "told": ("told {about}", "告知 {about}"),
    "liable": ("{said} answers for {about}", "{about}由 {said} 负责"),
    "refused": ("REFUSED: {said}", "拒绝：{said}"),
    "staffing": ("{about}: {said} people", "{about}人数 {said}"),
    "empty_post": ("{about} is empty, {said} answers", "{about}无人在岗，{said} 负责"),
    "reported": ("report {about}", "报告 {about}"),
    "revealed": ("{said} looked at {about}", "{said} 查看 {about}"),
}
_EMPTY = ("{about} is empty", "{about}无人在岗")


class Speaker:
    """Says facts in a language, with the titles of the plan; times local and as short as they can be said."""

    def __init__(self, plan: Plan, lang: Lang = "en") -> None:
        self.plan = plan
        self.lang = lang
        self.zone = plan.zone
        self._deadlines = {deadline.id: deadline.title for deadline in plan.deadlines}
        self._states: dict[str, str] = {}  # of one title; what is called differently in two workflows stays its id
        for workflow in plan.workflows.values():
            for state in workflow.states.values():
                title = self._states.setdefault(state.id, state.title)
                self._states[state.id] = title if title == state.title else state.id

    def say(self, fact: Fact, reference: int) -> str:
        nobody_answers = fact.word == "empty_post" and not fact.said  # of a plan without `liability`
        english, chinese = _EMPTY if nobody_answers else _PHRASES[fact.word]
        phrase = chinese if self.lang == "zh" else english
        return phrase.format(about=self._about(fact), said=self.said(fact, reference))

    def line(self, facts: Iterable[Fact], reference: int) -> str:
        ordered = sorted(facts, key=lambda fact: WORDS.index(fact.word) if fact.word in WORDS else len(WORDS))
        return "; ".join(self.say(fact, reference) for fact in ordered)

    def said(self, fact: Fact, reference: int) -> str:
        if isinstance(fact.said, At):
            return show_instant(fact.said, self.zone, reference)
        if isinstance(fact.said, Lasting):
            return format_seconds(fact.said, self.lang)
        if fact.word == "state" and self.lang == "zh":
            return self._states.get(fact.said, f"“{fact.said}”")
        return fact.said

    def _about(self, fact: Fact) -> str:
        name, dot, rung = fact.about.partition(".")
        if self.lang == "zh" and name in self._deadlines and fact.word not in ("detected", "told", "facts", "made"):
            return f"{self._deadlines[name]}{dot}{rung}"
        if fact.word == "told" and self.lang == "zh" and fact.about in self.plan.roles:
            return self.plan.roles[fact.about].title
        return fact.about


def as_yaml(facts: Iterable[Fact], zone: ZoneInfo, reference: int) -> str:
    """The same facts as a scenario file writes them, in flow style; `nothing` where there are none."""
    facts = list(facts)
    by_ticket: dict[str, list[Fact]] = {}
    for fact in facts:
        by_ticket.setdefault(fact.ticket, []).append(fact)
    if not facts:
        return "nothing"
    if list(by_ticket) == ["T1"]:
        return _outcome(facts, zone, reference)
    inner = ", ".join(f"{ticket}: {_outcome(some, zone, reference)}" for ticket, some in by_ticket.items())
    return f"{{{inner}}}"


def _outcome(facts: list[Fact], zone: ZoneInfo, reference: int) -> str:
    parts: list[str] = []
    words = sorted({fact.word for fact in facts}, key=lambda word: WORDS.index(word) if word in WORDS else len(WORDS))
    for word in words:
        some = [fact for fact in facts if fact.word == word]
        if word in LISTS:
            parts.append(f"{word}: [{', '.join(_quoted(fact.about) for fact in some)}]")
        elif not some[0].about:
            parts.append(f"{word}: {_quoted(_value(some[0], zone, reference))}")
        else:
            entries: dict[str, list[str]] = {}
            for fact in some:
                entries.setdefault(fact.about, []).append(_quoted(_value(fact, zone, reference)))
            said = ", ".join(f"{a}: {v[0] if len(v) == 1 else '[' + ', '.join(v) + ']'}" for a, v in entries.items())
            parts.append(f"{word}: {{{said}}}")
    return f"{{{', '.join(parts)}}}"


def _value(fact: Fact, zone: ZoneInfo, reference: int) -> str:
    if isinstance(fact.said, At):
        return show_instant(fact.said, zone, reference)
    if isinstance(fact.said, Lasting):
        return format_seconds(fact.said)
    return fact.said


def _quoted(text: str) -> str:
    """Quoted where YAML would read something else than the text."""
    plain = text and not set(text) & set("{}[],#&*!|>'\"%@`") and ": " not in text and text.strip() == text
    return text if plain and text not in ("null", "~") else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
