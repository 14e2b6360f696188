"""A run for people: cpus, schedulers, and the assignments of one tick."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from usched.actions.run import Simulation
from usched.face.output import has_colour, has_unicode, print_json, terminal_width
from usched.words.cpuset import CpuSet, format_cpus
from usched.words.problems import count
from usched.words.run import Assignment, CpuFigures, Run

_SHOWN_LWPS = 3


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # it would leave the program; the one place for that is another


def make_console() -> Console:
    """A console that prints what it is given: no markup, no guessing at numbers."""
    colour = has_colour()
    return _Console(
        width=terminal_width(),
        no_color=not colour,
        force_terminal=colour,
        highlight=False,
        markup=False,
        emoji=False,
    )


def print_trimmed(console: Console, table: Table) -> None:
    """A table without the blanks that fill its lines up."""
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip(), color=has_colour())


def print_report(simulation: Simulation, run: Run) -> None:
    """The per-cpu and the per-scheduler table."""
    console = make_console()
    seconds = f"{run.ticks / run.hz:.10g} s" if run.ticks % run.hz else f"{run.ticks // run.hz} s"
    console.print(
        f"{simulation.workload.name} on {run.machine}: {count(len(run.cpus), 'cpu')}, "
        f"{count(run.ticks, 'tick')} at {run.hz} Hz ({seconds})"
    )
    for table in (_cpu_table(simulation, run), _scheduler_table(simulation, run)):
        click.echo()
        print_trimmed(console, table)
    if missed := sum(lwp.misses for lwp in run.lwps):
        late = [lwp.name for lwp in run.lwps if lwp.misses]
        console.print(f"\n{missed} deadlines missed: {_few(late)}")
    if starved := [each.name for each in run.schedulers if each.starved]:
        text = f"\nstarved: {_few(starved)} (an lwp has waited for ten quanta or more)"
        console.print(Text(text, style="bold red"))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _table(*heads: tuple[str, bool]) -> Table:
    """A table without a frame; heads: (text, whether its column is of numbers)."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for text, numbers in heads:
        if numbers:
            table.add_column(text, justify="right", no_wrap=True)
        else:
            table.add_column(text, overflow="fold")
    return table


# -- cpus ---------------------------------------------------------------------


def _cpu_table(simulation: Simulation, run: Run) -> Table:
    """Who ran, how much, and who was waiting; neighbours with nothing to say share a line."""
    table = _table(("CPU", False), ("BUSY", True), ("RAN", False), ("WAITED IN REACH", False))
    reach = simulation.timetable.reach
    waited = [
        (reach[each.name], f"{each.name} {each.own_waited / run.ticks:.2f}")
        for each in run.schedulers
        if each.own_waited >= 0.005 * run.ticks > 0
    ]
    lines = []
    for cpu in run.cpus:
        here = ", ".join(text for cpus, text in waited if cpu.cpu in cpus)
        lines.append((cpu.cpu, (_percent(cpu.busy, run.ticks), _describe_ran(cpu, run), here)))
    for cells, group in groupby(lines, key=lambda line: line[1]):
        table.add_row(_name_run([cpu for cpu, _ in group]), *cells)
    return table


def _describe_ran(cpu: CpuFigures, run: Run) -> str:
    """The lwps that ran most, the others summed up."""
    if cpu.ran is None:
        return "many lwps"
    lwps = sorted(cpu.ran.items(), key=lambda item: -item[1])
    shown = [f"{name} {_percent(part, run.ticks)}" for name, part in lwps[:_SHOWN_LWPS]]
    if len(lwps) > _SHOWN_LWPS:
        rest = sum(part for _, part in lwps[_SHOWN_LWPS:])
        shown.append(f"{len(lwps) - _SHOWN_LWPS} more {_percent(rest, run.ticks)}")
    if cpu.offline:
        shown.append(f"offline {_percent(cpu.offline, run.ticks)}")
    return ", ".join(shown) or "idle"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"


def _name_run(cpus: Sequence[int]) -> str:
    return format_cpus(CpuSet.of(cpus))


# -- schedulers ---------------------------------------------------------------


def _scheduler_table(simulation: Simulation, run: Run) -> Table:
    """Shares of the machine and of what it can reach; waiting and moving of its lwps."""
    table = _table(
        ("SCHEDULER", False),
        ("LWPS", True),
        ("OF MACHINE", True),
        ("OF POOL", True),
        ("WAITING", True),
        ("MIGRATIONS", True),
        ("", False),
    )
    capacity = sum(cpu.busy + cpu.idle for cpu in run.cpus)
    by_cpu = {cpu.cpu: cpu.busy + cpu.idle for cpu in run.cpus}
    for each in run.schedulers:
        reach = simulation.timetable.reach[each.name]
        pool = sum(by_cpu[cpu] for cpu in reach)
        starved = Text("STARVED", style="bold red") if each.starved else Text("")
        table.add_row(
            each.name,
            str(each.lwps),
            _percent(each.ran, capacity),
            _percent(each.ran, pool),
            f"{each.waited / run.ticks:.2f}" if run.ticks else "-",
            str(each.migrations),
            starved,
        )
    return table


# -- one tick -----------------------------------------------------------------


def print_assignments(simulation: Simulation, run: Run, tick: int, as_json: bool) -> None:
    """Who runs on each cpu in one tick, and through which cpus of which schedulers."""
    assigned = {each.cpu: each for each in run.assignments}
    if as_json:
        print_json({"tick": tick, "cpus": [_assignment_record(each) for each in run.assignments]})
        return
    arrow = " ← " if has_unicode() else " <- "
    click.echo(f"tick {tick} of {simulation.workload.name} on {run.machine}")
    cpus = simulation.machine.topology.all
    for idle, group in groupby(cpus, key=lambda cpu: cpu not in assigned):
        if idle:
            click.echo(f"{_name_run(list(group))}: nobody")
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
