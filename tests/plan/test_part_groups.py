"""What of a plan is a holder's, and what of that only root can make."""

from __future__ import annotations

from tests.plan.cgroup_model import KERNELS
from tests.plan.test_owners import STATEMENTS, want
from tests.plan.trees import hands_of, tree_of
from usched.plan.difference import Step
from usched.plan.kernel import Kernel
from usched.plan.owners import OWNER
from usched.plan.part_groups import (
    Portion,
    find_others,
    find_priorities,
    keep_partitions,
    narrow_observed,
    narrow_wanted,
)
from usched.plan.wanted import OUTSIDE, Wanted

POOL = Portion("POOL", ("POOL/WEB",), "1000")

EXCLUSIVE = ("POOL on cpu0-3 lwktpri 6", "POOL/X on cpu0 lwktpri 6 exclusive")


def narrow(*statements: str, portion: Portion = POOL) -> Wanted:
    hands = hands_of({"POOL": "alice", "POOL/WEB": "bob"} if portion.handed else {"POOL": "alice"})
    return narrow_wanted(want(tree_of(*statements), hands), portion)


def test_a_holder_has_what_is_beneath_less_what_is_handed_on() -> None:
    wanted = narrow(*STATEMENTS)
    assert [group.path for group in wanted.groups] == [
        "POOL",
        "POOL/:own",
        "POOL/WEB",
        "POOL/BATCH",
    ]
    pool, _, web, batch = wanted.groups
    assert pool.files == {"cgroup.subtree_control": "cpuset cpu"}
    assert "cgroup.subtree_control" not in web.files
    assert web.files["cpuset.cpus"] == "0-1"
    assert OWNER not in batch.files
    assert wanted.threads.keys() == {"POOL", "POOL/BATCH"}
    assert not any(note.scheduler in ("NORM", "POOL/WEB/IN") for note in wanted.notes)


def test_what_others_have_there_is_not_seen() -> None:
    said = {
        "cgroup.procs": "3",
        "cgroup.subtree_control": "cpu",
        "cpu.idle": "0",
        OWNER: "1000 1000",
    }
    there = dict.fromkeys((OUTSIDE, "", "POOL", "POOL/WEB", "POOL/WEB/IN", "POOL/X", "N"), said)
    assert narrow_observed(there, POOL) == {
        "POOL": {"cgroup.procs": "3", "cgroup.subtree_control": "cpu"},
        "POOL/WEB": {"cgroup.procs": "0", "cpu.idle": "0"},
        "POOL/X": {"cgroup.procs": "3", "cgroup.subtree_control": "cpu", "cpu.idle": "0"},
    }


def _partitions(wanted: Wanted, parent: str = "member", kernel: Kernel = KERNELS[1]) -> list[str]:
    portion = POOL._replace(handed=())
    kept = keep_partitions(wanted, {}, portion, kernel, parent)
    words = [group.files.get("cpuset.cpus.partition", "") for group in kept.groups]
    asked = [group.files.get("cpuset.cpus.exclusive", "") for group in kept.groups]
    (x,) = [at for at, group in enumerate(kept.groups) if group.path == "POOL/X"]
    notes = [note.what for note in kept.notes if note.word == "exclusive"]
    return [words[x], asked[x], *notes]


def test_a_partition_under_what_is_none_is_roots_to_make() -> None:
    wanted = narrow(*EXCLUSIVE, portion=POOL._replace(handed=()))
    kind, asked, note = _partitions(wanted)
    assert (kind, asked) == ("member", "")
    assert note.startswith("a partition would read back as `root invalid (Enable partition not")
    assert _partitions(wanted, parent="root") == ["root", "0"]
    (*_, old) = _partitions(wanted, kernel=KERNELS[0])
    assert "`root invalid (Parent is not a partition root)`" in old


def test_a_partition_that_root_has_made_stays() -> None:
    portion = POOL._replace(handed=())
    wanted = narrow(*EXCLUSIVE, portion=portion)
    (x,) = [group for group in wanted.groups if group.path == "POOL/X"]
    assert keep_partitions(wanted, {"POOL/X": x.files}, portion, KERNELS[1], "member") == wanted


def test_real_time_takes_a_limit() -> None:
    threads = narrow("POOL on cpu* lwktpri 8", "POOL/R on cpu0 lwktpri 9").threads
    (note,) = find_priorities(threads, 8)
    assert (note.scheduler, note.word) == ("POOL/R", "lwktpri")
    assert list(find_priorities(threads, 9)) == []


def test_steps_on_what_is_somebody_elses_are_found() -> None:
    there = {
        OUTSIDE: {},
        "POOL": {OWNER: "- 1000"},
        "POOL/A": {OWNER: "1000 1000"},
        "POOL/B": {OWNER: "1000 1001"},
    }
    steps = [
        Step("mkdir", "POOL/N"),
        Step("write", "POOL/N", "cpu.weight", "7"),
        Step("write", "POOL/A", "cpu.weight", "7"),
        Step("write", "POOL/B", "cpu.weight", "7"),
        Step("move", "POOL", "", "POOL/A"),
    ]
    assert find_others(steps, there, {"1000"}) == []
    beyond = [
        Step("write", "POOL", "cpu.weight", "7"),
        Step("rmdir", "POOL/B/X"),
        Step("move", "POOL", "", OUTSIDE),
    ]
    assert find_others(beyond, there, {"1000"}) == [("POOL", ""), ("POOL/B", "1001"), (OUTSIDE, "")]
