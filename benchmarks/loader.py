"""Reading a policy of a thousand lines with all its places, beside `yaml.SafeLoader`, which keeps none."""

from __future__ import annotations

import yaml

from benchmarks.harness import rates
from engine.policy import Source, shipped_policies
from engine.policy.nodes import List, Map, Node, Text, parse

GOAL = 4.0
LINES = 1_000


def run() -> list[tuple[str, float, float, str]]:
    text = _long_policy()
    root, found = parse(Source("bench.yaml", text))
    assert not found
    assert _plain(root) == yaml.load(text, Loader=yaml.BaseLoader)

    def ours() -> int:
        parse(Source("bench.yaml", text))
        return 1

    def peer() -> int:
        yaml.load(text, Loader=yaml.SafeLoader)
        return 1

    seen = rates({"ours": ours, "peer": peer}, rounds=5)
    ours_ms, peer_ms = 1000 / seen["ours"], 1000 / seen["peer"]
    note = f"{text.count(chr(10))} lines in {ours_ms:.0f} ms, scan for slips included; SafeLoader {peer_ms:.0f} ms"
    return [("load 1,000 lines with positions, times SafeLoader", GOAL, seen["ours"] / seen["peer"], note)]


def _long_policy() -> str:
    """The shipped policies, each as a section, again and again."""
    files = [path.read_text(encoding="utf-8") for path in sorted(shipped_policies().glob("*.yaml"))]
    parts: list[str] = []
    while sum(part.count("\n") for part in parts) < LINES:
        body = "".join(f"  {line}\n" for line in files[len(parts) % len(files)].splitlines())
        parts.append(f"section{len(parts)}:\n{body}")
    return "".join(parts)


def _plain(node: Node) -> object:
    if isinstance(node, Map):
        return {key: _plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, List):
        return [_plain(item) for item in node.items]
    return node.value if isinstance(node, Text) else "null"
