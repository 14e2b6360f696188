"""One source of declarations out of several stores: each domain's are asked of who keeps them.

What others declare in their parts is only taken as far as it holds: within their bounds, and where
it fits. The rest stands aside, costs nobody anything, and is back when it fits again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from usched.meaning.grants import MAX_PART, MAX_PART_CPUS, MAX_PART_TEXT, Part, check_bounds
from usched.meaning.registry import EMPTY, Damaged, Placed, Registry, Source
from usched.meaning.resolver import Resolver
from usched.words.machine import Topology
from usched.words.phrases import with_fallen
from usched.words.problems import Problem, Refused
from usched.words.statement import Cpus, is_beneath, lineage, parent_of

STRAND_REMEDY = "with --strand they stand aside, and come back when they fit"

#: How many of the problems of one part are said.
_SHOWN = 8

#: How many pairs of siblings that want each other's cpus are told apart.
_REASONS = 256


class _Joined:
    """A `Source`: the registry's own, and for what lies beneath a granted scheduler, a part's."""

    def __init__(self, base: Source, parts: Mapping[str, Source]) -> None:
        self._base = base
        self._parts = dict(parts)
        self._keepers: dict[str, Source] = {}

    def _of(self, domain: str) -> Source:
        """Who keeps what stands in a domain."""
        keeper = self._keepers.get(domain)
        if keeper is None:
            found = (self._parts.get(each) for each in lineage(domain))
            keeper = next((each for each in found if each is not None), self._base)
            self._keepers[domain] = keeper
        return keeper

    def stored(self, name: str) -> Placed | Damaged | None:
        return self._of(parent_of(name)).stored(name)

    def children(self, name: str) -> Sequence[Placed]:
        return self._of(name).children(name)

    def exclusive_children(self, name: str) -> Sequence[Placed]:
        return self._of(name).exclusive_children(name)

    def terms_of_others(self, name: str) -> Iterable[tuple[str, Cpus]]:
        return self._of(name).terms_of_others(name)

    def child_names(self, name: str) -> Sequence[str]:
        return self._of(name).child_names(name)

    def names(self) -> Iterable[str]:
        for source in (self._base, *self._parts.values()):
            for name in source.names():
                if self._of(parent_of(name)) is source:
                    yield name

    def damage(self) -> Sequence[Damaged]:
        return [
            each
            for source in (self._base, *self._parts.values())
            for each in source.damage()
            if self._of(parent_of(each.name)) is source
        ]


class Whole(NamedTuple):
    """A registry with all its parts, as far as they hold. problems: what does not, and why."""

    source: Source
    parts: Mapping[str, Part]
    problems: tuple[Problem, ...] = ()

    def find_aside(self, name: str) -> Problem | None:
        return find_aside(self.parts, name)


def join(base: Source, found: Sequence[Part], topology: Topology, own: str | None = None) -> Whole:
    """Parts on the registry that they belong to. own: the name of the one that its holder is at
    work on: it is taken as it is, so that he can mend what does not fit."""
    if not found:
        return Whole(base, {})
    handed = {part.name for part in found}
    parts = {part.name: part if part.name == own else _screen(part, handed) for part in found}
    resolver = Resolver(_Joined(base, _sources(parts)), topology, most_reasons=_REASONS)
    parts = {name: part if name == own else _fit(part, resolver) for name, part in parts.items()}
    # where a part does not hold, nothing that is handed on of it does: that is said once
    told = [each for each in parts.values() if not any(parts[up].trouble for up in each.above)]
    problems = [problem for part in told for problem in describe_part(part)]
    return Whole(_Joined(base, _sources(parts)), parts, tuple(problems))


def _sources(parts: Mapping[str, Part]) -> dict[str, Source]:
    return {name: part.source for name, part in parts.items()}


def _screen(part: Part, granted: Iterable[str]) -> Part:
    """A part less what is damaged, without a parent, not the holder's, or beyond its bounds."""
    assert isinstance(part.source, Registry)
    problems = [
        *part.problems,
        *(
            Problem(f"a declaration is damaged, {each.why}", rule="damaged")
            for each in part.source.damage()
        ),
    ]
    others = [each for each in granted if each != part.name and is_beneath(each, part.name)]
    known = {part.name}
    kept = []
    for entry in sorted(part.source, key=_depth):
        wrong = _find_wrong(entry, part, others, known)
        if wrong:
            problems.append(wrong._replace(where=None, name=entry.name))
        else:
            known.add(entry.name)
            kept.append(entry)
    return part._replace(source=Registry(kept), problems=tuple(problems))


def _depth(entry: Placed) -> int:
    return entry.name.count("/")


def _find_wrong(
    entry: Placed, part: Part, others: Iterable[str], known: Container[str]
) -> Problem | None:
    parent = parent_of(entry.name)
    if not is_beneath(parent, part.name):
        return Problem(f"it is not beneath {part.name}", rule="bounds")
    for other in others:
        if is_beneath(parent, other):
            return Problem(f"it is beneath {other}, which is handed on", rule="bounds")
    if broken := check_bounds(entry.declare, part):
        return broken[0]
    if parent not in known:
        return Problem(f"{parent} is not declared, or does not hold", rule="lost")
    return None


