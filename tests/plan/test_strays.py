"""Which threads do not run as their scheduler says."""

from __future__ import annotations

from usched.plan.strays import Runs, find_strays
from usched.plan.wanted import Threads
from usched.words.cpuset import CpuSet, parse_cpu_list

ALL = CpuSet.span(0, 7)


def cpus(text: str) -> CpuSet:
    return parse_cpu_list(text)


def fair(text: str) -> Threads:
    return Threads("NORM", None, 0, cpus(text), ())


def locked(*homes: str) -> Threads:
    return Threads("LOCK", None, 0, cpus(",".join(homes)), tuple(map(cpus, homes)))


def strays(
    wanted: Threads, *affinities: str, policy: str = "other", online: CpuSet = ALL
) -> dict[int, str]:
    threads = [Runs(policy, 0, cpus(text)) for text in affinities]
    return dict(find_strays(wanted, wanted.cpus, online, threads))


def test_threads_at_their_homes_and_as_many_at_each_are_as_they_should() -> None:
    assert strays(locked("1", "2"), "1", "2") == {}
    assert strays(locked("1", "2"), "2", "1", "2") == {}
    assert strays(locked("0-1", "2-3"), "0-1", "2-3") == {}  # beneath a pool that floats


def test_a_thread_of_a_locked_scheduler_that_is_not_pinned_is_none() -> None:
    found = strays(locked("1", "2"), "1", "0-7", "1-2")
    assert found == {
        1: "should have one home of 1, 2, and may run on cpus 0-7",
        2: "should have one home of 1, 2, and may run on cpus 1-2",
    }


def test_of_a_home_with_more_than_its_part_the_youngest_are() -> None:
    said = "should have another home than 1, which has its part without: 2 of 4 threads"
    assert strays(locked("1", "2"), "1", "1", "1", "2") == {2: said}
    # the model moves nobody when others exit: a difference of one is nobody's fault
    assert strays(locked("1", "2"), "1", "1", "2") == {}


def test_where_no_home_is_online_nobody_has_one() -> None:
    assert strays(locked("1", "2"), "1", "1", online=cpus("0,3-7")) == {}
    assert strays(locked("1", "2"), "1", "1", online=cpus("0-1,3-7")) == {}


def test_who_is_not_locked_and_may_not_run_on_all_cpus_is() -> None:
    assert strays(fair("0-3"), "0-3", "0-7") == {}
    assert strays(fair("0-3"), "2") == {0: "should run on all of cpus 0-3, and may on 2 only"}


def test_policies_are_held_to_the_letter() -> None:
    real = fair("0-3")
    real = Threads("RT", 8, 0, real.cpus, ())
    threads = [
        Runs("rr", 8, real.cpus),
        Runs("other", 0, real.cpus),
        Runs("rr", 9, real.cpus),
        Runs("fifo", 8, real.cpus),
    ]
    assert dict(find_strays(real, real.cpus, ALL, threads)) == {
        1: "should be SCHED_RR 8, not SCHED_OTHER",
        2: "should be SCHED_RR 8, not SCHED_RR 9",
        3: "should be SCHED_RR 8, not SCHED_FIFO 8",
    }
    assert strays(fair("0-3"), "0-3", policy="batch") == {}
    assert strays(fair("0-3"), "0-3", policy="deadline") == {
        0: "should be SCHED_OTHER, not SCHED_DEADLINE"
    }


def test_homes_are_not_all_named() -> None:
    (said,) = strays(locked(*map(str, range(9))), "0-8", online=cpus("0-8")).values()
    assert "one home of 0, 1, 2, 3, 4, 5, 6, 7, ..., and may" in said
