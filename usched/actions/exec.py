"""Running a program in a scheduler: this process becomes it."""

from __future__ import annotations

import errno
import os
import pwd
import signal
from typing import NamedTuple

from usched.actions.context import Context
from usched.actions.places import (
    Changeable,
    Place,
    find_home,
    giving_homes,
    settle,
    tell_alone,
)
from usched.words.problems import EnvironmentFailed, NotPermitted, Problem
from usched.world.linux.cgroups import StepFailed
from usched.world.linux.refusals import explain_refusal
from usched.world.linux.threads import Live, read_thread

#: As shells end for a program that is not there, and for one that cannot be run.
NOT_FOUND, NOT_RUN = 127, 126


class ProgramFailed(Exception):
    """It cannot be run. status: as of shells."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status
        self.what = what


def enter(context: Context, place: Place, change: Changeable | None = None) -> None:
    """Put this process into a scheduler; what it cannot be there is told.

    Where the scheduler is not applied, or its group is not this user's to enter, the process runs
    on the cpus and with the niceness that belong to it.
    """
    with giving_homes(place, context.tell):
        joined = _join(place, context)
        myself = read_thread(context.root, os.getpid())
        assert myself is not None
        home = find_home(place, myself, joined)
        refusals = list(settle(place, myself, home, joined, change or Live()))
    for refusal in refusals:
        context.tell(refusal.why)


def _join(place: Place, context: Context) -> bool:
    refused = None
    try:
        if place.is_applied:
            place.groups.move(os.getpid(), place.threads.group)
            return True
    except StepFailed as failed:
        if not failed.is_closed:
            raise explain_refusal(failed) from failed
        refused = failed
    tell_alone(place, context, refused)
    return False


class Account(NamedTuple):
    """Whom a program runs as."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str


def find_runner(named: str | None) -> Account | None:
    """Whom the program is to run as, if not as who this is: the one that is named, else who called
    sudo."""
    if os.geteuid() != 0:
        if named is not None and named != _own_name():
            what = f"only root runs programs as somebody else, such as {named}"
            raise NotPermitted(Problem(what, for_root=True))
        return None
    name = named or os.environ.get("SUDO_USER")
    if not name or name == "root":
        return None
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError):
        whose = "--user" if named else "SUDO_USER"
        what = f"{whose} names {name}, and there is no such user"
        raise EnvironmentFailed(Problem(what, None, "--user root runs it as root")) from None
    return Account(found.pw_name, found.pw_uid, found.pw_gid, found.pw_dir, found.pw_shell)


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def become(account: Account) -> None:
    """This process is that user's from now on, environment included. Raises NotPermitted, as in a
    container that may not change users."""
    try:
        os.initgroups(account.name, account.gid)
        os.setresgid(account.gid, account.gid, account.gid)
        os.setresuid(account.uid, account.uid, account.uid)
    except PermissionError as error:
        what = f"running as {account.name} is not permitted here: {error.strerror}"
        raise NotPermitted(Problem(what, None, "--user root runs it as root")) from error
    os.environ.update(
        HOME=account.home, USER=account.name, LOGNAME=account.name, SHELL=account.shell
    )


def find_program(word: str) -> str:
    """Its path. Raises ProgramFailed."""
    if "/" in word:
        _check_program(word, word)
        return word
    refused = None
    for folder in os.get_exec_path():
        path = os.path.join(folder or ".", word)
        try:
            _check_program(path, word)
        except ProgramFailed as failed:
            refused = failed if failed.status == NOT_RUN and refused is None else refused
        else:
            return path
    raise refused or _missing(word)


def _missing(word: str) -> ProgramFailed:
    what = f"{word or 'the empty word'}: there is no such program"
    if word.startswith("-"):
        what += "\n  options stand in front of the scheduler: usched exec -u USER NAME -- COMMAND"
    return ProgramFailed(NOT_FOUND, what)


def _check_program(path: str, word: str) -> None:
    if not word or not os.path.lexists(path):
        raise _missing(word)
    if os.path.isdir(path) or not os.access(path, os.X_OK):
        why = "it is a folder" if os.path.isdir(path) else "it may not be executed"
        raise ProgramFailed(NOT_RUN, f"{path} cannot be run: {why}")


def _was_set(name: str) -> bool:
    try:
        with open("/proc/self/environ", "rb") as file:
            return any(each.startswith(f"{name}=".encode()) for each in file.read().split(b"\0"))
    except OSError:
        return True


def become_program(path: str, words: tuple[str, ...]) -> None:
    """Does not come back. Raises ProgramFailed."""
    # what Python does at its start, and its successor would inherit: a locale that nobody set
    # (PEP 538), and signals that are ignored
    if not _was_set("LC_CTYPE"):
        os.environ.pop("LC_CTYPE", None)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        try:
            os.execv(path, words)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            # a script that does not say whose: the shell's, as execvp(3) has it
            os.execv("/bin/sh", ("sh", path, *words[1:]))
    except OSError as error:
        status = NOT_FOUND if error.errno == errno.ENOENT else NOT_RUN
        raise ProgramFailed(status, f"{path} cannot be run: {error.strerror}") from error
