"""A run in columns, from segments written down by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from usched.figures.columns import Cell, choose_step, fill_row, names_in
from usched.words.cpuset import CpuSet
from usched.words.run import Run, Stretch, Timeline

#: cpu0 runs a for 4 ticks and b for 2, cpu1 b for 5; of 12. cpu1 is offline from tick 8 on.
RUN = Run(
    machine="m",
    hz=100,
    ticks=12,
    cpus=(),
    schedulers=(),
    lwps=(),
    timeline=Timeline(("a", "b"), (Stretch({0: [0, 4, 0, 4, 6, 1], 1: [1, 6, 1]}, 0, 1),)),
    offline={1: ((8, 12),)},
)


def row(step: int, *cpus: int) -> list[Cell]:
    return fill_row(RUN, CpuSet.of(cpus), step, lambda lwp: RUN.timeline.lwps[lwp])


def test_a_cell_is_named_after_who_ran_longest() -> None:
    assert row(6, 0) == [Cell("a", 6, 0, 6), Cell(None, 0, 0, 6)]


def test_a_cell_where_somebody_ran_is_named_however_long_it_idled() -> None:
    assert row(12, 0) == [Cell("a", 6, 0, 12)]
    assert not row(12, 0)[0].full


def test_equals_in_a_cell_go_to_the_first() -> None:
    assert [cell.name for cell in row(8, 0)] == ["a", None]
    assert [cell.name for cell in row(4, 0)] == ["a", "b", None]


def test_several_cpus_are_summed() -> None:
    assert row(6, 0, 1) == [Cell("b", 11, 0, 12), Cell(None, 0, 4, 12)]


def test_a_cell_is_offline_where_it_was_longer_than_it_idled() -> None:
    assert [cell.gone for cell in row(6, 1)] == [False, True]
    assert [cell.gone for cell in row(4, 1)] == [False, False, True]


def test_the_last_column_is_as_long_as_the_run() -> None:
    assert [cell.ticks for cell in row(5, 0)] == [5, 5, 2]


def test_names_are_those_that_appear() -> None:
    assert names_in([row(6, 0)]) == {"a"}
    assert names_in([row(6, 0), row(6, 1)]) == {"a", "b"}


def test_there_are_no_more_columns_than_asked_for() -> None:
    for ticks in (0, 1, 9, 10, 11, 99, 1000):
        step = choose_step(ticks, 10)
        assert -(-ticks // step) <= 10
        assert step == 1 or -(-ticks // (step - 1)) > 10


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 10, 40, 200])
def test_segments_that_repeat_fill_columns_as_they_would_one_by_one(step: int) -> None:
    flat = [2, 5, 0, 5, 6, 1, 9, 13, 1]
    for period, times in ((11, 1), (11, 2), (13, 9), (20, 7)):
        stretch = Stretch({0: flat}, period, times)
        single = [
            value + period * time if place % 3 < 2 else value
            for time in range(times)
            for place, value in enumerate(flat)
        ]
        rows = []
        for each in (stretch, Stretch({0: single}, 0, 1)):
            run = replace(RUN, ticks=200, timeline=Timeline(("a", "b"), (each,)), offline={})
            rows.append(fill_row(run, CpuSet.of([0]), step, lambda lwp: "ab"[lwp]))
        assert [cell.busy for cell in rows[0]] == [cell.busy for cell in rows[1]]
        assert [cell.name for cell in rows[0]] == [cell.name for cell in rows[1]]
