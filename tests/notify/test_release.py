"""Release: who is told, when, and what is not told after all."""

from __future__ import annotations

from threading import Event, Thread
from time import sleep

import pytest

from engine.core import commands
from engine.notify import Outbox, Release
from engine.notify.release import FINDINGS
from engine.store.tables import outbox
from engine.store.tables.deliveries import Deliveries
from tests.core.harness import at, local
from tests.notify.office import PLAN, SITE, robot


def test_example_8_people_keep_their_answer_time_after_downtime(office):
    """The engine was down from 09:30 to 15:10; `leader` is repeated every 4 hours."""
    office.open()
    office.works("11-16 15:10")
    assert office.fates() == [("role:supervisor", "released", "15:10"), ("role:leader", "held", "")]
    for when in ("16:00", "17:09", "17:10", "20:01", "21:09", "21:10"):
        office.works(f"11-16 {when}")
        office.goes_to(f"11-16 {when}:01")
        office.works()
    assert office.fates() == [
        ("role:supervisor", "released", "15:10"),
        ("role:leader", "released", "17:10"),
        ("role:leader", "dropped", ""),
        ("role:leader", "released", "21:10"),
    ]


def test_what_ignores_quiet_is_released_at_once(make):
    office = make(PLAN.replace("notify: leader,", "notify: leader, quiet: ignore,"))
    office.open()
    office.works("11-16 15:10")
    assert office.fates() == [("role:supervisor", "released", "15:10"), ("role:leader", "released", "15:10")]


def test_a_rung_raised_early_by_hand_waits_for_nobody(office):
    office.open()
    office.works("11-16 15:10")  # due, late by 5 hours; the leader's rung of 12:00 waits until 17:10
    office.goes_to("11-16 15:11")
    office.open("T2")
    office.goes_to("11-16 16:12")
    office.works()
    office.do(commands.Escalate("arrive", None), "T2")
    office.works()
    assert office.fates()[-1] == ("role:leader", "released", "16:12")


def test_every_message_is_handled_once_whatever_is_repeated(office):
    office.open()
    office.works("11-16 10:01")
    office.works()
    assert len(office.deliveries()) == 1
    assert office.told() == ["小王"]


def test_i15_deriving_everything_again_gives_the_same_ids(office):
    office.open()
    office.goes_to("11-16 10:01")
    office.release()
    ids = [one.id for one in office.deliveries()]
    tables = ("outbox", "climbed", "delivery", "attempt")
    office.database.write(lambda connection: [connection.execute(f"DELETE FROM {table}") for table in tables])
    office.release()
    assert ids
    assert [one.id for one in office.deliveries()] == ids


def test_a_message_that_was_handled_meanwhile_is_left_alone(office):
    office.open()
    office.goes_to("11-16 10:01")
    with office.database.read() as connection:
        queue = outbox.Outbox(connection).unseen(9)
    office.release()
    office.town.on_duty["supervisor"] = ["小赵"]
    late = Release(office.database, office.town)._batch
    office.database.write(lambda c: late(outbox.Outbox(c), Deliveries(c), queue, office.clock.now))
    assert [one.person for one in office.deliveries()] == ["小王"]


def test_persons_are_those_of_the_first_release_and_stay(office):
    office.open()
    office.goes_to("11-16 10:01")
    office.release()
    office.town.on_duty["supervisor"] = ["小赵"]
    office.works()
    assert office.told() == ["小王"]


def test_a_change_of_people_reaches_the_next_rung(office):
    office.open()
    office.works("11-16 10:01")
    office.town.on_duty["leader"] = ["老周"]
    office.works("11-16 12:01")
    assert office.told() == ["小王", "老周"]


