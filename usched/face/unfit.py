"""What read commands say of schedulers that do not fit the machine any more."""

from __future__ import annotations

from usched.face.output import warn
from usched.meaning.tree import Tree
from usched.words.problems import format_problem


def warn_unfit(tree: Tree) -> None:
    """A line for each scheduler that does not fit, on standard error."""
    problems = tree.survey()
    for problem in problems:
        warn(format_problem(problem))
    if problems:
        warn(
            "the registry does not fit this machine: redeclare or destroy these, or load a topology"
        )
