"""What happened to a ticket, in a short line of each language. English keeps the ids of the policy, Chinese says the
titles; personal values are masked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from zoneinfo import ZoneInfo

from engine.core import Family, Plan, Value, ladder, shape
from engine.core import events as e
from engine.core.plan import Limit, Target
from engine.policy import CAUSES, PARTIES, STATUSES, Teller, Words
from engine.runtime import masked, show_instant, show_value
from engine.worktime import format_left, format_seconds, parse_left

_HOW: Final = {
    "stated": Words("", ""),
    "set": Words("", ""),
    "default": Words("by default: ", "默认："),
    "corrected": Words("corrected: ", "更正："),
    "detected": Words("detected: ", "识别："),
}


def said(plan: Plan, family: Family, event: e.Event, zone: ZoneInfo) -> Words:
    """An event of a family, in words; what the plan does not have any more, by its id."""
    return _Speaker(plan, family, event.ticket, zone).say(event)


def length_words(seconds: int) -> Words:
    return Words(format_seconds(seconds, "en"), format_seconds(seconds, "zh"))


def limit_words(plan: Plan, limit: Limit) -> Words:
    """`3 working days`, or the instant that the limit is."""
    return Words(Teller(plan, "en").limit(limit), Teller(plan, "zh").limit(limit))


def target_words(plan: Plan, target: Target) -> Words:
    return Words(Teller(plan, "en").target(target), Teller(plan, "zh").target(target))


def rung_words(plan: Plan, category: str, deadline: str, rung: str) -> Words:
    """A rung, which has no title of its own, by when it is reached: `到期前30分钟`; by its id where the plan has it no
    more. English keeps the id beside it.
    """
    watch = shape(plan, category).watches.get(deadline) if category in plan.categories else None
    steps = ladder(plan, watch.deadline) if watch is not None else None
    known = next((one for one in steps.rungs if one.id == rung), None) if steps is not None else None
    if known is None:
        return Words(rung, rung)
    return Words(f"{rung} ({Teller(plan, 'en').rung_at(known)})", Teller(plan, "zh").rung_at(known))


class _Speaker:
    def __init__(self, plan: Plan, family: Family, ticket: str, zone: ZoneInfo) -> None:
        self.plan = plan
        self.zone = zone
        self.of = family.tickets[ticket].category
        self.workflow = plan.workflow_of(self.of) if self.of in plan.categories else None
        self.deadlines = {deadline.id: deadline.title for deadline in plan.deadlines}

    def say(self, event: e.Event) -> Words:
        match event:
            case e.Opened():
                return Words("opened: {what}", "开单：{what}").format(what=self.category(event.category))
            case e.Guided():
                return Words(f"guidance shown: {event.text}", f"提示：{event.text}")
            case e.FactsSet():
                return self.facts(event)
            case e.Recategorised():
                both = {"old": self.category(event.old), "new": self.category(event.new)}
                return Words("category {old} → {new}", "类别由{old}改为{new}").format(**both)
            case e.Moved():
                return self.moved(event)
            case e.RoundBegun():
                return Words(f"round {event.round} begins", f"第 {event.round} 轮开始")
            case e.Assigned():
                return Words(f"assigned to {event.person}", f"指派给{event.person}")
            case e.Closed():
                return Words("closed: {state}", "结束：{state}").format(state=self.state(event.state))
            case e.PartOpened():
                what = {"what": self.category(event.category), "part": event.part}
                return Words("part {part} opened: {what}", "开出{what} {part}").format(**what)
            case e.PartEnded():
                return Words(f"part {event.part} ended", f"{event.part} 已结束")
            case e.Linked():
                return self.linked(event)
            case e.Unlinked():
                return Words(f"unlinked: {event.reason}", f"解除关联：{event.reason}")
            case e.Merged():
                return Words(f"merged into {event.into}", f"并入 {event.into}")
            case e.DetectionFired():
                known = self.plan.detections.get(event.detection)
                title = Words(event.detection, known.title if known is not None else event.detection)
                return Words("detected: {what}", "识别：{what}").format(what=title)
            case e.Noted():
                return Words("note", "备注")
            case e.Reasoned(evidence=""):
                return Words(f"reason: {event.reason}", f"理由：{event.reason}")
            case e.Reasoned():
                return Words(
                    f"reason: {event.reason}; evidence: {event.evidence}",
                    f"理由：{event.reason}；依据：{event.evidence}",
                )
            case e.CalendarApplied():
                return Words(f"day data {event.edition}", f"日历数据 {event.edition}")
            case e.Migrated():
                return Words(f"plan version {event.plan[:12]}", f"方案版本 {event.plan[:12]}")
        return self.clocks(event)

    def clocks(self, event: e.Event) -> Words:
        key = getattr(event, "key", "")
        name, rung = self.deadline(key), self.rung(key, getattr(event, "rung", ""))
        match event:
            case e.RunStarted(due=None):
                return Words("{name} starts, paused", "{name}起算，暂停中").format(name=name)
            case e.RunStarted():
                return Words("{name} due {at}", "{name} {at} 到期").format(name=name, at=self.instant(event.due))
            case e.DueMoved():
                to = self.instant(event.new) if event.new is not None else _left(event.left)
                return Words("{name} moved to {to}: {why}", "{name}改为 {to}：{why}").format(
                    name=name, to=to, why=CAUSES[event.cause]
                )
            case e.RunPaused():
                return Words("{name} paused, {left} left", "{name}暂停，余{left}").format(
                    name=name, left=_left(event.left)
                )
            case e.RunResumed():
                return Words("{name} resumed, due {at}", "{name}恢复计时，{at} 到期").format(
                    name=name, at=self.instant(event.due)
                )
            case e.Breached():
                return Words("{name} BREACHED", "{name}超期").format(name=name)
            case e.RunEnded():
                return self.ended(event, name)
            case e.VerdictCorrected():
                return Words("{name} corrected to {to}: {why}", "{name}更正为{to}：{why}").format(
                    name=name, to=STATUSES[event.new], why=event.evidence
                )
            case e.Raised():
                return Words("{name}: rung {rung}, told {who}", "{name}升级（{rung}），告知{who}").format(
                    name=name, rung=rung, who=self.addresses(event.told)
                )
            case e.RungSkipped():
                return Words("{name}: rung {rung} skipped", "{name}：略过“{rung}”的提醒").format(name=name, rung=rung)
            case e.Repeated():
                return Words("{name}: rung {rung} again ({n})", "{name}：再次提醒（{rung}，第 {n} 次）").format(
                    name=name, rung=rung, n=event.n
                )
            case e.Acked():
                return Words("{name}: {rung} acknowledged by {who}", "{name}：{who}已知悉“{rung}”的提醒").format(
                    name=name, rung=rung, who=event.person
                )
            case e.LadderExhausted():
                return Words("{name}: ladder exhausted", "{name}：升级已到顶").format(name=name)
            case e.LadderStopped():
                return Words("{name}: all-clear", "{name}：解除升级").format(name=name)
            case e.DeliveryReported():
                outcome = {
                    "delivered": Words("delivered", "已送达"),
                    "undeliverable": Words("undeliverable", "无法送达"),
                }
                return Words("{name}: {rung} {what}", "{name}：“{rung}”的提醒{what}").format(
                    name=name, rung=rung, what=outcome.get(event.outcome, event.outcome)
                )
        raise AssertionError(event)

    # ---- parts ------------------------------------------------------------------------------------------------------

    def facts(self, event: e.FactsSet) -> Words:
        said = [self.change(change) for change in event.changes]
        how = _HOW[event.how]
        return Words(how.en + "; ".join(words.en for words in said), how.zh + "；".join(words.zh for words in said))

    def change(self, change: e.FactChange) -> Words:
        known = self.plan.facts.get(change.fact)
        name = Words(change.fact, known.title if known is not None else change.fact)
        if change.new is None:
            return Words(f"{name.en} taken back", f"{name.zh}已撤回")
        value = self.value(change.fact, change.new)
        return Words(f"{name.en} = {value.en}", f"{name.zh} = {value.zh}")

    def value(self, fact: str, value: Value) -> Words:
        known = self.plan.facts.get(fact)
        text = masked(self.plan, fact, show_value(known, value, self.zone))
        if isinstance(value, bool):
            return Words("yes" if value else "no", "是" if value else "否")
        titles = known.values if known is not None and known.type == "choice" else {}
        if known is not None and known.type == "role":
            titles = {id: role.title for id, role in self.plan.roles.items()}
        return Words(text, titles.get(text, text))

    def moved(self, event: e.Moved) -> Words:
        move = self.workflow.moves.get(event.move) if self.workflow is not None else None
        name = Words(event.move, move.title if move is not None else event.move)
        testimony = Words(" (told late)", "（补报）") if event.testimony else Words("", "")
        if event.to == event.source:
            return Words("{name}{told}", "{name}{told}").format(name=name, told=testimony)
        return Words("{name} → {to}{told}", "{name} → {to}{told}").format(
            name=name, to=self.state(event.to), told=testimony
        )

    def linked(self, event: e.Linked) -> Words:
        match event.how:
            case "group":
                return Words(f"linked with {event.to}", f"与 {event.to} 关联")
            case "member":
                return Words(f"joined {event.to}", f"加入 {event.to}")
            case "repeat_of":
                return Words(f"the same matter as {event.to}", f"与 {event.to} 为同一事项")

    def ended(self, event: e.RunEnded, name: Words) -> Words:
        if event.status == "late" and event.due is not None:
            return Words("{name} late by {by}", "{name}迟 {by}").format(
                name=name, by=length_words(event.effective_at - event.due)
            )
        return Words("{name} {verdict}", "{name}{verdict}").format(name=name, verdict=STATUSES[event.status])

    def rung(self, key: str, id: str) -> Words:
        return rung_words(self.plan, self.of, key.partition("#")[0], id)

    def deadline(self, key: str) -> Words:
        id = key.partition("#")[0]
        return Words(id, self.deadlines.get(id, id))

    def category(self, id: str) -> Words:
        return Words(id, self.plan.categories[id].title if id in self.plan.categories else id)

    def state(self, id: str) -> Words:
        state = self.workflow.states.get(id) if self.workflow is not None else None
        return Words(id, state.title if state is not None else id)

    def addresses(self, told: Iterable[str]) -> Words:
        found = [self.address(address) for address in told]
        return Words(", ".join(words.en for words in found), "、".join(words.zh for words in found))

    def address(self, address: str) -> Words:
        what, _, name = address.partition(":")
        if what == "role":
            return Words(name, self.plan.roles[name].title if name in self.plan.roles else name)
        return Words(name, name) if what == "person" else PARTIES.get(what, Words(what, what))

    def instant(self, at: int | None) -> str:
        return "" if at is None else show_instant(at, self.zone)


def _left(left: str | None) -> Words:
    if not left:
        return Words("", "")
    return Words(format_left(parse_left(left), "en"), format_left(parse_left(left), "zh"))
