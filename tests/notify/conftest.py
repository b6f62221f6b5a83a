"""Offices on files of their own, closed when a test is over."""

from __future__ import annotations

import pytest

from tests.notify.office import PLAN, Office


@pytest.fixture
def office(make):
    return make()


@pytest.fixture
def make(tmp_path):
    made: list[Office] = []

    def make(text=PLAN, **more):
        made.append(Office(tmp_path / f"{len(made)}.db", text, **more))
        return made[-1]

    yield make
    for office in made:
        office.database.close()
