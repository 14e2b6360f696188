"""Which processes are meant: by number or by what they are called, with all that they forked."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from usched.words.phrases import clip
from usched.words.problems import NoSuchName, NotPermitted, Problem, Refused, UschedError
from usched.world.accounts import find_user_name
from usched.world.linux.threads import (
    Thread,
    clock_now,
    is_zombie,
    read_processes,
    read_thread,
    threads_of,
)

#: What lets people in: whoever moves it by its name, or as somebody's child, may lock them out.
_LOGINS = (
    *("sshd*", "login", "agetty", "getty", "systemd*", "(sd-pam)", "init", "dbus-*"),
    *("gdm*", "sddm*", "lightdm*"),
)

_KERNEL = "is a thread of the kernel, which stays where it is"

#: No number of a process has more.
_DIGITS = 10

#: The kernel keeps so much of a name.
_COMM = 15


class Meant(NamedTuple):
    """What is to be moved: whole processes, and single threads of others, by their numbers, and
    processes by patterns of what they are called."""

    pids: tuple[int, ...]
    tids: tuple[int, ...]
    patterns: tuple[str, ...]


def find_meant(root: str, words: Iterable[str]) -> Meant:
    """Raises NoSuchName, Refused or NotPermitted with all that cannot be moved, and why."""
    pids: list[int] = []
    tids: list[int] = []
    patterns: list[str] = []
    problems: list[tuple[type[UschedError], Problem]] = []
    for word in words:
        if not (word.isascii() and word.isdigit()):
            patterns.append(word)
            continue
        thread = read_thread(root, int(word)) if len(word) <= _DIGITS else None
        refusal = _refuse_ended(root, word) if thread is None else _refuse(thread, word)
        if refusal:
            problems.append(refusal)
        else:
            (pids if thread and thread.pid == thread.tid else tids).append(int(word))
    if problems:
        kinds = {kind for kind, _ in problems}
        kind = kinds.pop() if len(kinds) == 1 else Refused
        raise kind([problem for _, problem in problems])
    return Meant(tuple(pids), tuple(tids), tuple(patterns))


def _refuse_ended(root: str, word: str) -> tuple[type[UschedError], Problem]:
    what = f"there is no process or thread {clip(word)}"
    remedy = "it has ended, or never was: ps -eL shows all that there are"
    if len(word) <= _DIGITS and is_zombie(root, int(word)):
        what = f"process {word} has ended, and its parent has not taken note of it (a zombie)"
        remedy = "nothing of it runs"
        others = [str(tid) for tid in threads_of(root, int(word)) if tid != int(word)]
        if others:
            what = f"the first thread of process {word} has ended, and others of it run"
            remedy = f"name these: {' '.join(others[:8])}"
    return NoSuchName, Problem(what, None, remedy, "pid")


def _refuse(thread: Thread, word: str) -> tuple[type[UschedError], Problem] | None:
    name = f"{word} ({thread.comm})"
    if thread.is_kernel:
        return Refused, Problem(f"{name} {_KERNEL}", None, "", "kernel")
    if thread.pid == 1:
        what = f"{name} is where all processes come from, and stays where it is"
        return Refused, Problem(what, None, "", "pid 1")
    if thread.pid == os.getpid():
        what = f"{name} is this command itself"
        return Refused, Problem(what, None, "usched exec runs a program there", "itself")
    if not may_change(thread):
        what = f"not permitted: {name} is {find_user_name(thread.user)}'s"
        return NotPermitted, Problem(what, None, "", "owner", for_root=True)
    return None


def may_change(thread: Thread) -> bool:
    return os.geteuid() in (0, thread.user)


class Family:
    """The processes that are meant and all that they forked, as often as one looks."""

    def __init__(self, root: str, meant: Meant, tell: Callable[[str], None]) -> None:
        self._root = root
        self._meant = meant
        self._tell = tell
        self._since = clock_now()
        self._kernel: list[Thread] = []
        #: Process groups of those that were found, in which there may be orphans.
        self._families: set[int] = set()
        self._told: set[int] = set()

    def look(self) -> list[Thread]:
        """The first thread of each, parents first. Raises NoSuchName where a pattern fits nobody
        that may be moved."""
        everybody = list(read_processes(self._root))
        there = {each.pid: each for each in everybody if not each.is_kernel}
        self._kernel = [each for each in everybody if each.is_kernel]
        spared = _find_spared(there, self._meant.pids)
        found = {pid: there[pid] for pid in self._meant.pids if pid in there}
        for each in self._match(there, spared):
            found[each.pid] = each
        for each in there.values():
            if each.pid not in spared and self._is_orphan(each, there.get(each.parent)):
                found[each.pid] = each
        for each in _descend(there, list(found.values()), spared):
            found[each.pid] = each
        self._families |= {each.family for each in found.values()}
        return list(found.values())

    def _is_orphan(self, process: Thread, parent: Thread | None) -> bool:
        """Whether its parent ended between its fork and its turn: somebody else's child now."""
        ours = process.family in self._families and process.born >= self._since
        return ours and (parent is None or parent.family != process.family)

    def _match(self, there: dict[int, Thread], spared: set[int]) -> Iterator[Thread]:
        for pattern in self._meant.patterns:
            fitting = [each for each in there.values() if _fits(each, pattern)]
            kept = [each for each in fitting if each.pid in spared or each.terminal]
            mine = [each for each in fitting if each not in kept and may_change(each)]
            if not mine and not self._families:
                if not fitting and any(_fits(each, pattern) for each in self._kernel):
                    what = f"'{clip(pattern)}' {_KERNEL}"
                    raise Refused(Problem(what, None, "", "kernel"))
                raise NoSuchName(_explain_none(pattern, fitting, kept))
            for each in kept:
                if each.pid not in self._told:
                    self._told.add(each.pid)
                    self._tell(f"{_name(each)} stays: it may be somebody's login; name its pid")
            yield from mine


