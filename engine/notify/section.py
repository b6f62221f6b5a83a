"""A part of a configuration, read key by key: what is wrong is noted with its path, and reading goes on."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Final, NamedTuple

from engine.notify.destinations import Network, Secret
from engine.policy import Words, did_you_mean

SECRET_BYTES_MAX: Final = 8_192
REFERENCE: Final = re.compile(r"\$\{(file|env):([^{}]+)\}")
FLAGS: Final = {"true": True, "false": False}


class Mistake(NamedTuple):
    """What is wrong, and where: `path` is the keys that lead to it."""

    path: str
    words: Words


class Section:
    """The entries below one key. After a mistake a reader gives an empty value: the whole is refused in the end."""

    def __init__(self, path: str, given: object, environ: Mapping[str, str], mistakes: list[Mistake]) -> None:
        self.path = path
        self._environ, self._mistakes = environ, mistakes
        self._known: dict[str, None] = {}
        self._entries: dict[str, object] = {}
        if isinstance(given, Mapping):
            self._entries = {str(name): value for name, value in given.items()}
        elif given is not None:
            self.wrong("", "keys and values are wanted here", "这里应为键值对")

    def names(self) -> list[str]:
        return list(self._entries)

    def below(self, key: str) -> Section:
        return Section(f"{self.path}.{key}", self._entries.get(key), self._environ, self._mistakes)

    def wrong(self, key: str, en: str, zh: str) -> None:
        self._mistakes.append(Mistake(f"{self.path}.{key}" if key else self.path, Words(en, zh)))

    def close(self) -> None:
        """Every key that nobody asked for is a mistake."""
        for name in [name for name in self._entries if name not in self._known]:
            for help in did_you_mean(name, list(self._known)):
                self.wrong(name, f"there is no such key; {help.en}", f"没有这个键；{help.zh}")

    def has(self, key: str) -> bool:
        self._known[key] = None
        return self._entries.get(key) is not None

    def refers(self, key: str) -> bool:
        """Whether the value is a reference to a secret."""
        return self.has(key) and str(self._entries[key]).startswith("${")

    def text(self, key: str, default: str | None = None) -> str:
        """A text without line breaks; required where there is no default."""
        if not self.has(key):
            if default is None:
                self.wrong(key, "is missing", "缺少")
            return default or ""
        value = self._entries[key]
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).isprintable():
            return str(value)
        self.wrong(key, "a text in one line is wanted", "应为单行文本")
        return ""

    def choice(self, key: str, values: Sequence[str], default: str | None = None) -> str:
        text = self.text(key, default)
        if text in values or not text:
            return text
        self.wrong(key, f"one of: {', '.join(values)}", f"只能是：{'、'.join(values)}")
        return ""

    def number(self, key: str, allowed: range, default: int | None = None) -> int | None:
        if not self.has(key):
            return default
        text = self.text(key)
        if re.fullmatch(r"[0-9]{1,9}", text) and int(text) in allowed:
            return int(text)
        span = f"{allowed.start}-{allowed.stop - 1}"
        self.wrong(key, f"a number of {span} is wanted", f"应为{span}之间的数")
        return default

    def flag(self, key: str) -> bool:
        if not self.has(key):
            return False
        value = FLAGS.get(str(self._entries[key]).lower())
        if value is None:
            self.wrong(key, "true or false is wanted", "应为 true 或 false")
        return value or False

    def items(self, key: str) -> list[object]:
        if not self.has(key):
            return []
        value = self._entries[key]
        return list(value) if isinstance(value, (list, tuple)) else [value]

    def networks(self, key: str) -> tuple[Network, ...]:
        found = []
        for index, item in enumerate(self.items(key)):
            try:
                found.append(ip_network(str(item)))
            except ValueError:
                self.wrong(f"{key}[{index}]", "a range such as 10.1.0.0/16 is wanted", "应为网段，如 10.1.0.0/16")
        return tuple(found)

    def ports(self, key: str) -> set[int]:
        found = set()
        for index, item in enumerate(self.items(key)):
            if re.fullmatch(r"[0-9]{1,5}", str(item)) and 1 <= int(str(item)) <= 65535:
                found.add(int(str(item)))
            else:
                self.wrong(f"{key}[{index}]", "a port of 1-65535 is wanted", "应为 1-65535 的端口")
        return found

    def secret(self, key: str) -> Secret:
        """The text that a reference leads to; a secret written out is refused, and shown nowhere."""
        if not self.has(key):
            self.wrong(key, "is missing", "缺少")
            return Secret("")
        return self._secret(key, self._entries[key])

    def secrets(self, key: str) -> tuple[Secret, ...]:
        items = self.items(key)
        if not items:
            self.wrong(key, "is missing", "缺少")
        return tuple(self._secret(f"{key}[{index}]", item) for index, item in enumerate(items))

    def _secret(self, key: str, given: object) -> Secret:
        match = REFERENCE.fullmatch(given) if isinstance(given, str) else None
        if match is None:
            self.wrong(
                key,
                "a secret is not written here: write ${file:PATH} or ${env:NAME}",
                "此处不能直接写密钥：请写 ${file:路径} 或 ${env:变量名}",
            )
            return Secret("")
        found = _content(match[2]) if match[1] == "file" else self._variable(match[2])
        if isinstance(found, str) and not (found.isprintable() and 0 < len(found) <= SECRET_BYTES_MAX):
            found = Words("the secret must be one line, 8 kB at most", "密钥应为一行文本，最多 8 kB")
        if isinstance(found, Words):
            self.wrong(key, found.en, found.zh)
            return Secret("")
        return Secret(found)

    def _variable(self, name: str) -> str | Words:
        if name in self._environ:
            return self._environ[name].strip()
        return Words(f"the environment has no {name}", f"环境变量中没有 {name}")


def _content(name: str) -> str | Words:
    """The content of a file that not everybody may read or change, else what is wrong with it."""
    try:
        with Path(name).open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o007:
                return Words(
                    f"everybody may read or change {name}; say chmod o= {name}",
                    f"任何人都能读写 {name}；请 chmod o= {name}",
                )
            return file.read(SECRET_BYTES_MAX + 1).decode().strip()
    except OSError as error:
        return Words(f"{name} cannot be read: {error.strerror}", f"无法读取 {name}：{error.strerror}")
    except UnicodeDecodeError:
        return Words(f"{name} is not UTF-8", f"{name} 不是 UTF-8")
