"""alice divides what root has granted her, without root, and reaches nothing else."""

from __future__ import annotations

import errno
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.linux.inside.commands import (
    MOUNT,
    OURS,
    Command,
    Said,
    declare,
    enter,
    fork,
    groups,
    read,
    usched_says,
)
from tests.linux.inside.cutting import find_changes, kill_at, stop
from tests.linux.inside.load import hogs, trace_until
from tests.linux.inside.report import report
from tests.linux.inside.waiting import await_that

ALICE, BOB = 1000, 1001

SCRIPT = """
NORM on cpu4-7 lwktpri 5
POOL on cpu0-3 lwktpri 6
OTHER on cpu4 cpu5 lwktpri 6
grant POOL to alice lwktpri 6 depth 2
grant OTHER to @bob
"""

POOL, WEB = OURS / "POOL", OURS / "POOL/WEB"


def become(uid: int) -> None:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    os.environ["HOME"] = "/home/alice" if uid == ALICE else "/home/bob"


def begin(uid: int, line: str) -> Command:
    return Command(*line.split(), before=lambda: become(uid))


def says(uid: int, line: str) -> Said:
    return begin(uid, line).end()


def whose(folder: Path) -> dict[str, int]:
    """What is not root's."""
    found = {each.name: each.stat().st_uid for each in folder.iterdir() if each.is_file()}
    return {"": folder.stat().st_uid} | {name: uid for name, uid in found.items() if uid}


def heard(uid: int, place: Path, action: Callable[[], object]) -> object:
    """What a process of that user's, which root has put there, has to say."""
    hears, speaks = os.pipe()

    def act() -> int:
        enter(place)
        become(uid)
        os.write(speaks, json.dumps(action()).encode() + b"\n")
        return 0

    pid = fork(act)
    os.close(speaks)
    with open(hears, "rb") as pipe:
        said = pipe.readline()  # who was forked meanwhile has it open, too
    os.waitpid(pid, 0)
    return json.loads(said) if said else "nothing"


def tried(act: Callable[[], object]) -> str:
    try:
        act()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "done"


