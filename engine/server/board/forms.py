"""Forms over moves and openings: what was typed, as the door reads it, and what to show again when it was refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

from engine.core import Command, Plan, Refusal
from engine.core.plan import Workflow
from engine.policy import Words
from engine.server import present
from engine.server.board.words import WORDS
from engine.server.problems import ENVELOPE, SENTENCES, refused, sentence
from engine.store.tables.evidence import GB, SIZE_MAX, Evidence, QuotaError

#: Stands before the names of what a form asks, so that none is taken for what the form itself carries.
ASKS: Final = "f-"
#: What a move asks for beside facts and is more than a word.
LONG: Final = frozenset({"text", "reason", "evidence"})
TEXT_MAX: Final = 4000  #: characters of one answer

Shown = Mapping[str, Any]


class Answer(NamedTuple):
    """Why a form was not taken, and the field that it is about; empty: about the whole."""

    words: Words
    field: str = ""


class Filled(NamedTuple):
    """A form as it was sent: which, with what, and what was wrong with it."""

    name: str = ""
    typed: Mapping[str, str] = {}
    problem: Answer | None = None
    changed: tuple[str, ...] = ()  #: what others did meanwhile, in words
    key: str = ""  #: of the form: what is sent again from where it comes back is the same form


EMPTY: Final = Filled()


def fill(name: str, form: Mapping[str, str]) -> Filled:
    """A form as it was sent. An answer that is longer than one may be is a problem of its field, and is not cut."""
    answers = typed(form)
    long = next((field for field, text in answers.items() if len(text) > TEXT_MAX), None)
    problem = Answer(WORDS["too_long"].format(most=TEXT_MAX, n=len(answers[long])), long) if long is not None else None
    return Filled(name, answers, problem, key=form.get("key", "")[:64])


def typed(form: Mapping[str, str]) -> dict[str, str]:
    """The answers of a form, by the names of what was asked; empty ones are none. Browsers send lines that end in CRLF,
    and count them as LF.
    """
    answers = {name.removeprefix(ASKS): _lines(value) for name, value in form.items() if name.startswith(ASKS)}
    return {name: value for name, value in answers.items() if value}


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def keyed(command: Command, filled: Filled) -> Command:
    """The same form sent twice takes effect once; sent again with other answers, by who went back, it is another."""
    answers = sha256(repr((filled.name, sorted(filled.typed.items()))).encode()).hexdigest()[:16]
    return command._replace(key=f"{filled.key}-{answers}" if filled.key else None)


def keep_files(evidence: Evidence, site: str, filled: Filled, files: Mapping[str, bytes]) -> Filled:
    """The form with its files kept, each by its number; a file that is not taken is a problem of its field."""
    for name, data in files.items():
        field = name.removeprefix(ASKS)
        try:
            kept = evidence.keep(site, data) if len(data) <= SIZE_MAX else None
        except QuotaError as error:
            return filled._replace(problem=Answer(SENTENCES["quota"].format(quota=error.quota // GB), field))
        if kept is None:
            return filled._replace(
                problem=Answer(SENTENCES["file_type" if len(data) <= SIZE_MAX else "too_large"], field)
            )
        filled = filled._replace(typed={**filled.typed, field: kept.id})
    return filled


def answer(plan: Plan, refusal: Refusal, workflow: Workflow | None = None) -> Answer:
    """A refusal at the form."""
    name = refusal.detail.partition(", ")[0]
    field = name if refusal.code in ("missing", "value") else FIELDS.get(refusal.code, "")
    if refusal.detail in ENVELOPE:
        return Answer(sentence(refusal, plan, ENVELOPE[refusal.detail]), field)
    words = refused(refusal, plan, workflow).words
    for each in refusal.detail.split(", "):  # as their labels say them
        words = words._replace(en=words.en.replace(each, each.replace("_", " ")))
    return Answer(words, field)


#: Of refusals that are always about the same field, which.
FIELDS: Final = {
    "unqualified": "assignee",
    **dict.fromkeys(("late", "future", "decision", "before_opening"), "occurred_at"),
}


def field_view(plan: Plan, field: Shown, people: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """A field with what a page needs beside: who may be named, and on what it depends in words."""
    role = field.get("role")
    names = people.get(role["id"], ()) if role else {name: None for known in people.values() for name in known}
    return {
        **field,
        "people": list(names),
        "depends": depends(plan, field.get("when")),
        "long": field["name"] in LONG or is_long(plan, field),
    }


def depends(plan: Plan, when: Shown | None) -> list[dict[str, str]]:
    """The parts of a condition that are about choices: fact, and the values with which the field is asked."""
    if when is None:
        return []
    if "all" in when:
        return [each for part in when["all"] for each in depends(plan, part)]
    if "in" in when and when["fact"] in plan.facts:
        fact = plan.facts[when["fact"]]
        said = ["yes" if value is True else "no" if value is False else str(value) for value in when["in"]]
        titles = "/".join(fact.values.get(value, {"yes": "是", "no": "否"}.get(value, value)) for value in said)
        return [{"fact": fact.id, "title": fact.title, "values": " ".join(said), "titles": titles}]
    return []


def is_long(plan: Plan, field: Shown) -> bool:
    """Whether an answer is free text with several lines, maybe; personal ones are a name or a number."""
    free = field["type"] == "text" and not field["values"] and field["name"] in plan.facts
    return free and not present.is_personal(plan, field["name"])
