"""A run as JSON and CSV text (usched.5, "A run")."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from usched.words.run import LwpFigures, Run, SchedulerFigures, Segment

SCHEMA = "usched.run/1"

#: Segments to one piece of text.
_CHUNK = 4096


def format_run_json(run: Run, segments: bool = True) -> Iterator[str]:
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
    if segments:
        yield ',\n"segments": ['
        for first in range(0, len(run.segments), _CHUNK):
            chunk = run.segments[first : first + _CHUNK]
            yield ("," if first else "") + ",".join(map(_format_segment, chunk))
        yield "]"
    yield "}\n"


def _format_list(name: str, records: Iterable[Mapping[str, object]]) -> str:
    return f',\n"{name}": [' + ",\n  ".join(map(json.dumps, records)) + "]"


def _format_segment(segment: Segment) -> str:
    # by hand: names are plain ASCII words, and there may be millions
    return (
        f'\n  {{"cpu": {segment.cpu}, "from": {segment.start}, "to": {segment.end}, '
        f'"lwp": "{segment.lwp}"}}'
    )


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


def format_segments_csv(segments: Iterable[Segment]) -> Iterator[str]:
    """`cpu,from,to,lwp` and a line for each segment."""
    yield "cpu,from,to,lwp\n"
    for segment in segments:
        yield f"{segment.cpu},{segment.start},{segment.end},{segment.lwp}\n"
