"""Lines of segments are what formatting each by itself would make."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from usched.text import segment_lines
from usched.text.segment_lines import Shape, format_lines
from usched.words.run import Stretch, Timeline

LWPS = ("a.0", "b%d.0", "c.0")
SHAPE = Shape("%d:", "-", [f" {lwp}\n" for lwp in LWPS])

#: For each segment the ticks before it, and its own.
Gaps = list[tuple[int, int]]


def stretch_from(start: int, gaps: Gaps, pause: int, times: int) -> tuple[Stretch, int]:
    """Some segments, and the tick at which all of their times are over."""
    flat = array("q")
    tick = start
    for number, (gap, ran) in enumerate(gaps):
        flat.extend((tick + gap, tick + gap + ran, number % 3))
        tick += gap + ran
    period = tick + pause - start
    return Stretch({0: flat, 12: flat}, period, times, start), start + times * period


def check(timeline: Timeline) -> None:
    wanted = [f"{each.cpu}:{each.start}-{each.end} {each.lwp}\n" for each in timeline]
    assert "".join(format_lines(timeline, SHAPE)) == "".join(wanted)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.integers(0, 30), st.integers(1, 300)), max_size=5),
            st.integers(1, 40),
            st.sampled_from((1, 2, 13, 800)),
        ),
        max_size=3,
    ),
    st.integers(0, 12_000),
)
@example([([(0, 10)] * 8, 1, 2_000)], 3)
@example([([(0, 1)], 1, 2_000)], 0)
@example([([(0, 10), (3, 7)] * 40, 200, 60)], 99_000)
@example([([(0, 99_999)], 1, 100)], 7)
def test_lines_are_the_segments_of_the_timeline(
    parts: list[tuple[Gaps, int, int]], start: int
) -> None:
    stretches = []
    for gaps, pause, times in parts:
        stretch, start = stretch_from(start, gaps, pause, times)
        stretches.append(stretch)
    check(Timeline(LWPS, tuple(stretches)))


@pytest.mark.parametrize("period", [20, 77, 80, 128, 1_000])
@pytest.mark.parametrize("start", [0, 9_990])
def test_of_what_repeats_little_is_formatted(
    period: int, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    formatted = 0
    add = segment_lines._Batch.add

    def count(self: segment_lines._Batch, flat: array[int], times: range = range(1)) -> None:
        nonlocal formatted
        formatted += len(flat) // 3 * len(times)
        add(self, flat, times)

    monkeypatch.setattr(segment_lines._Batch, "add", count)
    stretch, _ = stretch_from(start, [(0, 10)] * (period // 10), period % 10 or 1, 1_500)
    timeline = Timeline(LWPS, (stretch,))
    check(timeline)
    assert formatted < 0.15 * sum(1 for _ in timeline)
