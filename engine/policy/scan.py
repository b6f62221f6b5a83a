"""Slips of a Chinese keyboard, found before YAML is read: full-width signs, tabs, colons that stick to the next word.

YAML takes `急修，投诉` for one word and stops at `类别：急修` a line later: half of it, in the wrong place. The scan
walks over the text once, knowing no more of YAML than quotes, comments, brackets and where a key may stand; it reports
each slip and mends it, so that the parser goes on and all other mistakes are found in the same run.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

from engine.policy.diagnostics import Diagnostic, Report, diagnostic
from engine.policy.source import Source, stretch
from engine.policy.words import Words

ASCII: Final = {**dict(zip("：，、；（）［］｛｝【】“”‘’", ":,,,()[]{}[]\"\"''", strict=True))}  # fmt: skip
QUOTES: Final = {"“": "”", "‘": "’", "”": "”", "’": "’", "「": "」", "『": "』", "＂": "＂"}
WIDE_SPACE: Final = "\u3000"
INVISIBLE: Final = "\u3000\u00a0\u2002\u2003\u2009\u200b\u200c\u200d\u2060\ufeff"

TOKEN: Final = re.compile(
    r"""
      (?P<line>    \n [ \t\u3000]*+ (?:-[ \t]++)*+ )
    | (?P<space>   [ \t]++ )
    | (?P<comment> \#[^\n]*+ )
    | (?P<quoted>  "(?:[^"\\]|\\.)*+"? | '(?:[^']|'')*+'? )
    | (?P<open>    [\[{] )
    | (?P<close>   [\]}] )
    | (?P<comma>   , )
    | (?P<colon>   : (?=[\s,\]}]|\Z) )
    """,
    re.VERBOSE | re.DOTALL,
)
#: A plain word goes on to the end of the line, to ` #`, to `: `, and inside brackets to `,` or a bracket.
OUTSIDE: Final = re.compile(r"(?:[^\n:\# \t]|(?<=[^\s])\#|:(?=\S)|[ \t]++(?=[^\s#:\n]|:\S))++")
INSIDE: Final = re.compile(
    r"(?:[^\n:\# \t,\[\]{}]|(?<=[^\s])\#|:(?=[^\s,\[\]{}])|[ \t]++(?=[^\s#:,\[\]{}]|:[^\s,\]}]))++"
)

#: The stretches in which nothing can be wrong, taken at one bite; they are nine tenths of every plan.
PLAIN_PAIRS: Final = re.compile(r'(?:\s*+[\w-]++:[ ]++(?:\w[\w .%/()+-]*+|"[^"\\\n]*+")(?=[,}]),?+)++')
PLAIN_ITEMS: Final = re.compile(r"(?:[ \n]*+\(?[\w.%-]++(?: [\w.%-]++)*+\)?(?=[,\]]),?+)++")
PLAIN_LINES: Final = re.compile(r"(?:\n[ ]*+[\w-]++:(?=[ ]?+\n))*+\n([ ]*+)[\w-]++:[ ]++(?=[{\[])")

FORGOTTEN: Final = re.compile(r"([a-z_]+)[ ]+[^\s=]")  # `title 处理` where a key stands
GOES_ON: Final = re.compile(r"[^\s:#][^\n#]*|[ ]+[^\s:#][^\n#]*")  # `"先戴"手套`
GOES_ON_INSIDE: Final = re.compile(r"[ ]*[^\s:#,\[\]{}][^\n#,\[\]{}]*")
#: `-CN`, `• CN`, `1. CN`: meant as the first item of a list, as the next line shows, or its sign.
BULLET: Final = re.compile(r"((?:[-－•·—]|\d+[.、)])[ ]*)(?:[^\n]*\n[ ]*- |(?<=[-－•·—])[^\W\d])")
STUCK: Final = re.compile(r"(?:[^\W\d]\w*|\d{4}-\d{2}-\d{2}):(?!//)(?=\S)")  # `word:word`, `2026-12-31:closed`
NEXT_KEY: Final = re.compile(r"[，、；][ \u3000]*[^\W\d]\w*$")  # `处理中，owner` before a colon
NEXT_PAIR: Final = re.compile(r"[，、；][ \u3000]*[a-z_]+[ \u3000]*(?=：)")  # `处理中，owner：front_desk`
MISSED_COMMA: Final = re.compile(r"(?<=\S)[ ]+[a-z_]+$")  # `处理中 owner` before a colon
QUOTE_ENDS: Final = re.compile(r"(?=[ ]*(?:,[ ]*[\w-]+:\s|[\]}]))")  # where a quote in brackets was to be closed
BRACKETED_WORD: Final = re.compile(r"[［｛【][^］｝】]*[］｝】][^，、；]")  # `【物业】您好`: a text, and no list
#: `{place}已恢复`: outside of brackets to the end of the line, inside to a comma or bracket.
PLACEHOLDER: Final = (
    re.compile(r"\{[\w.]+\}(?=[^\s,\]}#])[^\n#]*[^\s#]"),
    re.compile(r"\{[\w.]+\}(?=[^\s,\]}#])(?:\{[\w.]+\}|[^,{}\[\]\n#])*"),
)
NUMBER_SIGN: Final = re.compile(r"#\d")
CUT: Final = re.compile(r"[^\s\"'\[\]{},:][ ]+")  # the end of a plain word, and blanks
BLOCK_TEXT: Final = re.compile(r"[|>][-+0-9]*$")
A_KEY: Final = re.compile(r"\s*[\w-]+:(?:\s|$)")


@dataclass(slots=True)
class Mended:
    """The text the parser gets. `inserted`: by line, the columns of what the file does not have; both from 0."""

    text: str
    found: tuple[Diagnostic, ...] = ()
    inserted: dict[int, list[int]] = field(default_factory=dict)

    def column(self, line: int, column: int) -> int:
        """The column in the file of a column in the mended text, both from 0."""
        added = self.inserted.get(line)
        return column if added is None else column - bisect_left(added, column)


def scan(source: Source) -> Mended:
    """All slips of a source, and its text without them."""
    scanner = _Scanner(source)
    scanner.run()
    return scanner.mended()


class _Scanner:
    """One walk over the text. `stack` holds the open brackets; `at` says what may stand here: key, value, item."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.report = Report()
        self.patches: list[tuple[int, int, str]] = []  # from, to, what stands there instead
        self.stack: list[str] = []
        self.at = "key"
        self.indent = 0  # of the line of the last key outside brackets
        self.open_value = False  # a plain value ended the line before: deeper lines go on with it
        self.dash = 0  # the column of the last line's last dash
        self.opened = 0  # where the outermost bracket stands
        self.ended = 0  # where the last word or sign ended

    def run(self) -> None:
        text, end, here = "\n" + self.text, len(self.text) + 1, 0
        while here < end:
            begun, here = here, self._plain(text, here)
            if here > begun:
                self.ended = here
            token = TOKEN.match(text, here)
            if token is None:
                token = (INSIDE if self.stack else OUTSIDE).match(text, here)
                if token is None:  # a lone sign such as `:` before a bracket
                    here += 1
                    continue
                here = self.ended = self._word(text, token.start(), token.end())
            else:
                here = self._token(text, token)
                if token.lastgroup not in ("line", "space", "comment"):
                    self.ended = here
            if self.report.full(self.source.name):
                return

    def _plain(self, text: str, here: int) -> int:
        """Over what is plainly right from here."""
        if not self.stack:
            if text[here : here + 1] == "\n" and not self.open_value and (lines := PLAIN_LINES.match(text, here)):
                self.indent, self.at = len(lines[1]), "value"
                return lines.end()
        elif self.at in ("key", "item"):
            plain = (PLAIN_PAIRS if self.at == "key" else PLAIN_ITEMS).match(text, here)
            if plain is not None:
                if text[plain.end() - 1] != ",":
                    self.at = "done"
                return plain.end()
        return here

    def mended(self) -> Mended:
        if not self.patches:
            return Mended(self.text, tuple(self.report))
        parts, last, inserted = [], 0, dict[int, list[int]]()
        for start, stop, new in sorted(self.patches):
            if start < last:
                continue
            parts += [self.text[last:start], new]
            for extra in range(len(new) - (stop - start)):
                line, line_start = self.text.count("\n", 0, start), self.text.rfind("\n", 0, start) + 1
                before = len(inserted.setdefault(line, []))
                inserted[line].append(stop - line_start + before + extra)
            last = stop
        return Mended("".join([*parts, self.text[last:]]), tuple(self.report), inserted)

    # ---- tokens: offsets count in "\n" + text, so that the first line is like the others ----

    def _token(self, text: str, token: re.Match[str]) -> int:
        kind, here = token.lastgroup, token.start()
        match kind:
            case "line":
                return self._line(text, token)
            case "space":
                self._tabs(token)
            case "comment":
                self._number_sign(text, here)
            case "quoted":
                return self._quoted(text, token)
            case "open":
                if self.at == "value" and (prose := PLACEHOLDER[bool(self.stack)].match(text, here)):
                    return self._prose(prose)
                self._open(token[0], here)
            case "close":
                if self.stack:
                    self.stack.pop()
                else:
                    self._found("Y007", here, 1, problem=NEVER_OPENED)
                    self._patch(here, here + 1, " ")
                self.at = "done"
            case "comma":
                self.at = "key" if self.stack and self.stack[-1] == "{" else "item" if self.stack else self.at
            case "colon":
                if self.at == "value":
                    self._second_colon(here)
                self.at = "value"
        return token.end()

    def _prose(self, prose: re.Match[str]) -> int:
        """A text that begins with a placeholder is no map."""
        self._found("Y007", prose.start(), 1, problem=NOT_A_MAP)
        if '"' not in prose[0]:
            self._patch(prose.start(), prose.start(), '"')
            self._patch(prose.end(), prose.end(), '"')
        self.at = "done"
        return prose.end()

    def _open(self, bracket: str, here: int) -> None:
        if not self.stack:
            self.opened = here
        self.stack.append(bracket)
        self.at = "key" if bracket == "{" else "item"

    def _line(self, text: str, token: re.Match[str]) -> int:
        self._indentation(token)
        if self.stack and not self._forgotten(text, token):
            return token.end()
        line = text[token.end() : token.end() + 1]
        if line in ("", "\n", "#"):
            return token.end()
        indent = len(token[0]) - 1 + token[0].count(WIDE_SPACE)
        begins = len(token[0].split("-", 1)[0]) - 1
        self.dash = max(begins, token[0].rfind("-") - 1)
        if not (self.open_value and begins > self.indent):
            self.indent, self.open_value, self.at = indent, False, "item" if "-" in token[0] else "key"
            return token.end()
        if "-" in token[0]:
            problem = NO_ITEM if self.at == "item" else NO_TEXT
            self._found("Y007", token.start() + token[0].index("-"), 1, problem=problem)
            end = text.find("\n", token.end())
            if self.at == "item" and end > 0 and A_KEY.match(text, token.end()) is None:
                self._patch(token.start() + 1, end, " " * (end - token.start() - 1))
                return end
        self.at = "more"
        more = OUTSIDE.match(text, token.end())  # a quote or bracket in it is a sign of the text
        return token.end() if more is None else self._word(text, more.start(), more.end())

    def _indentation(self, token: re.Match[str]) -> None:
        """Tabs have no width that all agree on: the line above says what is meant. An ideographic space is two wide."""
        start, blank = token.start() + 1, token[0][1:].split("-", 1)[0]
        if "\t" in blank:
            self._found("Y004", start + blank.index("\t"), 1)
            self._patch(start, start + len(blank), " " * (self.indent + 2 * (self.at == "value")))
        elif WIDE_SPACE in blank:
            self._found("Y003", start + blank.index(WIDE_SPACE), 1, character="U+3000")
            self._patch(start, start + len(blank), blank.replace(WIDE_SPACE, "  "))

    def _forgotten(self, text: str, token: re.Match[str]) -> bool:
        """Whether a new key begins here that stands no deeper than the one whose brackets are still open."""
        deeper = len(token[0]) - 1 > self.indent
        if deeper or text[self.ended - 1] in ",[{" or A_KEY.match(text, token.end()) is None:
            return False
        self._found("Y007", self.opened, 1, problem=UNCLOSED_BRACKET)
        self._patch(self.ended, self.ended, "".join(CLOSED[bracket] for bracket in reversed(self.stack)))
        self.stack.clear()
        return True

    def _quoted(self, text: str, token: re.Match[str]) -> int:
        end_of_line = token[0].find("\n")
        closed = len(token[0]) > 1 and token[0][-1] == token[0][0]
        swallows = end_of_line > 0 and any(A_KEY.match(line) for line in token[0].split("\n")[1:])
        if swallows or not closed:
            end = token.start() + (end_of_line if end_of_line > 0 else len(token[0].rstrip()))
            if self.stack and (ends := QUOTE_ENDS.search(text, token.start(), end)) is not None:
                end = ends.start()
            self._found("Y007", token.start(), 1, problem=UNCLOSED_QUOTE)
            self._patch(end, end, token[0][0])
            self.at = "done"
            return end
        if self.at == "value":
            self.at = "done"
        if (more := (GOES_ON_INSIDE if self.stack else GOES_ON).match(text, token.end())) is not None:
            self._found("Y007", more.start(), len(more[0].rstrip()), problem=QUOTE_GOES_ON)
            self._patch(more.start(), more.end(), " " * len(more[0]))
            return more.end()
        return token.end()

    def _word(self, text: str, start: int, end: int) -> int:
        word = text[start:end]
        if not self.stack and self.at == "value" and BLOCK_TEXT.match(word):
            return self._skip_block_text(text, end)
        self._invisible(start, word)
        colon_follows = re.compile(r"[ \t]*:(?=[\s,\]}]|\Z)").match(text, end) is not None
        bare = word.strip(INVISIBLE)
        if bare[:1] in QUOTES:
            self._full_width_quotes(start + word.index(bare), bare)
        elif bare[:1] in ("［", "｛", "【") and self.at in ("value", "item") and not BRACKETED_WORD.match(bare):
            return self._wide_bracket(start + word.index(bare), bare[0])
        elif self.at == "key" and (wide := word.find("：")) > 0:
            return self._wide_colon(start, word, wide)
        elif self.at == "key" and not colon_follows:
            self._key_without_colon(start, word)
        elif self.at == "item" and not colon_follows:
            self._item(start, word)
            if not self.stack:  # lines that are deeper than its dash go on with it
                self.open_value, self.indent = True, self.dash
        elif self.at == "value" and self.stack and (pair := NEXT_PAIR.search(word)):
            self._sign(start + pair.start(), word[pair.start()])
            self._wide_colon(start, word, pair.end())
            return start + pair.end() + 1
        elif self.at == "value" and self.stack and colon_follows:
            self._next_key(start, word)
        if self.stack and bare[-1:] in ("］", "｝", "】"):
            self._sign(start + word.rindex(bare[-1]), bare[-1])
            self.stack.pop()
        if self.at == "value":
            self.open_value = not self.stack
            self.at = "value" if colon_follows else "done"
        return end

    # ---- slips ----

    def _number_sign(self, text: str, here: int) -> None:
        """`先戴 #2 手套`: what looks like a number behind a text is a comment."""
        if NUMBER_SIGN.match(text, here) and CUT.fullmatch(text, self.ended - 1, here):
            self._found("W016", here, 1)

    def _wide_colon(self, start: int, word: str, wide: int) -> int:
        sticks = wide + 1 < len(word) and word[wide + 1] != " "
        self._sign(start + wide, "：", ": " if sticks else ":")
        self.at = "value"
        return start + wide + 1

    def _key_without_colon(self, start: int, word: str) -> None:
        if stuck := STUCK.match(word):
            colon = start + stuck.end() - 1
            self._found("Y005", colon, 1, word=word[: stuck.end() - 1])
            self._patch(colon, colon + 1, ": ")
        elif not self.stack and (bullet := BULLET.match(self.text, start - 1)):
            self._found("Y007", start, len(bullet[1]), problem=NO_ITEM)
            self._patch(start, start + len(bullet[1]), "- ")
        elif not self.stack and (bare := FORGOTTEN.match(word)):
            self._found("Y007", start + bare.end(1), 1, problem=NO_COLON)
            self._patch(start + bare.end(1), start + bare.end(1), ":")

    def _item(self, start: int, word: str) -> None:
        for index, sign in enumerate(word):
            if sign in "，、；：（）":
                self._sign(start + index, sign, ": " if sign == "：" else None)

    def _full_width_quotes(self, start: int, word: str) -> None:
        close = word.find(QUOTES[word[0]], 1)
        if 0 < close < len(word) - 1:
            return  # “回音”计划: a text that begins with a quoted word
        closing = close > 0
        self._found("Y002", start, len(word) if closing else 1, sign=word[0])
        if closing and '"' not in word and "\\" not in word:
            self._patch(start, start + 1, '"')
            self._patch(start + len(word) - 1, start + len(word), '"')

    def _wide_bracket(self, offset: int, sign: str) -> int:
        self._sign(offset, sign)
        self._open(ASCII[sign], offset)
        return offset + 1

    def _next_key(self, start: int, word: str) -> None:
        """In brackets a value is followed by `word:`, so a comma is missing between them, or is a full-width one."""
        if comma := NEXT_KEY.search(word):
            self._sign(start + comma.start(), word[comma.start()])
        elif comma := MISSED_COMMA.search(word):
            self._found("Y006", start + comma.end(), 1)
            self._patch(start + comma.start(), start + comma.start() + 1, ", ")
        if comma:
            self.at = "key"

    def _second_colon(self, here: int) -> None:
        self._found("Y006", here, 1)
        self._patch(here, here + 1, "：")

    def _tabs(self, token: re.Match[str]) -> None:
        if "\t" in token[0]:
            self._found("Y004", token.start() + token[0].index("\t"), 1)
            for index, sign in enumerate(token[0]):
                if sign == "\t":
                    self._patch(token.start() + index, token.start() + index + 1, " ")

    def _invisible(self, start: int, word: str) -> None:
        found = False
        for index, sign in enumerate(word):
            if sign in INVISIBLE:
                if not found:
                    self._found("Y003", start + index, 1, character=f"U+{ord(sign):04X}")
                found = True
                self._patch(start + index, start + index + 1, " ")

    def _sign(self, offset: int, sign: str, instead: str | None = None) -> None:
        self._found("Y001", offset, 1, sign=sign, ascii=ASCII[sign])
        self._patch(offset, offset + 1, instead or ASCII[sign])

    def _skip_block_text(self, text: str, here: int) -> int:
        """Over the lines of a `|` or `>` text: those deeper than the line of its key, and empty ones."""
        for line in re.compile(r"\n([ ]*)([^\n]*)").finditer(text, here):
            if line[2] and len(line[1]) <= self.indent:
                return line.start()
            here = line.end()
        return here

    def _found(self, code: str, offset: int, length: int, **names: object) -> None:
        if not self.report.full(self.source.name):
            self.report.add(diagnostic(code, stretch(self.source, offset - 1, length), **names))

    def _patch(self, start: int, stop: int, new: str) -> None:
        if not self.report.full(self.source.name):
            self.patches.append((start - 1, stop - 1, new))


CLOSED: Final = {"{": "}", "[": "]"}

UNCLOSED_QUOTE: Final = Words("this quote is never closed", "这个引号没有闭合")
UNCLOSED_BRACKET: Final = Words("this bracket is never closed, or a comma is missing", "括号没有闭合，或者少了一个逗号")
QUOTE_GOES_ON: Final = Words(
    "the quote is closed and the text goes on: one pair of quotes around all of it",
    "引号已经闭合，后面还有文字：整段文字只用一对引号",
)
NO_COLON: Final = Words("a colon is missing after this key", "这个键后面少了冒号")
NO_ITEM: Final = Words(
    "each item of a list begins with `- `, in the same column", "列表的每一项都要以 `- ` 开头，并且上下对齐"
)
NO_TEXT: Final = Words(
    "`- ` begins an item of a list: put the text around it in quotes, or nothing behind the colon above",
    "以 `- ` 开头的行是列表的一项：整段文字加引号，或者上面的冒号后面不写内容",
)
NOT_A_MAP: Final = Words("a text that begins with a bracket stands in quotes", "以括号开头的文字要加引号")
NEVER_OPENED: Final = Words("this bracket closes nothing: take it away", "这个括号没有对应的左括号，请删去")
