"""Slices: the same wish as the control groups, in systemd's words, for any registry."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.plan.cgroup_model import KERNELS
from tests.plan.trees import random_tree, tree_of
from usched.meaning.resolver import Resolver
from usched.plan.kernel import Kernel
from usched.plan.lower_cgroup import lower
from usched.plan.systemd_units import Units, format_units, slice_name
from usched.plan.wanted import OUTSIDE, OWN, Note
from usched.words.statement import Grant

PROGRAM = ("/opt/my tools/usched", "--registry", '/srv/100%/$a "b".db')

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def units_of(seed: int) -> Units:
    tree = random_tree(seed)
    return make_units(tree, [], KERNELS[seed % 3], PROGRAM, "/srv/100%")


def make_units(
    tree: Resolver,
    grants: Sequence[Grant] = (),
    kernel: Kernel = KERNELS[1],
    program: Sequence[str] = ("/bin/usched",),
    folder: str = "/",
) -> Units:
    return format_units(tree, kernel, grants, program, folder)


@pytest.mark.parametrize("seed", range(60))
def test_a_slice_says_what_its_group_says(seed: int) -> None:
    tree = random_tree(seed)
    groups = [each for each in lower(tree, KERNELS[1]).groups if each.path not in (OUTSIDE, "")]
    slices = {unit.name: unit.text for unit in units_of(seed).files[3:]}
    assert len(slices) == len(groups)
    for group in groups:
        name = slice_name(group.scheduler)
        if group.path.endswith(OWN):
            name = name.replace(".slice", "-.own.slice")
        said = dict(line.split("=", 1) for line in slices[name].partition("[Slice]\n")[2].split())
        assert said.pop("AllowedCPUs") == group.files["cpuset.cpus"]
        weight = said.pop("CPUWeight")
        assert (weight == "idle") == (group.files["cpu.idle"] == "1")
        assert weight in ("idle", group.files["cpu.weight"])
        quota = said.pop("CPUQuota", None)
        most = f"{int(quota[:-1]) * 1000}" if quota else "max"
        assert group.files["cpu.max"] == f"{most} 100000"
        assert said == {}


@needs_systemd
def test_systemd_has_nothing_to_say_of_any_of_them(tmp_path: Path) -> None:
    seen = 0
    for seed in range(6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        files = units_of(seed).files
        for unit in files:
            text = unit.text.replace('"/opt/my tools/usched"', "/bin/true")
            (folder / unit.name).write_text(text, encoding="utf-8")
        paths = [str(folder / unit.name) for unit in files]
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *paths],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
        seen += len(files)
    assert seen > 20


@needs_systemd
def test_systemd_verify_finds_what_is_wrong(tmp_path: Path) -> None:
    """So that the test above can fail; and why no slice has Delegate=."""
    path = tmp_path / "usched-A.slice"
    path.write_text("[Slice]\nAllowedCPUs=0\nDelegate=cpuset cpu\n", encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Delegate= setting not supported for this unit type" in done.stderr


@pytest.mark.skipif(shutil.which("systemd-escape") is None, reason="there is no systemd-escape")
@pytest.mark.parametrize("name", ["NORM", "A-b/c.d/_x-", "a--b"])
def test_names_are_escaped_as_systemd_does(name: str) -> None:
    done = subprocess.run(
        ["systemd-escape", "--path", f"usched/{name}"], capture_output=True, text=True, check=True
    )
    assert slice_name(name) == f"{done.stdout.strip()}.slice"


def test_the_words_of_a_command_are_as_systemd_reads_them() -> None:
    service = units_of(1).files[0].text
    assert (
        'ExecStart="/opt/my tools/usched" --registry "/srv/100%%/$$a \\"b\\".db" apply\n' in service
    )
    assert "RequiresMountsFor=/srv/100%%\n" in service


def test_who_holds_a_part_is_told_how_systemd_would_delegate_it() -> None:
    tree = tree_of("POOL on cpu0-3 lwktpri 6", "A-B on cpu4 lwktpri 6")
    grants = [Grant("POOL", "alice"), Grant("A-B", "@devs")]
    units = make_units(tree, grants)
    assert [note.what for note in units.notes] == [
        "systemd delegates services, not slices: systemd-run --uid=alice "
        "--slice='usched-POOL.slice' -p Delegate='cpuset cpu' COMMAND",
        "systemd delegates services, not slices: systemd-run --gid=devs "
        r"--slice='usched-A\x2dB.slice' -p Delegate='cpuset cpu' COMMAND",
    ]


def tell_missing(which: str, length: int) -> str:
    return (
        f"{which} is left out: the name would have {length} characters, `-` taking four, and "
        "systemd allows 255; usched apply has no such limit"
    )


def test_whose_name_is_too_long_for_a_unit_has_none_and_the_others_have() -> None:
    name = "/".join(f"{letter}{'-' * 30}" for letter in "AB")
    tree = tree_of(
        "A" + "-" * 30 + " on cpu* lwktpri 6",
        f"{name} on cpu0 lwktpri 6 locked",
        f"{name}/C on cpu0 lwktpri 6",
        "D on cpu1 lwktpri 6",
    )
    units = make_units(tree)
    above = r"usched-A" + r"\x2d" * 30
    assert [unit.name for unit in units.files[2:]] == [
        "usched.slice",
        f"{above}.slice",
        f"{above}-.own.slice",
        "usched-D.slice",
    ]
    assert units.missing == (
        Note(name, "name", tell_missing("its slice", 256)),
        Note(f"{name}/C", "name", tell_missing("its slice", 258)),
    )
    assert not {note.scheduler for note in units.notes} & {name, f"{name}/C"}


def test_the_slice_of_own_threads_may_alone_be_too_long() -> None:
    name = "A" + "-" * 30 + "/B" + "-" * 29 + "b"
    tree = tree_of(
        "A" + "-" * 30 + " on cpu* lwktpri 6",
        f"{name} on cpu0-1 lwktpri 6",
        f"{name}/C on cpu0 lwktpri 6",
    )
    units = make_units(tree)
    assert len(units.files[-2].name) == 253
    assert units.files[-1].name.endswith("b-C.slice")
    (note,) = units.missing
    assert note == Note(name, "on", tell_missing("the slice of its own threads", 258))
    assert f"# on: {note.what}\n" in units.files[-2].text


@pytest.mark.parametrize("kernel", KERNELS)
def test_what_is_true_of_real_time_threads_is_told_of_services_too(kernel: Kernel) -> None:
    tree = tree_of(
        "X on cpu0-3 lwktpri 8",
        "Y on cpu0-3 lwktpri 8",
        "Z on cpu4-7 lwktpri 9",
        "Z/A on cpu0 lwktpri 9",
    )
    planned = [note for note in lower(tree, kernel).notes if note.word == "lwktpri"]
    told = [note for note in make_units(tree, kernel=kernel).notes if note.word == "lwktpri"]
    real = [note for note in planned if "a group carries no policy" in note.what]
    assert [note.scheduler for note in real] == ["X", "Y", "Z/A"]
    assert [note for note in told if "a slice has no policy" not in note.what] == [
        note for note in planned if note not in real
    ]
    for group, service in zip(real, [each for each in told if "a slice" in each.what], strict=True):
        assert service.scheduler == group.scheduler
        assert service.what.partition("; ")[2] == group.what.partition("; ")[2]
        assert f"-{group.scheduler.replace('/', '-')}.slice; Linux keeps back" in service.what


def test_that_an_exclusive_scheduler_has_no_threads_is_as_true_of_its_slice() -> None:
    """What goes away is what its partition would be, for which systemd has no word."""
    tree = tree_of(
        "X on cpu0 cpu1 lwktpri 6 exclusive",
        "X/A on cpu0 lwktpri 6 exclusive",
        "X/B on cpu1 lwktpri 6 exclusive",
        "NORM on cpu* lwktpri 6",
    )
    words = [note.what for note in make_units(tree).notes if note.scheduler == "X"]
    assert words[0] == "its children hold all its cpus: it has no threads"
    assert words[1].startswith("systemd has no word for a cpuset partition")
