"""What somebody would try who means harm: each once got through, or got further than it should."""

from __future__ import annotations

import asyncio
import re
import resource
import socket
from contextlib import contextmanager
from threading import Event
from time import sleep

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from engine.server import connections, live
from engine.server.board import lists, web
from engine.store import Database, backup, keep_customers
from tests.server.conftest import REPAIR, listening, problem
from tests.server.doors import GOOD


def browser(house, name=None):
    """Somebody at the board, signed in where named."""
    client = TestClient(house.app, raise_server_exceptions=False, follow_redirects=False)
    if name is not None:
        assert client.post("/sign-in", data={"name": name, "password": GOOD}).status_code == 303
    return client


@pytest.fixture(scope="module")
def admin(house):
    house.account("root", "小王", everywhere="admin supervisor front_desk")
    return browser(house, "root")


def form_of(client, path):
    return re.search(r'name="form" value="(\w+)"', client.get(path).text)[1]


# ---- forms -----------------------------------------------------------------------------------------------------------


def posted(address, body, *headers):
    """What a server answers to a form, sent byte by byte as given."""
    host, port = address.removeprefix("http://").split(":")
    kind = "Content-Type: application/x-www-form-urlencoded"
    head = "\r\n".join(["POST /sign-in HTTP/1.1", f"Host: {host}:{port}", kind, "Connection: close", *headers])
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode() + body)
        return connection.recv(12)


def test_a_form_of_a_stranger_is_short_and_what_it_says_of_its_length_is_not_believed(house):
    fields = b"&" * (web.FORM_MAX + 1)
    with listening(house.app) as address:
        assert posted(address, fields, f"Content-Length: {len(fields)}") == b"HTTP/1.1 413"
        chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(fields), fields)
        assert posted(address, chunk, "Content-Length: 4", "Transfer-Encoding: chunked") == b"HTTP/1.1 413"
        assert posted(address, b"3\r\na=b\r\n0\r\n\r\n", "Transfer-Encoding: chunked") == b"HTTP/1.1 403"


def test_files_are_read_only_of_somebody_who_is_signed_in(house, admin):
    files = {"list": ("list.csv", b"x" * (web.FORM_MAX + 1))}
    assert browser(house).post("/board/lakeside/people", files=files).status_code == 303
    form = {"form": form_of(admin, "/board/lakeside/people")}
    assert admin.post("/board/lakeside/people", data=form, files=files).status_code == 422


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://testserver"}, 303),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://["}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"}, 403),
    ],
)
def test_a_form_comes_from_our_own_pages(house, admin, headers, status):
    sent = browser(house).post("/sign-in", data={"name": "root", "password": GOOD}, headers=headers)
    assert sent.status_code == status
    assert house.gate.defects.count == 0


def test_a_form_that_was_made_for_no_version_that_there_could_be(house, admin):
    ticket = f"/board/lakeside/ticket/{house.desk('小李').ticket()}"
    form = {"form": form_of(admin, ticket), "move": "urge", "version": "9" * 5000}
    assert admin.post(ticket, data=form).status_code == 303
    assert house.gate.defects.count == 0


def test_what_is_no_token_does_not_become_the_cookie_of_a_wall(house):
    for text in ("中文", "hy_00000000_x; Path=/", "\r\nSet-Cookie: huiyin=x"):
        answer = browser(house).get("/wall/lakeside", params={"token": text})
        assert "huiyin" not in answer.headers.get("set-cookie", "")
        assert answer.headers["location"].startswith("/sign-in")
    assert house.gate.defects.count == 0


# ---- connections -----------------------------------------------------------------------------------------------------


