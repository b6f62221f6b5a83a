"""Which addresses a letter may be carried to: none that lead back into our own network, unless opened by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from engine.notify.destinations import Network

#: What is not the public internet. `ipaddress.is_private` is no substitute: it calls 100.100.100.200, the metadata
#: service of Alibaba Cloud, NAT64, 6to4 and multicast public.
DENIED: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers; 100.100.100.200 is in it
        "127.0.0.0/8",
        "168.63.129.16/32",  # the platform service of Azure, on a public address
        "169.254.0.0/16",  # link-local; 169.254.169.254 serves the credentials of a cloud machine
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; metadata of Oracle Cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "::/96",  # unspecified, loopback, IPv4-compatible
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 of one's own network
        "100::/64",  # discarded
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)
NAT64: Final = IPv6Network("64:ff9b::/96")


def permitted(address: str, allow: Iterable[Network] = ()) -> bool:
    """Whether an address may be dialled. `allow` opens ranges; what is no address is none."""
    try:
        faces = list(_faces(ip_address(address)))
    except ValueError:
        return False
    opened = tuple(allow)
    return all(_within(face, opened) or not _within(face, DENIED) for face in faces)


def _faces(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """An address, and the IPv4 address that a gateway would make of it: both must be permitted."""
    if isinstance(address, IPv4Address):
        yield address
    elif address.ipv4_mapped is not None:
        yield address.ipv4_mapped  # the kernel itself speaks IPv4 then
    else:
        yield address
        if address.sixtofour is not None:
            yield address.sixtofour
        if address in NAT64:
            yield IPv4Address(int(address) & 0xFFFFFFFF)


def _within(address: IPv4Address | IPv6Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
