"""Watching over what is applied: real threads in groups that are files, and groups of the model."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actions.model_kernel import SECOND, Kernel, declare
from tests.face.live import CPUS, add_group, lay_root, threaded
from usched.actions.apply import apply_registry, release
from usched.actions.change import carry_out
from usched.actions.context import Context
from usched.actions.undoing import finish_earlier
from usched.actions.watch import Watch
from usched.plan.difference import Step
from usched.plan.wanted import OUTSIDE
from usched.text.language.grammar import parse_script
from usched.words.cpuset import CpuSet, format_cpu_list
from usched.words.problems import Refused
from usched.world.linux.journal import Before, Journal, Trial
from usched.world.linux.threads import read_all, threads_of

# -- threads -------------------------------------------------------------------


UNAPPLIED = "Linux is not as the registry says (see verify): usched apply"


class Machine:
    """A root whose threads are real, and whose cpus are on and off as a file says."""

    def __init__(self, folder: Path) -> None:
        self.root = lay_root(folder)
        (self.root / "sys/devices").unlink()
        (self.root / "sys/devices/system/cpu").mkdir(parents=True)
        last = CPUS[-1]
        (folder / "machine.yaml").write_text(f"machine: here\ncores: {last + 1}\n")
        (self.root / "sys/devices/system/cpu/possible").write_text(f"0-{last}\n")
        self.put_online(*range(last + 1))
        registry = str(folder / "r.db")
        machine = str(folder / "machine.yaml")
        self.context = Context(registry, lambda _: None, machine, str(self.root), is_default=True)
        self.said: list[str] = []

    def put_online(self, *cpus: int) -> None:
        text = ",".join(map(str, cpus))
        (self.root / "sys/devices/system/cpu/online").write_text(f"{text}\n")

    def declare(self, script: str) -> None:
        carry_out(self.context, list(parse_script(script, "script")))

    def watch(self, report_only: bool = False) -> Watch:
        watch = Watch(self.context, report_only, self._note)
        watch.start()
        return watch

    def _note(self, line: str) -> None:
        if line != UNAPPLIED:  # its groups are plain files, and no kernel's
            self.said.append(line)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


FIRST_CPU, SECOND_CPU = (*CPUS, 0, 1)[:2]
LOCK = f"LOCK on cpu{FIRST_CPU} cpu{SECOND_CPU} lwktpri 6 locked"


@pytest.fixture
def tids(machine: Machine) -> Iterator[list[int]]:
    """Four threads of one process in LOCK, which have what their creator had: its home."""
    machine.declare(LOCK)
    with threaded(3) as process:
        found = [each.tid for each in read_all("/", threads_of("/", process.pid))]
        add_group(machine.root, "LOCK", *found)
        for tid in found:
            os.sched_setaffinity(tid, {FIRST_CPU})
        yield found


def homes(tids: list[int]) -> list[int]:
    found = []
    for tid in tids:
        (cpu,) = os.sched_getaffinity(tid)
        found.append(cpu)
    return found


def test_at_its_start_homes_are_shared_out_and_then_kept(machine: Machine, tids: list[int]) -> None:
    a, b = FIRST_CPU, SECOND_CPU
    watch = machine.watch()
    assert homes(tids) == [a, a, b, b]
    assert machine.said == [f"{tid} (threaded) of LOCK: its home is {b}" for tid in tids[2:]]
    watch.look_at_threads()
    machine.watch()  # as if it was killed: a new one finds nothing to do
    assert homes(tids) == [a, a, b, b]
    assert len(machine.said) == 2


def test_a_new_thread_is_given_the_emptiest_home(machine: Machine, tids: list[int]) -> None:
    a, b = FIRST_CPU, SECOND_CPU
    add_group(machine.root, "LOCK", *tids[:2])
    watch = machine.watch()
    assert homes(tids) == [a, b, a, a]
    add_group(machine.root, "LOCK", *tids)
    watch.hear([tids[3], 999_999_999])
    assert homes(tids) == [a, b, a, b]  # the third keeps what it has, and it counts
    watch.hear([tids[2]])
    assert homes(tids) == [a, b, a, b]
    watch.hear([1])
    assert len(machine.said) == 2


def test_who_keeps_all_others_from_giving_homes_is_told_of_once(
    machine: Machine, tids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a moment: all tests at this machine have the same lock, and must not lose patience."""
    monkeypatch.setattr("usched.actions.watch.PATIENCE", 0.05)
    folder = os.open(machine.root / "proc", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # as anybody can
        watch = machine.watch()
        watch.hear([tids[3]])
        watch.look_at_threads()
    finally:
        os.close(folder)
    assert sorted(homes(tids)) == sorted([FIRST_CPU, SECOND_CPU] * 2)
    assert [line for line in machine.said if "its home is" not in line] == [
        "another process has been giving homes for 0.05 s: it is not waited for, and a home may be "
        "shared that need not be"
    ]


def test_homes_on_cpus_that_go_offline_are_given_up(machine: Machine, tids: list[int]) -> None:
    a, b = FIRST_CPU, SECOND_CPU
    watch = machine.watch()
    watch.notice_cpus()
    assert homes(tids) == [a, a, b, b]
    online = [cpu for cpu in range(CPUS[-1] + 1) if cpu != b]
    machine.put_online(*online)
    watch.notice_cpus()
    assert homes(tids) == [a] * 4
    assert machine.said[2:] == [
        f"cpus {format_cpu_list(CpuSet.of(online))} are online",
        *(f"{tid} (threaded) of LOCK: its home is {a}" for tid in tids[2:]),
    ]
    machine.put_online(*range(CPUS[-1] + 1))
    watch.notice_cpus()
    assert homes(tids) == [a] * 4  # nothing moves back by itself


def test_cpus_that_come_just_before_all_threads_are_looked_at_are_told_of(
    machine: Machine, tids: list[int]
) -> None:
    watch = machine.watch()
    without = CpuSet.of([cpu for cpu in CPUS if cpu != SECOND_CPU])
    machine.put_online(*without)
    watch.look_at_threads()
    watch.notice_cpus()
    told = [line for line in machine.said if line.endswith(" are online")]
    assert told == [f"cpus {format_cpu_list(without)} are online"]


def test_who_is_at_the_last_cpu_by_the_kernel_alone_is_pinned_to_it(
    machine: Machine, tids: list[int]
) -> None:
    """Else Linux 6.12 takes him back with the cpu that he was pinned to."""
    a, b = FIRST_CPU, SECOND_CPU
    watch = machine.watch()
    looker = machine.watch(report_only=True)
    machine.put_online(*(cpu for cpu in range(CPUS[-1] + 1) if cpu != b))
    for tid in tids[2:]:
        os.sched_setaffinity(tid, {a})
    looker.look_at_threads()
    for _ in range(2):
        watch.look_at_threads()
    told = [line for line in machine.said if "its home is" in line]
    assert told[2:] == [f"{tid} (threaded) of LOCK: its home is {a}" for tid in tids[2:]]


def test_homes_that_the_kernel_took_from_all_are_given_back(
    machine: Machine, tids: list[int]
) -> None:
    """As Linux 6.1 does when one of the cpus goes."""
    a, b = FIRST_CPU, SECOND_CPU
    for tid, cpu in zip(tids, (b, a, a, b), strict=True):
        os.sched_setaffinity(tid, {cpu})
    watch = machine.watch()
    for tid in tids:
        os.sched_setaffinity(tid, set(CPUS))
    watch.look_at_threads()
    assert homes(tids) == [b, a, a, b]


def test_reporting_changes_nothing(machine: Machine, tids: list[int]) -> None:
    os.sched_setaffinity(tids[3], set(CPUS))
    watch = machine.watch(report_only=True)
    watch.hear(tids[:1])
    assert homes(tids[:3]) == [FIRST_CPU] * 3
    all_cpus = f"{CPUS[0]}-{CPUS[-1]}"
    assert machine.said[0] == (
        f"{tids[2]} (threaded) of LOCK may run on cpus {FIRST_CPU}, and its home is {SECOND_CPU}"
    )
    if len(CPUS) == CPUS[-1] - CPUS[0] + 1:
        assert machine.said[1] == (
            f"{tids[3]} (threaded) of LOCK may run on cpus {all_cpus}, and its home is {SECOND_CPU}"
        )


def test_what_is_heard_after_a_look_at_all_is_reported_too(
    machine: Machine, tids: list[int]
) -> None:
    add_group(machine.root, "LOCK", *tids[:1])
    watch = machine.watch(report_only=True)
    watch.look_at_threads()
    assert machine.said == []
    add_group(machine.root, "LOCK", *tids[:2])
    for _ in range(2):
        watch.hear(tids[1:2])
    assert machine.said == [
        f"{tids[1]} (threaded) of LOCK may run on cpus {FIRST_CPU}, and its home is {SECOND_CPU}"
    ]


def test_threads_from_lwktpri_8_on_get_their_policy(machine: Machine) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give SCHED_RR")
    machine.declare("REAL on cpu* lwktpri 9")
    with threaded(2) as process:
        first, second, third = threads_of("/", process.pid)
        add_group(machine.root, "REAL", first, second, third)
        os.sched_setscheduler(third, os.SCHED_FIFO, os.sched_param(3))
        machine.watch()
        found = [os.sched_getscheduler(tid) for tid in (first, second, third)]
        assert found == [os.SCHED_RR, os.SCHED_RR, os.SCHED_FIFO]  # that one is its own choice
        assert machine.said == [
            f"{tid} (threaded) of REAL: it is SCHED_RR 9" for tid in (first, second)
        ]


class Refusing:
    """A kernel that lets nothing be changed."""

    def pin(self, _tid: int, _cpus: CpuSet) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    def set_policy(self, _tid: int, _policy: str, _priority: int = 0) -> None:
        raise ProcessLookupError

    def set_nice(self, _tid: int, _nice: int) -> None:
        raise AssertionError


def test_what_is_refused_is_said(machine: Machine, tids: list[int]) -> None:
    watch = Watch(machine.context, False, machine.said.append, change=Refusing())
    watch.start()
    said = [
        f"{tid} (threaded) of LOCK: its home is {SECOND_CPU}: refused: Operation not permitted"
        for tid in tids[2:]
    ]
    assert machine.said[1:] == said
    watch.look_at_threads(is_first=True)  # once, for as long as it is so
    watch.look_at_threads(is_first=True)
    assert machine.said[1:] == said
    watch.look_at_threads()
    watch.look_at_threads(is_first=True)
    assert machine.said[1:] == said * 2


# -- groups --------------------------------------------------------------------


class Listener:
    """A watch over groups of the model."""

    def __init__(self, context: Context, kernel: Kernel, report_only: bool = False) -> None:
        self.kernel = kernel
        self.said: list[str] = []
        context = context._replace(is_default=True)
        self.watch = Watch(context, report_only, self.said.append, groups=kernel)
        self.watch.start()

    def look(self, now: float) -> list[str]:
        """What it says of it."""
        self.said.clear()
        self.watch.look_at_groups(now)
        return list(self.said)

    def spoil(self) -> None:
        self.kernel.model.files["POOL"]["cpu.max"] = "max 100000"


SPOILT = "usched/POOL/cpu.max is `max 100000`, and should be `200000 100000`"


def test_what_somebody_changes_is_applied_again(context: Context, kernel: Kernel) -> None:
    before = kernel.state()
    listener = Listener(context, kernel)
    assert listener.look(0) == []
    listener.spoil()
    assert listener.look(5) == [SPOILT, "applied again: 1 step"]
    assert kernel.state() == before
    assert listener.look(10) == []


def test_reporting_says_it_once(context: Context, kernel: Kernel) -> None:
    listener = Listener(context, kernel, report_only=True)
    listener.spoil()
    assert listener.look(5) == [SPOILT]
    assert listener.look(10) == []
    kernel.model.do(Step("mkdir", "OTHER"))
    assert listener.look(15) == ["usched/OTHER is there, and the registry knows nothing of it"]
    apply_registry(context, kernel)
    assert listener.look(20) == []
    listener.spoil()
    assert listener.look(25) == [SPOILT]


def test_a_rival_is_not_fought_over_it(context: Context, kernel: Kernel) -> None:
    listener = Listener(context, kernel)
    for now in (1, 2, 3):
        listener.spoil()
        assert listener.look(now) == [SPOILT, "applied again: 1 step"]
    listener.spoil()
    assert listener.look(4) == [
        SPOILT,
        "it was applied again 3 times within 60 s, and something else changes it: it is left as it "
        "is for a while",
    ]
    assert listener.look(5) == []
    assert listener.look(62) == ["applied again: 1 step"]


def test_what_is_declared_since_is_for_somebody_to_apply(context: Context, kernel: Kernel) -> None:
    listener = Listener(context, kernel)
    declare(context, SECOND)
    before = kernel.state()
    assert listener.look(5) == [UNAPPLIED]
    assert listener.look(10) == []
    assert kernel.state() == before
    apply_registry(context, kernel)
    assert listener.look(15) == []
    kernel.model.files["Y"]["cpu.weight"] = "7"
    assert listener.look(20)[1:] == ["applied again: 1 step"]


def test_what_is_released_is_not_applied_again(context: Context, kernel: Kernel) -> None:
    listener = Listener(context, kernel)
    release(context, kernel)
    assert listener.look(5) == ["nothing is applied: Linux has no group usched"]
    assert listener.look(10) == []
    kernel.model.do(Step("mkdir", ""))
    assert listener.look(15) == [UNAPPLIED]
    apply_registry(context, kernel)
    listener.look(20)
    listener.spoil()
    assert listener.look(25) == [SPOILT, "applied again: 1 step"]


def test_what_was_not_confirmed_is_not_applied_again(context: Context, kernel: Kernel) -> None:
    """It may have cut somebody off."""
    listener = Listener(context, kernel)
    declare(context, SECOND)
    before = kernel.state()
    journal = Journal(context.root)
    done = kernel.read(), {path: tuple(kernel.processes(path)) for path in kernel.pids}
    apply_registry(context, kernel)
    trial = Trial(Before(*done, os.getpid()), 0.0)
    with journal.lock():
        journal.save_trial(trial)
    assert listener.look(5) == []
    with journal.lock():
        finish_earlier(journal, kernel, lambda _: None)
    assert kernel.state() == before
    assert listener.look(10) == [UNAPPLIED]
    assert kernel.state() == before
    apply_registry(context, kernel)
    assert listener.look(15) == []
    kernel.model.files["Y"]["cpu.weight"] = "7"
    assert listener.look(20)[1:] == ["applied again: 1 step"]


def test_while_somebody_applies_nothing_is_read(context: Context, kernel: Kernel) -> None:
    listener = Listener(context, kernel)
    listener.spoil()
    journal = Journal(context.root)
    with journal.lock():
        journal.save(Before(kernel.read(), {}, os.getpid()))
        assert listener.look(5) == []
        journal.close()
    assert listener.look(10) == [SPOILT, "applied again: 1 step"]


def test_what_is_released_while_it_is_read_stays_released(
    context: Context, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it between two groups that are read: the first is there, and the others are not."""
    listener = Listener(context, kernel)
    os.utime(Path(Journal(context.root).folder) / "lock", (0, 0))  # it was applied long ago
    read = kernel.read

    def read_late(within: str = "") -> dict[str, dict[str, str]]:
        monkeypatch.undo()
        found = read(within)
        release(context, kernel)
        return {path: files for path, files in found.items() if path in ("", OUTSIDE)}

    monkeypatch.setattr(kernel, "read", read_late)
    assert listener.look(5) == []
    assert "" not in kernel.model.files
    assert listener.look(10) == ["nothing is applied: Linux has no group usched"]


def test_what_cannot_be_planned_is_said_and_watching_goes_on(
    context: Context, kernel: Kernel, tmp_path: Path
) -> None:
    listener = Listener(context, kernel)
    release = tmp_path / "root/proc/sys/kernel/osrelease"
    release.unlink()
    assert listener.look(5) == [f"{release} cannot be read: this is no Linux"]
    assert listener.look(10) == []
    release.write_text("6.12.9\n")
    assert listener.look(15) == []


def test_what_does_not_fit_is_refused_at_the_start(
    context: Context, kernel: Kernel, tmp_path: Path
) -> None:
    (tmp_path / "root/sys/devices/system/cpu/possible").write_text("0-3\n")
    with pytest.raises(Refused):
        Watch(context, False, lambda _: None, groups=kernel).start()
