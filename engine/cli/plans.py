"""Plans as the verbs name them: a file, or the name of one beside you or of a shipped one."""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from engine.cli.errors import CallError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.core import Plan
    from engine.policy import Diagnostic, Loaded


A_POLICY: Final = re.compile(r"^policy\s*[:：]", re.MULTILINE)
A_SCENARIO: Final = re.compile(r"^scenario\s*[:：]", re.MULTILINE)
NO_SCENARIO: Final = {
    "en": "{file} is a policy, and only scenarios are played: `huiyin check {file}` reads it for mistakes; a scenario "
    "is a file that says `scenario: …` and `policy: {name}`",
    "zh": "{file} 是方案，不是情景：检查方案请用 `huiyin check {file}`；情景文件要写 `scenario: …` 和 `policy: {name}`",
}


def is_policy(file: Path) -> bool:
    """Whether a file says `policy:` and is no scenario."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return A_POLICY.search(text) is not None and A_SCENARIO.search(text) is None


def only_scenarios(files: Iterable[Path], lang: str) -> None:
    """A usage error that says what to do instead, where a policy is to be played."""
    for file in files:
        if file.is_file() and is_policy(file):
            raise click.UsageError(NO_SCENARIO[lang].format(file=file, name=file.stem))


def load_policy(named: str, today: date | None = None) -> Loaded:
    """What a policy says, by file, by name, or by the folder in which it is the only one; else a usage error."""
    from engine.policy import load, load_named

    path = Path(named)
    if path.is_file():
        return load(path, today=today, name=str(path))
    loaded = load_named(named, Path(), today=today)
    if loaded is None and path.is_dir():
        only = only_policy(path)
        return load(only, today=today, name=str(only))
    if loaded is None:
        raise CallError(
            f"there is no policy file {named}, and no policy of that name here or among the shipped",
            f"没有方案文件 {named}，此处和随附的方案中也没有这个名称",
        )
    return loaded


def policy_files(folder: Path) -> Iterator[Path]:
    """The files of a folder that say `policy:` and are no scenario."""
    for file in sorted({*folder.rglob("*.yaml"), *folder.rglob("*.yml")}):
        if is_policy(file):
            yield file


def only_policy(folder: Path) -> Path:
    """The one policy of a folder, as `huiyin init` makes it."""
    files = list(policy_files(folder))
    if len(files) != 1:
        en, zh = (
            (f"{len(files)} of them: name one, as {files[0]}", f"{len(files)} 个，请指明其一，例如 {files[0]}")
            if files
            else ("none: a policy file says `policy: …`", "没有方案文件：方案文件有一行 `policy: …`")
        )
        raise CallError(
            f"{folder} is a folder, and one policy is needed; there are {en}",
            f"{folder} 是文件夹，而这里要一个方案；其中{zh}",
        )
    return files[0]


def load_plan(named: str, lang: str, today: date | None = None) -> tuple[Plan, Loaded]:
    """The plan of a policy that can run; else its mistakes are printed, and the command is over."""
    loaded = load_policy(named, today)
    if loaded.layer:
        raise CallError(f"{named} is a layer: name a policy that mixes it in", f"{named} 是共用层：请写引用它的方案")
    if loaded.plan is None:
        refuse((one for one in loaded.diagnostics if one.severity == "error"), lang)
    return loaded.plan, loaded


def refuse(diagnostics: Iterable[Diagnostic], lang: str) -> NoReturn:
    """Print what is wrong with a file, and end with 1."""
    from engine.policy import render

    click.echo(render(tuple(diagnostics), lang, color=sys.stderr.isatty()), err=True, nl=False)
    sys.exit(1)


def edition_of(plan: Plan) -> str:
    """The newest day data that the plan knows."""
    return list(plan.editions)[-1]
