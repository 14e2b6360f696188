"""What people type in a hurry: answered in a sentence, and nothing is changed by it."""

from __future__ import annotations

import shlex

import pytest

from tests.face.sessions import Session, less_warnings

#: What is typed -> the exit status, and words that the answer must have in it.
SLIPS: dict[str, tuple[int, str]] = {
    # statements
    "add NORM on cpu0 lwktpri 4": (2, "type: NORM on cpu0 lwktpri 4"),
    "create NORM": (2, "type: NORM on 'cpu*' lwktpri 6"),
    "declare NORM on cpu0 lwktpri 4": (2, "type: NORM on cpu0 lwktpri 4"),
    "NORM": (2, "neither a subcommand nor the start of a statement"),
    "NORM lwktpri 6 on cpu0": (2, "expected 'on' after the name 'NORM', found 'lwktpri'"),
    "NORM on cpu0": (2, "lwktpri is missing"),
    "NORM on cpu0 6": (2, "type: NORM on cpu0 cpu6 lwktpri 6"),
    "NORM on cpu0, cpu1 lwktpri 6": (2, "type: cpu0"),
    "NORM on 0,1,2 lwktpri 6": (2, "type: cpu0 cpu1 cpu2"),
    "NORM on cpus0-3 lwktpri 6": (2, "type: cpu0-3"),
    "NORM on cpu 0-3 lwktpri 6": (2, "type: cpu0"),
    "NORM on cpu0-cpu9 lwktpri 6": (3, "cpu9 is not in the machine (it has cpu0-cpu7)"),
    "NORM on cpu3-1 lwktpri 6": (2, "type: cpu1-3"),
    "NORM on core0-3 lwktpri 6": (2, "type: core0 core1 core2 core3"),
    "NORM on Node0 lwktpri 6": (2, "type: node0"),
    "NORM on numa0 lwktpri 6": (2, "type: node0"),
    "NORM on all lwktpri 6": (2, "type: 'cpu*'"),
    "NORM on cpu0 but cpu1 lwktpri 6": (2, "type: on cpu0 except cpu1"),
    "NORM on cpu* except cpu* lwktpri 6": (3, "no cpu is left"),
    "NORM on cpu0 lwktpri": (2, "expected a whole number after 'lwktpri', found the end"),
    "NORM on cpu0 lwktpri high": (2, "expected a whole number"),
    "NORM on cpu0 lwktpri 6 vcpus all": (2, "expected a whole number after 'vcpus'"),
    "NORM on cpu0 lwktpri 6 vcpu 4": (2, "type: vcpus 4"),
    "NORM on cpu0 lwktpri 6 quantum": (2, "expected a time"),
    "NORM on cpu0 lwktpri 6 quantum 10 ms": (2, "type: quantum 10ms"),
    "NORM on cpu0 lwktpri 6 quantum -1": (2, "expected a time"),
    "NORM on cpu0 lwktpri 6 quantum 5sec": (2, "expected a time"),
    # what can be read, and is out of bounds
    "NORM on cpu0 lwktpri 0": (3, "lwktpri is 1 to 9"),
    "NORM on cpu0 lwktpri 6 vcpus 0": (3, "vcpus must be 1 to 4096, not 0"),
    "NORM on cpu0 lwktpri 6 quantum 0": (3, "quantum must be 1 to 1000000000000000, not 0"),
    "NORM on cpu0 lwktpri 6 quantum 0ms": (3, "quantum must be 1 to 1000000000000000, not 0"),
    "grant NORM to root lwktpri 0": (3, "lwktpri of a grant of NORM is 1 to 31, not 0"),
    "grant NORM to root depth 0": (3, "depth of a grant of NORM is 1 to 15, not 0"),
    "grant NORM to root until 0": (3, "until must be 1 to 1000000000000000, not 0"),
    "NORM on cpu0 lwktpri 6 Locked": (2, "type: locked"),
    "NORM on cpu0 lwktpri 6 locked=yes": (2, "a clause has no '='"),
    "NORM on cpu0 lwktpri 6 --locked": (2, "--locked"),
    "NORM on cpu0 lwktpri 6 exclusively": (2, "type: exclusive"),
    "NORM on cpu0 --lwktpri 6": (2, "type: lwktpri 6"),
    "NORM on cpu0 lwktpri 6 --dryrun": (2, "--dryrun"),
    "NORM on cpu0 lwktpri 6 -N": (2, "-N"),
    "POOL/ on cpu0 lwktpri 6": (2, "is not a scheduler's name"),
    "/POOL on cpu0 lwktpri 6": (2, "is not a scheduler's name"),
    "POOL.WEB/A on cpu0 lwktpri 6": (3, "did you mean 'POOL/WEB'?"),
    "'POOL WEB' on cpu0 lwktpri 6": (2, "separate words"),
    "'NORM on cpu0 lwktpri 6'": (2, "leave the quotes out"),
    "pool/web/x on cpu0 lwktpri 6": (3, "did you mean 'POOL/WEB'?"),
    "list on cpu0 lwktpri 6": (3, "reserved"),
    "A on cpu0 lwktpri 6 on cpu1": (2, "found 'on'"),
    # destroy
    "destroy": (2, "expected the scheduler to destroy"),
    "destroy *": (2, "is not a scheduler's name"),
    "destroy all": (4, "there is no scheduler all"),
    "destroy norm": (4, "did you mean 'NORM'?"),
    "destroy NORM X": (2, "it may be: into, recursive"),
    "destroy POOL -r": (2, "type: recursive"),
    "destroy POOL": (3, "usched destroy POOL recursive"),
    "destroy POOL/": (2, "is not a scheduler's name"),
    "destroy NORM to X": (2, "type: into"),
    "destroy NORM into": (2, "expected the scheduler that takes over"),
    "destroy NORM into cpu0": (4, "there is no scheduler cpu0"),
    "destroy NORM --into X": (2, "type: into"),
    "destroy NORM --force": (2, "--force"),
    "remove NORM": (2, "neither a subcommand nor the start of a statement"),
    "delete NORM": (2, "type: destroy NORM"),
    "grant POOL bob": (2, "expected 'to' and a user"),
    "revoke": (2, "expected the scheduler to revoke"),
    # subcommands
    "ls": (2, "neither a subcommand nor the start of a statement"),
    "LIST": (2, "did you mean 'list'?"),
    "lists": (2, "did you mean 'list'?"),
    "list POOL": (2, "POOL"),
    "list -l": (2, "-l"),
    "status": (2, "neither a subcommand nor the start of a statement"),
    "help": (2, "usched --help"),
    "version": (2, "usched --help"),
    "show": (2, "NAME"),
    "show ''": (2, "NAME is empty: name one"),
    "show POOL X": (2, "X"),
    "show POOL,X": (4, "there is no scheduler POOL,X"),
    "show cpu0": (4, "there is no scheduler cpu0"),
    "explain": (2, "CPU|NAME"),
    "explain 3": (4, "there is no scheduler or cpu 3"),
    "explain CPU3": (4, "there is no scheduler or cpu CPU3"),
    "explain cpu": (4, "cpu0"),
    "explain cpu-1": (4, "there is no scheduler or cpu cpu-1"),
    "explain cpu0 cpu1": (2, "cpu1"),
    "explain cpu99999999999999999999": (4, "cpu99999999999999999999"),
    "explain POOL/cpu0": (4, "there is no scheduler or cpu POOL/cpu0"),
    "map POOL": (2, "POOL"),
    "export mine.usched": (2, "mine.usched"),
    "export POOL": (2, "POOL"),
    "import mine.usched": (2, "type: usched batch mine.usched"),
    "log 3": (4, "3"),
    "log ''": (2, "NAME is empty: leave it out, or name one"),
    "log --limit -1": (2, "--limit"),
    "log -n 3": (2, "-n"),
    "diff": (2, "REV"),
    "diff a b": (2, "REV"),
    "diff 1 2 3": (2, "3"),
    "diff -1": (2, "-1"),
    "rollback": (2, "REV"),
    "rollback last": (2, "'REV': 'last' is not a valid whole number"),
    "rollback 1.5": (2, "REV"),
    "rollback 10000000000000000000000000": (4, "there is no revision"),
    "undo": (2, "neither a subcommand nor the start of a statement"),
    "batch": (2, "FILE"),
    "batch a.usched b.usched": (2, "b.usched"),
    "batch .": (1, "script . cannot be read: Is a directory"),
    "batch w.yaml": (2, "w.yaml:2:1: this is a workload, not a script of statements"),
    "batch eight.yaml": (2, "this is a topology, not a script of statements"),
    "batch ''": (2, "FILE is empty: name one"),
    "batch r.db": (3, "a registry is named with --registry r.db"),
    "check nothing.usched": (1, "nothing.usched"),
    "check eight.yaml": (3, "eight.yaml:1:1: this is a topology, not a workload"),
    "check ''": (2, "FILE is empty: leave it out, or name one"),
    "topology": (2, "load"),
    "topology list": (2, "list"),
    "topology load": (2, "FILE"),
    "topology load w.yaml": (3, "this is a workload, not a topology"),
    "topology load script.usched": (3, "this is a script of statements, not a topology"),
    "topology load pack:2,pu:2": (3, "pack:2,pu:2"),
    "topology load pack:2 pu:2": (2, "pu:2"),
    "topology show eight.yaml": (2, "eight.yaml"),
    "topology detect eight.yaml": (2, "eight.yaml"),
    "simulate": (2, "WORKLOAD"),
    "simulate script.usched": (3, "script.usched:2:1"),
    "simulate eight.yaml": (3, "this is a topology, not a workload"),
    "simulate ''": (2, "WORKLOAD is empty: name one"),
    "simulate w.yaml 100": (2, "100"),
    "simulate w.yaml --ticks": (2, "--ticks"),
    "simulate w.yaml --ticks 1s": (2, "'--ticks': '1s' is not a valid whole number of ticks"),
    "simulate w.yaml --ticks 1e3": (2, "--ticks"),
    "simulate w.yaml --at -1": (2, "--at"),
    "simulate w.yaml --csv": (2, "--csv"),
    "simulate w.yaml --csv ''": (2, "'--csv': FILE is empty: leave the option out, or name one"),
    "simulate w.yaml --csv a --html ./a": (2, "--csv and --html both name ./a"),
    "simulate w.yaml --script w.yaml": (2, "a workload goes to usched simulate, compare"),
    "simulate w.yaml --script no.usched": (1, "no.usched"),
    "simulate w.yaml --topology no.yaml": (1, "no.yaml"),
    "completion": (2, "bash"),
    "completion sh": (2, "bash"),
    "--ticks 3 list": (2, "--ticks"),
    "--json NORM on cpu0 lwktpri 4": (2, "--json"),
    "--registry": (2, "--registry"),
    "--topology": (2, "--topology"),
    "--wait": (2, "--wait"),
    "-x": (2, "-x"),
    "''": (2, "'' is not a scheduler's name"),
    "-": (2, "usched batch -"),
    "--wait soon list": (2, "'soon' is not a valid number"),
    "--": (2, ""),
}


