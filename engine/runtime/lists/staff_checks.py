"""What the rows of a list of staff say together: roles held twice, leaves that overlap, substitutes who are away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from engine.policy import Words
from engine.runtime.directory import FOREVER, Leave, Staff, Stretch, presence
from engine.runtime.lists.codes import Mistake, mistake
from engine.runtime.lists.tables import Row, Table


class Post(NamedTuple):
    """A row that gives somebody a role, and the leaves that stand in it and in rows below."""

    row: Row
    told: Staff
    leaves: list[tuple[Row, Leave]]

    @property
    def staff(self) -> Staff:
        return replace(self.told, leaves=tuple(leave for _, leave in self.leaves))


def together(table: Table, posts: Sequence[Post]) -> Iterator[Mistake]:
    by_role: dict[tuple[str, str], list[tuple[int, int | None, Row]]] = {}
    for post in posts:
        staff = post.staff
        for role in staff.roles:
            by_role.setdefault((staff.person, role), []).append((staff.since, staff.until, post.row))
        leaves = [(leave.since, leave.until, row) for row, leave in post.leaves]
        yield from (mistake("P210", table.place(row, "leave_from"), line=line) for row, line in _overlapping(leaves))
    for terms in by_role.values():
        for row, line in _overlapping(terms):
            help = Words("write one row with all of the shifts", "请合并为一行，写全班次")
            yield mistake("P209", table.place(row, "role"), line=line).helping(help)
    yield from _otherwise(table, posts)
    yield from _substitutes(table, posts)


def _overlapping(stretches: Iterable[tuple[int, int | None, Row]]) -> Iterator[tuple[Row, int]]:
    """Rows whose stretch meets an earlier one: the row that stands lower, and the line of the other."""
    longest: tuple[int, Row] | None = None
    for since, until, row in sorted(stretches, key=lambda one: (one[0], one[2].line)):
        if longest is not None and since < longest[0]:
            first, second = sorted((longest[1], row), key=lambda one: one.line)
            yield second, first.line
        end = FOREVER if until is None else until
        longest = max(longest or (end, row), (end, row), key=lambda one: one[0])


def _otherwise(table: Table, posts: Iterable[Post]) -> Iterator[Mistake]:
    """A person has one telephone number and one address in each channel; a later row may leave them out."""
    help = Words("correct one of the two, or leave the lower one out", "改正其中一处，或把下面的一处留空")
    said: dict[tuple[str, str], tuple[str, int]] = {}
    for post in posts:
        row, staff = post.row, post.staff
        for column in {"phone", *staff.addresses} & row.cells.keys():
            text, line = said.setdefault((staff.person, column), (row.cells[column], row.line))
            if text != row.cells[column]:
                yield mistake("P214", table.place(row, column), line=line).helping(help)


def _substitutes(table: Table, posts: Sequence[Post]) -> Iterator[Mistake]:
    """A substitute is on the list, somebody else, and there all the time; so no two stand in for each other."""
    there = presence(post.staff for post in posts)
    for post in posts:
        for row, leave in post.leaves:
            if leave.substitute is not None and (found := _unfit(post.staff, leave, there)) is not None:
                code, help = found
                yield mistake(code, table.place(row, "substitute")).helping(help)


def _unfit(staff: Staff, leave: Leave, there: Mapping[str, Sequence[Stretch]]) -> tuple[str, Words] | None:
    """Why a substitute cannot be one, by code, and what to do."""
    who = leave.substitute or ""
    if who == staff.person:
        return "P212", Words("name somebody else, or nobody", "请另写一人，或留空")
    if who not in there:
        return "P211", Words("write the name as in its own row, or add a row", "姓名须与其本人那一行一致，或补一行")
    since = max(leave.since, staff.since)
    until = min(*(FOREVER if end is None else end for end in (leave.until, staff.until)))
    if since < until and not any(start <= since and until <= end for start, end in there[who]):
        return "P213", Words("name somebody who is there all the time", "请另写一位全程在岗的人")
    return None
