"""Backtests: tickets opened again by the core, their dues held against those of then, every difference of a kind."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.core import Plan
from engine.policy import TicketMapping, load_mapping
from engine.sim.backtest import Group, Replayed, Tickets, backtest, load_versions
from engine.worktime import always

TODAY = date(2026, 9, 1)
EXAMPLES = Path(__file__).parents[2] / "policies" / "examples"
BOSTON = (EXAMPLES / "boston-311.yaml", EXAMPLES / "boston-311-2015-02-16.yaml")

OLD = """
policy: town
title: Town
timezone: America/New_York
calendar: office
last_resort: desk
calendars: {office: {title: Office, holidays: US-MA, hours: {mon-fri: "08:30-17:00"}}}
roles: {desk: {title: Desk, on_duty: always}}
facts:
  type: {title: Type, values: {lamp: Lamp out, tree: Fallen tree, talk: Talk, cart: New cart}}
categories: {request: {title: Request, workflow: request, record: [type]}}
workflows:
  request:
    title: Request
    initial: open
    states: {open: {title: Open, owner: desk, unlimited: talk has no limit}, closed: {title: Closed, final: true}}
    moves: {close: {title: Close, from: open, to: closed}}
deadlines:
  target:
    title: Target
    of: request
    from: opened
    until: close
    day_rule: same time
    limit:
      lamp: {when: {type: lamp}, is: 3 working days}
      tree: {when: {type: tree}, is: 1 calendar day}
      cart: {when: {type: cart}, is: 10 working days}
