"""The `usched` command: statements and subcommands share the first word, and are told apart.

A reserved word begins a subcommand, everything else a statement: a scheduler cannot have a
reserved name, so nothing is guessed. This is also the one place where an error becomes a message
and an exit status.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

from usched import __version__
from usched.face.ending import STDERR, STDOUT, drop
from usched.face.options import Settings, common_options, context_of
from usched.face.output import describe_trouble, print_error
from usched.words.problems import EnvironmentFailed, UschedError
from usched.words.statement import GRAMMAR, SUBCOMMANDS
from usched.world.paths import SYSTEM_REGISTRY

_STATEMENTS = "\n  ".join(GRAMMAR.values())
#: Where the words that were typed are kept.
_TYPED = "usched.typed"

_EPILOG = f"""\
Statements (the words may also stand in a .usched file, one statement a line):
  {_STATEMENTS}

CPUS:  'cpu*' cpu3 cpu0-7 core0 thread0 llc0 node0 socket0 ... [except ...]
TIME:  10 (ticks) 500us 100ms 2s

Examples:
  usched NORM on 'cpu*' lwktpri 6
  usched MYCUSTOM on cpu1 cpu2 lwktpri 4 locked
  usched batch configs/pools.usched
  usched simulate configs/workloads/mail.yaml

