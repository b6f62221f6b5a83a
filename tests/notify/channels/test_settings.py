"""Destinations are read whole or refused with all their mistakes, and no secret is ever shown."""

from __future__ import annotations

import re
from base64 import b64encode
from ipaddress import ip_network
from pathlib import Path
from textwrap import dedent, indent

import pytest

from engine.notify import (
    Console,
    DingTalk,
    Feishu,
    Mail,
    Secret,
    Webhook,
    WeCom,
    read_destinations,
    read_settings,
)
from engine.notify.destinations import Endpoint
from tests.docs.pages import ROOT, blocks

CANARY = "CANARY-5ECRET"
WHSEC = "whsec_" + b64encode(b"k" * 32).decode()
ENVIRON = {
    "WECOM": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={CANARY}",
    "HOOK": WHSEC,
    "PW": CANARY,
    "EMPTY": "",
}


@pytest.fixture
def noted(tmp_path: Path):
    """The destinations of a file, and the mistakes in it."""

    def noted(text: str, environ: dict[str, str] = ENVIRON):
        file = tmp_path / "huiyin.yaml"
        file.write_text(text, encoding="utf-8")
        settings = read_settings(file, environ)
        found = read_destinations(settings.below("destinations"))
        assert all(one.words.zh and CANARY not in str(one.said()) for one in settings.mistakes)
        return found, settings.mistakes

    return noted


@pytest.fixture
def read(noted):
    """What stands below `destinations:`, without a mistake."""

    def read(text: str, environ: dict[str, str] = ENVIRON):
        found, mistakes = noted(below(text), environ)
        assert mistakes == []
        return found

    return read


@pytest.fixture
def mistakes(noted):
    def mistakes(text: str) -> list[str]:
        return [f"{one.path}: {one.words.en}" for one in noted(below(text))[1]]

    return mistakes


def below(text: str) -> str:
    return "destinations:\n" + indent(dedent(text), "  ")


def test_every_kind_is_read(read) -> None:
    found = read("""
        screen: {kind: console}
        owner_hook: {kind: webhook, url: "https://park.example:8443/hook?a=1", secrets: ["${env:HOOK}"], allow: [10.1.0.0/16]}
        mail: {kind: smtp, host: mx.park.example, sender: huiyin@park.example, user: huiyin, password: "${env:PW}", rate: 60}
        relay: {kind: smtp, host: 10.0.0.5, port: 2525, sender: a@b.example, tls: none, allow: [10.0.0.5/32]}
        ops: {kind: wecom, url: "${env:WECOM}", format: text}
        ding: {kind: dingtalk, url: "${env:WECOM}", secret: "${env:PW}", rate: "10"}
        lark: {kind: feishu, url: "${env:WECOM}"}
        """)
    robot = Endpoint("qyapi.weixin.qq.com", 443, Secret(f"/cgi-bin/webhook/send?key={CANARY}"))
    assert found == {
        "screen": Console("screen"),
        "owner_hook": Webhook(
            "owner_hook",
            Endpoint("park.example", 8443, Secret("/hook?a=1"), allow=(ip_network("10.1.0.0/16"),)),
            (Secret(WHSEC),),
        ),
        "mail": Mail(
            "mail", "mx.park.example", 587, "huiyin@park.example", "starttls", "huiyin", Secret(CANARY), rate=60
        ),
        "relay": Mail("relay", "10.0.0.5", 2525, "a@b.example", "none", allow=(ip_network("10.0.0.5/32"),)),
        "ops": WeCom("ops", robot, "text", 20),
        "ding": DingTalk("ding", robot, Secret(CANARY), 10),
        "lark": Feishu("lark", robot, None, 20),
    }
    assert CANARY not in repr(found)
    assert CANARY not in f"{found} {found['ops'].endpoint.path}"  # type: ignore[union-attr]


def test_nothing_is_a_deployment_without_destinations(noted) -> None:
    assert noted("data: here\n") == ({}, [])


def test_a_secret_comes_from_a_file_that_not_everybody_may_read(read, mistakes, tmp_path: Path) -> None:
    file = tmp_path / "robot.url"
    file.write_text(ENVIRON["WECOM"] + "\n")
    text = f'ops: {{kind: wecom, url: "${{file:{file}}}"}}'
    file.chmod(0o640)
    assert read(text)["ops"].endpoint.host == "qyapi.weixin.qq.com"  # type: ignore[union-attr]
    for mode in (0o644, 0o642, 0o641):
        file.chmod(mode)
        assert mistakes(text) == [f"destinations.ops.url: everybody may read or change {file}; say chmod o= {file}"]
    file.chmod(0o600)
    file.write_text("x" * 9_000)
    assert mistakes(text) == ["destinations.ops.url: the secret must be one line, 8 kB at most"]
    file.write_text("one\ntwo")
    assert mistakes(text) == ["destinations.ops.url: the secret must be one line, 8 kB at most"]
    file.write_bytes(b"\xff\xfe")
    assert mistakes(text) == [f"destinations.ops.url: {file} is not UTF-8"]
    file.unlink()
    assert mistakes(text) == [f"destinations.ops.url: {file} cannot be read: No such file or directory"]


