"""Cpusets of cgroup v1 that others made, below any root."""

from __future__ import annotations

import os

from usched.plan.kernel import CPUS
from usched.plan.readings import find_nonsense
from usched.words.problems import EnvironmentFailed, Problem
from usched.world.linux.group_reading import folders_in, refuse_nonsense

#: Where cpusets are mounted; the first by cset itself.
_MOUNTS = ("cpusets", "dev/cpuset", "sys/fs/cgroup/cpuset")


def read_sets(root: str, folder: str | None) -> dict[str, dict[str, str]]:
    """The cpusets beneath the root one, as control groups of today would say it, by path; of that
    one the tasks only. Raises EnvironmentFailed where there are none."""
    places = [os.path.join(root, each) for each in _MOUNTS] if folder is None else [folder]
    for place in places:
        for prefix in ("cpuset.", ""):
            if os.path.isfile(os.path.join(place, f"{prefix}cpus")):
                found: dict[str, dict[str, str]] = {}
                _walk(place, prefix, "", found)
                return found
    what = f"there are no cpusets of cgroup v1 at {', '.join(places)}"
    raise EnvironmentFailed(Problem(what, None, "without --cset, groups of cgroup v2 are adopted"))


def _walk(place: str, prefix: str, path: str, found: dict[str, dict[str, str]]) -> None:
    folder = os.path.join(place, path)

    def say(file: str) -> str:
        try:
            with open(os.path.join(folder, file), "rb") as text:
                return text.read(1 << 20).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""
        except OSError as error:
            what = f"{os.path.join(folder, file)} cannot be read: {error.strerror}"
            raise EnvironmentFailed(what) from error

    exclusive = say(f"{prefix}cpu_exclusive") == "1"
    kind = "isolated" if say(f"{prefix}sched_load_balance") == "0" else "root"
    cpus = say(f"{prefix}cpus") if path else ""
    found_wrong = find_nonsense({CPUS: cpus})
    refuse_nonsense(folder, ((f"{prefix}cpus", what, should) for _, what, should in found_wrong))
    found[path] = {
        CPUS: cpus,
        "cpuset.cpus.partition": kind if exclusive and path else "member",
        "cgroup.procs": str(len(say("tasks").split())),
    }
    for name in folders_in(folder):
        _walk(place, prefix, f"{path}/{name}" if path else name, found)
