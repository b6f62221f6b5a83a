"""Lists of staff from files: every row becomes a value, or every mistake of the list is told and nothing is taken."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from engine.core import Plan
from engine.policy import Words, did_you_mean
from engine.runtime.directory import Leave, Staff, shifts_of
from engine.runtime.lists.cells import A_DATE, MISTAKES_MAX, first, lacking, read_day, wrong_phone
from engine.runtime.lists.codes import Mistake, mistake
from engine.runtime.lists.staff_checks import Post, together
from engine.runtime.lists.tables import Column, Row, Table, read_table
from engine.runtime.values import ValueProblemError

STAFF: Final = (
    Column("person", Words("person", "姓名"), ("name", "员工"), required=True),
    Column("role", Words("role", "角色"), ("roles", "岗位"), required=True),
    Column("shifts", Words("shifts", "班次"), ("shift",)),
    Column("phone", Words("phone", "电话"), ("手机", "手机号", "联系电话")),
    Column("since", Words("since", "自"), ("到岗", "入职")),
    Column("until", Words("until", "至"), ("离岗", "离职")),
    Column("leave_from", Words("leave from", "请假自")),
    Column("leave_until", Words("leave until", "请假至")),
    Column("substitute", Words("substitute", "替班"), ("替班人",)),
)


class StaffList(NamedTuple):
    """Either the staff, or the mistakes."""

    staff: tuple[Staff, ...]
    mistakes: tuple[Mistake, ...]


def read_staff(name: str, data: bytes, plan: Plan, zone: ZoneInfo) -> StaffList:
    """The staff in a CSV or XLSX file called `name`, or all of its mistakes. Dates are local to the zone.

    A row is a person in a role; a row without a role is another leave of somebody above. Each channel of the plan may
    be a column, for the person's address there.
    """
    table = read_table(name, data, (*STAFF, *_channels(plan)))
    reader = _StaffReader(table, plan, zone)
    for row in table.rows:
        reader.read(row)
        if len(reader.mistakes) >= MISTAKES_MAX:
            return StaffList((), first((*table.mistakes, *reader.mistakes)))
    mistakes = first((*table.mistakes, *reader.mistakes, *together(table, reader.posts)))
    return StaffList(() if mistakes else tuple(post.staff for post in reader.posts), mistakes)


def _channels(plan: Plan) -> Iterator[Column]:
    if plan.messaging is not None:
        yield from (Column(id, Words(id, title)) for id, title in plan.messaging.channels.items())


LEAVE: Final = ("leave_from", "leave_until", "substitute")
_SEVERAL: Final = re.compile(r"\s*[、,，;；/+]\s*")
_SHIFTS: Final = re.compile(r"[\s、,，;；/+]+")


class _StaffReader:
    """Row by row; what several rows say together is looked at afterwards."""

    def __init__(self, table: Table, plan: Plan, zone: ZoneInfo) -> None:
        self.table, self.plan, self.zone = table, plan, zone
        self.roles = _by_name({role.id: role.title for role in plan.roles.values()})
        self.shifts = _by_name({"always": "", **{shift.id: shift.title for shift in plan.calendars.values()}})
        self.channels = [column.id for column in _channels(plan)]
        self.by_person: dict[str, list[Post]] = {}
        self.mistakes: list[Mistake] = []

    @property
    def posts(self) -> list[Post]:
        """In the order of the list."""
        return sorted((post for mine in self.by_person.values() for post in mine), key=lambda post: post.row.line)

    def read(self, row: Row) -> None:
        self.mistakes += wrong_phone(self.table, row)
        leave, person = self._leave(row), row.cells.get("person", "")
        if self._is_another_leave(row):
            posts = self.by_person[person]
        else:
            self.mistakes += lacking(self.table, row, STAFF)
            posts = [Post(row, self._staff(row), [])]
            if person:
                self.by_person.setdefault(person, []).extend(posts)
        for post in posts:
            if leave is not None:
                post.leaves.append((row, leave))

    def _is_another_leave(self, row: Row) -> bool:
        above = row.cells.get("person") in self.by_person
        return above and "leave_from" in row.cells and row.cells.keys() <= {"person", *LEAVE}

    def _staff(self, row: Row) -> Staff:
        roles = self._roles(row)
        since, until = self._period(row, "since", "until")
        return Staff(
            row.cells.get("person", ""),
            roles,
            self._shifts(row, roles),
            row.cells.get("phone", ""),
            since or 0,
            until,
            addresses={channel: row.cells[channel] for channel in self.channels if channel in row.cells},
        )

    def _roles(self, row: Row) -> tuple[str, ...]:
        names = _names(row.cells.get("role", ""), _SEVERAL, self.roles)
        if not names:
            self._add("P201", row, "role")
        for name in names:
            if name not in self.roles:
                self._add("P202", row, "role", did_you_mean(name, self.roles), name=name)
        return tuple(dict.fromkeys(self.roles[name] for name in names if name in self.roles))

    def _shifts(self, row: Row, roles: Sequence[str]) -> tuple[str, ...]:
        """The shifts of the row, each of every role of it."""
        shifts: dict[str, None] = {}
        for name in _names(row.cells.get("shifts", ""), _SHIFTS, self.shifts):
            if (shift := self.shifts.get(name)) is None:
                ours = {id for role in roles for id in shifts_of(self.plan, role)}
                known = [said for said, id in self.shifts.items() if not ours or id in ours]
                self._add("P203", row, "shifts", did_you_mean(name, known), name=name)
                continue
            shifts[shift] = None
            for role in roles:
                own = shifts_of(self.plan, role)
                if shift not in own:
                    has = Words(f"it has: {', '.join(own)}", f"它的班次有：{'、'.join(own)}")
                    self._add("P204", row, "shifts", (has,), role=role, name=name)
        return tuple(shifts)

    def _leave(self, row: Row) -> Leave | None:
        since, until = self._period(row, "leave_from", "leave_until")
        if "leave_from" not in row.cells:
            for column in LEAVE[1:]:
                if column in row.cells:
                    self._add("P207", row, column, (Words("fill in “leave from”", "请填写“请假自”"),))
        return Leave(since, until, row.cells.get("substitute")) if since is not None else None

    def _period(self, row: Row, first: str, last: str) -> tuple[int | None, int | None]:
        since, until = self._day(row, first), self._day(row, last, end=True)
        if since is not None and until is not None and until <= since:
            self._add("P206", row, last)
            return None, None
        return since, until

    def _day(self, row: Row, column: str, *, end: bool = False) -> int | None:
        text = row.cells.get(column)
        try:
            return read_day(text, self.zone, end=end) if text is not None else None
        except ValueProblemError:
            self._add("P205", row, column, (A_DATE,))
            return None

    def _add(self, code: str, row: Row, column: str, helps: Iterable[Words] = (), **names: object) -> None:
        self.mistakes.append(mistake(code, self.table.place(row, column), **names).helping(*helps))


def _by_name(titles: Mapping[str, str]) -> dict[str, str]:
    """Ids by what people write: an id, or a title that nothing else has."""
    often = Counter(titles.values())
    return {**{title: id for id, title in titles.items() if title and often[title] == 1}, **{id: id for id in titles}}


def _names(text: str, divided: re.Pattern[str], known: Collection[str]) -> list[str]:
    """What a cell names; a title may itself have a sign that divides others."""
    return [text] if text in known else list(dict.fromkeys(name for name in divided.split(text) if name))
