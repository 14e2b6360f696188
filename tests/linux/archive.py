"""Debian's packages of any suite, from wherever this machine's own apt gets those of its suite.

apt has a state of its own for each suite, and the machine's is left alone.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

_LISTED = ["--format", "$(REPO_URI)|$(RELEASE)", "Created-By: Packages", "Component: main"]

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Unavailable(Exception):
    """What cannot be had, in a sentence."""


class Suite:
    """A suite's packages. name: such as `trixie-backports`. folder: for apt's state."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder / name
        for each in ("none", "lists/partial", "cache/archives/partial"):
            (self._folder / each).mkdir(parents=True)
        signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
        sources = self._folder / "sources.list"
        sources.write_text("".join(f"deb {signed}{uri} {name} main\n" for uri in find_archives()))
        # as root apt would fetch as another user, who may not look into our folder
        settings = {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": self._folder / "none",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": self._folder / "none",
            "Dir::State": self._folder,
            "Dir::State::status": "/dev/null",
            "Dir::Cache": self._folder / "cache",
            "APT::Sandbox::User": "root",
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        self._options = [f"-o{name}={value}" for name, value in settings.items()]
        self._apt("apt-get", "update")

    def find(self, pattern: str) -> str:
        """The newest package whose whole name the pattern fits. Raises Unavailable."""
        names = self._apt("apt-cache", "pkgnames").split()
        fitting = [name for name in names if re.fullmatch(pattern, name)]
        if not fitting:
            raise Unavailable(f"{self.name} has no package {pattern}")
        return max(fitting, key=lambda name: [int(each) for each in re.findall("[0-9]+", name)])

    def dependencies(self, package: str, pattern: str) -> list[str]:
        """Those packages that it needs and that the pattern fits."""
        said = self._apt("apt-cache", "depends", "--important", package)
        return re.findall(rf"Depends: ({pattern})$", said, re.MULTILINE)

    def unpack(self, packages: list[str], into: Path, *, alone: bool = False) -> None:
        """The files of packages, and unless alone of what they need; no script of theirs runs."""
        before = set(self._archives())
        if alone:
            self._apt("apt-get", "download", *packages)
        else:
            self._apt("apt-get", "install", "-y", "--download-only", *packages)
        into.mkdir(parents=True, exist_ok=True)
        for each in sorted(set(self._archives()) - before):
            data = subprocess.run(["dpkg-deb", "--fsys-tarfile", each], stdout=-1, check=True)
            tar = ["tar", "-x", "--keep-directory-symlink", "--exclude=./usr/share/doc/*"]
            subprocess.run([*tar, "-C", str(into)], input=data.stdout, check=True)

    def _archives(self) -> list[Path]:
        return list((self._folder / "cache/archives").glob("*.deb"))

    def _apt(self, tool: str, *words: str) -> str:
        done = subprocess.run(
            [tool, "-qq", *self._options, *words],
            cwd=self._folder / "cache/archives",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["?"])[-1]
            raise Unavailable(f"{tool} {' '.join(words)} in {self.name}: {last}")
        return done.stdout


def find_codename() -> str:
    """Of the Debian that this machine runs. Raises Unavailable where it runs something else."""
    try:
        said = dict(
            line.split("=", 1)
            for line in Path("/etc/os-release").read_text().split("\n")
            if "=" in line
        )
    except FileNotFoundError:
        said = {}
    if said.get("ID") != "debian":
        raise Unavailable("this machine is no Debian, whose packages the guest is made of")
    return said["VERSION_CODENAME"].strip('"')


def find_archives() -> list[str]:
    """Where apt gets the suite that this machine runs."""
    codename = find_codename()
    command = ["apt-get", "indextargets", *_LISTED]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = {
        uri
        for line in done.stdout.split()
        for uri, _, name in [line.partition("|")]
        if name == codename
    }
    if not found:
        raise Unavailable(f"apt has no source of {codename} on this machine")
    return sorted(found)
