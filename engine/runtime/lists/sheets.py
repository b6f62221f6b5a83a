"""Lines of cells from files: CSV in the encodings of the trade, or the first sheet of an XLSX."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeAlias
from xml.parsers import expat

from engine.policy import Words

BYTES_MAX: Final = 1 << 20
UNPACKED_MAX: Final = 32 << 20  #: bytes of an XLSX, which is a packed folder
ELEMENTS_MAX: Final = 1_000_000  #: of XML in it; a cell with its value is two
OTHERS_MAX: Final = 100_000  #: of these that are no cells; styles, say: each is an object, where a cell goes by
CELLS: Final = frozenset({"row", "c", "v", "f", "is", "si", "t", "r"})
ROWS_MAX: Final = 20_000
COLUMNS_MAX: Final = 100
SNIFFED: Final = 4_000  #: characters in which the separator shows
SHEET_ROWS: Final = 1 << 20  #: rows of a sheet, by the format; most of them are empty and cost nothing

Line: TypeAlias = tuple[int, list[str]]  #: its number, from 1 as editors and Excel count, and its cells


class NoTableError(Exception):
    """The file cannot be used at all: a code, what is wrong, and in which line if that is known."""

    def __init__(self, code: str, text: Words, line: int = 0) -> None:
        super().__init__(text.en)
        self.code, self.text, self.line = code, text, line


def read_file(path: Path) -> bytes:
    """The bytes of a list, at most one more than is taken, so that a huge file costs nothing. OSError."""
    with path.open("rb") as file:
        return file.read(BYTES_MAX + 1)


def read_lines(data: bytes, is_heading: Callable[[str], bool]) -> Iterator[Line]:
    """The lines that are not empty, each with its number and its cells without stray spaces."""
    if len(data) > BYTES_MAX:
        raise NoTableError("P102", Words(f"more than {BYTES_MAX >> 20} MB", f"超过 {BYTES_MAX >> 20} MB"))
    count = 0
    for number, cells in _cells_of(data, is_heading):
        texts = [" ".join(cell.translate(_ZERO_WIDTH).split()) for cell in cells]
        if not any(texts):
            continue
        count += 1
        if count > ROWS_MAX + 1:
            raise NoTableError("P102", Words(f"more than {ROWS_MAX:,} rows", f"超过 {ROWS_MAX:,} 行"), number)
        if len(texts) > COLUMNS_MAX and any(texts[COLUMNS_MAX:]):
            raise NoTableError("P102", Words(f"more than {COLUMNS_MAX} columns", f"超过 {COLUMNS_MAX} 列"), number)
        yield number, texts
    if not count:
        raise NoTableError("P101", _EMPTY)


_ZERO_WIDTH: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_EMPTY: Final = Words("it is empty", "里面没有内容")
_BROKEN: Final = Words("it is broken; save it again as XLSX or CSV", "文件已损坏；请重新保存为 XLSX 或 CSV")
_OLD: Final = Words(
    "it is an old XLS or has a password; save it as XLSX without one", "这是旧版 XLS 或加了密码；请另存为不加密的 XLSX"
)
_BINARY: Final = Words("it is neither CSV nor XLSX", "既不是 CSV 也不是 XLSX")
_QUOTE: Final = Words(
    "a quotation mark is not closed, or something stands behind it", "引号没有成对，或引号后面还有别的字"
)


def _cells_of(data: bytes, is_heading: Callable[[str], bool]) -> Iterator[Line]:
    """By what the file is, not by what it is called."""
    if data.startswith(b"PK\x03\x04"):
        return _xlsx(data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise NoTableError("P101", _OLD)
    return _csv(_decoded(data), is_heading)


def _decoded(data: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with it (Excel's “Unicode text”), else GB18030, which holds GBK."""
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise NoTableError("P101", _BINARY)


#: Spaces between a closing quotation mark and the separator, which the reader of CSV does not take.
_BEHIND_QUOTES: Final = re.compile(r'((?:^|[,;\t])[ \u3000]*"(?:[^"]|"")*+(?:"|\Z))[ \u3000]+', re.M)


def _csv(text: str, is_heading: Callable[[str], bool]) -> Iterator[Line]:
    text = _BEHIND_QUOTES.sub(r"\1", text)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=_separator(text, is_heading), skipinitialspace=True, strict=True
    )
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        raise NoTableError("P101", _QUOTE, line) from None


def _separator(text: str, is_heading: Callable[[str], bool]) -> str:
    """The sign that cuts one of the first lines into the most headings that are known."""
    lines = text[:SNIFFED].splitlines()

    def headings(sign: str) -> int:
        return max((sum(is_heading(cell.strip('" ')) for cell in line.split(sign)) for line in lines), default=0)

    return max(",;\t", key=headings)


def _xlsx(data: bytes) -> Iterator[Line]:
    """The first sheet. Formulas are taken by the value that Excel saved with them; macros are not looked at."""
    from openpyxl import load_workbook  # only here: it takes longer to import than most verbs to run

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            _weigh(packed)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet: Any = book.worksheets[0]
        sheet.reset_dimensions()  # what a sheet says about its own size is often wrong
        for number, row in enumerate(sheet.iter_rows(values_only=True, max_row=SHEET_ROWS, max_col=COLUMNS_MAX + 1), 1):
            if row.count(None) < len(row):
                yield number, [_text(value) for value in row]
    except NoTableError:
        raise
    except Exception:  # whatever the library trips over in a file that somebody else made, the file is broken
        raise NoTableError("P101", _BROKEN) from None


def _weigh(packed: zipfile.ZipFile) -> None:
    """Raise NoTableError for what would take more memory and time than any list: a row is held as a whole, and of empty
    cells a few kilobytes unpack to millions.
    """
    if sum(part.file_size for part in packed.infolist()) > UNPACKED_MAX:
        limit = f"{UNPACKED_MAX >> 20} MB"
        raise NoTableError("P102", Words(f"more than {limit} when unpacked", f"解压后超过 {limit}"))
    elements, others = count(1), count(1)

    def element(name: str, attributes: object) -> None:
        is_cell = name.rpartition(":")[2] in CELLS
        if next(elements) > ELEMENTS_MAX or (not is_cell and next(others) > OTHERS_MAX):
            raise NoTableError("P102", Words("more cells or styles than a list has", "单元格或样式过多"))

    for part in packed.infolist():
        parser = expat.ParserCreate()
        parser.StartElementHandler = element
        with suppress(expat.ExpatError), packed.open(part) as file:  # a picture, say
            parser.ParseFile(file)


def _text(value: object) -> str:
    """A cell of a sheet as people see it: whole numbers without a point, dates without a midnight."""
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat(" ", "minutes").removesuffix(" 00:00")
        case date():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)
