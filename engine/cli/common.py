"""Options that several verbs share."""

from __future__ import annotations

import locale
import os
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

import click

from engine.cli.errors import LANGUAGES

F = TypeVar("F", bound=Callable[..., Any])


def default_language() -> str:
    """`zh` where the locale says so, else English."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if (named or locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"


def language_option(function: F) -> F:
    option = click.option(
        "--lang", type=click.Choice(LANGUAGES), default=default_language, help="Language of what is printed."
    )
    decorated: F = option(function)
    return decorated


def date_option(function: F) -> F:
    """`--at DATE`: fixes what counts as today."""

    def read(context: click.Context, parameter: click.Parameter, value: datetime | None) -> date | None:
        return value.date() if value is not None else None

    option = click.option(
        "--at", "today", type=click.DateTime(["%Y-%m-%d"]), callback=read, help="What counts as today."
    )
    decorated: F = option(function)
    return decorated
