"""What the documentation shows is so: examples load, commands print what stands below them, links lead somewhere."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import click
import pytest

from engine.cli.main import VERBS
from engine.policy import json_schema
from tests.docs.pages import PAGES, ROOT, Folder, anchors, blocks, commands, is_run, links, prints

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
COMMAND_LINE = ROOT / "docs" / "reference" / "command-line.md"


@pages
def test_examples_load_and_commands_print_what_is_shown(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is read from its beginning, as a reader would who types along."""
    folder = Folder(tmp_path, monkeypatch, chinese=".zh-CN" in page.suffixes)
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "yaml":
            try:
                folder.load(block.body)
            except AssertionError as wrong:
                pytest.fail(f"{page.relative_to(ROOT)}:{block.line}: {wrong}")
        elif block.language == "console":
            for command in commands(block):
                if is_run(command.text):
                    output = folder.run(command.text)
                    shown = "\n".join(command.output).rstrip("\n").split("\n") if command.output else []
                    said = "\n".join(output)
                    assert not shown or prints(output, shown), (
                        f"{page.name}:{command.line}: it prints what follows (`python -m tests.docs.refresh` writes it)\n{said}"
                    )


@pages
def test_links_lead_somewhere(page: Path) -> None:
    """A link names a file of the repository, and a heading that stands in it."""
    for link in links(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{page.name}: {link}"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_option_is_documented(verb: str) -> None:
    """The page of the command line has a section for each verb, and names each of its options in it."""
    sections = COMMAND_LINE.read_text(encoding="utf-8").split("\n## ")
    section = next((one for one in sections if one.startswith(f"huiyin {verb}\n")), None)
    assert section is not None, f"docs/reference/command-line.md says nothing of `huiyin {verb}`"
    for name, option in _options(import_module(VERBS[verb][0]).command):
        assert f"`{option}" in section, f"{name} {option}"


@pytest.mark.parametrize(("kind", "page"), [("policy", "language.md"), ("scenario", "scenario.md")])
def test_every_key_of_a_file_is_documented(kind: str, page: str) -> None:
    """A key that may be written stands in the reference, in code."""
    text = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    said = set(re.findall(r"[\w-]+", " ".join(re.findall(r"`[^`\n]+`|```yaml.*?```", text, re.S))))
    edits = {"add", "remove"} if kind == "scenario" else set()  # a scenario has no layers
    assert _keys(json_schema(kind)) - said - edits == set()


def test_every_decision_is_listed() -> None:
    """A decision that nobody can find is taken again."""
    folder = ROOT / "docs" / "decisions"
    linked = set(links((folder / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in folder.glob("0*.md")} == linked


@pages
def test_pages_are_about_the_product_only(page: Path) -> None:
    """No paths of somebody's machine, and nothing that only its builders can see."""
    text = page.read_text(encoding="utf-8")
    for word in ("/work/", "/tmp/", "../shared", "/home/"):
        assert word not in text


def _keys(schema: object) -> set[str]:
    """Every key with a fixed name in a JSON Schema."""
    if isinstance(schema, list):
        return {key for part in schema for key in _keys(part)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own | {key for part in schema.values() for key in _keys(part)}


def _options(command: click.Command) -> list[tuple[str, str]]:
    """Every option of a verb and of the verbs below it, but those that all of them share."""
    if isinstance(command, click.Group):
        return [found for inner in command.commands.values() for found in _options(inner)]
    return [
        (command.name or "", max(parameter.opts, key=len))
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.name not in ("lang", "today")
    ]