"""
NEW = """
policy: town-march
title: Town from March
extends: town
effective: 2015-03-02
deadlines: {target: {limit: {lamp: {is: 2 working days}}}}
"""
MAP = """
mapping: town
ticket: number
category: request
times: {format: "%Y-%m-%d %H:%M:%S"}
opened: opened
facts: {type: kind}
moves: {close: closed}
deadline: target
due: due
by: type
"""
HEAD = "number,opened,due,closed,kind"


def town(folder: Path, *rows: str) -> Path:
    """Policy, mapping and tickets of a small town in a folder; the file of the tickets."""
    for name, text in {"town.yaml": OLD, "town-march.yaml": NEW, "town.map.yaml": MAP}.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "tickets.csv").write_text("\n".join([HEAD, *rows, ""]), encoding="utf-8")
    return folder / "tickets.csv"


def read(tickets: Path, *policies: Path, map_path: Path | None = None) -> tuple[tuple[Plan, ...], TicketMapping]:
    plans, wrong = load_versions(policies or sorted(tickets.parent.glob("town*[!p].yaml")), TODAY)
    assert wrong == ()
    found = load_mapping(map_path or tickets.parent / "town.map.yaml", plans)
    assert found.mapping is not None, found.diagnostics
    return plans, found.mapping


def replay(tickets: Path, **changes: Any) -> Any:
    (tickets.parent / "town-march.yaml").touch()
    plans, mapping = read(tickets, tickets.parent / "town.yaml", tickets.parent / "town-march.yaml")
    return backtest(mapping, plans, Tickets(tickets, "utf-8").rows(), **changes)


def huiyin(*words: object) -> Result:
    return CliRunner().invoke(main, ["backtest", *(str(word) for word in words), "--lang", "en"])


# ---- dues and their differences -------------------------------------------------------------------------------------


def test_a_ticket_gets_the_limit_in_force_on_the_day_it_was_opened(tmp_path: Path) -> None:
    found = replay(
        town(
            tmp_path,
            "1,2015-02-27 10:00:00,2015-03-04 10:00:00,,Lamp out",  # Friday: 3 working days
            "2,2015-03-02 10:00:00,2015-03-04 10:00:00,,Lamp out",  # Monday: 2
            "3,2015-03-01 10:00:00,2015-03-05 08:30:00,,lamp",  # Sunday: by the old one, from Monday morning
        )
    )
    assert (found.total().compared, found.total().equal, found.dirty) == (3, 3, [])


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        pytest.param("2015-03-10 10:00:00,2015-03-12 10:01:00,,Lamp out", None, id="within the tolerance"),
        pytest.param("2015-03-10 10:00:00,2015-03-12 10:01:01,,Lamp out", "minutes_later", id="saved later"),
        pytest.param("2015-03-10 10:00:00,2015-03-12 09:50:00,,Lamp out", "minutes_earlier", id="began earlier"),
        pytest.param("2015-03-10 10:00:00,2015-03-09 10:00:00,,Lamp out", "before_opening", id="before the opening"),
        pytest.param("2015-03-10 10:00:00,2017-03-12 10:00:00,,Lamp out", "far_ahead", id="the wrong year"),
        pytest.param("2015-03-10 10:00:00,2015-03-12 10:00:00,,Talk", "no_limit", id="no limit in the plan"),
        pytest.param("2015-03-02 10:00:00,2015-03-05 10:00:00,,Lamp out", "day_of_change", id="the day of the change"),
        pytest.param("2015-03-10 10:00:00,2015-03-13 10:00:00,,Lamp out", "other_version", id="the old limit, later"),
        pytest.param("2015-05-22 10:00:00,2015-05-26 10:00:00,,Lamp out", "holidays", id="Memorial Day not known"),
        pytest.param("2015-03-07 10:00:00,2015-03-08 11:00:00,,Fallen tree", "hour", id="24 hours into summer time"),
        pytest.param("2015-03-10 10:00:00,2015-03-24 10:00:00,,Lamp out", "other_level", id="the limit of a cart"),
        pytest.param("2015-03-10 10:00:00,2015-06-01 10:00:00,,Lamp out", "other_days", id="set to another date"),
        pytest.param("2015-03-10 10:00:00,2015-06-01 11:17:00,,Lamp out", "unexplained", id="set by hand"),
    ],
)
def test_every_difference_is_of_a_kind(tmp_path: Path, row: str, kind: str | None) -> None:
    total = replay(town(tmp_path, f"1,{row}")).total()
    assert dict(total.kinds) == ({} if kind is None else {kind: 1})
    assert (total.compared, total.equal) == (1, int(kind is None))


def test_a_due_that_the_file_lacks_is_counted_beside(tmp_path: Path) -> None:
    total = replay(town(tmp_path, "1,2015-03-10 10:00:00,,,Lamp out", "2,2015-03-10 10:00:00,,,Talk")).total()
    assert (total.tickets, total.compared, total.extra) == (2, 0, 1)


def test_equality_is_as_wide_as_the_tolerance(tmp_path: Path) -> None:
    tickets = town(tmp_path, "1,2015-03-10 10:00:00,2015-03-12 10:05:00,,Lamp out")
    assert [replay(tickets, tolerance=seconds).total().equal for seconds in (299, 300)] == [0, 1]


def test_moves_tell_what_would_have_been_in_time(tmp_path: Path) -> None:
    tickets = town(
        tmp_path,
        "1,2015-03-10 10:00:00,,2015-03-12 10:00:00,Lamp out",  # on the dot
        "2,2015-03-10 10:00:00,,2015-03-12 10:00:01,Lamp out",
        "3,2015-03-10 10:00:00,,2015-03-10 09:59:30,Lamp out",  # cut to the minute: at the opening
        "4,2015-03-10 10:00:00,,,Lamp out",
        "5,2015-03-30 10:00:00,,,Lamp out",
    )
    assert dict(replay(tickets).total().ends) == {"met": 2, "late": 1, "running": 2}
    with (tmp_path / "town.map.yaml").open("a", encoding="utf-8") as mapping:
        mapping.write("as_of: 2015-03-31 00:00\n")
    total = replay(tickets).total()
    assert dict(total.ends) == {"met": 2, "late": 1, "breached": 1, "running": 1}
    assert total.kept == 0.5


def test_shifted_time_stamps_are_put_right(tmp_path: Path) -> None:
    """08:30 on the wall, taken for UTC and converted: 04:30 in summer, 03:30 in winter."""
    tickets = town(tmp_path)
    (tmp_path / "town.map.yaml").write_text(
        MAP.replace('{format: "%Y-%m-%d %H:%M:%S"}', "{shifted: {read_as: America/New_York, then: UTC}}"), "utf-8"
    )
    _, mapping = read(tickets, tmp_path / "town.yaml")
    wall = always("America/New_York")
    shown = [
        str(wall.local(mapping.times.instant(f"2015-{day} 0{hour}:30:00")))[:19]
        for day, hour in (("07-01", 4), ("01-05", 3))
    ]
    assert shown == ["2015-07-01 08:30:00", "2015-01-05 08:30:00"]


@pytest.mark.parametrize(
    ("row", "flaw", "said"),
    [
        ("2,10.03.2015,,,Lamp out", "cell", "opened: “10.03.2015” is no time of the form %Y-%m-%d %H:%M:%S"),
        ("2,,,,Lamp out", "cell", "opened: empty"),
        (",2015-03-10 10:00:00,,,Lamp out", "cell", "number: empty"),
        ("2,2015-03-10 10:00:00,soon,,Lamp out", "cell", "due: “soon” is no time of the form %Y-%m-%d %H:%M:%S"),
        ("2,2015-03-10 10:00:00,,,Lampe", "cell", "type: “Lampe” is no value of it"),
        ("2,2015-03-10 10:00:00,,,Lamp out,more", "cell", "the row has not as many cells as the table has columns"),
        ("1,2015-03-11 10:00:00,,,Lamp out", "twice", "the ticket stands in the file twice"),
        ("2,1815-03-11 10:00:00,,,Lamp out", "refused", "its time lies outside 1990 to 2100"),
        ("2,2015-03-11 10:00:00,,2015-03-01 10:00:00,Lamp out", "move", "close: before what came before it"),
    ],
)
def test_a_dirty_row_is_listed_and_the_others_are_compared(tmp_path: Path, row: str, flaw: str, said: str) -> None:
    found = replay(town(tmp_path, "1,2015-03-10 10:00:00,2015-03-12 10:00:00,,Lamp out", row))
    assert [(one.line, one.flaw, one.detail.en) for one in found.dirty] == [(3, flaw, said)]
    assert (found.rows, found.total().equal) == (2, 1)


def test_values_say_what_the_words_of_a_column_mean(tmp_path: Path) -> None:
    tickets = town(tmp_path, "1,2015-03-10 10:00:00,2015-03-12 10:00:00,,LMP")
    text = MAP.replace("{type: kind}", "{type: {column: kind, values: {LMP: lamp}}}")
    (tmp_path / "town.map.yaml").write_text(text, "utf-8")
    assert replay(tickets).total().equal == 1


# ---- the command ----------------------------------------------------------------------------------------------------


def test_exit_codes(tmp_path: Path) -> None:
    """0 it ran, 1 fewer are equal than asked for or a file is wrong, 2 it was called wrongly."""
    tickets = town(
        tmp_path,
        "1,2015-03-10 10:00:00,2015-03-12 10:00:00,,Lamp out",
        "2,2015-03-10 10:00:00,2015-06-12 10:00:00,,Lamp out",
    )
    mapping, versions = tmp_path / "town.map.yaml", (tmp_path / "town.yaml", tmp_path / "town-march.yaml")
    assert huiyin(*versions, tickets, "--map", mapping).exit_code == 0
    assert huiyin(tmp_path, tickets, "--map", mapping, "--at-least", "50%").exit_code == 0
    assert huiyin(tmp_path, tickets, "--map", mapping, "--at-least", "51%").exit_code == 1
    assert huiyin(*versions, tickets).exit_code == 2
    assert huiyin(tickets, "--map", mapping).exit_code == 2
    assert huiyin(versions[0], versions[0], tickets, "--map", mapping).exit_code == 0  # one version, named twice
    (tmp_path / "again.yaml").write_text(OLD.replace("policy: town", "policy: again"), "utf-8")
    assert "both without `effective`" in huiyin(tmp_path, tickets, "--map", mapping).output
    broken = tmp_path / "broken.yaml"
    broken.write_text(OLD.replace("policy: town", "policy: broken").replace("3 working days", "3 days"), "utf-8")
    assert huiyin(broken, tickets, "--map", mapping).exit_code == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [("2,soon,,,Lamp out", "no row of the file can be used"), ("2,2015-03-10 10:00:00,,,Lamp out", "no ticket has a")],
)
def test_why_nothing_was_compared_is_said(tmp_path: Path, row: str, said: str) -> None:
    answer = huiyin(tmp_path, town(tmp_path, row), "--map", tmp_path / "town.map.yaml")
    assert said in answer.output
    assert "0 of 0" not in answer.output


def test_a_wrong_mapping_is_refused_with_all_its_mistakes(tmp_path: Path) -> None:
    tickets = town(tmp_path)
    wrong = tmp_path / "wrong.map.yaml"
    wrong.write_text(
        "mapping: wrong\ntickets: number\ncategory: {values: {a: request}}\nopened: opened\n"
        "facts: {typ: kind}\nmoves: {shut: closed}\ndeadline: targt\ntimes: {timezone: Boston}\nas_of: now\n",
        "utf-8",
    )
    found = huiyin(tmp_path, tickets, "--map", wrong)
    assert found.exit_code == 1
    for said in (
        "unknown key “tickets”",
        "“category” lacks `column`",
        "there is no fact “typ”",
        "there is no move “shut”",
        "there is no deadline “targt”",
        "“Boston” is not a time zone",
        "“now” is not a date and a time",
    ):
        assert said in found.output
    wrong.write_text(MAP.replace("closed", "close_date"), "utf-8")
    assert "there is no column “close_date”" in huiyin(tmp_path, tickets, "--map", wrong).output


def test_a_table_in_another_encoding_is_told_with_the_key_that_says_it(tmp_path: Path) -> None:
    tickets = town(tmp_path)
    with (tmp_path / "tickets.csv").open("ab") as table:
        table.write("1,2015-03-10 10:00:00,,,路灯\n".encode("gbk"))
    told = huiyin(tmp_path, tickets, "--map", tmp_path / "town.map.yaml").output
    assert "this is not utf-8" in told
    assert "`encoding: gbk`" in told


def test_results_for_machines(tmp_path: Path) -> None:
    tickets = town(
        tmp_path,
        "1,2015-03-10 10:00:00,2015-03-12 10:00:00,2015-03-11 10:00:00,Lamp out",
        "2,2015-03-10 10:00:00,2015-03-12 10:00:00,,Talk",
        "3,2015-03-10 10:00:00,2017-03-12 10:00:00,,Lamp out",
    )
    dirty = tmp_path / "dirty.jsonl"
    found = json.loads(
        huiyin(tmp_path, tickets, "--map", tmp_path / "town.map.yaml", "--json", "--dirty-to", dirty).output
    )
    assert found["versions"] == ["town", "town-march"]
    assert (found["rows"], found["compared"], found["equal"]) == (3, 3, 1)
    assert found["kinds"] == {"no_limit": 1, "far_ahead": 1}
    assert [(one["type"], one["tickets"], one["ends"]) for one in found["types"]] == [
        ("Lamp out", 2, {"met": 1, "running": 1}),
        ("Talk", 1, {}),
    ]
    lines = [json.loads(line) for line in dirty.read_text("utf-8").splitlines()]
    assert lines == found["dirty"]
    assert [(one["line"], one["flaw"]) for one in lines] == [(4, "far_ahead")]


def test_a_compressed_file_says_the_same(tmp_path: Path) -> None:
    tickets = town(tmp_path, "1,2015-03-10 10:00:00,2015-03-12 10:00:00,,Lamp out")
    zipped = tmp_path / "tickets.csv.gz"
    zipped.write_bytes(gzip.compress(tickets.read_bytes()))
    mapping = tmp_path / "town.map.yaml"
    assert huiyin(tmp_path, zipped, "--map", mapping).output == huiyin(tmp_path, tickets, "--map", mapping).output
    zipped.write_bytes(zipped.read_bytes()[:40])
    cut = huiyin(tmp_path, zipped, "--map", mapping)
    assert (cut.exit_code, "tickets.csv.gz" in cut.output) == (1, True)


# ---- the city's own tickets -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data() -> Path:
    """The folder with the real tickets, which are no part of the product."""
    folder = os.environ.get("HUIYIN_DATA")
    if not folder:
        pytest.skip("HUIYIN_DATA is not set: the city's tickets are not here")
    return Path(folder)


def test_boston_2015_gets_the_dues_that_the_city_gave(data: Path) -> None:
    """The whole half-year, two versions: at least 95 % within a minute, and what differs is told by kind.

    And where the due is equal, done in time or late is what the city flagged, of every single ticket.
    """
    plans, wrong = load_versions(BOSTON, TODAY)
    assert wrong == ()
    mapping = load_mapping(EXAMPLES / "boston-311.map.yaml", plans).mapping
    assert mapping is not None
    flags: Counter[tuple[str, str]] = Counter()

    def listen(row: Any, replayed: Replayed, kind: str | None) -> None:
        if row["TARGET_DT"] and kind is None and row["OnTime_Status"]:
            in_time = replayed.status in ("met", "running")
            flags["ONTIME" if in_time else "OVERDUE", row["OnTime_Status"]] += 1

    found = backtest(mapping, plans, Tickets(data / "boston311_2015_h1.csv.gz", "utf-8").rows(), listen=listen)
    total: Group = found.total()
    assert (found.rows, total.tickets, total.compared) == (58_119, 58_119, 43_592)
    assert total.share is not None
    assert total.share >= 0.96
    assert sum(total.kinds.values()) == total.compared - total.equal
    assert total.kinds["unexplained"] < 0.005 * total.compared
    assert total.kinds["holidays"] == total.kinds["hour"] == 0  # of calendar and clock nothing is left over
    assert {one.flaw for one in found.dirty} == {"far_ahead"}
    assert set(flags) == {("ONTIME", "ONTIME"), ("OVERDUE", "OVERDUE")}


def test_the_levels_of_2015_hold_in_later_years(data: Path) -> None:
    """Shifted time stamps put right. The types are those of 2015; what differs is mostly holidays never loaded."""
    plans, _ = load_versions(BOSTON, TODAY)
    mapping = load_mapping(EXAMPLES / "boston-311-later.map.yaml", plans).mapping
    assert mapping is not None
    found = backtest(mapping, plans, Tickets(data / "boston311_sample_2015_2019.csv.gz", "utf-8").rows())
    total = found.total()
    assert total.share is not None
    assert total.share >= 0.93
    assert total.kinds.most_common(1)[0][0] == "holidays"
    assert {one.detail.en.partition(":")[0] for one in found.dirty} == {"type"}  # types that 2015 did not have


def test_the_examples_have_no_mistakes() -> None:
    assert load_versions(BOSTON, TODAY)[1] == ()
