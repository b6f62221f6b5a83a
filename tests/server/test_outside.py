"""A figure whose value comes from elsewhere: an administrator enters it, or a program of the call centre brings it."""

from __future__ import annotations

import re

import pytest

from tests.server.conftest import listening, problem
from tests.server.test_api_terminal import terminal
from tests.server.test_board import Browser, text_of

SITE = "cloud-park"


@pytest.fixture
def centre(new_house):
    """The program of the call centre."""
    return new_house.as_(new_house.token(scopes="figures:read figures:write", cloud_park=""))


def three_rings(desk, **query):
    found = desk.get("figures", site=SITE, params=query).json()["figures"]
    one = next(one for one in found if one["figure"]["id"] == "three_rings")
    return one["value"], one["reason"], one["verdict"]


def test_a_value_is_of_the_period_in_which_its_day_lies_and_the_latest_one_counts(new_house, centre):
    before = centre.get("figures", site=SITE).json()["as_of"]
    assert three_rings(centre) == (None, "not imported", "unknown")
    new_house.clock.at += 1
    for value in ("90%", "96.5%"):
        assert centre.post("figures", site=SITE, json={"source": "call_centre", "value": value}).status_code == 200
    assert three_rings(centre) == (0.965, "", "met")
    assert three_rings(centre, day="2026-08-31") == (None, "not imported", "unknown")
    old = {"source": "call_centre", "value": "80%", "day": "2026-08-31"}
    assert centre.post("figures", site=SITE, json=old).status_code == 200
    assert three_rings(centre, day="2026-08-01") == (0.8, "", "missed")
    assert three_rings(centre) == (0.965, "", "met")
    assert three_rings(centre, as_known_at=before) == (None, "not imported", "unknown")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"source": "weather"}, "from elsewhere come: call_centre"),
        ({"value": "many"}, "a number or a share is wanted"),
        ({"value": "96"}, "a share of at most 100% is wanted, such as 96%"),
        ({"value": "-1%"}, "a share of at most 100% is wanted, such as 96%"),
        ({"day": "2026-12-01"}, "not come yet"),
    ],
)
def test_what_is_no_value_of_a_period_is_refused_and_changes_nothing(new_house, centre, wrong, told):
    body = {"source": "call_centre", "value": "96%", **wrong}
    answer = centre.post("figures", site=SITE, json=body, headers={"Accept-Language": "en"})
    assert told in problem(answer, 422, "value")["detail"]
    assert three_rings(centre) == (None, "not imported", "unknown")


def test_an_administrator_enters_it_on_the_page_of_figures_for_the_month_that_is_shown(new_house):
    page = f"/board/{SITE}/figures?month=2026-08"
    new_house.account("root", "陈经理", everywhere="admin")
    root = Browser(new_house, "root")
    answer = root.post(page, f"/board/{SITE}/figures", month="2026-08", source="call_centre", value="96")
    assert answer.status_code == 422, text_of(answer)
    assert "应为不超过 100% 的百分数" in text_of(answer)
    answer = root.post(page, f"/board/{SITE}/figures", month="2026-08", source="call_centre", value="96%")
    assert answer.status_code == 200
    assert str(answer.url).endswith("?month=2026-08")
    assert re.search(r"三声内接听率\s+96%", text_of(answer))
    assert "96%" not in text_of(root.get(f"/board/{SITE}/figures")).partition("三声内接听率")[2][:40]
    assert 'name="source"' not in root.get("/board/lakeside/figures").text


def test_the_terminal_brings_it_and_prints_the_report_with_it(new_house):
    token = new_house.token(scopes="figures:read figures:write", cloud_park="")
    with listening(new_house.app) as url:
        env = {"HUIYIN_URL": url, "HUIYIN_TOKEN": token, "HUIYIN_SITE": SITE}
        told = terminal("report", "--import", "call_centre=96%", "--lang", "zh", **env).output
        assert "三声内接听率  2026-09-01 – 2026-09-30  96%  n=1  不低于 95%: 达标" in told
        assert "请写 来源=值" in terminal("report", "--import", "call_centre", "--lang", "zh", code=2, **env).output
