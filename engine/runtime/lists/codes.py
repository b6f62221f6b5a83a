"""The codes of what can be wrong with a list of people, and a mistake in it as a value that quotes nobody's data."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from engine.policy import Words

TITLES: Final[dict[str, Words]] = {
    "P101": Words("this is no table: {text}", "这不是表格：{text}"),
    "P102": Words("the table is too large: {text}", "表格太大：{text}"),
    "P103": Words("there is no column “{column}”", "缺少“{column}”这一列"),
    "P104": Words("“{column}” is no column of this list", "这份名单没有“{column}”这一列"),
    "P105": Words("“{column}” says the same as “{other}”", "“{column}”与“{other}”是同一列"),
    "P106": Words("a cell without a heading", "这一格上面没有列名"),
    "P107": Words(
        "signs that cannot be printed, or more than {limit} of them", "含有无法显示的字符，或超过 {limit} 个字"
    ),
    "P201": Words("nothing stands here", "这一格没有填"),
    "P202": Words("there is no role “{name}”", "没有角色“{name}”"),
    "P203": Words("there is no shift “{name}”", "没有班次“{name}”"),
    "P204": Words("role “{role}” has no shift “{name}”", "角色“{role}”没有班次“{name}”"),
    "P205": Words("this is no date", "这不是日期"),
    "P206": Words("this ends before it begins", "结束早于开始"),
    "P207": Words("a leave that does not begin", "请假没有开始日期"),
    "P208": Words("this is no telephone number", "这不是电话号码"),
    "P209": Words("this person stands in line {line} in this role", "此人在第 {line} 行已担任这个角色"),
    "P210": Words("this leave overlaps with the one in line {line}", "与第 {line} 行的请假重叠"),
    "P211": Words("the substitute is nobody in this list", "替班的人不在这份名单里"),
    "P212": Words("nobody can be his own substitute", "自己不能替自己的班"),
    "P213": Words("the substitute is away during this leave", "请假期间替班的人也不在"),
    "P214": Words("line {line} says otherwise of this person", "与第 {line} 行此人的信息不一致"),
    "P301": Words("this customer stands in line {line}", "这位客户在第 {line} 行已经登记"),
    "P302": Words("this unit is a date", "这个房号是日期"),
}


class Place(NamedTuple):
    """A cell, by the line of its row, counted from 1, and by its heading as the file has it; a row; or a file."""

    file: str
    line: int = 0
    column: str = ""

    def __str__(self) -> str:
        return ":".join(str(part) for part in self if part)


class Mistake(NamedTuple):
    """One mistake in a list of people.

    It is no Diagnostic of engine.policy, for that shows the author his line; here the line is somebody's name and
    telephone number, and a mistake must be fit for logs. It quotes roles, shifts and headings, nothing else.
    """

    code: str
    place: Place
    message: Words
    helps: tuple[Words, ...] = ()

    def helping(self, *helps: Words) -> Mistake:
        return self._replace(helps=(*self.helps, *helps))

    def said(self, lang: str) -> str:
        """`staff.csv:4:role: P202 there is no role “frontdesk”; did you mean “front_desk”?`"""
        parts = (self.message, *self.helps)
        return f"{self.place}: {self.code} " + ("；" if lang == "zh" else "; ").join(part.in_(lang) for part in parts)

    def as_json(self) -> dict[str, Any]:
        """For machines, in the shape of a diagnostic; `column` is the heading."""
        return {
            "code": self.code,
            "severity": "error",
            "message": self.message._asdict(),
            **self.place._asdict(),
            "helps": [text._asdict() for text in self.helps],
        }


def mistake(code: str, place: Place, **names: Any) -> Mistake:
    """A mistake whose message is the title of its code, filled in with `names`."""
    return Mistake(code, place, TITLES[code].format(**names))
