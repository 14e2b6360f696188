"""A run as JSON and CSV text (usched.5, "A run")."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from usched.text.segment_lines import Shape, format_lines
from usched.words.run import LwpFigures, Run, SchedulerFigures, Timeline

SCHEMA = "usched.run/1"


def format_run_json(
    run: Run, segments: bool = True, figures: Mapping[str, object] | None = None
) -> Iterator[str]:
    """The run in pieces of text, one record a line; `segments=False` leaves them out."""
    head = {"schema": SCHEMA, "machine": run.machine, "hz": run.hz, "ticks": run.ticks}
    yield json.dumps(head)[:-1]
    cpus = (
        {"cpu": each.cpu, "busy": each.busy, "idle": each.idle, "offline": each.offline}
        for each in run.cpus
    )
    yield _format_list("cpus", cpus)
    yield _format_list("schedulers", map(_scheduler_record, run.schedulers))
    yield _format_list("lwps", map(_lwp_record, run.lwps))
    if figures is not None:
        yield f',\n"figures": {json.dumps(figures)}'
    if segments:
        yield ',\n"segments": ['
        yield from _format_segments(run.timeline)
        yield "]"
    yield "}\n"


def _format_list(name: str, records: Iterable[Mapping[str, object]]) -> str:
    return f',\n"{name}": [' + ",\n  ".join(map(json.dumps, records)) + "]"


def _format_segments(timeline: Timeline) -> Iterator[str]:
    """By hand: names are plain ASCII words, and there may be millions."""
    before = ',\n  {"cpu": %d, "from": '
    after = [f', "lwp": "{lwp}"}}' for lwp in timeline.lwps]
    pieces = format_lines(timeline, Shape(before, ', "to": ', after))
    for first in pieces:
        yield first.removeprefix(",")
        yield from pieces


def _scheduler_record(each: SchedulerFigures) -> dict[str, object]:
    return {
        "name": each.name,
        "ran": each.ran,
        "waited": each.waited,
        "lwps": each.lwps,
        "starved": each.starved,
    }


def _lwp_record(each: LwpFigures) -> dict[str, object]:
    response = each.response
    return {
        "name": each.name,
        "scheduler": each.scheduler,
        "ran": each.ran,
        "waited": each.waited,
        "slept": each.slept,
        "dispatches": each.dispatches,
        "preemptions": each.preemptions,
        "migrations": each.migrations,
        "bursts": each.bursts,
        "response": None
        if response is None
        else {
            "max": response.max,
            "mean": response.mean,
            "p50": response.p50,
            "p99": response.p99,
        },
        "misses": each.misses,
        "exited": each.exited,
    }


def format_segments_csv(timeline: Timeline) -> Iterator[str]:
    """`cpu,from,to,lwp` and a line for each segment, many to a piece of text."""
    yield "cpu,from,to,lwp\n"
    after = [f",{lwp}\n" for lwp in timeline.lwps]
    yield from format_lines(timeline, Shape("%d,", ",", after))
