"""usched export --systemd."""

from __future__ import annotations

from pathlib import Path

from tests.face.sessions import Session, block, page
from tests.face.test_plan import linux, put

__all__ = ["linux"]


def declare(session: Session) -> None:
    session.done("POOL", "on", "node1", "lwktpri", "6", "vcpus", "2")
    session.done("POOL/WEB-1", "on", "cpu0", "lwktpri", "9", "locked")
    session.done("X", "on", "cpu0", "cpu1", "lwktpri", "4", "exclusive")


def export(session: Session, *options: str) -> str:
    return session.done("--root", "root", "export", "--systemd", *options)


def test_slices_and_a_unit_for_the_boot_are_printed(linux: Session) -> None:
    declare(linux)
    service, slices = export(linux).split("\n# usched.slice\n")
    assert service.startswith(
        page("""
    # usched.service
    [Unit]
    Description=Partition the cpus among userland schedulers
    """)
    )
    path = linux.registry.resolve()
    assert f"RequiresMountsFor={path.parent}\n" in service
    for key, verb in (("Start", "apply"), ("Reload", "apply"), ("Stop", "release")):
        assert f"\nExec{key}=/" in service
        assert f" --registry {path} {verb}\n" in service
    assert slices == page(r"""
    [Unit]
    Description=Userland schedulers

    # usched-POOL.slice
    # vcpus: 2 cpus on 4: cpu.max holds all its threads together to 200 percent, but more than 2 may run at a time
    # on: its own threads run when its children's do not, by cpu.idle
    [Unit]
    Description=POOL on node1 lwktpri 6 vcpus 2

    [Slice]
    AllowedCPUs=4-7
    CPUWeight=10000
    CPUQuota=200%

    # usched-POOL-.own.slice
    [Unit]
    Description=What runs in POOL itself

    [Slice]
    AllowedCPUs=4-7
    CPUWeight=idle

    # usched-POOL-WEB\x2d1.slice
    # vcpus: 1 cpu on 4: cpu.max holds all its threads together to 100 percent, but more than 1 may run at a time
    # lwktpri: a slice has no policy: CPUSchedulingPolicy=rr and CPUSchedulingPriority=9 in each service of usched-POOL-WEB\x2d1.slice
    # locked: a slice pins nobody: CPUAffinity= in each service
    [Unit]
    Description=POOL/WEB-1 on cpu0 lwktpri 9 locked

    [Slice]
    AllowedCPUs=4-7
    CPUWeight=10000
    CPUQuota=100%

    # usched-X.slice
    # exclusive: systemd has no word for a cpuset partition: the other slices are kept off its cpus, and the rest of the system is not; it would be by AllowedCPUs=2-7 in each of system.slice, user.slice, init.scope
    [Unit]
    Description=X on cpu0 cpu1 lwktpri 4 exclusive

    [Slice]
    AllowedCPUs=0-1
    CPUWeight=idle
    """)  # noqa: E501 as they are printed


def test_they_are_written_into_a_folder_and_what_is_left_there_is_told(
    linux: Session,
) -> None:
    declare(linux)
    folder = linux.folder / "units"
    folder.mkdir()
    (folder / "usched-OLD.slice").write_text("")
    (folder / "other.slice").write_text("")
    result = linux.run("--root", "root", "export", "--systemd", "-o", "units")
    assert result.status == 0
    assert result.err == (
        "usched: usched-OLD.slice is there, and the registry knows nothing of it\n"
    )
    names, notes = result.out.split("What systemd does otherwise:\n")
    assert names == page(r"""
    usched.service
    usched.slice
    usched-POOL.slice
    usched-POOL-.own.slice
    usched-POOL-WEB\x2d1.slice
    usched-X.slice
    """)
    assert notes.startswith("POOL, vcpus: 2 cpus on 4: cpu.max holds all")
    written = [*names.split(), "usched-OLD.slice", "other.slice"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(written)
    printed = export(linux)
    for name in names.split():
        assert f"# {name}\n{(folder / name).read_text()}" in printed


def test_what_cannot_be_written_is_not_written_at_all(linux: Session) -> None:
    declare(linux)
    refuse = ("--root", "root", "export")
    assert linux.refused(1, *refuse, "--systemd", "-o", "none") == (
        "usched: none/usched.service cannot be written: No such file or directory"
    )
    folder: Path = linux.folder / "units"
    (folder / "usched-X.slice").mkdir(parents=True)
    assert linux.refused(1, *refuse, "--systemd", "-o", "units") == (
        "usched: units/usched-X.slice cannot be written: Is a directory"
    )
    assert linux.refused(2, *refuse, "-o", "units") == (
        "usched: -o goes with --systemd: a script is for the standard output"
    )
    assert linux.refused(2, *refuse, "--systemd", "--json") == (
        "usched: --systemd and --json are two ways to print: one or the other"
    )
    put(linux.folder, "sys/devices/system/cpu/possible", "0-3\n")
    assert linux.refused(3, *refuse, "--systemd") == block("""
    usched: synthetic has cpu4-cpu7, and this machine has not
      a plan is about the machine at hand: usched topology detect
    """)
