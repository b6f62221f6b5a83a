"""Each class of answer ends as the table says, whatever the world does; nothing hangs and nothing is followed."""

from __future__ import annotations

import json
import socket
import ssl
import time
import tracemalloc
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from threading import Thread

import pytest

from engine.notify import Outcome
from engine.notify.channels import dingtalk, feishu, wecom
from tests.notify.channels.hands import NOW, endpoint, only_loopback, robots, sent, webhook, wire
from tests.notify.receivers import (
    answering,
    closed_port,
    drip,
    eventually,
    flood,
    hang,
    receiver,
    reset,
    secured,
    self_signed,
    slam,
    status,
)

METADATA = "http://169.254.169.254/latest/meta-data/"
HTML = b"<html><body>Please log in</body></html>"

ANSWERS = [
    pytest.param(status(200), ("sent", "", None), id="200"),
    pytest.param(status(204), ("sent", "", None), id="204"),
    pytest.param(status(200, HTML), ("sent", "", None), id="200 with HTML: a webhook is judged by its status"),
    pytest.param(status(200, b"\xff\xfe\xc3("), ("sent", "", None), id="200 with invalid UTF-8"),
    pytest.param(answering(b"HTTP/1.0 200 OK\r\n\r\nhi"), ("sent", "", None), id="HTTP/1.0 without a length"),
    pytest.param(answering(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ("sent", "", None), id="100, then 200"),
    pytest.param(status(301, Location=METADATA), ("refused", "301", None), id="301"),
    pytest.param(status(302, Location=METADATA), ("refused", "302", None), id="302 to a link-local address"),
    pytest.param(status(307, Location="https://public.example/"), ("refused", "307", None), id="307"),
    pytest.param(status(400), ("refused", "400", None), id="400"),
    pytest.param(status(401), ("refused", "401", None), id="401"),
    pytest.param(status(403), ("refused", "403", None), id="403"),
    pytest.param(status(404), ("refused", "404", None), id="404"),
    pytest.param(status(415), ("refused", "415", None), id="415"),
    pytest.param(status(408), ("retry", "408", None), id="408"),
    pytest.param(status(425), ("retry", "425", None), id="425"),
    pytest.param(status(429), ("retry", "429", None), id="429"),
    pytest.param(status(429, Retry_After="17"), ("retry", "429", 17), id="429 with seconds"),
    pytest.param(status(429, Retry_After=formatdate(NOW + 90, usegmt=True)), ("retry", "429", 90), id="429 with a date"),
    pytest.param(status(429, Retry_After=formatdate(NOW - 90, usegmt=True)), ("retry", "429", 0), id="429 with a date gone by"),
    pytest.param(status(429, Retry_After="9" * 400), ("retry", "429", 86_400), id="429 that asks for ages"),
    pytest.param(status(429, Retry_After="soon"), ("retry", "429", None), id="429 with nonsense"),
    pytest.param(status(429, Retry_After="-5"), ("retry", "429", None), id="429 with a negative number"),
    pytest.param(status(410), ("disabled", "410", None), id="410"),
    pytest.param(status(500), ("retry", "500", None), id="500"),
    pytest.param(status(502, HTML), ("retry", "502", None), id="502"),
    pytest.param(status(503, Retry_After="30"), ("retry", "503", 30), id="503 with seconds"),
    pytest.param(status(599), ("retry", "599", None), id="599"),
    pytest.param(answering(b"HTTP/1.1 999 X\r\n\r\n"), ("retry", "999", None), id="a status that there is not"),
    pytest.param(answering(b"SSH-2.0-OpenSSH_9.2\r\n"), ("retry", "", None), id="not HTTP"),
    pytest.param(answering(b"\x00" * 200_000), ("retry", "", None), id="zeroes"),
    pytest.param(answering(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 5_000), ("retry", "", None), id="headers without end"),
    pytest.param(answering(b"HTTP/1.1 200 OK\r\na: " + b"x" * 200_000), ("sent", "", None), id="200, then a header without end: the status was in"),
    pytest.param(answering(b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000), ("retry", "", None), id="100 for ever"),
    pytest.param(hang, ("retry", "", None), id="hangs"),
    pytest.param(drip(), ("retry", "", None), id="a byte now and then"),
    pytest.param(drip(before=b"HTTP/1.1 200 OK\r\na: "), ("retry", "", None), id="a header that drips"),
    pytest.param(reset, ("retry", "", None), id="RST"),
    pytest.param(slam, ("retry", "", None), id="closes at once"),
]  # fmt: skip


@pytest.mark.parametrize(("behave", "expected"), ANSWERS)
def test_an_answer_ends_as_the_table_says(behave, expected) -> None:
    with receiver(behave) as one:
        began = time.monotonic()
        outcome = sent(webhook(one.port))
        assert time.monotonic() - began < 1
        assert (outcome.status, outcome.code, outcome.retry_after) == expected
        assert one.connections == 1
        assert outcome.reason or outcome.status == "sent"


def test_nobody_listening_is_tried_again() -> None:
    assert sent(webhook(closed_port())).status == "retry"


def test_a_webhook_is_sent_when_its_status_is_in_though_the_body_never_ends() -> None:
    with receiver(drip(before=b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")) as one:
        began = time.monotonic()
        assert sent(webhook(one.port)).status == "sent"
        assert time.monotonic() - began < 0.15


@pytest.mark.parametrize(
    "head", [b"Content-Length: 10737418240", b"Content-Type: text/html", b"Transfer-Encoding: chunked"]
)
def test_of_10_gb_only_64_kib_are_read(head: bytes) -> None:
    """In little memory, and the rest is never asked for."""
    start = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + (b"80000000\r\n" if b"chunked" in head else b"")
    given: list[int] = []
    with receiver(flood(start, given)) as one:
        tracemalloc.start()
        outcome = sent(robots(one.port)[0], over=wire(total_seconds=2))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (outcome.status, outcome.reason) == ("retry", "the answer is not the robot's")
    assert peak < 10 << 20
    assert given[0] < 64 << 20  # what the system's buffers took in


CODES = [
    *[pytest.param(0, "errcode", code, id=f"wecom {code}") for code in wecom.CODES],
    *[pytest.param(1, "errcode", code, id=f"dingtalk {code}") for code in dingtalk.CODES],
    *[pytest.param(2, "code", code, id=f"feishu {code}") for code in feishu.CODES],
]
PASSING = {-1, 42001, 45009, 45033, 90030, 130101, 410100, 9499, 11232, 99991400}


@pytest.mark.parametrize(("index", "field", "code"), CODES)
def test_a_robot_is_judged_by_its_code_never_by_200(index: int, field: str, code: int) -> None:
    with receiver(status(200, json.dumps({field: code, "errmsg": "key=k"}).encode())) as one:
        outcome = sent(robots(one.port)[index])
    assert (outcome.status, outcome.code) == ("retry" if code in PASSING else "refused", str(code))
    assert outcome.reason
    assert "key" not in outcome.reason


@pytest.mark.parametrize(
    ("index", "code", "after"), [(0, 45009, 60), (0, 42001, 0), (0, -1, None), (1, 130101, 600), (2, 11232, 60)]
)
def test_a_robot_that_sends_too_much_waits_as_long_as_its_rules_say(index: int, code: int, after: int | None) -> None:
    with receiver(status(200, json.dumps({"errcode": code, "code": code}).encode())) as one:
        assert sent(robots(one.port)[index]).retry_after == after


ROBOT_ANSWERS = [
    pytest.param(200, b'{"errcode": 0, "code": 0}', ("sent", ""), id="done"),
    pytest.param(200, b'{"errcode": 0, "code": 0, "msg": "\xff\xfe"}', ("sent", ""), id="done, in invalid UTF-8"),
    pytest.param(200, b'{"errcode": 777, "code": 777}', ("retry", "777"), id="a code that nobody told us of"),
    pytest.param(200, HTML, ("retry", ""), id="HTML"),
    pytest.param(200, b"", ("retry", ""), id="nothing"),
    pytest.param(200, b"[0]", ("retry", ""), id="a list"),
    pytest.param(200, b"[" * 60_000, ("retry", ""), id="brackets"),
    pytest.param(200, b'{"errcode": false, "code": false}', ("retry", ""), id="false is not 0"),
    pytest.param(200, b'{"errcode": "0", "code": "0"}', ("retry", ""), id="a text is not 0"),
    pytest.param(200, b'{"errcode": 1' + b"0" * 5_000 + b"}", ("retry", ""), id="a number too long to read"),
    pytest.param(500, b'{"errcode": 0, "code": 0}', ("retry", "500"), id="0 under 500"),
    pytest.param(404, HTML, ("refused", "404"), id="404"),
    pytest.param(410, b"", ("disabled", "410"), id="410"),
    pytest.param(302, b'{"errcode": 0, "code": 0}', ("refused", "302"), id="302"),
    pytest.param(302, b'{"errcode": -1, "code": 9499}', ("refused", "302"), id="a known code under 302"),
]


@pytest.mark.parametrize(("code", "body", "expected"), ROBOT_ANSWERS)
@pytest.mark.parametrize("index", range(3))
def test_what_a_robot_answers_otherwise(index: int, code: int, body: bytes, expected: tuple[str, str]) -> None:
    with receiver(status(code, body)) as one:
        outcome = sent(robots(one.port)[index])
    assert (outcome.status, outcome.code) == expected


def test_a_known_code_decides_under_another_status_too() -> None:
    """Feishu answers 400 to what may pass."""
    with receiver(status(400, b'{"code": 11232}')) as one:
        assert sent(robots(one.port)[2])[:3:2] == ("retry", "11232")


@pytest.mark.parametrize("behave", [hang, drip(before=b"HTTP/1.1 200 OK\r\n\r\n")], ids=["hangs", "drips"])
def test_a_robot_that_never_ends_is_left_in_time(behave) -> None:
    with receiver(behave) as one:
        began = time.monotonic()
        assert sent(robots(one.port)[0]) == Outcome("retry", "no answer in time")
        assert time.monotonic() - began < 1


def test_a_certificate_of_nobody_we_trust_is_an_error_and_never_sent_to(tmp_path: Path) -> None:
    seen: list[object] = []
    with receiver(secured(status(200, seen=seen), self_signed(tmp_path))) as one:
        outcome = sent(webhook(one.port, tls=True), over=wire(total_seconds=2))
    assert outcome == Outcome("retry", "the secured connection failed")
    assert seen == []


def test_a_trusted_certificate_is_checked_for_the_name_though_the_address_is_dialled(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    over = wire(total_seconds=2, trust=ssl.create_default_context(cafile=certificate))
    seen: list = []
    with receiver(secured(status(200, seen=seen), certificate)) as one:
        assert sent(webhook(one.port, tls=True), over=over).status == "sent"
        strange = replace(webhook(one.port, tls=True).endpoint, host="other.example")
        assert sent(replace(webhook(one.port), endpoint=strange), over=over).status == "retry"
        usual = replace(over, connect=lambda address, port, seconds: only_loopback(address, one.port, seconds))
        assert sent(webhook(443, tls=True), over=usual).status == "sent"
    assert [request.headers["host"] for request in seen] == [f"hook.example:{one.port}", "hook.example"]


@pytest.mark.parametrize("behave", [hang, status(200)], ids=["hangs", "no TLS"])
def test_a_handshake_that_fails_is_left_in_time(behave) -> None:
    with receiver(behave) as one:
        assert sent(webhook(one.port, tls=True)).status == "retry"


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(status(500)) as proxy, receiver(status(200)) as one:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert sent(webhook(one.port)).status == "sent"
        assert proxy.connections == 0


def test_an_address_that_does_not_answer_makes_room_for_the_next() -> None:
    """A name with an address of a dead line first."""
    tried: list[str] = []

    def connect(address: str, port: int, seconds: float) -> socket.socket:
        tried.append(address)
        if address == "127.0.0.2":
            raise TimeoutError
        return only_loopback(address, port, seconds)

    with receiver(status(200)) as one:
        over = wire(resolve=lambda host, port, seconds: ["127.0.0.2", "127.0.0.1"], connect=connect)
        assert sent(webhook(one.port), over=over).status == "sent"
    assert tried == ["127.0.0.2", "127.0.0.1"]


@pytest.mark.parametrize(
    ("host", "port", "header"),
    [
        ("hook.example", 80, "hook.example"),
        ("hook.example", 443, "hook.example:443"),
        ("2400:3200::1", 80, "[2400:3200::1]"),
    ],
)
def test_the_receiver_is_called_by_its_name(host: str, port: int, header: str) -> None:
    seen: list = []
    with receiver(status(200, seen=seen)) as one:
        over = wire(connect=lambda address, port, seconds: only_loopback(address, one.port, seconds))
        where = replace(webhook(port).endpoint, host=host)
        assert sent(replace(webhook(port), endpoint=where), over=over).status == "sent"
    assert seen[0].headers["host"] == header


def test_a_hanging_receiver_costs_its_own_sender_only() -> None:
    with receiver(hang) as slow, receiver(status(200)) as quick:
        thread = Thread(target=sent, args=(webhook(slow.port),))
        thread.start()
        assert eventually(lambda: slow.connections == 1)
        began = time.monotonic()
        assert sent(webhook(quick.port)).status == "sent"
        assert time.monotonic() - began < 0.15
        thread.join()


def test_an_endpoint_shows_its_key_to_nobody() -> None:
    assert "key=k" not in repr(endpoint(1))
    assert "SEC1" not in repr(robots(1))
