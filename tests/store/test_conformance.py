"""What every store promises: the same facts about the one in memory and the one in a file."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest

from engine.core import Actor, Command, Membership, Period, Rule, commands, evolve
from engine.store import Answered, Commit, ConflictError, Cursor, Database, Errand, MemoryStore, Query, SiteEvent, Store
from tests.store.histories import commits, long_story, opened, row, rows_of

NOW = 1_794_800_000
RULE = Rule("test.rule", ("A01",))


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path: Path):
    if request.param == "memory":
        yield MemoryStore()
    else:
        with Database.open(tmp_path / "huiyin.db", lambda: NOW, synchronous="NORMAL") as database:
            yield database.site("lakeside")


def keep(store: Store, story, rows: bool = True) -> list[Commit]:
    """Commit a whole story, step by step."""
    made = list(commits(story, rows))
    for commit in made:
        store.write(lambda tx, commit=commit: tx.commit(commit))
    return made


class BrokenError(Exception):
    pass


def breaking(store: Store, *works) -> None:
    """Do all of this in one transaction, then raise."""

    def run(tx):
        for work in works:
            work(tx)
        raise BrokenError

    with pytest.raises(BrokenError):
        store.write(run)


def errand(at: int, key: str, ticket: str = "T1") -> Errand:
    act = commands.Do("reply", {"result": "好", "n": 1.5, "yes": True})
    return Errand(at, key, Command(ticket, Actor("system:x", frozenset({"system", "parent"})), at, act))


# ---- families -------------------------------------------------------------------------------------------------------


def test_a_family_is_loaded_by_each_of_its_tickets_as_it_was_committed(store):
    made = keep(store, long_story())
    family = made[-1].family
    assert store.load("T1") == family
    assert list(family.tickets) == ["T1", "T1.1"]
    assert store.load("T1.1") == family
    assert store.load("T2") is None


def test_steps_come_back_as_they_were_in_their_order(store):
    made = keep(store, long_story())
    assert store.steps("T1") == tuple(step for commit in made for step in commit.steps)
    assert store.steps("T2") == ()


def test_several_steps_enter_at_once(store):
    made = list(commits(long_story()))
    steps = tuple(step for commit in made for step in commit.steps)
    store.write(lambda tx: tx.commit(made[-1]._replace(steps=steps)))
    assert store.steps("T1") == steps
    assert store.load("T1.1") == made[-1].family


@pytest.mark.parametrize("index", [1, 2])
def test_a_step_that_does_not_follow_the_last_one_is_a_conflict_and_nothing_is_written(store, index):
    made = list(commits(long_story()))
    for commit in made[:2]:
        store.write(lambda tx, commit=commit: tx.commit(commit))
    wrong = made[0] if index == 1 else made[3]

    def run(tx):
        tx.set_mark("seen", 1)
        tx.commit(wrong)

    with pytest.raises(ConflictError):
        store.write(run)
    assert store.load("T1") == made[1].family
    assert store.mark("seen") is None


def test_the_first_step_of_an_unknown_family_is_number_one(store):
    second = list(commits(long_story()))[1]
    with pytest.raises(ConflictError):
        store.write(lambda tx: tx.commit(second))
    assert store.load("T1") is None


def test_families_stand_in_order_of_opening_and_the_closed_ones_can_be_left_out(store):
    keep(store, opened("T9"))
    keep(store, long_story("T1"))
    keep(store, opened("T5"))
    assert [family.id for family in store.families()] == ["T9", "T1", "T5"]
    assert [family.id for family in store.families(open_only=True)] == ["T9", "T5"]


# ---- all or nothing -------------------------------------------------------------------------------------------------


def test_when_work_raises_nothing_of_it_was_written(store):
    first, second, *_ = commits(long_story())
    store.write(lambda tx: tx.commit(first))
    store.write(lambda tx: tx.send(errand(5, "known"), "T1"))
    store.write(lambda tx: tx.join(Membership(1, "T0", "rash", ("6 栋",))))
    kept = store.write(lambda tx: tx.seal("phone", "138"))
    breaking(
        store,
        lambda tx: tx.stamp(NOW),
        lambda tx: tx.commit(second),
        lambda tx: tx.commit(next(commits(opened("T2")))),
        lambda tx: tx.remember("desk", "k", Answered("b", "T1", 1)),
        lambda tx: tx.done(errand(5, "known")),
        lambda tx: tx.send(errand(6, "new"), "T1"),
        lambda tx: tx.join(Membership(1, "T1", "rash", ("6 栋",))),
        lambda tx: tx.leave("T0"),
        lambda tx: tx.fired("rash", ("6 栋",), "T1"),
        lambda tx: tx.keep_group("rash", "T1", "G1"),
        lambda tx: tx.add_member("G1", "T1"),
        lambda tx: tx.record(SiteEvent(1, "filed", RULE, {})),
        lambda tx: tx.set_mark("alive", 1),
        lambda tx: tx.erase(kept),
        lambda tx: tx.seal("phone", "139"),
    )
    assert store.load("T1") == first.family
    assert store.steps("T1") == first.steps
    assert store.timers("T1") == first.timers
    assert store.load("T2") is None
    assert store.messages() == first.messages
    assert store.rows(Query()) == list(first.rows)
    assert store.answer("desk", "k") is None
    assert store.errands("T1", NOW) == [errand(5, "known")]
    assert (store.group("rash", "T1"), store.members("G1")) == (None, ())
    assert (list(store.site_events()), store.mark("alive")) == ([], None)
    assert store.reveal(kept) == "138"
    assert store.write(lambda tx: tx.stamp(0)) == 0
    assert store.write(lambda tx: tx.fired("rash", ("6 栋",), "T1")) is False
    assert len(store.write(lambda tx: tx.join(Membership(1, "T1", "rash", ("6 栋",))))) == 2
    assert store.write(lambda tx: tx.add_member("G1", "T1")) is True
    assert store.next_instant() == 5


def test_whoever_leaves_is_in_no_bucket_any_more(store):
    here, there = (Membership(1, "T1", name, ("6 栋",)) for name in ("rash", "burst"))
    stays = Membership(2, "T2", "rash", ("6 栋",))
    store.write(lambda tx: [tx.join(one) for one in (here, there, stays)])
    store.write(lambda tx: tx.leave("T1"))
    later = [one._replace(at=3, ticket="T3") for one in (here, there)]
    assert store.write(lambda tx: [tx.join(one) for one in later]) == [(stays, later[0]), (later[1],)]


def test_inside_a_transaction_one_sees_what_one_wrote(store):
    made = list(commits(long_story()))

    def run(tx):
        for commit in made:
            tx.commit(commit)
            assert tx.load("T1") == commit.family
            assert tx.timers("T1") == commit.timers
        tx.send(errand(5, "e"), "T1")
        tx.record(SiteEvent(1, "filed", RULE, {}, "k"))
        return tx.steps("T1"), tx.rows(Query()), tx.errands("T1", 5), tx.next_instant(), tx.due(5, 9), tx.site_events()

    steps, rows, errands, instant, due, events = store.write(run)
    assert steps == tuple(step for commit in made for step in commit.steps)
    assert [(row.ticket, row.state) for row in rows] == [("T1.1", "done"), ("T1", "closed")]
    assert (list(errands), instant, list(due)) == ([errand(5, "e")], 5, ["T1"])
    assert [event.key for event in events] == ["k"]


def test_after_a_rolled_back_step_another_one_of_the_same_number_takes_its_place(store):
    first, second, *_ = commits(long_story())
    store.write(lambda tx: tx.commit(first))
    breaking(store, lambda tx: tx.commit(second))
    other = next(iter(opened("T1").do("11-16 09:30", "reply").steps[1:]))
    family = evolve(store.load("T1"), other)
    store.write(lambda tx: tx.commit(Commit(family, (other,), ())))
    assert store.load("T1") == family != second.family


def test_what_a_transaction_returns_is_returned(store):
    assert store.write(lambda tx: "answer") == "answer"


# ---- stamps ---------------------------------------------------------------------------------------------------------


def test_stamps_never_fall(store):
    given = [store.write(lambda tx, now=now: tx.stamp(now)) for now in (10, 20, 15, 20, 21, 3)]
    assert given == [10, 20, 20, 20, 21, 21]


# ---- timers and errands ---------------------------------------------------------------------------------------------


def test_the_timers_of_a_family_are_exactly_those_of_its_last_commit(store):
    for commit in commits(long_story()):
        store.write(lambda tx, commit=commit: tx.commit(commit))
        assert store.timers("T1") == commit.timers
        assert store.next_instant() == min((timer.fire for timer in commit.timers), default=None)
    assert store.timers("T1") == ()


def test_a_repair_puts_exactly_what_it_is_given(store):
    first, second, *_ = commits(long_story())
    store.write(lambda tx: tx.commit(first))
    store.write(lambda tx: tx.repair("T1", second.timers, second.rows))
    assert store.timers("T1") == second.timers
    assert store.rows(Query()) == list(second.rows)
    assert store.next_instant() == second.timers[0].fire
    assert store.load("T1") == first.family


def test_due_families_are_each_named_once_the_earliest_first(store):
    late, early, errandful = opened("L", "11-16 11:00"), opened("E", "11-16 09:00"), opened("X", "11-16 12:00")
    for story in (late, early, errandful):
        keep(store, story)
    first = {name: store.timers(name)[0].fire for name in "LEX"}
    assert store.due(first["E"] - 1, 9) == []
    assert store.due(first["E"], 9) == ["E"]
    store.write(lambda tx: tx.send(errand(first["E"] - 60, "e", "X"), "X"))
    assert store.next_instant() == first["E"] - 60
    assert store.due(first["L"], 9) == ["X", "E", "L"]
    assert store.due(first["L"], 2) == ["X", "E"]
    assert store.due(NOW * 2, 9) == ["X", "E", "L"]
    store.write(lambda tx: tx.done(errand(first["E"] - 60, "e", "X")))
    assert store.next_instant() == first["E"]
    assert store.due(first["L"], 9) == ["E", "L"]


def test_nothing_is_due_in_an_empty_store(store):
    assert store.next_instant() is None
    assert store.due(NOW, 10) == []


def test_errands_come_by_stamp_and_key_and_each_key_once(store):
    keep(store, opened("T1"))
    keep(store, opened("T2"))
    for at, key in ((7, "b"), (5, "z"), (7, "a"), (9, "later"), (6, "b")):
        store.write(lambda tx, at=at, key=key: tx.send(errand(at, key), "T1"))
    assert store.errands("T1", 8) == [errand(5, "z"), errand(7, "a"), errand(7, "b")]
    assert store.errands("T2", 8) == []
    store.write(lambda tx: tx.done(errand(7, "b")))
    store.write(lambda tx: tx.send(errand(7, "b"), "T1"))
    assert [one.key for one in store.errands("T1", 99)] == ["z", "a", "later"]


def test_an_errand_may_wait_for_a_family_that_its_transaction_makes(store):
    def run(tx):
        tx.send(errand(5, "e", "T1"), "T1")
        tx.commit(next(commits(opened("T1"))))

    store.write(run)
    assert store.errands("T1", 5) == [errand(5, "e", "T1")]
    assert store.due(5, 9) == ["T1"]


def test_every_kind_of_command_comes_back_from_the_inbox(store):
    keep(store, opened("T1"))
    actor = Actor("小陈", frozenset({"b", "a"}))
    acts = [
        commands.Open("matter", {"place": "6 栋"}, None, "p", "e", None, "T9"),
        commands.SetFacts({"place": None, "n": 3}, "moved"),
        commands.Recategorise("other", {"a": 1}, {"new": "old"}),
        commands.Detected("rash", ("T1", "T2"), True, "G"),
        commands.Migrate("p2", {"new": "old"}, {"answer": "keep"}, ("x",)),
        commands.Note("说 “好”"),
        commands.ApplyCalendar("e2"),
    ]
    sent = [Errand(i, str(i), Command("T1", actor, i, act, i - 1, "k")) for i, act in enumerate(acts)]
    for one in sent:
        store.write(lambda tx, one=one: tx.send(one, "T1"))
    assert store.errands("T1", 99) == sent


# ---- lists ----------------------------------------------------------------------------------------------------------

ROWS = (
    row("A", opened=10, due=300, owner="role:desk", assignee="小陈", links=("unit:6", "place:6 栋")),
    row("B", opened=20, due=100, overdue=2, category="repair", owner="role:boss", links=("unit:6",)),
    row("C", opened=30, closed=90, state="closed", level=1, plan="q", links=("unit:60",)),
    row("D", opened=40, due=None, silent=True, post="guard"),
    row("E", opened=40, due=300, paused=True, state="waiting"),
)


@pytest.fixture
def listing(store):
    first = next(commits(opened("A"), rows=False))
    store.write(lambda tx: tx.commit(first._replace(rows=ROWS)))
    return store


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (Query(), "DECBA"),
        (Query(open=True), "BAED"),
        (Query(open=False), "C"),
        (Query(category="repair"), "B"),
        (Query(state="waiting"), "E"),
        (Query(owner="role:boss"), "B"),
        (Query(assignee="小陈"), "A"),
        (Query(post="guard"), "D"),
        (Query(overdue=True), "B"),
        (Query(open=True, overdue=False), "AED"),
        (Query(silent=True), "D"),
        (Query(silent=False), "ECBA"),
        (Query(link="unit:6"), "BA"),
        (Query(link="place:6 栋", open=True), "A"),
        (Query(link="nobody"), ""),
        (Query(limit=2), "DE"),
        (Query(limit=2, after=Cursor(40, "E")), "CB"),
        (Query(after=Cursor(10, "A")), ""),
        (Query(open=True, limit=2, after=Cursor(300, "A")), "ED"),
        (Query(open=True, after=Cursor(None, "D")), ""),
        (Query(open=True, limit=1), "B"),
        (Query(owner="role:desk", open=True, after=Cursor(300, "A")), "ED"),
    ],
)
def test_rows_fit_the_query_and_stand_in_order(listing, query, wanted):
    assert "".join(row.ticket for row in listing.rows(query)) == wanted


def test_a_row_comes_back_as_it_was(listing):
    found = listing.rows(Query())
    assert sorted(found) == sorted(ROWS)
    assert [type(value) for value in found[0]] == [type(value) for value in ROWS[3]]


def test_pages_hold_every_row_once(listing):
    for query in (Query(limit=2), Query(limit=2, open=True)):
        seen, page = [], listing.rows(query)
        while page:
            seen += page
            page = listing.rows(query._replace(after=query.cursor(page[-1])))
        assert seen == list(listing.rows(query._replace(limit=99)))


@pytest.mark.parametrize("changes", [{"closed": 60, "due": None}, {"due": 9000}, {"due": 5}, {"due": None}])
def test_whatever_becomes_of_the_last_ticket_of_a_page_the_next_one_goes_on_there(listing, changes):
    query = Query(open=True, limit=2)
    page = listing.rows(query)
    assert "".join(row.ticket for row in page) == "BA"
    listing.write(lambda tx: tx.repair("A", (), (page[-1]._replace(**changes),)))
    rest = listing.rows(query._replace(after=query.cursor(page[-1]), limit=9))
    assert [row.ticket for row in rest if row.ticket != "A"] == ["E", "D"]


@pytest.mark.parametrize("cursor", [Cursor(1790000000, "garden-1"), Cursor(None, "round:a/b:1\n"), Cursor(-5, "x")])
def test_a_cursor_is_a_text_and_back(cursor):
    assert Cursor.read(cursor.text) == cursor


@pytest.mark.parametrize("text", ["", "garden-1", "1790000000", "never", ":x", "1:", "٣:x", "9999999999999:x"])
def test_what_is_no_cursor_is_none(text):
    assert Cursor.read(text) is None


def test_a_row_that_changes_is_found_by_what_it_is_now(listing):
    changed = ROWS[0]._replace(due=50, links=("unit:7",), state="waiting")
    listing.write(lambda tx: tx.repair("A", (), (changed,)))
    assert [row.ticket for row in listing.rows(Query(link="unit:6"))] == ["B"]
    assert listing.rows(Query(link="unit:7")) == [changed]
    assert [row.ticket for row in listing.rows(Query(open=True))] == ["A", "B", "E", "D"]


def test_the_rows_of_a_whole_story_follow_it(store):
    for commit in commits(long_story()):
        store.write(lambda tx, commit=commit: tx.commit(commit))
        assert sorted(store.rows(Query())) == sorted(rows_of(commit.family, commit.timers))


# ---- answers, messages, patterns ------------------------------------------------------------------------------------


def test_an_answer_is_known_by_person_and_key(store):
    first, second = Answered("body", "T1", 3), Answered("other", "T2", 1)
    store.write(lambda tx: tx.remember("desk", "k", first))
    store.write(lambda tx: tx.remember("boss", "k", second))
    assert store.answer("desk", "k") == first
    assert store.answer("boss", "k") == second
    assert store.answer("desk", "other") is None


def test_messages_stand_in_the_order_in_which_they_were_committed(store):
    made = [*keep(store, long_story("T2")), *keep(store, opened("T1"))]
    messages = tuple(message for commit in made for message in commit.messages)
    assert store.messages() == messages
    assert {cause.kind for message in messages for cause in message.causes} >= {"notice", "rung", "repeat", "all-clear"}


def test_a_bucket_holds_every_opening_that_joined_it(store):
    one = Membership(5, "T1", "rash", ("6 栋", 3, True), ("phone",))
    two = Membership(3, "T2", "rash", ("6 栋", 3, True), ("other",))
    elsewhere = Membership(4, "T3", "rash", ("7 栋", 3, True))
    other = Membership(4, "T3", "flood", ("6 栋", 3, True))
    joined = [sorted(store.write(lambda tx, m=m: tx.join(m))) for m in (one, elsewhere, other, two)]
    assert joined == [[one], [elsewhere], [other], [two, one]]


def test_a_detection_fires_on_a_ticket_once(store):
    fired = partial(lambda tx, *key: tx.fired(*key))
    asked = [("rash", ("6",), "T1"), ("rash", ("6",), "T1"), ("rash", ("6",), "T2"), ("rash", ("7",), "T1")]
    assert [store.write(lambda tx, key=key: fired(tx, *key)) for key in asked] == [False, True, False, False]


def test_the_group_of_a_member_is_kept_and_replaced(store):
    store.write(lambda tx: tx.keep_group("rash", "T1", "G1"))
    assert store.group("rash", "T1") == "G1"
    assert store.group("flood", "T1") is None
    store.write(lambda tx: tx.keep_group("rash", "T1", "G2"))
    assert store.group("rash", "T1") == "G2"


def test_a_member_is_added_once_and_members_keep_their_order(store):
    added = [store.write(lambda tx, t=t: tx.add_member("G1", t)) for t in ("T3", "T1", "T3")]
    assert added == [True, True, False]
    assert store.members("G1") == ("T3", "T1")
    assert store.members("G2") == ()


# ---- the site's own stream, marks -----------------------------------------------------------------------------------

DATA = {
    "text": "“好”",
    "number": 3,
    "share": Fraction(2, 3),
    "float": 1.5,
    "none": None,
    "yes": True,
    "period": Period(1, 2),
    "tuple": (1, ("a", Fraction(1, 2)), []),
    "list": [1, {"deep": (1,)}],
    "map": {"a": {"b": Fraction(1)}, "empty": {}},
    "by number": {1: "one", ("a", 2): "two"},
    "dollar": {"$tuple": [1]},
}


def test_the_sites_stream_is_read_whole_or_by_kind_and_key(store):
    events = [
        SiteEvent(5, "filed", RULE, DATA, "unit:6"),
        SiteEvent(4, "filed", RULE, {}, "unit:7"),
        SiteEvent(6, "reported", Rule("r"), {"n": 1}),
        SiteEvent(6, "filed", RULE, {"again": True}, "unit:6"),
    ]
    for event in events:
        store.write(lambda tx, event=event: tx.record(event))
    assert list(store.site_events()) == events
    assert list(store.site_events("filed")) == [events[0], events[1], events[3]]
    assert list(store.site_events("filed", "unit:6")) == [events[0], events[3]]
    assert list(store.site_events("reported", "")) == [events[2]]
    assert list(store.site_events("unknown")) == []
    assert list(store.site_events_of(("reported", "filed"))) == events
    assert list(store.site_events_of(("reported", "unknown"))) == [events[2]]
    found = store.site_events()[0].data
    assert repr(found) == repr(DATA)


def test_a_mark_is_what_it_was_set_to_last(store):
    assert store.mark("opened") is None
    store.write(lambda tx: tx.set_mark("opened", 7))
    store.write(lambda tx: tx.set_mark("alive", 9))
    store.write(lambda tx: tx.set_mark("opened", 5))
    assert (store.mark("opened"), store.mark("alive")) == (5, 9)


# ---- personal values ------------------------------------------------------------------------------------------------


def test_equal_values_of_one_fact_have_one_reference_until_it_is_erased(store):
    first, again, other_fact, other = store.write(
        lambda tx: [tx.seal(f, v) for f, v in (("phone", "138"), ("phone", "138"), ("mobile", "138"), ("phone", "139"))]
    )
    assert first == again
    assert len({first, other_fact, other}) == 3
    assert all(ref.startswith("pii:") for ref in (first, other_fact, other))
    assert [store.reveal(ref) for ref in (first, other_fact, other)] == ["138", "138", "139"]
    store.write(lambda tx: tx.erase(first))
    assert [store.reveal(ref) for ref in (first, other_fact, other)] == [None, "138", "139"]
    anew = store.write(lambda tx: tx.seal("phone", "138"))
    assert anew not in (first, other_fact, other)
    assert store.reveal(anew) == "138"
    store.write(lambda tx: tx.erase("pii:phone:unknown"))
