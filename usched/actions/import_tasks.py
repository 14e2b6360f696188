"""Importing an rt-app file: its tasks become programs."""

from __future__ import annotations

from collections.abc import Iterator

from usched.actions.imported import (
    DEFAULT_TICK,
    Imported,
    ImportOptions,
    name_workload,
    refuse_homeless,
)
from usched.meaning.assignment import AssignedTasks, assign_tasks, exact_tick
from usched.text.traces.rt_app import parse_rt_app
from usched.text.traces.summary import grouped, name_some
from usched.words.phrases import count, suggest
from usched.words.problems import Problem, Refused
from usched.words.rt_app import RtApp
from usched.words.workload import Kill, Workload

_SECOND = 1_000_000


def import_tasks(label: str, text: str, wanted: ImportOptions) -> Imported:
    """Raises Refused with the place of what is wrong."""
    app = parse_rt_app(text, label)
    exact = exact_tick(app, DEFAULT_TICK)
    tick = wanted.tick or exact
    assigned = assign_tasks(app, wanted.rules, wanted.default, tick)
    if assigned.homeless:
        raise Refused(refuse_homeless("task", [task.name for task in assigned.homeless]))
    if not assigned.programs:
        remedy = "\n".join(app.told)
        raise Refused(Problem(f"no task of {label} can be in a workload", remedy=remedy))
    events: tuple[Kill, ...] = ()
    if app.duration is not None:
        end = max(1, app.duration // tick)
        events = tuple(Kill(end, program.name) for program in assigned.programs)
    workload = Workload(name_workload(label), assigned.programs, events, _SECOND // tick)
    return Imported(workload, tuple(_describe(app, assigned, tick, exact)))


def _describe(app: RtApp, assigned: AssignedTasks, tick: int, exact: int) -> Iterator[str]:
    lwps = sum(program.rforks for program in assigned.programs)
    ends = "" if app.duration is None else f"; killed after {app.duration // _SECOND} s"
    tasks = count(len(assigned.programs), "task")
    yield f"imported {tasks}, {count(lwps, 'lwp')}, at a tick of {tick} us{ends}"
    for rule in assigned.unused:
        near = suggest(rule.patterns[0], {task.name for task in app.tasks})
        yield f"--map '{rule.written}' fits no task" + (f": {near}" if near else "")
    yield from app.told
    if assigned.short:
        names = name_some(task.name for task in assigned.short)
        yield f"left out: {names}: less than half a tick of {tick} us (--tick {exact}us is exact)"
    if assigned.rounded:
        yield (
            f"{count(assigned.rounded, 'time')} rounded to whole ticks, by at most "
            f"{assigned.error_us:.3g} us (--tick {exact}us is exact)"
        )
    if app.dropped:
        each = ", ".join(f"{key} ({grouped(many)})" for key, many in sorted(app.dropped.items()))
        yield f"of no equivalent, and not in the workload: {each}"
    for key, many in assigned.loose.items():
        if many:
            typed = {"cpus": "cpu:0-3=NAME", "policy": "policy:SCHED_FIFO=NAME"}[key]
            yield f"the {key} of {count(many, 'task')} chose no scheduler (--map {typed})"
