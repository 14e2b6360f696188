"""Make the guest: Linux kernels, a root of Debian's packages, and others with systemd.

usage: python3 -m tests.linux.build [KERNEL ...]     those of KERNELS; without any, all of them

What is there already is kept. Exits 1 where not one kernel can be had.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.linux.archive import Suite, Unavailable, find_codename

#: By version: the suite that it is in, and its package.
KERNELS = {
    "7.3": ("trixie-backports", r"linux-image-7\.3\.[^-]*\+.*-cloud-amd64"),
    "6.12": ("trixie", r"linux-image-6\.12\.[^-]*-cloud-amd64"),
    "6.1": ("bookworm", r"linux-image-6\.1\.0-[0-9]+-cloud-amd64"),
}

#: What the programs of `inside` need.
_PACKAGES = ["coreutils", "dash", "mount", "python3", "strace", "util-linux"]

#: Versions of systemd, and the suites that they are in.
_SUITES = {"252": "bookworm", "257": "trixie"}

#: Each takes minutes: more than the first where USCHED_SYSTEMDS names them, as in "252 257".
SYSTEMDS = {each: _SUITES[each] for each in os.environ.get("USCHED_SYSTEMDS", "252").split()}

#: What else is in a root with one of them as its first process, and with logins.
_BESIDE = ["dbus", "libpam-systemd", "libseccomp2", "login", "systemd"]

#: Of those, what only takes time to unpack.
_SPARED = [
    *(
        "usr/share/locale",
        "usr/share/man",
        "usr/share/info",
        "usr/share/zoneinfo",
        "usr/share/perl5",
    ),
    *("usr/lib/python3*/ensurepip", "usr/lib/python3*/lib2to3", "usr/lib/python3*/idlelib"),
    *(
        "usr/lib/python3*/pydoc_data",
        "usr/lib/x86_64-linux-gnu/perl-base",
        "usr/lib/x86_64-linux-gnu/gconv",
    ),
    *("usr/share/bash-completion", "usr/share/python3", "var", "usr/share/perl"),
    "usr/lib/x86_64-linux-gnu/perl",
]

#: How kernels are compressed: what that begins with, and what undoes it.
_COMPRESSIONS = {b"\x28\xb5\x2f\xfd": "zstd", b"\x02\x21\x4c\x18": "lz4"}

_TOOLS = ["apt-get", "cpio", "dpkg-deb", "lz4", "zstd"]

_USERS = {"root": 0, "alice": 1000, "bob": 1001}

#: Whom the configuration of the message bus names.
_SYSTEM_USERS = {"messagebus": 100, "systemd-network": 101, "systemd-resolve": 102}


def find_cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(home) / "usched-guest"


def root_with(systemd: str) -> str:
    """The name of the root that has a version of systemd; without one, that of the plain root."""
    return f"systemd-{systemd}" if systemd else "root"


def main(names: list[str]) -> int:
    cache = find_cache()
    cache.mkdir(parents=True, exist_ok=True)
    missing = set()
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in ("root", *map(root_with, SYSTEMDS), *(names or KERNELS)):
            try:
                _make(name, cache)
            except Unavailable as why:
                missing.add(name)
                print(f"{name} is left out: {why}", file=sys.stderr)
    return 1 if "root" in missing or not any((cache / name).exists() for name in KERNELS) else 0


def _make(name: str, cache: Path) -> None:
    """Unless it is there."""
    if (cache / name).exists():
        return
    for tool in _TOOLS:
        if not shutil.which(tool):
            raise Unavailable(f"{tool} is not installed")
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        match name:
            case "root":
                made = _make_root(Path(folder))
            case _ if name in KERNELS:
                made = _make_kernel(name, Path(folder))
            case _:
                made = _make_root_with_systemd(name, Path(folder))
        made.rename(cache / name)


def _make_kernel(name: str, folder: Path) -> Path:
    """Its file, ready to be moved."""
    suite_name, pattern = KERNELS[name]
    suite = Suite(suite_name, folder)
    package = suite.find(pattern)
    # Debian 13 has a package for what is signed, and another one for the kernel itself
    parts = [package, *suite.dependencies(package, "linux-binary-.*")]
    into = folder / name
    suite.unpack(parts, into, alone=True)
    images = [each for each in into.rglob("vmlinuz*") if each.is_file()]
    if len(images) != 1:
        raise Unavailable(f"{package} has {len(images)} kernels in it")
    partial = folder / "vmlinux"
    partial.write_bytes(_decompress(images[0].read_bytes()))
    print(f"Linux {name}: {package} of {suite_name}")
    return partial


def _decompress(image: bytes) -> bytes:
    """The kernel in a bzImage, which QEMU starts by PVH: to unpack it there takes long.

    Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length.
    """
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (image[0x1F1] or 4) * 512 + 512 + offset
    payload = image[start : start + length - 4]  # the last four bytes are the unpacked size
    for magic, tool in _COMPRESSIONS.items():
        if payload.startswith(magic):
            return subprocess.run([tool, "-dcq"], input=payload, stdout=-1, check=True).stdout
    raise Unavailable(f"it is compressed in a way that nobody knows: {payload[:6]!r}")


def _make_root(folder: Path) -> Path:
    """The guest's file system as the kernel unpacks it: programs and users."""
    root = _unpack(find_codename(), _PACKAGES, folder)
    for each in ("etc/systemd", "usr/lib/systemd"):
        shutil.rmtree(root / each, ignore_errors=True)
    return _finish(root, _USERS)


