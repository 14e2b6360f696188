"""Where groups that are adopted stand among cpus: which of a domain's each is to be declared on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from usched.plan.kernel import PARTITION
from usched.plan.wanted import scheduler_of
from usched.words.cpuset import NO_CPUS, CpuSet, format_cpus
from usched.words.statement import Cpus, Term, parent_of


class Domain(NamedTuple):
    """Where groups stand. real: the cpus that they may have. numbers: the domain's own number of
    each; None in a virtual one, which has `width` of them. own: the cpus of its own lwps; None
    where nobody says."""

    real: CpuSet
    numbers: Mapping[int, int] | None
    width: int
    own: CpuSet | None = None


class Child(NamedTuple):
    """asks: for these cpus, of those that it may have. has: those that are its partition's, as the
    kernel says, with what is beneath it. quota: whole cpus, fewer than it has. holds: further cpus
    that are nobody else's, though it cannot reach them."""

    path: str
    files: Mapping[str, str]
    asks: CpuSet
    has: CpuSet
    cpus: CpuSet
    exclusive: bool
    locked: bool
    quota: int | None = None
    holds: CpuSet = NO_CPUS

    @property
    def name(self) -> str:
        return scheduler_of(self.path)

    @property
    def idle(self) -> bool:
        return self.files.get("cpu.idle") == "1"


class Spot(NamedTuple):
    """What a group is declared on, its vcpus, and how many cpus it has then."""

    cpus: Cpus
    vcpus: int | None
    width: int


#: Is told of what cannot be said of a group: its path, the word, and what.
Tell = Callable[[str, str, str], None]

_ALL = Cpus((Term("cpu*"),))


def settle(children: Sequence[Child], domain: Domain, tell: Tell) -> list[Child]:
    """Those that have any cpus, each with the cpus that it has, as the kernel shares them out: what
    is a partition's is nobody else's, whoever asks for it."""
    found = _share_partitions(children, tell)
    taken = _join(each.cpus for each in found if each.exclusive)
    kept = []
    for child in found:
        if child.exclusive:
            kept.append(child)
            continue
        asked, left = child.asks - taken, domain.real - taken
        if not left:
            what = "it is left out, with all beneath it: others have all that it may have"
            tell(child.path, "on", f"{what} exclusively")
            continue
        if child.asks and not asked:
            what = f"others have {format_cpus(child.asks)} exclusively: it has what they leave"
            tell(child.path, "on", what)
        kept.append(child._replace(cpus=asked or left))
    return _find_apart(kept, domain, tell)


def _share_partitions(children: Sequence[Child], tell: Tell) -> list[Child]:
    """Where two have a cpu, who asked first has it; as far as the kernel tells, who has it now."""
    found = []
    taken = NO_CPUS
    for child in children:
        if not child.exclusive:
            found.append(child)
            continue
        others = _join(each.has for each in children if each.exclusive and each is not child)
        cpus = child.asks - (others - child.has) - taken
        taken |= cpus
        if not cpus:
            tell(child.path, "exclusive", "it has no cpu that is its own: it is not exclusive")
        found.append(child._replace(cpus=cpus, exclusive=bool(cpus)))
    return found


def _find_apart(children: list[Child], domain: Domain, tell: Tell) -> list[Child]:
    """What the domain's own lwps have nothing of is exclusive, partition or not: unless a sibling
    has some of it, too."""
    if domain.own is None:
        return children
    once = shared = NO_CPUS
    for child in children if domain.numbers is not None else ():
        shared |= child.cpus & once
        once |= child.cpus
    found = []
    for child in children:
        if child.exclusive or domain.own & child.cpus:
            found.append(child)
            continue
        disputed = child.cpus & shared
        if disputed:
            rival = next(each for each in children if each is not child and each.cpus & disputed)
            what = f"{rival.name} has {format_cpus(rival.cpus & disputed)}, too"
            whose = f"{parent_of(child.name)}'s own threads may run there from now on"
            tell(child.path, "exclusive", f"{what}, so it is not exclusive: {whose}")
        found.append(child._replace(exclusive=not disputed))
    return found


