"""How far Linux does as the simulator says: cases, and the shares in what conform said of a run."""

from __future__ import annotations

from typing import Any

#: Points by which a share may differ where Linux can express what is asked for.
WITHIN = 3.0

#: Linux 7.3 weighs groups in a way of its own (`cgroup_mode`): a scheduler of two hogs has 3 points
#: and more above its due beside one of a single hog. `weights_as_told` is without that.
WITHIN_ON = {
    ("7.3", "equal schedulers on a cpu, of one hog and of two"): 6.0,
    ("7.3", "quantum 200ms beside 100ms with two hogs"): 6.0,
}

#: Of one cpu: what threads of the kernel ran beside ours at most.
MOST_MISSING = 8.0

Cases = dict[str, dict[str, tuple[str, ...]]]

#: By run: each case in words, and whose shares are looked at.
EXPRESSED: Cases = {
    "expressed": {
        "three hogs on a cpu": ("equal.0", "equal.1", "equal.2"),
        "equal schedulers on a cpu, of one hog and of two": ("one.0", "two.0", "two.1"),
        "periodic REAL over sleeping NORM over an IDLE hog": ("real.0", "norm.0", "idle.0"),
        "a sleeper of lwktpri 7 over hogs of 6 and 4": ("high.0", "low.0", "last.0"),
        "three hogs locked on two cpus": ("pin.0", "pin.1", "pin.2"),
        "quantum 200ms beside 100ms with two hogs": ("long.0", "short.0", "short.1"),
    },
    "narrow": {"4 vcpus on 8 cpus, eight hogs: all of it": ("NARROW",)},
    "otherwise": {
        "sleepers of lwktpri 7 and 6, hogs of 5 and 4": (
            *("seventh.0", "sixth.0", "fifth.0", "last.0"),
        ),
    },
}

SIDES = ("simulated", "linux")

#: What `usched conform --json` said of one run.
Said = dict[str, Any]


def find_shares(said: Said, names: tuple[str, ...], side: str) -> list[float]:
    figures = {each["name"]: each[side]["share"] for each in said["schedulers"] + said["lwps"]}
    return [figures[name] for name in names]


def agree(said: Said, kernel: str, run: str, words: str) -> bool:
    """Nobody has more than what is simulated, and nobody less but for what the kernel's own threads
    ran there: hogs leave nothing over, so that it is what is missing of all shares together."""
    names = EXPRESSED[run][words]
    simulated, real = (find_shares(said, names, side) for side in SIDES)
    missing = max(0.0, sum(simulated) - sum(real))
    within = WITHIN_ON.get((kernel, words), WITHIN)
    apart = [got - asked for asked, got in zip(simulated, real, strict=True)]
    return missing < MOST_MISSING and -within - missing < min(apart) and max(apart) < within
