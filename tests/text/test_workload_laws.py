"""Files at random: they are read, or refused with a place, and nothing else happens."""

from __future__ import annotations

from contextlib import suppress

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from tests.text.language.texts import soup
from usched.text.workload import parse_workload
from usched.text.yaml import parse_yaml
from usched.words.located import locate
from usched.words.problems import Refused, UschedError, format_problem

numbers = st.integers(-2, 12) | st.sampled_from([10**6, 10**6 + 1, 10**15, 10**15 + 1, 10**30])
scalars = st.none() | st.booleans() | numbers | st.floats() | st.text(max_size=8)
plain = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


def mapping(**known: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    """Some of the known keys, mostly with what belongs there, now and then with anything."""
    return st.fixed_dictionaries({}, optional={key: each | plain for key, each in known.items()})


times = st.integers(0, 20)
names = st.sampled_from(["a", "b", "web", "a.b", "", "A/B"])
programs = mapping(
    name=names,
    scheduler=names,
    rforks=times,
    at=times,
    every=times,
    run=times,
    sleep=times,
    repeat=times | st.just("forever"),
    bursts=st.lists(st.lists(times, min_size=1, max_size=3), max_size=3),
    period=times,
    deadline=times,
)
events = mapping(at=times, usched=soup, move=names, to=names, kill=names, offline=soup, online=soup)
workloads = mapping(
    workload=names,
    hz=times,
    programs=st.lists(programs, max_size=3),
    events=st.lists(events, max_size=3),
)


@given(workloads | plain)
def test_any_plain_data_is_a_workload_or_refused(raw: object) -> None:
    with suppress(Refused):
        parse_workload(locate(raw))


@pytest.mark.slow
@given(workloads)
def test_a_file_and_the_data_in_it_are_read_alike(raw: dict[str, object]) -> None:
    text = yaml.safe_dump(raw, allow_unicode=True)
    try:
        expected: object = parse_workload(locate(yaml.safe_load(text)))
    except Refused:
        expected = "refused"
    try:
        found: object = parse_workload(parse_yaml(text, "w.yaml"))
    except Refused as error:
        found = "refused"
        for problem in error.problems:
            place, _, _ = format_problem(problem).partition(": ")
            assert problem.where is None or place.startswith("w.yaml:")
    assert found == expected


@given(st.text(max_size=60) | st.text("{}[]-:,?!&*#|>%@'\" \n\tab0", max_size=40))
@example("%YAML 9.9\n---\na: 1\n")
@example("--- !!binary x\n")
@example("a: !!int ''\n")
@example("a: !!float x\n")
@example("a: 1e999999\n")
@example("? \n")
@example("<<: {a: 1}\n")
def test_any_text_is_yaml_or_refused(text: str) -> None:
    try:
        parse_workload(parse_yaml(text, "w.yaml"))
    except UschedError as error:
        for problem in error.problems:
            assert format_problem(problem)
