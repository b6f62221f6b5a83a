"""The same commands from a terminal: on the file, and of a daemon over HTTP."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import socket
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import pytest
from click.testing import CliRunner

from engine.cli.main import main
from engine.policy import shipped_policies
from tests.server.conftest import CANARIES, REPAIR, listening

FACTS = [f"{name}={value}" for name, value in REPAIR.items()]


def terminal(*words, code=0, **env):
    """What a verb prints. Without HUIYIN_URL it works on the file."""
    cleared = {"HUIYIN_URL": None, "HUIYIN_TOKEN": None, "HUIYIN_SITE": None, "HUIYIN_DIR": None, "LC_ALL": "C.UTF-8"}
    done = CliRunner().invoke(main, [str(word) for word in words], env={**cleared, **env})
    assert done.exit_code == code, (done.output, done.exception)
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory, furnished):
    folder = tmp_path_factory.mktemp("terminal") / "data"
    shutil.copytree(furnished, folder)
    return folder


@pytest.fixture
def on_file(folder):
    return {"HUIYIN_DIR": str(folder), "HUIYIN_SITE": "lakeside"}


def test_a_list_by_a_state_or_category_that_is_none_names_those_there_are(on_file):
    assert (
        "there is no state nope; there are: received, handling"
        in terminal("ticket", "list", "--state", "nope", "--as", "小李", "--lang", "en", code=2, **on_file).output
    )
    assert (
        "没有类别 nope；可用的有："
        in terminal("ticket", "list", "--category", "nope", "--as", "小李", "--lang", "zh", code=2, **on_file).output
    )


def test_a_file_is_sent_for_the_fact_that_it_is(on_file, tmp_path):
    park = {**on_file, "HUIYIN_SITE": "cloud-park"}
    photo = tmp_path / "photo.png"
    facts = ("topic=facility", "place=A 栋", "channel=phone", "service_quality=fair")
    opened = terminal("ticket", "open", "complaint", *FACTS[:4], *facts, "--as", "小李", "--json", **park)
    correct = ("ticket", "do", json.loads(opened.output)["ticket"]["ticket"], "correct", "reason=补签")
    correct = (*correct, "--file", f"signature={photo}", "--as", "小王", "--role", "site_manager", "--json")
    assert f"无法读取 {photo}" in terminal(*correct, "--lang", "zh", code=2, **park).output
    photo.write_bytes(b"\x89PNG\r\n\x1a\n signed")
    (signed,) = (
        fact["value"]
        for fact in json.loads(terminal(*correct, **park).output)["ticket"]["facts"]
        if fact["fact"] == "signature"
    )
    assert signed == sha256(photo.read_bytes()).hexdigest()


def test_a_ticket_is_opened_moved_shown_and_listed_on_the_file(on_file):
    made = terminal("ticket", "open", "repair", *FACTS, "--as", "小李", "--json", "--key", "k", **on_file)
    ticket = json.loads(made.output)["ticket"]["ticket"]
    again = terminal("ticket", "open", "repair", *FACTS, "--as", "小李", "--json", "--key", "k", **on_file)
    assert json.loads(again.output)["ticket"]["ticket"] == ticket
    assert "dispatch" in terminal("ticket", "moves", ticket, "--as", "小李", **on_file).output
    moved = terminal(
        "ticket", "do", ticket, "dispatch", "--assignee", "老张", "--as", "小李", "--lang", "zh", **on_file
    )
    assert "处理中" in moved.output
    shown = terminal("ticket", "show", ticket, "--lang", "zh", **on_file).output
    assert "到场" in shown
    assert "受理: 按时完成" in shown
    assert "复杂问题: 否" in shown
    assert "lakeside.yaml:" in shown
    assert all(canary not in shown for canary in CANARIES.values())
    assert ticket in terminal("ticket", "list", "--assignee", "老张", **on_file).output
    shown = terminal("ticket", "show", ticket, "--lang", "en", **on_file).output
    assert "intake: met" in shown
    assert "complex: no" in shown
    assert "urgency: urgent" in shown
    line = terminal("ticket", "timeline", ticket, "--lang", "zh", **on_file).output
    assert "小李" in line
    assert "residential.yaml:" in line


def test_a_refusal_names_the_legal_moves_and_ends_with_1(on_file):
    made = terminal("ticket", "open", "repair", *FACTS, "--as", "小李", "--json", **on_file)
    ticket = json.loads(made.output)["ticket"]["ticket"]
    refused = terminal("ticket", "do", ticket, "arrive", "--as", "小李", code=1, **on_file).output
    assert "state:" in refused
    assert "dispatch 派单" in refused
    version = terminal("ticket", "do", ticket, "urge", "--as", "小李", "--expected-version", "7", code=1, **on_file)
    assert "changed" in version.output
    assert "no_ticket" in terminal("ticket", "show", "lakeside-999", code=1, **on_file).output
    assert "NAME=VALUE" in terminal("ticket", "open", "repair", "matter", code=2, **on_file).output


def test_a_role_beside_the_roster_is_taken_at_its_word_on_the_file(on_file):
    made = terminal("ticket", "open", "repair", *FACTS, "--as", "值班电话", "--json", **on_file)
    ticket = json.loads(made.output)["ticket"]["ticket"]
    terminal("ticket", "do", ticket, "urge", "--as", "值班电话", code=1, **on_file)
    terminal("ticket", "do", ticket, "urge", "--as", "值班电话", "--role", "front_desk", **on_file)


def test_a_token_is_made_listed_and_revoked_on_the_file(on_file):
    made = terminal("token", "make", "电话系统", "--scope", "ticket:write", "--site", "lakeside=front_desk", **on_file)
    text = made.stdout.strip()
    assert text.startswith("hy_")
    assert text[12:] not in terminal("token", "list", "--json", **on_file).output
    terminal("token", "revoke", text[3:11], **on_file)
    assert "revoked" in terminal("token", "list", **on_file).output
    assert "token_not_found" in terminal("token", "revoke", "00000000", code=1, **on_file).output
    bad = terminal("token", "make", "x", "--scope", "everything", "--site", "*", code=1, **on_file)
    assert "scope_unknown" in bad.output


def test_messages_are_listed_given_up_and_sent_again_from_a_terminal(house):
    house.desk("小李").ticket()
    house.pass_time(3600)
    while house.daemon.postman.release(house.clock()):
        pass
    with listening(house.app) as url:
        operator = house.token(scopes="outbox:manage")
        env = {"HUIYIN_URL": url, "HUIYIN_TOKEN": operator, "HUIYIN_SITE": "lakeside"}
        waiting = json.loads(terminal("outbox", "list", "--state", "pending", "--json", **env).output)["messages"]
        seq = waiting[0]["seq"]
        assert terminal("outbox", "discard", seq, "--reason", "演练", **env).output == "1 given up\n"
        assert "演练" in terminal("outbox", "list", "--state", "discarded", **env).output
        assert terminal("outbox", "retry", seq, **env).output == "1 sent again\n"
        assert "no_message" in terminal("outbox", "retry", 999999, code=1, **env).output


def test_where_there_is_no_file_it_is_said(tmp_path):
    assert "database" in terminal("ticket", "list", "--site", "x", "--data", tmp_path / "none", code=1).output


# ---- of a daemon -----------------------------------------------------------------------------------------------------


def test_the_same_verbs_speak_to_a_daemon(house):
    with listening(house.app) as url:
        env = {"HUIYIN_URL": url, "HUIYIN_TOKEN": house.token("小李"), "HUIYIN_SITE": "lakeside"}
        made = terminal("ticket", "open", "repair", *FACTS, "--json", **env)
        ticket = json.loads(made.output)["ticket"]["ticket"]
        assert (
            "处理中" in terminal("ticket", "do", ticket, "dispatch", "--assignee", "老张", "--lang", "zh", **env).output
        )
        assert ticket in terminal("ticket", "list", "--limit", "200", **env).output
        assert "HUIYIN_TOKEN" in terminal("ticket", "list", code=1, **{**env, "HUIYIN_TOKEN": ""}).output
        assert "not_allowed" in terminal("token", "list", code=1, **env).output
        root = {**env, "HUIYIN_TOKEN": house.token(scopes="admin", everywhere="")}
        assert "test 1" in terminal("token", "list", **root).output


def test_a_policy_and_days_are_given_to_a_daemon_as_to_its_file(new_house, tmp_path):
    own, mine, notice = (tmp_path / name for name in ("there/lakeside.yaml", "lakeside.yaml", "power.json"))
    shipped = (shipped_policies() / "sites" / "lakeside.yaml").read_text(encoding="utf-8")
    quicker = shipped.replace("45 minutes", "40 minutes")
    own.parent.mkdir()
    own.write_text(shipped, encoding="utf-8")
    mine.write_text(quicker, encoding="utf-8")
    notice.write_text('{"papers": [], "days": [{"date": "2026-10-09", "isOffDay": true}]}', encoding="utf-8")
    new_house.daemon.config = dataclasses.replace(new_house.daemon.config, sites=(own,))
    new_house.desk("小李").ticket()
    chief = new_house.token("小王", "policy:read policy:write", everywhere="", language="en")
    with listening(new_house.app) as url:
        env = {"HUIYIN_URL": url, "HUIYIN_TOKEN": chief}
        assert "other_file" in terminal("policy", "apply", mine, code=1, **env).output
        own.write_text(quicker, encoding="utf-8")
        first, second = terminal("policy", "apply", mine, "--why", "owners asked", **env).output.splitlines()
        assert first.startswith("lakeside runs by revision 2 (")
        assert second == "1 open tickets keep theirs: `huiyin policy migrate lakeside --to 2 --dry-run`"
        assert terminal("policy", "apply", mine, **env).output == "lakeside runs by it already\n"
        assert "was refused" not in terminal("policy", "list", "lakeside", **env).stderr
        own.write_text(shipped.replace("45 minutes", "45 minuets"), encoding="utf-8")
        refused = terminal("policy", "apply", mine, code=1, **env).output
        assert re.search(r"lakeside.yaml:\d+: [EY]\d+ ", refused)
        assert (
            "the newest file of lakeside has mistakes and was refused"
            in terminal("policy", "list", "lakeside", **env).stderr
        )
        refused = terminal("policy", "apply", own, code=1, **env)
        assert refused.stderr.endswith("the one before runs on\n")
        assert "45 minuets" in refused.stderr
        done = terminal("policy", "days", notice, "--site", "lakeside", **env)
        assert done.output == "edition power is published to lakeside\n"
        notice.write_text(notice.read_text(encoding="utf-8").replace("10-09", "10-10"), encoding="utf-8")
        taken = terminal("policy", "days", notice, code=1, **env).output
        assert "edition: lakeside has an edition power already: choose another name" in taken


def test_a_file_that_a_daemon_has_is_not_opened_and_the_way_to_the_daemon_is_named(house):
    said = terminal("ticket", "list", "--site", "lakeside", "--data", house.daemon.config.data, code=1).output
    assert "--url" in said


def test_an_address_that_cannot_be_or_is_nobody_is_said():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nobody = terminal("ticket", "list", "--site", "x", "--url", f"http://127.0.0.1:{port}", code=1).output
    assert "cannot be reached" in nobody
    assert "http://HOST:PORT" in terminal("ticket", "list", "--site", "x", "--url", "file:///etc/passwd", code=2).output


class Elsewhere(BaseHTTPRequestHandler):
    """Answers with a redirect to where a token must not go."""

    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(302)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/stolen")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Quiet."""


def test_a_token_follows_no_redirect():
    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        env = {"HUIYIN_URL": f"http://127.0.0.1:{server.server_port}", "HUIYIN_TOKEN": "hy_x"}
        said = terminal("ticket", "list", "--site", "x", code=1, **env).output
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert "302" in said
    assert all("stolen" not in path for path in Elsewhere.asked)
