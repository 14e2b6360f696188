"""What an errno means, of a step on control groups (LINUX: cgroup-v2.rst, and measured)."""

from __future__ import annotations

import errno

from usched.plan.difference import Step
from usched.plan.wanted import full_path
from usched.words.problems import EnvironmentFailed, NotPermitted, Problem, UschedError
from usched.world.linux.cgroups import StepFailed

_ROOT = "Linux lets root change control groups: sudo usched ..."

#: By errno: what it means, and what to do.
_MEANT = {
    errno.EACCES: ("not permitted", _ROOT),
    errno.EPERM: ("not permitted", _ROOT),
    errno.EROFS: ("cgroup v2 is mounted read-only", "mount -o remount,rw /sys/fs/cgroup"),
    errno.EBUSY: ("processes are in it, or groups beneath it", "usched plan shows what there is"),
    errno.EEXIST: ("somebody else made it just now", "try again"),
    errno.ENOENT: ("it is gone, or its controller is switched off", "usched plan shows it"),
    errno.ERANGE: ("no cpu of this machine, or no value of this file", "usched topology detect"),
    errno.EINVAL: ("the kernel does not take this value there", "usched plan shows what there is"),
    errno.ENOSPC: ("no cpu is left for the processes in it", "give the scheduler an online cpu"),
    errno.ENODEV: ("this kernel has no such controller", "cat /sys/fs/cgroup/cgroup.controllers"),
}


def explain_refusal(failed: StepFailed, before: str = "", after: str = "") -> UschedError:
    """Which step, the kernel's answer, what it means here, and what to do. before, after: what is
    said besides, in front of the sentence and behind the remedy."""
    number = failed.error.errno or 0
    meant, remedy = _MEANT.get(number, (failed.error.strerror or str(failed.error), ""))
    name = errno.errorcode.get(number, str(number))
    what = f"{before}{_describe(failed.step)} was refused: {meant} ({name})"
    kind = NotPermitted if failed.is_forbidden else EnvironmentFailed
    return kind(Problem(what, None, "\n".join(filter(None, (remedy, after))), "kernel"))


def _describe(step: Step) -> str:
    group = full_path(step.path) or "the root group"
    match step.kind:
        case "mkdir":
            return f"making {group}"
        case "rmdir":
            return f"removing {group}"
        case "move" if step.file:  # a single one
            return f"moving it into {group}"
        case "move":
            return f"moving processes of {group}"
        case "write":
            return f"writing `{step.value}` to {step.file} of {group}"
