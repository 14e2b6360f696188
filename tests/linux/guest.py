"""Boot a kernel on 8 cpus in 2 nodes, run one program of `inside` there, and say what it saw.

All cpus of the guest share one of this machine, in turns. Where the kernel bears it, the guest's
clock counts instructions and not time: whatever else runs on this machine, a second there is as
much work, and an idle one passes at once. Such guests run side by side, and beside others.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import tests
from tests.linux.build import find_cache, pack, root_with

#: Seconds until the program must have begun: a boot takes 5 to 20, and with systemd 12 to 60.
_BOOTS = 180
_TRIES = 3

#: Of the cpu, for how long a guest computes is what it has taken; of the clock it may be as many
#: times that, where it waits for a busy machine, or sleeps by the clock of this one.
_WAITS = 5

_MACHINE = [
    *("-M", "q35,usb=off,smbus=off,sata=off,vmport=off,graphics=off", "-cpu", "Nehalem,-cx16"),
    *("-accel", "tcg,thread=single,tb-size=256", "-m", "1024"),
    *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
    *("-smp", "8,sockets=2,cores=2,threads=2"),
    *("-object", "memory-backend-ram,id=m0,size=512M", "-numa", "node,cpus=0-3,memdev=m0"),
    *("-object", "memory-backend-ram,id=m1,size=512M", "-numa", "node,cpus=4-7,memdev=m1"),
    *("-numa", "dist,src=0,dst=1,val=20"),
]

#: 8 ns an instruction.
_COUNTING = ["-icount", "shift=3,sleep=off"]

#: Before all else that this machine does: where its clock is the guest's, what is kept waiting here
#: is late there, and who runs there meanwhile has more than his due.
_FIRST = ["nice", "-n", "-15"]

#: Waits for the second cpu in a loop in which the clock stands still.
_NOT_COUNTED = ["6.1"]

_KERNEL_LINE = (
    "console=ttyS0 loglevel=4 panic=-1 oops=panic nokaslr mitigations=off no_timer_check "
    "tsc=reliable random.trust_cpu=on cryptomgr.notests audit=0 rcupdate.rcu_expedited=1"
)


class Guest(NamedTuple):
    """program: of `inside`. seconds: it has, of a cpu. counted: whether the guest's clock is to
    count instructions, where the kernel bears that. systemd: which of SYSTEMDS is the first
    process, which runs the program when the system is up, and before it with the argument `before`;
    "" for none."""

    program: str
    seconds: int
    counted: bool = True
    systemd: str = ""


class Died(Exception):
    """The guest did not come to its end: what its console said last."""


def find_missing(kernel: str, guest: Guest) -> str:
    """What is not there, in a sentence; "" where the kernel can be booted."""
    cache = find_cache()
    if not shutil.which("qemu-system-x86_64"):
        return "qemu-system-x86_64 is not installed"
    for name in (root_with(guest.systemd), kernel):
        if not (cache / name).exists():
            return f"{cache / name} is not there: python3 -m tests.linux.build makes it"
    return ""


def boot(kernel: str, guest: Guest) -> dict[str, object]:
    """What the program reported, by name (see `inside.report`).

    Of guests whose clock is this machine's one runs at a time. Raises Died.
    """
    counted = guest.counted and kernel not in _NOT_COUNTED
    with (
        tempfile.TemporaryDirectory() as folder,
        open(find_cache() / "lock", "r+b") as built,
        open(find_cache() / "clock", "ab") as clock,
    ):
        fcntl.flock(built, fcntl.LOCK_SH)
        if not counted:
            fcntl.flock(clock, fcntl.LOCK_EX)
        work = Path(folder)
        _pack_all(work, guest)
        for _ in range(_TRIES):
            why = _run(kernel, guest, counted, work)
            lines, _, _ = (work / "seen").read_bytes().rpartition(b"\n")  # not the half of one
            seen = [json.loads(line) for line in lines.splitlines()]
            if seen:  # it had begun: it is not begun again
                break
        ended = bool(seen) and seen[-1] == ["ended", None]
        if not ended:
            said = [
                (work / name).read_text("utf-8", "replace")[-3000:] for name in ("console", "said")
            ]
            raise Died(f"Linux {kernel}, {guest.program}{why}:\n" + "\n".join(said))
        return dict(seen)


def _run(kernel: str, guest: Guest, counted: bool, work: Path) -> str:
    """Why it was given up; "" where it ended."""
    command = [
        *(() if counted or os.geteuid() else _FIRST),
        "qemu-system-x86_64",
        *_MACHINE,
        *(_COUNTING if counted else ()),
        *("-kernel", str(find_cache() / kernel), "-initrd", str(work / "initrd")),
        *("-append", f"{_KERNEL_LINE} run={guest.program}"),
    ]
    for name in ("console", "said", "seen"):
        (work / name).write_bytes(b"")
        command += ["-serial", f"file:{work / name}"]
    began = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as qemu:
        try:
            while qemu.poll() is None:
                time.sleep(0.05)
                limit = guest.seconds + _BOOTS if (work / "seen").stat().st_size else _BOOTS
                used, took = _cpu_seconds(qemu.pid), time.monotonic() - began
                if used > limit or took > limit * _WAITS:
                    return f", given up after {took:.0f} s, {used:.0f} of them on a cpu"
        finally:
            qemu.kill()
    return ""


def _cpu_seconds(pid: int) -> float:
    """Of a child that was not waited for."""
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def _pack_all(work: Path, guest: Guest) -> None:
    """The root, and over it the project, what it needs, and the programs to be run."""
    inside = Path(__file__).parent / "inside"
    job = work / "new/job"
    ours = Path(tests.__file__).parent
    for name in ("usched", "click", "yaml", "rich"):
        _copy_all(Path(importlib.import_module(name).__path__[0]), job / name)
    for name in ("linux", "plan"):
        _copy_all(ours / name, job / "tests" / name)
    shutil.copy2(ours / "__init__.py", job / "tests")
    first = "first_systemd" if guest.systemd else "first"
    shutil.copy2(inside / first, work / "new/init")
    with open(work / "initrd", "wb") as initrd:
        initrd.write((find_cache() / root_with(guest.systemd)).read_bytes())
        initrd.write(pack(work / "new"))


def _copy_all(package: Path, to: Path) -> None:
    """With what is compiled of it, but for what others beside this test compile just now: that is
    written beside its place under a number, and gone when it is whole."""
    shutil.copytree(package, to, ignore=shutil.ignore_patterns("*.pyc.*"))
