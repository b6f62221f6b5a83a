"""Where letters can go: destinations, which are configuration of the deployment and not of a policy."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import ClassVar, Literal

Network = IPv4Network | IPv6Network

ROBOT_RATE = (
    20  #: messages a minute that WeCom and DingTalk let a group robot send; DingTalk then blocks it for 10 minutes
)


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A text that no log, error or traceback shows by accident."""

    value: str

    def __repr__(self) -> str:
        return "Secret(•••)"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL taken apart. The path is secret: the key of a robot stands in it."""

    host: str
    port: int
    path: Secret
    tls: bool = True
    allow: tuple[Network, ...] = ()  #: ranges opened for this destination although they are not public


@dataclass(frozen=True, slots=True)
class Console:
    """Lines on a stream of the daemon."""

    kind: ClassVar[str] = "console"
    id: str
    rate: int | None = None  #: messages a minute, here and below; None: no limit


@dataclass(frozen=True, slots=True)
class Webhook:
    """A program of the customer, spoken to as Standard Webhooks say; each secret makes a signature."""

    kind: ClassVar[str] = "webhook"
    id: str
    endpoint: Endpoint
    secrets: tuple[Secret, ...]
    rate: int | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """An SMTP server. `tls` says how the connection is secured: by STARTTLS, from the first byte, or not at all."""

    kind: ClassVar[str] = "smtp"
    id: str
    host: str
    port: int
    sender: str
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user: str = ""
    password: Secret | None = None
    allow: tuple[Network, ...] = ()
    rate: int | None = None


@dataclass(frozen=True, slots=True)
class WeCom:
    """A group robot of WeCom 企业微信. Members who read in WeChat see `text` only."""

    kind: ClassVar[str] = "wecom"
    id: str
    endpoint: Endpoint
    format: Literal["markdown", "text"] = "markdown"
    rate: int | None = ROBOT_RATE


@dataclass(frozen=True, slots=True)
class DingTalk:
    """A group robot of DingTalk 钉钉, signed where it has a secret."""

    kind: ClassVar[str] = "dingtalk"
    id: str
    endpoint: Endpoint
    secret: Secret | None = None
    rate: int | None = ROBOT_RATE


@dataclass(frozen=True, slots=True)
class Feishu:
    """A group robot of Feishu 飞书, signed where it has a secret."""

    kind: ClassVar[str] = "feishu"
    id: str
    endpoint: Endpoint
    secret: Secret | None = None
    rate: int | None = ROBOT_RATE


Destination = Console | Webhook | Mail | WeCom | DingTalk | Feishu
