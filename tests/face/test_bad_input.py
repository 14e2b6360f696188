"""What bad input gets: one clear error, its exit status, and nothing changed."""

# ruff: noqa: E501  messages stand here as they are printed

from __future__ import annotations

import os
import pwd
import re
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.face.sessions import EIGHT, SCRIPT, Session, block
from tests.text.language.texts import RESERVED_LIST, USAGE

STATEMENT = ("A", "on", "cpu0", "lwktpri", "4")


def explosion() -> str:
    """Seven aliases, each ten of the one before."""
    text = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for below, name in zip("abcdefgh", "bcdefghi", strict=True):
        text += f"{name}: &{name} [{', '.join(['*' + below] * 10)}]\n"
    return text


def test_unknown_clause(session: Session) -> None:
    assert session.refused(2, "A", "on", "cpu*", "lwktpri", "6", "priority", "3") == block(
        """
        usched: command line:1:21: 'priority' would be a second 'lwktpri'
            A on cpu* lwktpri 6 priority 3
                                ^^^^^^^^
          each clause at most once
        """
    )


def test_mistyped_clause(session: Session) -> None:
    assert session.refused(2, "A", "on", "cpu*", "lwktpro", "6") == block(
        """
        usched: command line:1:11: expected a cpu term or a clause such as 'lwktpri 6', found 'lwktpro'
            A on cpu* lwktpro 6
                      ^^^^^^^
          did you mean 'lwktpri'?
          clauses are: lwktpri, vcpus, quantum, locked, exclusive
        """
    )


def test_missing_lwktpri(session: Session) -> None:
    assert session.refused(2, "A", "on", "cpu0", "locked") == block(
        """
        usched: command line:1:17: lwktpri is missing
            A on cpu0 locked
                            ^
          type: A on cpu0 locked lwktpri 6
        """
    )


def test_lwktpri_10_on_the_machine(session: Session) -> None:
    assert session.refused(3, "A", "on", "cpu*", "lwktpri", "10") == block(
        """
        usched: command line:1:19: lwktpri 10 is not for schedulers on the machine: 10 to 31 belong to the kernel
            A on cpu* lwktpri 10
                              ^^
          on the machine lwktpri is 1 to 9
        """
    )


def test_cpu_out_of_range(session: Session) -> None:
    assert session.refused(3, "A", "on", "cpu1", "cpu8", "lwktpri", "6") == block(
        """
        usched: command line:1:11: cpu8 is not in the machine (it has cpu0-cpu7)
            A on cpu1 cpu8 lwktpri 6
                      ^^^^
        """
    )


def test_cpu_star_expanded_by_a_shell(session: Session) -> None:
    assert session.refused(2, "A", "on", "cpu.c", "cpu.h", "lwktpri", "6") == block(
        """
        usched: command line:1:6: 'cpu.c' looks like a file name: the shell expanded an unquoted cpu*
            A on cpu.c cpu.h lwktpri 6
                 ^^^^^
          quote it: 'cpu*'
        """
    )


def test_missing_parent(session: Session) -> None:
    assert session.refused(3, "POOL/WEBB/CACHE", "on", "cpu0", "lwktpri", "6") == block(
        """
        usched: command line:1:1: POOL/WEBB is not declared, and POOL/WEBB/CACHE would stand in it
            POOL/WEBB/CACHE on cpu0 lwktpri 6
            ^^^^^^^^^^^^^^^
          did you mean 'POOL/WEB'?
        """
    )


def test_cpus_that_only_an_exclusive_sibling_has(session: Session) -> None:
    assert session.refused(3, "A", "on", "core3", "lwktpri", "6") == block(
        """
        usched: command line:1:6: no cpu is left: cpu3, cpu7 only for X (exclusive)
            A on core3 lwktpri 6
                 ^^^^^
          name other cpus, or make X smaller
        """
    )


def test_cpu_named_that_only_an_exclusive_sibling_has(session: Session) -> None:
    assert session.refused(3, "A", "on", "cpu2", "cpu3", "lwktpri", "6") == block(
        """
        usched: command line:1:11: cpu3 is only for X (exclusive)
            A on cpu2 cpu3 lwktpri 6
                      ^^^^
          leave it out, except it, or take 'exclusive' off the other
        """
    )


