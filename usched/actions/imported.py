"""What an import is asked for, and what it gives, whatever it reads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from usched import __version__
from usched.text.traces.summary import name_some
from usched.words.phrases import count
from usched.words.problems import Problem
from usched.words.trace import Rule
from usched.words.workload import MAX_NAME, Workload

#: Of a trace, in microseconds; the largest of an rt-app file.
DEFAULT_TICK = 100


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import. default: the scheduler of what no rule fits. tick: microseconds, None for the
    default. with_kernel: kernel threads, too."""

    rules: tuple[Rule, ...]
    default: str | None
    tick: int | None
    with_kernel: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """said: sentences on what was made of it, the first one of how much."""

    workload: Workload
    said: tuple[str, ...]


def name_workload(label: str) -> str:
    """The name of the file, as far as a workload may be called so."""
    base = os.path.basename(label).split(".")[0]
    name = "".join(c for c in base if c.isprintable())[:MAX_NAME]
    return name if name.strip() and label != "<stdin>" else "imported"


def head_comments(imported: Imported, label: str) -> list[str]:
    """What stands on top of the file."""
    return [f"imported by usched {__version__} from {label}", *imported.said]


def refuse_homeless(noun: str, names: Sequence[str]) -> Problem:
    """noun: `thread` or `task`."""
    what = f"no --map fits {count(len(names), noun)}: {name_some(names)}"
    return Problem(what, remedy="say where the others go: --default SCHEDULER", rule="map")
