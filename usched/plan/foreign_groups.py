"""Groups that others made: names that schedulers may have, and what is not about cpus."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping

from usched.plan.difference import EFFECTIVE, PROCESSES, Observed
from usched.plan.kernel import FRESH, SUBTREE
from usched.plan.wanted import OUTSIDE, OWN, TOP, Note, group_of, scheduler_of
from usched.words.statement import RESERVED

#: Files of a control group that say what usched has no word for, and what they say of themselves.
OTHER_FILES = {
    "cpu.max.burst": "0",
    "cpu.uclamp.max": "max",
    "cpu.uclamp.min": "0.00",
    "cpuset.mems": "",
    "io.max": "",
    "memory.high": "max",
    "memory.max": "max",
    "pids.max": "max",
}

_LONGEST = 31
_WITHOUT_WISH = {file: text for file, text in FRESH.items() if file != SUBTREE}
_SLICE = ".slice"


def rename_groups(groups: Observed, top: str = "") -> tuple[dict[str, str], list[Note]]:
    """The path of each group by one that a scheduler may have, parents first, and what their names
    were where those are others. top: the name of the group that they are beneath."""
    named = {"": "", TOP + _SLICE: ""}
    found = {"": ""} if "" in groups else {}
    notes = []
    for path in sorted(groups, key=lambda path: path.split("/")):
        if path in named or path == OUTSIDE:
            continue
        above, _, own = path.rpartition("/")
        parent = named[above]
        plain = _plain_name(own, above.rpartition("/")[2] or top)
        name = plain if parent and plain == OWN else _fit(plain, parent, found)
        named[path] = f"{parent}/{name}" if parent else name
        found[named[path]] = path
        if name != plain:
            was = f"its name was {own}, which no scheduler can have"
            notes.append(Note(scheduler_of(named[path]), "name", was))
    return found, notes


def _plain_name(own: str, above: str) -> str:
    """A slice's without what it repeats of the one above, and without systemd's escapes."""
    if not own.endswith(_SLICE):
        return group_of(own)
    name = own.removesuffix(_SLICE)
    if above.endswith(_SLICE):
        name = name.removeprefix(f"{above.removesuffix(_SLICE)}-")
    name = re.sub(r"\\x([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), name)
    return OWN if name == ".own" else group_of(name)


def _fit(name: str, parent: str, found: Container[str]) -> str:
    """The nearest that is a scheduler's, and nobody else's there."""
    name = re.sub(r"[^A-Za-z0-9_:-]", "_", name)
    if not re.match("[A-Za-z_]", name) or (not parent and name in RESERVED):
        name = f"_{name}"
    name = name[:_LONGEST]
    number = 2
    fitting = name
    while (f"{parent}/{fitting}" if parent else fitting) in found:
        end = f"_{number}"
        fitting = name[: _LONGEST - len(end)] + end
        number += 1
    return fitting


def tell_others(groups: Observed) -> Iterator[Note]:
    """What they say that is not about cpus."""
    for path, files in groups.items():
        for file, text in files.items():
            if file in FRESH or file in (EFFECTIVE, PROCESSES) or path in ("", OUTSIDE):
                continue
            if text and text != OTHER_FILES.get(file, ""):
                what = f"`{' '.join(text.split())}` is left out: usched shares out cpus alone"
                yield Note(scheduler_of(path), file, what)


def keep_wishing(groups: Observed) -> dict[str, Mapping[str, str]]:
    """The groups that want anything, and those that they stand in."""
    wishing = set()
    for path, files in groups.items():
        if path not in ("", OUTSIDE) and any(_wishes(files)):
            wishing |= {path, *_ancestors(path)}
    return {path: files for path, files in groups.items() if path in wishing or path == ""}


def _wishes(files: Mapping[str, str]) -> Iterator[str]:
    for file, fresh in _WITHOUT_WISH.items():
        if files.get(file, fresh) != fresh and not (
            file == "cpu.weight" and files.get("cpu.idle") == "1"
        ):
            yield file


def _ancestors(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
