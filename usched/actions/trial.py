"""An apply that is undone by itself, unless somebody confirms it."""

from __future__ import annotations

import time
from collections.abc import Callable

from usched.actions.charges import find_charges
from usched.actions.context import Context
from usched.actions.groups import Groups
from usched.actions.remedies import by_me
from usched.actions.undoing import finish_earlier
from usched.words.problems import EnvironmentFailed, Problem, Refused
from usched.world.linux.journal import Before, Journal, Trial, boot_seconds
from usched.world.linux.watchdog import start_watchdog

#: Seconds between two looks at whether it is confirmed, and between two tries to undo it.
_LOOK, _TRY = 0.25, 1.0

#: How often it is tried. Whoever comes next tries again.
_MOST_TRIES = 3_600


def begin_trial(
    root: str, journal: Journal, groups: Groups, before: Before, seconds: float
) -> None:
    """Written down, and watched over, before the first step. Raises EnvironmentFailed."""
    trial = Trial(before, boot_seconds() + seconds)
    journal.save_trial(trial)
    try:
        start_watchdog(root, journal.open_watchdog, lambda: watch_over(journal, groups, trial))
    except BaseException:
        journal.close_trial()
        raise


def watch_over(
    journal: Journal,
    groups: Groups,
    trial: Trial,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Until it is confirmed, or undone."""
    tries = 0
    while journal.load_trial() == trial and tries < _MOST_TRIES:
        if not trial.is_over:
            sleep(_LOOK)
            continue
        try:
            with journal.lock():
                finish_earlier(journal, groups, lambda _: None)
        except EnvironmentFailed:  # another usched is at work, or the kernel refuses
            tries += 1
            sleep(_TRY)


def confirm(context: Context, groups: Groups | None = None) -> None:
    """Keep what was applied. Raises Refused where there is nothing to confirm, or no more."""
    kept = 0
    for charge in find_charges(context, groups):
        with charge.journal.lock():
            finish_earlier(charge.journal, charge.groups, context.tell)
            if charge.journal.load_trial() is not None:
                charge.journal.close_trial()
                kept += 1
    if not kept:
        how = by_me(context, "apply --confirm 60s")
        remedy = f"what is not confirmed in time is undone: {how}"
        raise Refused(Problem("nothing waits to be confirmed", None, remedy, "trial"))
