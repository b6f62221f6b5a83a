"""Categories and workflows: what a ticket is and how it moves."""

from __future__ import annotations

from typing import Annotated

from engine.policy.schema.base import Asked, Name, Names, Noted, OrText, Text, TextRows, When, YesNo, key, must
from engine.policy.schema.lengths import Instant, LengthText


class Category(Noted):
    title: Text = must("名称", "What people read.")
    workflow: Name = must("流程", "The workflow that its tickets move through.")
    record: Asked | None = key("登记时填写的事实", "Facts asked at opening; (a) may be left out.")
    guide: TextRows | None = key("给填写人的提示", "Text shown to who fills it in.")


class Cap(Noted):
    """`at_most` of a state; a bare length is its `is`."""

    is_: LengthText = must("最长停留", "How long one round may stay here in all.", alias="is")
    then: Name | None = key("到期后由系统执行的动作", "The move the engine makes at the end.")
    escalate: Name | None = key("升级阶梯，或 none", "Ladder, or none.")


class State(Noted):
    title: Text = must("名称", "What people read.")
    owner: Name | None = key("责任人", "Who must act here; required unless final.")
    final: YesNo | None = key("终态", "The ticket ends here.")
    pauses: Names | None = key("暂停的时限", "`all`, or the deadlines whose clocks stand still here.")
    at_most: Annotated[Cap, OrText(lambda text: {"is": text})] | None = key(
        "最长停留", "How long one round may stay here in all."
    )
    unlimited: Text | None = key("不设时限的理由", "Why no limit is needed here, in words.")


class Move(Noted):
    title: Text = must("名称", "What people read.")
    from_: Names = must("从哪些状态", "State, list, or `open`: every state that is not final.", alias="from")
    to: Name | None = key("到哪个状态", "Without it the ticket stays where it is.")
    by: Names | None = key("由谁", "Who may make it; the owner of the state if left out.")
    ask: Asked | None = key("须填写的事实", "Facts to fill in.")
    set: dict[str, Text] | None = key("设置的事实", "Facts set by the move.")
    when: When | None = key("条件", "Allowed only when all of these hold.")
    after: Asked | None = key("须先做的动作", "Moves that must have been made in this round.")
    before: Instant | None = key("最晚时刻", "An instant after which it is refused.")
    other_than: Names | None = key("不得由做过这些动作的人来做", "Not by the person who made these moves.")
    assign: Name | None = key("指派的角色", "The role of which a person is named as assignee.")
    opens: Name | None = key("开出的子工单类别", "The category of a child ticket.")
    on_parts: Name | None = key("在子工单上同时做的动作", "The move made on every open child and member.")
    observed: YesNo | None = key("可以补报", "May be reported late.")
    rework: YesNo | None = key("返工：开始新一轮", "Begins the next round.")
    guide: TextRows | None = key("给填写人的提示", "Text shown to who fills it in.")


class Workflow(Noted):
    title: Text = must("名称", "What people read.")
    like: Name | None = key("以哪个流程为底", "The workflow that this one is laid over.")
    initial: Name = must("初始状态", "The state of a new ticket.")
    accountable: Name | None = key("始终负责的人", "Who answers for the ticket to the end, whoever acts.")
    states: dict[str, State] = must("状态", "States by id.")
    moves: dict[str, Move] = must("动作", "Moves by id.")
