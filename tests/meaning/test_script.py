"""A script carried out on a tree: what is kept of all that went wrong."""

from __future__ import annotations

import tracemalloc

import pytest

from tests.meaning.trees import statement, tree_of
from usched.meaning.script import carry_out_on
from usched.words.problems import Refused

MANY = 1000


def test_a_wrong_statement_keeps_its_problem_and_not_the_frames_that_found_it() -> None:
    """A hundred thousand may be wrong at once."""
    tree = tree_of("X on cpu5 lwktpri 6 exclusive")
    script = [(None, statement(f"S{number} on cpu5 lwktpri 6")) for number in range(MANY)]
    tracemalloc.start()
    try:
        with pytest.raises(Refused) as refused:
            carry_out_on(tree, script)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(refused.value.problems) == MANY
    assert peak < 1500 * MANY


def test_who_is_left_without_a_place_is_named_once_a_statement_where_they_are_thousands() -> None:
    """Else what is wrong is as much as siblings times statements."""
    tree = tree_of("\n".join(f"N{number} on cpu5 lwktpri 6" for number in range(60)))
    statements = [statement(f"E{number} on cpu5 lwktpri 6 exclusive") for number in range(100)]
    with pytest.raises(Refused) as refused:
        carry_out_on(tree, [(None, each) for each in statements])
    told = [problem.what for problem in refused.value.problems]
    each = [f"N{number} would not fit: cpu5 is only for E0 (exclusive)" for number in range(60)]
    assert told[:60] == each
    assert len(told) == 17 * 60 + 83  # more than a thousand, and then one a statement
    names = ", ".join(f"N{number}" for number in range(1, 9))
    said = "N0 would not fit: cpu5 is only for E99 (exclusive)"
    assert told[-1] == f"{said}; nor would {names} and more"