def test_negative_lwktpri(session: Session) -> None:
    assert session.refused(2, "A", "on", "cpu*", "lwktpri", "-6") == block(
        """
        usched: command line:1:19: expected a whole number after 'lwktpri', found '-6'
            A on cpu* lwktpri -6
                              ^^
          on the machine lwktpri is 1 to 9, in a scheduler 1 to 31
        """
    )


def test_absurd_vcpus(session: Session) -> None:
    assert session.refused(
        3, "A", "on", "cpu*", "lwktpri", "6", "vcpus", "99999999999999999999"
    ) == block(
        """
        usched: command line:1:27: vcpus must be 1 to 4096, not 99999999999999999999
            A on cpu* lwktpri 6 vcpus 99999999999999999999
                                      ^^^^^^^^^^^^^^^^^^^^
        """
    )


def test_absurd_cpu(session: Session) -> None:
    assert session.refused(3, "A", "on", "cpu123456789", "lwktpri", "6") == block(
        """
        usched: command line:1:6: cpu123456789 is not in the machine (it has cpu0-cpu7)
            A on cpu123456789 lwktpri 6
                 ^^^^^^^^^^^^
        """
    )


def test_near_miss_of_a_name(session: Session) -> None:
    assert session.refused(4, "destroy", "POOL/WBE") == block(
        """
        usched: command line:1:9: there is no scheduler POOL/WBE
            destroy POOL/WBE
                    ^^^^^^^^
          did you mean 'POOL/WEB'?
        """
    )


def test_near_miss_of_a_verb(session: Session) -> None:
    assert session.refused(2, "destory", "POOL") == block(
        """
        usched: command line:1:1: 'destory' is neither a subcommand nor the start of a statement
            destory POOL
            ^^^^^^^
          did you mean 'destroy'?
          USAGE
          usched --help lists the subcommands
        """
    ).replace("USAGE", USAGE)


def test_reserved_name(session: Session) -> None:
    assert session.refused(3, "tree", "on", "cpu*", "lwktpri", "4") == block(
        """
        usched: command line:1:1: 'tree' is a reserved word, not a scheduler's name
            tree on cpu* lwktpri 4
            ^^^^
          RESERVED
        """
    ).replace("RESERVED", RESERVED_LIST)


def test_reserved_verb(session: Session) -> None:
    assert session.refused(3, "grant", "on", "cpu*", "lwktpri", "4") == block(
        """
        usched: command line:1:1: 'grant' is a reserved word, not a scheduler's name
            grant on cpu* lwktpri 4
            ^^^^^
          RESERVED
        """
    ).replace("RESERVED", RESERVED_LIST)


def test_reserved_name_in_a_script(session: Session) -> None:
    """It is refused, as what is in conflict is; what cannot be read is another matter."""
    session.write("s.usched", "A on cpu77 lwktpri 4\nlist on cpu0 lwktpri 4\n")
    said = session.refused(3, "batch", "s.usched")
    assert "s.usched:1:6: cpu77 is not in the machine" in said
    assert "s.usched:2:1: 'list' is a reserved word" in said
    session.write("s.usched", "list on cpu0 lwktpri 4\nA on cpu0 lwktprio 4\n")
    assert "2 problems; nothing was changed" in session.refused(2, "batch", "s.usched")


def test_broken_yaml_topology(session: Session) -> None:
    session.write("t.yaml", "machine: [a\nsockets: 2\n")
    assert session.refused(3, "topology", "load", "t.yaml") == block(
        """
        usched: t.yaml:2:8: broken YAML: did not find expected ',' or ']'
            sockets: 2
                   ^
        """
    )


def test_broken_yaml_workload(session: Session) -> None:
    session.write("b.yaml", "programs:\n  - name: 'web\n")
    assert session.refused(3, "simulate", "b.yaml") == block(
        """
        usched: b.yaml:2:15: broken YAML: found unexpected end of stream
              - name: 'web
                          ^
        """
    )


def test_duplicate_key_in_a_topology(session: Session) -> None:
    session.write("t.yaml", "sockets: 2\nsockets: 3\n")
    assert session.refused(3, "topology", "load", "t.yaml") == block(
        """
        usched: t.yaml:2:1: the key 'sockets' is given twice
            sockets: 3
            ^^^^^^^
        """
    )


def test_duplicate_key_in_a_workload(session: Session) -> None:
    session.write("b.yaml", "programs:\n  - {name: web, scheduler: NORM, run: 1, run: 2}\n")
    assert session.refused(3, "simulate", "b.yaml") == block(
        """
        usched: b.yaml:2:42: the key 'run' is given twice
              - {name: web, scheduler: NORM, run: 1, run: 2}
                                                     ^^^
        """
    )


