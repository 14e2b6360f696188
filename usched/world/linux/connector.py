"""The process connector: the kernel tells of every fork (linux/cn_proc.h)."""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import NamedTuple

#: linux/netlink.h, linux/connector.h.
_CONNECTOR, _DONE = 11, 3
_GROUP = _ID = _VALUE = 1

_LISTEN = 1
_FORK = 1

_HEAD = struct.Struct("=IHHII")
_MESSAGE = struct.Struct("=IIIIHH")
_EVENT = struct.Struct("=IIQ")
_FORKED = struct.Struct("=iiii")

#: Bytes; at the default, half of 300 forks at once are lost.
_BUFFER = 4 << 20


class Fork(NamedTuple):
    """Of a thread, or of a process, whose first thread has its number."""

    tid: int
    pid: int


class Lost(Exception):
    """More was forked than the kernel could keep for us: whoever listens must look for itself."""


class Connector:
    """Raises OSError where the kernel does not let us listen."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _CONNECTOR)
        try:
            self._grow()
            self._socket.bind((0, _GROUP))
            body = struct.pack("=I", _LISTEN)
            message = _MESSAGE.pack(_ID, _VALUE, 0, 0, len(body), 0) + body
            self._socket.send(_HEAD.pack(_HEAD.size + len(message), _DONE, 0, 0, 0) + message)
            self._socket.setblocking(False)
        except BaseException:
            self._socket.close()
            raise

    def _grow(self) -> None:
        forced = 33  # SO_RCVBUFFORCE, of asm-generic/socket.h
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, forced, _BUFFER)
        except PermissionError:  # as much as everybody may have
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)

    def fileno(self) -> int:
        return self._socket.fileno()

    def hear(self) -> list[Fork]:
        """All forks since the last time. Raises Lost, and then none of them is left to be heard:
        who looks at all threads has seen those that were not lost, too."""
        heard: list[Fork] = []
        lost: OSError | None = None
        while True:
            try:
                data = self._socket.recv(65536)
            except BlockingIOError:
                if lost is not None:
                    raise Lost from lost
                return heard
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                lost = error
                continue
            fork = parse_fork(data)
            if fork is not None:
                heard.append(fork)

    def close(self) -> None:
        self._socket.close()


def parse_fork(data: bytes) -> Fork | None:
    """None for what tells of something else."""
    start = _HEAD.size + _MESSAGE.size
    if len(data) < start + _EVENT.size + _FORKED.size:
        return None
    if _MESSAGE.unpack_from(data, _HEAD.size)[:2] != (_ID, _VALUE):
        return None
    what, _, _ = _EVENT.unpack_from(data, start)
    if what != _FORK:
        return None
    _, _, tid, pid = _FORKED.unpack_from(data, start + _EVENT.size)
    return Fork(tid, pid)


def try_to_listen() -> Connector | str:
    """Or why the kernel does not let us, as the name of an errno."""
    try:
        return Connector()
    except OSError as error:
        number = error.errno or 0
        return errno.errorcode.get(number, os.strerror(number))