@pytest.mark.parametrize("typed", SLIPS)
def test_a_slip_is_answered_and_changes_nothing(session: Session, typed: str) -> None:
    status, words = SLIPS[typed]
    message = session.refused(status, *shlex.split(typed))
    assert words in message
    assert len(message.splitlines()) <= 25


@pytest.mark.parametrize("guess", ["cpu0-", "cpu-3", "cpu0..3", "cpu0:3", "cpu[0-3]", "cpu0-3-5"])
def test_a_range_in_another_spelling_is_not_taken_for_a_file(session: Session, guess: str) -> None:
    message = session.refused(2, "A", "on", guess, "lwktpri", "4")
    assert "the shell expanded" not in message


def test_several_words_in_quotes_are_not_taken_for_a_file(session: Session) -> None:
    message = session.refused(2, "A", "on", "cpu0 cpu1", "lwktpri", "4")
    assert "the shell expanded" not in message


def test_what_is_suggested_is_not_what_was_typed(session: Session) -> None:
    message = session.refused(2, "A", "on", "cpu99999999999999999999", "lwktpri", "4")
    assert "type: cpu99999999999999999999" not in message


def test_nothing_is_suggested_that_is_no_option(session: Session) -> None:
    assert "--version" not in session.refused(2, "--jsno", "list")


