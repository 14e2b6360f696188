"""The lines of a file, unpacked where it is compressed: a trace is read as it comes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NoReturn, cast

from usched.words.problems import EnvironmentFailed, Problem, Refused
from usched.world.files import STANDARD_INPUT, explain_unreadable
from usched.world.zstd import open_zstd

#: Longer lines are given in pieces of so many bytes.
_MAX_PIECE = 1 << 16

_ZSTD = b"\x28\xb5\x2f\xfd"
_MAGIC = 6

#: Packings that nothing here unpacks, with what does.
_FOREIGN = {
    b"PK\x03\x04": ("a zip archive", "unzip -p {path} | usched import -"),
    b"7z\xbc\xaf": ("a 7-Zip archive", "7z e -so {path} | usched import -"),
    b"\x04\x22\x4d\x18": ("compressed by lz4", "lz4 -dc {path} | usched import -"),
    b"LZIP": ("compressed by lzip", "lzip -dc {path} | usched import -"),
    b"\xff\xfe": ("text in UTF-16", "iconv -f UTF-16 -t UTF-8 {path} | usched import -"),
    b"\xfe\xff": ("text in UTF-16", "iconv -f UTF-16 -t UTF-8 {path} | usched import -"),
}
_RECORDS = {
    b"PERFIL": ("perf's own record", "perf script -i {path} | usched import -"),
    b"2ELIFR": ("perf's own record", "perf script -i {path} | usched import -"),
    b"\x17\x08\x44tra": ("trace-cmd's own record", "trace-cmd report {path} | usched import -"),
}

#: What the unpackers raise for broken data.
_BROKEN = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


@contextmanager
def open_lines(path: str, what: str) -> Iterator[tuple[str, Iterator[str]]]:
    """The label that errors use, and the lines with their ends; `-` is standard input.

    What is no UTF-8 is replaced: a comm may be any bytes. Raises EnvironmentFailed when the file
    cannot be read, Refused when it cannot be unpacked, or is a record that only its own tool
    reads; both also while the lines are taken.
    """
    label = "<stdin>" if path == STANDARD_INPUT else path
    try:
        raw = _open(path)
    except (OSError, ValueError) as error:
        raise explain_unreadable(path, what, error) from error
    try:
        yield label, _read_lines(raw, label, what)
    finally:
        if path != STANDARD_INPUT:
            raw.close()


def _open(path: str) -> io.BufferedReader:
    if path == STANDARD_INPUT:
        source = sys.stdin.buffer
        return source if isinstance(source, io.BufferedReader) else io.BufferedReader(source)  # type: ignore[arg-type]
    return open(path, "rb")


def _read_lines(raw: io.BufferedReader, label: str, what: str) -> Iterator[str]:
    file: IO[bytes] = raw
    try:
        file = _unpack(raw, label)
        while piece := file.readline(_MAX_PIECE):
            yield piece.decode("utf-8", "replace")
    except _BROKEN as error:
        raise Refused(f"{what} {label} cannot be unpacked: {_describe(error)}") from error
    except OSError as error:
        if error.errno is None:  # of bz2, which has no error of its own
            raise Refused(f"{what} {label} cannot be unpacked: {_describe(error)}") from error
        reason = error.strerror or str(error)
        raise EnvironmentFailed(f"{what} {label} cannot be read: {reason}") from error
    finally:
        if file is not raw:
            file.close()


def _describe(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "it is cut short"
    return str(error).rstrip(".") or "it is damaged"


def _unpack(raw: io.BufferedReader, label: str) -> IO[bytes]:
    """By what the file begins with; its name plays no part."""
    begin = raw.peek(_MAGIC)[:_MAGIC]
    for magic, (kind, remedy) in (_RECORDS | _FOREIGN).items():
        if begin.startswith(magic):
            typed = "type: " + remedy.format(path=label)
            raise Refused(Problem(f"{label} is {kind}", remedy=typed, rule="packed"))
    if begin.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if begin.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    if begin.startswith(b"\xfd7zXZ"):
        return lzma.LZMAFile(raw)
    if begin.startswith(_ZSTD):
        return open_zstd(raw) or _refuse_zstd(label)
    return raw


def _refuse_zstd(label: str) -> NoReturn:
    what = f"{label} is compressed by zstd, which this Python does not unpack"
    path = "FILE" if label.startswith("<") else label
    raise Refused(Problem(what, remedy=f"type: zstd -dc {path} | usched import -", rule="packed"))