# ---- looked at again ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (commands.Ack("arrive", "due"), "acknowledged"),
        (commands.Do("arrive", {}), "the run ended"),
        (commands.Do("finish", {}), "the run ended"),
    ],
)
def test_what_is_no_news_any_more_is_suppressed_before_release(office, act, reason):
    office.open()
    office.goes_to("11-16 10:01")
    office.do(act)
    office.works()
    assert office.fates()[0] == ("role:supervisor", "suppressed", "")
    assert office.reasons()[0] == reason
    assert office.told() == []


def test_what_is_released_and_not_yet_sent_is_looked_at_once_more(office):
    office.open()
    office.goes_to("11-16 10:01")
    office.release()
    office.do(commands.Ack("arrive", "due"))
    office.works()
    assert office.told() == []
    assert [(one.state, one.reason) for one in office.deliveries()] == [("suppressed", "acknowledged")]


def test_an_acknowledgement_stops_no_higher_rung(office):
    office.open()
    office.works("11-16 10:01")
    office.do(commands.Ack("arrive", "due"))
    office.works("11-16 12:01")
    assert office.told() == ["小王", "老李"]


def test_the_all_clear_goes_to_those_who_were_really_told(office):
    office.open()
    office.works("11-16 10:01")
    office.town.on_duty["supervisor"] = ["小赵"]  # who takes over was never told
    office.goes_to("11-16 11:00")
    office.move("arrive")
    office.works()
    assert office.told() == ["小王", "小王"]
    assert "解除" in office.post.sent[-1][2].text


def test_nobody_gets_an_all_clear_of_what_was_never_told(office):
    office.open()
    office.goes_to("11-16 10:01")
    office.move("arrive")
    office.works()
    assert office.told() == []
    assert office.reasons() == ["the run ended", "nobody was told"]


def test_what_was_released_and_never_sent_is_followed_by_no_all_clear(office):
    office.open()
    office.goes_to("11-16 10:01")
    office.release()
    office.move("arrive")
    office.works()
    assert office.told() == []
    assert office.reasons() == ["", "nobody was told"]


NOTICES = """
notices:
  heard: {title: 收到, of: matter, on: opened, to: reporter, text: "已收到{place}的报修"}
  job: {title: 新单, of: matter, on: opened, to: supervisor, text: "{number} {name} {place}"}
  also: {title: 新单, of: matter, on: opened, to: leader, text: "{state} {arrive.due} {owner}"}
"""


def test_a_reporter_who_is_anonymous_is_not_told_and_the_outbox_says_why(make):
    office = make(PLAN + NOTICES)
    office.open(anonymous=True, name="pii:name:1")
    office.works()
    assert office.reasons()[0] == "anonymous"
    assert "reporter" not in office.told()


def test_a_reporter_hears_what_happened_though_his_ticket_is_closed_by_now(make):
    office = make(PLAN + NOTICES)
    office.open(name="pii:name:1", place="6栋")
    office.goes_to("11-16 09:30")
    office.move("finish")
    office.works()
    office.runs(3)
    assert [(who, letter.text) for _, who, letter in office.post.sent] == [("reporter", "已收到6栋的报修")]
    assert office.reasons()[1] == "the ticket was closed"


def test_reporters_never_share_a_letter(make):
    office = make(PLAN + NOTICES)
    for n in range(12):
        office.open(f"T{n}", name="pii:name:1", place=f"{n}栋")
    office.works()
    office.runs(3)
    letters = [letter.text for _, who, letter in office.post.sent if who == "reporter"]
    assert sorted(letters) == sorted(f"已收到{n}栋的报修" for n in range(12))


def test_a_link_to_the_board_is_for_staff_and_one_to_the_status_for_reporters(make):
    office = make(PLAN + NOTICES)
    office.town.link = lambda site, ticket: f"/board/{ticket}"
    office.town.status_link = lambda reader: f"/s/{reader.ticket}"
    office.open(name="pii:name:1", place="6栋")
    office.works()
    office.runs(3)
    links = {who: letter.link for _, who, letter in office.post.sent}
    assert links.pop("reporter") == "/s/T1"
    assert set(links.values()) == {"/board/T1"}
    assert {who: letter.data["link"] for _, who, letter in office.post.sent if who != "reporter"} == links
    named = {who: (letter.reader, letter.data["to"]) for _, who, letter in office.post.sent}
    assert named["reporter"] == ("报事人", {"person": "reporter", "role": "reporter"})
    assert all(who in reader and to["person"] == who for who, (reader, to) in named.items() if who != "reporter")


