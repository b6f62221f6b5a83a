"""The API under requests made at random from its own description: no defect, whatever comes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from tests.server.conftest import moved_in

schemathesis = pytest.importorskip("schemathesis")
GenerationMode = schemathesis.GenerationMode
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

SCOPES = (
    "ticket:read ticket:write policy:read policy:write roster:write people:read people:write outbox:manage audit:read "
    "pii:reveal figures:read admin"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory, furnished):
    with moved_in(tmp_path_factory.mktemp("fuzz") / "data", furnished) as house:
        house.gate.callers._rate = house.gate.callers._rate._replace(burst=10**9)
        house.gate.addresses._rate = house.gate.addresses._rate._replace(burst=10**9)
        yield house


@pytest.fixture(scope="module")
def headers(place):
    desk = place.desk("小王", scopes=SCOPES, everywhere="front_desk supervisor site_manager")
    for _ in range(3):
        desk.ticket()
    return desk.headers


@pytest.fixture(scope="module")
def operations(place):
    schema = schemathesis.openapi.from_asgi("/openapi.json", place.app)
    return {found.ok().label: found.ok() for found in schema.get_all_operations()}


def test_the_description_names_every_route(operations):
    assert len(operations) > 35


def test_no_request_finds_a_defect(place, headers, operations):
    for operation in operations.values():
        requests = operation.as_strategy(generation_mode=GenerationMode.POSITIVE) | operation.as_strategy(
            generation_mode=GenerationMode.NEGATIVE
        )
        fuzz(place, headers, operation.label, requests)
    assert place.gate.defects.count == 0


def fuzz(place, headers, label, requests):
    """Many requests of one operation, half of them on what is there."""

    @settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=requests, there=st.booleans())
    def ask(case, there):
        if there:
            case.path_parameters = {**(case.path_parameters or {}), **known(case.path_parameters or {})}
        answer = case.call(headers=headers)
        assert answer.status_code < 500, (label, answer.status_code, answer.text)

    ask()


def known(parameters):
    there = {"site": "lakeside", "ticket": "lakeside-1", "category": "repair"}
    return {name: there[name] for name in parameters if name in there}


# ---- what only somebody who knows the plan would send ----------------------------------------------------------------

ODD = st.sampled_from(
    [
        "", " ", "yes", "否", "0", "-1", "1e300", "-1e300", "1e-300", "nan", "inf", "100.5", "9" * 40, "18:00", "24:00", "25:00",
        "1990-01-01 00:00", "1989-12-31 23:59", "2100-12-31 23:59:59", "2101-01-01 00:00", "9999-12-31T23:59:59+14:00",
        "0001-01-01 00:00", "2026-02-30", "02-29 10:00", "2027-03-01", "2026-10-08T18:00:00.5+08:00", "lakeside-1", "lakeside-2",
        "role:supervisor", "supervisor", "urgent", "major", "\x00", "\u202e", "😀" * 50, "x" * 4000, "met", "intake", "soon",
    ]
)  # fmt: skip
STANDING = [
    "assign",
    "set_facts",
    "correct",
    "excuse",
    "recategorise",
    "ack",
    "escalate",
    "note",
    "link",
    "unlink",
    "merge",
]


def test_no_move_with_whatever_facts_finds_a_defect(place, headers):
    plan = place.daemon.engine.services["lakeside"].site.plan
    moves = sorted({move for flow in plan.workflows.values() for move in flow.moves}) + STANDING
    names = [
        *plan.facts,
        "deadline",
        "rung",
        "reason",
        "text",
        "category",
        "group",
        "into",
        "verdict",
        "assignee",
        "role",
    ]
    deadlines = st.sampled_from([*{one.id for one in plan.deadlines}, "nothing"])
    given_facts = st.dictionaries(
        st.sampled_from(names), ODD | deadlines | st.sampled_from(list(plan.categories)), max_size=6
    )

    @settings(max_examples=examples(300), deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(
        opening=st.tuples(st.sampled_from(list(plan.categories)), given_facts),
        tape=st.lists(
            st.tuples(
                st.integers(0, 19),
                st.sampled_from(moves),
                st.just({}) | given_facts,
                st.none() | st.none() | ODD,
                st.sampled_from([0, 0, 60, 86400, 4 * 86400]),
            ),
            max_size=8,
        ),
    )
    def play(opening, tape):
        desk = place.desk("小王", everywhere="front_desk supervisor site_manager technician agent leader")
        category, facts = opening
        filled = {item.fact: plausible(plan.facts[item.fact]) for item in plan.categories[category].record}
        opened = desk.open(category, {**filled, **facts})
        assert opened.status_code < 500, opened.text
        if opened.status_code != 201:
            return
        ticket = opened.json()["ticket"]["ticket"]
        for place_of_offered, stray, given_now, occurred, seconds in tape:
            place.pass_time(seconds)
            offered = desk.get(f"tickets/{ticket}/moves")
            assert offered.status_code == 200, offered.text
            known = {each["move"]: each for each in offered.json()["moves"]}
            move = [*known, *[stray] * 4][place_of_offered % (len(known) + 4)]
            asked = {each["name"]: plausible_field(each) for each in known[move]["fields"]} if move in known else {}
            envelope = {"occurred_at": occurred} if occurred else {}
            envelope |= {"assignee": asked.pop("assignee")} if "assignee" in asked else {}
            done = desk.do(ticket, move, **{**asked, **given_now, **envelope})
            assert done.status_code < 500, (move, given_now, envelope, done.text)
            assert desk.get(f"tickets/{ticket}/timeline").status_code == 200
            assert desk.get(f"tickets/{ticket}").status_code == 200
        assert desk.get("tickets", params={"limit": 5}).status_code == 200
        assert place.gate.defects.count == 0
        assert not place.daemon.engine.beat.failing

    play()


def plausible(fact):
    return {"choice": next(iter(fact.values), ""), "flag": "yes", "number": 1, "score": 80, "time": "18:00", "role": "supervisor"}.get(fact.type, "某事")  # fmt: skip


def plausible_field(each):
    values = [value["id"] for value in each["values"]]
    if values:
        return values[0]
    return {"flag": True, "number": 1, "score": 80, "time": "2026-12-01 18:00", "date": "2026-12-01"}.get(
        each["type"], "老张"
    )
