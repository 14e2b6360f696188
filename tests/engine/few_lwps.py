"""Random scenarios in which cpus are often enough: slices end for which nobody waits."""

from __future__ import annotations

import random
from typing import Any

from tests.scenarios import Scenario

QUANTA = (1, 2, 3, 4, 5, 7, 9, 11, 13, 17, 29)


def few_lwps(seed: int, ticks: int, events: bool = False) -> Scenario:
    """Schedulers up to three deep, transparent, virtual and locked, of quanta that have little in
    common, on 1 to 12 cpus, and a few programs: hogs, periodic ones, and some in changing bursts.
    events: whether cpus, schedulers and lwps come and go while they run."""
    rng = random.Random(seed)
    machine: dict[str, Any] = {"machine": "m", "cores": rng.choice((1, 2, 3, 4, 6))}
    if rng.random() < 0.3:
        machine["sockets"] = 2
    cpus = machine["cores"] * machine.get("sockets", 1)
    script = []
    for number in range(rng.randint(1, 4)):
        name = f"S{number}"
        script.append(_declare(rng, name, cpus, rng.choice((3, 3, 5, 5, 7))))
        if rng.random() < 0.5:
            for below in range(rng.randint(1, 3)):
                child = f"{name}/C{below}"
                script.append(_declare(rng, child, 0, rng.choice((2, 2, 4))))
                if rng.random() < 0.25:
                    script.append(_declare(rng, f"{child}/D", 0, 3))
    names = [line.split()[0] for line in script]
    programs = [_program(rng, f"p{number}", names) for number in range(rng.randint(1, 6))]
    workload: dict[str, Any] = {"programs": programs}
    if events:
        happens = [_event(rng, script, programs, cpus) for _ in range(rng.randint(1, 5))]
        workload["events"] = sorted(happens, key=lambda event: int(event["at"]))
    return Scenario(machine, script, workload, ticks)


def _declare(rng: random.Random, name: str, cpus: int, lwktpri: int) -> str:
    """On some of so many cpus; on all of its parent's for 0."""
    pool = "cpu*"
    if cpus and rng.random() < 0.4:
        chosen = sorted(rng.sample(range(cpus), rng.randint(1, cpus)))
        pool = " ".join(f"cpu{cpu}" for cpu in chosen)
    words = f"{name} on {pool} lwktpri {lwktpri} quantum {rng.choice(QUANTA)}"
    if rng.random() < 0.35:
        words += f" vcpus {rng.randint(1, (cpus or 2) + 2)}"
    return words + (" locked" if rng.random() < 0.3 else "")


def _program(rng: random.Random, name: str, schedulers: list[str]) -> dict[str, Any]:
    program: dict[str, Any] = {"name": name, "scheduler": rng.choice(schedulers)}
    program |= {"rforks": rng.choice((1, 1, 1, 2, 3)), "at": rng.randint(0, 15)}
    kind = rng.random()
    if kind < 0.35:
        program |= {"run": rng.choice((40, 100, 333, 1000, 10**9)), "sleep": rng.choice((0, 5, 37))}
        return program | {"repeat": rng.choice((1, 2, "forever"))}
    if kind < 0.7:
        program |= {"run": rng.randint(1, 9), "period": rng.choice((8, 10, 12, 15, 20, 30, 50))}
        return program | {"repeat": rng.choice(("forever", "forever", rng.randint(1, 30)))}
    bursts = [[rng.randint(1, 25), rng.randint(0, 30)] for _ in range(rng.randint(1, 3))]
    return program | {"bursts": bursts, "repeat": "forever"}


def _event(
    rng: random.Random, script: list[str], programs: list[dict[str, Any]], cpus: int
) -> dict[str, Any]:
    event: dict[str, Any] = {"at": rng.randint(1, 120)}
    kind = rng.random()
    if kind < 0.5:
        return event | {rng.choice(("offline", "online")): f"cpu{rng.randrange(cpus)}"}
    program = rng.choice(programs)
    if kind < 0.6:
        return event | {"kill": program["name"]}
    if kind < 0.75:
        return event | {"move": program["name"], "to": rng.choice(script).split()[0]}
    words = rng.choice(script).split()
    words[words.index("quantum") + 1] = str(rng.choice(QUANTA))
    return event | {"usched": " ".join(words)}
