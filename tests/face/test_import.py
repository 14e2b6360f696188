"""`usched import`: a trace in, a workload out, and what is said of it."""

from __future__ import annotations

import gzip

from tests.face.sessions import Session, block, page
from tests.text.traces.recordings import PERF, fork, switch, trace, waking


def imported(session: Session, *args: str, stdin: bytes = b"") -> tuple[str, str]:
    result = session.run("import", *args, stdin=stdin)
    assert result.status == 0, result.err
    return result.out, result.err


WORKLOAD = """
# imported by usched 0.2.0.dev0 from day.txt
# imported 2 threads, 15 of 15 ms on cpu; 0 of 5 switches inconsistent; 1 lwp cut at the start
# recorded in 15 ms on 1 cpu
workload: "day"
hz: 10000
programs:
  - {name: bash-100, scheduler: NORM, bursts: [
      [30, 70], [10, 0],
    ]}
  - {name: cc1-200, scheduler: BATCH, at: 20, run: 110}
"""


def test_a_trace_becomes_a_workload_that_simulate_takes(session: Session) -> None:
    session.write("day.txt", PERF)
    session.write("one.yaml", "cores: 1")
    session.write("s.usched", "NORM on cpu* lwktpri 6\nBATCH on cpu* lwktpri 4\n")
    out, err = imported(
        session, "day.txt", "-o", "day.yaml", "--map", "cc1|as=BATCH", "--default", "NORM"
    )
    assert out == ""
    assert err == (
        "usched: imported 2 threads, 15 of 15 ms on cpu; 0 of 5 switches inconsistent; "
        "1 lwp cut at the start\n"
        "usched: recorded in 15 ms on 1 cpu\n"
    )
    assert session.files()["day.yaml"].decode() == WORKLOAD.lstrip("\n")
    options = ("--topology", "one.yaml", "--script", "s.usched", "--csv", "-")
    assert session.done("simulate", "day.yaml", *options) == page(
        """
        cpu,from,to,lwp
        0,0,30,bash-100.0
        0,30,100,cc1-200.0
        0,100,110,bash-100.0
        0,110,150,cc1-200.0
        """
    )


def test_packed_or_from_standard_input_it_is_the_same(session: Session) -> None:
    session.write("day.txt", gzip.compress(PERF.encode()))
    from_file, _ = imported(session, "day.txt", "--default", "NORM", "-q")
    from_input, said = imported(session, "-", "--default", "NORM", "-q", stdin=PERF.encode())
    assert said == ""
    assert from_file.splitlines()[4:] == from_input.splitlines()[4:]
    assert 'workload: "day"' in from_file
    assert "# imported by usched 0.2.0.dev0 from standard input" in from_input


BUSY = trace(
    fork(0, "sh:9", "cc1:1"), waking(0, "cc1:1", "sched_wakeup_new"), waking(0, "kworker/0:1:5"),
    switch(0, "-", "R", "kworker/0:1:5"), switch(4, "kworker/0:1:5", "S", "cc1:1"),
    switch(9, "cc1:1", "S", "-"), switch(12, "cc1:1", "S", "-"),
    waking(13, "sed:4"), switch(13, "-", "R", "sed:4"), switch(13.02, "sed:4", "Z", "-"),
    "nonsense", "bash 1 [000] 0.014: irq:irq_entry: irq=1",
    "bash 1 [000] 0.014000: irq:irq_entry: irq=1",
)  # fmt: skip


