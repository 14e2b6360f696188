"""top and metrics on real kernels, beside what these count (`inside/measured.py`)."""

from __future__ import annotations

import pytest

from tests import prometheus
from tests.linux.conftest import Seen
from tests.linux.inside.cases import find_wrong_of_top

PROGRAM, SECONDS, ONLY = "kept", 300, ["6.12", "6.1"]

pytestmark = pytest.mark.slow


def test_top_says_what_threads_have_used_and_who_waits_and_is_held_up(seen: Seen) -> None:
    """Beside their own counters, and those of the run queues of all cpus."""
    saw = seen["top_beside_the_kernel"]
    assert find_wrong_of_top(*saw) == [], saw


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
