"""The standing moves as people meet them: what each is called, what it asks for, and the act that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, get_args

from engine.core import Plan, Refusal, Ticket
from engine.core import commands as c
from engine.policy import Words
from engine.runtime.filled import Filled, UnreadableError
from engine.runtime.turn import Secret

#: What standing moves ask for beside facts.
FIELDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "assignee": Words("Person", "人员"),
        "role": Words("Role", "角色"),
        "reason": Words("Reason", "原因"),
        "evidence": Words("Evidence", "依据"),
        "deadline": Words("Deadline", "时限"),
        "rung": Words("Rung", "升级级别"),
        "text": Words("Note", "备注"),
        "category": Words("Category", "类别"),
        "group": Words("Ticket to link with", "关联的工单"),
        "into": Words("Ticket to merge into", "并入的工单"),
        "verdict": Words("Verdict", "判定"),
    }
)
#: What a verdict may be corrected to; `back` takes an excuse back.
VERDICTS: Final[tuple[c.Verdict, ...]] = get_args(c.Verdict)
_VERDICTS: Final = Words("met, late, missed or back", "请写 met、late、missed 或 back")


def act_of(move: str, plan: Plan, ticket: Ticket, filled: Filled) -> c.Act:
    """A standing move on a ticket with what was filled in for it. Raises UnreadableError."""
    known, given = STANDING[move], filled.given.keys() - {"occurred_at"}
    filled.need(known.needed(given))
    if not known.facts and (strange := sorted(given - {*known.asks, *known.quiet})):
        raise UnreadableError(Refusal("unknown", strange[0]))
    return known.read(plan, ticket, filled)


def _assign(plan: Plan, ticket: Ticket, filled: Filled) -> c.Act:
    role = filled.given.get("role")
    if role is not None and role not in plan.roles:
        raise UnreadableError(Refusal("unknown", role))
    person = filled.assignee()
    assert person is not None
    return c.Assign(role, person, filled.is_qualified(role))


def _set_facts(plan: Plan, ticket: Ticket, filled: Filled) -> c.Act:
    return c.SetFacts(filled.changes(plan, {"reason", "occurred_at"}), filled.given["reason"])


def _recategorise(plan: Plan, ticket: Ticket, filled: Filled) -> c.Act:
    return c.Recategorise(filled.given["category"], filled.facts(plan, {"category", "occurred_at"}))


def _excuse(plan: Plan, ticket: Ticket, filled: Filled) -> c.Act:
    return c.Excuse(filled.given["deadline"], filled.given["reason"])


def _correct(plan: Plan, ticket: Ticket, filled: Filled) -> c.Act:
    """A verdict, if one is named, else facts. The reason is the evidence where there is no other."""
    given = filled.given
    reason = given["reason"]
    evidence = given.get("evidence", reason)
    if "deadline" not in given:
        return c.CorrectFacts(filled.changes(plan, {"reason", "evidence", "occurred_at"}), evidence, reason)
    if (verdict := given["verdict"]) not in VERDICTS:
        raise UnreadableError(Refusal("value", "verdict", why=_VERDICTS))
    name = given["deadline"]
    keys = [run.key for run in ticket.all_runs() if name in (run.deadline, run.key)]
    return c.CorrectVerdict(keys[-1] if keys else name, verdict, evidence, reason)


def _ack(plan: Plan, ticket: Ticket, filled: Filled) -> c.Act:
    return c.Ack(filled.given["deadline"], filled.given["rung"])


def _escalate(plan: Plan, ticket: Ticket, filled: Filled) -> c.Act:
    return c.Escalate(filled.given["deadline"], filled.given.get("if_rung"))


def _note(plan: Plan, ticket: Ticket, filled: Filled) -> c.Act:
    return c.Note(Secret(filled.given["text"]))


def _link(plan: Plan, ticket: Ticket, filled: Filled) -> c.Act:
    return c.Link(filled.other_ticket("group", ticket.id))


def _unlink(plan: Plan, ticket: Ticket, filled: Filled) -> c.Act:
    return c.Unlink(filled.given["reason"])


def _merge(plan: Plan, ticket: Ticket, filled: Filled) -> c.Act:
    return c.Merge(filled.other_ticket("into", ticket.id))


class StandingMove(NamedTuple):
    """`asks`: names of FIELDS, in the order of a form; those in `optional` may be left out, those in `pair` only
    together. `facts`: whether it takes facts, too. `quiet`: what machines may say beside, which no form asks.
    """

    title: Words
    read: Callable[[Plan, Ticket, Filled], c.Act]
    asks: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    pair: frozenset[str] = frozenset()
    facts: bool = False
    quiet: frozenset[str] = frozenset()

    def needed(self, given: Collection[str]) -> list[str]:
        """What it cannot do without, beside what was given."""
        pair = frozenset[str]() if self.pair.isdisjoint(given) else self.pair
        return [name for name in self.asks if name in pair or name not in self.optional]


#: By name as the policy calls them, in the order in which people look for them.
STANDING: Final[Mapping[str, StandingMove]] = MappingProxyType(
    {
        "note": StandingMove(Words("Note", "备注"), _note, ("text",)),
        "ack": StandingMove(Words("Acknowledge", "知悉"), _ack, ("deadline", "rung")),
        "escalate": StandingMove(
            Words("Escalate now", "立即升级"), _escalate, ("deadline",), quiet=frozenset({"if_rung"})
        ),
        "assign": StandingMove(Words("Assign", "指派"), _assign, ("assignee", "role"), frozenset({"role"})),
        "set_facts": StandingMove(Words("Change facts", "变更事实"), _set_facts, ("reason",), facts=True),
        "recategorise": StandingMove(Words("Change category", "变更类别"), _recategorise, ("category",), facts=True),
        "link": StandingMove(Words("Link", "关联"), _link, ("group",)),
        "unlink": StandingMove(Words("Unlink", "解除关联"), _unlink, ("reason",)),
        "merge": StandingMove(Words("Merge", "合并"), _merge, ("into",)),
        "excuse": StandingMove(Words("Excuse", "免责"), _excuse, ("deadline", "reason")),
        "correct": StandingMove(
            Words("Correct", "更正"),
            _correct,
            ("deadline", "verdict", "reason", "evidence"),
            optional=frozenset({"deadline", "verdict", "evidence"}),
            pair=frozenset({"deadline", "verdict"}),
            facts=True,
        ),
    }
)
