"""Run whole commands, in turn, against a Python that imports click and ends.

`python -m tests.bench.commands`. What a user waits for: start-up, declarations among few and among
many, batches of one kind of statement and of all kinds. Of cpu time, since other work on the
machine counts less there; a change waits for the disk besides.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tests.bench.machine import describe_machine, format_machine

FEW, MANY = 10, 10_000

#: So many statements has the shorter batch, and ten times as many the longer one.
BATCH = 10_000

CLICK = "import click"

#: Where it is set, every command is compiled anew.
_UNCACHED = "PYTHONDONTWRITEBYTECODE"

_SOURCE = Path(__file__).parents[2]


#: A machine of 64 cpus, so that they can be shared out.
_MACHINE = "pack:2 numa:2 l3:2 core:4 pu:2"

#: Each changes something each time: it is another quantum, or there again.
_DECLARATIONS = {
    "declare": "NORM on cpu0 lwktpri 6 quantum {}",
    "dry run": "-n DRY on cpu0 lwktpri 6 quantum {}",
    "exclusive": "ALONE on cpu63 lwktpri 6 exclusive quantum {}",
    "nested": "S5/A on cpu0 lwktpri 6 quantum {}",
    "destroy": "destroy ALONE",
}


class Command(NamedTuple):
    """words: of usched, or of Python for the yardstick. fresh: without the registry of before.
    beside: what it is compared with."""

    what: str
    words: tuple[str, ...]
    fresh: bool = False
    beside: str = CLICK


def commands(batch: int) -> Iterator[Command]:
    yield Command(CLICK, ("-c", CLICK))
    for what, text in _DECLARATIONS.items():
        few = f"{what} among {FEW}"
        yield Command(few, ("--registry", "few.db", *text.split()))
        many = ("--registry", "many.db", *text.split())
        yield Command(f"{what} among {MANY:,}", many, beside=few)
    yield Command(f"list of {FEW}", ("--registry", "few.db", "list"))
    for kind in _SCRIPTS:
        few = f"{kind} batch of {batch:,}"
        for what, times, beside in ((few, 1, CLICK), (f"{kind} batch of {10 * batch:,}", 10, few)):
            name = f"{kind}{times}"
            words = ("--registry", f"{name}.db", "batch", "-q", name)
            yield Command(what, ("--topology", _MACHINE, *words), True, beside)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.commands", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--times", type=int, default=11, metavar="N", help="medians of N (11)")
    parser.add_argument("--batch", type=int, default=BATCH, metavar="N", help="statements (10000)")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder, options.batch)
        measured = _measure(folder, list(commands(options.batch)), options.times)
    result = {**describe_machine(), "commands": measured}
    print(json.dumps(result, indent=1) if options.json else _format_table(result))
    return 0


def _declare_alike(count: int) -> Iterator[str]:
    """Siblings on all cpus but the last, which is left for an exclusive one."""
    return (f"S{number} on cpu* except cpu63 lwktpri 6" for number in range(count))


def _declare_and_destroy(count: int) -> Iterator[str]:
    """Pools that are subdivided; exclusive ones that come, are declared anew, and go."""
    for number in range(count // 10):
        pool = f"P{number}"
        cpu = 32 + number % 31
        yield f"{pool} on cpu0-31 lwktpri {1 + number % 9} vcpus {1 + number % 40}"
        yield f"{pool}/A on cpu0 lwktpri 6"
        yield f"{pool}/B on cpu* lwktpri 4 locked"
        yield (
            f"{pool}/A on cpu0 lwktpri 6 exclusive"
            if number % 40
            else f"{pool}/C on cpu0 lwktpri 6"
        )
        yield f"X on cpu{cpu} lwktpri 8 exclusive"
        yield f"X on cpu{cpu} cpu63 lwktpri 8 exclusive locked"
        yield f"T on node0 lwktpri {1 + number % 9} quantum {1 + number}"
        yield "destroy X"
        yield f"{pool} on cpu0-31 lwktpri 5 vcpus {1 + number % 40}"
        yield f"destroy {pool} recursive" if number % 2 else f"destroy {pool}/B"


_SCRIPTS = {"plain": _declare_alike, "mixed": _declare_and_destroy}


def _prepare(folder: Path, batch: int) -> None:
    scripts = {"few": _declare_alike(FEW), "many": _declare_alike(MANY)}
    for kind, script in _SCRIPTS.items():
        scripts |= {f"{kind}1": script(batch), f"{kind}10": script(10 * batch)}
    for name, lines in scripts.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    for name in ("few", "many"):
        words = ("--registry", f"{name}.db", "batch", "-q", name)
        _run(folder, ("--topology", _MACHINE, *words))


def _measure(folder: Path, measured: Sequence[Command], times: int) -> dict[str, Any]:
    """Each once unmeasured, so that Python has compiled it; then all of them, in turn."""
    took: dict[str, list[float]] = {each.what: [] for each in measured}
    peak = {each.what: 0.0 for each in measured}
    for turn in range(times + 1):
        for each in measured:
            words = [word.format(1 + turn) for word in each.words]  # something to change
            if each.fresh:
                (folder / words[words.index("--registry") + 1]).unlink(missing_ok=True)
                if 0 < turn < times - 2:  # these take their time
                    continue
            seconds, memory = _run(folder, words)
            if turn:
                took[each.what].append(seconds)
                peak[each.what] = max(peak[each.what], memory)
    return {
        each.what: {
            "seconds": median(took[each.what]),
            "times": len(took[each.what]),
            "x_import_click": median(took[each.what]) / median(took[CLICK]),
            "beside": each.beside,
            "x_beside": median(took[each.what]) / median(took[each.beside]),
            "peak_memory_mb": peak[each.what],
        }
        for each in measured
    }


def _run(folder: Path, words: Sequence[str]) -> tuple[float, float]:
    """Seconds of cpu time, and the most memory that it took, in MB."""
    environment = {name: value for name, value in os.environ.items() if name != _UNCACHED}
    start = [sys.executable] if words[0] == "-c" else [sys.executable, "-m", "usched"]
    process = subprocess.Popen(
        [*start, *words],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(_SOURCE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _format_table(result: dict[str, Any]) -> str:
    lines = [*format_machine(result), "cpu time, medians", ""]
    lines.append(f"{'':<24}{'times':>6}{'seconds':>9}{'MB':>6}{'x':>8}")
    for what, each in result["commands"].items():
        ratio = f"{each['x_beside']:.2f}"
        memory = f"{each['peak_memory_mb']:.0f}"
        numbers = f"{each['times']:>6}{each['seconds']:>9.3f}{memory:>6}{ratio:>8}"
        lines.append(f"{what:<24}{numbers} {each['beside']}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
