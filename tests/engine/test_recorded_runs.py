"""Runs whose right result was recorded by an independent reading of usched-model(7)."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.runs import dispatch, first_difference, plan
from tests.scenarios import Scenario

RUNS = Path(__file__).with_name("runs.jsonl.gz")
EXAMPLES = Path(__file__).parents[1] / "reference/examples"


def recorded() -> list[dict[str, Any]]:
    with gzip.open(RUNS, "rt") as lines:
        return [json.loads(line) for line in lines]


def run(case: dict[str, Any]) -> dict[str, Any]:
    topology = yaml.safe_load(case["topology"])
    workload = yaml.safe_load(case["workload"])
    ticks = case["expected"]["ticks"]
    return dispatch(plan(Scenario(topology, case["script"].splitlines(), workload, ticks)), ticks)


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 4))]
)
def test_every_recorded_run_is_repeated(part: int) -> None:
    compared = 0
    for number, case in enumerate(recorded()):
        if number % 4 != part:
            continue
        found = run(case)
        expected = case["expected"]
        assert first_difference(found, expected) == "", number
        assert found["segments"] == expected["segments"], number
        lwps = {lwp["name"]: lwp for lwp in found["lwps"]}
        for right in expected["lwps"]:
            ours = lwps[right["name"]]
            response = ours["response"]
            ours["max"] = response and response["max"]
            assert {key: ours[key] for key in right} == right, number
        compared += 1
    assert compared == 50


@pytest.mark.parametrize("name", ["mail", "narrow", "wide", "wrap"])
def test_worked_examples(name: str) -> None:
    folder = EXAMPLES / name
    head, *rows = [line.split() for line in (folder / "table.txt").read_text().splitlines()]
    texts = {
        "topology": (folder / "topology.yaml").read_text(),
        "script": (folder / "script.usched").read_text(),
        "workload": (folder / "workload.yaml").read_text(),
        "expected": {"ticks": len(head) - 1},
    }
    cells = {
        (f"cpu{s['cpu']}", tick): s["lwp"]
        for s in run(texts)["segments"]
        for tick in range(s["from"], s["to"])
    }
    for cpu, *lwps in rows:
        assert [cells.get((cpu, tick), ".") for tick in range(len(lwps))] == lwps
