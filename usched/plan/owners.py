"""Whose a control group is: what is granted becomes a delegated directory.

Documentation/admin-guide/cgroup-v2.rst, "Delegation": who has the directory of a group, and its
`HANDED` files, divides what the group has; the other files say what that is, and stay the giver's.
Of a group beneath it all files are his. He makes no more groups than `LIMITS` let him, since every
one of them costs the kernel memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from usched.meaning.grants import MAX_PART, Hands, Part
from usched.meaning.rules import MAX_DEPTH
from usched.plan.kernel import SUBTREE
from usched.plan.wanted import OUTSIDE, OWN, Group, Wanted
from usched.words.phrases import join_names

#: What becomes the holder's beside the directory, as /sys/kernel/cgroup/delegate has it.
HANDED = ("cgroup.procs", "cgroup.threads", SUBTREE)

#: No file of the kernel's: whose a group is, as `format_owner` says it; "" where it is root's.
OWNER = "owner"

_DESCENDANTS, _DEPTH = "cgroup.max.descendants", "cgroup.max.depth"

#: What holds a holder to so many groups, and what these say where nobody holds one.
LIMITS = {_DESCENDANTS: "max", _DEPTH: "max"}

#: Of the giver, as of who owns the file system of control groups: root.
GIVER = ""

#: Everybody may write there.
ANYBODY = "*"


class Owner(NamedTuple):
    """files: whose what the group has is. hand: whose it is to divide that. A user is his number, a
    group `@` and its number, the giver ""; several, where the files differ, are joined by commas.
    """

    files: str = GIVER
    hand: str = GIVER

    @property
    def is_settled(self) -> bool:
        """Whether it can be put back exactly."""
        return not any("," in each or ANYBODY in each for each in self)


def format_owner(owner: Owner) -> str:
    """`- 1000`: as a pool that is granted to user 1000, `1000 1000`: as what is in it."""
    if owner == Owner():
        return ""
    return f"{owner.files or '-'} {owner.hand or '-'}"


def parse_owner(text: str) -> Owner:
    if not text:
        return Owner()
    files, _, hand = text.partition(" ")
    return Owner(_parse(files), _parse(hand))


def _parse(word: str) -> str:
    return "" if word == "-" else word


def name_number(holder: str) -> str:
    """Who a holder is, where nobody knows names."""
    if holder == GIVER:
        return "root"
    if holder == ANYBODY:
        return "anybody"
    return f"group {holder[1:]}" if holder.startswith("@") else f"user {holder}"


def describe_owner(text: str, name: Callable[[str], str] = name_number) -> str:
    """`root's`, `root's, handed to alice`, `alice's`; name: says who one of them is."""
    files, hand = (
        join_names([name(_parse(one)) for one in each.split(",")]) for each in parse_owner(text)
    )
    return f"{files}'s" if files == hand else f"{files}'s, handed to {hand}"


def holder_of(part: Part) -> str:
    number = part.granted.number
    if part.granted.is_for_group:
        return f"@{number}"
    return str(number) if number else GIVER


def hand_over(wanted: Wanted, hands: Hands) -> Wanted:
    """The same groups, each with whose it is, and what is granted with its limits."""
    groups = []
    for group in wanted.groups:
        files = dict(group.files)
        if group.path != OUTSIDE:
            owner = _find_owner(group.path, group.scheduler, hands)
            files[OWNER] = format_owner(owner)
            is_handed = owner.hand != owner.files
            files |= _limit(group.scheduler) if is_handed else {}
        groups.append(replace(group, files=files))
    return replace(wanted, groups=tuple(groups))


def _find_owner(path: str, scheduler: str, hands: Hands) -> Owner:
    keeper = hands.keeper(scheduler) if path else None
    files = GIVER if keeper is None else holder_of(keeper)
    part = hands.parts.get(scheduler) if path else None
    inner = files if part is None or hands.has_ended(part) else holder_of(part)
    return Owner(inner, inner) if path.endswith(f"/{OWN}") else Owner(files, inner)


def _limit(name: str) -> Mapping[str, str]:
    """Each scheduler may have a leaf for its own threads beside it."""
    levels = MAX_DEPTH - name.count("/")
    return {_DESCENDANTS: str(2 * MAX_PART), _DEPTH: str(levels)}


class Held:
    """What of some groups is in others' hands: there it is they who make that a step can be
    refused.

    groups: by path, what their files say, OWNER among them.
    """

    def __init__(self, groups: Mapping[str, Mapping[str, str]]) -> None:
        self._owners = {
            path: parse_owner(files[OWNER]) for path, files in groups.items() if OWNER in files
        }

    @classmethod
    def of_wanted(cls, groups: Iterable[Group]) -> Held:
        """Of groups that are to be."""
        return cls({group.path: group.files for group in groups})

    def find(self, path: str, file: str) -> str | None:
        """The group by which somebody holds what a file of a group says, or that group itself (file
        ""); None where it is the giver's."""
        found = None
        if file in HANDED and self.hand(path) != GIVER:
            found = path
        while path:
            path = path.rpartition("/")[0]
            if self.hand(path) != GIVER:
                found = path
        return found

    def hand(self, path: str) -> str:
        """Whose a group is to divide, as an `Owner` says it."""
        return self._owners.get(path, Owner()).hand
