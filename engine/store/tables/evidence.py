"""Files that prove something: photos, signatures, letters. Kept beside the database, named by what is in them."""

from __future__ import annotations

import os
import re
import secrets
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from engine.store.protocol import StoreError
from engine.store.upkeep import settle

SIZE_MAX: Final = 10 << 20  # bytes
GB: Final = 1 << 30  # bytes
#: What stands in the place of a file that was erased, so that copies of the folder lose its content, too.
ERASED: Final = b"erased\n"
NAME: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Kept(NamedTuple):
    """A file that is kept: `id` is the SHA-256 of its bytes, in hexadecimal."""

    id: str
    type: str
    size: int


class QuotaError(Exception):
    """A site has as many bytes of files as it may have; nothing was kept."""

    def __init__(self, quota: int) -> None:
        super().__init__(f"{quota} bytes")
        self.quota = quota


class ErasedError(Exception):
    """There was such a file; its content was erased with the person whom it showed."""


class Evidence:
    """The files of all sites, each in a folder of its site: who may look at one site's sees no other's."""

    def __init__(self, folder: Path, quota: int) -> None:
        """`quota`: bytes that a site may have."""
        self._folder = folder
        self._quota = quota
        self._gate = Lock()  # over what is written
        self._sizes: dict[str, int] | None = None  # bytes by site; None before they were counted

    def sweep(self) -> None:
        """Delete what writers left behind that were killed, and count the rest, once after a start. Whoever writes
        before that does it himself; who writes meanwhile waits: some 7 µs a file.

        Raises StoreError: the disk does not let it.
        """
        with self._gate:
            self._counted()

    def keep(self, site: str, data: bytes) -> Kept | None:
        """Keep a file, on the disk when this returns; the same bytes again are one file. None: its type is not taken.

        Raises QuotaError, StoreError: the disk is full or fails; nothing is kept then.
        """
        type = type_of(data)
        if type is None:
            return None
        assert len(data) <= SIZE_MAX, "whoever takes a file in measures it"
        id = sha256(data).hexdigest()
        with self._gate:
            if self._bytes(site, id) != data:  # there is none, or what is there was erased or damaged
                self._put(site, id, data)
        return Kept(id, type, len(data))

    def read(self, site: str, id: str) -> tuple[Kept, bytes] | None:
        """A file and its bytes; None if there is none. Raises ErasedError; StoreError: it is no longer what its name
        says.
        """
        data = self._bytes(site, id)
        if data is None:
            return None
        if data == ERASED:
            raise ErasedError
        type = type_of(data)
        if type is None or sha256(data).hexdigest() != id:
            raise StoreError(f"file {id} of {site} is not what its name says", f"{site} 的文件 {id} 与其名称不符")
        return Kept(id, type, len(data)), data

    def holds(self, site: str, id: str) -> bool:
        """Whether there is a file of this name that was not erased. Raises StoreError: it cannot be read."""
        return self._bytes(site, id) not in (None, ERASED)

    def erase(self, site: str, id: str) -> bool:
        """Erase the content of a file, and remember that it was. False: there is none, or it was erased before.

        Raises StoreError: the disk does not let it.
        """
        with self._gate:
            if not self.holds(site, id):
                return False
            self._put(site, id, ERASED)
            return True

    def _put(self, site: str, id: str, data: bytes) -> None:
        """Write a file, or in the place of one, if the site has room for what it is more."""
        sizes = self._counted()
        place = self._place(site, id)
        more = len(data) - (place.stat().st_size if place.exists() else 0)
        size = sizes.get(site, 0) + more
        if more > 0 and size > self._quota:
            raise QuotaError(self._quota)
        _write(place, data)
        sizes[site] = size

    def _counted(self) -> dict[str, int]:
        if self._sizes is None:
            self._sizes = _swept(self._folder)
        return self._sizes

    def _bytes(self, site: str, id: str) -> bytes | None:
        if NAME.fullmatch(id) is None:
            return None
        try:
            return self._place(site, id).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(
                f"file {id} of {site} cannot be read: {error.strerror}",
                f"无法读取 {site} 的文件 {id}：{error.strerror}",
            ) from None

    def _place(self, site: str, id: str) -> Path:
        return self._folder / site / id[:2] / id


def _swept(folder: Path) -> dict[str, int]:
    """Bytes of files by site, of a folder in which no half-written one is left."""
    sizes: dict[str, int] = {}
    try:
        for place in folder.glob("*/??/*"):
            if place.suffix == ".part":
                place.unlink()
            else:
                site = place.parts[-3]
                sizes[site] = sizes.get(site, 0) + place.stat().st_size
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be looked through: {error.strerror}", f"无法检查 {folder}：{error.strerror}"
        ) from None
    return sizes


def type_of(data: bytes) -> str | None:
    """The type of a file by its first bytes, if it is one that is kept. Nothing of these runs in a browser."""
    for start, type in _STARTS.items():
        if data.startswith(start):
            return type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return "audio/mp4" if data[8:11] == b"M4A" else "video/mp4" if data[8:12] in _MP4 else None
    return None


_STARTS: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"%PDF-": "application/pdf"}
_MP4: Final = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash"})


def _write(place: Path, data: bytes) -> None:
    """A file with these bytes, whole or not at all."""
    part = place.with_name(f"{place.name}.{secrets.token_hex(4)}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.rename(place)
        settle(place.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"{place} cannot be written: {error.strerror}", f"无法写入 {place}：{error.strerror}"
        ) from None
