"""Settings of a deployment, read key by key: what is wrong is noted with its place, and reading goes on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from engine.notify.destinations import Network, Secret
from engine.policy import Broken, Diagnostic, List, Map, Node, Null, Span, Text, Words, did_you_mean, read_document

N = TypeVar("N", int, None)
SECRET_BYTES_MAX: Final = 8_192
REFERENCE: Final = re.compile(r"\$\{(file|env):([^{}]+)\}")
KEYS_MAX: Final = 16  # of those that are named where one is unknown
FLAGS: Final = {"true": True, "false": False}


class Mistake(NamedTuple):
    """What is wrong, and where: `path` is the keys that lead to it, empty where the text itself is at fault."""

    span: Span
    path: str
    words: Words

    def said(self) -> Words:
        """`huiyin.yaml:3:9: listen: …`. The line itself is not shown: a secret may stand in it."""
        where = f"{self.span}: {self.path}: " if self.path else f"{self.span}: "
        return Words(where + self.words.en, where + self.words.zh)


def read_settings(path: Path, environ: Mapping[str, str]) -> Section:
    """A file of settings, with what is wrong with its text. Raises OSError when there is none."""
    document, found = read_document(path)
    mistakes = [Mistake(one.primary.span, "", _with_help(one)) for one in found if one.severity == "error"]
    return Section("", document.tree, document.tree.span, environ, mistakes)


def _with_help(found: Diagnostic) -> Words:
    """What is wrong with the text, in words that quote no value."""
    said = (_SAYS_NOTHING,) if found.code == "Y012" else (found.message, *found.helps)
    return Words("; ".join(words.en for words in said), "；".join(words.zh for words in said))


_SAYS_NOTHING: Final = Words("this says nothing: a value is wanted", "这里没有内容：请写一个值")


class Section:
    """The entries below one key. After a mistake a reader gives an empty value: the whole is refused in the end."""

    def __init__(
        self, path: str, given: Node | None, span: Span, environ: Mapping[str, str], mistakes: list[Mistake]
    ) -> None:
        self.path = path
        self.mistakes = mistakes
        self._environ = environ
        self._span = span
        self._known: dict[str, None] = {}
        self._entries = given.entries if isinstance(given, Map) else {}
        if isinstance(given, Text | List):
            self.wrong("", "keys and values are wanted here", "这里应为键值对")

    def names(self) -> list[str]:
        return list(self._entries)

    def below(self, key: str) -> Section:
        self._known[key] = None
        entry = self._entries.get(key)
        value, span = (None, self._span) if entry is None else (entry.value, entry.key.span)
        return Section(self._path(key), value, span, self._environ, self.mistakes)

    def wrong(self, key: str, en: str, zh: str, index: int | None = None) -> None:
        """Note a mistake at a value, or an item of it; at the key where there is none, at the whole without a key."""
        path = (self._path(key) if key else self.path) + ("" if index is None else f"[{index}]")
        self.mistakes.append(Mistake(self._place(key, index), path, Words(en, zh)))

    def _path(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _place(self, key: str, index: int | None) -> Span:
        entry = self._entries.get(key)
        if entry is None:
            return self._span
        value = entry.value
        if isinstance(value, List) and index is not None:
            return value.items[index].span
        return value.span if isinstance(value, Text) else entry.key.span

    def close(self) -> None:
        """Every key that nobody asked for is a mistake; by a slip it may be a secret, and is not named."""
        for name, entry in self._entries.items():
            if name not in self._known:
                for help in did_you_mean(name, list(self._known), most=KEYS_MAX):
                    words = Words(f"there is no such key; {help.en}", f"没有这个键；{help.zh}")
                    self.mistakes.append(Mistake(entry.key.span, self.path, words))

    def has(self, key: str) -> bool:
        self._known[key] = None
        return not isinstance(self._given(key), Null | None)

    def _given(self, key: str) -> Node | None:
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    def refers(self, key: str) -> bool:
        """Whether the value is a reference to a secret."""
        value = self._given(key)
        return isinstance(value, Text) and value.value.startswith("${")

    def text(self, key: str, default: str | None = None) -> str:
        """A text without line breaks; required where there is no default."""
        if not self.has(key):
            if default is None:
                self.wrong(key, "is missing", "缺少")
            return default or ""
        return self._text(key, self._given(key)) or ""

    def _text(self, key: str, value: Node | None, index: int | None = None) -> str | None:
        if isinstance(value, Broken):
            return None
        if isinstance(value, Text) and value.value.isprintable():
            return value.value
        self.wrong(key, "a text in one line is wanted", "应为单行文本", index)
        return None

    def choice(self, key: str, values: Sequence[str], default: str | None = None) -> str:
        text = self.text(key, default)
        if text in values or not text:
            return text
        self.wrong(key, f"one of: {', '.join(values)}", f"只能是：{'、'.join(values)}")
        return ""

    def number(self, key: str, allowed: range, default: N) -> int | N:
        if not self.has(key):
            return default
        text = self._text(key, self._given(key))
        if text is None:
            return default
        if re.fullmatch(r"[0-9]{1,9}", text) and int(text) in allowed:
            return int(text)
        span = f"{allowed.start}-{allowed.stop - 1}"
        self.wrong(key, f"a number of {span} is wanted", f"应为{span}之间的数")
        return default

    def flag(self, key: str) -> bool:
        text = self.text(key, "false")
        if text and text.lower() not in FLAGS:
            self.wrong(key, "true or false is wanted", "应为 true 或 false")
        return FLAGS.get(text.lower(), False)

    def texts(self, key: str) -> list[str]:
        """The items of a list, each a text in one line; one item may stand without brackets."""
        return [text for _, text in self._items(key)]

    def _items(self, key: str) -> Iterator[tuple[int, str]]:
        value = self._given(key) if self.has(key) else None
        for index, item in enumerate(value.items if isinstance(value, List) else [value] if value else []):
            if (text := self._text(key, item, index)) is not None:
                yield index, text

    def networks(self, key: str) -> tuple[Network, ...]:
        found = []
        for index, text in self._items(key):
            try:
                found.append(ip_network(text))
            except ValueError:
                self.wrong(
                    key,
                    "an address or a range of them is wanted, such as 10.1.0.5 or 10.1.0.0/16",
                    "应为地址或网段，如 10.1.0.5 或 10.1.0.0/16",
                    index,
                )
        return tuple(found)

    def ports(self, key: str) -> set[int]:
        found = set()
        for index, text in self._items(key):
            if re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= 65535:
                found.add(int(text))
            else:
                self.wrong(key, "a port of 1-65535 is wanted", "应为 1-65535 的端口", index)
        return found

    def secret(self, key: str) -> Secret:
        """The text that a reference leads to; a secret written out is refused, and shown nowhere."""
        if not self.has(key):
            self.wrong(key, "is missing", "缺少")
            return Secret("")
        return self._secret(key, self._text(key, self._given(key)))

    def secrets(self, key: str) -> tuple[Secret, ...]:
        found = tuple(self._secret(key, text, index) for index, text in self._items(key))
        if not found and not isinstance(self._given(key), Broken):
            self.wrong(key, "is missing", "缺少")
        return found

    def _secret(self, key: str, given: str | None, index: int | None = None) -> Secret:
        if given is None:
            return Secret("")
        match = REFERENCE.fullmatch(given)
        if match is None:
            self.wrong(
                key,
                "a secret is not written here: write ${file:PATH} or ${env:NAME}",
                "此处不能直接写密钥：请写 ${file:路径} 或 ${env:变量名}",
                index,
            )
            return Secret("")
        found = _content(match[2]) if match[1] == "file" else self._variable(match[2])
        if isinstance(found, str) and not (found.isprintable() and 0 < len(found) <= SECRET_BYTES_MAX):
            found = Words("the secret must be one line, 8 kB at most", "密钥应为一行文本，最多 8 kB")
        if isinstance(found, Words):
            self.wrong(key, found.en, found.zh, index)
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
