"""Where the policies that come with Huiyin lie."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import engine


@cache
def shipped_policies() -> Path:
    """The folder in the wheel, else the one at the top of the checkout."""
    package = Path(engine.__file__).parent
    inside = package / "policies"
    return inside if inside.is_dir() else package.parent / "policies"
