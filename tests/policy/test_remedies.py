"""What an author is told when a plan is mistaken: the remedy, in both languages, for slips that people make."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.policy import Diagnostic, load

HOTEL = """\
policy: hotel
title: 酒店
timezone: Asia/Shanghai
calendar: always
last_resort: manager
calendars:
  early: {title: 早班, hours: {mon-sun: "07:00-15:00"}, exceptions: {2026-12-31: closed}}
roles:
  manager: {title: 经理, on_duty: always}
  desk: {title: 前台, on_duty: early}
facts:
  vip: {title: 贵宾, type: flag, default: no}
  kind: {title: 物品, values: {towel: 毛巾, water: 饮用水}}
  result: 结果
categories: {request: {title: 需求, workflow: request, record: [vip, (kind)]}}
workflows:
  request:
    title: 需求
    initial: new
    states: {new: {title: 新建, owner: desk}, over: {title: 已办, final: true}}
    moves: {deliver: {title: 送达, from: new, to: over, ask: [result]}}
deadlines: {answer: {title: 响应, of: request, from: opened, until: deliver, limit: 10 minutes, escalate: quick}}
escalations: {quick: {due: {at: due, notify: manager, when: {vip: yes}}}}
duties: {audit: {title: 夜审, every: week, on: mon, at: 08:00, within: 3 hours, owner: desk, places: [客房, 餐厅]}}
"""


def found(tmp_path: Path, old: str, new: str) -> Diagnostic:
    """The one thing that is wrong with the hotel's plan when `old` is `new` in it."""
    assert HOTEL.count(old) == 1
    path = tmp_path / "hotel.yaml"
    path.write_text(HOTEL.replace(old, new), encoding="utf-8")
    [one] = load(path).diagnostics
    return one


def test_the_hotel_has_no_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "hotel.yaml"
    path.write_text(HOTEL, encoding="utf-8")
    assert load(path).diagnostics == ()


@pytest.mark.parametrize(
    ("old", "new", "code", "en", "zh"),
    [
        (", until: deliver", "", "E104", "`until`: Moments that end it.", "`until`：完成的时刻"),
        ("calendar: always\n", "", "E104", "every limit, role and duty that names none", "默认日历"),
        ("policy: hotel", "policy: hostel", "E906", "name the file hostel.yaml", "改名为 hostel.yaml"),
        ("经理, on_duty: always", "经理, on_duty: early", "E401", "`on_duty: always`", "`on_duty: always`"),
        ('{mon-sun: "07:00-15:00"}', '"07:00-15:00"', "E103", '{mon-fri: "09:00-18:00"}', "开放时间"),
        ("07:00-15:00", "07：00-15:00", "E407", "write “:” instead of “：”", "把“：”写成“:”"),
        ("07:00-15:00", "07:00—15:00", "E407", "write “-” instead of “—”", "把“—”写成“-”"),
        ("2026-12-31", "2026/12/31", "E407", "`2026/12/31` is no date", "`2026/12/31`不是日期"),
        ("08:00", "08：00", "E404", "write “:” instead of “：”", "把“：”写成“:”"),
        ("every: week", "every: night", "E404", "shift of ROLE", "shift of 角色"),
        ("on: mon", "on: 周一", "E404", "write mon to sun", "mon 到 sun"),
        ("[客房, 餐厅]", "客房、餐厅", "E107", "`[客房, 餐厅]`", "`[客房, 餐厅]`"),
        ("10 minutes", "十分钟", "E108", "write the number in digits", "写成 `3个工作日`"),
        ("10 minutes", "10 ｍinutes", "E108", "write “m” instead of “ｍ”", "把“ｍ”写成“m”"),
        ("notify: manager", "notify: 经理", "E101", "did you mean “manager”?", "您是否指“manager”？"),
        ("until: deliver", "until: 送达", "E101", "did you mean “deliver”?", "您是否指“deliver”？"),
        ("when: {vip: yes}", "when: {贵宾: yes}", "E101", "did you mean “vip”?", "您是否指“vip”？"),
        ("when: {vip: yes}", "when: {kind: 毛巾}", "E106", "did you mean “towel”?", "您是否指“towel”？"),
        ("when: {vip: yes}", "when: {round: < 3}", "E107", "`under 3`", "`under 3`"),
        ("escalate: quick", "escalate: {quick: 1}", "E103", "`escalate`: Ladder, or none.", "`escalate`：升级阶梯"),
        ("{at: due,", "{at: 1 hour before due,", "W303", "bring it nearer to the due", "离到期近一些"),
        ("until: deliver", "until: answer due", "E115", "write a move, a state", "写动作、状态"),
        ("ask: [result]}}", "after: deliver}}", "E212", "take it out", "去掉它"),
        ("type: flag", "type: bool", "E106", "did you mean “flag”?", "您是否指“flag”？"),
        ("until: deliver", "until: fetch", "E101", "there are: deliver, new, opened, over", "可用的有：deliver"),
    ],
)
def test_a_slip_is_told_with_its_remedy(tmp_path: Path, old: str, new: str, code: str, en: str, zh: str) -> None:
    one = found(tmp_path, old, new)
    said = [(part.en, part.zh) for part in (*one.notes, *one.helps)]
    assert one.code == code
    assert any(en in english and (zh in chinese) for english, chinese in said), said


