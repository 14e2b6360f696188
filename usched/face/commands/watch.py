"""`usched watch`: what is applied stays so, and new threads get their homes."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from usched.actions.context import Context
from usched.face.ending import Interrupted
from usched.face.options import common_options, context_of, refuse_topology
from usched.face.output import make_printable
from usched.face.whole import WholeCommand
from usched.text.duration import parse_duration
from usched.words.phrases import count


@click.command(
    "watch",
    cls=WholeCommand,
    about="watches over all schedulers",
    instead="type: usched watch",
)
@click.option("--report-only", is_flag=True, help="Say what is not right, and change nothing.")
@click.option("--every", metavar="TIME", default="5s", help="How often groups are read; 5s.")
@common_options
@click.pass_context
def command(ctx: click.Context, report_only: bool, every: str) -> None:
    """Keep Linux as it was applied, until it is told to end.

    A new thread of a locked scheduler is pinned to its home when it is forked, those whose cpu goes
    offline to another, and what somebody else changes is applied again. Each is a line.
    """
    from usched.actions.places import check_live

    refuse_topology(ctx)
    seconds = parse_duration(every, "--every", 0.1, 3600)
    context = context_of(ctx)
    check_live(context.root)
    try:
        with _be_the_only(context.root, report_only):
            _watch(context, report_only, seconds)
    except Interrupted:  # as it is told to end
        return


@contextmanager
def _be_the_only(root: str, report_only: bool) -> Iterator[None]:
    """Two would give homes to the same threads, one after the other."""
    from usched.world.linux.journal import Journal
    from usched.world.linux.only_one import be_the_only

    if report_only:
        yield
        return
    with be_the_only(Journal(root).folder, "watch", "one is enough; --report-only looks on"):
        yield


def _watch(context: Context, report_only: bool, seconds: float) -> None:
    from usched.actions.watch import Watch
    from usched.world.linux.connector import Connector, Lost, try_to_listen

    watch = Watch(context, report_only, _say)
    connector = try_to_listen()
    if isinstance(connector, str):
        context.tell(
            f"the kernel does not tell of forks ({connector}; it takes root): threads are looked "
            f"for every {seconds:g} s"
        )
    watch.start()
    _say(f"watching over {count(watch.schedulers, 'scheduler')}")
    due = time.monotonic() + seconds
    while True:
        patience = max(0.0, min(1.0, due - time.monotonic()))
        if isinstance(connector, Connector):
            if select.select([connector], [], [], patience)[0]:
                try:
                    watch.hear([fork.tid for fork in connector.hear()])
                except Lost:
                    watch.look_at_threads(is_first=True)
        else:
            time.sleep(patience)
        watch.notice_cpus()
        if time.monotonic() >= due:
            watch.look_at_groups(time.monotonic())
            watch.look_at_threads(is_first=isinstance(connector, str))
            due = time.monotonic() + seconds


def _say(line: str) -> None:
    click.echo(make_printable(line))
