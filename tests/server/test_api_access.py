"""Who may call what: every route with its action, and a matrix written by hand."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute

from engine.server.entry.access import ACTIONS
from engine.server.entry.access_log import Call
from tests.server.conftest import REPAIR, problem
from tests.server.doors import GOOD

#: Scopes by the letter of their token: read, write, policy, roster, people, outbox, audit, figures (read, write), admin; nothing.
TOKENS = {
    "r": "ticket:read",
    "w": "ticket:write",
    "v": "pii:reveal",
    "p": "policy:read",
    "P": "policy:write",
    "o": "roster:write",
    "e": "people:write",
    "x": "outbox:manage",
    "u": "audit:read",
    "f": "figures:read",
    "F": "figures:write",
    "A": "admin",
}
#: method, path, tokens at lakeside whose call is not 403; `deployment`: those for the whole deployment.
MATRIX = """
GET    /sites                                          rA
GET    /sites/{site}                                   rA
POST   /sites/{site}/promises                          rA
GET    /sites/{site}/tickets                           rA
POST   /sites/{site}/tickets                           wA
GET    /sites/{site}/tickets/{ticket}                  rA
GET    /sites/{site}/tickets/{ticket}/timeline         rA
GET    /sites/{site}/tickets/{ticket}/moves            rA
POST   /sites/{site}/tickets/{ticket}/moves            wA
POST   /sites/{site}/tickets/{ticket}/reveal           vA
POST   /sites/{site}/tickets/{ticket}/link             wA
DELETE /sites/{site}/tickets/{ticket}/link             wA
GET    /sites/{site}/categories                        rA
GET    /sites/{site}/categories/{category}             rA
POST   /sites/{site}/evidence                          wA
GET    /sites/{site}/evidence/{evidence}               rA
POST   /sites/{site}/erasures                          eA
GET    /sites/{site}/roster                            rA
GET    /sites/{site}/findings                          rA
POST   /sites/{site}/lists                             eA
GET    /sites/{site}/customers                         wA
POST   /sites/{site}/roster                            oA
GET    /sites/{site}/handovers                         rA
POST   /sites/{site}/handovers                         wA
GET    /sites/{site}/duties                            rA
POST   /sites/{site}/duties/excuse                     oA
GET    /sites/{site}/figures                           fA
POST   /sites/{site}/figures                           FA
GET    /sites/{site}/reports                           fA
GET    /sites/{site}/policies                          pA
GET    /sites/{site}/policies/active                   pA
POST   /sites/{site}/policies/reload                   PA
POST   /sites/{site}/policies/rollback                 PA
POST   /sites/{site}/policies/migrate                  PA
POST   /sites/{site}/days                              PA
POST   /days                                           PA deployment
GET    /sites/{site}/outbox                            xA
POST   /sites/{site}/outbox/retry                      xA
POST   /sites/{site}/outbox/discard                    xA
GET    /accounts                                       A  deployment
POST   /accounts                                       A  deployment
PUT    /accounts/{name}                                A  deployment
PUT    /account/password                               -
GET    /tokens                                         A  deployment
POST   /tokens                                         A  deployment
DELETE /tokens/{id}                                    A  deployment
GET    /audit/verify                                   uA deployment
GET    /audit/log                                      uA deployment
GET    /clock                                          A  deployment
POST   /clock/accept                                   A  deployment
"""
ROWS = [line.split() for line in MATRIX.strip().splitlines()]
#: Reached with the code of a link, and by nobody else.
BY_LINK = {("GET", "/status/{code}")}


def flat(routes):
    """Routes with those of the routers that were included."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        yield from flat(inner.routes) if inner is not None else [route]


def api_routes(house):
    return [one for one in flat(house.app.routes) if getattr(one, "path", "").startswith("/api")]


def actions(route):
    calls = [one.call for one in route.dependant.dependencies]
    return [call.action for call in calls if hasattr(call, "action")]


def test_every_route_of_the_api_declares_one_action_of_the_table(house):
    routes = api_routes(house)
    assert len(routes) > 30
    for route in routes:
        assert isinstance(route, APIRoute), route
        found = actions(route)
        assert len(found) == 1, route.path
        assert found[0] in ACTIONS, route.path


def test_every_route_has_a_row_in_the_matrix(house):
    known = {
        (method, route.path_format.removeprefix("/api/v1")) for route in api_routes(house) for method in route.methods
    }
    assert known == {(row[0], row[1]) for row in ROWS} | BY_LINK


def call(desk, method, path, site="lakeside"):
    values = {
        "site": site,
        "ticket": "lakeside-1",
        "category": "repair",
        "evidence": "0" * 64,
        "name": "nobody",
        "id": "0" * 8,
    }
    url = "/api/v1" + re.sub(r"{(\w+)}", lambda found: values[found[1]], path)
    return desk.call(method, url, json={} if method in ("POST", "PUT") else None)