SITE = """\
policy: river
title: 滨江店
extends: hotel
numbers: {rooms: 120}
deadlines: {answer: {limit: {others: {is: 3 minutes}}}}
duties: {audit: {places: {remove: [餐厅]}}}
figures: null
"""


def of_the_site(tmp_path: Path, old: str, new: str) -> list[tuple[str, list[str]]]:
    """Codes and remedies of a site on the hotel's plan when `old` is `new` in it."""
    for name, text in (
        ("hotel", HOTEL + "figures: {load: {title: 单量, of: request, count: opened}}\n"),
        ("river", SITE),
    ):
        (tmp_path / f"{name}.yaml").write_text(text.replace(old, new), encoding="utf-8")
    return [(one.code, [part.en for part in one.helps]) for one in load(tmp_path / "river.yaml").diagnostics]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("extends: hotel", "extends: hotel", []),
        ("extends: hotel", "extends: hotel.yaml", [("E904", ["did you mean “hotel”?"])]),
        ("extends: hotel", "extends: ../hotel", [("E904", ["did you mean “hotel”?"])]),
        ("remove: [餐厅]", "remove: [餐亭]", [("E901", ["there are: 客房, 餐厅"])]),
    ],
)
def test_a_slip_of_a_site_is_told_with_its_remedy(tmp_path: Path, old: str, new: str, wanted: list[object]) -> None:
    assert of_the_site(tmp_path, old, new) == wanted


def test_a_row_of_a_misspelt_name_is_told_which_was_meant(tmp_path: Path) -> None:
    table = "limit: {vip: {when: {vip: yes}, is: 5 minutes}, others: {is: 10 minutes}}"
    one = found(tmp_path, "limit: 10 minutes", table.replace("others:", "rest: {is: 1 minute}, rset:"))
    assert (one.code, one.helps[0].en) == ("E309", "did you mean “rest”?")


def test_a_plan_above_the_site_that_extends_it_is_found_and_told(tmp_path: Path) -> None:
    (tmp_path / "sites").mkdir()
    (tmp_path / "hotel.yaml").write_text(HOTEL, encoding="utf-8")
    (tmp_path / "sites" / "river.yaml").write_text(SITE, encoding="utf-8")
    [one] = load(tmp_path / "sites" / "river.yaml").diagnostics  # and nothing of what it takes away
    assert one.code == "E904"
    assert one.helps[0].en.startswith(f"{tmp_path / 'hotel.yaml'} is not looked at")


def test_what_one_must_choose_among_is_listed_whole(tmp_path: Path) -> None:
    assert "date, phone, person, role, file" in found(tmp_path, "type: flag", "type: whatever").message.en


def test_a_file_without_a_name_is_called_by_its_file(tmp_path: Path) -> None:
    assert found(tmp_path, "policy: hotel\n", "").message.en == "“hotel.yaml” lacks `policy`"
