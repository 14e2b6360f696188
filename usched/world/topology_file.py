"""A topology from a file in any of the formats that usched reads, or from a synthetic string."""

from __future__ import annotations

import os

from usched.text.topology.formats import FORMATS, looks_synthetic, parse_machine
from usched.words.machine import Topology
from usched.words.phrases import as_typed
from usched.words.problems import EnvironmentFailed, Problem
from usched.world.files import STANDARD_INPUT, read_text

_SYNTHETIC_LABEL = "<synthetic>"


def load_topology(path_or_synthetic: str) -> tuple[Topology, list[str]]:
    """Read a file, `-` for standard input, or an hwloc synthetic string; with the notes on what
    had to be assumed. A file that exists comes before a string that reads the same.

    Raises EnvironmentFailed when the file cannot be read, Refused when it is no topology.
    """
    is_file = path_or_synthetic == STANDARD_INPUT or os.path.lexists(
        path_or_synthetic.replace("\0", "")
    )
    if not is_file and _is_text(path_or_synthetic) and looks_synthetic(path_or_synthetic):
        return parse_machine(path_or_synthetic, _SYNTHETIC_LABEL)
    try:
        label, text = read_text(path_or_synthetic, "topology")
    except EnvironmentFailed as error:
        remedy = f"usched reads {FORMATS}"
        if is_file and os.path.isdir(path_or_synthetic):
            remedy = (
                f"the saved /sys of a machine is read with --root {as_typed(path_or_synthetic)}"
            )
        raise EnvironmentFailed(Problem(error.problems[0].what, remedy=remedy)) from error
    return parse_machine(text, label)


def _is_text(argument: str) -> bool:
    """Whether an argument of the command line was UTF-8 (os.fsdecode keeps what was not)."""
    return not any("\ud800" <= character <= "\udfff" for character in argument)
