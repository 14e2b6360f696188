"""What the kernel does with control groups, as far as plans go (cgroup v2; measured on 6.1, 6.12
and 7.3). It refuses what they refuse, and computes what they compute."""

from __future__ import annotations

from typing import Any

from usched.plan.difference import EFFECTIVE, PROCESSES, Step, compare
from usched.plan.kernel import FRESH, Kernel
from usched.plan.owners import LIMITS, OWNER
from usched.plan.wanted import OUTSIDE, Wanted
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpu_list, parse_cpu_list

#: Those measured.
KERNELS = [Kernel("6.1.0", (6, 1)), Kernel("6.12.9", (6, 12)), Kernel("7.3.1", (7, 3))]

#: The first of those measured that leave a partition its cpus when a sibling asks for them.
_COME_FIRST = (7, 0)

_CPUS, _EXCLUSIVE = "cpuset.cpus", "cpuset.cpus.exclusive"


class Refused(Exception):
    """An errno, and of what."""


class Cgroups:
    """The groups beneath a mount point, by path; the mount point is OUTSIDE."""

    def __init__(self, online: CpuSet, kernel: Kernel) -> None:
        self.online = online
        self.kernel = kernel
        self.remote = kernel.has_remote_partitions
        self.files: dict[str, dict[str, str]] = {OUTSIDE: {"cgroup.subtree_control": ""}}
        self.procs: dict[str, int] = {OUTSIDE: 100}
        #: The partitions that are none, and why; it stays so until somebody writes to them.
        self.invalid: dict[str, str] = {}

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
            if not said.get(OWNER):  # nothing is said of whose it is, nor of limits
                said = {file: text for file, text in said.items() if file not in (OWNER, *LIMITS)}
            if path in self.invalid and "cpuset.cpus.partition" in said:
                why = self.invalid[path]
                said["cpuset.cpus.partition"] += f" invalid ({why})" if why else " invalid"
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
        """The cpus that its processes may run on, less those of partitions beneath it."""
        wish = NO_CPUS if path == OUTSIDE else parse_cpu_list(self.files[path][_CPUS])
        if path == OUTSIDE or self._is_partition(path):
            mine = wish & self.online or self.online
            for each in self.files:
                if each != path and self._is_beneath(each, path) and self._is_partition(each):
                    mine = mine - parse_cpu_list(self.files[each][_CPUS])
            return mine
        has = self.effective(self.above(path))
        return wish & has or has

    def misled(self) -> list[str]:
        """Groups whose wish has nothing in common with what there is: they have it all.

        But for those that others are beneath: no process is in them.
        """
        return [
            path
            for path, said in self.files.items()
            if path != OUTSIDE
            and not said["cgroup.subtree_control"]
            and not self._is_partition(path)
            and (wish := parse_cpu_list(said[_CPUS]))
            and not wish & self.effective(self.above(path))
        ]

    def _is_beneath(self, path: str, above: str) -> bool:
        return above in (OUTSIDE, "") or path.startswith(f"{above}/")

    def _has(self, path: str, controller: str) -> bool:
        return controller in self.files[self.above(path)]["cgroup.subtree_control"].split()

    def _is_partition(self, path: str) -> bool:
        """With cpus that nobody else has. Where a sibling has made it invalid it gives no reason,
        and 6.12 goes on to keep them for it."""
        said = self.files[path].get("cpuset.cpus.partition", "member")
        return path != OUTSIDE and said != "member" and not self.invalid.get(path)

    def _judge(self, path: str) -> str | None:
        """Why a partition is invalid from the start."""
        above = self.above(path)
        own = parse_cpu_list(self.files[path][_CPUS])
        if self.kernel.version < _COME_FIRST and any(
            each != path and parse_cpu_list(self.files[each][_CPUS]) & own
            for each in self.below(above)
        ):
            return "Cpu list in cpuset.cpus not exclusive"
        if self._is_partition(above):
            return None
        if self.remote:
            return self._judge_remote(path)
        what = "an invalid partition root" if above in self.invalid else "not a partition root"
        return f"Parent is {what}"

    def _judge_remote(self, path: str) -> str | None:
        own = parse_cpu_list(self.files[path][_CPUS])
        while path != OUTSIDE:
            if not own <= parse_cpu_list(self.files[path][_EXCLUSIVE]):
                return "Invalid cpu list in cpuset.cpus.exclusive"
            path = self.above(path)
            if self._is_partition(path):
                if self.kernel.version < _COME_FIRST:
                    return "Invalid cpu list in cpuset.cpus.exclusive"
                return "Parent unable to distribute cpu downstream"
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
        self.invalid.pop(step.path, None)

    def _chown(self, step: Step) -> None:
        self.files[step.path][OWNER] = step.value

    def _move(self, step: Step) -> None:
        to = step.value
        inner = to != OUTSIDE and self.files[to]["cgroup.subtree_control"]
        if inner and self._is_populated(to):
            raise Refused("EBUSY", step)
        self.procs[to] += self.procs[step.path]
        self.procs[step.path] = 0

    def _write(self, step: Step) -> None:
        said: Any = self.files[step.path]
        if step.file == "cgroup.subtree_control":
            self._write_subtree(step, said)
            return
        if step.file in LIMITS:
            said[step.file] = step.value
            return
        controller = step.file.partition(".")[0]
        if not self._has(step.path, controller) or (step.file == _EXCLUSIVE and not self.remote):
            raise Refused("ENOENT", step)
        match step.file:
            case "cpuset.cpus" | "cpuset.cpus.exclusive":
                self._check_cpus(step)
            case "cpuset.cpus.partition":
                self._write_partition(step, said)
                return
            case "cpu.weight":
                self._check_weight(step, said["cpu.idle"] == "1")
            case "cpu.idle":
                said["cpu.weight"] = "100"
            case "cpu.max":
                quota, *period = step.value.split()
                said["cpu.max"] = " ".join([quota, *(period or said["cpu.max"].split()[1:])])
                return
        said[step.file] = step.value
        if step.file.startswith("cpuset.cpus"):
            said[step.file] = format_cpu_list(parse_cpu_list(step.value))
        if step.file == _CPUS and self.kernel.version < _COME_FIRST:
            self._invalidate_siblings(step)

    def _invalidate_siblings(self, step: Step) -> None:
        wish = parse_cpu_list(step.value)
        for each in self.below(self.above(step.path)):
            shared = parse_cpu_list(self.files[each][_CPUS]) & wish
            if each != step.path and shared and self._is_partition(each):
                self.invalid[each] = ""

    def _check_weight(self, step: Step, idles: bool) -> None:
        if idles:
            raise Refused("EINVAL", step)
        if not 1 <= int(step.value) <= 10_000:
            raise Refused("ERANGE", step)

    def _check_cpus(self, step: Step) -> None:
        wish = parse_cpu_list(step.value)
        if not wish <= self.online:
            raise Refused("ERANGE", step)
        empties = step.file == _CPUS and not wish and self.procs[step.path] > 0
        if empties and self.kernel.version < _COME_FIRST:
            raise Refused("ENOSPC", step)
        if step.file == _EXCLUSIVE:
            self._check_siblings(step)

    def _write_partition(self, step: Step, said: dict[str, str]) -> None:
        said[step.file] = step.value
        why = self._judge(step.path) if step.value != "member" else None
        self.invalid.pop(step.path, None)
        if why:
            self.invalid[step.path] = why
        for each in self.below(step.path):
            if step.value == "member" and self.files[each][step.file] != "member":
                self.invalid[each] = "Parent is not a partition root"

    def _is_populated(self, path: str) -> bool:
        """Beneath it, so that it cannot be the root of threaded groups, which might be in it."""
        return any(self.procs[each] for each in self.files if each.startswith(f"{path}/"))

    def _check_siblings(self, step: Step) -> None:
        """No two ask for one cpu exclusively, and nobody for all that another one asks for."""
        wish = parse_cpu_list(step.value)
        for each in self.below(self.above(step.path)):
            cpus, exclusive = (
                parse_cpu_list(self.files[each][file]) for file in (_CPUS, _EXCLUSIVE)
            )
            if each != step.path and (wish & exclusive or (cpus and cpus <= wish)):
                raise Refused("EINVAL", step)

    def _write_subtree(self, step: Step, said: dict[str, str]) -> None:
        on = said["cgroup.subtree_control"].split()
        for each in step.value.split():
            sign, controller = each[0], each[1:]
            if sign == "+" and controller not in on:
                if step.path != OUTSIDE and self.procs[step.path] and self._is_populated(step.path):
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


def carry_out(groups: Cgroups, wanted: Wanted) -> None:
    """All steps to what is wanted, none of which the kernel makes something else of."""
    for step in compare(wanted.groups, groups.observed()):
        groups.do(step)
        assert groups.misled() == [], step
