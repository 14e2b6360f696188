"""What Linux has counted of each scheduler, as Prometheus reads it (text format 0.0.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from usched.actions.context import Context
from usched.actions.top import has_pressure, look
from usched.figures.meters import Meter
from usched.words.statement import MACHINE


class _Metric(NamedTuple):
    """get: of a meter; None where this kernel does not count it."""

    name: str
    kind: str
    help: str
    get: Callable[[Meter], float | None]


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1e6


_METRICS = (
    _Metric(
        "usched_cpu_seconds_total",
        "counter",
        "Cpu time that threads in it and beneath it have used.",
        lambda meter: _seconds(meter.used),
    ),
    _Metric(
        "usched_waiting_seconds_total",
        "counter",
        "Time in which some of its threads waited for a cpu (PSI).",
        lambda meter: _seconds(meter.waited),
    ),
    _Metric(
        "usched_periods_total",
        "counter",
        "Periods of cpu.max in which it had something to run.",
        lambda meter: meter.periods,
    ),
    _Metric(
        "usched_throttled_periods_total",
        "counter",
        "Periods of cpu.max in which it was held up.",
        lambda meter: meter.throttled,
    ),
    _Metric(
        "usched_throttled_seconds_total",
        "counter",
        "Time for which cpu.max held it up, summed over cpus.",
        lambda meter: _seconds(meter.held_up),
    ),
    _Metric("usched_threads", "gauge", "Threads in it and beneath it.", lambda m: m.threads),
    _Metric("usched_cpus", "gauge", "Cpus that it may run on now.", lambda m: len(m.cpus)),
)


def list_metrics(context: Context) -> Iterator[str]:
    """The lines."""
    seen = look(context)
    meters = {name: meter for name, meter in seen.meters.items() if name != MACHINE}
    if meters and not has_pressure(seen):
        yield "# This kernel does not count who waits for a cpu (PSI); it does with psi=1.\n"
    for metric in _METRICS:
        values = [(name, metric.get(meter)) for name, meter in meters.items()]
        counted = [(name, value) for name, value in values if value is not None]
        if counted:
            yield f"# HELP {metric.name} {metric.help}\n"
            yield f"# TYPE {metric.name} {metric.kind}\n"
        for name, value in counted:
            yield f'{metric.name}{{scheduler="{escape_label(name)}"}} {value:.15g}\n'


def escape_label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
