"""Whose the files of a control group are, read and changed in an open folder."""

from __future__ import annotations

import errno
import grp
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from usched.plan.owners import ANYBODY, GIVER, HANDED, Owner, name_number
from usched.world.accounts import find_user_name, is_member

#: Neither waits for a pipe nor follows a link.
SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

FOLDER = os.O_RDONLY | os.O_DIRECTORY | SAFELY


class Base(NamedTuple):
    """Whose groups are that nobody was given: of the folder that ours stand in."""

    uid: int
    gid: int


def base_of(folder: int) -> Base:
    status = os.fstat(folder)
    return Base(status.st_uid, status.st_gid)


def open_file(folder: int, name: str, flags: int) -> int:
    """A plain file in a folder, which has no other name. Raises OSError."""
    file = os.open(name, flags | SAFELY, dir_fd=folder)
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        os.close(file)
        raise OSError(errno.ELOOP, "it is no plain file")
    return file


def read_owner(folder: int, base: Base, seen: Mapping[str, os.stat_result]) -> Owner:
    """seen: of the files that were opened anyway, in which there are some of either kind. Whoever
    gives begins with the folder, and whoever takes back ends with it, so that the others do not say
    less."""
    hand = {_holder(os.fstat(folder), base)}
    files: set[str] = set()
    for name, status in seen.items():
        if status.st_mode & 0o222:
            (hand if name in HANDED else files).add(_holder(status, base))
    return Owner(_join(files), _join(hand))


def _join(holders: Iterable[str]) -> str:
    found = sorted(holders)
    return "".join(found) if len(found) < 2 else ",".join(each or "-" for each in found)


def _look(folder: int) -> Iterator[tuple[str, os.stat_result]]:
    """The plain files."""
    with os.scandir(folder) as entries:
        for each in entries:
            status = each.stat(follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                yield each.name, status


def _holder(status: os.stat_result, base: Base) -> str:
    """What he lets others do with what is his is his affair."""
    shared = status.st_mode & 0o020 and status.st_gid != base.gid
    if status.st_uid == base.uid:
        if status.st_mode & 0o002:
            return ANYBODY
        return f"@{status.st_gid}" if shared else GIVER
    if shared and not status.st_mode & 0o002 and is_member(status.st_uid, status.st_gid):
        return f"@{status.st_gid}"
    return str(status.st_uid)


def change_owner(folder: int, owner: Owner, base: Base) -> None:
    """The folder first when it is given away, and last when it is taken back. Raises OSError."""
    is_taken = owner.hand == GIVER
    if not is_taken:
        _give(folder, owner.hand, base)
    for name, status in list(_look(folder)):
        # what can only be written cannot be opened to be read, not even by root
        way = os.O_RDONLY if status.st_mode & 0o444 else os.O_WRONLY
        try:
            file = open_file(folder, name, way)
        except FileNotFoundError:  # of a controller that was switched off just now
            continue
        try:
            _give(file, owner.hand if name in HANDED else owner.files, base)
        finally:
            os.close(file)
    if is_taken:
        _give(folder, GIVER, base)


def _give(file: int, holder: str, base: Base) -> None:
    mode = stat.S_IMODE(os.fstat(file).st_mode) & ~0o022
    mine = base.uid if os.geteuid() == base.uid or os.geteuid() == 0 else -1
    if holder.startswith("@"):
        os.fchown(file, mine, int(holder[1:]))
        os.fchmod(file, mode | 0o020 if mode & 0o200 else mode)
    else:
        os.fchown(file, int(holder) if holder else mine, base.gid)
        os.fchmod(file, mode)


def find_holder_name(holder: str) -> str:
    """Who it is that an `Owner` says."""
    if holder.isdigit():
        return find_user_name(int(holder))
    if holder.startswith("@"):
        with suppress(KeyError):
            return f"@{grp.getgrgid(int(holder[1:])).gr_name}"
    return name_number(holder)
