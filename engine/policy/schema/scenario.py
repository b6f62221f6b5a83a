"""The schema of a scenario file."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from engine.policy.schema.base import Name, Names, Part, Text, fault, key, must
from engine.policy.words import Words


class Outcome(Part):
    """What happened on one ticket since the step before."""

    state: Name | None = key("进入的状态", "The state entered.")
    round: Text | None = key("轮次", "The round begun.")
    due: dict[str, Text] | None = key("到期时刻", "Runs started or moved, and when they are due.")
    paused: dict[str, Text] | None = key("暂停时剩余", "Runs paused, and the time left.")
    met: Names | None = key("按时完成", "Deadlines met.")
    void: Names | None = key("作废", "Deadlines that ended without a verdict.")
    missed: Names | None = key("未完成即结束", "Deadlines that ended undone after their due.")
    late: dict[str, Text] | None = key("超期完成", "Deadlines done late, and by how much.")
    breach: dict[str, Text] | None = key("超期", "Deadlines breached, and when.")
    rung: dict[str, Text] | None = key("升级", "Rungs raised (deadline.rung), and when.")
    told: Names | None = key("通知了谁", "Parties told by notices and detections.")
    made: Names | None = key("系统执行的动作", "Moves made by the engine.")
    facts: dict[str, Text] | None = key("系统设置的事实", "Facts set by the engine.")
    detected: Names | None = key("识别", "Detections.")
    linked: Name | None = key("关联到", "The ticket it repeats.")
    opened: dict[str, Name] | None = key("开出的工单", "Tickets opened, and their categories.")
    liable: dict[str, Text] | None = key("责任认定", "Findings, and who answers for them.")
    refused: Text | None = key("被拒绝的原因", "Why the command was refused.")
    guided: Names | None = key("显示的提示", "Guidance texts shown to who fills in the form.")
    repeated: dict[str, Any] | None = key("再次提醒", "Repeats of a rung (deadline.rung), and when.")
    excused: Names | None = key("免责", "Deadlines excused.")
    corrected: dict[str, Text] | None = key("更正的结果", "Verdicts corrected, and to what.")
    staffing: dict[str, Text] | None = key("人员配置", "Roles with too few or too many people (site).")
    empty_post: dict[str, Text] | None = key("空岗", "Posts nobody holds, and who answers (site).")
    reported: Names | None = key("报告", "Reports that fell due (site).")
    revealed: dict[str, Text] | None = key("查看个人信息", "Personal facts looked at, and by whom (site).")


#: The whole of a `then`: what happened by ticket; "" is the step's own.
Outcomes: TypeAlias = dict[str, Outcome]
OUTCOME_KEYS = frozenset(Outcome.model_fields)
NOTHING = "nothing"


def _outcomes(value: Any) -> Any:
    """`nothing`, one outcome, or outcomes by ticket: always by ticket. A map with any word of an outcome is one."""
    if value == NOTHING:
        return {"": {}}
    if not isinstance(value, dict):
        raise fault("E103", wanted=Words("what happened, or nothing", "发生的事情，或 nothing"))
    if value and not OUTCOME_KEYS & value.keys() and all(v == NOTHING or isinstance(v, dict) for v in value.values()):
        return {ticket: {} if outcome == NOTHING else outcome for ticket, outcome in value.items()}
    return {"": value}


Then: TypeAlias = Annotated[
    Outcomes, BeforeValidator(_outcomes), WithJsonSchema({"anyOf": [{"const": NOTHING}, {"type": "object"}]})
]


class Step(Part):
    at: Text = must("时刻", "Date and time, or a time on the day of the step before.")
    ticket: Name | None = key("工单", "T1 if left out.")
    by: Text | None = key("由谁", "A person of `people`.")
    do: Name | None = key("做什么", "A move, `open`, or a site command; left out: time passes.")
    with_: dict[str, Any] | None = key("填写的内容", "Facts and what else the command brings.", alias="with")
    then: Then | None = key("结果", "Everything that happened since the step before.")
    note: Text | None = key("备注", "For the reader.")


class Finally(Part):
    running: Names | None = key("仍在计时", "Deadlines still running.")
    history: dict[str, Names] | None = key("历次结果", "Verdicts of each deadline, in order.")
    facts: dict[str, Text] | None = key("事实", "Facts at the end.")
    round: Text | None = key("轮次", "The round at the end.")
    figures: dict[str, Text] | None = key("指标", "Figures at the end.")
    alerts: dict[str, Names] | None = key("升级通知了谁", "Whom a rung (deadline.rung) told.")
    files: dict[str, Names] | None = key("档案", "Tickets in the dossier of the first ticket.")


class Scenario(Part):
    """A scenario file."""

    scenario: Text = must("名称", "What it shows, in a sentence.")
    policy: Name = must("方案", "The policy it plays on.")
    shows: Names | None = key("对应的条款", "Rule ids of the source plan.")
    people: dict[str, Text] | None = key("人物", "Persons and their roles, with the shift where a role has several.")
    clocks: Names | None = key("只列出这些时限", "Limits what must be listed to these deadlines.")
    duties: Names | None = key("运行的例行工作", "Recurring duties that run in this scenario; none if left out.")
    reports: Names | None = key("运行的报告", "Reports that fall due in this scenario; none if left out.")
    steps: tuple[Step, ...] = must("步骤", "Steps in order.")
    finally_: Finally | None = key("最后", "What holds at the end.", alias="finally")
    note: Text | None = key("备注", "For the reader.")