def test_who_reported_is_in_no_group_of_a_robot(make):
    office = make(PLAN.replace("reporter: mail", "reporter: [chat, mail]") + NOTICES)
    office.town.destinations["chat"] = robot("chat")
    office.open(name="pii:name:1", place="6栋")
    office.works()
    assert [where for where, who, _ in office.post.sent if who == "reporter"] == ["mail"]


def test_same_ticket_instant_and_person_is_one_message_naming_all_causes(make):
    office = make(PLAN + NOTICES)
    office.town.on_duty["leader"] = ["小王"]  # supervisor and leader in one
    office.open(place="6栋", name="pii:name:1")
    office.works()
    (letter,) = [letter for _, who, letter in office.post.sent if who == "小王"]
    assert letter.text == "T1 ••• 6栋\n待办 11-16 10:00 前台"
    assert {one.state for one in office.deliveries(person="小王")} == {"sent"}


def test_a_notice_says_itself_by_which_channels_it_goes(make):
    office = make(PLAN + NOTICES.replace("to: supervisor,", "to: supervisor, via: mail,"))
    office.open(place="6栋")
    office.works()
    assert sorted((where, who) for where, who, _ in office.post.sent) == [("chat", "老李"), ("mail", "小王")]


# ---- quiet hours ----------------------------------------------------------------------------------------------------


def quiet(text: str) -> str:
    return PLAN.replace("messaging: {", f"messaging: {{quiet: {{{text}}}, ")


def test_quiet_hours_hold_a_message_over_midnight(make):
    office = make(quiet("hours: 22:00-07:00"), start="11-16 21:30")
    office.open()
    office.works("11-16 22:31")
    assert office.fates() == [("role:supervisor", "held", "")]
    office.works("11-17 06:59")
    assert office.told() == []
    office.works("11-17 07:00")
    office.runs(3)
    assert office.told() == ["小王"]
    # the leader's rung of 00:30 leaves the supervisor two hours from 07:00, the repeat of 04:30 was overtaken
    assert office.fates()[1:] == [("role:leader", "held", ""), ("role:leader", "dropped", "")]


def test_quiet_ignore_passes_quiet_hours(make):
    loud = quiet("hours: 22:00-07:00").replace("notify: supervisor}", "notify: supervisor, quiet: ignore}")
    office = make(loud, start="11-16 21:30")
    office.open()
    office.works("11-16 22:31")
    assert office.told() == ["小王"]


def test_quiet_hours_may_be_for_some_roles_only(make):
    office = make(quiet("hours: 22:00-07:00, for: [leader]"), start="11-16 21:30")
    office.open()
    office.works("11-16 22:31")
    office.works("11-17 00:31")
    assert office.fates() == [("role:supervisor", "released", "22:31"), ("role:leader", "held", "")]


def test_what_was_held_comes_at_the_hour_of_the_plan(make):
    office = make(quiet('hours: 22:00-07:00, digest: "08:30"'), start="11-16 21:30")
    office.open()
    office.works("11-16 22:31")
    office.works("11-17 08:29")
    assert office.told() == []
    office.works("11-17 08:30")
    office.runs(3)
    assert office.told() == ["小王"]


def test_an_hour_that_is_quiet_itself_is_no_hour_to_wait_for(make):
    office = make(quiet('hours: 22:00-07:00, digest: "06:00"'), start="11-16 21:30")
    office.open()
    office.works("11-16 22:31")
    office.works("11-17 07:00")
    office.runs(3)
    assert office.told() == ["小王"]


