"""Services of systemd: one applies the registry at boot, and one watches over it from then on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from usched.plan.wanted import TOP

SERVICE = f"{TOP}.service"

#: The groups are beside the unit and not in it: systemd takes away what is in a unit when its last
#: process ends. Who delegates controllers to a unit in the root slice has them on in the root.
_DELEGATION = """\
# It has systemd turn on these controllers for all that stands where the groups do. When it is
# stopped the groups stay as they are, so that a restart moves nobody. usched release takes the
# groups away, and leaves the controllers on: systemd turns them off that nobody else wants when
# this unit is disabled, and what requires it.
Slice=-.slice
Delegate=cpuset cpu
"""

_HARDENING = """\
# What it needs: control groups, /run/usched, and to read the registry and /sys.
NoNewPrivileges=yes
ProtectSystem=full
ProtectHome=read-only
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectControlGroups=no
LockPersonality=yes
RestrictSUIDSGID=yes
"""


class Unit(NamedTuple):
    """name: of its file."""

    name: str
    text: str


def format_services(program: Sequence[str], folder: str) -> Iterator[Unit]:
    """program: the words that begin a command on this registry. folder: where the registry is."""
    first, *rest = program
    run = " ".join([_quote(first, "%"), *(_quote(word, "%$") for word in rest)])
    yield Unit(SERVICE, _format_apply(run, folder))
    yield Unit(f"{TOP}-watch.service", _format_watch(run))


def _format_apply(run: str, folder: str) -> str:
    return (
        "[Unit]\n"
        "Description=Partition the cpus among userland schedulers\n"
        f"RequiresMountsFor={_quote(folder, '%')}\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        "RemainAfterExit=yes\n"
        f"ExecStart={run} apply\n"
        f"ExecReload={run} apply\n"
        f"{_DELEGATION}"
        f"{_HARDENING}"
        "PrivateNetwork=yes\n"
        "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n"
    )


def _format_watch(run: str) -> str:
    return (
        "[Unit]\n"
        "Description=Watch over the threads of userland schedulers\n"
        f"Requires={SERVICE}\n"
        f"After={SERVICE}\n"
        "\n"
        "[Service]\n"
        f"ExecStart={run} watch\n"
        "# How it ends when it is stopped before it watches.\n"
        "SuccessExitStatus=143\n"
        "Restart=on-failure\n"
        f"{_HARDENING}"
        "# In a network of its own the kernel would tell it of no forks.\n"
        "PrivateNetwork=no\n"
        "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n"
    )


def _quote(word: str, doubled: str) -> str:
    """A word as systemd reads it; doubled: what it would replace."""
    for each in doubled:
        word = word.replace(each, each * 2)
    if re.fullmatch(r"[\w/.,:=@+%$-]+", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
