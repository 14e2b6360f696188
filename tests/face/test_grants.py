"""A pool in somebody else's hands: real users, each with the rights that the system gives them."""

from __future__ import annotations

import grp
import json
import os
import pwd
import resource
import shutil
import signal
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.face.sessions import Result, page
from tests.people import ALICE, BOB, CAROL, EIGHT_CPUS, POOL, TEAM, People, declare, gather
from usched.face.app import run

pytestmark = pytest.mark.slow


#: What is said when alice's and bob's schedulers hold again.
BACK = (
    "#   POOL/WEB is back: 2 cpus on cpu0-cpu1, reaches cpu0-cpu7\n"
    "#   POOL/WEB/IN is back: 1 cpu on cpu1, reaches cpu0-cpu7\n"
)


@pytest.fixture
def people() -> Iterator[People]:
    yield from gather()


@pytest.fixture
def pool(people: People) -> People:
    declare(people, POOL)
    return people


def test_session_of_the_manual(people: People) -> None:
    declare(people, POOL[:2])
    assert people.done("root", f"grant POOL to {ALICE} lwktpri 6 depth 2") == (
        f"grant POOL to {ALICE} lwktpri 6 depth 2  # revision 4\n"
    )
    assert people.done(ALICE, "POOL/WEB on cpu0 cpu1 lwktpri 6") == (
        "POOL/WEB on cpu0 cpu1 lwktpri 6  # revision 1\n"
        "#   POOL/WEB: 2 cpus on cpu0-cpu1, reaches cpu0-cpu7\n"
    )
    people.done(ALICE, "POOL/BATCH on cpu* lwktpri 2")
    assert people.refused(5, ALICE, "NORM on cpu0 lwktpri 9") == (
        "usched: command line:1:1: not permitted: NORM is root's; you hold POOL\n"
        "    NORM on cpu0 lwktpri 9\n"
        "    ^^^^"
    )
    tree = page(
        f"""
        synthetic: 8 cpus (cpu0-cpu7)
        ├── POOL  lwktpri 6, on cpu0-7: 4 vcpus on 8 cpus, granted to {ALICE}
        │   ├── POOL/WEB  lwktpri 6, on cpu0 cpu1: 2 cpus, {ALICE}'s
        │   └── POOL/BATCH  lwktpri 2, on cpu*: 4 cpus, {ALICE}'s
        └── NORM  lwktpri 4, on cpu*: 8 cpus
        """
    )
    for who in ("root", ALICE, BOB, "nobody"):
        result = people.say(who, "tree")
        assert result.status == 0
        assert (
            result.out.replace("|-- ", "├── ").replace("|   ", "│   ").replace("`-- ", "└── ")
            == tree
        )


def test_everything_that_reads_has_the_parts_in_it(pool: People) -> None:
    names = ["POOL", "POOL/WEB", "POOL/WEB/IN", "POOL/BATCH", "NORM"]
    records = json.loads(pool.done(CAROL, "list --json"))
    assert [each["name"] for each in records] == names
    assert [each["holder"] for each in records] == [None, ALICE, BOB, ALICE, None]
    given = {each["name"]: each["granted"] for each in records}
    assert given == {
        **dict.fromkeys(names),
        "POOL": {"user": ALICE, "lwktpri": 6, "levels": 2, "until": None},
        "POOL/WEB": {"user": BOB, "lwktpri": 3, "levels": 1, "until": None},
    }
    assert json.loads(pool.done(CAROL, "show POOL/WEB --json"))["granted"] == given["POOL/WEB"]
    (tree, _) = json.loads(pool.done(CAROL, "tree --json"))
    assert [tree["granted"], *(each["granted"] for each in tree["children"])] == [
        given[name] for name in ("POOL", "POOL/WEB", "POOL/BATCH")
    ]
    assert pool.done(CAROL, "check").startswith("5 schedulers are valid on synthetic (8 cpus)")
    for name in names:
        assert name in pool.done(CAROL, "map")
        assert name in pool.done(CAROL, "explain cpu1")
    assert pool.done(CAROL, "export") == page(
        f"""
        POOL on cpu0-7 lwktpri 6 vcpus 4
        NORM on cpu* lwktpri 4
        POOL/WEB on cpu0 cpu1 lwktpri 6
        POOL/BATCH on cpu* lwktpri 2
        POOL/WEB/IN on cpu1 lwktpri 2
        # grant POOL to {ALICE} lwktpri 6 depth 2
        # grant POOL/WEB to {BOB} lwktpri 3
        """
    )
    shown = pool.done(CAROL, "show POOL/WEB").splitlines()
    assert shown[-4:-1] == [
        "inside      POOL/WEB/IN",
        f"of          {ALICE}, who holds POOL",
        f"granted     to {BOB}: lwktpri 1 to 3, 1 level deep",
    ]
    workload = pool.folder / "w.yaml"
    workload.write_text("programs: [{name: a, scheduler: POOL/WEB/IN, run: 9}]\n")
    run = json.loads(pool.done("root", f"simulate {workload} --json --summary"))
    assert {each["name"]: each["ran"] for each in run["schedulers"]}["POOL/WEB/IN"] == 9


def test_grants_are_listed_with_what_each_can_do(pool: People) -> None:
    people = pool
    people.done("root", f"grant NORM to @{TEAM} until 3000000000s")
    lines = people.done(CAROL, "grants").splitlines()
    ends = json.loads(people.done(CAROL, "grants --json"))[0]["until"]
    assert [line.split() for line in lines] == [
        ["NAME", "TO", "BY", "LWKTPRI", "LEVELS", "UNTIL", "HAS"],
        ["NORM", f"@{TEAM}", "root", "1-31", "15", ends, "0", "schedulers"],
        ["POOL", ALICE, "root", "1-6", "2", "-", "2", "schedulers"],
        ["POOL/WEB", BOB, ALICE, "1-3", "1", "-", "1", "scheduler"],
    ]


def test_nobodys_bounds_exceed_those_that_they_were_given(pool: People) -> None:
    assert pool.refused(3, ALICE, "POOL/X on cpu0 lwktpri 7") == (
        "usched: command line:1:24: "
        f"lwktpri 7 is more than {ALICE} may give beneath POOL\n"
        "    POOL/X on cpu0 lwktpri 7\n"
        "                           ^\n"
        "  lwktpri is 1 to 6 there"
    )
    pool.done(ALICE, "POOL/BATCH/A on cpu0 lwktpri 6")
    assert f"3 levels beneath POOL, where {ALICE} may go 2 levels deep" in pool.refused(
        3, ALICE, "POOL/BATCH/A/B on cpu0 lwktpri 6"
    )
    assert f"lwktpri of a grant of POOL/BATCH/A is 1 to 6, not 7: {ALICE} has no more in POOL" in (
        pool.refused(3, ALICE, f"grant POOL/BATCH/A to {CAROL} lwktpri 7")
    )
    assert "nothing can be declared beneath POOL/BATCH/A" in pool.refused(
        3, ALICE, f"grant POOL/BATCH/A to {CAROL}"
    )
    assert "depth of a grant of POOL/WEB is 1 to 1, not 2" in pool.refused(
        3, ALICE, f"grant POOL/WEB to {BOB} depth 2"
    )
    pool.done("root", f"grant POOL to {ALICE} lwktpri 6 depth 2 until 1000s")
    assert "that grant would end after" in pool.refused(
        3, ALICE, f"grant POOL/WEB to {BOB} until 2000s"
    )
    # what bob was given before is no wider than what alice has now
    records = json.loads(pool.done(BOB, "grants --json"))
    assert records[0]["until"] == records[1]["until"] is not None
    assert [each["lwktpri"] for each in records] == [6, 3]


