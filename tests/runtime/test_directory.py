"""Lists of staff and customers: what is read from real files, what is refused, and what a new list changes."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from engine.core import Plan
from engine.policy import load
from engine.runtime import Entry
from engine.runtime.directory import Leave, Staff, changed, changes, entries, leavers
from engine.runtime.lists.codes import TITLES
from engine.runtime.lists.customers import Customer, read_customers, search
from engine.runtime.lists.sheets import BYTES_MAX, ROWS_MAX, read_file
from engine.runtime.lists.staff import read_staff
from tests.conftest import examples
from tests.core.harness import ZONE, at

ROOT = Path(__file__).parents[2]
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "engine/runtime/lists/pages").glob("*.md")}
EXAMPLE = re.compile(r"^## (wrong|right)\n\n```csv\n(.*?)^```$", re.M | re.S)
HOW_TO = ROOT / "docs/how-to/import-people.md"

LIST = """姓名,角色,班次,电话,请假自,请假至,替班
小陈,前台接待员,desk_early,"138 0000 0001",2026-10-01,2026-10-03,小李
小李,front_desk,desk_late,,,,
老王,supervisor、storekeeper,,,,,
"""
STAFF = (
    Staff(
        "小陈",
        ("front_desk",),
        ("desk_early",),
        "138 0000 0001",
        leaves=(Leave(at("10-01 00:00"), at("10-04 00:00"), "小李"),),
    ),
    Staff("小李", ("front_desk",), ("desk_late",)),
    Staff("老王", ("supervisor", "storekeeper")),
)


@cache
def plan(name: str = "industrial-park") -> Plan:
    loaded = load(ROOT / f"policies/{name}.yaml", today=date(2026, 6, 1))
    assert loaded.plan is not None
    return loaded.plan


def staff_of(data: bytes | str, name: str = "staff.csv", policy: str = "industrial-park"):
    return read_staff(name, data.encode() if isinstance(data, str) else data, plan(policy), ZONE)


def said(data: bytes | str, lang: str = "en") -> list[str]:
    return [one.said(lang) for one in staff_of(data).mistakes]


def codes(data: bytes | str) -> list[str]:
    """The codes of all mistakes, of whichever list this is."""
    text = data if isinstance(data, str) else ""
    found = read_customers("list.csv", text.encode()) if text.startswith("房号") else staff_of(data)
    return [one.code for one in found.mistakes]


def xlsx(*rows: tuple[object, ...], sheets: int = 1) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    for number in range(1, sheets):
        book.create_sheet(f"说明{number}").append(("别的",))
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


# ---- files ----


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_same_list_is_read_in_every_encoding_and_with_every_separator(encoding: str, separator: str) -> None:
    """Excel saves Chinese CSV as GBK, others as UTF-8; German Excel divides by semicolons."""
    assert staff_of(LIST.replace(",", separator).encode(encoding)) == (STAFF, ())


def test_a_workbook_says_the_same_as_a_csv() -> None:
    """Cells keep their types in XLSX: a date is a date, a telephone number a number. The second sheet is not read."""
    book = xlsx(
        ("员工名单 2026",),
        ("姓 名", "角色*", "班次", "电话（必填）", "请假自", "请假至", "替班"),
        (
            "小陈",
            "前台接待员",
            "desk_early",
            13800000001,
            datetime.fromisoformat("2026-10-01"),
            date(2026, 10, 3),
            "小李",
        ),
        (),
        ("小李", "front_desk", "desk_late"),
        ("老王", "supervisor、storekeeper"),
        sheets=2,
    )
    found = staff_of(book, "staff.xlsx")
    assert found.mistakes == ()
    assert [one.phone for one in found.staff] == ["13800000001", "", ""]
    assert entries(plan(), found.staff) == entries(plan(), STAFF)


def test_a_formula_counts_by_the_value_that_was_saved_with_it() -> None:
    """One that no Excel has computed yet has no value: its cell is empty, and said to be."""
    assert codes(xlsx(("姓名", "角色"), ("小陈", '="front"&"_desk"'))) == ["P201"]


def test_headings_may_be_english_in_any_case_and_stray_spaces_do_no_harm() -> None:
    """Nor do spaces behind a closing quotation mark, full-width spaces, empty lines and empty columns."""
    text = '\n Person , ROLE,Leave_From, leave until,,\n\n  "小陈"  ,\u3000front_desk\u3000,2026-10-01 , 2026年10月3日,,\n,,,,,\n'
    assert staff_of(text).staff == (
        Staff("小陈", ("front_desk",), leaves=(Leave(at("10-01 00:00"), at("10-04 00:00")),)),
    )


def test_a_mistake_names_the_line_in_which_its_row_begins() -> None:
    """Also below a cell of several lines, a title and an empty row; in a workbook the row of the sheet."""
    text = '名单\n\n姓名,角色\n"小\n陈",front_desk\n小李,x\n'
    assert [one.place[1:] for one in staff_of(text).mistakes] == [(6, "角色")]
    book = xlsx(("名单",), (), ("姓名", "角色"), (), ("小李", "x"))
    assert [one.place[1:] for one in staff_of(book).mistakes] == [(5, "角色")]


def row_of(cells: int) -> bytes:
    """An XLSX of a few kilobytes that would be hundreds of megabytes in memory."""
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    row = b"<row>%s</row>" % (b"<c/>" * cells)
    return with_part(
        "sheet1.xml", lambda _: b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (main, row)
    )


def styled(styles: int) -> bytes:
    """Another one: every style is an object of the library."""
    return with_part("styles.xml", lambda part: part.replace(b"</cellXfs>", b"<xf/>" * styles + b"</cellXfs>"))


def with_part(part: str, change: Callable[[bytes], bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(("x",)))) as whole, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in whole.namelist():
            packed.writestr(name, change(whole.read(name)) if name.endswith(part) else whole.read(name))
    return file.getvalue()


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/workbook.xml", b" " * (33 << 20))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "P101", id="empty"),
        pytest.param(b"\n , ,\n", "P101", id="only separators"),
        pytest.param("姓名,角色\n,\n", "P101", id="nobody"),
        pytest.param(b"PK\x03\x04 no workbook", "P101", id="broken XLSX"),
        pytest.param(xlsx(("姓名", "角色"))[:-300], "P101", id="half an XLSX"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "P101", id="old XLS"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00", "P101", id="a picture"),
        pytest.param("姓名,角色\n小陈,\"front_desk\n", "P101", id="quotation mark left open"),
        pytest.param(b"a" * (BYTES_MAX + 1), "P102", id="too many bytes"),
        pytest.param("姓名,角色\n" + "a,b\n" * (ROWS_MAX + 1), "P102", id="too many rows"),
        pytest.param("姓名,角色" + "," * 100 + "x\n", "P102", id="too many columns"),
        pytest.param(bomb(), "P102", id="a bomb"),
        pytest.param(row_of(1_100_000), "P102", id="a row of empty cells without end"),
        pytest.param(styled(110_000), "P102", id="styles without end"),
        pytest.param("姓名,角色\n\x1b[31m小陈,front_desk\n", "P107", id="signs for a terminal"),
        pytest.param(f"姓名,角色\n{'陈' * 201},front_desk\n", "P107", id="a long cell"),
        pytest.param("姓名,角色,\x1b[31m班次\n小陈,front_desk,\n", "P107", id="signs for a terminal in a heading"),
        pytest.param(f"姓名,角色,{'(' * 100_000}\n小陈,front_desk,\n", "P107", id="a heading of brackets without end"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_refused(data: bytes | str, code: str) -> None:
    """One mistake says why; nothing else is guessed from what could not be read."""
    assert codes(data) == [code]


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    """One byte more than is taken is enough to refuse it."""
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert len(read_file(path)) == BYTES_MAX + 1


def test_a_line_of_quotation_marks_takes_no_time() -> None:
    """The search for spaces behind quotation marks walks over the text once."""
    assert codes('姓名,角色\n"' + '"' * (BYTES_MAX - 20)) == ["P101"]


def test_only_a_workbook_imports_what_reads_workbooks() -> None:
    """Verbs that never see an XLSX stay cheap."""
    code = "import sys, engine.runtime.lists.staff, engine.runtime.lists.customers; print('openpyxl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


# ---- mistakes ----


def test_every_code_has_a_page_in_both_languages() -> None:
    """And no page is left over."""
    assert sorted(PAGES) == sorted(TITLES)
    for text in PAGES.values():
        assert re.search(r"^## en\n\n.{40,}", text, re.M)
        assert re.search(r"^## zh\n\n.*[\u4e00-\u9fff]{5}", text, re.M)


@pytest.mark.parametrize("code", sorted(TITLES.keys() - {"P102", "P107"}))  # no short text shows these
def test_the_wrong_list_has_this_mistake_and_the_right_one_none(code: str) -> None:
    """The examples of a page are true."""
    example = dict(EXAMPLE.findall(PAGES[code]))
    assert set(codes(example["wrong"])) == {code}
    assert codes(example["right"]) == []


def test_all_mistakes_of_a_list_are_told_at_once_with_their_places() -> None:
    """From the top of the file; a name that was meant is offered among ids and titles."""
    text = (
        "姓名,角色,班次,电话,请假自,请假至,替班\n"
        "小陈,前台接待,desk_erly,138x,2026-10-05,2026-10-03,\n"
        "小李,suprvisor,,,,,小陈\n"
        "老王,front_desk,office,,,,\n"
    )
    assert said(text) == [
        "staff.csv:2:电话: P208 this is no telephone number; write digits only, several numbers as 0571-88880000 / 13800000000",
        "staff.csv:2:请假至: P206 this ends before it begins",
        "staff.csv:2:角色: P202 there is no role “前台接待”; did you mean “前台接待员”?",
        "staff.csv:2:班次: P203 there is no shift “desk_erly”; did you mean “desk_early”?",
        "staff.csv:3:替班: P207 a leave that does not begin; fill in “leave from”",
        "staff.csv:3:角色: P202 there is no role “suprvisor”; did you mean “supervisor”?",
        "staff.csv:4:班次: P204 role “front_desk” has no shift “office”; it has: desk_early, desk_late",
    ]
    assert said(text, "zh")[2] == "staff.csv:2:角色: P202 没有角色“前台接待”；您是否指“前台接待员”？"


@pytest.mark.parametrize("shifts", ["前台早班、desk_late", "desk_early 前台晚班", "前台早班/前台晚班"])
def test_a_shift_is_named_by_its_title_or_its_id_as_a_role_is(shifts: str) -> None:
    """People write what they read on the plan."""
    (one,) = staff_of(f"姓名,角色,班次\n小陈,前台接待员,{shifts}\n").staff
    assert one.shifts == ("desk_early", "desk_late")
    assert said("姓名,角色,班次\n小陈,前台接待员,前台早斑\n") == [
        "staff.csv:2:班次: P203 there is no shift “前台早斑”; did you mean “前台早班”?"
    ]


def test_with_one_mistake_nothing_is_taken() -> None:
    """Neither of the staff nor of the customers."""
    assert staff_of(LIST + "小张,nobody,,,,,\n").staff == ()
    assert read_customers("units.csv", "房号,客户\n1-1,甲\n1-2,\n".encode()).customers == ()


def test_a_mistake_for_machines_has_the_shape_of_a_diagnostic() -> None:
    """Both languages, and where."""
    (found,) = staff_of("姓名,角色\n小陈,x\n").mistakes
    assert {**found.as_json(), "helps": []} == {
        "code": "P202",
        "severity": "error",
        "message": {"en": "there is no role “x”", "zh": "没有角色“x”"},
        "file": "staff.csv",
        "line": 2,
        "column": "角色",
        "helps": [],
    }


@pytest.mark.parametrize(
    "text",
    [
        "姓名,角色,电话,请假自,替班\n秘密甲,front_desk,13977x77,13977777777,秘密乙\n秘密甲,front_desk,13977777778,秘密丙,\n",
        "秘密甲,front_desk,13977777777\n",
    ],
    ids=["in the wrong columns", "without headings"],
)
def test_a_mistake_quotes_nobodys_name_and_number(text: str) -> None:
    """Mistakes end up in logs and in answers of the API."""
    found = staff_of(text).mistakes
    assert found
    assert not re.search("秘密|1397", str(found))


def test_people_do_not_show_in_the_representation_of_a_value() -> None:
    """A traceback or a log line may print any value."""
    assert "1397" not in repr(Staff("小陈", ("front_desk",), phone="1397", addresses={"wecom": "1397"}))
    assert repr(Customer("3-2-1101", "秘密", "1397", "秘密")) == "Customer(unit='3-2-1101')"


def test_no_more_mistakes_are_told_than_anybody_reads() -> None:
    """And a list of nothing but mistakes is not slow."""
    assert codes("姓名,角色\n" + "小陈,frnt_desk\n" * ROWS_MAX) == ["P202"] * 200


def test_a_plans_channels_are_columns_for_addresses() -> None:
    """By id or by title."""
    found = staff_of("姓名,角色,企业微信群,dingtalk\n小陈,front_desk,chen,c-01\n", policy="sales-office")
    assert found.mistakes == ()
    assert found.staff[0].addresses == {"wecom": "chen", "dingtalk": "c-01"}


def test_a_title_that_two_roles_share_names_neither() -> None:
    """Whoever is entered in the wrong one would never be told."""
    known = plan()
    twin = replace(known.roles["storekeeper"], title=known.roles["supervisor"].title)
    shared = replace(known, roles={**known.roles, "storekeeper": twin})
    text = f"姓名,角色\n甲,{twin.title}\n乙,supervisor\n"
    assert [one.place.line for one in read_staff("staff.csv", text.encode(), shared, ZONE).mistakes] == [2]


def test_a_row_of_another_leave_has_nothing_else() -> None:
    """What else stood there would be lost."""
    text = "姓名,角色,电话,请假自\n甲,supervisor,13800000001,2026-10-01\n甲,,13800000001,2026-11-01\n"
    assert codes(text) == ["P201"]


def test_a_substitute_is_needed_only_while_the_term_lasts() -> None:
    """A leave that began before the term, and a substitute whose two terms follow each other."""
    head = "姓名,角色,自,至,请假自,请假至,替班\n甲,supervisor,2026-10-01,,2026-09-01,2026-10-20,乙\n"
    terms = "乙,front_desk,2026-10-01,2026-10-10,,,\n乙,storekeeper,2026-10-11,,,,\n"
    assert codes(head + terms) == []
    assert codes(head + terms.replace("10-11", "10-12")) == ["P213"]


# ---- staff into entries ----


def held(found: tuple[Entry, ...], person: str) -> list[tuple[str, tuple[str, ...], int, int | None]]:
    return [(one.role, one.shifts, one.since, one.until) for one in found if one.person == person]


def test_a_leave_ends_an_entry_and_the_day_after_it_begins_another() -> None:
    """The last day of a leave counts in full; meanwhile the substitute works in both shifts, which are all there are."""
    found = entries(plan(), STAFF)
    gone, back = at("10-01 00:00"), at("10-04 00:00")
    assert held(found, "小陈") == [
        ("front_desk", ("desk_early",), 0, gone),
        ("front_desk", ("desk_early",), back, None),
    ]
    assert held(found, "小李") == [
        ("front_desk", ("desk_late",), 0, gone),
        ("front_desk", (), gone, back),
        ("front_desk", ("desk_late",), back, None),
    ]


def test_a_substitute_who_holds_the_role_anyway_is_entered_once() -> None:
    """Else his hours would be counted twice."""
    staff = (Staff("甲", ("supervisor",), leaves=(Leave(100, 200, "乙"),)), Staff("乙", ("supervisor",)))
    assert held(entries(plan(), staff), "乙") == [("supervisor", (), 0, None)]


def test_a_leave_is_the_persons_whichever_role_it_stands_with() -> None:
    """Nobody is half absent; its substitute takes the roles of that row only."""
    staff = (
        Staff("甲", ("supervisor",), leaves=(Leave(100, 200, "乙"),)),
        Staff("甲", ("storekeeper",)),
        Staff("乙", ("front_desk",)),
    )
    found = entries(plan(), staff)
    assert held(found, "甲") == [
        ("supervisor", (), 0, 100),
        ("supervisor", (), 200, None),
        ("storekeeper", (), 0, 100),
        ("storekeeper", (), 200, None),
    ]
    assert held(found, "乙") == [("supervisor", (), 100, 200), ("front_desk", (), 0, None)]


def test_a_second_leave_stands_in_a_row_without_a_role() -> None:
    """It is another leave of the person, for every role; a leave without an end lasts until further notice."""
    found = staff_of("姓名,角色,请假自,请假至\n甲,supervisor,2026-10-01,2026-10-01\n甲,,2026-11-01 12:00,\n")
    assert held(entries(plan(), found.staff), "甲") == [
        ("supervisor", (), 0, at("10-01 00:00")),
        ("supervisor", (), at("10-02 00:00"), at("11-01 12:00")),
    ]


def test_a_term_limits_entries_and_substitutes() -> None:
    """Somebody comes, and somebody's last day is over at midnight."""
    found = staff_of(
        "姓名,角色,自,至,请假自,替班\n甲,supervisor,2026-09-01,2026-10-31,2026-10-30,乙\n乙,front_desk,,,,\n"
    )
    assert found.mistakes == ()
    made = entries(plan(), found.staff)
    assert held(made, "甲") == [("supervisor", (), at("09-01 00:00"), at("10-30 00:00"))]
    assert held(made, "乙")[0] == ("supervisor", (), at("10-30 00:00"), at("11-01 00:00"))


