"""Did you mean: one confident answer to a misspelt name, else the names there are."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from difflib import SequenceMatcher
from typing import Final

from engine.policy.words import Words

SHOWN_MAX: Final = 8
WORDS_MAX: Final = 16  # of those among which one must be chosen
LIKENESS: Final = 0.6  # of two names, from 0 to 1; below it a guess helps nobody
CANDIDATES_MAX: Final = 500

#: What people write for our keys: words of other tools and of the trade, in both languages.
MEANT: Final[dict[str, str]] = {
    "limit": "sla timeout due duration within_time 时限 期限",
    "from": "start starts begin since 开始 起点 起算",
    "until": "stop stops end ends 结束 直到",
    "to": "goto next target 去向",
    "owner": "responsible assignee role 负责人 责任人",
    "title": "name label caption 标题 名称",
    "note": "description comment remark 备注 说明",
    "of": "category categories applies_to for 类别 适用",
    "when": "condition if 条件",
    "is": "value 取值",
    "escalate": "ladder escalation escalates 升级",
    "notify": "recipients tell 通知",
    "every": "repeat interval 重复 周期",
    "record": "fields form 登记",
    "ask": "required inputs 填写",
    "extends": "extend inherit base 继承",
    "hours": "opening_hours hours_of_work workdays 时间",
    "timezone": "tz zone 时区",
    "calendar": "worktime 日历",
    "moves": "actions transitions 动作",
    "states": "statuses 状态",
    "facts": "variables fact 字段 事实",
    "deadlines": "slas sla_rules 时限表",
    "figures": "kpi kpis metrics 指标",
    "roles": "people departments 角色",
    "workflows": "workflow flows 流程",
    "source": "rules id 出处 依据",
    "staff": "headcount 人数",
    "fallback": "stand_in substitute 替补",
    "flag": "bool boolean",
    "choice": "enum select",
    "phone": "telephone tel mobile",
}
NARROW: Final = {"～": "-", "~": "-", "–": "-", "—": "-", "−": "-"}
SYNONYMS: Final = {word: key for key, words in MEANT.items() for word in words.split()}


def nearest(name: str, known: Collection[str]) -> str | None:
    """The one known name that this must have meant, None when there is no confident answer."""
    if name in known:
        return name
    if len(known) > CANDIDATES_MAX:
        return None
    synonym = SYNONYMS.get(name)
    if synonym in known:
        return synonym
    folded = _folded(name)
    best, second, found = 0.0, 0.0, None
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(folded)
    for candidate in known:
        matcher.set_seq1(_folded(candidate))
        if matcher.real_quick_ratio() <= second or matcher.quick_ratio() <= second:
            continue
        likeness = matcher.ratio()
        if likeness > best:
            best, second, found = likeness, best, candidate
        elif likeness > second:
            second = likeness
    close = found is not None and best >= LIKENESS and best > second
    return found if close and _edits(folded, _folded(found or "")) <= max(1, -(-len(folded) // 4)) else None


def _edits(one: str, other: str) -> int:
    """How many letters were left out, put in, replaced or swapped with their neighbour."""
    before, row = list[int](), list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before = before, row
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def did_you_mean(name: str, known: Collection[str], most: int = SHOWN_MAX) -> tuple[Words, ...]:
    """The help for an unknown name."""
    if found := meant(name, known):
        return found
    if not known:
        return ()
    there = shown(known, most)
    return (Words(f"there are: {there}", f"可用的有：{there}"),)


def meant(name: str, known: Collection[str]) -> tuple[Words, ...]:
    """The help for an unknown name where the known ones stand in the message already."""
    found = nearest(name, known)
    return () if found is None else (Words(f"did you mean “{found}”?", f"您是否指“{found}”？"),)


def narrow(text: str) -> tuple[Words, ...]:
    """The help for a value that is right but for a full-width sign, or a dash that is no hyphen."""
    for sign in text:
        plain = NARROW.get(sign) or (unicodedata.normalize("NFKC", sign) if "！" <= sign <= "～" else sign)
        if plain != sign:
            return (Words(f"write “{plain}” instead of “{sign}”", f"把“{sign}”写成“{plain}”"),)
    return ()


def shown(names: Iterable[str], most: int = SHOWN_MAX) -> str:
    """Names in a row, not too many; those of a set, whose order each run has anew, by the alphabet."""
    listed = sorted(names) if isinstance(names, (set, frozenset)) else list(names)
    return ", ".join(listed[:most]) + (", …" if len(listed) > most else "")


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")
