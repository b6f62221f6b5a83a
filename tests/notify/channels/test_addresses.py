"""No letter is ever carried to an address that is not public, in whatever form it is written; nothing is dialled first."""

from __future__ import annotations

import socket
from dataclasses import replace
from ipaddress import ip_address, ip_network
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.notify import Outcome
from engine.notify.addresses import DENIED, permitted
from engine.notify.wire import resolve
from tests.notify.channels.hands import LETTER, DialledError, endpoint, mail, only_loopback, robots, sent, webhook, wire
from tests.notify.receivers import receiver, status

#: The list of the reference: what must be denied of each range is its first and its last address.
RANGES = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "::ffff:0:0:0/96", "64:ff9b::/96",
    "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "3fff::/20", "2002::/16", "5f00::/16", "fc00::/7",
    "fe80::/10", "fec0::/10", "ff00::/8",
]  # fmt: skip
EDGES = [str(address) for text in RANGES for address in (ip_network(text)[0], ip_network(text)[-1])]

FORMS = [
    "169.254.169.254",  # metadata of most clouds
    "169.254.170.2",  # of containers at Amazon
    "169.254.0.23",  # of Tencent Cloud
    "100.100.100.200",  # of Alibaba Cloud
    "192.0.0.192",  # of Oracle Cloud
    "168.63.129.16",  # of Azure
    "fd00:ec2::254",  # of Amazon, IPv6
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0", "0.0.0.0", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1",
    "0177.1", "017700000001", "2130706433", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "0xa9.0xfe.0xa9.0xfe",
    "169.254.43518", "169.16689662", "10.1", "3232235521", "0300.0250.0.1", "1684300900",  # the last is 100.100.100.100
    "::", "::1", "0:0:0:0:0:0:0:1", "::127.0.0.1", "::10.0.0.1", "::7f00:1",
    "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::ffff:100.100.100.200", "0::ffff:a9fe:a9fe",
    "::ffff:0:127.0.0.1", "::ffff:0:a9fe:a9fe",
    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8", "64:ff9b::8.8.8.8",
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:a00:1::1", "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:20::1", "2001:2::1",
    "fe80::1", "fe80::1%lo", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "ff0e::1", "100::1", "2001:db8::1", "3fff::1", "5f00::1",
    "224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1", "192.88.99.1", "198.18.0.1", "198.19.255.255",
]  # fmt: skip
NAMED = [
    "①②⑦.⓪.⓪.①",
    "localhost",
    "",
    "not an address",
    "127.0.0.1 ",
    "1.2.3",
    "999.1.1.1",
    "::ffff:",
    "[::1]",
    "8.8.8.8/32",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "223.5.5.5", "101.226.90.149", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "223.255.255.255", "2001:4860:4860::8888", "2400:3200::1", "240e::1", "2606:4700::1111", "::ffff:8.8.8.8"]  # fmt: skip


def unreachable(address: str, port: int, seconds: float) -> socket.socket:
    raise DialledError(address)


@pytest.mark.parametrize("form", EDGES + FORMS)
def test_a_denied_address_is_refused_before_anything_is_dialled(form: str) -> None:
    """The form is read as the system reads it: a number or an octal is an address to it, too."""
    where = replace(webhook(443).endpoint, host=form, allow=())
    outcome = sent(
        replace(webhook(443), endpoint=where), over=wire(resolve=resolve, connect=unreachable, total_seconds=2)
    )
    assert outcome == Outcome("refused", "the name leads to an address that is not allowed")


@pytest.mark.parametrize(
    "form", EDGES + [form for form in FORMS if ":" in form or (form.count(".") == 3 and "x" not in form)] + NAMED
)
def test_what_is_denied_or_no_address_is_not_permitted(form: str) -> None:
    assert not permitted(form)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is_permitted(address: str) -> None:
    assert permitted(address)