def test_bounds_that_become_narrower_strand_what_exceeds_them(pool: People) -> None:
    assert pool.refused(3, "root", f"grant POOL to {ALICE} lwktpri 2") == (
        "usched: command line:1:7: POOL/WEB would not hold: "
        f"lwktpri 6 is more than {ALICE} may give beneath POOL\n"
        f"    grant POOL to {ALICE} lwktpri 2\n"
        "          ^^^^\n"
        "  with --strand it stands aside, and comes back when it holds again"
    )
    assert pool.done("root", f"grant POOL to {ALICE} lwktpri 2 --strand") == (
        f"grant POOL to {ALICE} lwktpri 2  # revision 5\n"
        "#   POOL/WEB/IN: stands aside\n"
        "#   POOL/WEB: stands aside\n"
    )
    # bob's part came from hers, and so did his bounds
    records = json.loads(pool.say(BOB, "grants --json").out)
    assert [each["lwktpri"] for each in records] == [2, 2]
    assert records[0]["stranded"] == [
        {"name": "POOL/WEB", "why": f"lwktpri 6 is more than {ALICE} may give beneath POOL"}
    ]
    assert pool.done("root", f"grant POOL to {ALICE} lwktpri 6") == (
        f"grant POOL to {ALICE} lwktpri 6  # revision 6\n{BACK}"
    )
    assert "POOL/WEB/IN" in pool.done("root", "tree")


def test_change_that_would_strand_somebody_is_refused_or_forced(pool: People) -> None:
    narrow = "POOL on cpu0-7 lwktpri 6 vcpus 1"
    assert pool.refused(3, "root", narrow) == (
        "usched: command line:1:1: POOL/WEB would not fit: cpu1 is not in POOL (it has cpu0)\n"
        "    POOL on cpu0-7 lwktpri 6 vcpus 1\n"
        "    ^^^^\n"
        "  with it: POOL/WEB/IN\n"
        "  with --strand they stand aside, and come back when they fit"
    )
    hers = pool.store(ALICE, "POOL").read_bytes()
    assert pool.done("root", f"{narrow} --strand") == (
        "POOL on cpu0-7 lwktpri 6 vcpus 1  # revision 5\n"
        "#   POOL: 1 vcpu on cpu0-cpu7\n"
        "#   POOL/WEB: stands aside\n"
        "#   POOL/WEB/IN: stands aside\n"
        "#   POOL/BATCH: 1 cpu on cpu0 (was on cpu0-cpu3), reaches cpu0-cpu7\n"
    )
    assert pool.store(ALICE, "POOL").read_bytes() == hers
    for who in ("root", ALICE, CAROL):
        result = pool.say(who, "tree")
        assert result.err == (
            f"usched: POOL/WEB, {ALICE}'s, is stranded: cpu1 is not in POOL (it has cpu0)\n"
            f"usched: POOL/WEB: of {BOB}'s part: all of it stands aside with POOL/WEB\n"
        )
        assert f"POOL/WEB  stranded, {ALICE}'s" in result.out
        assert "POOL/WEB/IN" not in result.out
    assert [line.split()[-4:] for line in pool.say("root", "grants").out.splitlines()[1:]] == [
        ["1", "scheduler,", "1", "stranded"],
        ["0", "schedulers,", "1", "stranded"],
    ]
    assert json.loads(pool.say(CAROL, "tree --json").out)[0]["stranded"] == ["POOL/WEB"]
    exported = pool.say(CAROL, "export").out.splitlines()
    assert f"# POOL/WEB, {ALICE}'s, is stranded: cpu1 is not in POOL (it has cpu0)" in exported
    assert not [line for line in exported if line.startswith("POOL/WEB")]
    assert pool.say("root", "check").status == 0
    # the one who has it may mend it, and the one who took it may give it back
    assert pool.say(ALICE, "POOL/WEB on cpu0 lwktpri 6 -n").status == 0
    still = pool.say("root", "NORM on cpu0 lwktpri 4")
    assert f"POOL/WEB, {ALICE}'s, is stranded: cpu1 is not in POOL" in still.err
    tried = pool.done("root", "POOL on cpu0-7 lwktpri 6 vcpus 4 -n")
    assert pool.done("root", "POOL on cpu0-7 lwktpri 6 vcpus 4").endswith(BACK)
    assert BACK in tried
    assert json.loads(pool.done("root", "tree POOL --json"))[0]["children"][0]["name"] == (
        "POOL/WEB/IN"
    )


def test_log_of_a_scheduler_has_who_stranded_it_and_what_brought_it_back(pool: People) -> None:
    def moved(name: str) -> list[tuple[str, list[int], list[int]]]:
        log = json.loads(pool.done("root", f"log {name} --json"))
        changes = ((each["text"], move) for each in reversed(log) for move in each["moved"])
        return [
            (text, move["before"], move["after"]) for text, move in changes if move["name"] == name
        ]

    everywhere = list(range(8))
    for line in (
        "POOL on cpu0-7 lwktpri 6 vcpus 1 --strand",
        "POOL on cpu0-7 lwktpri 6 vcpus 4",
        "revoke POOL",
        f"grant POOL to {ALICE} depth 2",
        f"grant POOL to {ALICE} depth 1 --strand",
        "rollback 8",
    ):
        assert pool.say("root", line).status == 0, line
    nowhere: list[int] = []
    gone, back = (everywhere, nowhere), (nowhere, everywhere)
    assert moved("POOL/WEB") == [
        ("POOL on cpu0-7 lwktpri 6 vcpus 1", *gone),
        ("POOL on cpu0-7 lwktpri 6 vcpus 4", *back),
        ("revoke POOL", *gone),
        (f"grant POOL to {ALICE} depth 2", *back),
    ]
    assert moved("POOL/WEB/IN")[-2:] == [
        (f"grant POOL to {ALICE} depth 1", *gone),
        ("rollback 8", *back),
    ]
    log = pool.done("root", "log POOL/WEB").splitlines()
    assert "     # POOL/WEB: stands aside (was cpu0-cpu7)" in log
    assert "     # POOL/WEB is back: reaches cpu0-cpu7" in log


