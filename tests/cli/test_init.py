"""`huiyin init`: a site that checks clean and whose scenario passes, in both languages; nothing is written over."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.policy import load


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def huiyin(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["garden", "湖畔花园", "site-7"])
def test_three_commands_lead_to_a_tested_site(name: str, lang: str) -> None:
    """init, check, test: all of them end with 0, and check finds nothing at all."""
    assert huiyin("init", name, "--lang", lang).exit_code == 0
    checked = huiyin("check", name, "--at", "2026-09-01", "--strict", "--lang", "en")
    assert (checked.output, checked.exit_code) == ("1 file: no mistakes found\n", 0)
    tested = huiyin("test", name)
    assert (tested.output, tested.exit_code) == ("1 passed, 0 failed\n", 0)


@pytest.mark.parametrize("title", ['say "hi"', "back\\slash", "DIR and NAME: 'both'", "#1 {花园}"])
def test_whatever_a_place_is_called_its_files_are_well_formed(title: str) -> None:
    assert huiyin("init", "garden", "--title", title).exit_code == 0
    assert load(Path("garden/garden.yaml")).plan.title == title
    assert Path("garden/README.md").read_text(encoding="utf-8").startswith(f"# {title}\n")


def test_the_site_file_is_short_and_says_why() -> None:
    """At most 15 lines, each part with a remark for whoever writes policies for the first time."""
    huiyin("init", "garden")
    lines = Path("garden/garden.yaml").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 15
    assert sum("#" in line for line in lines) >= 6


def test_the_title_is_what_people_call_the_place() -> None:
    """`--title` names the site, also where the text has signs of YAML in it."""
    huiyin("init", "garden", "--title", "花园: 一期")
    plan = load(Path("garden/garden.yaml")).plan
    assert plan is not None
    assert plan.title == "花园: 一期"


def test_nothing_is_written_over() -> None:
    """A file that is there stays as it is, and no other is written beside it."""
    Path("garden").mkdir()
    Path("garden/README.md").write_text("mine", encoding="utf-8")
    refused = huiyin("init", "garden")
    assert refused.exit_code == 1
    assert "README.md" in refused.output
    assert [path.name for path in Path("garden").iterdir()] == ["README.md"]
    assert Path("garden/README.md").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["my site", "3", "-x.", "null", "residential", "handbook"])
def test_a_folder_whose_name_cannot_be_a_policy_is_refused(name: str) -> None:
    """The policy is named after the folder, so the folder must have a name for one."""
    assert huiyin("init", "--", name).exit_code == 2
    assert not Path(name).exists()


def test_the_readme_names_commands_that_work() -> None:
    """Every `huiyin` line that a new site is begun with runs, wherever the site lies."""
    said = huiyin("init", "our NAMES/garden", "--lang", "en").output
    readme = Path("our NAMES/garden/README.md").read_text(encoding="utf-8")
    commands = [line.strip() for line in (readme + said).splitlines() if line.lstrip().startswith("huiyin ")]
    assert len(commands) == 8
    for command in commands:
        arguments = shlex.split(command.split("   ")[0])[1:]
        assert huiyin(*arguments).exit_code == 0, command
