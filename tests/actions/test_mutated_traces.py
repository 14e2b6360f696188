"""Whatever is in a file that is to be imported: a workload that is valid, or the place of what is
wrong; never a traceback.

10,000 files that were whole before a few of their bytes, fields or lines were changed. A seed that
fails is named, and makes the same file again.
"""

from __future__ import annotations

import gzip
import lzma
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.actions.test_import_trace import lines_of
from tests.text.traces.recordings import FTRACE, PERF, TRACE_CMD
from usched.actions.import_trace import import_file, import_lines
from usched.actions.imported import ImportOptions, head_comments
from usched.text.traces.rules import parse_rule
from usched.text.workload import parse_workload
from usched.text.workload_yaml import format_workload
from usched.text.yaml import parse_yaml
from usched.words.problems import UschedError, format_problem

pytestmark = pytest.mark.slow

RT_APP = """\
{
	/* three tasks */
	"tasks" : {
		"tick" : { "instance" : 2, "run" : 2000, "timer" : { "ref" : "unique", "period" : 5000 } },
		"web" : { "policy" : "SCHED_FIFO", "cpus" : [0, 2], "loop" : 2, "delay" : 100, "run" : 275,
			"sleep" : 1000, "lock" : "m", "run" : 25, "dl-deadline" : 700 },
		"two" : { "loop" : 3, "phases" : { "a" : { "loop" : 10, "run" : 5, "sleep" : 5 },
			"b" : { "loop" : -1, "sleep" : 20000, "runtime" : 3000 } } },
	},
	"global" : { "duration" : 1, "default_policy" : "SCHED_OTHER" }
}
"""

#: What is put in the place of something else.
PIECES = (
    *("", "0", "-1", "9", "99999999999999999999", "4294967296", "1e9", "NaN", "=", "==>", "[", "]"),
    *(
        "{",
        "}",
        '"',
        ",",
        ":",
        "/",
        "\\",
        "\n",
        "\r\n",
        "\t",
        "\0",
        "\x1b[2J",
        "\ufeff",
        "é",
        "\ufffd",
    ),
    *("prev_pid=", "sched_switch:", "[000]", "swapper/0", "R+", "X", "null", "true", "[[[[", "#"),
    *("CPU:3 [LOST 45 EVENTS]\n", "Processed 3 events and lost 1 chunks!\n", "runtime=1 [ns]"),
)


def sources() -> list[str]:
    with lines_of("redis-and-build") as lines:
        real = [line for _, line in zip(range(2060), lines, strict=False)]
    return [PERF, FTRACE, TRACE_CMD, RT_APP, "".join(real[:60]), "".join(real[2000:])]


def mutate(text: str, dice: random.Random) -> str:
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        at = dice.randrange(len(text) + 1)
        piece = dice.choice(PIECES)
        match dice.randrange(6):
            case 0:  # a piece in between
                text = text[:at] + piece + text[at:]
            case 1:  # in the place of some characters
                text = text[:at] + piece + text[at + dice.randrange(12) :]
            case 2:  # another digit, or letter
                text = text[:at] + chr(dice.randrange(32, 127)) + text[at + 1 :]
            case 3:  # cut off
                text = text[:at] if dice.random() < 0.2 else text
            case 4:  # lines in another order, or twice
                lines = text.splitlines(keepends=True) or [""]
                one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
                lines.insert(one, lines[other] if dice.random() < 0.5 else lines.pop(other))
                text = "".join(lines)
            case _:  # one field out of another line
                words = text.split(" ")
                words[dice.randrange(len(words))] = dice.choice(words)
                text = " ".join(words)
    return text


def outcome_of(text: str, dice: random.Random) -> str:
    """`valid`, or `refused`; anything else is a failure."""
    rules = (parse_rule("cc1|redis*=A/B"), parse_rule("cpu:1-3=C"), parse_rule("policy:FIFO=D"))
    wanted = ImportOptions(
        rules, dice.choice(("NORM", "NORM", None)), dice.choice((None, 1, 1000)), True
    )
    try:
        imported = import_lines("t.txt", text.splitlines(keepends=True), wanted)
    except UschedError as error:
        for problem in error.problems:
            is_placed = problem.where is not None and problem.where.line.source == "t.txt"
            assert is_placed or problem.remedy or "t.txt" in problem.what, format_problem(problem)
            assert len(format_problem(problem)) < 2_000
        return "refused"
    written = "".join(format_workload(imported.workload, head_comments(imported, "t.txt")))
    if len(written) > 20_000 or dice.random() < 0.5:  # reading takes longer than all the rest
        return "valid"
    assert parse_workload(parse_yaml(written, "w.yaml")) == imported.workload
    return "valid"


@pytest.mark.parametrize("part", range(10))
def test_a_mutated_file_is_imported_or_refused_with_its_place(part: int) -> None:
    whole = sources()
    seen: Counter[str] = Counter()
    for seed in range(part * 1_000, part * 1_000 + 1_000):
        dice = random.Random(seed)
        text = mutate(dice.choice(whole), dice)
        try:
            seen[outcome_of(text, dice)] += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}: {text!r}") from error
    assert min(seen["valid"], seen["refused"]) >= 50
    assert seen.total() == 1_000


def test_a_mutated_packed_file_is_imported_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "t"
    wanted = ImportOptions((), "NORM", None, True)
    seen: Counter[str] = Counter()
    for seed in range(300):
        dice = random.Random(seed)
        packed = bytearray(dice.choice((gzip.compress, lzma.compress))((PERF * 3).encode()))
        packed[dice.randrange(len(packed))] ^= 1 << dice.randrange(8)
        path.write_bytes(packed if dice.random() < 0.7 else packed[: dice.randrange(len(packed))])
        try:
            import_file(str(path), wanted)
            seen["valid"] += 1
        except UschedError as error:
            said = "\n".join(map(format_problem, error.problems))
            seen["refused" if str(path) in said else said] += 1
    assert set(seen) <= {"valid", "refused"}
    assert seen["refused"] >= 200