def test_what_one_batch_strands_and_gives_back_is_said_of_both(pool: People) -> None:
    """Whether that is one scheduler or two: alice's BATCH stands in all of POOL, WEB on cpu1."""
    pool.done("root", "OTHER on cpu0-3 lwktpri 2")
    pool.done("root", f"grant OTHER to {BOB}")
    pool.done(BOB, "OTHER/A on cpu3 lwktpri 1")
    assert pool.say("root", "OTHER on cpu0 lwktpri 2 --strand").status == 0
    script = pool.folder / "script"
    script.write_text(
        "POOL on cpu0-7 lwktpri 6 vcpus 1\nOTHER on cpu0-3 lwktpri 2\n"
        "POOL on cpu0-7 lwktpri 6 vcpus 4\n"
    )
    back = "OTHER/A is back", "POOL/WEB is back", "POOL/WEB/IN is back"
    for line in (f"batch {script} --strand -n", f"batch {script} --strand"):
        out = pool.done("root", line)
        assert [out.count(f"#   {each}: ") for each in back] == [1, 1, 1]
        assert out.index("POOL/WEB: stands aside") < out.index("POOL/WEB is back")
    # those of parts may be of the same second
    logged = [each for each in json.loads(pool.done("root", "log --json")) if not each["store"]]
    (last, middle, first, *_) = logged
    changes = {
        number: [(each["name"], bool(each["before"]), bool(each["after"])) for each in part]
        for number, part in enumerate((first["moved"], middle["moved"], last["moved"]))
    }
    gone, back_again = (True, False), (False, True)
    assert changes[0] == [
        ("POOL/WEB", *gone),
        ("POOL/WEB/IN", *gone),
    ]
    assert changes[1] == [("OTHER", True, True)]
    assert changes[2] == [
        ("OTHER/A", *back_again),
        ("POOL/WEB", *back_again),
        ("POOL/WEB/IN", *back_again),
    ]


def test_topology_and_rollback_strand_only_where_they_may(pool: People) -> None:
    two = "two.yaml"
    (pool.folder / two).write_text("cores: 2\n")
    pool.done("root", "POOL on cpu* lwktpri 6")
    pool.done(ALICE, "POOL/BATCH on cpu7 lwktpri 2")
    said = pool.refused(3, "root", f"topology load {pool.folder / two}")
    assert "POOL/BATCH would not fit: cpu7 is not in POOL (it has cpu0-cpu1)" in said
    assert "with --strand they stand aside" in said
    assert "POOL/BATCH would not fit" in pool.refused(3, "root", "rollback 4")
    assert pool.done("root", f"topology load {pool.folder / two} --strand").endswith(
        "#   POOL/BATCH: stands aside\n"
    )
    assert "POOL/BATCH  stranded" in pool.say("root", "tree").out
    assert pool.say("root", "rollback 4 --strand").status == 0
    assert "POOL/BATCH  stranded" in pool.say("root", "tree").out
    assert "#   POOL/BATCH is back: 1 cpu on cpu7\n" in pool.done("root", "rollback 5")


def test_what_is_found_again_by_another_grant_is_said(pool: People) -> None:
    pool.done("root", "revoke POOL")
    granted = pool.done("root", f"grant POOL to {ALICE} lwktpri 6")
    batch = "#   POOL/BATCH is back: 4 cpus on cpu0-cpu3, reaches cpu0-cpu7\n"
    assert granted == f"grant POOL to {ALICE} lwktpri 6  # revision 6\n{batch}{BACK}"
    # and of what alice takes from bob and gives him again, in her store
    pool.done(ALICE, "revoke POOL/WEB")
    inside = BACK.splitlines(keepends=True)[1]
    assert pool.done(ALICE, f"grant POOL/WEB to {BOB}").endswith(inside)


def test_part_that_would_be_too_large_is_stranded_only_where_that_is_asked_for(
    pool: People,
) -> None:
    for number in range(17):
        pool.done(ALICE, f"POOL/V{number} on cpu* lwktpri 1")
    excess = "its schedulers have 73730 cpus in all, more than 65536"
    line = "POOL on cpu0-7 lwktpri 6 vcpus 4096"
    assert f"{ALICE}'s part of POOL would not hold: {excess}\n  with --strand" in pool.refused(
        3, "root", line
    )
    result = pool.say("root", f"{line} --strand")
    assert result.status == 0
    assert f"POOL: {ALICE}'s part does not hold: {excess}" in result.err


def test_rollback_is_in_ones_own_store_and_cannot_pass_the_bounds(pool: People) -> None:
    registry = pool.registry.read_bytes()
    pool.done(ALICE, "destroy POOL/BATCH")
    assert pool.done(ALICE, "diff 3") == "- POOL/BATCH on cpu* lwktpri 2\n"
    assert pool.done(ALICE, "rollback 3") == (
        "+ POOL/BATCH on cpu* lwktpri 2\n# rollback to 3 is revision 5 of your part of POOL\n"
    )
    assert pool.registry.read_bytes() == registry
    assert pool.refused(4, ALICE, "rollback 77") == (
        "usched: there is no revision 77 of your part of POOL\n  revisions are 0 to 5"
    )
    assert "there is no revision 6 of your part of POOL" in pool.refused(4, ALICE, "diff 3 6")
    grant = f"grant POOL/WEB to {BOB} lwktpri 3"
    assert pool.done(ALICE, "diff 2 3") == f"+ {grant}\n"
    assert json.loads(pool.done(ALICE, "diff 3 2 --json"))["grants"] == [
        {"name": "POOL/WEB", "before": grant, "after": None}
    ]
    assert pool.done("root", "diff 3 4") == f"+ grant POOL to {ALICE} lwktpri 6 depth 2\n"
    assert pool.done(ALICE, "rollback 5") == "# your part of POOL is as it was at revision 5\n"
    pool.done(ALICE, "POOL/WEB on cpu0 cpu1 lwktpri 3")
    pool.done(ALICE, "POOL/BATCH on cpu* lwktpri 1")
    pool.done("root", f"grant POOL to {ALICE} lwktpri 3")
    assert pool.refused(3, ALICE, "rollback 5") == (
        f"usched: POOL/WEB: lwktpri 6 is more than {ALICE} may give beneath POOL\n"
        "  lwktpri is 1 to 3 there"
    )
    assert "not permitted: the registry is root's; you hold nothing" in pool.refused(
        5, CAROL, "rollback 1"
    )
    assert f"not permitted: what lies beneath POOL is {ALICE}'s" in pool.refused(
        5, BOB, "rollback 1 --in POOL"
    )
    assert "POOK is not granted to anybody" in pool.refused(4, BOB, "rollback 1 --in POOK")


def test_log_merges_and_says_who_in_which_store(pool: People) -> None:
    records = json.loads(pool.done(CAROL, "log POOL --json"))
    facts = [(each["store"], each["number"], each["uid"], each["user"]) for each in records]
    uids = {name: pwd.getpwnam(name).pw_uid for name in (ALICE, BOB)}
    assert sorted(facts, key=str) == sorted(
        [
            (None, 2, 0, "root"),
            (None, 4, 0, "root"),
            *(("POOL", number, uids[ALICE], ALICE) for number in (1, 2, 3)),
            ("POOL/WEB", 1, uids[BOB], BOB),
        ],
        key=str,
    )
    assert [each["time"] for each in records] == sorted(
        (each["time"] for each in records), reverse=True
    )
    head = pool.done(CAROL, "log POOL/WEB").splitlines()[0]
    assert head.split() == ["REV", "IN", "TIME", "USER", "STATEMENT"]
    assert len(json.loads(pool.done(CAROL, "log --limit 2 --json"))) == 2
    assert [each["text"] for each in json.loads(pool.done(CAROL, "log POOL/BATCH --json"))] == [
        "POOL/BATCH on cpu* lwktpri 2"
    ]


def forge(pool: People, *statements: str) -> None:
    """alice writes these into her store herself."""

    def write() -> int:
        import sqlite3

        connection = sqlite3.connect(pool.store(ALICE, "POOL"))
        for each in statements:
            connection.execute(each)
        connection.commit()
        return 0

    assert pool.act(ALICE, write).status == 0


