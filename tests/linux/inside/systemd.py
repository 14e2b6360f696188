"""usched beside systemd: at boot, while systemd does what it does, and in its slices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.linux.inside.commands import (
    MOUNT,
    OURS,
    declare,
    done,
    groups,
    read,
    usched_says,
)
from tests.linux.inside.load import hogs
from tests.linux.inside.logins import a_trial_from_a_login, allow_logins
from tests.linux.inside.report import report
from tests.linux.inside.services import (
    a_service_is_rid_of_what_it_forks,
    a_unit_is_stopped_as_it_begins,
    a_unit_that_watches,
    let_watch_be_heard,
    what_a_service_forks,
)
from tests.linux.inside.slices import a_granted_slice, adopted, run, slices
from tests.linux.inside.waiting import await_that

SCRIPT = """
BACK on cpu* lwktpri 4
HALF on node1 lwktpri 6
HALF/A on cpu0 cpu1 lwktpri 6
NARROW on cpu0 cpu1 lwktpri 6 vcpus 1
RT on cpu2 cpu3 lwktpri 8 exclusive
LOCK-1 on cpu6 cpu7 lwktpri 6 locked
"""

SUBTREE = MOUNT / "cgroup.subtree_control"

#: What an administrator does to a machine, other than to stop us.
DISTURBANCES = [
    "systemctl daemon-reload",
    "systemctl daemon-reexec",
    "systemd-run -q --unit=light -p CPUWeight=50 sleep 1000",
    "systemctl stop light",
    "systemd-run -q --unit=narrow -p AllowedCPUs=0-1 -p CPUQuota=50% sleep 1000",
    "systemctl stop narrow",
    "systemctl restart systemd-logind",
    "systemctl set-property --runtime system.slice CPUWeight=50",
    "systemctl set-property --runtime system.slice AllowedCPUs=0,4-7",
    "systemctl set-property --runtime user.slice AllowedCPUs=2-4",
    "systemctl set-property --runtime user.slice AllowedCPUs=2-3",
    "systemctl revert system.slice user.slice",
    "systemctl reload usched",
    "systemctl restart usched",
    "systemctl stop usched",
    "systemctl daemon-reload",
    "systemctl start usched",
]


def before() -> None:
    """What is there when the machine boots."""
    declare(SCRIPT)
    done("grant", "HALF/A", "to", "alice", "lwktpri", "6")
    run("/usr/local/bin/usched export --systemd -o /etc/systemd/system")
    run("systemctl -q enable usched usched-watch")
    allow_logins()
    let_watch_be_heard()


def at_boot() -> object:
    """From then on nobody watches."""
    shown = run("systemctl show usched -p ActiveState -p SubState -p Result")
    watched = run("systemctl is-active usched-watch")
    run("systemctl stop usched-watch")
    holder = (OURS / "HALF/A").owner()
    planned = done("plan").splitlines()[0]
    return [shown.split(), watched, usched_says("verify"), planned, groups(), holder]


def what_is_exported() -> object:
    """What systemd finds wrong of it."""
    units = sorted(str(each) for each in Path("/etc/systemd/system").glob("usched*.*e"))
    words = ["systemd-analyze", "verify", "--man=no", *units]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    return [len(units), ran.returncode, ran.stdout, ran.stderr]


def what_systemd_does() -> object:
    """After each disturbance: the root's controllers, verify, and whether somebody who runs in a
    scheduler is where he was."""
    seen = []
    with hogs(OURS / "HALF/A") as (pid,):
        os.kill(pid, signal.SIGSTOP)
        for command in DISTURBANCES:
            run(command)
            where = read(Path(f"/proc/{pid}/cgroup"))
            seen.append([command, sorted(read(SUBTREE).split()), usched_says("verify"), where])
    return seen


def a_slice_has_only_cpus_of_a_partition() -> object:
    """Before there is one, plan and apply; and when it has others by the command that they name."""
    done("release", "-q")
    run("systemctl set-property --runtime user.slice AllowedCPUs=2-3")
    planned = usched_says("plan")
    said = [planned, usched_says("apply", "-q"), OURS.exists()]
    run(planned.err.strip().rpartition("give it others: ")[2])
    said += [usched_says("apply", "-q"), usched_says("verify")]
    run("systemctl set-property user.slice AllowedCPUs=")
    return said


def release_and_disable() -> object:
    """Controllers of the root: after release, when one of our units is disabled, and when both are.
    Between these, whether what is wanted at boot applies."""
    said = usched_says("release", "-q")
    controllers = [_list_controllers()]
    run("systemctl -q disable --now usched")
    controllers.append(_list_controllers())
    run("systemctl start multi-user.target")
    applied = OURS.exists()
    done("release", "-q")
    run("systemctl -q disable --now usched usched-watch")
    run("systemctl start multi-user.target")
    # it forgets a unit when it has heard that the last of its processes is gone
    await_that(lambda: "cpuset" not in _list_controllers())
    controllers.append(_list_controllers())
    return [said, controllers, applied, OURS.exists()]


def _list_controllers() -> list[str]:
    """Of the root, when systemd has looked at them again."""
    run("systemd-run -q --wait true")
    return sorted(read(SUBTREE).split())


if __name__ == "__main__":
    if sys.argv[1:] == ["before"]:
        before()
    else:
        report(
            *(
                at_boot,
                what_is_exported,
                a_trial_from_a_login,
                what_systemd_does,
                a_slice_has_only_cpus_of_a_partition,
            ),
            *(
                a_unit_that_watches,
                a_unit_is_stopped_as_it_begins,
                what_a_service_forks,
                a_service_is_rid_of_what_it_forks,
            ),
            *(
                release_and_disable,
                slices,
                a_granted_slice,
                adopted,
            ),
        )
