"""`usched simulate --figures`, whole, at several widths, in ASCII, and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.face.sessions import Session, at_desk, block, page

SCRIPT = """
NORM on cpu* lwktpri 6
REAL on cpu0-3 lwktpri 8
PIN on cpu4 cpu5 lwktpri 4 locked
POOL on cpu* lwktpri 5 vcpus 2
POOL/IN on cpu* lwktpri 4
SPARE on cpu* lwktpri 2
"""

LOAD = """
workload: load
programs:
  - {name: web, scheduler: NORM, rforks: 5, run: 3, sleep: 2, repeat: 40}
  - {name: log, scheduler: NORM, run: 7, sleep: 9, repeat: 9}
  - {name: clock, scheduler: REAL, rforks: 4, run: 4, period: 10, deadline: 3, repeat: 20}
  - {name: pin, scheduler: PIN, rforks: 3, run: 60}
  - {name: in, scheduler: POOL/IN, rforks: 3, run: 30, sleep: 4, repeat: 3}
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Eight cpus, and files `load.yaml` and `s.usched`."""
    return at_desk(tmp_path, monkeypatch, {"s.usched": SCRIPT, "load.yaml": LOAD})


FIGURES = ("simulate", "load.yaml", "--script", "s.usched", "--figures")


def test_the_whole_page(desk: Session) -> None:
    assert desk.done(*FIGURES) == page(
        """
        load on eight: 8 cpus, 257 ticks at 100 Hz (2.57 s)

        SCHEDULER  CPUS  WANTED   GOT   OF IT   FAIR  QUEUE  LONGEST
        NORM          8    2.63  2.58   98.1%  1.000   0.05        2
        REAL          4    1.25  1.25  100.0%  1.000   0.00        0
        PIN           2    1.96  0.70   35.7%  0.987   2.04        3
        POOL          2    1.46  1.05   72.0%      -      -        -
        POOL/IN       2    1.46  1.05   72.0%  0.999   1.01        3
        CPUS: that it has, virtual or not, on average over the run
        WANTED: of its cpus, those that its lwps and what is beneath it could use
        FAIR: among its own lwps, 1 where each got as much of what it wanted (Jain)
        QUEUE: own lwps that waited, on average
        LONGEST: own lwps that waited at one time

        RESPONSE     BURSTS  P50  P90  P99  MAX  MISSED  HISTOGRAM
        NORM            209    3    3    7   10       0  2 █▁▁ 15
          web           200    3    3    4    6       0  2 █▁ 7
          log             9    7   10   10   10       0  4 █▁ 15
        REAL: clock      80    4    4    4    4      80  4 █ 7
        PIN: pin          3  247  257  257  257       0  128 █▄ 511
        POOL/IN: in       9   61   70   70   70       0  32 █▃ 127
        RESPONSE: ticks from when a burst was due to its end, of the ended bursts

        WAKE TO RUN  TIMES  P50  P90  P99  MAX  HISTOGRAM
        NORM           209    0    0    2    3  0 █▁▁ 3
          web          200    0    0    1    3  0 █▁▁ 3
          log            9    0    3    3    3  0 █.▁ 3
        REAL: clock     80    0    0    0    0  0 █ 0
        PIN: pin         3   14   26   26   26  4 ███ 31
        POOL/IN: in      9    4   16   16   16  2 ▆█▂▂ 31
        WAKE TO RUN: ticks from an arrival until the lwp runs

        MIGRATIONS   ALL  IN CORE  IN NODE  IN MACHINE  PREEMPTED
        NORM         176       89       24          63          0
          web        167       84       24          59          0
          log          9        5        0           4          0
        REAL: clock   38        0       16          22          0
        PIN: pin       0        0        0           0         24
        POOL/IN: in   35       16        4          15         24
        IN CORE and the like: to another cpu of the same one, and of nothing smaller

        NORM waited 13 ticks: its own 50.0%, REAL 50.0%
          web waited 10 ticks: NORM 50.0%, REAL 50.0%
          log waited 3 ticks: NORM 50.0%, REAL 50.0%
        PIN: pin waited 524 ticks: NORM 52.3%, POOL/IN 26.7%, its own 21.0%
          51.5% of it while cpus idled: not in its pool 223, locked elsewhere 47
        POOL/IN: in waited 259 ticks: its own 41.6%, REAL 30.9%, NORM 27.5%
          32.8% of it while cpus idled: no vcpu free 85
        cpus idled for 623 ticks, 88.8% of it while an lwp waited
        """
    )


def test_a_narrow_terminal_has_all_names_and_fewer_figures(
    desk: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert desk.done(*FIGURES, "--ticks", "30") == page(
        """
        load on eight: 8 cpus, 30 ticks at 100
          Hz (0.3 s)

        SCHEDULER  WANTED   GOT   OF IT  QUEUE
        NORM         3.73  3.40   91.1%   0.33
        REAL         1.60  1.60  100.0%   0.00
        PIN          2.00  0.70   35.0%   2.30
        POOL         2.00  1.33   66.7%      -
        POOL/IN      2.00  1.33   66.7%   1.67
        WANTED: of its cpus, those that its lwps
          and what is beneath it could use
        QUEUE: own lwps that waited, on average

        RESPONSE     P50  P99  MAX  MISSED
        NORM           3   10   10       0
          web          3    6    6       0
          log          7   10   10       0
        REAL: clock    4    4    4      12
        PIN: pin       -    -    -       0
        POOL/IN: in    -    -    -       0
        RESPONSE: ticks from when a burst was
          due to its end, of the ended bursts

        WAKE TO RUN  TIMES  P50  P90  P99  MAX
        NORM            32    0    1    3    3
          web           30    0    1    3    3
          log            2    0    3    3    3
        REAL: clock     12    0    0    0    0
        PIN: pin         3   14   26   26   26
        POOL/IN: in      3    3   16   16   16
        WAKE TO RUN: ticks from an arrival until
          the lwp runs

        MIGRATIONS   ALL  IN MACHINE  PREEMPTED
        NORM          27           8          0
          web         25           8          0
          log          2           0          0
        REAL: clock    8           4          0
        PIN: pin       0           0          3
        POOL/IN: in    2           0          4
        IN CORE and the like: to another cpu of
          the same one, and of nothing smaller

        NORM waited 10 ticks: its own 50.0%,
          REAL 50.0%
          web waited 7 ticks: NORM 50.0%, REAL
          50.0%
          log waited 3 ticks: NORM 50.0%, REAL
          50.0%
        PIN: pin waited 69 ticks: NORM 79.7%,
          its own 20.3%
          31.9% of it while cpus idled: not in
          its pool 22
        POOL/IN: in waited 50 ticks: its own
          40.0%, NORM 30.0%, REAL 30.0%
          24.0% of it while cpus idled: no vcpu
          free 12
        cpus idled for 29 ticks, 100.0% of it
          while an lwp waited
        """
    )


def test_all_has_each_lwp_beneath_its_program(desk: Session) -> None:
    said = desk.done(*FIGURES, "--all")
    assert said[said.index("MIGRATIONS") :] == page(
        """
        MIGRATIONS   ALL  IN CORE  IN NODE  IN MACHINE  PREEMPTED
        NORM         176       89       24          63          0
          web        167       84       24          59          0
            web.0     39       26        7           6          0
            web.1     19        7        5           7          0
            web.2     19        7        4           8          0
            web.3     48       15        4          29          0
            web.4     42       29        4           9          0
          log          9        5        0           4          0
            log.0      9        5        0           4          0
        REAL: clock   38        0       16          22          0
          clock.0     11        0        4           7          0
          clock.1      8        0        4           4          0
          clock.2      8        0        4           4          0
          clock.3     11        0        4           7          0
        PIN: pin       0        0        0           0         24
          pin.0        0        0        0           0          6
          pin.1        0        0        0           0         14
          pin.2        0        0        0           0          4
        POOL/IN: in   35       16        4          15         24
          in.0        11        4        0           7          9
          in.1        15        6        2           7          8
          in.2         9        6        2           1          7
        IN CORE and the like: to another cpu of the same one, and of nothing smaller

        NORM waited 13 ticks: its own 50.0%, REAL 50.0%
          web waited 10 ticks: NORM 50.0%, REAL 50.0%
            web.1 waited 1 tick: NORM 50.0%, REAL 50.0%
            web.2 waited 2 ticks: NORM 50.0%, REAL 50.0%
            web.3 waited 3 ticks: NORM 50.0%, REAL 50.0%
            web.4 waited 4 ticks: NORM 50.0%, REAL 50.0%
          log waited 3 ticks: NORM 50.0%, REAL 50.0%
            log.0 waited 3 ticks: NORM 50.0%, REAL 50.0%
        PIN: pin waited 524 ticks: NORM 52.3%, POOL/IN 26.7%, its own 21.0%
          51.5% of it while cpus idled: not in its pool 223, locked elsewhere 47
          pin.0 waited 187 ticks: NORM 43.3%, POOL/IN 29.9%, PIN 26.7%
            54.5% of it while cpus idled: not in its pool 82, locked elsewhere 20
          pin.1 waited 140 ticks: NORM 80.0%, POOL/IN 20.0%
            39.3% of it while cpus idled: not in its pool 55
          pin.2 waited 197 ticks: NORM 41.1%, PIN 30.5%, POOL/IN 28.4%
            57.4% of it while cpus idled: not in its pool 86, locked elsewhere 27
        POOL/IN: in waited 259 ticks: its own 41.6%, REAL 30.9%, NORM 27.5%
          32.8% of it while cpus idled: no vcpu free 85
          in.0 waited 79 ticks: REAL 35.4%, POOL/IN 33.1%, NORM 31.5%
            25.3% of it while cpus idled: no vcpu free 20
          in.1 waited 89 ticks: POOL/IN 44.5%, REAL 29.2%, NORM 26.3%
            37.1% of it while cpus idled: no vcpu free 33
          in.2 waited 91 ticks: POOL/IN 46.2%, REAL 28.6%, NORM 25.3%
            35.2% of it while cpus idled: no vcpu free 32
        cpus idled for 623 ticks, 88.8% of it while an lwp waited
        """
    )


def test_the_c_locale_gets_histograms_of_ascii(desk: Session) -> None:
    said = desk.spawn(*FIGURES, env={"LC_ALL": "C"}).out
    assert said.isascii()
    assert "  log             9    7   10   10   10       0  4 @: 15\n" in said


def test_json_has_the_same_figures_as_a_key(desk: Session) -> None:
    run = json.loads(desk.done(*FIGURES, "--json", "--summary"))
    assert "segments" not in run
    figures = run["figures"]
    assert figures["idle"] == sum(cpu["idle"] for cpu in run["cpus"]) == 623
    norm, real, pin, *_ = figures["schedulers"]
    assert [norm["name"], real["misses"], pin["fairness"]] == ["NORM", 80, 0.9873]
    assert (pin["promised"], pin["wanted"], pin["got"]) == (514, 504, 180)
    assert pin["queue"]["max"] == 3
    assert pin["queue"]["count"] == run["ticks"]
    assert pin["waited_for"] == [
        {"scheduler": "NORM", "ticks": 274.0},
        {"scheduler": "POOL/IN", "ticks": 140.0},
        {"scheduler": "PIN", "ticks": 110.0},
    ]
    assert pin["waited_beside_idle"] == {"locked": 47, "vcpus": 0, "pool": 223}
    assert norm["response"]["histogram"] == [
        {"from": 2, "to": 3, "count": 193},
        {"from": 4, "to": 7, "count": 15},
        {"from": 8, "to": 15, "count": 1},
    ]
    assert figures["lwps"][5]["name"] == "log.0"
    assert figures["programs"][1]["migrations"] == figures["lwps"][5]["migrations"]
    assert "figures" not in json.loads(desk.done(*FIGURES[:-1], "--json", "--summary"))


def test_a_run_in_which_nobody_forks(desk: Session) -> None:
    desk.write("late.yaml", "workload: l\nprograms: [{name: a, scheduler: PIN, at: 9, run: 1}]\n")
    words = ("simulate", "late.yaml", "--script", "s.usched", "--ticks", "3", "--figures")
    assert desk.done(*words) == "l on eight: 8 cpus, 3 ticks at 100 Hz (0.03 s)\nnobody ran\n"


def test_a_trillion_ticks_have_figures(desk: Session) -> None:
    desk.write(
        "long.yaml",
        "workload: long\nprograms:\n"
        "  - {name: a, scheduler: PIN, rforks: 3, run: 1, sleep: 2, repeat: forever}\n",
    )
    words = ("simulate", "long.yaml", "--script", "s.usched", "--ticks", "1000000000000")
    said = desk.done(*words, "--figures")
    assert "PIN           2    1.00  1.00  100.0%  1.000   0.00        1\n" in said
    assert "PIN: a    1000000000001    1    1    1    2  1 █▁ 3\n" in said


def test_one_tick_and_figures_do_not_go_together(desk: Session) -> None:
    assert desk.refused(2, *FIGURES, "--at", "3") == block(
        """
        usched: --at prints one tick, --figures are of a whole run: one or the other
        """
    )
