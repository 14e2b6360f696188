"""The model of `tests/plan`, and what plan foresees, against real kernels (`inside/held.py`)."""

from __future__ import annotations

import re

import pytest

from tests.linux.conftest import Seen

PROGRAM, SECONDS = "held", 240

pytestmark = pytest.mark.slow


def test_the_model_does_what_the_kernel_does_with_each_write(seen: Seen) -> None:
    differences = seen["table"]
    assert len(differences) > 20
    assert {name: found for name, found in differences.items() if found} == {}


def test_the_model_does_what_the_kernel_does_with_plans(seen: Seen) -> None:
    registries, steps, differences = seen["plans"]
    assert registries > 20
    assert steps > 250
    assert differences == []


def test_a_partition_that_is_not_planned_is_what_plan_said_it_would_be(seen: Seen) -> None:
    """It is made by hand, and read back."""
    foreseen = seen["foreseen"]
    assert len(foreseen) == 4
    for script, notes, reads, others in foreseen:
        said = re.match(r"a partition would read back as `(.*)`, so", " ".join(notes))
        if said:
            assert (script, reads) == (script, said[1])
        else:
            assert reads in ("root", "isolated")
            assert (not notes) == (others is None)
        if notes and not said:
            assert notes[0].startswith("a partition would take its cpus from B, ")
            assert others == "1-5"
    assert any(notes for _, notes, _, _ in foreseen)
