"""Reading the user's text files: bounded, decoded, and every failure said in one sentence."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys

from usched.words.phrases import as_typed
from usched.words.problems import EnvironmentFailed, Line, Problem, Refused, Span

#: More than any topology, script or workload that a person or a tool makes, in bytes.
MAX_BYTES = 64 * 1024 * 1024

STANDARD_INPUT = "-"

#: How files begin that hold no text as they are, with what they are, and what to do.
_UTF16 = ("text in UTF-16", "type: iconv -f UTF-16 -t UTF-8 {path}, and give it what that prints")
_KNOWN = {
    **dict.fromkeys(
        (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"),
        ("compressed", "unpack it first"),
    ),
    b"SQLite format 3\0": ("an SQLite database", "a registry is named with --registry {path}"),
    b"\xff\xfe": _UTF16,
    b"\xfe\xff": _UTF16,
}

#: What stands in no text. A lone one, as of an editor, is shown where it stands.
_CONTROL = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f]")
_HEAD = 4096


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
    not UTF-8, or with a NUL byte in it.
    """
    label = "<stdin>" if path == STANDARD_INPUT else path
    try:
        raw = _read_file(path)
    except (OSError, ValueError) as error:
        raise explain_unreadable(path, what, error) from error
    if len(raw) > MAX_BYTES:
        raise Refused(f"{what} {label} is larger than {MAX_BYTES // 2**20} MiB")
    return label, decode(raw, label, what)


def require_file(path: str, what: str) -> None:
    """Raises EnvironmentFailed where a file cannot be read. It is looked at and not opened: it may
    be a pipe, which has its text once."""
    if path == STANDARD_INPUT:
        return
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not os.access(path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except (OSError, ValueError) as error:
        raise explain_unreadable(path, what, error) from error


def _read_file(path: str) -> bytes:
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with open(path, "rb") as file:
        if stat.S_ISDIR(os.fstat(file.fileno()).st_mode):
            raise IsADirectoryError(21, "it is a directory")
        return file.read(MAX_BYTES + 1)


def decode(raw: bytes, label: str, what: str) -> str:
    """UTF-8 to text, without a byte order mark. what: what the text is to be.

    Raises Refused, naming line and column, or what it is instead.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise Refused(_explain(raw, error.start, label, what, found)) from error
    if "\0" in text:
        found = "a NUL byte: this is not a text file"
        raise Refused(_explain(raw, raw.index(b"\0"), label, what, found))
    return text.removeprefix("\ufeff")


def _explain(raw: bytes, offset: int, label: str, what: str, found: str) -> Problem:
    """What is wrong with a byte of a text, or with calling it a text."""
    for begin, (kind, remedy) in _KNOWN.items():
        if raw.startswith(begin):
            said = f"{label} is {kind}, and no {what}"
            return Problem(said, remedy=remedy.format(path=as_typed(label)), rule="binary")
    allowed = f"a {what} is text in UTF-8"
    controls = _CONTROL.findall(raw[:_HEAD])
    if len(controls) > 1:
        said = f"{label} is not text: byte {offset + 1} of it is 0x{raw[offset]:02x}"
        return Problem(said, remedy=allowed, rule="binary")
    return Problem(found, _locate(raw, offset, label), allowed, "utf-8")


def _locate(raw: bytes, offset: int, label: str) -> Span:
    start = raw.rfind(b"\n", 0, offset) + 1
    end = raw.find(b"\n", offset)
    line = raw[start : end if end >= 0 else len(raw)][: 1 << 16].decode("utf-8", "replace")
    column = len(raw[start:offset].decode("utf-8", "replace"))
    return Span(Line(label, raw.count(b"\n", 0, offset) + 1, line), column, column + 1)
