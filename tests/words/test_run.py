"""The segments of a run, told stretch by stretch."""

from __future__ import annotations

from usched.words.run import Segment, Stretch, Timeline


def test_a_stretch_that_repeats_is_told_again_a_period_later() -> None:
    once = Stretch({0: (0, 2, 1), 1: (1, 2, 0)}, 2, 1)
    thrice = Stretch({0: (2, 3, 0, 3, 4, 1)}, 3, 3)
    timeline = Timeline(("a", "b"), (once, thrice))
    assert timeline.cpus() == [0, 1]
    found: list[object] = list(timeline)
    assert found == [
        *(Segment(0, 0, 2, "b"), Segment(0, 2, 3, "a"), Segment(0, 3, 4, "b")),
        *(Segment(0, 5, 6, "a"), Segment(0, 6, 7, "b"), Segment(0, 8, 9, "a")),
        *(Segment(0, 9, 10, "b"), Segment(1, 1, 2, "a")),
    ]
    assert list(timeline.on_cpu(1)) == [(1, 2, 0)]
    assert list(timeline.on_cpu(7)) == []
