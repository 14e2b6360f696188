"""A row of the registry that cannot be read costs its scheduler, and what stands in that one."""

from __future__ import annotations

import getpass
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.face.sessions import less_warnings
from tests.world.scratch import Scratch, make_scratch
from usched.face.app import run

SCRIPT = (
    "A on cpu0-3 lwktpri 6",
    "A/IN on cpu0 lwktpri 4",
    "A/IN/DEEP on cpu0 lwktpri 4",
    "B on cpu4-7 lwktpri 5",
    "B/X on cpu0 lwktpri 3 exclusive",
)
REST = "B on cpu4-7 lwktpri 5\nB/X on cpu0 lwktpri 3 exclusive\n"
ALL = (
    "A on cpu0-3 lwktpri 6\nB on cpu4-7 lwktpri 5\nA/IN on cpu0 lwktpri 4\n"
    "A/IN/DEEP on cpu0 lwktpri 4\nB/X on cpu0 lwktpri 3 exclusive\n"
)

#: How a row of A may be damaged, and what is said of it.
DAMAGE = {
    "SET statement = 'A on'": "'A on' is no declaration",
    "SET statement = 'destroy A'": "'destroy A' is no declaration",
    "SET statement = ''": "'' is no declaration",
    "SET statement = 'B on cpu1 lwktpri 4'": "'B on cpu1 lwktpri 4' declares another one",
    "SET statement = 'a on cpu1 lwktpri 4'": "'a on cpu1 lwktpri 4' declares another one",
    "SET statement = 'A on cpu1 lwktpri 12'": (
        "lwktpri 12 is not for schedulers on the machine: 10 to 31 belong to the kernel"
    ),
    "SET statement = 'A on cpu1 lwktpri 4 vcpus 99999999999'": (
        "vcpus must be 1 to 4096, not 99999999999"
    ),
    "SET statement = NULL": "its statement is no text",
    "SET statement = x'00ff'": "its statement is no text",
    "SET statement = CAST(x'41ff41' AS TEXT)": "its statement is no text",
    "SET statement = 7": "'7' is no declaration",
    "SET place = 'third'": "its place among the others is no number",
    "SET place = NULL": "its place among the others is no number",
    "SET parent = 'A'": "its columns contradict its statement",
    "SET parent = 'B'": "its columns contradict its statement",
    "SET parent = NULL": "its columns contradict its statement",
    "SET exclusive = 1": "its columns contradict its statement",
    "SET exclusive = 'no'": "its columns contradict its statement",
}
REMEDY = (
    "  declare it again (usched log A shows what it was), or type: usched destroy A recursive\n"
    "  with it: A/IN and A/IN/DEEP\n"
)

Said = tuple[int, str, str]


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = make_scratch(tmp_path_factory.mktemp("declared"))
    scratch.declare(*SCRIPT)
    return scratch.path


@pytest.fixture
def scratch(tmp_path: Path, declared: Path) -> Scratch:
    scratch = make_scratch(tmp_path)
    shutil.copy(declared, scratch.path)
    return scratch


def say(scratch: Scratch, capsys: pytest.CaptureFixture[str], *words: str) -> Said:
    """The exit status, standard output, and standard error less the line on the machine."""
    capsys.readouterr()
    status = run([*scratch.options, *words])
    heard = capsys.readouterr()
    assumed = "usched: no topology is declared: using this machine's (8 cpus)\n"
    return status, heard.out, less_warnings(heard.err.replace(assumed, ""))


def tamper(scratch: Scratch, *changes: str) -> None:
    """Write to the registry as another program would that knows of no constraints."""
    connection = sqlite3.connect(scratch.path)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE type = 'table'"
    )
    connection.commit()
    connection.close()
    connection = sqlite3.connect(scratch.path)
    with connection:
        for change in changes:
            assert connection.execute(change).rowcount > 0, change
    connection.close()


@pytest.fixture(params=list(DAMAGE), ids=list(DAMAGE))
def damage(request: pytest.FixtureRequest, scratch: Scratch) -> str:
    """A damaged row for A; what is to be said of it."""
    tamper(scratch, f"UPDATE scheduler {request.param} WHERE name = 'A'")
    return f"A is damaged in the registry: {DAMAGE[request.param]}\n"


