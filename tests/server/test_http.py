"""What HTTP asks of whoever speaks it: heads, methods, languages, and addresses that end in a slash."""

from __future__ import annotations

import pytest

from tests.server.conftest import problem
from tests.server.test_board import Browser

GETS = (
    "/livez",
    "/readyz",
    "/metrics",
    "/api/v1/sites",
    "/sign-in",
    "/s/x",
    "/static/board.css",
    "/openapi.json",
    "/no",
)


@pytest.fixture(scope="module")
def desk(house):
    return house.desk("小李")


@pytest.mark.parametrize("path", GETS)
def test_the_head_of_whatever_is_got_can_be_asked_for(house, desk, path):
    head, whole = (house.client.request(method, path, headers=desk.headers) for method in ("HEAD", "GET"))
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers.keys() == whole.headers.keys()
    assert head.headers["content-length"] == whole.headers["content-length"]


def test_the_head_of_a_stream_does_not_wait_for_what_follows(house):
    house.account("sun", "小孙", lakeside="front_desk")
    head = Browser(house, "sun").client.head("/board/lakeside/events")
    assert head.headers["content-type"].startswith("text/event-stream")
    assert not house.daemon.live.has_enough("sun")


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/api/v1/sites/lakeside/tickets", "GET, HEAD, POST"),
        ("/api/v1/accounts/x", "PUT"),
        ("/board/lakeside", "GET, HEAD"),
        ("/livez", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_taken_is_told_all_that_are(desk, path, allow):
    answer = desk.house.client.patch(path, headers=desk.headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("en;q=0.1, zh;q=0.9", "请先登录"),
        ("zh;q=0, en", "Sign in first"),
        ("zh;q=0", "Sign in first"),
        ("de, zh-CN;q=0.8, en;q=0.7", "请先登录"),
        ("ZH", "请先登录"),
        ("zh;q=much, en;q=0.2", "Sign in first"),
        ("zh;q=nan", "Sign in first"),
    ],
)
def test_the_language_that_a_browser_likes_best_is_spoken(house, said, title):
    assert house.client.get("/api/v1/sites", headers={"Accept-Language": said}).json()["title"] == title


def test_an_address_with_a_slash_too_many_leads_nowhere_else(house, desk):
    stranger = {**desk.headers, "Host": "evil.example"}
    problem(house.client.get("/api/v1/sites/", headers=stranger, follow_redirects=False), 404, "not_found")
    browser = {"Accept": "text/html", "Host": "evil.example"}
    for path, where in (("/board/lakeside/", "/board/lakeside"), ("//evil.example/board/", "/")):
        answer = house.client.get(f"http://testserver{path}", headers=browser, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (308, where)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_what_a_call_may_be_answered_with_is_documented(house, desk):
    routes = house.client.get("/openapi.json").json()["paths"]
    assert not {"head"} & {method for methods in routes.values() for method in methods}
    answer = desk.call("POST", "evidence", content=b"text")
    documented = routes["/api/v1/sites/{site}/evidence"]["post"]["responses"].keys()
    assert {str(answer.status_code), "500", "503"} <= documented
