"""A naive reference of the dispatch model: every tick stepped, nothing optimised.

It shares no code with the package. `dispatch` is the model, sentence by sentence; the others read
its inputs.
"""

from __future__ import annotations

from tests.reference.dispatch import Run, simulate, table
from tests.reference.errors import MACHINE, Refused, RunFailed
from tests.reference.language import Declaration, Destroy, parse
from tests.reference.machine import RealCpu, Topology, read_topology
from tests.reference.outcome import LwpTick, Outcome, Tick
from tests.reference.registry import Registry, Spec, apply, beneath, doomed, parent_of, resolve
from tests.reference.state import Scheduler
from tests.reference.workload import read_workload, validate

__all__ = [
    "MACHINE",
    "Declaration",
    "Destroy",
    "LwpTick",
    "Outcome",
    "RealCpu",
    "Refused",
    "Registry",
    "Run",
    "RunFailed",
    "Scheduler",
    "Spec",
    "Tick",
    "Topology",
    "apply",
    "beneath",
    "doomed",
    "parent_of",
    "parse",
    "read_topology",
    "read_workload",
    "resolve",
    "simulate",
    "table",
    "validate",
]
