"""A registry's file as it was at one moment, read without a lock and without a right to write.

SQLite's own reader needs both: it waits for whoever has the file locked, and to take back what a
killed writer left it must write. A copy in memory needs neither. It is never handed a journal of
somebody else's, since SQLite deletes the file that a journal names as its super-journal.
"""

from __future__ import annotations

import itertools
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

#: How long one waits for a moment at which nobody writes, and between two looks, in seconds.
PATIENCE = 0.5
_PAUSE = 0.003

#: So many looks are taken on the busiest machine, too.
_ATTEMPTS = 8

#: As much of a file is read in one piece.
_AT_ONCE = 1 << 27

#: sqlite.org/fileformat2.html, "The Rollback Journal".
_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
_HEADER = 28

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

#: What must be true of a file before a byte of it is read: a sentence on what is wrong, or "".
Check = Callable[[os.stat_result], str]


class NoSnapshot(Exception):
    """Why there is none, in words that end a sentence."""


def take_snapshot(
    folder: int,
    name: str,
    max_bytes: int,
    check: Check,
    until: float | None = None,
    *,
    attempts: int = _ATTEMPTS,
) -> bytes | None:
    """The bytes of a database in an open folder, without what an unfinished change wrote.

    until: when patience ends, by the monotonic clock; attempts: so many looks are taken in any
    case. None where there is no file. Raises NoSnapshot: it is no regular file, or a link; it is
    larger than max_bytes; `check` has something against it; it does not stay the same for long
    enough.
    """
    until = time.monotonic() + PATIENCE if until is None else until
    for attempt in itertools.count(1):
        journal = _read_journal(folder, f"{name}-journal", 2 * max_bytes, check)
        file = _open(folder, name, max_bytes, check)
        if file is None:
            return None
        try:
            data = _read_all(file, max_bytes)
            after = _read_journal(folder, f"{name}-journal", 2 * max_bytes, check)
            # who writes in place has a journal until the last page is written: what is the same
            # twice, around a journal that is the same, is what was there before the change that
            # the journal is of; who puts another file in its place leaves this one alone
            if journal == after and _is_still(file, data):
                return data if after is None else roll_back(data, after)
        except OSError as error:
            raise NoSnapshot(f"{name} cannot be read: {error.strerror}") from error
        finally:
            os.close(file)
        if attempt >= attempts and time.monotonic() > until:
            break
        time.sleep(_PAUSE)
    raise NoSnapshot("it does not stay the same while it is read")


@contextmanager
def open_folder(base: str, steps: tuple[str, ...] = ()) -> Iterator[int]:
    """A descriptor of a folder, beneath base through steps of which none may be a link.

    Raises OSError.
    """
    folder = _open_to_enter(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for step in steps:
            inner = _open_to_enter(step, _FLAGS | os.O_DIRECTORY, folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _open_to_enter(name: str, flags: int, folder: int | None = None) -> int:
    """A descriptor of a folder, which one need not be able to list."""
    try:
        return os.open(name, flags, dir_fd=folder)
    except PermissionError:
        return os.open(name, flags | os.O_PATH, dir_fd=folder)


def _read_journal(folder: int, name: str, max_bytes: int, check: Check) -> bytes | None:
    """None also where its owner may not write the file, of which it is no change then."""
    with suppress(FileNotFoundError):
        if not check(os.stat(name, dir_fd=folder, follow_symlinks=False)):
            return _read(folder, name, max_bytes, check)
    return None


def _read(folder: int, name: str, max_bytes: int, check: Check) -> bytes | None:
    file = _open(folder, name, max_bytes, check)
    if file is None:
        return None
    try:
        return _read_all(file, max_bytes)
    except OSError as error:
        raise NoSnapshot(f"{name} cannot be read: {error.strerror}") from error
    finally:
        os.close(file)


def _open(folder: int, name: str, max_bytes: int, check: Check) -> int | None:
    """A descriptor of a file that may be read; None where there is none."""
    try:
        # a device is not even opened, which for some means something; and closing any descriptor
        # of a file that this process has locked gives up its locks, so whose it is comes first
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        _require_plain(status, max_bytes, check)
        file = os.open(name, _FLAGS, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NoSnapshot(f"{name} cannot be read: {error.strerror}") from error
    try:
        _require_plain(os.fstat(file), max_bytes, check)
    except BaseException:
        os.close(file)
        raise
    return file


def _require_plain(status: os.stat_result, max_bytes: int, check: Check) -> None:
    kind = status.st_mode
    if stat.S_ISLNK(kind):
        raise NoSnapshot("it is a symbolic link")
    if not stat.S_ISREG(kind):
        raise NoSnapshot("it is not a regular file")
    if status.st_size > max_bytes:
        raise NoSnapshot(f"it is larger than {max_bytes // 2**20} MiB")
    if wrong := check(status):
        raise NoSnapshot(wrong)


def _read_all(file: int, max_bytes: int) -> bytes:
    # at once where it stays as long as it is, so that there is one copy of it
    data = os.pread(file, min(os.fstat(file).st_size, max_bytes, _AT_ONCE) + 1, 0)
    pieces = [data]
    left = max_bytes + 1 - len(data)
    at = len(data)
    while left > 0 and (piece := os.pread(file, min(left, 1 << 20), at)):
        pieces.append(piece)
        at += len(piece)
        left -= len(piece)
    if left <= 0:
        raise NoSnapshot(f"it is larger than {max_bytes // 2**20} MiB")
    return b"".join(pieces)


def _is_still(file: int, data: bytes) -> bool:
    """Whether that is what a file has in it, no more and no less; without another copy of it."""
    at = 0
    while piece := os.pread(file, 1 << 20, at):
        if not data.startswith(piece, at):
            return False
        at += len(piece)
    return at == len(data)


def roll_back(database: bytes, journal: bytes) -> bytes:
    """A database as it was before the change whose journal that is.

    What SQLite would do (pager_playback in pager.c), up to the first record that is not whole.
    """
    if len(journal) < _HEADER or not journal.startswith(_MAGIC):
        return database  # nothing was written yet, or all of it, and the journal is void
    pages, size = _number(journal, 16), _number(journal, 24)
    if size < 512 or size > 65536 or size & (size - 1):
        return database
    if pages * size > len(database) + len(journal):
        return database  # it never was that long: pages go nowhere but into the journal
    restored = bytearray(database)
    for page, content in _records(journal, size):
        start = (page - 1) * size
        if page <= pages:
            if len(restored) < start:
                restored.extend(bytes(start - len(restored)))
            restored[start : start + size] = content
    del restored[pages * size :]
    return bytes(restored)


def _records(journal: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    """Page numbers, from 1, with what these pages were."""
    at = 0
    while len(journal) - at >= _HEADER and journal[at : at + 8] == _MAGIC:
        count, nonce = _number(journal, at + 8), _number(journal, at + 12)
        sector = _number(journal, at + 20)
        if sector < 32 or sector > 65536 or sector & (sector - 1):
            return
        at += sector
        if count == 0xFFFFFFFF:
            count = (len(journal) - at) // (size + 8)
        for _ in range(count):
            page = _number(journal, at) if at + size + 8 <= len(journal) else 0
            content = journal[at + 4 : at + 4 + size]
            if not page or _number(journal, at + 4 + size) != _checksum(content, nonce):
                return
            yield page, content
            at += size + 8
        at = -(-at // sector) * sector


def _checksum(page: bytes, nonce: int) -> int:
    return (nonce + sum(page[len(page) - 200 : 0 : -200])) & 0xFFFFFFFF


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")
