"""Files that prove something: kept once, within bounds, erased for good, whole or not there."""

from __future__ import annotations

import os
from hashlib import sha256

import pytest

from engine.store import StoreError
from engine.store.tables import evidence as module
from engine.store.tables.evidence import ERASED, ErasedError, Evidence, QuotaError

PNG = b"\x89PNG\r\n\x1a\n"
ID = sha256(PNG + b"a" * 92).hexdigest()


def file(letter: bytes, size: int = 100) -> bytes:
    return PNG + letter * (size - len(PNG))


@pytest.fixture
def evidence(tmp_path):
    return Evidence(tmp_path / "evidence", 250)


def places(tmp_path):
    return sorted(place.name for place in (tmp_path / "evidence").glob("*/*/*"))


def test_a_site_keeps_no_more_than_its_quota_and_nothing_of_what_is_too_much(evidence, tmp_path):
    evidence.keep("park", file(b"a"))
    evidence.keep("park", file(b"b"))
    with pytest.raises(QuotaError) as refused:
        evidence.keep("park", file(b"c"))
    assert refused.value.quota == 250
    assert len(places(tmp_path)) == 2
    assert evidence.keep("park", file(b"c", 50)) is not None
    assert evidence.keep("lake", file(b"c")) is not None


def test_the_same_bytes_again_take_no_room_even_of_a_site_that_is_full(evidence):
    for _ in range(3):
        assert evidence.keep("park", file(b"a", 250)).id == sha256(file(b"a", 250)).hexdigest()


def test_what_is_there_is_counted_after_a_start(evidence, tmp_path):
    evidence.keep("park", file(b"a", 200))
    with pytest.raises(QuotaError):
        Evidence(tmp_path / "evidence", 250).keep("park", file(b"b"))


def test_a_file_that_is_erased_is_known_to_be_and_makes_room(evidence, tmp_path):
    kept = evidence.keep("park", file(b"a", 240))
    assert evidence.erase("park", kept.id)
    with pytest.raises(ErasedError):
        evidence.read("park", kept.id)
    assert [place.read_bytes() for place in (tmp_path / "evidence").glob("*/*/*")] == [ERASED]
    assert evidence.keep("park", file(b"b", 240)) is not None


def test_it_is_erased_once_at_its_own_site_only(evidence):
    for site in ("park", "lake"):
        evidence.keep(site, file(b"a"))
    assert [evidence.erase("park", ID) for _ in range(2)] == [True, False]
    assert evidence.read("lake", ID)[1] == file(b"a")
    assert not evidence.erase("park", "0" * 64)
    assert not evidence.erase("park", "../../huiyin.db")
    assert not evidence.erase("park", "水管漏水")


def test_who_sends_an_erased_file_again_gives_it_anew(evidence):
    evidence.keep("park", file(b"a"))
    evidence.erase("park", ID)
    evidence.keep("park", file(b"a"))
    assert evidence.read("park", ID)[1] == file(b"a")


def test_who_sends_a_damaged_file_again_mends_it(evidence, tmp_path):
    kept = evidence.keep("park", file(b"a"))
    (tmp_path / "evidence" / "park" / ID[:2] / ID).write_bytes(file(b"a")[:-1])
    assert evidence.keep("park", file(b"a")) == kept
    assert evidence.read("park", ID) == (kept, file(b"a"))


def killed(*_):
    raise KeyboardInterrupt  # nothing is tidied up, as after kill -9


def test_what_a_killed_writer_left_behind_is_gone_after_a_start(evidence, tmp_path, monkeypatch):
    evidence.keep("park", file(b"a"))
    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        evidence.keep("park", file(b"b"))
    monkeypatch.undo()
    assert [name.endswith(".part") for name in places(tmp_path)].count(True) == 1
    again = Evidence(tmp_path / "evidence", 250)
    again.sweep()
    assert places(tmp_path) == [ID]
    assert again.keep("park", file(b"b", 150)) is not None


def test_files_are_counted_once_after_a_start_by_whoever_comes_first(evidence, tmp_path, monkeypatch):
    evidence.keep("park", file(b"a", 200))
    looked = []
    count = module._swept
    monkeypatch.setattr(module, "_swept", lambda folder: looked.append(folder) or count(folder))
    again = Evidence(tmp_path / "evidence", 250)
    assert looked == []
    with pytest.raises(QuotaError):
        again.keep("park", file(b"b", 100))
    again.sweep()
    assert len(looked) == 1


def test_who_is_killed_while_he_erases_finds_the_file_whole(evidence, monkeypatch):
    evidence.keep("park", file(b"a"))
    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        evidence.erase("park", ID)
    assert evidence.read("park", ID)[1] == file(b"a")


def test_a_disk_that_fails_takes_no_room(evidence, monkeypatch):
    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(StoreError, match="No space left"):
        evidence.keep("park", file(b"a", 240))
    monkeypatch.undo()
    assert evidence.keep("park", file(b"a", 240)) is not None
