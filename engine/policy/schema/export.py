"""JSON Schema for editors, from the same models that check a file."""

from __future__ import annotations

from typing import Any

from engine.policy.schema.policy import Policy
from engine.policy.schema.scenario import Scenario

ADDRESS = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: str) -> dict[str, Any]:
    """The schema of `policy` or `scenario` files. Nothing is required: a file may be a layer."""
    model = Policy if kind == "policy" else Scenario
    schema = _for_layers(model.model_json_schema(by_alias=True))
    return {"$schema": ADDRESS, "$id": f"huiyin-{kind}", **schema}


def _for_layers(schema: Any) -> Any:
    """What pydantic writes for the merged plan, as a layer may write it: every key may be null, no defaults."""
    if isinstance(schema, list):
        return [_for_layers(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    cleaned: dict[str, Any] = {}
    for word, value in schema.items():
        if word in ("properties", "$defs"):  # here the keys are names, not words of JSON Schema
            parts = {name: _for_layers(part) for name, part in value.items()}
            cleaned[word] = {name: _nullable(part) for name, part in parts.items()} if word == "properties" else parts
        elif word == "additionalProperties" and isinstance(value, dict):
            cleaned[word] = _nullable(_for_layers(value))
        elif word not in ("default", "x-huiyin-required"):
            cleaned[word] = _for_layers(value)
    return cleaned


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    options = schema.get("anyOf", [schema] if "title" not in schema else None)
    if options is None:
        shown = {key: schema[key] for key in ("title", "description") if key in schema}
        inner = {key: value for key, value in schema.items() if key not in shown}
        return shown | {"anyOf": [inner, {"type": "null"}]}
    if {"type": "null"} in options:
        return schema
    kept = {key: value for key, value in schema.items() if key in ("title", "description")}
    return kept | {"anyOf": [*options, {"type": "null"}]}
