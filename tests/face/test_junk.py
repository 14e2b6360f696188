"""Whatever the files of Linux say that are read below a root: a message, and never a traceback."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.face.fake_linux import put
from tests.face.live import lay_applied, threaded
from tests.face.sessions import Session, block
from tests.face.test_ps import add_thread
from usched.actions.context import Context
from usched.actions.watch import Watch
from usched.words.problems import UschedError

#: None: a folder is there instead.
JUNK: list[bytes | None] = [
    *(b"", b"\n", b"\xff\xfe\0j\n", b"\0" * 9, b"x" * (1 << 21), b"x\n" * 9, b"=\n:\t\n", None),
    *(b"0\n", b"-1\n", b"3-1\n", b"65536\n", b"0-99999999\n", b"7" * 18 + b"\n", b"9" * 5000),
    *(b"9" * 400 + b" 1 2\n", b"a b c\n", "\u0663\n".encode(), b"1 2 3\n", b"100000 0\n", b"max\n"),
    *(b"nan 100000\n", b"9" * 400 + b" 100000\n", b"max max\n", b"6.12.9\0/../x\n", b"6.12/..\n"),
    *(b"usage_usec " + b"9" * 400, b"some total=" + b"9" * 400, b"[Slice]\nCPUQuota=nan%\n"),
    *(b"[Slice]\nCPUWeight=" + b"9" * 5000, b"[Slice]\nCPUQuota=1e300%\n", b"{}", b"[[[[", b"null"),
    b'{"groups": {"": {"cpuset.cpus": "x"}}, "processes": {}, "pid": 1, "until": NaN}',
    b'{"groups": {"N": {"cpu.weight": 5}}, "processes": {"": [""]}, "pid": 1e999}',
]

#: Which commands read what lies beneath.
READERS = {
    "boot": ["plan"],
    "dev/cpuset": ["adopt -n --cset"],
    "etc/systemd": ["adopt -n --systemd"],
    "proc/sys": ["plan", "verify", "watch"],
    "proc": ["verify", "ps", "ps -t --json", "adopt -n", "top --once", "watch"],
    "run/usched": ["plan", "verify", "confirm", "release"],
    "sys/class": ["topology detect"],
    "sys/devices": ["plan", "verify", "metrics", "topology detect", "export --systemd"],
    "sys/fs/cgroup/system.slice": ["adopt -n system.slice", "top --once"],
    "sys/fs/cgroup": ["plan", "verify --json", "adopt -n", "metrics", "ps", "apply", "watch"],
}


def _lay_machine(folder: Path) -> None:
    put(folder, "proc/sys/kernel/osrelease", "6.12.9-amd64\n")
    put(folder, "boot/config-6.12.9-amd64", "CONFIG_RT_GROUP_SCHED=n\n")
    put(folder, "sys/class/dmi/id/product_name", "Box\n")
    put(folder, "sys/devices/system/node/node0/cpulist", "0-7\n")
    put(folder, "sys/devices/system/cpu/smt/control", "on\n")
    for file in ("possible", "present", "online"):
        put(folder, f"sys/devices/system/cpu/{file}", "0-7\n")
    for cpu in range(8):
        core = cpu // 2 * 2
        for file, text in (
            ("topology/core_cpus_list", f"{core}-{core + 1}"),
            ("topology/core_id", f"{core}"),
            ("topology/physical_package_id", "0"),
            ("topology/package_cpus", "ff"),
            ("cache/index3/level", "3"),
            ("cache/index3/type", "Unified"),
            ("cache/index3/shared_cpu_list", "0-7"),
        ):
            put(folder, f"sys/devices/system/cpu/cpu{cpu}/{file}", f"{text}\n")
    put(folder, "dev/cpuset/cpus", "0-7\n")
    for file, text in (("cpus", "0-1"), ("cpu_exclusive", "1"), ("tasks", "5\n6")):
        put(folder, f"dev/cpuset/a/{file}", f"{text}\n")
    slice_text = "[Slice]\nAllowedCPUs=0-1 3\nCPUWeight=50\nCPUQuota=150%\n"
    put(folder, "etc/systemd/system/work.slice", slice_text)


def _lay_groups(session: Session) -> None:
    folder = session.folder
    put(folder, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n")
    put(folder, "sys/fs/cgroup/cgroup.subtree_control", "cpuset cpu\n")
    put(folder, "sys/fs/cgroup/cgroup.threads", "2\n42\n")
    session.done("topology", "load", "pack:1 numa:1 l3:1 core:4 pu:2")
    for line in (
        "N on cpu0-3 lwktpri 6",
        "P on cpu* lwktpri 6 vcpus 2",
        "P/I on cpu* lwktpri 4",
    ):
        session.done(*line.split())
    session.done("L", "on", "cpu4-7", "lwktpri", "7", "locked")
    lay_applied(session.registry, folder / "root")
    for group, tids, cpus in (("N", "21", "0-3"), ("L", "31", "4-7"), ("P/:own", "22", "0-7")):
        for file, text in (
            ("cgroup.threads", tids),
            ("cgroup.procs", tids),
            ("cpu.stat", "usage_usec 5\nnr_periods 3\nnr_throttled 1\nthrottled_usec 7"),
            ("cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=7"),
            ("cpuset.cpus.effective", cpus),
        ):
            put(folder, f"sys/fs/cgroup/usched/{group}/{file}", f"{text}\n")
    for file, text in (
        ("cpuset.cpus", "0-3"),
        ("cpuset.cpus.partition", "root"),
        ("cpu.idle", "0"),
        ("cpu.weight", "70"),
        ("cpu.max", "50000 100000"),
        ("cpu.stat", "usage_usec 1"),
        ("memory.max", "1G"),
    ):
        put(folder, f"sys/fs/cgroup/system.slice/{file}", f"{text}\n")
    for tid, comm in ((21, "web) 1 2"), (22, "web"), (31, "db")):
        add_thread(session, tid, tid, comm, 2)
        put(folder, f"proc/{tid}/schedstat", "5 6 7\n")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A Linux of files that has something in each that is read."""
    folder = tmp_path_factory.mktemp("junk")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(time, "sleep", lambda _: None)
        session = Session(folder)
        _lay_machine(folder)
        _lay_groups(session)
        (folder / "root/run/usched").mkdir(parents=True)
        shutil.copytree(folder / "root", folder / "good")
        yield session