HOOK = 'a: {kind: webhook, secrets: ["${env:HOOK}"], url: '
WRONG = [
    ("a: {kind: carrier-pigeon}", ["a.kind: one of: console, webhook, smtp, wecom, dingtalk, feishu"]),
    ("a: {url: x}", ["a.kind: is missing"]),
    ("a: 5", ["a: keys and values are wanted here", "a.kind: is missing"]),
    ("a: {kind: console, rat: 5}", ["a: there is no such key; did you mean “rate”?"]),
    ("a: {kind: console, rate: 0}", ["a.rate: a number of 1-10000 is wanted"]),
    ("a: {kind: console, rate: many}", ["a.rate: a number of 1-10000 is wanted"]),
    ("a: {kind: console, rate: [5]}", ["a.rate: a text in one line is wanted"]),
    ("a b: {kind: console}", ["a b: an id has letters, digits, - and _ only"]),
    ("a: {kind: wecom}", ["a.url: is missing"]),
    (f"a: {{kind: wecom, url: 'https://x.example/?key={CANARY}'}}", ["a.url: a secret is not written here: write ${file:PATH} or ${env:NAME}"]),
    (f"a: {{kind: wecom, url: 'https://x.example/?key=${{env:PW}}&{CANARY}'}}", ["a.url: a secret is not written here: write ${file:PATH} or ${env:NAME}"]),
    ("a: {kind: wecom, url: '${env:NOWHERE}'}", ["a.url: the environment has no NOWHERE"]),
    ("a: {kind: wecom, url: '${env:EMPTY}'}", ["a.url: the secret must be one line, 8 kB at most"]),
    ("a: {kind: wecom, url: '${env:PW}'}", ["a.url: an address such as https://host/path is wanted"]),
    ("a: {kind: wecom, url: '${env:WECOM}', format: html}", ["a.format: one of: markdown, text"]),
    ("a: {kind: feishu, url: '${env:WECOM}', secret: abc}", ["a.secret: a secret is not written here: write ${file:PATH} or ${env:NAME}"]),
    ("a: {kind: webhook, url: 'https://x.example/'}", ["a.secrets: is missing"]),
    ("a: {kind: webhook, url: 'https://x.example/', secrets: []}", ["a.secrets: is missing"]),
    ("a: {kind: webhook, url: 'https://x.example/', secrets: ['${env:HOOK}', '${env:PW}']}", ["a.secrets[1]: whsec_ and 24-64 bytes in base64 are wanted"]),
    (HOOK + "'http://x.example/'}", ["a.url: https is wanted; http only with insecure: true"]),
    (HOOK + "'https://x.example:9443/'}", ["a.url: port 9443 is not usual; write ports: [9443]"]),
    (HOOK + "'https://x.example:99999/'}", ["a.url: an address such as https://host/path is wanted"]),
    (HOOK + f"'https://u:{CANARY}@x.example/'}}", ["a.url: a user or password has no place in an address"]),
    (HOOK + "'ftp://x.example/'}", ["a.url: an address such as https://host/path is wanted"]),
    (HOOK + "'file:///etc/passwd'}", ["a.url: an address such as https://host/path is wanted"]),
    (HOOK + "'https://'}", ["a.url: an address such as https://host/path is wanted"]),
    (HOOK + "'https://x.example/a b'}", ["a.url: an address such as https://host/path is wanted"]),
    (HOOK + "'https://汉字.example/'}", ["a.url: an address such as https://host/path is wanted"]),
    (HOOK + '"https://x.example/\\r\\nX: y"}', ["a.url: a text in one line is wanted"]),
    (HOOK + "'https://x.example/', insecure: maybe}", ["a.insecure: true or false is wanted"]),
    (HOOK + "'https://x.example/', allow: [10.0.0.1/8]}", ["a.allow[0]: an address or a range of them is wanted, such as 10.1.0.5 or 10.1.0.0/16"]),
    (HOOK + "'https://x.example/', ports: [0, 8443, x]}", ["a.ports[0]: a port of 1-65535 is wanted", "a.ports[2]: a port of 1-65535 is wanted"]),
    ("a: {kind: smtp}", ["a.host: is missing", "a.sender: is missing"]),
    ("a: {kind: smtp, host: x.example, sender: nobody}", ["a.sender: a mail address is wanted"]),
    ("a: {kind: smtp, host: 'x y', sender: a@b.example}", ["a.host: this is not a name of a host"]),
    ("a: {kind: smtp, host: x.example, sender: a@b.example, user: u}", ["a.password: is missing"]),
    ("a: {kind: smtp, host: x.example, sender: a@b.example, tls: none, user: u, password: '${env:PW}'}", ["a.password: without TLS everybody on the way could read it"]),
    ("a: {kind: smtp, host: x.example, sender: a@b.example, password: '${env:PW}'}", ["a.user: is missing: a password is of a user"]),
    (f"a: {{kind: smtp, host: x.example, sender: a@b.example, user: u, password: {CANARY}}}", ["a.password: a secret is not written here: write ${file:PATH} or ${env:NAME}"]),
    ("a: {kind: smtp, host: x.example, sender: a@b.example, user: 王, password: '${env:PW}'}", ["a.password: only ASCII can be sent to a mail server"]),
    (f"a: {{kind: smtp, host: {'x' * 64}.example, sender: a@b.example}}", ["a.host: this is not a name of a host"]),
    ("a: {kind: smtp, host: x.example, sender: a@b.example, port: 70000}", ["a.port: a number of 1-65535 is wanted"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_a_mistake_is_said_with_its_place(mistakes, text: str, expected: list[str]) -> None:
    assert mistakes(text) == [f"destinations.{one}" for one in expected]


def test_all_mistakes_are_said_at_once(mistakes) -> None:
    assert len(mistakes("a: {kind: wecom, rate: x}\nb: {kind: nothing}\nc: {kind: smtp}")) == 5


def test_a_mistake_stands_in_a_line_and_a_column(noted) -> None:
    _, found = noted("data: here\ndestinations:\n  a：\n    kind: wecom\n  b: {kind: console, rate: 0, sped: 1}\n")
    places = [(one.span.line, one.span.column, one.path) for one in found]
    assert places == [
        (3, 4, ""),
        (3, 3, "destinations.a.url"),
        (5, 28, "destinations.b.rate"),
        (5, 31, "destinations.b"),
    ]
    assert str(found[0].words.zh) == "全角符号“：”，应写成半角“:”"


def test_no_slip_around_a_secret_that_was_written_out_shows_it(noted) -> None:
    text = f"destinations:\n  mail: {{kind: smtp, host: h, sender: a@b.example, password: {CANARY}, rate: 5}}\n"
    for place in range(len(text)):
        for sign in ("", *'：{[&"“， ,:-'):
            noted(text[:place] + sign + text[place + (not sign) :])


@pytest.mark.parametrize("whole", ["5", "[a]", "text"])
def test_what_is_no_map_is_refused(mistakes, whole: str) -> None:
    assert mistakes(whole) == ["destinations: keys and values are wanted here"]


def test_an_opened_port_and_an_insecure_scheme_are_taken_by_their_names(read) -> None:
    found = read(HOOK + "'http://10.1.2.3:9000/hook', insecure: 'true', ports: ['9000'], allow: 10.1.0.0/16}")
    assert found["a"].endpoint == Endpoint("10.1.2.3", 9000, Secret("/hook"), False, (ip_network("10.1.0.0/16"),))  # type: ignore[union-attr]


def test_ipv6_hosts_are_read(read) -> None:
    found = read(HOOK + "'https://[2400:3200::1]/hook'}")
    assert found["a"].endpoint.host == "2400:3200::1"  # type: ignore[union-attr]


def test_the_examples_of_the_manual_are_read(noted, tmp_path: Path) -> None:
    """With files and variables where the page says they are."""
    page = (ROOT / "docs" / "how-to" / "configure-channels.md").read_text(encoding="utf-8")
    shown = [block.body for block in blocks(page) if block.language == "yml" and "destinations:" in block.body]
    assert shown
    kinds: set[str] = set()
    for body in shown:
        for name in re.findall(r"\$\{file:([^}]+)\}", body):
            file = tmp_path / Path(name).name
            file.write_text(WHSEC if "hook" in name else ENVIRON["WECOM"])
            file.chmod(0o600)
            body = body.replace(name, str(file))
        environ = {
            name: WHSEC if "HOOK" in name else ENVIRON["WECOM"] for name in re.findall(r"\$\{env:([^}]+)\}", body)
        }
        found, mistakes = noted(body, environ)
        assert mistakes == []
        kinds |= {destination.kind for destination in found.values()}
    assert kinds == {"console", "webhook", "smtp", "wecom", "dingtalk", "feishu"}
