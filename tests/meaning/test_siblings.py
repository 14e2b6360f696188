"""Who takes cpus from whom, kept up to date child by child, against asking every child anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from usched.meaning.registry import Placed
from usched.meaning.siblings import Child, Siblings
from usched.text.language.grammar import parse_line
from usched.words.cpuset import NO_CPUS, CpuSet
from usched.words.problems import Line
from usched.words.statement import Declare

NAMES = ("A", "B", "C", "D")
#: In the first two blocks that are looked at together, and in a later one.
cpu_sets = st.sets(st.sampled_from([0, 1, 63, 64, 65, 200]), min_size=1, max_size=4).map(CpuSet.of)


def child(name: str, place: int, cpus: CpuSet, exclusive: bool, fits: bool) -> Child:
    text = f"{name} on cpu* lwktpri 4{' exclusive' if exclusive else ''}"
    declare = parse_line(Line("test", 1, text))
    assert isinstance(declare, Declare)
    return Child(Placed(declare, place), cpus, fits)


children = st.builds(
    child, st.sampled_from(NAMES), st.integers(0, 9), cpu_sets, st.booleans(), st.booleans()
)
steps = st.lists(st.sampled_from(NAMES) | children, max_size=14)


def sharers(there: dict[str, Child]) -> list[tuple[str, CpuSet]]:
    return [
        (name, each.cpus)
        for name, each in there.items()
        if each.fits and not each.entry.declare.exclusive
    ]


def takes(each: Child) -> bool:
    return each.entry.declare.exclusive and each.fits


@given(steps, cpu_sets)
def test_every_answer_is_that_of_asking_each_child(
    steps: list[str | Child], wanted: CpuSet
) -> None:
    there: dict[str, Child] = {}

    def look(name: str, only_exclusive: bool) -> Child | None:
        found = there.get(name)
        return found if found and (found.entry.declare.exclusive or not only_exclusive) else None

    siblings = Siblings((), look)
    for step in steps:
        name = step if isinstance(step, str) else step.entry.name
        if isinstance(step, str):
            there.pop(name, None)
        else:
            there[name] = step
        siblings.forget(name)
        ordered = sorted(there.values(), key=lambda each: each.entry.position)
        for asking in NAMES:
            takers = [each for each in ordered if takes(each) and each.entry.name != asking]
            union = NO_CPUS
            for each in takers:
                union |= each.cpus
            assert siblings.taken_besides(asking) == union
            found = siblings.takers(asking, wanted)
            expected = [each for each in takers if each.cpus & wanted]
            assert {entry.name: cpus for entry, cpus in found} == {
                each.entry.name: each.cpus for each in expected
            }
            assert [entry.position for entry, _ in found] == [e.entry.position for e in expected]
        meant = siblings.meaning(wanted, lambda: sharers(there))
        assert sorted(meant) == sorted(e.entry.name for e in ordered if e.fits and e.cpus & wanted)
        places = [there[name].entry.position for name in meant]
        assert places == sorted(places)


def test_a_child_is_looked_at_once_for_each_time_that_it_changes() -> None:
    """A thousand siblings that each take a cpu cost a thousand looks, not a million."""
    there: dict[str, Child] = {}
    looks: list[str] = []

    def look(name: str, _only_exclusive: bool) -> Child | None:
        looks.append(name)
        return there.get(name)

    siblings = Siblings((), look)
    for number in range(1000):
        name = f"X{number}"
        there[name] = child(name, number, CpuSet.of([number]), True, True)
        siblings.forget(name)
        assert not siblings.taken_besides(name) & there[name].cpus
        meant = siblings.meaning(there[name].cpus, lambda: sharers(there))
        assert meant == [name]
    assert len(looks) <= 2000
