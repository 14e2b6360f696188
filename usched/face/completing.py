"""What the shell completes: scheduler names, cpus, the words of a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from usched.face.numbers import WholeNumber
from usched.words.problems import UschedError
from usched.words.statement import is_beneath, parent_of

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from usched.actions.context import Context

    _Type = click.ParamType[str]
else:  # generic since click 8.4 only
    _Type = click.ParamType

_BOUNDS = ("lwktpri", "depth", "until")

#: As many revisions are offered.
_REVISIONS = 100


class SchedulerName(_Type):
    """The name of a scheduler; completes those that there are."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return _not_empty(_make_utf8(value), param, ctx)

    def shell_complete(
        self, ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return items(scheduler_names(ctx), incomplete)


class MapRule(SchedulerName):
    """PATTERN=SCHEDULER; completes the scheduler, once there is a pattern."""

    name = "rule"

    def convert(
        self, value: str, _param: click.Parameter | None, _ctx: click.Context | None
    ) -> str:
        return _make_utf8(value)

    def shell_complete(
        self, ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        pattern, equals, _ = incomplete.rpartition("=")
        names = scheduler_names(ctx) if equals else []
        return items([f"{pattern}={name}" for name in names], incomplete)


class GrantedName(SchedulerName):
    """The name of a scheduler that is granted."""

    def shell_complete(
        self, ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return items(granted_names(ctx), incomplete)


class FileName(_Type):
    """A path, taken as it is; the shell completes files."""

    name = "file"
    kind = "file"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return _not_empty(value, param, ctx)

    def shell_complete(
        self, _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type=self.kind)]


class ProgramWords(FileName):
    """A program and its arguments, of which any may be empty."""

    name = "command"

    def convert(
        self, value: str, _param: click.Parameter | None, _ctx: click.Context | None
    ) -> str:
        return value


class FolderName(FileName):
    """The path of a folder."""

    name = "dir"
    kind = "dir"


class RevisionNumber(WholeNumber):
    """The number of a revision; completes the newest ones, each with what it did."""

    def __init__(self) -> None:
        super().__init__(0)

    def shell_complete(
        self, ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [
            CompletionItem(number, help=text)
            for number, text in revision_numbers(ctx)
            if number.startswith(incomplete)
        ]


class CpuOrName(SchedulerName):
    """A cpu of the machine, or a scheduler."""

    name = "cpu|name"

    def shell_complete(
        self, ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return items(["cpu*", *cpu_names(ctx, ""), *scheduler_names(ctx)], incomplete)


class StatementWords(_Type):
    """The words of a statement, taken as they are."""

    name = "statement"

    def shell_complete(
        self, ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        before = [str(word) for word in ctx.params.get("words") or ()]
        return items(statement_words(ctx, before), incomplete)


class MoveWords(SchedulerName):
    """Processes, `into` and a scheduler; processes are not completed."""

    name = "process"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value:
            raise click.BadParameter("one of the words is empty", ctx, param)
        return _make_utf8(value)

    def shell_complete(
        self, ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        before = [str(word) for word in ctx.params.get("words") or ()]
        if before[-1:] == ["into"]:
            return items(scheduler_names(ctx), incomplete)
        return items(["into"], incomplete) if before and "into" not in before else []


class ShieldWords(_Type):
    """The cpus of a shield and its clauses, or `off`."""

    name = "cpus"

    def shell_complete(
        self, ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        before = [str(word) for word in ctx.params.get("words") or ()]
        if before == ["off"]:
            return []
        name = str(ctx.params.get("name") or "SHIELD")
        words = _declaration_words(ctx, [name, "on", *before])
        return items(words if before else ["off", *words], incomplete)


def _make_utf8(value: str) -> str:
    """What is no UTF-8 on the command line cannot be asked for, nor be the name of anything."""
    return value.encode("utf-8", "replace").decode()


def _not_empty(value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
    """The value as it is. Raises BadParameter where it is the empty word, as of a variable of the
    shell that is not set."""
    if value or param is None:
        return value
    what = (param.metavar or param.human_readable_name.upper()).strip("[].")
    leave = "" if param.required else "leave it out, or "
    if isinstance(param, click.Option):
        leave = "leave the option out, or "
    raise click.BadParameter(f"{what} is empty: {leave}name one", ctx, param)


def items(words: list[str], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def scheduler_names(ctx: click.Context) -> list[str]:
    """The declared names; none where the registry cannot be read: a Tab says nothing."""
    from usched.actions.read import read_statements
    from usched.face.options import context_of

    try:
        return list(read_statements(_quiet(context_of(ctx))).names())
    except UschedError:
        return []


def revision_numbers(ctx: click.Context) -> list[tuple[str, str]]:
    """The newest revisions and 0, the newest first, each with what it did."""
    from usched.actions.read import read_revisions
    from usched.face.options import context_of, desk_of
    from usched.words.phrases import clip

    context = _quiet(context_of(ctx))
    try:
        desk = desk_of(context, ctx.params.get("where"))
        log = read_revisions(context, _REVISIONS, desk)
    except UschedError:
        return []
    return [(str(each.number), clip(each.text, 60)) for each in log] + [("0", "the empty registry")]


def _quiet(context: Context) -> Context:
    """For a Tab: it says nothing, and does not wait long for a busy registry."""
    return context.quiet._replace(wait=min(context.wait, 0.5))


def cpu_names(ctx: click.Context, domain: str) -> list[str]:
    """`cpu0`, `cpu1`, ... of the machine or a scheduler, and its `node0`, `core0`, ..."""
    from usched.actions.read import read_tree
    from usched.face.options import context_of

    try:
        tree = read_tree(_quiet(context_of(ctx)))
        view = tree.view(domain) if not domain or tree.find(domain) else None
        if view is None:
            return []
        groups = tree.topology.groups if view.has_levels else {}
        named = [
            f"{level}{number}"
            for level in groups
            for number in groups[level]
            if view.group(level, number)
        ]
        return [f"cpu{cpu}" for cpu in view.cpus] + named
    except UschedError:
        return []


def statement_words(ctx: click.Context, words: list[str]) -> list[str]:
    """What may come next in a statement."""
    if words and words[0] == "usched":
        words = words[1:]
    if not words:
        return scheduler_names(ctx)
    if words[0] == "destroy":
        if len(words) == 1:
            return scheduler_names(ctx)
        if words[-1] == "into":
            return [name for name in scheduler_names(ctx) if not is_beneath(name, words[1])]
        return [word for word in ("into", "recursive") if word not in words]
    if words[0] in ("grant", "revoke"):
        return _granting_words(ctx, words)
    return ["on"] if len(words) == 1 else _declaration_words(ctx, words)


def _granting_words(ctx: click.Context, words: list[str]) -> list[str]:
    """After `grant` or `revoke`: a scheduler; then a user, or a group behind an @, and bounds."""
    if len(words) == 1:
        return granted_names(ctx) if words[0] == "revoke" else scheduler_names(ctx)
    if words[0] == "revoke":
        return []
    if len(words) == 2:
        return ["to"]
    if words[-1] == "to":
        from usched.world.accounts import account_names

        return account_names()
    return [] if words[-1] in _BOUNDS else [word for word in _BOUNDS if word not in words]


def granted_names(ctx: click.Context) -> list[str]:
    """What is granted; nothing where the registry cannot be read."""
    from usched.actions.parts import read_holders
    from usched.face.options import context_of

    try:
        return [part.name for part in read_holders(_quiet(context_of(ctx)))]
    except UschedError:
        return []


def _declaration_words(ctx: click.Context, words: list[str]) -> list[str]:
    """After `NAME on`: cpus, then clauses, each once."""
    from usched.text.language.cursor import CLAUSES

    if words[-1] in ("lwktpri", "vcpus", "quantum"):
        return []
    clauses = [clause for clause in CLAUSES if clause not in words]
    if len(clauses) < len(CLAUSES):
        return clauses
    cpus = [cpu for cpu in ("cpu*", *cpu_names(ctx, parent_of(words[0]))) if cpu not in words[2:]]
    return cpus if words[-1] in ("on", "except") else [*clauses, "except", *cpus]