def _find_files(good: Path) -> list[str]:
    """Those of one cpu, and of one scheduler, are like those of the others; of the last two there
    is none as a rule."""
    found = (str(path.relative_to(good)) for path in sorted(good.rglob("*")) if path.is_file())
    alike = (*(f"/cpu{cpu}/" for cpu in range(1, 8)), "/P/", "proc/22/")
    files = [each for each in found if not any(part in each for part in alike)]
    return [*files, "run/usched/journal", "run/usched/trial"]


def _put_junk(path: Path, junk: bytes | None) -> None:
    path.unlink(missing_ok=True)
    if junk is None:
        path.mkdir()
    else:
        path.write_bytes(junk)


def _put_back(folder: Path, file: str, all_of_it: bool) -> None:
    root, good = folder / "root", folder / "good"
    if all_of_it:
        shutil.rmtree(root)
        shutil.copytree(good, root)
        return
    path = root / file
    path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
    if (good / file).exists():
        shutil.copy(good / file, path)


def _try(session: Session, words: str) -> None:
    if words == "watch":
        _watch(session)
        return
    result = session.run("--root", "root", "--wait", "0", *words.split())
    assert 0 <= result.status <= 7
    assert bool(result.err) or result.status == 0
    assert "Traceback" not in result.err


def _watch(session: Session) -> None:
    context = Context(str(session.registry), lambda _: None, root=str(session.folder / "root"))
    try:
        watch = Watch(context, True, lambda _: None)
        watch.start()
        watch.look_at_groups(5.0)
        watch.look_at_threads()
        watch.notice_cpus()
    except UschedError:
        return


