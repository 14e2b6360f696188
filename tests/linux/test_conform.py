"""usched conform on real kernels: how far Linux does as the simulator says (`inside/conform.py`).

README.md keeps the table that is printed here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.linux.conftest import Seen

PROGRAM, SECONDS = "conform", 300

#: A clock that counts instructions credits a thread that runs for a moment with the turns of all
#: other cpus; the kernel's own then seem to take a tenth of a cpu.
COUNTED = False

pytestmark = pytest.mark.slow

#: Points by which a share may differ where Linux can express what is asked for.
WITHIN = 3.0

#: Linux 7.3 gives a scheduler of two hogs some 3 points more than its due beside one of a single
#: hog, which 6.12 and 6.1 do not.
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

OTHERWISE: Cases = {
    "otherwise": {
        "a REAL hog over a NORM hog": ("full.0", "starved.0"),
        "three hogs on two cpus, not locked": ("three.0", "three.1", "three.2"),
        "2 vcpus on a cpu: A on the first, two of B on both": ("a.0", "b.0", "b.1"),
        "sleeping REAL over two NORM hogs on two cpus": ("over.0", "under.0", "under.1"),
    },
    "narrow": {"4 vcpus on 8 cpus: the hogs": tuple(f"narrow.{n}" for n in range(8))},
}


def find_shares(said: dict[str, Any], names: tuple[str, ...], side: str) -> list[float]:
    figures = {each["name"]: each[side]["share"] for each in said["schedulers"] + said["lwps"]}
    return [figures[name] for name in names]


def format_shares(shares: list[float]) -> str:
    """Of many of the same workload, the smallest and the largest."""
    if len(shares) > 4:
        low, high = f"{min(shares):.0f}", f"{max(shares):.0f}"
        return low if low == high else f"{low} to {high}"
    return " ".join(f"{share:.0f}" for share in shares)


def make_rows(seen: Seen, cases: Cases) -> list[tuple[str, ...]]:
    """A case, the shares as simulated, and those on Linux."""
    return [
        (words, *(format_shares(find_shares(seen[run], names, side)) for side in SIDES))
        for run, group in cases.items()
        for words, names in group.items()
    ]


SIDES = ("simulated", "linux")


def test_nothing_is_missing_of_the_traces_and_nobody_is_left(seen: Seen) -> None:
    for run in ("expressed", "narrow", "otherwise"):
        said = seen[run]
        assert (said["recorded"], said["breaks"], said["lost"]) == ("sched_switch", 0, 0)
    procs, instances = seen["what_is_left"]
    assert set(procs) == {""}
    assert instances == []


@pytest.mark.parametrize(
    ("run", "words"), [(run, words) for run, group in EXPRESSED.items() for words in group]
)
def test_what_linux_can_express_it_does_as_the_simulator_says(
    seen: Seen, run: str, words: str
) -> None:
    """Nobody has more than that, and nobody less but for what the kernel's own threads ran there:
    hogs leave nothing over, so that it is what is missing of all shares together."""
    names = EXPRESSED[run][words]
    simulated, real = (find_shares(seen[run], names, side) for side in SIDES)
    missing = max(0.0, sum(simulated) - sum(real))
    assert missing < MOST_MISSING
    within = WITHIN_ON.get((seen.kernel, words), WITHIN)
    for name, asked, got in zip(names, simulated, real, strict=True):
        assert -within - missing < got - asked < within, (name, asked, got)


def test_the_readme_has_the_table(seen: Seen) -> None:
    """All cases, with what is simulated word for word; Linux's shares are of one of the runs."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for cases in (EXPRESSED, OTHERWISE):
        for words, simulated, real in make_rows(seen, cases):
            print(f"| {words} | {simulated} | {real} |  Linux {seen.kernel}")
            assert f"\n| {words} | {simulated} | " in readme