def test_unknown_key_in_a_topology(session: Session) -> None:
    session.write("t.yaml", "sockets: 2\nthread: 3\n")
    assert session.refused(3, "topology", "load", "t.yaml") == block(
        """
        usched: t.yaml:2:1: topology has an unknown key 'thread'
            thread: 3
            ^^^^^^
          did you mean 'threads'?
          its keys are: machine, hz, sockets, nodes, llcs, cores, threads, numbering, offline, cpus
        """
    )


def test_unknown_key_in_a_workload(session: Session) -> None:
    session.write("b.yaml", "programs:\n  - {name: web, scheduler: NORM, run: 1, slep: 2}\n")
    assert session.refused(3, "simulate", "b.yaml") == block(
        """
        usched: b.yaml:2:42: program 'web' has an unknown key 'slep'
              - {name: web, scheduler: NORM, run: 1, slep: 2}
                                                     ^^^^
          did you mean 'sleep'?
          its keys are: name, scheduler, rforks, at, every, bursts, run, sleep, repeat, period, deadline
        """
    )


def test_wrong_type_in_a_topology(session: Session) -> None:
    session.write("t.yaml", "sockets: two\n")
    assert session.refused(3, "topology", "load", "t.yaml") == block(
        """
        usched: t.yaml:1:10: sockets of topology must be a whole number, not the text 'two'
            sockets: two
                     ^^^
        """
    )


def test_wrong_type_in_a_workload(session: Session) -> None:
    session.write("b.yaml", "programs:\n  - {name: web, scheduler: NORM, run: 1, sleep: [2]}\n")
    assert session.refused(3, "simulate", "b.yaml") == block(
        """
        usched: b.yaml:2:49: sleep of program 'web' must be a whole number, not a list
              - {name: web, scheduler: NORM, run: 1, sleep: [2]}
                                                            ^
        """
    )


def test_negative_number_in_a_workload(session: Session) -> None:
    session.write("b.yaml", "programs:\n  - {name: web, scheduler: NORM, run: 1, sleep: -2}\n")
    assert session.refused(3, "simulate", "b.yaml") == block(
        """
        usched: b.yaml:2:49: sleep of program 'web' must be 0 to 1000000000000000, not -2
              - {name: web, scheduler: NORM, run: 1, sleep: -2}
                                                            ^^
        """
    )


def test_workload_naming_a_scheduler_that_is_not_there(session: Session) -> None:
    session.write("b.yaml", "programs:\n  - {name: web, scheduler: NROM, run: 1}\n")
    assert session.refused(3, "simulate", "b.yaml") == block(
        """
        usched: b.yaml:2:12: program 'web' forks at tick 0 into NROM, which does not exist
              - {name: web, scheduler: NROM, run: 1}
                       ^^^
          did you mean 'NORM'?
        """
    )


def test_workload_destroying_live_lwps(session: Session) -> None:
    session.write(
        "b.yaml",
        "programs:\n  - {name: web, scheduler: NORM, run: 9}\nevents:\n  - {at: 4, usched: destroy NORM}\n",
    )
    assert session.refused(3, "simulate", "b.yaml", "--json") == block(
        """
        usched: at tick 4: NORM cannot be destroyed, lwps live in it: web.0
          say where they go: destroy NORM into NAME
        """
    )


def test_workload_that_is_a_script(session: Session) -> None:
    assert session.refused(3, "simulate", "script.usched") == block(
        """
        usched: script.usched:2:1: this is a script of statements, not a workload
            NORM on cpu* lwktpri 6
            ^
          a script goes to --script, or usched batch
        """
    )


def test_nul_in_a_script(session: Session) -> None:
    session.write("s.usched", "A on cpu0 lwktpri 6\nB on cpu0\x00 lwktpri 6\n")
    assert session.refused(3, "batch", "s.usched") == block(
        """
        usched: s.usched:2:10: a NUL byte: this is not a text file
            B on cpu0� lwktpri 6
                     ^
          a script is text in UTF-8
        """
    )


def test_nul_in_a_workload(session: Session) -> None:
    session.write("b.yaml", "workload: a\x00\n")
    assert session.refused(3, "simulate", "b.yaml") == block(
        """
        usched: b.yaml:1:12: a NUL byte: this is not a text file
            workload: a�
                       ^
          a workload is text in UTF-8
        """
    )


