"""perf, where it is installed: what it records of a command, as text."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from usched.words.problems import EnvironmentFailed, Problem
from usched.world.files import STANDARD_INPUT

_INSTALL = """\
install it: apt install linux-perf (Debian), apt install linux-tools-$(uname -r) (Ubuntu),
dnf install perf (Fedora), zypper install perf (openSUSE)
or with trace-cmd: trace-cmd record -e sched_switch -e sched_waking -e sched_wakeup_new \\
-e sched_process_fork -e sched_process_exit -e sched_stat_runtime COMMAND
trace-cmd report > trace.txt"""

_ALLOW = """\
perf says why above; as a rule only root may record a whole machine:
type: sudo usched record ...
or let everybody: sysctl kernel.perf_event_paranoid=-1"""


@contextmanager
def recorded(command: Sequence[str], output: str) -> Iterator[tuple[int, Iterator[str]]]:
    """Run a command under perf: the status it ended with, and the lines of the trace.

    perf's own file, which may be large, stands beside the `output` until then. Raises
    EnvironmentFailed where there is no perf, no such command, or perf records nothing.
    """
    perf = shutil.which("perf")
    if perf is None:
        raise EnvironmentFailed(Problem("perf is not installed", remedy=_INSTALL))
    if shutil.which(command[0]) is None:
        raise EnvironmentFailed(f"there is no command {command[0]}")
    folder = _folder_of(output)
    try:
        hidden = tempfile.TemporaryDirectory(prefix=".usched-", dir=folder)
    except OSError as error:
        raise EnvironmentFailed(f"{folder} cannot be written: {error.strerror}") from error
    with hidden as place:
        record = os.path.join(place, "perf.data")
        status = _run([perf, "sched", "record", "-o", record, "--", *command])
        if not os.path.exists(record) or not os.path.getsize(record):
            what = f"perf recorded nothing (status {status})"
            raise EnvironmentFailed(Problem(what, remedy=_ALLOW))
        yield status, _read_script([perf, "script", "--show-lost-events", "--ns", "-i", record])


def _folder_of(output: str) -> str:
    """That of a file; what is none (a pipe, a device, standard output) has none for us."""
    is_file = output != STANDARD_INPUT and (os.path.isfile(output) or not os.path.exists(output))
    return os.path.dirname(os.path.realpath(output)) if is_file else tempfile.gettempdir()


def _run(words: Sequence[str]) -> int:
    """Where we are told to end, perf is told so, too, and ends the command."""
    with _start(words) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            raise


def _read_script(words: Sequence[str]) -> Iterator[str]:
    with _start(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                yield line.decode("utf-8", "replace")
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise EnvironmentFailed(f"perf script failed (status {process.returncode})")


def _start(words: Sequence[str], stdout: int | None = None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(words, stdout=stdout)
    except OSError as error:
        raise EnvironmentFailed(f"{words[0]} cannot be run: {error.strerror}") from error
