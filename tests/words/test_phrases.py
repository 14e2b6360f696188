"""The English that messages share."""

from __future__ import annotations

import shlex

import pytest

from usched.words.phrases import as_typed, clip, count, join_names, suggest, with_fallen


def test_one_is_no_plural() -> None:
    assert [count(number, "cpu") for number in (0, 1, 2)] == ["0 cpus", "1 cpu", "2 cpus"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("A", "A"),
        ("AB", "A and B"),
        ("ABC", "A, B and C"),
        ("ABCDEFGH", "A, B, C, D, E, F, G and H"),
        ("ABCDEFGHI", "A, B, C, D, E, F, G, H and more"),
    ],
)
def test_names_are_joined_as_in_a_sentence(names: str, said: str) -> None:
    assert join_names(list(names)) == said


def test_those_that_fall_with_it_stand_behind_a_remedy() -> None:
    assert with_fallen("destroy A", []) == "destroy A"
    assert with_fallen("destroy A", ["A/B"]) == "destroy A\nwith it: A/B"
    assert with_fallen("", [*"BCDEFGHIJ"]) == "with it: B, C, D, E, F, G, H, I and more"


def test_what_is_to_be_typed_is_one_word_for_a_shell() -> None:
    assert as_typed("/var/lib/usched/registry.db") == "/var/lib/usched/registry.db"
    for path in ("/home/a b/r.db", "$(reboot)", "it's; reboot", "-\n"):
        assert shlex.split(as_typed(path)) == [path]


def test_a_long_word_is_clipped_to_the_width() -> None:
    assert clip("x" * 48) == "x" * 48
    assert clip("x" * 49) == "x" * 45 + "..."
    assert clip("abcdef", 5) == "ab..."


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("NROM", "did you mean 'NORM'?"),
        ("norm", "did you mean 'NORM'?"),
        ("POOL/WEP", "did you mean 'POOL/WEB'?"),
        ("entirely", ""),
    ],
)
def test_the_nearest_name_is_suggested_whatever_its_case(word: str, said: str) -> None:
    assert suggest(word, ["NORM", "POOL/WEB", "REAL"]) == said
