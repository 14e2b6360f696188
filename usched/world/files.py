"""Reading the user's text files: bounded, decoded, and every failure said in one sentence."""

from __future__ import annotations

import errno
import os
import stat
import sys

from usched.words.problems import EnvironmentFailed, Line, Problem, Refused, Span

#: More than any topology, script or workload that a person or a tool makes, in bytes.
MAX_BYTES = 64 * 1024 * 1024

STANDARD_INPUT = "-"

#: How files begin that hold a text only when they are unpacked.
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK\x03\x04")


def explain_unreadable(path: str, what: str, error: OSError | ValueError) -> EnvironmentFailed:
    """Why a file, or standard input for `-`, could not be opened or read."""
    label = "<stdin>" if path == STANDARD_INPUT else path
    if isinstance(error, ValueError):  # a NUL in the path itself
        return EnvironmentFailed(f"{what} {label!r} cannot be read: {error}")
    closed = path == STANDARD_INPUT and error.errno == errno.EBADF
    reason = "it is closed" if closed else error.strerror or str(error)
    return EnvironmentFailed(f"{what} {label} cannot be read: {reason}")


def read_text(path: str, what: str) -> tuple[str, str]:
    """Read a file, or standard input for `-`: (the label that errors use, its text).

    Raises EnvironmentFailed when it cannot be read, Refused when it is no text: over MAX_BYTES,
    not UTF-8, or with a NUL byte in it; the line and column are named.
    """
    label = "<stdin>" if path == STANDARD_INPUT else path
    try:
        raw = _read_file(path)
    except (OSError, ValueError) as error:
        raise explain_unreadable(path, what, error) from error
    if len(raw) > MAX_BYTES:
        raise Refused(f"{what} {label} is larger than {MAX_BYTES // 2**20} MiB")
    return label, decode(raw, label)


def _read_file(path: str) -> bytes:
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with open(path, "rb") as file:
        if stat.S_ISDIR(os.fstat(file.fileno()).st_mode):
            raise IsADirectoryError(21, "it is a directory")
        return file.read(MAX_BYTES + 1)


def decode(raw: bytes, label: str) -> str:
    """UTF-8 to text, without a byte order mark. Raises Refused, naming line and column."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        where = _locate(raw, error.start, label)
        what = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise Refused(_packed(raw, label) or Problem(what, where, rule="utf-8")) from error
    nul = text.find("\0")
    if nul >= 0:
        where = _locate(raw, raw.index(b"\0"), label)
        what = "a NUL byte: this is not a text file"
        raise Refused(_packed(raw, label) or Problem(what, where, rule="nul"))
    return text.removeprefix("\ufeff")


def _packed(raw: bytes, label: str) -> Problem | None:
    if not raw.startswith(_PACKED):
        return None
    return Problem(f"{label} is compressed", remedy="unpack it first", rule="packed")


def _locate(raw: bytes, offset: int, label: str) -> Span:
    start = raw.rfind(b"\n", 0, offset) + 1
    end = raw.find(b"\n", offset)
    line = raw[start : end if end >= 0 else len(raw)][: 1 << 16].decode("utf-8", "replace")
    column = len(raw[start:offset].decode("utf-8", "replace"))
    return Span(Line(label, raw.count(b"\n", 0, offset) + 1, line), column, column + 1)
