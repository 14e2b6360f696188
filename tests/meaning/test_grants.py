"""Who may what, and what of a part holds: without users, files or a clock."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.face.sessions import block
from usched.meaning.grants import Account, Actor, Bounds, Granted, Hands, Part
from usched.meaning.joined import join, require_unstranded
from usched.meaning.registry import EMPTY, Damaged, Placed, Registry
from usched.meaning.resolver import Resolver
from usched.meaning.script import Ledger
from usched.meaning.tree import Tree
from usched.text.language.canonical import format_statement
from usched.text.language.grammar import parse_line, parse_script
from usched.text.topology.mapping import parse_topology
from usched.words.located import locate
from usched.words.machine import Topology
from usched.words.problems import Line, Misused, UschedError, format_problem
from usched.words.statement import Declare, Grant

UIDS = {"root": 0, "alice": 1, "bob": 2, "carol": 3, "@team": 9}


def machine(cpus: int = 8) -> Topology:
    return parse_topology(locate({"machine": "test", "cores": cpus}))


def registry(*lines: str) -> Registry:
    placed = []
    for place, line in enumerate(lines, start=1):
        declare = parse_line(Line("in", place, line))
        assert isinstance(declare, Declare)
        placed.append(Placed(declare, place))
    return Registry(placed)


def granted(text: str, giver: str = "root", ends: str | None = None) -> Granted:
    grant = parse_line(Line("in", 1, text))
    assert isinstance(grant, Grant)
    return Granted(grant, UIDS[grant.user], UIDS[giver], ends)


def part(grant: Granted, source: Registry = EMPTY, above: Sequence[Part] = ()) -> Part:
    bounds = above[-1].bounds if above else Bounds()
    return Part(grant, bounds.narrow(grant), tuple(each.name for each in above), source)


def actor(who: str, groups: Sequence[str] = ()) -> Actor:
    def find(name: str) -> Account | None:
        return Account(name, UIDS[name]) if name in UIDS else None

    def moment(seconds: float) -> str | None:
        minutes, rest = divmod(int(seconds), 60)
        return f"2026-01-01T00:{minutes:02}:{rest:02}Z" if minutes < 60 else None

    numbers = frozenset(UIDS[each] for each in groups)
    return Actor(UIDS[who], numbers, who == "root", find, moment, numbers.__contains__)


BASE = ("POOL on cpu0-7 lwktpri 6 vcpus 4", "NORM on cpu* lwktpri 4")
ALICES = ("POOL/WEB on cpu0 cpu1 lwktpri 6", "POOL/BATCH on cpu* lwktpri 2")
POOL = part(granted("grant POOL to alice lwktpri 6 depth 2"), registry(*ALICES))
WEB = part(granted("grant POOL/WEB to bob lwktpri 3", "alice"), EMPTY, [POOL])


def ledger(who: str, desk: str = "", strand: bool = False, groups: Sequence[str] = ()) -> Ledger:
    """Statements by a user on root's registry, with alice's part and bob's."""
    whole = join(registry(*BASE), [POOL, WEB], machine())
    hands = Hands(whole.parts, "root", actor(who, groups), desk)
    tree = Tree(whole.source, machine(), lambda name: hands.desk_of(name) != desk, strand)
    return Ledger(tree, 100, hands, strand)


def carry_out(done: Ledger, *lines: str) -> list[str]:
    done.take_all(parse_script("\n".join(lines), "in"))
    return [format_statement(each.statement) for each in done.done]


def refusal(done: Ledger, *lines: str) -> str:
    with pytest.raises(UschedError) as caught:
        carry_out(done, *lines)
    text = "\n".join(map(format_problem, caught.value.problems))
    return f"{caught.value.status}: {text}"


def test_bounds_only_become_narrower() -> None:
    assert POOL.bounds == Bounds(6, 3)
    assert WEB.bounds == Bounds(3, 3)
    wide = granted("grant POOL/WEB to bob lwktpri 31 depth 9", "alice", "2027-01-01T00:00:00Z")
    assert POOL.bounds.narrow(wide) == Bounds(6, 3, "2027-01-01T00:00:00Z")
    soon = Bounds(6, 3, "2026-06-01T00:00:00Z")
    assert soon.narrow(wide).ends == "2026-06-01T00:00:00Z"