def test_cpus_that_are_wrong_twice_are_named_once(session: Session) -> None:
    session.done("A", "on", "cpu4-6", "except", "cpu4", "lwktpri", "3")
    session.write("four.yaml", "machine: four\nsockets: 2\ncores: 2\n")
    session.done("destroy", "X")
    lines = session.refused(3, "topology", "load", "four.yaml").splitlines()
    assert len(lines) == len(set(lines))


def test_an_option_that_is_missing_its_words_is_not_taken_for_a_dry_run(session: Session) -> None:
    before = session.done("export")
    session.refused(2, "A", "on", "cpu0", "lwktpri", "-n")
    assert session.done("export") == before


def test_standard_input_is_read_once(session: Session) -> None:
    message = session.refused(2, "simulate", "-", "--script", "-", stdin=b"A on cpu0 lwktpri 4\n")
    assert "standard input" in message


def test_a_statement_in_quotes_and_one_in_words_are_told_apart(session: Session) -> None:
    assert "leave the quotes out" in session.refused(2, "NORM on cpu* lwktpri 6")


def test_a_rollback_to_before_the_topology_does_not_say_that_one_was_declared(
    session: Session,
) -> None:
    session.done("destroy", "POOL", "recursive")
    session.done("destroy", "X")
    said = session.run("rollback", "0", "-n").out
    assert "with the topology that was declared then" not in said


