"""How a change of who granted something and one of who holds it do not pass each other unseen.

Each looks at what the other has declared before it writes: at the same moment, both would see what
was. So whoever changes a store keeps the folder of what it grants locked for himself, from before
he looks at what is beneath until he has written; and who holds a part writes only while he has the
folders above locked together with others, if there still stands what he looked at.

Everybody can lock a folder that he can see. So a change waits no longer than a second, for all of
them together; after that it is made all the same, and it is said who was in the way.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from usched.meaning.grants import Granted
from usched.world.flocks import wait_for_lock
from usched.world.part_files import locate_part, part_path
from usched.world.snapshot import open_folder

#: Seconds that one change waits for who is at work.
PATIENCE = 1.0

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

#: Where in a database's file the number stands that each change makes another one
#: (sqlite.org/fileformat2.html, "File change counter").
_COUNTER = 24

Tell = Callable[[str], None]

#: What tells one state of a store from another.
Mark = tuple[int, ...]


class Overtaken(Exception):
    """A store above was changed since it was looked at."""


class Gates:
    """The folders that one change locks: of what the store at the end of a chain of grants grants,
    or the registry, and of what the stores above it do. For all of them together one waits no
    longer than PATIENCE, however many others keep locked. tell: takes who was in the way.
    """

    def __init__(self, registry: str, chain: Sequence[Granted], tell: Tell) -> None:
        self._registry = registry
        self._chain = chain
        self._tell = tell
        self._left = PATIENCE

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Nobody writes a part of what is granted in the store."""
        with ExitStack() as held:
            self._lock(held, self._chain, fcntl.LOCK_EX)
            yield

    @contextmanager
    def pass_all(self, marks: Sequence[Mark]) -> Iterator[None]:
        """The stores above stay as they are. marks: what they were when they were looked at.

        Raises Overtaken where that is not what they are.
        """
        with ExitStack() as held:
            for length in range(len(self._chain)):
                self._lock(held, self._chain[:length], fcntl.LOCK_SH)
            if self.take_marks() != marks:
                raise Overtaken
            yield

    def take_marks(self) -> list[Mark]:
        """What the stores above are now. No connection to one of them may be open: to close another
        descriptor of its file would give up its locks."""
        above = (self._chain[:length] for length in range(len(self._chain)))
        return [_take_mark(self._registry, each) for each in above]

    def _lock(self, held: ExitStack, chain: Sequence[Granted], kind: int) -> None:
        """Lock the folder of what a store grants, if there is one, until the stack is left."""
        base, steps, name = locate_part(self._registry, chain)
        path = f"{part_path(self._registry, chain) if chain else os.path.join(base, name)}.grants"
        try:
            folder = held.enter_context(open_folder(base, (*steps, f"{name}.grants")))
            if not self._wait_for(folder, kind):
                self._tell(_describe_holders(path))
        except FileNotFoundError:  # nothing is granted yet
            return
        except OSError as error:
            # who may enter a folder and not list it has no descriptor that can be locked
            why = os.strerror(errno.EACCES if error.errno == errno.EBADF else error.errno or 0)
            what = f"{path} cannot be locked, so what others declare now is not seen"
            self._tell(f"{what}: {why}")

    def _wait_for(self, folder: int, kind: int) -> bool:
        began = time.monotonic()
        try:
            return wait_for_lock(folder, kind, self._left)
        finally:
            self._left -= time.monotonic() - began


def _take_mark(registry: str, chain: Sequence[Granted]) -> Mark:
    base, steps, name = locate_part(registry, chain)
    with suppress(OSError), open_folder(base, steps) as folder:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            file = os.open(name, _FILE, dir_fd=folder)
            try:
                counter = int.from_bytes(os.pread(file, 4, _COUNTER), "big")
            finally:
                os.close(file)
            return (status.st_dev, status.st_ino, status.st_size, status.st_ctime_ns, counter)
    return ()


def _describe_holders(path: str) -> str:
    from usched.world.lock_holders import find_holders

    by = ", ".join(find_holders(path)) or "nobody found in /proc/locks now"
    return (
        f"{path} is locked, by {by}: not waited for longer, "
        "so what others declare at this moment is not seen"
    )