def _explain_none(pattern: str, fitting: Sequence[Thread], kept: Sequence[Thread]) -> Problem:
    what = f"no process is called '{clip(pattern)}'"
    if not fitting:
        if re.fullmatch("[0-9]+(,[0-9]+)+", pattern):
            return Problem(
                what, None, f"pids stand apart: {clip(pattern.replace(',', ' '))}", "comm"
            )
        return Problem(what, None, "ps -e shows how they are called", "comm")
    others = [each for each in kept if each.pid != 1]
    if others:
        remedy = f"name its pid: {' '.join(str(each.pid) for each in others[:8])}"
        return Problem(f"{what} but what may be somebody's login", None, remedy, "login")
    if kept:
        return Problem(f"{what} but pid 1, which stays where it is", None, "", "pid 1")
    return Problem(f"{what} and is yours", None, "", "owner", for_root=True)


def _name(process: Thread) -> str:
    return f"{process.pid} ({process.comm})"


def _fits(process: Thread, pattern: str) -> bool:
    """This command is never meant."""
    return process.pid != os.getpid() and any(
        fnmatchcase(process.comm, each if "*" in each else each[:_COMM])
        for each in pattern.split("|")
    )


def _find_spared(there: dict[int, Thread], asked: Sequence[int]) -> set[int]:
    """Those that only their own number moves: pid 1, this command, who called it, and logins."""
    spared = {pid for pid, each in there.items() if pid == 1 or _is_login(each)}
    pid = os.getpid()
    while pid in there:
        spared.add(pid)
        pid = there[pid].parent
    return spared - set(asked)


def _is_login(process: Thread) -> bool:
    return any(fnmatchcase(process.comm, each) for each in _LOGINS)


def _descend(
    there: dict[int, Thread], found: Sequence[Thread], spared: set[int]
) -> Iterator[Thread]:
    children: dict[int, list[Thread]] = {}
    for each in there.values():
        children.setdefault(each.parent, []).append(each)
    seen = {each.pid for each in found}
    line = list(found)
    while line:
        for each in children.get(line.pop(0).pid, ()):
            if each.pid not in seen and each.pid not in spared:
                seen.add(each.pid)
                line.append(each)
                yield each
