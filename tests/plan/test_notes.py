"""What plan says that Linux does otherwise, of whom, and because of whom."""

from __future__ import annotations

from tests.plan.trees import tree_of
from usched.plan.kernel import Kernel
from usched.plan.lower_cgroup import lower


def notes(script: str, word: str) -> dict[str, str]:
    """What is said of a word, by scheduler."""
    wanted = lower(tree_of(script), Kernel("6.12.9", (6, 12)))
    return {note.scheduler: note.what for note in wanted.notes if note.word == word}


def test_levels_are_compared_only_of_those_who_can_want_the_same_cpu() -> None:
    said = notes(
        """
        A on cpu0-1 lwktpri 5
        B on cpu1-2 lwktpri 6
        C on cpu2 lwktpri 7
        D on cpu5 lwktpri 4
        E on cpu5-6 lwktpri 3
        F on cpu7 lwktpri 2
        """,
        "lwktpri",
    )
    assert {name: what.partition(":")[0] for name, what in said.items()} == {
        "A": "with B",
        "B": "with A and C",
        "C": "with B",
        "D": "with E",
        "E": "with D",
    }


def test_quanta_are_compared_only_of_those_who_can_want_the_same_cpu() -> None:
    said = notes(
        """
        A on cpu0 lwktpri 6 quantum 20ms
        B on cpu0 lwktpri 6 quantum 40ms
        C on cpu1 lwktpri 6 quantum 80ms
        """,
        "quantum",
    )
    assert {name: what.partition(":")[0] for name, what in said.items()} == {
        "A": "against B",
        "B": "against A",
        "C": "no turns",
    }


def test_a_quantum_that_nobody_differs_from_is_not_linuxs_either() -> None:
    said = notes(
        """
        REAL on cpu* lwktpri 8 quantum 20ms
        NORM on cpu* lwktpri 6 quantum 20ms
        SAME on cpu* lwktpri 6 quantum 20ms
        IDLE on cpu* lwktpri 4 quantum 100ms
        NONE on cpu* lwktpri 7
        """,
        "quantum",
    )
    turns = "no turns: the kernel has slices of its own"
    assert said == {
        "REAL": "SCHED_RR has one slice, sched_rr_timeslice_ms",
        "NORM": turns,
        "SAME": turns,
        "IDLE": turns,
    }


def test_children_of_one_that_floats_can_want_the_same_real_cpu() -> None:
    said = notes(
        """
        POOL on cpu0-3 lwktpri 6 vcpus 2
        POOL/A on cpu0 lwktpri 5
        POOL/B on cpu1 lwktpri 6
        """,
        "lwktpri",
    )
    assert said.keys() == {"POOL/A", "POOL/B"}


def test_a_policy_is_for_who_stands_in_nothing_but_real_time_schedulers() -> None:
    """It counts on the whole machine: alice's POOL/X would go before NORM, beyond POOL's cpus."""
    tree = tree_of(
        """
        NORM on cpu* lwktpri 7
        POOL on node1 lwktpri 4 vcpus 2
        POOL/X on cpu0 lwktpri 31
        REAL on cpu0-3 lwktpri 8
        REAL/A on cpu0 lwktpri 6
        REAL/B on cpu1 lwktpri 20
        TOP on cpu3 lwktpri 9
        """
    )
    threads = lower(tree, Kernel("6.12.9", (6, 12))).threads
    assert {name: each.priority for name, each in threads.items()} == {
        "NORM": None,
        "POOL": None,
        "POOL/X": None,
        "REAL": None,
        "REAL/A": None,
        "REAL/B": 20,
        "TOP": 9,
    }
    grouped = lower(tree, Kernel("6.12.9", (6, 12), rt_groups=True)).threads
    assert {each.priority for each in grouped.values()} == {None}


def test_why_real_time_threads_are_fair_ones_is_said() -> None:
    said = notes(
        """
        POOL on cpu4-7 lwktpri 6
        POOL/X on cpu0 lwktpri 31
        REAL on cpu0-3 lwktpri 8
        REAL/A on cpu0 lwktpri 6
        REAL/B on cpu1 lwktpri 20
        """,
        "lwktpri",
    )
    assert said["POOL/X"] == (
        "SCHED_RR goes before all of the machine, and not of POOL alone, so its threads are fair "
        "ones with cpu.weight 10000"
    )
    assert said["REAL"].startswith("SCHED_RR goes before who is beneath it, too, so its threads")
    assert said["REAL/B"] == "SCHED_RR 20 goes before a lower one outside REAL, too"