# ---- what a new list changes ----

INSTANTS = st.integers(0, 40)
PEOPLE = st.sampled_from(["甲", "乙", "丙"])


@st.composite
def lists(draw: st.DrawFn) -> tuple[Entry, ...]:
    """Entries as a list makes them: terms, leaves, shifts, each role of a person once."""
    made = []
    for person in draw(st.lists(PEOPLE, unique=True)):
        for role in draw(st.lists(st.sampled_from(["front_desk", "supervisor"]), min_size=1, unique=True)):
            shifts = draw(st.sampled_from([(), ("desk_early",), ("desk_late",)])) if role == "front_desk" else ()
            since, length = draw(INSTANTS), draw(st.none() | st.integers(1, 20))
            leave = [
                Leave(start, start + draw(st.integers(1, 9)), draw(PEOPLE))
                for start in draw(st.lists(INSTANTS, max_size=1))
            ]
            until = since + length if length is not None else None
            made.append(Staff(person, (role,), shifts, since=since, until=until, leaves=tuple(leave)))
    return entries(plan(), made)


def there(found: tuple[Entry, ...], instant: int) -> set[tuple[str, str, tuple[str, ...]]]:
    return {
        (one.person, one.role, one.shifts)
        for one in found
        if one.since <= instant and (one.until is None or instant < one.until)
    }


