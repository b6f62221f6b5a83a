"""Detections, duties, notices, messages, privacy and files: what the site does beside the single ticket."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from engine.policy.schema.base import TITLE, Asked, Name, Names, Noted, OneOf, Row, Text, When, Whole, key, must
from engine.policy.schema.clocks import QuietName
from engine.policy.schema.lengths import LengthText, LimitText, WindowText
from engine.policy.schema.times import ClockText, QuietText

LinkName: TypeAlias = Annotated[str, OneOf("repeat_of")]


class Detection(Noted):
    title: Text = must("名称", "What people read.")
    of: Names = must("哪些类别", "Categories whose tickets are counted.")
    when: When | None = key("条件", "Only tickets for which all of these hold.")
    same: Names | None = key("相同的事实", "Facts that are equal, and set, in all of them.")
    different: Names | None = key("不同的事实", "Facts that differ between them.")
    count: Whole | None = key("件数", "How many tickets make a case.")
    within: WindowText | None = key("多长时间内", "Opened within this.")
    set: dict[str, Text] | None = key("设置的事实", "Facts of the newest.")
    link: LinkName | None = key("关联", "`repeat_of` links to the first and raises `repeats`.")
    opens: Name | None = key("开出的工单类别", "One parent ticket, whose members the matches are.")
    notify: Names | None = key("通知谁", "Parties to be told.")
    text: Text | None = key("正文", "The message.")


class Duty(Noted):
    title: Text = must("名称", "What people read.")
    every: Text = must(
        "周期", "day, working day, week, month, quarter, half year, year, shift of ROLE, new member of ROLE."
    )
    on: Text | None = key("哪一天", "Weekday, day number, first or last [working] day.")
    at: Names | None = key("几点", "Clock times; for shifts start, end, 25 minutes before start.")
    within: LimitText | None = key("须在多久内完成", "Limit from there; required unless it opens a category.")
    owner: Name | None = key("责任人", "Who does it; required unless it opens a category.")
    ask: Asked | None = key("须填写的事实", "What is written down.")
    places: Names | None = key("须逐一巡查的地点", "What must be ticked one by one.")
    escalate: Name | None = key("升级阶梯，或 none", "Ladder, or none.")
    calendar: Name | None = key("日历", "The calendar it goes by.")
    opens: Name | None = key("开出的工单类别", "A category with a workflow of its own instead of the built-in duty.")


class Notice(Noted):
    title: Text = must("名称", "What people read.")
    of: Names = must("哪些类别", "Categories, or `like WORKFLOW`.")
    on: Names = must("在哪些时刻", "Moments at which it is sent.")
    to: Names = must("发给谁", "Parties.")
    text: Text = must("正文", "Knows {fact}, {party}, {deadline.due}, {state}, {number}.")
    when: When | None = key("条件", "Only when all of these hold.")
    via: Names | None = key("渠道", "Channels.")
    quiet: QuietName | None = key("不受免打扰限制", "`ignore` passes quiet hours.")


class Channel(Noted):
    title: Text = must("名称", "What people read.")


class Quiet(Noted):
    hours: QuietText | None = key("免打扰时段", "From and until, such as 22:00-07:00.")
    for_: Names | None = key("对谁", "Roles whose messages are held back; all if left out.", alias="for")
    digest: ClockText | None = key("汇总时刻", "When what was held back comes, if not at the end.")


class Messaging(Noted):
    channels: dict[str, Annotated[Channel, TITLE]] | None = key("渠道", "Channels by id.")
    via: dict[str, Names] | None = key("各人使用的渠道", "Channels for staff, for the reporter, or for a role.")
    quiet: Quiet | None = key("免打扰", "Hours in which messages wait; clocks never do.")


class Equal(Noted):
    title: Text | None = key("名称", "What people read.")
    never_by: Names | None = key("不得作为依据的事实", "Facts that no table may use; `personal` are all of them.")


class Privacy(Noted):
    personal: Names | None = key("个人信息", "Personal facts.")
    see: Names | None = key("谁可以看", "Roles who see them.")
    keep: LengthText | None = key("闭环后保存多久", "Erased after this from closing.")
    equal: Equal | None = key("一视同仁", "What no limit, owner or ladder may depend on.")


class File(Noted):
    title: Text = must("名称", "What people read.")
    per: Name = must("按哪个事实建档", "One dossier per value of this fact.")
    holds: Names | None = key("内容", "Facts kept in it.")


class PartyRow(Row):
    is_: Name = must("责任方", "Who answers for it.", alias="is")


Liability: TypeAlias = dict[str, PartyRow]
