"""The pages of the documentation as values: blocks of YAML and of commands, headings, links; and how a block is run.

A page is read from its beginning in a folder of its own, with a copy of `policies/` in it. Of its blocks

* ```console: each line that begins with `$ huiyin` is run, and must print the lines below it. A line `…` stands for any
  number of lines, and a line that ends in `…` for any that begins so.
* ```yaml whose first line is `# file: NAME` is written to that file, so that later commands find it;
  `# part of a policy` (`, on NAME`: residential if left out) is laid over a policy as a site would be;
  `# part of a scenario` may leave out the head; `# wrong: CODE CODE` must have these mistakes (`, in NAME` writes it to
  that file, too). Every other one is a whole policy or a whole scenario, or a layer, which is mixed into residential.
  All of them must be without errors, and scenarios must pass.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

import engine.policy
import engine.policy.room
import engine.runtime
from engine.cli import main
from engine.policy import Diagnostic, load, load_scenario_document
from engine.sim import Runner, is_scenario, mistakes

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 9, 1)  #: what the pages take for today
PAGES = sorted([*ROOT.glob("README*.md"), ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")])

FENCE = re.compile(r"^(?P<fence>```+)(?P<language>\w*)[^\n]*\n(?P<body>.*?)^(?P=fence)\s*$", re.M | re.S)
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.M)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
WRONG = re.compile(r"# wrong: ([\w ]+)(?:, in (\S+))?")
ON = re.compile(r"# part of a policy(?:, on ([\w-]+))?")


class Block(NamedTuple):
    language: str
    body: str
    line: int


class Command(NamedTuple):
    text: str
    output: list[str]
    line: int


def blocks(text: str) -> Iterator[Block]:
    for match in FENCE.finditer(text):
        yield Block(match["language"], match["body"], text.count("\n", 0, match.start()) + 1)


def prose(text: str) -> str:
    """A page without its blocks."""
    return FENCE.sub("", text)


def anchors(text: str) -> set[str]:
    """The names under which the headings of a page can be linked to, as GitHub makes them."""
    kept = (re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")) for heading in HEADING.findall(prose(text)))
    return {name.replace(" ", "-") for name in kept}


def links(text: str) -> Iterator[str]:
    """The relative links of a page."""
    yield from (link for link in LINK.findall(prose(text)) if "://" not in link and not link.startswith("mailto:"))


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block with what they print."""
    found: list[Command] = []
    for offset, line in enumerate(block.body.splitlines(), block.line + 1):
        if line.startswith("$ "):
            found.append(Command(line[2:], [], offset))
        elif found:
            found[-1].output.append(line)
    return iter(found)


class Folder:
    """The folder in which a page is read."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch, chinese: bool) -> None:
        self.path = path
        shutil.copytree(ROOT / "policies", path / "policies")
        monkeypatch.chdir(path)
        monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8" if chinese else "C.UTF-8")
        monkeypatch.setattr(engine.runtime, "today", lambda: TODAY)
        for room in (engine.policy, engine.policy.room):
            monkeypatch.setattr(room, "shipped_policies", lambda: path / "policies")

    def run(self, command: str) -> list[str]:
        """What a command prints, of errors too; where it ends with 2, the page shows a wrong command."""
        result = CliRunner().invoke(main, shlex.split(command)[1:], prog_name="huiyin")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code != 2, f"$ {command}\n{result.output}"
        return [line.rstrip() for line in result.output.rstrip("\n").split("\n")]

    def load(self, body: str) -> None:
        """Take in a block of YAML, and assert that it is what it says to be."""
        first = body.partition("\n")[0]
        if first.startswith("# file: "):
            self._check(self._write(first.removeprefix("# file: ").strip(), body.partition("\n")[2]))
        elif match := ON.match(first):
            base = match[1] or "residential"
            text = f"policy: example\ntitle: 示例\nextends: {base}\n{body}"
            self._check(self._write("blocks/example.yaml", text))
        elif first.startswith("# part of a scenario"):
            head = "scenario: 示例\npolicy: residential\n"
            steps = "" if re.search(r"^steps:", body, re.M) else "steps: [{at: 2026-09-30 09:00}]\n"
            path = self._write("blocks/example.yaml", head + body + steps)
            expect_none(errors(load_scenario_document(path).diagnostics))
        elif match := WRONG.match(first):
            path = self._write(match[2] or f"blocks/{_name(body)}.yaml", body.partition("\n")[2])
            found = {one.code for one in load(path, today=TODAY).diagnostics}
            expect_none([code for code in match[1].split() if code not in found])
        elif re.search(r"^scenario:", body, re.M):
            self._check(self._write("blocks/example.yaml", body))
        else:
            self._check(self._write(f"blocks/{_name(body)}.yaml", body))

    def _write(self, name: str, body: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
        return path

    def _check(self, path: Path) -> None:
        """A policy without errors, a scenario that passes; any other file is only there to be used by commands."""
        if path.suffix not in (".yaml", ".yml"):
            return
        if not is_scenario(path):
            loaded = load(path, today=TODAY)
            if loaded.layer:
                mixed = f"policy: mixed\ntitle: 示例\nextends: [residential, {path.stem}]\n"
                loaded = load(self._write(f"{path.parent.relative_to(self.path)}/mixed.yaml", mixed), today=TODAY)
            expect_none(errors(loaded.diagnostics))
            return
        result = Runner(TODAY).run(path)
        expect_none(errors(result.diagnostics))
        if result.performance is not None:
            expect_none([one.message.en for one in mistakes(result)])


def expect_none(found: list[str]) -> None:
    """Nothing of what was found may be there."""
    if found:
        raise AssertionError("\n".join(found))


def _name(body: str) -> str:
    """The name of the policy that a block is; `example` where it is a part of one."""
    name = re.search(r"^policy: *([\w-]+)", body, re.M)
    if name is None:
        raise AssertionError(f"say what this block is:\n{body}")
    return name[1]


def errors(diagnostics: tuple[Diagnostic, ...] | list[Diagnostic]) -> list[str]:
    return [f"{one.primary.span} {one.code} {one.message.en}" for one in diagnostics if one.severity == "error"]


def is_run(command: str) -> bool:
    """Whether a command of a page is run here; the others (make, pip, an editor) are only read."""
    return command.startswith("huiyin ") or command == "huiyin"


def prints(output: list[str], shown: list[str]) -> bool:
    """Whether the output is what a page shows of it."""
    if not shown:
        return not output
    if shown[0].strip() == "…":
        return any(prints(output[skip:], shown[1:]) for skip in range(len(output) + 1))
    return bool(output) and _same(output[0], shown[0].rstrip()) and prints(output[1:], shown[1:])


def _same(line: str, shown: str) -> bool:
    return line == shown or (shown.endswith("…") and line.startswith(shown[:-1]))
