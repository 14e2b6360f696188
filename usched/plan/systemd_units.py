"""What systemd is told: a unit that applies the registry at boot, and the groups as slices.

The slices say what a lowering wants of the control groups, in systemd's words (systemd.slice(5),
systemd.resource-control(5); names as systemd-escape(1) makes them); what it has no word for is a
note. A scheduler has either the group that `usched apply` makes, or a slice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from usched.meaning.resolver import Resolver
from usched.plan.wanted import OUTSIDE, OWN, TOP, Group, Note, Threads, Wanted
from usched.text.language.canonical import format_statement
from usched.words.cpuset import format_cpu_list, parse_cpu_list
from usched.words.problems import Problem, Refused
from usched.words.statement import MACHINE, Grant, parent_of

SERVICE = f"{TOP}.service"

#: As the kernel and systemd have it (UNIT_NAME_MAX, with a NUL).
_LONGEST = 255

#: What holds off who else runs on a machine with systemd.
_OTHERS = ("system.slice", "user.slice", "init.scope")

_HARDENING = """\
# What it needs: control groups, /run/usched, and to read the registry and /sys.
NoNewPrivileges=yes
PrivateNetwork=yes
ProtectSystem=full
ProtectHome=read-only
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectControlGroups=no
LockPersonality=yes
RestrictSUIDSGID=yes
"""


class Unit(NamedTuple):
    """name: of its file."""

    name: str
    text: str


class Units(NamedTuple):
    """The service, then the slices, parents first."""

    files: tuple[Unit, ...]
    notes: tuple[Note, ...]


def format_units(
    tree: Resolver, wanted: Wanted, grants: Iterable[Grant], program: Sequence[str], folder: str
) -> Units:
    """program: the words that begin a command on this registry. folder: where the registry is.

    Raises Refused where a name is too long for systemd.
    """
    notes = tuple(_find_notes(tree, wanted, list(grants)))
    files = [Unit(SERVICE, _format_service(program, folder))]
    for group in wanted.groups:
        if group.path != OUTSIDE:
            files.append(Unit(_slice_of(group), _format_slice(tree, group, notes)))
    return Units(tuple(files), notes)


def _format_service(program: Sequence[str], folder: str) -> str:
    first, *rest = program
    run = " ".join([_quote(first, "%"), *(_quote(word, "%$") for word in rest)])
    return (
        "[Unit]\n"
        "Description=Partition the cpus among userland schedulers\n"
        f"RequiresMountsFor={_quote(folder, '%')}\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        "RemainAfterExit=yes\n"
        f"ExecStart={run} apply\n"
        f"ExecReload={run} apply\n"
        f"ExecStop={run} release\n"
        f"{_HARDENING}"
        "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n"
    )


def _quote(word: str, doubled: str) -> str:
    """A word as systemd reads it; doubled: what it would replace."""
    for each in doubled:
        word = word.replace(each, each * 2)
    if re.fullmatch(r"[\w/.,:=@+%$-]+", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def slice_name(name: str) -> str:
    """The slice of a scheduler; `-` parts a slice from the one that it is in."""
    return "-".join([TOP, *map(_escape, name.split("/"))]) + ".slice"


def is_slice(file: str) -> bool:
    """Whether a unit's file could be one of ours."""
    return file.endswith(".slice") and file.startswith(f"{TOP}-")


def _escape(segment: str) -> str:
    return segment.replace("-", r"\x2d")


def _slice_of(group: Group) -> str:
    if group.scheduler == MACHINE:
        return f"{TOP}.slice"
    name = slice_name(group.scheduler)
    if group.path.endswith(OWN):  # no colon: systemd-analyze takes that for an alias
        name = f"{name.removesuffix('.slice')}-.own.slice"
    if len(name) > _LONGEST:
        what = f"{group.scheduler} has a name that is too long for a unit of systemd: {name}"
        raise Refused(Problem(what, None, f"it may have {_LONGEST} characters", "long"))
    return name


def _format_slice(tree: Resolver, group: Group, notes: Iterable[Note]) -> str:
    name = group.scheduler
    scheduler = tree.scheduler(name) if name else None
    if scheduler is None:
        return "[Unit]\nDescription=Userland schedulers\n"
    own = group.path.endswith(OWN)
    said = "" if own else format_statement(scheduler.declare)
    text = "".join(
        f"# {note.word}: {note.what}\n" for note in notes if note.scheduler == name and not own
    )
    text += f"[Unit]\nDescription={said or f'What runs in {name} itself'}\n\n[Slice]\n"
    return text + "".join(f"{key}={value}\n" for key, value in _settings(group.files))


def _settings(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "AllowedCPUs", files["cpuset.cpus"]
    yield "CPUWeight", "idle" if files["cpu.idle"] == "1" else files["cpu.weight"]
    quota, period = files["cpu.max"].split()
    if quota != "max":
        yield "CPUQuota", f"{100 * int(quota) // int(period)}%"


def _find_notes(tree: Resolver, wanted: Wanted, grants: list[Grant]) -> Iterator[Note]:
    """Those of the lowering that are as true of slices, and what systemd has no word for."""
    for scheduler in tree.schedulers():
        name, threads = scheduler.name, wanted.threads.get(scheduler.name)
        exclusive = _is_exclusive(tree, name)
        for note in wanted.notes:
            if note.scheduler != name or _is_replaced(note, threads, exclusive):
                continue
            yield note
        unit = slice_name(name)
        if threads is not None and threads.priority is not None:
            how = f"CPUSchedulingPolicy=rr and CPUSchedulingPriority={threads.priority}"
            yield Note(name, "lwktpri", f"a slice has no policy: {how} in each service of {unit}")
        if threads is not None and threads.pinned:
            yield Note(name, "locked", "a slice pins nobody: CPUAffinity= in each service")
        if exclusive:
            yield Note(name, "exclusive", _tell_exclusive(tree, wanted, name))
        for grant in grants:
            if grant.name == name:
                yield Note(name, "grant", _tell_grant(grant, unit))


def _is_exclusive(tree: Resolver, name: str) -> bool:
    scheduler = tree.scheduler(name)
    return scheduler is not None and scheduler.declare.exclusive


def _is_replaced(note: Note, threads: Threads | None, exclusive: bool) -> bool:
    """Whether it is about how `usched apply` does it."""
    match note.word:
        case "lwktpri":
            return threads is not None and threads.priority is not None
        case "locked":
            return True
        case "exclusive":
            return exclusive
        case _:
            return False


def _tell_exclusive(tree: Resolver, wanted: Wanted, name: str) -> str:
    what = "systemd has no word for a cpuset partition: the other slices are kept off its cpus"
    if parent_of(name) != MACHINE:
        return f"{what} by their AllowedCPUs= alone"
    rest = tree.topology.all
    for group in wanted.groups:
        if _is_exclusive(tree, group.scheduler) and parent_of(group.scheduler) == MACHINE:
            rest -= parse_cpu_list(group.files["cpuset.cpus"])
    return (
        f"{what}, and the rest of the system is not; it would be by AllowedCPUs="
        f"{format_cpu_list(rest)} in each of {', '.join(_OTHERS)}"
    )


def _tell_grant(grant: Grant, unit: str) -> str:
    who = f"--gid={grant.user[1:]}" if grant.user.startswith("@") else f"--uid={grant.user}"
    return (
        "systemd delegates services, not slices: "
        f"systemd-run {who} --slice='{unit}' -p Delegate='cpuset cpu' COMMAND"
    )
