"""Who makes a change."""

from __future__ import annotations

import os
import pwd

from usched.meaning.history import Author

#: Behind whom a user names who is not root.
CLAIMED = ", as claimed)"


def find_author() -> Author:
    """The real user, and where sudo stands in between, who called it.

    Whom root's environment names is believed: it only helps among those who may become root.
    Anybody else may have written there what he likes: then it is a claim, and is called one.
    """
    uid = os.getuid()
    user = _find_name(uid) or str(uid)
    caller = os.environ.get("SUDO_USER")
    if not caller or caller == user:
        return Author(uid, user)
    if uid == 0:
        return Author(uid, f"{user} (sudo: {caller})")
    # its number and name are of one user, where sudo left them
    is_user = find_sudo_user() == caller
    return Author(uid, f"{user} (sudo: {caller}{CLAIMED}" if is_user else user)


def _find_name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def find_sudo_user() -> str | None:
    """Who called sudo, by the number that it leaves; None where that is no user's."""
    number = os.environ.get("SUDO_UID", "")
    if not (number.isascii() and number.isdigit() and len(number) <= 10):
        return None
    try:
        return pwd.getpwuid(int(number)).pw_name
    except (KeyError, OverflowError):
        return None
