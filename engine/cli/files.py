"""Verbs that work on a database while no daemon has it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from engine.cli.common import language_option
from engine.cli.errors import FailedError

if TYPE_CHECKING:
    from engine.server import Daemon

F = TypeVar("F", bound=Callable[..., Any])
NAME: Final = "huiyin.db"
IN_USE: Final = {
    "en": "a daemon runs on {data}: stop it first",
    "zh": "{data} 上有守护进程在运行：请先停止它",
}


def data_option(function: F) -> F:
    """`--data DIR`: where the database lies; `--json`; `--lang`."""
    option = click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        default=lambda: os.environ.get("HUIYIN_DIR", "huiyin-data"),
        help="Folder of the database.",
    )
    as_json = click.option("--json", "as_json", is_flag=True, help="For machines.")
    decorated: F = option(as_json(language_option(function)))
    return decorated


@contextmanager
def said() -> Iterator[None]:
    """What the store refuses is said in a line, in the language of the verb."""
    from engine.store import StoreError

    try:
        yield
    except StoreError as error:
        raise FailedError(str(error), error.zh) from None


@contextmanager
def parts_on(data: Path, lang: str) -> Iterator[Daemon]:
    """The parts of a daemon on its file, started for nobody, and closed again. Exits 1 where a daemon has it."""
    from engine.server import open_file
    from engine.store import in_use

    with said():
        if data.is_dir() and in_use(data / NAME):
            raise click.ClickException(IN_USE[lang].format(data=data))
        daemon = open_file(data)
        try:
            yield daemon
        finally:
            daemon.database.close()
