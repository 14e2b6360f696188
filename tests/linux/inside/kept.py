"""What is applied stays as it is, or goes back as it was; who is moved comes as a whole."""

from __future__ import annotations

import os

from tests.linux.inside import measured, moved, trials, watched
from tests.linux.inside.report import report

if __name__ == "__main__":
    forking = () if os.uname().release.startswith("6.1.") else moved.CHECKS
    report(*measured.CHECKS, *trials.CHECKS, *watched.CHECKS, *forking)
