"""Sessions of systemd-logind, which end with all that is in them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.linux.inside.commands import OURS, done, read, usched_says
from tests.linux.inside.slices import run
from tests.linux.inside.waiting import await_that

PAM = """
auth required pam_permit.so
account required pam_permit.so
session required pam_systemd.so
"""


def allow_logins() -> None:
    """At boot."""
    for service in ("guest", "systemd-user", "other"):  # what others there say is not there
        Path(f"/etc/pam.d/{service}").write_text(PAM)
    settings = Path("/etc/systemd/logind.conf.d/guest.conf")
    settings.parent.mkdir(parents=True)
    settings.write_text("[Login]\nKillUserProcesses=yes\n")


def _log_in(user: str, *command: str) -> str:
    """The unit of somebody's login, whose program is this."""
    unit = f"login-{user}"
    words = ["systemd-run", "-q", f"--unit={unit}", "-pPAMName=guest", f"-pUser={user}"]
    subprocess.run([*words, *command], check=True)
    return unit


def _main_pid(unit: str) -> int:
    return int(run(f"systemctl show {unit} --value -p MainPID"))


def _where(pid: int) -> str:
    return read(Path(f"/proc/{pid}/cgroup"))


def a_trial_from_a_login() -> object:
    """Root logs in, applies for a while, and is logged out; alice is logged in all the time."""
    done("release", "-q")
    alice = _main_pid(_log_in("alice", "sleep", "1000"))
    await_that(lambda: "/session-" in _where(alice))
    seen: list[object] = [_see(alice)]
    script = "usched apply -q --confirm 60s; exec sleep 2000"
    root = _main_pid(_log_in("root", "/bin/sh", "-c", script))
    await_that(lambda: (OURS / "RT").exists() and not Path("/run/usched/journal").exists())
    seen.append(_see(alice))
    session = _where(root)
    watchdog = int(read(Path("/run/usched/watchdog")))
    seen.append([session.partition("/session-")[0], _where(watchdog)])
    scope = session.rpartition("/")[2].removeprefix("session-").removesuffix(".scope")
    run(f"loginctl terminate-session {scope}")
    await_that(lambda: not Path(f"/proc/{root}").exists())
    await_that(lambda: not OURS.exists(), 120)
    seen.append(_see(alice))
    run("systemctl stop login-alice")
    return [*seen, usched_says("apply", "-q"), usched_says("verify")]


def _see(pid: int) -> object:
    """Where somebody is, and on which cpus."""
    return [_where(pid).partition("/session-")[0], sorted(os.sched_getaffinity(pid))]
