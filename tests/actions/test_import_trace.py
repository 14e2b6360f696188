"""Two recorded machines (tests/traces), imported and replayed: as much on cpu, as long in all.

With -s the comparison is printed.
"""

from __future__ import annotations

import io
import lzma
from collections import defaultdict
from pathlib import Path

import pytest

from usched.actions.context import TopologyInForce
from usched.actions.import_trace import import_file
from usched.actions.imported import Imported, ImportOptions
from usched.actions.simulate import build_registry
from usched.engine.dispatcher import simulate
from usched.meaning.script import ScriptLine
from usched.meaning.timetable import plan_timetable
from usched.text.language.grammar import parse_script
from usched.text.topology.mapping import parse_topology
from usched.text.workload import parse_workload
from usched.text.workload_yaml import format_workload
from usched.text.yaml import parse_yaml
from usched.words.located import locate

TRACES = Path(__file__).parents[1] / "traces"

pytestmark = pytest.mark.slow


def import_whole(name: str) -> Imported:
    """With all kernel threads, into one scheduler."""
    path = TRACES / f"{name}.perf.txt.xz"
    return import_file(str(path), ImportOptions((), "NORM", 100, with_kernel=True))


def ran_ms(imported: Imported) -> dict[int, float]:
    """Of each pid: what its lwp runs."""
    return {
        int(program.name.rpartition("-")[2]): sum(run for run, _ in program.bursts) / 10
        for program in imported.workload.programs
    }


def replay_ms(imported: Imported, cpus: int) -> float:
    """How long the workload takes in one scheduler, as it is read back from its file."""
    text = "".join(format_workload(imported.workload))
    workload = parse_workload(parse_yaml(text, "w.yaml"))
    assert workload == imported.workload
    topology = parse_topology(locate({"cores": cpus}))
    script: list[ScriptLine] = list(parse_script("NORM on cpu* lwktpri 6", "s"))
    registry = build_registry(TopologyInForce(topology, "given"), script)
    run = simulate(plan_timetable(registry, topology, workload), segments=False)
    assert sum(lwp.ran for lwp in run.lwps) / 10 == pytest.approx(sum(ran_ms(imported).values()))
    return run.ticks / 10


def fields_of(line: str) -> tuple[int, float, str, dict[str, str]]:
    """Cpu, ms, event and its fields, split as simply as can be."""
    head, _, rest = line.partition(" sched:")
    event, _, text = rest.partition(": ")
    pairs = (word.partition("=") for word in text.split() if "=" in word)
    cpu = int(head.split("[")[1].split("]")[0])
    ms = float(head.split()[-1].rstrip(":")) * 1000
    return cpu, ms, event, {key: value for key, _, value in pairs}


def lines_of(name: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(lzma.open(TRACES / f"{name}.perf.txt.xz"), encoding="utf-8")


def test_eight_cpus_keeps_each_threads_time_and_takes_as_long() -> None:
    on: dict[int, tuple[str, float]] = {}
    between: defaultdict[int, float] = defaultdict(float)
    first = last = 0.0
    with lines_of("eight-cpus") as lines:
        for line in lines:
            cpu, last, event, fields = fields_of(line)
            first = first or last
            if event == "sched_switch":
                pid, since = on.get(cpu, ("", 0.0))
                if pid == fields["prev_pid"] != "0":
                    between[int(pid)] += last - since
                on[cpu] = fields["next_pid"], last
    assert len(between) == 198
    imported = import_whole("eight-cpus")
    assert imported.said[0] == (
        "imported 198 threads, 34,575 of 34,575 ms on cpu; 0 of 6,968 switches inconsistent; "
        "1 lwp cut at the start; 3 lwps cut at the end"
    )
    ran = ran_ms(imported)
    assert set(ran) == set(between)
    for number, ms in between.items():
        assert abs(ran[number] - ms) <= max(ms / 1000, 0.051), number  # the nearest tick of 0.1 ms
    makespan = replay_ms(imported, 8)
    print(
        f"\neight-cpus: recorded {last - first:.1f} ms, {sum(between.values()):.1f} ms on cpu; "
        f"imported {sum(ran.values()):.1f} ms; replayed {makespan:.1f} ms"
    )
    assert makespan == pytest.approx(last - first, rel=0.02)


def test_redis_and_build_counts_missing_switches_and_takes_the_kernels_account() -> None:
    account: defaultdict[int, float] = defaultdict(float)
    first = last = 0.0
    with lines_of("redis-and-build") as lines:
        for line in lines:
            _, last, event, fields = fields_of(line)
            first = first or last
            if event == "sched_stat_runtime":
                account[int(fields["pid"])] += int(fields["runtime"]) / 1e6
    imported = import_whole("redis-and-build")
    assert imported.said[0] == (
        "imported 89 threads, 4,008 of 4,008 ms on cpu; 2,330 of 65,980 switches inconsistent "
        "(2,323 idle to thread missing, 7 thread to thread); 4 lwps cut at the start; "
        "3 lwps cut at the end"
    )
    ran = ran_ms(imported)
    assert len(ran) == 89
    for pid, ms in account.items():
        assert abs(ran.get(pid, 0.0) - ms) <= max(ms / 1000, 0.051), pid
    makespan = replay_ms(imported, 2)
    print(
        f"\nredis-and-build: recorded {last - first:.1f} ms, {sum(account.values()):.1f} ms on "
        f"cpu; imported {sum(ran.values()):.1f} ms; replayed {makespan:.1f} ms"
    )
    assert sum(ran.values()) == pytest.approx(4_008, rel=0.01)
    assert makespan == pytest.approx(last - first, rel=0.02)
