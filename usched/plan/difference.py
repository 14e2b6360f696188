"""From what there is to what is wanted: ordered steps; and back, from wherever they stopped.

cpus widen from the top down and narrow from the bottom up, so that at no time a group asks for
what its parent has not, which the kernel would answer with the parent's whole set. Where cpus are
exchanged for others a group has both for a while. Partitions are given up first and made last. An
inner group has no processes: they leave before it becomes one, and enter when it is none any more.
What somebody holds who is not to hold it is taken back before anything else, from the top down, so
that he can make no more groups there; what is handed over is handed over last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from usched.plan.kernel import CPUS, EXCLUSIVE, FRESH, PARTITION, SUBTREE
from usched.plan.owners import LIMITS, OWNER, Held, parse_owner
from usched.plan.wanted import OUTSIDE, OWN, Group
from usched.words.cpuset import format_cpu_list, parse_cpu_list

Kind = Literal["mkdir", "rmdir", "write", "move", "chown"]

#: What the groups that there are say: by path, then by file, parents first. In `cgroup.procs` is
#: how many processes there are; what a group does not say of its limits is that it has none.
Observed = Mapping[str, Mapping[str, str]]

_Files = Mapping[str, Mapping[str, str]]
_Now = dict[str, dict[str, str]]

PROCESSES = "cgroup.procs"

#: The cpus that the processes of a group may run on; nobody writes it.
EFFECTIVE = "cpuset.cpus.effective"

#: Of what somebody holds: that there are more groups beneath it than are read.
UNREAD = "unread"


class Step(NamedTuple):
    """One thing to do to the cgroup file system.

    value: of a write; the path that all processes move to; whose a group becomes. before: what a
    file said, how many processes there are, whose it was.
    """

    kind: Kind
    path: str
    file: str = ""
    value: str = ""
    before: str = ""


def find_part(held: Held, step: Step) -> str | None:
    """The group by which somebody holds what a step changes; None where it is the giver's."""
    return held.find(step.path, PROCESSES if step.kind == "move" else step.file)


def compare(groups: tuple[Group, ...], observed: Observed) -> list[Step]:
    """What to do, in order, so that the groups are these and no others. groups: parents first."""
    wanted = {group.path: group.files for group in groups}
    now = {path: dict(observed.get(path, FRESH)) for path in wanted}
    steps = [
        *_take_back(wanted, now, observed),
        *_leave_partitions(wanted, now, observed),
        *_give_up_exclusive(wanted, now, observed),
        *_make_groups(wanted, observed),
        *_widen(wanted, now),
        *_remove_groups(wanted, observed),
        *_narrow(wanted, now, observed),
        *_share(wanted, now),
        *_take_exclusive(wanted, now),
        *_become_partitions(wanted, now),
        *_give(wanted, now),
    ]
    return [step for step in steps if step.kind != "write" or step.value != step.before]


def plan_back(before: Observed, observed: Observed) -> list[Step]:
    """What makes the groups say again what they said before, whatever was done since."""
    groups = tuple(Group(path, "", _put_back(files)) for path, files in before.items())
    had, on = (there.get(OUTSIDE, {}).get(SUBTREE, "").split() for there in (before, observed))
    others = " ".join(f"-{each}" for each in on if each not in had)
    last = [Step("write", OUTSIDE, SUBTREE, others)] if others else []
    return compare(groups, observed) + last


def _put_back(files: Mapping[str, str]) -> dict[str, str]:
    """What a group is to say again. Who had only some of its files has none of them again."""
    said = {file: _settled(text) for file, text in files.items() if file in FRESH}
    said |= {file: text for file, text in files.items() if file in LIMITS}
    owner = files.get(OWNER)
    if owner is not None and parse_owner(owner).is_settled:
        said[OWNER] = owner
    return said


def _settled(text: str) -> str:
    """`root invalid (...)` as what was asked for."""
    return text.partition(" invalid")[0]


def _write(path: str, file: str, value: str, now: _Now) -> Step:
    step = Step("write", path, file, value, now[path].get(file, ""))
    now[path][file] = value
    return step


def _take_back(wanted: _Files, now: _Now, observed: Observed) -> Iterator[Step]:
    """From whoever is not to have it any more; the limits are his."""
    for path, said in observed.items():
        owner, files = said.get(OWNER, ""), wanted.get(path, {})
        if owner in ("", files.get(OWNER, "")):
            continue
        yield Step("chown", path, "", "", owner)
        if path in now:
            now[path][OWNER] = ""


def _give(wanted: _Files, now: _Now) -> Iterator[Step]:
    """From the bottom up: who has a group can change what is beneath it at once."""
    for path in reversed(list(wanted)):
        owner = wanted[path].get(OWNER, "")
        if now[path].get(OWNER, "") != owner:
            yield Step("chown", path, "", owner)
        if OWNER in wanted[path]:
            for file, without in LIMITS.items():
                value = wanted[path].get(file, without)
                yield Step("write", path, file, value, now[path].get(file, without))


def _leave_partitions(wanted: _Files, now: _Now, observed: Observed) -> Iterator[Step]:
    """Those that are to be another kind of partition, or have other cpus, or are invalid; and
    those beneath them, which would become invalid with them."""
    left: set[str] = set()
    for path, said in observed.items():
        if _becomes_other(said, wanted.get(path)) or path.rpartition("/")[0] in left:
            left.add(path)
    for path in reversed(list(observed)):
        kind = observed[path].get(PARTITION, "member")
        if kind == "member" or path not in left:
            continue
        if path in wanted:
            yield _write(path, PARTITION, "member", now)
        else:
            yield Step("write", path, PARTITION, "member", kind)


