"""What threads did, told from lines of ftrace."""

from __future__ import annotations

from tests.face.sessions import block
from usched.meaning.witness import Deed, Witnessed, witness
from usched.text.traces.lines import FTRACE, TraceCounts, read_events

SECOND = 1_000_000_000


def see(text: str, *tids: int, start: float = 10, end: float = 20) -> Witnessed:
    """Each line: cpu, seconds, then `A -R> B` (a switch, and the state of A) or `wake A`."""
    lines = []
    for line in block(text).splitlines():
        cpu, at, *rest = line.split()
        if rest[0] == "wake":
            said = f"sched_waking: comm=w pid={rest[1]} prio=120 target_cpu=000"
        else:
            said = (
                f"sched_switch: prev_comm=p prev_pid={rest[0]} prev_prio=120 "
                f"prev_state={rest[1].strip('->')} ==> next_comm=n next_pid={rest[2]} next_prio=120"
            )
        lines.append(f"  p-1  [{int(cpu):03d}] d..2. {float(at):.6f}: {said}\n")
    counts = TraceCounts("trace", FTRACE)
    seen = witness(read_events(lines, counts), tids, int(start * SECOND), int(end * SECOND))
    assert counts.unread == 0
    return seen


def deed(ran: float, waited: float, migrations: int = 0) -> Deed:
    return Deed(int(ran * SECOND), int(waited * SECOND), migrations)


def test_a_thread_waits_from_its_waking_and_from_when_it_is_preempted() -> None:
    seen = see(
        """
        0 11 wake 7
        0 12 0 -R> 7
        0 14 7 -R+> 8
        0 17 8 -S> 7
        0 18 7 -S> 0
        """,
        7,
    )
    assert seen == Witnessed({7: deed(3, 4)}, 0, 0, {"n": 3 * SECOND})


def test_what_lies_outside_the_window_is_cut_off() -> None:
    seen = see(
        """
        0 5 wake 7
        1 9 0 -R> 7
        1 11 7 -S> 0
        0 19 wake 7
        0 21 0 -R> 7
        0 23 7 -S> 0
        """,
        7,
    )
    assert seen == Witnessed({7: deed(1, 1)}, 0, 0, {})


def test_who_runs_or_waits_at_the_end_did_so_until_then() -> None:
    seen = see(
        """
        0 11 wake 7
        0 11 0 -R> 7
        0 12 wake 8
        """,
        *(7, 8, 9),
    )
    assert seen == Witnessed({7: deed(9, 0), 8: deed(0, 8), 9: deed(0, 0)}, 0, 0, {})


def test_a_migration_is_to_run_on_another_cpu_than_the_time_before() -> None:
    seen = see(
        """
        0 11 wake 7
        0 11 0 -R> 7
        0 12 7 -S> 0
        1 13 wake 7
        0 13 0 -R> 7
        0 14 7 -R> 0
        1 15 0 -R> 7
        1 16 7 -R> 0
        0 17 0 -R> 7
        """,
        7,
    )
    assert seen == Witnessed({7: deed(6, 2, migrations=2)}, 0, 0, {})


def test_a_waking_of_who_is_awake_changes_nothing() -> None:
    seen = see(
        """
        0 11 wake 7
        0 12 wake 7
        0 13 0 -R> 7
        0 14 wake 7
        0 15 7 -S> 0
        """,
        7,
    )
    assert seen == Witnessed({7: deed(2, 2)}, 0, 0, {})


def test_switches_that_do_not_follow_from_one_another_are_counted() -> None:
    """It is left where nobody put it, put where it is not from, and put twice."""
    seen = see(
        """
        0 11 7 -S> 0
        0 12 0 -R> 7
        1 13 7 -R> 0
        0 14 0 -R> 7
        1 15 0 -R> 7
        """,
        7,
    )
    assert seen.breaks == 3


def test_others_are_counted_where_a_thread_would_have_gone_on() -> None:
    """Not where it sleeps, where another of the threads goes on, or where the cpu idles, be it
    behind others."""
    seen = see(
        """
        0 8 7 -R> 9
        0 12 9 -S> 7
        0 13 7 -S> 9
        0 14 9 -S> 7
        0 15 7 -R> 8
        0 16 8 -R> 0
        0 17 0 -R> 8
        0 18 8 -R+> 9
        0 19 0 -R> 8
        """,
        *(7, 8),
    )
    assert seen.others == {"n": 2 * SECOND}