def _join(sets: Iterable[CpuSet]) -> CpuSet:
    joined = NO_CPUS
    for each in sets:
        joined |= each
    return joined


def place(children: list[Child], domain: Domain, tell: Tell) -> list[tuple[Child, Spot]]:
    """Where each stands, and whether it stands there exclusively."""
    if domain.numbers is None:
        return _place_on_virtual(children, domain, tell)
    numbers = domain.numbers
    children = _hold_rest(children, domain)
    return [(each, _place_on_real(each, numbers, children)) for each in children]


def _hold_rest(children: list[Child], domain: Domain) -> list[Child]:
    """What neither the domain's own lwps nor anybody else can reach is held by somebody: a locked
    one of fewer vcpus than cpus has these on the first of them."""
    if domain.own is None:
        return children
    rest = domain.real - domain.own - _join(each.cpus for each in children)
    for at, each in enumerate(children) if rest else ():
        could = each.exclusive and each.quota is None and each.files.get(PARTITION) != "root"
        if could and max(each.cpus) < min(rest):
            holder = each._replace(holds=rest, locked=True)
            return [*children[:at], holder, *children[at + 1 :]]
    return children


def _place_on_real(child: Child, numbers: Mapping[int, int], siblings: list[Child]) -> Spot:
    """Its cpus by the numbers that they have there: all, where it has what is nobody's alone."""
    width = len(child.cpus) if child.quota is None else child.quota
    others = _join(each.cpus for each in siblings if each.exclusive and each is not child)
    every = CpuSet.of(numbers) - others
    pool = child.cpus | child.holds
    vcpus = width if child.holds else child.quota
    if pool == every and not (child.exclusive and len(every) < len(numbers)):
        return Spot(_ALL, vcpus, width)
    return Spot(_numbered(CpuSet.of(numbers[cpu] for cpu in pool)), vcpus, width)


def _place_on_virtual(
    children: list[Child], domain: Domain, tell: Tell
) -> list[tuple[Child, Spot]]:
    """All virtual cpus are alike, so that the first that are free will do. Each has one at least
    that nobody else has exclusively; where the domain has no own lwps, the last one has the rest.
    """
    width = domain.width
    first = 0
    unplaced = len(children)
    spots: dict[str, Spot] = {}
    for child in children:
        if not child.exclusive:
            continue
        is_rest = domain.own == NO_CPUS and unplaced == 1
        spot = (_take_rest if is_rest else _take_virtual)(child, first, width)
        last = first + (width if spot.cpus == _ALL else spot.width)
        if last > width or (last == width and unplaced > 1):
            what = f"there are {width} virtual cpus for all of them: it is not exclusive"
            tell(child.path, "exclusive", what)
            continue
        spots[child.path] = spot
        first = last
        unplaced -= 1
    return [
        (
            child._replace(exclusive=child.path in spots),
            spots.get(child.path) or _take_virtual(child, first, width),
        )
        for child in children
    ]


def _take_rest(child: Child, first: int, width: int) -> Spot:
    """All from the first on that are free, and its vcpus where these are not as many."""
    wanted = len(child.cpus) if child.quota is None else child.quota
    cpus = _numbered(CpuSet.span(first, width - 1)) if first else _ALL
    return Spot(cpus, None if wanted == width - first else wanted, wanted)


def _take_virtual(child: Child, first: int, width: int) -> Spot:
    """From the first on that are free; or all, and its vcpus where these are not as many."""
    quota = child.quota
    if quota is not None and quota < width and first + quota <= width:
        return Spot(_numbered(CpuSet.span(first, first + quota - 1)), None, quota)
    wanted = len(child.cpus) if quota is None else quota
    return Spot(_ALL, None if wanted == width else wanted, wanted)


def _numbered(cpus: CpuSet) -> Cpus:
    return Cpus(tuple(Term("cpu", first, last) for first, last in cpus.runs()))
