"""What a shell completes, asked for as shells do."""

from __future__ import annotations

import getpass
import json
import shutil
import subprocess

import pytest

from tests.face.sessions import Session


def completed(session: Session, words: str, *more: str) -> list[str]:
    """What follows these words; the last one, "" behind a blank, is not finished.

    Asked for in this process: tests/face/test_tab.py has the shells themselves.
    """
    parts = words.split(" ")
    env = {
        "_USCHED_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(parts) - 1),
        "USCHED_REGISTRY": "r.db",
        **dict(each.split("=") for each in more),
    }
    done = session.run(env=env)
    assert done.status in (0, 1)
    assert done.err == ""
    lines = filter(None, done.out.splitlines())
    return [line.removeprefix("plain,") for line in lines]


NAMES = ["NORM", "POOL", "X", "POOL/WEB"]
CPUS = [f"cpu{cpu}" for cpu in range(8)]
LEVELS = ["socket0", "socket1", "node0", "node1", "core0", "core1", "core2", "core3"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("usched li", ["list"]),
        ("usched NO", ["NORM"]),
        ("usched POOL", ["POOL", "POOL/WEB"]),
        ("usched show ", NAMES),
        ("usched show POOL/", ["POOL/WEB"]),
        ("usched import t --default PO", ["POOL", "POOL/WEB"]),
        ("usched import t --map re*=PO", ["re*=POOL", "re*=POOL/WEB"]),
        ("usched import t --map re*", []),
        ("usched gr", ["grant", "grants"]),
        ("usched grant ", NAMES),
        ("usched grant X ", ["to"]),
        ("usched grant X to @roo", ["@root"]),
        ("usched grant X to root ", ["lwktpri", "depth", "until"]),
        ("usched grant X to root depth 2 ", ["lwktpri", "until"]),
        ("usched grant X to root depth ", []),
        ("usched revoke ", []),
        ("usched destroy ", NAMES),
        ("usched shield of", ["off"]),
        ("usched shield off ", []),
        ("usched shield node", ["node0", "node1"]),
        ("usched shield cpu1 lock", ["locked"]),
        ("usched destroy POOL ", ["into", "recursive"]),
        ("usched destroy POOL into ", ["NORM", "X"]),
        ("usched destroy POOL recursive ", ["into"]),
        ("usched NEW ", ["on"]),
        ("usched NEW on ", ["cpu*", *CPUS, *LEVELS]),
        ("usched NEW on no", ["node0", "node1"]),
        ("usched POOL/NEW on ", ["cpu*", "cpu0", "cpu1", "cpu2", "cpu3"]),
        ("usched NEW on cpu0 except co", ["core0", "core1", "core2", "core3"]),
        ("usched NEW on cpu0 l", ["lwktpri", "locked"]),
        ("usched NEW on cpu0 lwktpri ", []),
        ("usched NEW on cpu0 lwktpri 4 ", ["vcpus", "quantum", "locked", "exclusive"]),
        ("usched NEW on cpu0 lwktpri 4 locked v", ["vcpus"]),
        ("usched explain cpu", ["cpu*", *CPUS]),
        ("usched explain no", ["node0", "node1"]),
        ("usched -n PO", ["POOL", "POOL/WEB"]),
        ("usched -n NEW o", ["on"]),
        ("usched -q -n destroy POOL ", ["into", "recursive"]),
        ("usched --dry", ["--dry-run"]),
        ("usched explain P", ["POOL", "POOL/WEB"]),
        ("usched exec P", ["POOL", "POOL/WEB"]),
        ("usched ps P", ["POOL", "POOL/WEB"]),
        ("usched move ", []),
        ("usched move 42 i", ["into"]),
        ("usched move 42 43 into P", ["POOL", "POOL/WEB"]),
        ("usched move 42 into POOL i", []),
        ("usched topology ", ["detect", "forget", "load", "show"]),
        ("usched completion ", ["bash", "fish", "zsh"]),
        ("usched list --js", ["--json"]),
        ("usched batch --dry", ["--dry-run"]),
        ("usched --regis", ["--registry"]),
    ],
)
def test_words_are_completed(session: Session, words: str, expected: list[str]) -> None:
    assert sorted(completed(session, words)) == sorted(expected)


def test_the_first_word_is_a_subcommand_or_a_scheduler(session: Session) -> None:
    found = completed(session, "usched ")
    assert {"batch", "destroy", "simulate", "tree", *NAMES} <= set(found)


def test_another_registry_is_looked_at_where_it_is_named(session: Session) -> None:
    session.done(
        "--registry", "other.db", "--topology", "eight.yaml", "Z", "on", "cpu0", "lwktpri", "4"
    )
    assert completed(session, "usched --registry other.db show ") == ["Z"]