PROGRAM = b"\x7fELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>\0\1\0\0\0\xb0\xd0\n\0"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("batch FILE", "script"),
        ("check FILE", "script"),
        ("simulate w.yaml --script FILE", "script"),
        ("compare w.yaml FILE", "script"),
        ("simulate FILE", "workload"),
        ("compare FILE script.usched", "workload"),
        ("conform FILE", "workload"),
        ("topology load FILE", "topology"),
        ("list --topology FILE", "topology"),
    ],
)
def test_what_is_not_text_is_called_so(session: Session, words: str, what: str) -> None:
    """And not shown: its signs say nothing to anybody."""
    session.write("prog", PROGRAM)
    typed = words.replace("FILE", "prog").split()
    assert session.refused(3, *typed).endswith(
        f"usched: prog is not text: byte 25 of it is 0xb0\n  a {what} is text in UTF-8"
    )
    typed = words.replace("FILE", "r.db").split()
    assert session.refused(3, *typed).endswith(
        f"usched: r.db is an SQLite database, and no {what}\n"
        "  a registry is named with --registry r.db"
    )
    session.write("utf16", "workload: w\n".encode("utf-16"))
    typed = words.replace("FILE", "utf16").split()
    assert session.refused(3, *typed).endswith(
        f"usched: utf16 is text in UTF-16, and no {what}\n"
        "  type: iconv -f UTF-16 -t UTF-8 utf16, and give it what that prints"
    )


def test_a_trace_that_is_not_text(session: Session) -> None:
    session.write("prog", PROGRAM)
    assert session.refused(3, "import", "prog", "--default", "NORM") == block(
        """
        usched: prog is not text
          usched imports perf script text (perf sched record, then perf script), ftrace's trace or trace_pipe,
          trace-cmd report text, or an rt-app file in JSON
        """
    )


@pytest.mark.parametrize(
    ("words", "what"),
    [("import FILE", "trace"), ("compare FILE", "workload"), ("import FILE -o FILE", "trace")],
)
def test_a_file_that_cannot_be_read_is_told_of_before_what_else_is_missing(
    session: Session, words: str, what: str
) -> None:
    (session.folder / "folder").mkdir()
    for file, why in (("missing", "No such file or directory"), ("folder", "Is a directory")):
        typed = words.replace("FILE", file).split()
        assert session.refused(1, *typed) == f"usched: {what} {file} cannot be read: {why}"


def test_invalid_utf8_in_a_script(session: Session) -> None:
    session.write("s.usched", b"A on cpu0 lwktpri 6\nB on cpu\xff lwktpri 6\n")
    assert session.refused(3, "batch", "s.usched") == block(
        """
        usched: s.usched:2:9: byte 0xff is not UTF-8
            B on cpu� lwktpri 6
                    ^
          a script is text in UTF-8
        """
    )


def test_invalid_utf8_in_a_workload(session: Session) -> None:
    session.write("b.yaml", b"workload: caf\xe9\n")
    assert session.refused(3, "simulate", "b.yaml") == block(
        """
        usched: b.yaml:1:14: byte 0xe9 is not UTF-8
            workload: caf�
                         ^
          a workload is text in UTF-8
        """
    )


def test_invalid_utf8_in_a_topology(session: Session) -> None:
    session.write("t.yaml", b"machine: caf\xe9\n")
    assert session.refused(3, "topology", "load", "t.yaml") == block(
        """
        usched: t.yaml:1:13: byte 0xe9 is not UTF-8
            machine: caf�
                        ^
          a topology is text in UTF-8
        """
    )


def test_workload_of_aliases_that_explode(session: Session) -> None:
    session.write("b.yaml", explosion())
    assert session.refused(3, "simulate", "b.yaml") == block(
        """
        usched: b.yaml:7:20: more than 5000000 values (aliases multiply)
            g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]
                               ^^
        """
    )


def test_script_that_is_missing(session: Session) -> None:
    assert session.refused(1, "batch", "no.usched") == block(
        """
        usched: script no.usched cannot be read: No such file or directory
        """
    )


def test_script_that_is_a_directory(session: Session) -> None:
    (session.folder / "d").mkdir()
    assert session.refused(1, "batch", "d") == block(
        """
        usched: script d cannot be read: Is a directory
        """
    )


def test_workload_that_is_missing(session: Session) -> None:
    assert session.refused(1, "simulate", "no.yaml") == block(
        """
        usched: workload no.yaml cannot be read: No such file or directory
        """
    )