def test_what_was_held_comes_in_one_digest(make):
    office = make(quiet("hours: 22:00-07:00"), start="11-16 21:30")
    office.open("T1")
    office.open("T2")
    office.works("11-17 07:00")
    office.runs(3)
    (letter,) = [letter for _, _, letter in office.post.sent]
    assert "T1" in letter.text
    assert "T2" in letter.text


# ---- nobody, unreachable --------------------------------------------------------------------------------------------


def test_where_nobody_is_on_duty_the_fallback_is_told_at_once(office):
    office.town.on_duty["supervisor"] = []
    office.open()
    office.works("11-16 10:01")
    assert office.told() == ["老李"]
    assert office.town.nobody == ["supervisor"]
    assert office.town.undeliverable == []


def test_where_no_fallback_is_there_either_the_last_resort_is_told(office):
    office.town.on_duty.update(supervisor=[], leader=[])
    office.open()
    office.works("11-16 10:01")
    assert office.told() == ["陈总"]
    assert office.town.nobody == ["supervisor", "leader"]


def test_where_nobody_at_all_is_there_the_ticket_hears_of_it(office):
    office.town.on_duty.update(supervisor=[], leader=[], boss=[])
    office.open()
    office.works("11-16 10:01")
    assert office.town.undeliverable == [("T1", "due")]


def test_a_person_without_any_address_is_undeliverable(office):
    office.town.unreached = {("小王", "chat"), ("小王", "mail")}
    office.open()
    office.works("11-16 10:01")
    assert office.town.undeliverable == [("T1", "due")]


def test_a_person_is_told_by_his_next_channel_where_the_first_has_no_address(office):
    office.town.unreached = {("小王", "chat")}
    office.open()
    office.works("11-16 10:01")
    assert [(where, who) for where, who, _ in office.post.sent] == [("mail", "小王")]


def test_one_of_several_who_is_not_reached_is_no_reason_to_go_higher(office):
    office.town.on_duty["supervisor"] = ["小王", "小赵"]
    office.town.unreached = {("小王", "chat"), ("小王", "mail")}
    office.open()
    office.works("11-16 10:01")
    assert office.told() == ["小赵"]
    assert office.town.undeliverable == []


def test_of_many_findings_some_are_told_in_each_round_and_letters_go_between(office):
    find = [
        outbox.Finding("nobody", SITE, "T1", f"m{number}", f"role{number}", "", "", 0) for number in range(FINDINGS + 1)
    ]
    office.database.write(lambda connection: [outbox.Outbox(connection).find(one) for one in find])
    office.postman.tend(office.clock.now)
    assert office.town.nobody == [one.who for one in find[:-1]]
    office.postman.tend(office.clock.now)
    assert office.town.nobody == [one.who for one in find], "each once"


def test_a_finding_that_was_not_told_before_a_crash_is_told_after_it(office, monkeypatch):
    office.town.on_duty["supervisor"] = []
    office.open()
    office.goes_to("11-16 10:01")
    monkeypatch.setattr(office.town, "on_nobody", lambda found: 1 / 0)
    office.release()
    monkeypatch.undo()
    office.new_postman().tend(office.clock.now)
    assert office.town.nobody == ["supervisor"]


def test_a_damaged_message_is_parked_and_the_others_go_on(office):
    office.open("T1")
    office.open("T2")
    office.goes_to("11-16 10:01")
    office.database.write(lambda connection: connection.execute("UPDATE message SET body = '{' WHERE ticket = 'T1'"))
    office.works()
    assert [state for (state,) in office.rows("SELECT state FROM outbox ORDER BY message")] == ["held", "released"]
    assert office.told() == ["小王"]
    office.works("11-16 10:02")
    assert [state for (state,) in office.rows("SELECT state FROM outbox ORDER BY message")] == ["dead", "released"]
    assert office.town.undeliverable == [("T1", "")]
    (dead,) = office.deliveries(state="dead")
    assert (dead.ticket, dead.reason) == ("T1", "it cannot be handled: StoreError")


