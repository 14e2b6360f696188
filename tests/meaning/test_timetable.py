"""Workloads held against a registry: what is refused before anything runs."""

from __future__ import annotations

import pytest

from tests.meaning.trees import EIGHT, block, registry_of
from usched.meaning.timetable import (
    Destruction,
    Ending,
    Redeclaration,
    Switch,
    Timetable,
    Transfer,
    plan_timetable,
)
from usched.text.workload import parse_workload
from usched.text.yaml import parse_yaml
from usched.words.cpuset import CpuSet
from usched.words.problems import Refused, format_problem

REGISTRY = """
NORM on cpu* lwktpri 6
POOL on node0 lwktpri 6
POOL/A on cpu0 lwktpri 3
"""


WEB = "programs:\n  - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}\n"


def plan(text: str, registry: str = REGISTRY) -> Timetable:
    return plan_timetable(registry_of(registry), EIGHT, parse_workload(parse_yaml(text, "w.yaml")))


def refusal(text: str) -> str:
    with pytest.raises(Refused) as refused:
        plan(text)
    return "\n".join(map(format_problem, refused.value.problems))


def test_error_a_scheduler_that_is_not_there() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NROM, run: 5}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:12: program 'web' forks at tick 0 into NROM, which does not exist
              - {name: web, scheduler: NROM, run: 5}
                       ^^^
          did you mean 'NORM'?
        """
    )


def test_error_a_scheduler_that_is_not_there_is_named_once() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: X, run: 5, rforks: 100}
          - {name: db, scheduler: X, run: 5}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:12: program 'web' forks at tick 0 into X, which does not exist
              - {name: web, scheduler: X, run: 5, rforks: 100}
                       ^^^
          usched list shows the schedulers
        """
    )


def test_error_every_scheduler_that_is_not_there_is_named() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: X, run: 5}
          - {name: db, scheduler: Y, run: 5, at: 7}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:12: program 'web' forks at tick 0 into X, which does not exist
              - {name: web, scheduler: X, run: 5}
                       ^^^
          usched list shows the schedulers
        w.yaml:3:12: program 'db' forks at tick 7 into Y, which does not exist
              - {name: db, scheduler: Y, run: 5, at: 7}
                       ^^
          usched list shows the schedulers
        """
    )


def test_error_a_program_without_scheduler() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: "", run: 5}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:28: scheduler of program 'web' is empty
              - {name: web, scheduler: "", run: 5}
                                       ^^
        """
    )


def test_error_a_later_fork_into_a_scheduler_destroyed_by_then() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 15, usched: destroy NORM}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:12: program 'web' forks at tick 20 into NORM, which does not exist then
              - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
                       ^^^
          usched list shows the schedulers
        """
    )


def test_error_a_fork_at_the_very_tick_of_the_destroy() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 10, usched: destroy NORM}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:12: program 'web' forks at tick 10 into NORM, which does not exist then
              - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
                       ^^^
          usched list shows the schedulers
        """
    )


def test_error_a_fork_before_its_scheduler_is_declared() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NEW, run: 5}
        events:
          - {at: 1, usched: NEW on cpu0 lwktpri 4}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:2:12: program 'web' forks at tick 0 into NEW, which does not exist
              - {name: web, scheduler: NEW, run: 5}
                       ^^^
          usched list shows the schedulers
        """
    )


def test_error_a_statement_that_is_refused() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 5, usched: "A on cpu9 lwktpri 4"}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:27: cpu9 is not in the machine (it has cpu0-cpu7)
              - {at: 5, usched: "A on cpu9 lwktpri 4"}
                                      ^^^^
        """
    )


def test_error_a_statement_that_strands_descendants() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 5, usched: POOL on cpu* lwktpri 6 vcpus 4}
          - {at: 6, usched: POOL/B on node0 lwktpri 4}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:5:31: node0 means nothing in POOL: its cpus are virtual and have no sockets
              - {at: 6, usched: POOL/B on node0 lwktpri 4}
                                          ^^^^^
          only cpu terms exist here: cpu0-cpu3
        """
    )


def test_error_a_statement_after_the_end_of_the_run() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 1000000000, usched: "A on cpu0 lwktpri 10"}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:49: lwktpri 10 is not for schedulers on the machine: 10 to 31 belong to the kernel
              - {at: 1000000000, usched: "A on cpu0 lwktpri 10"}
                                                            ^^
          on the machine lwktpri is 1 to 9
        """
    )


def test_error_a_destroy_with_children() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 5, usched: destroy POOL}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:29: POOL has schedulers in it: POOL/A
              - {at: 5, usched: destroy POOL}
                                        ^^^^
          type: usched destroy POOL recursive
        """
    )


def test_error_a_destroy_of_nothing() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 5, usched: destroy POL}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:29: there is no scheduler POL
              - {at: 5, usched: destroy POL}
                                        ^^^
          did you mean 'POOL'?
        """
    )


def test_error_a_move_of_no_program() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 5, move: wbe, to: POOL}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:19: there is no program 'wbe'
              - {at: 5, move: wbe, to: POOL}
                              ^^^
          did you mean 'web'?
        """
    )


def test_error_a_move_of_no_lwp() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 5, move: web.3, to: POOL}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:19: there is no lwp web.3 (there are web.0 to web.2)
              - {at: 5, move: web.3, to: POOL}
                              ^^^^^
        """
    )


