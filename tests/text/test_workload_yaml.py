"""A workload that is written reads back as the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.face.sessions import page
from usched.text.workload import parse_workload
from usched.text.workload_yaml import format_workload
from usched.text.yaml import parse_yaml
from usched.words.workload import Kill, Program, Workload


def read(text: str) -> Workload:
    return parse_workload(parse_yaml(text, "w.yaml"))


def test_as_it_is_written() -> None:
    workload = Workload(
        "to day",
        (
            Program("on", "NORM", ((5, 0),)),
            Program("web", "POOL/WEB", ((5, 10),), rforks=3, at=2, every=4, repeat=None),
            Program("audio", "off", ((3, 0),), period=7, deadline=5, repeat=9),
            Program("db", "NORM", ((5, 10), (3, 2)), repeat=2),
        ),
        (Kill(70, "web"),),
        10_000,
    )
    text = "".join(format_workload(workload, ["two\nlines", "\x07\ufffe"]))
    assert read(text) == workload
    assert text == page(
        """
        # two
        # lines
        # ??
        workload: "to day"
        hz: 10000
        programs:
          - {name: "on", scheduler: NORM, run: 5}
          - {name: web, scheduler: POOL/WEB, rforks: 3, at: 2, every: 4, run: 5, sleep: 10, repeat: forever}
          - {name: audio, scheduler: "off", run: 3, period: 7, deadline: 5, repeat: 9}
          - {name: db, scheduler: NORM, repeat: 2, bursts: [
              [5, 10], [3, 2],
            ]}
        events:
          - {at: 70, kill: web}
        """  # noqa: E501
    )


_names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,30}", fullmatch=True) | st.sampled_from(
    ("null", "Yes", "NO", "true", "y", "_")
)
_bursts = st.lists(
    st.tuples(st.integers(1, 10**15), st.integers(0, 10**15)), min_size=1, max_size=20
)
_programs = st.builds(
    Program,
    _names,
    _names,
    _bursts.map(tuple),
    rforks=st.integers(1, 9),
    at=st.integers(0, 9),
    every=st.integers(0, 9),
    repeat=st.none() | st.integers(1, 9),
)


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=64).filter(str.isprintable),
    st.lists(_programs, min_size=1, max_size=4, unique_by=lambda program: program.name),
    st.lists(st.text()),
)
def test_any_workload_reads_back(name: str, programs: list[Program], comments: list[str]) -> None:
    workload = Workload(name, tuple(programs), (), 100)
    assert read("".join(format_workload(workload, comments))) == workload


def test_lines_stay_short_however_many_bursts_there_are() -> None:
    bursts = tuple((number, 10**9 * (number % 3)) for number in range(1, 1_300))
    workload = Workload("many", (Program("web", "NORM", bursts),), (), 100)
    text = "".join(format_workload(workload))
    assert read(text) == workload
    assert max(map(len, text.splitlines())) <= 100
