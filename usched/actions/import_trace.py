"""Importing: what was recorded of real threads becomes a workload."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from usched.actions.import_tasks import import_tasks
from usched.actions.imported import (
    DEFAULT_TICK,
    Imported,
    ImportOptions,
    name_workload,
    refuse_homeless,
)
from usched.meaning.assignment import Assigned, assign
from usched.meaning.replay import Replayer
from usched.text.traces.formats import recognise
from usched.text.traces.lines import Format, TraceCounts, read_events
from usched.text.traces.summary import (
    describe_apart,
    describe_doubts,
    describe_import,
    describe_short,
    describe_span,
)
from usched.words.phrases import count, suggest
from usched.words.problems import Problem, Refused
from usched.words.trace import MICROSECOND, Recording, TracedThread
from usched.words.workload import Workload
from usched.world.files import MAX_BYTES
from usched.world.unpacked import open_lines

#: So many events behind a later one are no sign of anything; more than a tenth of all are.
_FEW = 10


#: As many lines are read between two looks at the progress.
_STRIDE = 4096


def import_file(
    path: str, wanted: ImportOptions, progress: Callable[[int], None] | None = None
) -> Imported:
    """Read a trace. progress: told now and then how many lines were read.

    Raises Refused where no workload can be made of it.
    """
    with open_lines(path, "trace") as (label, lines):
        watched = lines if progress is None else _watched(lines, progress)
        return import_lines(label, watched, wanted)


def _watched(lines: Iterator[str], progress: Callable[[int], None]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if not number % _STRIDE:
            progress(number)
        yield line


def import_lines(label: str, lines: Iterable[str], wanted: ImportOptions) -> Imported:
    """As `import_file`, of lines with their ends."""
    trace_format, every = recognise(lines, label)
    if trace_format is None:
        return import_tasks(label, _join(every, label), wanted)
    return _import_trace(label, every, trace_format, wanted)


def _join(pieces: Iterator[str], label: str) -> str:
    text: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_BYTES:
            raise Refused(f"{label} is larger than {MAX_BYTES // 2**20} MiB, and no trace")
        text.append(piece)
    return "".join(text)


def _import_trace(
    label: str, lines: Iterator[str], trace_format: Format, wanted: ImportOptions
) -> Imported:
    counts = TraceCounts(label, trace_format)
    replayer = Replayer()
    replayer.take_all(read_events(lines, counts))
    recording = replayer.finish()
    if not recording.switches:
        raise Refused(_no_switch(counts))
    unordered = recording.doubts.unordered
    if unordered >= _FEW and unordered > counts.events // 10:
        raise Refused(_no_order(counts, unordered))
    apart = [] if wanted.with_kernel else [each for each in recording.threads if each.is_kernel]
    chosen = [each for each in recording.threads if wanted.with_kernel or not each.is_kernel]
    tick = wanted.tick or DEFAULT_TICK
    assigned = assign(chosen, wanted.rules, wanted.default, tick * MICROSECOND)
    if assigned.homeless:
        raise Refused(refuse_homeless("thread", [each.comm for each in assigned.homeless]))
    if not assigned.programs:
        raise Refused(_nobody(label, recording, apart))
    said = [describe_import(recording, assigned.threads), describe_span(recording)]
    said += _describe_rules(assigned, recording)
    if apart:
        said.append(describe_apart(apart))
    if assigned.short:
        said.append(describe_short(assigned.short, tick))
    said += describe_doubts(recording, counts)
    name = name_workload(label)
    workload = Workload(name, assigned.programs, (), 1_000_000 // tick)
    return Imported(workload, tuple(said))


def _no_switch(counts: TraceCounts) -> Problem:
    what = f"there is no sched_switch in {counts.label}, so nobody is seen to run"
    if counts.first is not None:
        what += f"; {count(counts.unread, 'line')} could not be read"
    where = None if counts.first is None else counts.first.where
    expected = "" if counts.first is None else f"{counts.first.what}\n"
    return Problem(what, where, f"{expected}record it with: perf sched record", "trace")


def _no_order(counts: TraceCounts, unordered: int) -> Problem:
    what = f"{unordered:,} of {counts.events:,} events of {counts.label} are behind a later one"
    remedy = (
        "times are of one clock for all cpus, and not since the event before "
        "(perf script without --deltatime);\nthe lines of several cpus are sorted by time"
    )
    return Problem(what, remedy=remedy, rule="trace")


def _nobody(label: str, recording: Recording, apart: list[TracedThread]) -> Problem:
    what = f"no thread of {label} ran for half a tick"
    remedy = "a smaller --tick, such as 1us, makes them visible"
    if apart:
        what = f"all that ran in {label} are kernel threads"
        remedy = "--kernel includes them"
    elif not recording.threads:
        what, remedy = f"nobody but idle threads ran in {label}", ""
    return Problem(what, remedy=remedy, rule="trace")


def _describe_rules(assigned: Assigned, recording: Recording) -> Iterator[str]:
    for rule in assigned.unused:
        said = f"--map '{rule.written}' fits no thread"
        if rule.kind == "cgroup" and not any(each.cgroup for each in recording.threads):
            said += ": no cgroups are recorded (perf record --all-cgroups, perf script -F +cgroup)"
        elif rule.kind == "comm":
            near = suggest(rule.patterns[0], {each.comm for each in recording.threads})
            said += f": {near}" if near else ""
        yield said