@pytest.fixture(scope="module")
def desks(house):
    tokens = {letter: scope for letter, scope in TOKENS.items() if letter != "u"}  # which no token has at one site
    local = {letter: house.as_(house.token(scopes=scope)) for letter, scope in tokens.items()}
    everywhere = {letter: house.as_(house.token(scopes=scope, everywhere="")) for letter, scope in TOKENS.items()}
    return local, everywhere


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[:2]))
def test_a_route_lets_in_those_of_its_row_and_nobody_else(desks, row):
    method, path, letters, *where = row
    local, everywhere = desks
    for letter, desk in (everywhere if where else local).items():
        if path == "/sites/{site}/policies/reload" and letter in letters:
            continue  # it would work
        status = call(desk, method, path).status_code
        assert (status != 403) is (letter in letters), (letter, status)
        assert status < 500
    if where:
        assert all(call(desk, method, path).status_code == 403 for desk in local.values())
    elif "{site}" in path:
        assert all(call(desk, method, path, "cloud-park").status_code == 403 for desk in local.values())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[:2]))
def test_nobody_is_let_in_without_a_token(house, row):
    problem(call(house.as_(None), *row[:2]), 401, "sign_in")


def test_a_site_that_is_not_known_is_not_told_from_one_that_is_not_allowed(house):
    desk = house.desk("小李")
    problem(desk.get("tickets", site="nowhere"), 403, "not_allowed")
    problem(house.as_(house.token(everywhere="")).get("tickets", site="nowhere"), 404, "no_site")


def test_a_token_is_told_why_it_is_dead(house):
    text = house.token()
    desk = house.as_(text)
    assert desk.get("tickets").status_code == 200
    problem(house.as_("hy_nonsense").get("tickets"), 401, "token_malformed")
    problem(house.as_(text[:-1] + ("A" if text[-1] != "A" else "B")).get("tickets"), 401, "token_unknown")
    root = house.as_(house.token(scopes="admin", everywhere=""))
    assert root.call("DELETE", f"/api/v1/tokens/{text[3:11]}").status_code == 204
    problem(desk.get("tickets"), 401, "token_revoked")
    house.clock.at += 31 * 86400
    answer = root.get("tickets")
    problem(answer, 401, "token_expired")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_another_way_to_sign_in_is_no_way(house):
    answer = house.client.get("/api/v1/sites", headers={"Authorization": "Basic eDp5"})
    problem(answer, 401, "sign_in")


class Browser:
    """A session of the board."""

    def __init__(self, house, name):
        self.house = house
        signed = house.gate.sessions.sign_in(Call(house.clock(), "", "10.0.0.9", "r"), name, GOOD)
        self.form = signed.form
        self.cookies = {"Cookie": f"huiyin={signed.reference}"}

    def get(self, path):
        return self.house.client.get(f"/api/v1/sites/lakeside/{path}", headers=self.cookies)

    def post(self, path, json, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.house.client.post(f"/api/v1/sites/lakeside/{path}", json=json, headers={**self.cookies, **named})


def test_a_session_changes_something_only_from_its_own_pages(house):
    house.account("lily", lakeside="front_desk")
    lily = Browser(house, "lily")
    opening = {"category": "repair", "facts": REPAIR}
    assert lily.get("tickets").status_code == 200
    problem(lily.post("tickets", opening), 403, "form_stale")
    problem(lily.post("tickets", opening, X_CSRF_Token="0" * 64), 403, "form_stale")
    problem(lily.post("tickets", opening, X_CSRF_Token=lily.form, Origin="https://evil.example"), 403, "foreign")
    problem(lily.post("tickets", opening, X_CSRF_Token=lily.form, Sec_Fetch_Site="cross-site"), 403, "foreign")
    good = lily.post(
        "tickets", opening, X_CSRF_Token=lily.form, Origin="http://testserver", Sec_Fetch_Site="same-origin"
    )
    assert good.status_code == 201, good.text
    assert good.json()["ticket"]["first_contact"] == "小李"
    house.clock.at += 3600
    problem(lily.get("tickets"), 401, "session_ended")


def test_a_session_changes_its_own_password_and_ends(house):
    house.account("mei", lakeside="front_desk")
    mei = Browser(house, "mei")

    def change(present, password):
        headers = {**mei.cookies, "X-CSRF-Token": mei.form}
        json = {"present": present, "password": password}
        return house.client.put("/api/v1/account/password", json=json, headers=headers)

    problem(change("another one", "correct horse 2 电池"), 403, "password_wrong")
    problem(change(GOOD, "short"), 422, "password_short")
    assert change(GOOD, "correct horse 2 电池").status_code == 204
    problem(mei.get("tickets"), 401, "session_ended")


def test_who_is_not_let_in_is_in_the_log(house):
    house.desk("小李").get("figures", site="cloud-park")
    entry = house.gate.log.records()[0].entry
    assert (entry.action, entry.site, entry.outcome) == ("figures.read", "cloud-park", "denied")


def test_a_role_of_the_token_acts_where_the_roster_knows_nobody(house):
    phone = house.as_(house.token("phone system", lakeside="front_desk"))
    ticket = phone.ticket()
    assert phone.do(ticket, "urge").status_code == 200
    problem(house.as_(house.token("somebody")).do(ticket, "urge"), 409, "by")
