"""usched exec: real programs, on the real cpus, in groups that are plain files."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.face.live import CPUS, add_group, open_to_all
from tests.face.sessions import Result, Session, block
from tests.people import ALICE, People, import_everything, make_users
from usched.actions import places
from usched.actions.context import Context
from usched.actions.places import find_place, read_neighbours
from usched.face.app import run as face

ALONE = (
    "usched: NORM is not applied (sudo usched --registry r.db apply): its cpus are set by "
    "affinity, and its share by nice\n"
)

#: What a program says of itself.
SAY = """
import os
policy, priority = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority
print(os.getpid(), sorted(os.sched_getaffinity(0)), policy, priority, os.nice(0))
"""


def run(
    session: Session, *words: str, before: Callable[[], None] | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        session.command("--root", "root", "exec", *words),
        cwd=session.folder,
        env=session.environment(**environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=before,
    )


def say(session: Session, name: str, before: Callable[[], None] | None = None) -> list[str]:
    """What the program says of its cpus, policy, priority and niceness; its pid is left out, and
    is in the group."""
    done = run(session, name, "--", sys.executable, "-c", SAY, before=before)
    assert (done.returncode, done.stderr) == (0, "")
    pid, rest = done.stdout.rstrip("\n").split(" ", 1)
    found = [path.read_text() for path in session.folder.rglob("usched/**/cgroup.procs")]
    assert f"{pid}\n" in found
    return rest.rsplit(" ", 3)


def be_narrow() -> None:
    os.sched_setaffinity(0, {CPUS[-1]})


def test_it_joins_the_group_and_an_affinity_that_it_inherits_is_gone(live: Session) -> None:
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    add_group(live.folder / "root", "NORM")
    assert say(live, "NORM", be_narrow) == [str(CPUS), "0", "0", "0"]


def test_own_threads_of_a_subdivided_scheduler_are_in_their_leaf(live: Session) -> None:
    live.done("POOL", "on", "cpu*", "lwktpri", "6")
    live.done("POOL/IN", "on", "cpu0", "lwktpri", "6")
    own = add_group(live.folder / "root", "POOL/:own")
    say(live, "POOL")
    assert (own / "cgroup.procs").read_text()


def test_lwktpri_from_8_is_a_policy_and_an_inherited_one_is_gone(live: Session) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give SCHED_RR")

    def be_real() -> None:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(3))

    live.done("REAL", "on", "cpu*", "lwktpri", "8")
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    for name in ("REAL", "NORM"):
        add_group(live.folder / "root", name)
    assert say(live, "REAL")[1:] == [str(os.SCHED_RR), "8", "0"]
    assert say(live, "NORM", be_real)[1:] == [str(os.SCHED_OTHER), "0", "0"]


def test_a_locked_scheduler_gives_the_home_with_the_fewest_threads(live: Session) -> None:
    live.done("LOCK", "on", "cpu*", "lwktpri", "6", "locked")
    group = add_group(live.folder / "root", "LOCK")
    first, second = CPUS[:2]
    assert say(live, "LOCK")[0] == f"[{first}]"
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            os.sched_setaffinity(sleeper.pid, {first})
            (group / "cgroup.threads").write_text(f"{sleeper.pid}\n")
            assert say(live, "LOCK")[0] == f"[{second}]"
        finally:
            sleeper.kill()


def test_what_is_not_applied_runs_on_the_cpus_and_that_is_said(live: Session) -> None:
    live.done("TOP", "on", "cpu*", "lwktpri", "7")
    live.done("NORM", "on", f"cpu{CPUS[1]}", "lwktpri", "6")
    done = run(live, "NORM", sys.executable, "-c", SAY)
    assert (done.returncode, done.stderr) == (0, ALONE)
    assert done.stdout.split(" ", 1)[1] == f"[{CPUS[1]}] 0 0 10\n"
    live.done("IDLE", "on", "cpu*", "lwktpri", "4")
    done = run(live, "IDLE", sys.executable, "-c", SAY)
    assert done.stderr == ALONE.replace("NORM", "IDLE")
    assert done.stdout.split(" ", 1)[1] == f"{CPUS} {os.SCHED_IDLE} 0 0\n"


def test_locked_and_not_applied_counts_who_is_pinned_to_its_homes(live: Session) -> None:
    live.done("LOCK", "on", "cpu*", "lwktpri", "6", "locked")
    place = find_place(Context(str(live.registry), lambda _: None, root="root"), "LOCK")
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            os.sched_setaffinity(sleeper.pid, set(CPUS[:2]))
            assert sleeper.pid not in [each.tid for each in read_neighbours(place, False)]
            os.sched_setaffinity(sleeper.pid, {CPUS[0]})
            assert sleeper.pid in [each.tid for each in read_neighbours(place, False)]
        finally:
            sleeper.kill()
    done = run(live, "LOCK", sys.executable, "-c", SAY)
    assert done.stderr == ALONE.replace("NORM", "LOCK")
    assert done.stdout.split(" ")[1] in [f"[{cpu}]" for cpu in CPUS]


def test_the_program_takes_the_place_of_usched(live: Session) -> None:
    """Its status, its signals, its words and its input are its own."""
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    add_group(live.folder / "root", "NORM")
    assert run(live, "NORM", "--", "sh", "-c", "exit 3").returncode == 3
    assert run(live, "NORM", "sh", "-c", "kill -PIPE $$").returncode == -13
    assert run(live, "NORM", "--", "echo", "-n", "--json", "--", "-q").stdout == "--json -- -q"
    script = live.folder / "script"
    script.write_text('echo "$1"\n')
    script.chmod(0o755)
    assert run(live, "NORM", "./script", "of a shell").stdout == "of a shell\n"
    environ = run(live, "NORM", "env", LANG="C").stdout
    assert "LC_CTYPE" not in environ


def test_error_no_such_program(live: Session) -> None:
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    live.write("text", "")
    for words, status, said in (
        (("nonesuch",), 127, "nonesuch: there is no such program"),
        (("./none",), 127, "./none: there is no such program"),
        (("",), 127, "the empty word: there is no such program"),
        (("./text",), 126, "./text cannot be run: it may not be executed"),
        (("/",), 126, "/ cannot be run: it is a folder"),
    ):
        assert live.refused(status, "--root", "root", "exec", "NORM", *words) == f"usched: {said}"
    assert live.refused(127, "--root", "root", "exec", "NORM", "-u", "alice", "id") == block("""
    usched: -u: there is no such program
      options stand in front of the scheduler: usched exec -u USER NAME -- COMMAND
    """)
    binary = live.folder / "broken"
    binary.write_bytes(b"#!/nonesuch\n")
    binary.chmod(0o755)
    done = run(live, "NORM", "./broken")
    assert (done.returncode, done.stderr) == (
        127,
        f"{ALONE}usched: ./broken cannot be run: No such file or directory\n",
    )


def test_error_no_command_or_no_scheduler(live: Session) -> None:
    expected = block("""
    usched: no command is given to run
      such as: usched exec NORM -- sleep 60
    """)
    assert live.refused(2, "exec", "NORM") == live.refused(2, "exec", "NORM", "--") == expected
    assert live.refused(4, "--root", "root", "exec", "--", "sleep", "1") == block("""
    usched: there is no scheduler sleep
      none is declared yet; declare one: usched NORM on 'cpu*' lwktpri 6
    """)
    live.done("POOL", "on", "cpu*", "lwktpri", "6")
    live.done("POOL/X", "on", "cpu*", "lwktpri", "6", "exclusive")
    assert live.refused(4, "--root", "root", "exec", "POL", "true") == block("""
    usched: there is no scheduler POL
      did you mean 'POOL'?
    """)
    assert live.refused(3, "--root", "root", "exec", "POOL", "true") == block("""
    usched: nothing can run in POOL itself: its children hold all its cpus (exclusive)
      name one of these: usched tree POOL
    """)


def test_error_a_plain_user_without_a_registry_is_told_of_the_systems(
    live: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_users()
    import_everything()
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    open_to_all(live.folder)
    home = live.folder / "home"
    home.mkdir()
    shutil.chown(home, ALICE)

    def act(*words: str) -> str:
        monkeypatch.setenv("XDG_STATE_HOME", str(home))
        options = ["--root", str(live.folder / "root")]
        result = People(live.folder).act(ALICE, lambda: face([*options, *words]))
        assert (result.status, result.out) == (4, "")
        return result.err.partition("\n")[2]  # what is said of its topology comes first

    alone = block("""
    usched: there is no scheduler NORM
      none is declared yet; declare one: usched NORM on 'cpu*' lwktpri 6
    """)
    monkeypatch.setattr(places, "SYSTEM_REGISTRY", str(live.folder / "none.db"))
    assert act("exec", "NORM", "--", "true") == f"{alone}\n"
    monkeypatch.setattr(places, "SYSTEM_REGISTRY", str(live.registry))
    system = f"  the system's schedulers: usched --registry {live.registry} list\n"
    assert act("exec", "NORM", "--", "true") == f"{alone}\n{system}"
    assert act("move", str(os.getpid()), "into", "NORM") == f"{alone}\n{system}"


def test_error_a_plain_user_applies(live: Session) -> None:
    make_users()
    import_everything()
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    open_to_all(live.folder)
    root = live.folder / "root"
    words = ["--root", str(root), "--registry", str(live.registry), "apply"]
    assert People(live.folder).act(ALICE, lambda: face(words)) == Result(
        5,
        "",
        f"usched: not permitted: {root}/run/usched cannot be written: Permission denied\n"
        "  Linux lets root change control groups\n"
        f"  as root: sudo usched {' '.join(words)}\n",
    )


def test_error_what_root_types_names_the_registry_that_sudo_would_not_find(live: Session) -> None:
    make_users()
    import_everything()
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    open_to_all(live.folder)
    words = ["--root", str(live.folder / "root"), "apply", "--confirm", "2s"]

    def act() -> int:
        os.environ["USCHED_REGISTRY"] = str(live.registry)
        return face(words)

    (*_, last) = People(live.folder).act(ALICE, act).err.splitlines()
    assert last == f"  as root: sudo usched --registry {live.registry} {' '.join(words)}"


def test_error_processes_of_another_system(live: Session) -> None:
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    proc = live.folder / "root/proc"
    proc.unlink()
    (proc / "sys/kernel").mkdir(parents=True)
    (proc / "sys/kernel/osrelease").write_text("6.12.9\n")
    assert live.refused(1, "--root", "root", "exec", "NORM", "true") == block("""
    usched: the processes of root/proc are not those of this system
      mount -t proc none there
    """)


@pytest.fixture
def shared(live: Session) -> Session:
    """Where alice may read the registry and enter all folders."""
    make_users()
    live.done("NORM", "on", "cpu*", "lwktpri", "6")
    open_to_all(live.folder)
    return live


def test_under_sudo_it_is_who_called_it(shared: Session) -> None:
    add_group(shared.folder / "root", "NORM")
    alice = pwd.getpwnam(ALICE)
    words = ("NORM", "--", "/bin/sh", "-c", "echo $(id -u) $(id -g) $(id -G) $HOME $USER")
    said = f"{alice.pw_uid} {alice.pw_gid}"
    groups = " ".join(map(str, os.getgrouplist(ALICE, alice.pw_gid)))
    expected = f"{said} {groups} {alice.pw_dir} {ALICE}\n"
    assert run(shared, *words, SUDO_USER=ALICE).stdout == expected
    assert run(shared, "--user", ALICE, *words).stdout == expected
    done = run(shared, "-u", "root", *words, SUDO_USER=ALICE)
    assert done.stdout.startswith("0 0 ")
    assert shared.refused(1, "--root", "root", "exec", "-u", "nobody-such", "NORM", "true") == (
        "usched: --user names nobody-such, and there is no such user\n  --user root runs it as root"
    )
