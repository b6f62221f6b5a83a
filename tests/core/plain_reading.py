"""Another reading of policy files, which shares nothing with the engine: enough to know which moves lead where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2] / "policies"


class _Null:
    """An unquoted null takes away; a quoted one is a text."""


def read(path: Path) -> dict[str, Any]:
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return _value(node)


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return _Null if node.value == "null" and node.style is None else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    return {key.value: _value(value) for key, value in node.value}


def find(name: str) -> Path:
    return next(path for path in ROOT.rglob(f"{name}.yaml") if "scenarios" not in path.parts)


def layers(name: str, seen: list[str]) -> list[dict[str, Any]]:
    """Bases first, each once, own file last."""
    if name in seen:
        return []
    seen.append(name)
    own = read(find(name))
    bases = own.get("extends", [])
    bases = [bases] if isinstance(bases, str) else bases
    return [layer for base in bases for layer in layers(base, seen)] + [own]


def merged(name: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for layer in layers(name, []):
        result = merge(result, layer)
    return result


def merge(low: Any, high: Any) -> Any:
    if isinstance(high, dict) and high and set(high) <= {"add", "remove"}:
        low = [low] if isinstance(low, str) else list(low or [])
        removed = high.get("remove", [])
        added = high.get("add", [])
        removed = [removed] if isinstance(removed, str) else removed
        added = [added] if isinstance(added, str) else added
        return [item for item in low if item not in removed] + added
    if isinstance(low, dict) and isinstance(high, dict):
        result = dict(low)
        for key, value in high.items():
            if value is _Null:
                result.pop(key, None)
            else:
                result[key] = merge(low[key], value) if key in low else value
        return result
    return high


def workflows(name: str) -> dict[str, dict[str, Any]]:
    """The workflows of a plan with `like` resolved."""
    sections = merged(name)["workflows"]

    def whole(id: str) -> dict[str, Any]:
        own = sections[id]
        if "like" not in own:
            return own
        return merge(whole(own["like"]), own)

    return {id: whole(id) for id in sections}


def next_state(workflow: dict[str, Any], state: str, move: str) -> str | None:
    """Where a move leads by the words of the file; None where it does not start here."""
    text = workflow["moves"].get(move, {})
    sources = text.get("from", [])
    final = (
        workflow["states"].get(state, {}).get("final") == "yes"
        or workflow["states"].get(state, {}).get("final") == "true"
    )
    named = [sources] if isinstance(sources, str) else sources
    legal = not final if sources == "open" else state in named
    return text.get("to", state) if legal else None
