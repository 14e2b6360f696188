"""Who waits for which cpus, and who could run on them (usched-model(7), waits and turns).

Asked for only where a slice of a vcpu or a turn is used up. What is found is kept until something
about it is not as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from usched.engine.masks import bits, to_mask

if TYPE_CHECKING:
    from usched.engine.domain import Domain
    from usched.engine.turns import Level


class Roused:
    """Where somebody may wait now, and nobody did for what runs free there: levels, and virtual
    schedulers."""

    def __init__(self) -> None:
        self.levels: list[Level] = []
        self.schedulers: list[Domain] = []


def waited_in(domain: Domain) -> int:
    """The cpus for which lwps in a domain or beneath it wait."""
    found = domain.own_waits
    for level in domain.levels:
        if level.load:
            found |= waited_on(level)
    return found


def waited_on(level: Level) -> int:
    """Those for which lwps of a level wait."""
    if level.waited < 0:
        level.waited = 0
        for child in level.members:
            if child.load:
                level.waited |= waited_above(child)
    return level.waited


def waited_above(child: Domain) -> int:
    """Likewise, the cpus of the parent: through vcpus that did not run in the tick before."""
    if not child.load:
        return 0
    if child.vcpus is None:
        return waited_in(child)
    through = child.inner & ~child.busy
    if through:
        through &= waited_in(child)
    if not child.locked:
        return child.outer if through else 0
    return to_mask([child.vcpus.all[vcpu].fixed for vcpu in bits(through)])


def somebody_waits(scheduler: Domain) -> bool:
    """Whether an lwp waits for one of its vcpus that did not run in the tick before."""
    idle = scheduler.inner & ~scheduler.busy
    return idle != 0 and waited_in(scheduler) & idle != 0


def gather_waits(child: Domain, several: list[int]) -> int:
    """The cpus of the parent for which lwps in it wait, each for one; who waits for more is added
    to those who wait for several, as a mask for each set of cpus."""
    if not child.load:
        return 0
    if child.vcpus is None:
        return _gather_inside(child, several)
    if not child.locked:
        if waited_above(child):
            several.append(child.outer)
        return 0
    idle = child.inner & ~child.busy
    inside: list[int] = []
    every = child.vcpus.all
    single = _gather_inside(child, inside) & idle
    for mask in inside:
        several.append(to_mask([every[vcpu].fixed for vcpu in bits(mask & idle)]))
    return to_mask([every[vcpu].fixed for vcpu in bits(single)])


def _gather_inside(domain: Domain, several: list[int]) -> int:
    single = 0
    if domain.locked:
        single = domain.own_waits
    elif domain.own_waits:
        several.append(domain.own_waits)
    for level in domain.levels:
        if level.load:
            for child in level.members:
                single |= gather_waits(child, several)
    return single


def could_run_in(domain: Domain) -> int:
    """The cpus on which a runnable lwp in a domain or beneath it could run: by pools and homes."""
    if domain.spare:
        return domain.inner
    own = 0
    if domain.own_load:
        own = domain.seats() if domain.locked else domain.own
    if not domain.levels:
        return own
    if domain.could_run is None:
        found = 0
        for level in domain.levels:
            if level.load:
                for child in level.members:
                    found |= could_run_above(child)
        domain.could_run = found
    return own | domain.could_run


def could_run_above(child: Domain) -> int:
    """Likewise, the cpus of the parent."""
    if not child.load:
        return 0
    inside = could_run_in(child)
    if child.vcpus is None:
        return inside
    if not child.locked:
        return child.outer if inside else 0
    return to_mask([child.vcpus.all[vcpu].fixed for vcpu in bits(inside)])