def test_declaration_beneath_a_grant_is_its_holders() -> None:
    assert carry_out(ledger("alice", "POOL"), "POOL/X on cpu0 lwktpri 6", "destroy POOL/X")
    assert refusal(ledger("root"), "POOL/X on cpu0 lwktpri 6") == block(
        """
        5: in:1:1: not permitted: POOL/X is alice's; you hold the registry
            POOL/X on cpu0 lwktpri 6
            ^^^^^^
          you granted it: usched revoke POOL takes it back
        """
    )
    assert refusal(ledger("bob", "POOL/WEB"), "destroy POOL/BATCH") == block(
        """
        5: in:1:9: not permitted: POOL/BATCH is alice's; you hold POOL/WEB
            destroy POOL/BATCH
                    ^^^^^^^^^^
        """
    )


def test_what_is_granted_stays_the_givers() -> None:
    assert refusal(ledger("alice", "POOL"), "POOL on cpu0 lwktpri 6") == block(
        """
        5: in:1:1: not permitted: POOL is root's; you hold what lies beneath POOL
            POOL on cpu0 lwktpri 6
            ^^^^
        """
    )
    assert "5: in:1:8: not permitted: POOL is root's" in refusal(ledger("alice"), "revoke POOL")
    assert "3: in:1:9: POOL cannot be destroyed, since it is granted: POOL to alice" in refusal(
        ledger("root"), "destroy POOL recursive"
    )


def test_grant_and_what_follows_in_one_batch() -> None:
    done = ledger("root")
    assert len(carry_out(done, "grant NORM to @team", "revoke POOL", "POOL/MINE on cpu0 lwktpri 1"))
    assert [each.name for each in done.tree.resolver.walk("POOL")] == ["POOL/MINE"]
    assert [edit.name for draft in done.drafts for edit in draft.grants] == ["NORM", "POOL"]
    assert "not permitted: NORM/X is @team's" in refusal(
        ledger("root"), "grant NORM to @team", "NORM/X on cpu0 lwktpri 1"
    )


def test_same_grant_again_is_no_revision() -> None:
    done = ledger("root")
    carry_out(done, "grant POOL to alice depth 2 lwktpri 6")
    assert done.drafts == []
    assert done.done[0].revision is None


REFUSED: dict[str, tuple[str, str]] = {
    "grant NOPE to alice": ("root", "4: in:1:7: there is no scheduler NOPE"),
    "grant NORM to dave": ("root", "4: in:1:15: there is no user dave"),
    "grant NORM to @dave": ("root", "4: in:1:15: there is no group dave"),
    "grant NORM to bob lwktpri 32": ("root", "lwktpri of a grant of NORM is 1 to 31, not 32"),
    "grant NORM to bob depth 0": ("root", "depth of a grant of NORM is 1 to 15, not 0"),
    "grant NORM to bob until 9999s": ("root", "the calendar ends before such a grant does"),
    "grant POOL to bob": ("root", "3: in:1:7: POOL is granted to alice"),
    "revoke NORM": ("root", "3: in:1:8: NORM is not granted to anybody"),
    "grant POOL/WEB to bob lwktpri 7": (
        "alice",
        "lwktpri of a grant of POOL/WEB is 1 to 6, not 7: alice has no more in POOL",
    ),
    "grant POOL/BATCH to bob depth 2": (
        "alice",
        "depth of a grant of POOL/BATCH is 1 to 1, not 2: alice has no more in POOL",
    ),
    "POOL/WEB/A/B on cpu0 lwktpri 1": ("bob", "POOL/WEB/A/B is 2 levels beneath POOL/WEB"),
}


@pytest.mark.parametrize("line", REFUSED)
def test_grant_is_refused(line: str) -> None:
    who, what = REFUSED[line]
    assert what in refusal(ledger(who, {"alice": "POOL", "bob": "POOL/WEB"}.get(who, "")), line)


def test_batch_changes_one_store() -> None:
    lines = ("grant NORM to @team", "NORM/X on cpu0 lwktpri 1")
    assert refusal(ledger("root", groups=["@team"]), *lines) == block(
        """
        3: in:2:1: NORM/X is in another store than what stands in the registry itself
            NORM/X on cpu0 lwktpri 1
            ^^^^^^
          what is done at once is done in one store: change them one after the other
        """
    )