def _becomes_other(said: Mapping[str, str], files: Mapping[str, str] | None) -> bool:
    """Whether a group is a partition, or is to be one, and not both as it is."""
    kind = said.get(PARTITION, "member")
    if files is None or kind != files.get(PARTITION, "member"):
        return files is not None or kind != "member"
    return kind != "member" and any(
        _differ(said.get(file, ""), files.get(file, "")) for file in (CPUS, EXCLUSIVE)
    )


def _give_up_exclusive(wanted: _Files, now: _Now, observed: Observed) -> Iterator[Step]:
    """cpus that somebody else may want next: the kernel lets no two siblings ask for one."""
    for path in reversed(list(observed)):
        there = parse_cpu_list(observed[path].get(EXCLUSIVE, ""))
        keeps = there & parse_cpu_list(wanted.get(path, {}).get(EXCLUSIVE, ""))
        if keeps == there:
            continue
        if path in now:
            yield _write(path, EXCLUSIVE, format_cpu_list(keeps), now)
        else:
            before = observed[path][EXCLUSIVE]
            yield Step("write", path, EXCLUSIVE, format_cpu_list(keeps), before)


def _make_groups(wanted: _Files, observed: Observed) -> Iterator[Step]:
    """Groups, and the controllers in those that have others beneath: parents first.

    A group that gets its first ones beneath it gives its processes to the one that is its own.
    """
    made = set()
    for path, files in wanted.items():
        if path not in observed and path not in made:
            yield Step("mkdir", path)
        there = observed.get(path, FRESH)
        on = there.get(SUBTREE, "").split()
        missing = [each for each in files.get(SUBTREE, "").split() if each not in on]
        if not missing:
            continue
        processes = there.get(PROCESSES, "0")
        if processes != "0" and path != OUTSIDE:
            home = home_of(path, wanted)
            if home not in observed and home != OUTSIDE:
                made.add(home)
                yield Step("mkdir", home)
            yield Step("move", path, "", home, processes)
        yield Step("write", path, SUBTREE, " ".join(f"+{each}" for each in missing))


def home_of(path: str, wanted: _Files) -> str:
    """Where the processes of a group are, or of one that is gone."""
    while path and path not in wanted:
        path = path.rpartition("/")[0]
    if not path:
        return OUTSIDE
    own = f"{path}/{OWN}"
    if own in wanted:
        return own
    return path if not wanted[path].get(SUBTREE) else OUTSIDE


def _widen(wanted: _Files, now: _Now) -> Iterator[Step]:
    for path, files in wanted.items():
        there, then = (parse_cpu_list(each.get(CPUS, "")) for each in (now[path], files))
        if then and not (there and then <= there):  # without any it has all that the parent has
            yield _write(path, CPUS, format_cpu_list(there | then), now)


def _remove_groups(wanted: _Files, observed: Observed) -> Iterator[Step]:
    """Groups that are not wanted, their children first; their processes go to whoever is above."""
    gone = [path for path in observed if path not in wanted]
    for path in reversed(list(observed)):
        on = observed[path].get(SUBTREE, "").split()
        if on and not wanted.get(path, {}).get(SUBTREE):  # nobody is to be beneath it
            yield Step("write", path, SUBTREE, " ".join(f"-{each}" for each in on))
    for path in reversed(gone):
        processes = observed[path].get(PROCESSES, "0")
        home = home_of(path, wanted)
        if processes != "0":
            yield Step("move", path, "", home, processes)
        # who held it may have made groups in it since, and moved processes there
        yield Step("rmdir", path, "", home if OWNER in observed[path] else "")


def _narrow(wanted: _Files, now: _Now, observed: Observed) -> Iterator[Step]:
    for path in reversed(list(wanted)):
        files = wanted[path]
        if CPUS in files and _differ(now[path].get(CPUS, ""), files[CPUS]):
            processes = observed.get(path, {}).get(PROCESSES, "0")
            if not files[CPUS] and processes != "0":  # Linux to 6.12: ENOSPC while they are in it
                yield Step("move", path, "", OUTSIDE, processes)
            yield _write(path, CPUS, files[CPUS], now)


def _differ(one: str, other: str) -> bool:
    return parse_cpu_list(one) != parse_cpu_list(other)


def _share(wanted: _Files, now: _Now) -> Iterator[Step]:
    """Weights: a group that idles takes none, so it stops idling first."""
    for path, files in wanted.items():
        if "cpu.idle" not in files:
            continue
        if now[path].get("cpu.idle") == "1":  # what it says of its weight is none that it was given
            now[path]["cpu.weight"] = FRESH["cpu.weight"]
        yield _write(path, "cpu.idle", files["cpu.idle"], now)
        if files["cpu.idle"] == "0":
            yield _write(path, "cpu.weight", files["cpu.weight"], now)
        yield _write(path, "cpu.max", files["cpu.max"], now)


def _take_exclusive(wanted: _Files, now: _Now) -> Iterator[Step]:
    """Last but one: it is refused (EINVAL) where a sibling asks for nothing but these cpus."""
    for path, files in wanted.items():
        if EXCLUSIVE in files and _differ(now[path].get(EXCLUSIVE, ""), files[EXCLUSIVE]):
            yield _write(path, EXCLUSIVE, files[EXCLUSIVE], now)


def _become_partitions(wanted: _Files, now: _Now) -> Iterator[Step]:
    for path, files in wanted.items():
        if files.get(PARTITION, "member") != "member":
            yield _write(path, PARTITION, files[PARTITION], now)