def _readers(file: str) -> list[str]:
    return next(commands for place, commands in READERS.items() if file.startswith(place))


def _try_each(session: Session, chance: random.Random | None) -> int:
    """chance: picks some of the junk, and of the commands; None: all of it."""
    tried = 0
    for file in _find_files(session.folder / "good"):
        for junk in JUNK if chance is None else chance.sample(JUNK, 3):
            commands = _readers(file)
            if chance is not None:
                commands = chance.sample(commands, min(3, len(commands)))
            for words in commands:
                _put_junk(session.folder / "root" / file, junk)
                try:
                    _try(session, words)
                except Exception as error:
                    raise AssertionError(f"{words}: {file} is {str(junk)[:40]}") from error
                changes = words in ("apply", "confirm", "release")
                _put_back(session.folder, file, all_of_it=changes)
                tried += 1
    return tried


def test_some_junk_in_each_file(there: Session) -> None:
    assert _try_each(there, random.Random(6)) > 300


@pytest.mark.slow
def test_all_junk_in_each_file(there: Session) -> None:
    assert _try_each(there, None) > 5000


@pytest.mark.parametrize(
    "file", ["cpuset.cpus.effective", "cgroup.procs", "cgroup.threads", "cpuset.cpus"]
)
def test_junk_where_a_process_is_moved_to(live: Session, file: str) -> None:
    live.done("L", "on", "cpu*", "lwktpri", "6", "locked")
    lay_applied(live.registry, live.folder / "root")
    path = live.folder / "root/sys/fs/cgroup/usched/L" / file
    with threaded(1) as process:
        for junk in random.Random(file).sample(JUNK[:20], 6):
            _put_junk(path, junk)
            result = live.run("--root", "root", "move", str(process.pid), "into", "L")
            assert result.status in (0, 1, 3)
            assert "Traceback" not in result.err
            path.rmdir() if junk is None else path.unlink()


CPUS_JUNK = """
usched: root/sys/fs/cgroup/usched/N/cpuset.cpus is not a list of cpus: 'many' is not a cpu number or a range of them
  such a list is 0-3,8
"""  # noqa: E501 as it is printed


@pytest.mark.parametrize("words", ["plan", "verify", "adopt -n", "metrics", "ps", "apply"])
def test_a_group_that_has_no_list_of_cpus_is_named(linux: Session, words: str) -> None:
    linux.done("N", "on", "cpu0-3", "lwktpri", "6")
    lay_applied(linux.registry, linux.folder / "root")
    put(linux.folder, "sys/fs/cgroup/usched/N/cpuset.cpus", "many\n")
    said = linux.run("--root", "root", *words.split())
    assert (said.status, said.out, said.err) == (1, "", CPUS_JUNK.lstrip())


def test_adopt_says_what_each_file_should_be(linux: Session) -> None:
    for file, text in (
        ("cpu.idle", "yes"),
        ("cpu.max", "100000 0"),
        ("cpu.weight", "0"),
        ("cpuset.cpus.partition", "roots"),
    ):
        put(linux.folder, f"sys/fs/cgroup/a/{file}", f"{text}\n")
    assert linux.refused(1, "--root", "root", "adopt") == block("""
    usched: root/sys/fs/cgroup/a/cpuset.cpus.partition says 'roots'
      it should be member, root or isolated
    usched: root/sys/fs/cgroup/a/cpu.idle says 'yes'
      it should be 0 or 1
    usched: root/sys/fs/cgroup/a/cpu.weight says '0'
      it should be a number from 1 to 10000
    usched: root/sys/fs/cgroup/a/cpu.max says '100000 0'
      it should be `max 100000`, or a quota and a period in microseconds
    usched: 4 problems; nothing was changed
    """)
