"""Mail by SMTP: sent is what the server took with 250 after the text; a repeat carries the same Message-ID."""

from __future__ import annotations

import re
import smtplib
from contextlib import closing, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from engine.notify.channels.wording import cut, plain
from engine.notify.destinations import Mail
from engine.notify.letter import SENT, Letter, Outcome, refused, retry
from engine.notify.wire import Line, Wire, dial

ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII)
ADDRESS_MAX: Final = 254
SUBJECT_BYTES_MAX: Final = 400


def send(letter: Letter, destination: Mail, *, addressee: str, now: int, wire: Wire) -> Outcome:
    if not is_address(addressee):
        return refused("this is not a mail address")
    mail = message(letter, destination, addressee, now)
    with closing(dial(destination.host, destination.port, destination.allow, wire)) as line:
        try:
            return _converse(line, destination, mail, addressee, wire)
        except smtplib.SMTPRecipientsRefused as error:
            return _judge(*next(iter(error.recipients.values())))
        except smtplib.SMTPResponseException as error:
            return _judge(error.smtp_code, error.smtp_error)
        except smtplib.SMTPServerDisconnected as error:
            raise (error.__context__ if isinstance(error.__context__, TimeoutError) else error) from None
        except smtplib.SMTPException:
            return refused("the server offers neither STARTTLS nor a way to log in that we know")


def message(letter: Letter, destination: Mail, addressee: str, now: int) -> EmailMessage:
    """The mail. No text of others reaches a header with a line break in it."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = destination.sender
    mail["To"] = addressee
    mail["Subject"] = cut(" ".join(plain(letter.subject).split()), SUBJECT_BYTES_MAX)
    mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    mail["Message-ID"] = f"<{_local_part(letter.id)}@{_domain(destination)}>"
    mail["Auto-Submitted"] = "auto-generated"
    if letter.critical:
        mail["Importance"] = "high"
    mail.set_content("\n\n".join(part for part in (plain(letter.text), letter.link) if part) + "\n", cte="base64")
    return mail


def is_address(text: str) -> bool:
    return len(text) <= ADDRESS_MAX and ADDRESS.fullmatch(text) is not None


def _converse(line: Line, destination: Mail, mail: EmailMessage, addressee: str, wire: Wire) -> Outcome:
    client = smtplib.SMTP(local_hostname=_domain(destination))
    if destination.tls == "implicit":
        line.secure(wire.trust, destination.host)
    _attach(client, line)
    code, words = client.getreply()
    if code != 220:
        return _judge(code, words)
    client.ehlo_or_helo_if_needed()
    if destination.tls == "starttls":
        _secure(client, line, destination, wire)
    if destination.password is not None:
        client.login(destination.user, destination.password.value)
    client.sendmail(destination.sender, [addressee], mail.as_bytes())
    with suppress(OSError):  # it took the mail; no goodbye of its changes that, and none is waited for
        client.putcmd("QUIT")
    return SENT


def _secure(client: smtplib.SMTP, line: Line, destination: Mail, wire: Wire) -> None:
    """STARTTLS, or nothing is sent. What the server said before is forgotten, with what may wait in the buffer."""
    if not client.has_extn("starttls"):
        raise smtplib.SMTPNotSupportedError
    code, words = client.docmd("STARTTLS")
    if code != 220:
        raise smtplib.SMTPResponseException(code, words)
    line.secure(wire.trust, destination.host)
    _attach(client, line)
    client.ehlo_resp = client.helo_resp = None
    client.ehlo_or_helo_if_needed()


def _attach(client: smtplib.SMTP, line: Line) -> None:
    client.sock = line  # type: ignore[assignment]  # the address that was checked
    client.file = None


def _judge(code: int, words: bytes | str) -> Outcome:
    """RFC 5321, 4.2.1: 4yz may pass, 5yz will not. Words that are `str` are those of smtplib: it heard no answer."""
    if 500 <= code < 600 and isinstance(words, bytes):
        return refused("the server does not take it", code)
    return retry("the server asks to come later" if 400 <= code < 500 else "the answer is not SMTP", code)


def _domain(destination: Mail) -> str:
    return destination.sender.rpartition("@")[2]


def _local_part(id: str) -> str:
    return id if re.fullmatch(r"[\w-]{1,64}", id, re.ASCII) else sha256(id.encode()).hexdigest()[:40]
