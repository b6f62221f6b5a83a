"""The destinations of a deployment, read from its configuration: all mistakes at once, and no secret in any of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from engine.notify import destinations as d
from engine.notify.channels.smtp import is_address
from engine.notify.channels.webhook import key
from engine.notify.section import Section

PORTS: Final = frozenset({80, 443, 8443})
MAIL_PORTS: Final = {"starttls": 587, "implicit": 465, "none": 25}
KEY_BYTES: Final = range(24, 65)  # that Standard Webhooks ask of a secret
RATES: Final = range(1, 10_001)  # messages a minute

ID: Final = re.compile(r"[\w-]{1,64}")
LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
HOST: Final = re.compile(rf"(?:{LABEL}\.)*{LABEL}\.?|[0-9a-f:.]{{2,45}}", re.IGNORECASE)
HOST_MAX: Final = 253
VISIBLE: Final = re.compile(r"[!-~]+")


def read_destinations(settings: Section) -> dict[str, d.Destination]:
    """The destinations by id, of what stands below `destinations:`; mistakes are noted in the section.

    Secrets are read here and now, from files and from the environment.
    """
    found: dict[str, d.Destination] = {}
    for id in settings.names():
        if ID.fullmatch(id) is None:
            settings.wrong(id, "an id has letters, digits, - and _ only", "标识只能用字母、数字、- 和 _")
        section = settings.below(id)
        kind = section.choice("kind", list(KINDS))
        if kind:
            found[id] = KINDS[kind](id, section)
            section.close()
    return found


def _console(id: str, section: Section) -> d.Console:
    return d.Console(id, section.number("rate", RATES, None))


def _webhook(id: str, section: Section) -> d.Webhook:
    endpoint = _endpoint(section, hidden=section.refers("url"))
    secrets = section.secrets("secrets")
    for index, secret in enumerate(secrets):
        if secret.value and not _is_key(secret):
            wanted = "whsec_ and 24-64 bytes in base64 are wanted"
            section.wrong("secrets", wanted, "应为 whsec_ 加 24-64 字节的 base64", index)
    return d.Webhook(id, endpoint, secrets, section.number("rate", RATES, None))


def _mail(id: str, section: Section) -> d.Mail:
    tls: Any = section.choice("tls", list(MAIL_PORTS), "starttls")
    host = section.text("host")
    if host and not _is_host(host):
        section.wrong("host", "this is not a name of a host", "不是主机名")
    sender = section.text("sender")
    if sender and not is_address(sender):
        section.wrong("sender", "a mail address is wanted", "应为邮箱地址")
    user = section.text("user", "")
    password = section.secret("password") if section.has("password") or user else None
    if password is not None and tls == "none":
        section.wrong("password", "without TLS everybody on the way could read it", "没有 TLS，密码会在途中泄露")
    if password is not None and not user:
        section.wrong("user", "is missing: a password is of a user", "缺少：密码须有用户名")
    if password is not None and not (user + password.value).isascii():
        section.wrong("password", "only ASCII can be sent to a mail server", "用户名和密码只能用 ASCII 字符")
    port = section.number("port", range(1, 65536), MAIL_PORTS.get(tls, 25))
    return d.Mail(
        id, host, port, sender, tls, user, password, section.networks("allow"), section.number("rate", RATES, None)
    )


def _wecom(id: str, section: Section) -> d.WeCom:
    format: Any = section.choice("format", ["markdown", "text"], "markdown")
    return d.WeCom(id, _endpoint(section, hidden=True), format, _robot_rate(section))


def _dingtalk(id: str, section: Section) -> d.DingTalk:
    return d.DingTalk(id, _endpoint(section, hidden=True), _optional_secret(section), _robot_rate(section))


def _feishu(id: str, section: Section) -> d.Feishu:
    return d.Feishu(id, _endpoint(section, hidden=True), _optional_secret(section), _robot_rate(section))


KINDS: Final[dict[str, Callable[[str, Section], d.Destination]]] = {
    "console": _console,
    "webhook": _webhook,
    "smtp": _mail,
    "wecom": _wecom,
    "dingtalk": _dingtalk,
    "feishu": _feishu,
}


def _endpoint(section: Section, *, hidden: bool) -> d.Endpoint:
    """A URL: https unless `insecure`, a port of the usual ones unless in `ports`, no user in it."""
    url = section.secret("url").value if hidden else section.text("url")
    allow, insecure, opened = section.networks("allow"), section.flag("insecure"), section.ports("ports")
    nowhere = d.Endpoint("", 0, d.Secret(""))
    if not url:
        return nowhere
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), 0
    if parts.scheme not in ("https", "http") or VISIBLE.fullmatch(url) is None or not _is_host(parts.hostname or ""):
        section.wrong("url", "an address such as https://host/path is wanted", "应为网址，如 https://主机/路径")
        return nowhere
    if "@" in parts.netloc:
        section.wrong("url", "a user or password has no place in an address", "网址中不能带用户名或密码")
    if parts.scheme == "http" and not insecure:
        section.wrong(
            "url", "https is wanted; http only with insecure: true", "应为 https；要用 http 须写 insecure: true"
        )
    if port not in PORTS | opened:
        section.wrong(
            "url", f"port {port} is not usual; write ports: [{port}]", f"端口 {port} 不常用；须写 ports: [{port}]"
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return d.Endpoint(parts.hostname or "", port, d.Secret(path), parts.scheme == "https", allow)


def _optional_secret(section: Section) -> d.Secret | None:
    return section.secret("secret") if section.has("secret") else None


def _robot_rate(section: Section) -> int | None:
    return section.number("rate", RATES, d.ROBOT_RATE)


def _is_host(text: str) -> bool:
    return len(text) <= HOST_MAX and HOST.fullmatch(text) is not None


def _is_key(secret: d.Secret) -> bool:
    try:
        return len(key(secret)) in KEY_BYTES
    except ValueError:
        return False
