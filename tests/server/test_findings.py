"""A post that is left empty is seen where the desk, a program and a watchdog look."""

from __future__ import annotations

from tests.server.test_board import Browser, text_of

SITE = {"site": "cloud-park"}


def test_an_empty_post_is_seen_by_the_desk_a_program_and_a_watchdog(new_house):
    root = new_house.as_(new_house.token("陈经理", scopes="ticket:read roster:write", cloud_park="site_manager"))
    reader = {"Authorization": f"Bearer {new_house.token('', scopes='metrics:read', everywhere='')}"}
    new_house.account("chen", "陈经理", everywhere="site_manager")
    assert root.get("findings", **SITE).json() == {"day": "2026-09-30", "findings": []}
    assert "今日空岗" not in text_of(Browser(new_house, "chen").get("/board/cloud-park"))
    assert 'huiyin_posts_empty{site="cloud-park"} 0.0' in new_house.client.get("/metrics", headers=reader).text
    root.post("roster", {"gone": ["小李", "小赵"]}, **SITE)
    (found,) = root.get("findings", **SITE).json()["findings"]
    assert (found["finding"], found["at"]) == ("empty_post", "2026-09-30T10:00:00+08:00")
    assert (found["role"]["id"], found["who"], found["rule"]) == ("front_desk", "小李", "roles.front_desk")
    assert "C25" in found["sources"]
    (desk,) = (role for role in root.get("roster", **SITE).json()["roles"] if role["id"] == "front_desk")
    assert (desk["at_least"], desk["empty"]) == (1, True)
    board = text_of(Browser(new_house, "chen").get("/board/cloud-park"))
    assert "应有 1 人在岗" in board
    assert "今日空岗" in board
    assert 'huiyin_posts_empty{site="cloud-park"} 1.0' in new_house.client.get("/metrics", headers=reader).text
    assert root.get("findings", params={"day": "2026-09-29"}, **SITE).json()["findings"] == []


def test_the_loop_finds_the_next_shift_to_which_nobody_comes(new_house):
    root = new_house.as_(new_house.token("陈经理", scopes="ticket:read roster:write", cloud_park="site_manager"))
    root.post("roster", {"gone": ["小李", "小赵"]}, **SITE)
    new_house.pass_time(8 * 3600)
    found = [one["at"][11:16] for one in root.get("findings", **SITE).json()["findings"]]
    assert found == ["10:00", "13:00"]
