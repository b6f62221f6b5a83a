"""The hash chain: each step carries the hash of all before it in its family, so nobody rewrites history unseen.

A seal stands for all steps of all families up to it, in the order in which they were written; whoever keeps its hash
elsewhere can prove later that none of them was exchanged, chain and all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

#: The same in English and Chinese.
Said: TypeAlias = tuple[str, str]
#: What the first hash of a chain is linked to.
GENESIS: Final = bytes(32)


class Damage(NamedTuple):
    """One thing in a file that is not as it was written.

    `step` is the place in a family's history, in the site's stream (no family), or in the log of all (no site), each
    counted from 1; 0: it is in none of them. `zh` says `what` in Chinese.
    """

    site: str
    family: str
    step: int
    what: str
    zh: str

    def __str__(self) -> str:
        places = [f"site {self.site}"] if self.site else []
        if self.step:
            chain = f"family {self.family}, step" if self.family else "event" if self.site else "entry"
            places.append(f"{chain} {self.step}")
        return f"{', '.join(places)}: {self.what}" if places else self.what

    def in_chinese(self) -> str:
        places = [f"项目 {self.site}"] if self.site else []
        if self.step and self.family:
            places.append(f"工单 {self.family} 第 {self.step} 步")
        elif self.step:
            places.append(f"第 {self.step} 个事件" if self.site else f"日志第 {self.step} 条")
        return f"{'，'.join(places)}：{self.zh}" if places else self.zh


class Seal(NamedTuple):
    """`until`: the last entry of the log under it. `sites`: how far each site's stream was, and its hash, as JSON."""

    number: int
    at: int
    until: int
    sites: str
    hash: bytes


def link(before: bytes, site: str, chain: str, number: int, body: bytes) -> bytes:
    """The hash of an entry, which stands for everything up to it. `chain` is a family, or empty: the site's stream."""
    return sha256(before + f"{site}\0{chain}\0{number}\0".encode() + body).digest()


def hash_of(*columns: bytes | str | int) -> bytes:
    """The hash of a row that stands alone."""
    return sha256(b"\0".join(one if isinstance(one, bytes) else str(one).encode() for one in columns)).digest()


def seal(connection: sqlite3.Connection, at: int) -> Seal | None:
    """Seal what was written since the last seal; None if nothing was."""
    last = _last_seal(connection)
    until = connection.execute("SELECT ifnull(max(seq), 0) FROM step").fetchone()[0]
    heads = connection.execute("SELECT name, events, hex(head) FROM site ORDER BY name").fetchall()
    sites = json.dumps({name: [events, head] for name, events, head in heads}, ensure_ascii=False)
    if (until, sites) == (last.until, last.sites):
        return None
    hashes = connection.execute("SELECT hash FROM step WHERE seq > ? ORDER BY seq", (last.until,))
    hash = _sealed(last.hash, last.number + 1, at, until, sites, (hash for (hash,) in hashes))
    made = Seal(last.number + 1, at, until, sites, hash)
    connection.execute("INSERT INTO seal (number, at, until, sites, hash) VALUES (?, ?, ?, ?, ?)", made)
    return made


def _last_seal(connection: sqlite3.Connection) -> Seal:
    found = connection.execute(f"{_SEALS} DESC LIMIT 1").fetchone()
    return Seal._make(found) if found is not None else Seal(0, 0, 0, "{}", GENESIS)


def _sealed(before: bytes, number: int, at: int, until: int, sites: str, hashes: Iterable[bytes]) -> bytes:
    digest = sha256(before + f"{number}\0{at}\0{until}\0{sites}\0".encode())
    for hash in hashes:
        digest.update(hash)
    return digest.digest()


# ---- looking for damage ---------------------------------------------------------------------------------------------


def damages(connection: sqlite3.Connection) -> Iterator[Damage]:
    """Everything that is not as it was written, row by row, without holding the file in memory.

    To be asked inside a transaction, which sees one state of the file.
    """
    yield from _of_families(connection)
    yield from _of_streams(connection)
    yield from _of_revisions(connection)
    yield from _of_log(connection)


