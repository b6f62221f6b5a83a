"""What is written as text reads back as what it was; the text of today is pinned, for it is on people's disks."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import Actor, Command, Message, Period, Rule, Step, events
from engine.core.commands import Act
from engine.core.events import Event, FactChange, FactsSet, RunStarted
from engine.core.plan import Instant, InstantLimit, LengthLimit
from engine.sim import Runner, scenario_files
from engine.store import SiteEvent, StoreError, schema
from engine.store.codec import COMMAND, MESSAGE, SITE_EVENT, STEP
from engine.worktime import DayRule, Length, Unit
from tests.conftest import examples

POLICIES = Path(__file__).parents[2] / "policies"

# ---- every value that the types allow -------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)


def any_of(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of an annotated type, made without the codec's own reading of it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    plain = {
        str: TEXT,
        int: st.integers(),
        float: NUMBER,
        bool: st.booleans(),
        NoneType: st.none(),
        Fraction: st.fractions(),
    }
    if annotation in plain:
        return plain[annotation]
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of([any_of(one) for one in arguments])
    if origin is tuple:
        if arguments[1:] == (...,):
            return st.lists(any_of(arguments[0]), max_size=2).map(tuple)
        return st.tuples(*map(any_of, arguments))
    if origin is frozenset:
        return st.frozensets(any_of(arguments[0]), max_size=3)
    if origin is not None and arguments:
        return st.dictionaries(any_of(arguments[0]), any_of(arguments[1]), max_size=2)
    if annotation in (Unit, DayRule):
        return st.sampled_from(list(annotation))
    return st.builds(annotation, **{name: any_of(hint) for name, hint in get_type_hints(annotation).items()})


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | NUMBER
    | TEXT
    | st.fractions()
    | st.builds(Period, st.integers(), st.integers()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXT | st.just("$tuple"), inner, max_size=3)
        | st.dictionaries(st.integers() | st.tuples(TEXT, st.integers()), inner, max_size=2)
    ),
    max_leaves=8,
)


def same(codec, value) -> None:
    text = codec.dumps(value)
    back = codec.loads(text)
    assert back == value
    assert codec.dumps(back) == text


@pytest.mark.parametrize("kind", Event.__args__, ids=lambda cls: cls.__name__)
def test_every_event_reads_back(kind):
    @settings(max_examples=examples(12), deadline=None)
    @given(any_of(kind), any_of(Actor), TEXT)
    def check(event, actor, plan):
        same(STEP, Step(1, 2, "command", actor, plan, (event, event)))

    check()


@pytest.mark.parametrize("kind", Act.__args__, ids=lambda cls: cls.__name__)
def test_every_command_reads_back(kind):
    @settings(max_examples=examples(12), deadline=None)
    @given(any_of(kind), any_of(Actor))
    def check(act, actor):
        same(COMMAND, Command("T1", actor, 5, act, 4, "k"))

    check()


@settings(max_examples=examples(150), deadline=None)
@given(st.dictionaries(TEXT, ANYTHING, max_size=4), TEXT)
def test_whatever_a_site_event_carries_reads_back_with_its_types(data, key):
    event = SiteEvent(5, "filed", Rule("r", ("A01",)), data, key)
    back = SITE_EVENT.loads(SITE_EVENT.dumps(event))
    assert repr(back) == repr(event)


def test_the_histories_of_all_shipped_scenarios_read_back():
    runner, steps = Runner(date(2026, 11, 1)), 0
    for path in list(scenario_files([POLICIES]))[::4]:
        store = runner.run(path).performance.service.store
        for family in store.families():
            for step in store.steps(family.id):
                same(STEP, step)
                steps += 1
        for message in store.messages():
            same(MESSAGE, message)
        for event in store.site_events():
            same(SITE_EVENT, event)
    assert steps > 300


# ---- the form -------------------------------------------------------------------------------------------------------

LIMIT = LengthLimit(Length(3, Unit.WORKING_DAYS), "office", DayRule.CLOSE)
PROMISE = InstantLimit(Instant("promised_at", Length(-1, Unit.CALENDAR_DAYS)), Length(1800, Unit.SECONDS))
PINNED = [
    (
        STEP,
        Step(
            2,
            1_794_791_000,
            "command",
            Actor("小陈", frozenset({"desk", "boss"})),
            "p1",
            (
                FactsSet("T1", 7, Rule("moves.accept", ("A32",)), "set", (FactChange("n", None, 1.5, Rule("f")),)),
                RunStarted("T1", 7, Rule("d"), "a#1.1", "a", 1, 1, LIMIT, 99, False),
                RunStarted("T1", 7, Rule("d"), "b#1.1", "b", 1, 1, PROMISE, None, True, ((1, 2), (3, 4)), "accept"),
                events.DueMoved("T1", 7, Rule("d"), "a#1.1", 1, 2, "facts", 2, False, LIMIT, 5, Fraction(5, 3)),
            ),
        ),
        '[2,1794791000,"command",["小陈",["boss","desk"]],"p1",['
        '["facts_set","T1",7,["moves.accept",["A32"]],"set",[["n",null,1.5,["f",[]]]]],'
        '["run_started","T1",7,["d",[]],"a#1.1","a",1,1,["length_limit",[3,"working days"],"office","close"],99,false,[],""],'
        '["run_started","T1",7,["d",[]],"b#1.1","b",1,1,'
        '["instant_limit",["promised_at",[-1,"calendar days"],null,null],[1800,"seconds"]],null,true,[[1,2],[3,4]],"accept"],'
        '["due_moved","T1",7,["d",[]],"a#1.1",1,2,"facts",2,false,'
        '["length_limit",[3,"working days"],"office","close"],5,"5/3",null,false]]]',
    ),
    (
        SITE_EVENT,
        SiteEvent(
            5, "imported", Rule("r"), {"share": Fraction(1, 2), "of": Period(1, 2), "who": ("a",), "by": {1: "x"}}, "k"
        ),
        '[5,"imported",["r",[]],{"share":{"$fraction":"1/2"},"of":{"$period":[1,2]},"who":{"$tuple":["a"]},'
        '"by":{"$pairs":[[1,"x"]]}},"k"]',
    ),
]


@pytest.mark.parametrize(("codec", "value", "text"), PINNED)
def test_the_form_is_that_of_the_files_there_are(codec, value, text):
    assert codec.dumps(value) == text
    assert codec.loads(text) == value


def test_a_field_that_came_later_with_a_default_is_not_missed():
    text = '[1,2,"command",["x"],"p",[["opened","T1",3,["r"],"c","s","p","e",null,null,null]]]'
    (event,) = STEP.loads(text).events
    assert event.origin is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Step cannot be read"),
        ("{}", "Step is no list"),
        ("[1,2]", "Step has 2 fields"),
        ('[1,2,"command",["x"],"p",[],"more"]', "Step has 7 fields: written by a newer version?"),
        ('[1,2,"command",["x"],"p",[["teleported","T1"]]]', "Step.events: `teleported` is unknown: written by a newer"),
        ('[1,2,"command",["x"],"p",[[]]]', "Step.events: no name of a class"),
        ('[1,2,"command",["x"],"p",7]', "Step.events: no list"),
        ('[1,2,"command",["x",5],"p",[]]', "Step.actor: Actor.roles: no list"),
        ('[1,2,"command",["x"],"p",[["noted","T1",3,["r"]]]]', "Step.events: Noted has 3 fields: too few"),
        (
            '[1,2,"command",["x"],"p",[["run_started","T1",7,["d"],"a","a",1,1,["length_limit",[3,"moons"],"o","close"],1,true]]]',
            "RunStarted.limit: LengthLimit.length: Length.unit: 'moons' is not a valid Unit",
        ),
    ],
)
def test_what_is_no_such_value_is_an_error_that_says_where(text, says):
    with pytest.raises(StoreError) as caught:
        STEP.loads(text)
    assert says in str(caught.value)


def test_a_fraction_that_is_none_is_an_error_too():
    for broken in ("1/0", "x/2", "1"):
        with pytest.raises(StoreError):
            SITE_EVENT.loads(json.dumps([1, "k", ["r"], {"x": {"$fraction": broken}}]))
    with pytest.raises(StoreError, match=r"`\$moon` is unknown"):
        SITE_EVENT.loads('[1,"k",["r"],{"x":{"$moon":1}}]')


def test_what_has_no_form_is_refused_when_it_is_written():
    with pytest.raises(TypeError, match="cannot hold object"):
        SITE_EVENT.dumps(SiteEvent(1, "k", Rule("r"), {"x": object()}))
    with pytest.raises(ValueError, match="not JSON compliant"):
        SITE_EVENT.dumps(SiteEvent(1, "k", Rule("r"), {"x": float("nan")}))


def test_whoever_changes_what_is_written_numbers_it_so_that_an_older_version_opens_no_such_file():
    """It would take a newer form for damage: a message that it cannot read is given up, a ticket stands still. So to
    mend this test, add a migration, which may hold only a comment, and pin both anew.
    """
    forms = "\n".join(layout(each) for each in (Step, Command, Message, SiteEvent))
    assert (schema.migrations()[-1].number, sha256(forms.encode()).hexdigest()[:16]) == (11, "d5698558b8b5c73a")


def layout(annotation: Any) -> str:
    """How values of a type are laid out as text: the fields and all that may stand in them."""
    if hasattr(annotation, "_fields") or is_dataclass(annotation):
        hints = get_type_hints(annotation)
        names = [field.name for field in fields(annotation)] if is_dataclass(annotation) else annotation._fields
        return f"{annotation.__name__}({', '.join(f'{name}: {layout(hints[name])}' for name in names)})"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return f"Literal{arguments}"
    name = "Union" if origin in (Union, UnionType) else getattr(origin or annotation, "__name__", str(annotation))
    return f"{name}[{', '.join(map(layout, arguments))}]" if arguments else name