def _fit(part: Part, resolver: Resolver) -> Part:
    """A part less what finds no place in the machine."""
    assert isinstance(part.source, Registry)
    found = [(entry, resolver.resolve(entry.name)) for entry in part.source]
    fitting = [each.scheduler for _, each in found if each.scheduler is not None]
    if excess := describe_excess(len(found), sum(each.width for each in fitting)):
        return part._replace(source=EMPTY, trouble=excess, problems=())
    if len(fitting) == len(found):
        return part
    kept = [entry for entry, each in found if each.scheduler is not None]
    problems = [
        problem._replace(where=None, name=entry.name)
        for entry, each in found
        for problem in each.problems[:1]
    ]
    if resolver.scheduler(part.name) is None:
        problems.append(Problem(f"all of it stands aside with {part.name}", rule="lost"))
    return part._replace(source=Registry(kept), problems=(*part.problems, *problems))


def describe_excess(schedulers: int, cpus: int, text: int = 0) -> str:
    """How a part with so many schedulers, cpus in all of them, and characters is more than others
    have to read, in words; "" where it is not."""
    if schedulers > MAX_PART:
        return f"{schedulers} schedulers are more than a part may have, {MAX_PART}"
    if cpus > MAX_PART_CPUS:
        return f"its schedulers have {cpus} cpus in all, more than {MAX_PART_CPUS}"
    if text > MAX_PART_TEXT:
        return f"its declarations are more than {MAX_PART_TEXT // 1024} KiB"
    return ""


def describe_part(part: Part) -> Iterator[Problem]:
    """What of a part does not hold, and what that means."""
    if part.trouble:
        what = f"{part.name}: {part.user}'s part does not hold: {part.trouble}"
        yield Problem(what, None, f"{part.name} runs as if undivided", "part", part.name)
    for problem in part.problems[:_SHOWN]:
        whose = f"{problem.name}, {part.user}'s, is stranded"
        if not problem.name:
            whose = f"{part.name}: of {part.user}'s part"
        what = f"{whose}: {problem.what}"
        yield Problem(what, None, "", "stranded", problem.name)
    if len(part.problems) > _SHOWN:
        more = f"{len(part.problems) - _SHOWN} more problems"
        yield Problem(f"{part.name}: {part.user}'s part has {more}", None, "", "part", part.name)


def find_aside(parts: Mapping[str, Part], name: str) -> Problem | None:
    """Why a scheduler that is declared in somebody's part does not hold, and what brings it back;
    None where nothing is known of it."""
    for each in lineage(name):
        above = (parts.get(domain) for domain in lineage(parent_of(each)))
        part = next(filter(None, above), None)
        if part is None:
            continue
        found = next((problem for problem in part.problems if problem.name == each), None)
        if found is None and not part.trouble:
            continue
        if found is None:
            what = f"there is no {name}: {part.user}'s part of {part.name} does not hold"
            remedy = "what is declared there is kept, and is back when that holds again"
            remedy += "\nusched grants shows what is granted, and until when"
            return Problem(f"{what}: {part.trouble}", None, remedy, "stranded", name)
        fallen = "" if each == name else f", with {each}"
        remedy = _describe_return(each, part, found)
        remedy += f"\nusched log {each} shows how it is declared"
        return Problem(f"{name} is stranded{fallen}: {found.what}", None, remedy, "stranded", name)
    return None


def _describe_return(name: str, part: Part, why: Problem) -> str:
    """What brings a stranded scheduler back."""
    anew = f"or when {part.user} declares it anew"
    match why.rule:
        case "bounds":
            return f"it is back when {part.name} is granted with wider bounds, {anew}"
        case "lost":
            return f"it is back when {parent_of(name)} is, {anew}"
        case _:
            return f"it is back when {parent_of(name)} has room for it again, {anew}"


def require_unstranded(before: Whole, after: Whole, strand: bool) -> None:
    """Raises Refused where somebody's schedulers held before and hold no longer, with the list;
    not if they may be stranded, nor for what is not granted any more."""
    if strand:
        return
    problems: list[Problem] = []
    for name, part in after.parts.items():
        old = before.parts.get(name)
        lost = set(old.source.names()) - set(part.source.names()) if old else set()
        if not lost:
            continue
        if part.trouble:
            what = f"{part.user}'s part of {name} would not hold: {part.trouble}"
            problems.append(Problem(what, rule="stranded", name=name))
        for problem in part.problems:
            if problem.name in lost:
                what = f"{problem.name} would not fit: {problem.what}"
                beneath = sorted(each for each in lost if is_beneath(parent_of(each), problem.name))
                problems.append(problem._replace(what=what, remedy=with_fallen("", beneath)))
    if problems:
        remedy = "\n".join(filter(None, (problems[-1].remedy, STRAND_REMEDY)))
        problems[-1] = problems[-1]._replace(remedy=remedy)
        raise Refused(problems)