def test_topology_that_is_missing(session: Session) -> None:
    assert session.refused(1, "topology", "load", "no.yaml") == block(
        """
        usched: topology no.yaml cannot be read: No such file or directory
          usched reads a topology in YAML, lscpu -J, lscpu -p, an hwloc XML export (lstopo --of xml),
          or an hwloc synthetic string such as 'pack:2 core:4 pu:2'
        """
    )


def test_topology_with_a_statement_that_is_missing(session: Session) -> None:
    assert session.refused(1, "--topology", "no.yaml", "A", "on", "cpu0", "lwktpri", "4") == block(
        """
        usched: topology no.yaml cannot be read: No such file or directory
          usched reads a topology in YAML, lscpu -J, lscpu -p, an hwloc XML export (lstopo --of xml),
          or an hwloc synthetic string such as 'pack:2 core:4 pu:2'
        """
    )


def test_topology_on_which_schedulers_do_not_fit(session: Session) -> None:
    session.write("t.yaml", "cores: 2\n")
    assert session.refused(3, "topology", "load", "t.yaml") == block(
        """
        usched: X: core3 is not in the machine (it has core0-core1)
          type first: usched destroy X
        """
    )


def test_topology_that_is_empty(session: Session) -> None:
    session.write("t.yaml", "")
    assert session.refused(3, "topology", "load", "t.yaml") == block(
        """
        usched: t.yaml:1:1: the file is empty
          usched reads a topology in YAML, lscpu -J, lscpu -p, an hwloc XML export (lstopo --of xml),
          or an hwloc synthetic string such as 'pack:2 core:4 pu:2'
        """
    )


def test_synthetic_topology_without_pus(session: Session) -> None:
    assert session.refused(3, "topology", "load", "pack:2") == block(
        """
        usched: <synthetic>:1:1: the last level is package, not pu
            pack:2
            ^^^^^^
          add pu:1 or pu:2
        """
    )


def test_csv_and_json_both_to_standard_output(session: Session) -> None:
    assert session.refused(2, "simulate", "w.yaml", "--json", "--csv", "-") == block(
        """
        usched: --json and --csv - both want standard output
        """
    )


def test_csv_into_a_folder_that_is_missing(session: Session) -> None:
    assert session.refused(1, "simulate", "w.yaml", "--csv", "no/x.csv") == block(
        """
        usched: no/x.csv cannot be written: No such file or directory
        """
    )


def test_tick_behind_the_end(session: Session) -> None:
    assert session.refused(2, "simulate", "w.yaml", "--ticks", "5", "--at", "5") == block(
        """
        usched: --at 5 is not in a run of 5 ticks
          its ticks are 0 to 4
        """
    )


def test_machine_without_sys(session: Session) -> None:
    assert session.refused(1, "--root", "no", "topology", "detect") == block(
        """
        usched: --root no is not a folder
          it must be a folder with the sys of a machine in it
        """
    )
    (session.folder / "no").mkdir()
    assert session.refused(1, "--root", "no", "topology", "detect") == block(
        """
        usched: no/sys/devices/system/cpu/present cannot be read
          this is not the /sys of a Linux machine
          describe the machine in a file and type: usched topology load FILE
        """
    )


def test_revision_that_is_not_there(session: Session) -> None:
    assert session.refused(4, "rollback", "99") == block(
        """
        usched: there is no revision 99
          revisions are 0 to 5
        """
    )


def test_difference_to_a_revision_that_is_not_there(session: Session) -> None:
    assert session.refused(4, "diff", "1", "99") == block(
        """
        usched: there is no revision 99
          revisions are 0 to 5
        """
    )


def test_name_that_is_not_there(session: Session) -> None:
    assert session.refused(4, "show", "pool") == block(
        """
        usched: there is no scheduler pool
          did you mean 'POOL'?
        """
    )


def test_cpu_that_is_not_there(session: Session) -> None:
    assert session.refused(4, "explain", "cpu8") == block(
        """
        usched: cpu8 is not in the machine (it has cpu0-cpu7)
        """
    )


def test_cpu_term_that_means_nothing_here(session: Session) -> None:
    assert session.refused(4, "explain", "node7") == block(
        """
        usched: node7 is not in the machine (it has node0-node1)
        """
    )
    assert session.refused(4, "explain", "node") == block(
        """
        usched: there is no scheduler or cpu node
          name a scheduler, or cpus of the machine: cpu0, cpu0-3, node1, core2
        """
    )


