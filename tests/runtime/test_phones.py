"""What is a telephone number, however it is written."""

from __future__ import annotations

import pytest

from engine.runtime.phones import are_phones, numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("138 0000 0101", ("13800000101",)),
        ("+86 138-0000-0101", ("13800000101",)),
        ("＋８６１３８００００１０１０", ("13800001010",)),
        ("+49 (0)30 1234567", ("490301234567",)),
        ("(0571) 8888 0000", ("057188880000",)),
        ("400-800-1234", ("4008001234",)),
        ("110", ("110",)),
        ("0571-88880000-801", ("057188880000801",)),
        ("0571-88880000转801", ("057188880000801",)),
        ("0571-88880000 转分机 801", ("057188880000801",)),
        ("0571 8888 0000 Ext. 12", ("05718888000012",)),
        ("400 800 1234 #2", ("40080012342",)),
        ("13800000101 / 0571-88880000、110", ("13800000101", "057188880000", "110")),
    ],
)
def test_a_number_is_its_digits_however_it_is_written(text: str, expected: tuple[str, ...]) -> None:
    assert are_phones(text)
    assert numbers(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "-",
        "无",
        "王女士",
        "12",
        "138****0101",
        "转801",
        "x801",
        "0571-88880000转",
        "13800000101 / 无",
        "1" * 21,
    ],
)
def test_what_cannot_be_dialled_is_no_number(text: str) -> None:
    assert not are_phones(text)
