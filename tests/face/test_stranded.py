"""What stands aside, and comes back, in a pool that is in somebody else's hands."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.people import ALICE, BOB, People, gather

pytestmark = pytest.mark.slow


@pytest.fixture
def people() -> Iterator[People]:
    yield from gather()


def hand_over(people: People, *statements: str) -> None:
    """P, of four cpus, to alice, with what she declares in it."""
    people.done("root", "P on cpu0-3 lwktpri 6")
    people.done("root", f"grant P to {ALICE} lwktpri 6")
    for statement in statements:
        people.done(ALICE, statement)


def strand(people: People, statement: str) -> None:
    result = people.say("root", f"{statement} --strand")
    assert result.status == 0
    assert "is stranded" in people.say("root", "check").err


def comments(people: People, who: str, statement: str) -> list[str]:
    """What is printed with a statement, rehearsed or not; it is carried out."""
    rehearsed = people.done(who, f"{statement} -n").splitlines()[1:]
    assert rehearsed.pop() == "# dry run: nothing was changed"
    assert people.done(who, statement).splitlines()[1:] == rehearsed
    return rehearsed


def last_moved(people: People, name: str) -> list[tuple[str, list[int], list[int]]]:
    """Who moved with the newest revision of the registry that concerns a scheduler."""
    revisions = json.loads(people.done("root", f"log {name} --json"))
    (last, *_) = [each for each in revisions if not each["store"]]
    return [(each["name"], each["before"], each["after"]) for each in last["moved"]]


def test_who_only_gains_what_an_exclusive_one_takes_again_has_not_moved(people: People) -> None:
    hand_over(people, "P/B on cpu* lwktpri 3", "P/E on cpu3 lwktpri 3 exclusive")
    strand(people, "P on cpu0-2 lwktpri 6")
    assert comments(people, "root", "P on cpu0-3 lwktpri 6") == [
        "#   P: 4 cpus on cpu0-cpu3 (was on cpu0-cpu2)",
        "#   P/E is back: 1 cpu on cpu3",
    ]
    assert last_moved(people, "P") == [("P", [0, 1, 2], [0, 1, 2, 3]), ("P/E", [], [3])]


def test_whom_an_exclusive_one_that_is_back_takes_cpus_from_is_told(people: People) -> None:
    """By a statement that itself changes nobody's."""
    hand_over(people, "P/B on cpu* lwktpri 3", "P/E on cpu0 lwktpri 6 exclusive")
    strand(people, f"grant P to {ALICE} lwktpri 4")
    assert comments(people, "root", f"grant P to {ALICE} lwktpri 6") == [
        "#   P/B: reaches cpu1-cpu3 (was cpu0-cpu3)",
        "#   P/E is back: 1 cpu on cpu0",
    ]
    assert last_moved(people, "P/B") == [("P/B", [0, 1, 2, 3], [1, 2, 3]), ("P/E", [], [0])]


def test_what_its_own_holder_makes_room_for_is_back_and_not_new(people: People) -> None:
    hand_over(people, "P/E on cpu0 lwktpri 2 exclusive", "P/B on cpu* lwktpri 3")
    strand(people, "P on cpu0 lwktpri 6")
    assert comments(people, ALICE, "destroy P/E") == [
        "#   P/E: gone",
        "#   P/B is back: 1 cpu on cpu0",
    ]


def test_who_stands_aside_starves_nobody(people: People) -> None:
    hand_over(people, "P/HI on cpu0 lwktpri 6")
    strand(people, f"grant P to {ALICE} lwktpri 4")
    assert "starve" not in people.say(ALICE, "P/LO on cpu0 lwktpri 2").err
    assert "starve" not in people.say(ALICE, "check").err
    # and it would
    people.done("root", f"grant P to {ALICE} lwktpri 6")
    assert "P/LO can starve: P/HI can fill all its cpus" in people.say(ALICE, "check").err


def test_a_grant_in_a_part_that_cannot_be_read_is_told(people: People) -> None:
    """It takes from a third one what is his."""
    hand_over(people, "P/W on cpu0-1 lwktpri 3", f"grant P/W to {BOB}")
    people.done(BOB, "P/W/X on cpu0 lwktpri 2")
    with closing(sqlite3.connect(people.store(ALICE, "P"))) as db, db:
        db.execute("UPDATE granted SET record = 'x'")
        db.execute("INSERT INTO granted SELECT 'NORM', replace(after, 'P/W', 'NORM') FROM granting")
    for who in ("root", ALICE, BOB):
        said = people.say(who, "check").err
        assert f"P: of {ALICE}'s part: to whom P/W is granted is damaged\n" in said
        assert f"P: of {ALICE}'s part: NORM is granted there, and is not beneath P\n" in said
    people.say(ALICE, f"grant P/W to {BOB}")
    assert "P/W is granted is damaged" not in people.say("root", "check").err
    assert "P/W/X" in people.say("root", "tree").out


def test_a_rollback_leaves_aside_what_stands_aside(people: People) -> None:
    hand_over(people, "P/A on cpu3 lwktpri 3", "P/B on cpu0 lwktpri 3", "P/C on cpu0 lwktpri 5")
    people.done(ALICE, "destroy P/C")
    strand(people, "P on cpu0-1 lwktpri 6")
    assert people.say(ALICE, "P/B on cpu0 lwktpri 2").status == 0
    assert people.done(ALICE, "rollback 4") == (
        "- P/B on cpu0 lwktpri 2\n"
        "+ P/B on cpu0 lwktpri 3\n"
        "# rollback to 4 is revision 6 of your part of P\n"
    )
    strand(people, f"grant P to {ALICE} lwktpri 4")
    assert people.refused(3, ALICE, "rollback 3") == (
        f"usched: P/C: lwktpri 5 is more than {ALICE} may give beneath P\n  lwktpri is 1 to 4 there"
    )


def test_logs_of_one_second_are_merged_in_the_order_in_which_it_was_done(people: People) -> None:
    hand_over(people, "P/A on cpu0 lwktpri 2")
    people.done("root", "P on cpu0-2 lwktpri 6")
    people.done(ALICE, "P/B on cpu0 lwktpri 2")
    people.done("root", "revoke P")
    records = json.loads(people.done("root", "log --json"))
    assert [(each["user"], each["text"]) for each in records[:5]] == [
        ("root", "revoke P"),
        (ALICE, "P/B on cpu0 lwktpri 2"),
        ("root", "P on cpu0-2 lwktpri 6"),
        (ALICE, "P/A on cpu0 lwktpri 2"),
        ("root", f"grant P to {ALICE} lwktpri 6"),
    ]
    assert {len(each["time"]) for each in records} == {len("2026-01-01T00:00:00Z")}
    assert "revoke P" in people.done("root", "log --limit 1")
