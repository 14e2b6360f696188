"""What read commands say of schedulers that are lost, or do not fit the machine any more."""

from __future__ import annotations

from usched.face.output import warn
from usched.meaning.resolver import Resolver
from usched.words.problems import format_problem


def warn_of_misfits(tree: Resolver) -> None:
    """A line for each of them, on standard error."""
    misfits = tree.find_misfits()
    for problem in [*tree.find_lost(), *misfits]:
        warn(format_problem(problem))
    if misfits:
        warn(
            "the registry does not fit this machine: redeclare or destroy these, or load a topology"
        )
