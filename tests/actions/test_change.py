"""Changes, the log, diff and rollback: what is stored is what the tree said at each revision."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.machines import lay_machine
from usched.actions.change import carry_out
from usched.actions.context import Context, find_host, open_registry
from usched.actions.read import read_difference, read_log, read_statements
from usched.actions.rollback import roll_back
from usched.actions.topology import declare_topology, forget_topology
from usched.face.app import run
from usched.meaning.registry import EMPTY, Registry, compare_registries, format_registry
from usched.meaning.tree import Tree
from usched.text.language.canonical import format_statement
from usched.text.language.grammar import Unreadable, parse_line, parse_script
from usched.text.topology.mapping import format_topology
from usched.words.machine import Topology
from usched.words.problems import Line, NoSuchName, UschedError
from usched.world.topology_file import load_topology

EIGHT = "pack:1 numa:2 core:4 pu:1"
FOUR = "pack:1 numa:1 core:4 pu:1"


def make_context(folder: Path, topology: str | None = None) -> Context:
    machine = folder / "machine"
    if not machine.exists():
        lay_machine(machine)
    return Context(str(folder / "registry.db"), lambda _: None, topology, str(machine))


def declare(context: Context, *lines: str) -> None:
    carry_out(context, parse_script("\n".join(lines), "test"))


def placed(registry: Registry) -> list[tuple[int, str]]:
    """A registry in full: every statement with its place."""
    return [(entry.position, format_statement(entry.declare)) for entry in registry]


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return make_context(tmp_path)


# -- the store holds what the tree says, at every revision ---------------------

names = st.sampled_from(["A", "B", "C", "A/X", "A/Y", "B/X", "A/X/Z"])
cpus = st.sampled_from(
    [
        "cpu*",
        "cpu0-3",
        "cpu3 cpu2 cpu2",
        "cpu4-7",
        "cpu0",
        "cpu1",
        "node0",
        "cpu* except cpu0-1",
        "cpu0-2 cpu6 except cpu1",
        "cpu9",
    ]
)
clauses = st.sampled_from(
    ["", " locked", " exclusive", " vcpus 4", " quantum 20ms", " quantum 5 exclusive locked"]
)
declarations = st.builds(
    lambda name, where, priority, more: f"{name} on {where} lwktpri {priority}{more}",
    names,
    cpus,
    st.integers(4, 9),
    clauses,
)
destructions = st.builds(
    lambda name, into, more: f"destroy {name}{into}{more}",
    names,
    st.sampled_from(["", " into B", " into C"]),
    st.sampled_from(["", " recursive"]),
)
statements = declarations | declarations | declarations | destructions
steps = st.one_of(
    st.tuples(st.just("statements"), statements.map(lambda one: [one])),
    st.tuples(st.just("statements"), st.lists(statements, min_size=1, max_size=6)),
    st.tuples(st.just("topology"), st.sampled_from([EIGHT, FOUR])),
    st.tuples(st.just("given"), st.tuples(st.sampled_from([EIGHT, FOUR]), statements)),
    st.tuples(st.just("forget"), st.none()),
    st.tuples(st.just("rollback"), st.floats(0, 1)),
)


@dataclass
class Twin:
    """What the registry should be after each revision, kept by the tree alone."""

    context: Context
    host: Topology
    states: list[Registry] = field(default_factory=lambda: [EMPTY])
    machines: list[Topology | None] = field(default_factory=lambda: [None])

    def take(self, kind: str, what: object) -> None:
        match kind, what:
            case "statements", list():
                self.carry_out(what, None)
            case "given", (str(shape), str(line)):
                self.carry_out([line], shape)
            case "topology", str(shape):
                topology = load_topology(shape)[0]
                if self.attempt(
                    lambda: declare_topology(self.context, topology),
                    self.fits(topology),
                ) and not self.same(topology):
                    self.note(self.states[-1], topology)
            case "forget", None:
                fits = self.fits(self.host)
                done = self.attempt(lambda: forget_topology(self.context), fits)
                if done and self.machines[-1] is not None:
                    self.note(self.states[-1], None)
            case "rollback", float(share):
                self.roll_back(int(share * (len(self.states) - 1)))

    def carry_out(self, lines: Sequence[str], shape: str | None) -> None:
        context = self.context
        topology = self.machines[-1] or self.host
        if shape is not None:
            context = Context(context.registry, context.tell, shape, context.root)
            topology = load_topology(shape)[0]
        script = list(parse_script("\n".join(lines), "test"))
        new = self.predict([statement for _, statement in script], topology)
        if not self.fits(topology):
            new = None
        if not self.attempt(lambda: carry_out(context, script), new is not None):
            return
        assert new is not None
        declared = topology if shape is not None else self.machines[-1]
        if not new and not self.same(declared):
            new = [self.states[-1]]
        for state in new:
            self.note(state, declared)

    def predict(self, script: Sequence[object], topology: Topology) -> list[Registry] | None:
        """The registry after each revision that a batch would make; None for a refused one."""
        state, failed = self.states[-1], False
        found: list[Registry] = []
        for statement in script:
            assert not isinstance(statement, Unreadable)
            tree = Tree(state, topology)
            try:
                tree.apply(statement, len(self.states) + len(found))  # type: ignore[arg-type]
            except UschedError:
                failed = True
                continue
            if placed(tree.resolver.registry()) != placed(state):
                state = tree.resolver.registry()
                found.append(state)
        return None if failed else found

    def fits(self, topology: Topology) -> bool:
        return not Tree(self.states[-1], topology).resolver.survey()

    def same(self, topology: Topology | None) -> bool:
        return topology == self.machines[-1]

    def attempt(self, act: object, expected: bool) -> bool:
        """Whether it was carried out, which must be as expected."""
        assert callable(act)
        try:
            act()
        except UschedError:
            assert not expected
            return False
        assert expected
        return True

    def note(self, state: Registry, topology: Topology | None) -> None:
        self.states.append(state)
        self.machines.append(topology)

    def roll_back(self, number: int) -> None:
        done = roll_back(self.context, number)
        then, machine = self.states[number], self.machines[number]
        if placed(then) == placed(self.states[-1]) and self.same(machine):
            assert done.revision is None
            return
        assert done.revision == len(self.states)
        self.note(then, machine)

    def check_now(self) -> None:
        with open_registry(self.context) as store:
            assert store.last_revision() == len(self.states) - 1
            assert placed(store.registry()) == placed(self.states[-1])

    def check_every_revision(self) -> None:
        with open_registry(self.context) as store:
            for number, state in enumerate(self.states):
                assert placed(store.registry_at(number)) == placed(state), number
                assert store.topology(number) == self.machines[number], number
            numbers = [revision.number for revision in store.revisions()[0]]
        assert numbers == list(range(len(self.states) - 1, 0, -1))


def make_twin(folder: str) -> Twin:
    context = make_context(Path(folder))
    return Twin(context, find_host(context).topology)


histories = st.lists(steps, min_size=1, max_size=14)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(histories)
def test_registry_at_every_revision_is_what_the_tree_was_then(
    history: list[tuple[str, object]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        twin = make_twin(folder)
        for kind, what in history:
            twin.take(kind, what)
            twin.check_now()
        twin.check_every_revision()


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(histories, st.floats(0, 1))
def test_rollback_gives_that_very_state_and_can_be_rolled_back(
    history: list[tuple[str, object]], share: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        twin = make_twin(folder)
        for kind, what in history:
            twin.take(kind, what)
        last = len(twin.states) - 1
        twin.roll_back(int(share * last))
        twin.check_now()
        twin.roll_back(last)
        twin.check_now()
        assert placed(twin.states[-1]) == placed(twin.states[last])
        twin.check_every_revision()


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(histories, st.floats(0, 1), st.floats(0, 1))
def test_a_difference_put_on_the_one_revision_gives_the_other(
    history: list[tuple[str, object]], first: float, second: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        twin = make_twin(folder)
        for kind, what in history:
            twin.take(kind, what)
        last = len(twin.states) - 1
        a, b = int(first * last), int(second * last)
        differences, records, *_ = read_difference(twin.context, a, b)
        texts = _texts(twin.states[a])
        for difference in differences:
            assert texts.pop(difference.name, None) == difference.before
            assert difference.before != difference.after
            if difference.after is not None:
                texts[difference.name] = difference.after
        assert texts == _texts(twin.states[b])
        assert (records != (None, None)) == (twin.machines[a] != twin.machines[b])
        assert read_difference(twin.context, a, None) == read_difference(twin.context, a, last)


def _texts(registry: Registry) -> dict[str, str]:
    return {entry.name: format_statement(entry.declare) for entry in registry}


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(histories)
def test_export_carried_out_elsewhere_gives_the_same_export(
    history: list[tuple[str, object]],
) -> None:
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
        twin = make_twin(here)
        for kind, what in history:
            twin.take(kind, what)
        exported = format_registry(read_statements(twin.context))
        other = make_context(Path(there), EIGHT)
        if twin.machines[-1] is not None:
            shape = format_topology(twin.machines[-1])
            (Path(there) / "topology.yaml").write_text(shape)
            other = make_context(Path(there), str(Path(there) / "topology.yaml"))
        else:
            other = make_context(Path(there))
        carry_out(other, parse_script(exported, "export"))
        assert format_registry(read_statements(other)) == exported
        assert compare_registries(read_statements(other), twin.states[-1]) == []


def test_registry_that_was_saved_loads_as_canonical_text(context: Context) -> None:
    declare(context, "A on cpu3 cpu1 cpu2 node0 cpu1 lwktpri 6 locked quantum 10ms exclusive")
    assert format_registry(read_statements(context)) == (
        "A on node0 cpu1-3 lwktpri 6 quantum 10ms exclusive locked\n"
    )


# -- topology -----------------------------------------------------------------


class Command:
    """The command on one registry: its exit status, and what it said."""

    def __init__(self, context: Context, capsys: pytest.CaptureFixture[str]) -> None:
        self.context = context
        self._options = ["--registry", context.registry, "--root", context.root]
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self._capsys.readouterr()
        status = run([*self._options, *words])
        heard = self._capsys.readouterr()
        return status, heard.out, heard.err

    def log(self) -> list[str]:
        return [revision.text for revision in reversed(read_log(self.context, None, None))]

    def bytes(self) -> bytes:
        return Path(self.context.registry).read_bytes()


@pytest.fixture
def command(context: Context, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(context, capsys)


def machine_of(command: Command) -> tuple[str, int]:
    """Where the topology comes from, and how many cpus it has."""
    status, out, _ = command("topology", "show", "--json")
    assert status == 0
    record = json.loads(out)
    return record["origin"], len(record["cpus"])


def test_topology_is_declared_replaced_and_forgotten_as_revisions(command: Command) -> None:
    assert machine_of(command) == ("host", 8)
    assert command("topology", "load", FOUR)[0] == 0
    assert machine_of(command) == ("declared", 4)
    assert command("topology", "load", "pack:1 core:6 pu:1")[0] == 0
    assert machine_of(command) == ("declared", 6)
    assert command("topology", "forget")[0] == 0
    assert machine_of(command) == ("host", 8)
    assert command.log() == [
        "topology synthetic (4 cpus)",
        "topology synthetic (6 cpus)",
        "topology forget",
    ]


def test_topology_that_is_there_already_makes_no_revision(command: Command) -> None:
    assert command("topology", "load", FOUR)[0] == 0
    before = command.bytes()
    status, out, _ = command("topology", "load", FOUR)
    assert status == 0
    assert "is already declared" in out
    assert command("topology", "forget")[0] == 0
    assert command("topology", "forget")[:2] == (0, "no topology is declared\n")
    assert len(command.log()) == 2
    assert command.bytes() != before


def test_topology_on_which_schedulers_no_longer_fit_is_refused_naming_each(
    command: Command,
) -> None:
    declare(
        command.context,
        "LOW on cpu0-3 lwktpri 6",
        "SIX on cpu6 lwktpri 6",
        "SEVEN on cpu6 cpu7 lwktpri 6 locked",
        "SEVEN/IN on cpu0 lwktpri 6",
        "ALL on cpu* lwktpri 6",
        "ALL/HIGH on cpu7 lwktpri 6",
        "ALL/LOW on cpu0 lwktpri 6",
    )
    before = command.bytes()
    status, out, err = command("topology", "load", FOUR)
    assert (status, out) == (3, "")
    named = [line for line in err.splitlines() if " is not in " in line]
    assert [line.split()[1].rstrip(":") for line in named] == ["SIX", "SEVEN", "SEVEN", "ALL/HIGH"]
    assert "with it: SEVEN/IN" in err
    assert "LOW: " not in err
    assert command.bytes() == before
    assert machine_of(command) == ("host", 8)


def test_forgetting_the_topology_is_refused_where_the_machine_at_hand_is_too_small(
    command: Command,
) -> None:
    assert command("topology", "load", "pack:1 core:16 pu:1")[0] == 0
    declare(command.context, "BIG on cpu12 lwktpri 6", "SMALL on cpu1 lwktpri 6")
    before = command.bytes()
    status, _, err = command("topology", "forget")
    assert status == 3
    assert "BIG: cpu12 is not in the machine (it has cpu0-cpu7)" in err
    assert "SMALL" not in err
    assert command.bytes() == before


def test_rollback_brings_the_topology_of_then_back(command: Command) -> None:
    assert command("topology", "load", FOUR)[0] == 0
    declare(command.context, "A on cpu* lwktpri 6")
    assert command("topology", "load", EIGHT)[0] == 0
    declare(command.context, "B on cpu7 lwktpri 6")
    assert command("rollback", "2")[0] == 0
    assert machine_of(command) == ("declared", 4)
    assert list(read_statements(command.context).names()) == ["A"]
    assert command("rollback", "4")[0] == 0
    assert machine_of(command) == ("declared", 8)
    assert list(read_statements(command.context).names()) == ["A", "B"]
    assert command("rollback", "0")[0] == 0
    assert machine_of(command) == ("host", 8)
    assert command.log()[4:] == ["rollback 2", "rollback 4", "rollback 0"]


def test_rollback_to_a_state_that_the_machine_at_hand_cannot_hold_is_refused(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(command.context, "A on cpu6 lwktpri 6", "B on cpu7 lwktpri 6", "destroy A", "destroy B")
    small = Context(
        command.context.registry, lambda _: None, None, str(lay_machine(tmp_path / "small", 2))
    )
    there = Command(small, capsys)
    before = there.bytes()
    status, _, err = there("rollback", "2")
    assert status == 3
    assert "A: cpu6 is not in the machine (it has cpu0-cpu1)" in err
    assert "B: cpu7 is not in the machine (it has cpu0-cpu1)" in err
    assert there.bytes() == before


def test_topology_given_with_a_statement_is_declared_in_the_same_revision(
    command: Command,
) -> None:
    assert command("--topology", FOUR, "A", "on", "cpu3", "lwktpri", "6")[0] == 0
    assert machine_of(command) == ("declared", 4)
    assert command.log() == ["A on cpu3 lwktpri 6  # and topology synthetic (4 cpus)"]
    with open_registry(command.context) as store:
        assert store.topology(0) is None
        assert store.topology(1) is not None
    assert command("--topology", FOUR, "B", "on", "cpu3", "lwktpri", "6")[0] == 0
    assert command.log()[1:] == ["B on cpu3 lwktpri 6"]
    assert command("rollback", "0")[0] == 0
    assert machine_of(command) == ("host", 8)


def test_topology_given_with_a_batch_is_declared_with_its_first_statement(
    command: Command, tmp_path: Path
) -> None:
    script = tmp_path / "two.usched"
    script.write_text("A on cpu3 lwktpri 6\nB on cpu2 lwktpri 6\n")
    assert command("batch", str(script), "--topology", FOUR)[0] == 0
    assert command.log() == [
        "A on cpu3 lwktpri 6  # and topology synthetic (4 cpus)",
        "B on cpu2 lwktpri 6",
    ]


def test_topology_given_with_a_refused_statement_is_not_declared(command: Command) -> None:
    declare(command.context, "A on cpu1 lwktpri 6")
    before = command.bytes()
    assert command("--topology", FOUR, "B", "on", "cpu5", "lwktpri", "6")[0] == 3
    assert command.bytes() == before


def test_topology_given_with_a_statement_is_refused_where_another_scheduler_does_not_fit(
    command: Command,
) -> None:
    declare(command.context, "A on cpu6 lwktpri 6")
    before = command.bytes()
    status, _, err = command("--topology", FOUR, "B", "on", "cpu1", "lwktpri", "6")
    assert status == 3
    assert "A: cpu6 is not in the machine (it has cpu0-cpu3)" in err
    assert command.bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["show", "A"],
        ["tree"],
        ["map"],
        ["check"],
        ["explain", "cpu1"],
        ["explain", "A"],
        ["export"],
        ["log"],
        ["diff", "0"],
        ["topology", "show"],
        ["B", "on", "cpu0", "lwktpri", "4", "--dry-run"],
        ["destroy", "A", "-n"],
    ],
    ids=" ".join,
)
def test_topology_given_with_what_only_reads_changes_nothing(
    words: list[str], command: Command
) -> None:
    declare(command.context, "A on cpu1 lwktpri 6")
    before = command.bytes()
    status, _, err = command("--topology", FOUR, *words)
    assert status == 0, err
    assert command.bytes() == before
    assert machine_of(command) == ("host", 8)


@pytest.mark.parametrize(
    "words",
    [
        ["rollback", "0"],
        ["topology", "load", EIGHT],
        ["topology", "detect"],
        ["topology", "forget"],
    ],
    ids=" ".join,
)
def test_topology_given_with_what_sets_it_is_refused(words: list[str], command: Command) -> None:
    declare(command.context, "A on cpu1 lwktpri 6")
    before = command.bytes()
    status, _, err = command("--topology", FOUR, *words)
    assert status == 2
    assert "--topology does not go with this command" in err
    assert command.bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ["B", "on", "cpu0", "lwktpri", "4"],
        ["A", "on", "cpu0", "lwktpri", "4"],
        ["destroy", "A"],
        ["rollback", "0"],
        ["topology", "load", FOUR],
        ["topology", "detect"],
    ],
    ids=" ".join,
)
def test_dry_run_of_a_change_says_so_and_changes_nothing(
    words: list[str], command: Command
) -> None:
    declare(command.context, "A on cpu1 lwktpri 6")
    before = command.bytes()
    status, out, err = command(*words, "--dry-run")
    assert status == 0, err
    assert "would be" in out
    assert command.bytes() == before
    assert command(*words)[0] == 0
    assert command.bytes() != before


def test_dry_run_makes_no_registry(command: Command) -> None:
    assert command("A", "on", "cpu1", "lwktpri", "6", "-n")[0] == 0
    assert not Path(command.context.registry).exists()


# -- the log ------------------------------------------------------------------


def test_log_numbers_canonical_texts_and_times(command: Command) -> None:
    declare(
        command.context, "usched B on cpu1  cpu0 cpu1 lwktpri 06", "A on 'cpu*' locked lwktpri 4"
    )
    declare(command.context, "B on cpu0-1 lwktpri 6", "destroy A")
    status, out, _ = command("log", "--json")
    assert status == 0
    records = json.loads(out)
    assert [(each["number"], each["text"]) for each in records] == [
        (3, "destroy A"),
        (2, "A on cpu* lwktpri 4 locked"),
        (1, "B on cpu0 cpu1 lwktpri 6"),
    ]
    for each in records:
        assert each["uid"] == os.getuid()
        assert len(each["time"]) == len("2026-01-01T00:00:00Z")
        assert (each["time"][10], each["time"][-1]) == ("T", "Z")


def test_log_of_a_name_has_all_that_changed_it_and_nothing_else(command: Command) -> None:
    declare(
        command.context,
        "A on cpu0-3 lwktpri 6",
        "A/X on cpu0 lwktpri 6",
        "B on cpu1 lwktpri 6",
        "A/X on cpu1 lwktpri 6",
        "destroy A recursive",
    )
    assert command("rollback", "3")[0] == 0
    status, out, _ = command("log", "A/X", "--json")
    assert status == 0
    assert [each["number"] for each in json.loads(out)] == [6, 5, 4, 2]
    status, out, _ = command("log", "B", "--json")
    assert [each["number"] for each in json.loads(out)] == [3]


def test_log_of_a_name_that_is_gone_is_still_there(command: Command) -> None:
    declare(command.context, "A on cpu0 lwktpri 6", "destroy A")
    status, out, _ = command("log", "A")
    assert status == 0
    assert out.splitlines()[1].endswith("destroy A")


def test_log_of_a_name_that_never_was_is_no_such_name(command: Command) -> None:
    declare(command.context, "ALPHA on cpu0 lwktpri 6")
    status, out, err = command("log", "ALPHB")
    assert (status, out) == (4, "")
    assert "there is no scheduler ALPHB" in err
    assert "did you mean 'ALPHA'?" in err


def test_log_of_nothing_says_so(command: Command) -> None:
    assert command("log") == (0, "nothing was ever changed\n", "")
    assert command("log", "--json")[:2] == (0, "[]\n")


def test_limit_shows_the_newest(command: Command) -> None:
    declare(command.context, *(f"S{number} on cpu0 lwktpri 6" for number in range(5)))
    _, out, _ = command("log", "--limit", "2", "--json")
    assert [each["number"] for each in json.loads(out)] == [5, 4]


@pytest.mark.skipif(os.getuid() != 0, reason="SUDO_USER is believed of root only")
def test_log_names_who_called_sudo(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "alice")
    declare(command.context, "A on cpu0 lwktpri 6")
    monkeypatch.delenv("SUDO_USER")
    declare(command.context, "B on cpu0 lwktpri 6")
    users = [revision.user for revision in read_log(command.context, None, None)]
    assert users == ["root", "root (sudo: alice)"]


def test_statement_that_is_there_already_makes_no_revision(command: Command) -> None:
    declare(command.context, "A on cpu0 cpu1 lwktpri 6")
    before = command.bytes()
    status, out, _ = command("A", "on", "cpu1", "cpu0", "lwktpri", "6")
    assert (status, out) == (0, "A on cpu0 cpu1 lwktpri 6  # as it was\n")
    assert command.bytes() == before


@pytest.mark.parametrize("words", [["rollback", "3"], ["diff", "3"], ["diff", "0", "3"]])
def test_revision_that_there_is_not_is_no_such_name(words: list[str], command: Command) -> None:
    declare(command.context, "A on cpu0 lwktpri 6", "B on cpu0 lwktpri 6")
    status, _, err = command(*words)
    assert (status, err) == (4, "usched: there is no revision 3\n  revisions are 0 to 2\n")


def test_rollback_of_an_empty_registry_to_nothing_is_nothing(context: Context) -> None:
    assert roll_back(context, 0).revision is None
    with pytest.raises(NoSuchName, match="there is no revision 1"):
        roll_back(context, 1)


def test_batch_with_several_errors_shows_all_and_changes_nothing(command: Command) -> None:
    declare(command.context, "A on cpu0 lwktpri 6")
    before = command.bytes()
    script = Path(command.context.root) / "bad.usched"
    script.write_text(
        "B on cpu9 lwktpri 6\nC on cpu1 lwktpri 6\nC/X on cpu5 lwktpri 6\ndestroy D\n"
    )
    status, out, err = command("batch", str(script))
    assert (status, out) == (3, "")
    for line in (1, 3, 4):
        assert f"{script}:{line}:" in err
    assert "3 problems; nothing was changed" in err
    assert command.bytes() == before


def test_declaration_keeps_its_place_and_a_new_one_comes_last(context: Context) -> None:
    declare(context, "A on cpu0 lwktpri 6", "B on cpu1 lwktpri 6", "A on cpu2 lwktpri 6")
    assert list(read_statements(context).names()) == ["A", "B"]
    declare(context, "destroy A", "A on cpu2 lwktpri 6")
    assert list(read_statements(context).names()) == ["B", "A"]
    roll_back(context, 3)
    assert list(read_statements(context).names()) == ["A", "B"]


def test_statement_and_its_undoing_in_one_batch_are_two_revisions(context: Context) -> None:
    declare(context, "A on cpu0 lwktpri 6", "destroy A", "A on cpu1 lwktpri 6", "destroy A")
    with open_registry(context) as store:
        assert store.last_revision() == 4
        assert [len(store.registry_at(number)) for number in range(5)] == [0, 1, 0, 1, 0]
    assert parse_line(Line("", 1, "destroy A")) == parse_line(Line("", 1, "usched destroy A"))
