"""The options that every command takes, before or behind its name; the later one counts."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from usched.actions.context import Context
from usched.face.completing import FileName, FolderName, GrantedName
from usched.face.numbers import Number, TickNumber
from usched.face.output import warn
from usched.words.statement import MAX_TICKS
from usched.world.paths import SYSTEM_REGISTRY, default_registry

if TYPE_CHECKING:
    from usched.actions.parts import Desk

F = TypeVar("F", bound=Callable[..., Any])


class Settings:
    """What was given so far on the command line."""

    def __init__(self) -> None:
        self.registry: str | None = None
        self.topology: str | None = None
        self.topologies: tuple[str, ...] = ()
        self.root: str | None = None
        self.wait: float | None = None


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    settings = ctx.find_root().ensure_object(Settings)
    if value is not None:
        assert param.name is not None
        setattr(settings, param.name, value)


def _keep_all(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:
    for each in value:
        _keep(ctx, param, each)
    if value:
        ctx.find_root().ensure_object(Settings).topologies = value


def common_options(command: F) -> F:
    """--registry, --topology, --root and --wait."""
    return _add_common(command, several=False)


def common_options_several(command: F) -> F:
    """The same, where --topology may be given more than once."""
    return _add_common(command, several=True)


def _add_common(command: F, several: bool) -> F:
    topology = "A topology for this command; a change declares it, too."
    options = (
        click.option(
            "--registry",
            type=FileName(),
            metavar="PATH",
            expose_value=False,
            callback=_keep,
            help="The registry's file ($USCHED_REGISTRY).",
        ),
        click.option(
            "--topology",
            type=FileName(),
            metavar="FILE",
            expose_value=False,
            multiple=several,
            callback=_keep_all if several else _keep,
            help="A machine to run on; may be given again." if several else topology,
        ),
        click.option(
            "--root",
            type=FolderName(),
            metavar="DIR",
            expose_value=False,
            callback=_keep,
            help="Look for this machine's /sys under DIR.",
        ),
        click.option(
            "--wait",
            metavar="SECONDS",
            type=Number(0, 86_400),
            expose_value=False,
            callback=_keep,
            help="Wait as long for a busy registry (10).",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def refuse_topology(ctx: click.Context) -> None:
    """For commands that have no use for --topology: say so, rather than not to listen."""
    if context_of(ctx).topology is not None:
        raise click.UsageError("--topology does not go with this command", ctx)


def topologies_of(ctx: click.Context) -> tuple[str, ...]:
    """All that were given to a command that takes several; the one in front of it is one, too."""
    settings = ctx.find_root().ensure_object(Settings)
    if settings.topologies:
        return settings.topologies
    return () if settings.topology is None else (settings.topology,)


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def dry_run_option(command: F) -> F:
    return click.option(
        "-n", "--dry-run", is_flag=True, help="Say what would change, and change nothing."
    )(command)


def workload_argument(command: F) -> F:
    return click.argument("workload", type=FileName(), metavar="WORKLOAD")(command)


def ticks_option(default: str) -> Callable[[F], F]:
    """default: how long it is without."""
    return click.option(
        "--ticks",
        type=TickNumber(1, MAX_TICKS),
        metavar="N",
        help=f"How long; default: {default}.",
    )


def workload_output_option(command: F) -> F:
    from usched.world.files import STANDARD_INPUT

    return click.option(
        "-o",
        "--output",
        type=FileName(),
        default=STANDARD_INPUT,
        metavar="FILE",
        help="Write the workload to FILE; default: standard output.",
    )(command)


def quiet_option(command: F) -> F:
    return click.option("-q", "--quiet", is_flag=True, help="Do not print what was done.")(command)


def strand_option(command: F) -> F:
    return click.option(
        "--strand", is_flag=True, help="Even if schedulers of others then stand aside."
    )(command)


def desk_option(command: F) -> F:
    return click.option(
        "--in",
        "where",
        type=GrantedName(),
        metavar="NAME",
        help="Of what is granted as NAME.",
    )(command)


def desk_of(context: Context, where: str | None) -> Desk | None:
    """The part that revisions are of: the one of that name, else the one that is this user's; None
    for the registry itself."""
    from usched.actions.parts import choose_desk

    return choose_desk(context, where)


def context_of(ctx: click.Context) -> Context:
    """Where the command takes place."""
    settings = ctx.find_root().ensure_object(Settings)
    named = settings.registry or os.environ.get("USCHED_REGISTRY")
    return Context(
        registry=named or _find_default(),
        topology=settings.topology,
        root=settings.root or "/",
        wait=10.0 if settings.wait is None else settings.wait,
        is_default=not named,
        tell=warn,
    )


def _find_default() -> str:
    """The registry where nobody names one: a user who holds a part of the system's has that one."""
    if os.getuid() != 0 and os.path.exists(SYSTEM_REGISTRY):
        from usched.actions.parts import holds_part

        if holds_part(SYSTEM_REGISTRY, warn):
            return SYSTEM_REGISTRY
    return default_registry(os.environ, os.getuid())
