"""Whose threads are real-time ones."""

from __future__ import annotations

from collections.abc import Container, Iterable

from usched.meaning.reach import reach_of
from usched.meaning.resolver import Resolver
from usched.plan.kernel import Kernel
from usched.plan.shares import REAL, Share
from usched.words.statement import MACHINE, lineage, parent_of


def find_shares(tree: Resolver, kernel: Kernel, granted: Container[str] = ()) -> list[Share]:
    """Of every scheduler, parents first. granted: the names of those that are.

    A policy counts on the whole machine. So threads are real-time ones where all that they stand in
    is, and nothing stands in theirs: else they went before siblings of who they stand in, and their
    own children, and no cpu.max of these would bind them.
    """
    found = []
    real = set() if kernel.rt_groups else {MACHINE}
    for each in tree.schedulers():
        declare = each.declare
        is_real = declare.lwktpri >= REAL and parent_of(each.name) in real
        if is_real:
            real.add(each.name)
        quantum = declare.quantum_ticks(tree.topology.hz)
        is_leaf = not tree.children(each.name)
        cpus = reach_of(tree, each)
        is_real_leaf, is_granted = is_real and is_leaf, each.name in granted
        found.append(Share(each.name, declare.lwktpri, quantum, cpus, is_real_leaf, is_granted))
    return found


def find_hosts(shares: Iterable[Share]) -> set[str]:
    """The schedulers beneath which threads are real-time ones."""
    return {above for each in shares if each.is_real for above in lineage(parent_of(each.name))}


def tell_policy(priority: int, kernel: Kernel) -> str:
    """How threads in a group of ours are real-time ones, and what Linux keeps back of that."""
    how = f"SCHED_RR {priority} is each thread's own (exec, move, watch)"
    return f"a group carries no policy: {how}; {tell_rest(kernel)}"


def tell_rest(kernel: Kernel) -> str:
    """What real-time threads do not get."""
    when = "also while nobody wants them"
    if not kernel.throttles_real_time:
        when = "while somebody else wants to run there"
    return f"Linux keeps back 5 percent of each cpu, {when}"