def chain_damages(connection: sqlite3.Connection, site: str, family: str) -> Iterator[Damage]:
    """The same for the history of one family that is known."""
    rows = connection.execute(_STEPS_OF, (site, family)).fetchall()
    for number, what in _of_chain(site, family, rows) if rows else [(1, _ALL_MISSING)]:
        yield Damage(site, family, number, *what)


def log_damages(connection: sqlite3.Connection) -> Iterator[Damage]:
    """The same for all that is not the history of a family that is known."""
    yield from _of_steps(connection.execute(_STEPS_OF_NOBODY))
    yield from _of_streams(connection)
    yield from _of_revisions(connection)
    yield from _of_log(connection)


def _of_families(connection: sqlite3.Connection) -> Iterator[Damage]:
    yield from _of_steps(connection.execute(_STEPS))
    for site, family in connection.execute(_FAMILIES_WITHOUT_STEPS):
        yield Damage(site, family, 1, *_ALL_MISSING)


def _of_steps(rows: Iterable[Any]) -> Iterator[Damage]:
    for (site, family), some in groupby(rows, key=itemgetter(0, 1)):
        for number, what in _of_chain(site, family, some):
            yield Damage(site, family, number, *what)


def _of_streams(connection: sqlite3.Connection) -> Iterator[Damage]:
    for (site, _), rows in groupby(connection.execute(_EVENTS), key=itemgetter(0, 1)):
        for number, what in _of_chain(site, "", rows):
            yield Damage(site, "", number, *what)
    for (site,) in connection.execute(_SITES_WITHOUT_EVENTS):
        yield Damage(site, "", 1, *_ALL_MISSING)


def _of_chain(site: str, chain: str, rows: Iterable[Any]) -> Iterator[tuple[int, Said]]:
    """What is wrong with a chain. A wrong row is taken for right by the next one, so that each is named once."""
    count, last = 0, GENESIS
    row: Any = ()
    for row in rows:
        number, body, hash, columns_fit = row[2:6]
        if number > count + 1:
            yield count + 1, _up_to(count + 1, number - 1)
        elif link(last, site, chain, number, body) != hash:
            yield number, _CHANGED
        elif not columns_fit:
            yield number, _OTHER_COLUMNS
        count, last = number, hash
    known, head = row[6:]
    if known is None:
        yield count, _HEADLESS
    elif known > count:
        yield count + 1, _up_to(count + 1, known)
    elif known < count:
        yield known + 1, _PUT_IN
    elif last != head:
        yield count, _NOT_THE_LAST


def _of_revisions(connection: sqlite3.Connection) -> Iterator[Damage]:
    if not connection.execute(_REVISIONS_ARE_HASHED).fetchone():
        return  # a backup that an older version made
    for site, rows in groupby(connection.execute(_REVISIONS), key=itemgetter(0)):
        count = 0
        for _, number, *columns, hash in rows:
            if number > count + 1:
                missing, zh = _up_to(count + 1, number - 1)
                yield Damage(site, "", 0, f"policy revision {count + 1} {missing}", f"方案第 {count + 1} 版{zh}")
            if hash_of(site, number, *columns) != hash:
                said = f"policy revision {number} is not what its hash says"
                yield Damage(site, "", 0, said, f"方案第 {number} 版与其哈希不符")
            count = number


def _of_log(connection: sqlite3.Connection) -> Iterator[Damage]:
    """Gaps in the log of all sites, and seals that do not fit what is under them."""
    last = 0
    for (seq,) in connection.execute(_ENTRIES):
        if seq > last + 1:
            yield Damage("", "", last + 1, *_up_to(last + 1, seq - 1))
        last = seq
    yield from _of_seals(connection)


def _of_seals(connection: sqlite3.Connection) -> Iterator[Damage]:
    before = Seal(0, 0, 0, "{}", GENESIS)
    for seal in map(Seal._make, connection.execute(_SEALS)):
        hashes = (hash for (hash,) in connection.execute(_UNDER, (before.until, seal.until)))
        if seal.number != before.number + 1:
            yield _without_seal(before)
        elif seal.hash != _sealed(before.hash, *seal[:-1], hashes):
            said = f"seal {seal.number} does not fit the entries from here to {seal.until}"
            zh = f"第 {seal.number} 号封印与此处至第 {seal.until} 条不符"
            yield Damage("", "", before.until + 1, said, zh)
        else:
            yield from _of_sealed_streams(connection, seal)
        before = seal
    highest = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'seal'").fetchone()
    if highest is not None and highest[0] > before.number:
        yield _without_seal(before)