def test_log_keeps_what_was_done_in_a_part_that_was_taken_back(pool: People) -> None:
    def logged(name: str, who: str = "root") -> list[tuple[str | None, bool, str, str]]:
        records = json.loads(pool.done(who, f"log {name} --json"))
        facts = ("store", "former", "user", "text")
        return sorted(tuple(each[fact] for fact in facts) for each in records if each["store"])

    web = ("POOL", True, ALICE, "POOL/WEB on cpu0 cpu1 lwktpri 6")
    batch = ("POOL", True, ALICE, "POOL/BATCH on cpu* lwktpri 2")
    handed = ("POOL", True, ALICE, f"grant POOL/WEB to {BOB} lwktpri 3")
    inside = ("POOL/WEB", True, BOB, "POOL/WEB/IN on cpu1 lwktpri 2")
    # a part of hers that she takes back
    pool.done(ALICE, "revoke POOL/WEB")
    assert [each for each in logged("POOL/WEB/IN") if each[1]] == [inside]
    assert [each for each in logged("") if each[1]] == [inside]
    # all of it, and what she had handed on comes from a grant that is no more
    pool.done(ALICE, f"grant POOL/WEB to {BOB} lwktpri 3")
    assert [each for each in logged("POOL") if each[1]] == []
    pool.done("root", "revoke POOL")
    again = ("POOL", True, ALICE, "revoke POOL/WEB")
    every = sorted([web, batch, handed, handed, again, inside])
    for who in ("root", ALICE, CAROL):
        assert logged("", who) == logged("POOL", who) == every
    assert logged("POOL/WEB") == sorted([web, handed, handed, again, inside])
    assert logged("POOL/BATCH") == [batch]
    head, *lines = pool.done("root", "log POOL/BATCH").splitlines()
    assert head.split() == ["REV", "IN", "TIME", "USER", "STATEMENT"]
    assert ["2", "POOL", "(former)"] in [line.split()[:3] for line in lines]
    assert "there is no scheduler POOL/NONE" in pool.refused(4, "root", "log POOL/NONE")
    # somebody else has it now, with a store of his own; then she has it again
    pool.done("root", f"grant POOL to {BOB}")
    pool.done(BOB, "POOL/HIS on cpu0 lwktpri 1")
    assert logged("POOL") == sorted([*every, ("POOL", False, BOB, "POOL/HIS on cpu0 lwktpri 1")])
    pool.done("root", "revoke POOL")
    assert pool.say("root", f"grant POOL to {ALICE} lwktpri 6 depth 2").status == 0
    assert {each[:3] for each in logged("POOL")} == {
        ("POOL", False, ALICE),
        ("POOL", True, BOB),
        ("POOL/WEB", False, BOB),
    }
    # what is away is no trouble
    pool.done("root", "revoke POOL")
    shutil.rmtree(pool.store(ALICE, "POOL").parent)
    assert logged("") == [("POOL", True, BOB, "POOL/HIS on cpu0 lwktpri 1")]


def test_log_of_a_former_part_ends_with_it(pool: People) -> None:
    pool.done("root", "revoke POOL")
    forge(
        pool,
        "INSERT INTO revision SELECT 9, '2099-01-01T00:00:00Z', uid, user, 'X' FROM revision"
        " WHERE number = 1",
    )
    result = pool.say("root", "log POOL --json")
    assert result.err == f"usched: POOL: of the log of {ALICE}'s former part 1 are damaged\n"
    assert "X" not in [each["text"] for each in json.loads(result.out)]
    pool.store(ALICE, "POOL").write_bytes(b"no registry")
    result = pool.say("root", "log POOL --json")
    assert result.err == (
        f"usched: POOL: the log of {ALICE}'s former part cannot be read: it is not a SQLite file\n"
    )
    assert {each["store"] for each in json.loads(result.out)} == {None}


def test_logs_of_many_former_parts_are_read_as_far_as_that_is_soon_done(people: People) -> None:
    people.done("root", "POOL on cpu* lwktpri 6")
    script = "".join(f"POOL/P{number} on cpu* lwktpri 6\n" for number in range(80))
    script += "".join(f"grant POOL/P{number} to {ALICE}\n" for number in range(80))
    script += "".join(f"revoke POOL/P{number}\n" for number in range(80))
    (people.folder / "many.usched").write_text(script)
    people.say("root", f"batch {people.folder}/many.usched")
    result = people.say("root", "log --limit 1")
    assert result.err == (
        "usched: of the logs of parts that were taken back only those of 64 are read\n"
    )
    assert people.done("root", "log POOL/P0")


def test_name_that_a_holder_writes_into_her_log_is_behind_hers(pool: People) -> None:
    forge(pool, "UPDATE revision SET uid = 0, user = 'root' || char(27) || '[2J'")
    users = {each["user"] for each in json.loads(pool.done("root", "log POOL --json"))}
    assert users == {"root", BOB, f"{ALICE} (as root\N{REPLACEMENT CHARACTER}[2J)"}
    forge(
        pool,
        f"UPDATE revision SET uid = {pwd.getpwnam(ALICE).pw_uid}, user = 'root'",
        "UPDATE revision SET time = char(27) || '[2J' WHERE number = 1",
    )
    result = pool.say("root", "log POOL --json")
    assert result.err == f"usched: POOL: of the log of {ALICE}'s part 1 are damaged\n"
    assert {each["user"] for each in json.loads(result.out)} == {"root", BOB, f"{ALICE} (as root)"}


def outlive(pool: People) -> None:
    """What is granted for a tick holds to the next whole second."""
    started = time.monotonic()
    while "the grant ended at" not in pool.say("root", "tree").err:
        assert time.monotonic() - started < 60
        time.sleep(0.05)


def test_grant_ends_by_itself(pool: People) -> None:
    pool.done("root", f"grant POOL to {ALICE} until 1")
    outlive(pool)
    ends = json.loads(pool.say("root", "grants --json").out)[0]["until"]
    result = pool.say("root", "tree POOL")
    assert result.err == (
        f"usched: POOL: {ALICE}'s part does not hold: the grant ended at {ends}\n"
        "  POOL runs as if undivided\n"
    )
    assert result.out == "POOL  lwktpri 6, on cpu0-7: 4 vcpus on 8 cpus, granted to " + ALICE + "\n"
    assert f"not permitted: your grant of POOL ended at {ends}" in pool.refused(
        5, ALICE, "POOL/X on cpu0 lwktpri 1"
    )
    assert f"not permitted: your grant of POOL ended at {ends}" in pool.say(ALICE, "rollback 0").err
    assert pool.say("root", f"grant POOL to {ALICE}").status == 0
    assert "POOL/WEB" in pool.done("root", "tree POOL")


