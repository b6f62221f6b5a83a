"""The schema: one grammar for files and editors, in which nothing speaks of pydantic."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from engine.policy import json_schema, load_scenario_document
from engine.policy.catalogue import TITLES
from engine.policy.schema.policy import Policy
from engine.policy.shapes import LISTS, SECTIONS
from engine.policy.suggest import nearest
from engine.policy.suggest import shown as in_a_row
from tests.policy.shipped import POLICIES, SCENARIOS


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in [schema, *schema["$defs"].values()]:
        yield from part.get("properties", {}).items()


def test_every_key_is_explained_to_editors_in_both_languages() -> None:
    for kind in ("policy", "scenario"):
        for name, shape in properties(json_schema(kind)):
            if name not in ("optional",):
                assert (
                    re.search(r"[\u4e00-\u9fff]", shape.get("title", "") + shape.get("description", ""))
                    or name == "name"
                ), name


def test_layers_know_which_keys_hold_lists() -> None:
    """What may be edited by `{add, remove}` is told to editors and to layers alike."""
    editable = {name for name, shape in properties(json_schema("policy")) if '"add"' in repr(shape).replace("'", '"')}
    assert editable - {"extends"} <= LISTS
    assert LISTS - editable <= {"shows", "clocks", "via"}


def test_sections_are_those_of_the_schema() -> None:
    assert set(SECTIONS) < Policy.model_fields.keys()


def test_messages_speak_no_programming() -> None:
    for code, words in TITLES.items():
        for text in words:
            assert not re.search(r"pydantic|dict|string|bool|NoneType|regex|pattern|Input should", text), code


def test_scenarios_of_the_shipped_policies_fit_the_schema() -> None:
    assert SCENARIOS
    for path in SCENARIOS:
        document = load_scenario_document(path)
        assert not document.diagnostics, path
        assert len(document.scenario.steps) > 0


def test_a_scenario_with_mistakes_says_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "scenario: 一\npolicy: corner\nsteps:\n  - {at: 09:00, doo: open, then: {stat: todo}}\n  - nothing\n",
        encoding="utf-8",
    )
    found = load_scenario_document(path).diagnostics
    assert [(one.code, one.primary.span.line) for one in found] == [("E102", 4), ("E102", 4), ("E103", 5)]


def test_did_you_mean_is_right_about_single_slips() -> None:
    known = [
        "urgent", "complaint", "responsible_role", "escalate", "within", "clock", "repeated_complaint", "客服主管", "工程技工",
        "值班经理", "公司领导", "项目经理", "resolve", "resolved", "dispatch", "supervisor", "front_desk", "follow_up",
    ]  # fmt: skip
    slips = {
        "urgnet": "urgent", "complant": "complaint", "resposible_role": "responsible_role", "esclate": "escalate",
        "withn": "within", "clok": "clock", "repaeted_complaint": "repeated_complaint", "客服主菅": "客服主管",
        "工程技师": "工程技工", "值班经里": "值班经理", "公司领道": "公司领导", "resolv": "resolve", "dispach": "dispatch",
        "supervizor": "supervisor", "frontdesk": "front_desk", "folow_up": "follow_up",
    }  # fmt: skip
    assert {slip: nearest(slip, known) for slip in slips} == slips
    assert [nearest(word, known) for word in ("soonish", "经理", "leader", "xyz", "任何人")] == [None] * 5


def test_what_there_is_stands_in_the_same_order_in_every_run() -> None:
    known = ["resolve", "arrive", "visit", "promise", "close", "intake"]
    assert in_a_row(known) == "resolve, arrive, visit, promise, close, intake"
    assert in_a_row(frozenset(known)) == "arrive, close, intake, promise, resolve, visit"


def test_help_imports_no_schema() -> None:
    code = "import sys, click; from engine.cli import main; main.main(['--help'], standalone_mode=False); print([m for m in ('pydantic', 'yaml', 'engine.policy') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.rstrip().endswith("[]")


def test_editors_accept_the_shipped_files_and_see_a_slip() -> None:
    """The JSON Schema, judged by a small reading of it, over values as YAML 1.2 gives them."""
    policy, scenario = json_schema("policy"), json_schema("scenario")
    for path in POLICIES:
        assert list(complaints(policy, policy, editor_value(path))) == [], path
    for path in SCENARIOS:
        assert list(complaints(scenario, scenario, editor_value(path))) == [], path
    slip = {"policy": "x", "deadlines": {"answer": {"limit": {"night": {"iss": "1 hour"}}}}, "roles": {"a": None}}
    assert list(complaints(policy, policy, slip)) != []


def editor_value(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=Editor)


class Editor(yaml.SafeLoader):
    """YAML 1.2, near enough: words are texts but for true, false and null, and digits are numbers."""


Editor.yaml_implicit_resolvers = {}
Editor.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("(true|false)$"), list("tf"))
Editor.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("null$"), ["n"])
Editor.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"\d+$"), list("0123456789"))


def complaints(whole: dict[str, Any], shape: dict[str, Any], value: Any) -> Iterator[str]:
    """What an editor would underline. Knows the words of JSON Schema that we use."""
    if "$ref" in shape:
        yield from complaints(whole, whole["$defs"][shape["$ref"].rsplit("/", 1)[-1]], value)
        return
    if "anyOf" in shape and all(any(True for _ in complaints(whole, one, value)) for one in shape["anyOf"]):
        yield f"{value!r} fits nothing"
    kinds = shape.get("type", [])
    if kinds and not any(isinstance(value, KINDS[kind]) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        yield f"{value!r} is no {kinds}"
    if "enum" in shape and value not in shape["enum"]:
        yield f"{value!r} is not one of {shape['enum']}"
    if "const" in shape and value != shape["const"]:
        yield f"{value!r} is not {shape['const']}"
    if isinstance(value, dict):
        for key, one in value.items():
            inner = shape.get("properties", {}).get(str(key), shape.get("additionalProperties"))
            if inner is False:
                yield f"unknown key {key}"
            elif isinstance(inner, dict):
                yield from complaints(whole, inner, one)
    if isinstance(value, list) and isinstance(items := shape.get("items"), dict):
        for one in value:
            yield from complaints(whole, items, one)


KINDS = {"string": str, "number": int | float, "boolean": bool, "object": dict, "array": list, "null": type(None)}
