"""Why something was not done, said to the person at the form."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from engine.core import Plan, Refusal
from engine.policy import Words


class Answer(NamedTuple):
    """A sentence, and the field of the form that it is about; empty: about the whole."""

    words: Words
    field: str = ""


def answer(plan: Plan, refusal: Refusal) -> Answer:
    """A refusal in words. `missing` and `value` are about a field, by its name."""
    field, colon, reason = refusal.detail.partition(": ")
    if refusal.code in ("missing", "value"):
        name = _named(plan, field)
        if colon and refusal.code == "value":
            return Answer(Words(f"{name.en}: {reason}", f"“{name.zh}”无法识别：{reason}"), field)
        return Answer(SENTENCES[refusal.code].format(name=name), field)
    sentence = SENTENCES.get(refusal.code, OTHER)
    field = "occurred_at" if refusal.code in ("late", "future", "decision", "occurred_at") else ""
    field = "assignee" if refusal.code == "unqualified" else field
    return Answer(sentence.format(name=_named(plan, refusal.detail), code=refusal.code), field)


def _named(plan: Plan, id: str) -> Words:
    """What people call a part of a plan, whichever kind it is."""
    if id in ENVELOPE:
        return ENVELOPE[id]
    kinds: tuple[Mapping[str, object], ...] = (plan.facts, plan.categories)
    titles = {name: str(getattr(part, "title", name)) for kind in kinds for name, part in kind.items()}
    for workflow in plan.workflows.values():
        titles |= {state.id: state.title for state in workflow.states.values()}
        titles |= {move.id: move.title for move in workflow.moves.values()}
    titles |= {deadline.id: deadline.title for deadline in plan.deadlines}
    titles |= {fact.id: fact.title for fact in plan.facts.values()}
    return Words(id.replace("_", " "), titles.get(id, id))


#: Fields that are not facts.
ENVELOPE: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "assignee": Words("person", "人员"),
        "occurred_at": Words("when it happened", "实际发生时间"),
        "reason": Words("reason", "原因"),
        "deadline": Words("deadline", "时限"),
        "rung": Words("rung", "升级级别"),
        "text": Words("note", "备注"),
        "group": Words("other ticket", "关联的工单"),
        "into": Words("other ticket", "并入的工单"),
        "verdict": Words("verdict", "判定"),
        "purpose": Words("purpose", "查看目的"),
    }
)
SENTENCES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "missing": Words("“{name}” is not filled in", "请填写“{name}”"),
        "value": Words("“{name}” cannot be this", "“{name}”的内容不符合要求"),
        "unknown": Words("“{name}” is not known here", "这里没有“{name}”"),
        "by": Words("this is not for {name} to do", "这一步不由{name}办理"),
        "when": Words("“{name}” is not possible with this ticket as it stands", "工单目前不满足“{name}”的条件"),
        "after": Words("“{name}” comes first, in this round", "本轮须先完成“{name}”"),
        "before": Words("it is too late: “{name}” has passed", "已过“{name}”，不能再办理"),
        "other_than": Words(
            "whoever did “{name}” cannot do this as well; somebody else has to",
            "办理“{name}”的人不能再办这一步，须由他人办理"
        ),
        "unqualified": Words("{name} has not yet passed what the role requires", "{name}尚未通过该角色要求的考核"),
        "closed": Words("the ticket is closed (“{name}”)", "工单已结束（{name}）"),
        "state": Words("the ticket stands at “{name}”; this is not possible there", "工单处于“{name}”，不能办理这一步"),
        "merged": Words("the ticket was merged into another", "工单已并入另一张工单"),
        "late": Words("it happened too long ago to be reported now", "发生已久，超出补报时限"),
        "future": Words("it cannot have happened yet", "发生时间不能晚于现在"),
        "decision": Words(
            "“{name}” is a decision: it holds from now on and is not dated back",
            "“{name}”是决定，自现在起生效，不能补记"
        ),
        "occurred_at": Words("it cannot have happened before the ticket was opened", "发生时间不能早于开单"),
        "exhausted": Words("“{name}” has no rung left", "“{name}”已升级到顶"),
        "exists": Words("there is such a ticket already", "工单已存在"),
        "key_reused": Words(
            "this form was sent before with other contents; load the page again", "此表单已提交过，请刷新页面"
        ),
        "verdict": Words("this verdict cannot become that", "判定不能这样更正"),
        "last_clock": Words("without it no limit would run any more", "这样工单将不再有任何计时"),
    }
)  # fmt: skip
OTHER: Final = Words("this was refused: {code} {name}", "未被接受：{code} {name}")
