"""Grants: who may subdivide which scheduler, within which bounds, and who may change what.

What is granted is what lies beneath a scheduler; the scheduler itself stays the giver's. Whoever
holds it may hand on a part, and nobody's bounds are wider than those of whom they come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from usched.meaning.registry import EMPTY, Source
from usched.meaning.rules import INNER_LWKTPRI, MAX_DEPTH, check_time
from usched.text.language.canonical import format_statement
from usched.words.phrases import count, join_names
from usched.words.problems import NoSuchName, NotPermitted, Problem, Refused, Span, place_of
from usched.words.statement import (
    Declare,
    Destroy,
    Grant,
    Quantum,
    Revoke,
    Statement,
    is_beneath,
    lineage,
    parent_of,
)

#: A grant's store is a file that is named after what is granted.
MAX_GRANTED_NAME = 200

#: So much of somebody else's part is everybody's to read: schedulers, their cpus in all, and
#: characters of text.
MAX_PART, MAX_PART_CPUS, MAX_PART_TEXT = 1024, 65_536, 256 * 1024


class Account(NamedTuple):
    """A user, or a group as `@name`, and the number by which the system knows it."""

    name: str
    number: int


class Granted(NamedTuple):
    """A grant as a registry keeps it. number: of the user or the group. giver: the uid of who
    granted. ends: UTC, ISO 8601; None for never."""

    grant: Grant
    number: int
    giver: int
    ends: str | None = None

    @property
    def name(self) -> str:
        return self.grant.name

    @property
    def user(self) -> str:
        return self.grant.user

    @property
    def is_for_group(self) -> bool:
        return self.grant.user.startswith("@")


class Bounds(NamedTuple):
    """What may be declared beneath: up to this lwktpri, in names of so many segments, until then
    (None: for ever)."""

    lwktpri: int = INNER_LWKTPRI[1]
    segments: int = MAX_DEPTH
    ends: str | None = None

    def narrow(self, granted: Granted) -> Bounds:
        """Those of who is given a part by who has these."""
        grant = granted.grant
        lwktpri = self.lwktpri if grant.lwktpri is None else min(self.lwktpri, grant.lwktpri)
        segments = self.segments
        if grant.depth is not None:
            segments = min(segments, _segments(grant.name) + grant.depth)
        ends = min(filter(None, (self.ends, granted.ends)), default=None)
        return Bounds(lwktpri, segments, ends)


class Part(NamedTuple):
    """What lies beneath a granted scheduler, in its holder's store.

    above: the names of the grants that it comes from, the registry's own first. trouble: why
    nothing of it holds, "" where it does. problems: what of it does not hold for itself.
    """

    granted: Granted
    bounds: Bounds
    above: tuple[str, ...]
    source: Source
    trouble: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def name(self) -> str:
        return self.granted.name

    @property
    def user(self) -> str:
        return self.granted.user


class Actor(NamedTuple):
    """Who gives a command, and what only the system knows. groups: the numbers of those that this
    process is in.

    owns: whether he may write the registry itself. find_account: by a name or `@name`. moment_in:
    so many seconds from now, as ISO 8601, None where the calendar has no such day. is_listed:
    whether the system lists him in a group, by its number. caller: of root, who became it by sudo.
    """

    uid: int
    groups: frozenset[int]
    owns: bool
    find_account: Callable[[str], Account | None]
    moment_in: Callable[[float], str | None]
    is_listed: Callable[[int], bool]
    caller: Actor | None = None

    def holds(self, granted: Granted) -> bool:
        if not granted.is_for_group:
            return granted.number == self.uid
        # the system lets the process write, and everybody who reads goes by what it lists
        return granted.number in self.groups and self.is_listed(granted.number)

    def describe_caller(self, granted: Granted) -> str:
        """Where a holder has become root to change what only he may: what to do."""
        if self.caller is not None and self.caller.holds(granted):
            return "without sudo it is yours to change"
        return ""

    def describe_session(self, granted: Granted) -> str:
        """Where the system and this process disagree on whether he is in a group: what to do."""
        group = granted.user
        has, is_listed = granted.number in self.groups, self.is_listed(granted.number)
        if not granted.is_for_group or has == is_listed:
            return ""
        if is_listed:
            return (
                f"you are in {group}, and this session is not: log in anew, or newgrp {group[1:]}"
            )
        return f"this session is in {group}, and you are not, as the system lists it, which counts"


class Hands:
    """Whose hands the schedulers of a registry are in, and what one of these people may do.

    parts: what is granted, by name. owner: whose the registry itself is. desk: the granted
    scheduler whose store is to be changed, "" for the registry's.
    """

    def __init__(
        self, parts: Mapping[str, Part], owner: str, actor: Actor, desk: str | None = ""
    ) -> None:
        self.parts = dict(parts)
        self.owner = owner
        self.actor = actor
        self.desk = desk

    def keeper(self, name: str) -> Part | None:
        """In whose part a scheduler's declaration is; None: in the registry itself."""
        above = (self.parts.get(each) for each in lineage(parent_of(name)))
        return next(filter(None, above), None)

    def keeper_name(self, name: str) -> str:
        part = self.keeper(name)
        return self.owner if part is None else part.user

    def desk_of(self, name: str) -> str:
        """Where a scheduler's declaration is: the name of what is granted, "" for the registry."""
        part = self.keeper(name)
        return "" if part is None else part.name

    def may_change(self, name: str) -> bool:
        part = self.keeper(name)
        return self.actor.owns if part is None else self.actor.holds(part.granted)

    def require_current(self, name: str, where: Span | None = None) -> None:
        """Raises NotPermitted for a grant that has ended, or is not there any more."""
        part = self.parts.get(name)
        if part is None:
            what = f"not permitted: your grant of {name} was taken back"
            raise NotPermitted(Problem(what, where, "", "permission", name))
        if self.has_ended(part):
            what = f"not permitted: your grant of {name} ended at {part.bounds.ends}"
            raise NotPermitted(Problem(what, where, "", "permission", name))

    def has_ended(self, part: Part) -> bool:
        ends = part.bounds.ends
        return ends is not None and ends <= (self.actor.moment_in(0) or ends)

    def held(self) -> list[str]:
        return [part.name for part in self.parts.values() if self.actor.holds(part.granted)]

    def find_estranged(self) -> Iterator[Problem]:
        """Grants to names that the system does not know any more, or not as those that they were
        granted to: somebody else may have got one since, and holds nothing by it."""
        for part in self.parts.values():
            number, account = part.granted.number, self.actor.find_account(part.user)
            if account is not None and (account.number == number or part.trouble):
                continue
            id_ = "gid" if part.granted.is_for_group else "uid"
            what = f"{part.name} is granted to {part.user}, {id_} {number}, "
            if account is None:
                what += "whom the system does not know any more"
            else:
                what += f"and that name is {id_} {account.number} now"
            remedy = f"{self.keeper_name(part.name)} takes it back: usched revoke {part.name}"
            yield Problem(what, None, remedy, "holder", part.name)

    def describe_held(self) -> str:
        """`POOL`, `A and B`, `nothing`."""
        held = (["the registry"] if self.actor.owns else []) + self.held()
        return join_names(held) if held else "nothing"

    def check(self, statement: Statement) -> None:
        """Raises NotPermitted for what is somebody else's, Refused for what exceeds the bounds."""
        self._require(statement.name, statement.spans.get("name"))
        if isinstance(statement, Destroy):
            self._check_destroy(statement)
        part = self.keeper(statement.name)
        if part is None or not isinstance(statement, Declare):
            return
        if problems := check_bounds(statement, part):
            raise Refused(problems)

    def _require(self, name: str, where: Span | None) -> None:
        if not self.may_change(name):
            raise NotPermitted(self._describe_stranger(name, where))
        part = self.keeper(name)
        if part is not None:
            self.require_current(part.name, where)
        if self.desk is not None and self.desk_of(name) != self.desk:
            raise Refused(describe_other_store(name, self.desk, where))

    def _describe_stranger(self, name: str, where: Span | None) -> Problem:
        part = self.keeper(name)
        held = self.held()
        has = f"what lies beneath {name}" if name in held else self.describe_held()
        what = f"not permitted: {name} is {self.keeper_name(name)}'s; you hold {has}"
        remedy = ""
        if part is not None and (caller := self.actor.describe_caller(part.granted)):
            remedy = caller
        elif part is not None and self.may_change(part.name):
            remedy = f"you granted it: usched revoke {part.name} takes it back"
        elif part is not None and (session := self.actor.describe_session(part.granted)):
            remedy = session
        elif part is not None and self._is_namesake(part):
            remedy = (
                f"that was another {part.user}, uid {part.granted.number}: "
                f"{self.keeper_name(part.name)} may revoke {part.name} and grant it to you"
            )
        elif not held:
            remedy = "usched grants shows who holds what"
        return Problem(what, where, remedy, "permission", name)

    def _is_namesake(self, part: Part) -> bool:
        """Whether this user has got the name of who holds a part, who is somebody else."""
        account = self.actor.find_account(part.user)
        return account is not None and (
            part.granted.number != account.number == self.actor.uid
            and not part.granted.is_for_group
        )

    def _check_destroy(self, destroy: Destroy) -> None:
        inside = [each for each in self.parts if is_beneath(each, destroy.name)]
        inside = [each for each in inside if self.desk_of(each) == self.desk_of(destroy.name)]
        if inside:
            listed = join_names([f"{name} to {self.parts[name].user}" for name in inside])
            what = f"{destroy.name} cannot be destroyed, since it is granted: {listed}"
            remedy = "type first: " + "\n  and: ".join(f"usched revoke {name}" for name in inside)
            raise Refused(Problem(what, destroy.spans.get("name"), remedy, "granted", destroy.name))
        into = destroy.into
        if into is not None and self.desk and into != self.desk:
            self._require(into, destroy.spans.get("into"))

    def stranded(self, domain: str) -> list[str]:
        """What is declared in a domain and does not hold by itself, somebody else's."""
        part = self.parts.get(domain) or self.keeper(domain)
        names = dict.fromkeys(each.name for each in part.problems) if part else {}
        return [name for name in names if name and parent_of(name) == domain]

    # -- granting -------------------------------------------------------------

    def grant(self, grant: Grant, children: Iterable[str], hz: int) -> Granted:
        """The grant as the registry is to keep it. children: what stands in the scheduler now.

        Raises NoSuchName for a user that there is not, Refused with all that is wrong.
        """
        account = self.actor.find_account(grant.user)
        if account is None:
            kind = "group" if grant.user.startswith("@") else "user"
            what = f"there is no {kind} {grant.user.removeprefix('@')}"
            raise NoSuchName(
                Problem(what, grant.spans.get("user"), self._suggest(grant), "user", grant.name)
            )
        ends, problems = self._end(grant, hz)
        problems += self.check_grant(grant, ends)
        now = self.parts.get(grant.name)
        where = grant.spans.get("name")
        if now is None:
            if standing := list(children):
                whose_now = self.keeper_name(standing[0])
                what = f"{grant.name} has schedulers in it, which are {whose_now}'s"
                remedy = f"destroy them first, or grant each of them: {join_names(standing)}"
                problems.append(Problem(what, where, remedy, "children", grant.name))
        elif (now.user, now.granted.number) != (grant.user, account.number):
            what = f"{grant.name} is granted to {now.user}"
            remedy = f"type first: usched revoke {grant.name}"
            problems.append(Problem(what, where, remedy, "granted", grant.name))
        if problems:
            raise Refused(sorted(problems, key=place_of))
        return Granted(grant, account.number, self.actor.uid, ends)

    def _suggest(self, grant: Grant) -> str:
        """A group may be meant where there is no such user, and the other way round."""
        user = grant.user
        other = user[1:] if user.startswith("@") else f"@{user}"
        return "" if self.actor.find_account(other) is None else f"did you mean '{other}'?"

    def _end(self, grant: Grant, hz: int) -> tuple[str | None, list[Problem]]:
        if grant.until is None:
            return None, []
        if problem := check_time(grant, "until", grant.until):
            return None, [problem]
        ends = self.actor.moment_in(seconds(grant.until, hz))
        if ends is not None:
            return ends, []
        what = "the calendar ends before such a grant does"
        return None, [Problem(what, grant.spans.get("until"), "", "until", grant.name)]

    def check_grant(self, grant: Grant, ends: str | None) -> list[Problem]:
        """What of a grant exceeds the bounds of who grants."""
        part = self.keeper(grant.name)
        bounds = Bounds() if part is None else part.bounds
        whose = "" if part is None else f": {part.user} has no more in {part.name}"
        problems = []
        if len(grant.name) > MAX_GRANTED_NAME:
            what = f"a scheduler whose name has more than {MAX_GRANTED_NAME} letters"
            where = grant.spans.get("name")
            problems.append(Problem(f"{what} cannot be granted", where, "", "granted", grant.name))
        levels = bounds.segments - _segments(grant.name)
        ranges = {"lwktpri": (grant.lwktpri, bounds.lwktpri), "depth": (grant.depth, levels)}
        if levels < 1:
            what = f"nothing can be declared beneath {grant.name}{whose}"
            problems.append(Problem(what, grant.spans.get("name"), "", "depth", grant.name))
            del ranges["depth"]
        for word, (asked, most) in ranges.items():
            if asked is not None and not 1 <= asked <= most:
                what = f"{word} of a grant of {grant.name} is 1 to {most}, not {asked}{whose}"
                problems.append(Problem(what, grant.spans.get(word), "", word, grant.name))
        if ends is not None and bounds.ends is not None and ends > bounds.ends:
            what = f"that grant would end after {bounds.ends}{whose}"
            problems.append(Problem(what, grant.spans.get("until"), "", "until", grant.name))
        return problems

    def revoke(self, revoke: Revoke) -> Part:
        """The part that is taken back. Raises Refused where nothing is granted."""
        part = self.parts.get(revoke.name)
        if part is None:
            what = f"{revoke.name} is not granted to anybody"
            known = [each for each in self.parts if self.may_change(each)]
            remedy = f"granted are: {join_names(known)}" if known else "usched grants shows what is"
            raise Refused(Problem(what, revoke.spans.get("name"), remedy, "granted", revoke.name))
        return part

    def after(self, granted: Granted) -> Part:
        """The part that a grant is of, as it is with that grant."""
        old = self.parts.get(granted.name)
        keeper = self.keeper(granted.name)
        bounds = (Bounds() if keeper is None else keeper.bounds).narrow(granted)
        above = () if keeper is None else (*keeper.above, keeper.name)
        return Part(granted, bounds, above, EMPTY if old is None else old.source)

    def put(self, granted: Granted) -> None:
        """A grant is there from now on, or is another one."""
        self.parts[granted.name] = self.after(granted)

    def drop(self, name: str) -> None:
        """A grant is gone, and with it all that came from it."""
        for each in [each for each in self.parts if is_beneath(each, name)]:
            del self.parts[each]


