"""Whose a registry's file is, and who else could have laid something out beside it.

SQLite trusts a journal that it finds: it writes what stands in there into the file, and deletes
the file that the journal names as its super-journal. So only what this user or root alone may
write is read by it in place; the rest is data, of which a copy is read. Root, who may write
everything, changes nobody else's registry.
"""

from __future__ import annotations

import os
import stat

from usched.words.phrases import as_typed
from usched.words.problems import NotPermitted, Problem


def is_trusted(uid: int) -> bool:
    """Whether this user need not fear whom that number is of."""
    return uid in {0, os.geteuid()}


def may_be_tampered_with(path: str) -> bool:
    """Whether somebody else may write a registry, or beside it; also where it has just gone."""
    real = os.path.realpath(path)
    try:
        file, folder = os.stat(real), os.stat(os.path.dirname(real))
    except OSError:
        return True
    # with a group of one's own, as many systems give to everybody, the group's right is no other's
    shared = folder.st_mode & stat.S_IWOTH or (
        folder.st_mode & stat.S_IWGRP and folder.st_gid != os.getegid()
    )
    owners = (file.st_uid, folder.st_uid, _journal_owner(real))
    return bool(shared) or not all(uid is None or is_trusted(uid) for uid in owners)


def require_trusted(path: str) -> None:
    """Raises NotPermitted where it is a link of somebody else's, where root would change somebody
    else's registry, or take back a change that somebody else's journal is of."""
    real = os.path.realpath(path)
    if os.path.islink(path) and not is_trusted(owner := os.lstat(path).st_uid):
        what = f"registry {path} is a link of {_find_name(owner)}'s to {real}"
        raise forbid(what, f"name the file itself: --registry {as_typed(real)}")
    try:
        owner = os.stat(real).st_uid
    except FileNotFoundError:
        return
    if os.geteuid() == 0 and not is_trusted(owner):
        name = _find_name(owner)
        what = f"registry {path} is {name}'s; root reads it, and changes it as {name} alone"
        user = f"'#{owner}'" if name.startswith("uid ") else name
        raise forbid(what, f"sudo -u {user} usched --registry {as_typed(path)} ...")
    writer = _journal_owner(real)
    if writer is not None and not is_trusted(writer):
        what = f"{real}-journal, of a change that was cut short, is {_find_name(writer)}'s"
        remedy = "any change that its owner makes takes it back; or look at it, and move it away"
        raise forbid(what, remedy)


def _journal_owner(real: str) -> int | None:
    try:
        return os.lstat(f"{real}-journal").st_uid
    except FileNotFoundError:
        return None


def forbid(what: str, remedy: str = "") -> NotPermitted:
    """What the system does not let this user do."""
    return NotPermitted(Problem(f"not permitted: {what}", None, remedy, "permission"))


def _find_name(uid: int) -> str:
    from usched.world.accounts import find_user_name

    return find_user_name(uid)
