"""Who may what, cell by cell: every statement and subcommand, by every user, on everybody's part.

A cell is the exit status. What is refused must leave every store as it was, byte by byte; what is
done is undone before the next cell.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.people import ALICE, BOB, CAROL, POOL, People, declare, gather

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("cp") is None, reason="no cp to keep owners and lists with"),
]

DONE, FAILED, REFUSED, NO_NAME, FORBIDDEN = 0, 1, 3, 4, 5

#: Everything stands in this registry: root's NORM and POOL, alice's POOL/WEB and POOL/BATCH beneath
#: what she holds, bob's POOL/WEB/IN beneath what she has handed to him.
USERS = ("root", ALICE, BOB, "nobody")

#: On root's, on alice's, on bob's: the scheduler, and one that could be declared beside it.
ROOTS, ALICES, BOBS = ("NORM", "NEW"), ("POOL/BATCH", "POOL/NEW"), ("POOL/WEB/IN", "POOL/WEB/NEW")

STATEMENTS = {
    "declare": "{new} on cpu0 lwktpri 1",
    "redeclare": "{old} on cpu0 lwktpri 2",
    "destroy": "destroy {old}",
    "destroy recursive": "destroy {old} recursive",
    "grant": "grant {old} to " + CAROL,
    "grant to a group": "grant {old} to @" + CAROL,
    "declare, tried": "{new} on cpu0 lwktpri 1 -n",
    "declare, forced": "{new} on cpu0 lwktpri 1 --strand",
}

#: Who may change what stands there: its holder, and nobody else.
PARTS = {"root's": (ROOTS, "root"), "alice's": (ALICES, ALICE), "bob's": (BOBS, BOB)}

#: What is not about one scheduler of a part. Status for root, alice, bob and nobody.
OTHERS = {
    # what is granted stays the giver's, and only he takes it back
    "POOL on cpu0-3 lwktpri 6 vcpus 4": (DONE, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    "destroy POOL recursive": (REFUSED, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    "revoke POOL": (DONE, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    f"grant POOL to {ALICE} lwktpri 6": (DONE, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    f"grant POOL to {CAROL}": (REFUSED, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    "POOL/WEB on cpu0-2 lwktpri 5": (FORBIDDEN, DONE, FORBIDDEN, FORBIDDEN),
    "destroy POOL/WEB recursive": (FORBIDDEN, REFUSED, FORBIDDEN, FORBIDDEN),
    "revoke POOL/WEB": (FORBIDDEN, DONE, FORBIDDEN, FORBIDDEN),
    f"grant POOL/WEB to {BOB} lwktpri 2": (FORBIDDEN, DONE, FORBIDDEN, FORBIDDEN),
    f"grant POOL/WEB to {BOB} lwktpri 7": (FORBIDDEN, REFUSED, FORBIDDEN, FORBIDDEN),
    "revoke NORM": (REFUSED, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    "revoke POOL/BATCH": (FORBIDDEN, REFUSED, FORBIDDEN, FORBIDDEN),
    "destroy POOL/BATCH into POOL/WEB": (FORBIDDEN, DONE, FORBIDDEN, FORBIDDEN),
    "destroy POOL/BATCH into POOL": (FORBIDDEN, DONE, FORBIDDEN, FORBIDDEN),
    "destroy POOL/BATCH into NORM": (FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    "destroy POOL/BATCH into POOL/WEB/IN": (FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    # scripts: of one store, or not at all
    "batch own.usched": (FORBIDDEN, DONE, FORBIDDEN, FORBIDDEN),
    "batch two.usched": (FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    "batch roots.usched": (DONE, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    "check own.usched": (FORBIDDEN, DONE, FORBIDDEN, FORBIDDEN),
    "check roots.usched": (DONE, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    # revisions: each in his own store
    "rollback 2 --strand": (DONE, DONE, NO_NAME, FORBIDDEN),
    "rollback 0 --in POOL": (FORBIDDEN, DONE, FORBIDDEN, FORBIDDEN),
    "rollback 0 --in POOL/WEB": (FORBIDDEN, FORBIDDEN, DONE, FORBIDDEN),
    "rollback 0 --in NORM": (NO_NAME, NO_NAME, NO_NAME, NO_NAME),
    "diff 1": (DONE, DONE, DONE, DONE),
    "diff 1 --in POOL": (FORBIDDEN, DONE, FORBIDDEN, FORBIDDEN),
    "shield --name POOL/S 3": (FORBIDDEN, DONE, FORBIDDEN, FORBIDDEN),
    "shield --name NEW 3": (REFUSED, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    "shield off": (NO_NAME, NO_NAME, NO_NAME, NO_NAME),
    # the machine is root's
    "topology load eight.yaml": (DONE, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    "topology forget --root nowhere": (FAILED, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    "--topology eight.yaml POOL/N on cpu0 lwktpri 1": (
        FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN,
    ),
    # no registry is read, and nobody can write there
    "record -o nowhere/trace -- true": (FAILED, FAILED, FAILED, FAILED),
    # reading is everybody's
    **dict.fromkeys(
        (
            "tree", "tree POOL", "list --real", "show POOL/WEB", "map", "explain cpu1",
            "explain POOL/WEB/IN", "export", "check", "grants", "log", "log POOL",
            "simulate w.yaml", "topology show", "completion bash", "compare w.yaml all.usched",
            "generate --lwps 2 --utilisation 1 --periods 10..100",
            "import trace.txt --default NORM",
        ),
        (DONE, DONE, DONE, DONE),
    ),
}  # fmt: skip


TRACE = """
 a 10 [000] 1.000000: sched:sched_switch: swapper/0:0 [120] R ==> a:10 [120]
 a 10 [000] 1.010000: sched:sched_switch: a:10 [120] S ==> swapper/0:0 [120]
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[People]:
    for people in gather():
        declare(people, POOL)
        files = {
            "own.usched": "POOL/A on cpu0 lwktpri 1\ndestroy POOL/BATCH\n",
            "two.usched": "POOL/A on cpu0 lwktpri 1\nNORM on cpu0 lwktpri 1\n",
            "roots.usched": "NORM on cpu0 lwktpri 1\n",
            "w.yaml": "programs: [{name: a, scheduler: POOL/WEB/IN, run: 9}]\n",
            "eight.yaml": "machine: other\ncores: 8\n",
            "all.usched": people.done("root", "export"),
            "trace.txt": TRACE,
        }
        for name, text in files.items():
            (people.folder / name).write_text(text)
        people.folder.joinpath("kept").mkdir()
        copy(people, "held", "kept")
        yield people


