"""`huiyin check` and `huiyin schema` from the outside: what they print and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.check import command as check
from engine.cli.schema import command as schema

DATA = Path(__file__).parent / "data"
GOOD = (DATA / "shelf" / "corner.yaml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corner.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(check, [str(argument) for argument in arguments] + ["--lang", "en"])


def test_a_sound_policy_ends_with_0(folder: Path) -> None:
    result = run(folder / "corner.yaml")
    assert (result.exit_code, result.output) == (0, "1 file: no mistakes found\n")


def test_mistakes_end_with_1_and_warnings_only_when_strict(folder: Path) -> None:
    (folder / "wrong.yaml").write_text("policy: wrong\nextends: corner\ntitel: 店\n", encoding="utf-8")
    (folder / "idle.yaml").write_text("policy: idle\nextends: corner\ntitle: 小店\n", encoding="utf-8")
    assert run(folder / "wrong.yaml").exit_code == 1
    assert run(folder / "idle.yaml").exit_code == 0
    assert run("--strict", folder / "idle.yaml").exit_code == 1


def test_wrong_use_ends_with_2(folder: Path) -> None:
    assert run().exit_code == 2
    assert run(folder / "nowhere.yaml").exit_code == 2
    (folder / "empty").mkdir()
    assert run(folder / "empty").exit_code == 2


def test_a_folder_is_searched_and_a_layer_is_checked_in_what_mixes_it_in(folder: Path) -> None:
    """The layer by itself would lack a role; each mistake is said once, although two files build on it."""
    (folder / "layer.yaml").write_text(
        "policy: layer\nlayer: true\nextends: corner\nroles: {a: {title: 甲, fallback: b}, c: {title: 丙, fallbck: a}}\n",
        encoding="utf-8",
    )
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text(
            f"policy: {name}\nextends: layer\nroles: {{b: {{title: 乙}}}}\n", encoding="utf-8"
        )
    (folder / "play.yaml").write_text("scenario: 一\npolicy: one\n", encoding="utf-8")
    result = run("--json", folder)
    assert [found["code"] for found in json.loads(result.output)] == ["E102"]


def test_json_and_github_are_for_machines(folder: Path) -> None:
    (folder / "wrong.yaml").write_text("policy: wrong\nextends: corner\ntitel: 店\n", encoding="utf-8")
    assert json.loads(run("--format", "json", folder / "wrong.yaml").output)[0]["code"] == "E102"
    assert run("--format", "github", folder / "wrong.yaml").output.startswith("::error file=")


def test_today_is_an_argument(folder: Path) -> None:
    office = 'calendars: {office: {title: 办公, holidays: CN, hours: {mon-fri: "09:00-18:00"}}}\n'
    text = f"policy: o\nextends: corner\n{office}deadlines: {{finish: {{limit: 7 working days, calendar: office}}}}\n"
    (folder / "o.yaml").write_text(text, encoding="utf-8")
    assert "W402" not in run("--at", "2026-03-01", folder / "o.yaml").output
    assert "W402" in run("--at", "2026-12-20", folder / "o.yaml").output


def test_schema_prints_json_schema() -> None:
    for kind in ("policy", "scenario"):
        printed = json.loads(CliRunner().invoke(schema, [kind]).output)
        assert printed["$schema"].startswith("https://json-schema.org/")
        assert printed["properties"]["policy"]["title"].startswith("方案")