def test_flags_may_stand_before_the_words(session: Session) -> None:
    words = ("OTHER", "on", "cpu1", "lwktpri", "3")
    assert session.done("-n", *words) == session.done(*words, "-n")
    assert session.done("--dry-run", "-q", *words) == ""
    assert "OTHER" not in session.done("export")
    assert session.done("--json", "list") == session.done("list", "--json")
    assert session.done("--wait", "3", "-n", *words) == session.done(*words, "-n")
    assert session.done("-q", *words) == ""
    assert "OTHER on cpu1 lwktpri 3\n" in session.done("export")
    assert session.done("-n", "destroy", "OTHER").endswith("# dry run: nothing was changed\n")


@pytest.mark.parametrize("words", ["OTHER on cpu1 lwktpri 3", "destroy NORM"])
@pytest.mark.parametrize(
    "options",
    [
        "-n",
        "--dry-run",
        "-n --registry r.db",
        "--registry r.db -n",
        "--registry=r.db -n",
        "-n --topology eight.yaml",
        "--topology=eight.yaml --dry-run --wait=1",
        "--wait 1 -n --root .",
        "-n -q",
        "-nq",
        "-qn",
        "--quiet --registry r.db --dry-run",
    ],
)
def test_every_option_of_a_statement_may_stand_before_it(
    session: Session, options: str, words: str
) -> None:
    before = session.files()
    given, said = options.split(), words.split()
    ahead = session.run(*given, *said)
    assert (ahead.status, less_warnings(ahead.err)) == (0, "")
    assert ahead == session.run(*said, *given)
    assert session.files() == before
    quiet = {"-q", "--quiet", "-nq", "-qn"} & set(given)
    assert ahead.out.endswith("# dry run: nothing was changed\n") != bool(quiet)


def test_a_flag_that_a_command_does_not_have_is_its_error(session: Session) -> None:
    said = session.refused(2, "-n", "list")
    assert "No such option" in said
    assert "Usage: usched list" in said
    assert "--ticks stands behind the command" in session.refused(2, "--ticks", "5", "list")
    assert "No such option" in session.refused(2, "-n")


def test_only_what_would_have_changed_something_says_that_nothing_was(session: Session) -> None:
    session.write("bad.usched", "A on cpu99 lwktpri 3\nB on cpu98 lwktpri 4\n")
    assert session.refused(3, "batch", "bad.usched").endswith("2 problems; nothing was changed")
    for words in (("check", "bad.usched"), ("simulate", "w.yaml", "--script", "bad.usched")):
        assert session.refused(3, *words).endswith("usched: 2 problems")
