"""What somebody filled in, as text, and its values: only here text is read and personal values are marked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Final

from engine.core import Plan, Refusal, Value
from engine.policy import Words
from engine.runtime.service import Service
from engine.runtime.staffing import is_qualified
from engine.runtime.turn import Said, Secret
from engine.runtime.values import ValueProblemError, read_instant, read_value

_NO_FILE: Final = Words("no such file was sent here: send it first", "没有这个文件：请先上传")
_NOBODY: Final = Words("nobody of this name is on the list of staff", "花名册中没有此人")


class UnreadableError(Exception):
    """A value that cannot be read; the refusal says which and why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


class Filled:
    """The answers to what a command asks for, given at an instant; a blank one is none. `is_file`: whether a text names
    a file that is there. Every method raises UnreadableError.
    """

    def __init__(self, service: Service, is_file: Callable[[str], bool], at: int, given: Mapping[str, str]) -> None:
        self._service = service
        self._is_file = is_file
        self._now = datetime.fromtimestamp(at, service.site.zone)
        self.given = {name: text for name, text in given.items() if not _is_blank(text)}
        self._blank = given.keys() - self.given.keys()

    def need(self, names: Collection[str]) -> None:
        if missing := [name for name in names if name not in self.given]:
            raise UnreadableError(Refusal("missing", ", ".join(missing)))

    def occurred_at(self) -> int | None:
        if (text := self.given.get("occurred_at")) is None:
            return None
        try:
            return Said(read_instant(text, self._service.site.zone, self._now), text)
        except ValueProblemError as problem:
            raise UnreadableError(Refusal("value", "occurred_at", why=problem.words)) from None

    def assignee(self) -> str | None:
        """A person of the roster; where no list of staff was ever read, anybody."""
        person = self.given.get("assignee")
        roster = self._service.site.roster
        if person is not None and roster.complete and not roster.knows(person):
            raise UnreadableError(Refusal("value", "assignee", why=_NOBODY))
        return person

    def is_qualified(self, role: str | None) -> bool:
        """Whether who is named may be given the work of a role."""
        person = self.assignee()
        return person is None or is_qualified(self._service, int(self._now.timestamp()), person, role)

    def other_ticket(self, name: str, than: str) -> str:
        """Another ticket, which is there, of another family."""
        named = self.given[name]
        family = self._service.store.load(named)
        if family is None or than in family.tickets:
            raise UnreadableError(Refusal("unknown", named))
        return named

    def facts(self, plan: Plan, beside: Collection[str]) -> dict[str, Value]:
        """All that was given beside what the move itself asks for, by name; every one a fact of the plan."""
        return {name: self._fact(plan, name, text) for name, text in self.given.items() if name not in beside}

    def changes(self, plan: Plan, beside: Collection[str]) -> dict[str, Value]:
        """Facts that are to be others from now on: at least one, and none of them nothing."""
        found, blank = self.facts(plan, beside), sorted(self._blank.difference(beside))
        if blank or not found:
            raise UnreadableError(Refusal("missing", ", ".join(blank) or "facts"))
        return found

    def _fact(self, plan: Plan, name: str, text: str) -> Value:
        fact = plan.facts.get(name)
        if fact is None:
            raise UnreadableError(Refusal("unknown", name))
        try:
            value = read_value(fact, text, self._service.site.zone, self._now, plan.role_names)
        except ValueProblemError as problem:
            raise UnreadableError(Refusal("value", name, why=problem.words)) from None
        if fact.type == "file" and not self._is_file(text):
            raise UnreadableError(Refusal("value", name, why=_NO_FILE))
        if name in plan.personal:
            return Secret(value)
        return Said(int(value), text) if fact.type == "time" else value


def _is_blank(text: str) -> bool:
    """Whether nobody would see anything."""
    return not any(one.isprintable() and not one.isspace() for one in text)
