"""Run whole commands, in turn, against a Python that imports click and ends.

`python -m tests.bench.commands`. What a user waits for: start-up, a declaration among few and among
many, a batch.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

from tests.bench.machine import describe_machine, format_machine

FEW, MANY = 10, 10_000

#: So many statements has the shorter batch, and ten times as many the longer one.
BATCH = 10_000

CLICK = "import click"

#: Where it is set, every command is compiled anew.
_UNCACHED = "PYTHONDONTWRITEBYTECODE"

_SOURCE = Path(__file__).parents[2]


class Command(NamedTuple):
    """words: of usched, or of Python for the yardstick. fresh: without the registry of before."""

    what: str
    words: tuple[str, ...]
    fresh: bool = False


def commands(batch: int) -> tuple[Command, ...]:
    declare = ("NORM", "on", "cpu0", "lwktpri")
    return (
        Command(CLICK, ("-c", CLICK)),
        Command(f"declare among {FEW}", ("--registry", "few.db", *declare, "6")),
        Command(f"declare among {MANY:,}", ("--registry", "many.db", *declare, "6")),
        Command(f"list of {FEW}", ("--registry", "few.db", "list")),
        Command(f"batch of {batch:,}", ("--registry", "1.db", "batch", "-q", "1"), True),
        Command(f"batch of {10 * batch:,}", ("--registry", "10.db", "batch", "-q", "10"), True),
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.commands", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--times", type=int, default=11, metavar="N", help="medians of N (11)")
    parser.add_argument("--batch", type=int, default=BATCH, metavar="N", help="statements (10000)")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder, options.batch)
        measured = _measure(folder, commands(options.batch), options.times)
    result = {**describe_machine(), "commands": measured}
    print(json.dumps(result, indent=1) if options.json else _format_table(result))
    return 0


def _script(count: int) -> str:
    return "".join(f"S{number} on cpu* lwktpri 6\n" for number in range(count))


def _prepare(folder: Path, batch: int) -> None:
    for name, count in (("few", FEW), ("many", MANY), ("1", batch), ("10", 10 * batch)):
        (folder / name).write_text(_script(count), encoding="ascii")
    for name in ("few", "many"):
        _run(folder, ("--registry", f"{name}.db", "batch", "-q", name))


def _measure(folder: Path, measured: Sequence[Command], times: int) -> dict[str, Any]:
    """Each once unmeasured, so that Python has compiled it; then all of them, in turn."""
    took: dict[str, list[float]] = {each.what: [] for each in measured}
    peak = {each.what: 0.0 for each in measured}
    for turn in range(times + 1):
        for each in measured:
            words = each.words
            if "lwktpri" in words:  # something to change, each time
                words = (*words, "quantum", str(1 + turn))
            if each.fresh:
                (folder / words[1]).unlink(missing_ok=True)
                if 0 < turn < times - 2:  # these take their time
                    continue
            seconds, memory = _run(folder, words)
            if turn:
                took[each.what].append(seconds)
                peak[each.what] = max(peak[each.what], memory)
    yardstick = median(took[CLICK])
    return {
        each.what: {
            "seconds": median(took[each.what]),
            "times": len(took[each.what]),
            "x_import_click": median(took[each.what]) / yardstick,
            "peak_memory_mb": peak[each.what],
        }
        for each in measured
    }


def _run(folder: Path, words: Sequence[str]) -> tuple[float, float]:
    """Seconds, and the most memory that it took, in MB."""
    environment = {name: value for name, value in os.environ.items() if name != _UNCACHED}
    start = [sys.executable] if words[0] == "-c" else [sys.executable, "-m", "usched"]
    began = perf_counter()
    process = subprocess.Popen(
        [*start, *words],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(_SOURCE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return seconds, used.ru_maxrss / 1024


def _format_table(result: dict[str, Any]) -> str:
    lines = [*format_machine(result), "medians", ""]
    lines.append(f"{'':<24}{'times':>6}{'seconds':>9}{'x import click':>16}  MB")
    for what, each in result["commands"].items():
        ratio = f"{each['x_import_click']:.2f}"
        memory = f"{each['peak_memory_mb']:.0f}"
        lines.append(f"{what:<24}{each['times']:>6}{each['seconds']:>9.3f}{ratio:>16}  {memory}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
