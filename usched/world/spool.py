"""Segments of a run that are too many for memory, in a file that has no name."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, overload

from usched.words.problems import EnvironmentFailed

_ITEM = array("q").itemsize

#: Ints that are read at once by who goes through all of them.
_CHUNK = 3 * 4096


class Spool:
    """A file in the folder for temporary files, made when first needed; it is gone with the
    process. most: segments that are not worth it, at some 30 bytes each. Raises EnvironmentFailed
    where it cannot be made or written."""

    def __init__(self, most: int = 2**21) -> None:
        self.most = most
        self._file: IO[bytes] | None = None
        self._end = 0
        self._parts: dict[int, list[tuple[int, int]]] = {}

    def put(self, segments: Mapping[int, array[int]]) -> None:
        import tempfile

        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="usched.")  # noqa: SIM115 - kept open
            self._file.seek(self._end)
            for cpu, flat in segments.items():
                if flat:
                    self._parts.setdefault(cpu, []).append((self._end, len(flat)))
                    self._end += self._file.write(flat)
            self._file.flush()
        except OSError as error:
            what = "the segments of the run are too many for memory, and cannot be put in a file"
            remedy = "set TMPDIR to a folder with room, or leave them out with --summary"
            raise EnvironmentFailed(f"{what}: {error.strerror}: {remedy}") from error

    def take(self) -> Mapping[int, Sequence[int]]:
        parts, self._parts = self._parts, {}
        assert self._file is not None
        return {cpu: Spooled(self._file, parts[cpu]) for cpu in sorted(parts)}


class Spooled(Sequence[int]):
    """What was put for one cpu. parts: where in the file each is, in bytes, and how many ints."""

    def __init__(self, file: IO[bytes], parts: Sequence[tuple[int, int]]) -> None:
        self._file = file
        self._parts = parts
        self._firsts = [0]
        for _, size in parts:
            self._firsts.append(self._firsts[-1] + size)

    def __len__(self) -> int:
        return self._firsts[-1]

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[int]: ...
    def __getitem__(self, key: int | slice) -> int | Sequence[int]:
        if isinstance(key, int):
            index = range(len(self))[key]
            return self._read(index, index + 1)[0]
        start, stop, step = key.indices(len(self))
        if step < 1:
            raise ValueError("segments are read forwards")
        return self._read(start, stop)[::step]

    def __iter__(self) -> Iterator[int]:
        for start in range(0, len(self), _CHUNK):
            yield from self._read(start, min(start + _CHUNK, len(self)))

    def _read(self, start: int, stop: int) -> array[int]:
        found = array("q")
        part = bisect_right(self._firsts, start) - 1
        while start < stop:
            offset, size = self._parts[part]
            inside = start - self._firsts[part]
            wanted = min(stop - start, size - inside)
            self._file.seek(offset + inside * _ITEM)
            found.frombytes(self._file.read(wanted * _ITEM))
            start += wanted
            part += 1
        return found
