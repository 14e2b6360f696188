"""What others made below any root: cpusets of cgroup v1, and slices in the files of systemd."""

from __future__ import annotations

import os
from collections.abc import Iterator

from usched.plan.slice_units import SliceText
from usched.words.problems import EnvironmentFailed, NoSuchName, Problem
from usched.world.files import read_text

#: Where cpusets are mounted; the first by cset itself.
_MOUNTS = ("cpusets", "dev/cpuset", "sys/fs/cgroup/cpuset")

#: Where systemd looks for units; what stands before counts.
_UNIT_FOLDERS = (
    *("etc/systemd/system.control", "run/systemd/system.control"),
    *("etc/systemd/system", "run/systemd/system"),
)


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
            with open(os.path.join(folder, file), encoding="utf-8") as text:
                return text.read().strip()
        except FileNotFoundError:
            return ""
        except OSError as error:
            what = f"{os.path.join(folder, file)} cannot be read: {error.strerror}"
            raise EnvironmentFailed(what) from error

    exclusive = say(f"{prefix}cpu_exclusive") == "1"
    kind = "isolated" if say(f"{prefix}sched_load_balance") == "0" else "root"
    found[path] = {
        "cpuset.cpus": say(f"{prefix}cpus") if path else "",
        "cpuset.cpus.partition": kind if exclusive and path else "member",
        "cgroup.procs": str(len(say("tasks").split())),
    }
    with os.scandir(folder) as entries:
        inside = sorted(each.name for each in entries if each.is_dir(follow_symlinks=False))
    for name in inside:
        _walk(place, prefix, f"{path}/{name}" if path else name, found)


def read_slices(root: str, folder: str | None) -> list[SliceText]:
    """The files of all slices, each unit's own before what is dropped in for it."""
    if folder is not None and not os.path.isdir(folder):
        raise NoSuchName(f"there is no folder {folder}")
    folders = [os.path.join(root, each) for each in _UNIT_FOLDERS] if folder is None else [folder]
    files: dict[str, str] = {}
    for place in folders:
        for name in _names(place, ".slice"):
            files.setdefault(name, os.path.join(place, name))
    texts = [SliceText(unit, *read_text(path, "unit")) for unit, path in sorted(files.items())]
    dropped: dict[tuple[str, str], str] = {}
    for place in folders:
        for name in _names(place, ".slice.d"):
            for file in _names(os.path.join(place, name), ".conf"):
                unit = name.removesuffix(".d")
                dropped.setdefault((unit, file), os.path.join(place, name, file))
    for (unit, _), path in sorted(dropped.items()):
        texts.append(SliceText(unit, *read_text(path, "unit")))
    return texts


def _names(folder: str, end: str) -> Iterator[str]:
    try:
        found = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise EnvironmentFailed(f"{folder} cannot be read: {error.strerror}") from error
    yield from (name for name in found if name.endswith(end))
