"""usched conform: real processes on the real cpus, in groups that are plain files."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.face.live import CPUS, lay_applied
from tests.face.sessions import Session, block, page

WORKLOAD = """
workload: short
hz: 1000
programs:
  - {name: hog, scheduler: NORM, run: 5, repeat: forever}
  - {name: sleeper, scheduler: NORM, rforks: 2, run: 2, sleep: 20, repeat: forever, every: 10}
  - {name: beat, scheduler: LOCK, run: 3, period: 20, repeat: forever}
"""


@pytest.fixture
def applied(live: Session) -> Session:
    """With a scheduler that is locked, one that is not, and a workload for them."""
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    live.done("LOCK", "on", "cpu*", "lwktpri", "7", "locked")
    lay_applied(live.registry, live.folder / "root")
    live.write("w.yaml", WORKLOAD)
    return live


def conform(*words: str) -> list[str]:
    return ["--root", "root", "conform", *words]


def find_runners(session: Session) -> list[int]:
    """Processes of this session that are called as lwps of the workload are."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            comm = path.read_text().strip()
            cwd = (path.parent / "cwd").readlink()
        except OSError:
            continue
        if cwd == session.folder.resolve() and re.fullmatch(r"(hog|sleeper|beat)\.[0-9]", comm):
            found.append(int(path.parent.name))
    return found


@pytest.mark.slow
def test_each_lwp_is_a_process_in_its_group_and_both_sides_are_told(applied: Session) -> None:
    said = json.loads(applied.done(*conform("w.yaml", "--ticks", "1500", "--json")))
    assert (said["workload"], said["hz"], said["ticks"]) == ("short", 1000, 1500)
    assert said["recorded"] == "schedstat"
    assert [said[each] for each in ("breaks", "lost", "others")] == [None, None, None]
    assert [each["name"] for each in said["schedulers"]] == ["NORM", "LOCK"]
    lwps = {each["name"]: each for each in said["lwps"]}
    assert list(lwps) == ["hog.0", "sleeper.0", "sleeper.1", "beat.0"]
    assert lwps["beat.0"]["simulated"]["share"] == 15.0
    for each in lwps.values():
        assert 0 < each["linux"]["share"] <= 101
        assert each["linux"]["share"] + each["linux"]["waited"] <= 115
    groups = applied.folder / "root/sys/fs/cgroup/usched"
    assert (groups / "NORM/cgroup.procs").read_text() != ""
    assert (groups / "LOCK/cgroup.procs").read_text() != ""
    assert find_runners(applied) == []


@pytest.mark.slow
def test_the_report_has_a_line_for_each_and_the_largest_difference(applied: Session) -> None:
    said = applied.done(*conform("w.yaml", "--seconds", "0.2"))
    found = re.fullmatch(
        block(r"""
        short on .+, Linux .+:
          200 ticks at 1000 Hz, 0\.2 s; simulated / on Linux, as its schedstat has it
          for how long others ran in between cannot be told from schedstat

        SCHEDULER  +SHARE  +POINTS  +WAITED  +MIGRATIONS
        NORM .+
        LOCK .+

        LWP  +SHARE  +POINTS  +WAITED  +MIGRATIONS
        hog\.0 .+
        sleeper\.0 .+
        sleeper\.1 .+
        beat\.0   +15\.0 / [0-9.]+%  +[+-][0-9.]+  +0\.0 / [0-9.]+%  +0 / [0-9-]+

        largest difference of a share: (\S+) has [0-9.]+% simulated, and [0-9.]+% on Linux
        """)
        + r"(\n(NORM|LOCK), .+(\n  .+)*)*\n",
        said,
    )
    assert found, said
    rows = re.findall(r"^(\S+) +[0-9.]+ / [0-9.]+% +([+-]?[0-9.]+) ", said, re.MULTILINE)
    points = {name: abs(float(apart)) for name, apart in rows}
    assert len(points) == 6
    assert points[found[1]] == max(points.values())


