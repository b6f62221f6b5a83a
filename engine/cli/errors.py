"""Errors of a call, said in the caller's language: our own in both, those of click in Chinese where that is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import IO, Any, Final

import click

LANGUAGES: Final = ("en", "zh")


class CallError(click.UsageError):
    """A call that says something wrong, in both languages: exit code 2."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.zh = zh


class FailedError(click.ClickException):
    """What the world refuses, in both languages: exit code 1."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.zh = zh


class ChineseError(click.ClickException):
    """Any of click's errors, shown in Chinese."""

    def __init__(self, error: click.ClickException) -> None:
        super().__init__(chinese(error))
        self.exit_code = error.exit_code  # type: ignore[misc]  # click asks the error, not its class
        self._context = error.ctx if isinstance(error, click.UsageError) else None

    def show(self, file: IO[Any] | None = None) -> None:
        if self._context is not None:
            path = self._context.command_path
            click.echo(self._context.get_usage().replace("Usage: ", "用法：", 1), file=file, err=True)
            click.echo(f"运行 '{path} --help' 查看帮助。\n", file=file, err=True)
        click.echo(f"错误：{self.message}", file=file, err=True)


def asked_language(args: Sequence[str], otherwise: str) -> str:
    """The language that a call names; it may be wrong further on, so that no parser has read it."""
    named = [arg.removeprefix("--lang=") for arg in args if arg.startswith("--lang=")]
    named += [after for arg, after in pairwise(args) if arg == "--lang"]
    return next((one for one in named if one in LANGUAGES), otherwise)


def chinese(error: click.ClickException) -> str:
    """The message of an error; what click says in words that are not known here stays as it is."""
    if isinstance(error, CallError | FailedError):
        return error.zh
    text = error.format_message()
    for pattern, words in _CLICK:
        text = pattern.sub(words, text)
    return text


_CLICK: Final = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"No such command (.+?)\.(?= |$)", r"没有 \1 这个命令。"),
        (r"No such option (.+?)\.(?= |$)", r"没有 \1 这个选项。"),
        (r" ?Did you mean (.+?)\?", r"是否想写 \1？"),
        (r" ?\(Did you mean one of: (.+?)\?\)", r"是否想写其中之一：\1？"),
        (r"Missing argument (.+?)\.(?= |$)", r"缺少参数 \1。"),
        (r"Missing option (.+?)\.(?= |$)", r"缺少选项 \1。"),
        (r"Choose from:", "可选："),
        (r"Got unexpected extra arguments? \((.*)\)", r"多余的参数：\1"),
        (r"Option (.+?) requires an argument\.", r"选项 \1 后面须有值。"),
        (r"Option (.+?) requires (\d+) arguments\.", r"选项 \1 后面须有 \2 个值。"),
        (r"Option (.+?) does not take a value\.", r"选项 \1 后面不能有值。"),
        (r"Takes (\d+) values but (?:1 was|(\d+) were) given\.", r"须有 \1 个值。"),
        (r"(\S+) is not one of (.+)\.", r"\1 不在可选值之内：\2。"),
        (r"(\S+) is not a valid (?:integer|integer range)\.", r"\1 不是整数。"),
        (r"(\S+) is not a valid (?:float|float range)\.", r"\1 不是数字。"),
        (r"(\S+) is not in the range (.+)\.", r"\1 超出范围 \2。"),
        (r"(\S+) does not match the formats? (.+)\.", r"\1 不符合格式 \2。"),
        (r"(?:File|Path|Directory) (.+) does not exist\.", r"\1 不存在。"),
        (r"(?:File|Path|Directory) (.+) is a file\.", r"\1 是文件，这里要文件夹。"),
        (r"(?:File|Path|Directory) (.+) is a directory\.", r"\1 是文件夹，这里要文件。"),
        (r"(?:File|Path|Directory) (.+) is not readable\.", r"\1 不可读。"),
        (r"(?:File|Path|Directory) (.+) is not writable\.", r"\1 不可写。"),
        (r"Could not open file (.+?): ", r"无法打开文件 \1："),
        (r"Invalid value for (.+?): ", r"\1 的值有误："),
        (r"Invalid value: ", "值有误："),
    )
)