def connected(address):
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def ends(connection):
    """Whether the other side ends a connection without a word."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_who_holds_a_connection_and_does_not_say_what_for_loses_it(house, monkeypatch):
    monkeypatch.setattr(connections, "ARRIVES_IN", 0.2)
    form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\na"
    begun = (b"", b"GET /livez HTTP/1.1\r\nHost: x", b"POST /sign-in HTTP/1.1\r\nHost: x\r\n" + form)
    with listening(house.app, http=connections.Connection) as address:
        for said in begun:
            with connected(address) as connection:
                connection.sendall(said)
                assert ends(connection)
        with connected(address) as connection:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"}"):
                answer += connection.recv(4096)
            connection.sendall(b"GET")  # a second one has as long
            assert ends(connection)
    assert house.gate.defects.count == 0


LONG = 8 << 20  # bytes: more than the buffers of both sides take


async def long_answer(request):
    return Response(bytes(LONG))


READING = Starlette(routes=[Route("/", long_answer)])


def test_who_takes_nothing_of_an_answer_loses_his_connection(monkeypatch):
    monkeypatch.setattr(connections, "TAKEN_IN", 0.05)
    lost = Event()

    class Connection(connections.Connection):
        def connection_lost(self, exc):
            super().connection_lost(exc)
            lost.set()

    with listening(READING, http=Connection) as address, connected(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert lost.wait(10)


def test_who_takes_an_answer_slowly_gets_it_whole(monkeypatch):
    monkeypatch.setattr(connections, "TAKEN_IN", 0.05)
    monkeypatch.setattr(connections, "TAKEN_MIN", 0)  # a busy machine may stand still meanwhile
    with listening(READING, http=connections.Connection) as address, connected(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        taken = 0
        while taken < LONG:
            part = len(connection.recv(1 << 17))
            assert part
            taken += part
            sleep(0.01)


def test_there_are_only_so_many_connections(house, monkeypatch):
    monkeypatch.setattr(connections, "CONNECTIONS_MAX", 2)
    with listening(house.app, http=connections.Connection) as address:
        held = [connected(address) for _ in range(2)]
        with connected(address) as one_more:
            assert ends(one_more)
        held[0].sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert held[0].recv(12) == b"HTTP/1.1 200"
        for connection in held:
            connection.close()


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/sites/lakeside/tickets", "/api/v1/sites/lakeside/evidence"])
def test_who_goes_away_in_the_middle_of_a_body_is_no_defect(house, path):
    token = house.token("小李")
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 99\r\n"
    kind = "json" if path.endswith("tickets") else "x-www-form-urlencoded"
    with listening(house.app) as address, connected(address) as connection:
        connection.sendall(f"{head}Content-Type: application/{kind}\r\n\r\na=b".encode())
    assert house.gate.defects.count == 0


def test_an_account_watches_only_so_often_at_once(house, admin, monkeypatch):
    monkeypatch.setattr(live, "STREAMS_MAX", 0)
    answer = admin.get("/board/lakeside/events")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "15")


def test_a_stream_ends_with_its_session_also_where_much_happens():
    async def watch():
        watched, looked = live.Live(), []
        stream = lists.stream(watched, "lakeside", "lily", lambda: bool(looked.append(0)), pulse=0.02)
        said = [await anext(stream)]
        while "end" not in said[-1]:
            watched.tell("lakeside", "lakeside-1")
            said.append(await anext(stream))
        return said

    assert "change" in asyncio.run(asyncio.wait_for(watch(), 5))[1]


# ---- customers -------------------------------------------------------------------------------------------------------


def test_at_the_board_customers_are_found_by_whom_the_api_shows_them(house, admin):
    keep_customers(house.daemon.database, "lakeside", [("3-2-1101", "王女士", "13800000001", "")])
    house.account("guest", "老王", lakeside="ticket:read ticket:write")
    page, guest = "/board/lakeside/intake/repair?customer=", browser(house, "guest")
    assert guest.get("/api/v1/sites/lakeside/customers?q=3-2-1101").status_code == 409
    assert guest.get(f"{page}3-2-1101").status_code == 403
    assert "13800000001" in admin.get(f"{page}3-2-1101").text


def test_who_may_not_see_customers_finds_no_tickets_by_them_and_each_look_is_logged(house, admin):
    house.account("visitor", "老王", lakeside="ticket:read ticket:write")
    ticket = house.desk("小李").ticket(facts={**REPAIR, "unit": "3-2-1101"})
    keep_customers(house.daemon.database, "lakeside", [("3-2-1101", "王女士", "13800000001", "")])
    visitor, link = browser(house, "visitor"), f"/ticket/{ticket}"
    for asked in ("3-2-1101", "13800000001"):
        assert link in admin.get("/board/lakeside", params={"q": asked}).text
        assert link not in visitor.get("/board/lakeside", params={"q": asked}).text
    assert link in visitor.get("/board/lakeside", params={"q": ticket}).text
    logged = [entry for _, entry in house.gate.log.records() if entry.action == "customer.find"]
    assert [entry.object for entry in logged[:2]] == ["1 tickets found", "0 tickets found"]


# ---- a disk that is full, a file that is damaged ---------------------------------------------------------------------


@contextmanager
def full_disk():
    """No file of this process grows beyond a page: what SQLite sees of a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_keeps_nobody_from_reading_and_afterwards_all_goes_on(new_house):
    new_house.account("lily", "小李", lakeside="front_desk")
    lily, desk = browser(new_house, "lily"), new_house.desk("小李")
    ticket = desk.ticket()
    page = f"/board/lakeside/ticket/{ticket}"
    move = {"form": form_of(lily, page), "move": "urge"}
    new_house.clock.at += 120  # so that it would be written down when they were last seen
    with full_disk():
        answer = desk.open()
        assert problem(answer, 503, "store")
        assert answer.headers["Retry-After"] == "5"
        answer = lily.post(page, data=move)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert lily.get(page).status_code == lily.get("/board/lakeside").status_code == 200
        assert desk.get(f"tickets/{ticket}").status_code == 200
    assert desk.open().status_code == 201
    assert lily.post(page, data=move).status_code == 303
    assert new_house.gate.defects.count == 0


