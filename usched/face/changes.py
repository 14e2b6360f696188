"""What a change did to a scheduler, in a line."""

from __future__ import annotations

from collections.abc import Iterable

import click

from usched.actions.topology import News
from usched.face.output import warn
from usched.meaning.history import GrantEdit
from usched.meaning.reach import Moved
from usched.meaning.resolver import Scheduler
from usched.meaning.working_copy import Change
from usched.text.language.canonical import format_statement
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
    text = f"{change.name}: {_describe_pool(after)}"
    if change.before is not None and change.before.pool != after.pool:
        text += f" (was on {format_cpus(change.before.pool)})"
    moved = change.before is not None and change.had != change.has
    if parent_of(change.name) and (moved or change.has != after.pool):
        text += f", reaches {format_cpus(change.has)}"
        text += f" (was {format_cpus(change.had)})" if moved else ""
    if gone := change.has & offline:
        text += f"; offline: {format_cpus(gone)}"
    return text


def _describe_pool(scheduler: Scheduler) -> str:
    own = count(scheduler.width, "vcpu" if scheduler.virtual else "cpu")
    return f"{own} on {format_cpus(scheduler.pool)}"


def print_news(news: News) -> None:
    """Who moved, as comments behind the change; what is worth a second look only now, as warnings
    on standard error."""
    for moved in news.moved:
        click.echo(f"#   {describe_moved(moved)}")
    for moved in news.aside:
        click.echo(f"#   {moved.name}: stands aside")
    for change in news.back:
        assert change.after is not None
        reaches = f", reaches {format_cpus(change.has)}" if change.has != change.after.pool else ""
        click.echo(f"#   {change.name} is back: {_describe_pool(change.after)}{reaches}")
    for warning in news.warnings:
        warn(f"warning: {format_problem(warning)}")


def print_grants(grants: Iterable[GrantEdit]) -> None:
    """How they differ: statements, a removed one behind `-`, an added one behind `+`."""
    for grant in grants:
        for sign, granted in (("-", grant.before), ("+", grant.after)):
            if granted is not None:
                click.echo(f"{sign} {format_statement(granted.grant)}")


def describe_moved(moved: Moved) -> str:
    """`POOL/A: reaches cpu4-cpu5 (was cpu0-cpu1)`."""
    if not moved.has:
        return f"{moved.name}: stands aside (was {format_cpus(moved.had)})"
    if not moved.had:
        return f"{moved.name} is back: reaches {format_cpus(moved.has)}"
    return f"{moved.name}: reaches {format_cpus(moved.has)} (was {format_cpus(moved.had)})"
