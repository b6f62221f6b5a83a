"""The codes of what can be wrong with a scenario, and of the ways in which it can fail."""

from __future__ import annotations

from typing import Any, Final

from engine.policy import Diagnostic, Label, Span, Words

TITLES: Final[dict[str, Words]] = {
    "E601": Words("time goes backwards: {text} is before the step above", "时间倒退：{text} 早于上一步"),
    "E602": Words(
        "this instant is over: a step without `do` closed {text}", "{text} 已经结束：没有 `do` 的步骤结束了这一时刻"
    ),
    "E603": Words("{text}", "读不懂：{text}"),
    "E604": Words("`then` says what happened, or `nothing`", "`then` 写发生的事情，或 `nothing`"),
    "E605": Words("“{text}” is no word of a scenario here", "“{text}”不是场景中可用的词"),
    "E606": Words("there is no {kind} “{text}” in this scenario or its plan", "场景或方案中没有{kind}“{text}”"),
    "E607": Words(
        "there is no policy “{text}” beside this scenario, above it, or among the shipped ones", "找不到方案“{text}”"
    ),
    "E608": Words("“{what}” lacks {keys}", "“{what}”缺少 {keys}"),
    "E609": Words("“{name}”: {text}", "“{name}”：{text}"),
    "T101": Words("expected: {expected}; got: {got}", "应为：{expected}；实际：{got}"),
    "T102": Words("expected, but did not happen: {expected}", "应当发生而没有发生：{expected}"),
    "T103": Words("happened, but is not listed: {got}", "发生了但没有列出：{got}"),
    "T104": Words("at the end, {what}: expected {expected}; got {got}", "结束时 {what}：应为 {expected}；实际 {got}"),
}

_NOTHING: Final = Words("", "")


def diagnose(code: str, span: Span, label: Words = _NOTHING, **names: Any) -> Diagnostic:
    """A diagnostic of a scenario. A name that is Words itself is said in the language of the sentence."""
    title = TITLES[code]
    english = {name: value.en if isinstance(value, Words) else value for name, value in names.items()}
    chinese = {name: value.zh if isinstance(value, Words) else value for name, value in names.items()}
    return Diagnostic(code, Words(title.en.format(**english), title.zh.format(**chinese)), Label(span, label))
