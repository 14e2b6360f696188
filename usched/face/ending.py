"""How the program ends when it is told to, and what it does about descriptors nobody opened.

Before anything else is imported: whoever presses Ctrl-C while Python reads modules wants one line,
too. A signal unwinds like an error, so that transactions are rolled back and half files removed;
the second one ends the process at once.
"""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any, NoReturn

#: What a shell gives for a process that a signal ended: 128 and the signal's number.
_STATUS = {2: 130, 15: 143}

STDIN, STDOUT, STDERR = 0, 1, 2


#: The statuses of the signals that came.
arrived: list[int] = []


class Interrupted(SystemExit):
    """Raised where a signal arrives; neither click nor `except Exception` takes it."""


def open_missing_descriptors() -> None:
    """Take the place of closed standard descriptors, as after `>&-`.

    Else the next file that is opened has the number of standard output, and is written into. Input
    and output fail like closed ones (the null device, opened the wrong way round). Whoever closes
    standard error wants no messages: it takes them.
    """
    for number, flags in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, flags)
            if null != number:
                os.dup2(null, number)
                os.close(null)
    # Python has opened none of those that it found closed
    for number, name, mode in (
        (STDIN, "stdin", "r"),
        (STDOUT, "stdout", "w"),
        (STDERR, "stderr", "w"),
    ):
        if getattr(sys, name) is None:
            errors = "backslashreplace" if number == STDERR else "strict"
            stream = os.fdopen(number, mode, encoding="utf-8", errors=errors, closefd=False)
            setattr(sys, name, stream)


def catch_signals() -> None:
    """Have SIGINT and SIGTERM end the command with one line, but for one that is ignored by order
    of who started it (`nohup`, a shell's background jobs)."""
    sys.unraisablehook = _end_at_last
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    import signal

    arrived.append(_STATUS[number])

    for each in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(each) is _interrupt:
            signal.signal(each, signal.SIG_DFL)
    raise Interrupted(_STATUS[number])


def _end_at_last(unraisable: Any) -> None:
    """Where nothing may be raised (a callback of the import system's, a destructor) Python would
    print the exception and go on."""
    if not arrived and not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    os._exit(say_interrupted(arrived[0] if arrived else 130))


def say_interrupted(status: int) -> int:
    """One line on standard error; the exit status as it was given."""
    by = " (SIGTERM)" if status == 143 else ""
    write_error(f"usched: interrupted{by}")
    return status


def write_error(line: str) -> None:
    """A line for standard error. Where that cannot be written there is nobody to tell."""
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except OSError:
        drop(STDERR)


def drop(descriptor: int) -> None:
    """Have the null device take what is still to be written to a standard descriptor, so that the
    interpreter does not fail once more when it flushes at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


def settle() -> None:
    """The work is done: from here on a signal changes nothing any more."""
    import signal

    for each in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(each) is _interrupt:
            signal.signal(each, signal.SIG_IGN)


def leave(status: int) -> NoReturn:
    """End the process, with what is printed written out as far as somebody takes it.

    Files and transactions are closed by now. Python would take its modules apart, one by one,
    which is a sixth of the time of a short command, and of a long one all that it holds.
    """
    for number, stream in ((STDOUT, sys.stdout), (STDERR, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            drop(number)
    os._exit(status)
