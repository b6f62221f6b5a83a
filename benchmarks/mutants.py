"""A seeded sample of mutants of worktime and core: each is one small mistake, which some test must notice.

`make mutants ARGS="--count 300 --seed 1"`. Works on a copy of the checkout; prints survivors with their place.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
ROOMS = ("engine/worktime", "engine/core")
#: The cheap tests first; what they let through meets the expensive ones.
TESTS = {
    "engine/worktime": [["tests/worktime"], ["tests/core"]],
    "engine/core": [
        [
            "tests/core/test_semantics_examples.py",
            "tests/core/test_rows.py",
            "tests/core/test_figures.py",
            "tests/core/test_reports.py",
        ],
        ["tests/runtime", "tests/core/test_walks.py", "tests/sim/test_shipped.py"],
        ["tests/core/test_invariants.py"],
    ],
}
_COMPARE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
_ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult}


class Mutant(NamedTuple):
    file: Path
    line: int
    what: str
    text: str


def mutants(file: Path) -> Iterator[Mutant]:
    """Every mutant of a file, in order."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for index, node in enumerate(ast.walk(tree)):
        for what in _kinds(node):
            changed = deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(changed)) if i == index)
            _change(target, what)
            yield Mutant(file, getattr(node, "lineno", 0), what, ast.unparse(changed))


def _kinds(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARE:
            yield f"{type(op).__name__} -> {_COMPARE[type(op)].__name__}"
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
            yield f"{type(op).__name__} -> {_ARITHMETIC[type(op)].__name__}"
        case ast.BoolOp(op=op):
            yield "and <-> or"
        case ast.UnaryOp(op=ast.Not()):
            yield "not dropped"
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}"
        case ast.Constant(value=int(value)):
            yield f"{value} -> {value + 1}"
        case ast.If():
            yield "if never"
        case ast.Continue():
            yield "continue -> break"


def _change(node: ast.AST, what: str) -> None:
    match node:
        case ast.Compare(ops=[op]):
            node.ops = [_COMPARE[type(op)]()]
        case ast.BinOp(op=op):
            node.op = _ARITHMETIC[type(op)]()
        case ast.BoolOp(op=op):
            node.op = ast.Or() if isinstance(op, ast.And) else ast.And()
        case ast.UnaryOp():
            node.op = ast.UAdd()
            node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
        case ast.Constant(value=bool(value)):
            node.value = not value
        case ast.Constant(value=int(value)):
            node.value = value + 1
        case ast.If():
            node.test = ast.Constant(False)
        case ast.Continue():
            node.__class__ = ast.Break


def sample(count: int, seed: int) -> list[Mutant]:
    everything = [mutant for room in ROOMS for file in sorted((ROOT / room).glob("*.py")) for mutant in mutants(file)]
    return Random(seed).sample(everything, min(count, len(everything)))


def survives(mutant: Mutant, copy: Path) -> bool:
    """Whether no test notices the mutant in the copy."""
    inside = copy / mutant.file.relative_to(ROOT)
    original = inside.read_text(encoding="utf-8")
    inside.write_text(mutant.text, encoding="utf-8")
    room = mutant.file.parent.relative_to(ROOT).as_posix()
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "HUIYIN_QUICK": "1"}
    try:
        for tests in TESTS[room]:
            known = [test for test in tests if (copy / test).exists()]
            command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *known]
            try:
                done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=300)
            except subprocess.TimeoutExpired:
                return False
            if done.returncode != 0:
                return False
        return True
    finally:
        inside.write_text(original, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="1/1", help="this part of so many, for several processes")
    asked = parser.parse_args()
    part, parts = map(int, asked.part.split("/"))
    chosen = sample(asked.count, asked.seed)[part - 1 :: parts]
    alive = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        ignore = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", ".hypothesis")
        shutil.copytree(ROOT, copy, ignore=ignore)
        for number, mutant in enumerate(chosen, 1):
            if survives(mutant, copy):
                alive += 1
                print(f"SURVIVED {mutant.file.relative_to(ROOT)}:{mutant.line} {mutant.what}", flush=True)
            if number % 20 == 0:
                print(f"  {number} of {len(chosen)}, {alive} alive", flush=True)
    print(f"{len(chosen)} mutants, {len(chosen) - alive} killed, {alive} survived")


if __name__ == "__main__":
    main()
