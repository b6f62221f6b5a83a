"""Calendars, roles, facts: when, who, and what is known."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from engine.policy.schema.base import TITLE, Date, Name, Names, Noted, OneOf, Text, TextRows, Whole, key, must
from engine.policy.schema.forms import Staff


class Calendar(Noted):
    title: Text = must("名称", "What people read.")
    holidays: Names | None = key(
        "节假日：CN 等代码、日期或 2026-07-11 to 2026-08-31 的列表，或 none",
        "A code such as CN, a list of dates or of 2026-07-11 to 2026-08-31, or none.",
    )
    hours: dict[str, Text] | None = key(
        '开放时间，如 {mon-fri: "09:00-18:00"}',
        'Opening hours by weekday, as {mon-fri: "09:00-18:00"}; `makeup` are those of make-up days.',
    )
    exceptions: dict[str, Text] | None = key(
        '例外日期的时间，如 {2026-12-31: "09:00-15:00"}', 'Hours of dates, or closed, as {2026-12-31: "09:00-15:00"}.'
    )
    published_through: Date | None = key("节假日数据公布到哪一天", "The last day whose holidays are published.")
    also: Names | None = key("同时还要开放的日历", "Open only where all of these are open, too.")


class Role(Noted):
    title: Text = must("名称", "What people read.")
    staff: Staff | None = key("人数", "How many people.")
    on_duty: Names | None = key("在岗时间（日历）", "The calendars of the shifts in which somebody is there.")
    fallback: Name | None = key("替补角色", "Who is told or acts when nobody is there.")
    requires: Name | None = key(
        "上岗前须通过的例行工作", "A duty that a person must have passed before being assigned."
    )
    at_least: Whole | None = key("在岗时间内最少人数", "So many are present in every minute of on_duty.")
    handover: Name | None = key("交接班类别", "The category whose signed ticket passes custody.")


class FactValue(Noted):
    title: Text = must("名称", "What people read.")


FactTypeName: TypeAlias = Annotated[
    str, OneOf("text", "choice", "flag", "number", "score", "time", "date", "phone", "person", "role", "file")
]


class Fact(Noted):
    title: Text = must("名称", "What people read; a bare text in place of the map is the title of a text fact.")
    type: FactTypeName | None = key("类型", "What it holds.")
    values: dict[str, Annotated[FactValue, TITLE]] | None = key("可选值", "The values of a choice with their titles.")
    default: TextRows | None = key("未填写时的值", "The value unless somebody states one; a value or a table.")
