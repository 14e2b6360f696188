"""What a statement reads of a registry: what it touches, and not the thousands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import pytest

from tests.meaning.trees import EIGHT, registry_of, statement, tree_of
from usched.meaning.registry import Damaged, Placed, Registry
from usched.meaning.tree import Tree
from usched.words.problems import NoSuchName
from usched.words.statement import Cpus

MANY = 1000


class Watched(Registry):
    """A registry that knows which of its declarations it was asked for."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self._registry = registry
        self.asked: set[str] = set()

    def stored(self, name: str) -> Placed | Damaged | None:
        self.asked.add(name)
        return self._registry.stored(name)

    def children(self, name: str) -> Sequence[Placed]:
        return self._note(self._registry.children(name))

    def exclusive_children(self, name: str) -> Sequence[Placed]:
        return self._note(self._registry.exclusive_children(name))

    def terms_of_others(self, name: str) -> Iterable[tuple[str, Cpus]]:
        return self._registry.terms_of_others(name)

    def _note(self, found: Sequence[Placed]) -> Sequence[Placed]:
        self.asked.update(child.name for child in found)
        return found


@cache
def among_many() -> Registry:
    """A thousand siblings that never want cpu0, two that might, and an exclusive one."""
    siblings = [f"S{number} on cpu{1 + number % 3} lwktpri 6" for number in range(MANY)]
    others = ["A on cpu* except cpu0-5 lwktpri 6", "B on node1 except cpu5 lwktpri 4"]
    return registry_of("\n".join([*siblings, *others, "X on cpu5 lwktpri 6 exclusive"]))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("NEW on cpu0 lwktpri 6", {"NEW"}),
        ("NEW on cpu0 lwktpri 6 exclusive", {"NEW"}),
        ("NEW on cpu* except cpu2 lwktpri 6", {"NEW", "X"}),
        ("NEW on cpu6 lwktpri 6 exclusive", {"NEW", "A", "B"}),
        ("S5 on cpu3 lwktpri 6", {"S5"}),
        ("S5/A on cpu0 lwktpri 6 exclusive", {"S5", "S5/A"}),
        ("destroy X", {"X"}),
        ("destroy S5", {"S5"}),
    ],
)
def test_a_statement_reads_only_whom_it_touches(text: str, read: set[str]) -> None:
    """And the exclusive ones, of whom there are no more than cpus."""
    registry = Watched(among_many())
    Tree(registry, EIGHT).apply(statement(text), MANY + 3)
    assert registry.asked <= {*read, "X"}
    assert registry.asked >= read


def test_only_the_first_unknown_names_are_compared_with_all_that_are_known() -> None:
    """Thousands of them are in a script with its first line missing."""
    tree = tree_of("\n".join(f"SCHED{number} on cpu0 lwktpri 6" for number in range(MANY)))
    said = []
    for _ in range(MANY):
        with pytest.raises(NoSuchName) as refusal:
            tree.apply(statement("destroy SCHEDX"), MANY)
        said.append(refusal.value.problems[0].remedy)
    near, far = "did you mean 'SCHED9'?", "usched list shows the schedulers"
    many = said.count(near)
    assert 10 < many < 50
    assert said == [near] * many + [far] * (MANY - many)
