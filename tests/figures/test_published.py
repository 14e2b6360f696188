"""Schedules that others have published, to the last tick."""

from __future__ import annotations

import pytest

from tests.figures.plans import plan
from usched.engine.dispatcher import simulate
from usched.figures.accounts import Accounts, take_account
from usched.figures.chains import trace_vcpus
from usched.meaning.timetable import Timetable
from usched.words.run import Run


def run(timetable: Timetable, ticks: int | None = None) -> tuple[Run, Accounts]:
    done = simulate(timetable, ticks)
    return done, take_account(timetable, done)


def worst(accounts: Accounts) -> list[int]:
    """The longest response of each lwp."""
    return [lwp.response.max for lwp in accounts.lwps if lwp.response]


def test_fixed_priorities_have_their_worst_responses() -> None:
    """Joseph and Pandya 1986, as Buttazzo has it: 3 every 7, 3 every 12, 5 every 20."""
    script = """
        HIGH on cpu0 lwktpri 9
        MIDDLE on cpu0 lwktpri 8
        LOW on cpu0 lwktpri 7
        """
    programs = """
        - {name: a, scheduler: HIGH, run: 3, period: 7, repeat: forever}
        - {name: b, scheduler: MIDDLE, run: 3, period: 12, repeat: forever}
        - {name: c, scheduler: LOW, run: 5, period: 20, repeat: forever}
        """
    for times in (1, 1_000_000):  # 420 is the least common multiple
        done, accounts = run(plan(1, script, programs), 420 * times)
        assert worst(accounts) == [3, 6, 20]
        assert [lwp.misses for lwp in accounts.lwps] == [0, 0, 0]
        assert done.cpus[0].idle == accounts.idle == 30 * times


@pytest.mark.parametrize(
    ("quantum", "bursts", "waited"),
    [(4, (24, 3, 3), [6, 4, 7]), (20, (53, 17, 68, 24), [81, 20, 94, 97])],
)
def test_round_robin_waits(quantum: int, bursts: tuple[int, ...], waited: list[int]) -> None:
    """Silberschatz, Galvin and Gagne, Operating System Concepts."""
    programs = "".join(
        f"- {{name: p{number}, scheduler: RR, run: {burst}}}\n"
        for number, burst in enumerate(bursts)
    )
    _, accounts = run(plan(1, f"RR on cpu0 lwktpri 5 quantum {quantum}", programs))
    assert [lwp.waited for lwp in accounts.lwps] == waited
    for lwp, burst in zip(accounts.lwps, bursts, strict=True):
        assert lwp.response is not None
        assert lwp.response.max == burst + lwp.waited
        assert lwp.blame.by == {"RR": pytest.approx(lwp.waited)} or not lwp.waited


@pytest.mark.parametrize(
    ("quantum", "finish"), [(1, [4, 18, 17, 20, 15]), (4, [3, 17, 11, 20, 19])]
)
def test_stallings_five_processes_finish(quantum: int, finish: list[int]) -> None:
    """Stallings, Operating Systems, table of process scheduling: 3 6 4 5 2 at 0 2 4 6 8."""
    programs = "".join(
        f"- {{name: p{number}, scheduler: RR, at: {2 * number}, run: {burst}}}\n"
        for number, burst in enumerate((3, 6, 4, 5, 2))
    )
    done, accounts = run(plan(1, f"RR on cpu0 lwktpri 5 quantum {quantum}", programs))
    assert [lwp.exited for lwp in done.lwps] == finish
    assert worst(accounts) == [end - 2 * number for number, end in enumerate(finish)]


@pytest.mark.parametrize("cpus", [2, 4, 8])
def test_dhalls_set_misses_when_it_floats_and_not_when_the_long_one_has_a_cpu(cpus: int) -> None:
    """Dhall and Liu 1978: m lwps of 2/10 and one of 10/11 on m cpus, the long one lowest."""
    programs = f"""
        - {{name: short, scheduler: SHORT, rforks: {cpus}, run: 2, period: 10, repeat: forever}}
        - {{name: long, scheduler: LONG, run: 10, period: 11, repeat: forever}}
        """
    floating = "SHORT on cpu* lwktpri 8\nLONG on cpu* lwktpri 7\n"
    _, accounts = run(plan(cpus, floating, programs), 11)
    assert [program.misses for program in accounts.programs] == [0, 1]
    # the first two ticks, and the one at which the short ones come again
    assert accounts.programs[1].blame.by == {"SHORT": pytest.approx(3)}
    apart = "LONG on cpu0 lwktpri 7 exclusive locked\nSHORT on cpu* lwktpri 8\n"
    _, accounts = run(plan(cpus, apart, programs), 110_000)
    assert [program.misses for program in accounts.programs] == [0, 0]


def test_no_window_of_a_vcpu_gets_less_than_its_periodic_resource_promises() -> None:
    """Shin and Lee 2003: 3 ticks of every 5, at worst those of one period early, the next late."""
    promised = [0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 4, 5, 6, 6, 6, 7]
    script = """
        TAKES on cpu0 lwktpri 9
        V on cpu0 lwktpri 5 vcpus 1
        V/IN on cpu0 lwktpri 5
        """
    programs = """
        - {name: t, scheduler: TAKES, at: 3, bursts: [[4, 3], [2, 3], [2, 6]], repeat: forever}
        - {name: v, scheduler: V/IN, run: 1000}
        """
    ticks = 200
    given = [0] * ticks
    for passage in trace_vcpus(plan(1, script, programs), ticks):
        given[passage.start : passage.end] = [1] * (passage.end - passage.start)
    for period in range(0, ticks, 5):
        assert sum(given[period : period + 5]) == 3
    worst_windows = [
        min(sum(given[start : start + length]) for start in range(ticks - length))
        for length in range(len(promised))
    ]
    assert worst_windows == promised
