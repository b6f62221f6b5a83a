"""Editions of day data: what the package holds, and a consultant's file laid over it."""

from __future__ import annotations

from datetime import date

import pytest

from engine.worktime import CalendarError, official_days, overlay

NOTICE = {
    "year": 2027,
    "days": [
        {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
        {"name": "春节", "date": "2027-02-06", "isOffDay": True},
        {"name": "春节", "date": "2027-02-20", "isOffDay": False},
    ],
}


def test_a_notice_replaces_everything_that_was_guessed_of_its_year() -> None:
    before = official_days(("CN",)).codes["CN"]
    after = overlay(official_days(("CN",)), NOTICE, id="2027").codes["CN"]
    assert len([day for day in before.off if day.year == 2027]) > 2
    assert [day for day in after.off if day.year == 2027] == [date(2027, 1, 1), date(2027, 2, 6)]
    assert [day for day in after.makeup if day.year == 2027] == [date(2027, 2, 20)]
    assert {day: name for day, name in after.off.items() if day.year != 2027} == {
        day: name for day, name in before.off.items() if day.year != 2027
    }


def test_a_notice_announced_anew_replaces_the_make_up_days_of_its_year_and_of_no_other() -> None:
    before = official_days(("CN",)).codes["CN"].makeup
    after = overlay(official_days(("CN",)), {"year": 2026, "days": []}, id="anew").codes["CN"].makeup
    assert len([day for day in before if day.year == 2026]) == 6
    assert dict(after) == {day: name for day, name in before.items() if day.year != 2026}


def test_an_edition_has_a_name_and_leaves_the_old_one_as_it_was() -> None:
    old = official_days(("CN",))
    new = overlay(old, NOTICE, id="2027")
    assert (new.id, old.codes["CN"].published_through) == ("2027", date(2026, 12, 31))
    assert new.codes["CN"].published_through == date(2027, 12, 31)


def test_the_notice_of_a_later_year_does_not_publish_the_year_between() -> None:
    skipped = overlay(official_days(("CN",)), {**NOTICE, "year": 2028, "days": []}, id="2028")
    assert skipped.codes["CN"].published_through == date(2026, 12, 31)


def test_single_days_without_a_year_are_added_and_leave_the_horizon() -> None:
    """A town declares a day off: the rest of the year stays as it was."""
    old = official_days(("CN",)).codes["CN"]
    new = overlay(official_days(("CN",)), {"days": [{"name": "抗疫", "date": "2026-08-03", "isOffDay": True}]}, id="x")
    assert set(new.codes["CN"].off) - set(old.off) == {date(2026, 8, 3)}
    assert new.codes["CN"].published_through == old.published_through


def test_a_day_is_either_off_or_worked() -> None:
    days = {"days": [{"name": "", "date": "2026-10-10", "isOffDay": True}, {"name": "", "date": "2026-10-07", "isOffDay": False}]}  # fmt: skip
    china = overlay(official_days(("CN",)), days, id="x").codes["CN"]
    assert date(2026, 10, 10) in china.off
    assert date(2026, 10, 10) not in china.makeup
    assert date(2026, 10, 7) in china.makeup
    assert date(2026, 10, 7) not in china.off


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ({}, [("days",)]),
        ({"year": 2027}, [("days",)]),
        (
            {"days": [{"date": "2027-02-30", "isOffDay": True}, {"date": "2027-01-01"}, {"date": "2027-01-02", "isOffDay": "no"}, {}]},
            [("days", "0"), ("days", "1"), ("days", "2", "isOffDay"), ("days", "3")],
        ),
        ({"year": 1600, "days": ["2027-01-01"]}, [("days", "0"), ("year",)]),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_the_path_of_everything_wrong(
    source: dict[str, object], paths: list[tuple[str, ...]]
) -> None:
    with pytest.raises(CalendarError) as caught:
        overlay(official_days(("CN",)), source, id="x")
    assert [problem.path for problem in caught.value.problems] == paths
    assert {problem.reason for problem in caught.value.problems} == {"bad-days"}


def test_codes_of_countries_and_of_their_parts() -> None:
    data = official_days(("US-MA", "DE", "CN"))
    assert set(data.codes) == {"US-MA", "DE", "CN"}
    assert date(2026, 4, 20) in data.codes["US-MA"].off  # Patriots' Day
    assert date(2026, 10, 3) in data.codes["DE"].off
    assert data.codes["US-MA"].published_through is None  # known by law for every year


@pytest.mark.parametrize("code", ["CN", "HU", "RU"])
def test_where_days_are_moved_by_decree_they_are_known_through_the_last_year_of_one(code: str) -> None:
    through = official_days((code,)).codes[code].published_through
    assert through is not None
    assert date(2026, 12, 31) <= through < date(2031, 1, 1)


def test_where_days_hang_on_the_moon_they_are_known_through_the_last_year_without_an_estimate() -> None:
    days = official_days(("TR",)).codes["TR"]
    guessed = {day.year for day, name in days.off.items() if name.endswith("(tahmini)")}
    assert days.published_through == date(min(guessed) - 1, 12, 31)


def test_an_edition_of_some_years_has_the_last_of_them() -> None:
    off = official_days(("US",), years=(2024, 2025)).codes["US"].off
    assert {day.year for day in off} == {2024, 2025}


def test_unknown_codes_are_all_named() -> None:
    with pytest.raises(CalendarError) as caught:
        official_days(("CN", "ZZ", "US-XX"))
    assert len(caught.value.problems) == 2
    assert {problem.reason for problem in caught.value.problems} == {"unknown-holidays"}
