"""The rules that a declaration must keep whatever its siblings are: one small check a rule."""

from __future__ import annotations

from collections.abc import Callable

from usched.words.problems import Problem
from usched.words.statement import MACHINE, MAX_TICKS, Declare, Grant, Quantum, parent_of

MAX_DEPTH = 16
MAX_VCPUS = 4096

#: On the machine: 0 is LWKT's idle thread, TDPRI_KERN_USER is 10 (DragonFly sys/sys/thread.h).
MACHINE_LWKTPRI = (1, 9)
INNER_LWKTPRI = (1, 31)


def check_declaration(declare: Declare) -> list[Problem]:
    """Every rule broken by the statement alone."""
    problems = (check(declare) for check in _CHECKS)
    return [problem for problem in problems if problem is not None]


def check_depth(declare: Declare) -> list[Problem]:
    """A tree is at most MAX_DEPTH schedulers deep."""
    depth = declare.name.count("/") + 1
    if depth <= MAX_DEPTH:
        return []
    what = f"{declare.name} is {depth} deep; a tree has at most {MAX_DEPTH} levels"
    return [Problem(what, declare.spans.get("name"), rule="depth", name=declare.name)]


def check_time(statement: Declare | Grant, clause: str, time: Quantum | None) -> Problem | None:
    """A time is at least one of its unit, also where a tick is longer. clause: what has it."""
    if time is None or 1 <= time.amount <= MAX_TICKS:
        return None
    what = f"{clause} must be 1 to {MAX_TICKS}, not {time.amount}"
    return Problem(what, statement.spans.get(clause), rule=clause, name=statement.name)


def _check_lwktpri(declare: Declare) -> Problem | None:
    priority = declare.lwktpri
    on_machine = parent_of(declare.name) == MACHINE
    low, high = MACHINE_LWKTPRI if on_machine else INNER_LWKTPRI
    if low <= priority <= high:
        return None
    if on_machine and 10 <= priority <= 31:
        why = "10 to 31 belong to the kernel"
    elif on_machine and priority == 0:
        why = "0 is LWKT's idle thread"
    else:
        why = "there is no such priority"
    shown = priority if priority < 10**12 else "that high"
    domain = "on the machine" if on_machine else f"in {parent_of(declare.name)}"
    what = f"lwktpri {shown} is not for schedulers {domain}: {why}"
    remedy = f"{domain} lwktpri is {low} to {high}"
    return Problem(what, declare.spans.get("lwktpri"), remedy, "lwktpri", declare.name)


def _check_vcpus(declare: Declare) -> Problem | None:
    if declare.vcpus is None or 1 <= declare.vcpus <= MAX_VCPUS:
        return None
    what = f"vcpus must be 1 to {MAX_VCPUS}, not {declare.vcpus}"
    return Problem(what, declare.spans.get("vcpus"), rule="vcpus", name=declare.name)


def _check_quantum(declare: Declare) -> Problem | None:
    return check_time(declare, "quantum", declare.quantum)


_CHECKS: tuple[Callable[[Declare], Problem | None], ...] = (
    _check_lwktpri,
    _check_vcpus,
    _check_quantum,
)
