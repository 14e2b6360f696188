"""`topology show` of each captured machine: its /sys, lscpu's output and hwloc's agree.

Where a form cannot say the same, the reason is here, and what it says then.
"""

from __future__ import annotations

import pytest

from tests.face.sessions import Session
from tests.text.topology.machine_sources import FIXTURES, unpacked

SHAPES = sorted(folder.name for folder in FIXTURES.iterdir())

NODE_LINK = "lscpu names neither the node of an offline cpu nor a node without others"
SMT_CONTROL = "only /sys tells that SMT is switched off"
ONLINE_ONLY = "lscpu without -a leaves offline cpus out"

#: (machine, form) -> why it cannot agree.
DIFFERENCES = {
    ("two-sockets-node-offline", "lscpu-e.json"): NODE_LINK,
    ("two-sockets-node-offline", "lscpu-p.txt"): NODE_LINK,
    ("two-sockets-smt-off", "lscpu-e.json"): SMT_CONTROL,
    ("two-sockets-smt-off", "lscpu-p.txt"): SMT_CONTROL,
    ("two-sockets-smt-off", "lstopo.xml"): SMT_CONTROL,
    ("two-sockets-smt-off", "lstopo-v1.xml"): SMT_CONTROL,
    ("two-sockets-smt-off", "synthetic.txt"): "a synthetic string has no offline cpus",
    ("two-sockets-two-cpus-offline", "lscpu-p-online-only.txt"): ONLINE_ONLY,
}

OFFLINE = "cpus are offline, and the summary does not say where they are"

#: (machine, form) -> what the refusal says: lscpu's summary counts, and places nothing.
REFUSED = {
    ("three-cores", "lscpu.json"): "the summary does not say which cpus share a core or a socket",
    ("two-sockets-core-offline", "lscpu.json"): OFFLINE,
    ("two-sockets-node-offline", "lscpu.json"): OFFLINE,
    ("two-sockets-smt-off", "lscpu.json"): OFFLINE,
    ("two-sockets-two-cpus-offline", "lscpu.json"): OFFLINE,
    ("hybrid-sibling-offline", "lscpu.json"): OFFLINE,
    ("sockets-without-numbers", "lscpu.json"): OFFLINE,
    ("arm-two-types", "lscpu.json"): (
        "the machine has several types of cpus, and the summary does not say which cpus are of "
        "which"
    ),
}

FORMS = [
    (shape, path.name)
    for shape in SHAPES
    for path in sorted((FIXTURES / shape).iterdir())
    if path.name != "sys.tree"
]


def drawn(session: Session, *options: str) -> list[str]:
    """The machine as it is drawn and as it is told, without its name, which every source takes
    from elsewhere."""
    drawing = session.run("topology", "show", *options)
    yaml = session.run("topology", "show", "--yaml", *options)
    assert (drawing.status, yaml.status) == (0, 0), drawing.err
    lines = drawing.out.splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith(("├", "└")))
    return [*lines[first:], *yaml.out.splitlines()[1:]]


def drawn_from_sys(session: Session, shape: str) -> list[str]:
    return drawn(session, "--root", unpacked(shape))


def test_every_machine_has_several_forms() -> None:
    assert all((FIXTURES / shape / "sys.tree").exists() for shape in SHAPES)
    assert {shape for shape, _ in FORMS} == set(SHAPES)
    assert set(DIFFERENCES) | set(REFUSED) <= set(FORMS)


@pytest.mark.parametrize(
    ("shape", "form"), [one for one in FORMS if one not in {**DIFFERENCES, **REFUSED}]
)
def test_a_form_is_shown_as_sys_is(shape: str, form: str, empty: Session) -> None:
    told = drawn(empty, "--topology", str(FIXTURES / shape / form))
    assert told == drawn_from_sys(empty, shape)


@pytest.mark.parametrize(("shape", "form"), DIFFERENCES)
def test_a_form_that_cannot_agree_says_what_it_assumes(
    shape: str, form: str, empty: Session
) -> None:
    path = str(FIXTURES / shape / form)
    assert drawn(empty, "--topology", path) != drawn_from_sys(empty, shape)
    notes = empty.run("topology", "show", "--topology", path).err
    # A synthetic string is of another machine: the one without the cpus that are offline.
    assert ("offline" in notes) == (form != "synthetic.txt")


@pytest.mark.parametrize(("shape", "form"), REFUSED)
def test_a_form_that_leaves_places_open_is_refused(shape: str, form: str, empty: Session) -> None:
    error = empty.refused(3, "topology", "show", "--topology", str(FIXTURES / shape / form))
    assert REFUSED[shape, form] in error
    assert "use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p" in error
