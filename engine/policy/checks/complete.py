"""What a whole plan cannot do without.

A layer may say little; the merged plan must say enough. An entry that only one layer knows, and that is not complete,
is most often a misspelt name of one that exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from engine.core.plan import STANDING_MOVES
from engine.policy.compile.desk import Desk
from engine.policy.diagnostics import Diagnostic
from engine.policy.schema.base import Part, told
from engine.policy.schema.flow import Move, State
from engine.policy.schema.work import Duty
from engine.policy.shapes import SECTIONS, Path, dotted
from engine.policy.suggest import did_you_mean, nearest


def complete(desk: Desk) -> None:
    """Reports each entry that lacks something, once, with all it lacks."""
    for path, part in _parts(desk.policy, ()):
        if (*path, "like") in desk.doubtful:
            continue
        lacking = [key for key in _required(part, path) if not desk.doubts(*path, key)]
        if lacking:
            desk.add(_lacks(desk, path, part, lacking))
            if path:
                desk.doubt(path)


def _parts(value: Any, path: Path) -> Iterator[tuple[Path, Part]]:
    """Every map with fixed keys, and where it stands."""
    if isinstance(value, Part):
        yield path, value
        for name, field in type(value).model_fields.items():
            yield from _parts(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _parts(one, (*path, name) if name else path)


def _required(part: Part, path: Path) -> Iterator[str]:
    for name, field in type(part).model_fields.items():
        extra = field.json_schema_extra
        required = isinstance(extra, dict) and extra.get("x-huiyin-required")
        standing = isinstance(part, Move) and path[-1] in STANDING_MOVES
        if required and not standing and getattr(part, name) is None:
            yield field.alias or name
    if isinstance(part, State) and not part.final and part.owner is None:
        return  # E203 says it better
    if isinstance(part, Duty) and part.opens is None:
        yield from (key for key, value in (("within", part.within), ("owner", part.owner)) if value is None)


def _lacks(desk: Desk, path: Path, part: Part, keys: list[str]) -> Diagnostic:
    names = ", ".join(f"`{key}`" for key in keys)
    helps = [help for key in keys for help in told(type(part), key)]
    if not path:
        what = desk.policy.policy or FilePath(desk.document.layers[-1].source.name).name
        return desk.say("E104", ("policy",), key=True, what=what, keys=names).helping(*helps)
    layers = {touch.layer for touch in desk.document.provenance.of(path)}
    siblings = [id for id in desk.ids(*(str(step) for step in path[:-1])) if id != path[-1]]
    if path[0] in SECTIONS and len(layers) == 1 and len(desk.document.layers) > 1 and nearest(str(path[-1]), siblings):
        found = desk.say("E902", path, key=True, path=dotted(path), keys=names)
        return found.helping(*did_you_mean(str(path[-1]), siblings))
    return desk.say("E104", path, key=True, what=dotted(path), keys=names).helping(*helps)
