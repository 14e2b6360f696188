"""Random scenarios through the command line, as files: what an outside check would do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests import reference
from tests.scenarios import seeded
from usched.face.app import run


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 4))]
)
def test_scenarios_in_files_give_the_reference_s_run(
    part: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compared = 0
    for seed in range(70_000 + 30 * part, 70_030 + 30 * part):
        scenario = seeded(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        for name, content in (("topology", scenario.topology), ("workload", scenario.workload)):
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        (folder / "script.usched").write_text("\n".join(scenario.script) + "\n")
        where = ["--registry", f"{folder}/r.db", "--topology", f"{folder}/topology.yaml"]
        status = run([*where, "batch", f"{folder}/script.usched"])
        capsys.readouterr()
        if status == 0:
            ticks = ["--ticks", str(scenario.ticks)]
            # the registry knows the topology that it was declared with
            what = [*where[:2], "simulate", f"{folder}/workload.yaml", *ticks, "--json"]
            status = run(what)
        out = capsys.readouterr().out
        try:
            expected = scenario.run().run
        except (reference.Refused, reference.RunFailed):
            assert status in (2, 3, 4), seed
            assert out == "", seed
            continue
        assert status == 0, seed
        assert json.loads(out) == expected, seed
        compared += 1
    assert compared > 15