Exit status: 0 done, 1 the environment failed, 2 usage, 3 refused, 4 no such
name, 5 not permitted, 7 Linux differs. See usched(8), usched(5) and
usched-model(7)."""


#: Options of the commands, for who puts them in front: those without a value are understood there.
_FLAGS = ("-n", "--dry-run", "-q", "--quiet", "--json", "--summary", "--figures")
_BEHIND = (
    *("--ticks", "--script", "--at"),
    *("--csv", "--html", "--perfetto", "--sched-switch", "--svg"),
    *("--map", "--default", "--tick", "--into", "--name"),
    *("--confirm", "--every", "--user"),
)
#: Options that are everybody's, and have a value.
_COMMON = ("--registry", "--topology", "--root", "--wait")

#: Subcommands whose names are not those of their modules.
_MODULES = {"destroy": "statement", "import": "import_trace"}

#: The subcommands that change something; a statement does, too.
_CHANGING = ("adopt", "batch", "rollback", "shield", "topology")


class _Group(click.Group):
    """Subcommands by their names, each imported when it is called; else a statement."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return sorted(SUBCOMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUBCOMMANDS:
            return None
        module = _MODULES.get(cmd_name, cmd_name)
        command = import_module(f"usched.face.commands.{module}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        first = args[0]
        is_statement = first not in SUBCOMMANDS or _names_reserved(args)
        if first == "-":
            raise click.UsageError(
                "statements are read from standard input by: usched batch -", ctx
            )
        if is_statement and first.startswith("-"):
            raise click.NoSuchOption(first, ctx=ctx)
        if is_statement or first == "destroy":
            from usched.face.commands.statement import command

            return None, command, args  # no name: the words are the command
        return first, self.get_command(ctx, first), args[1:]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Options, subcommands, and the schedulers that a statement may begin with."""
        from click.shell_completion import CompletionItem

        from usched.face.completing import items, scheduler_names

        if incomplete.startswith("-"):
            flags = items(["--dry-run", "--quiet"], incomplete)  # a statement's, in front of it
            return super().shell_complete(ctx, incomplete) + flags
        found = [
            CompletionItem(name, help=line)
            for name, line in sorted((GRAMMAR | SUBCOMMANDS).items())
            if name and name.startswith(incomplete)
        ]
        return found + items(scheduler_names(ctx), incomplete)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The subcommands with their lines, without importing any of them."""
        with formatter.section("Subcommands"):
            formatter.write_dl(sorted(SUBCOMMANDS.items()))

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The grammar, line by line as it stands."""
        formatter.write(f"\n{self.epilog}\n")

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except BrokenPipeError as error:  # --help
            drop(STDOUT)
            raise click.exceptions.Exit(0) from error

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_TYPED] = tuple(args)
        try:
            return super().parse_args(ctx, _put_behind(args))
        except click.NoSuchOption as error:
            if error.option_name in _BEHIND:
                option = error.option_name
                what = f"{option} stands behind the command: usched COMMAND {option}"
                raise click.UsageError(what, ctx) from error
            raise

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # who reads has enough, as with `| head`
            drop(STDOUT)
            return 0
        except UschedError as error:
            name = ctx.invoked_subcommand
            changing = name is None or name in _CHANGING
            print_error(error, changing, _find_as_root(ctx, error))
            return error.status


def _find_as_root(ctx: click.Context, error: UschedError) -> str:
    """The words that were typed, as root types them; "" where it is no matter of that."""
    if os.geteuid() == 0 or not any(problem.for_root for problem in error.problems):
        return ""
    from usched.actions.remedies import by_sudo

    words = shlex.join(ctx.meta[_TYPED])
    is_named = ctx.ensure_object(Settings).registry is not None
    return by_sudo(SYSTEM_REGISTRY if is_named else context_of(ctx).registry, words)


def _put_behind(args: Sequence[str]) -> list[str]:
    """`usched -n NORM on ...`: the flags in front of a statement behind it, those in front of a
    subcommand behind its name."""
    front: list[str] = []
    flags: list[str] = []
    rest = list(args)
    while rest and rest[0].startswith("-") and rest[0] != "--":
        if rest[0] in _FLAGS or not rest[0].strip("-nq"):  # also -nq
            flags.append(rest.pop(0))
        else:
            width = 2 if rest[0] in _COMMON else 1
            front += rest[:width]
            del rest[:width]
    if not rest:  # no command at all: the flags are wrong where they stand
        return list(args)
    if rest[0] in SUBCOMMANDS and not _names_reserved(rest):
        return [*front, rest[0], *flags, *rest[1:]]
    end = rest.index("--") if "--" in rest else len(rest)
    return [*front, *rest[:end], *flags, *rest[end:]]


def _names_reserved(args: Sequence[str]) -> bool:
    """`list on cpu0 lwktpri 4`: meant as a statement, to be refused for its reserved name."""
    return len(args) > 3 and args[1] == "on" and "lwktpri" in args[2:]


@click.command(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="STATEMENT | SUBCOMMAND [ARGS]...",
    epilog=_EPILOG,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, asked: _print_version(ctx) if asked else None,
    help="Show the version, and whether the dispatcher is compiled, and exit.",
)
@common_options
@click.pass_context
def usched(ctx: click.Context) -> None:
    """Share out the CPUs of a machine between recursive userland schedulers.

    A statement declares or destroys a scheduler; a subcommand does the rest.
    """
    ctx.ensure_object(Settings)


def _print_version(ctx: click.Context) -> None:
    """Where Python finds the dispatcher says which it is; it is not imported for that."""
    from importlib.machinery import EXTENSION_SUFFIXES, PathFinder

    engine = os.path.join(os.path.dirname(os.path.dirname(__file__)), "engine")
    spec = PathFinder.find_spec("dispatcher", [engine])
    assert spec is not None
    assert spec.origin is not None
    compiled = spec.origin.endswith(tuple(EXTENSION_SUFFIXES))
    how = "compiled" if compiled else "in plain Python"
    click.echo(f"usched {__version__}, its dispatcher {how}")
    ctx.exit()


def run(args: Sequence[str] | None = None) -> int:
    """Run the command; its exit status. No error that is the user's to mend leaves a traceback."""
    if os.environ.get("_USCHED_COMPLETE"):
        return _complete()
    try:
        result = usched.main(args, prog_name="usched", standalone_mode=False)
        sys.stdout.flush()
    except UschedError as error:
        print_error(error)
        return error.status
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except BrokenPipeError:
        drop(STDOUT)
        return 0  # who reads has enough, as with `| head`
    except OSError as error:
        drop(STDOUT)
        trouble = describe_trouble(error)
        closed = error.filename is None and trouble.startswith("standard output")
        print_error(
            EnvironmentFailed(trouble if closed else f"{error.filename or 'output'}: {trouble}")
        )
        return 1
    return result if isinstance(result, int) else 0


def _complete() -> int:
    """Answer a Tab; words that lead nowhere have no answer, and no message either."""
    try:
        usched.main((), prog_name="usched", standalone_mode=False)
    except (UschedError, click.ClickException, OSError):
        return 1
    except SystemExit as end:  # how click leaves after an answer
        return end.code if isinstance(end.code, int) else 0
    return 0


def _show(error: click.ClickException) -> None:
    try:
        error.show()
    except OSError:  # nobody takes what is said on standard error
        drop(STDERR)
