"""usched shield."""

from __future__ import annotations

import pytest

from tests.face.fake_linux import plan
from tests.face.sessions import Session, block, page


def test_a_shield_is_an_exclusive_scheduler_and_linux_makes_a_partition_of_it(
    linux: Session,
) -> None:
    linux.done("NORM", "on", "cpu*", "lwktpri", "6")
    assert linux.done("shield", "cpu2-3") == page("""
    SHIELD on cpu2 cpu3 lwktpri 6 exclusive  # revision 3
    #   SHIELD: 2 cpus on cpu2-cpu3
    #   NORM: 6 cpus on cpu0-cpu1, cpu4-cpu7 (was on cpu0-cpu7)
    # to make Linux so: usched --registry r.db plan, then sudo usched --registry r.db apply
    """)
    assert linux.done("shield") == "SHIELD on cpu2 cpu3 lwktpri 6 exclusive\n"
    steps = plan(linux)
    assert "write  usched/SHIELD/cpuset.cpus.partition  root\n" in steps
    assert "write  usched/NORM/cpuset.cpus              0-1,4-7\n" in steps


@pytest.mark.parametrize(
    ("words", "declared"),
    [
        ("2-3,7", "cpu2 cpu3 cpu7 lwktpri 6 exclusive"),
        ("1 5", "cpu1 cpu5 lwktpri 6 exclusive"),
        ("node1 except 7", "node1 except cpu7 lwktpri 6 exclusive"),
        ("1 locked lwktpri 8 quantum 20", "cpu1 lwktpri 8 quantum 20 exclusive locked"),
        ("cpu1-2 exclusive", "cpu1 cpu2 lwktpri 6 exclusive"),
    ],
)
def test_cpus_are_written_as_anywhere_or_as_plain_numbers(
    linux: Session, words: str, declared: str
) -> None:
    linux.done("shield", "-q", *words.split())
    assert linux.done("export") == f"SHIELD on {declared}\n"


def test_another_shield_replaces_it_and_off_ends_it(linux: Session) -> None:
    linux.done("shield", "cpu2-3", "locked")
    linux.done("shield", "--name", "OTHER", "cpu1")
    linux.done("shield", "cpu4")
    exported = "SHIELD on cpu4 lwktpri 6 exclusive\nOTHER on cpu1 lwktpri 6 exclusive\n"
    assert linux.done("export") == exported
    assert linux.done("shield", "off", "-n") == page("""
    destroy SHIELD  # would be revision 5
    #   SHIELD: gone
    # dry run: nothing was changed
    """)
    assert linux.done("export") == exported
    assert linux.done("shield", "off") == page("""
    destroy SHIELD  # revision 5
    #   SHIELD: gone
    # to make Linux so: usched --registry r.db plan, then sudo usched --registry r.db apply
    """)
    linux.done("shield", "off", "--name", "OTHER", "-q")
    assert linux.done("export") == ""


def test_it_may_be_looked_at_first(linux: Session) -> None:
    assert linux.done("-n", "shield", "cpu2-3") == page("""
    SHIELD on cpu2 cpu3 lwktpri 6 exclusive  # would be revision 2
    #   SHIELD: 2 cpus on cpu2-cpu3
    # dry run: nothing was changed
    """)
    assert linux.done("export") == ""


@pytest.mark.parametrize(
    ("words", "on"),
    [
        (["cpu*"], "'cpu*'"),
        (["0-7"], "cpu0-7"),
        (["0-3", "node1"], "node1 cpu0-3"),
        (["cpu*", "-n"], "'cpu*'"),
    ],
)
def test_the_rest_of_the_system_keeps_a_cpu(linux: Session, words: list[str], on: str) -> None:
    assert linux.refused(3, "shield", *words) == block("""
    usched: SHIELD would take every cpu from the rest of the system
      leave it one: usched SHIELD on {on} except cpu0 lwktpri 6 exclusive
    """).format(on=on)


def test_two_shields_leave_it_one_too(linux: Session) -> None:
    linux.done("shield", "0-6", "-q")
    assert linux.refused(3, "shield", "7", "--name", "OTHER") == block("""
    usched: SHIELD and OTHER would take every cpu from the rest of the system
      leave it one: usched SHIELD on cpu0-6 except cpu0 lwktpri 6 exclusive
    """)


def test_a_shield_in_a_scheduler_takes_from_that_one_alone(linux: Session) -> None:
    linux.done("POOL", "on", "node1", "lwktpri", "6")
    linux.done("shield", "cpu*", "--name", "POOL/MINE", "-q")
    assert "POOL/MINE on cpu* lwktpri 6 exclusive\n" in linux.done("export")


def test_what_is_no_shield_is_left_alone(linux: Session) -> None:
    linux.done("NORM", "on", "cpu0-3", "lwktpri", "6")
    for words in (["cpu7"], ["off"], []):
        assert linux.refused(3, "shield", "--name", "NORM", *words) == block("""
        usched: NORM is no shield: it is not exclusive
          name another one: usched --registry r.db shield --name OTHER ...
        """)
    for words in (["off"], []):
        assert linux.refused(4, "shield", *words) == block("""
        usched: there is no shield SHIELD
          usched --registry r.db shield cpu2-3 would make one
        """)
    assert linux.refused(4, "shield", "--name", "FAST") == block("""
    usched: there is no shield FAST
      usched --registry r.db shield --name FAST cpu2-3 would make one
    """)
    assert linux.refused(3, "shield", "cpu3") == block("""
    usched: command line:1:1: NORM would not fit: cpu3 is only for SHIELD (exclusive)
        SHIELD on cpu3 lwktpri 6 exclusive
        ^^^^^^
      leave it out, except it, or take 'exclusive' off the other
    """)


def test_what_cannot_be_read_is_shown_as_it_would_be_declared(linux: Session) -> None:
    assert linux.refused(3, "shield", "cpu9") == block("""
    usched: command line:1:11: cpu9 is not in the machine (it has cpu0-cpu7)
        SHIELD on cpu9 lwktpri 6 exclusive
                  ^^^^
    """)
    assert linux.refused(2, "shield", "off", "now") == block("""
    usched: command line:1:11: expected a cpu term, found 'off'
        SHIELD on off now lwktpri 6 exclusive
                  ^^^
      cpus are: cpu*, cpuN, cpuN-M, coreN, threadN, llcN, nodeN, socketN
    """)
