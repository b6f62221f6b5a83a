"""How a daemon is set up: where its data lies, which sites it runs, whom its messages reach. None of it is policy."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import yaml

from engine.core import Plan
from engine.notify import Destination, DestinationsError, read_destinations
from engine.policy import shipped_policies
from engine.worktime import Lang

MESSAGE_DAYS: Final = 90
EVIDENCE_GB: Final = 20
#: Among routes every site, and among those of a site every channel, that are not named.
EVERY: Final = "*"


class ConfigError(Exception):
    """A set-up that cannot be used; the text names every mistake on a line of its own. `data`: where the data lies, if
    that can be read.
    """

    def __init__(self, mistakes: str, data: Path | None = None) -> None:
        super().__init__(mistakes)
        self.data = data


@dataclass(frozen=True, slots=True)
class Config:
    """`routes`: site -> channel of its policy -> destination; `*` is every other site, every other channel. `url`: how
    people reach the daemon, for links.
    """

    data: Path
    sites: tuple[Path, ...]
    host: str = "127.0.0.1"
    port: int = 8080
    url: str = ""
    destinations: Mapping[str, Destination] = field(default_factory=dict)
    routes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    proxies: tuple[str, ...] = ()  #: addresses of reverse proxies whose word about the caller is taken
    secure: bool = False  #: reached by https: cookies are for https only
    message_days: int = MESSAGE_DAYS  #: how long it is known who was told what, once the ticket is closed
    evidence_gb: int = EVIDENCE_GB  #: of files that a site may keep
    lang: Lang = "zh"  #: of letters, where the policy has no words of its own

    @property
    def database(self) -> Path:
        return self.data / "huiyin.db"


KEYS = frozenset(
    {"data", "sites", "listen", "url", "destinations", "routes", "proxies", "message_days", "evidence_gb", "lang"}
)


def stray_routes(config: Config, channels: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Routes that nothing takes, of sites that do not run and of channels that no policy declares; `channels`: site ->
    those of its policy. No mistakes: the next version of a policy may declare them.
    """
    sites = {path.stem for path in config.sites}
    everywhere = {channel for known in channels.values() for channel in known} if sites <= channels.keys() else None
    for site, routes in config.routes.items():
        if site != EVERY and site not in sites:
            yield f"routes.{site}: no site of this name runs; there are: {', '.join(sorted(sites))}"
            continue
        known = everywhere if site == EVERY else channels.get(site)
        for channel in routes:
            if known is not None and channel not in {EVERY, *known}:
                there = ", ".join(sorted(known)) or "none"
                yield f"routes.{site}.{channel}: no policy has this channel (messaging.channels); there are: {there}"


def channels_of(plan: Plan) -> Collection[str]:
    """The channels that a policy declares."""
    return plan.messaging.channels if plan.messaging is not None else ()


def shipped_sites() -> tuple[Path, ...]:
    """The sites that come with Huiyin, to look at."""
    return tuple(sorted((shipped_policies() / "sites").glob("*.yaml")))


