"""Settings of a deployment: all mistakes at once, and every message has a way out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.notify import Reader
from engine.runtime import VirtualClock
from engine.server import ConfigError, build, read_config
from engine.server.config import stray_routes
from engine.server.entry.status_links import StatusLinks
from engine.server.world import World
from tests.core.harness import HEAD, at
from tests.runtime.running import BODY

DESTINATIONS = "destinations: {screen: {kind: console}, wall: {kind: console}, hall: {kind: console}}\n"


@pytest.fixture
def settings(tmp_path):
    for name in ("garden", "harbour"):
        text = HEAD.replace("policy: test", f"policy: {name}") + BODY
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")

    def write(text):
        file = tmp_path / "huiyin.yaml"
        file.write_text("sites: [garden.yaml, harbour.yaml]\n" + text, encoding="utf-8")
        return read_config(file)

    return write


@pytest.mark.parametrize(
    ("site", "channel", "destination"),
    [
        ("garden", "mail", "screen"),
        ("garden", "wecom", "wall"),
        ("garden", "", "wall"),
        ("harbour", "sms", "hall"),
        ("harbour", "", "screen"),
    ],
)
def test_the_route_of_the_site_comes_first_and_a_star_is_every_other(settings, site, channel, destination):
    routes = 'routes: {"*": {"*": screen, sms: hall, mail: hall}, garden: {mail: screen, "*": wall}}\n'
    config = settings(DESTINATIONS + routes)
    daemon = build(config, VirtualClock(at("11-16 09:00")))
    try:
        route = World(daemon.engine, config).route(Reader(site, "T1", "小李", "desk", channel))
        assert route.destination.id == destination
    finally:
        daemon.database.close()


def test_a_warning_about_the_text_of_settings_keeps_no_daemon_from_starting(settings):
    assert settings("listen: 127.0.0.1:8080 #2\n").port == 8080


def test_a_channel_without_a_route_reaches_nobody(settings):
    config = settings(DESTINATIONS + "routes: {garden: {mail: screen}}\n")
    daemon = build(config, VirtualClock(at("11-16 09:00")))
    try:
        assert World(daemon.engine, config).route(Reader("garden", "T1", "小李", "desk", "sms")) is None
        assert World(daemon.engine, config).route(Reader("harbour", "T1", "小李", "desk", "mail")) is None
    finally:
        daemon.database.close()


@pytest.mark.parametrize(
    ("url", "channel", "made"), [("https://x.example", "sms", 1), ("https://x.example", "mail", 0), ("", "sms", 0)]
)
def test_who_reported_gets_a_status_link_where_an_address_is_known_and_no_journal_keeps_it(
    settings, url, channel, made, monkeypatch
):
    monkeypatch.setenv("HOOK", "whsec_" + "A" * 32)
    hook = "hook: {kind: webhook, url: 'https://sms.example/', secrets: ['${env:HOOK}']}"
    config = settings(
        f"url: '{url}'\ndestinations: {{screen: {{kind: console}}, {hook}}}\nroutes: {{'*': {{sms: hook, '*': screen}}}}\n"
    )
    daemon = build(config, VirtualClock(at("11-16 09:00")))
    try:
        link = World(daemon.engine, config).status_link(Reader("garden", "T1", "reporter", "reporter", channel))
        assert bool(link) is bool(made)
        if made:
            found = StatusLinks(daemon.database).principal(link.removeprefix("https://x.example/s/"), daemon.clock())
            assert (found.kind, found.ticket) == ("resident", "T1")
    finally:
        daemon.database.close()


def test_destinations_that_nothing_leads_to_are_a_mistake(settings):
    with pytest.raises(ConfigError, match=r"huiyin.yaml:1:1: routes: nothing would reach screen, wall, hall: write "):
        settings(DESTINATIONS)


def test_all_mistakes_are_told_at_once_each_with_the_keys_that_lead_to_it(settings):
    with pytest.raises(ConfigError) as refused:
        settings("listen: nowhere\nspeed: fast\ndestinations: {hook: {kind: pigeon}}\nroutes: {garden: {mail: owl}}\n")
    for told in refused.value.words:
        places = [line.split(": ")[:2] for line in told.splitlines()]
        assert [place.partition("huiyin.yaml")[2] for place, _ in places] == [":2:9", ":3:1", ":4:29", ":5:25"]
        assert [places[n][1] for n in (0, 2, 3)] == ["listen", "destinations.hook.kind", "routes.garden.mail"]


def test_a_key_that_stands_twice_is_a_mistake_and_so_is_a_value_of_the_wrong_kind(settings):
    with pytest.raises(ConfigError) as refused:
        settings("data: here\ndata: there\nlisten: [here]\nurl: {a: b}\nproxies: {a: b}\nroutes: screen\n")
    told = [line.partition("huiyin.yaml")[2] for line in str(refused.value).splitlines()]
    assert told == [
        ":3:1: key “data” stands twice",
        ":4:1: listen: a text in one line is wanted",
        ":5:1: url: a text in one line is wanted",
        ":6:1: proxies[0]: a text in one line is wanted",
        ":7:1: routes: keys and values are wanted here",
    ]


@pytest.mark.parametrize("listen", ["nowhere", "127.0.0.1:", ":80", "127.0.0.1:70000", "127.0.0.1:²"])
def test_what_is_no_place_to_be_heard_at_is_a_mistake(settings, listen):
    with pytest.raises(ConfigError, match=r"huiyin.yaml:2:9: listen: HOST:PORT is wanted"):
        settings(f"listen: {listen!r}\n")


def test_a_route_of_a_site_that_is_not_listed_is_a_mistake(settings):
    with pytest.raises(ConfigError, match=r"routes\.quik: there is no such site; there are: \*, garden, harbour"):
        settings(DESTINATIONS + "routes: {quik: {mail: screen}}\n")


def test_routes_that_nothing_takes_are_named_and_the_next_version_of_a_policy_may_take_them(settings):
    config = settings(DESTINATIONS + "routes: {garden: {mail: hall, wechat: wall}, '*': {'*': screen, sms: hall}}\n")
    found = list(stray_routes(config, {"garden": {"mail"}, "harbour": {"sms"}}))
    assert [line.en.split(": ")[0] for line in found] == ["routes.garden.wechat"]
    assert list(stray_routes(config, {"garden": {"mail", "wechat"}})) == []  # the other one does not run now
    other = replace(config, sites=config.sites[1:])  # as the command line may choose
    assert [line.en for line in stray_routes(other, {"harbour": {"sms"}})] == [
        "routes.garden: no site of this name runs; there are: harbour"
    ]


def test_a_route_to_several_destinations_is_a_mistake_that_is_told(settings):
    with pytest.raises(ConfigError, match=r"routes\.garden\.mail: a text in one line is wanted"):
        settings(DESTINATIONS + "routes: {garden: {mail: [screen, wall]}}\n")


def test_an_address_for_people_begins_with_http(settings):
    with pytest.raises(ConfigError, match=r"url: an address is wanted"):
        settings("url: huiyin.park.example\n")


def test_proxies_are_addresses_since_a_name_is_never_met_and_a_star_is_everybody(settings):
    assert settings("proxies: [127.0.0.1, 10.1.0.0/16, '::1']\n").proxies == ("127.0.0.1/32", "10.1.0.0/16", "::1/128")
    for wrong in ("nginx", "'*'", "10.1.0.7/16", "localhost"):
        with pytest.raises(ConfigError, match=r"proxies\[0\]: an address or a range of them is wanted"):
            settings(f"proxies: [{wrong}]\n")
    with pytest.raises(ConfigError, match=r"proxies: this would believe everybody"):
        settings("proxies: [0.0.0.0/0]\n")


def test_two_files_of_one_site_are_a_mistake(settings, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "garden.yaml").write_text("policy: garden\n", encoding="utf-8")
    (tmp_path / "huiyin.yaml").write_text("sites: [garden.yaml, new/garden.yaml]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="another one is named garden"):
        read_config(tmp_path / "huiyin.yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "the file is empty"), ("- data: here\n", "keys and values expected"), ("data\n", "keys and values expected")],
)
def test_a_file_without_settings_is_a_mistake_and_not_the_shipped_sites(tmp_path, text, told):
    file = tmp_path / "huiyin.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=f"huiyin.yaml:1:1: {told}"):
        read_config(file)


def test_how_long_it_is_known_who_was_told_is_for_the_deployment_to_say(settings):
    assert settings("").message_days == 90
    assert settings("message_days: 365\n").message_days == 365
    for wrong in ("6", "3651", "90 days", "-9", "[90]"):
        with pytest.raises(ConfigError, match="message_days: "):
            settings(f"message_days: {wrong}\n")


def test_in_which_language_letters_speak_is_for_the_deployment_to_say(settings):
    assert settings("").lang == "zh"
    daemon = build(settings("lang: en\n"), VirtualClock(at("11-16 09:00")))
    daemon.database.close()
    assert daemon.postman._writer._lang == "en"
    with pytest.raises(ConfigError, match="lang: one of: en, zh"):
        settings("lang: de\n")


def test_how_many_gigabytes_of_files_a_site_keeps_is_for_the_deployment_to_say(settings):
    assert settings("").evidence_gb == 20
    config = settings("evidence_gb: 3\n")
    daemon = build(config, VirtualClock(at("11-16 09:00")))
    daemon.database.close()
    assert daemon.evidence._quota == 3 << 30
    with pytest.raises(ConfigError, match="evidence_gb: a number of 1-100000 is wanted"):
        settings("evidence_gb: 0\n")


def test_a_route_to_a_destination_with_a_mistake_is_not_said_to_lead_nowhere(settings):
    with pytest.raises(ConfigError) as refused:
        settings("destinations: {screen: {kind: console}, hook: {kind: pigeon}}\nroutes: {'*': {a: screen, b: hook}}\n")
    assert [line.split(": ")[1] for line in str(refused.value).splitlines()] == ["destinations.hook.kind"]


@pytest.mark.parametrize("ill", ["unreadable", "gone"])
def test_a_policy_that_cannot_be_read_at_a_start_keeps_its_site_on_the_revision_before(settings, tmp_path, ill):
    config = settings("")
    build(config, VirtualClock(at("11-16 09:00"))).database.close()
    file = tmp_path / "garden.yaml"
    file.unlink()
    if ill == "unreadable":
        file.mkdir()
    daemon = build(config, VirtualClock(at("11-16 10:00")))
    daemon.database.close()
    assert daemon.engine.services.keys() == {"garden", "harbour"}
    assert daemon.engine.refused == {"garden": str(file)}