def check_bounds(declare: Declare, part: Part) -> list[Problem]:
    """What of a declaration exceeds the bounds of who holds that part."""
    problems = []
    name, bounds = declare.name, part.bounds
    if declare.lwktpri > bounds.lwktpri:
        what = f"lwktpri {declare.lwktpri} is more than {part.user} may give beneath {part.name}"
        remedy = f"lwktpri is 1 to {bounds.lwktpri} there"
        problems.append(Problem(what, declare.spans.get("lwktpri"), remedy, "bounds", name))
    if _segments(name) > bounds.segments:
        levels = count(_segments(name) - _segments(part.name), "level")
        what = f"{name} is {levels} beneath {part.name}, where {part.user} "
        most = levels_beneath(part)
        what += f"may go {count(most, 'level')} deep"
        problems.append(Problem(what, declare.spans.get("name"), "", "bounds", name))
    return problems


def describe_bounds(part: Part) -> str:
    """`lwktpri 1 to 6, 2 levels deep, until 2026-11-26T01:00:00Z`."""
    bounds = part.bounds
    words = f"lwktpri 1 to {bounds.lwktpri}, {count(levels_beneath(part), 'level')} deep"
    return words + (f", until {bounds.ends}" if bounds.ends else "")


def levels_beneath(part: Part) -> int:
    """How many levels of schedulers its holder may declare."""
    return max(0, part.bounds.segments - _segments(part.name))


def seconds(time: Quantum, hz: int) -> float:
    """What a time lasts where there are hz ticks a second."""
    if not time.unit:
        return time.amount / hz
    return time.amount / {"s": 1, "ms": 1_000, "us": 1_000_000}[time.unit]


def same_grant(one: Granted | None, other: Granted | None) -> bool:
    """Whether two grants say the same; None is an absent one."""
    if one is None or other is None:
        return one is other
    texts = [format_statement(each.grant) for each in (one, other)]
    return texts[0] == texts[1] and one[1:] == other[1:]


def _segments(name: str) -> int:
    return name.count("/") + 1


def describe_other_store(name: str, desk: str, where: Span | None) -> Problem:
    """Of a scheduler that is not changed together with those of a desk."""
    here = f"beneath {desk}" if desk else "in the registry itself"
    what = f"{name} is in another store than what stands {here}"
    remedy = "what is done at once is done in one store: change them one after the other"
    return Problem(what, where, remedy, "store", name)
