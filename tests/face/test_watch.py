"""usched watch: a process that goes on until it is told to end."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.face.live import CPUS, add_group, threaded
from tests.face.sessions import Session, block
from usched.world.linux.only_one import be_the_only
from usched.world.linux.threads import threads_of


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_pins_until_it_is_told_to_end(live: Session, number: int) -> None:
    first, second = CPUS[:2]
    live.done("LOCK", "on", f"cpu{first}", f"cpu{second}", "lwktpri", "6", "locked")
    with threaded(1) as process:
        tids = threads_of("/", process.pid)
        for tid in tids:
            os.sched_setaffinity(tid, {first})
        add_group(live.folder / "root", "LOCK", *tids)
        watch = subprocess.Popen(
            live.command("--root", "root", "watch", "--every", "100ms"),
            cwd=live.folder,
            env=live.environment(PYTHONUNBUFFERED="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert watch.stdout is not None
            said = [watch.stdout.readline() for _ in range(3)]
            watch.send_signal(number)
            out, _ = watch.communicate(timeout=60)
        finally:
            watch.kill()
        assert said == [
            "Linux is not as the registry says (see verify): usched --registry r.db apply\n",
            f"{tids[1]} (threaded) of LOCK: its home is {second}\n",
            "watching over 1 scheduler\n",
        ]
        assert (watch.returncode, out) == (0, "")
        assert os.sched_getaffinity(tids[1]) == {second}


def test_error_a_second_one_is_refused_but_not_one_that_only_looks_on(live: Session) -> None:
    live.done("NORM", "on", f"cpu{CPUS[0]}", "lwktpri", "6")
    folder = live.folder / "root/run/usched"
    with be_the_only(str(folder), "watch", ""):
        assert live.refused(1, "--root", "root", "watch") == block(f"""
        usched: another usched watch is at work, process {os.getpid()}
          one is enough; --report-only looks on
        """)
        watch = subprocess.Popen(
            live.command("--root", "root", "watch", "--report-only"),
            cwd=live.folder,
            env=live.environment(PYTHONUNBUFFERED="1"),
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert watch.stdout is not None
            said = [watch.stdout.readline() for _ in range(2)]
        finally:
            watch.kill()
            watch.communicate()
        assert said[1] == "watching over 0 schedulers\n"


def test_error_times_and_what_is_no_machine(live: Session) -> None:
    assert "it is 0.1s to 3600s, not 1ms" in live.refused(2, "watch", "--every", "1ms")
    (live.folder / "root/proc").unlink()
    assert live.refused(1, "--root", "root", "watch") == block("""
    usched: the processes of root/proc are not those of this system
      mount -t proc none there
    """)
