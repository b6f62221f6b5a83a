"""The schema of a policy file, section by section."""

from __future__ import annotations

from typing import Annotated

from engine.policy.schema.base import TITLE, Date, Name, Names, Noted, Text, Whole, YesNo, Zone, key, must
from engine.policy.schema.clocks import Deadline, Rung
from engine.policy.schema.figures import Figure, Report, Rollout
from engine.policy.schema.flow import Category, Workflow
from engine.policy.schema.lengths import LateText
from engine.policy.schema.people import Calendar, Fact, Role
from engine.policy.schema.work import Detection, Duty, File, Liability, Messaging, Notice, Privacy


class Policy(Noted):
    """A policy file, or the layers of one taken together."""

    policy: Name = must("方案代号，与文件同名", "The id; the file is named after it.")
    title: Text = must("名称", "What people read.")
    extends: Names | None = key("以哪些方案为底", "The policies that this one is laid over.")
    layer: YesNo | None = key("只作为一层混入", "Not a whole plan: checked only as part of what mixes it in.")
    effective: Date | None = key("生效日期", "From this date new tickets use it.")
    timezone: Zone = must("时区", "The zone of all times.")
    calendar: Name = must("默认日历", "The calendar of every limit, role and duty that names none.")
    last_resort: Name = must("最后兜底的角色", "Told when a ladder is exhausted or a role resolves to nobody.")
    late_reports: LateText | None = key("允许补报的时间", "How long ago a command may claim to have happened.")
    numbers: dict[str, Whole] | None = key("数量", "Quantities that staffing and figures refer to.")
    calendars: dict[str, Calendar] | None = key("日历", "Calendars by id.")
    roles: dict[str, Role] = must("角色", "Roles by id.")
    facts: dict[str, Annotated[Fact, TITLE]] | None = key("事实", "What is known of a ticket, by id.")
    categories: dict[str, Category] = must("类别", "Categories by id.")
    workflows: dict[str, Workflow] = must("流程", "Workflows by id.")
    deadlines: dict[str, Deadline] | None = key("时限", "Deadlines by id.")
    escalations: dict[str, dict[str, Rung]] | None = key("升级阶梯", "Ladders by id, each a map of rungs.")
    detections: dict[str, Detection] | None = key("识别", "Patterns over several tickets, by id.")
    liability: Liability | None = key("责任认定", "Who answers for a finding; a table of parties.")
    duties: dict[str, Duty] | None = key("例行工作", "Recurring work by id.")
    notices: dict[str, Notice] | None = key("通知", "Messages at moments, by id.")
    messaging: Messaging | None = key("消息", "Channels and quiet hours.")
    privacy: Privacy | None = key("隐私", "Personal facts and who sees them.")
    files: dict[str, File] | None = key("档案", "Dossiers by id.")
    figures: dict[str, Figure] | None = key("指标", "Figures by id.")
    reports: dict[str, Report] | None = key("报表", "Reports by id.")
    rollout: Rollout | None = key("推行", "Where and when the plan begins.")