def test_what_is_handed_on_of_a_grant_that_ended_is_shown_with_when(pool: People) -> None:
    pool.done("root", f"grant POOL to {ALICE} lwktpri 6 depth 2 until 1")
    outlive(pool)
    ends = json.loads(pool.say(BOB, "grants --json").out)[0]["until"]
    why = f"the grant ended at {ends}"
    told = f"usched: POOL: {ALICE}'s part does not hold: {why}\n  POOL runs as if undivided\n"
    for who in ("root", BOB):
        said = pool.say(who, "grants --json")
        assert said.err == told  # and no word on what follows from it
        assert [(each["name"], each["trouble"]) for each in json.loads(said.out)] == [
            ("POOL", why),
            ("POOL/WEB", why),
        ]
    assert f"not permitted: your grant of POOL/WEB ended at {ends}" in pool.refused(
        5, BOB, "POOL/WEB/IN on cpu1 lwktpri 1"
    )
    assert "POOL/WEB/IN on cpu1 lwktpri 2" in pool.done("root", "log POOL/WEB/IN")


def test_group_holds_a_part_together(people: People) -> None:
    declare(people, POOL[:2])
    people.done("root", f"grant NORM to @{TEAM}")
    people.done(ALICE, "NORM/A on cpu0 lwktpri 5")
    people.done(BOB, "NORM/B on cpu1 lwktpri 5")
    people.done(ALICE, "destroy NORM/B")
    assert f"NORM/C is @{TEAM}'s; you hold nothing" in people.refused(
        5, CAROL, "NORM/C on cpu0 lwktpri 5"
    )
    users = [each["user"] for each in json.loads(people.done("root", "log NORM --json"))]
    assert f"@{TEAM} (as {BOB})" in users
    path = people.store(f"@{TEAM}", "NORM")
    folder = path.parent.stat()
    assert (folder.st_uid, folder.st_gid) == (0, grp.getgrnam(TEAM).gr_gid)
    assert stat.S_IMODE(folder.st_mode) == 0o2775
    assert (path.owner(), stat.S_IMODE(path.stat().st_mode)) == (ALICE, 0o644)
    # alice hands on a part to the group
    people.done("root", f"grant POOL to {ALICE}")
    people.done(ALICE, "POOL/WEB on cpu0 cpu1 lwktpri 6")
    people.done(ALICE, f"grant POOL/WEB to @{TEAM}")
    people.done(BOB, "POOL/WEB/IN on cpu0 lwktpri 3")
    people.done(ALICE, "POOL/WEB/IN on cpu0 lwktpri 4")
    people.done(BOB, f"grant POOL/WEB/IN to {CAROL}")
    people.done(CAROL, "POOL/WEB/IN/NER on cpu0 lwktpri 4")
    assert "POOL/WEB/IN/NER" in people.done(CAROL, "tree")
    assert people.store(ALICE, "POOL", f"@{TEAM}", "POOL:WEB").owner() == BOB


def say_in_groups(people: People, who: str, groups: list[int], line: str) -> Result:
    """As `People.say`, from a session that is in these groups, whatever the system lists."""

    def act() -> int:
        account = pwd.getpwnam(who)
        os.setgroups(groups)
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        return run(["--registry", str(people.registry), *line.split()])

    return people.act("root", act)


def test_session_in_a_group_that_does_not_list_its_user_cannot_void_the_part(
    people: People,
) -> None:
    """The system would let it write a file that then counts for nobody."""
    declare(people, POOL[:2])
    people.done("root", f"grant NORM to @{TEAM}")
    people.done(ALICE, "NORM/A on cpu0 lwktpri 5")
    team = grp.getgrnam(TEAM).gr_gid
    before = people.files()
    said = say_in_groups(people, CAROL, [team], "NORM/C on cpu0 lwktpri 5")
    assert said.status == 5
    assert said.err.splitlines()[-1] == (
        f"  this session is in @{TEAM}, and you are not, as the system lists it, which counts"
    )
    said = say_in_groups(people, BOB, [], "NORM/B on cpu0 lwktpri 5")
    assert said.status == 5
    assert said.err.splitlines()[-1] == (
        f"  you are in @{TEAM}, and this session is not: log in anew, or newgrp {TEAM}"
    )
    assert people.files() == before
    people.done(BOB, "NORM/B on cpu0 lwktpri 5")
    assert "NORM/A" in people.done("root", "tree")


def test_file_of_who_is_not_in_the_group_any_more_does_not_hold(people: People) -> None:
    declare(people, POOL[:2])
    people.done("root", f"grant NORM to @{TEAM}")
    people.done(ALICE, "NORM/A on cpu0 lwktpri 5")
    shutil.chown(people.store(f"@{TEAM}", "NORM"), CAROL)
    why = f"its file is {CAROL}'s, who is not in @{TEAM}"
    assert people.say("root", "tree").err.splitlines()[0] == (
        f"usched: NORM: @{TEAM}'s part does not hold: {why}"
    )
    path = people.store(f"@{TEAM}", "NORM")
    assert people.refused(1, BOB, "NORM/B on cpu0 lwktpri 5").splitlines()[-3:] == [
        f"usched: your part of NORM cannot be read: {why}",
        f"  it is {path}: put it back from a copy, or move it away",
        f"  or take it over as it is: cp {path} {path}-mine && mv -f {path}-mine {path}",
    ]

    def take_over() -> int:
        mine = path.with_name(f"{path.name}-mine")
        mine.write_bytes(path.read_bytes())
        mine.replace(path)
        return 0

    assert people.act(BOB, take_over).status == 0
    people.done(BOB, "NORM/B on cpu0 lwktpri 5")
    assert "NORM/A" in people.done("root", "tree")


def test_giver_cannot_have_the_holder_write_or_delete_anything_else(pool: People) -> None:
    """The folder of bob's store is alice's."""
    store = pool.store(ALICE, "POOL", BOB, "POOL:WEB")
    victim = pool.folder / "victim"
    victim.write_text("precious")
    shutil.chown(victim, BOB)
    magic = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
    name = str(victim).encode()
    journal = magic + b"\0\0\0\1" + bytes(8) + (512).to_bytes(4, "big")
    journal = (journal + (4096).to_bytes(4, "big")).ljust(512, b"\0")
    journal += (0x40000001).to_bytes(4, "big") + name + len(name).to_bytes(4, "big")
    journal += sum(name).to_bytes(4, "big") + magic

    def plant() -> int:
        store.with_name(f"{store.name}-journal").write_bytes(journal)
        store.with_name(f"{store.name}-new").symlink_to(victim)
        return 0

    def link() -> int:
        store.unlink()
        store.symlink_to(victim)
        return 0

    assert pool.act(ALICE, plant).status == 0
    assert pool.say(BOB, "POOL/WEB/IN on cpu0 lwktpri 1").status == 0
    assert victim.read_text() == "precious"
    assert pool.act(ALICE, link).status == 0
    result = pool.say(BOB, "POOL/WEB/IN on cpu1 lwktpri 1")
    assert result.status == 1
    assert "your part of POOL/WEB cannot be read: it is a symbolic link" in result.err
    assert (victim.read_text(), victim.owner()) == ("precious", BOB)


def test_owner_who_holds_a_part_himself_changes_it_by_its_names(people: People) -> None:
    declare(people, POOL[:2])
    people.done("root", "grant POOL to root")
    assert people.done("root", "POOL/WEB on cpu0 lwktpri 2").startswith(
        "POOL/WEB on cpu0 lwktpri 2  # revision 1\n"
    )
    assert people.done("root", "NORM on cpu0 lwktpri 2").startswith(
        "NORM on cpu0 lwktpri 2  # revision 5\n"
    )
    script = people.folder / "both.usched"
    script.write_text("POOL/A on cpu0 lwktpri 1\nNORM on cpu0 lwktpri 1\n")
    said = people.refused(3, "root", f"batch {script}")
    assert "NORM is in another store than what stands beneath POOL" in said
    assert people.refused(3, "root", f"check {script}") == said
    # each script is a batch of its own
    apart = people.folder / "a.usched", people.folder / "b.usched"
    for file, line in zip(apart, script.read_text().splitlines(), strict=True):
        file.write_text(f"{line}\n")
    assert people.say("root", f"check {apart[0]} {apart[1]}").status == 0


