"""Which vcpus lwps run through, against the reference's ticks."""

from __future__ import annotations

from tests.engine.runs import plan
from tests.figures.plans import plan as plan_text
from tests.scenarios import seeded
from usched.figures.chains import Passage, trace_vcpus


def test_the_vcpus_of_each_tick_are_the_reference_s() -> None:
    seen = 0
    for seed in range(40):
        scenario = seeded(seed)
        if scenario.kind() != "valid":
            continue
        found: dict[int, set[tuple[str, int, str, int]]] = {}
        for scheduler, vcpu, start, end, lwp, cpu in trace_vcpus(plan(scenario), scenario.ticks):
            for tick in range(start, end):
                found.setdefault(tick, set()).add((scheduler, vcpu, lwp, cpu))
        for record in scenario.run().ticks:
            expected = {
                (name, number, lwp, cpu)
                for cpu, lwp in record.cpus.items()
                for name, number in record.lwps[lwp].chain
                if record.tree[name].vcpus is not None
            }
            assert found.get(record.tick, set()) == expected, (seed, record.tick)
            seen += len(expected)
    assert seen > 500


def test_a_passage_lasts_as_long_as_lwp_vcpu_and_cpu_are_the_same() -> None:
    script = "POOL on cpu* lwktpri 5 vcpus 1 quantum 4\nPOOL/IN on cpu0 lwktpri 3 quantum 2"
    programs = "- {name: a, scheduler: POOL/IN, rforks: 2, run: 3}"
    assert trace_vcpus(plan_text(2, script, programs), 6) == [
        Passage("POOL", 0, 0, 2, "a.0", 0),
        Passage("POOL", 0, 2, 4, "a.1", 0),
        Passage("POOL", 0, 4, 5, "a.0", 0),
        Passage("POOL", 0, 5, 6, "a.1", 0),
    ]


def test_where_no_scheduler_is_virtual_there_are_none() -> None:
    assert (
        trace_vcpus(plan_text(2, "N on cpu* lwktpri 5", "- {name: a, scheduler: N, run: 3}"), 3)
        == []
    )
