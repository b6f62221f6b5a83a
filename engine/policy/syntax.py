"""Syntax errors: the parser's complaint in the words of an author, and the section of the file that it spoils."""

from __future__ import annotations

from typing import Any, Final

import yaml

from engine.policy.diagnostics import Diagnostic, diagnostic
from engine.policy.scan import NO_COLON, UNCLOSED_BRACKET, UNCLOSED_QUOTE, Mended
from engine.policy.source import Source, Span
from engine.policy.words import Words


def complaint(source: Source, mended: Mended, error: yaml.MarkedYAMLError) -> Diagnostic:
    """The parser's complaint in the words of an author, with the place where the matter began."""
    words = f"{error.context or ''} {error.problem or ''}"
    code, problem = next(((code, said) for part, code, said in COMPLAINTS if part in words), ("Y007", UNREADABLE))
    mark, begun = error.problem_mark, error.context_mark
    if problem in (UNCLOSED_QUOTE, UNCLOSED_BRACKET) and begun is not None:
        return diagnostic(code, _at(source, mended, begun), problem=problem).against(
            _at(source, mended, mark), Words("read up to here", "一直读到这里")
        )
    where = begun if problem is NO_COLON and begun is not None else mark or begun
    return diagnostic(code, _at(source, mended, where), problem=problem)


def _at(source: Source, mended: Mended, mark: Any) -> Span:
    line = min(mark.line, len(source.lines) - 1)
    column = min(mended.column(line, mark.column), len(source.lines[line])) if line == mark.line else 0
    return Span(source, line + 1, column + 1, line + 1, column + 2)


def lines_of(error: yaml.MarkedYAMLError) -> set[int]:
    """The lines (from 1) over which the parser lost its way."""
    marks = [mark.line + 1 for mark in (error.context_mark, error.problem_mark) if mark is not None]
    return set(range(marks[-1] - 1 if "block" in (error.context or "") else min(marks), max(marks) + 1))


def section_of(text: str, error: yaml.MarkedYAMLError) -> tuple[int, int]:
    """First and last line (from 0) of the top-level section in which the trouble began."""
    lines = text.split("\n")
    marks = [mark.line for mark in (error.context_mark, error.problem_mark) if mark is not None]
    # Where a key is badly indented, the parser names the whole block as its context: then the problem is the place.
    whole = "block mapping" in (error.context or "") or "block collection" in (error.context or "")
    begun = min(marks[-1:] if whole else marks, default=0)
    first = min(begun, len(lines) - 1)
    while first > 0 and not _top_level(lines[first]):
        first -= 1
    last = first
    while last + 1 < len(lines) and not _top_level(lines[last + 1]):
        last += 1
    return first, last


def _top_level(line: str) -> bool:
    return bool(line) and line[0] not in " \t#]}-" and line.strip() != ""


def without(text: str, first: int, last: int) -> str:
    lines = text.split("\n")
    lines[first : last + 1] = [""] * (last + 1 - first)
    return "\n".join(lines)


UNREADABLE: Final = Words("this cannot be read as YAML", "这里不是合法的 YAML")

UNEVEN: Final = Words("this line is not indented like its neighbours", "这一行的缩进与上下行不一致")
NO_LIST: Final = Words("a list cannot begin here: put it on the next line", "列表不能从这里开始，请另起一行")
NO_VALUE_HERE: Final = Words("no value stands behind this colon", "这个冒号后面没有值")
NO_VALUE: Final = Words("no value begins like this; a list is written [a, b]", "值不能这样开头；列表写成 [甲, 乙]")
BAD_START: Final = Words("a text cannot begin with this sign: put it in quotes", "文字不能以这个符号开头，请加引号")

#: What libyaml or PyYAML say, and what we say instead.
COMPLAINTS: Final = (
    ("node content", "Y007", NO_VALUE),
    ("quoted scalar", "Y007", UNCLOSED_QUOTE),
    ("flow sequence", "Y007", UNCLOSED_BRACKET),
    ("flow mapping", "Y007", UNCLOSED_BRACKET),
    ("mapping values are not allowed", "Y006", UNREADABLE),
    ("could not find expected ':'", "Y007", NO_COLON),
    ("scanning an alias", "Y007", BAD_START),
    ("scanning an anchor", "Y007", BAD_START),
    ("a tag", "Y007", BAD_START),
    ("did not find expected key", "Y007", UNEVEN),
    ("expected '-' indicator", "Y007", UNEVEN),
    ("found unexpected ':'", "Y007", NO_VALUE_HERE),
    ("expected <block end>", "Y007", UNEVEN),
    ("block sequence entries are not allowed", "Y007", NO_LIST),
    ("cannot start any token", "Y007", BAD_START),
)
