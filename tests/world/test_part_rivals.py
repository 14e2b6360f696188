"""Sixteen writers in four stores, readers throughout, and kill -9 among them."""

from __future__ import annotations

import os
import pwd
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.people import ALICE, BOB, TEAM, People, become, gather
from tests.world.scratch import fork, wait_for
from usched.actions.change import carry_out
from usched.actions.context import Context, Wish
from usched.actions.parts import read_holders
from usched.actions.read import read_statements
from usched.actions.read_parts import chain_of
from usched.meaning.registry import Registry
from usched.text.language.grammar import parse_script
from usched.world.part_files import part_path
from usched.world.store import open_store

ROUNDS, WRITERS, KILLED = 200, 4, 4

#: The four stores: whose domain it is, and who writes there.
DOMAINS = {
    "": ("root", "root", "root", "root"),
    "A/": (ALICE, ALICE, ALICE, ALICE),
    "B/": (BOB, BOB, BOB, BOB),
    "T/": (ALICE, BOB, ALICE, BOB),
}


@pytest.fixture
def people() -> Iterator[People]:
    for each in gather():
        for line in (
            "A on cpu* lwktpri 9", "B on cpu* lwktpri 9", "T on cpu* lwktpri 9",
            f"grant A to {ALICE}", f"grant B to {BOB}", f"grant T to @{TEAM}",
        ):  # fmt: skip
            each.done("root", line)
        yield each


def context(people: People) -> Context:
    return Context(str(people.registry), lambda _: None, wait=60)


def pair(domain: str, writer: int, level: int) -> str:
    """A batch of two, of which nobody may ever see the half."""
    return "".join(f"{domain}{half}{writer} on cpu* lwktpri {level}\n" for half in "XY")


def start(people: People, domain: str, writer: int, level: int) -> int:
    """A writer of one pair, in a process of its user's; its pid."""

    def write() -> int:
        become(DOMAINS[domain][writer])
        script = parse_script(pair(domain, writer, level), "pair")
        carry_out(context(people), script, Wish(look=False))
        return 0

    with (people.folder / "heard of writers").open("a") as heard:
        return fork(write, heard, heard)


def levels(registry: Registry) -> dict[tuple[str, int], int]:
    """What each pair says; fails where the halves say different things, or one is missing."""
    found: dict[tuple[str, int], list[int]] = {}
    for entry in registry:
        domain, half, writer = entry.name[:-2], entry.name[-2:-1], entry.name[-1:]
        if half in "XY" and len(entry.name) > 1:
            found.setdefault((domain, int(writer)), []).append(entry.declare.lwktpri)
    for key, both in found.items():
        assert len(both) == 2, (key, both)
        assert both[0] == both[1], (key, both)
    return {key: both[0] for key, both in found.items()}


def read_for_ever(people: People, who: str) -> int:
    """A reader, in a process of its user's: it fails at the first half of a pair, and says why."""

    def read() -> int:
        become(who)
        parent = os.getppid()
        told: list[str] = []
        while os.getppid() == parent and not (people.folder / "over").exists():
            levels(read_statements(context(people)._replace(tell=told.append)))
            assert told == []
            time.sleep(0.05)  # the writers want to get on, too
        return 0

    with (people.folder / f"heard by {who}").open("w") as heard:
        return fork(read, heard, heard)


@pytest.mark.slow
def test_nothing_that_was_acknowledged_is_lost_and_nothing_is_half(people: People) -> None:
    dice = random.Random(16)
    stands: dict[tuple[str, int], set[int]] = {}
    acknowledged: dict[str, list[str]] = {domain: [] for domain in DOMAINS}
    readers = [read_for_ever(people, who) for who in ("nobody", BOB)]
    killed = 0
    for number in range(ROUNDS):
        level = number % 9 + 1
        pids = {
            (domain, writer): start(people, domain, writer, level)
            for domain in DOMAINS
            for writer in range(WRITERS)
        }
        victims = dice.sample(sorted(pids), KILLED)
        time.sleep(dice.uniform(0, 0.1))
        for victim in victims:
            os.kill(pids[victim], signal.SIGKILL)
        for key, pid in pids.items():
            status = wait_for(pid)
            said = (people.folder / "heard of writers").read_text()
            assert status in {0, -signal.SIGKILL}, (number, key, status, said)
            killed += status != 0
            # what was killed is there as a whole or not at all
            before = stands.get(key, {0})
            stands[key] = {level} if status == 0 else {*before, level}
            if status == 0:
                acknowledged[key[0]] += pair(*key, level).splitlines()
        now = levels(read_statements(context(people)))
        for key, possible in stands.items():
            seen = now.get((key[0].rstrip("/") + "/" if key[0] else "", key[1]), 0)
            assert seen in possible, (number, key, seen, possible)
            stands[key] = {seen}
    (people.folder / "over").touch()
    ends = [wait_for(pid) for pid in readers]
    heard = [path.read_text() for path in people.folder.glob("heard by *")]
    assert (ends, heard) == ([0, 0], ["", ""])
    assert killed > ROUNDS // 4
    check_logs(people, acknowledged)


def check_logs(people: People, acknowledged: dict[str, list[str]]) -> None:
    """Each change that was acknowledged is in the log of its store, as often as it was one, under
    numbers without a gap; and by whom."""
    parts = read_holders(context(people))
    for domain, lines in acknowledged.items():
        path = str(people.registry)
        if domain:
            path = part_path(path, chain_of(parts, domain[:-1]))
        with open_store(path, write=False) as store:
            revisions, damaged = store.revisions()
        assert damaged == []
        numbers = [each.number for each in revisions]
        assert numbers == list(range(len(numbers), 0, -1))
        texts = [each.text for each in revisions]
        for line in set(lines):
            assert line in texts
        uids = {pwd.getpwnam(who).pw_uid for who in DOMAINS[domain]}
        assert {each.uid for each in revisions} == uids
        assert Path(path).stat().st_nlink == 1