@pytest.mark.parametrize("content", [b"no registry", b"SQLite format 3\x00 and no more"])
def test_a_tab_says_nothing_where_there_is_no_registry(session: Session, content: bytes) -> None:
    session.registry.write_bytes(content)
    before = session.files()
    assert completed(session, "usched show ") == []
    assert completed(session, "usched NEW on cpu1") == []
    assert completed(session, "usched lis") == ["list"]
    assert session.files() == before


@pytest.mark.parametrize(
    "words",
    [
        "usched batch ",
        "usched check ",
        "usched check script.usched ",
        "usched simulate ",
        "usched simulate w.yaml --csv ",
        "usched simulate w.yaml --script ",
        "usched simulate --script script.usched ",
        "usched topology load ",
        "usched --registry ",
        "usched --topology ",
        "usched list --registry ",
        "usched NORM on cpu0 lwktpri 6 --topology ",
        "usched -n --topology ",
    ],
)
def test_files_are_left_to_the_shell_where_a_file_is_wanted(session: Session, words: str) -> None:
    assert completed(session, words) == ["file,"]
    assert completed(session, words + "ei") == ["file,ei"]


def test_a_folder_is_wanted_for_a_root(session: Session) -> None:
    assert completed(session, "usched --root ") == ["dir,"]
    assert completed(session, "usched topology detect --root d") == ["dir,d"]


def test_a_folder_is_wanted_for_units(session: Session) -> None:
    assert completed(session, "usched export --systemd -o ") == ["dir,"]


@pytest.mark.parametrize("words", ["usched show ", "usched list ", "usched log ", "usched export "])
def test_no_file_is_offered_where_none_is_wanted(session: Session, words: str) -> None:
    assert not any(line.startswith(("file,", "dir,")) for line in completed(session, words))


def test_revisions_are_offered_the_newest_first(session: Session) -> None:
    session.done("destroy", "X")
    newest = [str(each["number"]) for each in json.loads(session.done("log", "--json"))]
    assert completed(session, "usched rollback ") == [*newest, "0"]
    assert completed(session, "usched diff ") == [*newest, "0"]
    assert completed(session, "usched diff 1 ") == [*newest, "0"]
    assert completed(session, "usched diff 1 2 ") == []
    assert completed(session, f"usched rollback {newest[0]}") == [newest[0]]


def test_a_revision_says_what_it_did(session: Session) -> None:
    session.done("destroy", "X")
    asked = {"_USCHED_COMPLETE": "fish_complete", "COMP_CWORD": "6"}
    found = completed(session, "usched rollback 6", *(f"{a}={b}" for a, b in asked.items()))
    assert found == ["6\tdestroy X"]


def test_each_cpu_is_offered_once(session: Session) -> None:
    assert completed(session, "usched NEW on cpu0 node0 cpu1 c") == [
        *("cpu*", "cpu2", "cpu3", "cpu4", "cpu5", "cpu6", "cpu7"),
        *("core0", "core1", "core2", "core3"),
    ]


@pytest.mark.parametrize(
    "words", ["usched -x ", "usched list --bogus ", "usched topology bogus ", "usched bogus on x "]
)
def test_words_that_lead_nowhere_have_no_answer_nor_a_message(session: Session, words: str) -> None:
    completed(session, words)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_each_shell(session: Session, shell: str) -> None:
    script = session.done("completion", shell)
    assert f"_USCHED_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        done = subprocess.run(
            [shell, "-n"], input=script.encode(), capture_output=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, b"")


def test_what_is_granted_is_offered_where_that_is_wanted(session: Session) -> None:
    session.done("grant", "POOL/WEB", "to", getpass.getuser())
    for words in ("usched revoke ", "usched rollback 1 --in ", "usched diff 1 --in PO"):
        assert completed(session, words) == ["POOL/WEB"]
    session.done("POOL/WEB/A", "on", "cpu0", "lwktpri", "4")
    # its revisions, and not those of the registry
    assert completed(session, "usched rollback --in POOL/WEB ") == ["1", "0"]


def test_revisions_are_offered_however_many_others_have_made_since(session: Session) -> None:
    before = completed(session, "usched rollback ")
    session.done("grant", "POOL/WEB", "to", getpass.getuser())
    lines = (f"POOL/WEB/A on cpu0 lwktpri {1 + number % 2}\n" for number in range(101))
    session.write("many.usched", "".join(lines))
    session.done("batch", "-q", "many.usched")
    assert completed(session, "usched rollback ") == [str(len(before)), *before]
