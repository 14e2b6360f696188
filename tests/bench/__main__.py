"""Run the jobs and the yardsticks one after another in one process, and print the ratios.

Of cpu time: each is one thread that waits for nothing, and other work on the machine counts less.
As in `usched` itself, cyclic garbage is not looked for.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import sys
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter, process_time
from typing import Any

from tests.bench.jobs import JOBS, Job
from tests.bench.machine import describe_machine, format_machine
from tests.bench.yardsticks import YARDSTICKS, Missing, Yardstick
from tests.engine.runs import plan
from usched.engine.dispatcher import simulate
from usched.meaning.timetable import Timetable
from usched.text.run_json import format_segments_csv


class GivenUp(Exception):
    """A run took longer than anybody would wait."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--jobs", default="ASBCDE", metavar="LETTERS", help="which (ASBCDE)")
    parser.add_argument("--times", type=int, default=5, metavar="N", help="medians of N (5)")
    parser.add_argument("--patience", type=float, default=60, metavar="SECONDS", help="a run (60)")
    options = parser.parse_args(arguments)
    yardsticks = {each.name: _measure(each, options.times) for each in YARDSTICKS}
    jobs = {
        job.name: _run(job, options.times, options.patience)
        for job in JOBS
        if job.name in options.jobs.upper()
    }
    for found in jobs.values():
        rate = found.get("decisions_per_second")
        found["ratios"] = {
            name: rate / each["decisions_per_second"]
            for name, each in yardsticks.items()
            if rate and "decisions_per_second" in each
        }
    result = {**describe_machine(), "times": options.times, "yardsticks": yardsticks, "jobs": jobs}
    print(json.dumps(result, indent=1) if options.json else _format_table(result))
    return 0


def _measure(yardstick: Yardstick, times: int) -> dict[str, Any]:
    found: dict[str, Any] = {"what": yardstick.what}
    try:
        yardstick.measure(yardstick.decisions)  # warm
        rates = []
        for _ in range(times):
            gc.collect()
            made, seconds = yardstick.measure(yardstick.decisions)
            rates.append(made / seconds)
        found["decisions_per_second"] = median(rates)
    except Missing as missing:
        found["missing"] = str(missing)
    return found


def _run(job: Job, times: int, patience: float) -> dict[str, Any]:
    scenario = job.make()
    timetable = plan(scenario)
    found: dict[str, Any] = {"what": job.what, "ticks": scenario.ticks}
    decisions = 0
    took = []
    try:
        for _ in range(times):
            decisions, seconds = _run_once(job, timetable, scenario.ticks, patience)
            took.append(seconds)
    except GivenUp:
        found["given_up_after_seconds"] = patience
        return found
    found["seconds"] = median(took)
    found["decisions"] = decisions
    found["decisions_per_second"] = decisions / found["seconds"]
    # of the process, so of this job and the ones before it
    found["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def _run_once(job: Job, timetable: Timetable, ticks: int, patience: float) -> tuple[int, float]:
    """The decisions, and the cpu seconds that they took."""
    gc.collect()  # what the one before left
    look = _limit(perf_counter() + patience)
    began = process_time()
    run = simulate(timetable, ticks, progress=look, segments=job.segments, leap=job.leap)
    if job.segments:
        with open(os.devnull, "w", encoding="ascii") as sink:
            sink.writelines(format_segments_csv(run.timeline))
    took = process_time() - began
    return sum(lwp.dispatches for lwp in run.lwps), took


def _limit(until: float) -> Callable[[int], None]:
    def look(_: int) -> None:
        if perf_counter() > until:
            raise GivenUp

    return look


def _format_table(result: dict[str, Any]) -> str:
    lines = [*format_machine(result), f"cpu time, medians of {result['times']}", ""]
    for name, each in result["yardsticks"].items():
        rate = each.get("decisions_per_second")
        told = f"{rate:14,.0f} decisions/s" if rate else f"{'missing':>14}: {each['missing']}"
        lines.append(f"{name}  {each['what']:<30}{told}")
    heads = "".join(f"{'x ' + name:>9}" for name in result["yardsticks"])
    lines += [
        "",
        f"job  {'ticks':>18} {'decisions':>10} {'seconds':>8} {'per second':>11}{heads}  MB",
    ]
    for name, each in result["jobs"].items():
        start = f"{name:<4} {each['ticks']:>18,}"
        if "seconds" not in each:
            lines.append(f"{start}  not done in {each['given_up_after_seconds']:g} s")
            continue
        ratios = "".join(
            f"{each['ratios'][stick]:>9.3g}" if stick in each["ratios"] else f"{'-':>9}"
            for stick in result["yardsticks"]
        )
        counts = f"{each['decisions']:>10,} {each['seconds']:>8.3f}"
        rate = f"{each['decisions_per_second']:>11,.0f}"
        lines.append(f"{start} {counts} {rate}{ratios}  {each['peak_memory_mb']:.0f}")
    lines.append("")
    lines += [f"{name}: {each['what']}" for name, each in result["jobs"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    gc.disable()
    sys.exit(main(sys.argv[1:]))
