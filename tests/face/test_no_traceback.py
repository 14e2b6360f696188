"""Whatever is typed: an exit status of usched's own, and never a traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.face.sessions import EIGHT, SCRIPT, WORKLOAD, Session
from usched.words.statement import SUBCOMMANDS


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One folder and one registry for everything that is typed here."""
    folder: Path = tmp_path_factory.mktemp("lasting")
    before = Path.cwd()
    os.chdir(folder)
    session = Session(folder)
    session.write("eight.yaml", EIGHT)
    session.write("s.usched", SCRIPT)
    session.write("w.yaml", WORKLOAD)
    session.done("topology", "load", "eight.yaml")
    session.done("batch", "s.usched")
    yield session
    os.chdir(before)


#: What would be done to this system, or take the place of the tests.
CHANGING = {"apply", "exec", "move", "release", "watch"}

_words = st.sampled_from(
    (
        " ".join(SUBCOMMANDS)
        + " load detect forget show usched grant revoke NORM POOL POOL/WEB X NEW A/B on cpu* cpu0"
        + " cpu1-3 cpu9 core0 node0 node7 except lwktpri vcpus quantum locked exclusive into"
        + " recursive to bob 4 9 10 0 -1 100ms w.yaml eight.yaml s.usched r.db no - . pack:2 pu:2"
        + " --json -n --dry-run --help --ticks --at --summary --csv --script --limit --yaml -q --"
        + " --root --wait bash --map --default --tick --kernel a=NORM 1ms"
    ).split(" ")
)
_raw = st.text(st.characters() | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF))
typed = st.lists(_words | _words | _words | _words | _raw, max_size=9)


@pytest.mark.slow
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed)
def test_random_words_end_with_a_status(lasting: Session, typed: list[str]) -> None:
    if typed and set(typed) & CHANGING:
        return
    if "--csv" in typed:  # would write over what is here
        typed = typed[: typed.index("--csv")]
    words = [word.replace("\0", "") for word in typed]  # no argument can have one
    result = lasting.run(*words)
    assert 0 <= result.status <= 5
    assert bool(result.err) or result.status == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "args",
    [
        (command, "\udcff")
        for command in (*SUBCOMMANDS, "--registry", "--topology", "--root", "usched", "A")
    ]
    + [
        ("\udcff", "on", "cpu0", "lwktpri", "4"),
        ("A", "on", "\udcff", "lwktpri", "4"),
        ("simulate", "w.yaml", "--script", "\udcff"),
        ("topology", "load", "\udcff"),
        ("topology", "load", "pack:2\udcff"),
        ("topology", "load", "pack:2\n\udcff"),
        ("list", "--registry", "\udcff"),
        ("log", "\udcff", "--json"),
    ],
    ids=lambda args: " ".join(args).encode("ascii", "backslashreplace").decode(),
)
def test_arguments_that_are_no_utf8(session: Session, args: tuple[str, ...]) -> None:
    before = session.files()
    result = session.spawn(*args)
    assert "Traceback" not in result.err
    assert result.status <= 5
    assert session.files() == before


def test_a_name_in_a_report_does_not_reach_the_terminal_as_an_escape(session: Session) -> None:
    session.write(
        "e.yaml", 'workload: "\\e[31mred"\nprograms:\n  - {name: a, scheduler: NORM, run: 1}\n'
    )
    result = session.run("simulate", "e.yaml")
    assert "\x1b" not in result.out + result.err
