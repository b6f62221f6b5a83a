"""The verbs that look after a daemon's file: policies, proofs, copies, and what the doctor says."""

from __future__ import annotations

import json
import socket
import sqlite3
from datetime import date

import pytest
from click.testing import CliRunner

from engine import runtime
from engine.cli import doctor, main
from engine.core import Command, commands
from engine.runtime import VirtualClock
from engine.server import Config, build
from engine.store import Database, Revision, StoreError
from tests.core.harness import DESK, HEAD, at
from tests.runtime.running import BODY

START = at("11-16 09:00")
FIRST = HEAD.replace("policy: test", "policy: garden") + BODY
QUICKER = FIRST.replace("3 working days", "2 working days")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Every verb finds the same instant."""
    clock = VirtualClock(at("11-16 12:00"))
    monkeypatch.setattr("engine.server.daemon.SteadyClock", lambda: clock)
    return clock


@pytest.fixture
def data(tmp_path):
    """A site with two open tickets, and nobody who runs it."""
    (tmp_path / "garden.yaml").write_text(FIRST, encoding="utf-8")
    data = tmp_path / "data"
    daemon = build(Config(data, (tmp_path / "garden.yaml",)), VirtualClock(START))
    service = daemon.engine.services["garden"]
    for id in ("T1", "T2"):
        act = commands.Open("matter", {}, "desk", service.site.plan.version, service.site.edition)
        service.handle(Command(id, DESK, START, act))
    daemon.stop()
    return data


def run(*arguments, lang="en"):
    return CliRunner().invoke(main, [*map(str, arguments), "--lang", lang])


def write(data, text):
    path = data.parent / "garden.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def versions(data):
    return [one["version"] for one in json.loads(run("policy", "list", "garden", "--data", data, "--json").output)]


def dump(data):
    with sqlite3.connect(data / "huiyin.db") as connection:
        found = {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()
            for table in ("step", "timer", "revision")
        }
    connection.close()
    return found


def test_a_policy_is_applied_listed_and_rolled_back(data):
    done = run("policy", "apply", write(data, QUICKER), "--why", "owners asked", "--data", data)
    first, second = versions(data)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        f"garden runs by revision 2 ({second}) from now on",
        "2 open tickets keep theirs: `huiyin policy migrate garden --to 2 --dry-run`",
    ]
    assert run("policy", "apply", data.parent / "garden.yaml", "--data", data).output == "garden runs by it already\n"
    done = run("policy", "rollback", "garden", 1, "--data", data)
    assert done.output.splitlines()[0] == f"garden runs by revision 3 ({first}) from now on"
    listed = run("policy", "list", "garden", "--data", data).output.splitlines()
    assert [(line.split()[0], line.split()[1]) for line in listed] == [("1", first), ("2", second), ("3", first)]
    assert "owners asked" in listed[1]
    assert listed[2].endswith("runs")


def test_a_policy_with_mistakes_is_refused_with_what_check_says(data):
    before = dump(data)
    path = write(data, FIRST.replace("until: finish", "until: nosuch"))
    done = run("policy", "apply", path, "--data", data)
    assert done.exit_code == 1
    assert "nosuch" in done.output
    assert done.output.endswith("the one before runs on\n")
    assert dump(data) == before
    done = run("policy", "apply", path, "--data", data, "--json")
    checked = run("check", path, "--json")
    assert {one["code"] for one in json.loads(done.stdout)} == {one["code"] for one in json.loads(checked.stdout)}


@pytest.mark.parametrize(
    ("lang", "lines"),
    [
        ("en", ["T1  todo", "  finish            due 2026-11-19 18:00 -> 2026-11-18 18:00", "T2  todo", "  finish            due 2026-11-19 18:00 -> 2026-11-18 18:00", "2 open tickets would migrate, dues of 2 would change, 0 would stay"]),
        ("zh", ["T1  todo", "  finish            到期 2026-11-19 18:00 → 2026-11-18 18:00", "T2  todo", "  finish            到期 2026-11-19 18:00 → 2026-11-18 18:00", "将迁移 2 张未闭环工单，其中 2 张到期变化，0 张不迁移"]),
    ],
)  # fmt: skip
def test_a_dry_run_lists_each_ticket_whose_dues_change_and_changes_nothing(data, lang, lines):
    run("policy", "apply", write(data, QUICKER), "--data", data)
    before = dump(data)
    done = run("policy", "migrate", "garden", "--to", 2, "--dry-run", "--data", data, lang=lang)
    assert done.output.splitlines() == lines
    assert done.exit_code == 0
    assert dump(data) == before


def test_open_tickets_migrate_by_number_or_version(data):
    run("policy", "apply", write(data, QUICKER), "--data", data)
    first, second = versions(data)
    done = run("policy", "migrate", "garden", "--to", 2, "--ticket", "T1", "--mode", "keep", "--data", data)
    assert done.output == "1 open tickets migrated, dues of 0 changed, 0 stayed\n"
    done = run("policy", "migrate", "garden", "--to", second, "--data", data, "--json")
    (change,) = json.loads(done.output)["changes"]
    assert (change["ticket"], change["plan"], change["dues"][0]["new"]) == ("T2", first, "2026-11-18T18:00:00+08:00")
    done = run("policy", "migrate", "garden", "--to", "9", "--data", data)
    assert (done.exit_code, done.output) == (1, "Error: no_revision: the site never ran by this policy\n")


def test_a_single_deadline_may_migrate_in_another_way(data):
    run("policy", "apply", write(data, QUICKER), "--data", data)
    migrate = ("policy", "migrate", "garden", "--to", 2, "--dry-run", "--data", data)
    done = run(*migrate, "--mode", "recompute", "--mode", "finish=keep")
    assert done.output == "2 open tickets would migrate, dues of 0 would change, 0 would stay\n"
    assert "nosuch" in run(*migrate, "--mode", "nosuch=keep").output
    for wrong in ("guess", "finish=guess", "=keep"):
        done = run(*migrate, "--mode", wrong, lang="zh")
        assert done.exit_code == 2
        assert f"--mode {wrong}：请写 keep, recompute, restart，或 时限=方式" in done.output


def test_a_state_that_is_gone_is_mapped_or_the_ticket_stays(data):
    renamed = FIRST.replace("todo", "doing")
    run("policy", "apply", write(data, renamed), "--data", data)
    done = run("policy", "migrate", "garden", "--to", 2, "--data", data)
    assert done.exit_code == 1
    assert (
        done.output.splitlines()[0] == "T1  not migrated: the new version has no state todo; map it with --state todo=…"
    )
    done = run("policy", "migrate", "garden", "--to", 2, "--state", "todo=doing", "--data", data)
    assert (done.exit_code, done.output) == (0, "2 open tickets migrated, dues of 0 changed, 0 stayed\n")
    assert run("policy", "migrate", "garden", "--to", 2, "--state", "todo", "--data", data).exit_code == 2


def test_day_data_is_published(data, tmp_path):
    days = tmp_path / "power.json"
    days.write_text('{"days": [{"name": "停电", "date": "2026-11-17", "isOffDay": true}]}', encoding="utf-8")
    done = run("policy", "days", days, "--data", data)
    assert done.output == "edition power is published to garden\n"
    days.write_text('{"days": [{"name": "停水", "date": "2026-11-17", "isOffDay": true}]}', encoding="utf-8")
    done = run("policy", "days", days, "--data", data)
    assert done.exit_code == 1
    assert "garden has an edition power already" in done.output
    days.write_text("{", encoding="utf-8")
    assert run("policy", "days", days, "--edition", "more", "--data", data).exit_code == 1


@pytest.mark.parametrize(
    "verb",
    [
        ("list", "garden"),
        ("rollback", "garden", "1"),
        ("migrate", "garden", "--to", "1"),
        ("apply", "garden.yaml"),
        ("days", "garden.yaml"),
    ],
)
@pytest.mark.parametrize(("lang", "words"), [("en", "a daemon runs on"), ("zh", "守护进程在运行")])
def test_a_daemon_that_holds_the_file_is_named_and_the_command_that_asks_it(data, verb, lang, words, monkeypatch):
    monkeypatch.chdir(data.parent)
    monkeypatch.setattr("engine.cli.policy._days", lambda file: {"days": []})
    with Database.open(data / "huiyin.db", lambda: START):
        done = run("policy", *verb, "--data", data, lang=lang)
    assert done.exit_code == 1
    assert words in done.output
    assert f"huiyin policy {verb[0]} … --url http://" in done.output
    assert ("SIGHUP" in done.output) is (verb[0] == "apply")


def test_a_daemon_that_cannot_be_reached_is_named():
    done = run("policy", "list", "garden", "--url", "http://127.0.0.1:1")
    assert done.exit_code == 1
    assert "http://127.0.0.1:1 cannot be reached" in done.output


def test_what_is_not_there_is_said(data, tmp_path):
    assert "no_site" in run("policy", "list", "lake", "--data", data).output
    assert "there is no database in" in run("policy", "list", "garden", "--data", tmp_path / "nowhere").output
    assert "the site never ran by this policy" in run("policy", "rollback", "garden", 9, "--data", data).output
    assert "没有执行过" in run("policy", "rollback", "garden", 9, "--data", data, lang="zh").output
    assert "is not a file" in run("audit", "verify", "--data", tmp_path / "nowhere").output


# ---- proofs and copies -----------------------------------------------------------------------------------------------


def tamper(data, statement):
    with sqlite3.connect(data / "huiyin.db") as connection:
        assert connection.execute(statement).rowcount
    connection.close()


def test_a_whole_file_is_verified_also_while_a_daemon_runs(data):
    assert run("audit", "verify", "--strict", "--data", data).exit_code == 0
    with Database.open(data / "huiyin.db", lambda: START):
        done = run("audit", "verify", "--data", data)
        assert (done.exit_code, done.output) == (0, "every history, stream and seal is as it was written\n")
        assert run("audit", "verify", "--strict", "--data", data).exit_code == 1  # which only its auditor can


@pytest.mark.parametrize("verb", ["audit", "db"])
def test_each_damage_is_named(data, verb):
    tamper(data, "UPDATE step SET body = replace(body, 'desk', 'boss') WHERE family = 'T1'")
    done = run(verb, "verify", "--data", data)
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "site garden, family T1, step 1: is not what its hash says, or does not follow the one before it",
        "1 places are not as they were written",
    ]
    assert run(verb, "verify", "--data", data, lang="zh").output.splitlines() == [
        "项目 garden，工单 T1 第 1 步：与其哈希不符，或与前一个不衔接",
        "有 1 处与写入时不一致",
    ]
    found = json.loads(run(verb, "verify", "--data", data, "--json").output)
    assert [(one["site"], one["family"], one["step"]) for one in found] == [("garden", "T1", 1)]


def test_a_strict_look_derives_the_indexes_again(data):
    tamper(data, "DELETE FROM timer WHERE family = 'T2'")
    assert run("audit", "verify", "--data", data).exit_code == 0
    done = run("audit", "verify", "--strict", "--data", data)
    assert done.exit_code == 1
    assert (
        done.output.splitlines()[0]
        == "site garden, family T2: its indexes are not what its history says: missing T2/finish#1.1/due/due/0"
    )


@pytest.mark.parametrize(
    ("index", "of", "statement"),
    [
        ("open", "T1", "UPDATE family SET open = NOT open WHERE id = 'T1'"),
        ("part", "T9", "INSERT INTO part VALUES ('garden', 'T9', 'T1')"),
        ("link", "T1", "INSERT INTO link VALUES ('garden', 'place:A', 'T1')"),
        ("timer", "T9", "INSERT INTO timer SELECT site, 'T9', slot, fire, rank, place, \"order\", round, n, ordinal,"
         " ticket, key, kind, name, due FROM timer LIMIT 1"),
        ("span", "T1", "INSERT INTO span SELECT site, id, steps, 1, 2 FROM family WHERE id = 'T1'"),
    ],
)  # fmt: skip
def test_a_strict_look_compares_every_index(data, index, of, statement):
    tamper(data, statement)
    assert run("audit", "verify", "--data", data).exit_code == 0
    done = run("audit", "verify", "--strict", "--data", data, "--json")
    assert done.exit_code == 1
    assert json.loads(done.output) == [{"site": "garden", "family": of, "what": index}]


def test_a_strict_look_names_a_ticket_that_cannot_be_looked_at_and_goes_on(data, monkeypatch):
    whole = runtime.index_of

    def index_of(site, reader, family):
        if family == "T1":
            raise StoreError("no such version", "没有这个版本")
        return whole(site, reader, family)

    monkeypatch.setattr(runtime, "index_of", index_of)
    tamper(data, "UPDATE ticket SET state = 'x' WHERE ticket = 'T2'")
    done = run("audit", "verify", "--strict", "--data", data, "--json", lang="zh")
    assert [(one["family"], one["what"]) for one in json.loads(done.output)] == [
        ("T1", "没有这个版本"),
        ("T2", "rows T2"),
    ]


def test_a_strict_look_passes_over_no_site_that_cannot_be_opened(data):
    tamper(data, "DELETE FROM revision")
    done = run("audit", "verify", "--strict", "--data", data)
    assert done.exit_code == 1
    assert "garden does not run: it cannot be opened" in done.output


def test_a_backup_made_while_a_daemon_runs_is_put_back(data, tmp_path):
    target = tmp_path / "backup.db"
    with Database.open(data / "huiyin.db", lambda: START):
        assert run("db", "backup", target, "--data", data).exit_code == 0
        assert "in use" in run("db", "restore", target, "--data", data).output
    assert "overwrites nothing" in run("db", "backup", target, "--data", data).output
    before = dump(data)
    tamper(data, "DELETE FROM step")
    done = run("db", "restore", target, "--data", data)
    assert done.exit_code == 0
    assert "before-restore" in done.output
    assert dump(data) == before


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (("db", "backup", "{data}/huiyin.db"), "{data}/huiyin.db 已存在：备份不会覆盖任何文件"),
        (("db", "restore", "{data}/empty"), "该文件是空的"),
        (("db", "verify", "--data", "{data}/none"), "{data}/none/huiyin.db 不是文件"),
        (("policy", "list", "garden", "--data", "{data}/none"), "{data}/none 中没有数据库"),
    ],
)
def test_what_the_store_refuses_is_said_in_the_language_of_who_asks(data, verb, said):
    (data / "empty").touch()
    asked = [one.format(data=data) for one in verb]
    asked += [] if "--data" in asked else ["--data", data]
    assert said.format(data=data) in run(*asked, lang="zh").output
    assert "Error: " in (told := run(*asked).output)
    assert told.isascii()


def test_a_file_is_brought_to_the_newest_schema(data):
    assert json.loads(run("db", "migrate", "--data", data, "--json").output) == {"migrations": []}
    assert run("db", "migrate", "--data", data, lang="zh").output == f"{data}/huiyin.db 已是最新\n"


# ---- the doctor ------------------------------------------------------------------------------------------------------


@pytest.fixture
def healthy(data, monkeypatch):
    """A machine on which everything is well."""
    data.chmod(0o700)
    monkeypatch.setattr("engine.runtime.now", lambda: START + 86400)
    monkeypatch.setattr("engine.runtime.today", lambda: date(2026, 9, 1))
    monkeypatch.setattr(doctor.sqlite3, "sqlite_version_info", (3, 52, 0))
    monkeypatch.setattr(doctor, "_zones", lambda: "2026b")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: _Disk(5 << 30))
    return data


class _Disk:
    def __init__(self, free):
        self.free = free


def look(data, *options):
    done = run("doctor", "--data", data, "--json", *options)
    return done.exit_code, {one["what"]: one["status"] for one in json.loads(done.output) if one["status"] != "ok"}


def test_a_healthy_machine_has_nothing_to_mend(healthy):
    assert look(healthy, "--strict") == (0, {})
    lines = run("doctor", "--data", healthy).output.splitlines()
    assert all(line.startswith("✓ ") for line in lines)


def test_each_ill_is_named_with_its_remedy(healthy, monkeypatch):
    def ill(what, status):
        code, found = look(healthy)
        assert found == {what: status}
        assert code == (status == "bad")
        assert look(healthy, "--strict")[0] == 1
        told = run("doctor", "--data", healthy, lang="zh").output.splitlines()
        assert any(line.strip().startswith("→") for line in told)

    with monkeypatch.context() as patch:
        patch.setattr(doctor.sqlite3, "sqlite_version_info", (3, 51, 2))
        ill("sqlite", "warn")
    with monkeypatch.context() as patch:
        patch.setattr(doctor, "_zones", lambda: "2024a")
        ill("time zones", "warn")
    with monkeypatch.context() as patch:
        patch.setattr("engine.runtime.today", lambda: date(2026, 12, 1))
        ill("days off", "warn")
    with monkeypatch.context() as patch:
        patch.setattr(doctor.shutil, "disk_usage", lambda path: _Disk(1 << 20))
        ill("disk", "bad")
    with monkeypatch.context() as patch:
        patch.setattr("engine.runtime.now", lambda: START - 60)
        ill("clock", "bad")
    healthy.chmod(0o755)
    ill("data", "warn")
    healthy.chmod(0o700)
    tamper(healthy, "UPDATE site SET stamp = stamp")
    with sqlite3.connect(healthy / "huiyin.db") as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    ill("database", "bad")


@pytest.mark.parametrize("name", ["huiyin.db", "evidence"])
def test_what_belongs_to_another_user_is_given_back_and_no_backup_is_put_in_its_place(healthy, monkeypatch, name):
    (healthy / "evidence").mkdir(exist_ok=True)
    access = doctor.os.access
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: path != healthy / name and access(path, mode))
    told = run("doctor", "--data", healthy).output
    assert f"chown -R {healthy.owner()}: {healthy / name}" in told
    assert "restore" not in told


def test_a_folder_that_cannot_be_made_is_an_ill(healthy, monkeypatch):
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: False)
    assert look(healthy / "deeper" / "still")[1]["data"] == "bad"


@pytest.fixture
def settings(healthy):
    """Settings of the same site, at an address that is free."""
    file = healthy.parent / "huiyin.yaml"
    file.write_text("data: data\nsites: [garden.yaml]\nlisten: 127.0.0.1:0\n", encoding="utf-8")
    return file


def test_settings_with_a_mistake_do_not_keep_the_doctor_from_looking_at_their_data(healthy, settings):
    with settings.open("a", encoding="utf-8") as file:
        file.write("url: park\n")
    tamper(healthy, "UPDATE site SET stamp = 9999999999")
    done = run("doctor", "--config", settings, "--json")
    assert {one["what"] for one in json.loads(done.output) if one["status"] == "bad"} == {"settings", "clock"}


def test_a_policy_that_may_not_be_read_and_an_address_in_use_are_named_with_all_else(settings):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings.write_text(
            f"data: data\nsites: [garden.yaml, gone.yaml]\nlisten: 127.0.0.1:{port}\n", encoding="utf-8"
        )
        done = run("doctor", "--config", settings, lang="zh")
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert any(line.startswith("✗ address") for line in lines)
    assert any(line.startswith("✗ policy") and "gone.yaml" in line for line in lines)
    assert any(line.startswith("✓ policy") for line in lines)


#: What an earlier version took (CHANGELOG, "refused now"), with its place and what mends it.
REFUSED_NOW = {
    "a key": (f"{FIRST}whims: {{}}\n", "garden.yaml:21:1 [E102]", "there are: source, note"),
    "quiet hours": (
        f"{FIRST}messaging: {{quiet: {{hours: 22:00-31:00}}}}\n",
        "garden.yaml:21:28 [E107]",
        "22:00-07:00",
    ),
    "names in one text": (
        f"{FIRST}facts: {{a: 甲, b: 乙}}\n".replace("workflow: flow}", "workflow: flow, record: 'a，b'}"),
        "garden.yaml:12:58 [E107]",
        "[a, b]",
    ),
    "a dash in a text": (
        f"{FIRST}note: see\n  - here\n",
        "garden.yaml:22:3 [Y007]",
        "put the text around it in quotes",
    ),
    "a state called open": (
        FIRST.replace("todo", "open")
        .replace("done: {title", "late: {title: 迟, owner: desk}, done: {title")
        .replace("moves: {", "moves: {wait: {title: 等, from: open, to: late}, "),
        "garden.yaml:17:14 [E110]",
        "give it another id",
    ),
    "the same day before": (
        FIRST.replace("working days}", "working days, escalate: soon}")
        + "escalations: {soon: {before: {at: same day before due, notify: boss}}}\n",
        "garden.yaml:21:35 [E108]",
        "30 minutes",
    ),
}


@pytest.mark.parametrize(("text", "place", "remedy"), REFUSED_NOW.values(), ids=REFUSED_NOW)
def test_a_policy_that_open_tickets_go_by_and_that_is_not_understood_any_more_is_an_ill(
    healthy, settings, text, place, remedy
):
    (version,) = versions(healthy)
    strange = Revision.of("garden", 1, version, START, "start", "", {"garden": text})
    with sqlite3.connect(healthy / "huiyin.db") as connection:
        connection.execute("UPDATE revision SET at = ?, by = ?, files = CAST(? AS TEXT), hash = ?",
                           (strange.at, strange.by, strange.texts, strange.hash))  # fmt: skip
    connection.close()
    assert look(healthy, "--config", settings) == (1, {"revision": "bad"})
    told = run("doctor", "--data", healthy).output
    assert f"revision 1 of garden, by which 2 open tickets go, is not understood: {place} " in told
    assert remedy in told


def test_a_file_of_a_newer_version_is_not_to_be_migrated(healthy):
    with sqlite3.connect(healthy / "huiyin.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    told = run("doctor", "--data", healthy).output
    assert "newer version" in told
    assert "migrate" not in told


def test_the_doctor_reads_the_settings_and_the_policies_they_name(healthy, tmp_path):
    config = tmp_path / "huiyin.yaml"
    config.write_text("data: data\nsites: [garden.yaml]\n", encoding="utf-8")
    assert look(tmp_path, "--config", config) == (0, {})
    stray = "destinations: {here: {kind: console}}\nroutes: {garden: {pigeon: here}}\n"
    config.write_text(f"data: data\nsites: [garden.yaml]\n{stray}", encoding="utf-8")
    assert look(tmp_path, "--config", config) == (0, {"routes": "warn"})
    write(healthy, "policy: garden\ncategories: nothing")
    assert look(tmp_path, "--config", config) == (1, {"policy": "bad"})
    config.write_text("data: data\nsite: [garden.yaml]\n", encoding="utf-8")
    assert look(healthy, "--config", config) == (1, {"settings": "bad"})
