"""Each command as it succeeds: what it prints, its JSON, its exit status, and what -n leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.face.sessions import Session, page


def parsed(text: str) -> Any:
    return json.loads(text)


SCHEDULER = [
    "name",
    "parent",
    "statement",
    "cpus",
    "lwktpri",
    "vcpus",
    "quantum",
    "exclusive",
    "locked",
    "fits",
    "width",
    "pool",
    "reach",
    "holder",
    "granted",
]


# -- reading ------------------------------------------------------------------


def test_list_is_a_table(session: Session) -> None:
    session.done("POOL/WEB/P", "on", "cpu*", "lwktpri", "31", "quantum", "20ms", "locked")
    assert session.done("list") == page(
        """
        NAME        LWKTPRI  CPUS  VCPUS  QUANTUM  FLAGS      ON
        NORM              6     6                             cpu*
        POOL              6     4      4                      node0
        POOL/WEB          4     2                             cpu0 cpu1
        POOL/WEB/P       31     2            20ms  locked     cpu*
        X                 8     2                  exclusive  core3
        """
    )


def test_list_has_a_record_for_each_scheduler(session: Session) -> None:
    records = parsed(session.done("list", "--json"))
    assert [record["name"] for record in records] == ["NORM", "POOL", "POOL/WEB", "X"]
    assert all(list(record) == SCHEDULER for record in records)
    assert records[2] == {
        "name": "POOL/WEB",
        "parent": "POOL",
        "statement": "POOL/WEB on cpu0 cpu1 lwktpri 4",
        "cpus": "cpu0 cpu1",
        "lwktpri": 4,
        "vcpus": None,
        "quantum": None,
        "exclusive": False,
        "locked": False,
        "fits": True,
        "width": 2,
        "pool": [0, 1],
        "reach": [0, 1, 4, 5],
        "holder": None,
        "granted": None,
    }


def test_show_says_what_a_scheduler_is_on_the_machine(session: Session) -> None:
    lines = session.done("show", "POOL").splitlines()
    assert (
        lines[:6]
        == page(
            """
        statement   POOL on node0 lwktpri 6 vcpus 4
        cpus        4 virtual cpus, cpu0-cpu3
        pool        4 of the machine: cpu0-cpu1, cpu4-cpu5
        reaches     cpu0-cpu1, cpu4-cpu5
        quantum     10 ticks at 100 Hz
        inside      POOL/WEB
        """
        ).splitlines()
    )
    assert lines[6].startswith("changed     revision 3, 20")
    record = parsed(session.done("show", "POOL", "--json"))
    assert list(record) == [*SCHEDULER, "quantum_ticks", "inside", "misfits", "changed"]
    assert (record["quantum_ticks"], record["inside"], record["misfits"]) == (10, ["POOL/WEB"], [])
    assert list(record["changed"]) == ["number", "time", "uid", "user", "text"]
    assert record["changed"]["number"] == 3


def test_tree_draws_the_tree(session: Session) -> None:
    assert session.done("tree") == page(
        """
        eight: 8 cpus (cpu0-cpu7)
        ├── NORM  lwktpri 6, on cpu*: 6 cpus
        ├── POOL  lwktpri 6, on node0: 4 vcpus on 4 cpus
        │   └── POOL/WEB  lwktpri 4, on cpu0 cpu1: 2 cpus
        └── X  lwktpri 8, on core3: 2 cpus, exclusive
        """
    )


def test_tree_of_a_name_draws_what_is_in_it(session: Session) -> None:
    assert session.done("tree", "POOL") == page(
        """
        POOL  lwktpri 6, on node0: 4 vcpus on 4 cpus
        └── POOL/WEB  lwktpri 4, on cpu0 cpu1: 2 cpus
        """
    )


def test_tree_as_json_nests_children(session: Session) -> None:
    branches = parsed(session.done("tree", "--json"))
    assert [list(branch) for branch in branches] == [[*SCHEDULER, "stranded", "children"]] * 3
    assert [child["name"] for child in branches[1]["children"]] == ["POOL/WEB"]
    inside = parsed(session.done("tree", "POOL", "--json"))
    assert [branch["name"] for branch in inside] == ["POOL/WEB"]


def test_map_is_a_grid(session: Session) -> None:
    assert session.done("map") == page(
        """
        cpu         01234567
        NORM 6      ###.###.
        POOL 6      ~~..~~..
        POOL/WEB 4  ~~..~~..
        X 8         ...X...X
        #: runs there   X: it alone (exclusive)   ~: by vcpus that float   .: does not
        """
    )
    record = parsed(session.done("map", "--json"))
    assert list(record) == ["machine", "cpus", "offline", "schedulers"]
    assert [list(row) for row in record["schedulers"]] == [
        ["name", "lwktpri", "cpus", "floating", "exclusive"]
    ] * 4


def test_explain_a_cpu(session: Session) -> None:
    assert session.done("explain", "cpu3") == page(
        """
        cpu3 of eight: core3, node1, socket1
        may run there, in the order in which they are offered it:
          X  lwktpri 8, as its cpu0
        may not:
          NORM: only X may (exclusive)
          POOL: its pool is node0
          POOL/WEB: it stands in POOL
        """
    )
    record = parsed(session.done("explain", "cpu3", "--json"))
    assert list(record) == ["cpu", "machine", "in", "offline", "may", "may_not"]
    assert record["may"] == [{"name": "X", "lwktpri": 8, "virtual": False, "cpus": [0], "own": [0]}]
    assert [list(each) for each in record["may_not"]] == [["name", "reason"]] * 3


def test_explain_a_scheduler(session: Session) -> None:
    assert session.done("explain", "POOL/WEB") == page(
        """
        POOL/WEB on cpu0 cpu1 lwktpri 4
          'cpu0 cpu1' is cpu0-cpu1 of POOL
          inside it these are cpu0-cpu1, in ascending order
          through POOL it reaches cpu0-cpu1, cpu4-cpu5 of the machine
        """
    )
    record = parsed(session.done("explain", "POOL/WEB", "--json"))
    assert list(record) == ["name", "statement", "reach", "before", "equals", "behind", "why"]


def test_a_scheduler_called_as_a_cpu_is_explained_as_one(session: Session) -> None:
    session.done("cpu0", "on", "cpu1", "lwktpri", "1")
    assert session.done("explain", "cpu0").startswith("cpu0 on cpu1 lwktpri 1\n")


def test_export_is_a_script(session: Session) -> None:
    script = session.done("export")
    assert script == page(
        """
        NORM on cpu* lwktpri 6
        POOL on node0 lwktpri 6 vcpus 4
        X on core3 lwktpri 8 exclusive
        POOL/WEB on cpu0 cpu1 lwktpri 4
        """
    )
    assert parsed(session.done("export", "--json")) == script.splitlines()


def test_an_export_carried_out_elsewhere_gives_the_same_export(session: Session) -> None:
    session.write("mine.usched", session.done("export"))
    options = ("--registry", "other.db", "--topology", "eight.yaml")
    session.done(*options, "batch", "mine.usched")
    assert session.done(*options, "export") == session.done("export")
    # the topology was declared along with the statements
    assert session.done("--registry", "other.db", "tree") == session.done("tree")


def test_an_export_is_a_shell_script_with_usched_in_front(session: Session) -> None:
    script = "".join(f"usched {line}\n" for line in session.done("export").splitlines())
    before = session.done("export")
    session.write("shell.usched", script)
    assert "nothing new" in session.done("batch", "shell.usched")
    assert session.done("export") == before


def test_log_has_every_revision_newest_first(session: Session) -> None:
    lines = session.done("log").splitlines()
    assert lines[0].split() == ["REV", "TIME", "USER", "STATEMENT"]
    assert [line.split()[0] for line in lines[1:]] == ["5", "#", "4", "3", "2", "1"]
    assert lines[1].endswith("X on core3 lwktpri 8 exclusive")
    assert lines[2] == "     # NORM: reaches cpu0-cpu2, cpu4-cpu6 (was cpu0-cpu7)"
    assert lines[6].endswith("topology eight (8 cpus)")
    records = parsed(session.done("log", "--json"))
    fields = ["number", "time", "uid", "user", "text", "moved", "store", "former"]
    assert [list(record) for record in records] == [fields] * 5
    assert records[0]["moved"] == [
        {"name": "NORM", "before": list(range(8)), "after": [0, 1, 2, 4, 5, 6]}
    ]
    assert [r["number"] for r in parsed(session.done("log", "NORM", "--json"))] == [5, 2]
    assert [r["number"] for r in parsed(session.done("log", "POOL", "--json"))] == [3]
    assert len(parsed(session.done("log", "--limit", "2", "--json"))) == 2


def test_a_destroyed_scheduler_keeps_its_log(session: Session) -> None:
    session.done("destroy", "POOL", "recursive")
    for name in ("POOL", "POOL/WEB"):
        assert "destroy POOL recursive" in session.done("log", name)


def test_diff_shows_what_differs(session: Session) -> None:
    session.done("NORM", "on", "cpu*", "lwktpri", "5")
    session.done("destroy", "X")
    assert session.done("diff", "5") == page(
        """
        - NORM on cpu* lwktpri 6
        + NORM on cpu* lwktpri 5
        - X on core3 lwktpri 8 exclusive
        # NORM: reaches cpu0-cpu7 (was cpu0-cpu2, cpu4-cpu6)
        """
    )
    assert session.done("diff", "7", "5").splitlines()[-2:] == [
        "+ X on core3 lwktpri 8 exclusive",
        "# NORM: reaches cpu0-cpu2, cpu4-cpu6 (was cpu0-cpu7)",
    ]
    assert session.done("diff", "7") == "# no difference\n"
    record = parsed(session.done("diff", "5", "6", "--json"))
    assert record == {
        "schedulers": [
            {
                "name": "NORM",
                "before": "NORM on cpu* lwktpri 6",
                "after": "NORM on cpu* lwktpri 5",
            }
        ],
        "topology_changed": False,
        "topologies": {"before": None, "after": None},
        "grants": [],
        "moved": [],
    }


def test_check_says_that_all_is_well(session: Session) -> None:
    result = session.run("check")
    assert result.status == 0
    assert result.out.startswith("4 schedulers are valid on eight (8 cpus), 1 warning")
    assert result.err == (
        "usched: warning: the pool of NORM spans node0-node1: memory may be far\n"
    )
    record = parsed(session.run("check", "--json").out)
    assert list(record) == ["valid", "schedulers", "warnings"]
    assert [list(each) for each in record["warnings"]] == [
        ["rule", "scheduler", "message", "where", "remedy"]
    ]


def test_check_of_files_changes_nothing(session: Session) -> None:
    session.write("more.usched", "MORE on cpu0 lwktpri 3\n")
    session.write("m.yaml", "programs:\n  - {name: a, scheduler: MORE, run: 1}\n")
    before = session.files()
    result = session.run("check", "more.usched", "m.yaml")
    assert result.out.startswith("5 schedulers are valid on eight")
    assert session.files() == before
    assert "which does not exist" in session.refused(3, "check", "m.yaml")


def test_topology_show_says_that_a_declared_machine_comes_before_a_root(session: Session) -> None:
    result = session.run("topology", "show", "--root", "elsewhere")
    assert (result.status, result.out) == (0, session.done("topology", "show"))
    assert result.err == (
        "usched: eight is declared and shown: --root elsewhere is read by topology detect, and "
        "where nothing is declared\n"
    )


def test_topology_show_draws_the_machine(session: Session) -> None:
    lines = session.done("topology", "show").splitlines()
    assert lines[0] == "eight (8 cpus, 4 cores, 2 nodes, 2 sockets), 100 Hz"
    record = parsed(session.done("topology", "show", "--json"))
    assert record["machine"] == "eight"
    assert record["origin"] == "declared"
    session.write("again.yaml", session.done("topology", "show", "--yaml"))
    assert "is already declared" in session.done("topology", "load", "again.yaml")


def test_simulate_as_json_has_the_schema_of_a_run(session: Session) -> None:
    record = parsed(session.done("simulate", "w.yaml", "--ticks", "20", "--json"))
    assert list(record) == [
        "schema",
        "machine",
        "hz",
        "ticks",
        "cpus",
        "schedulers",
        "lwps",
        "segments",
    ]
    assert (record["schema"], record["machine"], record["ticks"]) == ("usched.run/1", "eight", 20)
    assert list(record["cpus"][0]) == ["cpu", "busy", "idle", "offline"]
    assert list(record["schedulers"][0]) == ["name", "ran", "waited", "lwps", "starved"]
    assert list(record["lwps"][0]) == [
        "name",
        "scheduler",
        "ran",
        "waited",
        "slept",
        "dispatches",
        "preemptions",
        "migrations",
        "bursts",
        "response",
        "misses",
        "exited",
    ]
    assert list(record["segments"][0]) == ["cpu", "from", "to", "lwp"]
    places = [(each["cpu"], each["from"]) for each in record["segments"]]
    assert places == sorted(places)


def test_simulate_summary_leaves_the_segments_out(session: Session) -> None:
    record = parsed(session.done("simulate", "w.yaml", "--json", "--summary"))
    assert list(record)[-1] == "lwps"
    assert "timeline" in session.done("simulate", "w.yaml")
    assert "timeline" not in session.done("simulate", "w.yaml", "--summary")


def test_simulate_at_a_tick_shows_the_chain(session: Session) -> None:
    text = session.done("simulate", "w.yaml", "--at", "3")
    assert text.splitlines()[0] == "tick 3 of mail on eight"
    assert "← POOL vcpu0 ← POOL/WEB ← db.0\n" in text
    record = parsed(session.done("simulate", "w.yaml", "--at", "3", "--json"))
    assert list(record) == ["tick", "cpus", "offline"]


def test_simulate_writes_segments_as_csv(session: Session) -> None:
    lines = session.done("simulate", "w.yaml", "--csv", "-").splitlines()
    segments = parsed(session.done("simulate", "w.yaml", "--json"))["segments"]
    assert lines[0] == "cpu,from,to,lwp"
    assert lines[1:] == [",".join(str(value) for value in each.values()) for each in segments]
    session.done("simulate", "w.yaml", "--csv", "out.csv")
    assert (session.folder / "out.csv").read_text().splitlines() == lines


def test_simulate_takes_a_registry_from_a_script(session: Session) -> None:
    session.write(
        "o.usched", "NORM on cpu0 lwktpri 1\nPOOL on cpu* lwktpri 2\nPOOL/WEB on cpu0 lwktpri 2\n"
    )
    before = session.registry.read_bytes()
    record = parsed(session.done("simulate", "w.yaml", "--script", "o.usched", "--json"))
    assert [each["name"] for each in record["schedulers"]] == ["NORM", "POOL", "POOL/WEB"]
    assert session.registry.read_bytes() == before


def test_simulate_reads_a_workload_from_standard_input(session: Session) -> None:
    data = (session.folder / "w.yaml").read_bytes()
    assert session.done("simulate", "-", stdin=data) == session.done("simulate", "w.yaml")


READS = (
    ("list",),
    ("show", "POOL"),
    ("tree",),
    ("tree", "POOL"),
    ("map",),
    ("check",),
    ("check", "w.yaml"),
    ("explain", "cpu0"),
    ("explain", "POOL"),
    ("export",),
    ("log",),
    ("log", "POOL"),
    ("diff", "1"),
    ("topology", "show"),
    ("simulate", "w.yaml"),
    ("simulate", "w.yaml", "--at", "0"),
)


@pytest.mark.parametrize("args", READS, ids=" ".join)
def test_every_read_command_prints_json_and_changes_nothing(
    session: Session, args: tuple[str, ...]
) -> None:
    before = session.files()
    for command in (args, (*args, "--json")):
        result = session.run(*command)
        assert result.status == 0
        assert result.out
        assert "\x1b" not in result.out
    parsed(result.out)
    assert session.files() == before


@pytest.mark.parametrize("args", [each for each in READS if "w.yaml" not in each], ids=" ".join)
def test_json_is_json_on_a_registry_that_was_never_made(
    empty: Session, args: tuple[str, ...]
) -> None:
    empty.write("eight.yaml", "cores: 8\n")
    result = empty.run("--topology", "eight.yaml", *args, "--json")
    if "POOL" in args or args[0] == "diff":
        assert (result.status, result.out) == (4, "")
    else:
        parsed(result.out)


# -- changing -----------------------------------------------------------------


def test_a_statement_prints_what_it_did(session: Session) -> None:
    assert session.done("Y", "on", "core0", "lwktpri", "3", "exclusive") == page(
        """
        Y on core0 lwktpri 3 exclusive  # revision 6
        #   Y: 2 cpus on cpu0, cpu4
        #   NORM: 4 cpus on cpu1-cpu2, cpu5-cpu6 (was on cpu0-cpu2, cpu4-cpu6)
        #   POOL: 4 vcpus on cpu1, cpu5 (was on cpu0-cpu1, cpu4-cpu5)
        #   POOL/WEB: 2 cpus on cpu0-cpu1, reaches cpu1, cpu5 (was cpu0-cpu1, cpu4-cpu5)
        """
    )


def test_children_that_move_along_with_their_parent_are_named(session: Session) -> None:
    session.done("A", "on", "cpu0", "cpu1", "lwktpri", "4")
    session.done("A/B", "on", "cpu1", "lwktpri", "4")
    session.done("A/B/C", "on", "cpu0", "lwktpri", "4")
    for flag, said in (("-n", "would be revision"), ("-q", ""), ("-n", "as it was")):
        text = session.done("A", "on", "cpu4", "cpu5", "lwktpri", "4", flag)
        assert said in text
        if said.startswith("would"):
            assert text.splitlines()[1:-1] == [
                "#   A: 2 cpus on cpu4-cpu5 (was on cpu0-cpu1)",
                "#   A/B: 1 cpu on cpu1, reaches cpu5 (was cpu1)",
                "#   A/B/C: 1 cpu on cpu0, reaches cpu5 (was cpu1)",
            ]
    moved = page(
        """
        # A: reaches cpu4-cpu5 (was cpu0-cpu1)
        # A/B: reaches cpu5 (was cpu1)
        # A/B/C: reaches cpu5 (was cpu1)
        """
    )
    assert session.done("diff", "8").endswith(moved)
    assert session.done("log", "A/B/C", "--limit", "1").splitlines()[2:] == [
        f"     {line}" for line in moved.splitlines()
    ]
    back = session.done("rollback", "8").splitlines()
    assert back[-2] == "#   A/B/C: reaches cpu1 (was cpu5)"


def test_a_change_says_what_is_worth_a_second_look_when_it_becomes_true(session: Session) -> None:
    words = ("A", "on", "cpu7", "lwktpri", "4", "quantum", "26ms")
    assert "cpu7 is only for X (exclusive)" in session.refused(3, *words)
    words = ("A", "on", "cpu6", "lwktpri", "4", "quantum", "26ms")
    for flag in ("-n", None):
        result = session.run(*words, *filter(None, [flag]))
        assert (result.status, result.err) == (
            0,
            "usched: warning: A can starve: NORM can fill all its cpus\n"
            "usched: warning: the quantum of A, 26ms, is 3 ticks at 100 Hz, 30 ms\n",
        )
        assert "warning" not in result.out
    again = session.run("A", "on", "cpu5", "lwktpri", "4", "quantum", "26ms")
    assert (again.status, again.err) == (0, "")
    assert session.run("destroy", "A").err == ""
    assert session.run(*words, "-q").err == ""


def test_a_new_topology_says_what_is_worth_a_second_look_on_it(session: Session) -> None:
    session.write("off.yaml", "sockets: 2\ncores: 2\nthreads: 2\nhz: 250\noffline: [3, 7]\n")
    session.done("A", "on", "cpu0", "lwktpri", "9", "quantum", "10ms")
    result = session.run("topology", "load", "off.yaml")
    assert result.err == (
        "usched: warning: X has only cpus that are offline: cpu3, cpu7\n"
        "usched: warning: the quantum of A, 10ms, is 3 ticks at 250 Hz, 12 ms\n"
    )


def test_a_new_topology_names_whose_cpus_it_changes(session: Session) -> None:
    session.write("sixteen.yaml", "machine: sixteen\nsockets: 2\ncores: 4\nthreads: 2\n")
    lines = [
        "#   NORM: reaches cpu0-cpu2, cpu4-cpu10, cpu12-cpu15 (was cpu0-cpu2, cpu4-cpu6)",
        "#   POOL: reaches cpu0-cpu2, cpu8-cpu10 (was cpu0-cpu1, cpu4-cpu5)",
        "#   POOL/WEB: reaches cpu0-cpu2, cpu8-cpu10 (was cpu0-cpu1, cpu4-cpu5)",
        "#   X: reaches cpu3, cpu11 (was cpu3, cpu7)",
    ]
    for flag in ("-n", None):
        words = ["topology", "load", "sixteen.yaml", *filter(None, [flag])]
        assert session.done(*words).splitlines()[1:] == lines
    assert [line.strip() for line in session.done("log", "--limit", "1").splitlines()[2:]] == [
        line.replace("#   ", "# ") for line in lines
    ]


def test_a_statement_that_changes_nothing_makes_no_revision(session: Session) -> None:
    before = session.files()
    assert session.done("POOL", "on", "node0", "vcpus", "4", "lwktpri", "6") == (
        "POOL on node0 lwktpri 6 vcpus 4  # as it was\n"
    )
    assert session.files() == before


def test_what_a_change_prints_is_a_script(session: Session) -> None:
    said = session.done("Y", "on", "core0", "lwktpri", "3", "locked")
    session.done("destroy", "Y")
    session.done("batch", "-", stdin=said.encode())
    assert session.done("show", "Y").startswith("statement   Y on core0 lwktpri 3 locked\n")


def test_destroy_into_and_recursive(session: Session) -> None:
    assert session.done("destroy", "POOL", "recursive", "into", "NORM") == page(
        """
        destroy POOL into NORM recursive  # revision 6
        #   POOL/WEB: gone
        #   POOL: gone
        """
    )


def test_options_may_stand_anywhere(session: Session) -> None:
    for args in (
        ("-n", "A", "on", "cpu0", "lwktpri", "4"),
        ("A", "-n", "on", "cpu0", "lwktpri", "4"),
        ("A", "on", "cpu0", "lwktpri", "4", "--dry-run"),
        ("usched", "A", "on", "cpu0", "lwktpri", "4", "-n"),
    )[1:]:
        assert session.done(*args).endswith("# dry run: nothing was changed\n")


CHANGES = (
    ("A", "on", "cpu0", "lwktpri", "4"),
    ("NORM", "on", "cpu*", "lwktpri", "5"),
    ("destroy", "NORM"),
    ("destroy", "POOL", "recursive"),
    ("batch", "more.usched"),
    ("rollback", "2"),
    ("rollback", "0"),
    ("topology", "load", "sixteen.yaml"),
    ("topology", "forget"),
    ("--topology", "sixteen.yaml", "A", "on", "cpu15", "lwktpri", "4"),
)


@pytest.mark.parametrize("args", CHANGES, ids=" ".join)
def test_a_dry_run_says_what_would_change_and_changes_nothing(
    session: Session, args: tuple[str, ...]
) -> None:
    session.write("more.usched", "A on cpu0 lwktpri 4\nA/B on cpu0 lwktpri 4\ndestroy NORM\n")
    session.write("sixteen.yaml", "machine: sixteen\nsockets: 2\ncores: 4\nthreads: 2\n")
    if "forget" in args or "0" in args:
        session.done("destroy", "POOL", "recursive")
        session.done("destroy", "X")
    before = session.files()
    for flag in ("-n", "--dry-run"):
        result = session.run(*args, flag)
        assert result.status == 0
        assert "would" in result.out
        assert session.files() == before
    result = session.run(*args)
    assert result.status == 0
    assert "would" not in result.out
    assert session.files() != before


def test_a_dry_run_is_refused_as_the_change_would_be(session: Session) -> None:
    for args in (
        ("A", "on", "cpu9", "lwktpri", "4"),
        ("destroy", "POOL"),
        ("destroy", "NOBODY"),
        ("rollback", "99"),
    ):
        status = session.run(*args).status
        assert session.refused(status, *args, "-n")


def test_a_batch_is_one_transaction_and_a_revision_a_statement(session: Session) -> None:
    session.write(
        "more.usched",
        "A on cpu0 lwktpri 4\n\n# more\nusched destroy NORM\nX on core3 lwktpri 8 exclusive\n",
    )
    assert session.done("batch", "more.usched") == page(
        """
        A on cpu0 lwktpri 4  # revision 6
        #   A: 1 cpu on cpu0
        destroy NORM  # revision 7
        #   NORM: gone
        X on core3 lwktpri 8 exclusive  # as it was
        # 3 statements, revisions 6-7
        """
    )


def test_a_batch_from_standard_input(session: Session) -> None:
    said = session.done("batch", "-", "-q", stdin=b"A on cpu0 lwktpri 4\n")
    assert said.startswith("# 1 statement")
    assert "A on cpu0 lwktpri 4\n" in session.done("export")


def test_rollback_is_a_revision_itself(session: Session) -> None:
    before = session.done("export")
    session.done("destroy", "X")
    session.done("NORM", "on", "cpu0", "lwktpri", "1")
    assert session.done("rollback", "5") == page(
        """
        - NORM on cpu0 lwktpri 1
        + NORM on cpu* lwktpri 6
        + X on core3 lwktpri 8 exclusive
        #   NORM: reaches cpu0-cpu2, cpu4-cpu6 (was cpu0)
        # rollback to 5 is revision 8
        """
    )
    assert session.done("export") == before
    assert session.done("rollback", "5") == "# the registry is as it was at revision 5\n"
    session.done("rollback", "7")
    assert "NORM on cpu0 lwktpri 1" in session.done("export")


def test_rollback_brings_the_topology_back(session: Session) -> None:
    session.write("sixteen.yaml", "machine: sixteen\nsockets: 2\ncores: 4\nthreads: 2\n")
    session.done("topology", "load", "sixteen.yaml")
    session.done("A", "on", "cpu15", "lwktpri", "3")
    session.done("rollback", "5")
    assert session.done("tree").startswith("eight: 8 cpus")


def test_a_change_of_topology_names_every_scheduler_that_no_longer_fits(
    session: Session,
) -> None:
    session.done("destroy", "X")
    session.done("B", "on", "cpu6", "lwktpri", "3")
    session.done("C", "on", "node1", "lwktpri", "3")
    session.done("C/D", "on", "cpu0", "lwktpri", "3")
    session.write("four.yaml", "machine: four\ncores: 4\n")
    assert session.refused(3, "topology", "load", "four.yaml") == page(
        """
        usched: B: cpu6 is not in the machine (it has cpu0-cpu3)
          type first: usched B on 'cpu*' lwktpri 3
            or: usched destroy B
        usched: C: node1 is not in the machine (it has node0)
          with it: C/D
          type first: usched C on 'cpu*' lwktpri 3
            or: usched destroy C recursive
        usched: 2 problems; nothing was changed
        """
    ).removesuffix("\n")


def test_what_a_refused_topology_says_to_type_lets_it_be_loaded(session: Session) -> None:
    session.done("destroy", "X")
    session.done("B", "on", "cpu2-6", "core0", "lwktpri", "3", "exclusive")
    session.done("C", "on", "node1", "lwktpri", "3", "locked")
    session.write("four.yaml", "machine: four\ncores: 4\n")
    said = session.refused(3, "topology", "load", "four.yaml")
    assert "  type first: usched B on core0 cpu2 cpu3 lwktpri 3 exclusive\n" in said
    typed = [line.partition("usched ")[2] for line in said.splitlines() if "type first" in line]
    assert len(typed) == 2
    for words in typed:
        session.done(*words.replace("'", "").split())
    session.done("topology", "load", "four.yaml")


def test_a_remedy_that_would_be_refused_is_not_offered(session: Session) -> None:
    """Without cpu4 and cpu5 POOL is too narrow for what stands in it."""
    session.done("destroy", "X")
    session.done("P", "on", "cpu4", "cpu5", "lwktpri", "3")
    session.done("P/IN", "on", "cpu1", "lwktpri", "3")
    session.write("five.yaml", "machine: five\ncores: 5\n")
    said = session.refused(3, "topology", "load", "five.yaml")
    assert said.split("usched: P: ")[1].startswith(
        "cpu5 is not in the machine (it has cpu0-cpu4)\n"
        "  with it: P/IN\n"
        "  type first: usched P on 'cpu*' lwktpri 3\n"
        "    or: usched destroy P recursive"
    )


def test_statuses_tell_usage_refusal_and_absence_apart(session: Session) -> None:
    for status, args in (
        (0, ("list",)),
        (0, ("--help",)),
        (0, ("list", "--help")),
        (0, ("--version",)),
        (1, ("batch", "no.usched")),
        (1, ("--root", "no", "topology", "detect")),
        (2, ()),
        (2, ("NORM",)),
        (2, ("list", "NORM")),
        (2, ("list", "--jsn")),
        (2, ("--bogus",)),
        (2, ("topology",)),
        (2, ("topology", "lod", "x")),
        (2, ("simulate",)),
        (2, ("simulate", "w.yaml", "--ticks", "0")),
        (2, ("simulate", "w.yaml", "--ticks", "-5")),
        (2, ("simulate", "w.yaml", "--ticks", "many")),
        (2, ("simulate", "w.yaml", "w.yaml")),
        (2, ("rollback", "last")),
        (2, ("rollback", "-1")),
        (2, ("diff",)),
        (2, ("log", "--limit", "0")),
        (2, ("completion", "tcsh")),
        (2, ("--wait", "-1", "list")),
        (2, ("--wait", "soon", "list")),
        (2, ("list", "--registry")),
        (3, ("A", "on", "cpu9", "lwktpri", "4")),
        (3, ("destroy", "POOL")),
        (3, ("simulate", "eight.yaml")),
        (3, ("check", "eight.yaml")),
        (3, ("topology", "load", "w.yaml")),
        (4, ("show", "NOBODY")),
        (4, ("destroy", "NOBODY")),
        (4, ("destroy", "NORM", "into", "NOBODY")),
        (4, ("explain", "NOBODY")),
        (4, ("explain", "cpu8")),
        (4, ("log", "NOBODY")),
        (4, ("tree", "NOBODY")),
        (4, ("diff", "9")),
        (4, ("rollback", "9")),
    ):
        before = session.files()
        result = session.run(*args)
        assert (args, result.status) == (args, status)
        assert bool(result.out) == (status == 0), args
        assert bool(result.err) == (status != 0), args
        assert session.files() == before


def test_a_registry_whose_machine_changed_is_still_read(session: Session) -> None:
    session.write("four.yaml", "machine: four\ncores: 4\n")
    session.done("destroy", "X")
    session.done("A", "on", "cpu7", "lwktpri", "3")
    for args in (("list",), ("tree",), ("map",), ("explain", "A"), ("explain", "cpu0")):
        result = session.run("--topology", "four.yaml", *args)
        assert (result.status, result.err) == (
            0,
            "usched: A: cpu7 is not in the machine (it has cpu0-cpu3)\n"
            "usched: the registry does not fit this machine: redeclare or destroy these, or load"
            " a topology\n",
        )
    assert session.refused(3, "--topology", "four.yaml", "check") == (
        "usched: A: cpu7 is not in the machine (it has cpu0-cpu3)"
    )


OFFLINE = "machine: gone\nsockets: 2\ncores: 2\nthreads: 2\noffline: [3, 7]\n"


def test_counts_of_cpus_say_how_many_are_offline(session: Session) -> None:
    session.write("gone.yaml", OFFLINE)
    session.done("topology", "load", "gone.yaml")
    assert session.done("list", "--real") == page(
        """
        NAME      LWKTPRI  CPUS  OFFLINE  VCPUS  QUANTUM  FLAGS      REAL CPUS  ON
        NORM            6     6                                      0-2,4-6    cpu*
        POOL            6     4               4                      0-1,4-5    node0
        POOL/WEB        4     2                                      0-1,4-5    cpu0 cpu1
        X               8     2        2                  exclusive  3,7        core3
        """
    )
    assert "OFFLINE" not in session.done("list", "--topology", "eight.yaml")
    assert "X  lwktpri 8, on core3: 2 cpus, 2 offline, exclusive\n" in session.done("tree")
    assert "pool        2 of the machine, 2 offline: cpu3, cpu7\n" in session.done("show", "X")
    assert "  of these cpu3, cpu7 are offline\n" in session.done("explain", "X")
    assert "── socket1: 2 cores, 4 cpus, 2 offline\n" in session.done("topology", "show")
    assert "on gone (8 cpus, 2 offline), " in session.run("check").out
    said = session.done("Y", "on", "node1", "lwktpri", "6", "-n")
    assert "#   Y: 2 cpus on cpu2, cpu6\n" in said
    said = session.done("X", "on", "core3", "lwktpri", "7", "exclusive", "-n")
    assert "#   X: 2 cpus on cpu3, cpu7; offline: cpu3, cpu7\n" in said


def test_explain_takes_every_cpu_term(session: Session) -> None:
    assert session.done("explain", "node1") == page(
        """
        node1 of eight: 4 cpus (cpu2-cpu3, cpu6-cpu7), in node1, socket1
        may run there, in the order in which they are offered them:
          X  lwktpri 8, as its cpu0-cpu1, on cpu3, cpu7 only
          NORM  lwktpri 6, as its cpu2, cpu5, on cpu2, cpu6 only
        may not:
          POOL: its pool is node0
          POOL/WEB: it stands in POOL
        """
    )
    for words in ("cpu*", "cpu0-3", "core1", "socket0", "thread1"):
        text = session.done("explain", words)
        assert text.startswith(f"{words} of eight: ")
        assert parsed(session.done("explain", words, "--json"))["may"]
    assert parsed(session.done("explain", "core1", "--json"))["cpus"] == [1, 5]
    assert session.refused(4, "explain", "node2") == (
        "usched: node2 is not in the machine (it has node0-node1)"
    )
    assert session.refused(4, "explain", "frob") == (
        "usched: there is no scheduler or cpu frob\n"
        "  name a scheduler, or cpus of the machine: cpu0, cpu0-3, node1, core2"
    )


def test_a_node_over_two_sockets_is_drawn_once(session: Session) -> None:
    session.write(
        "over.yaml",
        "machine: over\ncpus:\n"
        "  - {cpu: 0, socket: 0, node: 0, core: 0}\n"
        "  - {cpu: 1, socket: 1, node: 0, core: 1}\n"
        "  - {cpu: 2, socket: 1, node: 1, core: 2}\n"
        "  - {cpu: 3, socket: 2, node: 2, core: 3}\n",
    )
    assert session.done("--topology", "over.yaml", "topology", "show") == page(
        """
        over (4 cpus, 4 cores, 3 nodes, 3 sockets), 100 Hz
        ├── socket0, socket1: 3 cores, 3 cpus
        │   ├── node0: 2 cores, 2 cpus
        │   │   [0] [1]
        │   └── node1: 1 core, 1 cpu
        │       [2]
        └── socket2: 1 core, 1 cpu
            └── node2: 1 core, 1 cpu
                [3]
        [cpu ...] is a core with its threads
        """
    )


def test_a_run_says_once_what_its_rate_does_to_times(session: Session) -> None:
    session.write(
        "times.yaml",
        "workload: times\nprograms:\n"
        "  - {name: a, scheduler: NORM, run: 14ms, sleep: 26ms, repeat: 3}\n"
        "  - {name: b, scheduler: NORM, run: 20ms}\n",
    )
    said = (
        "usched: 2 times are rounded to whole ticks at 100 Hz, by 4 ms at most: run of program"
        " 'a', 14ms, is 1 tick, 10 ms\n"
    )
    for words in (("simulate", "times.yaml"), ("simulate", "times.yaml", "--json")):
        result = session.run(*words)
        assert (result.status, result.err) == (0, said)
    assert said in session.run("check", "times.yaml").err
    session.write(
        "exact.yaml", "workload: e\nhz: 500\nprograms:\n  - {name: a, scheduler: NORM, run: 14ms}\n"
    )
    assert session.done("simulate", "exact.yaml").startswith(
        "e on eight: 8 cpus, 7 ticks at 500 Hz"
    )


WRONG = """
A on cpu9 lwktpri 6
B on node3 lwktpri 99
C/D on cpu0 lwktpri 6
E on cpu0
destroy NONE
F on cpu3 lwktpri 4 exclusive
POOL/I on node0 lwktpri 3
list on cpu0 lwktpri 3
grant POOL to bob
destroy POOL
destroy POOL into POOL/WEB recursive
K on cpu3-2 lwktpri 4
L on cpu0 lwktpri 4 vcpus 0
M on cpu0 lwktpri 4 quantum 0
N/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q on cpu0 lwktpri 4
O on cpu0 except cpu0 lwktpri 4
Q on cpu0 lwktpri 4 lwktpri 5
S on cpu0 lwktpri 4 frob
T on lwktpri 4
"""


def remedy_of(problem: dict[str, Any]) -> list[str]:
    return (problem["remedy"] or "").splitlines()


def test_check_as_json_names_the_scheduler_of_every_problem(session: Session) -> None:
    lines = WRONG.strip().splitlines()
    seen = set()
    for line in lines:
        session.write("wrong.usched", line)
        result = session.run("check", "wrong.usched", "--json")
        assert result.status != 0, line
        problems = parsed(result.out)["problems"]
        assert problems
        words = line.split()
        for problem in problems:
            seen.add(problem["rule"])
            expected = words[1] if words[0] in ("destroy", "grant") else words[0]
            assert problem["scheduler"] == expected, (line, problem)
            place = problem["where"]
            assert (place["file"], place["line"]) == ("wrong.usched", 1)
            told = f"usched: wrong.usched:1:{place['column']}: {problem['message']}\n"
            assert told in result.err, problem
            assert all(f"\n  {each}\n" in result.err for each in remedy_of(problem)), problem
    assert len(seen) > 10
    session.write(
        "w.yaml",
        "workload: w\nprograms: [{name: a, scheduler: NOPE, run: 1}]\nevents:\n"
        "  - {at: 1, usched: 'Z on cpu77 lwktpri 4'}\n"
        "  - {at: 2, move: a, to: MISSING}\n",
    )
    problems = parsed(session.run("check", "w.yaml", "--json").out)["problems"]
    assert [problem["scheduler"] for problem in problems] == ["NOPE", "Z", "MISSING"]
