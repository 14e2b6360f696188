"""Job C of the benchmark, small and at random: virtual pools that overlap, with schedulers inside.

Here turns pass between pools and within them, vcpus take turns too, and some are locked."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.scenarios import Scenario

TICKS = 90


def nested(seed: int) -> Scenario:
    """A machine of 3 to 8 cpus, and 2 to 4 pools of three levels on some of them each."""
    random = Random(seed)
    cpus = random.randint(3, 8)
    script: list[str] = []
    programs: list[dict[str, Any]] = []
    for pool in range(random.randint(2, 4)):
        _add_pool(random, f"P{pool}", cpus, script)
        for place in ("/A/FAST", "/A/SLOW", "/B", "", "/A"):
            least, most = (1, 3) if len(place) > 1 and place != "/A" else (0, 2)
            for _ in range(random.randint(least, most)):
                programs.append(
                    {
                        "name": f"p{len(programs)}",
                        "scheduler": f"P{pool}{place}",
                        "rforks": random.randint(1, 3),
                        "at": random.randint(0, 8),
                        "run": random.choice((random.randint(1, 20), 10**6)),
                        "sleep": random.randint(0, 20),
                        "repeat": "forever",
                    }
                )
    return Scenario({"machine": "nested", "cores": cpus}, script, {"programs": programs}, TICKS)


def _add_pool(random: Random, pool: str, cpus: int, script: list[str]) -> None:
    first, size = random.randrange(cpus), random.randint(1, cpus)
    on = " ".join(sorted(f"cpu{(first + place) % cpus}" for place in range(size)))
    vcpus = random.randint(1, 2 * size + 1)

    def more(locked: float) -> str:
        quantum = random.choice(("", f" quantum {random.randint(1, 7)}"))
        return quantum + (" locked" if random.random() < locked else "")

    def some() -> str:
        return f"cpu0-{random.randrange(vcpus)}"

    inner = f" vcpus {random.randint(1, vcpus + 1)}" if random.random() < 0.3 else ""
    script += [
        f"{pool} on {on} lwktpri {random.choice((6, 6, 6, 5))} vcpus {vcpus}{more(0.15)}",
        f"{pool}/A on cpu* lwktpri 4{more(0.25)}",
        f"{pool}/A/FAST on {some()} lwktpri {random.choice((6, 4))}{more(0.25)}",
        f"{pool}/A/SLOW on cpu* lwktpri 4{more(0.25)}",
        f"{pool}/B on {some()} lwktpri {random.choice((4, 4, 5))}{inner}{more(0.6)}",
    ]