def _make_root_with_systemd(name: str, folder: Path) -> Path:
    """At boot nothing is wanted but what somebody enables."""
    suite = next(suite for systemd, suite in SYSTEMDS.items() if root_with(systemd) == name)
    root = _unpack(suite, _PACKAGES + _BESIDE, folder)
    for wanted in root.glob("usr/lib/systemd/system/*.wants"):
        shutil.rmtree(wanted)
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    return _finish(root, {**_USERS, **_SYSTEM_USERS})


def _finish(root: Path, users: Mapping[str, int]) -> Path:
    for each in ("dev", "proc", "sys", "run", "tmp", "root", "var/lib", "home/alice", "home/bob"):
        (root / each).mkdir(parents=True, exist_ok=True)
    _add_users(root, users)
    _compile(root)
    packed = root.with_suffix(".cpio")
    packed.write_bytes(pack(root))
    return packed


def _add_users(root: Path, users: Mapping[str, int]) -> None:
    lines = [f"{name}:x:{each}:{each}::/home/{name}:/bin/sh\n" for name, each in users.items()]
    (root / "etc/passwd").write_text("".join(lines))
    (root / "etc/group").write_text("".join(f"{name}:x:{each}:\n" for name, each in users.items()))


def _unpack(suite: str, packages: list[str], folder: Path) -> Path:
    root = folder / "root"
    for each in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / each).mkdir(parents=True)
        (root / each).symlink_to(f"usr/{each}")
    Suite(suite, folder).unpack(packages, root)
    for pattern in _SPARED:
        for spared in root.glob(pattern):
            shutil.rmtree(spared)
    return root


def _compile(root: Path) -> None:
    """By the guest's own Python, which starts several times as fast for it."""
    (library,) = root.glob("usr/lib/python3.*")
    command = [
        f"{root}/usr/lib64/ld-linux-x86-64.so.2",
        *("--library-path", f"{root}/usr/lib/x86_64-linux-gnu", f"{root}/usr/bin/{library.name}"),
        *("-m", "compileall", "-q", "-s", str(root), "--invalidation-mode", "unchecked-hash"),
    ]
    subprocess.run([*command, str(library)], env={"PYTHONHOME": f"{root}/usr"}, check=True)


def pack(folder: Path) -> bytes:
    """A folder as the kernel unpacks it, all of it root's."""
    names = "\0".join(str(each.relative_to(folder)) for each in sorted(folder.rglob("*")))
    command = ["cpio", "--quiet", "-o", "-0", "-H", "newc", "-R", "0:0"]
    return subprocess.run(command, input=names.encode(), cwd=folder, stdout=-1, check=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
