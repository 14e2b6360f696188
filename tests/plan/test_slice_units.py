"""What systemd says of slices, as control groups."""

from __future__ import annotations

import pytest

from tests.face.sessions import page
from usched.plan.slice_units import SliceText, parse_shown, parse_slices, tell_units

#: As systemctl of systemd 252 said it.
SHOWN = """
CPUWeight=300
CPUQuotaPerSecUSec=1.500000s
AllowedCPUs=0-1 3
AllowedMemoryNodes=
IOWeight=[not set]
MemoryHigh=infinity
MemoryMax=1073741824
MemorySwapMax=infinity
TasksMax=infinity
Id=one-a.slice
LoadState=loaded

CPUWeight=idle
CPUQuotaPerSecUSec=1min 4s
AllowedCPUs=
Id=two.slice
LoadState=loaded

CPUWeight=20
AllowedCPUs=5
Id=five.slice
LoadState=masked

CPUWeight=20
CPUQuotaPerSecUSec=120ms
Id=-.slice
LoadState=loaded
"""


def test_what_systemctl_shows_is_what_the_groups_would_say() -> None:
    assert parse_shown(page(SHOWN)) == {
        "one.slice": {},
        "one.slice/one-a.slice": {
            "cpuset.cpus": "0-1,3",
            "cpu.weight": "300",
            "cpu.idle": "0",
            "cpu.max": "150000 100000",
            "MemoryMax": "1073741824",
        },
        "two.slice": {
            "cpuset.cpus": "",
            "cpu.weight": "100",
            "cpu.idle": "1",
            "cpu.max": "6400000 100000",
        },
    }


def test_what_services_and_scopes_have_of_their_own_is_told() -> None:
    shown = """
    CPUWeight=[not set]
    CPUQuotaPerSecUSec=500ms
    CPUAffinity=1
    AllowedCPUs=2-3
    Id=pinned.service
    LoadState=loaded

    CPUWeight=20
    Id=gone.service
    LoadState=not-found

    CPUWeight=[not set]
    CPUQuotaPerSecUSec=infinity
    AllowedCPUs=
    Id=session-1.scope
    LoadState=loaded
    """
    why = "is left out: slices are adopted, services and scopes are not"
    assert [tuple(note[:3]) for note in tell_units(page(shown))] == [
        ("pinned.service", "CPUQuota", f"`50%` {why}"),
        ("pinned.service", "CPUAffinity", f"`1` {why}"),
        ("pinned.service", "AllowedCPUs", f"`2-3` {why}"),
    ]


@pytest.mark.parametrize(
    "text", ["Failed", "Id=a.service\nLoadState=loaded", "LoadState=loaded", "Id=a.slice\nx"]
)
def test_what_is_no_slice_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_shown(text)
    with pytest.raises(ValueError, match="is no time"):
        parse_shown("Id=a.slice\nLoadState=loaded\nCPUQuotaPerSecUSec=3fortnights")


def test_the_root_slice_is_the_machine_and_none_of_its_parts() -> None:
    text = "[Slice]\nCPUWeight=50\n"
    assert parse_slices([SliceText("-.slice", "-.slice", text)]) == {}
