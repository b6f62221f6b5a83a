"""Mail is sent when the server took it with 250 after the text; a repeat is the same mail."""

from __future__ import annotations

import ssl
import time
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.notify import Outcome, Secret
from engine.notify.channels.smtp import message
from tests.notify.channels.hands import LETTER, NOW, mail, sent, wire
from tests.notify.receivers import MailServer, drip, hang, receiver, reset, secured, self_signed, slam

TO = "wang@park.example"

REPLIES = [
    pytest.param({}, ("sent", ""), id="taken"),
    pytest.param({".": b"250-a\r\n250 b\r\n"}, ("sent", ""), id="taken, in two lines"),
    pytest.param({"QUIT": b"500 what\r\n"}, ("sent", ""), id="taken, then no goodbye"),
    pytest.param({"QUIT": b""}, ("sent", ""), id="taken, then silence"),
    pytest.param({"EHLO": b"502 no\r\n", "HELO": b"250 hi\r\n"}, ("sent", ""), id="an old server"),
    pytest.param({"CONNECT": b"421 busy\r\n"}, ("retry", "421"), id="421 at once"),
    pytest.param({"CONNECT": b"554 go away\r\n"}, ("refused", "554"), id="554 at once"),
    pytest.param({"MAIL": b"451 later\r\n"}, ("retry", "451"), id="451 to the sender"),
    pytest.param({"MAIL": b"550 who\r\n"}, ("refused", "550"), id="550 to the sender"),
    pytest.param({"RCPT": b"450 greylisted\r\n"}, ("retry", "450"), id="450 to the recipient"),
    pytest.param({"RCPT": b"550 unknown\r\n"}, ("refused", "550"), id="550 to the recipient"),
    pytest.param({"RCPT": b"421 busy\r\n"}, ("retry", "421"), id="421 to the recipient"),
    pytest.param({"DATA": b"452 full\r\n"}, ("retry", "452"), id="452 to DATA"),
    pytest.param({"DATA": b"554 no\r\n"}, ("refused", "554"), id="554 to DATA"),
    pytest.param({".": b"451 try again\r\n"}, ("retry", "451"), id="451 after the text"),
    pytest.param({".": b"552 too big\r\n"}, ("refused", "552"), id="552 after the text"),
    pytest.param({".": b"251 elsewhere\r\n"}, ("retry", "251"), id="not 250 after the text"),
    pytest.param({".": b""}, ("retry", ""), id="silence after the text"),
    pytest.param({"MAIL": b""}, ("retry", ""), id="silence to the sender"),
    pytest.param({"CONNECT": b"HTTP/1.1 400 Bad Request\r\n"}, ("retry", "-1"), id="not SMTP"),
    pytest.param({"CONNECT": b"x" * 20_000}, ("retry", "500"), id="a line without end"),
    pytest.param({"CONNECT": b"220 \xff\xfe\r\n"}, ("sent", ""), id="invalid UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("replies", "expected"), REPLIES)
def test_a_reply_ends_as_the_table_says(replies: dict[str, bytes], expected: tuple[str, str]) -> None:
    server = MailServer(replies)
    with receiver(server) as one:
        began = time.monotonic()
        outcome = sent(mail(one.port), addressee=TO)
        assert time.monotonic() - began < 1
    assert (outcome.status, outcome.code) == expected
    assert len(server.mails) == (1 if outcome.status == "sent" or "." in replies else 0)


@pytest.mark.parametrize("behave", [hang, slam, reset, drip(before=b"220-"), drip(byte=b"220-\r\n")])
def test_a_server_that_never_comes_to_the_point_is_left_in_time(behave) -> None:
    with receiver(behave) as one:
        began = time.monotonic()
        assert sent(mail(one.port), addressee=TO).status == "retry"
        assert time.monotonic() - began < 1


def test_silence_is_called_silence() -> None:
    with receiver(MailServer({"MAIL": b""})) as one:
        assert sent(mail(one.port), addressee=TO) == Outcome("retry", "no answer in time")


def test_a_mail_says_what_it_is() -> None:
    got = _delivered()
    assert got["From"] == "huiyin@park.example"
    assert got["To"] == TO
    assert got["Subject"] == LETTER.subject
    assert got["Message-ID"] == "<msg_3f2a@park.example>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Importance"] is None
    assert got.get_content().replace("\r", "") == f"{LETTER.text}\n\n{LETTER.link}\n"


def test_a_repeat_is_the_same_mail_but_for_its_date() -> None:
    first, again = message(LETTER, mail(25), TO, NOW), message(LETTER, mail(25), TO, NOW + 600)
    del first["Date"], again["Date"]
    assert first.as_bytes() == again.as_bytes()


def test_a_critical_mail_says_so() -> None:
    assert message(replace(LETTER, critical=True), mail(25), TO, NOW)["Importance"] == "high"


HOSTILE = st.text(st.sampled_from("a到\r\n\t\x00\x0b\x85\u2028\u202e\ud800.:<>@ é😀"), max_size=100) | st.text(
    st.characters(codec=None)
)


@given(HOSTILE, HOSTILE, st.from_regex(r"[!-~]{1,128}", fullmatch=True))
def test_no_text_of_others_adds_a_header(subject: str, text: str, id: str) -> None:
    letter = replace(LETTER, subject=subject, text=text, id=id)
    raw = message(letter, mail(25), TO, NOW).as_bytes()
    read = message_from_bytes(raw, policy=default)
    assert sorted(read.keys()) == sorted(message(LETTER, mail(25), TO, NOW).keys())
    assert not read.defects
    assert not read["Message-ID"].defects
    assert raw.count(b"\r\n\r\n") == 1, "one empty line: that between the headers and the text"


@given(st.text(st.sampled_from("工单到期 aé😀-"), max_size=120))
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    raw = message(replace(LETTER, subject=subject), mail(25), TO, NOW).as_bytes()
    assert str(message_from_bytes(raw, policy=default)["Subject"]) == " ".join(subject.split())


@pytest.mark.parametrize("address", ["", "wang", "a@b\r\nRCPT TO:<x@y>", "a b@c", "a@b>", "王@park.example", "a@b,c@d", "a@" + "b" * 300, "<a@b>"])  # fmt: skip
def test_what_is_no_address_is_refused_before_anything_is_dialled(address: str) -> None:
    server = MailServer()
    with receiver(server) as one:
        assert sent(mail(one.port), addressee=address) == Outcome("refused", "this is not a mail address")
        assert one.connections == 0


def test_a_line_of_one_dot_does_not_end_the_mail() -> None:
    got = _delivered(text="a\n.\nRSET\n..\n")
    assert got.get_content().replace("\r", "").startswith("a\n.\nRSET\n..\n")


def test_starttls_and_the_password_go_through_the_secured_connection_only(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "mx.example")
    server = MailServer(certificate=certificate)
    over = wire(total_seconds=2, trust=ssl.create_default_context(cafile=certificate))
    with receiver(server) as one:
        secure = mail(one.port, tls="starttls", user="huiyin", password=Secret("pw"))
        assert sent(secure, addressee=TO, over=over).status == "sent"
    verbs = [command.split()[0].upper() for command in server.commands]
    assert verbs == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


def test_what_was_slipped_in_before_tls_is_forgotten(tmp_path: Path) -> None:
    """Words that somebody on the way put behind the answer to STARTTLS are not taken for the server's."""
    certificate = self_signed(tmp_path, "mx.example")
    server = MailServer({"STARTTLS": b"220 go\r\n554 slipped in\r\n"}, certificate)
    over = wire(total_seconds=2, trust=ssl.create_default_context(cafile=certificate))
    with receiver(server) as one:
        assert sent(mail(one.port, tls="starttls"), addressee=TO, over=over).status == "sent"


def test_without_starttls_nothing_is_sent() -> None:
    server = MailServer()
    with receiver(server) as one:
        assert sent(mail(one.port, tls="starttls"), addressee=TO).status == "refused"
    assert server.mails == []


@pytest.mark.parametrize(("tls", "status"), [("starttls", "retry"), ("implicit", "retry")])
def test_a_certificate_of_nobody_we_trust_is_no_secured_connection(tmp_path: Path, tls: str, status: str) -> None:
    certificate = self_signed(tmp_path, "mx.example")
    server = MailServer(certificate=certificate)
    with receiver(secured(server, certificate) if tls == "implicit" else server) as one:
        outcome = sent(mail(one.port, tls=tls), addressee=TO, over=wire(total_seconds=2))
    assert outcome == Outcome(status, "the secured connection failed")
    assert server.mails == []


def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "mx.example")
    server = MailServer()
    over = wire(total_seconds=2, trust=ssl.create_default_context(cafile=certificate))
    with receiver(secured(server, certificate)) as one:
        assert sent(mail(one.port, tls="implicit"), addressee=TO, over=over).status == "sent"
    assert len(server.mails) == 1


@pytest.mark.parametrize(("reply", "status"), [(b"535 wrong\r\n", "refused"), (b"454 later\r\n", "retry")])
def test_a_login_that_fails(tmp_path: Path, reply: bytes, status: str) -> None:
    certificate = self_signed(tmp_path, "mx.example")
    over = wire(total_seconds=2, trust=ssl.create_default_context(cafile=certificate))
    with receiver(MailServer({"AUTH": reply}, certificate)) as one:
        secure = mail(one.port, tls="starttls", user="huiyin", password=Secret("pw"))
        assert sent(secure, addressee=TO, over=over).status == status


def _delivered(**changes: str) -> EmailMessage:
    server = MailServer()
    with receiver(server) as one:
        assert sent(mail(one.port), replace(LETTER, **changes), TO).status == "sent"  # type: ignore[arg-type]
    got = message_from_bytes(server.mails[0], policy=default)
    assert isinstance(got, EmailMessage)
    return got