@given(lists(), lists(), INSTANTS)
@settings(max_examples=examples(200))
def test_from_the_import_on_the_new_list_holds_and_before_it_the_old_one(old, new, when: int) -> None:
    """Who held a post in the past is asked when liability is found: it does not change."""
    now = changed(old, changes(old, new, when), when)
    for instant in range(80):
        assert there(now, instant) == there(new if instant >= when else old, instant)


@given(lists(), lists(), INSTANTS, st.integers(0, 30))
@settings(max_examples=examples(200))
def test_the_same_list_a_second_time_changes_nothing(old, new, when: int, later: int) -> None:
    """At once or any time later, in any order of its rows."""
    now = changed(old, changes(old, new, when), when)
    assert changes(now, new[::-1], when + later) == ((), ())


@given(lists(), lists(), INSTANTS)
@settings(max_examples=examples(100))
def test_who_leaves_is_who_holds_nothing_any_more(old, new, when: int) -> None:
    """Somebody who changes the shift, or goes on leave, does not leave."""
    left = set(leavers(old, new, when))
    after = range(when, 100)
    assert left == {one.person for t in after for one in old if (one.person, one.role, one.shifts) in there(old, t)} - {
        person for t in after for person, _, _ in there(new, t)
    }


def test_a_leave_that_is_called_off_is_undone() -> None:
    """The entry that would have begun after it is gone, and so is the substitute's."""
    old = entries(plan(), (Staff("甲", ("supervisor",), leaves=(Leave(100, 200, "乙"),)), Staff("乙", ("front_desk",))))
    new = entries(plan(), (Staff("甲", ("supervisor",)), Staff("乙", ("front_desk",))))
    found = changes(old, new, 50)
    assert found.come == (Entry("甲", "supervisor", (), 50),)
    assert found.gone == (
        Entry("甲", "supervisor", (), 0, 100),
        Entry("甲", "supervisor", (), 200),
        Entry("乙", "supervisor", (), 100, 200),
    )
    assert changed(old, found, 50) == (
        Entry("甲", "supervisor", (), 0, 50),
        Entry("乙", "front_desk"),
        Entry("甲", "supervisor", (), 50),
    )


