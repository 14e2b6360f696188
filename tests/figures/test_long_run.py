"""Shares in the long run, as fractions."""

from __future__ import annotations

from usched.figures.long_run import Share, long_run_shares
from usched.words.run import Cycle, LwpFigures, Run, SchedulerFigures, Timeline


def run(cycle: Cycle | None) -> Run:
    names = ("POOL", "POOL/WEB", "IDLE")
    return Run(
        machine="m",
        hz=100,
        ticks=10,
        cpus=(),
        schedulers=tuple(SchedulerFigures(name, 0, 0, 0, 0, False, 0) for name in names),
        lwps=tuple(LwpFigures(f"a.{n}", name) for n, name in enumerate((*names, "POOL/WEB"))),
        timeline=Timeline((), ()),
        cycle=cycle,
    )


def test_a_run_that_does_not_repeat_has_none() -> None:
    assert long_run_shares(run(None)) == ([], [])


def test_shares_are_in_lowest_terms_with_those_beneath_counted_and_without_zeros() -> None:
    schedulers, lwps = long_run_shares(run(Cycle(60, 12, (3, 9, 0, 12))))
    assert schedulers == [Share("POOL", 2, 1), Share("POOL/WEB", 7, 4)]
    assert lwps == [Share("a.0", 1, 4), Share("a.1", 3, 4), Share("a.3", 1, 1)]
    assert [str(share) for share in lwps] == ["a.0 1/4", "a.1 3/4", "a.3 1"]