def read_config(path: Path) -> Config:
    """Read a file of settings. Raises ConfigError with all its mistakes; OSError when there is none."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: settings are expected, a line each: `data: /var/lib/huiyin`")
    return _Reader(path, document).read()


class _Reader:
    def __init__(self, path: Path, document: Mapping[str, Any]) -> None:
        self.folder = path.parent
        self.name = path.name
        self.document = document
        self.mistakes: list[str] = []

    def read(self) -> Config:
        for key in sorted(set(self.document) - KEYS):
            self._wrong(key, f"there is no such setting; there are {', '.join(sorted(KEYS))}")
        host, port = self._listen(self._text("listen", "127.0.0.1:8080"))
        url = self._text("url", "").rstrip("/")
        if url and not url.startswith(("http://", "https://")):
            self._wrong("url", f"{url!r} is no address: write https://huiyin.park.example")
        sites = tuple(self.folder / text for text in self._list("sites")) or shipped_sites()
        for site in sites:
            if sum(other.stem == site.stem for other in sites) > 1:
                self._wrong("sites", f"{site}: a site has one file, and another one is named {site.stem}, too")
        config = Config(
            data=self.folder / self._text("data", "huiyin-data"),
            sites=sites,
            host=host,
            port=port,
            url=url,
            destinations=self._destinations(),
            routes=self._routes(sites),
            proxies=self._proxies(),
            secure=url.startswith("https://"),
            message_days=self._number("message_days", range(7, 3_651), MESSAGE_DAYS),
            evidence_gb=self._number("evidence_gb", range(1, 100_001), EVIDENCE_GB),
            lang=self._lang(),
        )
        if self.mistakes:
            raise ConfigError("\n".join(f"{self.name}: {mistake}" for mistake in self.mistakes), config.data)
        return config

    def _wrong(self, key: str, what: str) -> None:
        self.mistakes.append(f"{key}: {what}")

    def _text(self, key: str, default: str) -> str:
        value = self.document.get(key, default)
        if not isinstance(value, str):
            self._wrong(key, "a text is expected")
            return default
        return value

    def _number(self, key: str, allowed: range, default: int) -> int:
        text = self._text(key, str(default))
        if text.isascii() and text.isdigit() and len(text) < 10 and int(text) in allowed:
            return int(text)
        self._wrong(key, f"a number of {allowed.start}-{allowed.stop - 1} is expected")
        return default

    def _lang(self) -> Lang:
        text = self._text("lang", "zh")
        if text not in ("zh", "en"):
            self._wrong("lang", "zh or en is expected")
        return "en" if text == "en" else "zh"

    def _list(self, key: str) -> list[str]:
        value = self.document.get(key, [])
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self._wrong(key, "a list of texts is expected")
            return []
        return items

    def _proxies(self) -> tuple[str, ...]:
        """Addresses and networks; a name would never be met, and a star would believe everybody."""
        texts = tuple(self._list("proxies"))
        for text in texts:
            try:
                network = ip_network(text)
            except ValueError:
                self._wrong("proxies", f"{text!r} is no address of machines: write 127.0.0.1 or 10.1.0.0/16")
            else:
                if network.prefixlen == 0:
                    self._wrong("proxies", f"{text} would believe everybody: write the address of the proxy")
        return texts

    def _listen(self, text: str) -> tuple[str, int]:
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit() or not 0 <= int(port) < 65536:
            self._wrong("listen", f"{text!r} is no address: write 127.0.0.1:8080")
            return "127.0.0.1", 8080
        return host.strip("[]"), int(port)

    def _destinations(self) -> Mapping[str, Destination]:
        try:
            return read_destinations(self.document.get("destinations", {}), os.environ)
        except DestinationsError as error:
            self.mistakes += str(error).splitlines()
            return {}

    def _routes(self, sites: tuple[Path, ...]) -> Mapping[str, Mapping[str, str]]:
        """A site that is not there is a mistake where the settings list sites; else the command line may name it."""
        routes = self.document.get("routes", {})
        if not isinstance(routes, dict) or not all(isinstance(channels, dict) for channels in routes.values()):
            self._wrong("routes", "a map is expected: site -> channel -> destination")
            return {}
        there = {EVERY, *(path.stem for path in sites)}
        destinations = self.document.get("destinations", {})  # also those with mistakes of their own
        for site, channels in routes.items():
            if "sites" in self.document and site not in there:
                self._wrong(f"routes.{site}", f"there is no such site; there are {', '.join(sorted(there))}")
            for channel, name in channels.items():
                if not isinstance(name, str) or name not in destinations:
                    self._wrong(f"routes.{site}.{channel}", f"{name!r} is no destination")
        if destinations and not routes:
            self._wrong("routes", f'nothing would reach {", ".join(destinations)}: write {{"*": {{"*": DESTINATION}}}}')
        return routes
