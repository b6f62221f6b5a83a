"""What a plan promises, category by category, and its ladders: tables for the page of a policy. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.core import Plan, Value
from engine.core import conditions as c
from engine.core.plan import Category, Deadline, Party, Rung
from engine.policy import Words
from engine.server.board.words import WORDS, Lang
from engine.server.event_words import PARTIES, limit_words
from engine.worktime import format_length

Shown = dict[str, Any]


class Promises:
    """The promises of one plan in one language: titles in Chinese, the ids of the file in English."""

    def __init__(self, plan: Plan, lang: Lang) -> None:
        self.plan = plan
        self.lang: Lang = lang

    def categories(self) -> list[Shown]:
        """Every category that people open, with the rows of each limit that may speak of it."""
        return [
            {
                "category": {"id": one.id, "title": one.title},
                "workflow": one.workflow,
                "rows": [row for each in self.plan.deadlines if one.id in each.of for row in self._rows(one, each)],
            }
            for one in self.plan.categories.values()
            if one.duty is None
        ]

    def ladders(self) -> list[Shown]:
        return [
            {
                "id": ladder.id,
                "rungs": [
                    {
                        "id": rung.id,
                        "at": self.rung_at(rung),
                        "tells": self.list([self.party(party) for party in rung.notify]),
                        "when": self.condition(rung.when),
                        "repeats": self._repeats(rung),
                    }
                    for rung in ladder.rungs
                ],
            }
            for ladder in self.plan.ladders.values()
        ]

    def _rows(self, category: Category, deadline: Deadline) -> Iterator[Shown]:
        for row in deadline.limit.rows:
            if about(row.when, category.id):
                place = self.plan.places.get(row.rule.path)
                yield {
                    "deadline": self.name(deadline.id, deadline.title),
                    "when": self.condition(row.when, category.id),
                    "limit": limit_words(self.plan, row.value).in_(self.lang),
                    "ladder": deadline.escalate or "—",
                    "sources": row.rule.sources,
                    "place": f"{place.file}:{place.line}" if place is not None else "",
                }

    # ---- words -------------------------------------------------------------------------------------------------------

    def name(self, id: str, title: str) -> str:
        return title if self.lang == "zh" and title else id.replace("_", " ")

    def say(self, name: str, **values: Any) -> str:
        return WORDS[name].format(**values).in_(self.lang)

    def list(self, parts: list[str]) -> str:
        return self.say("list_comma").join(part for part in parts if part)

    def party(self, party: Party) -> str:
        if party.kind == "role" and party.name in self.plan.roles:
            return self.name(party.name, self.plan.roles[party.name].title)
        if party.kind == "fact" and party.name in self.plan.facts:
            return self.fact(party.name)
        return WORDS.get(f"party_{party.name}", PARTIES.get(party.name, Words(party.name, party.name))).in_(self.lang)

    def fact(self, id: str) -> str:
        if id in self.plan.facts:
            return self.name(id, self.plan.facts[id].title)
        return WORDS[f"fact_{id}"].in_(self.lang) if f"fact_{id}" in WORDS else id

    def value(self, fact: str, value: Value) -> str:
        if isinstance(value, bool):
            return self.say("yes" if value else "no")
        titles: Mapping[str, str] = self.plan.facts[fact].values if fact in self.plan.facts else {}
        if fact == "category":
            titles = {id: one.title for id, one in self.plan.categories.items()}
        if fact in self.plan.facts and self.plan.facts[fact].type == "role":
            titles = {id: one.title for id, one in self.plan.roles.items()}
        return self.name(str(value), titles.get(str(value), str(value)))

    def condition(self, when: c.Condition | None, category: str = "") -> str:
        """A condition in words; what a known category answers is left out."""
        match when:
            case c.OneOf(fact="category") | c.NoneOf(fact="category") if category:
                return ""
            case c.OneOf(fact, values):
                return f"{self.fact(fact)} = {self._values(fact, values)}"
            case c.NoneOf(fact, values):
                return f"{self.fact(fact)} ≠ {self._values(fact, values)}"
            case c.IsSet(fact, wanted):
                return self.say("is_set" if wanted else "is_not_set", fact=self.fact(fact))
            case c.Between(fact, low, high, low_open, high_open):
                bounds = [f"{'>' if low_open else '≥'} {low:g}" if low is not None else ""]
                bounds.append(f"{'<' if high_open else '≤'} {high:g}" if high is not None else "")
                return f"{self.fact(fact)} {' '.join(filter(None, bounds))}"
            case c.ClockTime(start, end):
                return f"{start // 3600:02}:{start % 3600 // 60:02}–{end // 3600:02}:{end % 3600 // 60:02}"
            case c.OpeningDay(working, _) if working is not None:
                return self.say("working_day" if working else "day_off")
            case c.Within(fact, amount, unit):
                return self.say("within", fact=self.fact(fact), amount=amount, unit=unit)
            case c.All(parts):
                return self.list([self.condition(part, category) for part in parts])
            case c.Any(parts):
                return " / ".join(filter(None, (self.condition(part, category) for part in parts)))
            case c.Not(part):
                return self.say("not", what=self.condition(part, category)) if self.condition(part, category) else ""
        return ""

    def _values(self, fact: str, values: frozenset[Value]) -> str:
        return "/".join(sorted(self.value(fact, value) for value in values))

    def rung_at(self, rung: Rung) -> str:
        at = rung.at
        if at.kind == "start":
            return self.say("at_start")
        if at.share is not None:
            return f"{float(at.share * 100):g}%"
        if at.offset is None or at.offset.amount == 0:
            return self.say("at_due")
        length = format_length(at.offset._replace(amount=abs(at.offset.amount)), self.lang)
        return self.say("before_due" if at.offset.amount < 0 else "after_due", length=length)

    def _repeats(self, rung: Rung) -> str:
        if rung.every is None:
            return ""
        return self.say("repeats", every=format_length(rung.every, self.lang), times=rung.times)


def about(when: c.Condition | None, category: str) -> bool:
    """Whether a row with this condition may speak of a category."""
    match when:
        case c.OneOf(fact="category", values=values):
            return category in values
        case c.NoneOf(fact="category", values=values):
            return category not in values
        case c.All(parts):
            return all(about(part, category) for part in parts)
        case c.Any(parts):
            return any(about(part, category) for part in parts)
    return True
