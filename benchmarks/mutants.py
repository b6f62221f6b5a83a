"""A seeded sample of mutants of worktime and core: each is one small mistake, which some test must notice.

`make mutants ARGS="--count 300 --seed 1"`. Works on a copy of the checkout; prints survivors with their place.
The tests run in children of this process, which has the libraries loaded already and never loads the engine.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("engine/worktime", "engine/core")
LIBRARIES = ("holidays", "hypothesis", "pydantic", "transitions", "yaml")
MEMORY = 2 << 30  # bytes of a child: a mutant may collect without end
_STORIES = [
    "tests/core/test_semantics_examples.py",
    "tests/core/test_rows.py",
    "tests/core/test_conditions.py",
    "tests/core/test_figures.py",
    "tests/core/test_reports.py",
]
#: The cheap tests first; what they let through meets the expensive ones.
TESTS: dict[str, tuple[list[str], list[str]]] = {
    "engine/worktime": (["tests/worktime/test_examples.py", "tests/worktime"], _STORIES),
    "engine/core": (
        _STORIES,
        ["tests/runtime", "tests/core/test_walks.py", "tests/sim/test_shipped.py", "tests/core/test_invariants.py"],
    ),
}
_COMPARE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
#: What these say of a class, or of two lists, holds already: they only see to it that it stays so.
_VOWS = ("frozen", "slots", "eq", "strict")
_ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult}


class Mutant(NamedTuple):
    file: Path
    node: int  # which one of the file, as they are walked
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} {self.what}"

    def text(self, original: str) -> str:
        tree = ast.parse(original)
        _change(list(ast.walk(tree))[self.node], self.what)
        return ast.unparse(tree)


def mutants(file: Path) -> Iterator[Mutant]:
    """Every mutant of a file, in order."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    vows = {one.value for one in ast.walk(tree) if isinstance(one, ast.keyword) and one.arg in _VOWS}
    for index, node in enumerate(ast.walk(tree)):
        for what in _kinds(node) if node not in vows else ():
            yield Mutant(file, index, getattr(node, "lineno", 0), what)


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


class Trial:
    """A copy of the checkout, and how long its tests take while nothing is wrong."""

    def __init__(self, folder: Path) -> None:
        self.copy = folder / "copy"
        ignore = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", ".hypothesis")
        shutil.copytree(ROOT, self.copy, ignore=ignore)
        self.seconds: dict[tuple[str, ...], int] = {}
        for tests in {tuple(tests) for tiers in TESTS.values() for tests in tiers}:
            passed, taken = self._run(tests, 3600)
            if not passed:
                raise SystemExit(f"without any mutant a test fails: pytest -x {' '.join(tests)}")
            self.seconds[tests] = 5 + 3 * int(taken)
        sys.dont_write_bytecode = True  # from here on a file may be a mutant

    def survives(self, mutant: Mutant) -> bool:
        """Whether no test notices the mutant; one that takes three times as long is noticed."""
        inside = self.copy / mutant.file.relative_to(ROOT)
        original, times = inside.read_text(encoding="utf-8"), inside.stat()
        inside.write_text(mutant.text(original), encoding="utf-8")
        try:
            cheap, dear = TESTS[mutant.file.parent.relative_to(ROOT).as_posix()]
            return self._pass([*self._own(mutant), *cheap], cheap) and self._pass(dear, dear)
        finally:
            inside.write_text(original, encoding="utf-8")
            os.utime(inside, ns=(times.st_atime_ns, times.st_mtime_ns))  # its bytecode is that of this time

    def _own(self, mutant: Mutant) -> list[str]:
        """The tests that bear the name of the module: they go first."""
        own = f"tests/{mutant.file.parent.name}/test_{mutant.file.stem}.py"
        return [own] if (self.copy / own).exists() else []

    def _pass(self, tests: list[str], alike: list[str]) -> bool:
        return self._run(tests, self.seconds[tuple(alike)])[0]

    def _run(self, tests: Sequence[str], most: int) -> tuple[bool, float]:
        """Whether the tests pass in a child of this process, and its seconds of CPU."""
        if not (child := os.fork()):
            code = 1
            try:
                code = self._in_child(tests, most)
            finally:
                os._exit(code)
        _, status, used = os.wait4(child, 0)
        return status == 0, used.ru_utime + used.ru_stime

    def _in_child(self, tests: Sequence[str], most: int) -> int:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        os.chdir(self.copy)
        sys.path[0] = str(self.copy)
        os.environ["HUIYIN_QUICK"] = "1"
        loaded = "ignore::pytest.PytestAssertRewriteWarning"  # hypothesis, before pytest could look at it
        return pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-W", loaded, *tests])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="1/1", help="this part of so many, for several processes")
    asked = parser.parse_args()
    part, parts = map(int, asked.part.split("/"))
    chosen = sample(asked.count, asked.seed)[part - 1 :: parts]
    alive = 0
    for library in LIBRARIES:
        importlib.import_module(library)
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder))
        for number, mutant in enumerate(chosen, 1):
            if trial.survives(mutant):
                alive += 1
                print(f"SURVIVED {mutant}", flush=True)
            if number % 20 == 0:
                print(f"  {number} of {len(chosen)}, {alive} alive", flush=True)
    print(f"{len(chosen)} mutants, {len(chosen) - alive} killed, {alive} survived")


if __name__ == "__main__":
    main()
