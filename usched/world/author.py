"""Who makes a change."""

from __future__ import annotations

import os
import pwd

from usched.meaning.history import Author


def find_author() -> Author:
    """The real user, and where sudo stands in between, who called it."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    caller = os.environ.get("SUDO_USER")
    if uid == 0 and caller and caller != user:
        user = f"{user} (sudo: {caller})"
    return Author(uid, user)
