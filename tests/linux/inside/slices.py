"""The slices of systemd: those that are exported, and those that are adopted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.linux.inside.commands import MOUNT, read, usched_says
from usched.actions.context import Context
from usched.actions.plan import make_plan
from usched.plan.slice_units import parse_shown, parse_slices
from usched.plan.systemd_units import slice_of
from usched.plan.wanted import OUTSIDE, Group
from usched.words.cpuset import CpuSet, format_cpu_list
from usched.world.linux.slice_files import read_slices
from usched.world.linux.systemctl import show_slices
from usched.world.paths import SYSTEM_REGISTRY

#: In the folders of systemd: what is dropped in, and what masks.
DROPPED = {
    "/etc/systemd/system/work-.slice.d/10-a.conf": "AllowedCPUs=2-3",
    "/run/systemd/system/work-b.slice.d/10-a.conf": "AllowedCPUs=0",
    "/run/systemd/system/work-b.slice.d/20-a.conf": "CPUQuota=100%",
    "/usr/lib/systemd/system/work-b.slice.d/05-a.conf": "CPUWeight=50",
    "/etc/systemd/system/work-b.slice": "CPUWeight=40",
    "/usr/lib/systemd/system/gone.slice": "AllowedCPUs=7",
}

SET = [
    "systemd-run -q --unit=pinned -p CPUAffinity=1 -p CPUWeight=30 sleep 1000",
    "systemctl set-property work.slice AllowedCPUs=0-3 CPUWeight=10000",
    "systemctl set-property --runtime work-a.slice CPUQuota=100% MemoryMax=1G",
]


def run(command: str) -> str:
    """What it prints; it must succeed."""
    ran = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, (command, ran)
    return ran.stdout.strip()


def slices() -> object:
    """What a process has that systemd starts in each slice: the cpus that it may run on, and what
    the group of its slice says."""
    seen: dict[str, dict[str, str]] = {}
    for group in _wanted_groups():
        unit = f"in{len(seen)}"
        # of type exec, it is where it belongs when it has started
        run(f"systemd-run -q --unit={unit} -p Type=exec --slice={slice_of(group)} sleep 1000")
        pid = int(run(f"systemctl show {unit} --value -p MainPID"))
        _, _, path = read(Path(f"/proc/{pid}/cgroup")).partition("::/")
        folder = (MOUNT / path).parent
        files = {file: read(folder / file) for file in ("cpu.weight", "cpu.idle", "cpu.max")}
        cpus = format_cpu_list(CpuSet.of(os.sched_getaffinity(pid)))
        seen[group.path] = {**files, "cpuset.cpus": cpus}
        run(f"systemctl stop {unit}")
    return [seen, {group.path: dict(group.files) for group in _wanted_groups()}]


def _wanted_groups() -> list[Group]:
    context = Context(SYSTEM_REGISTRY, print, root="/")
    groups = make_plan(context).wanted.groups
    return [group for group in groups if group.path not in (OUTSIDE, "")]


#: What alice does with a group that she holds.
DIVIDE = """
group=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)
mkdir $group/in
echo $$ > $group/in/cgroup.procs
echo +cpuset +cpu > $group/cgroup.subtree_control
echo 5 > $group/in/cpuset.cpus
cat $group/in/cpuset.cpus.effective > /home/alice/said
"""


def a_granted_slice() -> object:
    """The cpus of a group that alice has made in her service, by the command in her slice."""
    Path("/run/divide.sh").write_text(DIVIDE)
    slice_file = read(Path("/etc/systemd/system/usched-HALF-A.slice"))
    command = slice_file.partition("systemd-run ")[2].partition(" COMMAND")[0]
    shell = f"systemd-run -q --wait {command} /bin/sh /run/divide.sh"
    subprocess.run(["/bin/sh", "-c", shell], check=True)
    return read(Path("/home/alice/said"))


def adopted() -> object:
    """What adopt makes of ours and others, and whether files are read as systemd reads them."""
    for path, setting in DROPPED.items():
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"[Slice]\n{setting}\n")
    Path("/etc/systemd/system/gone.slice").symlink_to("/dev/null")
    run("systemctl daemon-reload")
    for command in SET:
        run(command)
    texts = read_slices("/", None)
    files = parse_slices(texts)
    shown = parse_shown(show_slices(each.unit for each in texts))
    both = [[path, _about_cpus(files[path]), _about_cpus(shown[path])] for path in files]
    said = usched_says("--registry", "/run/adopted.db", "adopt", "--systemd", "-q")
    return [both, said, usched_says("--registry", "/run/adopted.db", "export")]


def _about_cpus(files: Mapping[str, str]) -> dict[str, str]:
    return {file: text for file, text in files.items() if file.startswith("cpu")}