def test_first_change_of_all_may_grant(people: People) -> None:
    people.registry.unlink()
    script = people.folder / "first.usched"
    script.write_text(f"POOL on cpu0 lwktpri 4\ngrant POOL to {ALICE}\n")
    options = ("--topology", "pack:1 pu:2")
    assert people.run("root", "batch", str(script), *options).status == 0
    people.done(ALICE, "POOL/A on cpu0 lwktpri 4")
    assert people.say("root", "grants").out.splitlines()[1].split()[:2] == ["POOL", ALICE]


def test_giver_is_told_where_the_holder_cannot_look(people: People) -> None:
    declare(people, POOL[:2])
    people.registry.chmod(0o600)
    people.registry.parent.chmod(0o700)
    assert people.say("root", f"grant POOL to {ALICE}").err == (
        f"usched: {ALICE} may not be able to read {people.registry}: "
        f"chmod o+r {people.registry}\n"
        f"usched: {ALICE} may not be able to enter {people.registry.parent}: "
        f"chmod o+x {people.registry.parent}\n"
    )


def test_umask_of_nobody_decides_who_may_read(people: People) -> None:
    for who, line in POOL:
        assert people.run(who, *line.split(), umask=0o077).status == 0
    assert "POOL/WEB/IN" in people.done(CAROL, "tree")
    folder = people.store(ALICE, "POOL").parent
    assert (folder.owner(), stat.S_IMODE(folder.stat().st_mode)) == (ALICE, 0o755)