def test_change_strands_nobody_unless_it_may() -> None:
    line = "POOL on cpu0-7 lwktpri 6 vcpus 1"
    assert refusal(ledger("root"), line) == block(
        """
        3: in:1:1: POOL/WEB would not fit: cpu1 is not in POOL (it has cpu0)
            POOL on cpu0-7 lwktpri 6 vcpus 1
            ^^^^
          with --strand they stand aside, and come back when they fit
        """
    )
    done = ledger("root", strand=True)
    carry_out(done, line)
    stranded = [each.name for each in done.done[0].changes if each.stranded]
    assert stranded == ["POOL/WEB"]
    assert done.drafts[0].edits[0].name == "POOL"
    assert [each.name for each in done.tree.resolver.walk("POOL")] == ["POOL/BATCH"]


BROKEN: dict[str, tuple[tuple[str, ...], str]] = {
    "no cpu": (("POOL/A on cpu9 lwktpri 1",), "cpu9 is not in POOL (it has cpu0-cpu3)"),
    "too high": (
        ("POOL/A on cpu0 lwktpri 7",),
        "lwktpri 7 is more than alice may give beneath POOL",
    ),
    "too deep": (
        ("POOL/A on cpu0 lwktpri 1", "POOL/A/B on cpu0 lwktpri 1", "POOL/A/B/C on cpu0 lwktpri 1"),
        "POOL/A/B/C is 3 levels beneath POOL, where alice may go 2 levels deep",
    ),
    "elsewhere": (("NORM/A on cpu0 lwktpri 1",), "it is not beneath POOL"),
    "itself": (("POOL on cpu0 lwktpri 1",), "it is not beneath POOL"),
    "no parent": (("POOL/A/B on cpu0 lwktpri 1",), "POOL/A is not declared, or does not hold"),
    "handed on": (("POOL/WEB/X on cpu0 lwktpri 1",), "it is beneath POOL/WEB, which is handed on"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_does_not_hold_stands_aside_alone(what: str) -> None:
    lines, why = BROKEN[what]
    hers = POOL._replace(source=registry(*ALICES, *lines))
    whole = join(registry(*BASE), [hers, WEB], machine())
    assert [format_problem(each) for each in whole.problems] == [
        f"{lines[-1].split()[0]}, alice's, is stranded: {why}"
    ]
    names = set(whole.source.names())
    assert {"POOL", "NORM", "POOL/WEB", "POOL/BATCH"} <= names
    assert what == "itself" or lines[-1].split()[0] not in names
    assert Resolver(whole.source, machine()).survey() == []


def test_damaged_row_and_many_problems_are_said_shortly() -> None:
    lines = [f"POOL/A{number} on cpu9 lwktpri 1" for number in range(20)]
    source = Registry(registry(*lines), [Damaged("x\ny", "", "it is no text")])
    whole = join(registry(*BASE), [POOL._replace(source=source)], machine())
    said = [each.what for each in whole.problems]
    assert said[0] == "POOL: of alice's part: a declaration is damaged, it is no text"
    assert said[-1] == "POOL: alice's part has 13 more problems"
    assert len(said) == 9


def test_part_that_is_too_large_does_not_hold() -> None:
    def wide(count: int, vcpus: int) -> str:
        lines = (f"POOL/A{n} on cpu* lwktpri 1 vcpus {vcpus}" for n in range(count))
        whole = join(registry(*BASE), [POOL._replace(source=registry(*lines))], machine())
        return whole.problems[0].what if whole.problems else ""

    assert wide(1024, 64) == ""
    assert wide(1025, 1) == (
        "POOL: alice's part does not hold: 1025 schedulers are more than a part may have, 1024"
    )
    assert wide(17, 4096) == (
        "POOL: alice's part does not hold: its schedulers have 69632 cpus in all, more than 65536"
    )


def test_smaller_machine_strands_only_where_it_may() -> None:
    base = registry("POOL on cpu* lwktpri 6")
    hers = POOL._replace(source=registry("POOL/A on cpu7 lwktpri 1", "POOL/A/B on cpu0 lwktpri 1"))
    before, after = join(base, [hers], machine()), join(base, [hers], machine(4))
    require_unstranded(before, after, strand=True)
    with pytest.raises(UschedError) as caught:
        require_unstranded(before, after, strand=False)
    assert [format_problem(each) for each in caught.value.problems] == [
        block(
            """
            POOL/A would not fit: cpu7 is not in POOL (it has cpu0-cpu3)
              with it: POOL/A/B
              with --strand they stand aside, and come back when they fit
            """
        )
    ]
    # what did not hold before is no news
    require_unstranded(after, after, strand=False)


def test_line_that_cannot_be_read_comes_before_what_is_not_permitted() -> None:
    with pytest.raises(Misused):
        carry_out(ledger("alice", "POOL"), "NORM on", "NORM on cpu0 lwktpri 1")
