"""usched conform on real kernels: how far Linux does as the simulator says (`inside/conform.py`).

README.md keeps the table that is printed here.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from tests.linux.conftest import Seen
from tests.linux.inside.cases import (
    EXPRESSED,
    MOST_MISSING,
    SIDES,
    WITHIN,
    Cases,
    agree,
    find_shares,
)

PROGRAM, SECONDS = "conform", 420

#: A clock that counts instructions credits a thread that runs for a moment with the turns of all
#: other cpus; the kernel's own then seem to take a tenth of a cpu.
COUNTED = False

pytestmark = pytest.mark.slow

#: Of the cases above, whose lwps share by the weights of groups alone.
EQUAL = (("one.0", "two.0", "two.1"), ("long.0", "short.0", "short.1"))

#: What lwps would have if no event happened.
UNCHANGED = {
    "old.0": 50,
    "home.0": 100,
    "set.0": 50,
    "set.1": 50,
    "low.0": 50,
    "free.2": 50,
    "whole.0": 100,
    "part.0": 0,
    "new.0": 0,
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


def format_shares(shares: list[float]) -> str:
    """Of many of the same workload, the smallest and the largest."""
    if len(shares) > 4:
        low, high = f"{min(shares):.0f}", f"{max(shares):.0f}"
        return low if low == high else f"{low} to {high}"
    return " ".join(f"{share:.0f}" for share in shares)


def make_rows(seen: Seen, cases: Cases) -> list[tuple[str, ...]]:
    """A case, the shares as simulated, and those on Linux, of the last run."""
    return [
        (words, *(format_shares(find_shares(seen[run][-1], names, side)) for side in SIDES))
        for run, group in cases.items()
        for words, names in group.items()
    ]


def test_nothing_is_missing_of_the_traces_and_nobody_is_left(seen: Seen) -> None:
    for said in chain.from_iterable(seen[run] for run in EXPRESSED):
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
    """In one run of three, if not in the first: what else is done on this machine disturbs a run,
    and what is wrong disturbs them all."""
    names = EXPRESSED[run][words]
    found = [[find_shares(said, names, side) for side in SIDES] for said in seen[run]]
    assert any(agree(said, seen.kernel, run, words) for said in seen[run]), found


def test_where_weights_are_taken_as_told_all_kernels_share_alike(seen: Seen) -> None:
    """In the best of some runs: a busy machine disturbs each of them by as much."""
    runs = seen["weights_as_told"]
    assert bool(runs) == (seen.kernel == "7.3")
    for names in EQUAL if runs else ():
        found = [[find_shares(said, names, side) for side in SIDES] for said in runs]
        apart = [
            max(abs(got - asked) for asked, got in zip(simulated, real, strict=True))
            for simulated, real in found
        ]
        assert min(apart) < WITHIN, found


def test_events_are_done_to_the_kernel_and_it_is_as_before_afterwards(seen: Seen) -> None:
    said, as_before, verified, registry = seen["changed"]
    assert as_before
    assert verified == [0, "Linux is as the registry says: 8 groups\n", ""]
    assert len(registry.splitlines()) == 8
    events = said["events"]
    assert [(each["at"], each["event"]) for each in events] == [
        (400, "kill free.2"),
        (800, "move high into FREE"),
        (800, "LOW on cpu3 lwktpri 4"),
        (800, "SET on cpu0 cpu2 lwktpri 6 locked"),
        (800, "destroy OLD into HOME"),
        (800, "WHOLE/PART on cpu0 lwktpri 6"),
        (900, "destroy GONE"),
        (1200, "NEW on cpu6 lwktpri 7"),
    ]
    # what this machine is late with, being busy, is missing of what comes of it
    late = 100 * max(each["late"] + each["took"] for each in events) / 16
    lwps = {each["name"]: each for each in said["lwps"]}
    for name, without in UNCHANGED.items():
        asked, got = (lwps[name][side]["share"] for side in SIDES)
        assert abs(got - asked) < late + WITHIN + MOST_MISSING, (name, asked, got)
        if late < MOST_MISSING:
            assert abs(got - asked) < abs(got - without), (name, asked, got)


def test_what_a_killed_run_changed_is_undone_by_the_next_command(seen: Seen) -> None:
    beside, killed, pid, after, as_before = seen["killed_amid_events"]
    assert beside == [
        1,
        "",
        "usched: another usched is changing the control groups at this moment\n"
        "  try again when it is done\n",
    ]
    assert killed == -9
    assert after == [
        0,
        "# nothing to do: Linux is as the registry says\n",
        f"usched: an apply by process {pid} did not come to its end: it is undone\n",
    ]
    assert as_before


def test_the_readme_has_the_table(seen: Seen) -> None:
    """All cases, with what is simulated word for word; Linux's shares are of one of the runs."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for cases in (EXPRESSED, OTHERWISE):
        for words, simulated, real in make_rows(seen, cases):
            print(f"| {words} | {simulated} | {real} |  Linux {seen.kernel}")
            assert f"\n| {words} | {simulated} | " in readme
