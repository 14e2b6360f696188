"""A pool in somebody else's hands: real users, each with the rights that the system gives them."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.face.sessions import page
from tests.people import ALICE, BOB, CAROL, POOL, TEAM, People, declare, gather
from usched.face.app import run

pytestmark = pytest.mark.slow


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
    assert pool.say("root", f"grant POOL to {ALICE} lwktpri 6").status == 0
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
    assert pool.say("root", "check").status == 0
    # the one who has it may mend it, and the one who took it may give it back
    assert pool.say(ALICE, "POOL/WEB on cpu0 lwktpri 6 -n").status == 0
    assert pool.say("root", "POOL on cpu0-7 lwktpri 6 vcpus 4").status == 0
    assert json.loads(pool.done("root", "tree POOL --json"))[0]["children"][0]["name"] == (
        "POOL/WEB/IN"
    )


def test_topology_and_rollback_strand_only_where_they_may(pool: People) -> None:
    two = "two.yaml"
    (pool.folder / two).write_text("cores: 2\n")
    pool.done("root", "POOL on cpu* lwktpri 6")
    pool.done(ALICE, "POOL/BATCH on cpu7 lwktpri 2")
    said = pool.refused(3, "root", f"topology load {pool.folder / two}")
    assert "POOL/BATCH would not fit: cpu7 is not in POOL (it has cpu0-cpu1)" in said
    assert "with --strand they stand aside" in said
    assert "POOL/BATCH would not fit" in pool.refused(3, "root", "rollback 4")
    assert pool.say("root", f"topology load {pool.folder / two} --strand").status == 0
    assert "POOL/BATCH  stranded" in pool.say("root", "tree").out
    assert pool.say("root", "rollback 4 --strand").status == 0
    assert "POOL/BATCH  stranded" in pool.say("root", "tree").out


def test_rollback_is_in_ones_own_store_and_cannot_pass_the_bounds(pool: People) -> None:
    registry = pool.registry.read_bytes()
    pool.done(ALICE, "destroy POOL/BATCH")
    assert pool.done(ALICE, "diff 3") == "- POOL/BATCH on cpu* lwktpri 2\n"
    assert pool.done(ALICE, "rollback 3") == (
        "+ POOL/BATCH on cpu* lwktpri 2\n# rollback to 3 is revision 5\n"
    )
    assert pool.registry.read_bytes() == registry
    assert "there is no revision 77" in pool.refused(4, ALICE, "rollback 77")
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


def test_name_that_a_holder_writes_into_her_log_is_behind_hers(pool: People) -> None:
    def forge() -> int:
        import sqlite3

        connection = sqlite3.connect(pool.store(ALICE, "POOL"))
        connection.execute("UPDATE revision SET uid = 0, user = 'root' || char(27) || '[2J'")
        connection.commit()
        return 0

    assert pool.act(ALICE, forge).status == 0
    users = {each["user"] for each in json.loads(pool.done("root", "log POOL --json"))}
    assert users == {"root", BOB, f"{ALICE} (as root\N{REPLACEMENT CHARACTER}[2J)"}

    def forge_the_name_alone() -> int:
        import sqlite3

        connection = sqlite3.connect(pool.store(ALICE, "POOL"))
        connection.execute("UPDATE revision SET uid = ?, user = 'root'", (os.geteuid(),))
        connection.execute("UPDATE revision SET time = char(27) || '[2J' WHERE number = 1")
        connection.commit()
        return 0

    assert pool.act(ALICE, forge_the_name_alone).status == 0
    result = pool.say("root", "log POOL --json")
    assert result.err == f"usched: POOL: of the log of {ALICE}'s part 1 are damaged\n"
    assert {each["user"] for each in json.loads(result.out)} == {"root", BOB, f"{ALICE} (as root)"}


def test_grant_ends_by_itself(pool: People) -> None:
    pool.done("root", f"grant POOL to {ALICE} until 1")  # a tick, and the clock shows seconds
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
    assert "NORM is in another store than what stands beneath POOL" in people.refused(
        3, "root", f"batch {script}"
    )


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
    back = f"  it is back when POOL has room for it again, or when {ALICE} declares it anew"
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
    ends = json.loads(pool.say("root", "grants --json").out)[0]["until"]
    assert pool.refused(4, "root", "show POOL/WEB").endswith(
        f"usched: there is no POOL/WEB: {ALICE}'s part of POOL does not hold: "
        f"the grant ended at {ends}\n"
        "  what is declared there is kept, and is back when that holds again"
    )


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