# ---- customers ----

UNITS = """房号,客户,电话,备注
3-2-1101,王女士,+86 138-0000-0001 / 0571-88880000,
3-2-1101,王先生,139 0000 0002,
3-21-101,李女士,137 0000 1101,"养狗，怕吵"
A座1201,某某公司,,一户一档
"""


def found_by(text: str) -> list[str]:
    read = read_customers("units.csv", UNITS.encode())
    assert read.mistakes == ()
    return [one.name for one in search(read.customers, text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("3-2-1101", ["王女士", "王先生"]),
        ("3栋2单元1101室", ["王女士", "王先生"]),
        ("３－２－１１０１", ["王女士", "王先生"]),
        ("3-2", ["王女士", "王先生"]),
        ("3", ["王女士", "王先生", "李女士"]),
        ("a-1201", ["某某公司"]),
        ("13800000001", ["王女士"]),
        ("+8613800000001", ["王女士"]),
        ("0571 8888-0000", ["王女士"]),
        ("0002", ["王先生"]),
        ("1101", ["李女士"]),
        ("002", []),
        ("", []),
        ("王", []),
    ],
)
def test_a_customer_is_found_by_unit_or_by_telephone_number(text: str, names: list[str]) -> None:
    """However unit and number are written; a staircase finds its units, four digits a number, a name nobody."""
    assert found_by(text) == names


def test_a_unit_goes_before_a_telephone_number_that_ends_alike() -> None:
    """The desk asked for the unit; nobody else's name need be shown."""
    customers = (Customer("1101", "甲"), Customer("1202", "乙", "13800001101"))
    assert search(customers, "1101") == customers[:1]


def test_customers_come_from_workbooks_too() -> None:
    """Any of the headings that a property company uses."""
    read = read_customers("units.xlsx", xlsx(("户号", "业主", "手机"), (301, "王女士", 13800000001)))
    assert read == ((Customer("301", "王女士", "13800000001"),), ())


# ---- the page ----


def test_the_lists_of_the_page_can_be_imported() -> None:
    """docs/how-to/import-people.md shows lists that are right."""
    blocks = dict(re.findall(r"^# file: (\S+\.csv)\n(.*?)^```", HOW_TO.read_text(encoding="utf-8"), re.M | re.S))
    assert staff_of(blocks["staff.csv"], policy="residential").mistakes == ()
    assert read_customers("units.csv", blocks["units.csv"].encode()).mistakes == ()