def test_a_store_that_cannot_be_read_is_a_page_too(new_house, monkeypatch):
    new_house.account("lily", "小李", lakeside="front_desk")
    lily = browser(new_house, "lily")
    monkeypatch.setattr(new_house.daemon.database, "_closed", True)
    answer = lily.get("/board/lakeside")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize(
    "damage", ["zzz", "[1]", "{}", "7", '{"lakeside": 7}', '{"lakeside": [["admin"]]}', "[" * 9999]
)
def test_a_damaged_account_or_token_lets_nobody_in_and_is_no_defect(new_house, damage):
    new_house.account("lily", "小李", lakeside="front_desk")
    lily, desk = browser(new_house, "lily"), new_house.desk("小李")
    new_house.daemon.database.write(lambda connection: connection.execute("UPDATE account SET sites = ?", (damage,)))
    new_house.daemon.database.write(lambda connection: connection.execute("UPDATE token SET sites = ?", (damage,)))
    assert lily.get("/board/lakeside").status_code in (503, 404)
    assert desk.get("tickets").status_code in (503, 403)
    assert new_house.gate.defects.count == 0


@pytest.mark.parametrize("damage", ["zzz", "[1]"])
def test_a_damaged_policy_is_no_defect(new_house, damage):
    new_house.daemon.database.write(lambda connection: connection.execute("UPDATE revision SET files = ?", (damage,)))
    assert [one["damaged"] for one in new_house.desk("小李").get("policies").json()["policies"]] == [True]
    new_house.account("lily", "小李", lakeside="front_desk")
    assert browser(new_house, "lily").get("/board/lakeside").status_code == 200
    assert new_house.gate.defects.count == 0


def test_nobody_else_on_the_machine_reads_the_file(tmp_path):
    with Database.open(tmp_path / "a.db", lambda: 0) as database:
        database.write(lambda connection: connection.execute("CREATE TABLE x (y)"))
        backup(database, tmp_path / "b.db")
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


# ---- the vault -------------------------------------------------------------------------------------------------------


def vault(house):
    with house.daemon.database.read() as connection:
        return connection.execute("SELECT fact, value FROM vault ORDER BY fact, value").fetchall()


def test_a_command_that_is_refused_leaves_nothing_of_anybody_in_the_vault(new_house):
    desk = new_house.desk("小李")
    ticket = desk.ticket()
    before, other = vault(new_house), {**REPAIR, "name": "别人", "unit": "1-1-101", "phone": "13900000000"}
    problem(desk.open("fire", other), 409, "unknown")
    problem(desk.do(ticket, "note", expected_version=99, text="某人的事"), 409, "changed")
    problem(new_house.desk("小杨").do(ticket, "set_facts", name="别人", reason="x"), 409, "by")
    assert vault(new_house) == before
    assert desk.do(ticket, "note", text="某人的事").status_code == 200
    assert vault(new_house) == sorted([*before, ("note", "某人的事")])


def test_a_value_that_was_there_before_stays_there_when_a_command_with_it_is_refused(new_house):
    desk = new_house.desk("小李")
    ticket = desk.ticket()
    problem(desk.open("fire"), 409, "unknown")
    shown = desk.post(f"tickets/{ticket}/reveal", {"fact": "phone", "purpose": "contact"})
    assert shown.json()["value"] == REPAIR["phone"]


def test_nobody_is_on_the_roster_whose_name_could_not_be_shown(house):
    manager = house.desk("小王", scopes="roster:write ticket:read")
    for name in ("小陈\r\nBcc: x@example.org", "\x00", "\u202e小陈"):
        found = problem(manager.post("roster", {"come": [{"person": name, "role": "technician"}]}), 422, "invalid")
        assert "Bcc" not in found["detail"]