def test_log_of_a_name_that_never_was(session: Session) -> None:
    assert session.refused(4, "log", "POL") == block(
        """
        usched: there is no scheduler POL
          did you mean 'POOL'?
        """
    )


def test_tree_of_a_name_that_is_not_there(session: Session) -> None:
    assert session.refused(4, "tree", "POOL/WEB/X") == block(
        """
        usched: there is no scheduler POOL/WEB/X
          did you mean 'POOL/WEB'?
        """
    )


def test_what_is_wrong_with_a_grant_is_told_from_left_to_right(session: Session) -> None:
    said = session.refused(3, "grant", "POOL", "to", "root", "depth", "0", "lwktpri", "40")
    places = [line.split()[2] for line in said.splitlines() if line.startswith("usched: command")]
    assert places == [f"line:1:{column}:" for column in (7, 26, 36)]


def test_grant(session: Session) -> None:
    assert session.refused(3, "grant", "POOL", "to", "root") == block(
        """
        usched: command line:1:7: POOL has schedulers in it, which are root's
            grant POOL to root
                  ^^^^
          destroy them first, or grant each of them: POOL/WEB
        """
    ).replace("which are root's", f"which are {pwd.getpwuid(os.getuid()).pw_name}'s")
    assert session.refused(4, "grant", "POOL/WEB", "to", "no-such-user") == block(
        """
        usched: command line:1:19: there is no user no-such-user
            grant POOL/WEB to no-such-user
                              ^^^^^^^^^^^^
        """
    )
    assert session.refused(3, "revoke", "POOL") == block(
        """
        usched: command line:1:8: POOL is not granted to anybody
            revoke POOL
                   ^^^^
          usched grants shows what is
        """
    )


@pytest.mark.parametrize("letter", ["a", " ", "'", "\\", "#"])
def test_a_line_of_ten_megabytes(session: Session, letter: str) -> None:
    session.write("s.usched", f"A on cpu0 lwktpri 6\n{letter * 10_000_000}\n")
    started = time.process_time()  # of the cpu: others may be at work on this machine
    message = session.refused(2, "batch", "s.usched")
    assert time.process_time() - started < 5
    assert message.startswith("usched: s.usched:2:65537: the line is too long to be a statement\n")
    assert message.endswith("\n  a line has at most 65536 characters, this one 10000000")
    assert len(message) < 1000


def test_a_workload_of_one_line_of_ten_megabytes(session: Session) -> None:
    session.write("b.yaml", "programs: " + "x" * 10_000_000 + "\n")
    message = session.refused(3, "simulate", "b.yaml")
    assert message.startswith("usched: b.yaml:1:11: programs of the workload must be a list, not ")
    assert len(message) < 1000


def test_a_word_of_a_megabyte(session: Session) -> None:
    assert len(session.refused(2, "A", "on", "c" * 1_000_000, "lwktpri", "4")) < 1000
    assert len(session.refused(2, "A" * 60_000, "on", "cpu0", "lwktpri", "4")) < 1000
    assert len(session.refused(4, "show", "A" * 60_000)) < 1000
    assert len(session.refused(4, "explain", "A" * 60_000)) < 1000


def test_control_characters_do_not_reach_the_terminal(session: Session) -> None:
    for word in ("\x1b[31mRED", "A\nB", "A\x07", "\x9b31m"):
        for args in ((word, "on", "cpu0", "lwktpri", "4"), ("A", "on", word, "lwktpri", "4")):
            message = session.refused(2, *args)
            assert all(c.isprintable() or c == "\n" for c in message)
        for command in ("show", "explain", "tree", "log"):
            message = session.refused(4, command, word)
            assert all(c.isprintable() or c == "\n" for c in message), command


def test_a_batch_with_several_errors_shows_them_all(session: Session) -> None:
    session.write(
        "s.usched",
        "usched A on cpu0 lwktpri 6\n"
        "B on cpu0 lwktpr 6\n"
        "B/C on cpu0 lwktpri 6   # follows from the line before: not said again\n"
        "D on cpu9 lwktpri 6\n"
        "destroy NROM\n",
    )
    assert session.refused(2, "batch", "s.usched") == block(
        """
        usched: s.usched:2:11: expected a cpu term or a clause such as 'lwktpri 6', found 'lwktpr'
            B on cpu0 lwktpr 6
                      ^^^^^^
          did you mean 'lwktpri'?
          clauses are: lwktpri, vcpus, quantum, locked, exclusive
        usched: s.usched:4:6: cpu9 is not in the machine (it has cpu0-cpu7)
            D on cpu9 lwktpri 6
                 ^^^^
        usched: s.usched:5:9: there is no scheduler NROM
            destroy NROM
                    ^^^^
          did you mean 'NORM'?
        usched: 3 problems; nothing was changed
        """
    )