@pytest.mark.slow
def test_who_differs_by_more_than_is_allowed_is_listed(applied: Session) -> None:
    """A pool of one virtual cpu, which a group that is a plain file does not hold."""
    applied.done("NARROW", "on", "cpu*", "lwktpri", "6", "vcpus", "1")
    applied.done("destroy", "NORM")
    lay_applied(applied.registry, applied.folder / "root")
    for file in (applied.folder / "root/sys/fs/cgroup/usched/NORM").iterdir():
        file.unlink()
    (applied.folder / "root/sys/fs/cgroup/usched/NORM").rmdir()
    hogs = "{name: hog, scheduler: NARROW, rforks: 2, run: 5, repeat: forever}"
    applied.write("hogs.yaml", f"workload: w\nprograms: [{hogs}]\n")
    result = applied.run(*conform("hogs.yaml", "--seconds", "1", "--within", "0"))
    assert result.status == 7
    assert "NARROW, vcpus: 1 cpu on" in result.out
    assert re.search(
        r"^usched: NARROW has [0-9.]+% simulated, and [0-9.]+% on Linux: more than 0 apart$",
        result.err,
        re.MULTILINE,
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_ends_no_process_is_left(applied: Session, number: signal.Signals) -> None:
    command = applied.command(*conform("w.yaml", "--seconds", "60"))
    begun = subprocess.Popen(
        command, cwd=applied.folder, env=applied.environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        over = time.monotonic() + 60
        while len(find_runners(applied)) < 4:
            assert time.monotonic() < over
            time.sleep(0.02)
        begun.send_signal(number)
        _, err = begun.communicate(timeout=60)
    finally:
        begun.kill()
    over = time.monotonic() + 60
    while find_runners(applied):
        assert time.monotonic() < over
        time.sleep(0.02)
    status, said = {
        signal.SIGINT: (130, "usched: interrupted\n"),
        signal.SIGTERM: (143, "usched: interrupted (SIGTERM)\n"),
        signal.SIGKILL: (-9, ""),
    }[number]
    assert (begun.returncode, err) == (status, said)


def test_what_is_not_applied_is_not_run(live: Session) -> None:
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    live.write("w.yaml", "workload: w\nprograms: [{name: a, scheduler: NORM, run: 1}]\n")
    assert live.refused(7, *conform("w.yaml")) == block("""
        usched: nothing is applied: Linux has no group usched
          usched --registry r.db apply makes it as the registry says
    """)


@pytest.mark.slow
def test_lwps_are_moved_and_killed_at_their_time(applied: Session) -> None:
    applied.write(
        "w.yaml",
        page("""
        workload: w
        hz: 1000
        programs:
          - {name: a, scheduler: NORM, run: 5, repeat: forever}
          - {name: b, scheduler: NORM, run: 5, repeat: forever, at: 300}
        events:
          - {at: 0, kill: b}
          - {at: 100, move: a, to: LOCK}
          - {at: 200, kill: a}
          - {at: 900, kill: b}
        """),
    )
    said = json.loads(applied.done(*conform("w.yaml", "--ticks", "400", "--json")))
    done = [(each["at"], each["event"]) for each in said["events"]]
    assert done == [(0, "kill b"), (100, "move a into LOCK"), (200, "kill a")]
    late = max(each["late"] + each["took"] for each in said["events"])
    first, second = (each["linux"]["share"] for each in said["lwps"])
    assert 0 < first < 52 + 100 * late / 0.4
    assert second < 1
    groups = applied.folder / "root/sys/fs/cgroup"
    assert (groups / "usched/LOCK/cgroup.procs").read_text() != ""
    assert (groups / "cgroup.procs").read_text() != ""  # who was killed is in nobody's way
    told = applied.done(*conform("w.yaml", "--ticks", "400"))
    assert re.search(
        r"\n  3 events were done, [0-9.]+ ms late and within [0-9.]+ ms at most\n", told
    )
    assert find_runners(applied) == []


def test_error_events_that_this_machine_cannot_do(applied: Session) -> None:
    applied.write(
        "w.yaml",
        page("""
        workload: w
        programs: [{name: a, scheduler: NORM, run: 100}]
        events:
          - {at: 5, offline: cpu0}
          - {at: 6, usched: "destroy LOCK"}
          - {at: 6, usched: "NORM on cpu* lwktpri 6 exclusive"}
        """),
    )
    assert applied.refused(3, *conform("w.yaml")) == block("""
        usched: w.yaml:4:22: conform plugs and unplugs no cpus: they are everybody's
              - {at: 5, offline: cpu0}
                                 ^^^^
          leave it out, or simulate it
        usched: w.yaml:6:21: NORM would take every cpu from the rest of the system
              - {at: 6, usched: "NORM on cpu* lwktpri 6 exclusive"}
                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          leave it one: usched NORM on 'cpu*' except cpu0 lwktpri 6 exclusive
        usched: 2 problems
    """)


@pytest.mark.parametrize(
    ("program", "words", "said"),
    [
        (
            "rforks: 257, run: 1}]",
            (),
            "257 lwps; conform runs at most 256, each as a process\n"
            "  give the programs fewer rforks",
        ),
        (
            "run: 1}]\nhz: 20000",
            (),
            "20000 Hz are ticks too short for real threads; conform takes at most 10000 Hz\n"
            "  give the workload a rate of its own: hz: 1000",
        ),
        (
            "run: 1}]",
            ("--ticks", "360001"),
            "360001 ticks at 100 Hz take longer than 3600 s, the most\n"
            "  say how long: --seconds 10",
        ),
    ],
    ids=["lwps", "rate", "length"],
)
def test_what_is_too_much_for_this_machine_is_refused(
    live: Session, program: str, words: tuple[str, ...], said: str
) -> None:
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    live.write("w.yaml", f"workload: w\nprograms: [{{name: a, scheduler: NORM, {program}\n")
    assert live.refused(3, *conform("w.yaml", *words)) == f"usched: {said}"


def test_a_length_is_given_once(live: Session) -> None:
    live.write("w.yaml", WORKLOAD)
    said = live.refused(2, *conform("w.yaml", "--ticks", "5", "--seconds", "1"))
    assert said == "usched: --ticks and --seconds both say how long: one or the other"


def test_a_run_that_takes_too_long_by_itself_is_refused(live: Session) -> None:
    """The workload says how long, and only the simulator knows."""
    live.done("NORM", "on", f"cpu{CPUS[0]}", "lwktpri", "6")
    lay_applied(live.registry, live.folder / "root")
    live.write("w.yaml", "workload: w\nprograms: [{name: a, scheduler: NORM, run: 4000s}]\n")
    assert live.refused(3, *conform("w.yaml")) == block("""
        usched: 400000 ticks at 100 Hz take longer than 3600 s, the most
          say how long: --seconds 10
    """)
