"""What each channel sends: signed as its receiver checks it, short enough, and harmless whatever a resident wrote."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.notify import Console, DingTalk, Feishu, Letter, Secret, WeCom
from engine.notify.channels import dingtalk, feishu, wecom
from engine.notify.channels.webhook import signature
from engine.notify.channels.wording import cut, harmless, member, plain, unmarked
from engine.notify.destinations import Destination
from tests.notify.channels.hands import KEY, LETTER, NOW, endpoint, robots, sent, webhook, wire
from tests.notify.receivers import Request, receiver, status

ROBOTS = range(3)
OTHER = Secret("whsec_" + base64.b64encode(b"o" * 24).decode())


def posted(make, letter: Letter = LETTER, addressee: str = "") -> Request:
    """The request that a letter becomes."""
    seen: list[Request] = []
    with receiver(status(200, b'{"errcode": 0, "code": 0}', seen)) as one:
        destination: Destination = make(one.port)
        assert sent(destination, letter, addressee).status == "sent"
    assert len(seen) == 1
    return seen[0]


def robot(index: int):
    return lambda port: robots(port)[index]


def test_a_webhook_is_what_standard_webhooks_say() -> None:
    request = posted(lambda port: webhook(port, KEY, OTHER))
    assert request.line == "POST /hook?key=k HTTP/1.1"
    assert request.headers["host"].startswith("hook.example:")
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers["webhook-id"] == LETTER.id
    assert request.headers["webhook-timestamp"] == str(NOW)
    assert json.loads(request.body) == {
        "type": "deadline.breached",
        "timestamp": datetime.fromtimestamp(LETTER.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": {"site": "lakeside", "ticket": "T12", "state": "handling"},
    }


def test_each_secret_signs_so_that_a_receiver_may_hold_either() -> None:
    """Checked as a receiver would: it computes over what it got."""
    request = posted(lambda port: webhook(port, KEY, OTHER))
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = [
        "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        for key in (b"k" * 32, b"o" * 24)
    ]
    assert request.headers["webhook-signature"].split(" ") == expected


def test_a_webhook_signs_as_the_published_example_does() -> None:
    """The test vector of the specification."""
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}') == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_webhook_that_is_too_large_is_not_sent() -> None:
    with receiver(status(200)) as one:
        assert sent(webhook(one.port), replace(LETTER, data={"type": "t", "x": "长" * 7_000})).status == "refused"
        assert one.connections == 0


def test_a_webhook_carries_no_text() -> None:
    """Subject and text may name people; the body is the thin part only."""
    body = posted(webhook, replace(LETTER, subject="CANARY", text="CANARY", link="https://canary")).body
    assert b"canary" not in body.lower()


def test_wecom_writes_markdown() -> None:
    body = json.loads(posted(robot(0)).body)
    assert body == {
        "msgtype": "markdown",
        "markdown": {
            "content": "**工单 T12 到期**\n您反映的“电梯停运”已受理。\n请在到期前处理。\n[查看详情](https://board.example/t/T12)"
        },
    }


def test_wecom_writes_text_for_those_who_read_in_wechat() -> None:
    body = json.loads(posted(lambda port: WeCom("w", endpoint(port), "text"), addressee="wang").body)
    assert body == {
        "msgtype": "text",
        "text": {
            "content": "工单 T12 到期\n您反映的“电梯停运”已受理。\n请在到期前处理。\nhttps://board.example/t/T12",
            "mentioned_list": ["wang"],
        },
    }


def test_dingtalk_is_signed_in_the_address() -> None:
    request = posted(robot(1))
    query = parse_qs(urlsplit(request.line.split()[1]).query)
    digest = hmac.new(b"SEC1", f"{NOW}000\nSEC1".encode(), hashlib.sha256).digest()
    assert query == {"key": ["k"], "timestamp": [f"{NOW}000"], "sign": [base64.b64encode(digest).decode()]}
    assert json.loads(request.body)["msgtype"] == "markdown"


def test_feishu_is_signed_in_the_body() -> None:
    request = posted(robot(2))
    body = json.loads(request.body)
    digest = hmac.new(f"{NOW}\nSEC2".encode(), b"", hashlib.sha256).digest()
    assert (body["timestamp"], body["sign"]) == (str(NOW), base64.b64encode(digest).decode())
    assert body["content"]["post"]["zh_cn"] == {
        "title": "工单 T12 到期",
        "content": [
            [{"tag": "text", "text": LETTER.text}],
            [{"tag": "a", "text": "查看详情", "href": "https://board.example/t/T12"}],
        ],
    }


@pytest.mark.parametrize(("kind", "path"), [(DingTalk, "/hook"), (Feishu, "/hook?key=k")])
def test_without_a_secret_nothing_is_signed(kind, path: str) -> None:
    request = posted(lambda port: kind("r", endpoint(port, path=path)))
    assert request.line == f"POST {path} HTTP/1.1"
    assert b"sign" not in request.body


def test_a_signed_dingtalk_address_without_parameters_gets_some() -> None:
    request = posted(lambda port: DingTalk("r", endpoint(port, path="/hook"), Secret("s")))
    assert request.line.startswith("POST /hook?timestamp=")


@pytest.mark.parametrize(
    ("index", "mention"), [(0, "<@wang.li>"), (1, '"atUserIds": ["wang.li"]'), (2, '"user_id": "wang.li"')]
)
def test_the_member_named_is_mentioned(index: int, mention: str) -> None:
    assert mention in posted(robot(index), addressee="wang.li").body.decode()


@pytest.mark.parametrize(
    "addressee", ["all", "ALL", "everyone", "<@all>", "王", "a b", "@all", "x@ALL", "@wang", "x" * 65, "a>\n@all"]
)
def test_nobody_calls_everybody_by_an_address(addressee: str) -> None:
    assert member(addressee) == ""


BAD = [
    ("@all 快来", "all 快来"),
    ("@ALL@all", "ALLall"),
    ("＠所有人", "所有人"),
    ("@ @所有人", "@ 所有人"),
    ("@" * 20 + "All", "All"),
    ("a@alliance.example", "aalliance.example"),
    ("wang@park.example", "wang@park.example"),
    ("https://board.example/t/9", "https://board.example/t/9"),
    ("https://board.example.evil.example/t", "https：//board.example.evil.example/t"),
    ("https://board.example@evil.example/", "https：//board.example@evil.example/"),
    ("看HTTP://evil.example/x", "看HTTP：//evil.example/x"),
    ("tel:123 javascript://x", "tel:123 javascript：//x"),
    ("a\x00b\x1b[31m\u202ec\ud800", "a b [31m c?"),
]


@pytest.mark.parametrize(("text", "shown"), BAD)
def test_a_text_calls_nobody_and_links_nowhere_but_to_us(text: str, shown: str) -> None:
    assert harmless(text, LETTER.link) == shown


MARKDOWN = [
    ("[奖](http://evil.example)", "［奖］(http：//evil.example)"),
    ("![x](a)", "!［x］(a)"),
    ("<font color=red><@all>", "＜font color=red＞＜all＞"),
    ("**a** `b` > c | d", "＊＊a＊＊ ｀b｀ ＞ c ｜ d"),
    ("# 大\n  ## 字\n3#楼", "＃ 大\n  ＃# 字\n3#楼"),
]


@pytest.mark.parametrize(("text", "shown"), MARKDOWN)
def test_what_a_resident_wrote_is_no_markdown(text: str, shown: str) -> None:
    assert unmarked(text) == shown


HOSTILE = st.text(st.sampled_from("工😀é a@allALL所有人[]()<>*`#|\\\n\r\x00/:.htps\ud800\u202e"), max_size=300)


@given(HOSTILE, HOSTILE, st.integers(0, 40))
@example("[" * 500, "a\n", 20_000)
@example('"' * 500, '"', 20_000)
@example("", "@", 50_000)
@example("", "\n", 50_000)
def test_bodies_are_short_enough_and_call_nobody(subject: str, text: str, times: int) -> None:
    """Whatever was written, however long: the link to the ticket is there, and no other."""
    letter = replace(LETTER, subject=subject, text=text * times, link="https://board.example/t/1_(2)")
    markdown = wecom._markdown(letter, "")["markdown"]["content"]  # type: ignore[index]
    plain_text = wecom._text(letter, "")["text"]["content"]  # type: ignore[index]
    ding = dingtalk._body(letter, "")
    assert len(markdown.encode()) <= 4096
    assert len(plain_text.encode()) <= 2048
    assert len(json.dumps(ding, ensure_ascii=False).encode()) < 20_000
    assert len(json.dumps(feishu._body(letter, ""), ensure_ascii=False).encode()) < 20_000
    for content in (markdown, ding["markdown"]["text"]):  # type: ignore[index]
        assert re.findall(r"\[.*?\]\((.*?)\)", content) == ["https://board.example/t/1_%282%29"]
        assert "<" not in content
    for content in (markdown, plain_text, json.dumps(ding, ensure_ascii=False)):
        assert not re.search("@(all|所有人)", content, re.IGNORECASE)


@given(st.text(st.sampled_from("a工😀"), max_size=60), st.integers(3, 80))
def test_a_cut_is_on_a_character(text: str, room: int) -> None:
    shown = cut(text, room)
    assert len(shown.encode()) <= room
    assert shown == text or (shown[-1] == "…" and text.startswith(shown[:-1]))
    assert shown == text or len(shown.encode()) > room - 4, "no more is cut off than must be"


def test_line_breaks_of_windows_are_line_breaks() -> None:
    assert plain("a\r\nb\nc\rd") == "a\nb\nc d"


def test_the_console_prints_a_letter_in_one_line() -> None:
    stream = io.StringIO()
    outcome = sent(Console("screen"), replace(LETTER, text="a\nINJECTED\x1b[2J"), "wang", over=wire(console=stream))
    assert outcome.status == "sent"
    assert stream.getvalue() == "screen | wang | 工单 T12 到期 | a INJECTED [2J | https://board.example/t/T12\n"


def test_the_console_says_whom_it_tells_and_until_when() -> None:
    stream = io.StringIO()
    sent(Console("screen"), replace(LETTER, reader="小李（前台）", due="09-30 18:00 到期"), over=wire(console=stream))
    assert stream.getvalue().startswith("screen | 小李（前台） | 工单 T12 到期 | ")
    assert stream.getvalue().endswith(" | 09-30 18:00 到期 | https://board.example/t/T12\n")


def test_a_console_that_knows_no_chinese_shows_signs_in_their_place() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    assert sent(Console("screen"), over=wire(console=stream)).status == "sent"
    assert stream.buffer.getvalue().startswith(b"screen | ?? T12")  # type: ignore[attr-defined]


def test_a_console_that_is_gone_is_tried_again() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    assert sent(Console("screen"), over=wire(console=Gone())).status == "retry"