def fails_to_say_who_is_there(office):
    """Until the returned function is called."""
    people = office.town.people
    office.town.people = lambda *asked: 1 / 0

    def mend():
        office.town.people = people

    return mend


def test_a_message_that_could_not_be_handled_once_is_told_a_minute_later(office):
    office.open()
    mend = fails_to_say_who_is_there(office)
    office.works("11-16 10:01")
    mend()
    office.works("11-16 10:02")
    assert office.told() == ["小王"]
    assert office.deliveries(state="dead") == []


def test_a_message_that_cannot_be_handled_raises_the_next_rung_and_is_told_when_it_is_retried(office):
    office.open()
    mend = fails_to_say_who_is_there(office)
    office.works("11-16 10:01")
    office.works("11-16 10:02")
    assert office.town.undeliverable == [("T1", "due")]
    (dead,) = office.deliveries(state="dead")
    mend()
    assert Outbox(office.database).retry([dead.id], office.clock.now) == 1
    office.works()
    assert office.told() == ["小王"]
    assert office.deliveries(state="dead") == []


def test_whom_no_channel_reaches_is_shown_and_told_when_it_is_retried(make):
    office = make(PLAN + NOTICES.replace("to: supervisor,", "to: [supervisor, boss],"))
    office.town.unreached = {("陈总", "chat"), ("陈总", "mail")}
    office.open(place="6栋")
    office.works()
    (missed,) = office.deliveries(state="suppressed")
    assert (missed.person, missed.role, missed.reason) == ("陈总", "boss", "no channel reaches this person")
    office.town.unreached = set()
    office.post.sent.clear()
    assert Outbox(office.database).retry([missed.id], office.clock.now) == 1
    office.works()
    assert office.told() == ["陈总"]


def test_a_message_for_which_nobody_is_there_is_shown(office):
    office.town.on_duty = {}
    office.open()
    office.works("11-16 10:01")
    (missed,) = office.deliveries(state="dead")
    assert (missed.ticket, missed.person, missed.reason) == ("T1", "role:supervisor", "nobody is there")


# ---- the daily digest -----------------------------------------------------------------------------------------------


def test_the_daily_digest_names_silent_tickets_to_the_last_resort_once_a_day(make):
    text = PLAN.replace("arrive, limit: 1 hour", "arrive, limit: 1 hour, escalate: none")
    office = make(text.replace("30 calendar days", "1 hour"), start="11-15 12:00")
    office.open("T1")
    office.open("T2")
    office.works()  # the digest of this day is made now, and nothing is silent yet
    office.works("11-15 14:00")
    office.works("11-16 07:59")
    assert office.told() == []
    office.works("11-16 08:00")
    office.works("11-16 09:00")
    office.postman = office.new_postman()
    office.works("11-16 10:00")
    assert office.told() == ["陈总"]
    assert [line.split()[1] for line in office.post.sent[0][2].text.splitlines()] == ["T1", "T2"]
    office.move("finish", "T1")
    office.works("11-17 08:00")
    assert [line.split()[1] for line in office.post.sent[1][2].text.splitlines()] == ["T2"]


SILENT = PLAN.replace("arrive, limit: 1 hour", "arrive, limit: 1 hour, escalate: none").replace(
    "30 calendar days", "1 hour"
)


