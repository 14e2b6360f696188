"""A run for people: cpus, schedulers, what was not done, and the assignments of one tick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import click
from rich.console import Console
from rich.text import Text

from usched.actions.simulate import Simulation
from usched.face.output import has_unicode, print_json, print_wrapped
from usched.face.tables import (
    Columns,
    format_percent,
    make_console,
    make_table,
    print_fitting,
    print_trimmed,
)
from usched.figures.long_run import long_run_shares
from usched.figures.undone import Undone, find_undone
from usched.figures.who_ran import CpuGroup, join_equal, sum_up
from usched.words.cpuset import CpuSet, format_cpus
from usched.words.phrases import count
from usched.words.run import Assignment, Run, SchedulerFigures
from usched.words.statement import lineage

_SHOWN_LWPS = 3
_SHOWN_NAMES = 12

#: Of the columns of the table of schedulers, what a narrow terminal goes without, first to last.
_SPARE = ("MIGRATIONS", "OF POOL", "WAITING", "OF MACHINE")


def print_heading(simulation: Simulation, run: Run) -> None:
    seconds = f"{run.ticks / run.hz:.10g} s" if run.ticks % run.hz else f"{run.ticks // run.hz} s"
    print_wrapped(
        f"{simulation.workload.name} on {run.machine}: {count(len(run.cpus), 'cpu')}, "
        f"{count(run.ticks, 'tick')} at {run.hz} Hz ({seconds})"
    )


def print_report(simulation: Simulation, run: Run, groups: Sequence[CpuSet], every: bool) -> None:
    """The per-cpu and the per-scheduler table, and what is said beneath them.

    groups: the cpus of which to print one line. every: a line of each, though alike or idle.
    """
    print_heading(simulation, run)
    console = make_console()
    if run.ticks:
        click.echo()
        lines = sum_up(run, groups)
        _print_cpus(console, run, lines if every else join_equal(lines))
    if run.ticks and run.schedulers:
        click.echo()
        _print_schedulers(console, simulation, run, every)
    _print_late(run)
    _print_starved(run)
    _print_cycle(run, every)
    undone = find_undone(run, simulation.workload.programs, simulation.workload.events)
    _print_undone(undone)


def _few(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN_NAMES
    return ", ".join(names[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


# -- cpus ---------------------------------------------------------------------


def _print_cpus(console: Console, run: Run, groups: Sequence[CpuGroup]) -> None:
    table = make_table()
    table.add_column("CPU", overflow="fold", max_width=max(12, console.width // 3))
    table.add_column("BUSY", justify="right", no_wrap=True)
    table.add_column("RAN", overflow="fold")
    for group in groups:
        busy = format_percent(group.busy, len(group.cpus) * run.ticks)
        table.add_row(format_cpus(group.cpus), busy, _describe_ran(group, run.ticks))
    print_trimmed(console, table)
    several = any(len(group.cpus) > 1 and group.ran for group in groups)
    where = "; where cpus share a line, of all their ticks together" if several else ""
    print_wrapped(f"BUSY and RAN: of the run's {count(run.ticks, 'tick')}{where}")


def _describe_ran(group: CpuGroup, ticks: int) -> str:
    """Who ran most, the others summed up; the span of BUSY where cpus share a line unequally."""
    whole = len(group.cpus) * ticks
    if group.ran is None:
        shown = ["many lwps"]
    else:
        shown = [f"{name} {format_percent(part, whole)}" for name, part in group.ran[:_SHOWN_LWPS]]
        if len(group.ran) > _SHOWN_LWPS:
            rest = sum(part for _, part in group.ran[_SHOWN_LWPS:])
            shown.append(f"{len(group.ran) - _SHOWN_LWPS} more {format_percent(rest, whole)}")
    if group.offline:
        shown.append(f"offline {format_percent(group.offline, whole)}")
    if group.least < group.most:
        span = f"{format_percent(group.least, ticks)} to {format_percent(group.most, ticks)}"
        shown.append(f"each busy {span}")
    return ", ".join(shown) or "idle"


# -- schedulers ---------------------------------------------------------------


def _print_schedulers(console: Console, simulation: Simulation, run: Run, every: bool) -> None:
    """Shares of the machine and of what it can reach; waiting and moving of its lwps."""
    online = {cpu.cpu: cpu.busy + cpu.idle for cpu in run.cpus}
    capacity = sum(online.values())

    def of_pool(each: SchedulerFigures) -> str:
        pool = sum(online[cpu] for cpu in simulation.timetable.reach[each.name])
        return format_percent(each.ran, pool)

    cells: dict[str, Callable[[SchedulerFigures], str]] = {
        "LWPS": lambda each: str(each.lwps),
        "OF MACHINE": lambda each: format_percent(each.ran, capacity),
        "OF POOL": of_pool,
        "WAITING": lambda each: f"{each.waited / run.ticks:.2f}",
        "MIGRATIONS": lambda each: str(each.migrations),
    }
    used = _find_used(run)
    shown = [each for each in run.schedulers if every or each.name in used]
    columns: Columns = {head: [cell(each) for each in shown] for head, cell in cells.items()}
    columns[""] = [_mark_starved(each) for each in shown]
    if shown:
        print_fitting(console, "SCHEDULER", [each.name for each in shown], columns, _SPARE)
        notes = {
            "OF MACHINE": "OF MACHINE: of the online ticks of all cpus",
            "OF POOL": "OF POOL: of the online ticks of the cpus in reach",
            "WAITING": "WAITING: lwps, on average",
        }
        for note in (notes[head] for head in columns if head in notes):
            print_wrapped(note)
    if idle := [each.name for each in run.schedulers if each not in shown]:
        print_wrapped(f"never had an lwp: {_few(idle)}")


def _find_used(run: Run) -> set[str]:
    """Schedulers that had an lwp, or have one beneath them that had."""
    used: set[str] = set()
    for each in run.schedulers:
        if each.lwps:
            used.update(lineage(each.name))
    return used


def _mark_starved(each: SchedulerFigures) -> Text:
    return Text("STARVED", style="bold red") if each.starved else Text("")


# -- beneath the tables -------------------------------------------------------


def _print_late(run: Run) -> None:
    late = sorted((lwp for lwp in run.lwps if lwp.misses), key=lambda lwp: -lwp.misses)
    if late:
        missed = count(sum(lwp.misses for lwp in late), "deadline")
        each = _few([f"{lwp.name}\N{NO-BREAK SPACE}{lwp.misses}" for lwp in late])
        print_wrapped(f"\n{missed} missed: {each}")


def _print_starved(run: Run) -> None:
    if starved := [each.name for each in run.schedulers if each.starved]:
        text = f"\nstarved: {_few(starved)} (an lwp has waited for ten quanta or more)"
        print_wrapped(text, bold=True, fg="red")


def _print_cycle(run: Run, every: bool) -> None:
    if run.cycle is None:
        return
    period, start = run.cycle.period, run.cycle.start
    every_tick = "every tick" if period == 1 else f"every {period} ticks"
    print_wrapped(f"\nrepeats {every_tick} from tick {start}; in the long run, in cpus:")
    for shares in long_run_shares(run):
        names = [str(share).replace(" ", "\N{NO-BREAK SPACE}") for share in shares]
        if names:
            print_wrapped(f"  {', '.join(names) if every else _few(names)}")


def _print_undone(undone: Undone) -> None:
    lines = []
    if undone.unforked:
        lines.append(f"never forked: {_few(undone.unforked)}")
    if undone.events:
        ticks = _few([str(tick) for tick in dict.fromkeys(undone.events)])
        events = count(len(undone.events), "event")
        lines.append(f"after the last tick: {events} (tick {ticks})")
    if undone.cut:
        lines.append(f"cut by the end: {count(len(undone.cut), 'burst')} ({_few(undone.cut)})")
    if lines:
        click.echo()
    for line in lines:
        print_wrapped(line)


# -- one tick -----------------------------------------------------------------


def print_assignments(simulation: Simulation, run: Run, tick: int, as_json: bool) -> None:
    """Who runs on each cpu in one tick, and through which cpus of which schedulers."""
    assigned = {each.cpu: each for each in run.assignments}
    offline = [
        cpu
        for cpu, spans in run.offline.items()
        if any(start <= tick < end for start, end in spans)
    ]
    if as_json:
        cpus = [_assignment_record(each) for each in run.assignments]
        print_json({"tick": tick, "cpus": cpus, "offline": offline})
        return
    arrow = " ← " if has_unicode() else " <- "
    click.echo(f"tick {tick} of {simulation.workload.name} on {run.machine}")

    def say(cpu: int) -> str:
        if cpu in assigned:
            return ""
        return "offline" if cpu in offline else "nobody"

    for said, group in groupby(simulation.machine.topology.all, key=say):
        if said:
            click.echo(f"{format_cpus(CpuSet.of(group))}: {said}")
            continue
        for cpu in group:
            click.echo(arrow.join(_chain(assigned[cpu])))


def _chain(assignment: Assignment) -> list[str]:
    """`cpu3`, `POOL vcpu1`, `POOL/A`, `a.2`."""
    hops = [f"{hop.domain} vcpu{hop.cpu}" if hop.vcpu else hop.domain for hop in assignment.chain]
    return [f"cpu{assignment.cpu}", *hops, assignment.lwp]


def _assignment_record(assignment: Assignment) -> dict[str, object]:
    chain = [
        {"scheduler": hop.domain, "cpu": hop.cpu, "virtual": hop.vcpu} for hop in assignment.chain
    ]
    return {"cpu": assignment.cpu, "lwp": assignment.lwp, "chain": chain}