def test_what_becomes_of_real_time_threads_that_are_granted_is_said() -> None:
    tree = tree_of("REAL on cpu* lwktpri 8", "TOP on cpu* lwktpri 9", "NORM on cpu* lwktpri 6")
    notes = lower(tree, Kernel("6.12.9", (6, 12)), ["REAL"]).notes
    what = "once its holder subdivides it, its threads are fair ones with cpu.weight 10000"
    assert [note.scheduler for note in notes if note.what == what] == ["REAL"]


def test_what_cpu_max_does_not_bind_is_said() -> None:
    said = notes(
        """
        RT on cpu* lwktpri 8 vcpus 2
        REAL on cpu* lwktpri 8 vcpus 4
        REAL/B on cpu0 lwktpri 9
        """,
        "vcpus",
    )
    assert said == {
        "RT": "2 cpus on 8: cpu.max does not bind SCHED_RR: nothing holds its threads to 200 "
        "percent",
        "REAL": "4 cpus on 8: cpu.max holds all its threads together to 400 percent, and does not "
        "bind those of SCHED_RR beneath it, but more than 4 may run at a time",
        "REAL/B": "1 cpu on 8: cpu.max does not bind SCHED_RR: nothing holds its threads to 100 "
        "percent",
    }


def test_who_of_equals_takes_turns_thread_by_thread_is_told() -> None:
    what = "among equals SCHED_RR takes turns thread by thread, and not scheduler by scheduler"
    said = notes(
        """
        A on cpu0-1 lwktpri 8
        B on cpu1-2 lwktpri 8
        C on cpu3 lwktpri 8
        D on cpu* lwktpri 9
        E on cpu* lwktpri 6
        F on cpu* lwktpri 6
        """,
        "lwktpri",
    )
    assert {name for name, said in said.items() if said == what} == {"A", "B"}


def test_who_idles_beside_a_schedulers_own_threads_is_named() -> None:
    said = notes(
        """
        POOL on cpu0-3 lwktpri 6
        POOL/A on cpu0 lwktpri 4
        POOL/B on cpu1 lwktpri 3 exclusive
        POOL/C on cpu0 lwktpri 6
        """,
        "on",
    )
    assert said == {
        "POOL": "its own threads run when its children's do not, by cpu.idle, and share alike with "
        "POOL/A: cpu.idle has no degrees"
    }


def test_quanta_that_weights_are_too_coarse_for_are_told() -> None:
    said = notes(
        """
        A on cpu0 lwktpri 7
        B on cpu0 lwktpri 6
        C on cpu0 lwktpri 5 quantum 20ms
        D on cpu0 lwktpri 5 quantum 40ms
        """,
        "quantum",
    )
    assert said == {
        "C": "against D: cpu.weight 1 is as near to that ratio as it goes beneath the levels "
        "above; no turns",
        "D": "against C: shares in that ratio, by cpu.weight; no turns",
    }


def test_who_is_not_locked_in_a_locked_partition_may_stay_put() -> None:
    """There the kernel balances no load; a partition in it does it again."""
    tree = tree_of(
        """
        P on cpu0-5 lwktpri 6 exclusive locked
        P/A on cpu0-1 lwktpri 6
        P/A/X on cpu0 lwktpri 6
        P/A/Y on cpu* lwktpri 8
        P/L on cpu0-1 lwktpri 6 locked
        P/N on cpu2 lwktpri 6
        P/Q on cpu3-4 lwktpri 6 exclusive
        P/Q/A on cpu* lwktpri 6
        S on cpu6-7 lwktpri 6 locked
        S/A on cpu* lwktpri 6
        """
    )
    what = (
        "no load is balanced in the partition of P, which is locked: a thread may stay on the cpu "
        "where it is, though others idle; one that is locked is given a cpu"
    )
    said = lower(tree, Kernel("6.12.9", (6, 12))).notes
    assert [(each.scheduler, each.word) for each in said if each.what == what] == [
        ("P/A", "on"),
        ("P/A/Y", "on"),
    ]