@pytest.mark.parametrize(
    ("hours", "comes"),
    [
        ('hours: 22:00-07:00, digest: "22:30"', "07:00"),
        ('hours: 22:00-07:00, digest: "06:00"', "07:00"),
        ('hours: 20:00-24:00, digest: "21:00"', "00:00"),
        ("hours: 22:00-09:15", "09:15"),
        ('hours: 22:00-07:00, for: [leader], digest: "22:30"', "22:30"),
    ],
)
def test_a_daily_digest_whose_hour_is_quiet_comes_when_the_quiet_is_over(make, hours, comes):
    office = make(SILENT.replace("messaging: {", f"messaging: {{quiet: {{{hours}}}, "), start="11-15 23:40")
    office.open()
    office.works()
    office.works("11-17 00:00")
    office.post.sent.clear()
    times = (local(when) for when in range(at("11-17 00:15"), at("11-18 00:15"), 900))
    assert [when[6:] for when in times if office.works(when)] == [comes]


def test_a_site_whose_daily_digest_fails_stops_no_other(make):
    office = make(SILENT, start="11-15 12:00")
    office.open()
    office.town.open = ["elsewhere", SITE]
    plan = office.town.plan
    office.town.plan = lambda site, version=None: plan(site, version) if site == SITE else 1 / 0
    office.works()
    office.works("11-16 08:00")
    assert office.told() == ["陈总"]


def test_a_daily_digest_that_failed_is_made_a_minute_later(make):
    office = make(SILENT, start="11-15 12:00")
    office.open()
    office.works()
    people, office.town.people = office.town.people, lambda *_: 1 / 0
    office.works("11-16 08:00")
    office.town.people = people
    office.works("11-16 08:01")
    assert office.told() == ["陈总"]


def test_a_message_is_looked_at_only_when_its_ticket_can_be_read(office):
    """Jobs that wait for the writer share one transaction: there a message stands before its ticket is committed."""
    office.open("T1")
    office.goes_to("11-16 10:01")
    office.clock.now = at("11-16 10:30")
    office.open("T2")
    office.clock.now = at("11-16 11:30:01")
    writer, busy, go = office.database._writer, Event(), Event()

    def block(connection):
        busy.set()
        go.wait(5)

    jobs = [
        lambda: office.database.write(block),
        lambda: office.service.advance(office.clock.now - 1),
        lambda: office.postman.release(office.clock.now),
    ]
    threads = [Thread(target=job) for job in jobs]
    for waiting, thread in enumerate(threads):
        thread.start()
        assert busy.wait(5)
        while len(writer._queue) < waiting:
            sleep(0.001)
    go.set()
    for thread in threads:
        thread.join(5)
    office.works()
    assert [state for _, state, _ in office.fates()] == ["released", "released"]


# ---- cost -----------------------------------------------------------------------------------------------------------


def test_a_sweep_without_news_reads_by_indexes_and_writes_nothing(office):
    office.open()
    office.works("11-16 10:01")
    before = office.rows("PRAGMA data_version")
    plans: list[str] = []
    with office.database.read() as connection:
        for sql, values in ((outbox._UNSEEN, (1,)), (outbox._HELD, (1, 1))):
            plans += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    office.works()
    assert office.rows("PRAGMA data_version") == before
    assert not [step for step in plans if step.startswith("SCAN") and "INDEX" not in step and "CONSTANT" not in step]


def test_a_site_that_cannot_be_opened_tells_what_it_has_to_tell_once_it_can(office):
    office.open()
    office.goes_to("11-16 10:00:01")
    office.town.open = []
    office.works()
    assert office.fates() == [("role:supervisor", "held", "")]
    assert office.post.sent == []
    office.town.open = [SITE]
    assert len(office.works("11-16 10:01:01")) == 1


def test_a_letter_of_a_site_that_is_shut_meanwhile_waits_and_uses_up_no_try(office):
    office.open()
    office.goes_to("11-16 10:00:01")
    office.release()
    office.town.open = []
    assert office.deliver() == 1
    assert office.post.sent == []
    [waiting] = office.deliveries()
    assert (waiting.state, waiting.tries, waiting.reason) == ("pending", 0, "its site cannot be opened")
    office.town.open = [SITE]
    assert len(office.works("11-16 10:01:01")) == 1
