"""Figures, reports, rollout: what is measured, who gets it, and where a plan begins."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from engine.policy.schema.base import Date, Name, Names, Noted, OneOf, OrText, Text, When, YesNo, key, must
from engine.policy.schema.forms import Each, TargetOf

PeriodName: TypeAlias = Annotated[str, OneOf("day", "week", "month", "quarter", "year")]
AgainstName: TypeAlias = Annotated[str, OneOf("last year", "previous")]


class Average(Noted):
    """A bare text is the fact whose mean is asked; else the time between two moments."""

    fact: Name | None = key("事实", "The fact whose mean is asked.")
    from_: Names | None = key("起", "Moments that begin it.", alias="from")
    until: Names | None = key("止", "Moments that end it.")


AverageOf: TypeAlias = Annotated[Average, OrText(lambda text: {"fact": text})]


class Figure(Noted):
    title: Text = must("名称", "What people read.")
    of: Names | None = key("哪些类别或例行工作", "Categories or duties; all if left out.")
    on_time: Name | None = key("及时率", "Share of this deadline's or duty's runs that were kept.")
    share: When | None = key("占比", "Share of closed tickets for which all of these hold.")
    average: AverageOf | None = key("平均", "Mean of a fact, or of the time between two moments.")
    count: Names | None = key("计数", "Moments, `open`, or a detection.")
    load: Names | None = key("负荷", "Roles whose load is asked.")
    outside: Name | None = key("外部来源", "A figure imported from elsewhere.")
    per: PeriodName | None = key("周期", "The period of one value.")
    target: TargetOf | None = key("目标，如 at least 95%", "What it should be.")
    each: Each | None = key("每多少", "Divided by a quantity.")
    against: AgainstName | None = key("对比", "Compared with the last year or the period before.")


#: The keys of a figure of which it has exactly one.
MEASURES = ("on_time", "share", "average", "count", "load", "outside")


class Report(Noted):
    title: Text = must("名称", "What people read.")
    every: Text = must("周期", "day, week, month, quarter, half year, year.")
    on: Text | None = key("哪一天", "Weekday, day number, first or last [working] day.")
    to: Names = must("发给谁", "Roles.")
    by: Names | None = key("按什么分组", "Facts by which the figures are split.")
    figures: Names = must("指标", "Figures by id.")
    lowest: YesNo | None = key("最低的排在最前", "The weakest comes first.")


class Pilot(Noted):
    sites: Names | None = key("试点项目", "Sites that begin.")
    from_: Date | None = key("开始日期", "First day.", alias="from")
    until: Date | None = key("结束日期", "Last day.")


class Everywhere(Noted):
    from_: Date | None = key("开始日期", "First day.", alias="from")


class Rollout(Noted):
    pilot: Pilot | None = key("试点", "Who begins, and when.")
    all_: Everywhere | None = key("全面推行", "From when on all sites take it.", alias="all")
    compare: Names | None = key("对比的指标", "Figures by which the pilot is judged.")