def test_reading_commands_name_what_is_damaged_and_show_the_rest(
    damage: str, scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warned = f"usched: {damage}{REMEDY}"
    before = scratch.path.read_bytes()
    status, out, err = say(scratch, capsys, "list")
    assert (status, err) == (0, warned)
    assert [line.split()[0] for line in out.splitlines()] == ["NAME", "B", "B/X"]
    status, out, err = say(scratch, capsys, "tree")
    assert (status, err) == (0, warned)
    assert len(out.splitlines()) == 3
    assert say(scratch, capsys, "export") == (0, f"# {damage}{REST}", warned)
    for words in (["map"], ["explain", "cpu5"], ["explain", "B"], ["list", "--json"]):
        status, _, err = say(scratch, capsys, *words)
        assert (status, err) == (0, warned), words
    for words in (["show", "B"], ["log"], ["log", "A"], ["diff", "2"]):
        assert say(scratch, capsys, *words)[0::2] == (0, ""), words
    workload = tmp_path / "w.yaml"
    workload.write_text("workload: w\nprograms:\n  - {name: p, scheduler: B, run: 3}\n")
    status, out, err = say(scratch, capsys, "simulate", str(workload))
    assert (status, err) == (0, warned)
    assert scratch.path.read_bytes() == before


def test_what_is_damaged_itself_is_refused_by_name(
    damage: str, scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = f"usched: {damage}{REMEDY}"
    assert say(scratch, capsys, "show", "A") == (1, "", failed)
    assert say(scratch, capsys, "explain", "A") == (1, "", failed)
    assert say(scratch, capsys, "tree", "A") == (1, "", failed)
    assert say(scratch, capsys, "check") == (3, "", failed)
    status, out, _ = say(scratch, capsys, "check", "--json")
    assert status == 3
    assert json.loads(out) == {
        "valid": False,
        "problems": [
            {
                "rule": "damaged",
                "scheduler": "A",
                "message": damage.rstrip("\n"),
                "where": None,
                "remedy": "\n".join(line.strip() for line in REMEDY.splitlines()),
            }
        ],
    }
    status, _, err = say(scratch, capsys, "A/NEW", "on", "cpu0", "lwktpri", "4")
    assert status == 3
    assert err.startswith(
        "usched: command line:1:1: A is damaged in the registry, so nothing can be declared in"
    )


def test_other_schedulers_are_declared_and_destroyed(
    damage: str, scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert say(scratch, capsys, "B/Y", "on", "cpu2", "lwktpri", "4")[0] == 0
    script = tmp_path / "more.usched"
    script.write_text("C on cpu0 lwktpri 3\nD on cpu1 lwktpri 3 exclusive\ndestroy B/X\n")
    assert say(scratch, capsys, "batch", str(script))[0] == 0
    assert say(scratch, capsys, "topology", "load", "pack:2 core:4 pu:1")[0] == 0
    status, out, _ = say(scratch, capsys, "export")
    assert status == 0
    assert out == (
        f"# {damage}B on cpu4-7 lwktpri 5\nC on cpu0 lwktpri 3\n"
        "D on cpu1 lwktpri 3 exclusive\nB/Y on cpu2 lwktpri 4\n"
    )


def test_destroy_takes_it_out_with_all_that_stands_in_it(
    damage: str, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    if "columns" not in damage:  # a child in a damaged place is not found beneath it
        status, _, err = say(scratch, capsys, "destroy", "A")
        assert status == 3
        assert "A has schedulers in it: A/IN\n" in err
    status, out, err = say(scratch, capsys, "destroy", "A", "recursive", "-n")
    assert (status, err) == (0, "")
    status, out, err = say(scratch, capsys, "destroy", "A", "recursive")
    assert (status, err) == (0, "")
    assert out == (
        "destroy A recursive  # revision 6\n#   A/IN/DEEP: gone\n#   A/IN: gone\n#   A: gone\n"
    )
    assert say(scratch, capsys, "export") == (0, REST, "")
    assert say(scratch, capsys, "check")[0] == 0
    status, out, err = say(scratch, capsys, "rollback", "5")
    assert (status, err) == (0, "")
    assert say(scratch, capsys, "export")[1] == ALL


def test_declaring_it_again_brings_back_what_stands_in_it(
    damage: str, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = say(scratch, capsys, "A", "on", "cpu0-1", "lwktpri", "6")
    assert (status, err) == (0, "")
    assert out == (
        "A on cpu0 cpu1 lwktpri 6  # revision 6\n#   A: 2 cpus on cpu0-cpu1\n"
        "#   A/IN: 1 cpu on cpu0\n#   A/IN/DEEP: 1 cpu on cpu0\n"
    )
    assert say(scratch, capsys, "check")[0] == 0
    assert "A/IN/DEEP on cpu0 lwktpri 4\n" in say(scratch, capsys, "export")[1]


def test_rollback_to_the_newest_revision_puts_it_back_as_the_log_has_it(
    damage: str, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = say(scratch, capsys, "rollback", "5")
    assert (status, err) == (0, "")
    assert out == (
        "- # A, which was damaged\n+ A on cpu0-3 lwktpri 6\n# rollback to 5 is revision 6\n"
    )
    assert say(scratch, capsys, "export") == (0, ALL, "")
    assert say(scratch, capsys, "check")[0] == 0


def test_each_damaged_row_is_named(scratch: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    tamper(scratch, "UPDATE scheduler SET statement = name")
    status, out, _ = say(scratch, capsys, "check", "--json")
    assert status == 3
    named = [problem["scheduler"] for problem in json.loads(out)["problems"]]
    assert sorted(named) == ["A", "A/IN", "A/IN/DEEP", "B", "B/X"]
    assert say(scratch, capsys, "list")[0] == 0
    assert say(scratch, capsys, "destroy", "A", "recursive")[0] == 0
    assert say(scratch, capsys, "destroy", "B", "recursive")[0] == 0
    assert say(scratch, capsys, "check")[0] == 0


def test_scheduler_without_a_parent_is_named_and_comes_back_with_it(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(scratch, "DELETE FROM scheduler WHERE name = 'A'")
    warned = (
        "usched: A/IN stands in A, which is not declared\n"
        "  declare A, or type: usched destroy A/IN recursive\n"
        "  with it: A/IN/DEEP\n"
    )
    status, out, err = say(scratch, capsys, "list")
    assert (status, err) == (0, warned)
    assert [line.split()[0] for line in out.splitlines()] == ["NAME", "B", "B/X"]
    assert say(scratch, capsys, "check") == (3, "", warned)
    status, out, _ = say(scratch, capsys, "check", "--json")
    assert json.loads(out)["problems"] == [
        {
            "rule": "lost",
            "scheduler": "A/IN",
            "message": "A/IN stands in A, which is not declared",
            "where": None,
            "remedy": "declare A, or type: usched destroy A/IN recursive\nwith it: A/IN/DEEP",
        }
    ]
    assert say(scratch, capsys, "export") == (
        0,
        f"# A/IN stands in A, which is not declared\n{REST}",
        warned,
    )
    assert say(scratch, capsys, "B/Y", "on", "cpu2", "lwktpri", "4")[0] == 0
    status, out, _ = say(scratch, capsys, "A", "on", "cpu0-3", "lwktpri", "6", "-n")
    assert status == 0
    assert "#   A/IN/DEEP: 1 cpu on cpu0\n" in out
    assert say(scratch, capsys, "destroy", "A/IN", "recursive")[0] == 0
    assert say(scratch, capsys, "check")[0] == 0


def test_rollback_brings_back_a_row_that_is_gone(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(scratch, "DELETE FROM scheduler WHERE name = 'A'")
    assert say(scratch, capsys, "rollback", "5")[0] == 0
    assert say(scratch, capsys, "export") == (0, ALL, "")


@pytest.mark.parametrize(
    ("name", "shown", "goes"),
    [
        ("'a b'", "'a b'", True),
        ("''", "a scheduler", False),
        ("'7'", "'7'", True),
        ("char(27) || '[2J'", r"'\x1b[2J'", True),
        ("x'00ff'", "a scheduler", False),
        ("CAST(x'41ff' AS TEXT)", "a scheduler", False),
    ],
)
def test_row_that_no_statement_can_name_is_named_and_costs_nothing_else(
    name: str, shown: str, goes: bool, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(scratch, f"UPDATE scheduler SET name = {name} WHERE name = 'B/X'")
    status, out, err = say(scratch, capsys, "list")
    assert status == 0
    assert err.startswith(f"usched: {shown} is damaged in the registry: ")
    assert err.count("usched: ") == 1
    assert "no statement can name it" in err
    assert len(out.splitlines()) == 5
    assert say(scratch, capsys, "C", "on", "cpu1", "lwktpri", "3")[0] == 0
    assert say(scratch, capsys, "check")[0] == 3
    status, out, err = say(scratch, capsys, "rollback", "6")
    assert (status, "\x1b" in out + err) == (0, False)
    assert say(scratch, capsys, "check")[0] == (0 if goes else 3)


# -- the log ------------------------------------------------------------------


@pytest.mark.parametrize("column", ["time", "user", "text"])
@pytest.mark.parametrize("value", ["x'00ff'", "CAST(x'41ff' AS TEXT)", "NULL"])
def test_damaged_revision_costs_its_line_of_the_log(
    column: str, value: str, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(scratch, f"UPDATE revision SET {column} = {value} WHERE number = 4")
    status, out, err = say(scratch, capsys, "log")
    assert (status, err) == (0, "usched: revision 4 is damaged in the log\n")
    assert [line.split()[0] for line in out.splitlines()] == ["REV", "5", "3", "2", "1"]
    status, out, _ = say(scratch, capsys, "log", "--json")
    assert [revision["number"] for revision in json.loads(out)] == [5, 3, 2, 1]
    status, out, _ = say(scratch, capsys, "check", "--json")
    assert status == 0
    assert {
        "rule": "log",
        "scheduler": None,
        "message": "revision 4 is damaged in the log",
        "where": None,
        "remedy": None,
    } in json.loads(out)["warnings"]
    for words in (["show", "B"], ["list"], ["diff", "3"], ["destroy", "B/X"], ["rollback", "3"]):
        assert say(scratch, capsys, *words)[0::2] == (0, ""), words


@pytest.mark.parametrize(
    "change",
    [
        "SET after = 'A'",
        "SET after = 'B on cpu1 lwktpri 4'",
        "SET after = x'00'",
        "SET after = NULL",
        "SET after_place = 'x'",
        "SET before = 'x'",
    ],
)
def test_damaged_change_is_made_up_for_by_the_other_half_of_the_log(
    change: str, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.declare("A on cpu0-2 lwktpri 6")
    tamper(scratch, f"UPDATE change {change} WHERE revision = 1")
    assert say(scratch, capsys, "diff", "5") == (
        0,
        "- A on cpu0-3 lwktpri 6\n+ A on cpu0-2 lwktpri 6\n"
        "# A: reaches cpu0-cpu2 (was cpu0-cpu3)\n",
        "",
    )
    status, out, _ = say(scratch, capsys, "check", "--json")
    assert status == 0
    assert {
        "rule": "log",
        "scheduler": "A",
        "message": "what revision 1 did to A is damaged in the log",
        "where": None,
        "remedy": None,
    } in json.loads(out)["warnings"]
    assert say(scratch, capsys, "rollback", "5")[0] == 0
    assert say(scratch, capsys, "export") == (0, ALL, "")


def test_state_that_the_log_has_lost_twice_is_not_gone_back_to(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.declare("A on cpu0-2 lwktpri 6")
    tamper(
        scratch,
        "UPDATE change SET after = 'x' WHERE revision = 1",
        "UPDATE change SET before = 'y'",
    )
    before = scratch.path.read_bytes()
    lost = "what A was at revision 5 is damaged"
    assert say(scratch, capsys, "rollback", "5") == (
        3,
        "",
        f"usched: {lost} in the log: 'y' is no declaration\n",
    )
    assert scratch.path.read_bytes() == before
    assert say(scratch, capsys, "diff", "5") == (
        0,
        "# no difference\n",
        f"usched: {lost}: 'y' is no declaration\n",
    )
    assert say(scratch, capsys, "rollback", "0")[0] == 0


@pytest.mark.parametrize("number", [10**18, 2**63 - 1, -1, 0])
def test_revision_with_a_number_that_was_never_given_stops_nothing(
    number: int, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(scratch, f"UPDATE revision SET number = {number} WHERE number = 5")
    assert say(scratch, capsys, "C", "on", "cpu1", "lwktpri", "3")[0] == 0
    status, out, err = say(scratch, capsys, "log")
    assert (status, err) == (0, f"usched: revision {number} is damaged in the log\n")
    assert [line.split()[0] for line in out.splitlines()] == ["REV", "6", "4", "3", "2", "1"]


def test_change_and_topology_without_their_revision_stop_nothing(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert say(scratch, capsys, "topology", "load", "core:8 pu:1")[0] == 0
    tamper(scratch, "DELETE FROM revision WHERE number >= 5")
    assert say(scratch, capsys, "C", "on", "cpu1", "lwktpri", "3")[0] == 0
    out = say(scratch, capsys, "log")[1]
    assert [line.split()[0] for line in out.splitlines()] == ["REV", "7", "4", "3", "2", "1"]


def test_registry_that_has_no_table_of_what_moved_is_read_and_gets_one(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Versions before 0.2.0 made none."""
    with closing(sqlite3.connect(scratch.path)) as connection:
        connection.execute("DROP TABLE moved")
    for words in (["log"], ["log", "A"], ["check"]):
        assert say(scratch, capsys, *words)[0] == 0
    status, out, _ = say(scratch, capsys, "A", "on", "cpu1", "lwktpri", "6")
    assert status == 0
    status, out, _ = say(scratch, capsys, "log", "A", "--limit", "1")
    assert "# A: reaches cpu1 (was " in out


@pytest.mark.parametrize("row", ["'A', 'x', '1'", "x'00', '1', '2'", "'A', '3-1', '2'"])
def test_damaged_row_of_what_moved_is_named_and_costs_the_log_nothing_else(
    row: str, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(scratch, f"INSERT OR REPLACE INTO moved VALUES (5, {row})")
    status, out, err = say(scratch, capsys, "log")
    assert (status, err) == (0, "usched: what moved at revision 5 is damaged in the log\n")
    assert len([line for line in out.splitlines() if line.strip()[0].isdigit()]) == 5


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE granting SET after = 'x'",
        "UPDATE granting SET after = NULL",
        "UPDATE granting SET after = x'00'",
        "UPDATE granting SET name = 'C'",
        "UPDATE granting SET before = '[]'",
    ],
)
def test_damaged_grant_in_the_log_is_found_by_check(
    change: str, scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.declare("LAST on cpu0 lwktpri 1", f"grant LAST to {getpass.getuser()}")
    assert "granted" not in say(scratch, capsys, "check")[2]
    tamper(scratch, change)
    status, out, _ = say(scratch, capsys, "check", "--json")
    name = "C" if "'C'" in change else "LAST"
    assert status == 0
    assert {
        "rule": "log",
        "scheduler": name,
        "message": f"what revision 7 granted of {name} is damaged in the log",
        "where": None,
        "remedy": None,
    } in json.loads(out)["warnings"]


def test_damaged_grant_is_found_by_check(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.declare("LAST on cpu0 lwktpri 1", f"grant LAST to {getpass.getuser()}")
    tamper(scratch, "UPDATE granted SET record = 'x'")
    assert say(scratch, capsys, "check")[2].splitlines()[0] == (
        "usched: to whom LAST is granted is damaged in the registry: grant it again"
    )
    scratch.declare(f"grant LAST to {getpass.getuser()}")
    assert "damaged" not in say(scratch, capsys, "check")[2]
