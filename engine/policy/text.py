"""From bytes to text: UTF-8 with or without a mark; whatever else it is gets named, and is read on if it can be."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Final

from engine.policy.diagnostics import Diagnostic, Report, diagnostic
from engine.policy.source import Source, stretch
from engine.policy.words import Words

SIZE_MAX: Final = 1 << 20  # bytes; the longest plan we know has 20 kB

#: What YAML does not allow in a text, and the line ends that only some programs take for such.
UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")

SAVE_AS_UTF8: Final = Words(
    "save it again as UTF-8: in the editor “Save as”, encoding UTF-8", "用编辑器“另存为”，编码选 UTF-8，再保存一次"
)


def read(path: Path, name: str | None = None) -> tuple[Source, tuple[Diagnostic, ...]]:
    """A file as text, and what is wrong with its bytes. A file that cannot be opened raises OSError."""
    with path.open("rb") as file:
        return decode(file.read(SIZE_MAX + 1), name or str(path), path)


def decode(data: bytes, name: str, path: Path | None = None) -> tuple[Source, tuple[Diagnostic, ...]]:
    """Bytes as text with `\\n` at the end of its lines."""
    report = Report()
    if len(data) > SIZE_MAX:
        source = Source(name, "", path)
        report.add(diagnostic("Y010", stretch(source, 0), limit=Words("1 MB of text", "1 MB 的文字")))
        return source, tuple(report)
    text, encoding = _decoded(data)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    clean = Source(name, UNPRINTABLE.sub(" ", text), path)
    if encoding is not None:
        report.add(diagnostic("Y000", stretch(clean, 0), encoding=encoding).helping(SAVE_AS_UTF8))
    for bad in UNPRINTABLE.finditer(text):
        if report.full(name):
            break
        report.add(diagnostic("Y011", stretch(clean, bad.start()), character=f"U+{ord(bad[0]):04X}"))
    return clean, tuple(report)


def _decoded(data: bytes) -> tuple[str, Words | None]:
    """The text, and what it was written in if that was not UTF-8."""
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        pass
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace"), Words("UTF-16", "UTF-16")
    try:
        return data.decode("gb18030"), Words("GBK, as Windows writes it", "GBK（Windows 的默认编码）")
    except UnicodeDecodeError:
        return data.decode("utf-8", errors="replace"), Words("no text that we know", "无法识别的编码")
