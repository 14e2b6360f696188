"""A run as the text that `perf script` prints of a recording of sched:sched_switch, and of
sched:sched_waking, without which nobody could tell waiting from sleeping."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from usched.figures.abridged import spell_out
from usched.figures.lives import Life, follow_all
from usched.meaning.timetable import Timetable
from usched.words.run import Run

#: The pid of the first lwp; below it are the kernel's.
_FIRST_PID = 1000

#: As Linux keeps them (TASK_COMM_LEN, less the closing byte).
_COMM = 15

_PRIO = 120

#: Lines to one piece of text.
_CHUNK = 4096

_IDLE = -1


class Switch(NamedTuple):
    """On a cpu one lwp stops and another starts, by index; _IDLE for none. state: of the first, as
    Linux has it: R runnable, R+ preempted, S asleep, X gone."""

    tick: int
    cpu: int
    before: int
    state: str
    after: int


class _Waking(NamedTuple):
    """An lwp forks, or its sleep ends, on the cpu that it last ran on."""

    tick: int
    cpu: int
    lwp: int


def format_switches(timetable: Timetable, run: Run) -> Iterator[str]:
    """A line for each switch and each waking, in the order of time, the wakings of a tick first.
    What runs at the end is switched out there."""
    comms = [cut_comm(name) for name in run.timeline.lwps]
    lives = follow_all(timetable, run, spell_out(run))
    first_cpu = timetable.topology.cpus[0].number
    wakings = sorted(
        waking for lwp, life in enumerate(lives) for waking in _wake(lwp, life, first_cpu)
    )
    switches: Iterator[Switch] = merge(*(_switch(run, cpu, lives) for cpu in run.timeline.cpus()))
    current: dict[int, int] = {}
    lines: list[str] = []
    events: Iterator[Switch | _Waking] = merge(wakings, switches, key=_tick_of)
    for _, same in groupby(events, key=_tick_of):
        now = list(same)
        for each in now:
            if isinstance(each, _Waking):
                task = current.get(each.cpu, _IDLE)
                lines.append(_format_waking(each, run.hz, comms, task))
        for switch in order_switches([each for each in now if isinstance(each, Switch)]):
            current[switch.cpu] = switch.after
            lines.append(_format(switch, run.hz, comms))
        if len(lines) >= _CHUNK:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


def _tick_of(each: Switch | _Waking) -> int:
    return each.tick


def _wake(lwp: int, life: Life, first_cpu: int) -> Iterator[_Waking]:
    """Not where one burst follows another without a sleep."""
    runs = life.runs
    for tick in life.arrivals:
        behind = bisect_left(runs, tick, key=itemgetter(0))
        cpu = runs[behind - 1].cpu if behind else first_cpu
        if not behind or runs[behind - 1].end < tick or not _has(life.ends, tick):
            yield _Waking(tick, cpu, lwp)


def cut_comm(name: str) -> str:
    """No longer than Linux has it, and with its number."""
    if len(name) <= _COMM:
        return name
    program, dot, number = name.rpartition(".")
    return program[: _COMM - len(number) - 1] + dot + number


def _switch(run: Run, cpu: int, lives: Sequence[Life]) -> Iterator[Switch]:
    """The switches of a cpu, in the order of time."""
    ended = 0
    before = _IDLE
    for start, end, lwp in run.timeline.on_cpu(cpu):
        if before != _IDLE and start > ended:
            yield Switch(ended, cpu, before, _leave(lives[before], ended, run.ticks), _IDLE)
            before = _IDLE
        state = "R" if before == _IDLE else _leave(lives[before], ended, run.ticks)
        yield Switch(start, cpu, before, state, lwp)
        before, ended = lwp, end
    if before != _IDLE:
        yield Switch(ended, cpu, before, _leave(lives[before], ended, run.ticks), _IDLE)


def _leave(life: Life, tick: int, ticks: int) -> str:
    """The state of an lwp that stops running."""
    if life.exited == tick:
        return "X"
    if tick == ticks:
        return "R"
    ended = _has(life.ends, tick)
    if _has(life.waits, tick) or _has(life.runs, tick):
        return "R" if ended else "R+"
    return "S"


def _has(moments: Sequence[tuple[int, *tuple[object, ...]]], tick: int) -> bool:
    """Whether one of them, in the order of time, begins at a tick."""
    place = bisect_left(moments, tick, key=itemgetter(0))
    return place < len(moments) and moments[place][0] == tick


def order_switches(switches: Sequence[Switch]) -> list[Switch]:
    """Those of one tick: an lwp leaves a cpu before it starts on another, as far as they do not go
    in a circle; else by cpu."""
    waiting = {each.before: each for each in switches if each.before != _IDLE}
    ordered: list[Switch] = []
    done: set[Switch] = set()

    def put(each: Switch) -> None:
        chain = [each]
        while (leaving := waiting.pop(chain[-1].after, None)) is not None:
            chain.append(leaving)
        for one in reversed(chain):
            if one not in done:
                done.add(one)
                ordered.append(one)

    for each in switches:
        if each not in done:
            waiting.pop(each.before, None)
            put(each)
    return ordered


def _format_waking(waking: _Waking, hz: int, comms: Sequence[str], task: int) -> str:
    """task: who runs on the cpu, into which the timer of the lwp breaks; or _IDLE."""
    tick, cpu, lwp = waking
    return (
        f"{_format_head(tick, hz, cpu, comms, task)}sched:sched_waking: comm={comms[lwp]} "
        f"pid={_FIRST_PID + lwp} prio={_PRIO} target_cpu={cpu:03d}\n"
    )


def _format_head(tick: int, hz: int, cpu: int, comms: Sequence[str], task: int) -> str:
    comm, pid = ("swapper", 0) if task == _IDLE else (comms[task], _FIRST_PID + task)
    return f"{comm:>16} {pid:5d} [{cpu:03d}] {_format_time(tick, hz):>12}: "


def _format(switch: Switch, hz: int, comms: Sequence[str]) -> str:
    tick, cpu, before, state, after = switch
    swapper = f"swapper/{cpu}", 0
    prev, prev_pid = swapper if before == _IDLE else (comms[before], _FIRST_PID + before)
    following, next_pid = swapper if after == _IDLE else (comms[after], _FIRST_PID + after)
    return (
        f"{_format_head(tick, hz, cpu, comms, before)}sched:sched_switch: "
        f"prev_comm={prev} prev_pid={prev_pid} prev_prio={_PRIO} prev_state={state} ==> "
        f"next_comm={following} next_pid={next_pid} next_prio={_PRIO}\n"
    )


def _format_time(tick: int, hz: int) -> str:
    """Seconds to the microsecond; where a tick is no whole number of these, to the nanosecond, as
    with `perf script --ns`."""
    digits = 6 if 10**6 % hz == 0 else 9
    whole, part = divmod(tick, hz)
    return f"{whole}.{part * 10**digits // hz:0{digits}d}"
