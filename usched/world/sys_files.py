"""Linux's small files below any root: a number, a list or a bitmap of cpus."""

from __future__ import annotations

import os
import re

from usched.words.cpuset import NO_CPUS, CpuSet, parse_cpu_list, parse_cpu_mask
from usched.words.problems import EnvironmentFailed, Problem

CPUS = "sys/devices/system/cpu"
NODES = "sys/devices/system/node"

REMEDY = (
    "this is not the /sys of a Linux machine\n"
    "describe the machine in a file and type: usched topology load FILE"
)
_DAMAGED = "describe the machine in a file and type: usched topology load FILE"


class SysFiles:
    def __init__(self, root: str) -> None:
        self.root = root

    def path(self, relative: str) -> str:
        return os.path.join(self.root, relative)

    def read(self, relative: str) -> str | None:
        """The text of a file without its end of line; None where it cannot be read."""
        try:
            with open(self.path(relative), "rb") as file:
                return file.read(1 << 20).decode("utf-8", "replace").strip(" \t\r\n\0")
        except (OSError, ValueError):
            return None

    def names(self, relative: str) -> list[str]:
        """The names in a folder, in an order that is always the same; none where there is none."""
        try:
            return sorted(os.listdir(self.path(relative)))
        except OSError:
            return []

    def numbered(self, relative: str, prefix: str) -> list[int]:
        """N of each `prefixN` in a folder, ascending."""
        names = [re.fullmatch(re.escape(prefix) + "([0-9]{1,9})", n) for n in self.names(relative)]
        return sorted(int(match[1]) for match in names if match)

    def exists(self, relative: str) -> bool:
        return os.path.exists(self.path(relative))

    def number(self, relative: str) -> int | None:
        """None where Linux does not know, which some machines spell -1."""
        text = self.read(relative) or ""
        digits = text.isascii() and text.isdigit() and len(text) <= 18
        return int(text) if digits else None

    def cpu_list(self, relative: str) -> CpuSet | None:
        """None where there is no such file. Raises EnvironmentFailed where it is no list."""
        text = self.read(relative)
        if text is None:
            return None
        try:
            return parse_cpu_list(text)
        except ValueError as error:
            what = f"{self.path(relative)} is not a list of cpus: {error}"
            raise EnvironmentFailed(Problem(what, remedy=_DAMAGED)) from error

    def cpus(self, name_of_list: str, name_of_mask: str, member: int | None = None) -> CpuSet:
        """The cpus of a list, or of the bitmap beside it, which older kernels have alone.

        member: who must be in it, or the file tells of somebody else.
        """
        listed = self.cpu_list(name_of_list)
        if listed is not None and (member is None or member in listed):
            return listed
        text = self.read(name_of_mask)
        if text is None:
            return NO_CPUS
        try:
            cpus = parse_cpu_mask(text)
        except ValueError as error:
            what = f"{self.path(name_of_mask)} is not a bitmap of cpus: it {error}"
            raise EnvironmentFailed(Problem(what, remedy=_DAMAGED)) from error
        return cpus if member is None or member in cpus else NO_CPUS


def write_at_once(path: str, text: str, flags: int = 0) -> None:
    """A line into a file that is there, since the errno of a write is lost in buffers. flags: of
    open(2), besides. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | flags)
    try:
        os.write(descriptor, f"{text}\n".encode())
    finally:
        os.close(descriptor)
