"""Segments as lines of text, of which there may be very many.

What is cheapest in Python is one join of thousands of lines, out of pieces that are there already.
Ticks are met again: a segment begins where another ends, and so do those of other cpus. Where
segments repeat, ticks grow, but their last digits come again, after a common multiple of the period
and a power of ten: with other digits in front, which are put between what stays.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from math import gcd
from typing import NamedTuple

from usched.words.run import Stretch, Timeline

#: Segments to one piece of text, or somewhat more.
_CHUNK = 4096

#: As many lines at most are kept in pieces, and these are used as often at least.
_MOST_KEPT = 32_768
_LEAST_ROUNDS = 6

#: So many ticks are remembered as text.
_MOST_TICKS = 65_536

#: Lines with the same digits in front: so many are as good as more, and fewer not worth it.
_GOOD_BLOCK = 64
_LEAST_BLOCK = 8

#: How many digits may come again, in the order in which they are tried.
_DIGITS = range(2, 7)

_FRONT = "\0"


class Shape(NamedTuple):
    """A line: `before` with the cpu in place of its `%d`, the start, `between`, the end, and the
    text `after` for the lwp, by index. Only that may have a `%`; none has a control character."""

    before: str
    between: str
    after: Sequence[str]


def format_lines(timeline: Timeline, shape: Shape) -> Iterator[str]:
    """By cpu, then in the order of time; many to a piece of text."""
    batch = _Batch(shape)
    for cpu in timeline.cpus():
        batch.turn_to(cpu)
        for stretch in timeline.stretches:
            flat = stretch.segments.get(cpu, ())
            if stretch.times > 1:
                yield from _repeat(batch, flat, stretch)
            else:
                yield from _write(batch, flat)
    yield from batch.take()


class _Ticks(dict[int, str]):
    """Ticks as text, each made when it is first asked for."""

    def __missing__(self, tick: int) -> str:
        text = self[tick] = str(tick)
        return text


class _Batch:
    """Lines that are formatted together, of one cpu or of many."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.before = ""
        self._escaped = [each.replace("%", "%%") for each in shape.after]
        self._ticks = _Ticks()
        self._befores: list[str] = []
        self._flat: list[int] = []

    def turn_to(self, cpu: int) -> None:
        self.before = self.shape.before % cpu

    def add(self, flat: Sequence[int], times: Sequence[int] = (0,)) -> None:
        """Segments of the cpu at hand, so much later each time."""
        if len(times) > 1 or times[0]:
            starts, ends = flat[::3], flat[1::3]
            flat = [*flat] * len(times)
            flat[::3] = [start + time for time in times for start in starts]
            flat[1::3] = [end + time for time in times for end in ends]
        self._flat += flat
        self._befores += [self.before] * (len(flat) // 3)

    def escaped(self, flat: Sequence[int]) -> list[str]:
        """What stands for the lwps of segments, in a pattern."""
        escaped = self._escaped
        return [escaped[lwp] for lwp in flat[2::3]]

    def is_full(self) -> bool:
        return len(self._befores) >= _CHUNK

    def take(self) -> Iterator[str]:
        """The text of all of them, if any."""
        flat = self._flat
        if not flat:
            return
        if len(self._ticks) > _MOST_TICKS:
            self._ticks.clear()
        text_of = self._ticks.__getitem__
        pieces = [self.shape.between] * (5 * len(self._befores))
        pieces[::5] = self._befores
        pieces[1::5] = map(text_of, flat[::3])
        pieces[3::5] = map(text_of, flat[1::3])
        pieces[4::5] = map(self.shape.after.__getitem__, flat[2::3])
        yield "".join(pieces)
        self._befores.clear()
        flat.clear()


def list_bounds(flat: Sequence[int]) -> list[int]:
    """Start and end of each segment, flat."""
    ticks = [0] * (len(flat) // 3 * 2)
    ticks[::2], ticks[1::2] = flat[::3], flat[1::3]
    return ticks


def _write(batch: _Batch, flat: Sequence[int], times: Sequence[int] = (0,)) -> Iterator[str]:
    """Segments, and what of the batch there is too much of to keep."""
    for first in range(0, len(flat), 3 * _CHUNK):
        batch.add(flat[first : first + 3 * _CHUNK], times)
        if batch.is_full():
            yield from batch.take()


def _repeat(batch: _Batch, flat: Sequence[int], stretch: Stretch) -> Iterator[str]:
    """Segments that come several times."""
    lines, period, times = len(flat) // 3, stretch.period, stretch.times
    if not lines:
        return
    time = 0
    digits = _choose_digits(lines, period, times)
    if digits is not None:
        unit = 10**digits
        together = unit // gcd(unit, period)
        time = max(0, -((flat[0] - unit) // period))  # ticks before that have no digits in front
        rounds = (times - time) // together
        yield from _repeat_plainly(batch, flat, period, range(time))
        yield from batch.take()
        later = range(time * period, (time + together) * period, period)
        yield from _repeat_blocks(_cut(batch, flat, later, unit), unit, together * period, rounds)
        time += rounds * together
    yield from _repeat_plainly(batch, flat, period, range(time, times))


def _repeat_plainly(batch: _Batch, flat: Sequence[int], period: int, times: range) -> Iterator[str]:
    """Some of the times."""
    together = max(1, 3 * _CHUNK // len(flat))
    for first in times[::together]:
        later = range(first * period, min(first + together, times.stop) * period, period)
        yield from _write(batch, flat, later)


def _choose_digits(lines: int, period: int, times: int) -> int | None:
    """How many digits come again soon enough, and for enough lines at a time."""
    best = None
    for digits in _DIGITS:
        unit = 10**digits
        together = unit // gcd(unit, period)
        if lines * together > _MOST_KEPT or together * (_LEAST_ROUNDS + 1) > times:
            break
        block = lines * unit // period
        if block >= _LEAST_BLOCK:
            best = digits
        if block >= _GOOD_BLOCK:
            break
    return best


class _Block(NamedTuple):
    """Lines whose starts have the same digits in front. pieces: what stands around these, but for
    the last end, which may have others. rest: what follows that."""

    pieces: Sequence[str]
    front: int
    end: int
    rest: str


def _cut(batch: _Batch, flat: Sequence[int], times: Sequence[int], unit: int) -> list[_Block]:
    """Segments, so much later each time. unit: what digits in front are multiples of."""
    ticks = list_bounds(flat)
    ticks = [tick + time for time in times for tick in ticks]
    starts = ticks[::2]
    low = [tick % unit for tick in ticks]
    after = [batch.shape.after[lwp] for lwp in flat[2::3]] * len(times)
    digits = f"{_FRONT}%0{len(str(unit)) - 1}d"
    begin = f"{batch.before}{digits}{batch.shape.between}"
    middle = [f"{digits}{each}{begin}" for each in batch.escaped(flat)] * len(times)
    blocks = []
    first = 0
    while first < len(starts):
        front = starts[first] // unit
        last = bisect_left(starts, (front + 1) * unit, first) - 1
        pattern = begin + "".join(middle[first:last])
        text = pattern % tuple(low[2 * first : 2 * last + 1])
        blocks.append(_Block(text.split(_FRONT), front, ticks[2 * last + 1], after[last]))
        first = last + 1
    return blocks


def _repeat_blocks(blocks: Sequence[_Block], unit: int, span: int, rounds: int) -> Iterator[str]:
    """So many times, each a span later."""
    together = span * max(1, _CHUNK // (sum(len(block.pieces) for block in blocks) // 2))
    end_of_all = span * rounds
    for first in range(0, end_of_all, together):
        yield "".join(
            [
                f"{str(front + past // unit).join(pieces)}{end + past}{rest}"
                for past in range(first, min(first + together, end_of_all), span)
                for pieces, front, end, rest in blocks
            ]
        )
