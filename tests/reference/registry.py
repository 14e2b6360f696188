"""Which schedulers there are, and what they come to on a topology."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.reference.errors import MACHINE, Refused
from tests.reference.language import TERM, Declaration, Destroy, Grant, Statement, quantum_ticks
from tests.reference.machine import RealCpu, Topology

Registry = dict[str, Declaration]
"""By name, in declaration order."""


def parent_of(name: str) -> str:
    """`POOL/WEB` is the child WEB of POOL; the machine is the parent of a single segment."""
    return name.rpartition("/")[0]


def beneath(name: str, root: str) -> bool:
    """It, or beneath it."""
    return name == root or name.startswith(root + "/")


@dataclass(frozen=True)
class Spec:
    """A scheduler as it is in force: everything resolved."""

    name: str
    parent: str
    pool: tuple[int, ...]
    lwktpri: int
    vcpus: int | None
    quantum: int
    locked: bool
    exclusive: bool

    @property
    def width(self) -> int:
        """Without `vcpus` it has as many cpus as its pool; with `vcpus N` it has N."""
        return len(self.pool) if self.vcpus is None else self.vcpus

    def fixed(self, vcpu: int) -> int:
        """Vcpu i is fixed to the (i mod pool size)-th cpu of its pool, counting from 0."""
        return self.pool[vcpu % len(self.pool)]


def select(
    term: str, numbers: Iterable[int], behind: Mapping[int, RealCpu] | None, whose: str
) -> set[int]:
    """The cpus of a domain that one term means."""
    own = set(numbers)
    found = TERM.fullmatch(term)
    assert found
    if term == "cpu*":
        return own
    if found[1] is not None:
        number = int(found[1])
        if number not in own:
            raise Refused(f"{whose}: no cpu{number}")
        return {number}
    if found[2] is not None:
        # "Ranges may cross gaps [...] but must start and end at a cpu that exists"
        low, high = int(found[2]), int(found[3])
        for end in (low, high):
            if end not in own:
                raise Refused(f"{whose}: no cpu{end}")
        return {number for number in own if low <= number <= high}
    if behind is None:
        # "Inside a virtual scheduler, at any depth, only `cpu…` terms exist"
        raise Refused(f"{whose}: {term}: virtual cpus have no sockets")
    picked = {number for number in own if getattr(behind[number], found[4]) == int(found[5])}
    if not picked:
        # "A selector that selects nothing is an error."
        raise Refused(f"{whose}: {term} selects nothing")
    return picked


def outright(term: str) -> bool:
    """Names a cpu outright: by number or range."""
    return bool(re.match(r"cpu\d", term))


def resolve(registry: Registry, topology: Topology, hz: int) -> dict[str, Spec]:
    """Every scheduler's effective pool and parameters; refused where the whole is not valid."""
    specs: dict[str, Spec] = {}
    behind: dict[str, dict[int, RealCpu] | None] = {MACHINE: dict(topology.cpus)}
    for domain in [MACHINE, *registry]:
        children = [d for d in registry.values() if parent_of(d.name) == domain]
        numbers = set(topology.cpus) if domain == MACHINE else set(range(specs[domain].width))
        effective = _effective_pools(children, numbers, behind[domain])
        for child in children:
            spec = Spec(
                child.name,
                domain,
                tuple(sorted(effective[child.name])),
                child.lwktpri,
                child.vcpus,
                quantum_ticks(child.quantum, hz),
                child.locked,
                child.exclusive,
            )
            specs[child.name] = spec
            above = behind[domain]
            if above is None or spec.vcpus is not None:
                behind[child.name] = None
            else:
                behind[child.name] = {own: above[cpu] for own, cpu in enumerate(spec.pool)}
    return {name: specs[name] for name in registry}


def _effective_pools(  # noqa: PLR0912
    children: list[Declaration], numbers: set[int], behind: Mapping[int, RealCpu] | None
) -> dict[str, set[int]]:
    """What siblings are left with after what is exclusive among them."""
    named: dict[str, set[int]] = {}
    explicit: dict[str, set[int]] = {}
    for child in children:
        chosen: set[int] = set()
        plainly: set[int] = set()
        for term in child.cpus.terms:
            cpus = select(term, numbers, behind, child.name)
            chosen |= cpus
            if outright(term):
                plainly |= cpus
        for term in child.cpus.excepted:
            cpus = select(term, numbers, behind, child.name)
            chosen -= cpus
            plainly -= cpus
        if not chosen:
            raise Refused(f"{child.name}: no cpu")
        named[child.name], explicit[child.name] = chosen, plainly
    effective = {name: set(cpus) for name, cpus in named.items()}
    for taker in children:
        if not taker.exclusive:
            continue
        for sibling in children:
            if sibling is taker:
                continue
            # "so are two exclusive siblings that overlap (less what each excepts)"
            if sibling.exclusive and named[sibling.name] & named[taker.name]:
                raise Refused(f"{sibling.name} and {taker.name} are exclusive and overlap")
            # "a sibling that names one outright (by number or range, and not excepted again)"
            if explicit[sibling.name] & named[taker.name]:
                raise Refused(f"{sibling.name} names a cpu that is {taker.name}'s alone")
            effective[sibling.name] -= named[taker.name]
    for name, cpus in effective.items():
        if not cpus:
            # "and a sibling left with no cpu"
            raise Refused(f"{name} is left with no cpu")
    return effective


def apply(registry: Registry, statement: Statement, topology: Topology, hz: int) -> Registry:
    """The registry after a statement; Refused where it is not valid."""
    after = dict(registry)
    if isinstance(statement, Grant):
        if statement.name not in registry:
            raise Refused(f"no scheduler {statement.name}")
        return after
    if isinstance(statement, Destroy):
        for name in doomed(registry, statement):
            del after[name]
    else:
        parent = parent_of(statement.name)
        if parent != MACHINE and parent not in registry:
            raise Refused(f"{statement.name}: no scheduler {parent}")
        # A name that is there keeps its place in declaration order; a new one stands last.
        after[statement.name] = statement
    resolve(after, topology, hz)
    return after


def doomed(registry: Registry, statement: Destroy) -> list[str]:
    """The schedulers that a destroy takes, in the order in which they go.

    "the last declared child first, each subtree before its root"
    """
    if statement.name not in registry:
        raise Refused(f"no scheduler {statement.name}")
    if statement.into is not None:
        if statement.into not in registry:
            raise Refused(f"no scheduler {statement.into}")
        if beneath(statement.into, statement.name):
            # "and if OTHER is it or beneath it"
            raise Refused(f"{statement.into} is destroyed with {statement.name}")

    def subtree(root: str) -> list[str]:
        order: list[str] = []
        for child in reversed([name for name in registry if parent_of(name) == root]):
            order += subtree(child)
        return [*order, root]

    order = subtree(statement.name)
    if len(order) > 1 and not statement.recursive:
        # "Refused while it has children, unless `recursive`"
        raise Refused(f"{statement.name} has children")
    return order
