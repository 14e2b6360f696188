"""What an errno means, of a step on control groups (LINUX: cgroup-v2.rst, and measured)."""

from __future__ import annotations

import errno

from usched.plan.difference import PROCESSES
from usched.plan.wanted import OUTSIDE, TOP, shown_path
from usched.words.problems import EnvironmentFailed, NotPermitted, Problem, UschedError
from usched.world.linux.cgroups import OUTSIDER, NotMoved, StepFailed
from usched.world.linux.group_reading import MOUNT

_ROOT = "Linux lets root change control groups"

#: By errno: what it means, and what to do.
_MEANT = {
    errno.EACCES: ("not permitted", _ROOT),
    errno.EPERM: ("not permitted", _ROOT),
    errno.EROFS: (
        "cgroup v2 is mounted read-only",
        "mount -o remount,rw /sys/fs/cgroup; in a service of systemd: ProtectControlGroups=no",
    ),
    errno.EBUSY: ("processes are in it, or groups beneath it", "usched plan shows what there is"),
    errno.EEXIST: ("somebody else made it just now", "try again"),
    errno.ENOTDIR: (
        "a file or a link of that name is there",
        "usched made none: see what it is, and take it away",
    ),
    errno.ENOENT: ("it is gone, or its controller is switched off", "usched plan shows it"),
    errno.ERANGE: ("no cpu of this machine, or no value of this file", "usched topology detect"),
    errno.EINVAL: ("the kernel does not take this value there", "usched plan shows what there is"),
    errno.ENOSPC: ("no cpu is left for the processes in it", "give the scheduler an online cpu"),
    errno.EOPNOTSUPP: ("processes are in the group above, or it is a threaded one", ""),
    errno.ENODEV: ("this kernel has no such controller", "cat /sys/fs/cgroup/cgroup.controllers"),
}


def explain_refusal(failed: StepFailed, before: str = "", after: str = "") -> UschedError:
    """Which step, the kernel's answer, what it means here, and what to do. before, after: what is
    said besides, in front of the sentence and behind the remedy."""
    meant, remedy = _find_meaning(failed)
    if isinstance(failed.error, NotMoved):
        how = f"failed: {meant}"
    else:
        number = failed.error.errno or 0
        how = f"was refused: {meant} ({errno.errorcode.get(number, str(number))})"
    what = f"{before}{_describe(failed)} {how}"
    kind = NotPermitted if failed.is_forbidden else EnvironmentFailed
    remedy = "\n".join(filter(None, (remedy, after)))
    return kind(Problem(what, None, remedy, "kernel", for_root=failed.is_forbidden))


def explain_errno(failed: StepFailed) -> str:
    """What it means here, alone."""
    return _find_meaning(failed)[0]


def _find_meaning(failed: StepFailed) -> tuple[str, str]:
    """And what to do."""
    if isinstance(failed.error, NotMoved):
        return str(failed.error), failed.error.remedy
    number, step = failed.error.errno or 0, failed.step
    meant, remedy = _MEANT.get(number, (failed.error.strerror or str(failed.error), ""))
    match number:
        case errno.EBUSY if step.kind == "move" and OUTSIDE in (step.path, step.value):
            meant = "the root group of a container holds nobody while its controllers are on"
            remedy = f"{leave(step.path)}\nthen type the same again"
        case errno.ENOENT if step.kind == "move" and failed.is_outside:
            meant, remedy = "it is outside of this container", "who is outside moves it"
        case errno.EPERM if step.kind in ("move", "write"):
            remedy = f"a process there may do more than you, as root's may: {_ROOT}"
        case _:
            pass
    return meant, remedy


def leave(path: str) -> str:
    """How the processes in the root group, or those in all groups of ours, come to be in one that
    is no scheduler's, where they must not be in the root group."""
    told = f"grep -vx {OUTSIDER} /{MOUNT}/{PROCESSES}"
    if path != OUTSIDE:
        told = f"find /{MOUNT}/{TOP} -name {PROCESSES} -exec grep -hvx {OUTSIDER} {{}} +"
    return (
        f"give them a group of their own: mkdir -p /{MOUNT}/init\n"
        f"{told} | xargs -rn1 > /{MOUNT}/init/{PROCESSES}"
    )


def _describe(failed: StepFailed) -> str:
    step = failed.step
    group = shown_path(step.path) or "the root group"
    match step.kind:
        case "mkdir":
            return f"making {group}"
        case "rmdir":
            return f"removing {group}"
        case "move" if step.file:  # a single one
            return f"moving it into {group}"
        case "move":
            who = "processes" if failed.pid is None else f"process {failed.pid}"
            return f"moving {who} of {group}"
        case "chown":
            return f"changing whose {group} is"
        case "write":
            return f"writing `{step.value}` to {step.file} of {group}"
