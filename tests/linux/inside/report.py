"""How a program in the guest says what it saw: a line of JSON for each check, once it is made."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable

#: A check looks at something, and says what it saw; whoever booted the guest judges it.
Check = Callable[[], object]


def report(*checks: Check) -> None:
    """All checks, in order, by name. What one of them raises is told in place of what it saw."""
    with open("/dev/ttyS2", "w", buffering=1) as seen:
        print('["began", null]', file=seen)
        for check in checks:
            began = time.monotonic()
            try:
                saw = check()
            except Exception:
                saw = {"raised": traceback.format_exc()}
            print(f"{check.__name__}: {time.monotonic() - began:.1f} s", flush=True)
            print(json.dumps([check.__name__, saw]), file=seen)
        print('["ended", null]', file=seen)
