"""top and metrics on real kernels, beside what these count (`inside/measured.py`)."""

from __future__ import annotations

import pytest

from tests import prometheus
from tests.linux.conftest import Seen

PROGRAM, SECONDS, ONLY = "kept", 300, ["6.12", "6.1"]

pytestmark = pytest.mark.slow


def test_top_says_of_each_scheduler_what_its_threads_have_used(seen: Seen) -> None:
    said, own, _ = seen["top_beside_the_kernel"]
    found = {each["name"]: each for each in said["schedulers"]}
    for name, used in own.items():
        assert (name, found[name]["busy"]) == (name, pytest.approx(used, rel=0.06))
    assert found["WIDE"]["busy"] == pytest.approx(found["WIDE/IN"]["busy"], rel=0.03)
    assert found["NARROW"]["share"] == pytest.approx(0.5, rel=0.06)  # 2 of its 4 cpus


def test_top_shows_who_waits_and_who_is_held_up(seen: Seen) -> None:
    found = {each["name"]: each for each in seen["top_beside_the_kernel"][0]["schedulers"]}
    assert found["ONE"]["waiting"] > 0.9
    assert found["WIDE"]["waiting"] < 0.2
    assert found["NARROW"]["throttled"] > 0.8
    assert found["ONE"]["throttled"] == found["WIDE"]["throttled"] == 0


def test_top_says_what_all_of_the_machine_has_used(seen: Seen) -> None:
    """Beside what the run queues of its cpus have counted."""
    said, _, queues = seen["top_beside_the_kernel"]
    machine, *others = said["schedulers"]
    together = sum(each["busy"] for each in others if "/" not in each["name"])
    assert together * 0.97 < machine["busy"] < 8
    assert machine["busy"] == pytest.approx(queues, rel=0.08)


def test_metrics_are_what_the_kernel_counts(seen: Seen) -> None:
    text, before, after = seen["metrics_beside_the_kernel"]
    samples = prometheus.parse(text)
    for metric, key in {
        "usched_cpu_seconds_total": "usage_usec",
        "usched_throttled_seconds_total": "throttled_usec",
    }.items():
        assert samples[metric].keys() == {("NARROW",), ("ONE",), ("WIDE",), ("WIDE/IN",)}
        for (name,), value in samples[metric].items():
            assert before[name][key] <= round(value * 1e6) <= after[name][key]
    assert samples["usched_throttled_periods_total"]["NARROW",] > 3
    assert samples["usched_waiting_seconds_total"]["NARROW",] > 0
    assert samples["usched_threads"]["NARROW",] == 3
    assert samples["usched_cpus"] == {("NARROW",): 4, ("ONE",): 1, ("WIDE",): 2, ("WIDE/IN",): 2}


def test_of_nothing_there_are_no_metrics(seen: Seen) -> None:
    assert seen["nothing_is_applied"] == ""
