"""The logs of a registry's parts, those that were taken back among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from usched.actions.context import Context
from usched.actions.read_parts import chain_of, is_anothers
from usched.meaning.grants import Granted, Part
from usched.meaning.history import Revision
from usched.words.phrases import clip
from usched.words.statement import is_beneath, parent_of
from usched.world.accounts import moment_in
from usched.world.author import CLAIMED
from usched.world.foreign import DoesNotHold, FolderGone, Waste, open_foreign
from usched.world.store import Store

#: So much of a part's log is read, and of each text in it.
_MOST_REVISIONS, _LONGEST = 1000, 1000

#: So many logs of parts that were taken back are read, and so many grants looked at for them in one
#: part's store.
_MOST_FORMER, _MOST_GRANTS = 64, 256


class _Log(NamedTuple):
    """Whose log it is: that of the last of a chain of grants. ends: when that was taken back, None
    where it was not."""

    chain: tuple[Granted, ...]
    ends: str | None = None

    @property
    def granted(self) -> Granted:
        return self.chain[-1]

    @property
    def way(self) -> tuple[tuple[str, str, int], ...]:
        return tuple((each.name, each.user, each.number) for each in self.chain)

    @property
    def title(self) -> str:
        kind = "part" if self.ends is None else "former part"
        return f"{self.granted.user}'s {kind}"

    def concerns(self, name: str | None) -> bool:
        """Whether anything that happened to a scheduler can stand in it."""
        mine = self.granted.name
        return name is None or is_beneath(mine, name) or is_beneath(parent_of(name), mine)

    def find_former(self, store: Store) -> Iterator[_Log]:
        """What was handed on of it, as its store has it, and then was taken back, by its holder or
        along with it."""
        found = store.former_grants(_MOST_GRANTS)
        if self.ends is not None:
            found = [(each, self.ends) for each in store.grants(_MOST_GRANTS)[0]] + found
        for granted, ends in found:
            if is_beneath(parent_of(granted.name), self.granted.name):
                yield _Log((*self.chain, granted), min(ends, self.ends or ends))


class PartLogs:
    """Reads logs of parts, all of them in bounded time. parts: all that there are."""

    def __init__(self, context: Context, parts: Sequence[Part]) -> None:
        self._context = context
        self._standing = [_Log(chain_of(parts, part.name)) for part in parts]
        self._waste = Waste()
        self._waste.expect(len(parts))

    def read(self, part: str, name: str, limit: int) -> list[Revision]:
        """The newest revisions of a scheduler in one part."""
        log = next(each for each in self._standing if each.granted.name == part)
        return self._read(log, name, limit)[0]

    def read_all(
        self, former: Iterable[tuple[Granted, str]], name: str | None, limit: int | None
    ) -> list[Revision]:
        """The newest revisions of every part, and of those that were taken back as far as they are
        still there; with a name, what concerns that scheduler, and all of the parts beneath it.
        former: of the registry's grants those that ended, and when."""
        waiting = self._standing + [_Log((granted,), ends) for granted, ends in former]
        seen: set[object] = set()
        found: list[Revision] = []
        left = _MOST_FORMER
        while waiting:
            log = waiting.pop(0)
            is_new = log.way not in seen and log.concerns(name)
            seen.add(log.way)
            if not is_new or (len(log.chain) > 1 and is_anothers(log.granted)):
                continue
            if log.ends is not None:
                if not left:
                    last = f"only those of {_MOST_FORMER} are read"
                    self._context.tell(f"of the logs of parts that were taken back {last}")
                    break
                left -= 1
            within = name is not None and not is_beneath(log.granted.name, name)
            revisions, below = self._read(log, name if within else None, limit)
            found += revisions
            waiting += below
        return found

    def _read(
        self, log: _Log, name: str | None, limit: int | None
    ) -> tuple[list[Revision], list[_Log]]:
        """The newest revisions of a part, as its holder's store has them, and what was taken back
        of it."""
        most = _MOST_REVISIONS if limit is None else min(limit, _MOST_REVISIONS)
        allowance = self._waste.allow()
        try:
            with open_foreign(self._context.registry, log.chain, allowance) as store:
                if store is None:
                    return [], []
                self._waste.note_opened(allowance)
                found, damaged = store.revisions(name, most + 1, moved=False, longest=_LONGEST + 1)
                below = list(log.find_former(store))
        except DoesNotHold as trouble:
            self._waste.note_in_vain(allowance)
            if log.ends is None or not isinstance(trouble, FolderGone):
                self._tell(log, f"the log of {log.title} cannot be read: {trouble}")
            return [], []
        return self._take(log, found, len(damaged), most), below

    def _take(
        self, log: _Log, found: Sequence[Revision], damaged: int, most: int
    ) -> list[Revision]:
        """What counts of a log, signed: its holder can write what he likes there, and date it."""
        latest = min(filter(None, (log.ends, moment_in(1))), default="")
        # or his would always be the newest
        kept = [each for each in found if each.moment <= latest]
        damaged += len(found) - len(kept)
        if damaged:
            self._tell(log, f"of the log of {log.title} {damaged} are damaged")
        if len(kept) > most == _MOST_REVISIONS:
            self._tell(log, f"of {log.title} only the newest {most} revisions are read")
        return [_signed(each, log) for each in kept[:most]]

    def _tell(self, log: _Log, what: str) -> None:
        self._context.tell(f"{log.granted.name}: {what}")


def _signed(revision: Revision, log: _Log) -> Revision:
    """A revision of somebody else's store, and who answers for it."""
    granted, user = log.granted, clip(revision.user, 100)
    is_holders = revision.uid == granted.number and not granted.is_for_group
    claims = user.startswith(f"{granted.user} (sudo: ") and (
        user.endswith(CLAIMED) or granted.number == 0
    )
    if not (is_holders and (user == granted.user or claims)):
        user = f"{granted.user} (as {user})"
    text = clip(revision.text, _LONGEST)
    is_former = log.ends is not None
    return revision._replace(user=user, text=text, store=granted.name, former=is_former)