def test_all_that_was_left_out_is_said(session: Session) -> None:
    session.write("t", BUSY)
    out, err = imported(session, "t", "--default", "NORM", "--map", "cc2=A", "--map", "cgroup:/x=B")
    assert err == page(
        """
        usched: imported 1 thread, 5.000 of 9.020 ms on cpu; 1 of 6 switches inconsistent (idle to thread missing)
        usched: recorded in 13 ms on 1 cpu
        usched: --map 'cc2=A' fits no thread: did you mean 'cc1'?
        usched: --map 'cgroup:/x=B' fits no thread: no cgroups are recorded (perf record --all-cgroups, perf script -F +cgroup)
        usched: kept apart: 1 kernel thread, 4.000 ms on cpu (--kernel includes them)
        usched: left out: 1 thread that ran less than half a tick of 100 us, 0.020 ms in all (--tick)
        usched: there is no sched_stat_runtime to make up for the missing switches: what ran there is not counted
        usched: 1 sleep without a waking: taken to have lasted until the thread ran again
        usched: 2 lines could not be read, the first:
        t:11:1: expected comm pid [cpu] seconds: event: fields
            nonsense
            ^^^^^^^^
        usched: 1 event of no use here passed over: irq_entry (1)
        """  # noqa: E501
    )
    assert "name: cc1-1, scheduler: NORM" in out
    out, _ = imported(session, "t", "--default", "NORM", "--kernel", "--tick", "10us")
    assert "hz: 100000\n" in out
    assert [line.split(",")[0] for line in out.splitlines() if "name:" in line] == [
        "  - {name: cc1-1", "  - {name: kworker_0_1-5", "  - {name: sed-4",
    ]  # fmt: skip


def test_error_nobody_says_where_the_threads_go(session: Session) -> None:
    session.write("t", PERF)
    assert session.refused(2, "import", "t", "-o", "w.yaml") == (
        "usched: which scheduler do the threads go to?\n"
        "  all into one: --default NORM\n"
        "  or by comm: --map 'redis*=REAL' --default NORM"
    )
    assert session.refused(3, "import", "t", "-o", "w.yaml", "--map", "cc1=A") == (
        "usched: no --map fits 1 thread: bash\n  say where the others go: --default SCHEDULER"
    )


def test_error_the_workload_in_place_of_the_trace(session: Session) -> None:
    session.write("t", PERF)
    assert session.refused(2, "import", "t", "-o", "./t", "--default", "A") == (
        "usched: -o ./t would take the place of the trace itself"
    )


def test_error_a_trace_without_switches(session: Session) -> None:
    session.write("t", waking(0, "a:1") + "\n")
    assert session.refused(3, "import", "t", "--default", "A", "-o", "w.yaml") == (
        "usched: there is no sched_switch in t, so nobody is seen to run\n"
        "  record it with: perf sched record"
    )


def test_error_times_since_the_event_before(session: Session) -> None:
    session.write("day.txt", PERF + (PERF.splitlines()[-1] + "\n").replace("10.0", "9.9") * 10)
    result = session.run("import", "day.txt", "--default", "NORM", "-o", "day.yaml")
    assert (result.status, result.err) == (
        3,
        "usched: 10 of 17 events of day.txt are behind a later one\n"
        "  times are of one clock for all cpus, and not since the event before "
        "(perf script without --deltatime);\n"
        "  the lines of several cpus are sorted by time\n",
    )
    assert "day.yaml" not in session.files()


def test_error_nobody_is_left(session: Session) -> None:
    session.write("t", trace(switch(0, "-", "R", "kswapd0:3"), switch(4, "kswapd0:3", "S", "-")))
    assert session.refused(3, "import", "t", "--default", "A") == (
        "usched: all that ran in t are kernel threads\n  --kernel includes them"
    )
    session.write("t", trace(switch(0, "-", "R", "a:3"), switch(0.01, "a:3", "S", "-")))
    assert session.refused(3, "import", "t", "--default", "A") == (
        "usched: no thread of t ran for half a tick\n"
        "  a smaller --tick, such as 1us, makes them visible"
    )
    session.write("t", trace(switch(0, "-", "R", "-"), switch(0.01, "-", "R", "-")))
    assert session.refused(3, "import", "t", "--default", "A") == (
        "usched: nobody but idle threads ran in t"
    )


