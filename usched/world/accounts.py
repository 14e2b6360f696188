"""Users and groups, as the system knows them, and who gives a command."""

from __future__ import annotations

import grp
import math
import os
import pwd
import time
from functools import partial

from usched.meaning.grants import Account, Actor
from usched.world.author import find_sudo_user


def find_account(name: str) -> Account | None:
    """A user, or a group for `@name`; None where there is none."""
    try:
        if name.startswith("@"):
            return Account(name, grp.getgrnam(name[1:]).gr_gid)
        return Account(name, pwd.getpwnam(name).pw_uid)
    except KeyError:
        return None


def is_member(uid: int, gid: int) -> bool:
    """Whether a user is in a group now, by its list or as his first one."""
    try:
        account = pwd.getpwuid(uid)
    except KeyError:
        return False
    return gid in os.getgrouplist(account.pw_name, account.pw_gid)


def find_user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def find_actor(registry: str) -> Actor:
    """Who gives this command, with the rights that the system gives them. registry: a path."""
    groups = frozenset((os.getegid(), *os.getgroups()))
    uid = os.geteuid()
    caller = _find_caller() if uid == 0 else None
    is_listed = partial(is_member, uid)
    return Actor(uid, groups, owns(registry), find_account, moment_in, is_listed, caller)


def _find_caller() -> Actor | None:
    name = find_sudo_user()
    if name is None:
        return None
    account = pwd.getpwnam(name)
    groups = frozenset(os.getgrouplist(name, account.pw_gid))
    is_listed = partial(is_member, account.pw_uid)
    return Actor(account.pw_uid, groups, False, find_account, moment_in, is_listed)


def owns(registry: str) -> bool:
    """Whether a registry is this user's to change, or to make; one of his own that is read-only
    is his, and somebody else's is not root's."""
    real = os.path.realpath(registry)
    try:
        owner = os.stat(real).st_uid
        if os.geteuid() == 0:
            return owner == 0
        return os.access(real, os.W_OK) or owner == os.geteuid()
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False


def moment_in(seconds: float) -> str | None:
    """So many seconds from now, in UTC, as ISO 8601; None where the calendar ends before. What is
    to come is in whole seconds, and not before its time."""
    moment = time.time() + seconds
    if seconds > 0:
        moment = math.ceil(moment)
    if moment >= 253402300800:  # the year 10000
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def account_names() -> list[str]:
    """Every user, and every group as `@name`, that the system lists."""
    users = (each.pw_name for each in pwd.getpwall())
    return sorted({*users, *(f"@{each.gr_name}" for each in grp.getgrall())})
