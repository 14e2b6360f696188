"""apply --confirm on real kernels, whatever becomes of who typed it (`inside/trials.py`)."""

from __future__ import annotations

import re

import pytest

from tests.linux.conftest import Seen

PROGRAM, SECONDS, ONLY = "kept", 300, ["6.12", "6.1"]

pytestmark = pytest.mark.slow

NOTHING_WAITS = (
    "usched: nothing waits to be confirmed\n"
    "  what is not confirmed in time is undone: usched apply --confirm 60s\n"
)


def test_it_is_undone_where_the_terminal_is_closed_and_the_shell_killed(seen: Seen) -> None:
    status, during, shell, lived = seen["terminal_is_closed"]
    assert (status, during, shell, lived) == (0, True, -1, True)


def test_what_comes_next_undoes_it_where_the_watchdog_was_killed(seen: Seen) -> None:
    (plan, (status, _, refused)), stays, late, as_before, again = seen["watchdog_is_killed"]
    gone = (
        r"usched: an apply waits to be confirmed, until \d+ s from now: the process that would "
        r"undo it is gone, and the next apply or release does"
    )
    assert re.fullmatch(rf"{gone} \(usched confirm\)\n", plan)
    assert status == 3
    assert re.fullmatch(rf"{gone}\n  to keep it: usched confirm\n", refused)
    assert stays
    undone = r"usched: an apply by process \d+ was not confirmed in time: it is undone\n"
    assert late[:2] == [3, ""]
    assert re.fullmatch(undone + re.escape(NOTHING_WAITS), late[2])
    assert as_before
    assert again == [3, "", NOTHING_WAITS]


def test_real_time_hogs_on_every_cpu_do_not_keep_it_from_being_undone(seen: Seen) -> None:
    """While they run: by whose clock it is work that is counted, within seconds, too."""
    in_time, late = seen["hogs_have_every_cpu"]
    assert in_time
    assert late >= 0
    assert late < 5 or seen.kernel == "6.1"


def test_what_is_confirmed_stays_and_is_confirmed_once(seen: Seen) -> None:
    (first, second), stayed = seen["it_is_confirmed"]
    assert first == [0, "# confirmed: it stays\n", ""]
    assert second == [3, "", NOTHING_WAITS]
    assert stayed
