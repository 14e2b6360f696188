"""The jobs of the benchmark: a machine, schedulers and a workload each, seeded where random."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from tests.scenarios import Scenario

Programs = list[dict[str, Any]]


class Job(NamedTuple):
    """segments: whether they are kept, and written as CSV in the time that is measured. leap:
    whether what recurs is known, as for a user, or dispatched again."""

    name: str
    what: str
    make: Callable[[], Scenario]
    segments: bool
    leap: bool = True


def _job_a() -> Scenario:
    """Flat."""
    hogs = {"name": "hog", "scheduler": "ALL", "rforks": 64, "run": 10**12}
    script = ["ALL on cpu* lwktpri 6 quantum 10"]
    return Scenario({"machine": "flat", "cores": 8}, script, {"programs": [hogs]}, 400_000)


def _busy(cpus: int, locked: int, lwps: int, ticks: int) -> Scenario:
    """A machine of two sockets under mixed load: more lwps are runnable than there are cpus."""
    random = Random(cpus)
    script = [
        "REAL on cpu* lwktpri 8",
        "NORM on cpu* lwktpri 6",
        "IDLE on cpu* lwktpri 4",
        f"MYCUSTOM on cpu0-{locked - 1} lwktpri 4 locked",
    ]
    programs: Programs = []
    left = lwps
    while left:
        scheduler = random.choice(("REAL", "NORM", "NORM", "IDLE", "MYCUSTOM"))
        rforks = min(left, random.randint(1, max(2, lwps // 64)))
        left -= rforks
        program: dict[str, Any] = {
            "name": f"p{len(programs)}",
            "scheduler": scheduler,
            "rforks": rforks,
            "at": random.randint(0, 20),
            "repeat": "forever",
        }
        if scheduler == "REAL":
            period = random.randint(20, 80)
            program |= {"run": random.randint(1, 5), "period": period, "deadline": period}
        elif scheduler == "NORM":
            count = random.randint(1, 3)
            bursts = [[random.randint(1, 12), random.randint(4, 60)] for _ in range(count)]
            program |= {"bursts": bursts}
        else:
            program |= {"run": random.randint(5, 200), "sleep": random.randint(0, 20)}
        programs.append(program)
    topology = {"machine": "busy", "sockets": 2, "cores": cpus // 2}
    return Scenario(topology, script, {"programs": programs}, ticks)


def _job_b() -> Scenario:
    return _busy(64, 16, 512, 4_000)


def _job_c() -> Scenario:
    """Nested: virtual pools that overlap, four narrow and four overcommitted, three levels."""
    random = Random(3)
    script = []
    programs: Programs = []
    for pool in range(8):
        first = 8 * pool
        on = f"cpu{first}-{first + 15}" if pool < 7 else "cpu56-63 cpu0-7"
        vcpus = 8 if pool % 2 else 24
        script.append(f"P{pool} on {on} lwktpri 6 vcpus {vcpus}")
        script.append(f"P{pool}/A on cpu* lwktpri 4 quantum 5")
        script.append(f"P{pool}/A/FAST on cpu0-3 lwktpri 6")
        script.append(f"P{pool}/A/SLOW on cpu* lwktpri 4 quantum 20")
        script.append(f"P{pool}/B on cpu0-{vcpus // 2 - 1} lwktpri 4 locked")
        for place in ("A/FAST", "A/SLOW", "B"):
            for _ in range(7):
                programs.append(
                    {
                        "name": f"p{len(programs)}",
                        "scheduler": f"P{pool}/{place}",
                        "rforks": 3,
                        "at": random.randint(0, 20),
                        "run": random.randint(1, 60),
                        "sleep": random.randint(0, 80),
                        "repeat": "forever",
                    }
                )
        programs.append(
            {"name": f"own{pool}", "scheduler": f"P{pool}", "run": 10**9, "repeat": "forever"}
        )
    topology = {"machine": "nested", "sockets": 2, "cores": 32}
    return Scenario(topology, script, {"programs": programs}, 2_000)


def _job_d() -> Scenario:
    return _busy(4096, 1024, 16_384, 100)


def _job_e() -> Scenario:
    """Steady: periodic lwps, and a run that nobody would wait for tick by tick."""
    random = Random(5)
    script = [f"S{number} on cpu* lwktpri {4 + number % 2} quantum 5" for number in range(4)]
    programs: Programs = [
        {
            "name": f"p{number}",
            "scheduler": f"S{number % 4}",
            "at": random.randint(0, 30),
            "run": random.randint(1, 6),
            "period": (40, 80)[number // 8 % 2],
            "repeat": "forever",
        }
        for number in range(64)
    ]
    return Scenario({"machine": "steady", "cores": 8}, script, {"programs": programs}, 10**12)


JOBS = (
    Job("A", "flat: 8 cpus, 1 scheduler, 64 lwps always runnable", _job_a, True),
    Job("S", "as A, and every tick dispatched", _job_a, True, leap=False),
    Job("B", "busy: 64 cpus, 4 schedulers, 512 lwps", _job_b, True),
    Job("C", "nested: 64 cpus, 8 virtual pools of 3 levels, 512 lwps", _job_c, True),
    Job("D", "large: as B with 4,096 cpus and 16,384 lwps", _job_d, True),
    Job("E", "steady: 8 cpus, 64 periodic lwps, 10^12 ticks, summary only", _job_e, False),
)
