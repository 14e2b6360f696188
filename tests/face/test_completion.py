"""What a shell completes, asked for as shells do."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.face.sessions import Session


def completed(session: Session, words: str, *more: str) -> list[str]:
    """What follows these words; the last one, "" behind a blank, is not finished."""
    parts = words.split(" ")
    env = {
        "_USCHED_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(parts) - 1),
        "USCHED_REGISTRY": "r.db",
        **dict(each.split("=") for each in more),
    }
    done = subprocess.run(
        session.command()[:3],
        capture_output=True,
        cwd=session.folder,
        env=session.environment(**env),
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    lines = filter(None, done.stdout.decode().splitlines())
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
        ("usched destroy ", NAMES),
        ("usched destroy POOL ", ["into", "recursive"]),
        ("usched destroy POOL into ", NAMES),
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
        ("usched explain cpu", CPUS),
        ("usched explain P", ["POOL", "POOL/WEB"]),
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


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_each_shell(session: Session, shell: str) -> None:
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("no bash here")
    script = session.done("completion", shell)
    assert f"_USCHED_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        done = subprocess.run(
            [shell, "-n"], input=script.encode(), capture_output=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, b"")
