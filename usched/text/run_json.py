"""A run as JSON and CSV text (usched.5, "A run")."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from usched.words.run import LwpFigures, Run, SchedulerFigures, Timeline

SCHEMA = "usched.run/1"

#: Segments to one piece of text, or somewhat more.
_CHUNK = 4096


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
    begun = False
    tails = [f'"{lwp}"}}' for lwp in _escape(timeline.lwps)]
    for cpu in timeline.cpus():
        head = f',\n  {{"cpu": {cpu}, "from": %d, "to": %d, "lwp": '
        for piece in _format_on_cpu(timeline, cpu, head, tails):
            yield piece if begun else piece.removeprefix(",")
            begun = True


def _escape(names: Iterable[str]) -> list[str]:
    return [name.replace("%", "%%") for name in names]


def _format_on_cpu(timeline: Timeline, cpu: int, head: str, tails: Sequence[str]) -> Iterator[str]:
    """The segments of a cpu: the head, filled with the two ticks, and the tail of the lwp.

    Many at a time in one formatting, and the pattern of what is repeated is made once: of all ways
    to write numbers in Python it is the fastest.
    """
    for stretch in timeline.stretches:
        flat = stretch.segments.get(cpu, ())
        segments = len(flat) // 3
        times = stretch.times
        size = segments if times > 1 else _CHUNK
        for first in range(0, segments, size or 1):
            part = flat[3 * first : 3 * (first + size)]
            pattern = head + head.join([tails[lwp] for lwp in part[2::3]])
            ticks = [0] * (len(part) // 3 * 2)
            ticks[::2], ticks[1::2] = part[::3], part[1::3]
            yield from _repeat(pattern, ticks, stretch.period, times)


def _repeat(pattern: str, ticks: list[int], period: int, times: int) -> Iterator[str]:
    """A pattern filled so many times, the ticks each time a period later."""
    together = min(times, max(1, 2 * _CHUNK // len(ticks)))
    several = [tick + period * time for time in range(together) for tick in ticks]
    patterns = pattern * together
    for time in range(0, times - together + 1, together):
        yield patterns % tuple(map((period * time).__add__, several))
    if rest := times % together:
        later = period * (times - rest)
        yield pattern * rest % tuple(map(later.__add__, several[: rest * len(ticks)]))


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
    tails = [f"{lwp}\n" for lwp in _escape(timeline.lwps)]
    for cpu in timeline.cpus():
        yield from _format_on_cpu(timeline, cpu, f"{cpu},%d,%d,", tails)
