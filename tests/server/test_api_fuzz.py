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
