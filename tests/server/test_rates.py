"""How fast somebody may ask, by instants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.server.entry.rates import Bucket, Limiter, Rate, holder, take

RATE = Rate(burst=3, per_second=0.5)


def test_a_burst_passes_and_then_somebody_waits_until_one_is_there_again():
    limiter = Limiter(RATE)
    assert [limiter.wait("x", 100) for _ in range(5)] == [0, 0, 0, 2, 2]
    assert limiter.wait("x", 101) == 1
    assert limiter.wait("x", 102) == 0
    assert limiter.wait("x", 102) == 2


def test_whoever_waits_as_long_as_he_was_told_passes():
    bucket, wait = take(RATE, Bucket(0, 100), 100)
    assert wait == 2
    assert take(RATE, bucket, 100 + wait)[1] == 0


def test_a_bucket_is_never_fuller_than_full():
    limiter = Limiter(RATE)
    limiter.wait("x", 0)
    assert [limiter.wait("x", 10**9) for _ in range(4)] == [0, 0, 0, 2]


def test_nobody_waits_for_another():
    limiter = Limiter(RATE)
    assert [limiter.wait("x", 100) for _ in range(4)][-1] == 2
    assert limiter.wait("y", 100) == 0


def test_a_clock_that_runs_back_gives_nothing_and_takes_nothing():
    bucket, _ = take(RATE, Bucket(0, 100), 50)
    assert bucket == Bucket(0, 100)
    assert take(RATE, bucket, 100)[1] == 2


def test_who_has_not_asked_longest_is_forgotten_first():
    limiter = Limiter(Rate(1, 0.001), kept=2)
    for subject in ("x", "y", "x", "z"):
        limiter.wait(subject, 0)
    assert limiter.wait("x", 0) > 0
    assert limiter.wait("y", 0) == 0


@given(st.lists(st.integers(0, 30), max_size=60))
def test_in_any_stretch_no_more_pass_than_the_burst_and_the_pace_allow(gaps):
    limiter, at, passed = Limiter(RATE), 0, []
    for gap in gaps:
        at += gap
        if limiter.wait("x", at) == 0:
            passed.append(at)
    for i, start in enumerate(passed):
        for j in range(i, len(passed)):
            assert j - i + 1 <= RATE.burst + RATE.per_second * (passed[j] - start)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.0.0.9", "10.0.0.9"),
        ("::ffff:10.0.0.9", "10.0.0.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_of_ipv6_somebody_holds_a_whole_network(address, expected):
    assert holder(address) == expected
