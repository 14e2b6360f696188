"""Runs of cpus that the same schedulers have."""

from __future__ import annotations

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from tests.meaning.trees import GAPS, tree_of
from usched.figures.grid import list_holdings, runs_alike

pools = st.lists(
    st.sampled_from(["cpu*", "cpu0", "cpu2-6", "cpu3", "node1", "cpu* except cpu3"]), max_size=5
)


@given(pools)
def test_runs_are_those_of_looking_at_each_cpu(pools: list[str]) -> None:
    script = "\n".join(f"S{place} on {pool} lwktpri 6" for place, pool in enumerate(pools))
    tree = tree_of(script, GAPS)
    rows, cpus = list_holdings(tree.resolver), list(GAPS.all)

    def who(cpu: int) -> list[int]:
        return [place for place, row in enumerate(rows) if cpu in row.cpus]

    expected = [(list(run), here) for here, run in groupby(cpus, who)]
    assert list(runs_alike(rows, cpus)) == expected