def _without_seal(before: Seal) -> Damage:
    number = before.number + 1
    return Damage("", "", before.until + 1, f"its seal, number {number}, is missing", f"第 {number} 号封印缺失")


def _of_sealed_streams(connection: sqlite3.Connection, seal: Seal) -> Iterator[Damage]:
    for site, (events, head) in json.loads(seal.sites).items():
        found = connection.execute(_EVENT, (site, events)).fetchone() if events else (head,)
        if found != (head,):
            zh = f"不是第 {seal.number} 号封印所封的那一个"
            yield Damage(site, "", events, f"is not the one under seal {seal.number}", zh)


def _up_to(first: int, last: int) -> Said:
    return ("is missing", "缺失") if first == last else (f"is missing, up to {last}", f"缺失，直至 {last}")


_ALL_MISSING: Final[Said] = ("is missing, with all after it", "缺失，其后的也全部缺失")
_CHANGED: Final[Said] = (
    "is not what its hash says, or does not follow the one before it",
    "与其哈希不符，或与前一个不衔接",
)
_OTHER_COLUMNS: Final[Said] = ("has other columns than its body says", "各列与正文不一致")
_HEADLESS: Final[Said] = ("is the last one of a history whose head is missing", "所在历史的末端记录缺失")
_PUT_IN: Final[Said] = ("was put in after the end", "是在末尾之后加进去的")
_NOT_THE_LAST: Final[Said] = ("is not the one that was written last", "不是最后写入的那一个")

#: Site, chain, number, body, hash, whether the other columns say the same as the body, count and head of the chain.
_STEP: Final = """
SELECT step.site, step.family, number, CAST(body AS BLOB), hash,
       CASE WHEN json_valid(body) THEN json_extract(body, '$[0]') = number AND json_extract(body, '$[1]') = at END,
       family.steps, family.head
FROM step LEFT JOIN family ON family.site = step.site AND family.id = step.family
"""
_STEPS: Final = f"{_STEP} ORDER BY step.site, step.family, number"
_STEPS_OF: Final = f"{_STEP} WHERE step.site = ? AND step.family = ? ORDER BY number"
_STEPS_OF_NOBODY: Final = f"{_STEP} WHERE family.id IS NULL ORDER BY step.site, step.family, number"
_FAMILIES_WITHOUT_STEPS: Final = """
SELECT site, id FROM family
WHERE NOT EXISTS (SELECT 1 FROM step WHERE step.site = family.site AND step.family = family.id)
ORDER BY site, id
"""
_EVENTS: Final = """
SELECT site, '', number, CAST(body AS BLOB), hash,
       CASE WHEN json_valid(body)
            THEN json_extract(body, '$[1]') = kind AND ifnull(json_extract(body, '$[4]'), '') = key END,
       site.events, site.head
FROM site_event LEFT JOIN site ON site.name = site_event.site
ORDER BY site, number
"""
_SITES_WITHOUT_EVENTS: Final = """
SELECT name FROM site WHERE events > 0 AND NOT EXISTS (SELECT 1 FROM site_event WHERE site = name) ORDER BY name
"""
_REVISIONS_ARE_HASHED: Final = "SELECT 1 FROM pragma_table_info('revision') WHERE name = 'hash'"
_REVISIONS: Final = """
SELECT site, number, CAST(version AS BLOB), at, CAST(by AS BLOB), CAST(why AS BLOB), CAST(files AS BLOB), hash
FROM revision ORDER BY site, number
"""
_EVENT: Final = "SELECT hex(hash) FROM site_event WHERE site = ? AND number = ?"
#: Every entry, and one after the highest ever written.
_ENTRIES: Final = """
SELECT seq FROM step UNION ALL SELECT seq + 1 FROM sqlite_sequence WHERE name = 'step' ORDER BY 1
"""
_SEALS: Final = "SELECT number, at, until, sites, hash FROM seal ORDER BY number"
_UNDER: Final = "SELECT hash FROM step WHERE seq > ? AND seq <= ? ORDER BY seq"
