"""What is about everything at once, with a word too many: what to type instead."""

from __future__ import annotations

import pytest

from tests.face.sessions import Session, block


@pytest.mark.parametrize(
    ("words", "place", "about", "remedy"),
    [
        (
            ["apply", "POOL"],
            7,
            "apply always applies the whole registry",
            ["type: usched apply", "to see first what it would do: usched plan"],
        ),
        (
            ["release", "RT"],
            9,
            "release takes away the groups of all schedulers",
            ["type: usched release", "for RT alone: usched destroy RT, then usched apply"],
        ),
        (
            ["confirm", "60s"],
            9,
            "confirm keeps all that was applied",
            [
                "type: usched confirm",
                "how long it waits is said before: usched apply --confirm 60s",
            ],
        ),
        (["plan", "POOL"], 6, "plan is always about the whole registry", ["type: usched plan"]),
        (
            ["verify", "POOL"],
            8,
            "verify is always about the whole registry",
            ["type: usched verify"],
        ),
        (["watch", "POOL"], 7, "watch watches over all schedulers", ["type: usched watch"]),
        (
            ["top", "RT"],
            5,
            "top shows all schedulers",
            ["type: usched top", "who runs in RT: usched ps RT"],
        ),
        (
            ["metrics", "f"],
            9,
            "metrics prints those of all schedulers",
            ["type: usched metrics", "to write them to a file: usched metrics -o FILE"],
        ),
    ],
)
def test_error_a_word_too_many(
    linux: Session, words: list[str], place: int, about: str, remedy: list[str]
) -> None:
    name, word = words
    types = "\n".join(f"  {line}" for line in remedy).replace("usched ", "usched --registry r.db ")
    assert linux.refused(2, *words) == (
        f"usched: command line:1:{place}: {about}: '{word}' is too much\n"
        f"    {name} {word}\n"
        f"    {' ' * (place - 1)}{'^' * len(word)}\n{types}"
    )


def test_error_a_script_is_given_to_apply(linux: Session) -> None:
    linux.write("NIGHT", "NORM on cpu0 lwktpri 6\n")
    assert linux.refused(2, "apply", "NIGHT", "-q") == block("""
    usched: command line:1:7: apply always applies the whole registry: 'NIGHT' is too much
        apply NIGHT
              ^^^^^
      type first: usched --registry r.db batch NIGHT
      then: usched --registry r.db apply
    """)


def test_error_a_dry_run_of_apply_is_plan(linux: Session) -> None:
    assert linux.refused(2, "apply", "-n") == block("""
    usched: apply has no -n
      what it would do is said by: usched --registry r.db plan
    """)
