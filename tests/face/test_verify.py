"""usched verify: real threads in groups that are plain files, as they are when applied."""

from __future__ import annotations

import json
import os

from tests.face.live import CPUS, add_group, lay_applied, threaded
from tests.face.sessions import Session, block
from usched.words.cpuset import CpuSet, format_cpu_list
from usched.world.linux.threads import threads_of


def test_threads_of_a_locked_scheduler_that_are_not_pinned_are_drift(live: Session) -> None:
    first, second = CPUS[:2]
    live.done("LOCK", "on", f"cpu{first}", f"cpu{second}", "lwktpri", "6", "locked")
    lay_applied(live.folder / "r.db", live.folder / "root")
    with threaded(3) as process:
        tids = threads_of("/", process.pid)
        add_group(live.folder / "root", "LOCK", *tids)
        may = format_cpu_list(CpuSet.of(os.sched_getaffinity(process.pid)))
        how = f"should have one home of {first}, {second}, and may run on cpus {may}"
        assert live.refused(7, "--root", "root", "verify") == block(f"""
        usched: {tids[0]} (threaded) and 3 others of LOCK {how}
          usched --registry r.db move PID into NAME makes it run as NAME says
          usched --registry r.db watch sees to new threads
        """)
        for tid in tids:
            os.sched_setaffinity(tid, {first})
        result = live.run("--root", "root", "verify", "--json")
        assert result.status == 7
        assert json.loads(result.out)["problems"] == [
            {
                "rule": "thread",
                "scheduler": "LOCK",
                "message": f"{tids[2]} (threaded) and 1 other of LOCK should have another home "
                f"than {first}, which has its part without: 2 of 4 threads",
                "where": None,
                "remedy": "usched --registry r.db move PID into NAME makes it run as NAME says\n"
                "usched --registry r.db watch sees to new threads",
            }
        ]
        live.done("--root", "root", "move", str(process.pid), "into", "LOCK")
        assert live.done("--root", "root", "verify") == "Linux is as the registry says: 1 group\n"


def test_what_is_wrong_with_groups_is_told_first(live: Session) -> None:
    live.done("NORM", "on", f"cpu{CPUS[0]}", f"cpu{CPUS[1]}", "lwktpri", "6")
    lay_applied(live.folder / "r.db", live.folder / "root")
    group = live.folder / "root/sys/fs/cgroup/usched/NORM"
    (group / "cpuset.cpus.effective").write_text(f"{CPUS[0]},{CPUS[1]}\n")
    (group / "cpu.max").write_text("50000 100000\n")
    with threaded(0) as process:
        add_group(live.folder / "root", "NORM", process.pid)
        os.sched_setaffinity(process.pid, {CPUS[1]})
        cpus = format_cpu_list(CpuSet.of(CPUS[:2]))
        how = f"should run on all of cpus {cpus}, and may on {CPUS[1]} only"
        assert live.refused(7, "--root", "root", "verify") == block(f"""
        usched: usched/NORM/cpu.max is `50000 100000`, and should be `max 100000`
          usched --registry r.db apply makes it as the registry says
        usched: {process.pid} (threaded) of NORM {how}
          usched --registry r.db move PID into NAME makes it run as NAME says
          usched --registry r.db watch sees to new threads
        usched: 2 problems
        """)