def test_error_a_move_of_an_lwp_with_a_leading_zero() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 5, move: web.01, to: POOL}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:19: there is no lwp web.01 (there are web.0 to web.2)
              - {at: 5, move: web.01, to: POOL}
                              ^^^^^^
        """
    )


def test_error_a_move_to_no_scheduler() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 5, move: web, to: POLL}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:28: there is no scheduler POLL
              - {at: 5, move: web, to: POLL}
                                       ^^^^
          did you mean 'POOL'?
        """
    )


def test_error_a_kill_of_no_program() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 5, kill: db}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:19: there is no program 'db'
              - {at: 5, kill: db}
                              ^^
        """
    )


def test_error_offline_of_no_cpu() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 5, offline: cpu8}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:4:22: cpu8 is not in the machine (it has cpu0-cpu7)
              - {at: 5, offline: cpu8}
                                 ^^^^
        """
    )


def test_error_online_of_no_node() -> None:
    text = WEB + "events:\n  - {at: 5, online: node0 node2}\n"
    assert refusal(text) == block(
        """
        w.yaml:4:27: node2 is not in the machine (it has node0-node1)
              - {at: 5, online: node0 node2}
                                      ^^^^^
        """
    )


def test_error_every_event_that_is_wrong() -> None:
    text = block(
        """
        programs:
          - {name: web, scheduler: NORM, run: 5, rforks: 3, every: 10}
        events:
          - {at: 5, kill: db}
          - {at: 4, offline: cpu8}
        """
    )
    assert refusal(text) == block(
        """
        w.yaml:5:22: cpu8 is not in the machine (it has cpu0-cpu7)
              - {at: 4, offline: cpu8}
                                 ^^^^
        w.yaml:4:19: there is no program 'db'
              - {at: 5, kill: db}
                              ^^
        """
    )


def test_a_fork_may_wait_for_its_scheduler() -> None:
    text = (
        "programs:\n  - {name: web, scheduler: NEW, run: 5, at: 1}\n"
        "events:\n  - {at: 1, usched: NEW on cpu0 lwktpri 4}\n"
    )
    assert [type(action) for action in plan(text).actions] == [Redeclaration]


def test_a_fork_goes_where_its_scheduler_was_destroyed_into() -> None:
    text = WEB + "events:\n  - {at: 5, usched: destroy NORM into POOL}\n"
    assert plan(text).actions == (Destruction(5, ("NORM",), "POOL", ()),)


def test_a_fork_goes_where_its_program_was_moved() -> None:
    text = WEB + ("events:\n  - {at: 5, move: web, to: POOL}\n  - {at: 6, usched: destroy NORM}\n")
    assert plan(text).actions == (
        Transfer(5, range(3), "POOL"),
        Destruction(6, ("NORM",), None, ()),
    )


def test_what_was_killed_needs_no_scheduler() -> None:
    text = WEB + (
        "events:\n  - {at: 5, kill: web.2}\n  - {at: 5, kill: web.1}\n"
        "  - {at: 6, usched: destroy NORM}\n"
    )
    assert plan(text).actions[:2] == (Ending(5, range(2, 3)), Ending(5, range(1, 2)))


def test_cpus_go_offline_by_any_terms() -> None:
    text = WEB + "events:\n  - {at: 1, offline: node1 cpu0-1}\n  - {at: 2, online: cpu*}\n"
    assert plan(text).actions == (
        Switch(1, CpuSet.of([0, 1, 2, 3, 6, 7]), False),
        Switch(2, CpuSet.span(0, 7), True),
    )


def test_a_statement_that_changes_nothing_is_no_action() -> None:
    text = WEB + "events:\n  - {at: 1, usched: \"usched NORM on 'cpu*' lwktpri 6\"}\n"
    assert plan(text).actions == ()


def test_events_see_what_earlier_ones_did() -> None:
    text = WEB + (
        "events:\n"
        "  - {at: 3, usched: POOL/B/C on cpu0 lwktpri 4}\n"
        "  - {at: 2, usched: POOL/B on cpu1 lwktpri 4}\n"
    )
    assert [action.at for action in plan(text).actions] == [2, 3]


def test_a_destroy_goes_from_the_last_declared_up() -> None:
    text = WEB + (
        "events:\n"
        "  - {at: 1, usched: POOL/B on cpu1 lwktpri 4}\n"
        "  - {at: 2, usched: destroy POOL into NORM recursive}\n"
    )
    assert plan(text).actions[1] == Destruction(2, ("POOL/B", "POOL/A", "POOL"), "NORM", ())


def test_the_rate_is_the_workloads_or_the_machines() -> None:
    assert plan(WEB).hz == 100
    assert plan("hz: 1000\n" + WEB).hz == 1000


def test_lwps_are_counted_in_workload_order() -> None:
    timetable = plan(WEB + "  - {name: db, scheduler: POOL, run: 1, rforks: 2}\n")
    assert (timetable.first, timetable.lwps()) == ((0, 3), 5)
