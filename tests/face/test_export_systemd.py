"""usched export --systemd."""

from __future__ import annotations

from pathlib import Path

from tests.face.fake_linux import put
from tests.face.sessions import Session, block, page


def declare(session: Session) -> None:
    session.done("POOL", "on", "node1", "lwktpri", "8", "vcpus", "2")
    session.done("POOL/WEB-1", "on", "cpu0", "lwktpri", "9", "locked")
    session.done("X", "on", "cpu0", "cpu1", "lwktpri", "4", "exclusive")


def export(session: Session, *options: str) -> str:
    return session.done("--root", "root", "export", "--systemd", *options)


def test_slices_and_a_unit_for_the_boot_are_printed(linux: Session) -> None:
    declare(linux)
    services, slices = export(linux).split("\n# usched.slice\n")
    service, watch = services.split("\n# usched-watch.service\n")
    assert service.startswith(
        page("""
    # usched.service
    [Unit]
    Description=Partition the cpus among userland schedulers
    """)
    )
    path = linux.registry.resolve()
    assert f"RequiresMountsFor={path.parent}\n" in service
    for key in ("Start", "Reload"):
        assert f"\nExec{key}=/" in service
    assert service.count(f" --registry {path} apply\n") == 2
    assert "ExecStop" not in service
    assert (
        page("""
    # It has systemd turn on these controllers for all that stands where the groups do. When it is
    # stopped the groups stay as they are, so that a restart moves nobody. usched release takes the
    # groups away, and leaves the controllers on: systemd turns them off that nobody else wants when
    # this unit is disabled, and what requires it.
    Slice=-.slice
    Delegate=cpuset cpu
    """)
        in service
    )
    assert "\nRequires=usched.service\nAfter=usched.service\n" in watch
    assert f" --registry {path} watch\n" in watch
    assert "\nSuccessExitStatus=143\nRestart=on-failure\n" in watch
    assert slices == page(r"""
    [Unit]
    Description=Userland schedulers

    # usched-POOL.slice
    # vcpus: 2 cpus on 4: cpu.max holds all its threads together to 200 percent, and does not bind those of SCHED_RR beneath it, but more than 2 may run at a time
    # lwktpri: SCHED_RR goes before who is beneath it, too, so its threads are fair ones with cpu.weight 10000
    # on: its own threads run when its children's do not, by cpu.idle
    [Unit]
    Description=POOL on node1 lwktpri 8 vcpus 2

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
    # vcpus: 1 cpu on 4: cpu.max does not bind SCHED_RR: nothing holds its threads to 100 percent
    # lwktpri: SCHED_RR 9 goes before a lower one outside POOL, too
    # lwktpri: a slice has no policy: CPUSchedulingPolicy=rr and CPUSchedulingPriority=9 in each service of usched-POOL-WEB\x2d1.slice; Linux keeps back 5 percent of each cpu, while somebody else wants to run there
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


def test_whose_slice_is_left_out_is_told_wherever_the_others_go(linux: Session) -> None:
    name = f"A/{'B' + '-' * 30}/{'C' + '-' * 30}"
    declare(linux)
    for each in ("A", name.rpartition("/")[0], name):
        linux.done(each, "on", "cpu*", "lwktpri", "5", "-q")
    told = (
        f"{name}, name: its slice is left out: the name would have 258 characters, `-` taking "
        "four, and systemd allows 255; usched apply has no such limit"
    )
    printed = linux.run("--root", "root", "export", "--systemd")
    assert (printed.status, printed.err) == (0, f"usched: {told}\n")
    heads = [line for line in printed.out.splitlines() if line.endswith(".slice")]
    slices = [line.removeprefix("# ") for line in heads if line.startswith("# usched")]
    assert len(slices) == 9
    (linux.folder / "units").mkdir()
    written = linux.run("--root", "root", "export", "--systemd", "-o", "units")
    assert (written.status, written.err) == (0, printed.err)
    assert {path.name for path in (linux.folder / "units").glob("*.slice")} == set(slices)


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
    usched-watch.service
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
      Linux is told of the machine at hand: usched topology detect
    """)
