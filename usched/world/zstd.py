"""What is compressed by zstd, unpacked by Python where it can, from 3.14 on, or else by zstd."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def open_zstd(raw: io.BufferedReader) -> IO[bytes] | None:
    """The bytes unpacked; None where nothing here can: no zstd, or a pipe, of which the first
    bytes are gone when they are known to be zstd's."""
    try:
        zstd: Any = import_module("compression.zstd")
    except ImportError:
        program = shutil.which("zstd")
        if program is None or not raw.seekable():
            return None
        return io.BufferedReader(_Unpacking(program, raw))
    opened: IO[bytes] = zstd.ZstdFile(raw)
    return opened


class _Unpacking(io.RawIOBase):
    """What `zstd -dc` writes. Raises an OSError without a number where it fails."""

    def __init__(self, program: str, packed: io.BufferedReader) -> None:
        # the program goes on where the descriptor is, which a look ahead has moved
        os.lseek(packed.fileno(), packed.tell(), os.SEEK_SET)
        self._process = subprocess.Popen(
            [program, "-dcq"], stdin=packed, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        assert self._process.stdout is not None
        length: int = self._process.stdout.readinto(buffer)  # type: ignore[attr-defined]
        if not length and self._process.wait():
            raise OSError("it is cut short or damaged")
        return length

    def close(self) -> None:
        if not self.closed:
            self._process.terminate()
            with self._process:
                super().close()
