"""Deadlines and escalations: what is promised, and who is told when it is not kept."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from engine.policy.schema.base import PLAIN_VALUE, Name, Names, Noted, OneOf, Text, When, Whole, key, must
from engine.policy.schema.lengths import LengthText, LimitText, RungAtText

DayRuleName: TypeAlias = Annotated[str, OneOf("close", "midnight", "same time")]
ChangesName: TypeAlias = Annotated[str, OneOf("recompute", "restart", "keep")]
QuietName: TypeAlias = Annotated[str, OneOf("ignore")]


class LimitRow(Noted):
    when: When | None = key("满足条件时", "The row holds when all of these do; without it, it takes the rest.")
    is_: LimitText = must("时限", "A length from the start, same day, or an instant of the ticket.", alias="is")
    at_least: LengthText | None = key(
        "至少留多久", "Never due earlier than this after it was set; for limits before an event."
    )
    calendar: Name | None = key("日历", "The calendar this row counts in.")
    day_rule: DayRuleName | None = key("按日计算时的到期时刻", "When a limit in days ends.")


LimitRows: TypeAlias = Annotated[dict[str, LimitRow], PLAIN_VALUE]


class Deadline(Noted):
    title: Text = must("名称", "What people read.")
    of: Names = must("适用的类别", "Categories, or `like WORKFLOW`.")
    from_: Names = must("起算的时刻", "Moments that start it.", alias="from")
    until: Names = must("完成的时刻", "Moments that end it.")
    void: Names | None = key("作废的时刻", "Moments that end it without a verdict.")
    limit: LimitRows = must(
        "时限，如 30分钟、3个工作日", "A limit such as 30 minutes or 3 working days, or a table of limits."
    )
    owner: Name | None = key("责任人", "Who answers for it; the owner of the state if left out.")
    escalate: Name | None = key("升级阶梯，或 none", "Ladder, or none.")
    changes: ChangesName | None = key("事实变化时", "What happens to an open run when a fact changes its row.")
    then: Name | None = key("到期后由系统执行的动作", "The move the engine makes at the due, after the breach.")
    calendar: Name | None = key("日历", "The calendar it counts in.")
    day_rule: DayRuleName | None = key("按日计算时的到期时刻", "When a limit in days ends.")


class Rung(Noted):
    at: RungAtText = must("时点", "start, a share of the limit, due, or a length before or after due.")
    notify: Names = must("通知谁", "Parties to be told.")
    every: LengthText | None = key("重复间隔", "Told again after this.")
    times: Whole | None = key("重复次数", "How many times again.")
    when: When | None = key("条件", "Asked at the instant of the rung.")
    quiet: QuietName | None = key("不受免打扰限制", "`ignore` passes quiet hours.")
    text: Text | None = key("正文", "The message; without it a standard text.")
