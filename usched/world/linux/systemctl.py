"""What systemd says of its units, where it is the first process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable

from usched.plan.slice_units import SHOWN, SHOWN_OF_OTHERS
from usched.words.problems import EnvironmentFailed, Problem

#: How many units are asked for at a time: a command has only so many words.
_AT_ONCE = 500

_INSTEAD = "its files are read by: usched adopt --systemd /etc/systemd/system"

_LIST = ("list-units", "--all", "--plain", "--no-legend")


def is_systemd(root: str) -> bool:
    """Whether it runs the system beneath a root, which is this one (sd_booted(3))."""
    return os.path.realpath(root) == "/" and os.path.isdir("/run/systemd/system")


def show_slices(known: Iterable[str]) -> str:
    """Of those that are known from elsewhere, and of all that it has loaded. Raises
    EnvironmentFailed."""
    return _show("slice", SHOWN, known)


def show_others() -> str:
    """Of all services and scopes that it has loaded. Raises EnvironmentFailed."""
    return _show("service,scope", SHOWN_OF_OTHERS, ())


def _show(kinds: str, keys: Iterable[str], known: Iterable[str]) -> str:
    loaded = {line.split()[0] for line in _ask(*_LIST, f"--type={kinds}").splitlines() if line}
    units = sorted({*known, *loaded})
    words = [f"--property={key}" for key in keys]
    parts = [units[first : first + _AT_ONCE] for first in range(0, len(units), _AT_ONCE)]
    return "\n".join(_ask("show", *words, "--", *part) for part in parts)


def _ask(*words: str) -> str:
    try:
        done = subprocess.run(
            ["systemctl", "--no-pager", *words],
            env={**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        what = f"systemctl cannot be run: {error.strerror}"
        raise EnvironmentFailed(Problem(what, None, _INSTEAD)) from error
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1]
        raise EnvironmentFailed(Problem(f"systemctl {words[0]}: {why}", None, _INSTEAD))
    return done.stdout