def test_default_registry_is_the_systems_for_who_holds_a_part_of_it(
    pool: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usched.face.options.SYSTEM_REGISTRY", str(pool.registry))
    monkeypatch.delenv("USCHED_REGISTRY", raising=False)
    state = pool.folder / "state"
    state.mkdir()
    state.chmod(0o1777)
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    assert pool.act(ALICE, lambda: run(["destroy", "POOL/BATCH"])).status == 0
    assert pool.act(BOB, lambda: run(["destroy", "POOL/WEB/IN"])).status == 0
    assert list(state.iterdir()) == []
    options = ["--topology", "pack:1 pu:2"]
    assert (
        pool.act(CAROL, lambda: run(["MINE", "on", "cpu0", "lwktpri", "4", *options])).status == 0
    )
    assert [path.name for path in state.iterdir()] == ["usched"]
    assert "MINE" not in pool.done("root", "list")


def test_who_may_hold_a_part_of_one_that_cannot_be_read_is_told_whose_registry_he_has(
    pool: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What he types is about his own then, where he may have meant the system's."""
    monkeypatch.setattr("usched.face.options.SYSTEM_REGISTRY", str(pool.registry))
    monkeypatch.delenv("USCHED_REGISTRY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(pool.folder / "nobodys"))
    options = ["--topology", EIGHT_CPUS]

    def tree(who: str) -> Result:
        return pool.act(who, lambda: run(["tree", *options]))

    assert "POOL/WEB/IN" in tree(BOB).out
    assert tree(CAROL).err == ""
    store = pool.store(ALICE, "POOL")
    store.chmod(0)
    for who in (BOB, CAROL):
        assert tree(who).err == (
            "usched: whether you hold a part of the system's registry is not known: "
            f"{ALICE}'s part of POOL does not hold: POOL.db cannot be read: Permission denied\n"
        )
    # what has ended was read, and where nothing was ever handed on nobody holds anything
    store.chmod(0o644)
    pool.done("root", f"grant POOL to {ALICE} lwktpri 6 depth 2 until 1")
    outlive(pool)
    assert tree(CAROL).err == ""
    store.chmod(0)
    assert pool.say("root", f"grant POOL to {ALICE} lwktpri 6 depth 2").status == 0
    shutil.rmtree(store.with_name("POOL.db.grants"))
    assert tree(CAROL).err == ""


def test_system_registry_is_made_for_all_to_read(tmp_path: Path) -> None:
    from usched.world import paths

    folder = tmp_path / "var"
    before = paths.SYSTEM_FOLDER
    paths.SYSTEM_FOLDER = str(folder)
    mask = os.umask(0o077)
    try:
        paths.make_default(str(folder / "registry.db"))
    finally:
        os.umask(mask)
        paths.SYSTEM_FOLDER = before
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "registry.db").stat().st_mode) == 0o644


def test_giver_cannot_say_for_the_holder_what_he_declared(pool: People) -> None:
    """A journal beside bob's store, in alice's folder, would put other pages into what is read."""
    store = pool.store(ALICE, "POOL", BOB, "POOL:WEB")
    now = store.read_bytes()
    forged = now.replace(b"POOL/WEB/IN on cpu1 lwktpri 2", b"POOL/WEB/IN on cpu0 lwktpri 1")
    size = 4096
    pages = [
        (at // size + 1, forged[at : at + size])
        for at in range(0, len(forged), size)
        if forged[at : at + size] != now[at : at + size]
    ]
    assert pages
    head = [len(pages), 0, len(now) // size, 512, size]
    journal = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"".join(n.to_bytes(4, "big") for n in head)
    journal = journal.ljust(512, b"\0")
    for number, page_of in pages:
        checksum = sum(page_of[size - 200 : 0 : -200]) & 0xFFFFFFFF
        journal += number.to_bytes(4, "big") + page_of + checksum.to_bytes(4, "big")

    def plant(who: str) -> None:
        path = store.with_name(f"{store.name}-journal")
        assert pool.act(who, lambda: path.write_bytes(journal) * 0).status == 0

    plant(ALICE)
    assert "POOL/WEB/IN  lwktpri 2, on cpu1" in pool.done("root", "tree").replace("|", "")
    # what bob leaves there himself is a change of his that was cut short
    store.with_name(f"{store.name}-journal").unlink()
    plant(BOB)
    assert "POOL/WEB/IN  lwktpri 1, on cpu0" in pool.done("root", "tree").replace("|", "")


def test_stranded_scheduler_says_why_and_what_brings_it_back(pool: People) -> None:
    assert pool.say("root", "POOL on cpu0 lwktpri 6 vcpus 1 --strand").status == 0
    why = "cpu1 is not in POOL (it has cpu0)"
    back = (
        f"  it is back when POOL has room for it again, or when {ALICE} declares it anew\n"
        "  usched log POOL/WEB shows how it is declared"
    )
    for line in ("show POOL/WEB", "explain POOL/WEB", "tree POOL/WEB", "move 1 into POOL/WEB"):
        said = pool.refused(4, "root", line)
        assert said.endswith(f"\nusched: POOL/WEB is stranded: {why}\n{back}"), line
    said = pool.refused(4, BOB, "show POOL/WEB/IN")
    assert said.endswith(f"\nusched: POOL/WEB/IN is stranded, with POOL/WEB: {why}\n{back}")
    said = pool.refused(3, BOB, "POOL/WEB/NEW on cpu0 lwktpri 1")
    assert f"1:1: POOL/WEB is stranded: {why}\n" in said
    assert "there is no scheduler POOL/NOPE" in pool.refused(4, BOB, "show POOL/NOPE")
    assert pool.say("root", "POOL on cpu0-7 lwktpri 6 vcpus 4").status == 0
    assert pool.say("root", f"grant POOL to {ALICE} lwktpri 3 --strand").status == 0
    assert "POOL is granted with wider bounds, or" in pool.refused(4, "root", "show POOL/WEB")
    assert pool.say("root", f"grant POOL to {ALICE} until 1").status == 0
    outlive(pool)
    ends = json.loads(pool.say("root", "grants --json").out)[0]["until"]
    assert pool.refused(4, "root", "show POOL/WEB").endswith(
        f"usched: there is no POOL/WEB: {ALICE}'s part of POOL does not hold: "
        f"the grant ended at {ends}\n"
        "  what is declared there is kept, and is back when that holds again\n"
        "  usched grants shows what is granted, and until when"
    )


def test_workload_in_a_stranded_scheduler_is_told_why(pool: People) -> None:
    workload = pool.folder / "w.yaml"
    workload.write_text("programs: [{name: a, scheduler: POOL/WEB, run: 9}]\n")
    assert pool.say("root", "POOL on cpu0 lwktpri 6 vcpus 1 --strand").status == 0
    machines = [pool.folder / "eight.yaml", pool.folder / "ten.yaml"]
    for machine, cores in zip(machines, (8, 10), strict=True):
        machine.write_text(f"cores: {cores}\n")
    several = " ".join(f"--topology {machine}" for machine in machines)
    for line in (f"simulate {workload}", f"check {workload}", f"compare {workload} {several}"):
        said = pool.refused(3, ALICE, line)
        why = "POOL/WEB is stranded: cpu1 is not in POOL (it has cpu0)"
        assert f"program 'a' forks at tick 0 into POOL/WEB: {why}" in said, line
        assert "usched log POOL/WEB shows how it is declared" in said
        assert "does not exist" not in said


def test_comparison_with_the_registry_has_the_parts_in_it(pool: People) -> None:
    """One script is held against the registry, in which bob's scheduler was declared first."""
    workload, script = pool.folder / "w.yaml", pool.folder / "same.usched"
    workload.write_text("programs: [{name: a, scheduler: POOL/WEB/IN, run: 9}]\n")
    script.write_text(pool.done(CAROL, "export"))
    assert pool.done(CAROL, f"compare {workload} {script}").count("0 figures better, 0 worse")
    assert "POOL/WEB/IN" in pool.done(CAROL, f"simulate {workload} --figures")


def test_levels_that_are_left_are_never_fewer_than_none(people: People) -> None:
    declare(people, POOL[:2])
    people.done("root", f"grant POOL to {ALICE}")
    people.done(ALICE, "POOL/WEB on cpu0 lwktpri 6")
    people.done(ALICE, f"grant POOL/WEB to {BOB}")
    people.done(BOB, "POOL/WEB/IN on cpu0 lwktpri 2")
    people.done(BOB, f"grant POOL/WEB/IN to {CAROL}")
    people.done("root", f"grant POOL to {ALICE} depth 1 --strand")
    assert [each["levels"] for each in json.loads(people.say("root", "grants --json").out)] == [
        1, 0, 0,
    ]  # fmt: skip


def test_giver_who_is_not_in_the_group_cannot_write_its_part(people: People) -> None:
    declare(people, POOL[:2])
    people.done("root", f"grant POOL to {CAROL}")
    people.done(CAROL, "POOL/WEB on cpu0 lwktpri 6")
    people.done(CAROL, f"grant POOL/WEB to @{TEAM}")
    people.done(BOB, "POOL/WEB/IN on cpu0 lwktpri 2")
    shutil.chown(people.store(CAROL, "POOL", f"@{TEAM}", "POOL:WEB"), CAROL)
    assert people.say("root", "tree").err.splitlines()[0] == (
        f"usched: POOL/WEB: @{TEAM}'s part does not hold: "
        f"its file is {CAROL}'s, who is not in @{TEAM}"
    )


def test_hard_link_in_the_place_of_the_lock_changes_no_other_files_mode(pool: People) -> None:
    """The folder of bob's store is alice's; where the system lets her link to his files, she may
    put one there."""
    lock = pool.store(ALICE, "POOL", BOB, "POOL:WEB").with_name("POOL:WEB.db-lock")
    victim = pool.folder / "victim"
    victim.write_text("precious")
    victim.chmod(0o644)
    shutil.chown(victim, BOB)
    lock.unlink()
    lock.hardlink_to(victim)
    assert (
        "POOL:WEB.db-lock has 2 names (hard links)"
        in pool.say(BOB, "POOL/WEB/IN on cpu0 lwktpri 1").err
    )
    assert stat.S_IMODE(victim.stat().st_mode) == 0o644


def test_store_that_cannot_be_written_to_its_end_leaves_nothing_behind(pool: People) -> None:
    def act() -> int:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        return run(["--registry", str(pool.registry), *["POOL/NEW", "on", "cpu0", "lwktpri", "1"]])

    before = pool.files()
    said = pool.act(ALICE, act)
    store = pool.store(ALICE, "POOL")
    what = f"your part of POOL cannot be written: {store}: File too large"
    assert (said.status, said.err) == (1, f"usched: {what}\n")
    assert pool.files() == before


@pytest.mark.parametrize("options", ["", " -n"])
def test_folder_that_may_not_be_written_is_said_also_of_what_is_only_tried(
    options: str, pool: People
) -> None:
    store = pool.store(ALICE, "POOL")
    store.with_name("POOL.db-lock").unlink()
    what = f"not permitted: your part of POOL cannot be written: {store}: Permission denied"
    for whose, mode, remedy in (
        (ALICE, 0o555, f"chmod u+rwx {store.parent}"),
        (ALICE, 0o000, f"chmod u+rwx {store.parent}"),
        ("root", 0o755, "the folder is of who granted it"),
    ):
        shutil.chown(store.parent, whose)
        store.parent.chmod(mode)
        said = pool.refused(5, ALICE, f"POOL/NEW on cpu0 lwktpri 1{options}")
        assert said.splitlines() == [f"usched: {what}", f"  {remedy}"]


def test_folder_that_is_gone_is_said_and_made_anew(pool: People) -> None:
    """A registry that was put back from a copy may be without its parts."""
    folder = pool.store(ALICE, "POOL").parent
    folder.rename(pool.folder / "aside")
    why = "its folder is gone: to revoke and grant it makes a new one"
    assert pool.say("root", "tree").err == (
        f"usched: POOL: {ALICE}'s part does not hold: {why}\n  POOL runs as if undivided\n"
    )
    assert pool.refused(1, ALICE, "POOL/X on cpu0 lwktpri 1").endswith(
        "POOL.db: No such file or directory\n"
        "  its folder is gone: who granted it makes a new one by revoke and grant"
    )
    folder.parent.rmdir()
    assert why in pool.refused(3, ALICE, "POOL/X on cpu0 lwktpri 1")
    assert pool.say("root", "revoke POOL").status == 0
    pool.done("root", f"grant POOL to {ALICE}")
    pool.done(ALICE, "POOL/X on cpu0 lwktpri 1")


def test_time_to_come_in_a_holders_log_does_not_make_it_the_newest(pool: People) -> None:
    forge(pool, "UPDATE revision SET time = '9999-01-01T00:00:00Z' WHERE number < 3")
    result = pool.say("root", "log --json")
    assert result.err == f"usched: POOL: of the log of {ALICE}'s part 2 are damaged\n"
    assert "9999" not in result.out


def test_name_beside_another_ones_number_is_no_grant(pool: People) -> None:
    """Who reads bob's name there must not meet carol's schedulers."""
    record = json.dumps([f"grant POOL/WEB to {BOB}", pwd.getpwnam(CAROL).pw_uid, 0, None])
    forge(pool, f"UPDATE granted SET record = '{record}'")
    assert pool.say("root", "tree").err == (
        f"usched: POOL/WEB: {BOB}'s part does not hold: "
        f"{BOB} is somebody else than whom it was granted to\n  POOL/WEB runs as if undivided\n"
    )


def test_holder_who_calls_sudo_is_told_that_it_is_hers_without(pool: People) -> None:
    def sudo(who: str, line: str) -> Result:
        os.environ["SUDO_USER"], os.environ["SUDO_UID"] = who, str(pwd.getpwnam(who).pw_uid)
        try:
            return pool.say("root", line)
        finally:
            del os.environ["SUDO_USER"], os.environ["SUDO_UID"]

    pool.done("root", f"grant NORM to @{TEAM}")
    for who, line in (
        (ALICE, "POOL/NEW on cpu0 lwktpri 1"),
        (ALICE, "destroy POOL/BATCH"),
        (ALICE, "rollback 1 --in POOL"),
        (BOB, "destroy POOL/WEB/IN"),
        (BOB, "NORM/A on cpu0 lwktpri 1"),
    ):
        result = sudo(who, line)
        assert (result.status, result.out) == (5, ""), line
        assert result.err.endswith("  without sudo it is yours to change\n"), line
    for who, line in ((CAROL, "NORM/A on cpu0 lwktpri 1"), (BOB, "POOL/NEW on cpu0 lwktpri 1")):
        assert "you granted it: usched revoke" in sudo(who, line).err


def test_name_that_is_nobodys_or_another_ones_now_is_told(pool: People) -> None:
    """As after userdel and useradd: what is granted stays with the number."""
    before = pwd.getpwnam(CAROL).pw_uid

    def renumber(name: str, number: int, ends: str | None = None) -> None:
        record = json.dumps([f"grant POOL to {name}", number, 0, ends])
        with closing(sqlite3.connect(pool.registry)) as connection:
            connection.execute("UPDATE granted SET record = ?", (record,))
            connection.commit()

    renumber("usched-nobody", pwd.getpwnam(ALICE).pw_uid)
    pool.store(ALICE, "POOL").parent.rename(pool.store("usched-nobody", "POOL").parent)
    unknown = "whom the system does not know any more\n  root takes it back: usched revoke POOL"
    assert unknown in pool.say("root", "check").err
    assert unknown in pool.say("root", "grants").err
    assert [each["estranged"] for each in json.loads(pool.done("root", "grants --json"))] == [
        f"POOL is granted to usched-nobody, uid {pwd.getpwnam(ALICE).pw_uid}, "
        "whom the system does not know any more",
        None,
    ]
    told = json.loads(pool.done("root", "check --json"))["warnings"]
    assert [each["remedy"] for each in told if each["rule"] == "holder"] == [
        "root takes it back: usched revoke POOL"
    ]
    # of a group that is gone nobody is a member, and so what they wrote does not hold either
    renumber("@usched-nobody", 4_000_000)
    pool.store("usched-nobody", "POOL").parent.rename(pool.store("@usched-nobody", "POOL").parent)
    assert f"gid 4000000, {unknown}" in pool.say("root", "check").err
    pool.store("@usched-nobody", "POOL").parent.rename(pool.store("usched-nobody", "POOL").parent)
    renumber(CAROL, pwd.getpwnam(ALICE).pw_uid)
    pool.store("usched-nobody", "POOL").parent.rename(pool.store(CAROL, "POOL").parent)
    was = pwd.getpwnam(ALICE).pw_uid
    assert (
        f"usched: warning: POOL is granted to {CAROL}, uid {was}, "
        f"and that name is uid {before} now\n" in pool.say("root", "check").err
    )
    said = pool.refused(5, CAROL, "POOL/NEW on cpu0 lwktpri 1")
    assert f"not permitted: POOL/NEW is {CAROL}'s; you hold nothing" in said
    assert said.endswith(
        f"  that was another {CAROL}, uid {was}: root may revoke POOL and grant it to you"
    )
    assert pool.say(ALICE, "POOL/NEW on cpu0 lwktpri 1").status == 0


def test_lock_of_somebody_else_is_named_with_what_takes_it_away(pool: People) -> None:
    lock = pool.store(ALICE, "POOL").with_name("POOL.db-lock")
    shutil.chown(lock, CAROL)
    line = "POOL/NEW on cpu0 lwktpri 1"
    assert pool.refused(5, ALICE, line).endswith(
        f"Permission denied\n  {lock} is not yours: take it away: rm -f {lock}"
    )

    def take_away() -> int:
        lock.unlink()
        return 0

    assert pool.act(ALICE, take_away).status == 0
    pool.done(ALICE, line)
    lock.unlink()
    lock.symlink_to("/etc/passwd")
    assert f"cannot be written: {lock}: Too many levels" in pool.refused(1, ALICE, line)


def test_folder_that_its_owner_cannot_lock_is_told_with_why(pool: People) -> None:
    folder = pool.store(ALICE, "POOL").with_name("POOL.db.grants")
    folder.chmod(0o311)
    result = pool.say(ALICE, "POOL/NEW on cpu0 lwktpri 1")
    assert result.status == 0
    assert result.err.startswith(
        f"usched: {folder} cannot be locked, so what others declare now is not seen: "
        "Permission denied\n"
    )


def test_grant_says_when_it_ends(pool: People) -> None:
    out = pool.done("root", f"grant NORM to {BOB} until 3000000000s")
    ends = json.loads(pool.done("root", "show NORM --json"))["granted"]["until"]
    assert out == f"grant NORM to {BOB} until 3000000000s  # revision 5\n#   ends at {ends}\n"


def test_group_that_is_granted_something_without_its_sign_is_suggested(pool: People) -> None:
    assert f"  did you mean '@{TEAM}'?" in pool.refused(4, "root", f"grant NORM to {TEAM}")


def test_log_says_whom_a_holder_claims_to_be_called_by(
    pool: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", CAROL)
    monkeypatch.setenv("SUDO_UID", str(pwd.getpwnam(CAROL).pw_uid))
    pool.done(ALICE, "POOL/NEW on cpu0 lwktpri 1")
    pool.done("root", "NORM on cpu0-3 lwktpri 4")
    found = {each["text"]: each["user"] for each in json.loads(pool.done(BOB, "log --json"))}
    assert found["POOL/NEW on cpu0 lwktpri 1"] == f"{ALICE} (sudo: {CAROL}, as claimed)"
    assert found["NORM on cpu0-3 lwktpri 4"] == f"root (sudo: {CAROL})"
