"""How a daemon is set up: where its data lies, which sites it runs, whom its messages reach. None of it is policy."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from engine.core import Plan
from engine.notify import Destination, Mistake, Section, read_destinations, read_settings
from engine.policy import Words, shipped_policies
from engine.worktime import Lang

MESSAGE_DAYS: Final = 90
EVIDENCE_GB: Final = 20
#: Among routes every site, and among those of a site every channel, that are not named.
EVERY: Final = "*"


class ConfigError(Exception):
    """Settings that cannot be used; the words name every mistake on a line of its own. `data`: where the data lies, if
    that can be read.
    """

    def __init__(self, mistakes: Iterable[Mistake], data: Path) -> None:
        said = [one.said() for one in sorted(mistakes, key=lambda one: (one.span.line, one.span.column))]
        self.words = Words("\n".join(words.en for words in said), "\n".join(words.zh for words in said))
        self.data = data
        super().__init__(self.words.en)


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


def stray_routes(config: Config, channels: Mapping[str, Collection[str]]) -> Iterator[Words]:
    """Routes that nothing takes, of sites that do not run and of channels that no policy declares; `channels`: site ->
    those of its policy. No mistakes: the next version of a policy may declare them.
    """
    sites = {path.stem for path in config.sites}
    everywhere = {channel for known in channels.values() for channel in known} if sites <= channels.keys() else None
    for site, routes in config.routes.items():
        if site != EVERY and site not in sites:
            yield _NO_SITE.format(route=f"routes.{site}", there=", ".join(sorted(sites)))
            continue
        known = everywhere if site == EVERY else channels.get(site)
        for channel in routes:
            if known is not None and channel not in {EVERY, *known}:
                yield _NO_CHANNEL.format(route=f"routes.{site}.{channel}", there=", ".join(sorted(known)) or "-")


_NO_SITE: Final = Words(
    "{route}: no site of this name runs; there are: {there}", "{route}：没有运行这个名称的项目；现有：{there}"
)
_NO_CHANNEL: Final = Words(
    "{route}: no policy has this channel (messaging.channels); there are: {there}",
    "{route}：没有方案声明这个渠道（messaging.channels）；现有：{there}",
)


def channels_of(plan: Plan) -> Collection[str]:
    """The channels that a policy declares."""
    return plan.messaging.channels if plan.messaging is not None else ()


def shipped_sites() -> tuple[Path, ...]:
    """The sites that come with Huiyin, to look at."""
    return tuple(sorted((shipped_policies() / "sites").glob("*.yaml")))


def read_config(path: Path) -> Config:
    """Read a file of settings. Raises ConfigError with all its mistakes; OSError when there is none."""
    settings = read_settings(path, os.environ)
    config = _config(settings, path.parent)
    settings.close()
    if settings.mistakes:
        raise ConfigError(settings.mistakes, config.data)
    return config


def _config(settings: Section, folder: Path) -> Config:
    host, port = _listen(settings)
    url = _url(settings)
    sites = _sites(settings, folder)
    destinations = settings.below("destinations")
    lang: Any = settings.choice("lang", get_args(Lang), "zh")
    return Config(
        data=folder / settings.text("data", "huiyin-data"),
        sites=sites or shipped_sites(),
        host=host,
        port=port,
        url=url,
        destinations=read_destinations(destinations),
        routes=_routes(settings.below("routes"), [path.stem for path in sites], destinations.names()),
        proxies=_proxies(settings),
        secure=url.startswith("https://"),
        message_days=settings.number("message_days", range(7, 3_651), MESSAGE_DAYS),
        evidence_gb=settings.number("evidence_gb", range(1, 100_001), EVIDENCE_GB),
        lang=lang,
    )


def _listen(settings: Section) -> tuple[str, int]:
    text = settings.text("listen", "127.0.0.1:8080")
    found = parse_listen(text)
    if found is None and text:
        settings.wrong("listen", "HOST:PORT is wanted, such as 127.0.0.1:8080", "应为“主机:端口”，如 127.0.0.1:8080")
    return found or ("127.0.0.1", 8080)


def parse_listen(text: str) -> tuple[str, int] | None:
    """`HOST:PORT`, or `[HOST]:PORT` of IPv6; None if it is neither."""
    found = re.fullmatch(r"(.+):([0-9]{1,5})", text)
    if found is None or int(found[2]) > 65535:
        return None
    return found[1].strip("[]"), int(found[2])


def _url(settings: Section) -> str:
    url = settings.text("url", "").rstrip("/")
    if url and not url.startswith(("http://", "https://")):
        settings.wrong(
            "url",
            "an address is wanted, such as https://huiyin.park.example",
            "应为网址，如 https://huiyin.park.example",
        )
    return url


def _sites(settings: Section, folder: Path) -> tuple[Path, ...]:
    sites = tuple(folder / text for text in settings.texts("sites"))
    seen: dict[str, Path] = {}
    for index, site in enumerate(sites):
        if seen.setdefault(site.stem, site) is not site:
            settings.wrong(
                "sites",
                f"a site has one file, and another one is named {site.stem}, too",
                f"一个项目只有一个文件，而另一个文件也叫 {site.stem}",
                index,
            )
    return sites


def _proxies(settings: Section) -> tuple[str, ...]:
    """Addresses and networks; a name would never be met, and a star would believe everybody."""
    networks = settings.networks("proxies")
    if any(network.prefixlen == 0 for network in networks):
        settings.wrong(
            "proxies",
            "this would believe everybody: write the address of the proxy",
            "这等于相信所有人：请写代理的地址",
        )
    return tuple(map(str, networks))


def _routes(routes: Section, sites: Collection[str], destinations: Collection[str]) -> Mapping[str, Mapping[str, str]]:
    """A site that is not there is a mistake where the settings list sites; else the command line may name it."""
    there = {EVERY, *sites}
    for site in routes.names():
        if sites and site not in there:
            names = ", ".join(sorted(there))
            routes.wrong(site, f"there is no such site; there are: {names}", f"没有这个项目；可用的有：{names}")
    if destinations and not routes.names():
        names = ", ".join(destinations)
        example = '{"*": {"*": DESTINATION}}'
        routes.wrong("", f"nothing would reach {names}: write {example}", f"没有消息会到达 {names}：请写 {example}")
    return {site: _channels(routes.below(site), destinations) for site in routes.names()}


def _channels(channels: Section, destinations: Collection[str]) -> Mapping[str, str]:
    found = {channel: channels.text(channel) for channel in channels.names()}
    for channel, name in found.items():
        if name and name not in destinations:
            channels.wrong(channel, f"there is no destination {name}", f"没有名为 {name} 的目的地")
    return found