def copy(people: People, source: str, target: str) -> None:
    """A folder with all that is in it, owners, modes and access control lists."""
    shutil.rmtree(people.folder / target)
    folders = [str(people.folder / name) for name in (source, target)]
    subprocess.run(["cp", "-a", *folders], check=True)


def attempt(people: People, who: str, line: str) -> int:
    """The status of a cell. Nothing has changed where it is none of success."""
    words = [
        str(people.folder / word) if word.endswith((".usched", ".yaml", ".txt")) else word
        for word in line.split()
    ]
    before = people.files()
    result = people.run(who, *words)
    assert result.status in {DONE, FAILED, REFUSED, NO_NAME, FORBIDDEN}, result
    assert (result.status == FORBIDDEN) == ("not permitted: " in result.err), (line, result)
    if people.files() != before:
        assert result.status == DONE, (line, result)
        copy(people, "kept", "held")
    return result.status


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("statement", STATEMENTS)
def test_statement_on_a_part_is_its_holders_alone(statement: str, part: str, pool: People) -> None:
    (old, new), holder = PARTS[part]
    line = STATEMENTS[statement].format(old=old, new=new)
    table = {who: attempt(pool, who, line) for who in USERS}
    expected = dict.fromkeys(USERS, FORBIDDEN)
    expected[holder] = DONE
    if statement.startswith("grant") and part == "bob's":
        expected[holder] = REFUSED  # he has no level more to hand on
    assert table == expected


@pytest.mark.parametrize("line", OTHERS)
def test_everything_else(line: str, pool: People) -> None:
    table = tuple(attempt(pool, who, line) for who in USERS)
    assert table == OTHERS[line]
