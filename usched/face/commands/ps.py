"""`usched ps`: who runs in which scheduler."""

from __future__ import annotations

from collections.abc import Sequence

import click

from usched.actions.ps import Running, list_running
from usched.face.completing import SchedulerName
from usched.face.options import common_options, context_of, json_option, refuse_topology
from usched.face.output import make_printable, print_columns, print_json
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpu_list
from usched.world.accounts import find_user_name
from usched.world.linux.threads import Thread


@click.command("ps")
@click.option("-t", "--threads", is_flag=True, help="A line for each thread.")
@json_option
@common_options
@click.argument("name", required=False, type=SchedulerName())
@click.pass_context
def command(ctx: click.Context, name: str | None, threads: bool, as_json: bool) -> None:
    """List the processes that run in schedulers, or in NAME and beneath it.

    CPU is where they last ran, and CPUS where they may; both are of all their threads.
    """
    refuse_topology(ctx)
    running = list_running(context_of(ctx), name)
    if as_json:
        print_json([_record(each) for each in running])
        return
    if threads:
        rows = [_row(each.scheduler, [each.thread], str(each.thread.tid)) for each in running]
        heads = ["SCHEDULER", "PID", "TID", "USER", "CPU", "POLICY", "CPUS", "COMMAND"]
        print_columns(heads, rows, right=(1, 2))
        return
    processes: dict[tuple[str, int], list[Thread]] = {}
    for each in running:
        processes.setdefault((each.scheduler, each.thread.pid), []).append(each.thread)
    rows = [_row(scheduler, of_it, str(len(of_it))) for (scheduler, _), of_it in processes.items()]
    heads = ["SCHEDULER", "PID", "THREADS", "USER", "CPU", "POLICY", "CPUS", "COMMAND"]
    print_columns(heads, rows, right=(1, 2))


def _row(scheduler: str, threads: Sequence[Thread], third: str) -> list[str]:
    first = threads[0]
    cpus = NO_CPUS
    for each in threads:
        cpus |= each.affinity
    return [
        make_printable(scheduler),
        str(first.pid),
        third,
        find_user_name(first.user),
        format_cpu_list(CpuSet.of(each.cpu for each in threads)),
        ", ".join(dict.fromkeys(describe_policy(each) for each in threads)),
        format_cpu_list(cpus),
        make_printable(first.comm).replace("\n", " "),
    ]


def describe_policy(thread: Thread) -> str:
    """`rr 8`, `other`, `other nice 5`."""
    if thread.priority:
        return f"{thread.policy} {thread.priority}"
    return f"{thread.policy} nice {thread.nice}" if thread.nice else thread.policy


def _record(running: Running) -> dict[str, object]:
    thread = running.thread
    return {
        "scheduler": running.scheduler,
        "pid": thread.pid,
        "tid": thread.tid,
        "command": thread.comm,
        "user": find_user_name(thread.user),
        "cpu": thread.cpu,
        "policy": thread.policy,
        "priority": thread.priority,
        "nice": thread.nice,
        "cpus": format_cpu_list(thread.affinity),
    }
