"""Who waits for which cpus, and who could run on them (usched-model(7), waits and turns).

Asked for only where a slice of a vcpu or a turn is used up. What is found is kept in the domain
until something in it is not as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from usched.engine.masks import bits, to_mask

if TYPE_CHECKING:
    from usched.engine.domain import Domain


def waits_in(domain: Domain) -> tuple[int, ...]:
    """For lwps that wait in a domain or beneath it: the cpus that they wait for, each set once."""
    if domain.waits is None:
        if not domain.levels and not domain.locked:
            domain.waits = (domain.own_waits,) if domain.own_waits else ()
            return domain.waits
        found = dict.fromkeys(_own_waits(domain))
        for level in domain.levels:
            if level.load:
                for child in level.members:
                    found.update(dict.fromkeys(waits_above(child)))
        domain.waits = tuple(found)
    return domain.waits


def waits_above(child: Domain) -> tuple[int, ...]:
    """Likewise, the cpus of the parent: through vcpus that did not run in the tick before."""
    if not child.load:
        return ()
    vcpus = child.vcpus
    if vcpus is None:
        return waits_in(child)
    if not child.locked:
        return (child.outer,) if somebody_waits(child) else ()
    idle = child.inner & ~child.busy
    through = [mask & idle for mask in waits_in(child) if mask & idle]
    return tuple({to_mask([vcpus.all[vcpu].fixed for vcpu in bits(m)]): None for m in through})


def _own_waits(domain: Domain) -> Iterable[int]:
    if domain.own_waits and domain.locked:
        return [1 << cpu for cpu in bits(domain.own_waits)]
    return [domain.own_waits] if domain.own_waits else []


def somebody_waits(scheduler: Domain) -> bool:
    """Whether an lwp waits for one of its vcpus that did not run in the tick before."""
    idle = scheduler.inner & ~scheduler.busy
    return bool(idle) and _wait_for(scheduler, idle)


def _wait_for(domain: Domain, cpus: int) -> bool:
    """Whether an lwp in a domain or beneath it waits for one of these cpus."""
    if domain.own_waits & cpus:
        return True
    for level in domain.levels:
        if level.load and level.pool & cpus:
            for child in level.members:
                if child.vcpus is not None:
                    if any(mask & cpus for mask in waits_above(child)):
                        return True
                elif child.load and _wait_for(child, cpus):
                    return True
    return False


def could_run_in(domain: Domain) -> int:
    """The cpus on which a runnable lwp in a domain or beneath it could run: by pools and homes."""
    if domain.could_run is None:
        found = 0
        if domain.own_load:
            found = domain.seats() if domain.locked else domain.own
        for level in domain.levels:
            if level.load:
                for child in level.members:
                    found |= could_run_above(child)
        domain.could_run = found
    return domain.could_run


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