def test_a_batch_from_standard_input_is_refused_with_its_lines(session: Session) -> None:
    script = b"A on cpu0 lwktpri 6\nB on cpu0 lwktpri 60\n"
    assert session.refused(3, "batch", "-", stdin=script) == block(
        """
        usched: <stdin>:2:19: lwktpri 60 is not for schedulers on the machine: there is no such priority
            B on cpu0 lwktpri 60
                              ^^
          on the machine lwktpri is 1 to 9
        """
    )


# -- registries that are none ---------------------------------------------------

READS = (("list",), ("tree",), ("map",), ("export",), ("log",), ("check",), ("show", "NORM"))
WRITES = (STATEMENT, ("destroy", "NORM"), ("batch", "script.usched"), ("rollback", "1"))
ALL = pytest.mark.parametrize("args", READS + WRITES, ids=" ".join)


@ALL
def test_a_registry_that_is_a_directory(session: Session, args: tuple[str, ...]) -> None:
    session.registry.unlink()
    session.registry.mkdir()
    assert session.refused(1, *args) == block(
        """
        usched: registry r.db is a directory
          name a file, such as r.db/registry.db
        """
    )


@ALL
def test_a_registry_that_is_not_sqlite(session: Session, args: tuple[str, ...]) -> None:
    session.write("r.db", "NORM on cpu* lwktpri 6\n")
    assert session.refused(1, *args) == "usched: r.db is not a registry: not a SQLite file"


@ALL
def test_a_registry_of_some_other_program(session: Session, args: tuple[str, ...]) -> None:
    session.registry.unlink()
    with sqlite3.connect(session.registry) as other:
        other.execute("CREATE TABLE song (title TEXT)")
    assert session.refused(1, *args) == (
        "usched: r.db is a SQLite database, but no usched registry"
    )


@ALL
def test_a_registry_from_a_newer_version(session: Session, args: tuple[str, ...]) -> None:
    with sqlite3.connect(session.registry) as newer:
        newer.execute("PRAGMA user_version = 99")
    assert session.refused(1, *args) == block(
        """
        usched: r.db was written by a newer usched (schema 99, this one: 1)
          use that version; `usched export` there and `usched batch` here moves the statements
        """
    )


@pytest.mark.parametrize("left", [1, 50, 99, 100, 4096, 8192, 20000, -4096, -1])
@pytest.mark.parametrize("args", [("list",), ("export",), STATEMENT], ids=" ".join)
def test_a_registry_that_is_truncated(session: Session, left: int, args: tuple[str, ...]) -> None:
    session.registry.write_bytes(session.registry.read_bytes()[:left])
    message = session.refused(1, *args)
    first, *rest = message.split("\n")
    assert first.startswith(("usched: registry r.db is ", "usched: r.db is not a registry"))
    assert any(word in first for word in ("truncated", "damaged", "not a SQLite file"))
    assert rest in ([], ["  put it back from a copy"])


def test_a_registry_that_is_truncated_to_nothing_reads_as_an_empty_one(session: Session) -> None:
    session.registry.write_bytes(b"")
    before = session.files()
    assert session.run("list").status == 0
    assert session.files() == before
    assert session.run("--topology", "eight.yaml", *STATEMENT).status == 0