def write(path: Path, text: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


# -- checks -------------------------------------------------------------------


def root_hands_over() -> object:
    declare(SCRIPT)
    early = says(ALICE, "apply")
    applied = usched_says("apply", "-q")
    limits = [read(POOL / f"cgroup.max.{each}") for each in ("descendants", "depth")]
    return [early, applied, whose(POOL), whose(OURS / "NORM"), limits, usched_says("verify")]


def alice_applies() -> object:
    lines = (
        "POOL/WEB on cpu0 cpu1 lwktpri 6",
        "POOL/BATCH on cpu2 lwktpri 2",
        *("plan", "apply", "verify", "apply -q"),
    )
    said = [says(ALICE, line) for line in lines]
    made = [read(WEB / "cpuset.cpus"), read(OURS / "POOL/BATCH/cpu.idle"), whose(WEB).get("")]
    return [said, made, usched_says("verify"), usched_says("apply")]


def her_hogs_stay() -> object:
    """Root places her; she goes on from there."""
    placed = Command("exec", "--user", "alice", "POOL", "--", "sleep", "1000")
    await_that(lambda: Path(f"/proc/{placed.pid}/comm").read_text() == "sleep\n")
    first = [Path(f"/proc/{placed.pid}").stat().st_uid, read(Path(f"/proc/{placed.pid}/cgroup"))]
    outside = says(ALICE, f"move {placed.pid} into POOL/WEB")
    moved = read(Path(f"/proc/{placed.pid}/cgroup"))
    os.kill(placed.pid, signal.SIGKILL)
    placed.end()

    def burn() -> object:
        pids = [fork(_burn_in_web) for _ in range(4)]
        await_that(lambda: {*map(str, pids)} <= {*read(WEB / "cgroup.procs").split()})
        return pids

    pids = heard(ALICE, OURS / "POOL/:own", burn)
    assert isinstance(pids, list)
    ran = trace_until(lambda ran: ran.keys() >= set(pids))
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    cpus = sorted(set().union(*(ran.get(pid, set()) for pid in pids)))
    return [first, outside, moved, cpus, sum(pid in ran for pid in pids)]


def _burn_in_web() -> int:
    enter(WEB)
    while True:
        pass


def from_outside() -> object:
    """A process of hers that is in no part of hers."""
    program = begin(ALICE, "exec POOL/WEB -- sleep 0")
    return program.end()


def she_escapes() -> object:
    victim = fork(lambda: _sleep_in(OURS / "NORM"))
    procs = "cgroup.procs"

    def attempts() -> object:
        return {
            "own cpuset": tried(lambda: write(POOL / "cpuset.cpus", "0-7")),
            "own weight": tried(lambda: write(POOL / "cpu.weight", "10000")),
            "own limit": tried(lambda: write(POOL / "cgroup.max.descendants", "max")),
            "out": tried(lambda: write(MOUNT / procs, "0")),
            "up": tried(lambda: write(OURS / procs, "0")),
            "root's": tried(lambda: write(OURS / "NORM" / procs, "0")),
            "bob's": tried(lambda: write(OURS / "OTHER" / procs, "0")),
            "mkdir above": tried((OURS / "MINE").mkdir),
            "mkdir beside": tried((OURS / "NORM/MINE").mkdir),
            "rmdir": tried((OURS / "POOL").rmdir),
            "another's": tried(lambda: write(WEB / procs, str(victim))),
            "taskset": tried(lambda: os.sched_setaffinity(0, [5])),
            "chown": tried(lambda: os.chown(WEB, BOB, -1)),
            "beyond": tried(lambda: write(WEB / "cpuset.cpus", "0-7")),
            "effective": read(WEB / "cpuset.cpus.effective"),
            "her own": tried(lambda: write(WEB / procs, "0")),
        }

    found = heard(ALICE, OURS / "POOL/:own", attempts)
    os.kill(victim, signal.SIGKILL)
    os.waitpid(victim, 0)
    drift = says(ALICE, "verify")
    return [found, drift.status, says(ALICE, "apply -q"), says(ALICE, "verify").status]


def _sleep_in(group: Path) -> int:
    enter(group)
    signal.pause()
    return 0


def bob_tries_hers() -> object:
    def attempts() -> object:
        return {
            "weight": tried(lambda: write(WEB / "cpu.weight", "1")),
            "kill": tried(lambda: write(WEB / "cgroup.kill", "1")),
            "freeze": tried(lambda: write(WEB / "cgroup.freeze", "1")),
            "enter": tried(lambda: write(WEB / "cgroup.procs", "0")),
            "mkdir": tried((POOL / "BOBS").mkdir),
            "rmdir": tried((OURS / "POOL/BATCH").rmdir),
        }

    return [heard(BOB, OURS / "OTHER", attempts), says(BOB, "apply"), says(BOB, "plan")]


def members_of_a_group() -> object:
    """bob holds OTHER as a member of his group."""
    said = [says(BOB, line).status for line in ("OTHER/X on cpu0 lwktpri 2", "apply", "verify")]
    status = (OURS / "OTHER/X").stat()
    mode = [status.st_uid, status.st_gid, status.st_mode & 0o777]
    file = (OURS / "OTHER/X/cpu.idle").stat().st_mode & 0o777
    return [said, mode, file, usched_says("verify"), usched_says("apply")]


def a_part_of_a_part() -> object:
    """What alice hands on, root hands over, and nobody but root takes it from bob."""
    granted = says(ALICE, "grant POOL/WEB to bob")
    noted = says(ALICE, "plan")
    early = says(BOB, "--wait 1 apply")
    root = usched_says("apply", "-q")
    inner = [says(BOB, line) for line in ("POOL/WEB/IN on cpu0 lwktpri 1", "apply", "verify")]
    hers = [says(ALICE, line) for line in ("apply", "revoke POOL/WEB", "apply", "verify")]
    back = [usched_says("apply", "-q"), says(ALICE, "verify"), whose(WEB).get("")]
    return [granted.status, noted, early, root, inner, hers, back, (WEB / "IN").exists()]


def a_partition_of_hers() -> object:
    """Root makes it where she cannot."""
    lines = ("POOL/EX on cpu3 lwktpri 6 exclusive", "plan", "apply", "verify")
    hers = [says(ALICE, line) for line in lines]
    partition = OURS / "POOL/EX/cpuset.cpus.partition"
    before = read(partition)
    roots = usched_says("apply", "-q")
    after = [read(partition), says(ALICE, "apply -q"), says(ALICE, "verify").status]
    kept = read(partition)
    gone = [says(ALICE, line).status for line in ("destroy POOL/EX", "apply -q", "verify")]
    return [hers, before, roots, after, kept, gone, usched_says("apply", "-q")]


def a_real_time_part_of_hers() -> object:
    """What stands beside it weighs the same before and after she subdivides it."""
    lines = ("REAL on cpu4 cpu5 lwktpri 8", "grant REAL to alice", "apply -q")
    given = [usched_says(*line.split()).status for line in lines]
    before = [read(OURS / each / "cpu.weight") for each in ("NORM", "OTHER", "REAL")]
    hers = [says(ALICE, line).status for line in ("REAL/X on cpu0 lwktpri 9", "apply -q", "verify")]
    roots = usched_says("verify")
    after = [read(OURS / each / "cpu.weight") for each in ("NORM", "OTHER", "REAL")]
    taken = [usched_says(*each).status for each in (("revoke", "REAL"), ("destroy", "REAL"))]
    return [given, before, hers, roots, after, taken, usched_says("apply", "-q")]


def killed_at_every_change() -> object:
    """alice's apply of a registry with one scheduler less and one more."""
    old = groups()
    _alter(True)
    changes = find_changes(_stopped())
    new = groups()
    seen = []
    for place, (call, number) in enumerate(changes):
        _alter(False)
        assert says(ALICE, "apply -q").status == 0
        assert groups() == old, (call, number)
        _alter(True)
        victim = kill_at(_stopped(), call, number)
        back = bool(place % 2) and groups() != new
        if back:
            _alter(False)
        following = says(ALICE, "apply -q")
        seen.append([call, number, victim.status, following, groups() == (old if back else new)])
    _alter(False)
    return [seen, says(ALICE, "apply -q"), groups() == old]


def _alter(on: bool) -> None:
    lines = ("POOL/BATCH on cpu2 lwktpri 2", "destroy POOL/N")
    if on:
        lines = ("POOL/BATCH on cpu3 lwktpri 4", "POOL/N on cpu2 lwktpri 6")
    for line in lines:
        says(ALICE, line)


def _stopped() -> Command:
    def before() -> None:
        become(ALICE)
        stop()

    return Command("apply", "-q", before=before)


def _sleep_in_web() -> int:
    enter(WEB)
    become(ALICE)
    signal.pause()
    return 0


def with_a_process_of_roots() -> object:
    """It may do more than she, and so it is not hers to move, wherever it is."""
    old = groups()
    with hogs(WEB) as pids:
        said = says(ALICE, "release")
        return [said, pids, groups() == old, read(Path(f"/proc/{pids[0]}/cgroup"))]


def she_releases() -> object:
    """Her hog stays where what she holds is, and root's apply brings it all back."""
    pid = fork(_sleep_in_web)
    place = Path(f"/proc/{pid}/cgroup")
    await_that(lambda: f"Uid:\t{ALICE}\t" in read(Path(f"/proc/{pid}/status")))
    said = says(ALICE, "release")
    where = read(place)
    left = sorted(each.name for each in POOL.iterdir() if each.is_dir())
    back = [says(ALICE, "apply -q"), says(ALICE, "verify").status]
    home = read(place)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return [said, where, left, back, home, usched_says("verify").status]


def her_trial() -> object:
    """It is undone by itself, by a process of hers."""
    _alter(True)
    old = groups()
    tried_out = begin(ALICE, "apply -q --confirm 2s").end()
    during = groups() != old
    await_that(lambda: groups() == old)
    await_that(lambda: "waits" not in says(ALICE, "plan").err)
    kept = [says(ALICE, line).status for line in ("apply -q --confirm 60s", "confirm", "verify")]
    _alter(False)
    return [tried_out, during, kept, says(ALICE, "apply -q")]


def her_watch() -> object:
    """It puts back what somebody changed in her part."""
    watch = begin(ALICE, "watch --every 1s")
    await_that(lambda: "watching over" in watch.out)
    write(WEB / "cpu.weight", "7")
    await_that(lambda: read(WEB / "cpu.weight") != "7")
    os.kill(watch.pid, signal.SIGTERM)
    return [watch.end(), read(WEB / "cpu.weight")]


#: Groups that are left for others to read.
_READ = 200


def a_hostile_tree() -> object:
    """As many groups as she can make, as deep as she can, with names that are none."""

    def attempts() -> object:
        os.mkdir(os.path.join(bytes(POOL), b"a\xff\x1b[31mred"))
        deep, levels = WEB, 0
        with suppress(OSError):
            while True:
                deep = deep / "x"
                deep.mkdir()
                levels += 1
        many = 0
        with suppress(OSError):
            while True:
                (POOL / f"g{many}").mkdir()
                many += 1
        more = tried((POOL / "one-more").mkdir)
        for number in range(_READ, many):  # to read them all takes minutes of so slow a machine
            (POOL / f"g{number}").rmdir()
        return [levels, many, more]

    made = heard(ALICE, OURS / "POOL/:own", attempts)
    began = time.monotonic()
    lines = ["plan", "verify", "top --once", "ps"]
    said = [usched_says(*line.split()) for line in lines]
    statuses = [[each.status, "Traceback" in each.err] for each in said]
    reading = time.monotonic() - began
    shown = [line for line in said[1].err.splitlines() if "red" in line]
    applied = usched_says("apply", "-q")
    print(f"reading: {reading:.1f} s", flush=True)
    return [made, statuses, shown, applied, usched_says("verify").status]


@contextmanager
def _restless() -> Iterator[None]:
    """alice makes groups and takes them away, and moves about in them."""

    def stir() -> int:
        enter(OURS / "POOL/:own")
        become(ALICE)
        while True:
            for name in ("s1", "s1/t", "s2"):
                with suppress(OSError):
                    (POOL / name).mkdir()
                    write(POOL / name / "cgroup.procs", "0")
            for name in (":own", "s1/t", "s1", "s2"):
                with suppress(OSError):
                    if name == ":own":
                        write(POOL / name / "cgroup.procs", "0")
                    else:
                        (POOL / name).rmdir()

    pid = fork(stir)
    try:
        await_that(lambda: read(Path(f"/proc/{pid}/cgroup")).startswith("0::/usched/POOL"))
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def while_she_stirs() -> object:
    """Root's commands, and the last of them takes it all back."""
    with _restless():
        said = [usched_says("apply", "-q").status for _ in range(5)]
        said += [usched_says("plan").status for _ in range(3)]
        revoked = usched_says("revoke", "POOL")
        taken = usched_says("apply", "-q")
        verified = usched_says("verify")
        left = sorted(each.name for each in POOL.iterdir() if each.is_dir())
    return [said, revoked.status, taken, verified, whose(POOL), left]


def after_revoke() -> object:
    def attempts() -> object:
        enters = lambda: write(POOL / "cgroup.procs", "0")  # noqa: E731 - tried
        return [tried((POOL / "x").mkdir), tried(enters)]

    limits = [read(POOL / f"cgroup.max.{each}") for each in ("descendants", "depth")]
    apply = says(ALICE, "--registry /var/lib/usched/registry.db apply")
    return [heard(ALICE, POOL, attempts), limits, apply.status]


def nothing_is_left() -> object:
    return [usched_says("release", "-q"), OURS.exists()]


if __name__ == "__main__":
    report(
        *(root_hands_over, alice_applies, her_hogs_stay, from_outside, she_escapes),
        *(bob_tries_hers, members_of_a_group, a_part_of_a_part, a_partition_of_hers),
        a_real_time_part_of_hers,
        *(killed_at_every_change, with_a_process_of_roots, she_releases, her_trial, her_watch),
        *(a_hostile_tree, while_she_stirs),
        *(after_revoke, nothing_is_left),
    )
