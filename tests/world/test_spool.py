"""Segments that are too many for memory: the run is the same."""

from __future__ import annotations

import errno
import tempfile
from array import array
from typing import Any

import pytest

from tests.engine.runs import plan
from tests.scenarios import Scenario
from usched.engine.dispatcher import simulate
from usched.text.run_json import format_segments_csv
from usched.words.problems import EnvironmentFailed
from usched.words.run import Run
from usched.world.spool import Spool

SCRIPT = ["A on cpu* lwktpri 4 quantum 3", "B on cpu0 cpu1 lwktpri 6 vcpus 3 quantum 2"]
PROGRAMS: list[dict[str, Any]] = [
    {"name": "a", "scheduler": "A", "rforks": 7, "run": 11, "sleep": 5, "repeat": "forever"},
    {"name": "b", "scheduler": "B", "rforks": 2, "run": 3, "period": 7, "repeat": "forever"},
]


def run(spool: Spool | None, leap: bool) -> Run:
    scenario = Scenario({"machine": "m", "cores": 4}, SCRIPT, {"programs": PROGRAMS}, 3_000)
    return simulate(plan(scenario), 3_000, leap=leap, storage=spool)


def rows(run: Run) -> str:
    return "".join(format_segments_csv(run.timeline))


@pytest.mark.parametrize("leap", [False, True])
@pytest.mark.parametrize("most", [1, 70, 500])
def test_a_run_is_the_same_with_its_segments_in_a_file(most: int, leap: bool) -> None:
    class Counted(Spool):
        puts = 0

        def put(self, segments: Any) -> None:
            self.puts += 1
            super().put(segments)

    spool = Counted(most)
    spooled, kept = run(spool, leap), run(None, False)
    assert spool.puts > 0 or leap
    assert rows(spooled) == rows(kept)
    assert list(spooled.timeline) == list(kept.timeline)
    assert spooled.lwps == kept.lwps


def test_what_was_put_reads_as_one_sequence() -> None:
    spool = Spool()
    wanted: list[int] = []
    for size in (3, 0, 9, 12_288, 6, 30_000):
        part = array("q", range(len(wanted), len(wanted) + size))
        spool.put({5: part, 2: array("q", [size, size, size])})
        wanted += part
    found = spool.take()
    assert list(found) == [2, 5]
    assert list(found[2]) == [n for n in (3, 0, 9, 12_288, 6, 30_000) for _ in "abc"]
    flat = found[5]
    assert len(flat) == len(wanted)
    assert list(flat) == wanted
    assert (flat[0], flat[-1], flat[12_300]) == (wanted[0], wanted[-1], wanted[12_300])
    for start, stop, step in ((0, 3, 1), (2, 13, 1), (5, 12_301, 3), (0, 10**6, 3), (7, 7, 1)):
        assert list(flat[start:stop:step]) == wanted[start:stop:step]
    with pytest.raises(IndexError):
        flat[len(wanted)]
    spool.put({1: array("q", [1, 2, 0])})
    assert {cpu: list(flat) for cpu, flat in spool.take().items()} == {1: [1, 2, 0]}


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp")

    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    with pytest.raises(EnvironmentFailed) as refusal:
        Spool().put({0: array("q", [0, 1, 0])})
    assert str(refusal.value) == (
        "the segments of the run are too many for memory, and cannot be put in a file: No space "
        "left on device: set TMPDIR to a folder with room, or leave them out with --summary"
    )
