"""Where the stores of grants are, and how their folders and files come to be.

Beside a registry's file stands a folder, `FILE.grants`, with a folder for each user or `@group`
that it grants something to; in there is a store for each grant. A part that is handed on has its
store beside the one that it comes from, in the same way. Nobody needs more than to write in the
folder of his own: the system says who may.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Sequence
from contextlib import suppress

from usched.meaning.grants import Granted
from usched.words.problems import EnvironmentFailed, Problem
from usched.world.snapshot import open_folder

#: acl(5) as the kernel keeps it (linux/posix_acl_xattr.h): version 2, then tag, rights and id.
_ACL_VERSION, _NO_ID = 2, 0xFFFFFFFF
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 1, 2, 4, 8, 16, 32

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def locate_part(registry: str, chain: Sequence[Granted]) -> tuple[str, tuple[str, ...], str]:
    """The store of the last of a chain of grants: the registry's folder, the folders beneath it on
    the way, and the file's name."""
    base, name = os.path.split(os.path.realpath(registry))
    steps: list[str] = []
    for granted in chain:
        steps += [f"{name}.grants", granted.user]
        name = f"{granted.name.replace('/', ':')}.db"
    return base, tuple(steps), name


def part_path(registry: str, chain: Sequence[Granted]) -> str:
    base, steps, name = locate_part(registry, chain)
    return os.path.join(base, *steps, name)


def may_hand_on(registry: str, chain: Sequence[Granted]) -> bool:
    """Whether anything was ever handed on of a part, by the folder beside its store; also where
    that cannot be looked at."""
    base, steps, name = locate_part(registry, chain)
    try:
        with open_folder(base, (*steps, f"{name}.grants")):
            return True
    except FileNotFoundError:
        return False
    except OSError:
        return True


def prepare_part(registry: str, chain: Sequence[Granted], granted: Granted) -> None:
    """Make the place where a holder's store can be, beside the store that grants it: the last of
    the chain's, the registry where that is empty.

    For root the holder's folder is the holder's; whoever else grants lets the holder in by an
    access control list. Raises EnvironmentFailed.
    """
    base, steps, name = locate_part(registry, chain)
    shared = bool(chain) and chain[-1].is_for_group
    try:
        with open_folder(base, steps) as number:
            here = _Folder(number)
            with here.enter(f"{name}.grants") as grants:
                grants.open_up(0o2775 if shared else 0o755)
                with grants.enter(granted.user) as folder:
                    folder.admit(granted)
    except OSError as error:
        where = os.path.join(base, *steps, f"{name}.grants", granted.user)
        what = f"{where} cannot be made {granted.user}'s: {error.strerror}"
        remedy = ""
        if error.errno == errno.EOPNOTSUPP:
            remedy = "its file system has no access control lists (acl(5)): ask root to grant it"
        raise EnvironmentFailed(Problem(what, None, remedy)) from error


class _Folder:
    """An open folder, so that no link that is put in its place can lead elsewhere."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __enter__(self) -> _Folder:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.number)

    def enter(self, name: str) -> _Folder:
        """A folder in it, made where it is not there."""
        with suppress(FileExistsError):  # if it is no folder, opening it fails
            os.mkdir(name, 0o700, dir_fd=self.number)
        return _Folder(os.open(name, _FOLDER, dir_fd=self.number))

    def open_up(self, mode: int) -> None:
        """Let everybody look in, and whoever shares the store make folders."""
        status = os.fstat(self.number)
        if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) != mode:
            os.fchmod(self.number, mode)

    def admit(self, granted: Granted) -> None:
        """Let the holder make files in it, and everybody read them."""
        group = granted.is_for_group
        if os.geteuid() == 0:
            os.fchown(self.number, *((0, granted.number) if group else (granted.number, -1)))
            os.fchmod(self.number, 0o2775 if group else 0o755)
            return
        tag = _GROUP if group else _USER
        os.setxattr(self.number, "system.posix_acl_access", _acl(tag, granted.number))
        if group:  # the lock that one member makes is the others', too
            os.setxattr(self.number, "system.posix_acl_default", _acl(tag, granted.number))


def _acl(tag: int, number: int) -> bytes:
    """Everything for the owner and this user or group, reading for the others."""
    entries = [
        (_USER_OBJ, 7, _NO_ID),
        (_USER, 7, number) if tag == _USER else None,
        (_GROUP_OBJ, 5, _NO_ID),
        (_GROUP, 7, number) if tag == _GROUP else None,
        (_MASK, 7, _NO_ID),
        (_OTHER, 5, _NO_ID),
    ]
    packed = (struct.pack("<HHI", *entry) for entry in entries if entry)
    return struct.pack("<I", _ACL_VERSION) + b"".join(packed)
