"""Lengths as people write them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.worktime import (
    Lang,
    Left,
    Length,
    LengthError,
    Unit,
    format_left,
    format_length,
    format_seconds,
    parse_left,
    parse_length,
    parse_seconds,
)

READ = [
    ("30 minutes", 1_800, Unit.SECONDS),
    ("1 minute", 60, Unit.SECONDS),
    ("24 hours", 86_400, Unit.SECONDS),
    ("1 hour 30 minutes", 5_400, Unit.SECONDS),
    ("1 hour, 30 minutes and 5 seconds", 5_405, Unit.SECONDS),
    ("90 seconds", 90, Unit.SECONDS),
    ("4 working hours", 14_400, Unit.WORKING_SECONDS),
    ("4 working hours 5 minutes", 14_700, Unit.WORKING_SECONDS),
    ("30 working minutes", 1_800, Unit.WORKING_SECONDS),
    ("3 working days", 3, Unit.WORKING_DAYS),
    ("1 Working  Day", 1, Unit.WORKING_DAYS),
    ("1 working week", 5, Unit.WORKING_DAYS),
    ("2 calendar days", 2, Unit.CALENDAR_DAYS),
    ("1 week", 7, Unit.CALENDAR_DAYS),
    ("2 calendar weeks", 14, Unit.CALENDAR_DAYS),
    ("1 month", 1, Unit.MONTHS),
    ("1 year", 12, Unit.MONTHS),
    ("same day", 1, Unit.SAME_DAY),
    ("24小时", 86_400, Unit.SECONDS),
    ("30分钟", 1_800, Unit.SECONDS),
    ("1小时30分钟", 5_400, Unit.SECONDS),
    ("4个工作小时", 14_400, Unit.WORKING_SECONDS),
    ("4 工作小时", 14_400, Unit.WORKING_SECONDS),
    ("3个工作日", 3, Unit.WORKING_DAYS),
    ("3工作日", 3, Unit.WORKING_DAYS),
    ("2个自然日", 2, Unit.CALENDAR_DAYS),
    ("1周", 7, Unit.CALENDAR_DAYS),
    ("3个月", 3, Unit.MONTHS),
    ("当日", 1, Unit.SAME_DAY),
    ("当天", 1, Unit.SAME_DAY),
    ("the same day", 1, Unit.SAME_DAY),
    ("2 working seconds", 2, Unit.WORKING_SECONDS),
    ("2 calendar months", 2, Unit.MONTHS),
    ("2秒", 2, Unit.SECONDS),
    ("2秒钟", 2, Unit.SECONDS),
    ("2分", 120, Unit.SECONDS),
    ("2个工作秒", 2, Unit.WORKING_SECONDS),
    ("2个工作分钟", 120, Unit.WORKING_SECONDS),
    ("2工作时", 7_200, Unit.WORKING_SECONDS),
    ("2个日历日", 2, Unit.CALENDAR_DAYS),
    ("2日历天", 2, Unit.CALENDAR_DAYS),
    ("2个星期", 14, Unit.CALENDAR_DAYS),
    ("2个工作周", 10, Unit.WORKING_DAYS),
    ("2月", 2, Unit.MONTHS),
    ("2年", 24, Unit.MONTHS),
]


@pytest.mark.parametrize(("text", "amount", "unit"), READ)
def test_a_length_is_read(text: str, amount: int, unit: Unit) -> None:
    assert parse_length(text) == Length(amount, unit)


REFUSED = [
    ("3 days", "bare-days", "`3 calendar days`, `3 working days` or `72 hours`"),
    ("3天", "bare-days", "72小时"),
    ("3日", "bare-days", "3个自然日"),
    ("3 business days", "unknown-unit", "working days"),
    ("3 wd", "unknown-unit", "working days"),
    ("5 min", "unknown-unit", "minutes"),
    ("2 fortnights", "unknown-unit", "working hours"),
    ("2礼拜", "unknown-unit", "周"),
    ("1 working day 4 hours", "mixed-units", ""),
    ("30 minutes 1 hour", "mixed-units", ""),
    ("1 hour 4 working minutes", "mixed-units", ""),
    ("1.5 hours", "fraction", "90 minutes"),
    ("半小时", "fraction", ""),
    ("三个工作日", "numeral", "3个工作日"),
    ("-2 working days", "negative", ""),
    ("0 minutes", "zero", ""),
    ("0 working days", "zero", ""),
    ("200 years", "too-long", ""),
    ("99999999999999999999 hours", "too-long", ""),
    ("", "not-a-length", "a number and a unit"),
    ("soon", "not-a-length", ""),
    ("working days", "not-a-length", ""),
    ("3", "not-a-length", ""),
    ("three working days", "not-a-length", ""),
]


@pytest.mark.parametrize(("text", "reason", "remedy"), REFUSED)
def test_what_is_no_length_is_refused_with_a_reason_and_a_remedy(text: str, reason: str, remedy: str) -> None:
    with pytest.raises(LengthError) as caught:
        parse_length(text)
    assert caught.value.reason == reason
    assert caught.value.remedy
    assert remedy in caught.value.remedy
    assert caught.value.text == text


@pytest.mark.parametrize(
    ("most", "unit"),
    [
        (878_400, "hours"),
        (878_400, "working hours"),
        (36_600, "calendar days"),
        (36_600, "working days"),
        (100, "years"),
        (1_200, "months"),
    ],
)
def test_nothing_is_promised_for_longer_than_a_century(most: int, unit: str) -> None:
    parse_length(f"{most} {unit}")
    with pytest.raises(LengthError, match="a hundred years"):
        parse_length(f"{most + 1} {unit}")


def test_a_length_counts_backward_only_where_it_may() -> None:
    assert parse_length("-2 working days", negative=True) == Length(-2, Unit.WORKING_DAYS)
    assert parse_length("\N{MINUS SIGN}30 minutes", negative=True) == Length(-1_800, Unit.SECONDS)
    assert parse_length("0 minutes", zero=True) == Length(0, Unit.SECONDS)


@pytest.mark.parametrize(
    ("length", "english", "chinese"),
    [
        (Length(90, Unit.SECONDS), "1 minute 30 seconds", "1分钟30秒"),
        (Length(86_400, Unit.SECONDS), "24 hours", "24小时"),
        (Length(14_700, Unit.WORKING_SECONDS), "4 working hours 5 minutes", "4个工作小时5分钟"),
        (Length(1, Unit.WORKING_DAYS), "1 working day", "1个工作日"),
        (Length(14, Unit.CALENDAR_DAYS), "14 calendar days", "14个自然日"),
        (Length(12, Unit.MONTHS), "12 months", "12个月"),
        (Length(1, Unit.SAME_DAY), "same day", "当日"),
        (Length(-1, Unit.WORKING_DAYS), "-1 working day", "-1个工作日"),
    ],
)
def test_a_length_is_written(length: Length, english: str, chinese: str) -> None:
    assert (format_length(length), format_length(length, "zh")) == (english, chinese)


LENGTHS = st.builds(
    Length,
    st.integers(1, 1_200),
    st.sampled_from([Unit.SECONDS, Unit.WORKING_SECONDS, Unit.CALENDAR_DAYS, Unit.WORKING_DAYS, Unit.MONTHS]),
)


@settings(deadline=None)
@given(LENGTHS, st.sampled_from(["en", "zh"]), st.booleans())
def test_what_is_written_is_read_back(length: Length, lang: Lang, backward: bool) -> None:
    length = Length(-length.amount, length.unit) if backward else length
    assert parse_length(format_length(length, lang), negative=True) == length


@settings(deadline=None)
@given(st.integers(-(10**7), 10**7), st.sampled_from(["en", "zh"]))
def test_seconds_are_written_and_read_back(seconds: int, lang: Lang) -> None:
    assert parse_seconds(format_seconds(seconds, lang)) == seconds


@settings(deadline=None)
@given(
    st.one_of(
        st.builds(Left, st.builds(Fraction, st.integers(0, 10**6)), st.sampled_from([Unit.SECONDS, Unit.WORKING_SECONDS])),
        st.builds(Left, st.fractions(0, 400, max_denominator=86_400), st.just(Unit.WORKING_DAYS)),
    ),
    st.sampled_from(["en", "zh"]),
)  # fmt: skip
def test_what_is_left_is_written_exactly_and_read_back(left: Left, lang: Lang) -> None:
    assert parse_left(format_left(left, lang)) == left


@pytest.mark.parametrize(
    ("left", "english", "chinese"),
    [
        (Left(Fraction(85_560), Unit.SECONDS), "23 hours 46 minutes", "23小时46分钟"),
        (Left(Fraction(7, 3), Unit.WORKING_DAYS), "2 1/3 working days", "2又1/3个工作日"),
        (Left(Fraction(2, 3), Unit.WORKING_DAYS), "2/3 working day", "2/3个工作日"),
        (Left(Fraction(0), Unit.WORKING_DAYS), "0 working days", "0个工作日"),
        (Left(Fraction(1, 3), Unit.SECONDS), "1 second", "1秒"),  # never cut down to nothing
    ],
)
def test_what_is_left_in_words(left: Left, english: str, chinese: str) -> None:
    assert (format_left(left), format_left(left, "zh")) == (english, chinese)


@pytest.mark.parametrize("text", ["3 calendar days", "soon", "1/0 working days", "working days", "个工作日"])
def test_what_cannot_be_left_is_refused(text: str) -> None:
    with pytest.raises(LengthError):
        parse_left(text)
