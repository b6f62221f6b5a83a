"""The files that come with Huiyin."""

from __future__ import annotations

from pathlib import Path

from engine.policy import shipped_policies


def _says(path: Path, key: str) -> bool:
    return any(line.startswith(f"{key}:") for line in path.read_text(encoding="utf-8").splitlines())


FILES = sorted(shipped_policies().rglob("*.yaml"))
SCENARIOS = [path for path in FILES if _says(path, "scenario")]
POLICIES = [path for path in FILES if _says(path, "policy") and path not in SCENARIOS]