def test_a_registry_with_garbage_in_it(session: Session) -> None:
    data = bytearray(session.registry.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    session.registry.write_bytes(data)
    assert "damaged" in session.refused(1, "list")
    assert "damaged" in session.refused(1, *STATEMENT)


def test_a_registry_in_a_folder_that_is_missing(session: Session) -> None:
    before = session.files()
    result = session.run("--registry", "no/r.db", *STATEMENT)
    folder = session.folder / "no"
    assert (result.status, result.out, session.files()) == (1, "", before)
    assert result.err.splitlines()[-1] == (
        f"usched: registry no/r.db cannot be opened: {folder} is not there"
    )


@pytest.mark.parametrize("args", [STATEMENT, ("list",)], ids=" ".join)
def test_a_registry_that_stays_locked(session: Session, args: tuple[str, ...]) -> None:
    held = sqlite3.connect(session.registry, isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    try:
        result = session.spawn("--wait", "0.3", *args)
    finally:
        held.close()
    lines = result.err.splitlines()
    assert (result.status, result.out, len(lines)) == (1, "", 3)
    assert lines[0].startswith("usched: registry r.db is locked: waited 0.")
    assert lines[1].startswith(f"  held by pid {os.getpid()} (")
    assert lines[2] == "  try again, or --wait longer"


def test_a_registry_that_is_locked_for_a_while_is_waited_for(session: Session) -> None:
    held = sqlite3.connect(session.registry, isolation_level=None, check_same_thread=False)
    held.execute("BEGIN EXCLUSIVE")
    threading.Timer(0.3, held.close).start()
    assert session.run(*STATEMENT).status == 0


@contextmanager
def somebody_else() -> Iterator[None]:
    """Root may write everything; for a while, be nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_a_registry_that_is_read_only(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    assert session.run(*STATEMENT, "-n").status == 0
    folder = Path(tempfile.mkdtemp())
    try:
        shutil.copy(session.registry, folder / "r.db")
        (folder / "r.db").chmod(0o444)
        folder.chmod(0o555)
        monkeypatch.chdir(folder)
        other = Session(folder)
        why = "registry r.db is read-only" if os.geteuid() else "A is root's; you hold nothing"
        with somebody_else():
            for tried in ((), ("-n",)):
                assert f"not permitted: {why}" in other.refused(5, *STATEMENT, *tried)
            assert other.done("export").startswith("NORM on cpu* lwktpri 6\n")
    finally:
        monkeypatch.undo()
        folder.chmod(0o755)
        shutil.rmtree(folder)


# -- what is refused leaves nothing behind --------------------------------------


def test_a_first_statement_that_is_refused_leaves_no_registry(empty: Session) -> None:
    empty.write("eight.yaml", EIGHT)
    assert "cpu99" in empty.refused(
        3, "--topology", "eight.yaml", "A", "on", "cpu99", "lwktpri", "4"
    )


def test_a_first_statement_that_is_refused_does_not_spoil_the_next_ones(empty: Session) -> None:
    empty.write("eight.yaml", EIGHT)
    wrong = empty.run("--topology", "eight.yaml", "A", "on", "cpu99", "lwktpri", "4")
    assert wrong.status == 3
    assert empty.run("list").status == 0
    assert empty.run("--topology", "eight.yaml", *STATEMENT, "-n").status == 0
    right = empty.run("--topology", "eight.yaml", *STATEMENT)
    assert (right.status, right.err) == (0, "")


def test_reading_makes_no_registry(empty: Session) -> None:
    empty.write("eight.yaml", EIGHT)
    before = empty.files()
    for args in (("list",), ("tree",), ("map",), ("export",), ("check",), ("explain", "cpu0")):
        assert empty.run("--topology", "eight.yaml", *args).status == 0
    assert empty.run("--topology", "eight.yaml", *STATEMENT, "-n").status == 0
    assert empty.files() == before


def test_an_empty_file_is_an_empty_registry_and_reading_leaves_it_alone(empty: Session) -> None:
    empty.write("eight.yaml", EIGHT)
    empty.write("s.usched", SCRIPT)
    empty.write("r.db", b"")
    before = empty.files()
    assert empty.run("--topology", "eight.yaml", "list").status == 0
    assert empty.run("--topology", "eight.yaml", "batch", "s.usched", "-n").status == 0
    assert empty.files() == before
    assert empty.run("--topology", "eight.yaml", "batch", "s.usched").status == 0


@pytest.mark.parametrize("words", ["simulate", "compare", "conform", "generate"])
def test_help_writes_bounds_that_are_long_as_powers(session: Session, words: str) -> None:
    said = session.done(words, "--help")
    assert re.search(r"<=x<=(10\^15|2\^64-1)\b", said)
    assert not re.search(r"[0-9]{8}", said)


def test_a_number_out_of_bounds_is_held_against_them(session: Session) -> None:
    said = session.refused(2, "simulate", "w.yaml", "--ticks", "0")
    assert "'--ticks': 0 is not in the range 1<=x<=10^15." in said
    said = session.refused(2, "generate", "--seed", str(2**64), "--lwps", "1")
    assert f"{2**64} is not in the range 0<=x<=2^64-1." in said
