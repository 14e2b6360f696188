"""What a change did to a scheduler, in a line."""

from __future__ import annotations

import click

from usched.actions.topology import News
from usched.face.output import warn
from usched.meaning.reach import Moved
from usched.meaning.tree import Change
from usched.words.cpuset import CpuSet, format_cpus
from usched.words.phrases import count
from usched.words.problems import format_problem
from usched.words.statement import parent_of


def describe_change(change: Change, offline: CpuSet) -> str:
    """`POOL/A: 2 cpus on cpu0-cpu1, reaches cpu4-cpu5 (was cpu0-cpu1)`.

    Its own parent's numbers first, then the machine's where they are others.
    """
    after = change.after
    if after is None:
        return f"{change.name}: stands aside" if change.stranded else f"{change.name}: gone"
    own = count(after.width, "vcpu" if after.virtual else "cpu")
    text = f"{change.name}: {own} on {format_cpus(after.pool)}"
    if change.before is not None and change.before.pool != after.pool:
        text += f" (was on {format_cpus(change.before.pool)})"
    moved = change.before is not None and change.had != change.has
    if parent_of(change.name) and (moved or change.has != after.pool):
        text += f", reaches {format_cpus(change.has)}"
        text += f" (was {format_cpus(change.had)})" if moved else ""
    if gone := change.has & offline:
        text += f"; offline: {format_cpus(gone)}"
    return text


def print_news(news: News) -> None:
    """Who moved, as comments behind the change; what is worth a second look only now, as warnings
    on standard error."""
    for moved in news.moved:
        click.echo(f"#   {describe_moved(moved)}")
    for warning in news.warnings:
        warn(f"warning: {format_problem(warning)}")


def describe_moved(moved: Moved) -> str:
    """`POOL/A: reaches cpu4-cpu5 (was cpu0-cpu1)`."""
    return f"{moved.name}: reaches {format_cpus(moved.has)} (was {format_cpus(moved.had)})"