@given(st.ip_addresses())
def test_whatever_python_calls_private_is_denied(address) -> None:
    """Our list is no smaller than the one that is known to be too small."""
    if not address.is_global or address.is_multicast:
        assert not permitted(str(address)) or (address.version == 6 and address.ipv4_mapped)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_each_form(address) -> None:
    mapped = ip_address(f"::ffff:{address}")
    assert permitted(str(mapped)) == permitted(str(address))
    assert not permitted(f"64:ff9b::{address}")
    opened = (ip_network("64:ff9b::/96"), ip_network("2002::/16"))
    assert permitted(f"64:ff9b::{address}", opened) == permitted(str(address)), (
        "an opened gateway opens nothing behind it"
    )
    six = f"2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::1"
    assert permitted(six, opened) == permitted(str(address))


def test_every_denied_range_says_so() -> None:
    assert all(not permitted(str(network[0])) and not permitted(str(network[-1])) for network in DENIED)


@pytest.mark.parametrize(
    "answer", [["8.8.8.8", "10.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["8.8.8.8"] * 5 + ["169.254.169.254"]]
)
def test_one_denied_address_among_others_is_enough(answer: list[str]) -> None:
    where = replace(webhook(443).endpoint, allow=())
    over = wire(resolve=lambda host, port, seconds: answer, connect=unreachable)
    assert sent(replace(webhook(443), endpoint=where), over=over).status == "refused"


def test_a_name_that_changes_its_address_is_asked_once_and_the_checked_one_is_dialled() -> None:
    answers = [["8.8.8.8"], ["169.254.169.254"]]
    dialled: list[str] = []

    def connect(address: str, port: int, seconds: float) -> socket.socket:
        dialled.append(address)
        raise ConnectionRefusedError

    over = wire(resolve=lambda host, port, seconds: answers.pop(0), connect=connect)
    assert sent(replace(webhook(443), endpoint=replace(endpoint(443), allow=())), over=over).status == "retry"
    assert (dialled, answers) == (["8.8.8.8"], [["169.254.169.254"]])


@pytest.mark.parametrize("destination", [webhook(443), *robots(443), mail(25)], ids=lambda one: one.kind)
def test_every_channel_checks(destination) -> None:
    closed = (
        replace(destination, allow=())
        if destination.kind == "smtp"
        else replace(destination, endpoint=replace(destination.endpoint, allow=()))
    )
    over = wire(resolve=lambda host, port, seconds: ["10.0.0.1"], connect=unreachable)
    assert sent(closed, addressee="a@b.example", over=over).status == "refused"
    with pytest.raises(DialledError):
        sent(destination, addressee="a@b.example", over=wire(connect=unreachable))


def test_an_opened_range_opens_that_range_only() -> None:
    with receiver(status(200)) as one:
        assert sent(webhook(one.port)).status == "sent"
        narrow = replace(webhook(one.port), endpoint=replace(endpoint(one.port), allow=(ip_network("10.1.0.0/16"),)))
        assert sent(narrow).status == "refused"
        assert one.connections == 1


def test_a_redirect_to_the_metadata_service_is_not_followed() -> None:
    """Only the receiver itself is ever dialled."""
    dialled: list[str] = []

    def connect(address: str, port: int, seconds: float) -> socket.socket:
        dialled.append(address)
        return only_loopback(address, port, seconds)

    with receiver(status(302, Location="http://169.254.169.254/latest/")) as one:
        assert sent(webhook(one.port), over=wire(connect=connect)).status == "refused"
    assert dialled == ["127.0.0.1"]


def test_a_name_that_is_not_known_may_be_known_tomorrow() -> None:
    def unknown(host: str, port: int, seconds: float) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert sent(webhook(443), over=wire(resolve=unknown)) == Outcome("retry", "the name is not known")
    assert sent(webhook(443), over=wire(resolve=lambda host, port, seconds: [])).status == "retry"


def test_a_resolver_that_hangs_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(2) and [])
    assert sent(webhook(443), LETTER, over=wire(resolve=resolve)) == Outcome("retry", "no answer in time")
    over.set()
