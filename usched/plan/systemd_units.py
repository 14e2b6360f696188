"""What systemd is told: services that apply the registry and watch it, and the groups as slices.

The slices say what a lowering wants of the control groups, in systemd's words (systemd.slice(5),
systemd.resource-control(5); names as systemd-escape(1) makes them); what it has no word for is a
note. A scheduler has either the group that `usched apply` makes, or a slice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from usched.meaning.resolver import Resolver
from usched.plan.kernel import CPUS, Kernel
from usched.plan.lower_cgroup import AFFINITY, PARTITIONED, POLICY, lower
from usched.plan.real_time import tell_rest
from usched.plan.service_units import Unit, format_services
from usched.plan.wanted import OUTSIDE, OWN, TOP, Group, Note, Wanted
from usched.text.language.canonical import format_statement
from usched.words.cpuset import format_cpu_list, parse_cpu_list
from usched.words.statement import MACHINE, Grant, parent_of

#: As the kernel and systemd have it (UNIT_NAME_MAX, with a NUL).
_LONGEST = 255

#: What holds off who else runs on a machine with systemd.
_OTHERS = ("system.slice", "user.slice", "init.scope")


#: What `usched apply` has of Linux for a word, and systemd something else, or nothing.
_OURS = (POLICY, AFFINITY, PARTITIONED)


class Units(NamedTuple):
    """The services, then the slices, parents first. missing: who has no slice, and why."""

    files: tuple[Unit, ...]
    notes: tuple[Note, ...]
    missing: tuple[Note, ...]


def format_units(
    tree: Resolver, kernel: Kernel, grants: Iterable[Grant], program: Sequence[str], folder: str
) -> Units:
    """program: the words that begin a command on this registry. folder: where the registry is."""
    given = list(grants)
    wanted = lower(tree, kernel, {grant.name for grant in given})
    missing = tuple(_find_missing(wanted))
    without = {note.scheduler for note in missing if note.word == "name"}
    notes = tuple(
        note for note in _find_notes(tree, wanted, kernel, given) if note.scheduler not in without
    )
    files = list(format_services(program, folder))
    for group in wanted.groups:
        if group.path != OUTSIDE and len(slice_of(group)) <= _LONGEST:
            files.append(Unit(slice_of(group), _format_slice(tree, group, (*missing, *notes))))
    return Units(tuple(files), notes, missing)


def _find_missing(wanted: Wanted) -> Iterator[Note]:
    """Whose slices systemd could not load: a name of one has those of all above in it, escaped."""
    for group in wanted.groups:
        length = len(slice_of(group))
        if length <= _LONGEST or (_is_own(group) and len(slice_name(group.scheduler)) > _LONGEST):
            continue
        word, which = (
            ("on", "the slice of its own threads") if _is_own(group) else ("name", "its slice")
        )
        what = (
            f"{which} is left out: the name would have {length} characters, `-` taking four, and "
            f"systemd allows {_LONGEST}; usched apply has no such limit"
        )
        yield Note(group.scheduler, word, what)


def slice_name(name: str) -> str:
    """The slice of a scheduler; `-` parts a slice from the one that it is in."""
    return "-".join([TOP, *map(_escape, name.split("/"))]) + ".slice"


def is_slice(file: str) -> bool:
    """Whether a unit's file could be one of ours."""
    return file.endswith(".slice") and file.startswith(f"{TOP}-")


def _escape(segment: str) -> str:
    return segment.replace("-", r"\x2d")


def slice_of(group: Group) -> str:
    """The slice in place of a group."""
    if group.scheduler == MACHINE:
        return f"{TOP}.slice"
    name = slice_name(group.scheduler)
    if _is_own(group):  # no colon: systemd-analyze takes that for an alias
        name = f"{name.removesuffix('.slice')}-.own.slice"
    return name


def _is_own(group: Group) -> bool:
    return group.path.endswith(OWN)


def _format_slice(tree: Resolver, group: Group, notes: Iterable[Note]) -> str:
    name = group.scheduler
    scheduler = tree.scheduler(name) if name else None
    if scheduler is None:
        return "[Unit]\nDescription=Userland schedulers\n"
    own = _is_own(group)
    said = "" if own else format_statement(scheduler.declare)
    text = "".join(
        f"# {note.word}: {note.what}\n" for note in notes if note.scheduler == name and not own
    )
    text += f"[Unit]\nDescription={said or f'What runs in {name} itself'}\n\n[Slice]\n"
    return text + "".join(f"{key}={value}\n" for key, value in _settings(group.files))


def _settings(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "AllowedCPUs", files[CPUS]
    yield "CPUWeight", "idle" if files["cpu.idle"] == "1" else files["cpu.weight"]
    quota, period = files["cpu.max"].split()
    if quota != "max":
        yield "CPUQuota", f"{100 * int(quota) // int(period)}%"


def _find_notes(
    tree: Resolver, wanted: Wanted, kernel: Kernel, grants: list[Grant]
) -> Iterator[Note]:
    """Those of the lowering that are as true of slices, and what systemd has no word for."""
    kept: dict[str, list[Note]] = {}
    for note in wanted.notes:
        if note.into not in _OURS:
            kept.setdefault(note.scheduler, []).append(note)
    for scheduler in tree.schedulers():
        name, threads = scheduler.name, wanted.threads.get(scheduler.name)
        yield from kept.get(name, ())
        unit = slice_name(name)
        if threads is not None and threads.priority is not None:
            how = f"CPUSchedulingPolicy=rr and CPUSchedulingPriority={threads.priority}"
            what = f"a slice has no policy: {how} in each service of {unit}; {tell_rest(kernel)}"
            yield Note(name, "lwktpri", what)
        if threads is not None and threads.pinned:
            yield Note(name, "locked", "a slice pins nobody: CPUAffinity= in each service")
        if _is_exclusive(tree, name):
            yield Note(name, "exclusive", _tell_exclusive(tree, wanted, name))
        for grant in grants:
            if grant.name == name:
                yield Note(name, "grant", _tell_grant(grant, unit))


def _is_exclusive(tree: Resolver, name: str) -> bool:
    scheduler = tree.scheduler(name)
    return scheduler is not None and scheduler.declare.exclusive


def _tell_exclusive(tree: Resolver, wanted: Wanted, name: str) -> str:
    what = "systemd has no word for a cpuset partition: the other slices are kept off its cpus"
    if parent_of(name) != MACHINE:
        return f"{what} by their AllowedCPUs= alone"
    rest = tree.topology.all
    for group in wanted.groups:
        if _is_exclusive(tree, group.scheduler) and parent_of(group.scheduler) == MACHINE:
            rest -= parse_cpu_list(group.files[CPUS])
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
