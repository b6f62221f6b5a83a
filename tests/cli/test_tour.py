"""`make run`: the shipped site and scenarios are as they should be, and one of them is told."""

from __future__ import annotations

from datetime import date

import pytest

from engine.cli.tour import tour


def test_the_tour_checks_plays_and_tells(capsys: pytest.CaptureFixture[str]) -> None:
    """Everything shipped is green, and the night before the national day is told to its end."""
    code = tour(date(2026, 9, 1), "en")
    said = capsys.readouterr().out
    assert code == 0, said
    assert "FAIL" not in said
    assert "no mistakes found" in said
    assert "2026-09-30 Wed" in said
    assert "arrive BREACHED" in said
    assert "explain due arrive" in said


def test_the_tour_speaks_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    """In a Chinese locale it is told in Chinese."""
    tour(date(2026, 9, 1), "zh")
    said = capsys.readouterr().out
    assert "件件有着落" in said
    assert "到场超期" in said
