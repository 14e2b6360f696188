"""Who ran on which cpus, one by one and together."""

from __future__ import annotations

from usched.figures.who_ran import CpuGroup, each_cpu, join_equal, like_cpus, sum_up
from usched.words.cpuset import CpuSet
from usched.words.run import CpuFigures, LwpFigures, Run, SchedulerFigures, Timeline

RUN = Run(
    machine="m",
    hz=100,
    ticks=10,
    cpus=(
        CpuFigures(0, 8, 2, 0, {2: 4, 0: 4}),
        CpuFigures(1, 6, 4, 0, {1: 6}),
        CpuFigures(2, 0, 10, 0, {}),
        CpuFigures(3, 0, 10, 0, {}),
        CpuFigures(5, 3, 0, 7, None),
    ),
    schedulers=(
        SchedulerFigures("NORM", 0, 0, 0, 0, False, 0),
        SchedulerFigures("REAL", 0, 0, 0, 0, False, 0),
    ),
    lwps=tuple(LwpFigures(name, "NORM") for name in ("a.0", "a.1", "b.0")),
    timeline=Timeline((), ()),
)


def test_a_single_cpu_names_its_lwps_most_first_and_equals_as_in_the_workload() -> None:
    first, second, *_ = sum_up(RUN, each_cpu(RUN))
    assert first == CpuGroup(CpuSet.of([0]), 8, 2, 0, 8, 8, (("a.0", 4), ("b.0", 4)))
    assert second.ran == (("a.1", 6),)


def test_several_cpus_name_programs_and_tell_the_least_and_the_most_busy() -> None:
    [both] = sum_up(RUN, [CpuSet.of([0, 1])])
    assert both == CpuGroup(CpuSet.of([0, 1]), 14, 6, 0, 6, 8, (("a", 10), ("b", 4)))


def test_a_cpu_with_too_many_lwps_to_tell_leaves_nothing_to_tell() -> None:
    assert [group.ran for group in sum_up(RUN, [CpuSet.of([5]), CpuSet.of([0, 5])])] == [None, None]


def test_like_cpus_are_those_that_the_same_schedulers_can_reach() -> None:
    reach = {"NORM": CpuSet.of([0, 1, 2, 3]), "REAL": CpuSet.of([1, 3])}
    assert like_cpus(RUN, reach) == [CpuSet.of([0, 2]), CpuSet.of([1, 3]), CpuSet.of([5])]


def test_neighbours_with_the_same_to_say_become_one() -> None:
    joined = join_equal(sum_up(RUN, each_cpu(RUN)))
    assert [group.cpus for group in joined] == [CpuSet.of(x) for x in ([0], [1], [2, 3], [5])]
    assert joined[2] == CpuGroup(CpuSet.of([2, 3]), 0, 20, 0, 0, 0, ())
