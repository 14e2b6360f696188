"""What the kernel does with control groups, as far as plans go (cgroup v2; measured on 6.1, 6.12
and 7.3). It refuses what they refuse, and computes what they compute."""

from __future__ import annotations

from typing import Any

from usched.plan.difference import EFFECTIVE, PROCESSES, Step
from usched.plan.lower_cgroup import FRESH
from usched.plan.wanted import OUTSIDE
from usched.words.cpuset import CpuSet, format_cpu_list, parse_cpu_list


class Refused(Exception):
    """An errno, and of what."""


class Cgroups:
    """The groups beneath a mount point, by path; the mount point is OUTSIDE."""

    def __init__(self, online: CpuSet, remote: bool) -> None:
        self.online = online
        self.remote = remote
        self.files: dict[str, dict[str, str]] = {OUTSIDE: {"cgroup.subtree_control": ""}}
        self.procs: dict[str, int] = {OUTSIDE: 100}

    def observed(self) -> dict[str, dict[str, str]]:
        """As the files read."""
        found: dict[str, dict[str, str]] = {}
        for path in sorted(self.files, key=lambda path: (path != OUTSIDE, path.split("/"))):
            said = dict(self.files[path])
            if path == OUTSIDE:
                found[path] = {"cgroup.subtree_control": said["cgroup.subtree_control"]}
                continue
            if said["cpu.idle"] == "1":
                said["cpu.weight"] = "1" if self.remote else "0"
            if not self._has(path, "cpuset"):
                said = {file: text for file, text in said.items() if "cpuset" not in file}
            if not self._has(path, "cpu"):
                said = {file: text for file, text in said.items() if not file.startswith("cpu.")}
            if not self.remote:
                said.pop("cpuset.cpus.exclusive", None)
            why = self._invalid(path)
            if why and said.get("cpuset.cpus.partition", "member") != "member":
                said["cpuset.cpus.partition"] += f" invalid ({why})"
            if self._has(path, "cpuset"):
                said[EFFECTIVE] = format_cpu_list(self.effective(path))
            said[PROCESSES] = str(self.procs[path])
            found[path] = said
        return found

    def above(self, path: str) -> str:
        return path.rpartition("/")[0] if path else OUTSIDE

    def below(self, path: str) -> list[str]:
        return [each for each in self.files if each != OUTSIDE and self.above(each) == path]

    def effective(self, path: str) -> CpuSet:
        """The cpus that its processes may run on, less no partition's."""
        if path == OUTSIDE:
            return self.online
        has = self.effective(self.above(path))
        wish = parse_cpu_list(self.files[path]["cpuset.cpus"])
        return wish & has or has

    def misled(self) -> list[str]:
        """Groups whose wish has nothing in common with what there is: they have it all."""
        return [
            path
            for path, said in self.files.items()
            if path != OUTSIDE
            and (wish := parse_cpu_list(said["cpuset.cpus"]))
            and not wish & self.effective(self.above(path))
        ]

    def _has(self, path: str, controller: str) -> bool:
        return controller in self.files[self.above(path)]["cgroup.subtree_control"].split()

    def _is_partition(self, path: str) -> bool:
        said = self.files[path].get("cpuset.cpus.partition", "member")
        return path != OUTSIDE and said != "member" and self._invalid(path) is None

    def _invalid(self, path: str) -> str | None:
        above = self.above(path)
        own = parse_cpu_list(self.files[path]["cpuset.cpus"])
        for each in self.below(above):
            if each != path and parse_cpu_list(self.files[each]["cpuset.cpus"]) & own:
                return "Cpu list in cpuset.cpus not exclusive"
        if self._is_partition(above):
            return None
        if not self.remote:
            return "Parent is not a partition root"
        while path != OUTSIDE:
            exclusive = parse_cpu_list(self.files[path]["cpuset.cpus.exclusive"])
            if not own <= exclusive:
                return "Invalid cpu list in cpuset.cpus.exclusive"
            path = self.above(path)
            if self._is_partition(path):
                return "Parent is not a partition root"
        return None

    # -- what is done to it ---------------------------------------------------

    def do(self, step: Step) -> None:
        getattr(self, f"_{step.kind}")(step)

    def _mkdir(self, step: Step) -> None:
        if step.path in self.files:
            raise Refused("EEXIST", step)
        if self.above(step.path) not in self.files:
            raise Refused("ENOENT", step)
        self.files[step.path] = dict(FRESH)
        self.procs[step.path] = 0

    def _rmdir(self, step: Step) -> None:
        if self.procs[step.path] or self.below(step.path):
            raise Refused("EBUSY", step)
        del self.files[step.path], self.procs[step.path]

    def _move(self, step: Step) -> None:
        to = step.value
        if to != OUTSIDE and self.files[to]["cgroup.subtree_control"]:
            raise Refused("EBUSY", step)
        self.procs[to] += self.procs[step.path]
        self.procs[step.path] = 0

    def _write(self, step: Step) -> None:
        said: Any = self.files[step.path]
        if step.file == "cgroup.subtree_control":
            self._write_subtree(step, said)
            return
        controller = step.file.partition(".")[0]
        if not self._has(step.path, controller):
            raise Refused("ENOENT", step)
        match step.file:
            case "cpuset.cpus":
                if not parse_cpu_list(step.value) <= self.online:
                    raise Refused("ERANGE", step)
            case "cpuset.cpus.exclusive":
                wish = parse_cpu_list(step.value)
                for each in self.below(self.above(step.path)):
                    other = parse_cpu_list(self.files[each][step.file])
                    if each != step.path and other & wish:
                        raise Refused("EINVAL", step)
            case "cpu.weight":
                if said["cpu.idle"] == "1":
                    raise Refused("EINVAL", step)
                if not 1 <= int(step.value) <= 10_000:
                    raise Refused("ERANGE", step)
            case "cpu.idle":
                said["cpu.weight"] = "100"
        said[step.file] = step.value
        if step.file.startswith("cpuset.cpus") and step.file != "cpuset.cpus.partition":
            said[step.file] = format_cpu_list(parse_cpu_list(step.value))

    def _write_subtree(self, step: Step, said: dict[str, str]) -> None:
        on = said["cgroup.subtree_control"].split()
        for each in step.value.split():
            sign, controller = each[0], each[1:]
            if sign == "+" and controller not in on:
                if step.path != OUTSIDE and self.procs[step.path]:
                    raise Refused("EBUSY", step)
                if step.path != OUTSIDE and not self._has(step.path, controller):
                    raise Refused("ENOENT", step)
                on.append(controller)
            elif sign == "-" and controller in on:
                if any(
                    controller in self.files[child]["cgroup.subtree_control"].split()
                    for child in self.below(step.path)
                ):
                    raise Refused("EBUSY", step)
                on.remove(controller)
                for child in self.below(step.path):  # its files are gone, and what they said
                    for file, text in FRESH.items():
                        if file.startswith(f"{controller}."):
                            self.files[child][file] = text
        said["cgroup.subtree_control"] = " ".join(each for each in ("cpuset", "cpu") if each in on)