def test_error_what_is_not_there(session: Session) -> None:
    assert session.refused(1, "import", "none.txt", "--default", "A") == (
        "usched: trace none.txt cannot be read: No such file or directory"
    )
    session.write("t", PERF)
    assert session.refused(1, "import", "t", "--default", "A", "-o", "no/w.yaml") == (
        "usched: no/w.yaml cannot be written: No such file or directory"
    )
    assert (
        session.refused(2, "import", "t", "--default", "A", "--topology", "pu:1").splitlines()[-1]
        == "Error: --topology does not go with this command"
    )


TASKS = """\
{
	"tasks" : {
		"tick" : { "instance" : 2, "run" : 2000, "timer" : { "ref" : "unique", "period" : 5000 } },
		"web" : { "policy" : "SCHED_FIFO", "cpus" : [0], "loop" : 2, "run" : 275, "sleep" : 1000,
			"lock" : "m", "run" : 25 },
		"late" : { "suspend" : "late", "run" : 1 },
	},
	"global" : { "duration" : 1 }
}
"""


def test_an_rt_app_file_becomes_a_workload_that_simulate_takes(session: Session) -> None:
    session.write("two.json", TASKS)
    out, err = imported(session, "two.json", "--map", "t*=REAL", "--default", "NORM")
    said = page(
        """
        imported 2 tasks, 3 lwps, at a tick of 25 us; killed after 1 s
        task 'late' is left out: it waits for other tasks only, and would run for ever
        of no equivalent, and not in the workload: lock (1), suspend (1)
        the cpus of 1 task chose no scheduler (--map cpu:0-3=NAME)
        the policy of 1 task chose no scheduler (--map policy:SCHED_FIFO=NAME)
        """
    )
    assert err == "".join(f"usched: {line}\n" for line in said.splitlines())
    head = "# imported by usched 0.2.0.dev0 from two.json\n"
    assert out == head + "".join(f"# {line}\n" for line in said.splitlines()) + page(
        """
        workload: "two"
        hz: 40000
        programs:
          - {name: tick, scheduler: REAL, rforks: 2, run: 80, period: 200, repeat: forever}
          - {name: web, scheduler: NORM, repeat: 2, bursts: [
              [11, 40], [1, 0],
            ]}
        events:
          - {at: 40000, kill: tick}
          - {at: 40000, kill: web}
        """
    )
    session.write("two.yaml", out)
    session.write("one.yaml", "cores: 1")
    session.write("s.usched", "NORM on cpu* lwktpri 6\nREAL on cpu* lwktpri 8\n")
    options = ("--topology", "one.yaml", "--script", "s.usched", "--ticks", "500", "--csv", "-")
    assert session.done("simulate", "two.yaml", *options).splitlines()[1:5] == [
        "0,0,80,tick.0",
        "0,80,160,tick.1",
        "0,160,171,web.0",
        "0,200,280,tick.0",
    ]


def test_another_tick_rounds_and_says_so(session: Session) -> None:
    session.write("two.json", TASKS)
    _, err = imported(session, "two.json", "--default", "NORM", "--tick", "1ms")
    assert "usched: left out: web: less than half a tick of 1000 us (--tick 25us is exact)\n" in err


def test_error_json_that_is_no_rt_app_file(session: Session) -> None:
    session.write("t", '{"tasks": {"t": {"run": "2ms"}}}')
    assert session.refused(3, "import", "t", "--default", "A") == block(
        """
        usched: t:1:25: run of task 't' must be a whole number, not the text '2ms'
            {"tasks": {"t": {"run": "2ms"}}}
                                    ^^^^^
        """
    )
    session.write("t", '{"tasks": {"t": {"suspend": "t"}}}')
    assert session.refused(3, "import", "t", "--default", "A") == (
        "usched: no task of t can be in a workload\n  task 't' is left out: it never runs"
    )
    session.write("t", TASKS)
    assert session.refused(3, "import", "t", "--map", "web=A") == (
        "usched: no --map fits 1 task: tick\n  say where the others go: --default SCHEDULER"
    )
