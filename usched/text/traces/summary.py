"""What an import made of a trace, in sentences: how much of it, and what it had to leave out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from usched.text.traces.lines import TraceCounts
from usched.words.phrases import clip, count
from usched.words.problems import format_problem
from usched.words.trace import Doubts, Recording, TracedThread


def grouped(number: int) -> str:
    """`65,980`."""
    return f"{number:,}"


def format_ms(ns: int) -> str:
    """Whole milliseconds, or three decimals below ten."""
    return f"{(ns + 500_000) // 1_000_000:,}" if ns >= 10_000_000 else f"{ns / 1e6:.3f}"


def _many(number: int, noun: str) -> str:
    return count(number, noun).replace(str(number), grouped(number), 1)


def describe_import(recording: Recording, taken: Sequence[TracedThread]) -> str:
    """The first sentence."""
    every = sum(thread.ran for thread in recording.threads)
    ran = sum(thread.ran for thread in taken)
    doubts = recording.doubts
    parts = [
        f"imported {_many(len(taken), 'thread')}, {format_ms(ran)} of {format_ms(every)} ms on cpu"
    ]
    wrong = doubts.from_idle + doubts.other
    said = f"{grouped(wrong)} of {_many(recording.switches, 'switch')}".replace(
        "switchs", "switches"
    )
    if wrong:
        parts.append(f"{said} inconsistent ({_kind(doubts)})")
    else:
        parts.append(f"{said} inconsistent")
    if doubts.cut_start:
        parts.append(f"{_many(doubts.cut_start, 'lwp')} cut at the start")
    if doubts.cut_end:
        parts.append(f"{_many(doubts.cut_end, 'lwp')} cut at the end")
    return "; ".join(parts)


def _kind(doubts: Doubts) -> str:
    if not doubts.other:
        return "idle to thread missing"
    if not doubts.from_idle:
        return "thread to thread missing"
    return (
        f"{grouped(doubts.from_idle)} idle to thread missing, {grouped(doubts.other)} thread to "
        "thread"
    )


def describe_span(recording: Recording) -> str:
    """How long a replay takes when nothing is changed."""
    return f"recorded in {format_ms(recording.span)} ms on {_many(recording.cpus, 'cpu')}"


def describe_doubts(recording: Recording, counts: TraceCounts) -> Iterator[str]:
    """What else is to be known, a sentence each."""
    doubts = recording.doubts
    if doubts.counted:
        yield (
            f"of {_many(doubts.counted, 'thread')} the time on cpu is the kernel's own account "
            "(sched_stat_runtime), as switches are missing"
        )
    elif doubts.from_idle + doubts.other + doubts.lost:
        yield (
            "there is no sched_stat_runtime to make up for the missing switches: what ran there "
            "is not counted"
        )
    if doubts.lost:
        yield f"{_many(doubts.lost, 'event')} lost: what ran across them is not counted"
    if counts.overwritten:
        many = _many(counts.overwritten, "event")
        yield f"{many} overwritten before the first one (ftrace: a larger buffer_size_kb)"
    if doubts.unwoken:
        yield (
            f"{_many(doubts.unwoken, 'sleep')} without a waking: taken to have lasted until the "
            "thread ran again"
        )
    if doubts.unordered:
        yield f"{_many(doubts.unordered, 'event')} behind a later one, taken at that one's time"
    if doubts.reused:
        yield f"{_many(doubts.reused, 'pid')} used again: another lwp each time"
    if doubts.renamed:
        yield (
            f"{_many(doubts.renamed, 'thread')} changed their comm: each goes by the one under "
            "which it ran longest"
        )
    if counts.unread:
        assert counts.first is not None
        lines = "a line" if counts.unread == 1 else f"{grouped(counts.unread)} lines"
        yield f"{lines} could not be read, the first:\n{format_problem(counts.first)}"
    if counts.others:
        yield _describe_others(counts)


def _describe_others(counts: TraceCounts) -> str:
    most = sorted(counts.others.items(), key=lambda pair: (-pair[1], pair[0]))
    names = [f"{clip(name)} ({grouped(times)})" for name, times in most[:4]]
    more = f" and {len(most) - 4} more kinds" if len(most) > 4 else ""
    events = _many(sum(counts.others.values()), "event")
    return f"{events} of no use here passed over: {', '.join(names)}{more}"


def describe_apart(threads: Sequence[TracedThread]) -> str:
    ran = sum(thread.ran for thread in threads)
    many = _many(len(threads), "kernel thread")
    return f"kept apart: {many}, {format_ms(ran)} ms on cpu (--kernel includes them)"


def describe_short(threads: Sequence[TracedThread], tick: int) -> str:
    """tick: microseconds."""
    ran = sum(thread.ran for thread in threads)
    return (
        f"left out: {_many(len(threads), 'thread')} that ran less than half a tick of {tick} us, "
        f"{format_ms(ran)} ms in all (--tick)"
    )


def name_some(names: Iterable[str], limit: int = 8) -> str:
    """`bash, cc1, gcc and 5 more`, each once, in order."""
    each = [clip(name, 20) for name in dict.fromkeys(names)]
    more = len(each) - limit
    return ", ".join(each[:limit]) + (f" and {more} more" if more > 0 else "")
