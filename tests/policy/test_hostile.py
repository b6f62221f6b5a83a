"""Whatever stands in a file, loading ends soon, in little memory, with diagnostics and never with a traceback."""

from __future__ import annotations

import random
import time
import tracemalloc
from pathlib import Path

import pytest

from engine.policy import load_text, shipped_policies
from engine.policy.text import SIZE_MAX, decode
from tests.policy.shipped import POLICIES

DATA = Path(__file__).parent / "data"
SEEDS = [path.read_text(encoding="utf-8") for path in [*POLICIES, *sorted(DATA.glob("*/*.yaml"))]]

SECONDS_MAX = 2.0
BYTES_MAX = 200 << 20

BOMBS = {
    "aliases": "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)),
    "depth in brackets": "a: " + "[" * 50_000,
    "depth in braces": "a: " + "{a: " * 50_000,
    "depth in lines": "".join(f"{' ' * n}a:\n" for n in range(1_000)),
    "many keys": "".join(f"k{n}: v\n" for n in range(40_000)),
    "many equal keys": "a: b\n" * 60_000,
    "one long line": "a: " + "x" * (SIZE_MAX - 10),
    "one long quoted text": 'a: "' + "\\n" * (SIZE_MAX // 2 - 10) + '"',
    "never closed quotes": 'a: "\n' * 30_000,
    "commas": "a: [" + "," * 100_000 + "]",
    "tabs": "\t" * 100_000,
    "full-width signs": "，：（）“”" * 50_000,
    "ideographic spaces": "a: " + "　" * 100_000,
    "spaces": "a:" + " " * 900_000 + "b",
    "dashes": "- " * 300_000,
    "questions": "? " * 300_000,
    "colons": ":" * 900_000,
    "hashes": "#" * 900_000,
    "nothing": "",
    "a comment": "# nothing",
    "zeroes": "\x00" * 1_000,
    "a huge key": "x" * 500_000 + ": y",
    "tags": "!!python/object/apply:os.system ['true']",
    "many likes": "workflows:\n" + "".join(f"  w{n}: {{like: w{n + 1}}}\n" for n in range(2_000)),
    "many conditions": "workflows: {w: {moves: {m: {when: " + "{not: " * 30 + "{a: b}" + "}" * 30 + "}}}}",
    "many rows": "deadlines:\n  d:\n    limit:\n" + "".join(f"      r{n}: {{when: {{number: x{n}}}, is: 1 hour}}\n" for n in range(400)),
    "a bomb of states": "workflows:\n  w:\n    states:\n" + "".join(f"      s{n}: {{title: t, owner: x}}\n" for n in range(3_000)),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_answered(name: str) -> None:
    loaded = load_text(BOMBS[name])
    assert loaded.plan is None
    assert loaded.diagnostics


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_answered_soon(name: str) -> None:
    load_text("policy: warm")
    began = time.process_time()
    load_text(BOMBS[name])
    assert time.process_time() - began < SECONDS_MAX


@pytest.mark.parametrize("name", ["many keys", "depth in braces", "one long quoted text", "full-width signs"])
def test_a_bomb_is_answered_in_little_memory(name: str) -> None:
    load_text("policy: warm")
    tracemalloc.start()
    try:
        load_text(BOMBS[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < BYTES_MAX


def test_bytes_of_any_kind_are_read() -> None:
    chance = random.Random(7)
    for _ in range(200):
        source, _ = decode(chance.randbytes(chance.randrange(200)), "any")
        assert "\r" not in source.text


def test_mutated_policies_never_raise() -> None:
    _mutate(300, seed=20261124)


def test_an_extends_of_the_wrong_form_is_a_mistake_and_no_silence() -> None:
    loaded = load_text("policy: a\ntitle: x\nextends: {a: b}\n", shelves=[shipped_policies()])
    assert ("E103", 3) in {(found.code, found.primary.span.line) for found in loaded.diagnostics}


@pytest.mark.slow
def test_ten_thousand_mutated_policies_never_raise() -> None:
    _mutate(10_000, seed=1)


def _mutate(rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(rounds):
        text = chance.choice(SEEDS)
        for _ in range(chance.randrange(1, 6)):
            text = chance.choice(MUTATIONS)(text, chance)
        loaded = load_text(text, shelves=[shipped_policies(), DATA / "shelf"])
        assert loaded.plan is not None or loaded.layer or loaded.diagnostics


def _drop(text: str, chance: random.Random) -> str:
    start = chance.randrange(len(text) + 1)
    return text[:start] + text[start + chance.randrange(20) :]


def _repeat(text: str, chance: random.Random) -> str:
    start = chance.randrange(len(text) + 1)
    end = start + chance.randrange(80)
    return text[:end] + text[start:end] + text[end:]


def _insert(text: str, chance: random.Random) -> str:
    start = chance.randrange(len(text) + 1)
    return text[:start] + chance.choice(SIGNS) + text[start:]


def _swap_words(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    one, other = chance.randrange(len(words)), chance.randrange(len(words))
    words[one], words[other] = words[other], words[one]
    return " ".join(words)


def _swap_lines(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def _value(text: str, chance: random.Random) -> str:
    """One value replaced by another kind of thing."""
    parts = text.split(": ")
    index = chance.randrange(len(parts))
    head, *tail = parts[index].split(",", 1)
    parts[index] = ",".join([chance.choice(VALUES), *tail]) if head else parts[index]
    return ": ".join(parts)


SIGNS = [
    *"{}[],:'\"#&*!|>%@`-?\t\n\\　，：“”（）",
    ": ",
    "\n  ",
    "null",
    "~",
    "- ",
    "{add: ",
    "\u0000",
    "\ud7ff",
    "<<: ",
]
VALUES = [
    "null",
    "{}",
    "[]",
    "''",
    "{a: b}",
    "[a, [b]]",
    "{add: [x], remove: [y]}",
    "owner",
    "like case",
    "3 days",
    "是",
    "-1",
    "any",
]
MUTATIONS = [_drop, _repeat, _insert, _swap_words, _swap_lines, _value]
