"""Segments as text: many at a time, and what repeats by a pattern."""

from __future__ import annotations

import csv
import io
import json
from array import array

import pytest

from usched.text.run_json import format_run_json, format_segments_csv
from usched.words.run import Run, Segment, Stretch, Timeline


def stretch(cpus: int, segments: int, period: int = 0, times: int = 1) -> Stretch:
    """Segments of ten ticks, with a gap of one, by three lwps in turn."""
    flat = array("q")
    for number in range(segments):
        flat.extend((11 * number, 11 * number + 10, number % 3))
    return Stretch(dict.fromkeys(range(cpus), flat), period, times)


@pytest.mark.parametrize(
    "stretches",
    [
        (),
        (stretch(1, 1),),
        (stretch(3, 5000),),
        (stretch(2, 4096), stretch(2, 8192)),
        (stretch(1, 3, 33, 1), stretch(2, 3, 33, 4096), stretch(2, 1)),
        (stretch(2, 7, 77, 585), stretch(2, 7, 77, 586), stretch(2, 7, 77, 1171)),
        (stretch(2, 5000, 55_000, 3),),
        (stretch(2, 0, 33, 9), stretch(1, 1, 11, 10_000)),
    ],
)
def test_every_segment_is_written_in_order(stretches: tuple[Stretch, ...]) -> None:
    timeline = Timeline(("a.0", "b%d.0", "c.0"), stretches)
    wanted = [Segment(*each) for each in timeline]
    head, *rows = csv.reader(io.StringIO("".join(format_segments_csv(timeline))))
    assert head == ["cpu", "from", "to", "lwp"]
    assert [Segment(int(r[0]), int(r[1]), int(r[2]), r[3]) for r in rows] == wanted
    run = Run("m", 100, 1, (), (), (), timeline)
    records = json.loads("".join(format_run_json(run)))["segments"]
    assert [Segment(r["cpu"], r["from"], r["to"], r["lwp"]) for r in records] == wanted
